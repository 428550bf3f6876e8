# %% [markdown]
# # 22. Through time
#
# *One idea: a recurrent network is a deep network that uses the same weights
# in every layer. Its gradient is a sum over the steps.*
#
# A recurrent network reads a sequence, one input at a time. What it has read
# so far it keeps in a state $h$, and each step makes a new state from the
# input and the old one (Elman 1990):
#
# $$h_t = \tanh(W_x x_t + W_h h_{t-1} + b), \quad h_0 = 0$$
#
# There is nothing new for `backward()` in it: the steps are written one after
# the other, and the result is a graph like any other. That is all of
# *backpropagation through time* (Werbos 1990). The problem at the end of the
# lesson is that of Hochreiter and Schmidhuber (1997); the numbers are ours.
#
# ## Three steps of one unit
#
# One unit has one weight $w$ for the input, one weight $u$ for its own last
# state, and a bias. It reads three numbers. Only the last state is compared
# with a target.

# %%
from autograd import Value, dot, tanh
from demos import COLOURS, axes, check, predict, show, table

w, u, b = Value(0.8, "w"), Value(0.5, "u"), Value(0.1, "b")
xs = [Value(1.0, "x1"), Value(0.5, "x2"), Value(-0.5, "x3")]
target = 1.0

z, h = [], [Value(0.0, "h0")]
for x in xs:
    z_t = dot([w, u], [x, h[-1]], b)  # w x + u h + b
    h_t = tanh(z_t)
    z.append(z_t)
    h.append(h_t)
    z_t.label, h_t.label = f"z{len(z)}", f"h{len(z)}"

E = (h[3] - target) ** 2 / 2
E.label = "E"
E.backward()

# %% [markdown]
# The program has one `u`, and the graph has one node for it. All three steps
# use it. So its gradient is a sum of three terms, one for each step:
#
# $$\frac{\partial E}{\partial u} = \sum_t \delta_t h_{t-1},
# \quad \delta_t = \frac{\partial E}{\partial z_t}$$

# %%
terms = [z[t].grad * h[t].data for t in range(3)]  # h[0] is before step 1

predict(
    "One of the three terms of dE/du is exactly 0. Which step does it "
    "belong to?",
    f"step {terms.index(0.0) + 1}",
    choices=["step 1", "step 2", "step 3"],
    hints={
        "step 2": "Look at the other factor of u in that step, h1.",
        "step 3": "That is the step next to the error; its delta is largest.",
    },
    why="In step 1 u is multiplied by the state before, and h0 is 0. A "
    "weight that multiplied a 0 gets no blame.",
)

# %%
rows = [(f"step {t + 1}", terms[t]) for t in range(3)]
rows.append(("their sum", sum(terms)))
rows.append(("u.grad", u.grad))
table(["term of dE/du", "value"], rows)

# %% [markdown]
# The page stands in the middle of the way back, where $h_2$ gets its
# gradient. Step on with the arrow keys, and watch the gradients of `w`, `u`
# and `b` grow with each step back in time.

# %%
from autograd.view import explore

page = explore(
    E,
    open=False,
    title="Three steps of one unit",
    text="The same w, u and b are used in every step.",
    notes={
        h[3]: "The last state. It alone is compared with the target.",
        h[2]: "Its whole gradient comes from the next step, through u.",
        u: "Three steps use it, so three terms are added up.",
    },
    parameters=[w, u, b],
    selected=h[2],
    step="backward",
)
show(page, "The unrolled steps: from each, blame flows to the one before.")

# %% [markdown]
# ## The loop of the texts
#
# Texts on recurrent networks write the way back by hand, as a loop in reverse
# order. With $\odot$ for products number by number:
#
# $$\begin{aligned}
# dh &= dh_{\text{next}} + \text{dout}_t \\
# dz &= (1 - h_t \odot h_t) \odot dh \\
# dW_x &\leftarrow dW_x + dz \, x_t^\top \\
# dW_h &\leftarrow dW_h + dz \, h_{t-1}^\top \\
# db &\leftarrow db + dz \\
# dh_{\text{next}} &= W_h^\top dz
# \end{aligned}$$
#
# Here $\text{dout}_t$ is what the loss says to $h_t$ directly, and
# $dh_{\text{next}}$ is what comes back from the step after. Here it is in
# NumPy, for 3 units that read 4 vectors of 2 numbers. Every state has a
# target, so that there is something to say at each step.

# %%
import random

import numpy as np

STEPS, INPUTS, UNITS = 4, 2, 3
generator = random.Random(1)


def numbers(rows, columns):
    return [
        [generator.uniform(-1, 1) for _ in range(columns)]
        for _ in range(rows)
    ]


Wx, Wh = numbers(UNITS, INPUTS), numbers(UNITS, UNITS)
bias = numbers(1, UNITS)[0]
sequence, targets = numbers(STEPS, INPUTS), numbers(STEPS, UNITS)


def by_hand(Wx, Wh, b, xs, targets):
    hs = [np.zeros(UNITS)]
    for x in xs:
        hs.append(np.tanh(Wx @ x + Wh @ hs[-1] + b))

    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh_next = np.zeros(UNITS)
    for t in reversed(range(STEPS)):
        h, h_before = hs[t + 1], hs[t]
        dout = h - targets[t]  # of half the squared error
        dh = dh_next + dout
        dz = (1 - h * h) * dh
        dWx += np.outer(dz, xs[t])
        dWh += np.outer(dz, h_before)
        db += dz
        dh_next = Wh.T @ dz
    return dWx, dWh, db


dWx, dWh, db = by_hand(
    np.array(Wx),
    np.array(Wh),
    np.array(bias),
    np.array(sequence),
    np.array(targets),
)

# %% [markdown]
# The engine needs the forward pass only. The rest is `backward()`.


# %%
def values(rows):
    return [[Value(number) for number in row] for row in rows]


Vx, Vh, Vb = values(Wx), values(Wh), values([bias])[0]

state = [0.0] * UNITS
loss = 0.0
for x, wanted in zip(sequence, targets):
    state = [
        tanh(dot(Vx[i], x) + dot(Vh[i], state) + Vb[i]) for i in range(UNITS)
    ]
    for h_i, wanted_i in zip(state, wanted):
        loss = loss + (h_i - wanted_i) ** 2 / 2
loss.backward()

rows, largest = [], 0.0
for name, theirs, ours in (
    ("Wx", dWx, Vx),
    ("Wh", dWh, Vh),
    ("b", [db], [Vb]),
):
    for i, row in enumerate(ours):
        for j, weight in enumerate(row):
            largest = max(largest, abs(weight.grad - theirs[i][j]))
            if i == 0:
                rows.append((f"{name}[0][{j}]", theirs[i][j], weight.grad))
table(["gradient of", "by the loop", "by the engine"], rows)
print(f"largest difference of all 18: {largest:.1e}")

# %% [markdown]
# They are the same but for the last bits: the loop *is* the reverse walk
# through the graph, written down for this one network. Two of its lines are
# easy to get wrong: `+=`, because each weight is used in every step, and
# `dh_next`, without which no step would learn from what came later. Some
# texts clip all entries to between -5 and 5 at the end of the loop. That is
# no part of the derivative, but a precaution (lesson 14).
#
# ## How far back does it reach?
#
# From $h_t$ back to $h_{t-1}$ there is one factor, $u(1 - h_t^2)$. Over many
# steps these factors are multiplied:
#
# $$\frac{\partial h_T}{\partial h_0} = \prod_{t=1}^{T} u \,(1 - h_t^2)$$
#
# With $u = 0.5$ no factor is above 0.5, and after 20 steps at most
# $0.5^{20} \approx 10^{-6}$ is left. This is the vanishing gradient of lesson
# 14, with time instead of layers. A larger $u$ should help.


# %%
def reach(u, start, steps=20):
    h_0 = Value(start)
    h_t = h_0
    for _ in range(steps):
        h_t = tanh(u * h_t)
    h_t.backward()
    return h_0.grad


small, large = reach(0.5, 0.5), reach(1.5, 0.5)

predict(
    "A unit without input starts at h = 0.5. With u = 0.5 the slope of its "
    f"state after 20 steps is {small:.1e}. And with u = 1.5?",
    "even smaller" if large < small else "larger than 1",
    choices=["larger than 1", "between that and 1", "even smaller"],
    hints={
        "larger than 1": "The factor is u (1 - h²), not u. Where does h go?",
        "between that and 1": "Where does h go? At h = 0.86 the factor is "
        "1.5 · (1 - 0.74).",
    },
    why="The state runs to 0.86 and stays there: tanh(1.5 · 0.86) is 0.86. "
    "There the factor is 0.39, which is less than 0.5.",
)

# %%
rows = []
for weight in (0.5, 0.9, 1.0, 1.1, 1.5, 3.0):
    rows.append((weight, reach(weight, 0.5), reach(weight, 1e-6)))
table(["u", "slope, from h = 0.5", "slope, from h = 0.000001"], rows, 3)

# %%
figure, plot = axes()
distances = list(range(41))
for weight, start in ((0.5, 0.5), (1.0, 0.5), (1.5, 0.5), (1.5, 1e-6)):
    plot.plot(
        distances,
        [reach(weight, start, steps) for steps in distances],
        label=f"u = {weight}, from h = {start:g}",
    )
plot.set(yscale="log", xlabel="steps back in time", ylabel="slope")
plot.legend()
show(
    figure,
    "How much of a gradient is left after so many steps back. The purple "
    "one explodes first, and then falls as the green one does.",
)

# %% [markdown]
# The last column and the purple curve show the other danger. Near 0 the
# factor is $u$ itself, and $1.5^{20} \approx 3300$: the gradient explodes
# until the state has left the neighbourhood of 0. Against that one clips the
# gradient (lesson 14). Against vanishing one needs another kind of unit.
#
# ## A state that is kept
#
# The LSTM (Hochreiter and Schmidhuber 1997; with forget gates, Gers and
# others 2000) has a second state, the cell $c$. It is not squashed. It is
# kept, but for what a *gate* lets out, and something is added:
#
# $$c_t = f_t c_{t-1} + i_t g_t, \quad h_t = o_t \tanh(c_t)$$
#
# The gates $f$, $i$ and $o$ are sigmoids of the input and the last $h$, each
# with weights of its own; $g$, what is offered to the cell, is a tanh of the
# same kind. Along the cells the factor from step to step is $f_t$. If the
# network learns to keep it near 1, a gradient survives for as long as it is
# needed.
#
# ## The adding problem
#
# A test for long memories: a sequence of 30 pairs. The first number of each
# pair is random, between 0 and 1. The second is a mark: it is 1 at two places
# and 0 elsewhere. At the end the network must say the **sum of the two marked
# numbers**.

# %%
LENGTH = 30


def example(generator):
    pairs = [[generator.random(), 0.0] for _ in range(LENGTH)]
    first = generator.randrange(LENGTH // 2)
    second = generator.randrange(LENGTH // 2, LENGTH)
    pairs[first][1] = 1.0
    pairs[second][1] = 1.0
    return pairs, pairs[first][0] + pairs[second][0]


def examples(generator, count):
    made = [example(generator) for _ in range(count)]
    return [pairs for pairs, _ in made], [total for _, total in made]


_, sums = examples(random.Random(5), 20000)
lazy = sum([(total - 1) ** 2 for total in sums]) / len(sums)

predict(
    "A lazy network has remembered nothing, and always says 1, which is the "
    "mean. How large is its mean squared error, about?",
    lazy,
    hints={
        0.0833: "That is the variance of one random number. There are two.",
        0.333: "That is the mean distance from 1. First square each of them.",
    },
    why="A number between 0 and 1 has the variance 1/12, and the sum of two "
    "has 1/6. Who is better than that has remembered something.",
    within=0.03,
)

# %% [markdown]
# Two networks of 12 units read it: `nn.RNN`, which is the network from above,
# and `nn.LSTM`, whose forget gates start at a bias of 1, so that they are
# rather open. The 30 steps are compiled to a program for a batch (lesson 12);
# it has the steps as a loop.

# %%
import autograd
import nn

UNITS = 12


def train(layer, head, steps=900):
    def loss(pairs, total):
        states, _ = layer(pairs)
        return (head(states[-1])[0] - total) ** 2

    parameters = layer.parameters() + head.parameters()
    one = [[0.0, 0.0]] * LENGTH
    program = autograd.compile(loss, parameters, like=(one, 0.0))
    optimiser = nn.Adam(program.parameters, lr=0.01)
    generator = random.Random(0)
    curve = []
    for _ in range(steps):
        error, _ = program(*examples(generator, 32))
        nn.clip_grad_norm_(program.parameters, 1.0)
        optimiser.step()
        curve.append(error)
    program.write_back()
    return curve


rnn, rnn_head = nn.RNN(2, UNITS, seed=1), nn.Linear(UNITS, 1, seed=1)
lstm, lstm_head = nn.LSTM(2, UNITS, seed=1), nn.Linear(UNITS, 1, seed=1)
for bias in lstm.bias_ih_l0[UNITS : 2 * UNITS]:
    bias.data = 1.0

rnn_curve = train(rnn, rnn_head)
lstm_curve = train(lstm, lstm_head)

# %%


def smooth(curve):
    return [sum(curve[k : k + 20]) / 20 for k in range(len(curve) - 19)]


figure, plot = axes()
plot.plot(smooth(rnn_curve), label="RNN")
plot.plot(smooth(lstm_curve), label="LSTM")
plot.axhline(lazy, ls="--", lw=1, color=COLOURS[4], label="always 1")
plot.set(yscale="log", xlabel="step", ylabel="squared error")
plot.legend()
show(
    figure,
    "The adding problem. Both soon learn to say 1. The LSTM finds the marks, "
    "the RNN does not.",
)
print(f"last 100 steps, RNN:  {sum(rnn_curve[-100:]) / 100:.4f}")
print(f"last 100 steps, LSTM: {sum(lstm_curve[-100:]) / 100:.4f}")

# %% [markdown]
# ## Ask the gradient what the network has learnt
#
# The right answer is the sum of the two marked numbers. So its slope by a
# marked number is 1, and by every other number 0. The engine can ask a
# network for *its* slopes: the inputs are Values, too.

# %%
pairs, total = example(random.Random(7))
marked = [t for t in range(LENGTH) if pairs[t][1] == 1.0]


def slopes(layer, head):
    inputs = [[Value(number), Value(mark)] for number, mark in pairs]
    states, _ = layer(inputs)
    answer = head(states[-1])[0]
    answer.backward()
    return answer.data, [number.grad for number, _ in inputs]


rnn_answer, rnn_slopes = slopes(rnn, rnn_head)
lstm_answer, lstm_slopes = slopes(lstm, lstm_head)

figure, plots = axes(rows=2, height=4.2, sharex=True, sharey=True)
places = list(range(1, LENGTH + 1))
for plot, name, found, colour in (
    (plots[0], "RNN", rnn_slopes, COLOURS[0]),
    (plots[1], "LSTM", lstm_slopes, COLOURS[1]),
):
    plot.bar(places, found, color=colour)
    for t in marked:
        plot.axvline(t + 1, ls=":", lw=1, color=COLOURS[4])
    plot.set(title=name, ylabel="slope")
plots[1].set_xlabel("place in the sequence; dotted: the two marked numbers")
show(
    figure,
    "How much the answer depends on each number. The LSTM's looks at the two "
    "that are marked; the RNN's at none that is far away.",
)
print(f"right {total:.3f}, RNN {rnn_answer:.3f}, LSTM {lstm_answer:.3f}")

# %% [markdown]
# ## Exercises
#
# **1.** A unit with $u = 0.5$ whose states are all close to 0, so that each
# step back multiplies by 0.5. How many steps back is the gradient below a
# thousandth of what it was, for the first time?

# %%
steps_back = None  # your number

check("through_time.steps_back", steps_back)

# %% [markdown]
# **2.** Write the loop for one unit, with plain floats and without the
# engine. The states start at 0, only the last one has a target, and the error
# is $(h_T - y)^2 / 2$. Return `(dw, du, db)`. You may use `math.tanh`.


# %%
def bptt(w, u, b, xs, y):
    # your code
    ...


check("through_time.bptt", bptt)

# %% [markdown]
# Next, lesson 23: weights that are shared in space, and attention, which has
# no way through time at all.
