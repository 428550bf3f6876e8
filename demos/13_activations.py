# %% [markdown]
# # 13. Activations
#
# *One idea: an activation is a bend. Without it all layers together are one
# matrix, and its slope decides how much blame comes back.*
#
# So far a unit was a weighted sum and then a sigmoid, a tanh or a ReLU. This
# lesson looks at that second part: six activations, their slopes, and what
# is left of a deep network if one leaves them out.
#
# The formulas are textbook knowledge. GELU is by Hendrycks and Gimpel (2016),
# SiLU by the same authors and by Elfwing and others (2017), the leaky ReLU by
# Maas and others (2013). The experiments are ours.
#
# | name | $f(z)$ | slope $f'(z)$ |
# |---|---|---|
# | sigmoid | $\sigma(z) = 1 / (1 + e^{-z})$ | $\sigma(z) (1 - \sigma(z))$ |
# | tanh | $\tanh(z)$ | $1 - \tanh^2(z)$ |
# | ReLU | $\max(z, 0)$ | 1 if $z > 0$, else 0 |
# | leaky ReLU | $z$ if $z > 0$, else $0.01 z$ | 1 if $z > 0$, else 0.01 |
# | GELU | $z \Phi(z)$ | $\Phi(z) + z \varphi(z)$ |
# | SiLU | $z \sigma(z)$ | $\sigma(z) (1 + z (1 - \sigma(z)))$ |
#
# $\Phi(z)$ is the share of a standard normal distribution that lies below
# $z$, and $\varphi(z) = e^{-z^2/2} / \sqrt{2 \pi}$ is its bell curve.

# %%
import autograd
from autograd import Value
from demos import axes, check, predict, show, table

activations = {
    "sigmoid": autograd.sigmoid,
    "tanh": autograd.tanh,
    "ReLU": autograd.relu,
    "leaky ReLU": autograd.leaky_relu,
    "GELU": autograd.gelu,
    "SiLU": autograd.silu,
}


def height_and_slope(f, at):
    z = Value(at)
    y = f(z)
    y.backward()
    return y.data, z.grad


predict(
    "How large can the slope of tanh become?",
    height_and_slope(autograd.tanh, 0.0)[1],
    hints={
        0.25: "That is the sigmoid's largest slope.",
        2: "tanh runs from -1 to 1, but not that steeply.",
    },
    why="1 - tanh² is largest where tanh is 0.",
)

# %% [markdown]
# Some texts say that the slope of tanh stays below 0.25. That is the bound of
# the **sigmoid**: $\sigma (1 - \sigma)$ is largest at $\sigma = 0.5$, and is
# 0.25 there. tanh is a sigmoid that is stretched: twice as high and twice as
# narrow, $\tanh(z) = 2 \sigma(2z) - 1$. So its slope is $4 \sigma'(2z)$, and
# $4 \cdot 0.25 = 1$.
#
# GELU and SiLU look like a ReLU with a round corner. The ReLU's slope is 0 or
# 1. What about theirs?

# %%
steps = [k / 100 for k in range(-600, 601)]
curves = {}
for name, f in activations.items():
    curves[name] = [height_and_slope(f, z) for z in steps]
steepest = {
    name: max(slope for _, slope in curve) for name, curve in curves.items()
}
flattest = {
    name: min(slope for _, slope in curve) for name, curve in curves.items()
}

predict(
    "Does the slope of GELU or SiLU ever leave the range from 0 to 1?",
    "yes, at both ends"
    if steepest["GELU"] > 1 and flattest["GELU"] < 0
    else "no",
    choices=["no", "yes, above 1 only", "yes, at both ends"],
    hints={
        "no": "Both are a little below 0 at z = -1, and 0 at z = 0.",
        "yes, above 1 only": "They come from 0 far on the left, and are "
        "below 0 at z = -1. So they fall somewhere.",
    },
    why="Both curves dip below the axis, so they fall somewhere. Then they "
    "come close to z itself, so they must be steeper than z for a while.",
)

# %%
rows = [(name, flattest[name], steepest[name]) for name in activations]
table(["between -6 and 6", "smallest slope", "largest slope"], rows, 4)

# %%
figure, (left, right) = axes(2, height=3.6)
for name, curve in curves.items():
    dashes = "--" if name == "leaky ReLU" else "-"
    left.plot(steps, [height for height, _ in curve], dashes, label=name)
    right.plot(steps, [slope for _, slope in curve], dashes, label=name)
left.set(title="f(z)", xlabel="z", xlim=(-4, 4), ylim=(-1.2, 3))
right.set(title="slope f'(z)", xlabel="z", xlim=(-6, 6), ylim=(-0.2, 1.5))
left.legend(loc="upper left")
show(
    figure,
    "Six activations and their slopes. On the right those of sigmoid and "
    "tanh go to 0, the others stay at 1 or come close to it.",
)

# %% [markdown]
# Here are some of the slopes as numbers:

# %%
places = [-4.0, -1.0, 0.0, 1.0, 4.0]
rows = []
for name, f in activations.items():
    rows.append((name, *[height_and_slope(f, z)[1] for z in places]))
table(["slope at", *[f"{z:g}" for z in places]], rows, digits=4)

# %% [markdown]
# At 0 the ReLU has a corner, and no slope in the strict sense. Engines choose
# one: 0 here, as in PyTorch; and 0.01 for the leaky ReLU.
#
# Why do the slopes matter? Because of $\delta = f'(z) \cdot$ (blame from
# above), lesson 6. Where the slope is 0, no blame comes through, and the
# weights below learn nothing from this example. A sigmoid far from 0 is
# *saturated*: flat on both sides. A ReLU with $z < 0$ is off. Lesson 14 is
# about what happens when many such factors are multiplied.
#
# ## What if there is no activation?
#
# Slopes that are small, slopes that are 0: why not leave the activation out?
# Then a layer is $a = Wx + b$, and two of them are
#
# $$W_2 (W_1 x + b_1) + b_2 = (W_2 W_1)\, x + (W_2 b_1 + b_2)$$
#
# That is one layer again, with the matrix $W_2 W_1$ and the bias
# $W_2 b_1 + b_2$. So it goes on with the third layer. Here is a network
# 2-3-3-1 without activations.

# %%
import nn

deep = nn.Sequential(
    nn.Linear(2, 3, seed=1), nn.Linear(3, 3, seed=2), nn.Linear(3, 1, seed=3)
)


def numbers(layer):
    """The weights and biases of a layer as plain numbers."""
    weight = [[w.data for w in row] for row in layer.weight]
    return weight, [b.data for b in layer.bias]


def product(A, B):
    """The matrix A B."""
    result = []
    for row in A:
        cells = []
        for k in range(len(B[0])):
            cells.append(sum(row[j] * B[j][k] for j in range(len(B))))
        result.append(cells)
    return result


def one_layer(network):
    W, b = numbers(network[0])
    for layer in list(network)[1:]:
        W2, b2 = numbers(layer)
        W2b = product(W2, [[number] for number in b])
        W = product(W2, W)
        b = [W2b[i][0] + b2[i] for i in range(len(b2))]
    return W, b


M, c = one_layer(deep)
print("one matrix", M)
print("one bias  ", c)

# %%
points = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [5.0, -3.0]]
rows = []
for x1, x2 in points:
    three = deep([x1, x2])[0].data
    one = M[0][0] * x1 + M[0][1] * x2 + c[0]
    rows.append((f"({x1:g}, {x2:g})", three, one))
table(["x", "three layers", "one matrix"], rows, digits=12)

# %% [markdown]
# The three layers have 25 weights and biases. The layer that computes the
# same has 3.
#
# ## Does depth at least help it learn?
#
# The network can compute no more than one layer can. What about its gradient?
# Let $G$ be the gradient of the loss with respect to the one matrix,
# $M = W_3 W_2 W_1$. The chain rule gives the gradients of the three:
#
# $$\frac{\partial L}{\partial W_1} = (W_3 W_2)^{T} G, \quad
# \frac{\partial L}{\partial W_2} = W_3^{T} G\, W_1^{T}, \quad
# \frac{\partial L}{\partial W_3} = G\, (W_2 W_1)^{T}$$
#
# Each of them is $G$, seen through the other two matrices. (To keep it short
# this leaves the biases out.) So once the one layer has nothing left to
# learn, $G = 0$, the three have nothing left to learn, either. Let us check
# this on the engine, with the loss $(Mx - 1)^2$ at one point $x$.

# %%
plain = nn.Sequential(
    nn.Linear(2, 3, bias=False, seed=1),
    nn.Linear(3, 3, bias=False, seed=2),
    nn.Linear(3, 1, bias=False, seed=3),
)
x = [1.0, -2.0]
loss = (plain(x)[0] - 1) ** 2
loss.backward()
W1, W2, W3 = [[[w.data for w in row] for row in n.weight] for n in plain]

Mv = [Value(m) for m in product(product(W3, W2), W1)[0]]
shallow = (Mv[0] * x[0] + Mv[1] * x[1] - 1) ** 2
shallow.backward()
G = [[m.grad for m in Mv]]


def transposed(A):
    return [list(column) for column in zip(*A)]


formulas = [
    product(transposed(product(W3, W2)), G),
    product(product(transposed(W3), G), transposed(W1)),
    product(G, transposed(product(W2, W1))),
]
rows = []
for k in range(3):
    engine = plain[k].weight[0][0].grad
    rows.append((f"dL/dW{k + 1}[0][0]", engine, formulas[k][0][0]))
table(["", "by the engine", "through G"], rows)

# %% [markdown]
# ## XOR decides
#
# XOR is the test for that: no straight line separates its four points (lesson
# 10). Three networks try to learn it: one linear layer, three linear layers,
# and three layers with tanh between them.

# %%
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [0, 1, 1, 0]


def train(network, steps=500):
    optimiser = nn.SGD(network.parameters(), lr=0.1)
    losses = []
    for _ in range(steps):
        outputs = [network(x)[0] for x in inputs]
        loss = nn.mse(outputs, targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.data)
    return losses, [network(x)[0].data for x in inputs]


networks = {
    "one linear layer": nn.Sequential(nn.Linear(2, 1, seed=1)),
    "three linear layers": nn.Sequential(
        nn.Linear(2, 4, seed=1),
        nn.Linear(4, 4, seed=2),
        nn.Linear(4, 1, seed=3),
    ),
    "three with tanh": nn.Sequential(
        nn.Linear(2, 4, seed=1),
        nn.Tanh(),
        nn.Linear(4, 4, seed=2),
        nn.Tanh(),
        nn.Linear(4, 1, seed=3),
    ),
}
trained = {name: train(network) for name, network in networks.items()}

predict(
    "Three linear layers are trained on XOR. What do they answer to (0, 1), "
    "in the end?",
    trained["three linear layers"][1][1],
    hints={
        1: "For that the network would need a bend.",
        0: "The targets are 0, 1, 1, 0. Is 0 the best compromise?",
    },
    why="No plane comes closer to the targets 0, 1, 1, 0 than the flat one "
    "at their mean.",
)

# %%
rows = []
for name, (losses, answers) in trained.items():
    rows.append((name, losses[-1], *answers))
table(["network", "loss", "(0,0)", "(0,1)", "(1,0)", "(1,1)"], rows, 3)

# %%
figure, plot = axes()
for name, (losses, _) in trained.items():
    plot.plot(losses, label=name)
plot.set(xlabel="step", ylabel="loss", ylim=(0, None))
plot.legend()
show(
    figure,
    "Losses on XOR. With and without depth the linear networks stop at 0.25; "
    "the bends of tanh let the third one go on.",
)

# %% [markdown]
# A loss of 0.25 is an error of 0.5 at each of the four points. Depth without
# a bend does change *how* the network gets there, for the same $G$ is seen
# through matrices that move themselves. It does not change where it can get.
#
# ## Exercises
#
# **1.** A network 2-100-100-1 without activations has
# $2 \cdot 100 + 100 + 100 \cdot 100 + 100 + 100 + 1 = 10{,}501$ weights and
# biases. How many has the single layer that computes the same?

# %%
needed = None  # your number

check("activations.needed", needed)

# %% [markdown]
# **2.** A ReLU unit whose $z$ is 0 or less for *every* example is dead: it
# always gives 0, and its weights get the gradient 0. Write
# `dead(W, b, inputs)`. `W` has a row of weights for each unit, `b` a bias for
# each unit, and `inputs` is a list of examples. It returns the list of the
# numbers of the dead units, counted from 0.


# %%
def dead(W, b, inputs):
    # your code
    ...


check("activations.dead", dead)

# %% [markdown]
# Next, lesson 14: ten slopes in a row. Why gradients vanish, and why they
# explode.
