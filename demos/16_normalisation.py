# %% [markdown]
# # 16. Normalisation and residual connections
#
# *One idea: a network can keep its numbers at a good size by itself, when
# each layer rescales them, or only adds a little to them.*
#
# A good start (lesson 15) keeps sizes right until training moves the weights.
# This lesson is about layers that keep them right all the time: batch
# normalisation (Ioffe and Szegedy 2015), layer normalisation (Ba, Kiros and
# Hinton 2016), and residual connections (He, Zhang, Ren and Sun 2016). The
# backward formulas of batch normalisation are those of the paper; the small
# numbers and the measurements are ours.
#
# ## Batch normalisation, forward
#
# Look at one unit and at the $m$ examples of a batch. The unit's sums for
# them are $x_1, \dots, x_m$. They are shifted to mean 0, divided by their
# spread, and then a scale $\gamma$ and a shift $\beta$ are applied, which are
# learnt:
#
# $$\mu = \frac{1}{m} \sum_i x_i, \quad
# v = \frac{1}{m} \sum_i (x_i - \mu)^2$$
#
# $$\hat{x}_i = \frac{x_i - \mu}{\sqrt{v + \epsilon}}, \quad
# y_i = \gamma \hat{x}_i + \beta$$
#
# $v$ is the variance, and its root is the spread. The small number $\epsilon$
# keeps the divisor away from 0. In `Value`s:

# %%
from autograd import Value, sum as total
from demos import axes, check, predict, show, table

EPS = 1e-5


def named(node, label):
    node.label = label
    return node


def batch_norm(xs, gamma, beta):
    m = len(xs)
    mean = named(total(xs) / m, "mean")
    var = named(total([(x - mean) ** 2 for x in xs]) / m, "var")
    hats, ys = [], []
    for i, x in enumerate(xs, 1):
        hats.append(named((x - mean) / (var + EPS) ** 0.5, f"xhat{i}"))
        ys.append(named(gamma * hats[-1] + beta, f"y{i}"))
    return mean, var, hats, ys


def start(numbers):
    return [Value(x, f"x{i}") for i, x in enumerate(numbers, 1)]


gamma, beta = Value(1.5, "gamma"), Value(0.5, "beta")
xs = start([2.0, -1.0, 4.0, 7.0])
mean, var, hats, ys = batch_norm(xs, gamma, beta)
print(f"mean {mean.data:g}, variance {var.data:g}")
rows = [(x.label, x.data, h.data, y.data) for x, h, y in zip(xs, hats, ys)]
table(["", "x", "xhat", "y"], rows, digits=6)

# %% [markdown]
# ## Backward: everybody is connected
#
# So far an example never met another one before the loss. Here they meet in
# $\mu$ and $v$.

# %%
ys[0].backward()

predict(
    "Take the slope of y1 alone. How many of x1, x2, x3, x4 have a gradient "
    "that is not 0?",
    len([x for x in xs if x.grad != 0]),
    hints={1: "x2 moves the mean and the variance, and so it moves y1."},
    why="Each x reaches y1 through the mean and through the variance; x1 "
    "also directly.",
)

# %%
table(["", "slope of y1"], [(x.label, x.grad) for x in xs], digits=6)

# %% [markdown]
# The page shows the same with three examples. It opens at `x1`, when its
# gradient is complete: look at how many edges lead out of it.

# %%
from autograd.view import explore

three = start([1.0, -1.0, 6.0])
mean3, var3, _, ys3 = batch_norm(
    three, Value(1.5, "gamma"), Value(0.5, "beta")
)
page = explore(
    ys3[0],
    open=False,
    title="Batch normalisation",
    text="Three examples of one unit. The slope of y1 by each of them.",
    notes={
        mean3: "Here the examples meet for the first time,",
        var3: "and here for the second.",
        three[0]: "Three ways: directly, by the mean, by the variance.",
    },
    selected=three[0],
    step="backward",
)
show(page, "One unit, three examples: each of them reaches y1.")

# %% [markdown]
# Let the loss have the slopes $g_i = \partial L / \partial y_i$. The chain
# rule goes back in the order of the forward pass, reversed: to $\hat{x}$, to
# the variance, to the mean, to $x$. Texts write it like this, with $d$ for
# "slope of the loss by":
#
# $$d\hat{x}_i = g_i\, \gamma$$
#
# $$dv = -\frac{1}{2 (v + \epsilon) \sqrt{v + \epsilon}}
# \sum_i d\hat{x}_i\, (x_i - \mu)$$
#
# $$d\mu = -\frac{\sum_i d\hat{x}_i}{\sqrt{v + \epsilon}}
# + dv \cdot \frac{1}{m} \sum_i -2 (x_i - \mu)$$
#
# $$dx_i = \frac{d\hat{x}_i}{\sqrt{v + \epsilon}}
# + dv \cdot \frac{2 (x_i - \mu)}{m} + \frac{d\mu}{m}$$
#
# $$d\gamma = \sum_i g_i\, \hat{x}_i, \quad d\beta = \sum_i g_i$$
#
# The last line but one shows the three ways from $x_i$: directly, through the
# variance, through the mean. As a program in plain floats, beside the engine:


# %%
def by_formulas(x, g, gamma):
    m = len(x)
    mean = sum(x) / m
    var = sum((x_i - mean) ** 2 for x_i in x) / m
    root = (var + EPS) ** 0.5
    dxhat = [g_i * gamma for g_i in g]
    dvar = 0.0
    for i in range(m):
        dvar += dxhat[i] * (x[i] - mean) * -0.5 * (var + EPS) ** -1.5
    by_root = -sum(dxhat) / root
    by_var = dvar * sum(-2 * (x_i - mean) for x_i in x) / m
    dmean = by_root + by_var
    dx = []
    for i in range(m):
        dx.append(dxhat[i] / root + dvar * 2 * (x[i] - mean) / m + dmean / m)
    dgamma = sum(g[i] * (x[i] - mean) / root for i in range(m))
    return dxhat, dvar, dmean, dx, dgamma, sum(g), by_var


x, g = [2.0, -1.0, 4.0, 7.0], [1.0, -2.0, 0.5, 3.0]
dxhat, dvar, dmean, dx, dgamma, dbeta, by_var = by_formulas(x, g, 1.5)

gamma, beta = Value(1.5, "gamma"), Value(0.5, "beta")
xs = start(x)
mean, var, hats, ys = batch_norm(xs, gamma, beta)
loss = total([g_i * y for g_i, y in zip(g, ys)])
loss.backward()

rows = [("dxhat1", hats[0].grad, dxhat[0])]
rows += [("dvar", var.grad, dvar), ("dmean", mean.grad, dmean)]
rows += [(f"dx{i + 1}", xs[i].grad, dx[i]) for i in range(4)]
rows += [("dgamma", gamma.grad, dgamma), ("dbeta", beta.grad, dbeta)]
table(["", "by the engine", "by the formulas"], rows, digits=12)

# %% [markdown]
# Equal, number for number. Two things are worth a look.
#
# The second part of $d\mu$ contains $\sum_i (x_i - \mu)$. What is left of
# numbers without their mean adds up to 0. So this part is always 0, but for
# rounding, and programs may leave it out:

# %%
print("the second part of dmean:", abs(by_var))

# %%
predict(
    "Add up dx1 + dx2 + dx3 + dx4. What comes out?",
    round(sum(v.grad for v in xs), 12),
    hints={
        2.5: "That is the sum of the g. Ask another question: what does y "
        "do if all x grow by the same amount?"
    },
    why="If all x grow by the same amount, the mean does, too, and x - mean "
    "stays. So y does not change, and the slope in that direction is 0.",
    within=1e-6,
)

# %% [markdown]
# This has a consequence. A bias of the layer before moves all $x_i$ by the
# same amount. So it gets the gradient 0, and is useless: such a layer is made
# without a bias, and $\beta$ takes its place. The *scale* of the weights does
# not matter, either: if all $x_i$ are twice as large, so is their spread. A
# layer of two inputs and three units shows both:

# %%
import nn

linear, norm = nn.Linear(2, 3, seed=1), nn.BatchNorm1d(3)
inputs = [[1.0, 2.0], [-1.0, 0.0], [0.5, -2.0], [3.0, 1.0]]
before = norm(linear(inputs))
first = total([g_i * row[0] for g_i, row in zip(g, before)])
first.backward()
bias_grad, weight_grad = linear.bias[0].grad, linear.weight[0][0].grad
print(f"gradients of unit 1: bias {bias_grad:.1g}, weight {weight_grad:.4g}")

for w in linear.parameters():
    w.data *= 2
after = norm(linear(inputs))
moved = 0.0
for row, other in zip(before, after):
    for y, y2 in zip(row, other):
        moved = max(moved, abs(y.data - y2.data))
print(f"with weights twice as large the outputs move by {moved:.1g} at most")

# %% [markdown]
# What the outputs do move is the work of $\epsilon$, which does not grow.
#
# ## With single examples
#
# When the network is used there may be no batch, and the answer for one
# example must not depend on the others. So `nn.BatchNorm1d` keeps a running
# mean and variance while it is trained, and uses these after `eval()`.

# %%
norm = nn.BatchNorm1d(1)
batch = [[x_i] for x_i in x]
for _ in range(50):
    norm(batch)
in_training = norm(batch)[0][0].data
norm.eval()
alone = norm([x[0]])[0].data
print(f"running mean {norm.running_mean[0]:.4f}", end=", ")
print(f"running variance {norm.running_var[0]:.4f}")
print(f"x1 in the batch: {in_training:.4f}, alone after eval(): {alone:.4f}")

# %% [markdown]
# The two differ although it was always the same batch. The variance in the
# batch is divided by $m$, here $34/4 = 8.5$. The running one is to be a guess
# for *all* examples, and is divided by $m - 1$: $34/3$. (After 50 batches it
# is nearly there; it started at 1.) With larger batches the difference is
# small. Forgetting `eval()` is a classic mistake.
#
# ## Layer normalisation
#
# The same formulas, but over other numbers: over the units of *one* example.
# Then examples do not meet, and nothing changes with `eval()`. Here is a
# layer of three units, with four examples:

# %%
layer = [
    [2.0, 0.0, 10.0],
    [-1.0, 1.0, 11.0],
    [4.0, 0.0, 9.0],
    [7.0, 3.0, 6.0],
]
by_batch = nn.BatchNorm1d(3)(layer)
by_layer = nn.LayerNorm(3)(layer)


def shown(numbers):
    return "  ".join(f"{float(n):5.2f}" for n in numbers)


rows = []
for k in range(4):
    rows.append(
        (
            k + 1,
            shown(layer[k]),
            shown([v.data for v in by_batch[k]]),
            shown([v.data for v in by_layer[k]]),
        )
    )
table(["example", "three units", "batch norm", "layer norm"], rows)

# %% [markdown]
# With batch norm each column has mean 0 and variance 1, with layer norm each
# row. Look at the third unit, which is much larger than the others. Batch
# norm sees only how it differs from example to example. For layer norm it is
# the largest number of its row, in three examples of four.
#
# ## A way around
#
# A **residual connection** adds the input of a layer to its output:
#
# $$a_l = a_{l-1} + F(a_{l-1}), \quad
# \frac{d a_l}{d a_{l-1}} = 1 + F'(a_{l-1})$$
#
# The 1 is the way around. Whatever $F$ does to the blame, it also comes back
# unchanged. Here are the ten sigmoids of lesson 14 again, each with a way
# around.


# %%
def chain(way_around):
    x = Value(1.0, "x")
    a = x
    for _ in range(10):
        a = a + a.sigmoid() if way_around else a.sigmoid()
    a.backward()
    return x.grad


without, around = chain(False), chain(True)
predict(
    f"Without the way around the slope by x is {without:.2g}. What can you "
    "say about it with the way around?",
    "it is more than 1" if around > 1 else "it is between 0 and 1",
    choices=["it is next to 0", "it is between 0 and 1", "it is more than 1"],
    hints={
        "it is next to 0": "Each factor is 1 + a slope. How small can it be?",
        "it is between 0 and 1": "A sigmoid always rises: its slope is "
        "positive.",
    },
    why="It is a product of ten factors 1 + slope, and no slope of a sigmoid "
    "is negative.",
)

# %%
print(f"slope of a10 by x: {around:.4f}")

# %% [markdown]
# ## By depth, again
#
# Now the measurement of lesson 14, with what we have: twenty layers of 16
# units, a batch of 16 examples, the size of the deltas in each layer. For the
# sigmoid the weights have the variance $1/16$, for ReLU Kaiming's $2/16$.
# There are five designs, all with the same weights $W$ and activation $f$:
#
# | design | layer |
# |---|---|
# | plain | $a \leftarrow f(Wa)$ |
# | batch norm | $a \leftarrow f(\mathrm{BN}(Wa))$ |
# | layer norm | $a \leftarrow f(\mathrm{LN}(Wa))$ |
# | residual | $a \leftarrow a + f(Wa)$ |
# | residual, layer norm | $a \leftarrow a + f(W\, \mathrm{LN}(a))$ |
#
# The last is how transformers are built (lesson 26).

# %%
import math
import random
import autograd
from nn import init

WIDTH, DEPTH = 16, 20
source = random.Random(3)


def drawn():
    return [[source.gauss(0, 1) for _ in range(WIDTH)] for _ in range(16)]


examples, slopes = drawn(), drawn()


def size(numbers):
    return math.sqrt(total([n * n for n in numbers]) / len(numbers))


def sums_by_layer(design, f, variance):
    """The sums z of each layer, for all examples, after backward()."""
    weights = random.Random(1)
    batch, sums = examples, []
    for _ in range(DEPTH):
        linear = nn.Linear(
            WIDTH,
            WIDTH,
            bias=False,
            init=init.normal(0, variance**0.5),
            seed=weights,
        )
        if design == "residual, layer norm":
            z = linear(nn.LayerNorm(WIDTH)(batch))
        else:
            z = linear(batch)
        sums.append(z)
        if design == "batch norm":
            z = nn.BatchNorm1d(WIDTH)(z)
        if design == "layer norm":
            z = nn.LayerNorm(WIDTH)(z)
        made = [[f(z_i) for z_i in row] for row in z]
        if design.startswith("residual"):
            for row, before in zip(made, batch):
                for i in range(WIDTH):
                    row[i] = before[i] + row[i]
        batch = made
    loss = total(
        [s * a for ss, row in zip(slopes, batch) for s, a in zip(ss, row)]
    )
    loss.backward()
    return sums


designs = [
    "plain",
    "batch norm",
    "layer norm",
    "residual",
    "residual, layer norm",
]
deltas, sums = {}, {}
for name, f, variance in [
    ("sigmoid", autograd.sigmoid, 1 / WIDTH),
    ("ReLU", autograd.relu, 2 / WIDTH),
]:
    for design in designs:
        made = sums_by_layer(design, f, variance)
        sums[name, design] = made
        deltas[name, design] = [
            size([z.grad for row in layer for z in row]) for layer in made
        ]

kept = {
    design: deltas["sigmoid", design][0] / deltas["sigmoid", design][-1]
    for design in designs
}
BATCH, LAYER, BOTH = "batch norm", "layer norm", "both alike"
if kept[BATCH] > 1000 * kept[LAYER]:
    better = BATCH
elif kept[LAYER] > 1000 * kept[BATCH]:
    better = LAYER
else:
    better = BOTH
predict(
    "In a deep network of sigmoids, which normalisation keeps the blame from "
    "vanishing?",
    better,
    choices=[BATCH, LAYER, BOTH],
    hints={
        LAYER: "The outputs of sigmoids are all positive, near 0.5. What do "
        "the examples of a batch then have in common?",
        BOTH: "They divide by different numbers. Which is smaller?",
    },
    why="Normalisation multiplies the blame by 1/spread. Between the "
    "examples of a batch the sums of sigmoids differ little, between the "
    "units of one example much more.",
)

# %%
places = [1, 5, 10, 15, 20]
for name in ("sigmoid", "ReLU"):
    rows = []
    for design in designs:
        curve = deltas[name, design]
        rows.append((design, *[curve[l - 1] for l in places]))
    columns = [f"layer {l}" for l in places]
    table([f"{name}: size of delta", *columns], rows, digits=2)

# %%
figure, plots = axes(2, height=3.8)
for plot, name in zip(plots, ("sigmoid", "ReLU")):
    for design in designs:
        curve = deltas[name, design]
        plot.semilogy(range(1, DEPTH + 1), curve, label=design)
    plot.set(title=name, xlabel="layer", xticks=[1, 5, 10, 15, 20])
plots[0].set(ylabel="size of delta")
handles, names = plots[0].get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=3)
show(
    figure,
    "The deltas by layer in five designs. The blame travels from right to "
    "left; a level line keeps it.",
)

# %% [markdown]
# The spreads that the answer speaks of can be measured, in the tenth layer of
# the sigmoids, before it is normalised:


# %%
def spread(numbers):
    mean = sum(numbers) / len(numbers)
    return size([n - mean for n in numbers])


rows = []
for design in ("batch norm", "layer norm"):
    tenth = [[z.data for z in row] for row in sums["sigmoid", design][9]]
    if design == "batch norm":
        groups = [list(column) for column in zip(*tenth)]
    else:
        groups = tenth
    mean_spread = sum(spread(group) for group in groups) / len(groups)
    rows.append((design, mean_spread, 1 / mean_spread))
table(["design", "spread that it divides by", "factor"], rows, digits=3)

# %% [markdown]
# In each layer the blame is multiplied by this factor, by the slopes of the
# sigmoids, at most 0.25, and by weights, whose effect on the size is about 1
# (lesson 15). The factor of batch norm is large enough to make up for the
# slopes, that of layer norm is not.
#
# What else is to be seen:
#
# - In the ReLU network batch norm makes the blame *grow* on its way back.
#   That is no accident of these weights: Yang and others (2019) showed that
#   very deep networks with batch norm and without ways around start with
#   exploding gradients.
# - Residual connections alone keep the blame of the sigmoids. With ReLU each
#   layer adds something, forward and backward, so that numbers and blame
#   grow.
# - Residual connections *with* layer norm in the branch are the only design
#   whose deltas stay within a factor of ten in both networks. That is one
#   reason why networks with a hundred such layers can be trained.
#
# ## Exercises
#
# **1.** A batch has only two examples, and a unit's sums are 1 and 5. With
# $\gamma = 1$, $\beta = 0$ and $\epsilon = 0$: what does batch normalisation
# make of the 5?

# %%
of_five = None  # your number

check("normalisation.of_five", of_five)

# %% [markdown]
# (And of 1 and 500? A batch of two tells only which is larger.)
#
# **2.** Many language models use a simpler norm, RMSNorm (Zhang and Sennrich
# 2019): $y_i = x_i / r$ with the root of the mean square
# $r = \sqrt{\frac{1}{m} \sum_j x_j^2}$. There is no mean to subtract, and
# here no $\epsilon$. Write its backward pass in plain floats. `x` are the
# numbers, `g` the slopes of the loss by the $y_i$; return the list of the
# slopes by the $x_i$. There are two ways from $x_i$: directly, and through
# $r$. The slope of $r$ by $x_i$ is $x_i / (m r)$.


# %%
def rms_backward(x, g):
    # your code
    ...


check("normalisation.rms_backward", rms_backward)

# %% [markdown]
# Next, lesson 17: the step itself. Optimisers race each other.
