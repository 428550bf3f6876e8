# %% [markdown]
# # 20. Learning too well: overfitting
#
# *One idea: the loss on the training points says how well a network
# remembers. What matters is the loss on points that it has not seen.*
#
# So far all losses were those of the points the network was trained on. Now
# it gets few points, with noise, and far more weights than points. Then it
# learns the noise by heart. This lesson watches that happen, and tries four
# remedies: early stopping, L2, L1 and dropout.
#
# The problem is ours; the remedies have their sources where they come.
#
# ## Three sets of points
#
# The truth is a curve, $\sin(3x)$. What one can measure has noise, normally
# distributed with standard deviation 0.3. There are three sets:
#
# - 20 points for *training*: the gradient comes from these alone;
# - 40 for *validation*: they decide when to stop and how strong a remedy is;
# - 500 for the *test*: they are looked at once, at the end, and decide
#   nothing. A set that decides something is not new any more.

# %%
import math
import random

import nn
from demos import COLOURS, axes, check, predict, show, table

NOISE = 0.3
generator = random.Random(1)


def truth(x):
    return math.sin(3 * x)


def measured(xs):
    return [[x] for x in xs], [
        [truth(x) + generator.gauss(0, NOISE)] for x in xs
    ]


train = measured([-1 + 2 * k / 19 for k in range(20)])
validation = measured([generator.uniform(-1, 1) for _ in range(40)])
test = measured([generator.uniform(-1, 1) for _ in range(500)])

predict(
    "Suppose a network found the true curve exactly. What would its mean "
    "squared error be on very many new points?",
    NOISE**2,
    hints={
        0: "The points are not on the curve. They have noise.",
        0.3: "That is the standard deviation of the noise. Square it.",
    },
    why="What remains is the noise, and its mean square is 0.3². On average "
    "nobody can do better on new points.",
)

# %%
of_truth = nn.mse([[truth(x)] for (x,) in test[0]], test[1])
print(f"mean squared error of the true curve on the test set: {of_truth:.4f}")

# %% [markdown]
# ## By heart
#
# The network has two layers of 20 tanh units. `nn.fit` is the loop of lesson
# 19. After each epoch it also computes the error on the validation points.
# The layers of dropout do nothing yet; the function `penalty` comes later.

# %%
EPOCHS = 1200


def network(dropout):
    return nn.Sequential(
        nn.Linear(1, 20, seed=1),
        nn.Tanh(),
        nn.Dropout(dropout, seed=2),
        nn.Linear(20, 20, seed=3),
        nn.Tanh(),
        nn.Dropout(dropout, seed=4),
        nn.Linear(20, 1, seed=5),
    )


def fit(penalty=None, dropout=0.0, early_stopping=None):
    model = network(dropout)

    def loss(predictions, targets):
        error = nn.mse(predictions, targets)
        return error + penalty(model.parameters()) if penalty else error

    history = nn.fit(
        model,
        loss,
        train,
        epochs=EPOCHS,
        optimizer=lambda parameters: nn.Adam(parameters, lr=0.01),
        validation=validation,
        metrics={"error": nn.mse},
        early_stopping=early_stopping,
        compiled=True,
        progress=False,
    )
    return model.eval(), history


plain, history = fit()
print("weights and biases:", len(plain.parameters()))
print(f"training loss at the end: {history.loss[-1]:.2g}")

held_out = history.metrics["error"]
best_epoch = held_out.index(min(held_out)) + 1
predict(
    "The training loss ends near 0. After which epoch of the 1200 was the "
    "error on the validation points lowest?",
    "one of the first 300"
    if best_epoch <= 300
    else "one of the last 300"
    if best_epoch > 900
    else "one in between",
    choices=["one of the first 300", "one in between", "one of the last 300"],
    hints={
        "one in between": "How long does it take to find the rough shape?",
        "one of the last 300": "A training loss near 0 is below the noise. "
        "What has been learnt, to get there?",
    },
    why=f"It was epoch {best_epoch}. The rough shape is learnt first, the "
    "noise of the single points afterwards.",
)

# %%
table(
    ["epoch", "training loss", "validation error"],
    [
        (epoch, history.loss[epoch - 1], held_out[epoch - 1])
        for epoch in (1, 20, best_epoch, 200, 500, EPOCHS)
    ],
    digits=3,
)

# %% [markdown]
# ## Early stopping
#
# The simplest remedy is to stop at the best epoch. One does not know that it
# was the best until some time has passed, so one waits: if there is no new
# lowest error for 200 epochs, training ends, and the network gets the weights
# of the best epoch back. 200 is the *patience*. (Prechelt 1998 compares rules
# of this kind.)

# %%
stopped, short_history = fit(early_stopping=nn.EarlyStopping(patience=200))
print("epochs trained:", len(short_history))

# %%
line = [k / 100 - 1 for k in range(201)]


def draw(plot, model, colour, label):
    plot.plot(line, [truth(x) for x in line], "--", color=COLOURS[4], lw=1)
    plot.plot(*train, "o", color=COLOURS[4], ms=4)
    ys = [model([x])[0].data for x in line]
    plot.plot(line, ys, color=colour, label=label)
    plot.set(xlabel="x", ylim=(-2, 2))
    plot.legend(loc="upper left", fontsize=8)


figure, plots = axes(2, height=3.4)
draw(plots[0], plain, COLOURS[1], f"{EPOCHS} epochs")
draw(plots[0], stopped, COLOURS[0], f"{best_epoch} epochs")
plots[1].plot(history.loss, color=COLOURS[2], label="training")
plots[1].plot(held_out, color=COLOURS[3], label="validation")
plots[1].axvline(best_epoch - 1, color=COLOURS[4], ls=":", lw=1)
plots[1].set(xlabel="epoch", ylabel="error", yscale="log", ylim=(1e-5, 3))
plots[1].legend(loc="lower left")
show(
    figure,
    "Left: trained to the end, the curve bends to each point (dashed is the "
    "truth). Right: the training loss falls and falls, the validation error "
    "turns around (dotted: its lowest).",
)

# %% [markdown]
# ## L2: a price for large weights
#
# To bend so sharply the curve needs large weights. So let weights cost
# something. L2 adds their squares to the loss (for regression that is *ridge
# regression*, Hoerl and Kennard 1970):
#
# $$L + \alpha \sum_i w_i^2$$
#
# Its slope by a weight is $2 \alpha w$. In a step of plain gradient descent
# that takes the same *share* of each weight away, which is why it is also
# called weight decay:
#
# $$w \leftarrow w - \eta\, (g + 2 \alpha w) =
# (1 - 2 \eta \alpha)\, w - \eta\, g$$

# %%
from autograd import Value, grad


def one_step(make_optimiser, alpha):
    w = Value(2.0)
    optimiser = make_optimiser([w])
    loss = (3 * w - 3) ** 2 + alpha * w**2
    loss.backward()
    optimiser.step()
    return w.data


pull = grad(lambda w: 0.5 * w**2)(2.0)
decay = pull / 2.0
by_loss = one_step(lambda p: nn.SGD(p, 0.01), alpha=0.5)
by_decay = one_step(lambda p: nn.SGD(p, 0.01, weight_decay=decay), alpha=0)

predict(
    "With SGD, which `weight_decay` does the same as adding 0.5 · w² to the "
    "loss?",
    decay,
    hints={
        0.5: "Mind the 2 of the derivative: the slope of 0.5 w² is w.",
        0.25: "The slope of 0.5 w² is w.",
    },
    why="The slope of α w² is 2 α w, and weight_decay adds just that, "
    "weight_decay · w, to the gradient.",
)

# %%
print(f"w after a step: {by_loss} by the loss, {by_decay} by weight_decay")

# %% [markdown]
# With Adam it is not the same: Adam would divide the slope of the penalty by
# the size of the gradient, like any other slope, so that weights with large
# gradients hardly decay. That is why AdamW lets them decay by themselves
# (lesson 17).
#
# How large should $\alpha$ be? Nobody knows beforehand. Three are tried, and
# the validation points choose.

# %%
STRENGTHS = (0.003, 0.01, 0.03)


def final_error(run):
    return run[1].metrics["error"][-1]


def best_of(name, runs):
    table(
        [name, "training loss", "validation error"],
        [
            (strength, run[1].loss[-1], final_error(run))
            for strength, run in runs.items()
        ],
        digits=3,
    )
    chosen = min(runs, key=lambda strength: final_error(runs[strength]))
    return chosen, runs[chosen][0]


l2_runs = {
    alpha: fit(penalty=lambda weights: alpha * nn.l2(weights))
    for alpha in STRENGTHS
}
l2_alpha, l2_model = best_of("L2, alpha", l2_runs)

# %% [markdown]
# (The training loss is the one with the penalty. The validation error is
# without.)
#
# ## L1: a price for being there
#
# L1 adds the absolute values (the *lasso* of regression, Tibshirani 1996):
#
# $$L + \alpha \sum_i |w_i|$$
#
# Its slope is $\alpha$ or $-\alpha$, however small the weight is. L2 pulls
# less and less at a small weight; L1 pulls on, and brings it down to 0.

# %%
l1_runs = {
    alpha: fit(penalty=lambda weights: alpha * nn.l1(weights))
    for alpha in STRENGTHS
}
l1_alpha, l1_model = best_of("L1, alpha", l1_runs)


def used(model):
    return sum(abs(w.data) > 0.01 for w in model.parameters())


predict(
    "Of the 481 weights and biases, how many are larger than 0.01 in size "
    "after training with L1?",
    "fewer than 50"
    if used(l1_model) < 50
    else "50 to 240"
    if used(l1_model) <= 240
    else "more than 240",
    choices=["fewer than 50", "50 to 240", "more than 240"],
    hints={
        "50 to 240": "How many numbers does a curve with two bends need?",
        "more than 240": "Each weight costs something. Which are worth it?",
    },
    why=f"There are {used(l1_model)}. It is a small network now: the others "
    "could be left out.",
)

# %%
table(
    ["", "sum of |w|", "largest |w|", "above 0.01"],
    [
        (
            name,
            sum(abs(w.data) for w in model.parameters()),
            max(abs(w.data) for w in model.parameters()),
            used(model),
        )
        for name, model in (
            ("plain", plain),
            (f"L2, {l2_alpha}", l2_model),
            (f"L1, {l1_alpha}", l1_model),
        )
    ],
    digits=3,
)

# %% [markdown]
# ## Dropout: a network that cannot rely on anybody
#
# Dropout (Srivastava et al. 2014) sets each activation to 0 with probability
# $p$, anew for every example in every step. So no unit can rely on another
# one being there. To keep the mean as it is, those that stay are divided by
# $1 - p$:
#
# $$h_i \leftarrow \frac{r_i}{1 - p}\, h_i, \quad
# r_i = 0 \text{ with probability } p, \text{ else } 1$$

# %%
drop = nn.Dropout(0.5, seed=0)
ones = [1.0] * 10
in_training = drop(ones)

predict(
    "p = 0.5. Ten ones go through dropout. What becomes of those that stay?",
    max(in_training),
    hints={
        1: "Then the mean of all would be 0.5, not 1.",
        0.5: "It is divided by 1 - p, not multiplied.",
    },
    why="1 / (1 - 0.5). So the mean is 1 before and, on average, after.",
)

# %%
print("train():", in_training)
print("again:  ", drop(ones))
print("eval(): ", drop.eval()(ones))

# %% [markdown]
# In use nothing is to be dropped. That is what the switch of lesson 19 is
# for: after `model.train()` layers of dropout draw, after `model.eval()` they
# hand on what they get. `nn.fit` sets it, for each batch and each validation.
# In a loop of one's own that is easily forgotten, and then a network answers
# the same question in another way each time.

# %%
dropout_runs = {p: fit(dropout=p) for p in (0.1, 0.2, 0.4)}
dropout_p, dropout_model = best_of("dropout, p", dropout_runs)

question = [0.5]
dropout_model.train()
careless = [dropout_model(question)[0].data for _ in range(3)]
dropout_model.eval()
careful = [dropout_model(question)[0].data for _ in range(3)]
print("left in training mode:", *[round(y, 3) for y in careless])
print("in evaluation mode:   ", *[round(y, 3) for y in careful])

# %%
figure, plots = axes(3, height=3.0, sharey=True)
draw(plots[0], l2_model, COLOURS[0], f"L2, {l2_alpha}")
draw(plots[1], l1_model, COLOURS[2], f"L1, {l1_alpha}")
draw(plots[2], dropout_model, COLOURS[3], f"dropout, {dropout_p}")
show(
    figure,
    "The same network with a remedy, after all 1200 epochs. Dashed is the "
    "truth. None of them follows each point.",
)

# %% [markdown]
# ## The verdict
#
# Now the networks meet the test points, for the first and only time.

# %%
finalists = {
    "plain": plain,
    f"early stopping, epoch {best_epoch}": stopped,
    f"L2, alpha {l2_alpha}": l2_model,
    f"L1, alpha {l1_alpha}": l1_model,
    f"dropout, p {dropout_p}": dropout_model,
}
rows = []
for name, model in finalists.items():
    errors = [
        nn.mse(model(inputs), targets).data
        for inputs, targets in (train, validation, test)
    ]
    rows.append((name, *errors))
rows.append(
    (
        "the true curve",
        *[
            nn.mse([[truth(x)] for (x,) in inputs], targets)
            for inputs, targets in (train, validation, test)
        ],
    )
)
table(["mean squared error", "training", "validation", "test"], rows, 3)

# %% [markdown]
# Read the table from left to right. The plain network is best on the points
# that it knows, better than the truth itself, and worst on new ones. Every
# remedy gives up some of the first and gains some of the second. L1 has left
# so few weights here that its curve is too simple, and it still beats the
# plain one. Which remedy gains most is another matter: this is one problem
# with 20 points, and other points would put them in another order. The best
# remedy of all is not in the table: more points.
#
# ## Exercises
#
# **1.** A weight is 0.05. The data do not pull at it (their gradient is 0),
# but L1 does, with $\alpha = 0.1$. Where is the weight after *three* steps of
# plain gradient descent with the rate 0.2?

# %%
weight = None  # your number

check("overfitting.weight", weight)

# %% [markdown]
# **2.** Write early stopping. `stop(losses, patience)` gets the validation
# losses, one an epoch, counted from 0. It returns two epochs, as a pair: the
# one after which training ends, and the one whose weights are kept. Training
# ends as soon as `patience` epochs in a row brought no new lowest loss; if
# that never happens, with the last epoch. An equal loss is no new lowest one.


# %%
def stop(losses, patience):
    # your code
    ...


check("overfitting.stop", stop)

# %% [markdown]
# Next, lesson 21: what rounding does to all this, and how to compute safely.
