# %% [markdown]
# # 27. The engine as a library
#
# *One idea: slopes are good for more than networks. Any function that you can
# compute you can differentiate, and whoever needs slopes can have them.*
#
# Here `grad` and its relatives meet physics and statistics: the motion of a
# pendulum, the orbits of the planets, a measured curve, and how sure one may
# be of what was fitted. Everything is checked against formulas or against
# certified numbers. SciPy does the optimising.
#
# ## Velocity and acceleration
#
# A pendulum that loses energy swings, for small angles, like
# $x(t) = e^{-\gamma t} \cos(\omega t)$. Its velocity is the derivative of
# that, and its acceleration the derivative of the velocity. `grad` takes a
# function and returns a function, so it can be applied twice.

# %%
import math

from autograd import cos, exp, grad
from demos import COLOURS, axes, check, predict, show, table

GAMMA, OMEGA = 0.2, 2.0


def x(t):
    return exp(-GAMMA * t) * cos(OMEGA * t)


velocity = grad(x)
acceleration = grad(velocity)

predict(
    "At t = 0 it is at x = 1. What is its velocity at this moment?",
    velocity(0.0),
    hints={
        0: "The cosine is flat at 0. But there is a second factor.",
        -2: "That is ω. The sine, to which it belongs, is 0 here.",
    },
    why="The product rule: -γ e^0 cos(0) - ω e^0 sin(0) = -γ. So this is "
    "not a pendulum that was held and let go.",
)

# %%
figure, plot = axes()
times = [k / 20 for k in range(241)]
for function, name in ((x, "x"), (velocity, "x'"), (acceleration, "x''")):
    plot.plot(times, [function(t) for t in times], label=name)
plot.set(xlabel="t")
plot.legend(ncols=3)
show(figure, "The swing, its velocity and its acceleration.")

# %% [markdown]
# Is it right? The motion must obey Newton's law with a spring and friction:
#
# $$x'' = -2 \gamma x' - (\gamma^2 + \omega^2) x$$

# %%
rows = []
for t in (0.0, 1.0, 2.5, 10.0):
    spring = -(GAMMA**2 + OMEGA**2) * x(t)
    rows.append((t, acceleration(t), -2 * GAMMA * velocity(t) + spring))
table(["t", "x'' by the engine", "x'' by the law"], rows, 15)

# %% [markdown]
# ## Kepler's law, found again
#
# How does the time $T$ of an orbit depend on its size $a$? Kepler found in
# 1618 that it is a power law, $T = c\,a^p$. The table has the planets' mean
# orbits from 1800 to 2050 (E. M. Standish and J. G. Williams, NASA's Jet
# Propulsion Laboratory, *Approximate positions of the planets*): the size in
# units of the Earth's, and by how many degrees the planet moves on in a
# century. A hundred years of 360 degrees are 36,000, so the time of an orbit
# is 36,000 years over this number.

# %%
planets = {
    "Mercury": (0.38709927, 149472.67411175),
    "Venus": (0.72333566, 58517.81538729),
    "Earth": (1.00000261, 35999.37244981),
    "Mars": (1.52371034, 19140.30268499),
    "Jupiter": (5.20288700, 3034.74612775),
    "Saturn": (9.53667594, 1222.49362201),
    "Uranus": (19.18916464, 428.48202785),
    "Neptune": (30.06992276, 218.45945325),
}
sizes = [a for a, _ in planets.values()]
periods = [36000 / degrees for _, degrees in planets.values()]
rows = [(n, a, T) for n, a, T in zip(planets, sizes, periods)]
table(["planet", "size a", "years T"], rows, 7)

# %% [markdown]
# In logarithms a power law is a line, $\ln(T) = \ln(c) + p \ln(a)$. The loss
# is the sum of the squares of what is missing, a function of the two numbers
# $\ln(c)$ and $p$. `value_and_grad` makes of it what SciPy wants: the value
# and the gradient in one call.

# %%
import numpy as np
from scipy.optimize import minimize

from autograd import value_and_grad

log_a = [math.log(a) for a in sizes]
log_T = [math.log(T) for T in periods]


def loss(theta):
    log_c, p = theta
    total = 0.0
    for u, v in zip(log_a, log_T):
        total = total + (v - log_c - p * u) ** 2
    return total


fit = minimize(value_and_grad(loss), [0.0, 1.0], jac=True, tol=1e-12)
log_c, exponent = fit.x

predict(
    "T = c a^p. Which exponent p comes out?",
    exponent,
    hints={
        1: "Then all planets would move at the same speed. The far ones are "
        "slower.",
        2: "T² is proportional to another power of a.",
        0.6667: "That is the other way round, a as a power of T.",
    },
    why="T² is proportional to a³: Kepler's third law has p = 3/2.",
)

# %%
print(f"p = {exponent:.6f}, c = {math.exp(log_c):.6f}")
figure, plot = axes(height=3)
plot.loglog(sizes, periods, "o")
line = [math.exp(log_c) * a**exponent for a in sizes]
plot.loglog(sizes, line, lw=1, color=COLOURS[1])
for name, a, T in zip(planets, sizes, periods):
    plot.annotate(name, (a, T), (6, -9), textcoords="offset points")
plot.set(xlabel="size of the orbit", ylabel="years")
plot.set(xlim=(0.3, 80), ylim=(0.1, 400))
show(figure, "Eight planets, and one line through all of them.")

# %% [markdown]
# ## Newton's method
#
# The gradient says which way is down, but not how far. The second derivatives
# do. They are the *Hessian* $H$, a matrix. If the loss were a parabola, its
# lowest point would be exactly at
#
# $$\theta \leftarrow \theta \, - \, H^{-1} \, \nabla L$$

# %%
from autograd import hessian

theta, taken = np.array([0.0, 1.0]), 0
while max(abs(g) for g in grad(loss)(theta)) > 1e-10:
    H = np.array(hessian(loss)(theta))
    theta = theta - np.linalg.solve(H, grad(loss)(theta))
    taken += 1

predict(
    "How many steps of Newton's method lead from (0, 1) to the lowest point "
    "of this loss?",
    taken,
    hints={2: "One for each parameter? No: a step moves both at once."},
    why="The model is linear in its parameters, so the loss is a parabola, "
    "and a parabola is what the step is made for.",
)

# %%
slope, height = np.polyfit(log_a, log_T, 1)  # the formulas of statistics
table(
    ["", "ln c", "p"],
    [
        ("SciPy's minimize", log_c, exponent),
        ("Newton's method", *theta),
        ("closed form", height, slope),
    ],
    12,
)

# %% [markdown]
# ## How sure is that?
#
# The Hessian also says how flat the valley is. In a flat valley the data
# hardly tell one parameter from its neighbours. With $s^2$, the mean square
# of what is missing, the parameters' uncertainties are the roots of the
# diagonal of
#
# $$2 s^2 H^{-1}, \quad s^2 = \frac{L}{n - 2}$$
#
# for $n$ points and 2 parameters. The 2 in front comes from the squares in
# the loss. For the slope of a line there is a closed form to compare with.
# The points' places are $u_k$, and their mean is $\bar{u}$:
#
# $$\frac{s}{\sqrt{\sum_k (u_k - \bar{u})^2}}$$

# %%
n = len(sizes)
s = math.sqrt(loss(fit.x) / (n - 2))
errors = np.sqrt(np.diag(2 * s**2 * np.linalg.inv(H)))
mean = sum(log_a) / n
closed = s / math.sqrt(sum((u - mean) ** 2 for u in log_a))
print(f"p = {exponent:.6f} ± {errors[1]:.6f}   (closed form {closed:.6f})")

away = (1.5 - exponent) / errors[1]
predict(
    "So the exponent is known to four digits. How many of its error bars is "
    "it away from 3/2?",
    away,
    hints={1: "That is what one would expect if the law were exact."},
    why="More than 3 is rarely chance. The law is not exact: it holds for "
    "light planets that feel the Sun alone.",
    within=0.15,
)

# %% [markdown]
# An error bar tells how far the *scatter* of the data leaves a parameter
# open. It knows nothing of what the model leaves out. What is that here? Look
# at how much each planet is early, compared with $T^2 = a^3$. Newton's own
# law is $T^2 = a^3 / (1 + m)$ with the planet's mass $m$ in units of the
# Sun's, and Jupiter has 1/1047 of it.

# %%
early = [v - 1.5 * u for u, v in zip(log_a, log_T)]
jupiter = -0.5 * math.log(1 + 1 / 1047.35)
table(["planet", "ln T - 1.5 ln a"], list(zip(planets, early)), 2)
print(f"Jupiter's own mass makes {jupiter:.2g}.")

# %% [markdown]
# The four inner planets keep the law to five digits. Jupiter is early because
# of its own mass. The outer planets do not circle the Sun alone: the planets
# within pull, too.
#
# ## A curve with certified numbers
#
# Not every model is linear in its parameters. NIST, the institute of
# standards of the USA, publishes data on which programs can be tested, with
# results that are certified to eleven digits. *Misra1a* (D. Misra, 1978) is
# from dental research: the volume $y$ of gas that a material takes up at the
# pressure $x$, with the model
#
# $$y = b_1 (1 - e^{-b_2 x})$$
#
# SciPy's `least_squares` wants the list of what is missing, the *residuals*,
# and their Jacobian: a row of slopes for each.

# %%
from scipy.optimize import least_squares

from autograd import jacobian

volume = [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02]
volume += [44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78]
pressure = [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8]
pressure += [378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0]
certified = [2.3894212918e2, 5.5015643181e-4]
certified_errors = [2.7070075241, 7.2668688436e-6]


def residuals(b):
    curve = [b[0] * (1 - exp(-b[1] * p)) for p in pressure]
    return [c - v for c, v in zip(curve, volume)]


def slopes(b):
    return np.array(jacobian(residuals)(list(b)))


start = [500.0, 0.0001]  # as NIST prescribes
found = least_squares(residuals, start, jac=slopes, x_scale="jac", xtol=1e-15)
b = list(found.x)
table(
    ["", "b1", "b2"],
    [("found", *b), ("certified", *certified)],
    11,
)

# %%
figure, plot = axes(height=2.8)
plot.plot(pressure, volume, "o")
xs = [8 * k for k in range(101)]
plot.plot(xs, [b[0] * (1 - math.exp(-b[1] * p)) for p in xs], lw=1)
plot.set(xlabel="pressure", ylabel="volume")
show(figure, "The measured points, and the curve that was fitted.")

# %% [markdown]
# ## Error bars of a curve
#
# Two ways lead to them. Statistics books, and NIST, pretend that the model is
# linear near the result. Then $J^\top J$, from the Jacobian of the residuals,
# takes the place of half the Hessian. The engine can also take the Hessian
# itself.


# %%
def squares(b):
    total = 0.0
    for r in residuals(b):
        total = total + r**2
    return total


J = slopes(b)
s2 = squares(b) / (len(volume) - 2)
linear = np.sqrt(np.diag(s2 * np.linalg.inv(J.T @ J)))
whole = np.sqrt(np.diag(2 * s2 * np.linalg.inv(hessian(squares)(b))))
table(
    ["error bars", "b1", "b2"],
    [
        ("from the Jacobian", *linear),
        ("certified", *certified_errors),
        ("from the Hessian", *whole),
    ],
    8,
)

# %% [markdown]
# ## Where Newton's method goes astray
#
# Near the result the loss is nearly a parabola. Far from it a step of
# Newton's can land anywhere. Here are the losses on its way from two starting
# points.


# %%
def newton_path(b, steps):
    path = [b]
    for _ in range(steps):
        step = np.linalg.solve(hessian(squares)(b), grad(squares)(b))
        b = [p - d for p, d in zip(b, step)]
        path.append(b)
    return path


near = newton_path([240.0, 0.00054], 6)
far = newton_path([250.0, 0.0005], 6)
rows = [(k, squares(near[k]), squares(far[k])) for k in range(7)]
table(["step", "from (240, 0.00054)", "from (250, 0.0005)"], rows, 8)

# %% [markdown]
# The second one comes close, and then jumps away. What is wrong at the place
# that it reaches after one step?

# %%
curvatures = np.linalg.eigvalsh(hessian(squares)(far[1]))
predict(
    "The eigenvalues of the Hessian are the curvatures of the loss. Which "
    "signs have they there?",
    "one is negative" if min(curvatures) < 0 else "both are positive",
    choices=["both are positive", "one is negative", "both are negative"],
    hints={
        "both are positive": "Then it would be a bowl, and the step would "
        "lead towards its bottom.",
        "both are negative": "Then it would be the top of a hill.",
    },
    why="The loss is bent like a saddle there. Newton's step looks for a "
    "place where the slope is 0, be it a valley, a hill or a saddle.",
)

# %%
print("curvatures:", *[f"{x:.2g}" for x in curvatures])

# %% [markdown]
# So libraries trust a step only within a region that they have found to be
# like a bowl. SciPy's method `trust-exact` takes our gradient and our
# Hessian, and arrives from the same start. (It wants parameters of similar
# sizes: here hundreds of $b_1$, and ten-thousandths of $b_2$.)


# %%
def scaled(q):
    return squares([100 * q[0], q[1] / 10000])


safe = minimize(
    value_and_grad(scaled),
    [2.50, 5.0],
    jac=True,
    hess=hessian(scaled),
    method="trust-exact",
    tol=1e-9,
)
print(f"b1 = {100 * safe.x[0]:.7f}, b2 = {safe.x[1] / 10000:.11f}")

# %% [markdown]
# ## Exercises
#
# **1.** One step of Newton's method for $f(x) = x^4$, from $x = 3$. Where
# does it land?

# %%
landed = None  # your number

check("library.landed", landed)

# %% [markdown]
# **2.** Write Newton's method for a function of one number.
# `newton(f, x, steps)` looks for the place where `f` is lowest, and takes the
# derivatives from `grad`.


# %%
def newton(f, x, steps):
    # your code
    ...


check("library.newton", newton)

# %% [markdown]
# Next, lesson 28: an operation of your own.
