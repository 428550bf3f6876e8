"""Compiled programs on arrays of other libraries: PyTorch, and the strict implementation of the array API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, dot, erf, logsumexp, prod, require, tanh, where

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

from autograd.compiler.array_api import Array, Library, Transferred  # noqa: E402


def strict(numbers: Any) -> Any:
    return pytest.importorskip("array_api_strict", reason="it checks what the array API has").asarray(numbers)


def torch(numbers: Any) -> Any:
    pytest.importorskip("array_api_compat", reason="PyTorch needs it")
    return pytest.importorskip("torch", reason="its tensors").from_numpy(np.array(numbers, float))


LIBRARIES = {"numpy": np.asarray, "array_api_strict": strict, "torch": torch}
every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)


def leaves(*shape: int, seed: int = 0) -> Any:
    def made(numbers: Any) -> Any:
        return list(map(made, numbers)) if isinstance(numbers, list) else Value(numbers)

    return made(draw(*shape, seed=seed).tolist())


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


# --- some programs ------------------------------------------------------------------------------------------------


def classifier() -> tuple[Any, tuple[Any, ...]]:
    model = nn.MLP(3, [8, 4], activation="relu", seed=1)
    return lambda x, t: nn.cross_entropy(model(x), t), (draw(16, 3), np.arange(16) % 4)


def normed() -> tuple[Any, tuple[Any, ...]]:
    w = leaves(5, 4)

    def loss(x: Any) -> Any:
        h = [dot(row, x) for row in w]
        mean = autograd.sum(h) / len(h)
        apart = [a - mean for a in h]
        scale = (dot(apart, apart) / len(h) + 1e-5) ** -0.5
        return autograd.sum([tanh(a * scale) for a in apart])

    return loss, (draw(16, 4, seed=1),)


def attention() -> tuple[Any, tuple[Any, ...]]:
    query, key = leaves(2, 2, seed=3), leaves(2, 2, seed=4)

    def loss(xs: Any) -> Any:
        keys = [[dot(row, x) for row in key] for x in xs]
        total: Any = 0.0
        for i, x in enumerate(xs):
            scores = [dot([dot(row, x) for row in query], k) for k in keys[: i + 1]]
            whole = logsumexp(scores)
            total = total + autograd.sum([autograd.exp(s - whole) * y[0] for s, y in zip(scores, xs)]) ** 2
        return total

    return loss, (draw(8, 4, 2),)


def recurrent() -> tuple[Any, tuple[Any, ...]]:
    w = leaves(4, 7, seed=2)

    def loss(xs: Any) -> Any:
        h: Any = [0.0] * 4
        for x in xs:
            h = [tanh(dot(row, [*x, 1.0, *h])) for row in w]
        return autograd.sum([a * a for a in h])

    return loss, (draw(6, 6, 2, seed=5),)


def gathered() -> tuple[Any, tuple[Any, ...]]:
    """Entries without a pattern, some of them repeated, and products of all other entries."""
    w = leaves(7, seed=6)

    def loss(x: Any) -> Any:
        taken = [w[i] * x[j] for i, j in [(0, 2), (3, 0), (3, 1), (5, 2), (1, 1), (6, 0), (3, 2)]]
        return prod([a + 1.0 for a in taken]) + autograd.sum([where(a > 0.0, a, 0.1 * a) for a in taken])

    return loss, (draw(5, 3, seed=7),)


PROGRAMS: dict[str, Callable[[], tuple[Any, tuple[Any, ...]]]] = {
    f.__name__: f for f in (classifier, normed, attention, recurrent, gathered)
}


@every_library
@pytest.mark.parametrize("name", PROGRAMS)
def test_other_libraries_compute_the_same(name: str, library: Callable[[Any], Any]) -> None:
    loss, batch = PROGRAMS[name]()
    program = autograd.compile(loss)
    expected, slopes = program(*batch)
    theta, *arrays = [library(array) for array in (program.parameters.data, *batch)]
    there = Transferred(program, theta)
    value, gradient = there.step(theta, *arrays)
    assert type(gradient) is type(theta)
    assert float(value) == pytest.approx(expected, rel=1e-12)
    assert np.asarray(gradient) == pytest.approx(slopes, rel=1e-10, abs=1e-12)
    assert np.asarray(there.outputs(theta, *arrays)) == pytest.approx(program.outputs(*batch), rel=1e-12, abs=1e-12)


@every_library
def test_several_outputs_come_as_they_are(library: Callable[[Any], Any]) -> None:
    w = Value(2.0, "w")
    program = autograd.compile(lambda x: {"a": [w * x, x], "b": (w + x, 3.0)}, [w], like=(0.0,), gradient=False)
    made = Transferred(program, library([0.0])).outputs(library([2.0]), library([1.0, 4.0]))
    assert np.asarray(made["a"]).tolist() == [[2.0, 1.0], [8.0, 4.0]]
    assert np.asarray(made["b"][0]).tolist() == [3.0, 6.0]
    with pytest.raises(TypeError, match="the program takes the vector of parameters, x; 1 arrays were given"):
        Transferred(program, library([0.0])).outputs(library([2.0]))
    with pytest.raises(RuntimeError, match="compiled without a gradient; it has outputs only"):
        Transferred(program, library([0.0])).step(library([2.0]), library([1.0]))


@every_library
def test_what_is_required_is_checked(library: Callable[[Any], Any]) -> None:
    w = Value(2.0, "w")

    def loss(x: Any) -> Any:
        require(x > 0.0, "x must be positive, not {}", x)
        return w * x

    there = Transferred(autograd.compile(loss, like=(1.0,)), library([0.0]))
    with pytest.raises(ValueError, match=r"x must be positive, not -3 \(in example 1, counted from 0\)"):
        there.step(library([2.0]), library([1.0, -3.0]))


def test_what_a_library_lacks_is_said() -> None:
    w = Value(0.5, "w")
    program = autograd.compile(lambda x: erf(w * x), like=(1.0,))
    with pytest.raises(NotImplementedError, match="the program needs erf, which array_api_strict does not have"):
        Transferred(program, strict([0.0]))


def test_the_gradient_is_that_of_pytorch() -> None:
    loss, batch = normed()
    program = autograd.compile(loss)
    program.outputs(*batch)
    theta, *arrays = map(torch, (program.parameters.data, *batch))
    there = Transferred(program, theta)
    theta.requires_grad_()
    there.outputs(theta, *arrays).mean().backward()
    assert np.asarray(theta.grad) == pytest.approx(program(*batch)[1], rel=1e-10, abs=1e-12)


# --- an array that understands NumPy ------------------------------------------------------------------------------


@every_library
def test_parts_are_read_and_written_as_numpy_does(library: Callable[[Any], Any]) -> None:
    numbers = np.arange(24.0)
    words = Library(library(numbers))
    positions = Array(words.inner(np.array([2, 0, 2])), words)
    changes: list[Callable[[Any, Any, Any], None]] = [
        lambda a, i, at: a.__setitem__((slice(None), 1), 7.0),
        lambda a, i, at: a.__setitem__(slice(None, None, -1), a[:] * 2.0),
        lambda a, i, at: a.__setitem__((0, slice(3, 0, -2)), a[1, :2]),
        lambda a, i, at: a.reshape(2, 2, 6).__setitem__((1, 0), a[0, 0]),
        lambda a, i, at: a.__setitem__((slice(None), i), a[:, 1:4]),
        lambda a, i, at: at(a, i, a[:3]),
        lambda a, i, at: at(a.reshape(24), i, a[0, :3]),
        lambda a, i, at: at(a, (slice(None), i), a[:, 1:4] * 0.5),
    ]
    for change in changes:
        theirs, mine = numbers.reshape(4, 6).copy(), Array(library(numbers), words).reshape(4, 6)
        change(theirs, np.array([2, 0, 2]), np.add.at)
        change(mine, positions, words.add.at)
        assert np.asarray(mine.inner).tolist() == theirs.tolist()
    whole = Array(library(numbers), words).reshape(4, 6)
    for index in [(slice(None), positions), (positions,), (slice(2, None, -1), None, 0), (1,), (None, slice(1, 3), 2)]:
        plain = tuple([np.array([2, 0, 2]) if item is positions else item for item in index])
        assert np.asarray(whole[index].inner).tolist() == numbers.reshape(4, 6)[plain].tolist()
