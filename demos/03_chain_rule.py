# %% [markdown]
# # 3. The chain rule, path by path
#
# *One idea: multiply the slopes along a path, add up over all paths; and in
# the right order each node is visited only once.*
#
# Lesson 2 called `backward()` and had its slope. How does `backward()` find
# it, in a graph of any shape? With one rule of calculus, the chain rule, and
# one idea about the order of the work. To start at the result and go back is
# called *reverse mode*; Seppo Linnainmaa described it in 1970. The numbers in
# this lesson are ours.
#
# A computation is a *graph*. Each number in it is a *node*, and an arrow
# leads to it from each number that it was made from, its *operands*. A node
# without operands, such as a weight or an input, is a *leaf*.
#
# ## One path
#
# Let $m = 3x$ and $v = 2m$. If $x$ moves by a little, $m$ moves 3 times as
# far, and $v$ twice as far as $m$. So $v$ moves 6 times as far as $x$. Slopes
# along a path are multiplied:
#
# $$\frac{dv}{dx} = \frac{dv}{dm} \cdot \frac{dm}{dx} = 2 \cdot 3$$
#
# $dv/dm$ and $dm/dx$ are *local* slopes. Each needs one operation and the
# numbers that went into it, and nothing of what is around it. The engine
# notes them while it computes: a node's `partials` are the slopes by its
# `operands`, in the same order.

# %%
from autograd import Value
from demos import check, predict, show, table

x = Value(2.0, "x")
m = 3 * x
m.label = "m"
v = 2 * m
v.label = "v"
print(f"v = {v.data:g}")
print("v was made from", [operand.data for operand in v.operands])
print("with the slopes", list(v.partials))

# %% [markdown]
# The plain number 2 is an operand as well. Its slope is there, but nobody
# asks for it.
#
# ## Two paths
#
# Now something that is used twice: $m$ goes into $u$ and into $v$, and both
# of them go into $y$. Drawn as a graph this is a *diamond*.
#
# $$m = 3x, \quad u = m + 1, \quad v = 2m, \quad y = u \cdot v$$

# %%
u = m + 1
u.label = "u"
y = u * v
y.label = "y"

rows = []
for node in (y, u, v, m):
    for operand, slope in zip(node.operands, node.partials):
        if operand.label:  # plain numbers have none
            rows.append((f"d{node.label}/d{operand.label}", slope))
table(["local slope", "value"], rows)

# %% [markdown]
# If $m$ moves, $u$ and $v$ both move, and each moves $y$. The two effects
# add up. So there is one term for each path from $y$ down to $m$:
#
# $$\frac{dy}{dm} = \frac{dy}{du} \cdot \frac{du}{dm}
# + \frac{dy}{dv} \cdot \frac{dv}{dm}$$

# %%
y.backward()

predict(
    "How large is dy/dm? The table has all that you need.",
    m.grad,
    hints={
        12: "That is the path through u only.",
        14: "That is the path through v only.",
        168: "Along a path slopes are multiplied; different paths are added.",
        19: "Each path needs both of its slopes.",
    },
    why="12 · 1 along the path through u, 7 · 2 along the one through v.",
)

# %%
from autograd import Graph

show(
    Graph(y),
    "The diamond. Its two sides part at m and meet in y; the gradient of m is"
    " the sum over both sides, and that of x is 3 times as large.",
)

# %% [markdown]
# ## A first try, and what it gets wrong
#
# How would you write `backward()`? A first idea: the result has the gradient
# 1, for $dy/dy = 1$. From there, add to the gradient of each operand what the
# chain rule says, and let the function call itself for that operand.

# %%
from collections import defaultdict


def naive(node, grad):
    for operand, slope in zip(node.operands, node.partials):
        grad[operand] += slope * grad[node]
        naive(operand, grad)


grad = defaultdict(float)  # it begins with 0 for every node
grad[y] = 1.0
naive(y, grad)

predict(
    "The true dy/dx is 3 · 26 = 78. naive goes to u first, then to v. "
    "What does it get for x?",
    grad[x],
    hints={
        78: "Not this time. How often does m hand something on to x?",
        36: "That is what x has after the way through u. Then comes v.",
        42: "That is the share of the path through v. m hands on more.",
    },
    why="m hands on 3 · 12 when u has added its part, and then 3 · 26: the "
    "12 of u is in there a second time.",
)

# %%
table(
    ["node", "first try", "engine"],
    [(node.label, grad[node], node.grad) for node in (y, u, v, m, x)],
)

# %% [markdown]
# Only $x$ is wrong. `m` was too early: it handed on a gradient to which $v$
# had not yet added its part. There are two ways to mend that.
#
# ## Each path by itself
#
# One way: hand on only what has just arrived. Then the function follows each
# path from the top to the bottom, and adds the product of its slopes. It
# returns the number of paths.


# %%
def by_paths(node, arriving, grad):
    grad[node] += arriving
    if not node.operands:
        return 1
    paths = 0
    for operand, slope in zip(node.operands, node.partials):
        paths += by_paths(operand, slope * arriving, grad)
    return paths


grad = defaultdict(float)
by_paths(y, 1.0, grad)
print(f"dy/dx = {grad[x]:g}")

# %% [markdown]
# Right. But what does it cost? Here are `n` diamonds, one on top of the
# other. Each adds three nodes, so with `x` there are $3n + 1$. All slopes are
# $-1$ or 1. With an even `n` each path has the product 1, so that the
# gradient of `x` is the number of paths.


# %%
def tower(n):
    x = Value(0.5, "x")
    node = x
    for _ in range(n):
        node = (-node) + (-node)  # two nodes -node, and their sum
    return node, x


top, bottom = tower(10)
paths = by_paths(top, 1.0, defaultdict(float))

predict(
    "Ten diamonds have 31 nodes. How many paths lead from the top to x?",
    paths,
    hints={
        20: "A path that has come to a diamond can go on in two ways. So "
        "each diamond doubles the number of paths.",
        31: "That is the number of nodes. A path chooses a side ten times.",
        100: "Each diamond doubles the number: 2 · 2 · 2 ...",
    },
    why="A path chooses between two sides, ten times: 2 to the power of 10.",
)

# %%
import time

rows = []
for n in (4, 8, 12, 16):
    top, bottom = tower(n)
    grad = defaultdict(float)
    start = time.perf_counter()
    paths = by_paths(top, 1.0, grad)
    seconds = time.perf_counter() - start
    rows.append((n, 3 * n + 1, paths, grad[bottom], f"{seconds:.5f}"))
table(["diamonds", "nodes", "paths", "dtop/dx", "seconds"], rows)

# %% [markdown]
# The gradients are right. But four more diamonds, which are 12 more nodes,
# make 16 times as many paths. With 100 diamonds this would not end:

# %%
years = 2**100 / 1e9 / (365 * 24 * 3600)
print(f"{2**100:.2e} paths, a billion a second: {years:.0e} years")

# %% [markdown]
# ## In the right order
#
# The other way: let each node *wait* until its gradient is complete. It is
# complete when every node that uses it has added its part. So we need a list
# in which each node stands after all of its operands. That is a *topological
# order*. Walked from the end, it comes to each node after all that use it.
#
# The list is made by going down first: a node is added to it when all of its
# operands are in it.


# %%
def list_nodes(node, order, seen):
    if node not in seen:
        seen.add(node)
        for operand in node.operands:
            list_nodes(operand, order, seen)
        order.append(node)


def sweep(root):
    order = []
    list_nodes(root, order, set())
    grad = defaultdict(float)
    grad[root] = 1.0
    for node in reversed(order):  # each node once
        for operand, slope in zip(node.operands, node.partials):
            grad[operand] += slope * grad[node]
    return grad, order


grad, order = sweep(y)
print("order:", ", ".join(n.label for n in order if n.label))
print(f"dy/dx = {grad[x]:g}")

# %% [markdown]
# The line with `+=` is the same as in the first try. Only the order has
# changed: on the way back $m$ comes after $u$ *and* $v$. And 100 diamonds are
# no trouble now:

# %%
top, bottom = tower(100)
grad, order = sweep(top)
print(f"{len(order)} visits, dtop/dx = {grad[bottom]:.10g}")
print(f"                2 to the 100 = {2**100:.10g}")

# %% [markdown]
# That is the sum over all those paths, and it took 301 visits. A node adds
# up what comes from above once, and hands on the sum once. All paths that
# go on from here share that work.
#
# The engine does the same: it puts the nodes in such an order, and walks it
# from the end. If it followed paths, one more diamond would double its time.
# If it visits each node once, ten times the nodes take ten times as long, or
# less. Measure it:

# %%
rows = []
for n in (10, 100, 1000):
    top, bottom = tower(n)
    start = time.perf_counter()
    top.backward()
    seconds = time.perf_counter() - start
    rows.append((n, len(Graph(top)), f"{bottom.grad:.10g}", f"{seconds:.6f}"))
table(["diamonds", "nodes", "dtop/dx", "seconds"], rows)

# %% [markdown]
# One run forward, one run back, each node once in each. For this price come
# the slopes by *all* inputs, however many there are. Nudging, as in lesson 1,
# needs one more run of the whole function for each of them.
#
# ## On the page
#
# The page opens at $m$, with the sum over the two nodes that use it. Go back
# with the left arrow key, and see in which order the gradients come: $x$ is
# last, when $m$ has both of its terms.

# %%
from autograd.view import explore

page = explore(
    y,
    open=False,
    selected=m,
    title="A diamond",
    text="m is used twice, so its gradient is a sum of two terms.",
    notes={
        m: "It must wait for u and for v before it hands anything on.",
        x: "Three times the gradient of m.",
    },
    inputs=[x],
)
show(page, "The gradient of m has two terms, one for each side.")

# %% [markdown]
# ## Exercises
#
# **1.** Let $q = x \cdot x$ and $y = q \cdot x$, so that $y = x^3$. How many
# paths lead from $y$ to $x$? An operand that is used twice counts twice. (At
# $x = 1$ each path has the product 1, so calculus tells you, too.)

# %%
paths_of_cube = None  # your number

check("chain_rule.paths_of_cube", paths_of_cube)

# %% [markdown]
# **2.** Write `count_paths(root, leaf)`: how many paths lead from `root` to
# `leaf`? Visit each node once, so that 60 diamonds are no trouble either. Of
# a node you need nothing but its `operands`, and you may use what stands
# above.


# %%
def count_paths(root, leaf):
    # your code
    ...


check("chain_rule.count_paths", count_paths)

# %% [markdown]
# Next, lesson 4: you have all the parts now. Build a `Value` of your own.
