# %% [markdown]
# # 11. Several examples at once
#
# *One idea: the gradient of a batch is the mean of its examples' gradients.
# Matrices do the adding, and change nothing else.*
#
# In lesson 8 the four equations had one example. But a loss is a mean over
# many of them. A few that are computed together are called a *mini-batch*.
# Programs put them side by side into a matrix, and the equations get capital
# letters. This lesson shows that these are the same equations.
#
# The network is from a teaching text: two inputs, three hidden sigmoids, and
# one sigmoid at the output. There are three examples. The weights start as
# $N(0, 1) \cdot 0.1$, drawn by NumPy with the seed 42, and the biases at 0.
# The loss is half the mean of the squared errors of all $m$ examples:
#
# $$C = \frac{1}{2\,m} \sum_{i=1}^m (o_i - y_i)^2$$

# %%
import numpy as np

from demos import axes, check, predict, show, table

X = [[0.05, 0.10], [0.10, 0.20], [0.15, 0.30]]
Y = [0.01, 0.02, 0.03]

random = np.random.RandomState(42)
W1_start = random.randn(3, 2) * 0.1
W2_start = random.randn(1, 3) * 0.1

# %% [markdown]
# ## One example after the other
#
# First with Values. The loss of the batch is one graph, in which the network
# occurs three times. It is the same nine weights and biases of the hidden
# layer, and the same four of the output, each time.

# %%
import nn


def network():
    net = nn.MLP(2, [3, 1], activation="sigmoid", output_activation="sigmoid")
    for layer, start in zip(net.layers, (W1_start, W2_start)):
        for unit, row in zip(layer.neurons, start):
            for w, number in zip(unit.w, row):
                w.data = float(number)
    return net


def loss_of(net, X, Y):
    total = 0.0
    for x, y in zip(X, Y):
        total = total + (net(x) - y) ** 2
    return total / (2 * len(X))


def gradient(net, X, Y):
    """dC/d of each weight and bias, as a list."""
    net.zero_grad()
    loss_of(net, X, Y).backward()
    return [p.grad for p in net.parameters()]


net = network()
singles = []
for x, y in zip(X, Y):
    singles.append(gradient(net, [x], [y]))
batch = gradient(net, X, Y)

names = []
for j in "123":
    names += [f"w{j}1", f"w{j}2", f"b{j}"]
names += ["v1", "v2", "v3", "c"]

rows = []
for k, name in enumerate(names):
    alone = [single[k] for single in singles]
    rows.append((name, *alone, sum(alone) / 3, batch[k]))
table(["", "(1)", "(2)", "(3)", "their mean", "batch"], rows, digits=6)

# %% [markdown]
# The columns (1), (2) and (3) are the gradients of each example, as if it
# were alone. Their mean is the gradient of the batch. That is no surprise:
# the loss is a mean, and the derivative of a sum is the sum of the
# derivatives.
#
# ## What 1/m is for

# %%
doubled = gradient(net, X + X, Y + Y)
factor = doubled[0] / batch[0]

predict(
    "Now every example is in the batch twice, so m is 6. What becomes of the "
    "gradient?",
    "it stays the same" if abs(factor - 1) < 1e-9 else "it doubles",
    choices=["it doubles", "it stays the same", "it halves"],
    hints={
        "it doubles": "There are twice as many terms. But what is m?",
        "it halves": "1/m halves. But there are twice as many terms.",
    },
    why="A mean does not care how often the same examples are repeated.",
)

# %%
table(
    ["", "m = 3", "m = 6"],
    [(names[k], batch[k], doubled[k]) for k in (0, 9, 12)],
)

# %% [markdown]
# That is what $1/m$ is for. With it, the size of a step does not depend on
# how many examples are in the batch. A learning rate that was good for 3 is
# reasonable for 300. Without it the gradient would be a sum, and grow with
# $m$.
#
# ## The four equations, with capital letters
#
# Each example becomes a *column*. $X$ has 2 rows, for the two inputs, and $m$
# columns. $Z$, $A$ and $\Delta$ have a row for each unit of the layer, and a
# column for each example, too. The raised 1 and 2 are the numbers of the
# layers, not powers, and $\odot$ multiplies entry by entry:
#
# $$Z^l = W^l A^{l-1} + b^l, \quad A^l = \sigma(Z^l)$$
#
# $$\Delta^2 = \frac{1}{m} (A^2 - Y) \odot A^2 \odot (1 - A^2)$$
#
# $$\Delta^1 = (W^2)^T \Delta^2 \odot A^1 \odot (1 - A^1)$$
#
# $$\frac{\partial C}{\partial b^l} = \sum_i \Delta^l_i, \quad
# \frac{\partial C}{\partial W^l} = \Delta^l (A^{l-1})^T$$
#
# The first two do the same in each column. The bias is added to every column,
# so its gradient is the sum of the columns $\Delta_i$. And the last one hides
# a sum, too. For one weight, the matrix product says
#
# $$\frac{\partial C}{\partial w_{jk}} = \sum_{i=1}^m \Delta_{ji}\, A_{ki}$$
#
# For each example, that is delta at its end times the signal at its start;
# then all examples are added up. Nobody has to write that loop. Note that
# $1/m$ stands only once, in $\Delta^2$. From there it gets into everything
# else.


# %%
def equations(W1, b1, W2, b2, X, Y):
    """The loss and the gradients, from the four equations."""
    m = X.shape[1]
    A1 = 1 / (1 + np.exp(-(W1 @ X + b1)))
    A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
    loss = np.sum((A2 - Y) ** 2) / (2 * m)
    D2 = (A2 - Y) / m * A2 * (1 - A2)
    D1 = W2.T @ D2 * A1 * (1 - A1)
    dW2, db2 = D2 @ A1.T, D2.sum(axis=1, keepdims=True)
    dW1, db1 = D1 @ X.T, D1.sum(axis=1, keepdims=True)
    return float(loss), (dW1, db1, dW2, db2)


columns, row = np.array(X).T, np.array([Y])
zeros = np.zeros((3, 1)), np.zeros((1, 1))
loss, (dW1, db1, dW2, db2) = equations(
    W1_start, zeros[0], W2_start, zeros[1], columns, row
)

predict(
    "X is 2 x 3, A1 is 3 x 3, Delta 1 is 3 x 3. If the batch had 100 "
    "examples, how many numbers would dC/dW1 have?",
    dW1.size,
    hints={
        600: "The examples are added up. What is the shape of W1?",
        200: "That is X. A gradient has the shape of its weights.",
        9: "9 with the biases. W1 alone has fewer.",
    },
    why="3 x 2, as W1 has. The examples disappear in the sum.",
)

# %%
by_matrices = []
for j in range(3):
    by_matrices += [dW1[j, 0], dW1[j, 1], db1[j, 0]]
by_matrices += [*dW2[0], db2[0, 0]]
worst = max(abs(a - b) for a, b in zip(by_matrices, batch))
print(f"13 gradients, largest difference to the engine: {worst:.0e}")

# %% [markdown]
# ## 1001 epochs of both
#
# One step in agreement may be luck. So both train on their own, with the
# learning rate 0.5, and we compare the losses of all 1001 epochs.

# %%
EPOCHS, RATE = 1001, 0.5


def by_engine():
    net = network()
    optimiser = nn.SGD(net.parameters(), lr=RATE)
    losses = []
    for _ in range(EPOCHS):
        loss = loss_of(net, X, Y)
        losses.append(loss.data)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net, losses


def by_equations():
    parts = [W1_start, zeros[0], W2_start, zeros[1]]
    losses = []
    for _ in range(EPOCHS):
        loss, gradients = equations(*parts, columns, row)
        losses.append(loss)
        parts = [p - RATE * g for p, g in zip(parts, gradients)]
    return losses


trained, engine_losses = by_engine()
matrix_losses = by_equations()

rows = []
for epoch in (0, 1, 10, 100, 1000):
    rows.append((epoch, engine_losses[epoch], matrix_losses[epoch]))
table(["epoch", "engine", "four equations"], rows, digits=14)

differences = []
for a, b in zip(engine_losses, matrix_losses):
    differences.append(abs(a - b))
print(f"largest difference of all epochs: {max(differences):.1e}")

# %%
figure, (left, right) = axes(2)
left.semilogy(engine_losses, label="engine")
left.semilogy(matrix_losses, "--", label="four equations")
left.set(xlabel="epoch", title="loss")
left.legend()
relative = []
for d, loss in zip(differences, engine_losses):
    relative.append(max(d / loss, 1e-17))
right.semilogy(relative, ".", ms=2)
right.set(xlabel="epoch", title="difference, relative", ylim=(5e-18, 1e-12))
show(
    figure,
    "Left: two curves, one upon the other. Right: how far they are apart, "
    "which is rounding only. (No difference at all is drawn at 1e-17.)",
)

# %% [markdown]
# ## What has it learnt?

# %%
first, last = engine_losses[0], engine_losses[-1]
print(f"The loss has fallen from {first:.3f} to {last:.5f}.")

outputs = [trained(x).data for x in X]
alike = max(outputs) - min(outputs) < 0.001
learnt = f"about {outputs[0]:.3f}, three times"

predict(
    "The targets are 0.01, 0.02 and 0.03. What does the trained network say?",
    learnt if alike else "about 0.01, 0.02 and 0.03",
    choices=[
        "about 0.01, 0.02 and 0.03",
        "0.02, three times",
        learnt,
    ],
    hints={
        "about 0.01, 0.02 and 0.03": "Then the loss would be nearly 0.",
        "0.02, three times": "It is on its way there, but it takes longer.",
    },
    why="It began at 0.52 for all three, and has come down since.",
)

# %%
rows = []
for x, y, output in zip(X, Y, outputs):
    rows.append((str(x), y, output))
table(["input", "target", "output"], rows, digits=5)

constant = sum((0.02 - y) ** 2 for y in Y) / (2 * 3)
print(f"loss of always saying 0.02: {constant:.6f}")

# %% [markdown]
# It gives nearly one answer to all three, and what little difference it makes
# goes the wrong way. So far the network has only learnt that its answers
# should be small. As the targets are small themselves, an error of 0.01 costs
# hardly anything.
#
# A loss is large or small only in comparison. Here the thing to compare with
# is somebody who always says 0.02, the mean of the targets, and never looks
# at the inputs. The network is not even there yet. All its gradients were
# right, but right gradients alone do not make a good network.
#
# ## Exercises
#
# **1.** Someone forgets the $1/m$: the loss is
# $\frac{1}{2} \sum_i (o_i - y_i)^2$, with the same three examples. Which
# learning rate gives the same training as 0.5 gave here?

# %%
rate = None  # your number

check("minibatch.rate", rate)

# %% [markdown]
# **2.** Write the last two equations with NumPy. `gradients(D, A)` gets the
# deltas of a layer and the signals that went into it, a column for each
# example. It returns `(dW, db)`, the second as a column. $1/m$ is in the
# deltas already.


# %%
def gradients(D, A):
    # your code
    ...


check("minibatch.gradients", gradients)

# %% [markdown]
# Next, lesson 12: loops, scalars and matrices, which of them is how fast, and
# a program that finds the matrices by itself.
