"""Compiled programs on JAX: they give NumPy's numbers, on one device, on several, and in several processes.

Other tests compile random programs, operations and refusals for JAX, too; these are about what JAX alone has.
"""

from __future__ import annotations

import builtins
import copy
import functools
import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, dot, exp, logsumexp, prod, relu, require, tanh
from tests import processes
from tests.fuzz_programs import Program as Drawn
from tests.fuzz_programs import check

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
jax = pytest.importorskip("jax", reason="JAX runs these")

from jax.sharding import AxisType, NamedSharding, PartitionSpec  # noqa: E402

from autograd import arrays_jax  # noqa: E402
from autograd.compiler.dialects import JAX, Dialect, Target  # noqa: E402
from autograd.compiler.jax import JaxProgram  # noqa: E402


@pytest.fixture
def x64() -> Any:
    with jax.enable_x64(True):
        yield


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def for_jax(f: Any, parameters: Any = None, **options: Any) -> JaxProgram:
    program = autograd.compile(f, parameters, backend="jax", **options)
    assert isinstance(program, JaxProgram)
    return program


def near(a: Any, b: Any, within: float = 1e-12) -> bool:
    return bool(np.all(np.abs(np.asarray(a) - b) <= within * np.maximum(1.0, np.abs(b))))


# --- some programs ------------------------------------------------------------------------------------------------


def classifier() -> tuple[Any, Any, tuple[Any, ...]]:
    model = nn.MLP(3, [8, 4], activation="relu", seed=1)

    def loss(x: Any, t: Any) -> Any:
        return nn.cross_entropy(model(x), t) + 0.001 * nn.l2(model.parameters())

    return loss, model, (draw(16, 3), np.arange(16) % 4)


def recurrent() -> tuple[Any, Any, tuple[Any, ...]]:
    w = [[Value(x) for x in row] for row in draw(4, 6, seed=2).tolist()]

    def loss(xs: Any) -> Any:
        h: Any = [0.0] * 4
        for x in xs:
            h = [tanh(dot(row, [x, 1.0, *h])) for row in w]
        return autograd.sum([a * a for a in h])

    return loss, None, (draw(16, 3),)


def attention() -> tuple[Any, Any, tuple[Any, ...]]:
    query, key = ([[Value(x) for x in row] for row in draw(2, 2, seed=seed).tolist()] for seed in (3, 4))

    def loss(xs: Any) -> Any:
        keys = [[dot(row, x) for row in key] for x in xs]
        total: Any = 0.0
        for i, x in enumerate(xs):
            q = [dot(row, x) for row in query]
            scores = [dot(q, k) for k in keys[: i + 1]]
            whole = logsumexp(scores)
            total = total + autograd.sum([exp(s - whole) * y[0] for s, y in zip(scores, xs)]) ** 2
        return total

    return loss, None, (draw(8, 3, 2),)


def products() -> tuple[Any, Any, tuple[Any, ...]]:
    w = [Value(x, f"w{i}") for i, x in enumerate([0.5, -1.5, 2.0, 0.0])]

    def loss(x: Any) -> Any:
        return prod([a + x for a in w]) + autograd.erf(w[0] * x) + autograd.ndtr(w[1]) + autograd.erfc(w[2] * x)

    return loss, None, (draw(9),)


NETWORKS: dict[str, Callable[[], tuple[Any, Any, tuple[Any, ...]]]] = {
    f.__name__: f for f in (classifier, recurrent, attention, products)
}
every_network = pytest.mark.parametrize("name", NETWORKS)


def compiled(name: str, **options: Any) -> tuple[JaxProgram, tuple[Any, ...]]:
    loss, model, batch = NETWORKS[name]()
    return for_jax(loss, model, **options), batch


# --- the same numbers ---------------------------------------------------------------------------------------------


@every_network
def test_loss_gradient_and_outputs_are_those_of_numpy(name: str) -> None:
    loss, model, batch = NETWORKS[name]()
    mine, theirs = (autograd.compile(loss, model, backend=backend) for backend in ("jax", "numpy"))
    value, gradient = mine(*batch)
    expected, slopes = theirs(*batch)
    assert isinstance(mine, JaxProgram)
    assert type(value) is float
    assert near(value, expected)
    assert type(gradient) is np.ndarray
    assert gradient.dtype == np.float64
    assert near(gradient, slopes)
    assert mine.parameters.grad is gradient
    assert near(mine.outputs(*batch), theirs.outputs(*batch))
    assert "from jax.numpy import" in mine.source


def test_a_loop_is_compiled_once_and_has_every_derivative(x64: None) -> None:
    """The steps are one function of the state; JAX differentiates it by its own rules, forward and backward."""
    w, start = ([[Value(x) for x in row] for row in draw(*shape, seed=9).tolist()] for shape in ((3, 6), (1, 3)))

    def loss(xs: Any) -> Any:
        h, kept = start[0], []
        for x in xs:
            h = [tanh(dot(row, [x, 1.0, *h, 0.5])) for row in w]
            kept.append(h[0])
        return autograd.sum([a * a for a in h]) + autograd.sum(kept) ** 2

    xs = draw(4, 12, seed=10)
    mine, theirs = (autograd.compile(loss, like=(xs[0],), backend=backend) for backend in ("jax", "numpy"))
    assert isinstance(mine, JaxProgram)
    step = mine.source.partition("def step(")[2].partition("def outputs(")[0]
    assert step.count("for t in range(") == 0
    assert step.count("= fori_loop(") == theirs.source.partition("def outputs(")[0].count("for t in range(") == 2
    value, gradient = mine(xs)
    expected, slopes = theirs(xs)
    assert near(value, expected)
    assert near(gradient, slopes)
    assert near(mine.outputs(xs), theirs.outputs(xs))
    alone = for_jax(loss, mine.parameters, like=(xs[0],), gradient=False)
    vector = mine.parameters.data
    assert near(jax.grad(lambda p: alone.function(p, xs).mean())(vector), gradient)
    assert near(jax.jacfwd(lambda p: alone.function(p, xs).mean())(vector), gradient)


def test_what_writes_into_an_array_makes_another() -> None:
    part, places = Target("dW", [":", "0"], "3, 4"), Target("dw", [":", "I1"])
    lines = {}
    for dialect in (Dialect(), JAX()):
        lines[dialect.library] = [
            dialect.assigned(part, "v"),
            dialect.added(part, "v"),
            dialect.added_repeatedly(places, "v", lambda name: name),
        ]
    assert lines["numpy"][-1] == "add.at(dw, (slice(None), I1), v)"
    for start in (np.zeros((6, 2)), np.arange(12.0).reshape(2, 6)):
        made = []
        for library, texts in lines.items():
            scope = {"add": np.add, "I1": np.array([1, 0, 1])}
            for text, v in zip(texts, (7.0, np.arange(3.0), np.ones((len(start), 3)))):
                array = start.copy() if library == "numpy" else jax.numpy.array(start)
                scope.update(dW=array, dw=array, v=v)
                exec(text, scope)
                made.append([np.asarray(scope["dW"]).tolist(), np.asarray(scope["dw"]).tolist()])
        for in_place, anew in zip(made[:3], made[3:]):
            assert in_place[0] in anew
            assert in_place[0] != start.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_random_programs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autograd, "compile", functools.partial(autograd.compile, backend="jax"))
    check(Drawn(seed))


@pytest.mark.parametrize("x64_outside", [False, True])
@every_network
def test_float32_is_float32_whatever_jax_is_set_to(name: str, x64_outside: bool) -> None:
    with jax.enable_x64(x64_outside):
        program, batch = compiled(name, dtype="float32")
        value, gradient = program(*batch)
        assert gradient.dtype == np.float32
        loss, slopes = program.step(program.parameters.data, *batch)
        assert (loss.dtype, slopes.dtype) == (np.float32, np.float32)
        assert near(slopes, gradient, 1e-6)
        narrow = [np.asarray(x, np.float32) for x in batch]
        assert "f64[" not in str(jax.make_jaxpr(program.step)(program.parameters.data, *narrow))
    wide, _ = compiled(name)
    expected, slopes = wide(*batch)
    assert near(value, expected, 1e-5)
    assert near(gradient, slopes, 1e-5)


def test_arguments_may_be_arrays_of_jax() -> None:
    program, (x, t) = compiled("classifier")
    expected, slopes = program(x, t)
    with jax.enable_x64(True):
        device = jax.numpy.asarray(x), jax.numpy.asarray(t)
    value, gradient = program(*device)
    assert (value, gradient.tolist()) == (expected, slopes.tolist())
    value, gradient = program(x, jax.numpy.asarray(t))  # of float32 and int32, JAX's default types
    assert (value, gradient.tolist()) == (expected, slopes.tolist())
    with pytest.raises(ValueError, match=r"x has the shape \(16, 1\), but the program was compiled for \(batch, 3\)"):
        program(device[0][:, :1], t)


def test_outputs_keep_their_names_in_their_order() -> None:
    """JAX sorts the keys of dicts, which fails for keys of mixed types such as these."""
    w = Value(2.0, "w")
    keys = ("z", 3, "a", 1.5)
    program = for_jax(
        lambda x: {key: [w * x, (x, w + i)] for i, key in enumerate(keys)},
        [w],
        gradient=False,
        dtype="float32",
    )
    for made in (program([1.0, 2.0]), program.function([2.0], [1.0, 2.0])):
        assert tuple(made) == keys
        assert [made["a"][0].tolist(), made["a"][1][0].tolist(), made[3][1][1].tolist()] == [[2, 4], [1, 2], [3, 3]]


# --- what is refused ----------------------------------------------------------------------------------------------


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(ValueError, match="backend must be 'numpy' or 'jax', not 'torch'"):
        autograd.compile(lambda x: x, backend="torch")


def test_without_jax_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "jax":
            raise ModuleNotFoundError("No module named 'jax'", name="jax")
        return original(name, *rest)

    for module in ("autograd.compiler.jax", "autograd.arrays_jax"):
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match="backend='jax' needs jax, which is not installed: pip install jax"):
        autograd.compile(lambda x: x, backend="jax")


def test_numpy_programs_do_without_jax() -> None:
    script = (
        "import sys, autograd; w = autograd.Value(1.0); autograd.compile(lambda x: w * x)([1.0]); "
        "print([name for name in sys.modules if name.partition('.')[0] == 'jax'])"
    )
    assert processes.run(script) == "[]"


def test_checks_speak_as_they_do_in_numpy() -> None:
    w = Value(2.0, "w")

    def entropy(p: Any) -> Any:
        require((p > 0.0) & (p <= 1.0), "p must be above 0 and at most 1, not {}", p)
        require(w > 0.0, "w must be positive, not {}", w)
        return -w * p * p.log()

    mine, theirs = (autograd.compile(entropy, [w], like=(0.5,), backend=backend) for backend in ("jax", "numpy"))
    batches = [0.5, 1.5, 2.5], [0.5, float("nan")]
    for batch in batches:
        said = []
        for program in (mine, theirs):
            before = program.parameters.grad.copy()
            for call in (program, program.outputs):
                with pytest.raises(ValueError) as error:
                    call(batch)
                said.append(str(error.value))
            assert program.parameters.grad.tolist() == before.tolist()
        assert len(set(said)) == 1
        assert "(in example 1, counted from 0)" in said[0]
    mine.parameters["w"] = -1.0
    with pytest.raises(ValueError, match=r"w must be positive, not -1$"):
        mine([0.5])
    mine.parameters["w"] = 2.0
    assert mine([0.5])[0] == pytest.approx(theirs([0.5])[0])


def test_a_check_outside_of_a_program_is_enforced_at_once() -> None:
    with pytest.raises(ValueError, match="x must be 1, not 2"):
        arrays_jax.require(np.array(False), "x must be 1, not {}", np.array(2.0), axis=None)
    with arrays_jax.collect_calls() as outer:
        with arrays_jax.collect_calls() as inner:
            arrays_jax.require(False, "no")
        arrays_jax.require(False, "nor this")
    assert [[x.message for x in noted if isinstance(x, arrays_jax.Check)] for noted in (outer, inner)] == [
        ["nor this"],
        ["no"],
    ]


def test_nan_is_refused_unless_it_is_allowed() -> None:
    w = Value(2.0, "w")
    program = for_jax(lambda x: (w * x) ** 2)
    program([1.0, 2.0])
    before = program.parameters.grad.copy()
    for call in (program, program.outputs):
        with pytest.raises(ValueError, match=r"x has a nan at \(1,\), which spreads into the result"):
            call([1.0, float("nan")])
    assert program.parameters.grad.tolist() == before.tolist()
    value, gradient = for_jax(lambda x: (w * x) ** 2, allow_nan=True)([1.0, float("nan")])
    assert np.isnan([value, *gradient]).all()


def test_results_of_another_shape_are_never_returned() -> None:
    program, batch = compiled("products")
    program.outputs(*batch)
    program._step = lambda *arrays: (arrays[0], arrays[1])
    program._prepare()
    with pytest.raises(autograd.CompileError, match="a bug in the compiler, not in your function"):
        program(*batch)


# --- training -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [nn.SGD, nn.Adam, nn.AdamW])
def test_training_goes_as_in_numpy(kind: Any) -> None:
    ends: list[Any] = []
    for backend in ("jax", "numpy"):
        loss, model, batch = classifier()
        program = autograd.compile(loss, model, backend=backend)
        program.outputs(*batch)
        optimiser = kind(program.parameters, lr=0.01)
        for _ in range(5):
            program(*batch)
            nn.clip_grad_norm_(program.parameters, 0.5)
            optimiser.step()
        program.write_back()
        ends.append([p.data for p in model.parameters()])
        model.parameters()[0].data = 7.0
        program.read_in()
        assert 7.0 in program.parameters.data
    assert near(ends[0], np.array(ends[1]))


def test_two_programs_share_their_parameters() -> None:
    loss, model, (x, t) = classifier()
    program = for_jax(loss, model, like=(x[0], t[0]))
    score = for_jax(model, program.parameters, gradient=False)
    before = score(x)
    program.parameters.data = 0.0
    assert np.abs(before).max() > 0.0
    assert np.abs(score(x)).max() == 0.0


@pytest.mark.parametrize("way", ["copy", "deepcopy", "pickle"])
def test_copies_and_pickles(way: str) -> None:
    program, batch = compiled("classifier")
    value, gradient = program(*batch)
    ways: dict[str, Callable[[Any], Any]] = {
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    }
    twin = ways[way](program)
    assert type(twin) is JaxProgram
    assert (twin.parameters is program.parameters) == (way == "copy")
    assert twin(*batch)[0] == value
    assert twin.parameters.grad.tolist() == gradient.tolist()
    twin.parameters.data = 0.0
    assert (program(*batch)[0] == value) == (way != "copy")


# --- the pure function --------------------------------------------------------------------------------------------


@every_network
def test_jax_finds_the_gradient_that_the_program_has(name: str, x64: None) -> None:
    """The gradient of the program's `step`, and the one that JAX derives from `function` by its own rules."""
    program, batch = compiled(name)
    value, gradient = program(*batch)
    vector = program.parameters.data
    loss, slopes = program.step(vector, *batch)
    assert near(loss, value)
    assert near(slopes, gradient)
    alone = for_jax(program.example, program.parameters, gradient=False)
    alone(*batch)
    assert near(jax.jit(jax.grad(lambda p: alone.function(p, *batch).mean()))(vector), gradient)


def test_at_a_kink_the_gradient_is_the_program_s_own(x64: None) -> None:
    w = Value(0.0, "w")
    f = lambda x: relu(w * x) + 3.0 * w  # noqa: E731
    program = for_jax(f, [w], like=(1.0,))
    alone = for_jax(f, [w], like=(1.0,), gradient=False)
    _, gradient = program([1.0, 2.0])
    assert gradient.tolist() == [3.0]
    assert jax.grad(program.function)(program.parameters.data, [1.0, 2.0]).tolist() == [3.0]
    theirs = jax.grad(lambda p: alone.function(p, [1.0, 2.0]).mean())(alone.parameters.data)
    assert theirs.tolist() == [3.75]  # JAX's maximum(x, 0) has the slope 1/2 at 0


@pytest.mark.parametrize("name", ["classifier", "recurrent", "products"])
def test_second_derivatives_are_those_of_the_gradient(name: str, x64: None) -> None:
    program, batch = compiled(name)
    program.outputs(*batch)
    vector = program.parameters.data.copy()
    direction = draw(len(vector), seed=5)
    hessian = jax.jit(jax.hessian(program.function))(vector, *batch)
    assert near(hessian, hessian.T, 1e-10)
    forward = jax.jit(lambda p, d: jax.jvp(lambda q: jax.grad(program.function)(q, *batch), (p,), (d,)))
    _, along = forward(vector, direction)
    assert near(along, hessian @ direction, 1e-10)
    step = 1e-5
    ends = []
    for sign in (1, -1):
        program.parameters.data = vector + sign * step * direction
        ends.append(program(*batch)[1])
    assert near((ends[0] - ends[1]) / (2 * step), along, 1e-6)


def test_the_function_composes_with_vmap_and_with_derivatives_by_the_batch(x64: None) -> None:
    program, (x, t) = compiled("classifier")
    _, gradient = program(x, t)
    vector = program.parameters.data
    each = jax.vmap(jax.grad(program.function), (None, 0, 0))(vector, x[:, None], t[:, None])
    assert each.shape == (16, len(vector))
    assert near(each.mean(0), gradient)
    by_x = jax.grad(program.function, argnums=1)(vector, x, t.astype(float))
    step = np.zeros_like(x)
    step[3, 1] = 1e-6
    numeric = (program(x + step, t)[0] - program(x - step, t)[0]) / 2e-6
    assert by_x[3, 1] == pytest.approx(numeric, rel=1e-6)
    _, change = jax.jvp(lambda p, a: program.function(p, a, t), (vector, x), (vector, x))
    assert change == pytest.approx(float(gradient @ vector + (by_x * x).sum()), rel=1e-12)


def test_parameters_may_be_a_dict_of_their_parts(x64: None) -> None:
    program, batch = compiled("classifier")
    _, gradient = program(*batch)
    parameters = program.parameters
    parts = {name: parameters[name] for name in parameters.names}
    _, slopes = jax.jit(program.step)(parts, *batch)
    assert list(slopes) == sorted(parts)
    for name in parts:
        assert near(slopes[name], parameters.view(gradient, name))
    with pytest.raises(ValueError, match="the program's parameters are W1, W2, b1, b2, not W1"):
        program.function({"W1": parts["W1"]}, *batch)
    with pytest.raises(ValueError, match=r"the parameter b2 has the shape \(4,\), not \(3,\)"):
        program.function({**parts, "b2": np.zeros(3)}, *batch)
    with pytest.raises(ValueError, match=r"the program has a vector of 68 parameters, not \(2,\)"):
        program.function(np.zeros(2), *batch)


def test_optax_trains_it() -> None:
    optax = pytest.importorskip("optax", reason="an optimiser of JAX's")
    program, batch = compiled("classifier", dtype="float32")
    first, _ = program(*batch)
    rule = optax.adam(0.05)
    parameters = {name: jax.numpy.asarray(program.parameters[name]) for name in program.parameters.names}

    @jax.jit  # type: ignore[untyped-decorator]
    def step(parameters: Any, state: Any) -> Any:
        loss, gradient = program.step(parameters, *batch)
        moves, state = rule.update(gradient, state)
        return optax.apply_updates(parameters, moves), state, loss

    state = rule.init(parameters)
    for _ in range(40):
        parameters, state, loss = step(parameters, state)
    for name, part in parameters.items():
        program.parameters[name] = part
    last, _ = program(*batch)
    assert last < 0.5 * first
    assert last < float(loss)


def test_float64_by_jax_s_own_transformations_must_be_switched_on() -> None:
    program, batch = compiled("products")
    program(*batch)
    with jax.enable_x64(False), pytest.raises(RuntimeError, match=r'call jax\.config\.update\("jax_enable_x64", True'):
        _ = program.function
    with jax.enable_x64(True):
        function = program.function
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="computes in float64, which JAX replaces by float32"):
        function(program.parameters.data, *batch)


def test_a_function_that_is_not_known_yet_or_has_no_gradient() -> None:
    program = for_jax(lambda x: Value(1.0) * x, gradient=False, dtype="float32")
    with pytest.raises(RuntimeError, match="nothing is compiled yet"):
        _ = program.function
    with pytest.raises(RuntimeError, match="nothing is compiled yet"):
        program.shard(jax.make_mesh((1,), ("batch",)))
    w = Value(1.0, "w")
    program = for_jax(lambda x: w * x, [w], gradient=False, dtype="float32", like=(1.0,))
    with pytest.raises(RuntimeError, match=r"was compiled without a gradient; its function is program\.function"):
        _ = program.step
    assert program.function(np.array([2.0]), [3.0]).tolist() == [6.0]


# --- several devices ----------------------------------------------------------------------------------------------


def test_what_cannot_be_split_is_refused() -> None:
    program, batch = compiled("classifier")
    program(*batch)
    mesh = jax.make_mesh((1,), ("batch",))
    with pytest.raises(TypeError, match=r"shard takes a mesh of devices, not 8; jax\.make_mesh makes one"):
        program.shard(8)
    with pytest.raises(ValueError, match="the mesh has no axis 'x', only 'batch'"):
        program.shard(mesh, "x")
    w = Value(1.0)
    with pytest.raises(ValueError, match="was not compiled for batches, so there is nothing to split over devices"):
        for_jax(lambda: w * w).shard(mesh)
    with pytest.raises(pickle.PicklingError, match="the devices of a mesh belong to this process; pickle the program"):
        pickle.dumps(program.shard(mesh))
    assert copy.deepcopy(program.shard(mesh))(*batch)[0] == pytest.approx(program(*batch)[0], rel=1e-12)


def over_eight_devices() -> None:
    """Compare programs split over devices with unsplit ones, in every way of splitting; prints how many it compared."""
    assert jax.device_count() == 8
    compared = 0
    ways: list[tuple[Any, ...]] = [((8,), ("batch",), None), ((2, 4), ("x", "y"), None), ((2, 4), ("x", "y"), "y")]
    for name, several in {"classifier": ways, "attention": ways[:1]}.items():
        program, batch = compiled(name)
        value, gradient = program(*batch)
        for shape, names, axis in several:
            mesh = jax.make_mesh(shape, names)
            program.parameters.grad = 0.0
            split = program.shard(mesh, axis)
            loss, slopes = split(*batch)
            assert near(loss, value)
            assert near(slopes, gradient)
            assert program.parameters.grad is slopes
            assert near(split.outputs(*batch), program.outputs(*batch))
            compared += 1
    program, (x, t) = compiled("classifier")
    value, gradient = program(x, t)
    mesh = jax.make_mesh((8,), ("batch",))
    split = program.shard(mesh)
    with split._setting():
        assert split._stepping
        text = split._stepping.lower(*split._placed([x, t.astype(float)])).compile().as_text()
    assert "all-reduce" in text, "every device computes everything"
    with pytest.raises(ValueError, match="a batch of 15 examples cannot be split evenly over 8 devices; leave 7 of th"):
        split(x[:15], t[:15])
    with pytest.raises(ValueError, match=r"a class must be a whole number from 0 to 3, not 9 \(in example 10, counted"):
        split(x, np.where(np.arange(16) == 10, 9, t))
    with pytest.raises(ValueError, match=r"x has a nan at \(13, 2\)"):
        split(np.where((np.arange(16)[:, None] == 13) & (np.arange(3) == 2), np.nan, x), t)
    with jax.set_mesh(mesh):  # a mesh that is set outside does not matter
        assert near(split(x, t)[1], gradient)
        assert near(program(x, t)[1], gradient)
    with jax.enable_x64(True):
        automatic = jax.make_mesh((8,), ("batch",), axis_types=(AxisType.Auto,))
        placed = [
            jax.device_put(np.asarray(a, float), NamedSharding(automatic, PartitionSpec("batch"))) for a in (x, t)
        ]
        assert near(split(*placed)[1], gradient)
        loss, slopes = jax.jit(program.step)(program.parameters.data, *placed)
        assert near(loss, value)
        assert near(slopes, gradient)
    print(compared)


def test_over_eight_devices() -> None:
    script = _script(over_eight_devices)
    assert processes.run(script, JAX_PLATFORMS="cpu", XLA_FLAGS="--xla_force_host_platform_device_count=8") == "4"


def one_of_two_processes(port: str, index: str) -> None:
    """One of two processes with four devices each: prints losses and gradients as JSON."""
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(
        f"127.0.0.1:{port}", num_processes=2, process_id=int(index), initialization_timeout=processes.TIMEOUT // 2
    )
    assert (jax.device_count(), jax.local_device_count()) == (8, 4)
    program, (x, t) = compiled("classifier", like=([0.0] * 3, 0))
    mesh = jax.make_mesh((8,), ("batch",))
    split = program.shard(mesh)
    made = [split(x, t)]
    own = slice(8 * int(index), 8 * int(index) + 8)
    with jax.enable_x64(True):
        over = NamedSharding(mesh, PartitionSpec("batch"))
        parts = [jax.make_array_from_process_local_data(over, np.asarray(a, float)[own]) for a in (x, t)]
    made.append(split(*parts))
    said = []
    for wrong in ("class", "nan"):
        bad = np.where(np.arange(16) == 10, 9.0, t) if wrong == "class" else t.astype(float)
        rows = np.where(np.arange(16)[:, None] == 13, np.nan, x) if wrong == "nan" else x
        with jax.enable_x64(True):
            parts = [jax.make_array_from_process_local_data(over, a[own]) for a in (rows, bad)]
        for call, arguments in ((split, parts), (split, [rows, bad]), (split.outputs, [rows, bad])):
            with pytest.raises(ValueError) as error:
                call(*arguments)
            said.append(str(error.value))
    optimiser = nn.Adam(split.parameters, lr=0.05)
    for _ in range(3):
        made.append(split(x, t))
        optimiser.step()
    results = [[loss, gradient.tolist()] for loss, gradient in made]
    print(json.dumps([results, split.outputs(x, t).tolist(), said]), flush=True)


def test_over_two_processes() -> None:
    program, (x, t) = compiled("classifier", like=([0.0] * 3, 0))
    made = [program(x, t)] * 2
    optimiser = nn.Adam(program.parameters, lr=0.05)
    for _ in range(3):
        made.append(program(x, t))
        optimiser.step()
    outputs = program.outputs(x, t)
    for text in _two_processes(one_of_two_processes):
        results, shown, said = json.loads(text.splitlines()[-1])  # earlier lines are printed by gloo
        assert near([loss for loss, _ in results], [loss for loss, _ in made])
        assert near([gradient for _, gradient in results], np.array([gradient for _, gradient in made]))
        assert near(shown, outputs)
        assert set(said[:3]) == {
            "cross_entropy: a class must be a whole number from 0 to 3, not 9 (in example 10, counted from 0)"
        }
        assert len(said) == 6
        assert all(line.startswith("x has a nan at (13, 0), which spreads into the result") for line in said[3:])


def _script(function: Callable[..., None], *arguments: str) -> str:
    name = function.__name__
    return (
        f"import sys, autograd; sys.path.insert(0, {str(processes.ROOT)!r}); "
        f"from {function.__module__} import {name}; {name}(*{arguments!r})"
    )


def _two_processes(function: Callable[..., None]) -> list[str]:
    """What a function prints in two processes, which connect at a port that was free a moment ago."""
    for retries in (2, 1, 0):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = str(listener.getsockname()[1])
        environment = {
            **os.environ,
            "PYTHONPATH": str(processes.PACKAGES),
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        }
        both = [
            subprocess.Popen(
                [sys.executable, "-c", _script(function, port, str(index))],
                cwd=processes.PACKAGES,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
            for index in range(2)
        ]
        try:
            spoken = [process.communicate(timeout=processes.TIMEOUT) for process in both]
        finally:
            for process in both:
                process.kill()
                process.wait()
        if all(process.returncode == 0 for process in both):
            return [out for out, _ in spoken]
        if not retries or not any("in use" in errors for _, errors in spoken):
            raise AssertionError("\n\n".join([errors[-3000:] for _, errors in spoken]))
    return []
