"""The lesson on optimisers: every rule written out again, the order of arrival, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .running import ran

State = tuple[float, float, float]


def without_correction(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
    return p - 0.1 * m / (math.sqrt(s) + 1e-8), m, s


def without_root(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
    return p - 0.1 * m / (1 - 0.9**step) / (s / (1 - 0.999**step) + 1e-8), m, s


def gradient_in_the_step(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
    return p - 0.1 * g / (math.sqrt(s / (1 - 0.999**step)) + 1e-8), m, s


def corrected_for_ever(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    m, s = (0.9 * m + 0.1 * g) / (1 - 0.9**step), (0.999 * s + 0.001 * g * g) / (1 - 0.999**step)
    return p - 0.1 * m / (math.sqrt(s) + 1e-8), m, s


def corrected_as_in_step_1(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
    return p - 0.1 * (m / 0.1) / (math.sqrt(s / 0.001) + 1e-8), m, s


def uphill(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    return p + 0.1, 0.1 * g, 0.001 * g * g


def gradient_not_squared(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    return p, 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g


def sum_of_gradients(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    return p, 0.9 * m + g, s


def parameter_only(p: float, g: float, m: float, s: float, step: int, *settings: float) -> float:
    return p - 0.1


def settings_ignored(p: float, g: float, m: float, s: float, step: int, *settings: float) -> State:
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
    return p - 0.1 * m / (1 - 0.9**step) / (math.sqrt(s / (1 - 0.999**step)) + 1e-8), m, s


WRONG = {
    "length": [
        (0.1, "first step"),
        (0.19, "second step"),
        (10, "velocity in the end"),
        (math.inf, "for ever"),
        (3, "0.1 v"),
    ],
    "adam": [
        (without_correction, "corrections are missing"),
        (without_root, "root is missing"),
        (gradient_in_the_step, "uses the gradient"),
        (corrected_for_ever, "as they are remembered"),
        (corrected_as_in_step_1, "power of the step"),
        (uphill, "up the slope"),
        (gradient_not_squared, "squared"),
        (sum_of_gradients, "1 - beta1"),
        (parameter_only, "three numbers"),
        (settings_ignored, "With rate 0.5"),
    ],
}


# --- the rules, one by one -------------------------------------------------------------------------------------------


def sgd(p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]) -> Iterator[float]:
    while True:
        yield p
        p -= rate * slope(p)


def momentum(
    p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float], nesterov: bool = False
) -> Iterator[float]:
    v = 0.0
    while True:
        yield p
        g = slope(p)
        v = 0.9 * v + g
        p -= rate * (g + 0.9 * v if nesterov else v)


def nesterov(p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]) -> Iterator[float]:
    return momentum(p, rate, slope, bend, nesterov=True)


def adagrad(p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]) -> Iterator[float]:
    s = 0.0
    while True:
        yield p
        g = slope(p)
        s += g**2
        p -= rate * g / (math.sqrt(s) + 1e-10)


def rmsprop(p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]) -> Iterator[float]:
    s = 0.0
    while True:
        yield p
        g = slope(p)
        s = 0.99 * s + 0.01 * g**2
        p -= rate * g / (math.sqrt(s) + 1e-8)


def adam(
    p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float], decay: float = 0.0
) -> Iterator[float]:
    m = s = 0.0
    t = 0
    while True:
        yield p
        t += 1
        g = slope(p)
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        p = (1 - rate * decay) * p - rate * (m / (1 - 0.9**t)) / (math.sqrt(s / (1 - 0.999**t)) + 1e-8)


def adamw(p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]) -> Iterator[float]:
    return adam(p, rate, slope, bend, decay=0.01)


def lion(p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]) -> Iterator[float]:
    m = 0.0
    while True:
        yield p
        g = slope(p)
        c = 0.9 * m + 0.1 * g
        m = 0.99 * m + 0.01 * g
        p -= rate * ((c > 0) - (c < 0))


def free_sgd(p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]) -> Iterator[float]:
    z = x = p
    t = 0
    while True:
        yield x
        t += 1
        z -= rate * slope(0.1 * z + 0.9 * x)
        x += (z - x) / t


def free_adamw(
    p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]
) -> Iterator[float]:
    z = x = p
    s, total, t = 0.0, 0.0, 0
    while True:
        yield x
        t += 1
        g = slope(0.1 * z + 0.9 * x)
        s = 0.999 * s + 0.001 * g**2
        r = rate * math.sqrt(1 - 0.999**t)
        z -= r * g / (math.sqrt(s) + 1e-8)
        total += r**2
        x += r**2 / total * (z - x)


def sophia(p: float, rate: float, slope: Callable[[float], float], bend: Callable[[float], float]) -> Iterator[float]:
    m = h = 0.0
    t = 0
    while True:
        yield p
        if t % 10 == 0:
            h = 0.9 * h + 0.1 * bend(p)
        t += 1
        m = 0.9 * m + 0.1 * slope(p)
        p -= rate * max(-1.0, min(1.0, m / max(h, 1e-12)))


BY_HAND = {
    "SGD": sgd,
    "Momentum": momentum,
    "Nesterov": nesterov,
    "Adagrad": adagrad,
    "RMSprop": rmsprop,
    "Adam": adam,
    "AdamW": adamw,
    "Lion": lion,
    "Free SGD": free_sgd,
    "Free AdamW": free_adamw,
    "Sophia": sophia,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_paths_are_those_of_the_rules(name: str) -> None:
    """On the saddle, which is a sum of a function of x and one of y: 5x² and -y²/2 + y⁴/4."""
    rate, _, path = ran("optimisers").escapes[name][2:]
    xs = BY_HAND[name](0.7, rate, lambda x: 10 * x, lambda x: 10)
    ys = BY_HAND[name](0.0001, rate, lambda y: y**3 - y, lambda y: 3 * y**2 - 1)
    for step, (x, y) in enumerate(path):
        assert (x, y) == pytest.approx((next(xs), next(ys)), rel=1e-7, abs=1e-9), step
    assert len(path) == 201


def test_first_steps() -> None:
    steps = ran("optimisers").steps
    assert steps.keys() == BY_HAND.keys()
    for place, g in enumerate((100.0, 0.001)):
        root = math.sqrt(0.01) * g
        wanted = dict.fromkeys(("SGD", "Momentum", "Free SGD"), 0.1 * g)
        wanted |= dict.fromkeys(("Adagrad", "Adam", "AdamW", "Lion", "Sophia"), 0.1)
        wanted |= {"Nesterov": 0.1 * (g + 0.9 * g), "RMSprop": 0.1 * g / (root + 1e-8)}
        r = 0.1 * math.sqrt(0.001)
        wanted["Free AdamW"] = r * g / (math.sqrt(0.001) * g + 1e-8)
        assert {name: both[place] for name, both in steps.items()} == pytest.approx(wanted, rel=2e-5)


def test_sgd_in_the_valley() -> None:
    """Along the valley each step multiplies the distance by 1 - rate, across it by 1 - 50 rate."""
    lesson = ran("optimisers")
    arrived, _, rate, losses, path = lesson.straight["SGD"]
    for step, (x, y) in enumerate(path):
        assert x == pytest.approx(1 - 4 * (1 - rate) ** step, rel=1e-12)
        assert y == pytest.approx(1 + (1 - 50 * rate) ** step, rel=1e-12)
    assert losses[arrived] < 0.01 <= losses[arrived - 1]


@pytest.mark.parametrize("name", ["SGD", "Momentum", "Nesterov", "Free SGD"])
def test_who_does_not_notice_the_turn(name: str) -> None:
    lesson = ran("optimisers")
    *_, path = lesson.straight[name]
    *_, turned = lesson.oblique[name]
    root = math.sqrt(2)
    for (x, y), (u, v) in zip(path, turned):
        assert (u, v) == pytest.approx((1 + ((x - 1) - (y - 1)) / root, 1 + ((x - 1) + (y - 1)) / root), abs=1e-9)


def test_the_race_is_told_as_it_was() -> None:
    lesson = ran("optimisers")
    assert lesson.unmoved == "SGD" and not lesson.left_the_ridge
    assert set(lesson.same) == {"SGD", "Momentum", "Nesterov", "Free SGD", "Lion"}  # Lion never arrives
    assert max(lesson.straight[name][0] for name in ("Adagrad", "RMSprop")) < 10
    assert min(lesson.oblique[name][0] for name in ("Adagrad", "RMSprop")) > 100
    assert lesson.straight["Lion"][0] == lesson.oblique["Lion"][0] == math.inf
    straight, _, escapes, network = lesson.places
    assert straight["RMSprop"] == 1 and escapes["RMSprop"] == 2 and network["RMSprop"] >= 7
    assert lesson.rates["Nesterov"] == 0.01
    worst = {name: max(standing[name] for standing in lesson.places) for name in BY_HAND}
    assert worst.pop("Free AdamW") <= 3 and min(worst.values()) >= 6
    for standing in lesson.places:
        assert sorted(standing.values()) == list(range(1, 12))


def test_luck() -> None:
    """A spike makes tiny differences large; Nesterov's run has none."""
    repeated = ran("optimisers").repeated
    assert max(repeated["Momentum"]) > 5 * min(repeated["Momentum"])
    assert max(repeated["Nesterov"]) == pytest.approx(min(repeated["Nesterov"]), rel=1e-3)


def test_the_network_learns_by_the_rule() -> None:
    """The first step of SGD, with the gradient by matrices."""
    np = pytest.importorskip("numpy", reason="the lesson's network is compiled to NumPy")
    lesson = ran("optimisers")
    seed = 3
    model = lesson.network(seed)
    weights = [np.array([[w.data for w in n.w] for n in layer.neurons]) for layer in model.layers]
    biases = [np.array([[n.b.data] for n in layer.neurons]) for layer in model.layers]

    def forward() -> list[Any]:
        activations = [lesson.X.T]
        for k in range(3):
            z = weights[k] @ activations[k] + biases[k]
            activations.append(np.tanh(z) if k < 2 else z)
        return activations

    losses = lesson.train(lesson.RACERS["SGD"], 0.1, seed)
    activations = forward()
    error = activations[3] - lesson.TARGETS
    assert losses[0] == pytest.approx(np.mean(error**2), rel=1e-12)
    delta = 2 * error / 40
    for k in (2, 1, 0):
        by_weights, by_biases = delta @ activations[k].T, delta.sum(axis=1, keepdims=True)
        delta = weights[k].T @ delta * (1 - activations[k] ** 2)
        weights[k], biases[k] = weights[k] - 0.1 * by_weights, biases[k] - 0.1 * by_biases
    assert losses[1] == pytest.approx(np.mean((forward()[3] - lesson.TARGETS) ** 2), rel=1e-10)
