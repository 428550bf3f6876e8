"""The lesson on normalisation: W8 of the curriculum, and wrong answers to its exercises."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from .running import exactly, ran

Numbers = Sequence[float]


def root_mean_square(x: Numbers) -> float:
    return math.sqrt(sum(x_i * x_i for x_i in x) / len(x))


def direct_only(x: Numbers, g: Numbers) -> list[float]:
    return [g_i / root_mean_square(x) for g_i in g]


def with_factor(x: Numbers, g: Numbers, factor: float) -> list[float]:
    r, along = root_mean_square(x), sum(g_i * x_i for g_i, x_i in zip(g, x))
    return [g_i / r + factor * x_i * along for g_i, x_i in zip(g, x)]


def other_sign(x: Numbers, g: Numbers) -> list[float]:
    return with_factor(x, g, 1 / (len(x) * root_mean_square(x) ** 3))


def without_m(x: Numbers, g: Numbers) -> list[float]:
    return with_factor(x, g, -1 / root_mean_square(x) ** 3)


def without_r(x: Numbers, g: Numbers) -> list[float]:
    return with_factor(x, g, -1 / (len(x) * root_mean_square(x) ** 2))


def own_y_only(x: Numbers, g: Numbers) -> list[float]:
    r = root_mean_square(x)
    return [g_i / r - g_i * x_i**2 / (len(x) * r**3) for g_i, x_i in zip(g, x)]


def one_number(x: Numbers, g: Numbers) -> float:
    return 0.0


WRONG = {
    "of_five": [
        (2, "divided by the spread"),
        (0.5, "variance"),
        (math.sqrt(0.5), "not by m - 1"),
        (2.5, "subtracted first"),
        (-1, "becomes of the 1"),
        (7, "not it"),
    ],
    "rms_backward": [
        (direct_only, "direct way"),
        (other_sign, "wrong sign"),
        (without_m, "1/m"),
        (without_r, "1/r"),
        (own_y_only, "add up"),
        (one_number, "list"),
    ],
}


def test_batch_norm_backward() -> None:
    """dxhat, dvar, dmean, dx, dgamma and dbeta, as the curriculum has them."""
    lesson = ran("normalisation")
    x, dout, gamma, eps = lesson.x, lesson.g, 1.5, 1e-5
    m = len(x)
    mean = sum(x) / m
    var = sum((v - mean) ** 2 for v in x) / m
    xhat = [(v - mean) / math.sqrt(var + eps) for v in x]
    dxhat = [d * gamma for d in dout]
    dvar = sum(d * (v - mean) for d, v in zip(dxhat, x)) * -0.5 * (var + eps) ** -1.5
    dmean = -sum(dxhat) / math.sqrt(var + eps) + dvar * sum(-2 * (v - mean) for v in x) / m
    dx = [d / math.sqrt(var + eps) + dvar * 2 * (v - mean) / m + dmean / m for d, v in zip(dxhat, x)]
    assert [h.data for h in lesson.hats] == exactly(xhat)
    dgamma = sum(d * h for d, h in zip(dout, xhat))
    engine = [*(h.grad for h in lesson.hats), lesson.var.grad, lesson.mean.grad, lesson.gamma.grad, lesson.beta.grad]
    loops = [*lesson.dxhat, lesson.dvar, lesson.dmean, lesson.dgamma, lesson.dbeta]
    for numbers in (engine, loops):
        assert numbers == exactly([*dxhat, dvar, dmean, dgamma, sum(dout)])
    for numbers in ([v.grad for v in lesson.xs], lesson.dx):
        assert numbers == pytest.approx(dx, rel=1e-13)  # terms of the size 1 cancel in part
    # The formula in one line, without the second part of the mean's derivative, which is 0.
    short = [gamma / math.sqrt(var + eps) * (d - sum(dout) / m - h * dgamma / m) for d, h in zip(dout, xhat)]
    assert dx == pytest.approx(short, rel=1e-12)
    assert abs(lesson.by_var) < 1e-15 and abs(sum(dx)) < 1e-14


def test_every_example_reaches_every_other() -> None:
    """d y1 / d x_k = gamma / root · ((k = 1) - 1/m - xhat_1 xhat_k / m)."""
    lesson = ran("normalisation")
    hats = [(x - 3) / math.sqrt(8.5 + 1e-5) for x in (2, -1, 4, 7)]
    slopes = [1.5 / math.sqrt(8.5 + 1e-5) * ((k == 0) - 1 / 4 - hats[0] * h / 4) for k, h in enumerate(hats)]
    ys = lesson.batch_norm(xs := lesson.start([2.0, -1.0, 4.0, 7.0]), lesson.Value(1.5), lesson.Value(0.5))[-1]
    ys[0].backward()
    assert [x.grad for x in xs] == pytest.approx(slopes, rel=1e-12)


def test_what_does_not_matter_before_batch_norm() -> None:
    lesson = ran("normalisation")
    assert abs(lesson.bias_grad) < 1e-15 < 1e-3 < abs(lesson.weight_grad)
    assert 0 < lesson.moved < 1e-3


def test_running_statistics() -> None:
    """After k batches a running number is 0.9^k of its start plus the rest of the batch's, whose variance has m - 1."""
    lesson = ran("normalisation")
    kept = 0.9**51  # the lesson calls once more, to look at x1
    assert lesson.norm.running_mean[0] == pytest.approx(3 * (1 - kept), rel=1e-12)
    assert lesson.norm.running_var[0] == pytest.approx(kept + 34 / 3 * (1 - kept), rel=1e-12)
    mean, var = lesson.norm.running_mean[0], lesson.norm.running_var[0]
    assert lesson.alone == pytest.approx((2 - mean) / math.sqrt(var + 1e-5), rel=1e-12)
    assert lesson.in_training == pytest.approx(-1 / math.sqrt(8.5 + 1e-5), rel=1e-12)


def test_layer_norm_takes_rows() -> None:
    lesson = ran("normalisation")
    for row, normed in zip(lesson.layer, lesson.by_layer):
        mean = sum(row) / 3
        root = math.sqrt(sum((v - mean) ** 2 for v in row) / 3 + 1e-5)
        assert [v.data for v in normed] == pytest.approx([(v - mean) / root for v in row], rel=1e-12, abs=1e-15)
    assert [row.index(max(row)) for row in lesson.layer].count(2) == 3


def test_the_way_around() -> None:
    x, without, around, a = 1.0, 1.0, 1.0, 1.0
    for _ in range(10):
        s = 1 / (1 + math.exp(-x))
        x, without = s, without * s * (1 - s)
        s = 1 / (1 + math.exp(-a))
        a, around = a + s, around * (1 + s * (1 - s))
    lesson = ran("normalisation")
    assert (lesson.without, lesson.around) == pytest.approx((without, around), rel=1e-12)


def test_depth() -> None:
    """The lesson's statements about the ten networks."""
    lesson = ran("normalisation")
    deltas = lesson.deltas

    def growth(name: str, design: str) -> float:
        curve = deltas[name, design]
        return float(curve[0] / curve[-1])

    assert growth("sigmoid", "plain") < 1e-10 and growth("sigmoid", "layer norm") < 1e-5
    assert growth("sigmoid", "batch norm") > 0.1 and growth("sigmoid", "residual") > 0.1
    assert growth("ReLU", "batch norm") > 10 and growth("ReLU", "residual") > 1000
    level = [
        design
        for design in lesson.designs
        if all(max(deltas[name, design]) < 10 * min(deltas[name, design]) for name in ("sigmoid", "ReLU"))
    ]
    assert level == ["residual, layer norm"]


def test_deltas_of_a_residual_network_by_hand() -> None:
    """a + f(W a): a layer passes the gradient that it gets back unchanged, plus W^T times its delta."""
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    lesson = ran("normalisation")
    weights = lesson.random.Random(1)
    n = lesson.WIDTH
    matrices = [
        np.array([[weights.gauss(0, math.sqrt(2 / n)) for _ in range(n)] for _ in range(n)])
        for _ in range(lesson.DEPTH)
    ]
    a, blame = np.array(lesson.examples), np.array(lesson.slopes)
    zs = []
    for W in matrices:
        zs.append(a @ W.T)
        a = a + np.maximum(zs[-1], 0)
    sizes: list[float] = []
    for W, z in zip(reversed(matrices), reversed(zs)):
        delta = blame * (z > 0)
        sizes.insert(0, math.sqrt((delta**2).mean()))
        blame = blame + delta @ W
    assert lesson.deltas["ReLU", "residual"] == pytest.approx(sizes, rel=1e-9)
