# %% [markdown]
# # 9. Is this gradient right?
#
# *One idea: a difference quotient needs no calculus. So it can check the
# calculus.*
#
# A wrong gradient does not crash. The network often learns all the same, only
# worse, and nobody knows why. So whoever writes a backward pass by hand
# compares it with nudging, lesson 1's slow way. This lesson does it for the
# network of lesson 7, finds out how large a nudge should be, catches a wrong
# rule, and ends with a check from a teaching text that lets a mistake
# through.
#
# Here is the network of lesson 7 again: two inputs, two hidden sigmoids and
# one at the output, nine parameters. Its loss is called $E$ here. It is a
# function of plain numbers or of Values, as you like.

# %%
from autograd import Value, sigmoid
from demos import axes, check, predict, show, table

names = ["w11", "w12", "w21", "w22", "b1", "b2", "v1", "v2", "c"]
point = [0.15, 0.20, 0.25, 0.30, 0.35, 0.35, 0.40, 0.45, 0.60]


def error(p):
    w11, w12, w21, w22, b1, b2, v1, v2, c = p
    h1 = sigmoid(w11 * 0.05 + w12 * 0.10 + b1)
    h2 = sigmoid(w21 * 0.05 + w22 * 0.10 + b2)
    o = sigmoid(v1 * h1 + v2 * h2 + c)
    return (o - 0.01) ** 2 / 2


p = [Value(x, name) for x, name in zip(point, names)]
error(p).backward()

# %% [markdown]
# ## Nudge every parameter
#
# A nudge to both sides is much better than a nudge to one side, as exercise 2
# of lesson 1 said. Why? Look at Taylor's series of $E$:
#
# $$E(w + h) = E + h\,E' + \frac{h^2}{2} E'' + \frac{h^3}{6} E''' + \ldots$$
#
# $$E(w - h) = E - h\,E' + \frac{h^2}{2} E'' - \frac{h^3}{6} E''' + \ldots$$
#
# In the difference of the two, the terms with equal signs fall out: $E$, and
# $E''$. What is left over beside $E'$ is only of the size $h^2$:
#
# $$\frac{E(w + h) - E(w - h)}{2\,h} = E' + \frac{h^2}{6} E''' + \ldots$$


# %%
def nudged(k, h):
    """The central difference for parameter k."""
    above, below = list(point), list(point)
    above[k] += h
    below[k] -= h
    return (error(above) - error(below)) / (2 * h)


def difference(a, b):
    """How far apart two numbers are, in proportion to their size."""
    size = max(abs(a), abs(b))
    return abs(a - b) / size if size else 0.0


rows = []
for k in range(9):
    n = nudged(k, 1e-5)
    rows.append((names[k], p[k].grad, n, f"{difference(p[k].grad, n):.0e}"))
table(["", "by the engine", "by nudging, h = 1e-5", "relative"], rows)

# %% [markdown]
# They agree, but not to the last digit. The last column is the *relative*
# difference, in proportion to the gradient's size. As a rule of thumb, 1e-7
# or less is fine, and 1e-2 is a mistake.
#
# ## How small should the nudge be?
#
# The leftover is $\frac{h^2}{6} E'''$. So the smaller $h$, the better?

# %%
w = p[0]
trials = {}
for exponent in range(1, 16):
    n = nudged(0, 10.0**-exponent)
    trials[exponent] = (n, difference(w.grad, n))
best = min((1, 3, 8, 15), key=lambda exponent: trials[exponent][1])

predict(
    "With which of these nudges does w11's difference quotient come closest "
    "to the gradient?",
    f"1e-{best}",
    choices=["1e-1", "1e-3", "1e-8", "1e-15"],
    hints={
        "1e-1": "There the leftover is largest.",
        "1e-8": "The leftover is small there, but something else has grown.",
        "1e-15": "E(w + h) and E(w - h) are then nearly the same number. How "
        "many digits does their difference have?",
    },
    why="With a large nudge the curve bends too much; with a small one the "
    "difference drowns in rounding.",
)

# %%
rows = []
for exponent, (n, relative) in trials.items():
    rows.append((f"1e-{exponent}", n, f"{relative:.0e}"))
table(["h", "by nudging", "relative"], rows)

# %% [markdown]
# There are two errors, and they pull in opposite directions.
#
# - **Truncation**: the leftover of Taylor's series. It grows like $h^2$.
# - **Rounding**: a float has about 16 digits. The two values of $E$ agree in
#   most of theirs, and subtracting leaves only the last ones, which are
#   rounded: an error of about $\varepsilon |E|$, with
#   $\varepsilon = 1.1 \cdot 10^{-16}$. Divided by $h$, it grows like $1/h$.
#
# At the end, $w + 10^{-15}$ and $w - 10^{-15}$ give the very same $E$, and
# the quotient is 0.
#
# On logarithmic axes a power is a straight line, so the two make a V. The
# engine knows $E'''$, for its gradients can be differentiated again. That
# gives us both lines without any measuring:

# %%
from autograd import grad


def error_at(w):
    return error([w, *point[1:]])


first = grad(error_at)(0.15)
third = grad(grad(grad(error_at)))(0.15)
epsilon = 2.0**-53  # how far off a rounded number is, at most, relatively

hs = [10 ** (-k / 8) for k in range(113)]
measured = [difference(first, nudged(0, h)) for h in hs]
truncation = [h**2 / 6 * abs(third / first) for h in hs]
rounding = [epsilon * abs(error_at(0.15) / first) / h for h in hs]

figure, plot = axes(height=3.6)
plot.loglog(hs, measured, ".", ms=5, label="measured")
plot.loglog(hs, truncation, "--", lw=1.2, label="truncation, h²/6 · E'''")
plot.loglog(hs, rounding, "--", lw=1.2, label="rounding, ε · E / h")
plot.set(xlabel="nudge h", ylabel="relative error", ylim=(1e-14, 10))
plot.legend(loc="lower left")
show(
    figure,
    "The error of the difference quotient over the nudge: a V. Its right arm "
    "is truncation, its left arm is rounding, and the best nudge is between.",
)

# %% [markdown]
# The best nudge is near the point where the lines cross. Where that is
# depends on the function, but it is far larger than the smallest nudge that a
# float allows. If you know nothing more, take $h = 10^{-5}$, or $10^{-5}$
# times $w$ where $w$ is large.
#
# ## A wrong rule, caught
#
# The engine has this check built in, as `gradcheck`. To see what it says, we
# plant a mistake. `autograd.op` makes a new operation from a forward function
# and its derivative. Here the derivative of the sine has lost its sign: it
# should be $\cos(a)$, not $-\cos(a)$.

# %%
import textwrap

from autograd import GradcheckError, cos, gradcheck, op, sin

slipped = op("slipped_sin", lambda a: sin(a), lambda a, out: (-cos(a),))

try:
    gradcheck(lambda x, y: slipped(x * y) + x, (0.5, 2.0))
    report = "no complaint"
except GradcheckError as complaint:
    report = str(complaint)

for line in report.splitlines():
    print(textwrap.fill(line, 76, subsequent_indent="       "))

# %% [markdown]
# Both gradients are wrong, and the last line names the culprit. `gradcheck`
# finds it by nudging every operation of the graph by itself. (`op` can check
# a rule at once: with `check=[(0.5,)]` it would have refused this one.)
#
# ## A check that does not see
#
# A teaching text prints a class such as this: a network 2-4-1 of sigmoids, in
# NumPy, that is to learn XOR (1 if exactly one of two inputs is 1; lesson 10
# is about it). Beside it stands a function `gradient_check`. Both are written
# anew here, with the text's formulas. `m` is the number of examples.

# %%
import numpy as np


class SimpleNeuralNetwork:
    def __init__(self, scale, seed):
        random = np.random.RandomState(seed)
        self.W1 = random.randn(2, 4) * scale
        self.b1 = np.zeros((1, 4))
        self.W2 = random.randn(4, 1) * scale
        self.b2 = np.zeros((1, 1))

    def forward(self, X):
        self.a1 = 1 / (1 + np.exp(-(X @ self.W1 + self.b1)))
        self.a2 = 1 / (1 + np.exp(-(self.a1 @ self.W2 + self.b2)))
        return self.a2

    def loss(self, X, y):
        return np.mean((self.forward(X) - y) ** 2)

    def backward(self, X, y):
        m = len(X)
        self.forward(X)
        delta2 = (self.a2 - y) * self.a2 * (1 - self.a2)
        delta1 = delta2 @ self.W2.T * self.a1 * (1 - self.a1)
        self.dW2 = self.a1.T @ delta2 / m
        self.db2 = delta2.sum(axis=0, keepdims=True) / m
        self.dW1 = X.T @ delta1 / m
        self.db1 = delta1.sum(axis=0, keepdims=True) / m


X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
y = np.array([[0], [1], [1], [0]], dtype=float)


def gradient_check(net, h=1e-5, tolerance=1e-5):
    """Compare dW1 with central differences, entry by entry."""
    net.backward(X, y)
    rows = []
    for i in range(2):
        for j in range(4):
            before = net.W1[i, j]
            net.W1[i, j] = before + h
            above = net.loss(X, y)
            net.W1[i, j] = before - h
            below = net.loss(X, y)
            net.W1[i, j] = before
            n = float(above - below) / (2 * h)
            backward = float(net.dW1[i, j])
            verdict = "ok" if abs(n - backward) < tolerance else "WRONG"
            rows.append((f"W1[{i},{j}]", backward, n, verdict))
    return rows


def passed(rows):
    return sum(1 for row in rows if row[3] == "ok")


small = gradient_check(SimpleNeuralNetwork(0.01, seed=0))
print(f"{passed(small)} of {len(small)} entries pass")

# %% [markdown]
# The weights start as the text starts them, as $N(0, 1) \cdot 0.01$: random
# numbers of the bell curve, times 0.01. All is well, it seems. Now the same
# check again, of the same formulas, with weights a hundred times larger.

# %%
large = gradient_check(SimpleNeuralNetwork(1.0, seed=0))

predict(
    "How many of the eight entries pass now?",
    passed(large),
    hints={
        8: "The tolerance is 1e-5. With small weights, how large are the "
        "gradients themselves?",
        0: "Nearly. One gradient is so small that it passes still.",
    },
    why="All eight are wrong, before as after. Here are the numbers.",
)

# %%
for rows in (small, large):
    rows = [(*row, row[2] / row[1]) for row in rows]
    table(
        ["", "backward", "by nudging", "difference < 1e-5", "ratio"],
        rows,
        digits=5,
    )

# %% [markdown]
# Every entry is off by a factor of 2, with small weights as with large ones.
# The loss is the mean of $(o - y)^2$, whose slope is $2(o - y)$. But
# `backward` begins with $(o - y)$. That is the gradient of *half* the loss.
# The engine agrees with the nudges:

# %%
net = SimpleNeuralNetwork(1.0, seed=0)
net.backward(X, y)
W1 = [[Value(net.W1[i, j]) for j in range(4)] for i in range(2)]


def loss_of(W1):
    total = 0.0
    for x, target in zip(X.tolist(), y[:, 0].tolist()):
        z = net.b2[0, 0]
        for j in range(4):
            hidden = sigmoid(W1[0][j] * x[0] + W1[1][j] * x[1])
            z = z + hidden * net.W2[j, 0]
        total = total + (sigmoid(z) - target) ** 2
    return total / 4


loss_of(W1).backward()
ratios = []
for i in range(2):
    for j in range(4):
        ratios.append(W1[i][j].grad / net.dW1[i, j])
print("engine / backward:", " ".join(f"{ratio:.12f}" for ratio in ratios[:4]))
print("                  ", " ".join(f"{ratio:.12f}" for ratio in ratios[4:]))

# %% [markdown]
# As a training program the class is fine: half the gradient is the same as
# half the learning rate. But a check should not overlook a factor of 2. Two
# things went wrong with it.
#
# - **It does not compare in proportion.** With small weights these gradients
#   are of the size 1e-7. Next to a tolerance of 1e-5 everything passes, even
#   a gradient that is 0 throughout.
# - **It looks at a special place.** Near 0 a network does hardly anything. A
#   check wants random weights of ordinary size.
#
# ## Exercises
#
# **1.** For a nudge to *one* side, $(f(x + h) - f(x)) / h$, the leftover is
# larger: $\frac{h}{2} f''$. Where is its V lowest? Find the best power of ten
# for $f(x) = e^x$ at $x = 1$, by trying (`math.exp`), or by making the
# leftover as large as the rounding.

# %%
best_h = None  # your number, such as 1e-2

check("gradient_check.best_h", best_h)

# %% [markdown]
# **2.** Write a check that compares in proportion. `wrong_entries(f, x,
# gradient)` takes a function of a list of numbers, the list, and a gradient
# to be checked. It returns the list of the indices at which that is off by
# more than 1e-4 of its size. Where both numbers are 0, all is well.


# %%
def wrong_entries(f, x, gradient, h=1e-5):
    # your code
    ...


check("gradient_check.wrong_entries", wrong_entries)

# %% [markdown]
# Next, lesson 10: XOR, from a hundred starts.
