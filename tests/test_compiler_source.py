"""The source of compiled programs: it is what a textbook derives by hand, valid Python, and runs by itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")


def function(source: str, name: str) -> list[str]:
    """The lines of one function, without comments, docstring and head."""
    lines = source.split(f"def {name}(")[1].split("\n\n")[0].splitlines()[2:]
    return [re.sub(r"\s+#.*", "", line).strip() for line in lines]


def network(*sizes: int, loss: Callable[..., Any] = nn.mse, activation: str = "relu") -> tuple[Any, Any]:
    model = nn.MLP(sizes[0], sizes[1:], activation=activation, seed=1)
    shape = [0.0] * sizes[-1] if sizes[-1] > 1 else 0.0
    return model, autograd.compile(lambda x, y: loss(model(x), y), like=[[0.0] * sizes[0], shape])


def test_a_network_s_source_is_the_four_equations() -> None:
    """dZ2 = dL/dZ2, then for each layer dW = dZ A', db = sum dZ, dA = W' dZ, dZ = dA * relu'."""
    _, program = network(2, 3, 1, loss=nn.half_mse)
    assert function(program.source, "step") == [
        "X = X.T",
        "y = y[None]",
        "n = X.shape[-1]",
        "Z1 = W1 @ X + b1",
        "A1 = maximum(Z1, 0.0)",
        "Z2 = W2 @ A1 + b2",
        "sub1 = Z2 - y",
        "loss = (sub1 ** 2 / 2.0).sum() / n",
        "dZ2 = sub1 / n",
        "dW2 = dZ2 @ A1.T",
        "db2 = dZ2.sum()",
        "dZ1 = W2.T * dZ2 * (A1 != 0.0)",
        "dW1 = dZ1 @ X.T",
        "db1 = dZ1.sum(axis=1)",
        "gradient = concatenate((dW1, dW2, db1, db2), axis=None)",
        "return loss, gradient",
    ]
    assert function(program.source, "parameters") == [
        "W1 = theta[0:6].reshape(3, 2)",
        "W2 = theta[6:9].reshape(1, 3)",
        "b1 = theta[9:12].reshape(3, 1)",
        "b2 = theta[12:13].reshape(())",
        "return W1, W2, b1, b2",
    ]


def test_a_deeper_network_goes_on_in_the_same_way() -> None:
    _, program = network(2, 4, 3, 2, loss=lambda z, y: nn.half_mse(z, y, reduction="sum"))
    lines = function(program.source, "step")
    equations = ["dW2 = dZ2 @ A1.T", "db2 = dZ2.sum(axis=1)", "dZ1 = W2.T @ dZ2 * (A1 != 0.0)", "dW1 = dZ1 @ X.T"]
    assert [line for line in lines if line in equations] == equations
    for line in ("Z1 = W1 @ X + b1", "Z2 = W2 @ A1 + b2", "Z3 = W3 @ A2 + b3", "A2 = maximum(Z2, 0.0)"):
        assert lines.count(line) == 1


def test_comments_tell_shapes() -> None:
    _, program = network(2, 3, 1)
    assert re.search(r"Z1 = W1 @ X \+ b1 +# \(3, n\)", program.source)
    assert re.search(r"X = X.T +# \(2, n\)", program.source)


def test_all_ways_to_write_a_neuron_give_one_source() -> None:
    w, b = [Value(0.5, f"w{i}") for i in range(3)], Value(0.25, "b")

    def plain(x: Any) -> Any:
        return (sum(wi * xi for wi, xi in zip(w, x)) + b).tanh() ** 2

    def fused(x: Any) -> Any:
        return autograd.dot(w, x, b).tanh() ** 2

    def listed(x: Any) -> Any:
        return autograd.sum([*[xi * wi for wi, xi in zip(w, x)], b]).tanh() ** 2

    bodies = [function(autograd.compile(f, like=[[0.0] * 3]).source, "step") for f in (plain, fused, listed)]
    assert bodies[0] == bodies[1] == bodies[2]


def test_the_batch_is_not_in_the_source() -> None:
    model = nn.MLP(2, [3, 1], seed=1)

    def f(x: Any, y: Any) -> Any:
        return nn.mse(model(x), y)

    sources = set()
    for n in (1, 2, 7):
        program = autograd.compile(f)
        program(np.ones((n, 2)), np.ones(n))
        sources.add(program.source)
    assert len(sources) == 1


WHOLE = """
import random, sys
import autograd, nn
sys.setrecursionlimit(1500)
model = nn.MLP(3, [5, 4, 2], activation="gelu", seed=1)
program = autograd.compile(lambda x, t: nn.cross_entropy(model(x), t) + 0.01 * nn.l2(model.parameters()),
                           like=[[0.0] * 3, 0.0])
rows = [[0.5, -1.0], [1.0, 2.0]]
w = [autograd.Value(0.5) for _ in range(4)]
other = autograd.compile(lambda: autograd.sum([autograd.tanh(a * x) for a in w for x in rows[0]]) + w[0] * w[1])
print(program.source + other.source)
"""


def test_the_source_is_the_same_in_every_run() -> None:
    """The source does not depend on hashes, which differ from run to run."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", WHOLE], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert "def step(" in runs[0]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("activation", [*nn.ACTIVATIONS])
def test_the_source_runs_by_itself(activation: str) -> None:
    """It needs NumPy alone, except for the normal distribution's functions; it gives the program's numbers exactly."""
    model, program = network(2, 3, 2, activation=activation)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    loss, gradient = program(x, y)
    source = program.source
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert imported <= {"numpy", "autograd.arrays"}
    assert ("autograd.arrays" in imported) == (activation == "gelu")
    scope: dict[str, Any] = {}
    exec(source, scope)
    theta = program.parameters.data
    own_loss, own_gradient = scope["step"](x, y, theta, *scope["parameters"](theta))
    assert own_loss == loss
    assert np.array_equal(own_gradient, gradient)
    each = scope["outputs"](x, y, theta, *scope["parameters"](theta))
    assert np.array_equal(each, program.outputs(x, y))
    assert len(model.parameters()) == len(theta)


def test_constants_are_in_the_source_when_they_are_small() -> None:
    w = [Value(0.5) for _ in range(4)]
    small = [0.25, -1.5, 3.0, 0.1]
    program = autograd.compile(lambda: autograd.sum([autograd.exp(a * c) for a, c in zip(w, small)]))
    scope: dict[str, Any] = {}
    exec(program.source, scope)
    theta = program.parameters.data
    loss, gradient = scope["step"](theta, *scope["parameters"](theta))
    assert loss == program()[0] == pytest.approx(np.exp(0.5 * np.array(small)).sum())
    assert np.array_equal(gradient, program()[1])
    large = np.random.default_rng(0).normal(size=(50, 4)).tolist()
    program = autograd.compile(lambda: autograd.sum([autograd.dot(w, row) ** 2 for row in large]))
    assert "a constant of shape" in program.source
    assert len(program.source) < 3000


# --- names --------------------------------------------------------------------------------------------------------

NAMES = [
    "array", "concatenate", "broadcast_to", "zeros", "zeros_like", "isfinite", "power", "arctan", "where", "exp", "add",
    "maximum", "n", "theta", "step", "outputs", "parameters", "loss", "gradient", "np", "len", "inf", "nan", "None",
    "lambda", "class", "1", "2x", "w-1", "a b", "é", "β", "_", "__", "d", "dW", "dZ1", "Z1", "A1", "X", "T", "sum",
    "reshape", "C1", "I1", "x", "top1", "powers1", "self", "print", "'", '"""', "\\", "\n", "#",
]  # fmt: skip


@pytest.mark.parametrize("label", NAMES)
def test_labels_may_be_anything(label: str) -> None:
    w, v, unlabelled = Value(0.3, label), Value(0.7, "d" + label), Value(0.2)

    def f(x: Any) -> Any:
        h = autograd.tanh(w * x[0] + v)
        h.label = label
        k = autograd.exp(h * unlabelled) + autograd.atan(h)
        k.label = label
        parts = [autograd.maximum(h * x[1], w), k * v, h]
        return autograd.logsumexp(parts) + 0.2 * w * w

    rows = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]]
    program = autograd.compile(f)
    loss, _ = program(np.array(rows))
    program.write_back()
    mine = [p.grad for p in (w, v, unlabelled)]
    for p in (w, v, unlabelled):
        p.grad = 0.0
    mean = autograd.sum([f(row) for row in rows]) / 3
    mean.backward()
    assert loss == pytest.approx(mean.data, rel=1e-14)
    assert mine == pytest.approx([p.grad for p in (w, v, unlabelled)], rel=1e-13)


@pytest.mark.parametrize(
    "argument", [name for name in NAMES if name.isidentifier() and name not in ("None", "lambda", "class")]
)
def test_arguments_may_have_any_name(argument: str) -> None:
    w, b = Value(0.5), Value(0.25)
    scope: dict[str, Any] = {"autograd": autograd, "w": w, "b": b}
    f = eval(f"lambda {argument}: autograd.atan((w * {argument}[0] - 1.0) ** 2.5 + {argument}[1]) + b * b", scope)
    rows = np.array([[2.5, 0.5], [3.0, -1.0]])
    loss, gradient = autograd.compile(f, [w, b])(rows)
    base = 0.5 * rows[:, 0] - 1.0
    inner = base**2.5 + rows[:, 1]
    assert loss == pytest.approx((np.arctan(inner) + 0.0625).mean())
    slope = (1.0 / (1.0 + inner**2) * 2.5 * base**1.5 * rows[:, 0]).mean()
    assert gradient.tolist() == pytest.approx([slope, 0.5])


def test_the_function_s_name_may_be_anything() -> None:
    w = Value(0.5)

    def f(x: Any) -> Any:
        return w * x

    for called in ('a"""b', "a\nb", "\\", "<lambda>", "é"):
        f.__name__ = called
        loss, _ = autograd.compile(f)(np.array([2.0]))
        assert loss == 1.0
    assert autograd.compile(nn.MLP(2, [1], seed=1), gradient=False).outputs(np.ones((2, 2))).shape == (2,)
