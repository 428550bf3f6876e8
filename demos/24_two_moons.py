# %% [markdown]
# # 24. Two moons
#
# *One idea: a network of ReLUs bends its border by folding the plane, and it
# learns where to fold.*
#
# This is the task with which micrograd introduces itself: points in two
# crescents that reach into each other, and a network that learns to tell them
# apart. The network has two inputs, two layers of 16 ReLUs and one output.
# Its sign is the answer. The network, the loss and the learning rates are
# those of Andrej Karpathy's notebook; the moons come from a formula, so
# nothing has to be installed for them.
#
# ## The data
#
# A moon is half a circle. The second one is upside down and moved, so that
# its tip lies in the hollow of the first. Each point is then shaken a little:
#
# $$(\cos(t), \ \sin(t)) \quad \mathrm{and} \quad
# (1 - \cos(t), \ 0.5 - \sin(t)), \quad 0 \le t \le \pi$$

# %%
import math
import random

from demos import COLOURS, axes, check, predict, show, table


def moons(count, noise, seed):
    draw = random.Random(seed)
    points, labels = [], []
    for k in range(count // 2):
        t = math.pi * k / (count // 2 - 1)
        upper = (math.cos(t), math.sin(t), -1)
        lower = (1 - math.cos(t), 0.5 - math.sin(t), 1)
        for x, y, label in (upper, lower):
            points.append(
                [x + draw.gauss(0, noise), y + draw.gauss(0, noise)]
            )
            labels.append(label)
    return points, labels


points, labels = moons(100, noise=0.1, seed=1)


def draw_points(plot):
    for label, colour, mark in ((-1, COLOURS[0], "o"), (1, COLOURS[1], "s")):
        own = [p for p, l in zip(points, labels) if l == label]
        plot.plot(*zip(*own), mark, ms=4, color=colour)
    plot.set(xlim=(-1.5, 2.5), ylim=(-1, 1.5), aspect="equal")


figure, plot = axes(width=5)
draw_points(plot)
show(figure, "100 points: circles have the label -1, squares the label 1.")

# %% [markdown]
# ## A loss that leaves in peace what is right
#
# The network gives a point a *score* $s$. Its sign is the answer, and its
# size says how sure the network is. The *hinge loss* (Cortes and Vapnik,
# 1995) wants the score beyond a margin, 1 or more on the right side. There it
# is 0 and stays 0.
#
# $$L = \max(0, \ 1 - y s)$$

# %%
import nn

rows = []
for score in (-2.0, 0.0, 0.5, 1.0, 3.0):
    rows.append((score, nn.hinge(score, 1), nn.hinge(score, -1)))
table(["score s", "loss for y = 1", "loss for y = -1"], rows)

# %% [markdown]
# ## What a line can do
#
# First a single neuron without an activation. It computes
# $s = w_1 x_1 + w_2 x_2 + b$, so its border, where $s = 0$, is a straight
# line.


# %%
def accuracy(scores):
    right = [(s.data > 0) == (y > 0) for s, y in zip(scores, labels)]
    return sum(right) / len(right)


line = nn.Neuron(2, activation=None, seed=1)
optimiser = nn.SGD(line.parameters(), lr=0.1)
for _ in range(200):
    scores = [line(point) for point in points]
    loss = nn.hinge(scores, labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

predict(
    "How many of the 100 points does the trained line get right?",
    100 * accuracy(scores),
    hints={
        100: "A tip of each moon lies in the hollow of the other. No "
        "straight line passes between them.",
        50: "That is what guessing gives. Most of one moon is above most of "
        "the other.",
    },
    why="It cuts off the two tips that reach into each other.",
    within=0.04,
)

# %% [markdown]
# ## The network, scalar by scalar
#
# Now with two hidden layers. A small penalty on the squares of all parameters
# keeps them from growing without need. A step takes all 100 points, and the
# learning rate falls from 1 to 0.1.

# %%
import time

from autograd import Graph

STEPS = 100
model = nn.MLP(2, [16, 16, 1], activation="relu", seed=3)
optimiser = nn.SGD(model.parameters(), lr=1.0)
losses, hits, pushing, snapshots = [], [], [], []
began = time.perf_counter()
for step in range(STEPS + 1):
    scores = [model(point) for point in points]
    loss = nn.hinge(scores, labels) + 1e-4 * nn.l2(model.parameters())
    losses.append(loss.data)
    hits.append(accuracy(scores))
    snapshots.append([p.data for p in model.parameters()])
    optimiser.zero_grad()
    loss.backward()
    pushing.append(sum(s.grad != 0 for s in scores))
    optimiser.lr = 1.0 - 0.9 * step / STEPS
    optimiser.step()
eager_seconds = time.perf_counter() - began
print(f"{len(model.parameters())} parameters")
print(f"{len(Graph(loss)):,} nodes in the graph of each step")

# %%
shown = [0, 1, 5, 10, 20, 50, 100]
table(
    ["step", "loss", "right"],
    [(k, losses[k], f"{hits[k]:.0%}") for k in shown],
    4,
)

# %% [markdown]
# All of them. And what does the border look like on its way there? To colour
# the plane the network must score thousands of points, so it is compiled: the
# same network as a NumPy program for many points at once (lesson 12).

# %%
import numpy as np
import autograd

score = autograd.compile(
    model, model.parameters(), gradient=False, like=([0.0, 0.0],)
)
across, up = np.meshgrid(
    np.linspace(-1.5, 2.5, 161), np.linspace(-1, 1.5, 101)
)
grid = np.column_stack([across.ravel(), up.ravel()])


def colour_plane(plot, numbers):
    for p, x in zip(model.parameters(), numbers):
        p.data = x
    score.read_in()
    s = score(grid).reshape(across.shape)
    far = max(1, abs(s).max())
    sides = [-far, 0, far]
    plot.contourf(across, up, s, sides, colors=COLOURS[:2], alpha=0.25)
    plot.contour(across, up, s, [0], colors=COLOURS[4], linewidths=1.5)


figure, plots = axes(2, 2, width=8, height=5.4, sharex=True, sharey=True)
for plot, step in zip(plots.flat, (0, 5, 20, 100)):
    colour_plane(plot, snapshots[step])
    draw_points(plot)
    plot.set_title(f"step {step}: {hits[step]:.0%}")
show(
    figure,
    "The border at four steps. In the end it passes between the moons.",
)

# %% [markdown]
# ## Straight pieces
#
# At first all biases are 0, so the border is two rays from the origin. And
# later? Look closely: it is no curve. It is made of straight pieces. Each
# ReLU of the first layer is 0 on one side of a line, where
# $w_1 x_1 + w_2 x_2 + b$ is 0, and grows evenly on the other. Along that line
# the score is folded, as paper is. Between folds everything is linear. The
# second layer adds folds of its own, which bend where they cross the first.

# %%
figure, plot = axes(width=5.6, height=3.4)
colour_plane(plot, snapshots[STEPS])
xs = np.array([-1.5, 2.5])
for neuron in model.layers[0].neurons:
    w1, w2 = [w.data for w in neuron.w]
    plot.plot(xs, -(w1 * xs + neuron.b.data) / w2, lw=0.8, color=COLOURS[2])
draw_points(plot)
show(figure, "Thin lines: where the 16 units of the first layer fold.")

# %% [markdown]
# ## Who pushes?
#
# A point beyond the margin has the loss 0, and the slope 0: it has no part in
# the gradient. The loop above counted the others.

# %%
predict(
    f"At step 20 the network gets {100 * hits[20]:.0f} of 100 points right. "
    "How many of them all have a gradient that is not 0?",
    pushing[20],
    hints={
        round(100 - 100 * hits[20]): "Those are wrong. But a point that is "
        "right and within the margin pushes, too.",
        100: "The hinge is flat beyond the margin.",
    },
    why="They are the points within the margin, and those that are wrong. "
    "All others could be left out of this step. A method that is built on "
    "this calls them support vectors (Cortes and Vapnik, 1995).",
)

# %%
table(["step", "points that push"], [(k, pushing[k]) for k in shown])

# %% [markdown]
# In the end none is left. What remains is the penalty. It makes all
# parameters smaller, until a point comes within the margin again.
#
# ## The same training, compiled
#
# The compiler takes the loss of one point and writes the program for a
# hundred. From the same start it makes the same steps.

# %%
twin = nn.MLP(2, [16, 16, 1], activation="relu", seed=3)


def loss_of_point(x, y):
    return nn.hinge(twin(x), y) + 1e-4 * nn.l2(twin.parameters())


program = autograd.compile(loss_of_point, twin, like=([0.0, 0.0], 0.0))
inputs, targets = np.array(points), np.array(labels, dtype=float)
optimiser = nn.SGD(program.parameters, lr=1.0)
compiled = []
began = time.perf_counter()
for step in range(STEPS + 1):
    value, gradient = program(inputs, targets)
    compiled.append(value)
    optimiser.lr = 1.0 - 0.9 * step / STEPS
    optimiser.step()
compiled_seconds = time.perf_counter() - began

table(
    ["step", "scalars", "program"],
    [(k, losses[k], compiled[k]) for k in shown],
    12,
)
apart = max(abs(a - b) for a, b in zip(losses, compiled))
print(f"largest difference in {STEPS + 1} losses: {apart:.0e}")
print(f"scalars {eager_seconds:.2f} s, program {compiled_seconds:.3f} s")

# %% [markdown]
# `python -m demos moons` is this training as a program, with options.
#
# ## Exercises
#
# **1.** A point has the label $-1$, and the network gives it the score 0.4.
# How large is its hinge loss?

# %%
hinge_loss = None  # your number

check("two_moons.hinge_loss", hinge_loss)

# %% [markdown]
# **2.** Write the hinge loss yourself: the mean over all points, for lists of
# scores and of labels (-1 or 1). It should work for `Value`s, with the right
# gradients, and for plain numbers. `autograd.relu` takes both.


# %%
def hinge(scores, labels):
    # your code
    ...


check("two_moons.hinge", hinge)

# %% [markdown]
# Next, lesson 25: the same with 1,797 pictures.
