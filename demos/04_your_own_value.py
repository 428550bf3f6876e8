# %% [markdown]
# # 4. A `Value` of your own
#
# *One idea: a number that remembers how it was made, and how to hand its
# gradient back, is all that an engine needs.*
#
# You have the parts: local slopes, `+=`, and the right order. Put together
# they are a class of about 40 lines. It is built here in the manner of
# micrograd, Andrej Karpathy's small engine of 2020. Then it stands beside the
# engine of this course: on the same expressions, and on harder ground.
#
# ## What a node has to know
#
# A `Value` holds four things:
#
# - `data`, its number;
# - `grad`, the slope of the result by this number, once that is known;
# - `operands`, the Values that it was made from;
# - `_backward`, a function that hands its gradient on to its operands.
#
# Each operator makes a new `Value` and writes the `_backward` that belongs to
# it. That function is made inside of the operator. So it can use `self`,
# `other` and `out` later, when the operator has long returned. Such a
# function, which keeps what was around it, is called a *closure*.
#
# The slopes are those of lesson 1: a sum hands each term a 1, a product hands
# each factor the other factor. For a power it is $n\,a^{n-1}$.


# %%
class Value:
    def __init__(self, data, operands=()):
        self.data = data
        self.grad = 0.0
        self.operands = operands
        self._backward = lambda: None  # a leaf has nobody to hand on to

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += 1.0 * out.grad
            other.grad += 1.0 * out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, n):  # n is a plain number
        out = Value(self.data**n, (self,))

        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad

        out._backward = _backward
        return out

    def __sub__(self, other):
        return self + other * -1.0

    def backward(self):
        order, seen = [], set()

        def list_nodes(node):
            if node not in seen:
                seen.add(node)
                for operand in node.operands:
                    list_nodes(operand)
                order.append(node)

        list_nodes(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()


# %% [markdown]
# That is all. Only `-` has no slope of its own: it is put together from `+`
# and `*`, and so are its gradients. Lesson 2's weight, with the new class:

# %%
from demos import axes, check, predict, show, table

w, x, y = Value(0.5), Value(2.0), Value(4.0)
loss = (w * x - y) ** 2
loss.backward()
print(f"loss {loss.data:g}, dL/dw = {w.grad:g}")

# %% [markdown]
# ## Why `+=`?
#
# In lesson 3 slopes along different paths were added up. Here the paths meet
# in the `+=` of the closures. Suppose somebody writes `=` in the product.


# %%
class Careless(Value):
    def __mul__(self, other):
        out = Careless(self.data * other.data, (self, other))

        def _backward():
            self.grad = other.data * out.grad
            other.grad = self.data * out.grad

        out._backward = _backward
        return out


a = Careless(3.0)
(a * a).backward()

predict(
    "a = 3. The slope of a · a is 2a = 6. What does Careless find?",
    a.grad,
    hints={
        6: "self and other are the same node here. Read the two lines of "
        "_backward with that in mind.",
        9: "That is a · a, not its slope.",
        0: "The first line does write something into a.grad.",
    },
    why="Both lines write into the same node. The second one overwrites what "
    "the first one has written.",
)

# %%
b = Value(3.0)
(b * b).backward()
print(f"with =   {a.grad:g}")
print(f"with +=  {b.grad:g}")

# %% [markdown]
# ## The same numbers?
#
# The new class and the engine, on the same functions of `a` and `b`. The
# functions use operators only, so that they run with either.

# %%
import autograd


def weight(a, b):
    return (a * 2 - b) ** 2


def diamond(a, b):
    m = a * b
    return (m + 1) * (m * 2)


def quotient(a, b):
    return (a + b) * (a - b) ** -1


def twenty_times(a, b):
    for _ in range(20):
        a = a * b + a
    return a


rows = []
for f in (weight, diamond, quotient, twenty_times):
    row = [f.__name__]
    for engine in (Value, autograd.Value):
        a, b = engine(1.5), engine(-0.25)
        f(a, b).backward()
        row += [a.grad, b.grad]
    rows.append(row)
table(["", "yours: a", "yours: b", "engine: a", "engine: b"], rows, digits=9)

# %% [markdown]
# Four functions may be luck. Here are 300 that nobody has chosen: each one
# takes three numbers, and 20 times it puts two of its numbers together by
# chance.

# %%
import random


def by_chance(seed, engine):
    rng = random.Random(seed)
    leaves = [engine(rng.uniform(-1, 1)) for _ in range(3)]
    nodes = list(leaves)
    for _ in range(20):
        a, b = rng.choice(nodes), rng.choice(nodes)
        operator = rng.choice("+-*")
        if operator == "+":
            nodes.append(a + b)
        elif operator == "-":
            nodes.append(a - b)
        else:
            nodes.append(a * b)
    nodes[-1].backward()
    return [leaf.grad for leaf in leaves]


largest = 0.0
for seed in range(300):
    pairs = zip(by_chance(seed, Value), by_chance(seed, autograd.Value))
    for yours, theirs in pairs:
        largest = max(largest, abs(yours - theirs) / max(1.0, abs(theirs)))
print(f"largest difference in 300 functions: {largest:.0e}")

# %% [markdown]
# The same numbers. So these lines *are* an engine. What, then, does the
# engine of this course do that they do not?
#
# ## Backward, twice
#
# What happens if `backward()` is called twice on the same graph? Leaves add
# up, so twice the gradient would be right. Here $m = 2x$ and $y = m \cdot m$
# with $x = 3$, so that $dy/dx = 2m \cdot 2 = 24$.


# %%
def after(calls, engine):
    x = engine(3.0)
    m = x * 2
    y = m * m
    for _ in range(calls):
        y.backward()
    return x.grad


predict(
    "After the second backward(), what does x.grad hold in your class?",
    after(2, Value),
    hints={
        48: "So it should be. But what does m.grad hold when the second "
        "backward() begins?",
        24: "Nothing sets the gradient of x back to 0 in between.",
        96: "m hands on 2 · 12 at first, and then 2 times all that it has.",
    },
    why="m still holds the 12 of the first call, and gets 12 once more. So "
    "it hands on 2 · 24 to x, which has 24 already.",
)

# %%
rows = [(k, after(k, Value), after(k, autograd.Value)) for k in (1, 2)]
table(["calls", "x.grad, yours", "x.grad, engine"], rows)

# %% [markdown]
# The engine adds to the gradients of leaves, and *replaces* those of the
# nodes in between. So each call adds 24. With your class you would have to
# set all gradients to 0 first, also those of nodes that have no name.
#
# ## Deep graphs
#
# `list_nodes` calls itself for each operand. A long sum is a deep graph: each
# `+` stands on the one before.

# %%
import sys


def long_sum(n, engine):
    x = engine(1.0)
    total = x
    for _ in range(n):
        total = total + x
    total.backward()
    return x.grad


print("Python allows", sys.getrecursionlimit(), "calls inside of each other")
try:
    print("your class:", long_sum(10000, Value))
except RecursionError:
    print("your class: RecursionError")
print("the engine:", long_sum(100000, autograd.Value))

# %% [markdown]
# Nothing in the engine calls itself over a graph. It keeps a list of what it
# has still to visit, a *stack*. So only the memory sets a limit.
#
# ## Time and memory
#
# Now graphs that are wide and not deep, so that your class can do them as
# well. The third row is your class again, with Python's garbage collector
# switched off; you will see why. `tracemalloc` tells how much memory is
# taken.

# %%
import gc
import time
import tracemalloc


def wide(n, engine):
    x = engine(0.5)
    row = [x * (1.0 / k) for k in range(1, n + 1)]
    while len(row) > 1:
        row = [a + b for a, b in zip(row[::2], row[1::2])]
    return row[0]  # of x, n numbers, n products and n - 1 sums: 3n nodes


def microseconds(n, engine):
    """Forward and backward, for each node; the fastest of five runs."""
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        wide(n, engine).backward()
        runs.append(time.perf_counter() - start)
    return min(runs) * 1e6 / (3 * n)


def memory(n, engine):
    """Bytes for each node."""
    # The native engine keeps what old nodes leave for new ones: use it up.
    spare = [engine(0.0) for _ in range(100000)]
    tracemalloc.start()
    graph = wide(n, engine)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del graph, spare  # they had to live until here
    return taken / (3 * n)


sizes = [2**k for k in (7, 9, 11, 13)]
times = {
    "engine": [microseconds(n, autograd.Value) for n in sizes],
    "yours": [microseconds(n, Value) for n in sizes],
}
gc.disable()
times["yours, no collector"] = [microseconds(n, Value) for n in sizes]
gc.enable()

columns = ["microseconds per node", *[f"{3 * n} nodes" for n in sizes]]
rows = []
for name in times:
    rows.append((name, *[f"{t:.1f}" for t in times[name]]))
table(columns, rows)
print()
print(f"bytes per node, engine: {memory(4096, autograd.Value):.0f}")
print(f"bytes per node, yours:  {memory(4096, Value):.0f}")

# %%
figure, plot = axes()
for name in times:
    plot.semilogx([3 * n for n in sizes], times[name], "o-", label=name)
plot.set(xlabel="nodes in the graph", ylabel="microseconds per node")
plot.set_ylim(bottom=0)
plot.legend()
show(
    figure,
    "A level line: twice the nodes take twice the time. A rising line: in a"
    " larger graph each node takes longer.",
)

# %% [markdown]
# The algorithm is the same. Why, then, does a node of your class take longer
# in a large graph? Its `out` keeps `_backward`, and `_backward` keeps `out`:
# a circle. Python frees most things as soon as nobody refers to them, but in
# a circle there is always somebody. So its garbage collector has to search
# for circles, again and again, among more and more nodes. (How long that
# takes differs between versions of Python.) With the collector off, nothing
# searches, but the memory of old graphs is not freed either.
#
# The engine makes no circles, and no closures. In their place a node has its
# local slopes, which are plain numbers, and one loop does for all operations
# what the closures do here. Lesson 3 read these slopes as `partials`. (Where
# a C compiler was at hand when the engine was installed, it is compiled to C,
# and several times as fast again: `autograd.engine` says so.)
#
# ## Exercises
#
# **1.** Call `backward()` a third time in the example "Backward, twice". What
# does `x.grad` hold then, in your class? Think first; you can run it, too.

# %%
third = None  # your number

check("your_own_value.third", third)

# %% [markdown]
# **2.** Teach your class an operation: `tanh(v)` takes a `Value` and returns
# a new one, a node like those of `+` and `*`. With $t = \tanh v$ the slope
# is $1 - t^2$; Python has `math.tanh` for numbers. When it is right, the line
# `Value.tanh = tanh` makes a method of it.


# %%
def tanh(v):
    # your code
    ...


check("your_own_value.tanh", tanh)

# %% [markdown]
# Next, lesson 5: tanh at work. Five numbers make a neuron.
