# %% [markdown]
# # 15. How weights start
#
# *One idea: draw the first weights with such a spread that each layer hands
# on numbers as large as those it got, forward and backward.*
#
# In lesson 14 the same weights made one network vanish and another explode.
# The weights at the start are ours to choose. This lesson first shows two bad
# choices, then derives the good ones. The formulas are those of Glorot and
# Bengio (2010), named after Xavier Glorot, and of He, Zhang, Ren and Sun
# (2015), named after Kaiming He. The experiments are ours.
#
# ## All alike
#
# Why draw weights at random at all? Let us start a network 2-3-1 with tanh
# for XOR where every weight is 0.5 and every bias 0.

# %%
import nn
from nn import init
from demos import COLOURS, axes, check, predict, show, table

inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [0, 1, 1, 0]


def train(network, steps=300):
    optimiser = nn.SGD(network.parameters(), lr=0.2)
    for _ in range(steps):
        loss = nn.mse([network(x) for x in inputs], targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return loss.data


alike = nn.MLP(2, [3, 1], activation="tanh", init=init.constant(0.5))
drawn = nn.MLP(2, [3, 1], activation="tanh", init=init.normal(0, 1), seed=1)
losses = {"all 0.5": train(alike), "drawn": train(drawn)}

first, second, third = alike.layers[0].neurons
predict(
    "After 300 steps, how far is a weight of the first hidden unit from the "
    "same weight of the second?",
    abs(first.w[0].data - second.w[0].data),
    hints={0.5: "They started at 0.5. How far apart were they at the start?"},
    why="Both units computed the same, and so they got the same blame. "
    "Equal weights with equal gradients stay equal.",
)

# %%
rows = []
for name, network in [("all 0.5", alike), ("drawn", drawn)]:
    for k, unit in enumerate(network.layers[0].neurons, 1):
        rows.append((name, k, unit.w[0].data, unit.w[1].data, unit.b.data))
table(["start", "unit", "w1", "w2", "bias"], rows, digits=6)
table(["start", "loss after 300 steps"], list(losses.items()), digits=3)

# %% [markdown]
# Three equal units are one unit, only three times as loud. The network has
# three and can use one. This is called *symmetry*, and random numbers break
# it.
#
# And if everything starts at 0?

# %%
zeros = nn.MLP(2, [3, 1], activation="tanh", init="zeros")
nn.mse([zeros(x) for x in inputs], targets).backward()
moving = [p for p in zeros.parameters() if p.grad != 0]

predict(
    "All 13 weights and biases are 0. How many of them have a gradient that "
    "is not 0?",
    len(moving),
    hints={
        13: "A weight's gradient is delta times signal. Which are 0?",
        0: "The outputs are 0 and the targets are not. One number alone "
        "could help at once.",
        4: "The output's weights multiply tanh(0), which is 0.",
    },
    why="The hidden units give tanh(0) = 0, so the weights above them get "
    "nothing. The blame comes back through weights that are 0, so all "
    "below gets nothing. The bias of the output is left.",
)

# %% [markdown]
# ## How large?
#
# So weights are drawn at random, with mean 0. It remains to choose how far
# they spread. Take one unit with $n$ inputs and no bias,
# $z = \sum_j w_j a_j$, and ask for the mean of $z^2$, written $E[z^2]$.
# Multiply the sum with itself:
#
# $$E[z^2] = \sum_j E[w_j^2]\, E[a_j^2]
# + \sum_{j \neq k} E[w_j]\, E[w_k]\, E[a_j a_k]$$
#
# This holds because the weights are drawn independently of each other and of
# the inputs. Their mean is 0, so the second sum is 0. And $E[w_j^2]$ is the
# variance of the weights. With $n$ equal terms the first sum is
#
# $$E[z^2] = n \cdot \mathrm{Var}(w) \cdot E[a^2]$$
#
# We call the root of $E[z^2]$ the *size* of $z$, as in lesson 14.

# %%
import math
import random

source = random.Random(1)


def size(numbers):
    return math.sqrt(sum(n * n for n in numbers) / len(numbers))


layer = nn.Linear(64, 500, bias=False, init=init.normal(0, 1), seed=1)
z = layer([source.choice([-1, 1]) for _ in range(64)])
of_500 = size([z_i.data for z_i in z])

predict(
    "64 inputs, each 1 or -1; weights with variance 1. What size has z, by "
    "the formula?",
    math.sqrt(64 * 1 * 1),
    hints={
        64: "That is the mean of z². The size is its root.",
        1: "64 products are added up. They do not all cancel.",
    },
    why="The root of 64 · 1 · 1. Random signs cancel in part: not 64 times "
    "as large, but 8 times.",
)

# %%
print(f"measured on 500 units: {of_500:.3f}")

# %% [markdown]
# ## Three rules
#
# **Forward.** The numbers keep their size if $n_{in} \mathrm{Var}(w) = 1$,
# where $n_{in}$ is the number of inputs of a unit.
#
# **Backward.** The blame of input $j$ is $\sum_i W_{ij} \delta_i$. That is
# the same kind of sum, over the $n_{out}$ units of the layer. So the blame
# keeps its size if $n_{out} \mathrm{Var}(w) = 1$.
#
# If a layer has as many outputs as inputs, one choice does both. If not,
# Glorot and Bengio take a value between the two:
#
# $$\mathrm{Var}(w) = \frac{2}{n_{in} + n_{out}} \quad \text{(Xavier)}$$
#
# That leaves the slope of the activation out. It fits tanh near 0, where its
# slope is 1 and $\tanh(z) \approx z$.
#
# **ReLU.** It sets the negative half of the sums to 0. If $z$ is as often
# positive as negative, $E[a^2]$ is half of $E[z^2]$. The factor 1/2 has to be
# made up for, so He and others double the variance:
#
# $$\mathrm{Var}(w) = \frac{2}{n_{in}} \quad \text{(Kaiming, or He)}$$
#
# The standard deviation is the root of the variance. One may also draw from a
# uniform distribution between $-r$ and $r$: it has the variance $r^2 / 3$.
#
# ## Measured
#
# Ten layers of 32 units, and four starts: standard normal weights, that is
# with variance 1; normal ones with the standard deviation 0.01; Xavier's and
# Kaiming's. We measure the sizes of the activations $a_l$ on their way
# forward, and of the blame $\partial L / \partial a_l$ on its way back. The
# loss is the sum of the outputs with random signs, over 16 examples, so the
# blame starts with size 1 at the last layer.

# %%
import autograd

WIDTH, DEPTH = 32, 10
starts = {
    "standard normal": init.normal(0, 1),
    "normal, 0.01": init.normal(0, 0.01),
    "Xavier": init.xavier_normal(),
    "Kaiming": init.kaiming_normal(),
}
examples = [[source.gauss(0, 1) for _ in range(WIDTH)] for _ in range(16)]
signs = [source.choice([-1, 1]) for _ in range(WIDTH)]


def sizes_by_layer(activation, start):
    network = nn.MLP(
        WIDTH,
        [WIDTH] * DEPTH,
        activation=activation,
        output_activation=activation,
        init=start,
        seed=1,
    )
    units = [[] for _ in range(DEPTH)]
    loss = 0.0
    for x in examples:
        a = x
        for l, layer in enumerate(network.layers):
            a = layer(a)
            units[l] += a
        loss = loss + autograd.dot(signs, a)
    loss.backward()
    forward = [size([a.data for a in layer]) for layer in units]
    backward = [size([a.grad for a in layer]) for layer in units]
    return forward, backward


measured = {}
for activation in ("tanh", "relu"):
    for name, start in starts.items():
        measured[activation, name] = sizes_by_layer(activation, start)

forward, backward = measured["tanh", "standard normal"]
predict(
    "With standard normal weights nearly every tanh is saturated, close to "
    "-1 or 1. What does the blame do on its way back to the first layer?",
    "it grows" if backward[0] > 10 else "it shrinks",
    choices=["it grows", "it stays", "it shrinks"],
    hints={
        "it shrinks": "The slopes are small. But how large is a sum of 32 "
        "products with weights of size 1?",
        "it stays": "Two factors work against each other. Which one wins?",
    },
    why="Most slopes are next to 0, but some units are not saturated, and "
    "theirs are near 1. The weights multiply by the root of 32, about "
    "5.7. Here the weights win.",
)

# %%
shown = [1, 4, 7, 10]
columns = [f"layer {l}" for l in shown]
for activation in ("tanh", "relu"):
    for way, title in enumerate(["activations", "blame"]):
        rows = []
        for name in starts:
            curve = measured[activation, name][way]
            rows.append((name, *[curve[l - 1] for l in shown]))
        table([f"{activation}, {title}", *columns], rows, digits=2)

# %%
figure, plots = axes(2, 2, height=5.2, sharex=True)
for row, activation in zip(plots, ("tanh", "relu")):
    for way, title in enumerate(["activations", "blame"]):
        plot = row[way]
        for name in starts:
            curve = measured[activation, name][way]
            plot.semilogy(range(1, DEPTH + 1), curve, label=name)
        plot.set(title=f"{activation}: size of {title}")
for plot in plots[1]:
    plot.set(xlabel="layer")
handles, names = plots[0][0].get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=4)
show(
    figure,
    "Sizes by layer, each mark on the axis ten or more times the one below. "
    "A good start gives lines that are nearly level.",
)

# %% [markdown]
# With 0.01 everything vanishes, in both directions. With standard normal
# weights the ReLU network explodes, by a factor of about 4 in each layer:
# that is the root of 32/2. Xavier's rule knows nothing of the half that ReLU
# takes away, and its lines for ReLU fall. Kaiming's stay level.
#
# For tanh Xavier's lines fall, too, though slowly. The rule counts the slope
# of tanh as 1, and it is a little less wherever $z$ is not 0. A somewhat
# larger variance makes up for that: here Kaiming's does. PyTorch recommends
# to multiply Xavier's deviation by 5/3 for tanh, a factor that was found by
# experiment.
#
# ## Does it matter?
#
# The network for the test has nine hidden layers of 16 ReLU units, and is to
# tell points within a circle from those around it. The four runs differ in
# nothing but the start. `autograd.compile` makes them fast (lesson 12).

# %%
source = random.Random(3)
points, labels = [], []
for _ in range(100):
    x1, x2 = source.uniform(-1, 1), source.uniform(-1, 1)
    points.append([x1, x2])
    labels.append(1.0 if x1 * x1 + x2 * x2 < 0.6 else 0.0)


def learn(start, steps=800):
    model = nn.MLP(2, [16] * 9 + [1], init=start, seed=1)
    program = autograd.compile(
        lambda x, y: nn.bce_with_logits(model(x), y), like=([0.0, 0.0], 0.0)
    )
    optimiser = nn.SGD(program.parameters, lr=0.02)
    curve = []
    for _ in range(steps):
        loss, _ = program(points, labels)
        curve.append(loss)
        if math.isnan(loss):
            break
        optimiser.step()
    return curve


curves = {name: learn(start) for name, start in starts.items()}
rows = []
for name, curve in curves.items():
    rows.append((name, curve[0], len(curve), curve[-1]))
table(["start", "first loss", "steps", "last loss"], rows, digits=4)

# %%
figure, plot = axes()
for colour, (name, curve) in zip(COLOURS, curves.items()):
    if not math.isnan(curve[-1]):
        plot.plot(curve, color=colour, label=name)
plot.set(xlabel="step", ylabel="loss")
plot.legend()
show(
    figure,
    "The same network, three starts. The fourth is not drawn: its loss was "
    "nan after a few steps.",
)

# %% [markdown]
# Standard normal weights explode: the loss is `nan` after a few steps. With
# 0.01 the loss stays near $\ln 2 = 0.693$, that of a network which says "one
# half" to everything; the gradients are too small to change that in 800
# steps. Xavier learns late, Kaiming soon. That is one network and one seed.
# How fast each of them is depends on both; that the first two fail at this
# depth follows from their factors.
#
# ## Exercises
#
# **1.** A layer with 50 inputs and 20 ReLU units starts by Kaiming's rule.
# What is the *standard deviation* of its weights?

# %%
deviation = None  # your number

check("initialisation.deviation", deviation)

# %% [markdown]
# **2.** Write `xavier(nin, nout, source)`. It returns a matrix for a layer
# with `nin` inputs and `nout` units, as a list with a row for each unit. The
# weights are drawn from a normal distribution by Xavier's rule. `source` is a
# `random.Random`; use its `gauss(0, standard deviation)`.


# %%
def xavier(nin, nout, source):
    # your code
    ...


check("initialisation.xavier", xavier)

# %% [markdown]
# Next, lesson 16: layers that keep the sizes right by themselves, at the
# start and later. Normalisation, and a way around.
