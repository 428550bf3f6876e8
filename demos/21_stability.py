# %% [markdown]
# # 21. Numbers that overflow
#
# *One idea: two formulas that are equal on paper are not equal on a machine.
# Use the one in which nothing overflows and nothing is lost.*
#
# A float has 64 bits. Its largest number is about $10^{308}$; what is larger
# becomes infinite. Between 1 and the next larger number is a gap of
# $2 \cdot 10^{-16}$; what is finer is lost. Networks run into both limits.
# This lesson looks at four formulas that fail, and then at numbers of 16
# bits, with which large networks are trained. The stable formulas are those
# of all libraries; the scaled loss is that of Micikevicius and others (2018).
#
# ## The sigmoid at -1000
#
# $\sigma(z) = 1 / (1 + e^{-z})$ is a number between 0 and 1. At $z = -1000$
# it is so close to 0 that 0 is the right answer. Plain Python does not get
# there:

# %%
import math

from demos import COLOURS, axes, check, predict, show, table


def naive_sigmoid(z):
    return 1 / (1 + math.exp(-z))


for z in (0.0, 1000.0, -1000.0):
    try:
        print(f"sigmoid({z:g}) = {naive_sigmoid(z):g}")
    except OverflowError as error:
        print(f"sigmoid({z:g}): OverflowError: {error}")

# %% [markdown]
# $e^{1000}$ is larger than every float. NumPy does not stop there: it takes
# infinity, warns, and goes on. Teaching texts therefore use another formula
# where $z$ is negative. It is the same one on paper, with numerator and
# denominator multiplied by $e^z$:
#
# $$\sigma(z) = \frac{e^z}{1 + e^z}$$
#
# They choose between the two with `np.where`, and call this `stable_sigmoid`:

# %%
import warnings

import numpy as np


def stable_sigmoid(z):
    return np.where(
        z >= 0,
        1 / (1 + np.exp(-z)),
        np.exp(z) / (1 + np.exp(z)),
    )


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    values = stable_sigmoid(np.array([-1000.0, 0.0, 1000.0]))
print(values)

# %% [markdown]
# The values are right. But NumPy had something to say.

# %%
predict(
    "How many warnings came from this one call?",
    len(caught),
    hints={
        0: "np.where chooses between two arrays. Who has computed them?",
        1: "There are three calls of np.exp, and each sees both ends.",
        2: "There are three calls of np.exp, and each sees both ends.",
        3: "Three from np.exp. And what is inf / inf?",
    },
    why="np.where is handed two complete arrays, so both formulas are "
    "computed for every z, also where the other one is taken.",
)

# %%
for warning in caught:
    print(warning.message)

# %% [markdown]
# Three calls of `np.exp` overflow, and `inf / inf` is invalid: it gives nan,
# "not a number". `np.where` throws these results away. So is all well?
#
# ## The gradient remembers
#
# Here is the same formula in the engine. Its `where` chooses for one number,
# and both branches are in the graph.

# %%
from autograd import Value, exp, where

z = Value(1000.0, "z")
left = exp(z) / (1 + exp(z))
left.label = "left"
right = 1 / (1 + exp(-z))
right.label = "right"
p = where(z >= 0, right, left)
p.label = "p"
p.backward()

predict(
    "p is 1, as it should be. What is dp/dz at z = 1000?",
    "nan" if math.isnan(z.grad) else "a number",
    choices=["0", "1", "nan"],
    hints={
        "0": "It should be. But the other branch is in the graph, too.",
        "1": "The curve is flat there. And the other branch is not idle.",
    },
    why="The branch that is not taken gets the gradient 0 from above. On its "
    "way to z that 0 is multiplied by an infinite slope, and 0 · inf is nan.",
)

# %%
from autograd.view import explore

page = explore(
    p,
    open=False,
    title="Chosen, and still there",
    text="A sigmoid by two formulas at z = 1000. Red is infinite or nan.",
    notes={
        left: "inf / inf. It is not chosen, and its gradient is 0.",
        right: "This branch is chosen.",
        z: "0 · inf came down the left branch, and nan + 0 is nan.",
    },
    selected=z,
    step="backward",
)
show(page, "The branch that is not taken has spoilt the gradient of z.")

# %% [markdown]
# This holds for every library that records both branches, PyTorch and JAX as
# well. **Choose before you compute, not after**: hand `exp` a number with
# which it cannot overflow. With $-|z|$ it is between 0 and 1 on both sides:
#
# $$\sigma(z) = \frac{1}{1 + e^{-|z|}} \quad \text{for } z \geq 0$$
#
# $$\sigma(z) = \frac{e^{-|z|}}{1 + e^{-|z|}} \quad \text{for } z < 0$$
#
# The engine's own `sigmoid` computes so. Below are all three formulas, each
# with its slope. Look at -1000: even where the naive formula has the right
# value, its slope is nan.

# %%
sigmoids = []
for x in (-1000.0, -40.0, 0.0, 40.0, 1000.0):
    row = [f"{x:g}"]
    for formula in ("naive", "where", "sigmoid"):
        z = Value(x)
        if formula == "naive":
            p = 1 / (1 + exp(-z))
        elif formula == "where":
            p = where(z >= 0, 1 / (1 + exp(-z)), exp(z) / (1 + exp(z)))
        else:
            p = z.sigmoid()
        p.backward()
        row.append(p.data)
        row.append(z.grad)
    sigmoids.append(row)
table(
    ["z", "naive", "slope", "where", "slope", "sigmoid", "slope"], sigmoids, 4
)

# %% [markdown]
# ## Softmax
#
# $\text{softmax}(x)_i = e^{x_i} / \sum_j e^{x_j}$ has the same trouble, and a
# cure of the same kind. Take any number $c$ from all $x$: numerator and
# denominator both shrink by $e^c$, and the fraction stays. With $c$ the
# largest $x$, the largest power is $e^0 = 1$. It is so with the logarithm of
# such a sum, which the cross entropy needs:
#
# $$\log(\sum_j e^{x_j}) = c + \log(\sum_j e^{x_j - c})$$

# %%
import nn
from autograd import log, logsumexp

xs = [1000.0, 999.0, 998.0]
powers = [exp(x) for x in xs]
naive_shares = [power / sum(powers) for power in powers]
shares = nn.softmax(xs)

table(
    ["x", "e^x", "naive softmax", "nn.softmax"],
    zip(xs, powers, naive_shares, shares),
    6,
)
print("log of the sum, naive:", log(sum(powers)), "  stable:", logsumexp(xs))

# %% [markdown]
# ## A loss that ends at 37
#
# Binary cross entropy for the target $y$ is
#
# $$L = -y \log(p) - (1 - y) \log(1 - p), \quad p = \sigma(z)$$
#
# Let the target be 0, and let the network be very sure of a 1: $z = 40$. Then
# $p = 1 - 4 \cdot 10^{-18}$, which is nearer to 1 than to any other float. So
# $p$ is 1, $1 - p$ is 0, and $\log(0)$ is minus infinity.
#
# Many texts cut $p$ off before the logarithm, at $10^{-15}$ and
# $1 - 10^{-15}$. The infinity is gone then. Lesson 8 has the third way: put
# the sigmoid into the loss on paper. What is left has no $p$ in it:
#
# $$L = \max(z, 0) - zy + \log(1 + e^{-|z|})$$
#
# In `nn` it is `bce_with_logits`. A *logit* is the number before the sigmoid.

# %%
from autograd import clip


def textbook(z, y):
    p = z.sigmoid()
    return -y * log(p) - (1 - y) * log(1 - p)


def cut_off(z, y):
    p = clip(z.sigmoid(), 1e-15, 1 - 1e-15)
    return -y * log(p) - (1 - y) * log(1 - p)


def loss_and_slope(loss, x, y):
    z = Value(x)
    L = loss(z, y)
    L.backward()
    return L.data, z.grad


predict(
    "z = 40 and y = 0: as wrong as can be. What gradient does the loss "
    "with the cut-off send to z?",
    loss_and_slope(cut_off, 40.0, 0.0)[1],
    hints={
        1: "That would be right, p - y. But p was cut off on the way.",
        -1: "That has the wrong sign and the wrong size.",
    },
    why="Beyond the cut-off p is held still, so nothing that z does changes "
    "the loss. The largest mistake of all is never corrected.",
)

# %%
rows = []
for x in (-1000.0, -40.0, 2.0, 40.0, 1000.0):
    row = [f"{x:g}"]
    for loss in (textbook, cut_off, nn.bce_with_logits):
        for number in loss_and_slope(loss, x, 0.0):
            row.append(number)
    rows.append(row)
table(
    ["z", "textbook", "slope", "cut off", "slope", "logits", "slope"],
    rows,
    4,
)

# %% [markdown]
# At -1000 the network is right, and the textbook's formula is nan: its first
# term is $0 \cdot \log(0)$. The picture shows the way to the limit.

# %%
logits = [k / 2 for k in range(121)]
figure, (above, below) = axes(rows=2, height=5.0, sharex=True)
for name, loss, style in (
    ("from the logit", nn.bce_with_logits, "-"),
    ("cut off at 1e-15", cut_off, "--"),
    ("textbook", textbook, ":"),
):
    found = [loss_and_slope(loss, x, 0.0) for x in logits]
    above.plot(logits, [pair[0] for pair in found], style, label=name)
    below.plot(logits, [pair[1] for pair in found], style)
above.set(ylabel="loss")
below.set(ylabel="slope", xlabel="z, with the target 0")
above.legend()
show(
    figure,
    "A network that is sure, and wrong. The textbook's slope loses its "
    "digits on the way to 37, where its loss is infinite. The loss that is "
    "cut off stops learning at 34.5.",
)

# %% [markdown]
# ## Numbers of 16 bits
#
# Large networks are trained with 16 bits a number, or fewer. They need less
# memory, and GPUs compute several times faster with them. In a block of
# `precision` the engine rounds every result and every gradient to such a
# format. So we can measure what a format has: by doubling until it is
# infinite, and by halving until nothing is left.

# %%
from autograd import precision


def limits(form):
    with precision(form):
        large = Value(1.0)
        while (large * 2).data < math.inf:
            large = large * 2
        small = Value(1.0)
        while (small / 2).data > 0:
            small = small / 2
        gap = Value(1.0)
        while (1 + gap / 2).data > 1:
            gap = gap / 2
    return large.data, small.data, gap.data


rows = []
for form in ("float64", "float32", "float16", "bfloat16"):
    rows.append((form, *limits(form)))
table(
    ["format", "last power of 2", "smallest number", "gap after 1"], rows, 3
)

# %% [markdown]
# float16 ends at 65504, and has nothing between 0 and $6 \cdot 10^{-8}$.
# bfloat16 reaches as far as float32, but its numbers have only two or three
# decimal digits. Each has a trap of its own. First that of few digits:

# %%
with precision("bfloat16"):
    w = Value(1.0)
    for _ in range(1000):
        w.data = w.data - 0.001

predict(
    "A weight of 1 in bfloat16. From it 0.001 is subtracted, 1000 times. "
    "What is left?",
    w.data,
    hints={
        0: "That is so in float64. Compare 0.001 with the gap around 1.",
    },
    why="Just below 1 the numbers of bfloat16 are 0.0039 apart. 1 - 0.001 "
    "is rounded back to 1 each time.",
)

# %% [markdown]
# So the weights are kept in float32 or more, and only what is computed with
# them is rounded: *mixed precision*. It is so in what follows, where the
# parameters are made outside of the block.
#
# The other trap is that of float16: small gradients become 0. They are small
# where the loss is a mean over many examples: each example's part of it is
# divided by their number. Large language models have a million tokens in a
# batch, and more (Brown and others 2020).
#
# Here are the gradients that *one* example of such a batch gives to the 337
# parameters of a network, in float64, and what float16 leaves of them.

# %%
BATCH = 2**20
model = nn.MLP(2, [16, 16, 1], activation="tanh", seed=1)


def gradients(form, scale):
    for parameter in model.parameters():
        parameter.grad = 0.0
    with precision(form):
        loss = nn.bce_with_logits(model([0.5, -1.0]), 1.0)
        share = loss * (1 / BATCH)
        (share * scale).backward()
    return [parameter.grad for parameter in model.parameters()]


def zeros(numbers):
    return len([number for number in numbers if number == 0])


SCALE = 2.0**15
lost = zeros(gradients("float16", 1.0))

rows = []
for form, scale in (("float64", 1.0), ("float16", 1.0), ("float16", SCALE)):
    found = gradients(form, scale)
    rows.append((form, f"{scale:g}", zeros(found), len(found)))
table(["format", "loss times", "gradients that are 0", "of"], rows)

# %% [markdown]
# The last line is the rescue. If the loss is multiplied by a large number,
# the **scale**, then so are all gradients, by the chain rule. They move up
# into the range that float16 has. Afterwards each is divided by the scale, in
# float64 or float32.

# %%
exact = gradients("float64", 1.0)
sizes = [math.log2(abs(g)) for g in exact]
figure, plot = axes()
plot.hist(sizes, bins=40, label="as they are", alpha=0.8)
plot.hist(
    [size + math.log2(SCALE) for size in sizes],
    bins=40,
    label="times the scale",
    alpha=0.8,
)
plot.axvline(-25, ls="--", lw=1, color=COLOURS[4])
plot.text(-25.4, 39, "here float16 has only 0", ha="right", va="center")
plot.set(xlabel="size of the gradient, as a power of 2", ylabel="how many")
plot.set_ylim(0, 42)
plot.legend(loc="upper right")
show(
    figure,
    "The gradients of one example of a large batch. Left of the line float16 "
    "has nothing but 0. The scale moves all of them to the right.",
)

# %% [markdown]
# ## A training that comes to a halt
#
# XOR again, as in lesson 10, but as if each of its four points stood 262144
# times in the batch. All copies of a point have the same gradient, so it is
# computed once, and multiplied by their number afterwards.
#
# `nn.GradScaler` is PyTorch's: it multiplies the loss, divides the gradients,
# and finds a good scale on the way. If a gradient is infinite, it leaves out
# the step and halves the scale.

# %%
POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
TARGETS = [0.0, 1.0, 1.0, 0.0]


def train(form, scaler, steps=300):
    model = nn.MLP(2, [8, 1], activation="tanh", seed=1)
    optimiser = nn.Adam(model.parameters(), lr=0.05)
    curve = []
    for _ in range(steps):
        optimiser.zero_grad()
        with precision(form):
            losses = []
            for point, target in zip(POINTS, TARGETS):
                losses.append(nn.bce_with_logits(model(point), target))
            share = sum(losses) * (1 / BATCH)
            scaler.scale(share).backward()
        for parameter in model.parameters():
            parameter.grad *= BATCH / 4
        scaler.step(optimiser)
        scaler.update()
        curve.append(sum(losses).data / 4)
    return curve


scaler = nn.GradScaler()
curves = {
    "float64": train("float64", nn.GradScaler(enabled=False)),
    "float16": train("float16", nn.GradScaler(enabled=False)),
    "float16, scaled": train("float16", scaler),
}

# %%
predict(
    "At the logit a point's gradient is (p - y) / 2^20. What is smaller than "
    "2^-25 becomes 0 in float16. How large is the error p - y at which a "
    "point stops teaching?",
    2.0**-25 * BATCH,
    hints={2**-25: "That is the gradient. Multiply it by 2^20."},
    why="2^-25 · 2^20 = 2^-5, about 3 percent. Once all four errors are "
    "smaller, every gradient is exactly 0.",
)

# %%
figure, plot = axes()
for name, style in (
    ("float64", "-"),
    ("float16", "-"),
    ("float16, scaled", "--"),
):
    plot.plot(curves[name], style, label=name)
plot.set(yscale="log", xlabel="step", ylabel="loss")
plot.legend()
show(
    figure,
    "Without the scale the loss stays where the gradients became 0. With it "
    "float16 learns as float64 does.",
)

# %%
rows = []
for name, curve in curves.items():
    rows.append((name, curve[100], curve[200], curve[299]))
table(["format", "step 100", "step 200", "step 299"], rows, 4)
print("The scale at the end:", scaler.get_scale())

# %% [markdown]
# The scaler began with 65536, which float16 does not have. The first
# gradients were infinite, the first step was left out, and 32768 was right.
# With bfloat16 nobody needs a scale: its smallest numbers are those of
# float32.
#
# ## Exercises
#
# **1.** A float16 has 11 binary digits, a bfloat16 has 8. A counter in
# bfloat16 that begins at 0 and adds 1 again and again stays at 256 for ever.
# Where does a counter in float16 stay? Think first; a block of `precision`
# tells.

# %%
stuck = None  # your number

check("stability.stuck", stuck)

# %% [markdown]
# **2.** Write $\log \sigma(z)$ for a plain float `z`, without the engine, so
# that it is right everywhere: at -1000, at 1000, and with all digits at 40.
# `math.log1p(a)` is $\log(1 + a)$ without loss for small $a$.


# %%
def log_sigmoid(z):
    # your code
    ...


check("stability.log_sigmoid", log_sigmoid)

# %% [markdown]
# Next, lesson 22: networks that read a sequence, and gradients that go back
# through time.
