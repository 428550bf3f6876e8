# %% [markdown]
# # 1. A derivative by nudging
#
# *One idea: a derivative says how much the result changes when you change one
# number a little.*
#
# Training a network means asking one question very often: **if I change this
# number a little, what happens to the result?** This lesson asks it with
# nothing but subtraction and division. All that follows in this course is a
# faster way to the same answer.
#
# The function is that of Andrej Karpathy's lecture on micrograd,
# $f(x) = 3x^2 - 4x + 5$.

# %%
from demos import axes, check, predict, show, table


def f(x):
    return 3 * x**2 - 4 * x + 5


print("f(3) =", f(3.0))

# %% [markdown]
# ## Nudge
#
# Move $x$ from 3 to 3.001 and see how far $f$ moves. Divide the two: that is
# the slope of $f$ at 3.
#
# Before you look, find it by hand. The derivative of $3x^2 - 4x + 5$ is
# $6x - 4$.

# %%
x, h = 3.0, 0.001
slope = (f(x + h) - f(x)) / h

predict(
    "How large is the slope of f at x = 3?",
    6 * x - 4,
    hints={
        18: "You forgot the term -4x. Its slope is -4.",
        20: "That is f(3), the height. The slope is another thing.",
    },
    why="The derivative is 6x - 4, so the slope at 3 is 6 · 3 - 4.",
)

# %%
print(f"(f(3.001) - f(3)) / 0.001 = {slope:.6f}")

# %% [markdown]
# It is 14.003, not 14. The nudge was small but not nothing, and over its
# length the curve bends. Let the nudge shrink, and the slope comes closer and
# closer to the derivative, which is what it tends to:
#
# $$\frac{df}{dx} = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}$$

# %%
rows = []
for exponent in range(1, 6):
    h = 10.0**-exponent
    rows.append((f"{h:g}", (f(x + h) - f(x)) / h))
table(["nudge h", "slope"], rows)

# %% [markdown]
# ## The picture
#
# A slope is the steepness of a line. The line through two points of the curve
# is a secant. As the points move together it becomes the tangent.

# %%
xs = [k / 50 for k in range(-50, 251)]
figure, plot = axes(height=3.6)
plot.plot(xs, [f(t) for t in xs], label="f(x) = 3x² - 4x + 5")
for h in (1.5, 0.75):
    secant = (f(x + h) - f(x)) / h
    plot.plot(
        xs,
        [f(x) + secant * (t - x) for t in xs],
        lw=1,
        label=f"secant, h = {h}",
    )
plot.plot(
    xs,
    [f(x) + (6 * x - 4) * (t - x) for t in xs],
    "--",
    label="tangent, slope 14",
)
plot.plot([x], [f(x)], "o", color="C0")
plot.set(xlim=(-1, 5), ylim=(-5, 60), xlabel="x")
plot.legend()
show(
    figure,
    "Two secants of f through x = 3, and the tangent that they turn into.",
)

# %% [markdown]
# ## Several inputs
#
# Nothing changes if a function has several inputs. Nudge one of them and keep
# the others still. The result is the *partial* derivative with respect to
# that one, written $\partial d / \partial a$. This course also calls it the
# slope of $d$ by $a$, for short. Here $d = ab + c$, with $a = 2$, $b = -3$
# and $c = 10$.


# %%
def d(a, b, c):
    return a * b + c


a, b, c, h = 2.0, -3.0, 10.0, 0.0001
by_a = (d(a + h, b, c) - d(a, b, c)) / h
by_b = (d(a, b + h, c) - d(a, b, c)) / h
by_c = (d(a, b, c + h) - d(a, b, c)) / h

predict(
    "a grows a little. What does d do?",
    "falls" if by_a < 0 else "rises",
    choices=["rises", "falls", "stays"],
    hints={"rises": "a is multiplied by b, and b is negative."},
    why="The slope of d by a is b, which is -3.",
)

# %%
table(["input", "slope"], [("a", by_a), ("b", by_b), ("c", by_c)], digits=6)

# %% [markdown]
# Remember these three. A product hands each factor the *other* factor; a sum
# hands each term a 1. Lesson 3 builds all of backpropagation from such rules.
#
# ## Why nudging is not enough
#
# Each input needs a nudge of its own, and each nudge runs the whole function
# again. A network with a million weights would have to run a million times
# for one gradient. Backpropagation gets all of them from one run forward and
# one run back, and exactly. Here is the engine at the same three questions:

# %%
from autograd import Value

a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c")
result = d(a, b, c)
result.backward()
table(["input", "gradient"], [(v.label, v.grad) for v in (a, b, c)])

# %% [markdown]
# ## Exercises
#
# **1.** At which `x` is the slope of `f` zero, so that `f` is smallest?

# %%
lowest = None  # your number

check("nudging.lowest", lowest)

# %% [markdown]
# **2.** Nudging to one side only is off by about $h/2 \cdot f''(x)$. Nudging
# to both sides is much better: $(f(x+h) - f(x-h)) / 2h$. Write it for any
# function `f` of one number.


# %%
def central(f, x, h=1e-5):
    # your code
    ...


check("nudging.central", central)

# %% [markdown]
# Next, lesson 2: what a slope is good for. One weight learns.
