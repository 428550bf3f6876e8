# %% [markdown]
# # 14. Vanishing and exploding gradients
#
# *One idea: on its way back the blame is multiplied by slopes and weights in
# every layer, and a product of many factors becomes tiny or huge.*
#
# Deep networks were hard to train for a long time, and this is the main
# reason. Hochreiter (1991) and Bengio, Simard and Frasconi (1994) described
# it, Pascanu, Mikolov and Bengio (2013) proposed the remedy at the end of
# this lesson. The bound 0.25 for the sigmoid is textbook knowledge; the
# experiments are ours.
#
# ## Ten sigmoids in a row
#
# Take the thinnest deep network: ten layers of one unit each,
# $a_l = \sigma(z_l)$ with $z_l = w_l a_{l-1}$. The four equations say that
# the delta of a layer is that of the next one, times its weight, times the
# layer's own slope:
#
# $$\delta_l = \delta_{l+1} \cdot w_{l+1} \cdot \sigma'(z_l)$$
#
# So the slope from the end to the beginning is a product of ten slopes and of
# nine weights. With all weights 1 it is ten slopes, and none of them is more
# than 0.25.

# %%
import math
from autograd import Value
from demos import axes, check, predict, show, table

bound = 0.25**10

predict(
    "How large is 0.25 to the power of 10, about?",
    "a millionth" if abs(bound * 1e6 - 1) < 0.1 else "something else",
    choices=["a fortieth", "a thousandth", "a millionth"],
    hints={
        "a fortieth": "Ten factors are multiplied, not added.",
        "a thousandth": "That is 0.5 to the power of 10.",
    },
    why="0.25 is 1/4, and 4 to the power of 10 is 1,048,576.",
)

# %%
x = Value(1.0, "x")
a = x
weights, sums = [], []
for l in range(1, 11):
    w = Value(1.0, f"w{l}")
    z = w * a
    z.label = f"z{l}"
    a = z.sigmoid()
    a.label = f"a{l}"
    weights.append(w)
    sums.append(z)
a.backward()

rows = []
for l in range(10, 0, -1):
    w, z = weights[l - 1], sums[l - 1]
    squashed = 1 / (1 + math.exp(-z.data))
    slope = squashed * (1 - squashed)
    rows.append((l, z.data, slope, z.grad, w.grad))
table(["layer", "z", "slope there", "delta", "gradient of w"], rows, 4)
print(f"0.25 to the power of 10: {bound:.4g}")

# %% [markdown]
# The delta of layer 1 stays below the bound, for a sigmoid has the slope 0.25
# only at $z = 0$. Look at the last column: the first weight gets about two
# millionths of what the last one gets. With a learning rate that suits the
# last layer, the first does not move.
#
# The page opens where the way back has reached $z_{10}$. Step on with the
# arrow keys, and watch the gradient shrink from node to node.

# %%
from autograd.view import explore

page = explore(
    a,
    open=False,
    title="Ten sigmoids in a row",
    text="The slope of the result by each number on the way.",
    notes={
        sums[9]: "The first factor: a slope of about 0.22.",
        sums[4]: "Six factors later.",
        sums[0]: "Ten factors later there is next to nothing left.",
    },
    selected=sums[9],
    step="backward",
    room=64,
)
show(page, "A chain of ten sigmoids: the gradient shrinks at each of them.")

# %% [markdown]
# ## Wide layers, other activations
#
# Real layers have many units, and the blame comes by many paths that add up.
# Then weights matter as much as slopes. Here are twenty layers of 16 units,
# without biases. The weights are drawn from a normal distribution with mean 0
# and variance $1/16$: so a layer without activation would neither shrink nor
# stretch its input much (lesson 15 shows why). All five networks have the
# same weights; only the activation differs.
#
# For each layer we take the size of its deltas: the root of the mean of their
# squares, over all units and over four examples. The loss is the sum of all
# outputs, so that the blame starts with 1 at each of them.

# %%
import random
import autograd
from autograd import dot

WIDTH, DEPTH = 16, 20

source = random.Random(1)
matrices = []
for _ in range(DEPTH):
    matrix = []
    for _ in range(WIDTH):
        row = [source.gauss(0, WIDTH**-0.5) for _ in range(WIDTH)]
        matrix.append([Value(w) for w in row])
    matrices.append(matrix)
examples = [[source.gauss(0, 1) for _ in range(WIDTH)] for _ in range(4)]


def size(numbers):
    return math.sqrt(sum(n * n for n in numbers) / len(numbers))


def sizes_by_layer(f, matrices):
    """The size of the deltas in each layer, and that of the sums z."""
    layers = [[] for _ in matrices]
    loss = 0.0
    for x in examples:
        a = [Value(x_j) for x_j in x]
        for l, matrix in enumerate(matrices):
            z = [dot(row, a) for row in matrix]
            a = [f(z_i) for z_i in z]
            layers[l] += z
        loss = loss + autograd.sum(a)
    loss.backward()
    deltas = [size([z.grad for z in layer]) for layer in layers]
    return deltas, [size([z.data for z in layer]) for layer in layers]


activations = {
    "sigmoid": autograd.sigmoid,
    "tanh": autograd.tanh,
    "ReLU": autograd.relu,
    "leaky ReLU": autograd.leaky_relu,
    "GELU": autograd.gelu,
}
deltas, sizes = {}, {}
for name, f in activations.items():
    deltas[name], sizes[name] = sizes_by_layer(f, matrices)

without_sigmoid = [name for name in deltas if name != "sigmoid"]
predict(
    "Sigmoids vanish fastest. Which of the other four comes second?",
    min(without_sigmoid, key=lambda name: deltas[name][0]),
    choices=without_sigmoid,
    hints={
        "tanh": "tanh has the slope 1 at 0, and small sums stay near 0.",
        "ReLU": "Half of the units are off. But the other half has slope 1.",
        "leaky ReLU": "It differs from ReLU only where that has slope 0.",
    },
    why="GELU looks like a ReLU from afar. But at 0 its slope is 0.5, and "
    "the sums shrink towards 0 from layer to layer.",
)

# %%
shown = [1, 5, 10, 15, 20]
rows = []
for name, curve in deltas.items():
    rows.append((name, *[curve[l - 1] for l in shown]))
table(["size of delta", *[f"layer {l}" for l in shown]], rows, digits=2)

rows = []
for name, curve in sizes.items():
    rows.append((name, *[curve[l - 1] for l in shown]))
table(["size of z", *[f"layer {l}" for l in shown]], rows, digits=2)

# %%
figure, plot = axes(height=3.8)
for name, curve in deltas.items():
    dashes = "--" if name == "leaky ReLU" else "-"
    plot.semilogy(range(1, DEPTH + 1), curve, dashes, label=name)
plot.set(xlabel="layer", ylabel="size of delta")
plot.set_xticks([1, 5, 10, 15, 20])
plot.legend()
show(
    figure,
    "The same weights, five activations. Read from right to left: that is "
    "the way of the blame. A straight line is a constant factor per layer.",
)

# %% [markdown]
# On a logarithmic axis a constant factor gives a straight line, and that is
# what one sees. The sigmoid loses most of the blame in each layer. A ReLU
# lets half of the units through, which takes the mean square down to a half,
# and the size to about 0.7 per layer. For tanh near 0 the factor is close
# to 1, and gets smaller where units saturate. With GELU the sums $z$ shrink
# on the way forward, as the second table shows. The closer they come to 0,
# the closer the slope of GELU comes to 0.5: it behaves like a ReLU only for
# sums that are not small.
#
# ## The other way: exploding
#
# Now double all weights of the ReLU network.

# %%
doubled = []
for matrix in matrices:
    doubled.append([[Value(2 * w.data) for w in row] for row in matrix])
relu = deltas["ReLU"]
relu_doubled, _ = sizes_by_layer(autograd.relu, doubled)

predict(
    "By which factor does this change the deltas of the FIRST layer?",
    relu_doubled[0] / relu[0],
    hints={
        2: "Each of the layers above multiplies by 2.",
        40: "The factors of the layers are multiplied, not added.",
        1048576: "That is 2 to the power of 20. Is the delta of layer 1 "
        "multiplied by the weights of layer 1?",
    },
    why="There are 19 layers of weights above layer 1. A ReLU that is on "
    "stays on when its sum doubles, so no slope changes: 2 to the power "
    "of 19.",
)

# %%
rows = [("ReLU", *[relu[l - 1] for l in shown])]
rows.append(("ReLU, doubled", *[relu_doubled[l - 1] for l in shown]))
table(["size of delta", *[f"layer {l}" for l in shown]], rows, digits=4)

# %% [markdown]
# A step with such a gradient throws the weights far away. The sums get huge,
# the next gradient gets larger still, and soon the numbers are inf and nan.
#
# ## A cliff
#
# The same happens when one unit is used again and again, as in the recurrent
# networks of lesson 22. The example is that of Pascanu, Mikolov and Bengio
# (2013): a single unit that feeds itself 50 times,
#
# $$h_t = \sigma(w\, h_{t-1} + b), \quad h_0 = 0.5, \quad
# L = (h_{50} - 0.7)^2$$
#
# With only two parameters the loss can be drawn as a map. It has a cliff:
# two plains, and a wall between them.

# %%
from nn.utils import clip_grad_norm_, clip_grad_value_


def loss_at(w, b):
    h = 0.5
    for _ in range(50):
        h = autograd.sigmoid(w * h + b)
    return (h - 0.7) ** 2


RATE = 0.2


def descend(clip=None):
    w, b = Value(5.5, "w"), Value(-2.8, "b")
    path = []
    for _ in range(100):
        loss = loss_at(w, b)
        w.grad = b.grad = 0.0
        loss.backward()
        raw = (w.grad, b.grad)
        if clip is not None:
            clip([w, b])
        path.append((w.data, b.data, loss.data, raw, (w.grad, b.grad)))
        w.data -= RATE * w.grad
        b.data -= RATE * b.grad
    return path


def length(gradient):
    return math.hypot(*gradient)


free = descend()
worst = max(range(100), key=lambda k: length(free[k][3]))
rows = []
for k in range(worst - 1, worst + 3):
    w, b, loss, raw, _ = free[k]
    rows.append((k, w, b, loss, length(raw)))
table(["step", "w", "b", "loss", "size of gradient"], rows, digits=4)

# %% [markdown]
# Within one step the gradient gets more than a hundred times as large. The
# next step leaps far away, to a place where the sigmoid is saturated. There
# the gradient is next to 0: it exploded, and now it has vanished.
#
# ## Clipping
#
# The direction of such a gradient may be right. It is its length that does
# the harm. So one cuts it, right before the step. There are two ways:
#
# - **by value**: each number is held between $-c$ and $c$;
# - **by norm**: if the length of the whole gradient is more than $c$, all its
#   numbers are multiplied by the same factor, so that the length becomes $c$.

# %%
by_value = descend(lambda both: clip_grad_value_(both, 1.0))
by_norm = descend(lambda both: clip_grad_norm_(both, 1.0))


def at_the_cliff(path):
    return max(path, key=lambda step: length(step[3]))


_, _, _, raw, cut_by_value = at_the_cliff(by_value)
_, _, _, _, cut_by_norm = at_the_cliff(by_norm)
print(f"the gradient at the cliff: ({raw[0]:.4f}, {raw[1]:.4f})")

predict(
    "It is clipped by VALUE, with c = 1. Which direction has it then?",
    "another one"
    if cut_by_value[0] / cut_by_value[1] != raw[0] / raw[1]
    else "the same as before",
    choices=["the same as before", "another one"],
    hints={
        "the same as before": "Both numbers are below -1. What becomes of "
        "each of them?"
    },
    why="Each number is cut by itself. Those that are beyond c all become "
    "equally large. Clipping by norm keeps the direction.",
)

# %%
rows = []
for name, (dw, db) in [
    ("as it is", raw),
    ("by value", cut_by_value),
    ("by norm", cut_by_norm),
]:
    rows.append((name, dw, db, db / dw, length((dw, db))))
table(["clipped", "dL/dw", "dL/db", "ratio", "length"], rows, digits=4)

# %%
paths = {"not clipped": free, "by value": by_value, "by norm": by_norm}
rows = []
for name, path in paths.items():
    rows.append((name, *path[-1][:3]))
table(["clipped", "w after 100 steps", "b", "loss"], rows, digits=4)

# %%
from demos import COLOURS

ws = [4.4 + k * 0.0125 for k in range(97)]
bs = [-2.9 + k * 0.0125 for k in range(73)]
heights = [[loss_at(w, b) for w in ws] for b in bs]


def draw(path, **how):
    plot.plot([step[0] for step in path], [step[1] for step in path], **how)


figure, plot = axes(height=4.2)
levels = [0.01, 0.02, 0.03, 0.04, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4]
lines = plot.contour(
    ws, bs, heights, levels, colors=[COLOURS[4]], linewidths=0.7
)
plot.clabel(lines, levels=[0.02, 0.03, 0.04, 0.05, 0.35], fontsize=8)
draw(free[: worst + 1], color=COLOURS[3], lw=0.8, label="all three, at first")
for name, path in paths.items():
    draw(path[worst:], marker=".", ms=4, lw=1, label=name)
plot.set(xlim=(4.4, 5.6), ylim=(-2.9, -2.0), xlabel="w", ylabel="b")
plot.legend(loc="upper right")
show(
    figure,
    "The map of the loss. Where its lines lie on top of each other is the "
    "cliff. Without clipping one step leaves the map.",
)

# %% [markdown]
# Clipping is a seat belt, not a cure. It keeps one bad step from ruining
# everything, and it does nothing against vanishing: one cannot clip a 0. What
# helps there are better weights to start with (lesson 15), and layers that
# keep the sizes right (lesson 16).
#
# ## Exercises
#
# **1.** A chain of sigmoids is to hand back the blame undiminished, at least
# where each of them is steepest, at $z = 0$. How large must each weight be?

# %%
weight = None  # your number

check("vanishing.weight", weight)

# %% [markdown]
# **2.** Write clipping by norm: `clip(gradient, limit)` takes a list of
# numbers and returns a new list. If its length is more than `limit`, it is
# scaled down to that length. Otherwise the list is as before.


# %%
def clip(gradient, limit):
    # your code
    ...


check("vanishing.clip", clip)

# %% [markdown]
# Next, lesson 15: how large should weights be when training starts?
