"""What a compiled program checks when it is called, what is refused while it is recorded, and how it is copied.

At the end: derivatives inside of the function are the same in the program as in the engine.
"""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import CompileError, Value, grad, require

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

HERE = Path(__file__).name
inf, nan = math.inf, math.nan
w, b = Value(0.7, "w"), Value(-0.4, "b")


# --- require --------------------------------------------------------------------------------------------------------


def test_require_is_an_if_and_a_raise() -> None:
    require(True, "never")
    require(Value(2.0) > 1.0, "never")
    require(0.5, "never")
    for condition in (False, Value(2.0) < 1.0, 0.0, Value(0.0), np.bool_(False)):
        with pytest.raises(ValueError, match=r"^3 is more than 2.5, and 'a' is no number$"):
            require(condition, "{} is more than {}, and {} is no number", 3.0, Value(2.5), "a")
    with pytest.raises(ValueError, match=r"^\{braces\}$"):
        require(False, "{braces}")


OF_TWO = "a class must be a whole number from 0 to 1"

LOSSES: dict[str, tuple[Callable[..., Any], Any, Any, Any, str]] = {
    # the loss, predictions of one example, good labels, then per example labels of which the second is wrong
    "hinge": (nn.hinge, [0.5], [[1], [-1]], [[1], [0.5]], "hinge: labels must be -1 or 1, not 0.5"),
    "hinge of nan": (nn.hinge, [0.5], [[1], [-1]], [[1], [nan]], "hinge: labels must be -1 or 1, not nan"),
    "no class": (nn.cross_entropy, [0.5, 1.0], [0, 1], [0, 2], f"cross_entropy: {OF_TWO}, not 2"),
    "negative": (nn.cross_entropy, [0.5, 1.0], [0, 1], [0, -1], f"cross_entropy: {OF_TWO}, not -1"),
    "fraction": (nn.nll, [0.5, 1.0], [0, 1], [0, 0.5], f"nll: {OF_TWO}, not 0.5"),
    "margin": (nn.multi_margin, [0.5, 1.0], [0, 1], [0, 7], f"multi_margin: {OF_TWO}, not 7"),
    "nan class": (nn.cross_entropy, [0.5, 1.0], [0, 1], [0, nan], f"cross_entropy: {OF_TWO}, not nan"),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", LOSSES)
def test_labels_are_checked_when_the_program_is_called(name: str, dtype: str) -> None:
    loss, predictions, good, bad, message = LOSSES[name]
    parameters = [Value(p) for p in predictions]
    program = autograd.compile(lambda t: loss(parameters, t), parameters, dtype=dtype)
    program(good)
    before = program.parameters.grad.copy()
    for call in (program, program.outputs):
        with pytest.raises(ValueError, match=f"^{re.escape(message)} {re.escape('(in example 1, counted from 0)')}$"):
            call(bad)
    assert np.array_equal(program.parameters.grad, before)
    with pytest.raises(ValueError, match=f"^{message.partition(':')[0]}: "):  # so does the eager engine
        loss(predictions, bad[1])
    program(good)


def test_probabilities_are_checked_when_the_program_is_called() -> None:
    program = autograd.compile(lambda p, t: nn.bce(w * p, t), [w])
    program([1.0, 0.5], [1, 0])
    with pytest.raises(ValueError, match=r"^bce: probabilities must be between 0 and 1, not 1.4; .*\(in example 1, "):
        program([1.0, 2.0], [1, 0])
    with pytest.raises(ValueError, match=r"not -0.35"):
        program([-0.5, 2.0], [1, 0])
    assert math.isnan(autograd.compile(lambda p: nn.bce(w * p, 1), [w], allow_nan=True)([nan])[0])


def test_the_first_example_that_fails_is_shown_with_its_own_value() -> None:
    program = autograd.compile(lambda x, y: nn.hinge([w * x, b * x], y), [w, b])
    good = np.ones((5, 2))
    labels = np.ones((5, 2))
    labels[3, 0], labels[2, 1], labels[4] = 3.0, 2.0, 9.0
    with pytest.raises(ValueError, match=r"not 2 \(in example 2, "):
        program(good[:, 0], labels)


def test_a_check_of_the_users_own_is_a_line_of_the_program() -> None:
    def entropy(p: Any) -> Any:
        require((p > 0.0) & (p <= 1.0), 'p must be above 0 and at most 1, not {}: it\'s "wrong"', p)
        require(w > 0.0, "w must be positive, not {}", w)
        return -w * p * p.log()

    program = autograd.compile(entropy, [w], like=(0.5,))
    assert "    require((p > 0.0) & (p <= 1.0), " in program.source
    assert "from autograd.arrays import require" in program.source
    assert program([0.5])[0] == pytest.approx(-0.7 * 0.5 * math.log(0.5))
    with pytest.raises(ValueError, match=r"p must be above 0 and at most 1, not 1.5: it's \"wrong\" \(in example 2, "):
        program([0.5, 1.0, 1.5])
    program.parameters["w"] = -1.0
    with pytest.raises(ValueError, match=r"^w must be positive, not -1$"):  # names no example
        program([0.5])
    single = autograd.compile(entropy, [w], batch=False)
    with pytest.raises(ValueError, match=r"not 2: it's \"wrong\"$"):
        single(2.0)


def test_checks_of_many_numbers_are_one_line() -> None:
    program = autograd.compile(lambda x, y: nn.hinge([w * x] * 30, y), [w], like=(0.0, [0.0] * 30))
    step = program.source[program.source.index("def step") : program.source.index("def outputs")]
    assert step.count("require(") == 1


def test_checks_are_made_in_the_functions_order() -> None:
    def f(x: Any) -> Any:
        y = (w * x).exp()
        require(y > 1.0, "first")
        require(x > 0.0, "second")
        return y

    with pytest.raises(ValueError, match=r"^first"):
        autograd.compile(f, [w])([-1.0])


def test_what_is_known_while_recording_is_checked_then() -> None:
    with pytest.raises(ValueError, match="labels must be -1 or 1, not 0"):
        autograd.compile(lambda x: nn.hinge(w * x, 0))([1.0])
    program = autograd.compile(lambda x: nn.hinge(w * x, 1), like=(0.0,))
    assert "require" not in program.source


def test_a_message_that_does_not_fit_its_values_shows_while_recording() -> None:
    def f(x: Any) -> Any:
        require(x > 0.0, "{} and {}", x)
        return w * x

    with pytest.raises(IndexError):
        autograd.compile(f)([1.0])


def test_checks_that_differ_from_run_to_run_are_refused() -> None:
    texts = iter("abcdef")

    def f(x: Any) -> Any:
        require(x > 0.0, next(texts))
        return w * x

    with pytest.raises(CompileError, match=r"computed two different things.*checks"):
        autograd.compile(f)([1.0])


# --- refusals -------------------------------------------------------------------------------------------------------


def line_of(f: Callable[..., Any]) -> int:
    """The line of the function that ends with this comment: refused."""
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    start = f.__code__.co_firstlineno
    return next(i for i in range(start, start + 12) if source[i - 1].endswith("# refused"))


def swallowing(x: Any) -> Any:
    try:
        positive = x > 0.0 or False  # refused
    except Exception:
        positive = False
    return w * x if positive else b * x


def swallowing_all(x: Any) -> Any:
    try:
        return w * w.data * x  # refused
    except BaseException:
        return b * x


def swallowing_and_failing(x: Any) -> Any:
    try:
        return w * x if x > 0.0 else b * x  # refused
    except CompileError as error:
        raise KeyError("something else") from error


def suppressing(x: Any) -> Any:
    y = b
    with contextlib.suppress(ValueError):
        y = w if bool(x) else b  # refused
    return y * x


def swallowing_a_number(x: Any) -> Any:
    try:
        return w * math.exp(x)  # refused
    except TypeError:
        return b * x


def in_a_thread(x: Any) -> Any:
    found = []

    def work() -> None:
        found.append(w if x * 2.0 > 0.0 else b)  # refused

    thread = threading.Thread(target=work)
    hook, threading.excepthook = threading.excepthook, lambda _: None
    thread.start()
    thread.join()
    threading.excepthook = hook
    return found[0] * x if found else b * x


def in_a_pool(x: Any) -> Any:
    def work(scale: float) -> Any:
        y = w * x * scale
        return y if y > 0.0 else b * x  # refused

    with ThreadPoolExecutor(2) as pool:
        return autograd.sum(list(pool.map(work, [1.0, 2.0])))


def read_in_a_pool(x: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return w * pool.submit(lambda: (x * 2.0).data).result()  # refused


def unrecorded_in_a_pool(x: Any) -> Any:
    def work() -> Any:
        with autograd.no_grad():
            return x * 2.0  # refused

    with ThreadPoolExecutor(1) as pool:
        return w * pool.submit(work).result()


def back_in_a_pool(x: Any) -> Any:
    y = w * x
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: y.backward()).result()  # refused
    return y


def under_another_watch(x: Any) -> Any:
    with autograd.detect_anomaly():
        return w * x if x > 0.0 else b * x  # refused


def indexing(x: Any) -> Any:
    return [w, b][x] * x  # refused


def counting(x: Any) -> Any:
    return autograd.sum([w * x for _ in range(x)])  # refused


def repeating(x: Any) -> Any:
    return autograd.sum([w] * x)  # refused


def flooring(x: Any) -> Any:
    return w * int(x)  # refused


def rounding(x: Any) -> Any:
    return w * round(x, 1)  # refused


def floating(x: Any) -> Any:
    return w * float(x)  # refused


def using_math(x: Any) -> Any:
    return w * math.exp(x)  # refused


def using_math_on_a_result(x: Any) -> Any:
    return w * math.exp(x * 2.0)  # refused


def deciding(x: Any) -> Any:
    return w * x if x else b * x  # refused


def taking_the_item(x: Any) -> Any:
    return w * x.item()  # refused


def formatting(x: Any) -> Any:
    return {"0.00": w}.get(f"{x:.2f}", b) * x  # refused


def formatting_as_c(x: Any) -> Any:
    return {"0.00": w}.get("%.2f" % x, b) * x  # noqa: UP031  # refused


def formatting_by_method(x: Any) -> Any:
    return {"0.00": w}.get("{:.2f}".format(x), b) * x  # noqa: UP032  # refused


def iterating(x: Any) -> Any:
    return autograd.sum([w * y for y in x])  # refused


def measuring(x: Any) -> Any:
    return w * x * len(x)  # refused


def choosing_by_condition(x: Any) -> Any:
    return [w, b][x > 0.0] * x  # refused


def keyed_by_condition(x: Any) -> Any:
    return {True: w, False: b}[x > 0.0] * x  # refused


def numpys_maximum(x: Any) -> Any:
    return np.maximum(np.array([w * x, b * x]), 0.0).sum()  # refused


def numpys_where(x: Any) -> Any:
    a = np.array([w * x, b * x])
    return np.where(a > 0.0, a, 0.0).sum()  # refused


def numpys_sort(x: Any) -> Any:
    return np.sort(np.array([w * x, b * x]))[0]  # refused


def numpys_argmax(x: Any) -> Any:
    return [w, b][np.argmax(np.array([w * x, b * x]))] * x  # refused


def numpys_median(x: Any) -> Any:
    return w * np.median(np.array([w * x, b * x, x]))  # refused


def heapqs(x: Any) -> Any:
    import heapq

    return heapq.nlargest(1, [w * x, b * x])[0]  # refused


def branching_under_grad(x: Any) -> Any:
    def inner(u: Any) -> Any:
        return w * u if u > 0.0 else b * u  # refused

    return grad(inner)(x)


REFUSED: dict[Callable[[Any], Any], str] = {
    swallowing: "a comparison of Values",
    swallowing_all: r"\.data",
    swallowing_and_failing: "a comparison of Values",
    suppressing: "decides here what happens next",
    swallowing_a_number: "turned into a number",
    in_a_thread: "a comparison of Values",
    in_a_pool: "a comparison of Values",
    read_in_a_pool: r"\.data",
    unrecorded_in_a_pool: r"inside no_grad\(\)",
    back_in_a_pool: r"backward\(\) is called",
    under_another_watch: "a comparison of Values",
    indexing: r"is used as an index or a count.*autograd.where\(autograd.equal\(x, k\), entry, 0.0\)",
    counting: "is used as an index or a count",
    repeating: "is used as an index or a count",
    flooring: "turned into a number",
    rounding: "turned into a number",
    floating: "turned into a number",
    using_math: "turned into a number.*functions of autograd",
    using_math_on_a_result: "would drop the gradient",
    deciding: "decides here what happens next.*autograd.where",
    taking_the_item: r"\.data",
    formatting: r"written with the format '\.2f'",
    formatting_as_c: "turned into a number",
    formatting_by_method: "is written with the format",
    iterating: "is not iterable",
    measuring: "has no len",
    choosing_by_condition: "a comparison of Values",
    keyed_by_condition: "a comparison of Values",
    numpys_maximum: "a comparison of Values",
    numpys_where: "a comparison of Values",
    numpys_sort: "a comparison of Values",
    numpys_argmax: "a comparison of Values",
    numpys_median: "a comparison of Values",
    heapqs: "a comparison of Values",
    branching_under_grad: "a comparison of Values",
}


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_a_refusal_stands_and_names_the_users_line(f: Callable[[Any], Any]) -> None:
    before = dict(vars(threading))
    try:
        with pytest.raises(CompileError, match=REFUSED[f]) as caught:
            autograd.compile(f, [w, b])(np.array([1.0, -1.0]))
    finally:
        threading.excepthook = before["excepthook"]
    assert re.search(rf"{re.escape(HERE)}:{line_of(f)}: ", str(caught.value))
    assert (Value(2.0) > 1.0) is True  # and the engine is as before


def test_threads_may_do_the_work() -> None:
    """The work of threads that the function starts is recorded, comparisons as well."""

    def work(scale: float, x: Any) -> Any:
        y = w * x * scale
        require(x < 9.0, "too large: {}", x)
        return autograd.where(y > 0.0, y, b * x.detach())

    def f(x: Any) -> Any:
        with ThreadPoolExecutor(2) as pool:
            return autograd.sum(list(pool.map(work, [1.0, -2.0], [x, x])))

    loss, gradient = autograd.compile(f, [w, b])([1.0, 3.0])
    assert loss == pytest.approx(np.mean([0.7 * x - 0.4 * x for x in (1.0, 3.0)]))
    assert gradient.tolist() == pytest.approx([2.0, 2.0])
    with pytest.raises(ValueError, match=r"too large: 9 \(in example 1, "):
        autograd.compile(f, [w, b])([1.0, 9.0])


def test_other_threads_go_on_with_their_own_values() -> None:
    """While one thread records, another can compare, read and differentiate its own Values as always."""
    failures: list[BaseException] = []
    recording, done = threading.Event(), threading.Event()

    def other() -> None:
        try:
            recording.wait(10)
            v = Value(2.0)
            y = v * 3.0
            assert (y > 1.0) is True and y.data == 6.0
            with autograd.no_grad():
                assert (v * 2.0).operands == ()
            y.backward()
            v.data = 3.0
            assert v.grad == 3.0 and type(v.detach()) is Value
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    def f(x: Any) -> Any:
        recording.set()
        assert done.wait(10)
        return w * x

    thread = threading.Thread(target=other)
    thread.start()
    assert autograd.compile(f, [w])([1.0])[0] == 0.7
    thread.join()
    assert not failures


def test_a_placeholder_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed as a placeholder, not as a number."""

    def f(x: Any) -> Any:
        print(x, f"{x}", [x])
        return w * x

    autograd.compile(f)([1.0])
    assert set(capsys.readouterr().out.splitlines()) == {"Placeholder('x') Placeholder('x') [Placeholder('x')]"}


def test_errors_of_the_functions_own_are_its_own() -> None:
    def f(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        autograd.compile(f)([1.0])
    with pytest.raises(
        TypeError,
        match=r"^<lambda> cannot be called with \(1\.0,\): too many positional arguments; like is a list of the",
    ):
        autograd.compile(lambda: w, like=(1.0,))


# --- copies and pickles ---------------------------------------------------------------------------------------------

X, Y = np.array([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]]), np.array([1.0, 0.0, 1.0])


class Fit:
    """A model with its loss; an object that can be pickled, as a lambda cannot."""

    def __init__(self) -> None:
        self.model = nn.MLP(2, [3, 1], seed=1)

    def __call__(self, x: Any, y: Any) -> Any:
        return nn.bce_with_logits(self.model(x), y)


def module_level(x: Any) -> Any:
    return (w * x + b) ** 2


def test_a_program_that_was_called_can_be_pickled_without_its_function() -> None:
    model = nn.MLP(2, [3, 1], seed=1)
    table = np.linspace(0.0, 1.0, 40).tolist()
    program = autograd.compile(lambda x, y: nn.bce_with_logits(model(x), y) + autograd.dot(table, [x[0]] * 40), model)
    loss, gradient = program(X, Y)
    again = pickle.loads(pickle.dumps(program))
    assert again.example is None
    assert again.source == program.source
    assert again(X, Y)[0] == loss and np.array_equal(again(X, Y)[1], gradient)
    assert again.outputs(X, Y).tolist() == program.outputs(X, Y).tolist()
    again.parameters.data += 1.0
    assert program(X, Y)[0] == loss != again(X, Y)[0]
    again.write_back()
    assert [p.data for p in again.parameters.values] == again.parameters.data[again.parameters.where].tolist()


def test_a_model_its_program_and_its_optimiser_stay_together() -> None:
    fit = Fit()
    program = autograd.compile(fit, fit.model)
    program(X, Y)
    optimiser = nn.Adam(program.parameters, lr=0.1)
    copies: list[Callable[[Any], Any]] = [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
    for copied in copies:
        fit2, program2, optimiser2 = copied((fit, program, optimiser))
        assert program2.parameters.values == fit2.model.parameters()
        before = program2.parameters.data.copy()
        program2(X, Y)
        optimiser2.step()
        assert not np.array_equal(program2.parameters.data, before)
        program2.write_back()
        assert [p.data for p in fit2.model.parameters()] != [p.data for p in fit.model.parameters()]
        assert fit2(X[0].tolist(), 1.0).data == pytest.approx(program2.outputs(X, Y)[0])


def test_before_it_is_compiled_a_program_is_pickled_with_its_function() -> None:
    program = pickle.loads(pickle.dumps(autograd.compile(Fit())))
    assert program(X, Y)[0] == autograd.compile(Fit())(X, Y)[0]
    assert pickle.loads(pickle.dumps(autograd.compile(module_level)))([1.0])[0] == pytest.approx(0.09)
    with pytest.raises(pickle.PicklingError, match=r"nothing is compiled yet.*call the program once, or.*like="):
        pickle.dumps(autograd.compile(lambda x: w * x))


@pytest.mark.parametrize("chosen", [True, False])
@pytest.mark.parametrize("compiled_before", [True, False])
def test_a_copy_has_its_own_parameters_and_values(chosen: bool, compiled_before: bool) -> None:
    u, v = Value(2.0, "u"), Value(3.0, "v")
    program = autograd.compile(lambda x: u * x + v, [u, v] if chosen else None)
    if compiled_before:
        program([1.0])
    twin = copy.deepcopy(copy.deepcopy(program))
    assert twin([1.0, 3.0])[0] == 7.0
    twin.parameters.data = 1.0
    twin.write_back()
    assert (u.data, v.data) == (2.0, 3.0)
    assert [p.data for p in twin.parameters.values] == [1.0, 1.0]
    assert not {u, v} & set(twin.parameters.values)
    assert program([1.0, 3.0])[0] == 7.0


def test_a_copy_of_what_is_not_compiled_yet_is_linked_to_what_was_copied_with_it() -> None:
    model = nn.MLP(2, [3, 1], seed=1)
    for parameters in (None, model):
        program = autograd.compile(lambda x, y: nn.bce_with_logits(model(x), y), parameters)
        model2, program2 = copy.deepcopy((model, program))
        program2(X, Y)
        assert set(program2.parameters.values) == set(model2.parameters())
        fit2, program2 = copy.deepcopy((fit := Fit(), autograd.compile(fit)))
        program2(X, Y)
        assert set(program2.parameters.values) == set(fit2.model.parameters())


def test_copies_of_programs_that_share_parameters() -> None:
    model = nn.MLP(2, [3, 1], seed=1)
    training = autograd.compile(lambda x, y: nn.bce_with_logits(model(x), y))
    training(X, Y)
    predicting = autograd.compile(model, training.parameters, gradient=False)
    before = predicting(X)
    training2, predicting2 = copy.deepcopy((training, predicting))
    assert predicting2.parameters is training2.parameters is not training.parameters
    alone = copy.deepcopy(predicting)
    assert alone.parameters is not training.parameters
    training2.parameters.data *= 2.0
    assert not np.array_equal(predicting2(X), before)
    assert np.array_equal(predicting(X), before) and np.array_equal(alone(X), before)
    assert copy.copy(training).parameters is training.parameters


# --- derivatives inside ---------------------------------------------------------------------------------------------

INNER: dict[str, Callable[[Any], Any]] = {
    "with respect to an argument": lambda x: grad(lambda u: w * u**3 + b * u)(x) ** 2,
    "with respect to a parameter": lambda x: grad(lambda p: p * p * x + b * p)(w),
    "parameter inside and outside": lambda x: grad(lambda p: p * w * x)(w) * w,
    "at a number, of an argument": lambda x: grad(lambda u: w * u * u * x)(2.0) * b,
    "at a number, of a parameter": lambda x: grad(lambda u: u * u * w)(3.0) * x,
    "at a number, of numbers": lambda x: w * x * grad(lambda u: u * u)(3.0),
    "value and slope at a number": lambda x: x * math.prod(autograd.value_and_grad(lambda u: w * u * u)(2.0)),
    "constant": lambda x: w * x + grad(lambda u: 3.0)(x) + grad(lambda u: w)(x),
    "second": lambda x: grad(grad(lambda u: (w * u + b).tanh()))(x),
    "third": lambda x: grad(grad(grad(lambda u: autograd.logsumexp([u * w, b, 1.0]))))(x),
    "relu": lambda x: grad(lambda u: autograd.relu(w * u + b) ** 2)(x),
    "abs": lambda x: grad(grad(lambda u: abs(w * u + b) * u * u))(x),
    "maximum": lambda x: grad(lambda u: autograd.maximum(w * u, b) * u)(x),
    "where": lambda x: grad(grad(lambda u: autograd.where(u > 0.0, w * u**3, b * u * u)))(x),
    "clip": lambda x: grad(lambda u: autograd.clip(u * w, -0.5, 0.5) * u)(x),
    "detach": lambda x: grad(lambda u: w * u * u.detach())(x),
    "jacobian": lambda x: autograd.sum(autograd.jacobian(lambda v: [v[0] * v[1] * w, v[1] ** 2])([x, b])[0]),
    "hessian": lambda x: autograd.hessian(lambda v: v[0] ** 2 * v[1] * w)([x, b])[0][1],
    "jvp": lambda x: autograd.jvp(lambda u: u**3 * w, (x,), (b,))[1],
    "jvp at a number": lambda x: w * autograd.jvp(lambda u: u**3 * x, (2.0,), (1.0,))[1],
    "jvp along an argument": lambda x: autograd.jvp(lambda u: u**3 * w, (2.0,), (x,))[1],
    "hvp": lambda x: autograd.hvp(lambda u: u**3 * w, (x,), (b,)),
    "cross_entropy": lambda x: grad(grad(lambda u: nn.cross_entropy([u * w, b, x], 0)))(x),
    "huber": lambda x: grad(lambda u: nn.huber(u * w, b))(x),
    "bce": lambda x: grad(lambda u: nn.bce((u * w).sigmoid(), 1.0))(x),
}


@pytest.mark.parametrize("name", INNER)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_derivatives_inside_mean_the_same_as_eagerly(name: str, data: st.DataObject) -> None:
    """A program's arguments are Values while it is recorded; the engine gets Values, too."""
    f = INNER[name]
    numbers = st.sampled_from([0.0, 0.7, -0.4, 4 / 7, -4 / 7, 1.5, -2.25]) | st.floats(-3, 3).map(lambda x: round(x, 3))
    program = PROGRAMS.setdefault(name, autograd.compile(f, [w, b], gradient=True))
    point, at = (data.draw(numbers), data.draw(numbers)), data.draw(numbers)
    w.data, b.data = point
    try:
        w.grad = b.grad = 0.0
        y = f(Value(at))
        y = y if isinstance(y, Value) else Value(y)
        y.backward()
        expected = [y.data, w.grad, b.grad]
        program([at])  # for the first time, compiles
        program.read_in()
        loss, _ = program([at])
        program.write_back()
        assert [loss, w.grad, b.grad] == pytest.approx(expected, rel=1e-12, abs=1e-12)
    finally:
        w.data, b.data, w.grad, b.grad = 0.7, -0.4, 0.0, 0.0


PROGRAMS: dict[str, Any] = {}
