# %% [markdown]
# # 12. Loops and matrices
#
# *One idea: the gradient of a layer is the same whether three loops, a graph
# of scalars or one matrix product computes it. Only the time differs.*
#
# Texts explain backpropagation with single numbers. Programs run it with
# matrices. This lesson computes one gradient in three ways, compares the
# numbers and the times, and then lets a compiler go from the first form to
# the last. The task, its sizes and its random numbers are ours; the equations
# are those of lesson 11.
#
# The layer has 20 inputs and 10 sigmoid units. There are 100 examples, and
# the loss is half the squared error, averaged over the examples:
#
# $$z_i = b_i + \sum_j W_{ij} x_j, \quad a_i = \sigma(z_i), \quad
# L = \frac{1}{m} \sum_{k=1}^{m} \sum_i \frac{(a_i - t_i)^2}{2}$$
#
# Inside the sum over $k$ all of $x$, $z$, $a$ and $t$ are those of example
# $k$.

# %%
import random

INPUTS, UNITS, EXAMPLES = 20, 10, 100

source = random.Random(1)
xs = [[source.gauss(0, 1) for _ in range(INPUTS)] for _ in range(EXAMPLES)]
ts = [[source.random() for _ in range(UNITS)] for _ in range(EXAMPLES)]
W = [[source.gauss(0, 0.3) for _ in range(INPUTS)] for _ in range(UNITS)]
b = [0.1] * UNITS

# %% [markdown]
# ## First: three loops
#
# The weight $W_{ij}$ leads from input $j$ to unit $i$. Its gradient is the
# delta at its end times the signal at its start, as in lesson 6, averaged
# over the examples:
#
# $$\frac{\partial L}{\partial W_{ij}} = \frac{1}{m} \sum_{k} \delta_i x_j,
# \quad \delta_i = (a_i - t_i)\, a_i (1 - a_i)$$
#
# So there is one loop over the examples $k$, in it one over the units $i$,
# and in that one over the inputs $j$. (The gradient of $b_i$ is the average
# of $\delta_i$ itself. We leave it out here.)

# %%
import math


def by_loops(xs, ts):
    dW = [[0.0] * INPUTS for _ in range(UNITS)]
    for x, t in zip(xs, ts):
        for i in range(UNITS):
            z = b[i]
            for j in range(INPUTS):
                z += W[i][j] * x[j]
            a = 1 / (1 + math.exp(-z))
            delta = (a - t[i]) * a * (1 - a)
            for j in range(INPUTS):
                dW[i][j] += delta * x[j] / len(xs)
    return dW


# %%
from demos import axes, check, predict, show, table

looped = by_loops(xs, ts)

predict(
    "How often does the innermost line, dW[i][j] += ..., run?",
    EXAMPLES * UNITS * INPUTS,
    hints={
        200: "That is once for each weight. Each example needs it again.",
        130: "Loops inside loops multiply: they do not add.",
    },
    why="100 examples times 10 units times 20 inputs.",
)

# %% [markdown]
# ## Second: scalars
#
# Now the same with `Value`. We write only the way forward, for one example.
# The engine remembers every product and every sum, and `backward()` does the
# rest.

# %%
from autograd import Value

Wv = [
    [Value(W[i][j], f"w{i}_{j}") for j in range(INPUTS)] for i in range(UNITS)
]
bv = [Value(b[i], f"b{i}") for i in range(UNITS)]


def loss_of_one(x, t):
    loss = 0.0
    for i in range(UNITS):
        z = bv[i]
        for j in range(INPUTS):
            z = z + Wv[i][j] * x[j]
        loss = loss + (z.sigmoid() - t[i]) ** 2 / 2
    return loss


def by_scalars(xs, ts):
    for row in Wv:
        for w in row:
            w.grad = 0.0
    loss = 0.0
    for x, t in zip(xs, ts):
        loss = loss + loss_of_one(x, t)
    loss = loss / len(xs)
    loss.backward()
    return [[w.grad for w in row] for row in Wv]


scalar = by_scalars(xs, ts)

# %% [markdown]
# ## Third: one matrix product
#
# Take one example first. Its gradient is a table with a row for each unit and
# a column for each input, and the entry in row $i$ and column $j$ is
# $\delta_i x_j$. That is a column times a row, the **outer product**
# $\delta x^{T}$:
#
# $$\frac{\partial L}{\partial W} = \delta\, x^{T}$$
#
# Now put the 100 examples side by side, each a column. $X$ has 20 rows and
# 100 columns, $D$ holds the deltas. The rule for a matrix product is "row
# times column, added up", and what is added up here are the examples. So one
# product does the third loop, the second and the first:
#
# $$\frac{\partial L}{\partial W} = \frac{1}{m} D X^{T}$$

# %%
import numpy as np

X, T = np.array(xs).T, np.array(ts).T
Wn, bn = np.array(W), np.array(b)[:, None]


def by_matrices(X, T):
    A = 1 / (1 + np.exp(-(Wn @ X + bn)))
    D = (A - T) * A * (1 - A)
    return D @ X.T / X.shape[1]


product = by_matrices(X, T)

predict(
    "D has 10 rows and 100 columns, X has 20 rows and 100 columns. "
    "How many numbers are in D @ X.T?",
    product.size,
    hints={
        2000: "X.T has 100 rows and 20 columns. The 100 in the middle goes.",
        100: "The 100 in the middle is added up; what is left is 10 x 20.",
    },
    why="10 x 100 times 100 x 20 gives 10 x 20: a number for each weight.",
)

# %% [markdown]
# ## The same numbers
#
# They are equal, but for the last digits. The three ways add the same numbers
# in different orders, and each addition of floats rounds.


# %%
def difference(dW):
    return float(abs(np.array(dW) - np.array(looped)).max())


rows = []
for name, dW in [
    ("loops", looped),
    ("scalars", scalar),
    ("matrices", product),
]:
    rows.append((name, float(dW[0][0]), difference(dW)))
table(["", "dL/dW[0][0]", "largest difference from the loops"], rows, 6)

# %% [markdown]
# ## Not the same time
#
# Each is timed three times on this machine, and the best time counts.

# %%
from time import perf_counter


def seconds(f, *given):
    best = math.inf
    for _ in range(3):
        start = perf_counter()
        f(*given)
        best = min(best, perf_counter() - start)
    return best


times = {
    "loops": seconds(by_loops, xs, ts),
    "scalars": seconds(by_scalars, xs, ts),
    "matrices": seconds(by_matrices, X, T),
}

predict(
    "Which of the three takes longest?",
    max(times, key=times.get),
    choices=["loops", "scalars", "matrices"],
    hints={
        "loops": "Loops multiply and add, and forget. Who remembers more?",
        "matrices": "NumPy runs all three loops in compiled code.",
    },
    why="All do the same multiplications. A plain float is forgotten at "
    "once, a Value is kept with its operands and its slopes, and NumPy "
    "needs one Python call for a whole matrix.",
)

# %%
table(
    ["", "milliseconds", "times the matrices' time"],
    [
        (name, 1000 * time, time / times["matrices"])
        for name, time in times.items()
    ],
    digits=3,
)

# %% [markdown]
# That is the price of seeing. Scalars can be looked at one by one: each has a
# name, a gradient, a place in the graph. Nobody would train a large network
# with them.
#
# And the number of examples?

# %%
counts = [1, 4, 16, 64, 256]
curves = {"scalars": [], "loops": [], "matrices": []}
for m in counts:
    some_xs, some_ts = (3 * xs)[:m], (3 * ts)[:m]
    some_X, some_T = np.array(some_xs).T, np.array(some_ts).T
    curves["scalars"].append(seconds(by_scalars, some_xs, some_ts))
    curves["loops"].append(seconds(by_loops, some_xs, some_ts))
    curves["matrices"].append(seconds(by_matrices, some_X, some_T))

figure, plot = axes()
for name, curve in curves.items():
    plot.loglog(counts, [1000 * time for time in curve], "o-", label=name)
plot.set(xlabel="examples", ylabel="milliseconds")
plot.set_xticks(counts, [str(m) for m in counts])
plot.minorticks_off()
plot.legend()
show(
    figure,
    "Time for one gradient. Loops and scalars take about four times as long "
    "for four times as many examples; the matrices' line is much flatter.",
)

# %% [markdown]
# With a single example most of NumPy's time goes into being called, not into
# multiplying. That is one reason why networks are trained with batches.
#
# ## A formula that does not fit
#
# Some texts give the layer as $z = Wx + b$ and its gradient as
# $\partial L / \partial W = a^{T} \delta$, where $a$ is the layer's input,
# our $x$. Look at the shapes: $x^{T}$ is one row of 20, $\delta$ one column
# of 10. They do not even fit together:

# %%
x, delta = X[:, :1], np.ones((UNITS, 1))
try:
    x.T @ delta
except ValueError:
    print("x.T", x.T.shape, "and delta", delta.shape, "do not fit")

# %% [markdown]
# The product that fits is the one from above, $\delta x^{T}$. The formula
# $a^{T} \delta$ belongs to the other habit, where an example is a **row** and
# the layer is $z = xW + b$. There $W$ has a row for each input and a column
# for each unit. It is our $W$ transposed, and so is its gradient:
#
# $$Z = X W + b: \quad \frac{\partial L}{\partial W} = \frac{1}{m} X^{T} D$$
#
# Both habits are right. Mixing them is not, and an error message is the lucky
# case. Suppose that the layer has as many units as inputs.

# %%
x = np.array([[1.0], [2.0], [3.0]])
delta = np.array([[0.5], [-1.0], [2.0]])
square = np.zeros((3, 3))
wrong = square - 0.1 * (x.T @ delta)
right = square - 0.1 * (delta @ x.T)
ERROR, ALIKE = "it raises an error", "it moves all nine weights alike"
alike = bool((wrong == wrong[0, 0]).all())

predict(
    "Three inputs, three units. What does W - 0.1 * (x.T @ delta) do?",
    ALIKE if alike else ERROR,
    choices=[ERROR, "it makes the right step", ALIKE],
    hints={
        ERROR: "A row of 3 times a column of 3 does fit.",
        "it makes the right step": "What shape has a row times a column?",
    },
    why="A row times a column is one number. NumPy subtracts one number from "
    "every weight, and says nothing.",
)

# %%
print("x.T @ delta:", (x.T @ delta).tolist())
print("the wrong step\n", wrong)
print("the right step\n", right)

# %% [markdown]
# ## Let the compiler do it
#
# Texts derive the matrix form from the scalars by hand. `autograd.compile`
# does it by program. It runs `loss_of_one` once and records the scalars. Then
# it looks for what they have in common, and writes NumPy code for a whole
# batch. The function is the one from above, with its loops; nothing in it
# speaks of matrices.

# %%
import autograd

program = autograd.compile(
    loss_of_one, like=([0.0] * INPUTS, [0.0] * UNITS), textbook=True
)
text = program.source
step = text[text.index("def step") : text.index("def outputs")]
show(step.rstrip())

# %% [markdown]
# `n` is the number of examples, and `@` is the matrix product. There they
# are: the layer in one line, its deltas in one line, and `dW = dZ1 @ X.T`.
# (With `textbook=True` the slope of the sigmoid is written as here,
# $a(1 - a)$. Without it the compiler takes a form that keeps more digits.)
#
# A line can say where it comes from, entry by entry:

# %%
show(str(program.explain("Z1")))

# %%
show(str(program.explain("dW")))

# %% [markdown]
# So `Z1` has a row for each unit, and `dW` has the gradient of each weight at
# the weight's own place. The compiler goes there in small passes, and keeps
# what each of them made in `program.stages`. Here are four of them:

# %%
stages = program.stages
rows = [
    ("record", "one number at a time"),
    ("sums", "products and sums become weighted sums"),
    ("group", "like scalars become arrays"),
    ("differentiate", "the way back is added"),
]
table(
    ["pass", "leaves", "what it does"],
    [(name, stages[name].size, does) for name, does in rows],
)

# %% [markdown]
# The gradient is that of the loops. The program takes a little longer than
# our own product, for it computes the loss and the biases' gradient, too, and
# looks at what it is given.

# %%
loss, gradient = program(xs, ts)
program.write_back()
compiled = np.array([[w.grad for w in row] for row in Wv])
times["compiled"] = seconds(program, np.array(xs), np.array(ts))
print("largest difference from the loops:", difference(compiled))
table(
    ["", "milliseconds"],
    [(name, 1000 * time) for name, time in times.items()],
    digits=3,
)

# %% [markdown]
# That is how the later lessons train networks that would take too long scalar
# by scalar. `python -m demos matrices` shows more such programs, and
# `docs/guides/compile.md` tells what the compiler can do.
#
# ## Exercises
#
# **1.** In this lesson an example is a column and $Z = WX + b$. In many
# libraries it is a row: $X$ has the shape (examples, inputs), $D$ has the
# shape (examples, units), and the layer is $Z = XW + b$. Which product is the
# gradient of $W$ there, but for the factor $1/m$? Answer with a letter:
# a) `D @ X.T`, b) `X.T @ D`, c) `D.T @ X`, d) `X @ D.T`.

# %%
product_of_rows = None  # "a", "b", "c" or "d"

check("loops_and_matrices.product_of_rows", product_of_rows)

# %% [markdown]
# **2.** The blame goes on to the layer below: the slope of the loss by input
# $j$ is $\sum_i W_{ij} \delta_i$, for each example. With columns that is
# $W^{T} D$. Write it with loops and without NumPy. `W[i][j]` is a list of
# rows, `D[i][k]` has a row for each unit and a column for each example. The
# result has a row for each input and a column for each example.


# %%
def back(W, D):
    # your code
    ...


check("loops_and_matrices.back", back)

# %% [markdown]
# Next, lesson 13: what would be lost without the sigmoid. Activations and
# their slopes.
