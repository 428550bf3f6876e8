# %% [markdown]
# # 25. Handwriting
#
# *One idea: nobody tells a network what a 3 looks like. It learns that from
# examples, and its weights and its mistakes can be looked at.*
#
# 1,797 digits, each written by hand and scanned into 8 by 8 pixels with 17
# shades of grey: the test set of the *Optical Recognition of Handwritten
# Digits* data (Alpaydin and Kaynak, 1998, UCI repository). scikit-learn
# brings it along. A pixel becomes a number from 0, white, to 1, black. One
# image in five is held out.

# %%
import random

from sklearn.datasets import load_digits

from demos import axes, check, predict, show, table

data = load_digits()
examples = []
for pixels, digit in zip(data.data.tolist(), data.target.tolist()):
    examples.append(([pixel / 16 for pixel in pixels], digit))
random.Random(0).shuffle(examples)
fifth = len(examples) // 5
held_out, training = examples[:fifth], examples[fifth:]
print(f"{len(training)} images to learn from, {len(held_out)} held out")


def draw_image(plot, pixels, title="", **style):
    rows = [pixels[k : k + 8] for k in range(0, 64, 8)]
    plot.imshow(rows, **{"cmap": "Greys", "vmin": 0, "vmax": 1, **style})
    plot.set_title(title, fontsize=10)
    plot.set(xticks=[], yticks=[])


figure, plots = axes(10, 2, width=8, height=2.2)
for plot, (pixels, digit) in zip(plots.flat, training):
    draw_image(plot, pixels, digit)
show(figure, "Twenty of the images, with the digits that they stand for.")

# %% [markdown]
# ## The network
#
# 64 pixels go in. A hidden layer has 32 ReLUs, and the output has 10 logits,
# one for each digit. The largest logit is the answer, and the loss is cross
# entropy. From the scalars of one image the compiler makes the program for
# many images.

# %%
import numpy as np

import autograd
import nn

model = nn.MLP(
    64, [32, 10], activation="relu", init="kaiming_uniform", seed=0
)


def loss_of_image(pixels, digit):
    return nn.cross_entropy(model(pixels), digit)


like = ([0.0] * 64, 0)
program = autograd.compile(loss_of_image, model, like=like)
logits = autograd.compile(
    model, program.parameters, gradient=False, like=like[:1]
)
print(f"{len(model.parameters()):,} parameters, all of them in these arrays:")
print(
    {name: program.parameters[name].shape for name in "W1 b1 W2 b2".split()}
)

# %%
X, y = [np.array(column, dtype=float) for column in zip(*training)]
X_held, y_held = [np.array(column, dtype=float) for column in zip(*held_out)]


def share_right(logits, images, digits):
    return float((logits(images).argmax(axis=1) == digits).mean())


before = share_right(logits, X_held, y_held)
predict(
    "How many in a hundred held-out images does the untrained network read "
    "right, about?",
    100 * before,
    hints={
        50: "There are ten digits, not two.",
        0: "Guesses are right now and then.",
    },
    why="There are ten digits, and it knows nothing of them: one in ten, "
    "more or less by chance.",
    within=0.6,
)

# %% [markdown]
# ## Training
#
# Twenty times through all images, in batches of 32, with Adam and a falling
# learning rate.

# %%
import time

EPOCHS, BATCH = 20, 32


def train(program, logits, images, held_images, rate):
    optimiser = nn.Adam(program.parameters)
    generator = np.random.default_rng(0)
    curve = []
    for epoch in range(EPOCHS):
        optimiser.lr = rate * (1 - epoch / EPOCHS) ** 0.5
        order = generator.permutation(len(images))
        for start in range(0, len(images), BATCH):
            part = order[start : start + BATCH]
            program(images[part], y[part])
            optimiser.step()
        curve.append(
            (
                epoch + 1,
                share_right(logits, images, y),
                share_right(logits, held_images, y_held),
            )
        )
    return curve


start = program.parameters["W1"].copy()
began = time.perf_counter()
curve = train(program, logits, X, X_held, rate=0.01)
seconds = time.perf_counter() - began
program.write_back()
rows = [
    (e, f"{a:.1%}", f"{b:.1%}") for e, a, b in curve if e in (1, 2, 5, 10, 20)
]
table(["epoch", "learnt from", "held out"], rows)
print(f"trained in {seconds:.1f} s")

# %% [markdown]
# ## What it confuses
#
# A *confusion matrix* counts, for each digit, what it was read as. What is
# right stands on the diagonal.

# %%
read = logits(X_held).argmax(axis=1)
counts = [[0] * 10 for _ in range(10)]
for digit, guess in zip(y_held, read):
    counts[int(digit)][guess] += 1
rows = [(d, *(n or "·" for n in row)) for d, row in enumerate(counts)]
table(["is \\ read as", *map(str, range(10))], rows)

# %%
wrong = [k for k in range(len(read)) if read[k] != y_held[k]]
columns = min(len(wrong), 10)
figure, plots = axes(columns, width=8, height=1.5, squeeze=False)
for plot, k in zip(plots.flat, wrong):
    title = f"{int(y_held[k])} as {read[k]}"
    draw_image(plot, held_out[k][0], title)
show(
    figure,
    f"Images that it misreads, {columns} of {len(wrong)}: what they are, and "
    "what it reads instead.",
)

# %% [markdown]
# Cover the titles with your hand: would you have read them right?
#
# ## What the hidden units look for
#
# A unit of the first layer has 64 weights, one for each pixel. So they can be
# drawn as an image: where a unit's weights are positive it wants ink, where
# they are negative it wants none.

# %%
weights = program.parameters["W1"]
largest = abs(weights).max()
figure, plots = axes(8, 4, width=8, height=4.2)
for plot, row in zip(plots.flat, weights.tolist()):
    draw_image(plot, row, cmap="RdBu", vmin=-largest, vmax=largest)
show(
    figure,
    "The weights of the 32 hidden units: blue wants ink, red wants none.",
)

# %% [markdown]
# Some show strokes and gaps; others look like noise to us, and work all the
# same. And some are pale all over. Are they of any use?

# %%
hidden = np.maximum(X @ weights.T + program.parameters["b1"], 0)
asleep = int((hidden.max(axis=0) == 0).sum())
print(f"{asleep} of 32 units are 0 for every image that it learnt from")

# %% [markdown]
# Such a ReLU is called dead (lesson 13). It has no part in any answer, and
# gets no gradient.
#
# Now look at the data again. Some pixels are white in every image that the
# network learns from.

# %%
white = X.max(axis=0) == 0
moved = abs(weights - start).max(axis=0)
predict(
    f"{int(white.sum())} of the 64 pixels are 0 in all images. How far has "
    "training moved the weights of these pixels?",
    moved[white].max(),
    hints={1: "A weight's gradient is its delta times its input."},
    why="The gradient of a weight is delta times input (lesson 6), and the "
    "input is always 0. These weights are the random ones of the start.",
)

# %%
print("largest move of weights, for each pixel:")
for k in range(0, 64, 8):
    print("  ".join(f"{x:5.2f}" for x in moved[k : k + 8]))

# %% [markdown]
# ## Moved by one pixel
#
# To the network a pixel is nothing but a place in a list. That the next one
# in the list is its neighbour, nobody has told it. So let us move all
# held-out images by one pixel to the right, which you would hardly notice.


# %%
def moved_by(images, down, right):
    rows = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    return rows[:, 1 - down : 9 - down, 1 - right : 9 - right]


to_the_right = moved_by(X_held, 0, 1).reshape(-1, 64)
moved_right = share_right(logits, to_the_right, y_held)
predict(
    f"It reads {100 * curve[-1][2]:.1f}% of the held-out images right. How "
    "many percent are left when they are moved to the right by one pixel?",
    100 * moved_right,
    hints={
        97: "Each weight belongs to one pixel, and now each pixel shows what "
        "its neighbour showed.",
        10: "Not as bad as guessing: strokes are wider than one pixel.",
    },
    why="What it knows of a stroke at one place it does not know of the same "
    "stroke one place further.",
    within=0.25,
)

# %% [markdown]
# ## Filters
#
# A convolution looks everywhere for the same thing: it slides a few *filters*
# of 3 by 3 weights over the whole image (lesson 23). Below, 16 filters are
# followed by a ReLU. Then of each 3 by 3 neighbours only the largest is kept,
# wherever it is, and a linear layer makes 10 logits of what is left. The
# compiler takes that as it is.

# %%
conv = nn.Sequential(
    nn.Conv2d(1, 16, 3, seed=0),
    nn.ReLU(),
    nn.MaxPool2d(3),
    nn.Flatten(),
    nn.Linear(64, 10, seed=2),
)


def loss_of_square(channels, digit):
    return nn.cross_entropy(conv(channels), digit)


square = ([[[0.0] * 8] * 8], 0)
conv_program = autograd.compile(loss_of_square, conv, like=square)
conv_logits = autograd.compile(
    conv, conv_program.parameters, gradient=False, like=square[:1]
)
images, held_images = X.reshape(-1, 1, 8, 8), X_held.reshape(-1, 1, 8, 8)
conv_curve = train(conv_program, conv_logits, images, held_images, rate=0.02)

predict(
    "Which of the two networks has more parameters?",
    "the first"
    if len(model.parameters()) > len(conv.parameters())
    else "the second",
    choices=["the first", "the second"],
    hints={
        "the second": "A filter has nine weights and a bias, however often "
        "it is used."
    },
    why="A hidden unit of the first has 65 of its own. A filter has 10, and "
    "uses them at 36 places.",
)

# %%
sides = [(0, 1), (0, -1), (1, 0), (-1, 0)]
rows = []
for name, net, read_by, shape, result in (
    ("hidden layer", model, logits, (-1, 64), curve),
    ("convolution", conv, conv_logits, (-1, 1, 8, 8), conv_curve),
):
    shares = []
    for down, right in sides:
        images_there = moved_by(X_held, down, right).reshape(shape)
        shares.append(f"{share_right(read_by, images_there, y_held):.0%}")
    size = f"{len(net.parameters()):,}"
    rows.append((name, size, f"{result[-1][2]:.1%}", *shares))
columns = ["", "parameters", "held out", "right", "left", "down", "up"]
table(columns, rows)

# %% [markdown]
# With a third of the parameters the convolution is as good on images in their
# place, and better on those that were moved, though not good. (Up and down
# are hard: a digit fills all eight rows, and one of them is cut off. The
# large networks for images have many such layers, and are shown moved images
# when they learn.) These are its filters:

# %%
conv_program.write_back()
figure, plots = axes(8, 2, width=6, height=1.8)
for plot, channels in zip(plots.flat, conv[0].weight):
    numbers = [[w.data for w in row] for row in channels[0]]
    size = max(abs(w) for row in numbers for w in row)
    plot.imshow(numbers, cmap="RdBu", vmin=-size, vmax=size)
    plot.set(xticks=[], yticks=[])
show(figure, "The 16 filters: edges of several directions, and spots.")

# %% [markdown]
# `python -m demos digits` trains the first network with options, on the
# scalars themselves if you like, and keeps it in a file.
#
# ## Exercises
#
# **1.** How many parameters has a network with 64 inputs, one hidden layer of
# 20 units, and 10 outputs?

# %%
parameters = None  # your number

check("handwriting.parameters", parameters)

# %% [markdown]
# **2.** Write the counting behind the confusion matrix.
# `confusion(digits, guesses)` takes two lists of the same length, and returns
# a list of ten lists of ten numbers: how often the digit of the row was read
# as that of the column.


# %%
def confusion(digits, guesses):
    # your code
    ...


check("handwriting.confusion", confusion)

# %% [markdown]
# Next, lesson 26: a network that reads and writes.
