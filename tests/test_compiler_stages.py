"""Looking into compiled programs: their stages, the origin of each line, and their texts about themselves."""

from __future__ import annotations

import copy
import pickle
import random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")

from autograd.compiler import check  # noqa: E402
from autograd.compiler.arrays import ArrayProgram  # noqa: E402
from autograd.compiler.check import IllegalProgram  # noqa: E402
from autograd.compiler.pipeline import PIPELINE  # noqa: E402
from autograd.compiler.scalars import ALONG, CONSTANT, INPUT, PARAMETER, TOTAL, Scalars  # noqa: E402
from tests.interpreter import all_arrays  # noqa: E402
from tests.test_compiler_graphs import function  # noqa: E402


def network() -> Any:
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    return autograd.compile(lambda x, y: nn.mse(model(x), y), like=[[0.0, 0.0], 0.0])


def affine(x: Any) -> Any:
    return WEIGHT * x + 1.0


WEIGHT = Value(2.0, "w")


# --- stages -------------------------------------------------------------------------------------------------------


def test_stages_are_those_of_the_pipeline() -> None:
    program = network()
    names = [step.name for step in PIPELINE]
    assert list(program.stages) == ["record", *names, "text"]
    lines = str(program.stages).splitlines()
    assert [line.split()[0] for line in lines] == ["record", *names, "text"]
    for step in PIPELINE:
        assert program.stages[step.name].does == step.does
        assert str(program.stages).count(step.does) == 1


def test_without_a_gradient_there_is_no_way_back() -> None:
    program = autograd.compile(affine, like=[0.0], gradient=False)
    assert {"split", "differentiate", "whole"}.isdisjoint(program.stages)
    assert set(program.stages["lower"].programs) == {"outputs"}


def test_stages_print_what_they_are() -> None:
    program = network()
    assert program.stages["text"].text == program.source
    assert str(program.stages["record"]).splitlines()[0] == "0 input 0"
    assert "Z1 = sum_of(" in str(program.stages["lower"])  # the source has given names
    assert repr(program.stages["name"]) == str(program.stages["name"])
    for stage in program.stages.values():
        count, what = stage.size.split()
        lines = str(stage).splitlines()
        assert what in ("scalars", "arrays", "lines")
        if what != "arrays" or stage.name != "roll":
            assert len(lines) - (what == "arrays") == int(count)


def test_stages_are_kept_once_somebody_has_asked() -> None:
    program = network()
    assert program._stages is None
    assert program.stages is program.stages


def test_no_such_stage() -> None:
    with pytest.raises(KeyError, match="there is no stage 'fuse' here, only record, fold, sums"):
        network().stages["fuse"]


def test_a_pickled_program_has_no_stages() -> None:
    program = autograd.compile(affine, like=[0.0])
    assert len(program.stages) > 10
    again = pickle.loads(pickle.dumps(program))
    assert again.source == program.source
    for look in (lambda: again.stages, lambda: again.explain("w"), again.check):
        with pytest.raises(RuntimeError, match="a pickled program has no stages: the function that it was compiled"):
            look()


def test_a_function_that_has_changed_has_no_stages() -> None:
    scale = [2.0]
    program = autograd.compile(lambda x: WEIGHT * x * scale[0], like=[0.0])
    scale[0] = 3.0
    with pytest.raises(RuntimeError, match="no longer computes what it did when it was compiled"):
        _ = program.stages
    scale[0] = 2.0
    assert "text" in program.stages


def test_nothing_is_compiled_yet() -> None:
    program = autograd.compile(affine)
    with pytest.raises(RuntimeError, match="nothing is compiled yet"):
        _ = program.stages
    program([1.0, 2.0])
    assert "text" in program.stages


def test_copies_have_stages_of_their_own() -> None:
    model = nn.MLP(2, [2, 1], seed=1)
    program = autograd.compile(model, like=[[0.0, 0.0]])
    stages = program.stages
    assert copy.copy(program).stages is stages
    twin = copy.deepcopy(program)
    assert twin.stages is not stages
    assert str(twin.stages) == str(stages)


def test_stages_of_a_program_that_shares_parameters() -> None:
    model = nn.MLP(2, [2, 1], seed=1)
    first = autograd.compile(lambda x, y: nn.mse(model(x), y), like=[[0.0, 0.0], 0.0])
    second = autograd.compile(model, first.parameters, like=[[0.0, 0.0]])
    assert "W1[1, 0] is mlp.layer1.neuron2.w1" in str(second.explain("W1"))
    assert second.stages["text"].text == second.source


# --- check --------------------------------------------------------------------------------------------------------


def test_check_is_silent_about_a_legal_program() -> None:
    network().check()


def test_check_names_the_pass_and_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    program = network()

    def careless(made: ArrayProgram) -> ArrayProgram:
        (z,) = [x for x in made.arrays() if x.role is not None and x.role.word == "Z" and x.shape == (3,)]
        z.batched = False
        return made

    (step,) = [step for step in PIPELINE if step.name == "lower"]
    right = step.run
    monkeypatch.setattr(check, "_on", False)
    monkeypatch.setattr(step, "run", lambda made: careless(cast(ArrayProgram, right(made))))
    with pytest.raises(IllegalProgram, match=r"after lower, %\d+ = sum_of\(.*: from its operands there is"):
        program.check()


# --- repr ---------------------------------------------------------------------------------------------------------


def test_repr_says_what_a_program_is() -> None:
    lines = network().source.count("\n")
    assert repr(network()) == (
        f"<compiled <lambda>: 2 inputs (x (2,), y), 13 parameters (W1 (3, 2), W2 (1, 3), b1 (3,), b2), {lines} lines>"
    )
    assert repr(autograd.compile(affine, like=[0.0])).startswith("<compiled affine: 1 input (x), 1 parameter (w), ")
    assert repr(autograd.compile(affine)) == "<program of affine, compiled when it is called>"
    assert repr(autograd.compile(lambda: WEIGHT * 2.0)).startswith("<compiled <lambda>: 0 inputs, 1 parameter (w), ")


# --- explain ------------------------------------------------------------------------------------------------------


def test_explain_tells_the_neurons_of_a_row() -> None:
    program = network()
    line = next(i for i, text in enumerate(program.source.splitlines(), 1) if text.strip().startswith("Z1 ="))
    assert str(program.explain("Z1")) == "\n".join(
        [
            "Z1 = W1 @ X + b1",
            f"    line {line}, in step, of shape (3, n)",
            "    Z1[0] is mlp.layer1.neuron1: w1*x0 + w2*x1 + b",
            "    Z1[1] is mlp.layer1.neuron2: w1*x0 + w2*x1 + b",
            "    Z1[2] is mlp.layer1.neuron3: w1*x0 + w2*x1 + b",
        ]
    )
    assert str(program.explain(line)) == repr(program.explain("Z1"))


def test_explain_is_an_object_with_fields() -> None:
    program = network()
    z = program.explain("Z2")
    assert (z.name, z.function, z.shape, z.batched, z.operation, z.of) == ("Z2", "step", (1,), True, "sum_of", "")
    assert not z.derivative and not z.back
    (entry,) = z.entries
    assert (entry.index, entry.scope, entry.label) == ((0,), "mlp.layer2.neuron1", "")
    assert entry.formula == "w1*A1[0] + w2*A1[1] + w3*A1[2] + b"
    table = program.stages["live"].program
    assert table.heads[entry.row] is TOTAL
    assert program.source.splitlines()[z.line - 1].strip().startswith(z.text)


def test_explain_tells_what_a_line_is_the_derivative_of() -> None:
    program = network()
    dz = program.explain("dZ1")
    assert dz.derivative and dz.back
    assert (dz.of, dz.says) == ("Z1", "the derivative of the loss with respect to Z1")
    assert "    dZ1[1] belongs to Z1[1], mlp.layer1.neuron2: w1*x0 + w2*x1 + b" in str(dz).splitlines()
    assert "    dW1[2, 1] belongs to W1[2, 1], mlp.layer1.neuron3.w2" in str(program.explain("dW1")).splitlines()
    assert "    db2 belongs to b2, mlp.layer2.neuron1.b" in str(program.explain("db2")).splitlines()


def test_explain_knows_loss_gradient_parameters_and_arguments() -> None:
    program = network()
    loss = program.explain("loss")
    assert loss.says == "the loss of the batch, from that of an example:"
    assert [entry.row for entry in loss.entries] == program.stages["live"].program.outputs[:1]
    assert program.explain("gradient").says == "all derivatives, in the order of the vector of parameters"
    weights = program.explain("W1")
    assert weights.line is None
    assert [str(entry) for entry in weights.entries][:2] == ["mlp.layer1.neuron1.w1", "mlp.layer1.neuron1.w2"]
    assert [str(entry) for entry in program.explain("X").entries] == ["x0", "x1"]


def test_explain_knows_steps_that_are_no_scalar() -> None:
    x, w = [0.0] * 3, [Value(0.5, "w") for _ in range(3)]
    program = autograd.compile(lambda xs: autograd.logsumexp([a * b for a, b in zip(w, xs)]), like=[x])
    powers = program.explain("powers1" if "powers1" in program.source else "powers")
    assert powers.entries == []
    assert powers.says.startswith("a step of the forward pass, for ")


def test_explain_shows_a_few_entries_and_has_all() -> None:
    model = nn.MLP(2, [40, 1], seed=1)
    program = autograd.compile(lambda x, y: nn.mse(model(x), y), like=[[0.0, 0.0], 0.0])
    z = program.explain("Z1")
    assert len(z.entries) == 40
    lines = str(z).splitlines()
    assert len(lines) == 2 + 9
    assert lines[-2:] == ["    ... and 32 more ...", "    Z1[39] is mlp.layer1.neuron40: w1*x0 + w2*x1 + b"]
    assert "w1*A1[0] + w2*A1[1] + w3*A1[2] + ... + w40*A1[39] + b" in str(program.explain("Z2"))


def test_explain_counts_the_steps_of_a_loop() -> None:
    w, u = Value(0.5, "w"), Value(0.25, "u")

    def f(xs: Any) -> Any:
        h = 0.0
        for x in xs:
            h = autograd.tanh(w * h + u * x)
        return h

    program = autograd.compile(f, like=[[0.0] * 6])
    inside = [i for i, text in enumerate(program.source.splitlines(), 1) if text.startswith("        ")]
    said = [entry for i in inside if i in program.stages.written.line_arrays for entry in program.explain(i).entries]
    steps = {entry.index[0] for entry in said}
    assert steps == set(range(len(steps)))
    assert f"for t in range({len(steps)}):" in program.source
    assert any("of step 3 is" in str(program.explain(i)) for i in inside)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("Z9", "there is no array 'Z9' in the program, only X, "),
        (1, 'line 1 computes no array: \'"""<lambda> for a batch'),
        (0, "0 is not one of its "),
        (10_000, "10000 is not one of its "),
        (None, "None is not one of its "),
    ],
)
def test_explain_says_what_there_is_instead(asked: Any, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        network().explain(asked)
    assert why in str(caught.value)


# --- and it is true -----------------------------------------------------------------------------------------------


def scalars_of(table: Scalars, inputs: list[float], parameters: list[float]) -> list[Value]:
    """Every row as a Value, after backward() from the outputs' sum."""
    made: list[Any] = []
    for head, operands, data, _ in table.rows():
        xs = [made[i] for i in operands]
        if head is TOTAL:
            products = [a * b for a, b in zip(xs[:data], xs[data : 2 * data])]
            made.append(autograd.sum([*products, *xs[2 * data :]]))
        elif head in (INPUT, PARAMETER, CONSTANT):
            made.append(Value({INPUT: inputs, PARAMETER: parameters}[head][data] if head is not CONSTANT else data))
        else:
            made.append(head(xs) if head in ALONG else head(*xs))
    autograd.sum([made[i] for i in table.outputs]).backward()
    return made


def entries_are_true(program: Any, rows: list[list[float]]) -> int:
    """Check the entries of arrays by their numbers, for some examples; returns how many were derivatives."""
    table, end = program.stages["live"].program, program.stages["roll"].program
    numbers = [leaf.data for leaf in program.parameters.values]
    each = [scalars_of(table, row, numbers) for row in rows]
    found = all_arrays(end, [np.array(rows)], numbers, len(rows))
    known = [x.rows.ravel().tolist() for x in program.stages["group"].program.arrays() if x.rows is not None]
    # Scalars can be equal although their formulas differ; they share an entry, which is named after one of them.
    apart = {i for i, operands in enumerate(table.operands) if operands} <= {row for rows in known for row in rows}
    derivatives = 0
    for x in end.arrays():
        if x.rows is None or x.rows.shape != x.shape:
            continue
        for at, row in zip(np.ndindex(x.shape), x.rows.ravel().tolist()):
            if row < 0:
                continue
            mine = np.ravel(found[x.number][at])
            if x.gradient_of is None:
                expected = [values[row].data for values in each] if x.batched else [each[0][row].data]
            elif apart and x.gradient_of.kept:  # what is divided by a number, say, may be passed by otherwise
                slopes = [values[row].grad / len(rows) for values in each]
                expected = slopes if x.gradient_of.batched else [sum(slopes)]
                derivatives += 1
            else:
                continue
            assert np.broadcast_to(mine, len(expected)) == pytest.approx(expected, rel=1e-9, abs=1e-9), (str(x), at)
    return derivatives


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40))
def test_entries_are_the_scalars_that_they_are_said_to_be(seed: int) -> None:
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-1.0, 1.0)) for _ in range(rng.choice([2, 5, 6]))]
    rows = [[rng.uniform(-1.0, 1.0) for _ in range(4)] for _ in range(3)]
    entries_are_true(autograd.compile(function(seed, leaves), leaves, like=[rows[0]]), rows)


def test_derivatives_of_layers_belong_to_the_neurons_that_they_are_said_to_belong_to() -> None:
    model = nn.MLP(4, [3, 2, 1], activation="tanh", seed=2)
    program = autograd.compile(lambda x: nn.mse(model(x), 0.5), like=[[0.0] * 4])
    rows = np.random.default_rng(0).normal(size=(3, 4)).tolist()
    assert entries_are_true(program, rows) == (3 + 2 + 1) + (3 + 2)  # of each Z, and of the hidden layers' A
