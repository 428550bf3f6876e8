# %% [markdown]
# # 23. Convolution and attention
#
# *One idea: a filter uses the same few weights at every place; attention
# makes its weights anew from what it sees. Both are sums of products.*
#
# A layer of neurons has a weight for each pair of an input and a unit. Images
# and texts are too large for that, and it would be a waste: an edge is an
# edge wherever it is. Two layers that do better are taken apart here, scalar
# by scalar. Convolution is that of LeCun and others (1989), attention that of
# Vaswani and others (2017). The numbers are ours.
#
# ## A filter slides along a signal
#
# A filter of three weights stands over the first three numbers of a signal
# and takes their weighted sum. Then it moves on by one place:
#
# $$y_t = w_1 x_t + w_2 x_{t+1} + w_3 x_{t+2}$$

# %%
from autograd import Value, dot, sum
from demos import COLOURS, axes, check, predict, show, table

signal = [0.0, 0.0, 0.5, 1.0, 1.0, 0.0]
w = [Value(-0.5, "w1"), Value(0.2, "w2"), Value(0.4, "w3")]


def convolve(w, xs):
    return [dot(w, xs[t : t + len(w)]) for t in range(len(xs) - len(w) + 1)]


y = convolve(w, signal)
wanted = [1.0, 1.0, 0.0, -1.0]
errors = []
for t in range(4):
    y[t].label = f"y{t + 1}"
    errors.append((y[t] - wanted[t]) ** 2 / 2)
loss = sum(errors)
loss.label = "L"
loss.backward()
rows = [(t + 1, y[t].data, wanted[t]) for t in range(4)]
table(["place", "y", "wanted"], rows)

# %% [markdown]
# Each weight is used at four places. So its gradient is a sum over places, as
# that of a recurrent weight is a sum over steps (lesson 22):
#
# $$\frac{\partial L}{\partial w_k} = \sum_t \delta_t x_{t+k-1}, \quad
# \delta_t = \frac{\partial L}{\partial y_t}$$

# %%
slopes = [y_t.grad for y_t in y]
terms = [[slopes[t] * signal[t + k] for t in range(4)] for k in range(3)]

predict(
    "The signal begins with two zeros. At how many of its four places does "
    "w1 learn something?",
    len([term for term in terms[0] if term != 0]),
    hints={
        4: "It is used four times. But twice it is multiplied by 0.",
        3: "Which numbers does w1 meet? The first four of the signal.",
        1: "It meets the first four numbers: 0, 0, 0.5 and 1.",
    },
    why="w1 meets the first four numbers of the signal, 0, 0, 0.5 and 1. "
    "Where it multiplied a 0 it gets no blame.",
)

# %%
rows = []
for k in range(3):
    rows.append((w[k].label, *terms[k], sum(terms[k]), w[k].grad))
columns = ["weight", "place 1", "2", "3", "4", "sum", ".grad"]
table(columns, rows, 4)

# %%
from autograd.view import explore

page = explore(
    loss,
    open=False,
    title="One filter at four places",
    text="Three weights slide along six numbers.",
    notes={
        y[0]: "The filter at its first place.",
        w[2]: "Used at four places: its gradient is a sum of four terms.",
    },
    parameters=w,
    selected=w[2],
    step="backward",
)
show(page, "Three weights, four places: each weight has four consumers.")

# %% [markdown]
# Nobody has to say what a filter is to look for. Let the target be how much a
# signal rises over two places, $x_{t+2} - x_t$, for a signal of 30 random
# numbers. `nn.Conv1d` is the layer; it starts with random weights. Its input
# is a list of channels, and a signal has one.

# %%
import random

import nn

layer = nn.Conv1d(1, 1, 3, bias=False, seed=1)
generator = random.Random(1)
xs = [generator.uniform(-1, 1) for _ in range(30)]
rises = [xs[t + 2] - xs[t] for t in range(28)]

optimiser = nn.SGD(layer.parameters(), lr=0.5)
for _ in range(200):
    error = nn.mse(layer([xs])[0], rises)
    optimiser.zero_grad()
    error.backward()
    optimiser.step()

learnt = [weight.data for weight in layer.weight[0][0]]
rounded = ", ".join(f"{round(weight)}" for weight in learnt)

predict(
    "Which filter does it find?",
    rounded,
    choices=["1, 0, -1", "-1, 0, 1", "-1, 1, 0", "0, 1, 0"],
    hints={
        "1, 0, -1": "This filter says how much the signal falls.",
        "-1, 1, 0": "This one compares neighbours.",
        "0, 1, 0": "This one copies the signal.",
    },
    why="-1 · x_t + 0 · x_(t+1) + 1 · x_(t+2) is the target itself.",
)
print("learnt:", ", ".join(f"{weight:.6f}" for weight in learnt))

# %% [markdown]
# ## An image
#
# In two dimensions a filter is a small square, and slides over rows and
# columns. Here it has 2 x 2 weights, and the image is a square of ones on a
# ground of zeros. The loops are those of `nn.Conv2d`.

# %%
image = [
    [0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 1.0, 1.0, 0.0],
    [0.0, 1.0, 1.0, 1.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0],
]
kernel = [
    [Value(-1.0, "k11"), Value(1.0, "k12")],
    [Value(-1.0, "k21"), Value(1.0, "k22")],
]


def convolve_image(kernel, image):
    rows = []
    for i in range(len(image) - 1):
        row = []
        for j in range(len(image[0]) - 1):
            total = 0.0
            for k in (0, 1):
                for l in (0, 1):
                    total = total + kernel[k][l] * image[i + k][j + l]
            row.append(total)
        rows.append(row)
    return rows


edges = convolve_image(kernel, image)

# %%


def squares(plot, rows, title):
    largest = max(abs(number) for row in rows for number in row)
    for i, row in enumerate(rows):
        for j, number in enumerate(row):
            colour = COLOURS[0] if number >= 0 else COLOURS[1]
            depth = 0.05 + 0.75 * abs(number) / largest
            plot.scatter(
                j, -i, 900, colour, marker="s", alpha=depth, linewidths=0
            )
            plot.text(j, -i, f"{number:.2g}", ha="center", va="center")
    plot.set(xlim=(-0.6, len(rows[0]) - 0.4), ylim=(0.4 - len(rows), 0.6))
    plot.set_aspect("equal")
    plot.set_axis_off()
    plot.set_title(title)


figure, plots = axes(2, height=2.8)
squares(plots[0], image, "image")
squares(plots[1], [[v.data for v in row] for row in edges], "filtered")
show(
    figure,
    "The filter (-1, 1) over (-1, 1) finds vertical edges: blue where the "
    "image grows from left to right, orange where it falls.",
)

# %% [markdown]
# The gradient of one of the four weights is again a sum, now over all rows
# and columns of the output. Below, the loss is half the sum of the squares of
# the output, so that what comes back to each output is the output itself.
# `nn.Conv2d` gets the same weights, and must give the same gradients.

# %%


def half_the_squares(rows):
    return sum([number**2 / 2 for row in rows for number in row])


half_the_squares(edges).backward()

conv = nn.Conv2d(1, 1, 2, bias=False)
conv.load_state_dict({"weight": [[[[-1.0, 1.0], [-1.0, 1.0]]]]})
half_the_squares(conv([image])[0]).backward()

rows = []
for k in (0, 1):
    for l in (0, 1):
        by_hand = 0.0
        for i in range(3):
            for j in range(4):
                by_hand += edges[i][j].data * image[i + k][j + l]
        theirs = conv.weight[0][0][k][l].grad
        rows.append((kernel[k][l].label, by_hand, kernel[k][l].grad, theirs))
table(["weight", "sum of 12 terms", "by the engine", "nn.Conv2d"], rows)

# %% [markdown]
# ## Attention: a soft look-up
#
# In a filter the weights stay the same, whatever the signal is. In a sentence
# that is too little: which word matters for "it" depends on the words.
# Attention computes its weights. One position asks with a **query** $q$. Each
# position offers a **key** $k_j$ and a **value** $v_j$. The score says how
# well they fit, softmax makes shares of the scores, and the output is the
# weighted sum of the values:
#
# $$s_j = \frac{q \cdot k_j}{\sqrt{d}}, \quad
# a_j = \frac{e^{s_j}}{\sum_i e^{s_i}}, \quad
# o = \sum_j a_j v_j$$
#
# $d$ is how many numbers a key has; without the root, long keys would make
# large scores. Here $d = 2$, and a value is a single number.

# %%
import math

q = [Value(2.0, "q1"), Value(1.0, "q2")]
keys = [
    [Value(1.0, "k11"), Value(0.0, "k12")],
    [Value(0.0, "k21"), Value(1.0, "k22")],
    [Value(-1.0, "k31"), Value(0.5, "k32")],
]
v = [Value(10.0, "v1"), Value(20.0, "v2"), Value(30.0, "v3")]

s = [dot(q, key) / math.sqrt(2) for key in keys]
a = nn.softmax(s)
o = dot(a, v)
for j in range(3):
    s[j].label, a[j].label = f"s{j + 1}", f"a{j + 1}"
o.label = "o"

table(
    ["position", "score", "share", "value"],
    [(j + 1, s[j].data, a[j].data, v[j].data) for j in range(3)],
    6,
)
print("output:", o.data)

# %% [markdown]
# The query fits the first key best, so the output is near the first value.
#
# ## Where the blame goes
#
# A value is multiplied by its share: $\partial o / \partial v_j = a_j$. And a
# score? If it grows, its share grows, and *all others shrink*:
#
# $$\frac{\partial o}{\partial s_j} = a_j \, (v_j - o)$$
#
# A score pulls the output towards its own value, and the harder, the further
# that value is from the output.

# %%
o.backward()
total = sum([s_j.grad for s_j in s])

predict(
    "What is the sum of the three gradients do/ds?",
    abs(round(total, 12)),
    hints={
        1: "That is the sum of the shares, which are the gradients do/dv.",
        o.data: "That is the output itself.",
    },
    why="If all scores grow by the same amount the shares stay as they are "
    "(lesson 21). So the gradients of the scores must cancel.",
)

# %%
rows = []
for j in range(3):
    formula = a[j].data * (v[j].data - o.data)
    rows.append((j + 1, v[j].grad, s[j].grad, formula))
table(["position", "do/dv", "do/ds", "a (v - o)"], rows, 8)

# %% [markdown]
# On the page the softmax is in its stable form: the largest score, $s_1$, is
# taken from the others, and in its own place stands the constant 0. So what
# reaches $s_1$ comes from the two differences.

# %%
page = explore(
    o,
    open=False,
    title="One query, three keys",
    text="Scores, shares by softmax, and the weighted sum of the values.",
    notes={
        s[0]: "Its value, 10, is below the output: more of it, and o falls.",
        s[2]: "Its value, 30, is far above the output. Its share is small.",
        o: "Between the values, nearest to that of the largest share.",
    },
    parameters=[*q, *[number for key in keys for number in key], *v],
    selected=s[0],
    step="backward",
)
show(page, "Attention as a graph. Drag a number of the query.")

# %% [markdown]
# ## Nobody may look ahead
#
# A language model learns to say the next word. So position $i$ may look at
# the positions up to $i$, and not at those after it: the **causal mask**. A
# head of attention makes queries, keys and values from its inputs $x_i$, by
# three matrices. Here are three positions of two numbers. The mask is a
# slice.

# %%
generator = random.Random(2)


def matrix(rows, columns):
    return [
        [Value(generator.uniform(-1, 1)) for _ in range(columns)]
        for _ in range(rows)
    ]


x = matrix(3, 2)
Wq, Wk, Wv = matrix(2, 2), matrix(2, 2), matrix(2, 2)


def times(matrix, vector):
    return [dot(row, vector) for row in matrix]


def head(x, mask):
    queries = [times(Wq, x_i) for x_i in x]
    keys = [times(Wk, x_i) for x_i in x]
    values = [times(Wv, x_i) for x_i in x]
    outputs, shares = [], []
    for i in range(3):
        scores = [dot(queries[i], key) / math.sqrt(2) for key in keys]
        if mask == "before":
            a = nn.softmax(scores[: i + 1]) + [Value(0.0)] * (2 - i)
        elif mask == "after":
            a = nn.softmax(scores)[: i + 1] + [Value(0.0)] * (2 - i)
        else:
            a = nn.softmax(scores)
        outputs.append([dot(a, column) for column in zip(*values)])
        shares.append([a_j.data for a_j in a])
    return outputs, shares


outputs, masked = head(x, "before")
_, unmasked = head(x, None)

# %%
figure, plots = axes(2, height=2.6)
squares(plots[0], unmasked, "everyone sees everyone")
squares(plots[1], masked, "causal mask")
show(
    figure,
    "The shares: a row is a query, a column is a key. With the mask each row "
    "still adds up to 1.",
)

# %% [markdown]
# There is a tempting shortcut, and it is wrong: take the softmax of all
# scores, and *then* set the shares of later positions to 0. The picture would
# have the same zeros. Ask the gradient whether the first output depends on
# the third input.

# %%


def leak(mask):
    for number in x[2]:
        number.grad = 0.0
    outputs, _ = head(x, mask)
    outputs[0][0].backward()
    return max([abs(number.grad) for number in x[2]])


predict(
    "The shares of later positions are set to 0 after the softmax. Does the "
    "first output still depend on the third input?",
    "yes" if leak("after") > 0 else "no",
    choices=["yes", "no"],
    hints={"no": "Look at the denominator of the softmax."},
    why="The denominator still has the later scores in it. The row no longer "
    "adds up to 1, and how much is missing tells of the future.",
)

# %%
table(
    ["mask", "largest slope of output 1 by input 3"],
    [
        ("none", leak(None)),
        ("after the softmax", leak("after")),
        ("before the softmax", leak("before")),
    ],
    4,
)

# %% [markdown]
# A gradient is a good detective. If a number must not matter, its gradient
# must be exactly 0. A program that computes with whole matrices does not cut
# its rows. It adds minus infinity to the scores that are not allowed, before
# the softmax: $e^{-\infty} = 0$, in the denominator as well.
#
# ## The layer
#
# `nn.MultiheadAttention` has PyTorch's name, shapes and numbers. With one
# head, our three matrices below each other, and the identity as the matrix of
# its output, it is our head.

# %%
for row in Wq + Wk + Wv:
    for weight in row:
        weight.grad = 0.0  # the detective left something there

attention = nn.MultiheadAttention(2, 1, bias=False)
attention.load_state_dict(
    {
        "in_proj_weight": [[v.data for v in row] for row in Wq + Wk + Wv],
        "out_proj.weight": [[1.0, 0.0], [0.0, 1.0]],
    }
)
inputs = [[number.data for number in x_i] for x_i in x]
theirs, their_shares = attention(inputs, inputs, inputs, is_causal=True)

half_the_squares(outputs).backward()
half_the_squares(theirs).backward()

rows, largest = [], 0.0
for i, row in enumerate(Wq + Wk + Wv):
    for j, weight in enumerate(row):
        other = attention.in_proj_weight[i][j]
        largest = max(largest, abs(weight.grad - other.grad))
        if j == 0:
            name = f"{'QQKKVV'[i]}[{i % 2}][0]"
            rows.append((name, weight.grad, other.grad))
table(["gradient of", "our head", "nn.MultiheadAttention"], rows)
print(f"largest difference of all 12: {largest:.1e}")

# %% [markdown]
# A transformer is layers of this, each followed by a small network for each
# position. Lesson 26 builds one that writes.
#
# ## Exercises
#
# **1.** A filter of 3 x 3 weights slides over an image of 8 x 8 pixels,
# without going over its borders. Of how many terms is the gradient of one
# weight the sum?

# %%
terms_of_a_weight = None  # your number

check("attention.terms_of_a_weight", terms_of_a_weight)

# %% [markdown]
# **2.** Write attention for one query. `query` is a list of numbers, `keys`
# and `values` are lists of such lists. Return the output, a list. The numbers
# may be floats or Values, and the scores may be large: `nn.softmax` can deal
# with that.


# %%
def attend(query, keys, values):
    # your code
    ...


check("attention.attend", attend)

# %% [markdown]
# Next, lesson 24: a whole project, from the data to a network that separates
# two moons.
