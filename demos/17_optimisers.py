# %% [markdown]
# # 17. Optimisers: the race
#
# *One idea: every optimiser gets the same gradient. They differ in what they
# remember of the earlier ones.*
#
# Lesson 2 moved a weight by a small part of its gradient. Many other rules
# have been invented since the 1950s. Eleven of them race here, on three
# tracks: a valley, a saddle, and a small network.
#
# The rules are those of the papers named below, as `nn` has them. The tracks
# are ours.
#
# ## The rules
#
# $p$ is a parameter, $g$ its gradient, $\eta$ the learning rate. All other
# letters are what the rule remembers, or fixed numbers such as $\mu = 0.9$.
#
# **SGD** (Robbins and Monro 1951) remembers nothing:
#
# $$p \leftarrow p - \eta\, g$$
#
# **Momentum** (Polyak 1964) remembers the direction. $v$ is a velocity, which
# gradients push, like a ball that rolls:
#
# $$v \leftarrow \mu\, v + g, \quad p \leftarrow p - \eta\, v$$
#
# **Nesterov** (Nesterov 1983; in this form Sutskever et al. 2013) looks where
# the ball will be a moment later:
#
# $$v \leftarrow \mu\, v + g, \quad p \leftarrow p - \eta\, (g + \mu\, v)$$
#
# **Adagrad** (Duchi, Hazan and Singer 2011) remembers how large the gradient
# of each parameter was, and divides by it. $\epsilon$ is tiny and only avoids
# a division by zero:
#
# $$s \leftarrow s + g^2, \quad
# p \leftarrow p - \eta\, \frac{g}{\sqrt{s} + \epsilon}$$
#
# **RMSprop** (Tieleman and Hinton 2012) forgets old gradients slowly:
#
# $$s \leftarrow \alpha\, s + (1 - \alpha)\, g^2, \quad
# p \leftarrow p - \eta\, \frac{g}{\sqrt{s} + \epsilon}$$
#
# **Adam** (Kingma and Ba 2015) takes both, the direction $m$ and the size
# $s$. Both start at 0 and so are too small at first; the division by
# $1 - \beta^t$ in step $t$ corrects that exactly:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \quad
# s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2$$
#
# $$\hat m = \frac{m}{1 - \beta_1^t}, \quad
# \hat s = \frac{s}{1 - \beta_2^t}, \quad
# p \leftarrow p - \eta\, \frac{\hat m}{\sqrt{\hat s} + \epsilon}$$
#
# **AdamW** (Loshchilov and Hutter 2019) is Adam, and each step also pulls the
# parameter towards 0: first $p \leftarrow (1 - \eta\, \lambda)\, p$. That is
# *weight decay*; lesson 20 says what it is for.
#
# **Lion** (Chen et al. 2023) uses only the sign of a mean. All its steps have
# the same length:
#
# $$p \leftarrow p - \eta\, \mathrm{sign}(\beta_1 m + (1 - \beta_1)\, g),
# \quad m \leftarrow \beta_2 m + (1 - \beta_2)\, g$$
#
# **Schedule-free SGD** and **AdamW** (Defazio et al. 2024) move a point $z$,
# by the rule of SGD or AdamW, and keep the mean $x$ of all places where it
# has been. The gradient is taken between the two, the result is $x$:
#
# $$y = (1 - \beta)\, z + \beta\, x$$
#
# **Sophia** (Liu et al. 2023) divides by the curvature $h$, the second
# derivative, which it asks the engine for every ten steps. No step is longer
# than $\eta$:
#
# $$p \leftarrow p - \eta\, \mathrm{clip}(m / h, -1, 1)$$

# %%
import nn

RACERS = {
    "SGD": lambda p, rate: nn.SGD(p, rate),
    "Momentum": lambda p, rate: nn.SGD(p, rate, momentum=0.9),
    "Nesterov": lambda p, rate: nn.SGD(p, rate, momentum=0.9, nesterov=True),
    "Adagrad": lambda p, rate: nn.Adagrad(p, rate),
    "RMSprop": lambda p, rate: nn.RMSprop(p, rate),
    "Adam": lambda p, rate: nn.Adam(p, rate),
    "AdamW": lambda p, rate: nn.AdamW(p, rate),
    "Lion": lambda p, rate: nn.Lion(p, rate),
    "Free SGD": lambda p, rate: nn.SGDScheduleFree(p, rate),
    "Free AdamW": lambda p, rate: nn.AdamWScheduleFree(p, rate),
    "Sophia": lambda p, rate: nn.Sophia(p, rate, (0.9, 0.9), 1.0, seed=0),
}

# %% [markdown]
# All settings but the rate are the defaults of `nn`, which are PyTorch's or
# those of the papers. Sophia is the exception. Its defaults are made for
# language models with millions of weights, so here its means forget faster
# (0.9), and its $\gamma$, a factor before $h$, is 1.
#
# ## The first step
#
# A slope can be steep or gentle. Take two losses, $100 w$ and $0.001 w$.
# Their gradients are 100 and 0.001.

# %%
from autograd import Value
from demos import COLOURS, axes, check, predict, show, table

RATE = 0.1


def first_step(make, slope):
    w = Value(0.0)
    optimiser = make([w], RATE)

    def closure():
        optimiser.zero_grad()
        loss = slope * w
        loss.backward()
        return loss

    optimiser.step(closure)
    return abs(w.data)


steps = {
    name: (first_step(make, 100.0), first_step(make, 0.001))
    for name, make in RACERS.items()
}

predict(
    "The gradient is 100, the rate 0.1. How long is Adam's first step?",
    steps["Adam"][0],
    hints={
        10: "That is SGD's step, rate times gradient. Adam divides by the "
        "size of the gradient.",
        0.316: "That is without the correction: m = 10 and s = 10.",
    },
    why="Corrected, m is 100 and s is 100². So the step is 0.1 · 100 / 100.",
)

# %%
table(
    ["optimiser", "gradient 100", "gradient 0.001"],
    [(name, *both) for name, both in steps.items()],
    digits=4,
)

# %% [markdown]
# The first three and Free SGD go by the size of the gradient: 100,000 times
# as far where it is 100,000 times as steep. All others go the same way in
# both cases. RMSprop's first step is ten times its rate, for it starts with
# $s = 0$ and does not correct that as Adam does.
#
# The closure in `first_step` computes the loss and its gradient. Only Sophia
# needs it: from the loss it gets the second derivative.
#
# ## The rules of the race
#
# A comparison is fair only if each racer has a good learning rate. So each
# runs with seven rates, and its best run counts. All get 200 gradients. The
# finish line is the loss 0.01: what counts is the step from which on the loss
# *stays* below it, to the end of the run and for 20 steps at least.

# %%
import math

RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
STEPS = 200
LINE = 0.01
AVERAGING = (nn.SGDScheduleFree, nn.AdamWScheduleFree)


def run(make, rate, track, start):
    x, y = Value(start[0]), Value(start[1])
    optimiser = make([x, y], rate)

    def closure():
        optimiser.zero_grad()
        loss = track(x, y)
        loss.backward()
        return loss

    path, losses = [], []
    for step in range(STEPS + 1):
        if isinstance(optimiser, AVERAGING):
            optimiser.eval()  # look at the mean ...
        path.append((x.data, y.data))
        losses.append(track(x.data, y.data))
        if not losses[-1] < 1e6 or step == STEPS:  # nan is not, either
            break
        if isinstance(optimiser, AVERAGING):
            optimiser.train()  # ... and train at the point between
        optimiser.step(closure)
    return losses, path


def arrival(losses):
    arrived = 0
    for step, loss in enumerate(losses):
        if not loss < LINE:
            arrived = step + 1
    finished = len(losses) == STEPS + 1  # and not stopped, for it diverged
    return arrived if finished and arrived <= STEPS - 20 else math.inf


def best_run(make, track, start):
    runs = []
    for rate in RATES:
        losses, path = run(make, rate, track, start)
        runs.append((arrival(losses), losses[-1], rate, losses, path))
    return min(runs)


def told(arrived):
    return "never" if arrived == math.inf else arrived


# %% [markdown]
# ## Track 1: a valley
#
# Fifty times as steep across as along, with its lowest point at $(1, 1)$:
#
# $$L = \frac{(x - 1)^2 + 50\,(y - 1)^2}{2}$$
#
# It runs along the $x$ axis, which is unusual luck: real valleys lie in any
# direction. So there is a second valley, the same one turned by 45 degrees,
# with the start turned along with it.

# %%
ROOT = 2**0.5


def valley(x, y):
    return ((x - 1) ** 2 + 50 * (y - 1) ** 2) / 2


def turned(x, y):
    along, across = (x - 1 + y - 1) / ROOT, (y - x) / ROOT
    return (along**2 + 50 * across**2) / 2


START = (-3.0, 2.0)  # 4 away along the valley, and 1 across it
TURNED_START = (1 + (-4 - 1) / ROOT, 1 + (-4 + 1) / ROOT)

straight, oblique = {}, {}
for name, make in RACERS.items():
    straight[name] = best_run(make, valley, START)
    oblique[name] = best_run(make, turned, TURNED_START)

same = [name for name in RACERS if straight[name][0] == oblique[name][0]]
choices = ["SGD", "Adagrad", "RMSprop", "Adam"]
(unmoved,) = [name for name in choices if name in same]

predict(
    "The valley is turned by 45 degrees. Who needs as many steps as before?",
    unmoved,
    choices=choices,
    hints={
        "Adagrad": "It keeps an s for x and one for y. What is steep now?",
        "RMSprop": "It keeps an s for x and one for y. What is steep now?",
        "Adam": "Close, but it also keeps an s for x and one for y.",
    },
    why="Its steps are made of gradients alone, which turn with the valley.",
)

# %%
table(
    ["optimiser", "best rate", "steps", "turned: best rate", "steps"],
    [
        (
            name,
            straight[name][2],
            told(straight[name][0]),
            oblique[name][2],
            told(oblique[name][0]),
        )
        for name in RACERS
    ],
)

# %% [markdown]
# SGD, Momentum, Nesterov and Free SGD do not notice the turn at all. The
# others scale $x$ and $y$ separately. In the straight valley that is a gift:
# RMSprop and Adagrad divide the steepness out, and are there in a few
# steps. In the turned valley $x$ and $y$ are equally steep, nothing can be
# divided out, and the gift is gone.
#
# Lion never arrives. Its steps are as long near the goal as far from it, so
# it jumps to and fro across the valley. It is meant to be used with a rate
# that falls, and that is the next lesson.

# %%
figure, plots = axes(2, height=3.4, sharey=True)
grid = [k / 20 - 4.5 for k in range(137)]
for plot, track, runs in zip(plots, (valley, turned), (straight, oblique)):
    heights = [[track(x, y) ** 0.5 for x in grid] for y in grid]
    plot.contour(grid, grid, heights, 9, colors=COLOURS[4], linewidths=0.5)
    for name in ("SGD", "Momentum", "Adagrad", "Adam"):
        path = runs[name][4]
        plot.plot(*zip(*path), ".-", lw=1, ms=3, label=name)
    plot.plot([1], [1], "*", color=COLOURS[5], ms=10)
    plot.set(xlim=(-4, 2.3), ylim=(-4, 2.3), xlabel="x")
plots[0].set(ylabel="y", title="straight")
plots[1].set(title="turned")
plots[0].legend(loc="lower left")
show(
    figure,
    "The paths at the best rates, from the start to the star. SGD and "
    "Momentum make the same path in both, only turned.",
)

# %% [markdown]
# ## Track 2: a saddle
#
# A saddle is a valley in one direction and a ridge in the other. This one has
# its saddle point at $(0, 0)$. It is steep along $x$, and gentle along $y$,
# where it leads down to two lowest points, at $y = 1$ and $y = -1$:
#
# $$L = 5x^2 - \frac{y^2}{2} + \frac{y^4}{4} + \frac{1}{4}$$


# %%
def saddle(x, y):
    return 5 * x**2 - y**2 / 2 + y**4 / 4 + 0.25


left_the_ridge = [
    name
    for name, make in RACERS.items()
    if run(make, 0.1, saddle, (0.7, 0.0))[1][-1][1] != 0
]

predict(
    "All start exactly on the ridge, at (0.7, 0). Who leaves it?",
    "none" if not left_the_ridge else "some",
    choices=["all", "some", "none"],
    hints={
        "all": "Which gradient has y on the ridge? -y + y³ at y = 0.",
        "some": "Momentum, signs, curvature: all of them need a gradient "
        "that is not 0.",
    },
    why="The gradient of y is exactly 0 there, and all rules make 0 of it.",
)

# %% [markdown]
# Random starts are never exactly on a ridge, but they can be close. Dauphin
# et al. (2014) argue that large networks have far more saddles than bad
# minima. So now all start a hair's breadth beside it, at $y = 0.0001$.

# %%
escapes = {
    name: best_run(make, saddle, (0.7, 0.0001))
    for name, make in RACERS.items()
}
rows = []
for name, (arrived, _, rate, _, path) in escapes.items():
    off = sum(abs(y) < 0.5 for x, y in path)
    rows.append((name, rate, off, told(arrived)))
table(["optimiser", "best rate", "off the ridge after", "steps"], rows)

# %%
figure, plot = axes()
for name in ("SGD", "Momentum", "Nesterov", "Adam", "Lion", "Sophia"):
    *_, rate, _, path = escapes[name]
    plot.plot([abs(y) for x, y in path[:101]], label=f"{name}, {rate:g}")
plot.set(xlabel="step", ylabel="|y|", yscale="log")
plot.legend(ncols=2)
show(
    figure,
    "How far each is from the ridge. SGD's curve is a straight line at "
    "first: on this axis that is growth by the same factor in each step.",
)

# %% [markdown]
# The gradient of $y$ is tiny here, and SGD's steps with it. In each step $y$
# becomes $1 + \eta$ times as large, and a larger $\eta$ would diverge along
# the steep $x$ (lesson 18). Whoever divides by the size of the gradient takes
# full steps from the start, as in the table of first steps. Not all of them
# win by it: Adam is off the ridge early, shoots over the lowest point, and
# needs time to settle.
#
# ## Track 3: a network
#
# It has one input, two layers of ten tanh units and one output: 141 weights
# and biases. It is to learn $\sin(4x)$ at 40 points from -1 to 1. All 40 are
# used in every step. `autograd.compile` makes it fast, with the same numbers
# (lesson 12).
#
# A network adds a question: the start is random. So the rate must be good
# from *three* starts, and the one whose worst run is best is chosen. Then
# come five other starts, on which nothing was tuned, and those count.

# %%
import random

import autograd
import numpy as np

X = np.linspace(-1, 1, 40)[:, None]
TARGETS = np.sin(4 * X[:, 0])


def network(seed):
    return nn.MLP(1, [10, 10, 1], activation="tanh", seed=seed)


model = network(0)


def loss_of_one(x, target):
    return nn.mse(model(x), target)


program = autograd.compile(loss_of_one, model, like=([0.0], 0.0))


def hessian_of_one(x, target, signs):
    loss = loss_of_one(x, target)
    return nn.optim.hutchinson(loss, model.parameters(), signs)


COUNT = len(model.parameters())
curvature = autograd.compile(
    hessian_of_one,
    program.parameters,
    gradient=False,
    like=([0.0], 0.0, [1.0] * COUNT),
)


def train(make, rate, seed, nudge=0.0):
    for p, new in zip(model.parameters(), network(seed).parameters()):
        p.data = new.data
    model.parameters()[0].data += nudge
    program.read_in()
    optimiser = make(program.parameters, rate)
    generator = random.Random(0)
    losses = []
    for step in range(STEPS + 1):
        if isinstance(optimiser, AVERAGING):
            optimiser.eval()
        losses.append(program(X, TARGETS)[0])
        if not losses[-1] < 1e6 or step == STEPS:
            break
        if isinstance(optimiser, AVERAGING):
            optimiser.train()
            program(X, TARGETS)
        if isinstance(optimiser, nn.Sophia) and step % 10 == 0:
            signs = [generator.choice((-1.0, 1.0)) for _ in range(COUNT)]
            rows = curvature(X, TARGETS, np.tile(signs, (len(X), 1)))
            optimiser.update_hessian(rows.mean(axis=0))
        optimiser.step()
    return losses if losses[-1] < 1e6 else [math.inf]


rates, trained = {}, {}
for name, make in RACERS.items():
    rates[name] = min(
        (max(train(make, rate, seed)[-1] for seed in (0, 1, 2)), rate)
        for rate in RATES
    )[1]
    trained[name] = [train(make, rates[name], seed) for seed in range(3, 8)]
    trained[name].sort(key=lambda losses: losses[-1])


# %%
def standing(sortable):
    order = sorted(RACERS, key=lambda name: sortable[name])
    return {name: place + 1 for place, name in enumerate(order)}


middle = {name: losses[2][-1] for name, losses in trained.items()}
places = [
    standing({name: best[:2] for name, best in runs.items()})
    for runs in (straight, oblique, escapes)
]
places.append(standing(middle))

place = places[3]["RMSprop"]
predict(
    "RMSprop was first in the straight valley and second at the saddle. "
    "Which of the 11 places does it take on the network?",
    "1 to 3" if place < 4 else "4 to 6" if place < 7 else "7 to 11",
    choices=["1 to 3", "4 to 6", "7 to 11"],
    hints={
        "1 to 3": "Both of these tracks run along the axes. Does a network?",
        "4 to 6": "Remember the turned valley: which place was it there?",
    },
    why=f"Its place is {place}. Scaling each parameter by itself did all the "
    "work on those tracks, and a network is more like the turned valley.",
)

# %%
table(
    ["optimiser", "rate", "best of 5", "middle", "worst"],
    [
        (name, rates[name], *[runs[k][-1] for k in (0, 2, 4)])
        for name, runs in trained.items()
    ],
    digits=2,
)

# %%
figure, plots = axes(2, height=3.8, sharey=True)
sides = (
    ["SGD", "Momentum", "Nesterov", "Free SGD", "Lion"],
    ["Adagrad", "RMSprop", "Adam", "AdamW", "Free AdamW", "Sophia"],
)
for plot, names in zip(plots, sides):
    for name in names:
        plot.plot(trained[name][2], lw=1.2, label=name)
    plot.set(xlabel="step", yscale="log", ylim=(2e-6, 20))
    plot.legend(loc="lower left", ncols=2)
plots[0].set(ylabel="loss")
show(
    figure,
    "The loss of the network: of each optimiser the middle one of five runs. "
    "On the right are those that scale each weight by itself. In a spike the "
    "rate was too large for a moment: lesson 18.",
)

# %% [markdown]
# ## How much of it is luck?
#
# Momentum and Nesterov train again, five times from the same start. Only one
# weight is different, in its thirteenth digit.

# %%
repeated = {
    name: [
        train(RACERS[name], rates[name], 4, nudge=k * 1e-13)[-1]
        for k in range(5)
    ]
    for name in ("Momentum", "Nesterov")
}
spread = max(repeated["Momentum"]) / min(repeated["Momentum"])

predict(
    "By how much do the five final losses of Momentum differ?",
    "by a factor of 5 or more"
    if spread > 5
    else "by some per cent"
    if spread > 1.01
    else "in the last digits",
    choices=[
        "in the last digits",
        "by some per cent",
        "by a factor of 5 or more",
    ],
    hints={
        "in the last digits": "Look at the spike in its curve. What becomes "
        "of a small difference there?",
        "by some per cent": "Look at the spike in its curve. What becomes "
        "of a small difference there?",
    },
    why=f"The largest is {spread:.3g} times the smallest.",
)

# %%
table(
    ["optimiser", "nudge 0", "1e-13", "2e-13", "3e-13", "4e-13"],
    [(name, *losses) for name, losses in repeated.items()],
    digits=3,
)

# %% [markdown]
# In a spike tiny differences grow large. Nesterov's rate, 0.01, is too small
# for spikes, so it comes out the same each time. So a factor of two or three
# in the table of the network means nothing, and neighbours may change places
# on another machine, which rounds differently.
#
# ## Who won?

# %%
table(
    ["place", "straight valley", "turned valley", "saddle", "network"],
    [(name, *[standing[name] for standing in places]) for name in RACERS],
)

# %% [markdown]
# It depends on the track. Schedule-free AdamW is among the first three on
# each of them, and everybody else is sixth or worse on at least one. But each
# track is *one* problem, and others would give another table. What holds
# beyond them are the reasons: momentum for long valleys; a scale for each
# parameter where steepness differs between them; full steps on gentle ground
# near saddles. And the loss is that on the points the network was trained on.
# Lesson 20 asks about new points, which is what AdamW's decay is for.
#
# Steps are not the whole price. SGD keeps no number for a weight, Momentum
# one, Adam two, which matters if there are billions of weights. Sophia pays
# for its curvature with a few extra gradients every ten steps, which the
# tables do not count.
#
# ## Exercises
#
# **1.** The gradient is 1 in every step, and stays so. With SGD and the rate
# 0.1 each step is 0.1 long. With momentum 0.9 steps grow. How long do they
# become in the end?

# %%
length = None  # your number

check("optimisers.length", length)

# %% [markdown]
# **2.** Write Adam for one number. It gets the parameter, its gradient, what
# it remembers (`m` and `s`), and the number of the step, counted from 1. It
# returns the new `p`, `m` and `s`.


# %%
def adam(p, g, m, s, step, rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    # your code
    ...


check("optimisers.adam", adam)

# %% [markdown]
# Next, lesson 18: how large the rate may be, and why it should fall.
