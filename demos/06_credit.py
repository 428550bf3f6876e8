# %% [markdown]
# # 6. Credit assignment
#
# *One idea: a hidden unit never sees the target. It gets its share of the
# blame from the units that use it.*
#
# A network made a mistake. Which of its six weights is how much to blame?
# That is the question of credit assignment, and backpropagation answers it.
# The network has two inputs, two hidden units and one output, all of them
# sigmoids, and no biases:
#
# $$z_i = \sum_j w_{ij} x_j, \quad h_i = \sigma(z_i), \quad
# z_o = \sum_i v_i h_i, \quad o = \sigma(z_o), \quad
# E = \frac{(y - o)^2}{2}$$
#
# It is a classic of the textbooks, with $x = (1, 0)$ and $y = 1$. They print
# its numbers to four digits. Here they come with ten, from the engine.

# %%
from autograd import Value, dot
from demos import check, predict, show, table

x = [Value(1.0, "x1"), Value(0.0, "x2")]
y = Value(1.0, "y")
w = [
    [Value(0.5, "w11"), Value(0.4, "w12")],
    [Value(0.3, "w21"), Value(0.6, "w22")],
]
v = [Value(0.7, "v1"), Value(0.8, "v2")]


def forward(w, v):
    z = [dot(row, x) for row in w]
    h = [z_i.sigmoid() for z_i in z]
    z_o = dot(v, h)
    o = z_o.sigmoid()
    return z, h, z_o, o, (y - o) ** 2 / 2


z, h, z_o, o, E = forward(w, v)
nodes = [*z, *h, z_o, o, E]
for name, node in zip(["z1", "z2", "h1", "h2", "zo", "o", "E"], nodes):
    node.label = name

table(["quantity", "value"], [(node.label, node.data) for node in nodes])

# %% [markdown]
# The output is 0.71, and 1 was wanted. So all is well if $o$ grows.
#
# ## The blame of the output
#
# Call the slope of the error at a unit's sum $z$ its **delta**. For the
# output it has two factors: how the error changes with $o$, and how $o$
# changes with $z_o$. The sigmoid's own slope is $o(1 - o)$.
#
# $$\delta_o = \frac{\partial E}{\partial z_o} = (o - y)\, o\, (1 - o)$$

# %%
E.backward()

predict(
    "o is 0.71 and y is 1. How large is delta_o, about?",
    z_o.grad,
    hints={
        0.0597: "Mind the sign: o - y is negative.",
        -0.29: "That is o - y. The sigmoid's slope, o (1 - o), is missing.",
    },
    why="(0.71 - 1) · 0.71 · 0.29: the sigmoid's slope makes it small.",
    within=0.03,
)

# %% [markdown]
# ## Handed on, backwards
#
# The hidden unit $h_1$ has no target of its own. What it did wrong is what it
# contributed to $z_o$, and it did that through the weight $v_1$. So the blame
# flows back along the same edge, multiplied by the same weight; and then
# through the unit's own sigmoid:
#
# $$\delta_i = v_i\, \delta_o\, h_i (1 - h_i)$$

# %%
predict(
    "Which hidden unit gets more of the blame?",
    "unit 2" if abs(z[1].grad) > abs(z[0].grad) else "unit 1",
    choices=["unit 1", "unit 2"],
    hints={"unit 1": "Compare the weights v1 = 0.7 and v2 = 0.8."},
    why="Its weight to the output is larger, and so is its slope h(1 - h).",
)

# %%
from autograd.view import explain

show(explain(w[0][0], of=E))

# %% [markdown]
# Read it from top to bottom: that is one path through the network, from the
# error to the weight $w_{11}$. The last factor is what the weight was
# multiplied with when the network ran forward, the input $x_1$.
#
# A weight's gradient is always **(delta at its end) · (signal at its
# start)**. So what of the weights that saw the input 0?

# %%
predict(
    "x2 is 0. How large is the gradient of w12?",
    w[0][1].grad,
    hints={-0.0098: "That is delta 1. It is multiplied by the input x2 = 0."},
    why="A weight that multiplied a 0 changed nothing, so it gets no blame.",
)

# %%
rows = [("delta o", z_o.grad, (o.data - 1) * o.data * (1 - o.data))]
for i in (0, 1):
    slope = h[i].data * (1 - h[i].data)
    rows.append((f"delta {i + 1}", z[i].grad, v[i].data * z_o.grad * slope))
for i in (0, 1):
    rows.append((f"dE/dv{i + 1}", v[i].grad, z_o.grad * h[i].data))
    for j in (0, 1):
        name = f"dE/d{w[i][j].label}"
        rows.append((name, w[i][j].grad, z[i].grad * x[j].data))
table(["quantity", "by the engine", "by the formula"], rows)

# %% [markdown]
# ## Watch it flow
#
# The page opens at the moment when the blame has reached the first hidden
# unit. Step on with the arrow keys, or begin anew with Home: first the
# numbers go forward, then the blame comes back.

# %%
from autograd.view import explore

page = explore(
    E,
    open=False,
    title="Who is to blame?",
    text="A network 2-2-1 said 0.71 where 1 was wanted.",
    notes={
        z_o: "Its delta is (o - y) o (1 - o).",
        z[0]: "The blame of the output comes through v1.",
        w[0][1]: "It multiplied a 0: no blame.",
    },
    selected=z[0],
    step="backward",
    parameters=[p for row in w for p in row] + v,
)
show(page, "The network as a graph: on each edge stands what flows back.")

# %% [markdown]
# ## One step
#
# All six weights move against their gradients, with the learning rate 0.5.

# %%
RATE = 0.5


def moved(p):
    return Value(p.data - RATE * p.grad, p.label)


w_new = [[moved(p) for p in row] for row in w]
v_new = [moved(p) for p in v]
*_, o_new, E_new = forward(w_new, v_new)

pairs = [*zip(v, v_new), (w[0][0], w_new[0][0]), (w[1][0], w_new[1][0])]
rows = [
    (p.label, p.data, q.data) for p, q in [*pairs, (o, o_new), (E, E_new)]
]
table(["quantity", "before", "after"], rows)

# %% [markdown]
# One text prints 0.3059 for the new $w_{21}$. It is 0.3058: the text rounded
# the gradient before it subtracted.
#
# ## Exercises
#
# **1.** Suppose the target were $y = 0$. What is $\delta_o$ then? Work it out
# from the table, or run the network again.

# %%
delta_o = None  # your number

check("credit.delta_o", delta_o)

# %% [markdown]
# **2.** Write the backward pass of a 2-2-1 network by hand, with plain floats
# and without the engine. `deltas(v, h, o, y)` returns the three deltas as
# `(delta_o, [delta_1, delta_2])`.


# %%
def deltas(v, h, o, y):
    # your code
    ...


check("credit.deltas", deltas)

# %% [markdown]
# Next, lesson 7: the same with biases, every number of it, and a slip in a
# text.
