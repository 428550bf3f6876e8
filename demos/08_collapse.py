# %% [markdown]
# # 8. Two slopes cancel
#
# *One idea: with the right loss, the slope of the output unit cancels. What
# is left is prediction minus target.*
#
# In lesson 6 the blame of the output had a factor that made it small: the
# sigmoid's own slope, $o(1 - o)$. For a yes-or-no question there is a loss
# that takes this factor out again. So nearly every classifier is trained with
# it. The formulas stand in all textbooks. Here the engine computes both
# sides of each.
#
# The question is yes or no, so the target $y$ is 1 or 0. The network's last
# sum $z$ is called the *logit*. Its sigmoid $o = \sigma(z)$ is read as the
# probability of "yes". The loss is the *binary cross entropy*, short BCE:
#
# $$C = -\left(y \ln(o) + (1 - y) \ln(1 - o)\right)$$
#
# Only one of the two terms counts: $-\ln(o)$ if the answer is yes,
# $-\ln(1 - o)$ if it is no. It is 0 for a sure and right answer. It grows
# without bound for a sure and wrong one.

# %%
from autograd import Value
from demos import COLOURS, axes, check, predict, show, table


def bce(o, y):
    if y == 1:
        return -o.log()
    return -(1 - o).log()


z = Value(1.5, "z")
o = z.sigmoid()
o.label = "o"
C = bce(o, 1)
C.label = "C"
print(f"logit {z.data:g}, output {o.data:.4f}, loss {C.data:.4f}")

# %% [markdown]
# ## By the chain rule, with all its factors
#
# From $C$ back to $z$ there are two steps for $y = 1$. The logarithm has the
# slope $1/o$, the sigmoid has the slope $o(1 - o)$:
#
# $$\frac{\partial C}{\partial z} = \frac{\partial C}{\partial o} \cdot
# \frac{\partial o}{\partial z} = -\frac{1}{o} \cdot o(1 - o)$$

# %%
C.backward()

predict(
    "o is 0.8176 and y is 1. How large is dC/dz, about?",
    z.grad,
    hints={
        0.1824: "Mind the sign: -1/o is negative.",
        -1.223: "That is -1/o. The sigmoid's slope, o (1 - o), is missing.",
        -0.0272: "That would be the blame in lesson 6. Here o cancels.",
    },
    why="-1/o · o (1 - o) = -(1 - o): the o cancels, and o - y is left.",
)

# %%
from autograd.view import explain

show(explain(z, of=C))
print(f"o - y = {o.data - 1:.10f}")

# %% [markdown]
# For $y = 0$ the other factor cancels: $\frac{1}{1 - o} \cdot o(1 - o) = o$.
# And if $y$ is a number between 0 and 1, both terms of the loss count. Put on
# one denominator, they give the same again:
#
# $$\frac{\partial C}{\partial o} = -\frac{y}{o} + \frac{1 - y}{1 - o}
# = \frac{o - y}{o(1 - o)}, \quad
# \frac{\partial C}{\partial z} = o - y$$
#
# ## What it is good for
#
# Let the network be sure and wrong: the logit is -5, so $o$ is 0.0067, and
# the target is 1. It should learn more from that than from anything else.

# %%


def slopes(logit, y):
    z = Value(logit)
    bce(z.sigmoid(), y).backward()
    by_bce = z.grad
    z = Value(logit)
    ((z.sigmoid() - y) ** 2 / 2).backward()
    return by_bce, z.grad


by_bce, by_square = slopes(-5.0, 1)
ratio = by_bce / by_square

predict(
    "With z = -5 and y = 1, how many times larger is the slope of BCE than "
    "that of the squared error (y - o)²/2?",
    "about 150" if ratio > 100 else "about 4",
    choices=["it is smaller", "about 4", "about 150"],
    hints={
        "it is smaller": "The squared error still has the factor o (1 - o).",
        "about 4": "That is at z = 0, where o (1 - o) is 1/4.",
    },
    why="They differ by the factor o (1 - o), and here it is 0.0066.",
)

# %%
table(["loss", "slope at z = -5"], [("BCE", by_bce), ("squared", by_square)])

# %%
logits = [k / 10 for k in range(-80, 81)]
figure, plot = axes()
plot.plot(logits, [slopes(t, 1)[0] for t in logits], label="BCE")
plot.plot(logits, [slopes(t, 1)[1] for t in logits], label="(y - o)²/2")
plot.axhline(0, color=COLOURS[4], lw=0.8)
plot.set(xlabel="logit z", ylabel="slope of the loss")
plot.legend()
show(
    figure,
    "The target is 1. Far to the left the network is most wrong: there BCE "
    "has the slope -1, and the squared error has almost none.",
)

# %% [markdown]
# With the squared error, a sure and wrong unit learns next to nothing, for
# its sigmoid is flat there. It is said to be *saturated*. With BCE it learns
# at full speed.
#
# ## Where the long way ends
#
# The long way computes $o$ first. But a float has only about 16 digits. The
# largest one below 1 is $1 - 1.1 \cdot 10^{-16}$. A $\sigma(z)$ much closer
# to 1 than that is rounded to exactly 1.

# %%
z = Value(40.0, "z")
o = z.sigmoid()
C = bce(o, 0)
C.backward()

predict(
    "The logit is 40 and the target is 0. By formula dC/dz = o - 0 = 1. What "
    "do the two factors of the chain rule give?",
    "inf" if z.grad == float("inf") else "1",
    choices=["0", "1", "inf"],
    hints={
        "1": "It should be. But how large is 1 - o, as a float?",
        "0": "The sigmoid's slope is tiny, not 0. What is the other factor?",
    },
    why="o was rounded to 1, so 1/(1 - o) is 1/0.",
)

# %% [markdown]
# The cure is to never compute $o$. Put $o = 1/(1 + e^{-z})$ into the loss and
# simplify, once, on paper:
#
# $$-\ln(o) = \ln(1 + e^{-z}), \quad -\ln(1 - o) = \ln(1 + e^{z})$$
#
# The function $\ln(1 + e^z)$ is called *softplus*, and its slope is the
# sigmoid. So the loss is computed from the logit, and nothing has to cancel
# any more. That is what `nn.bce_with_logits` does, here and in PyTorch.

# %%
import nn
from autograd import sigmoid


def from_logit(logit, y):
    z = Value(logit)
    nn.bce_with_logits(z, y).backward()
    return z.grad


rows = []
for logit in (-690.0, -40.0, -5.0, 0.0, 1.5, 20.0, 36.7, 40.0):
    o = sigmoid(logit)
    way = slopes(logit, 0)[0]
    rows.append((logit, o, way, from_logit(logit, 0), from_logit(logit, 1)))
table(
    ["z", "o", "long way, y=0", "from z, y=0", "from z, y=1"],
    rows,
    digits=9,
)

# %% [markdown]
# The fourth column is $o$, from the smallest on. The fifth is $o - 1$, and it
# has its digits even where $o$ itself is rounded to 1, for it is computed as
# $-\sigma(-z)$. The third column goes wrong long before it breaks: at 20 its
# eighth digit is off, and at 36.7 only about half of it is left.
#
# ## Several classes: softmax
#
# With more than two answers there is a logit for each class. *Softmax* makes
# probabilities of them, which add up to 1. *Cross entropy* is minus the
# logarithm of the probability of the right class, here $t$:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \quad C = -\ln(p_t)$$
#
# This time every logit has a part in every probability. And yet the same
# happens in every class $k$. The target $y_k$ is 1 for the right class and
# 0 for the others:
#
# $$\frac{\partial C}{\partial z_k} = p_k - y_k$$

# %%
zs = [Value(2.0, "z1"), Value(-1.0, "z2"), Value(0.5, "z3")]
right = 0
powers = [z.exp() for z in zs]
p = [power / sum(powers) for power in powers]
C = -p[right].log()
C.backward()
added = sum(z.grad for z in zs)

predict(
    "Three logits, one right class. What do the three slopes add up to?",
    abs(round(added, 12)),
    hints={
        1: "The probabilities add up to 1. The target is subtracted.",
        -1: "That is the target's part. The probabilities add up to 1.",
    },
    why="The p add up to 1, and so do the y. The differences add up to 0.",
)

# %%
short = [Value(z.data) for z in zs]
nn.cross_entropy(short, right).backward()
rows = []
for k in range(3):
    y = 1 if k == right else 0
    rows.append(
        (zs[k].label, p[k].data, y, p[k].data - y, zs[k].grad, short[k].grad)
    )
table(["", "p", "y", "p - y", "long way", "cross_entropy"], rows, digits=7)

# %% [markdown]
# ## The four equations, in full
#
# With this beginning, here is all of backpropagation for a network of any
# depth. The layers are numbered $l = 1, \ldots, L$, and
#
# $$z^l_j = \sum_k w^l_{jk}\, a^{l-1}_k + b^l_j, \quad a^l_j = f(z^l_j)$$
#
# The $a^0$ are the inputs. Delta is the slope at the sum:
# $\delta^l_j = \partial C / \partial z^l_j$. Michael Nielsen's book *Neural
# Networks and Deep Learning* (2015) calls these the four fundamental
# equations.
#
# **1. The blame of the output.** What the loss says about the output, times
# the slope of the output's unit:
#
# $$\delta^L_j = \frac{\partial C}{\partial a^L_j}\, f'(z^L_j)$$
#
# For a sigmoid with BCE, and for softmax with cross entropy, that is
# $o_j - y_j$.
#
# **2. Blame goes one layer back.** A unit gets the blame of all units that it
# feeds, each through the weight between them, and then through its own slope:
#
# $$\delta^l_k = f'(z^l_k) \sum_j w^{l+1}_{jk}\, \delta^{l+1}_j$$
#
# **3. A bias** is added to the sum. So its slope is the delta:
#
# $$\frac{\partial C}{\partial b^l_j} = \delta^l_j$$
#
# **4. A weight** is multiplied by the signal at its start. So its slope is
# the delta at its end times that signal:
#
# $$\frac{\partial C}{\partial w^l_{jk}} = \delta^l_j\, a^{l-1}_k$$
#
# Now they are put to the test. The network has two inputs, then 4 and 3
# ReLUs, and one sigmoid with BCE. A *ReLU* is $f(z) = \max(z, 0)$. Its slope
# is 1 where $z > 0$, and 0 elsewhere. `nn.MLP` makes the layers, with weights
# drawn at random; the seed makes them the same in every run.

# %%
from autograd import dot

net = nn.MLP(2, [4, 3, 1], activation="relu", seed=0)
x, y = [0.5, -1.2], 1.0

signals, sums = [x], []  # by layers
for layer in net.layers:
    z = [dot(neuron.w, signals[-1], neuron.b) for neuron in layer.neurons]
    sums.append(z)
    signals.append([z_j.relu() for z_j in z])
logit = sums[2][0]  # the output's sum; its sigmoid is inside the loss
loss = nn.bce_with_logits(logit, y)
loss.backward()

# %% [markdown]
# That was the engine. And these are the equations 1 and 2, with plain floats,
# from the last layer to the first.


# %%
def deltas():
    delta = [None, None, [sigmoid(logit.data) - y]]  # equation 1
    for l in (1, 0):
        delta[l] = []
        for k, z in enumerate(sums[l]):
            blame = 0.0
            for j, unit in enumerate(net.layers[l + 1].neurons):
                blame += unit.w[k].data * delta[l + 1][j]
            slope = 1 if z.data > 0 else 0
            delta[l].append(slope * blame)  # equation 2
    return delta


delta = deltas()
hidden = sums[0] + sums[1]
off = [z for z in hidden if z.data <= 0]

predict(
    f"{len(off)} of the {len(hidden)} ReLUs are off, for their sums are "
    "negative. How large is the delta of such a unit?",
    max(abs(z.grad) for z in off),
    hints={1: "1 is the slope of a ReLU that is on."},
    why="Its slope is 0: it gets no blame, and so it passes none on.",
)

# %%
rows = []
for l in range(3):
    for j, z in enumerate(sums[l]):
        name = f"delta {l + 1},{j + 1}"
        rows.append((name, z.data, z.grad, delta[l][j]))
table(["", "z", "by the engine", "by equations 1 and 2"], rows)

# %% [markdown]
# Equations 3 and 4 make all slopes of the weights and biases from these
# deltas.

# %%
count, worst = 0, 0.0
for l, layer in enumerate(net.layers):
    for j, unit in enumerate(layer.neurons):
        worst = max(worst, abs(unit.b.grad - delta[l][j]))  # equation 3
        count += 1
        for k, w in enumerate(unit.w):
            signal = signals[l][k]
            if l > 0:
                signal = signal.data
            worst = max(worst, abs(w.grad - delta[l][j] * signal))  # and 4
            count += 1
print(f"{count} weights and biases, largest difference {worst:.1e}")

# %% [markdown]
# ## Exercises
#
# **1.** A label need not be 0 or 1. Three doctors look at a picture, and one
# of them says "yes": $y = 1/3$. The network says $o = 0.8$. With BCE, how
# large is $\partial C / \partial z$?

# %%
slope = None  # your number

check("collapse.slope", slope)

# %% [markdown]
# **2.** Write the short way for several classes, with plain floats and
# without the engine. `class_slopes(zs, right)` takes a list of logits and the
# number of the right class, counted from 0. It returns the list of
# $p_k - y_k$. Logits can be large, and `math.exp(1000)` is an error. It helps
# that softmax stays the same if one number is subtracted from all logits.


# %%
def class_slopes(zs, right):
    # your code
    ...


check("collapse.class_slopes", class_slopes)

# %% [markdown]
# Next, lesson 9: how to find out whether a gradient is right at all.
