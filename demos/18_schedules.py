# %% [markdown]
# # 18. Learning rates: how large, and when
#
# *One idea: the curvature of the loss sets a limit to the learning rate. So a
# rate is large while it can be, and small where it must be.*
#
# Lesson 17 gave each optimiser seven rates and took the best. Too small a
# rate wastes steps, too large a one diverges. This lesson computes where the
# limit is, shows that a network drifts towards it by itself, and lets the
# rate fall, and rise, over time.
#
# The formulas are textbook mathematics; papers are named where they come in.
# The problems are ours.
#
# ## One weight
#
# The simplest loss is a parabola. $c$ is its *curvature*, the second
# derivative:
#
# $$L = \frac{c}{2}\, w^2, \quad \frac{dL}{dw} = c\,w, \quad
# \frac{d^2 L}{dw^2} = c$$
#
# A step of gradient descent multiplies $w$ by the same number each time:
#
# $$w \leftarrow w - \eta\, c\, w = (1 - \eta\, c)\, w$$
#
# It shrinks if $1 - \eta c$ lies between -1 and 1. So the limit is exact:
#
# $$0 < \eta < \frac{2}{c}$$

# %%
from autograd import Value, grad
from demos import COLOURS, axes, check, predict, show, table


def parabola(w):
    return 2 * w**2


curvature = grad(grad(parabola))(1.0)
print("curvature:", curvature)


def descend(rate, steps=30):
    w, path = Value(1.0), []
    for _ in range(steps):
        path.append(w.data)
        loss = parabola(w)
        w.grad = 0.0
        loss.backward()
        w.data -= rate * w.grad
    return path


predict(
    "The loss is 2w², and w starts at 1. With which rate does w jump between "
    "1 and -1 for ever?",
    2 / curvature,
    hints={
        0.25: "With 1/c one step lands on 0: 1 - 0.25 · 4 = 0.",
        1: "The curvature is 4, not 2: the derivative is 4w.",
    },
    why="1 - 0.5 · 4 = -1. That is the limit itself, 2/c.",
)

# %%
RATES = [0.02, 0.25, 0.45, 0.5, 0.55]
paths = {rate: descend(rate) for rate in RATES}
table(
    ["rate", "factor 1 - 4 rate", "w after 1", "2", "3", "10", "29 steps"],
    [
        (rate, 1 - rate * curvature, *[path[k] for k in (1, 2, 3, 10, 29)])
        for rate, path in paths.items()
    ],
    digits=4,
)

# %%
figure, plots = axes(2, height=3.2)
ws = [k / 50 - 1.5 for k in range(151)]
plots[0].plot(ws, [parabola(w) for w in ws], color=COLOURS[4], lw=1)
for number, rate in enumerate((0.02, 0.45, 0.55)):
    path, colour = paths[rate][:7], COLOURS[number]
    heights = [parabola(w) for w in path]
    plots[0].plot(path, heights, "o-", lw=1, ms=3, color=colour)
    plots[1].plot(
        [abs(w) for w in paths[rate]], color=colour, label=f"rate {rate}"
    )
plots[0].set(xlabel="w", ylabel="loss", xlim=(-1.6, 1.6), ylim=(-0.2, 5))
plots[1].set(xlabel="step", ylabel="|w|", yscale="log")
plots[1].legend()
show(
    figure,
    "Too small: it creeps. Just below the limit: it jumps across and gets "
    "closer. Above it: each jump is wider than the one before.",
)

# %% [markdown]
# ## Two weights
#
# With several weights each direction has a curvature of its own. In the
# valley of lesson 17 they are 1 along and 50 across:
#
# $$L = \frac{x^2 + 50\, y^2}{2}$$

# %%
predict(
    "Above which rate does gradient descent diverge in this valley?",
    2 / 50,
    hints={
        2: "That is the limit for x. And y?",
        1: "That is the limit for x, halved. And y?",
        0.02: "With 1/50, y is at 0 after one step. The limit is twice that.",
    },
    why="Each direction has its limit, 2/1 and 2/50. The smallest decides.",
)

# %%
rows = []
for rate in (0.01, 0.03, 0.039, 0.041):
    x, y = Value(1.0), Value(1.0)
    for _ in range(200):
        loss = (x**2 + 50 * y**2) / 2
        x.grad = y.grad = 0.0
        loss.backward()
        x.data -= rate * x.grad
        y.data -= rate * y.grad
    rows.append((rate, x.data, y.data))
table(["rate", "x after 200 steps", "y after 200 steps"], rows, digits=3)

# %% [markdown]
# That is the trouble with valleys: the steep direction limits the rate, and
# the gentle one has to live with it. In the race SGD's best rate was 0.03,
# the largest of the seven below 0.04.
#
# ## A network
#
# The loss of a network is no parabola, and its curvature changes along the
# way. The largest curvature of all directions is the largest eigenvalue of
# the matrix of second derivatives, the Hessian $H$. To find it, take any
# direction $v$, multiply it by $H$ again and again, and it turns into the
# steepest one. And $Hv$ is how fast the gradient changes in the direction
# $v$, which lesson 9's central difference finds from two gradients. (A ridge
# has a negative curvature. The second term in the loop keeps a very sharp
# ridge from being found instead of a valley.)

# %%
import autograd
import nn
import numpy as np

X = np.linspace(-1, 1, 40)[:, None]
TARGETS = np.sin(4 * X[:, 0])


def compiled(sizes):
    model = nn.MLP(1, sizes, activation="tanh", seed=0)

    def loss_of_one(x, target):
        return nn.mse(model(x), target)

    return model, autograd.compile(loss_of_one, model, like=([0.0], 0.0))


def begin(model, program, seed):
    sizes = [len(layer.neurons) for layer in model.layers]
    new = nn.MLP(1, sizes, activation="tanh", seed=seed)
    for p, q in zip(model.parameters(), new.parameters()):
        p.data = q.data
    program.read_in()


def steepest(program, rounds=50, nudge=1e-4):
    weights = program.parameters.data
    here = weights.copy()
    v = np.random.default_rng(0).normal(size=len(here))
    for _ in range(rounds):
        v = v / np.linalg.norm(v)
        weights[:] = here + nudge * v
        above = program(X, TARGETS)[1].copy()
        weights[:] = here - nudge * v
        below = program(X, TARGETS)[1].copy()
        product = (above - below) / (2 * nudge)
        size = float(v @ product)
        v = product + abs(size) * v  # the second term favours valleys
    weights[:] = here
    return size


# %% [markdown]
# The network is that of lesson 17, and learns $\sin(4x)$. It is trained with
# three rates, from the same start, by plain gradient descent on all 40
# points. Every 50 steps its largest curvature is measured.

# %%
model, program = compiled([10, 10, 1])
curvatures, network_losses = {}, {}
for rate in (0.05, 0.1, 0.2):
    begin(model, program, seed=1)
    optimiser = nn.SGD(program.parameters, lr=rate)
    curvatures[rate], network_losses[rate] = [], []
    for step in range(1501):
        if step % 50 == 0:
            curvatures[rate].append(steepest(program))
        network_losses[rate].append(program(X, TARGETS)[0])
        optimiser.step()

late = {rate: sum(found[-10:]) / 10 for rate, found in curvatures.items()}

predict(
    "At the start the largest curvature is about 16. After 1000 steps with "
    "the rate 0.1 it is, on average, about ...",
    late[0.1],
    hints={
        16: "It changes: it rises as long as the rate allows it.",
        10: "That is 1 divided by the rate. What is the limit?",
        0: "The rate leads to no flat place. It only sets a limit.",
    },
    why="2 / 0.1 = 20 is the largest curvature that the rate 0.1 can stand.",
    within=0.1,
)

# %%
table(
    ["rate", "2 / rate", "curvature at the start", "mean of the last 10"],
    [
        (rate, 2 / rate, found[0], late[rate])
        for rate, found in curvatures.items()
    ],
    digits=4,
)

# %%
figure, plots = axes(2, height=3.2)
for colour, (rate, found) in zip(COLOURS, curvatures.items()):
    plots[0].plot(range(0, 1501, 50), found, color=colour)
    plots[0].axhline(2 / rate, color=colour, lw=0.8, ls="--")
    plots[1].plot(
        network_losses[rate], color=colour, lw=1, label=f"rate {rate}"
    )
plots[0].set(xlabel="step", ylabel="largest curvature", ylim=(0, 55))
plots[1].set(xlabel="step", ylabel="loss", yscale="log")
plots[1].legend()
show(
    figure,
    "Each network drifts to the curvature 2 / rate (dashed) and stays near "
    "it. There its loss is ragged, for it is at the limit all the time.",
)

# %% [markdown]
# Cohen et al. (2021) found this in large networks and called it the *edge of
# stability*. Below the limit, training tends to lead to steeper places. At
# the limit the weights begin to jump across, which throws them to a gentler
# place, and so on. That is what the spikes in lesson 17 were. It does not
# always end well: with other starts, or a larger rate, the jump leads away
# for good.
#
# ## Why the rate should fall
#
# So far every step used all examples. With one example at a time the gradient
# is noisy: each example pulls the weights towards itself. A constant rate
# never comes to rest then. It hovers around the best weights, and the longer
# its steps are, the further away.
#
# Here a line $wx + b$ is fitted to 20 noisy points, one random point in each
# step. The best line is known, by the formulas of linear regression, so what
# is shown is how far the loss is above the lowest possible one. It is the
# mean of ten runs.
#
# These are the usual schedules, in step $t$ of $T$, with their names in
# `nn.optim.lr_scheduler`, which are PyTorch's:
#
# $$\mathrm{StepLR}: \quad \eta_t = \eta_0\, \gamma^{k}, \quad
# k \text{ grows by 1 every so many steps}$$
#
# $$\mathrm{ExponentialLR}: \quad \eta_t = \eta_0\, \gamma^t$$
#
# $$\mathrm{CosineAnnealingLR}: \quad
# \eta_t = \frac{\eta_0\, (1 + \cos(\pi t / T))}{2}$$
#
# The last one is by Loshchilov and Hutter (2017).

# %%
import random

from nn.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, StepLR

T = 800
generator = random.Random(1)
xs = [-1 + 2 * k / 19 for k in range(20)]
ys = [1.5 * x - 0.5 + generator.gauss(0, 0.5) for x in xs]

mean_x, mean_y = sum(xs) / 20, sum(ys) / 20
best_w = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / sum(
    (x - mean_x) ** 2 for x in xs
)
best_b = mean_y - best_w * mean_x


def full_loss(w, b):
    return sum((w * x + b - y) ** 2 for x, y in zip(xs, ys)) / 20


def fit_line(rate, schedule, seed):
    order = random.Random(seed)
    w, b = Value(-3.0), Value(2.0)
    optimiser = nn.SGD([w, b], lr=rate)
    scheduler = schedule(optimiser) if schedule else None
    rates, excess = [], []
    for _ in range(T):
        k = order.randrange(20)
        optimiser.zero_grad()
        loss = (w * xs[k] + b - ys[k]) ** 2
        loss.backward()
        optimiser.step()
        rates.append(optimiser.lr)
        excess.append(full_loss(w.data, b.data) - full_loss(best_w, best_b))
        if scheduler:
            scheduler.step()
    return rates, excess


SCHEDULES = {
    "constant 0.2": (0.2, None),
    "constant 0.05": (0.05, None),
    "constant 0.01": (0.01, None),
    "StepLR": (0.2, lambda o: StepLR(o, step_size=200, gamma=0.25)),
    "ExponentialLR": (0.2, lambda o: ExponentialLR(o, 0.01 ** (1 / T))),
    "CosineAnnealingLR": (0.2, lambda o: CosineAnnealingLR(o, T_max=T)),
}
rate_curves, excess_curves = {}, {}
for name, (rate, schedule) in SCHEDULES.items():
    runs = [fit_line(rate, schedule, seed) for seed in range(10)]
    rate_curves[name] = runs[0][0]
    excess_curves[name] = [
        sum(excess[step] for _, excess in runs) / 10 for step in range(T)
    ]


def closest_after(steps):
    return min(
        (0.2, 0.05, 0.01),
        key=lambda rate: excess_curves[f"constant {rate}"][steps - 1],
    )


predict(
    "Three constant rates. Which is closest to the best line after 25 steps, "
    "and which after 800?",
    f"{closest_after(25)}, then {closest_after(800)}",
    choices=["0.2, then 0.2", "0.2, then 0.01", "0.01, then 0.01"],
    hints={
        "0.2, then 0.2": "How far does one noisy point throw the weights?",
        "0.01, then 0.01": "How far does it come in 25 steps?",
    },
    why="Large steps arrive early and hover high. Small ones arrive late.",
)

# %%
table(
    ["mean excess loss after", "25 steps", "100", "200", "400", "800"],
    [
        (name, *[curve[step - 1] for step in (25, 100, 200, 400, 800)])
        for name, curve in excess_curves.items()
    ],
    digits=2,
)

# %%
figure, plots = axes(2, height=3.6)
for name in SCHEDULES:
    plots[0].plot(rate_curves[name])
    plots[1].plot(excess_curves[name], lw=1.2, label=name)
plots[0].set(xlabel="step", ylabel="learning rate", yscale="log")
plots[0].set(ylim=(1e-3, 0.4))
plots[1].set(xlabel="step", ylabel="excess loss", yscale="log")
plots[1].set(ylim=(3e-4, 30))
plots[1].legend(loc="upper right", fontsize=8)
show(
    figure,
    "Left the rates, right what they lead to. All rates that fall end below "
    "all that are constant.",
)

# %% [markdown]
# A constant rate hovers the lower the smaller it is. A falling rate has both:
# it arrives early, and its hovering shrinks. Which fall is best is a smaller
# question than whether it falls at all.
#
# ## Why the rate should rise first
#
# The opposite trouble is at the start. Random weights may happen to stand at
# a very steep place. A *warm-up* begins with a tiny rate and lets it rise
# (Goyal et al. 2017 for large batches; Vaswani et al. 2017 for transformers).
#
# Here is a deeper network, three layers of 20, on the same task, with
# momentum 0.9. Momentum moves the limit for a parabola to
# $2\,(1 + \mu) / c$. With the rate 0.1 that allows curvatures up to 38.

# %%
import math

from nn.optim.lr_scheduler import LinearLR, SequentialLR

deep, deep_program = compiled([20, 20, 20, 1])
starts = []
for seed in range(10):
    begin(deep, deep_program, seed)
    starts.append(steepest(deep_program))
starts.sort()
print("largest curvature at ten starts, in order:")
print([round(found) for found in starts])


def warm_up(optimiser):
    return LinearLR(optimiser, start_factor=0.01, total_iters=100)


def warm_up_then_cosine(optimiser):
    fall = CosineAnnealingLR(optimiser, T_max=300)
    return SequentialLR(optimiser, [warm_up(optimiser), fall], [100])


def final_loss(rate, schedule, seed):
    begin(deep, deep_program, seed)
    optimiser = nn.SGD(deep_program.parameters, lr=rate, momentum=0.9)
    scheduler = schedule(optimiser) if schedule else None
    for _ in range(400):
        loss, _ = deep_program(X, TARGETS)
        if not loss < 1e6:
            return math.inf
        optimiser.step()
        if scheduler:
            scheduler.step()
    return deep_program(X, TARGETS)[0]


PLANS = {
    "constant 0.03": (0.03, None),
    "constant 0.1": (0.1, None),
    "0.1, warm-up": (0.1, warm_up),
    "0.1, warm-up, cosine": (0.1, warm_up_then_cosine),
}
finals = {
    name: sorted(final_loss(*plan, seed) for seed in range(10))
    for name, plan in PLANS.items()
}
diverged = {
    name: sum(loss == math.inf for loss in losses)
    for name, losses in finals.items()
}

predict(
    "With 0.1 from the first step on, how many of ten starts diverge?",
    "5 or more" if diverged["constant 0.1"] >= 5 else "1 to 4",
    choices=["none", "1 to 4", "5 or more"],
    hints={
        "none": "The limit is 38. Compare the curvatures at the start.",
        "1 to 4": "Compare the curvatures at the start with the limit, 38.",
    },
    why="All ten starts are steeper than the limit allows.",
)

# %%
table(
    ["rate", "diverged", "final loss: best", "middle", "worst"],
    [
        (name, diverged[name], losses[0], losses[5], losses[9])
        for name, losses in finals.items()
    ],
    digits=2,
)

# %% [markdown]
# With a warm-up the same rate works from every start: the small first steps
# lead to gentler places before the large ones come. It pays a little, too:
# the middle loss is lower than with 0.03, the rate that is safe without. (The
# worst is not.) And the cosine gains nothing here, for without noise there is
# no hovering that it could end. All of that is this network and this task. A
# network that starts gently needs no warm-up.
#
# ## Exercises
#
# **1.** The loss is $3 w^2$. Which learning rate is the limit, above which
# gradient descent diverges?

# %%
limit = None  # your number

check("schedules.limit", limit)

# %% [markdown]
# **2.** Write a schedule: in the first `warm` steps the rate rises evenly,
# `high / warm` in step 0 and `high` in step `warm - 1`. From step `warm` on
# it falls along half a cosine: it is `high` in step `warm`, and would be 0 in
# step `total`. `rate(step, warm, total, high)` returns the rate.


# %%
def rate(step, warm, total, high):
    # your code; cos and pi are math.cos and math.pi
    ...


check("schedules.rate", rate)

# %% [markdown]
# Next, lesson 19: the noise of small batches, measured.
