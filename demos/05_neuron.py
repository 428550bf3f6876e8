# %% [markdown]
# # 5. A neuron
#
# *One idea: a neuron weighs its inputs, adds a bias and squashes the sum; and
# each weight's gradient is the slope of the squashing, times its input.*
#
# Networks are made of one part, repeated many times. Here it stands alone:
#
# $$n = w_1 x_1 + w_2 x_2 + b, \quad o = \tanh(n)$$
#
# The *weights* $w$ say how much each input counts, and in which direction.
# The *bias* $b$ is added whatever the inputs are. The function at the end is
# the *activation*. The numbers are those of Andrej Karpathy's lecture on
# micrograd. You will see why its bias has so many digits.
#
# ## Forward

# %%
from autograd import Value
from demos import axes, check, predict, show, table

x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
w1, w2 = Value(-3.0, "w1"), Value(1.0, "w2")
b = Value(6.8813735870195432, "b")

x1w1 = x1 * w1
x1w1.label = "x1w1"
x2w2 = x2 * w2
x2w2.label = "x2w2"
both = x1w1 + x2w2
both.label = "x1w1 + x2w2"
n = both + b
n.label = "n"
o = n.tanh()
o.label = "o"

predict(
    "Which number does tanh get to squash?",
    n.data,
    hints={
        12.88: "The weight w1 is negative: it takes 6 away.",
        -6: "The bias is missing.",
        1.88: "x2 is 0, so w2 adds nothing.",
    },
    why="2 · (-3) + 0 · 1 + 6.8814: the first input pulls down, the bias up.",
)

# %%
nodes = (x1w1, x2w2, both, n, o)
table(["node", "value"], [(v.label, v.data) for v in nodes], digits=17)

# %% [markdown]
# ## The activation
#
# $\tanh$ takes any number and gives one between -1 and 1. Close to 0 it gives
# about what it gets. Far from 0 it is flat: there it hardly matters what it
# gets. Its slope is $1 - \tanh(n)^2$. With the output alone that is
# $1 - o^2$.

# %%
import math

xs = [k / 20 for k in range(-80, 81)]
figure, plot = axes()
plot.plot(xs, [math.tanh(x) for x in xs], label="o = tanh(n)")
plot.plot(xs, [1 - math.tanh(x) ** 2 for x in xs], label="its slope, 1 - o²")
plot.plot([n.data], [o.data], "o", color="C0")
plot.text(1.15, 0.66, f"n = {n.data:.4f}, o = {o.data:.4f}")
plot.axhline(0, lw=0.6, color="C4")
plot.set(xlabel="n")
plot.legend(loc="lower right")
show(
    figure,
    "tanh and its slope. The dot is where our neuron stands: no longer in the"
    " steep part around 0, and not yet where it is flat.",
)

# %% [markdown]
# ## Backward
#
# Now the other way: how much would $o$ change with each of the five numbers?
# The first step back goes through the activation.

# %%
o.backward()

predict(
    "o = 0.7071, and 0.7071² is one half. How large is do/dn?",
    n.grad,
    hints={
        0.7071: "That is o. The slope is 1 - o².",
        0.293: "That is 1 - o. The slope is 1 - o².",
        1: "That would be the slope at n = 0. Here n is 0.88.",
    },
    why="It is 1 - 1/2: the bias was chosen so that o² is one half.",
)

# %% [markdown]
# That is why the bias has so many digits: now all gradients are easy numbers.
# Two rules of lesson 1 do the rest. A sum hands on what it gets. A product
# gives each factor the *other* factor:
#
# $$\frac{do}{dw_i} = (1 - o^2)\, x_i, \quad
# \frac{do}{dx_i} = (1 - o^2)\, w_i, \quad
# \frac{do}{db} = 1 - o^2$$

# %%
predict(
    "How large is do/dw2, the gradient of the weight with the input 0?",
    w2.grad,
    hints={
        0.5: "That is do/dx2. A weight gets its input, and x2 is 0.",
        1: "That is do/dw1, whose input is 2.",
    },
    why="(1 - o²) · x2 = 0.5 · 0. A weight that has nothing to weigh makes "
    "no difference, however you change it.",
)

# %%
slope = 1 - o.data**2
table(
    ["leaf", "value", "by the formula", "by the engine"],
    [
        ("x1", x1.data, slope * w1.data, x1.grad),
        ("w1", w1.data, slope * x1.data, w1.grad),
        ("x2", x2.data, slope * w2.data, x2.grad),
        ("w2", w2.data, slope * x2.data, w2.grad),
        ("b", b.data, slope, b.grad),
    ],
)

# %% [markdown]
# The bias gets what a weight gets whose input is always 1. In this sense it
# *is* one.
#
# ## As it looks as a graph
#
# The page opens at the moment when $n$ has its gradient. Step on with the
# right arrow key: the 0.5 goes through the sums as it is, and the products
# multiply it.

# %%
from autograd.view import explore

page = explore(
    o,
    open=False,
    selected=n,
    step="backward",
    title="A neuron",
    text="Two inputs, two weights, a bias, and tanh.",
    notes={
        n: "The sum that is squashed.",
        o: "The slope of tanh is 1 - o², here one half.",
        w2: "Its input is 0, so its gradient is 0.",
        b: "A bias gets the gradient of the sum as it is.",
    },
    parameters=[w1, w2, b],
)
show(page, "The neuron: from o the gradient 0.5 comes back to n.")

# %% [markdown]
# ## The same from smaller parts
#
# How large is an operation? That is up to you. $\tanh$ can be one node, or be
# put together from $e^{2n}$:
#
# $$\tanh(n) = \frac{e^{2n} - 1}{e^{2n} + 1}$$

# %%
x = [Value(2.0, "x1"), Value(0.0, "x2")]
w = [Value(-3.0, "w1"), Value(1.0, "w2")]
bias = Value(6.8813735870195432, "b")

power = (2 * (w[0] * x[0] + w[1] * x[1] + bias)).exp()
o_parts = (power - 1) / (power + 1)
o_parts.backward()
table(
    ["", "with tanh", "from parts"],
    [
        ("o", o.data, o_parts.data),
        ("do/dx1", x1.grad, x[0].grad),
        ("do/dw1", w1.grad, w[0].grad),
        ("do/dx2", x2.grad, x[1].grad),
        ("do/dw2", w2.grad, w[1].grad),
    ],
)

# %% [markdown]
# More nodes, the same gradients. `power` is used twice, so this graph has a
# diamond, and the two paths are added up, as in lesson 3. (For a large $n$
# the parts are the worse choice: $e^{2n}$ becomes too large for a float.)
#
# ## `nn.Neuron`
#
# The library `nn` has neurons ready. A new one has random weights, drawn from
# the given seed, and the bias 0. All that can learn is in `parameters()`.

# %%
import nn

neuron = nn.Neuron(2, activation="tanh", seed=1)
print(neuron, [round(p.data, 4) for p in neuron.parameters()])

for p, number in zip(neuron.parameters(), (w1.data, w2.data, b.data)):
    p.data = number

out = neuron([2.0, 0.0])
out.backward()
print(f"o = {out.data:.10f}")
print("gradients:", [round(p.grad, 10) for p in neuron.parameters()])

# %% [markdown]
# The same output, and the same gradients of $w_1$, $w_2$ and $b$.
#
# ## Exercises
#
# **1.** Give the neuron another bias, so that $o = 0$. How large is
# $do/dw_1$ then?

# %%
at_zero = None  # your number

check("neuron.at_zero", at_zero)

# %% [markdown]
# **2.** Write a neuron without the engine, for any number of inputs.
# `neuron_by_hand(w, x, b)` takes two lists of floats and a float. It returns
# four things: the output, the list of $do/dw_i$, the list of $do/dx_i$, and
# $do/db$.


# %%
def neuron_by_hand(w, x, b):
    # your code
    ...


check("neuron.neuron_by_hand", neuron_by_hand)

# %% [markdown]
# Next, lesson 6: three neurons together. Who is to blame for a mistake?
