# %% [markdown]
# # 2. One weight learns
#
# *One idea: move against the slope, and the error falls.*
#
# The smallest network there is: one weight, one input, no activation. It
# predicts $wx$. The target is $y$, and the loss is the squared error
#
# $$L = (wx - y)^2$$
#
# With $w = 0.5$, $x = 2$ and $y = 4$ it predicts 1 where 4 is wanted. The
# numbers are those with which many teaching texts begin.

# %%
from autograd import Value
from demos import axes, check, predict, show, table

w, x, y = Value(0.5, "w"), Value(2.0, "x"), Value(4.0, "y")

prediction = w * x
prediction.label = "p"
loss = (prediction - y) ** 2
loss.label = "L"
print(
    f"prediction {prediction.data:g}, target {y.data:g}, loss {loss.data:g}"
)

# %% [markdown]
# ## Which way is down?
#
# Lesson 1 would nudge $w$. By hand it is one line, with the chain rule: the
# square has the slope $2(wx - y)$, and inside of it $w$ has the slope $x$.
#
# $$\frac{dL}{dw} = 2(wx - y)\,x$$

# %%
loss.backward()

predict(
    "How large is dL/dw?",
    w.grad,
    hints={
        12: "Mind the sign: wx - y is 1 - 4.",
        -6: "A factor is missing: the 2 of the square, or the inner slope x.",
        -3: "That is wx - y. The square brings a 2, and the product x.",
    },
    why="2 · (1 - 4) · 2. It is negative: a larger w makes the loss smaller.",
)

# %% [markdown]
# `explain` tells how the engine came to this number: from the loss back to
# the weight, one local slope after the other. The chain rule multiplies them.
# What has no name of its own is called `@2`, after its place in the graph.

# %%
from autograd.view import explain

show(explain(w, of=loss))

# %% [markdown]
# ## One step
#
# The gradient points uphill. So the weight moves the other way, by a small
# part of it. That part is the *learning rate*, here 0.1:
#
# $$w \leftarrow w - 0.1 \cdot \frac{dL}{dw}$$

# %%
RATE = 0.1
stepped = w.data - RATE * w.grad

predict(
    "Where does w arrive after this step?",
    stepped,
    hints={-0.7: "That is one step uphill: the gradient is subtracted."},
    why="0.5 - 0.1 · (-12) = 0.5 + 1.2. The best w would be 2.",
)

# %%
loss_after = (stepped * x.data - y.data) ** 2
table(
    ["", "w", "prediction", "loss"],
    [
        ("before", w.data, prediction.data, loss.data),
        ("after", stepped, stepped * x.data, loss_after),
    ],
)

# %% [markdown]
# ## And again
#
# One step is not enough, so the loop does it again: forward, backward, step.
# These five lines are what every training program in the world does. Note
# `w.grad = 0.0`: `backward()` *adds* to the gradients that it finds, so
# yesterday's must be wiped out first.

# %%
path = [(w.data, loss.data)]
for _ in range(8):
    loss = (w * x - y) ** 2
    w.grad = 0.0
    loss.backward()
    w.data -= RATE * w.grad
    path.append((w.data, (w.data * x.data - y.data) ** 2))

table(["step", "w", "loss"], [(k, *at) for k, at in enumerate(path)], 6)

# %%
figure, plot = axes()
ws = [k / 50 for k in range(176)]
plot.plot(ws, [(v * x.data - y.data) ** 2 for v in ws])
plot.plot(*zip(*path), "o-", lw=1)
plot.set(xlabel="w", ylabel="loss")
show(figure, "The loss as a curve over w, and the steps down to w = 2.")

# %% [markdown]
# The steps get shorter by themselves: near the bottom the slope is small, and
# a step is the slope times a constant.
#
# ## On the page
#
# The interactive page shows the same graph, with the value of each node and
# below it the gradient. Press Play, or drag the number on the card of `w`.

# %%
from autograd.view import explore

w = Value(0.5, "w")
product = w * x
product.label = "p"
error = product - y
loss = error**2
loss.label = "L"
page = explore(
    loss,
    open=False,
    title="One weight",
    text="It multiplies its input. The loss is the squared error.",
    notes={
        product: "The prediction: 1, where 4 is wanted.",
        loss: "The square makes errors positive, and large ones larger.",
        w: "The slope here is -12: a larger w makes the loss smaller.",
    },
)
show(page, "The graph of the loss: forward it computes, backward it blames.")

# %% [markdown]
# ## Exercises
#
# **1.** With the rate 0.1 it took many steps. There is a rate with which the
# very first step from $w = 0.5$ lands on the best weight, $w = 2$. Which one?

# %%
rate = None  # your number

check("one_weight.rate", rate)

# %% [markdown]
# **2.** Write the loop as a function. It starts at `w`, takes `steps` steps
# of gradient descent on $(wx - y)^2$, and returns the weight as a plain
# number. Use `Value` and `backward()`.


# %%
def train(w, x, y, rate, steps):
    # your code
    ...


check("one_weight.train", train)

# %% [markdown]
# Next, lesson 3: how `backward()` finds the slope in any graph.
