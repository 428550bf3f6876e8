# %% [markdown]
# # 19. Batches: one example, some, or all
#
# *One idea: the gradient of a few examples is a noisy measurement of the
# gradient of all, right on average, and much cheaper.*
#
# The loss of a network is a mean over all examples. Its gradient needs all of
# them, for a single step. If there are a million, is it wise to look at all
# before moving at all? *Stochastic* gradient descent moves after each
# example, *mini-batch* gradient descent after a few. The idea is as old as
# Robbins and Monro (1951). The data here are ours.
#
# ## One problem
#
# A line $wx + b$ is to be fitted to 64 points, made from $2x - 1$ with noise.
# The loss is the mean squared error,
#
# $$L = \frac{1}{N} \sum_k L_k, \quad L_k = (w x_k + b - y_k)^2$$

# %%
import random

from autograd import Value
from demos import COLOURS, axes, check, predict, show, table

N = 64
generator = random.Random(3)
xs = [-1 + 2 * k / (N - 1) for k in range(N)]
ys = [2 * x - 1 + generator.gauss(0, 0.5) for x in xs]


def loss_of(w, b, batch):
    total = 0.0
    for k in batch:
        total = total + (w * xs[k] + b - ys[k]) ** 2
    return total / len(batch)


def gradient(w, b, batch):
    w, b = Value(w), Value(b)
    loss = loss_of(w, b, batch)
    loss.backward()
    return w.grad, b.grad


W, B = -0.5, 0.5
EVERYTHING = range(N)
full = gradient(W, B, EVERYTHING)
singles = [gradient(W, B, [k]) for k in EVERYTHING]
print("gradient of all 64 examples:", full)
print("of the first three, one by one:", *singles[:3], sep="\n  ")

# %% [markdown]
# Single examples do not agree. Each wants the line to pass through its own
# point. Some even point the other way.

# %%
against = sum(by_w * full[0] < 0 for by_w, by_b in singles)

predict(
    "For how many of the 64 examples has the slope by w the opposite sign of "
    "the full slope?",
    "1 to 31" if 0 < against < 32 else "none" if not against else "more",
    choices=["none", "1 to 31", "more"],
    hints={
        "none": "A point right of 0 and one left of 0 may want different "
        "things of w.",
        "more": "If most were against it, their mean would be, too.",
    },
    why=f"There are {against}. A step that follows one of them goes the "
    "wrong way along w.",
)

# %% [markdown]
# ## Right on average
#
# The derivative of a sum is the sum of the derivatives. So the mean of all 64
# one-example gradients is the full gradient. The same holds for batches: take
# *every possible* batch of two, and the mean of their gradients is the full
# one again. Statisticians call such a measurement *unbiased*.

# %%
pairs = [
    gradient(W, B, [j, k]) for k in EVERYTHING for j in EVERYTHING if j < k
]


def mean(numbers):
    return sum(numbers) / len(numbers)


table(
    ["", "by w", "by b"],
    [
        ("all 64 at once", *full),
        ("mean of 64 singles", *[mean(g) for g in zip(*singles)]),
        (f"mean of {len(pairs)} pairs", *[mean(g) for g in zip(*pairs)]),
    ],
    digits=15,
)

# %% [markdown]
# ## How noisy?
#
# The spread of a measurement is its standard deviation: the root of the mean
# squared distance from the truth. Let it be $\sigma$ for one example. The
# mean of $n$ examples drawn at random has a smaller one:
#
# $$\sigma_n = \frac{\sigma}{\sqrt{n}}$$

# %%
sigma = mean([(by_w - full[0]) ** 2 for by_w, _ in singles]) ** 0.5
print(f"spread of one example: {sigma:.4f}, around {full[0]:.4f}")

predict(
    "A batch of 4 has half the spread of one example. How large must a batch "
    "be for a tenth of it?",
    10**2,
    hints={
        10: "The spread falls with the root of the size.",
        20: "4 gives a half; 16 gives a quarter. Go on.",
        40: "The spread falls with the root of the size.",
    },
    why="The root of 100 is 10. Ten times as exact costs 100 times as much.",
)

# %% [markdown]
# That is a bad bargain for large batches, and the reason why small ones do so
# well. Now it is measured: 2000 random batches of each size. Their gradients
# are means of the 64 that are known already.
#
# An epoch does not draw like that. It shuffles the examples and deals them
# out, so none comes twice in a batch. Then the spread is smaller by one more
# factor, and at $n = N$ it is 0, for a batch of all has no choice left:
#
# $$\sigma_n = \frac{\sigma}{\sqrt{n}} \sqrt{\frac{N - n}{N - 1}}$$

# %%
SIZES = [1, 2, 4, 8, 16, 32, 64]
slopes = [by_w for by_w, _ in singles]


def spread(draw):
    measured = [mean(draw()) for _ in range(2000)]
    return mean([(g - full[0]) ** 2 for g in measured]) ** 0.5


rows = []
for size in SIZES:
    drawn = spread(lambda: generator.choices(slopes, k=size))
    dealt = spread(lambda: generator.sample(slopes, size))
    expected = sigma / size**0.5
    corrected = expected * ((N - size) / (N - 1)) ** 0.5
    rows.append((size, drawn, expected, dealt, corrected))
table(
    ["batch", "spread, drawn", "formula", "spread, dealt", "formula"],
    rows,
    digits=4,
)

# %%
figure, plots = axes(2, height=3.2)
for size, colour in zip((1, 8, 32), COLOURS):
    measured = [mean(generator.choices(slopes, k=size)) for _ in range(2000)]
    label = f"batch of {size}"
    plots[0].hist(measured, 40, color=colour, alpha=0.6, label=label)
plots[0].axvline(full[0], color=COLOURS[4], ls="--", lw=1)
plots[0].set(xlabel="measured slope by w", yticks=[])
plots[0].legend()
sizes, drawn, expected, dealt, corrected = zip(*rows)
plots[1].loglog(sizes, expected, lw=1, color=COLOURS[0])
plots[1].loglog(sizes, drawn, "o", color=COLOURS[0], label="drawn")
plots[1].loglog(sizes[:-1], corrected[:-1], lw=1, color=COLOURS[1])
plots[1].loglog(sizes[:-1], dealt[:-1], "s", color=COLOURS[1], label="dealt")
plots[1].set(xlabel="batch size", ylabel="spread")
plots[1].legend()
show(
    figure,
    "Left: what 2000 batches measure, around the true slope (dashed). Right: "
    "their spread, measured (points) and by the formulas (lines).",
)

# %% [markdown]
# ## The race
#
# Now train, from the same start with the same rate, with batches of 64 (all:
# *full-batch*), of 8 and of 1. What is compared is the loss after as many
# *examples* seen, for they are what costs. An epoch is a pass through all 64
# examples: one step with all, 8 steps with batches of 8, 64 with single
# examples. Full-batch is shown with a larger rate, too, as it has no noise
# that would forbid it.

# %%
EPOCHS = 40
mean_x, mean_y = mean(xs), mean(ys)
best_w = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / sum(
    (x - mean_x) ** 2 for x in xs
)
best_b = mean_y - best_w * mean_x
lowest = loss_of(best_w, best_b, EVERYTHING)


def train(size, rate):
    w, b = -1.5, 1.5
    order, shuffler = list(EVERYTHING), random.Random(0)
    path, excess = [(w, b)], [loss_of(w, b, EVERYTHING) - lowest]
    for _ in range(EPOCHS):
        shuffler.shuffle(order)
        for start in range(0, N, size):
            by_w, by_b = gradient(w, b, order[start : start + size])
            w, b = w - rate * by_w, b - rate * by_b
            path.append((w, b))
        excess.append(loss_of(w, b, EVERYTHING) - lowest)
    return path, excess


CONTESTANTS = {
    "64, rate 0.1": (64, 0.1),
    "8, rate 0.1": (8, 0.1),
    "1, rate 0.1": (1, 0.1),
    "64, rate 0.5": (64, 0.5),
}
trained = {name: train(*plan) for name, plan in CONTESTANTS.items()}

first = min(
    ("64, rate 0.1", "8, rate 0.1", "1, rate 0.1"),
    key=lambda name: trained[name][1][1],
)
predict(
    "All with the rate 0.1: which batch size is ahead after one epoch?",
    first.split(",")[0],
    choices=["64", "8", "1"],
    hints={
        "64": "It has made a single step so far, in the best direction.",
        "8": "It has made 8 steps. And single examples?",
    },
    why="64 poor steps bring one further than a single excellent one.",
)

# %%
table(
    ["batch", "steps an epoch", "excess loss: start", "1 epoch", "5", "40"],
    [
        (
            name,
            N // CONTESTANTS[name][0],
            *[excess[epoch] for epoch in (0, 1, 5, EPOCHS)],
        )
        for name, (_, excess) in trained.items()
    ],
    digits=2,
)

# %%
figure, plots = axes(2, height=3.6)
for name in ("1, rate 0.1", "8, rate 0.1", "64, rate 0.1"):
    path, excess = trained[name]
    plots[0].plot(*zip(*path[:641]), ".-", lw=0.8, ms=3, label=name)
    plots[1].plot(excess, lw=1.4, label=name)
plots[0].plot([best_w], [best_b], "*", color=COLOURS[5], ms=11)
plots[1].plot(trained["64, rate 0.5"][1], lw=1.4, label="64, rate 0.5")
plots[0].set(xlabel="w", ylabel="b")
plots[1].set(xlabel="epoch", ylabel="excess loss", yscale="log")
plots[1].set(ylim=(1e-7, 20))
plots[1].legend(loc="upper right", fontsize=8)
show(
    figure,
    "Left the paths to the best line (the star), of single examples only the "
    "first ten epochs. Right the loss above the lowest one.",
)

# %% [markdown]
# Single examples are ahead at first, and then hover (lesson 18 said what
# helps: a falling rate). The mini-batch hovers much lower. Full-batch goes
# the straight way; it is slow with the small rate, and with the large one it
# ends lowest of all. On 64 examples that is easily afforded. With a million,
# an epoch is long, and who waits for it is overtaken by everyone else.
#
# ## The price of a step
#
# There is one more reason for batches. A compiled program (lesson 12) takes
# all examples of a batch at once, as matrices, so that 64 examples do not
# take 64 times as long. What follows is measured on this machine, for a
# network with two layers of 16 units.

# %%
import time

import autograd
import nn
import numpy as np

model = nn.MLP(1, [16, 16, 1], activation="tanh", seed=0)


def loss_of_one(x, y):
    return nn.mse(model(x), y)


program = autograd.compile(loss_of_one, model, like=([0.0], 0.0))
prices = {}
for size in (1, 8, 64, 512):
    inputs, targets = np.zeros((size, 1)), np.zeros(size)
    times = []
    for _ in range(50):
        began = time.perf_counter()
        program(inputs, targets)
        times.append(time.perf_counter() - began)
    prices[size] = min(times)

table(
    ["batch", "microseconds a step", "an example"],
    [(n, 1e6 * took, 1e6 * took / n) for n, took in prices.items()],
    digits=3,
)

# %% [markdown]
# ## The loop, as everybody writes it
#
# With `nn` the loop looks as in PyTorch, name for name. Here is a program of
# the kind that many courses print, a class with two layers, with our import:

# %%
import nn


class TorchNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(1, 4, seed=1)
        self.activation = nn.Tanh()
        self.output = nn.Linear(4, 1, seed=2)

    def forward(self, x):
        return self.output(self.activation(self.hidden(x)))


network = TorchNetwork()
criterion = nn.MSELoss()
optimizer = nn.SGD(network.parameters(), lr=0.1)
data = nn.TensorDataset([[x] for x in xs], [[y] for y in ys])
loader = nn.DataLoader(data, batch_size=8, shuffle=True, seed=0)

epoch_losses = []
for _ in range(10):
    network.train()
    total = 0.0
    for inputs, targets in loader:
        predictions = network(inputs)
        loss = criterion(predictions, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.data * len(inputs)
    epoch_losses.append(total / len(data))
print("loss by epoch:", *[round(loss, 3) for loss in epoch_losses])

# %% [markdown]
# One line is often misread. Some texts put `model.train()` where they explain
# the forward pass. The name invites it, but it computes nothing. It sets a
# switch, which layers such as dropout and batch normalisation look at
# (lesson 20), and returns the network. The forward pass is `network(inputs)`.

# %%
print("the network itself:", network.train() is network)
print("the switch:", network.training, "and after eval():", end=" ")
print(network.eval().training)

# %% [markdown]
# `nn.fit(network, criterion, data, epochs=10, batch_size=8)` is the same loop
# in one line; lesson 20 uses it.
#
# ## Exercises
#
# **1.** With batches of 16 the spread of the gradient is 0.5. Which batch
# size brings it down to 0.1? (Assume that there are many examples.)

# %%
size = None  # your number

check("batches.size", size)

# %% [markdown]
# **2.** Write what a `DataLoader` does. `batches(examples, size, seed)`
# returns a list of lists: the examples in a random order, `size` at a time,
# each exactly once. The last batch may be smaller. The list that was given
# stays as it is. Use `random.Random(seed)`.


# %%
def batches(examples, size, seed):
    # your code
    ...


check("batches.batches", batches)

# %% [markdown]
# Next, lesson 20: a low loss is not the goal. When networks learn too well.
