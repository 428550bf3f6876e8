"""Compiled programs as users see them: parameters, outputs, arguments; and what is refused, with its message."""

from __future__ import annotations

import copy
import math
import pickle
import random
import re
from collections.abc import Callable
from enum import Enum
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import CompileError, Value

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

HERE = Path(__file__).name


def pair() -> tuple[Value, Value]:
    return Value(0.5, "w"), Value(-1.0, "b")


# --- parameters ---------------------------------------------------------------------------------------------------


def test_parameters_are_one_vector_with_named_parts() -> None:
    model = nn.MLP(2, [3, 1], seed=1)
    program = autograd.compile(lambda x, y: nn.mse(model(x), y))
    program(np.ones((4, 2)), np.zeros(4))
    parameters = program.parameters
    assert parameters.names == ["W1", "W2", "b1", "b2"]
    assert [parameters[name].shape for name in parameters.names] == [(3, 2), (1, 3), (3,), ()]
    assert parameters["W1"].tolist() == [[w.data for w in neuron.w] for neuron in model.layers[0].neurons]
    assert all(np.shares_memory(parameters[name], parameters.data) for name in parameters.names)
    assert parameters.data.flags.c_contiguous
    assert len(parameters) == len(model.parameters()) == 13
    assert repr(parameters) == "Parameters(13 numbers: W1 (3, 2), W2 (1, 3), b1 (3,), b2 ())"
    assert parameters.view(parameters.grad, "W1").shape == (3, 2)
    with pytest.raises(KeyError, match="there is no parameter 'W9' here, only W1, W2, b1, b2"):
        parameters["W9"]


def test_what_is_put_into_the_vector_counts() -> None:
    w, b = pair()
    program = autograd.compile(lambda x: w * x + b)
    assert program(np.array([1.0, 3.0]))[0] == 0.0
    program.parameters["w"] = 2.0
    assert program(np.array([1.0, 3.0]))[0] == 3.0
    program.parameters.data = [1.0, 1.0]
    assert program(np.array([1.0, 3.0]))[0] == 3.0
    program.parameters.data += 1.0
    assert program(np.array([1.0, 3.0]))[0] == 6.0
    assert (w.data, b.data) == (0.5, -1.0)


def test_values_and_program_exchange_numbers_and_gradients() -> None:
    w, b = pair()
    program = autograd.compile(lambda x: (w * x + b) ** 2, [b, w])
    program(np.array([2.0, 4.0]))
    assert (w.grad, b.grad) == (0.0, 0.0)
    program.write_back()
    assert (w.grad, b.grad) == (4.0, 1.0)  # residuals 0 and 1: mean of 2 r x and 2 r
    program.parameters.data = 3.0
    program.write_back()
    assert (w.data, b.data) == (3.0, 3.0)
    w.data, b.grad = 7.0, 9.0
    program.read_in()
    assert program.parameters["w"] == 7.0
    assert program.parameters.view(program.parameters.grad, "b") == 9.0
    assert program.parameters.view(program.parameters.grad, "w") == 4.0


def test_the_gradient_belongs_to_its_caller() -> None:
    """The gradient is no view of the parameters or of an argument, and can be written to."""
    ws = [Value(1.0), Value(2.0), Value(3.0)]
    x = np.array([4.0, 5.0, 6.0])
    programs: list[tuple[Any, tuple[Any, ...]]] = [
        (autograd.compile(lambda: 0.5 * autograd.dot(ws, ws)), ()),
        (autograd.compile(lambda x: autograd.dot(ws, x), batch=False), (x,)),
        (autograd.compile(lambda: autograd.sum(ws)), ()),
        (autograd.compile(lambda: 3.0 * ws[0]), ()),
        (autograd.compile(lambda x: 3.0 * ws[0]), (x,)),
        (autograd.compile(lambda x: ws[0]), (x,)),
    ]
    for program, arguments in programs:
        _, gradient = program(*arguments)
        _, again = program(*arguments)
        assert np.array_equal(gradient, again)
        before = gradient.copy()
        for other in (program.parameters.data, x):
            assert not np.shares_memory(gradient, other)
        gradient *= 2.0
        assert program(*arguments)[1].tolist() == before.tolist()
    assert x.tolist() == [4.0, 5.0, 6.0]


def test_constant_slopes() -> None:
    w, b = pair()
    xs = np.array([1.0, 2.0])
    assert autograd.compile(lambda: 3.0 * w)()[1].tolist() == [3.0]
    assert autograd.compile(lambda x: 3.0 * w)(xs)[1].tolist() == [3.0]
    assert autograd.compile(lambda x: 3.0 * w, reduction="sum")(xs)[1].tolist() == [3.0]
    assert autograd.compile(lambda x: w, reduction="sum")(xs)[0] == 0.5
    assert autograd.compile(lambda x: w - b + 0.0 * x, [w, b], reduction="sum")(xs)[1].tolist() == [1.0, -1.0]


def test_chosen_parameters_alone_are_trained() -> None:
    w, b = pair()
    program = autograd.compile(lambda x: w * x + b, [w])
    assert program(np.array([1.0, 3.0]))[1].tolist() == [2.0]
    model = nn.MLP(1, [2, 1], seed=1)
    program = autograd.compile(lambda x: model(x) * w, model)
    program(np.ones(3))
    assert program.parameters.values == model.parameters()


def test_parameters_that_the_loss_does_not_use_have_no_gradient() -> None:
    w, b = pair()
    program = autograd.compile(lambda x: w * x, [b, w])
    program(np.array([1.0, 3.0]))
    program.write_back()
    assert (w.grad, b.grad) == (2.0, 0.0)


def test_two_programs_share_parameters() -> None:
    """One program trains, and the other predicts."""
    model = nn.MLP(2, [3, 1], seed=1)
    x, y = np.random.default_rng(0).normal(size=(5, 2)), np.ones(5)
    training = autograd.compile(lambda x, y: nn.mse(model(x), y))
    training(x, y)
    predicting = autograd.compile(model, training.parameters, gradient=False)
    before = predicting(x)
    assert before.tolist() == pytest.approx([model(row).data for row in x.tolist()])
    training.parameters.data *= 0.5
    training.write_back()
    assert predicting(x).tolist() == pytest.approx([model(row).data for row in x.tolist()])
    assert predicting.parameters is training.parameters


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("xs", "loss", "slope"),
    [
        ([inf, 1.0, -inf], inf, nan),  # as in PyTorch
        ([1.0, inf, inf], inf, 0.0),
        ([3e38, inf, 1.0], inf, 0.0),
        ([-inf, -inf, -inf], -inf, nan),
        ([-inf, 2.0, -inf], 2.0, 0.0),
        ([2.0, -inf, -inf], 2.0, 1.0),
        ([nan, 1.0, inf], nan, nan),
    ],
)
def test_logsumexp_of_infinities(dtype: str, xs: list[float], loss: float, slope: float) -> None:
    w = Value(0.0)
    program = autograd.compile(lambda x: autograd.logsumexp([x[0] + w, x[1], x[2]]), dtype=dtype, allow_nan=True)
    got, (gradient,) = program(np.array([xs]))
    assert (got, gradient) == pytest.approx((loss, slope), nan_ok=True)


def test_single_precision() -> None:
    """Everything is float32, and as close to the engine as float32 allows."""
    xs, ys = np.random.default_rng(0).normal(size=(6, 2)), np.linspace(-1.0, 1.0, 6)
    activations: list[Any] = [*nn.ACTIVATIONS, autograd.erf, autograd.ndtr, autograd.abs, autograd.atan]
    for activation in activations:
        model = nn.MLP(2, [4, 1], activation=activation, seed=1)

        def f(x: Any, y: Any, model: Any = model) -> Any:
            return nn.mse(model(x), y)

        single, double = autograd.compile(f, dtype="float32"), autograd.compile(f)
        (loss, gradient), (exact_loss, exact) = single(xs, ys), double(xs, ys)
        kinds = {gradient.dtype, single.parameters.data.dtype, single.parameters.grad.dtype}
        assert {*kinds, single.outputs(xs, ys).dtype} == {np.dtype("float32")}
        assert loss == pytest.approx(exact_loss, rel=1e-5)
        assert gradient == pytest.approx(exact, rel=1e-4, abs=1e-6)
        single.write_back()
        assert all(type(p.data) is type(p.grad) is float for p in model.parameters())


# --- outputs ------------------------------------------------------------------------------------------------------


def test_outputs_come_in_the_shape_in_which_they_are_returned() -> None:
    w, b = pair()

    def f(x: Any) -> Any:
        return {
            "list": [w * x, b * x],
            "tuple": (w, x, [x, b]),
            "matrix": [[w * x, b], [x, 3.0]],
            "ragged": [[w], [x, b]],
            7: w * x > 0.0,
            "nested": {"deep": ([x],)},
        }

    made = autograd.compile(f)(np.array([1.0, 2.0, 3.0]))
    assert list(made) == ["list", "tuple", "matrix", "ragged", 7, "nested"]
    assert made["list"].tolist() == [[0.5, -1.0], [1.0, -2.0], [1.5, -3.0]]
    assert isinstance(made["tuple"], tuple)
    assert [x.tolist() for x in made["tuple"]] == [[0.5] * 3, [1.0, 2.0, 3.0], [[1.0, -1.0], [2.0, -1.0], [3.0, -1.0]]]
    assert made["matrix"].shape == (3, 2, 2)
    assert made["matrix"][1].tolist() == [[1.0, -1.0], [2.0, 3.0]]
    assert [x.tolist() for x in made["ragged"]] == [[[0.5]] * 3, [[1.0, -1.0], [2.0, -1.0], [3.0, -1.0]]]
    assert made[7].tolist() == [1.0, 1.0, 1.0]
    assert made["nested"]["deep"][0].tolist() == [[1.0], [2.0], [3.0]]
    one = autograd.compile(f, batch=False)(2.0)
    assert one["list"].tolist() == [1.0, -2.0]
    assert one["tuple"][:2] == (0.5, 2.0)
    assert one["matrix"].tolist() == [[1.0, -1.0], [2.0, 3.0]]


class Colour(Enum):
    RED = 1


def test_outputs_may_have_any_keys() -> None:
    w, _ = pair()
    made = autograd.compile(lambda x: {Colour.RED: w * x, None: w, (1, 2): x, "'": x, "\n": w, "": w})(np.array([2.0]))
    numbers = {key: array.tolist() for key, array in made.items()}
    assert numbers == {Colour.RED: [1.0], None: [0.5], (1, 2): [2.0], "'": [2.0], "\n": [0.5], "": [0.5]}


def test_outputs_belong_to_their_caller() -> None:
    w, b = pair()
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    for f in (lambda x: x, lambda x: [w, b], lambda x: [x[1], x[0]], lambda x: (w, 3.0), lambda x: [[x[0]]]):
        program = autograd.compile(f, [w, b], gradient=False)
        made = program(x)
        for array in made if isinstance(made, tuple) else [made]:
            assert array.flags.writeable
            assert not np.shares_memory(array, x)
            assert not np.shares_memory(array, program.parameters.data)


def test_a_loss_s_outputs_are_the_examples_losses() -> None:
    w, b = pair()
    program = autograd.compile(lambda x: (w * x) ** 2 + b)
    assert program.outputs(np.array([2.0, 4.0])).tolist() == [0.0, 3.0]
    assert program(np.array([2.0, 4.0]))[0] == 1.5
    assert autograd.compile(lambda x: (w * x) ** 2 + b, gradient=False)(np.array([2.0, 4.0])).tolist() == [0.0, 3.0]


def test_constants_and_inputs_alone_are_outputs_too() -> None:
    program = autograd.compile(lambda x: [x, 2.0], gradient=False)
    assert program(np.array([1.0, 3.0])).tolist() == [[1.0, 2.0], [3.0, 2.0]]
    assert len(program.parameters) == 0
    assert program.parameters.names == []


# --- arguments ----------------------------------------------------------------------------------------------------


def test_batches_of_any_size_run_on_one_compilation() -> None:
    w, b = pair()
    program = autograd.compile(lambda x: (w * x[0] + b * x[1]) ** 2, like=[[0.0, 0.0]])
    source = program.source
    for n in (1, 2, 50, 3):
        x = np.random.default_rng(n).normal(size=(n, 2))
        rest = 0.5 * x[:, 0] - x[:, 1]
        loss, gradient = program(x)
        assert loss == pytest.approx((rest**2).mean())
        assert gradient.tolist() == pytest.approx((2.0 * rest @ x / n).tolist())
    assert program.source is source


@pytest.mark.parametrize(
    "given",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        np.array([[1, 2], [3, 4]]),
        np.array([[1, 2], [3, 4]], "float32"),
        np.array([[1, 2], [3, 4]], ">f8"),
        np.array([[1, 3], [2, 4]]).T,
        np.array([[1, 0, 2, 0], [3, 0, 4, 0]], float)[:, ::2],
        [np.array([1.0, 2.0]), np.array([3.0, 4.0])],
    ],
)
def test_arguments_may_be_all_kinds_of_arrays(given: Any) -> None:
    w, b = pair()
    program = autograd.compile(lambda x: w * x[0] + b * x[1], [w, b], like=[[0.0, 0.0]])
    loss, gradient = program(np.asarray(given))
    assert (loss, gradient.tolist()) == (-2.0, [2.0, 3.0])
    if not isinstance(given, list) or not isinstance(given[0], np.ndarray):
        loss, gradient = program(given)
        assert (loss, gradient.tolist()) == (-2.0, [2.0, 3.0])


def test_arguments_in_dicts_and_lists() -> None:
    w, b = pair()
    program = autograd.compile(lambda d, pair_: w * d["a"][1] + b * d["b"] + pair_[0] * pair_[1][0], [w, b])
    loss, gradient = program({"a": np.ones((3, 2)), "b": np.arange(3.0)}, [np.ones(3), np.full((3, 1), 2.0)])
    assert (loss, gradient.tolist()) == (1.5, [1.0, 1.0])


def test_arguments_that_are_not_used() -> None:
    w, _ = pair()
    program = autograd.compile(lambda x, unused, y: w * y)
    assert program(np.ones((2, 3)), np.ones((2, 4, 5)), np.array([1.0, 3.0]))[1].tolist() == [2.0]


def test_without_a_batch() -> None:
    w, b = pair()
    program = autograd.compile(lambda x, y: (w * x[0] + b * x[1] - y) ** 2, batch=False)
    loss, gradient = program([4.0, 1.0], 3.0)
    assert (loss, gradient.tolist()) == (4.0, [-16.0, -4.0])
    with pytest.raises(ValueError, match=re.escape("x has the shape (3,), but the program was compiled for (2,)")):
        program([1.0, 2.0, 3.0], 3.0)


WRONG: dict[str, tuple[Callable[[], tuple[Any, ...]], type[Exception], str]] = {
    "too few": (lambda: (np.ones((5, 2)),), TypeError, "the program takes 2 arguments, got 1"),
    "too many": (lambda: (1, 2, 3), TypeError, "the program takes 2 arguments, got 3"),
    "width": (lambda: (np.ones((5, 3)), np.ones(5)), ValueError, r"x has the shape \(5, 3\).*\(batch, 2\)"),
    "axes": (lambda: (np.ones(5), np.ones(5)), ValueError, r"x has the shape \(5,\).*\(batch, 2\)"),
    "a number": (lambda: (np.ones((5, 2)), 1.0), ValueError, r"y has the shape \(\).*\(batch"),
    "empty": (lambda: (np.ones((0, 2)), np.ones(0)), ValueError, "the batch is empty"),
    "lengths": (lambda: (np.ones((5, 2)), np.ones(4)), ValueError, "y has 4 examples, but x has 5"),
    "text": (lambda: ("abc", np.ones(5)), TypeError, "x must be an array of real numbers, not 'abc'"),
    "complex": (lambda: (np.ones((5, 2)) * 1j, np.ones(5)), TypeError, "x must be an array of real numbers"),
    "nothing": (lambda: (None, np.ones(5)), TypeError, "x must be an array of real numbers, not None"),
    "a Value": (lambda: (np.ones((5, 2)), Value(1.0)), TypeError, "y is a Value.*give it the .data"),
    "a dict": (lambda: ({"a": 1.0}, np.ones(5)), TypeError, "x must be an array of real numbers, not {"),
    "nan": (lambda: (np.array([[1.0, 2.0], [3.0, math.nan]]), np.ones(2)), ValueError, r"x has a nan at \(1, 1\)"),
    "nan in the other": (lambda: (np.ones((2, 2)), np.array([math.nan, 1.0])), ValueError, r"y has a nan at \(0,\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_refused_and_change_nothing(name: str) -> None:
    arguments, kind, message = WRONG[name]
    w, b = pair()
    program = autograd.compile(lambda x, y: (w * x[0] + b * x[1] - y) ** 2)
    program(np.ones((5, 2)), np.ones(5))
    data, grad = program.parameters.data.copy(), program.parameters.grad.copy()
    for call in (program, program.outputs):
        with pytest.raises(kind, match=message):
            call(*arguments())
    assert np.array_equal(program.parameters.data, data)
    assert np.array_equal(program.parameters.grad, grad)
    program(np.ones((5, 2)), np.ones(5))


def test_wrong_arguments_at_the_first_call_leave_the_program_as_it_was() -> None:
    w, b = pair()
    program = autograd.compile(lambda x, y: (w * x[0] + b * x[1] - y) ** 2)
    for arguments in (("abc", [1.0]), ([[1.0, 2.0]], Value(1.0)), (1.0, 2.0), ([[1.0, 2.0]], [1.0, 2.0])):
        with pytest.raises((TypeError, ValueError)):
            program(*arguments)
    assert program([[1.0, 2.0]], [1.0])[0] == 6.25


def test_nan_and_infinity_may_be_allowed() -> None:
    w, _ = pair()
    x = np.array([1.0, math.nan])
    loss, gradient = autograd.compile(lambda x: w * x, allow_nan=True)(x)
    assert math.isnan(loss) and math.isnan(gradient[0])
    assert autograd.compile(lambda x: w * x)(np.array([1.0, math.inf]))[0] == math.inf
    # Only arguments are checked: a computed number may be nan.
    assert math.isnan(autograd.compile(lambda x: w * x)(np.array([math.inf, -math.inf]))[0])


def test_a_program_that_does_not_know_its_shapes_says_so() -> None:
    w, _ = pair()
    program = autograd.compile(lambda x: w * x)
    for look in (lambda: program.source, lambda: program.parameters, program.write_back, program.read_in):
        with pytest.raises(RuntimeError, match=r"nothing is compiled yet.*like="):
            look()
    with pytest.raises(CompileError, match=r"x is one number, 3.0.*batch=False"):
        program(3.0)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"reduction": "max"}, ValueError, "reduction must be 'mean' or 'sum', not 'max'"),
        ({"dtype": "bfloat16"}, ValueError, "dtype must be float64, float32 or float16, not 'bfloat16'"),
        ({"dtype": "foo"}, ValueError, "dtype must be float64, float32 or float16, not 'foo'"),
        ({"dtype": "int64"}, ValueError, "dtype must be"),
        ({"parameters": 5}, TypeError, "parameters must be a module or a list of leaf Values, not 5"),
        ({"parameters": [1.0]}, TypeError, "item 0 is 1.0"),
        ({"parameters": [Value(1.0) * 2.0]}, TypeError, "item 0 is Value"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], kind: type[Exception], message: str) -> None:
    w, _ = pair()
    with pytest.raises(kind, match=message):
        autograd.compile(lambda x: w * x, **options)


def test_only_functions_are_compiled() -> None:
    with pytest.raises(TypeError, match=r"compile takes a function, not Value.*lambda"):
        autograd.compile(Value(1.0))  # type: ignore[arg-type]


# --- what cannot be compiled --------------------------------------------------------------------------------------


w, b = Value(0.5, "w"), Value(-1.0, "b")


def branching(x: Any) -> Any:
    if x > 0.0:  # refused
        return w * x
    return b * x


def branching_on_a_parameter(x: Any) -> Any:
    return w * x if w >= b else b * x  # refused


def looping(x: Any) -> Any:
    y = w * x
    while y < 1.0:  # refused
        y = y * 2.0
    return y


def denying(x: Any) -> Any:
    return w * x * (not x > 0.0)  # refused


def largest(x: Any) -> Any:
    return max(w * x, b)  # refused


def both(x: Any) -> Any:
    return w if x > 0.0 and x < 1.0 else b  # refused


def reading(x: Any) -> Any:
    return w.data * x * b  # refused


def reading_a_result(x: Any) -> Any:
    y = w * x
    return b * y.data  # refused


def unrecorded(x: Any) -> Any:
    with autograd.no_grad():
        y = w * x  # refused
    return y * b


def writing(x: Any) -> Any:
    b.data = 3.0  # refused
    return b * x


def going_back(x: Any) -> Any:
    y = w * x
    y.backward()  # refused
    return b * y


REFUSED: list[tuple[Callable[..., Any], str]] = [
    (branching, "a comparison of Values.*decides.*autograd.where"),
    (branching_on_a_parameter, "a comparison of Values"),
    (looping, "a comparison of Values"),
    (denying, "a comparison of Values"),
    (largest, "a comparison of Values.*maximum"),
    (both, "a comparison of Values"),
    (reading, r"\.data"),
    (reading_a_result, r"\.data"),
    (unrecorded, r"inside no_grad\(\).*detach"),
    (writing, "is set while the function is recorded"),
    (going_back, r"backward\(\) is called.*autograd.grad"),
]


@pytest.mark.parametrize(("f", "message"), REFUSED)
def test_what_leaves_no_trace_is_refused_with_its_line(f: Callable[..., Any], message: str) -> None:
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    start = f.__code__.co_firstlineno
    line = next(i for i in range(start, start + 9) if source[i - 1].endswith("# refused"))
    before = b.data
    with pytest.raises(CompileError, match=message) as caught:
        autograd.compile(f)(np.array([1.0, -1.0]))
    b.data = before
    assert re.search(rf"{re.escape(HERE)}:{line}: ", str(caught.value))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: w * copy.copy(w) * x + b,
        lambda x: w * copy.deepcopy([w])[0] * x + b,
        lambda x: copy.deepcopy(w * x) + b,
        lambda x: pickle.loads(pickle.dumps(w * x)) + b,
        lambda x: {1.0: w, -1.0: b}[x] * 1.0,
        lambda x: w * float(x) + b,
        lambda x: w * int(x) + b,
        lambda x: w * math.sin(x) + b,
        lambda x: [w, b][int(x > 0.0)] * 1.0,
        lambda x: {True: w, False: b}[x > 0.0] * 1.0,
    ],
)
def test_other_ways_to_a_number_are_no_ways(f: Callable[[Any], Any]) -> None:
    """A program that kept a number of the recording would be wrong without an error."""
    with pytest.raises((CompileError, TypeError, ValueError)):
        autograd.compile(f)(np.array([1.0, -1.0]))


def test_what_is_equal_is_a_condition() -> None:
    loss, gradient = autograd.compile(lambda x: w * x * ((x > 0.0) == True))(np.array([1.0, -1.0]))  # noqa: E712
    assert (loss, gradient.tolist()) == (0.25, [0.5])


def test_after_a_refusal_the_engine_is_as_before() -> None:
    with pytest.raises(CompileError):
        autograd.compile(unrecorded)(np.array([1.0]))
    assert (w > b) is True
    assert w.data == 0.5
    y = w * 2.0
    y.backward()
    assert w.grad == 2.0
    w.grad = 0.0
    with pytest.raises(ZeroDivisionError):
        autograd.compile(lambda x: w * x * (1 / 0))(np.array([1.0]))
    assert (w > b) is True


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x * 2.0, "does not depend on any parameter.*gradient=False"),
        (lambda x: 1.0, "does not depend on any parameter"),
        (lambda x: Value(3.0) * x, "does not depend on any parameter"),
        (lambda x: None, "returned None"),
        (lambda x: "abc", "returned str, 'abc'"),
        (lambda x: (v for v in [w * x]), "returned generator"),
        (lambda x: [], "returned nothing"),
        (lambda x: [w * x, "abc"], "returned str, 'abc'"),
    ],
)
def test_what_is_returned_must_be_a_loss_or_outputs(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(CompileError, match=message):
        autograd.compile(f)(np.array([1.0]))


def test_only_one_number_is_differentiated() -> None:
    with pytest.raises(CompileError, match=r"only one number can be differentiated.*returns several.*gradient=False"):
        autograd.compile(lambda x: [w * x, b], gradient=True)(np.array([1.0]))


def test_a_loss_of_conditions_alone_has_no_slope() -> None:
    loss, gradient = autograd.compile(lambda x: (w * x > 0.0) * 1.0)(np.array([1.0, -1.0]))
    assert (loss, gradient.tolist()) == (0.5, [0.0])


# --- what differs from run to run ---------------------------------------------------------------------------------


def test_random_numbers_are_refused() -> None:
    rng = random.Random(0)
    with pytest.raises(CompileError, match=r"the number .* in the one is .* in the other"):
        autograd.compile(lambda x: w * x + rng.random())(np.array([1.0]))


def test_counting_calls_is_refused() -> None:
    calls: list[int] = []

    def growing(x: Any) -> Any:
        calls.append(1)
        return autograd.sum([w * x] * len(calls))

    def changing(x: Any) -> Any:
        calls.append(1)
        return (w * x).tanh() if len(calls) % 2 else (w * x).sin()

    for f in (growing, changing):
        with pytest.raises(CompileError, match="computed two different things"):
            autograd.compile(f)(np.array([1.0]))


# --- in one piece -------------------------------------------------------------------------------------------------


def test_a_function_without_arguments_is_compiled_at_once() -> None:
    program = autograd.compile(lambda: (w * 3.0 + b) ** 2)
    assert program.parameters.names == ["w", "b"]
    loss, gradient = program()
    assert (loss, gradient.tolist()) == (0.25, [3.0, 1.0])
    with pytest.raises(TypeError, match="the program takes 0 arguments, got 1"):
        program(1.0)


def test_like_compiles_at_once_and_holds_for_batches() -> None:
    program = autograd.compile(lambda x, y: w * x[1] + b * y, like=[[0.0, 0.0], 0.0])
    assert "def step(" in program.source
    assert program(np.ones((4, 2)), np.ones(4))[1].tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="x has the shape"):
        program(np.ones((4, 3)), np.ones(4))


def test_the_optimisers_of_nn_train_a_program() -> None:
    """The parameters after some steps are those of the same optimiser on Values."""
    x, y = np.random.default_rng(0).normal(size=(8, 2)), np.linspace(-1.0, 1.0, 8)
    for make in (lambda p: nn.SGD(p, lr=0.1, momentum=0.9), lambda p: nn.Adam(p, lr=0.05)):
        one, other = (nn.MLP(2, [3, 1], activation="tanh", seed=3) for _ in range(2))
        program = autograd.compile(lambda x, y, model=one: nn.mse(model(x), y))
        program(x, y)
        mine, theirs = make(program.parameters), make(other.parameters())
        for _ in range(10):
            program(x, y)
            mine.step()
            loss = nn.mse([other(row) for row in x.tolist()], y.tolist())
            other.zero_grad()
            loss.backward()
            theirs.step()
        program.write_back()
        expected = [p.data for p in other.parameters()]
        assert [p.data for p in one.parameters()] == pytest.approx(expected, rel=1e-9)


def test_a_copy_has_parameters_of_its_own() -> None:
    """A copy computes with its own parameters."""
    w, b = pair()
    program = autograd.compile(lambda x: w * x + b)
    program(np.array([1.0, 3.0]))
    twin = copy.deepcopy(program)
    twin.parameters.data = 1.0
    assert twin(np.array([1.0, 3.0]))[0] == 3.0
    assert program(np.array([1.0, 3.0]))[0] == 0.0
