"""Recurrent layers against their formulas, backpropagation through time by hand, and PyTorch."""

from __future__ import annotations

import copy
import math
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd.functional import leaves

Make = Callable[..., Any]


def numbers(values: Any) -> Any:
    return [numbers(x) for x in values] if isinstance(values, (list, tuple)) else values.data


def drawn(seed: int, *shape: int) -> Any:
    """Nested lists of normal random numbers."""
    generator = random.Random(seed)

    def rows(shape: tuple[int, ...]) -> Any:
        return [rows(shape[1:]) for _ in range(shape[0])] if shape else generator.gauss(0.0, 1.0)

    return rows(shape)


def close(x: Any, y: Any, *, rel: float = 1e-12) -> bool:
    """Whether nested lists of numbers have the same shape and agree."""
    if isinstance(x, (list, tuple)):
        return len(x) == len(y) and all(close(a, b, rel=rel) for a, b in zip(x, y))
    return bool(x == pytest.approx(y, rel=rel, abs=1e-14))


LAYERS: dict[str, Make] = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
CELLS: dict[str, Make] = {"RNN": nn.RNNCell, "LSTM": nn.LSTMCell, "GRU": nn.GRUCell}
every_kind = pytest.mark.parametrize("kind", LAYERS)


# --- formulas -------------------------------------------------------------------------------------------------


def sigma(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def products(weight: list[list[float]], x: list[float], bias: list[float]) -> list[float]:
    return [sum(w * a for w, a in zip(row, x)) + b for row, b in zip(weight, bias)]


def by_hand(kind: str, state: dict[str, Any], x: list[float], h: list[float], c: list[float]) -> Any:
    """A step of a cell, as its docstring says."""
    n = len(h)
    inputs = products(state["weight_ih"], x, state["bias_ih"])
    before = products(state["weight_hh"], h, state["bias_hh"])
    gates = [[a + b for a, b in zip(inputs, before)][k : k + n] for k in range(0, len(inputs), n)]
    if kind == "RNN":
        return [math.tanh(z) for z in gates[0]], c
    if kind == "LSTM":
        i, f, o = ([sigma(z) for z in gates[k]] for k in (0, 1, 3))
        c = [f[j] * c[j] + i[j] * math.tanh(gates[2][j]) for j in range(n)]
        return [o[j] * math.tanh(c[j]) for j in range(n)], c
    r, z = ([sigma(z) for z in gates[k]] for k in (0, 1))
    new = [math.tanh(inputs[2 * n + j] + r[j] * before[2 * n + j]) for j in range(n)]
    return [(1.0 - z[j]) * new[j] + z[j] * h[j] for j in range(n)], c


@every_kind
def test_cells_equal_their_formulas(kind: str) -> None:
    cell, xs = CELLS[kind](2, 3, seed=1), drawn(0, 4, 2)
    h, c, state = [0.0] * 3, [0.0] * 3, None
    for x in xs:
        h, c = by_hand(kind, cell.state_dict(), x, h, c)
        state = cell(x, state)
        assert close(numbers(state), (h, c) if kind == "LSTM" else h)


@every_kind
def test_gradients_of_cells_equal_central_differences(kind: str) -> None:
    cell, xs = CELLS[kind](2, 2, seed=2), drawn(0, 2, 2)

    def f() -> Any:
        made = cell(xs[1], cell(xs[0]))
        return autograd.sum([x * x for x in leaves(made)])

    assert autograd.gradcheck(f, cell.parameters())


def test_backpropagation_through_time_equals_the_loop_by_hand() -> None:
    """h_t = tanh(W x_t + b + U h_(t-1) + d), and a loss of all h_t."""
    rnn, xs, weights = nn.RNN(2, 3, seed=1), drawn(0, 5, 2), drawn(1, 5, 3)
    output, _ = rnn(xs)
    autograd.sum([w * h * h for row, hs in zip(weights, output) for w, h in zip(row, hs)]).backward()

    state = rnn.state_dict()
    W, U = state["weight_ih_l0"], state["weight_hh_l0"]
    bias = [b + d for b, d in zip(state["bias_ih_l0"], state["bias_hh_l0"])]
    hs = [[0.0] * 3]
    for x in xs:
        before = products(U, hs[-1], bias)
        hs.append([math.tanh(a + b) for a, b in zip(products(W, x, [0.0] * 3), before)])
    dW, dU, db, dh_next = [[0.0] * 2 for _ in range(3)], [[0.0] * 3 for _ in range(3)], [0.0] * 3, [0.0] * 3
    for t in reversed(range(5)):
        dh = [2.0 * w * h + d for w, h, d in zip(weights[t], hs[t + 1], dh_next)]
        dz = [(1.0 - h * h) * d for h, d in zip(hs[t + 1], dh)]
        for i in range(3):
            db[i] += dz[i]
            for j in range(2):
                dW[i][j] += dz[i] * xs[t][j]
            for j in range(3):
                dU[i][j] += dz[i] * hs[t][j]
        dh_next = [sum(U[i][j] * dz[i] for i in range(3)) for j in range(3)]

    assert close(numbers(output), hs[1:])
    found = vars(rnn)
    assert close([[w.grad for w in row] for row in found["weight_ih_l0"]], dW)
    assert close([[w.grad for w in row] for row in found["weight_hh_l0"]], dU)
    assert close([b.grad for b in found["bias_ih_l0"]], db)
    assert close([b.grad for b in found["bias_hh_l0"]], db)


# --- layers and cells -----------------------------------------------------------------------------------------


def cell_of(kind: str, layer: Any, suffix: str) -> Any:
    """A cell with the parameters of a layer in one direction."""
    state = {name: x for name, x in layer.state_dict().items() if name.endswith(suffix)}
    state = {name.removesuffix(suffix): x for name, x in state.items()}
    cell = CELLS[kind](len(state["weight_ih"][0]), layer.hidden_size)
    cell.load_state_dict(state)
    return cell


@every_kind
def test_a_layer_is_its_cell_at_every_step_and_layers_stand_on_layers(kind: str) -> None:
    layer, xs = LAYERS[kind](2, 3, num_layers=2, bidirectional=True, seed=1), drawn(0, 4, 2)
    output, last = layer(xs)
    states = []
    for k in ("_l0", "_l1"):
        made: list[list[Any]] = [[], []]
        for direction, suffix in enumerate((k, k + "_reverse")):
            cell, state = cell_of(kind, layer, suffix), None
            for x in reversed(xs) if direction else xs:
                state = cell(x, state)
                made[direction].append(numbers(state[0] if kind == "LSTM" else state))
            states.append(numbers(state))
        xs = [a + b for a, b in zip(made[0], reversed(made[1]))]
    assert close(numbers(output), xs)
    h, c = last if kind == "LSTM" else (last, None)
    assert close(numbers(h), [state[0] for state in states] if kind == "LSTM" else states)
    assert c is None or close(numbers(c), [state[1] for state in states])


@every_kind
def test_a_sequence_in_two_parts_with_the_state_handed_on(kind: str) -> None:
    layer, xs = LAYERS[kind](2, 3, num_layers=2, seed=1), drawn(0, 5, 2)
    output, last = layer(xs)
    first, state = layer(xs[:2])
    second, state = layer(xs[2:], state)
    assert close(numbers(first + second), numbers(output))
    assert close(numbers(state), numbers(last))


def test_dropout_is_between_layers_and_in_training() -> None:
    model = nn.LSTM(2, 3, num_layers=2, dropout=1.0, seed=1)
    plain = nn.LSTM(2, 3, num_layers=2, seed=1)
    xs = drawn(0, 4, 2)
    above = nn.LSTM(3, 3)
    above.load_state_dict({n.replace("_l1", "_l0"): x for n, x in plain.state_dict().items() if n.endswith("_l1")})
    assert close(numbers(model(xs)[0]), numbers(above([[0.0] * 3] * 4)[0]))
    assert close(numbers(model.eval()(xs)), numbers(plain(xs)))
    model.train().dropout = 0.0
    assert close(numbers(model(xs)), numbers(plain(xs)))
    half = nn.GRU(2, 3, num_layers=2, dropout=0.5, seed=1)
    twin = copy.deepcopy(half)
    first = numbers(half(xs)[0])
    assert first == numbers(twin(xs)[0]) != numbers(half(xs)[0])
    with pytest.warns(UserWarning, match="^dropout=0.5 acts between layers, but this RNN has only one; give it num"):
        nn.RNN(2, 3, dropout=0.5)


# --- parameters -----------------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize(
    "settings",
    [{}, {"bias": False}, {"num_layers": 3, "bidirectional": True}, {"bidirectional": True, "bias": False}],
    ids=str,
)
def test_the_state_is_pytorchs(kind: str, settings: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for ours, theirs in (
        (LAYERS[kind](2, 3, **settings), getattr(torch.nn, kind)(2, 3, **settings)),
        *([(CELLS[kind](2, 3, **settings), getattr(torch.nn, f"{kind}Cell")(2, 3, **settings))] if len(settings) < 2 and
          "bidirectional" not in settings else []),
    ):  # fmt: skip
        expected = theirs.state_dict()
        assert list(ours.state_dict()) == list(expected)
        theirs.double().load_state_dict({k: torch.tensor(x).double() for k, x in ours.state_dict().items()})
        ours.load_state_dict({name: x.double().tolist() for name, x in expected.items()})


@every_kind
def test_all_parameters_start_uniform(kind: str) -> None:
    """In ±1/sqrt(hidden_size); of 1000 numbers the largest is within a hundredth of the bound."""
    for module in (CELLS[kind](20, 16, seed=1), LAYERS[kind](20, 16, num_layers=2, bidirectional=True, seed=1)):
        found = [abs(p.data) for p in module.parameters()]
        assert 0.2475 < max(found) <= 0.25
        assert sum(found) / len(found) == pytest.approx(0.125, abs=0.01)
        state = module.state_dict()
        assert state == type(module)(20, 16, **({"num_layers": 2, "bidirectional": True} if "weight_ih" not in state
                                                else {}), seed=1).state_dict()  # fmt: skip


def test_repr() -> None:
    assert repr(nn.GRU(2, 3, num_layers=2, bias=False)) == "GRU(2, 3, num_layers=2, bias=False)  # 99 parameters"
    assert repr(nn.RNN(1, 1, nonlinearity="relu")) == "RNN(1, 1, nonlinearity='relu')  # 4 parameters"
    assert repr(nn.LSTM(1, 2, proj_size=1)) == "LSTM(1, 2, proj_size=1)  # 34 parameters"
    assert repr(nn.LSTMCell(1, 1, bias=False)) == "LSTMCell(1, 1, bias=False)  # 8 parameters"
    assert repr(nn.RNNCell(1, 1, nonlinearity="relu")) == "RNNCell(1, 1, nonlinearity='relu')  # 4 parameters"


# --- sequences and batches ------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
def test_a_batch_has_the_layout_of_pytorch(kind: str, settings: dict[str, Any]) -> None:
    """Outputs: example, step, unit. States: layer and direction, example, unit."""
    layer = LAYERS[kind](2, 3, batch_first=True, **settings, seed=1)
    batch, lengths = drawn(0, 3, 4, 2), (4, 1, 2)
    batch = [xs[:n] for xs, n in zip(batch, lengths)]  # examples need not be equally long
    output, last = layer(batch)
    assert isinstance(output, nn.Batch)
    alone = [layer(xs) for xs in batch]
    assert numbers(output) == [numbers(made) for made, _ in alone]
    parts = last if kind == "LSTM" else (last,)
    theirs = [state if kind == "LSTM" else (state,) for _, state in alone]
    for k, part in enumerate(parts):
        assert [numbers(rows) for rows in part] == [
            list(rows) for rows in zip(*[numbers(state[k]) for state in theirs])
        ]
        assert all(isinstance(rows, nn.Batch) for rows in part)
    again, _ = layer(batch, last)
    assert numbers(again) == [numbers(layer(xs, state)[0]) for xs, (_, state) in zip(batch, alone)]


@every_kind
def test_a_batch_that_may_be_pytorchs_time_steps_is_refused(kind: str) -> None:
    layer = LAYERS[kind](2, 3, seed=1)
    batch = drawn(0, 3, 4, 2)
    with pytest.raises(ValueError) as error:
        layer(batch)
    assert str(error.value) == (
        f"{kind} '{kind.lower()}' has batch_first=False, so PyTorch would take its input as a list of steps with all "
        "examples in each, but here a batch is a list of sequences; set batch_first=True, or give it "
        "nn.Batch(sequences)"
    )
    made = numbers(layer(nn.Batch(batch)))
    layer.batch_first = True
    assert numbers(layer(batch)) == made


@every_kind
def test_arrays_tuples_and_single_numbers(kind: str) -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    layer, batch = LAYERS[kind](1, 2, batch_first=True, seed=1), drawn(0, 2, 3, 1)
    made = numbers(layer(batch))
    assert numbers(layer(np.array(batch))) == made
    assert numbers(layer(tuple(tuple(map(tuple, xs)) for xs in batch))) == made
    assert numbers(layer(nn.Batch([[x for (x,) in xs] for xs in batch]))) == made
    assert numbers(layer([x for (x,) in batch[0]])) == numbers(layer(batch[0]))
    assert numbers(layer(nn.Batch([]))[0]) == []


@every_kind
def test_cells_take_batches(kind: str) -> None:
    cell, batch = CELLS[kind](2, 3, seed=1), drawn(0, 4, 2)
    state = cell(batch, cell(batch))
    alone = [cell(x, cell(x)) for x in batch]
    if kind == "LSTM":
        assert numbers(state) == [numbers(part) for part in zip(*alone)]
    else:
        assert numbers(state) == numbers(alone)
        assert type(state) is list
        assert isinstance(cell(nn.Batch(batch)), nn.Batch)


def test_scopes() -> None:
    layer = nn.LSTM(2, 3, num_layers=2, bidirectional=True, seed=1)
    output, _ = layer(drawn(0, 3, 2))
    assert output[1][0].scope == "lstm.layer2.forward.step2"
    assert output[2][3].scope == "lstm.layer2.reverse.step3"
    assert nn.GRU(2, 1)(drawn(0, 3, 2))[0][2][0].scope == "gru.layer1.step3"
    assert nn.RNNCell(1, 1)(1.0)[0].scope == "rnncell"


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no size": (lambda: nn.RNN(0, 3), ValueError, "input_size must be a positive whole number, not 0"),
    "no units": (lambda: nn.GRUCell(2, 1.5), ValueError, "hidden_size must be a positive whole number, not 1.5"),  # type: ignore[arg-type]
    "layers": (lambda: nn.LSTM(2, 3, 0), ValueError, "num_layers must be a positive whole number, not 0"),
    "nonlinearity": (
        lambda: nn.RNN(2, 3, nonlinearity="sigmoid"),
        ValueError,
        "nonlinearity must be 'tanh' or 'relu', not 'sigmoid'",
    ),
    "nonlinearity of a cell": (
        lambda: nn.RNNCell(2, 3, nonlinearity=None),  # type: ignore[arg-type]
        ValueError,
        "nonlinearity must be 'tanh' or 'relu', not None",
    ),
    "bias": (lambda: nn.LSTM(2, 3, bias="no"), TypeError, "bias must be True or False, not 'no'"),  # type: ignore[arg-type]
    "dropout": (
        lambda: nn.LSTM(2, 3, 2, dropout=2),
        ValueError,
        "Dropout takes a probability between 0 and 1, not 2",
    ),
    "projection": (lambda: nn.LSTM(2, 3, proj_size=3), ValueError, "proj_size must be less than hidden_size, 3, not 3"),
    "negative projection": (
        lambda: nn.LSTM(2, 3, proj_size=-1),
        ValueError,
        "proj_size must be a positive whole number, not -1",
    ),
    "seed": (lambda: nn.GRU(2, 3, seed="x"), TypeError, "seed must be a whole number or a random.Random, not 'x'"),  # type: ignore[arg-type]
    "no step": (
        lambda: nn.RNN(2, 3)([]),
        ValueError,
        "RNN 'rnn' takes its input with at least one step, got none",
    ),
    "a step of three": (
        lambda: nn.LSTM(2, 3)([[1.0, 2.0], [1.0, 2.0, 3.0]]),
        ValueError,
        "LSTM 'lstm' takes its input with 2 numbers in each step, but step 2 has 3",
    ),
    "a text": (lambda: nn.LSTM(2, 3)("ab"), TypeError, "LSTM 'lstm' takes a list of numbers, not str: 'ab'"),
    "a text in it": (
        lambda: nn.LSTM(2, 3)([[1.0, "a"]]),
        TypeError,
        "LSTM 'lstm' takes numbers, but input 2 is str: 'a'; float() reads a number from a text",
    ),
    "a list in it": (
        lambda: nn.LSTM(2, 3)([[1.0, [2.0]]]),
        TypeError,
        "LSTM 'lstm' takes numbers, but input 2 is list: [2.0]; give it the numbers one by one",
    ),
    "four levels": (
        lambda: nn.GRU(1, 3, batch_first=True)([[[[1.0]]]]),
        ValueError,
        "GRU 'gru' takes its input as a list of steps, or as a list of sequences for a batch, but this has 4 "
        "levels of lists: [[[[1.0]]]]",
    ),
    "a state alone": (
        lambda: nn.LSTM(1, 2)([[1.0]], [[0.0, 0.0]]),
        TypeError,
        "LSTM 'lstm' takes its state as a pair (h_0, c_0), not [[0.0, 0.0]]",
    ),
    "a number as a state": (
        lambda: nn.LSTMCell(1, 2)([1.0], 0.0),
        TypeError,
        "LSTMCell 'lstmcell' takes its state as a pair (h_0, c_0), not 0.0",
    ),
    "a state without layers": (
        lambda: nn.LSTM(1, 2)([[1.0]], ([[0.0, 0.0]], [0.0, 0.0])),
        ValueError,
        "LSTM 'lstm' takes c_0 as 1 x 2 numbers (layers and directions, units), got 2",
    ),
    "a state of one example": (
        lambda: nn.RNN(1, 2, batch_first=True)([[[1.0]]] * 3, [[0.0, 0.0]]),
        ValueError,
        "RNN 'rnn' takes h_0 as 1 x 3 x 2 numbers (layers and directions, examples, units), got 1 x 2",
    ),
    "a ragged state": (
        lambda: nn.GRU(1, 2, 2)([[1.0]], [[0.0, 0.0], [0.0]]),
        ValueError,
        "GRU 'gru' takes h_0 as 2 x 2 numbers (layers and directions, units), got [[0.0, 0.0], [0.0]]",
    ),
    "a text in a state": (
        lambda: nn.GRUCell(1, 2)([1.0], [0.0, "b"]),
        TypeError,
        "GRUCell 'grucell' takes numbers, but input 2 is str: 'b'; float() reads a number from a text",
    ),
    "a cell's inputs": (
        lambda: nn.GRUCell(1, 2)([1.0, 2.0]),
        ValueError,
        "GRUCell 'grucell' takes 1 inputs, got 2",
    ),
    "a cell's state": (
        lambda: nn.RNNCell(1, 2)([[1.0], [2.0]], [[0.0, 0.0]]),
        ValueError,
        "RNNCell 'rnncell' takes h_0 as 2 x 2 numbers (examples, units), got 1 x 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = BAD[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


def test_nothing_is_drawn_for_a_layer_that_is_not_made() -> None:
    state = random.getstate()
    for make in (lambda: nn.LSTM(2, 3, proj_size=5), lambda: nn.RNN(2, 3, 2, dropout=3.0), lambda: nn.GRU(2, -1)):
        with pytest.raises(ValueError):
            make()
    assert random.getstate() == state


# --- compiled -------------------------------------------------------------------------------------------------


def lines(program: Any, function: str = "step") -> list[str]:
    """A function of a program's text."""
    text = program.source.partition(f"def {function}(")[2].partition("\n\n\n")[0]
    return [line for line in text.splitlines()[1:] if line.strip()]


@every_kind
@pytest.mark.parametrize(
    "settings", [{}, {"num_layers": 2}, {"bidirectional": True}, {"bias": False, "num_layers": 2}], ids=str
)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_compiled_gradients_are_the_engines(kind: str, settings: dict[str, Any], training: bool, whole: bool) -> None:
    np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    model = LAYERS[kind](2, 2, batch_first=True, **settings, seed=1).train(training)
    batch, targets = drawn(0, 3, 4, 2), drawn(1, 3, 2)
    head = nn.Linear(4 if "bidirectional" in settings else 2, 2, seed=2)

    def loss(xs: Any, target: Any) -> Any:
        return nn.mse(head(model(xs)[0][-1]), target)

    def of_all(batch: Any, targets: Any) -> Any:
        return nn.mse([head(made[-1]) for made in model(batch)[0]], targets)

    program = autograd.compile(of_all if whole else loss, batch=not whole)
    value, _ = program(np.array(batch), np.array(targets))
    program.write_back()
    parameters = [*model.parameters(), *head.parameters()]
    mine = [p.grad for p in parameters]
    for p in parameters:
        p.grad = 0.0
    expected = of_all(batch, targets)
    expected.backward()
    assert value == pytest.approx(expected.data, rel=1e-13)
    assert mine == pytest.approx([p.grad for p in parameters], rel=1e-11, abs=1e-15)


@pytest.mark.parametrize(("kind", "most"), [("RNN", 40), ("LSTM", 75), ("GRU", 105)])
def test_twenty_steps_are_a_loop(kind: str, most: int) -> None:
    """Steps have scopes of their own, and are one loop forward and one back nonetheless."""
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    model, head = LAYERS[kind](4, 8, seed=1), nn.Linear(8, 1, seed=2)
    program = autograd.compile(
        lambda xs, y: (head(model(xs)[0][-1])[0] - y) ** 2, like=([[0.0] * 4] * 20, 0.0), textbook=True
    )
    text = lines(program)
    assert len([line for line in text if re.match(r" +for t in range\((18|19|20)\):", line)]) == 2
    assert len(text) <= most
    longer = autograd.compile(
        lambda xs, y: (head(model(xs)[0][-1])[0] - y) ** 2, like=([[0.0] * 4] * 60, 0.0), textbook=True
    )
    assert len(lines(longer)) == len(text)


@every_kind
def test_a_compiled_cell_goes_on_as_long_as_one_likes(kind: str) -> None:
    """A program for one step, called again with the state it returned, computes what the layer does for a sequence."""
    np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    layer, batch = LAYERS[kind](2, 3, seed=1), np.array(drawn(0, 2, 5, 2))
    cell = cell_of(kind, layer, "_l0")
    lstm = kind == "LSTM"
    program = autograd.compile(lambda x, *state: cell(x, state if lstm else state[0]), cell, gradient=False)
    state = [np.zeros((2, 3))] * (2 if lstm else 1)
    for t in range(5):
        made = program(batch[:, t], *state)
        state = list(made) if lstm else [made]
    _, last = layer(nn.Batch(batch))
    assert close(np.array(state).tolist(), numbers([h[0] for h in last] if lstm else last))


def test_a_sequence_of_another_length_and_dropout_in_training_are_refused() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    model = nn.LSTM(2, 2, num_layers=2, dropout=0.5, seed=1)

    def f(xs: Any) -> Any:
        return autograd.sum(model(xs)[0][-1])

    model.eval()
    program = autograd.compile(f, like=(drawn(0, 4, 2),))
    program(drawn(0, 3, 4, 2))
    before = program.parameters.grad.copy()
    with pytest.raises(
        ValueError, match=r"^xs has the shape \(3, 5, 2\), but the program was compiled for \(batch, 4, 2\)"
    ):
        program(drawn(0, 3, 5, 2))
    assert (program.parameters.grad == before).all()


# --- what it is for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_lstm_learns_to_add_what_an_rnn_does_not(seed: int) -> None:
    """The adding problem (Hochreiter and Schmidhuber 1997, experiment 4): 30 numbers between 0 and 1, two of them
    marked, one in each half; what is their sum? The answer 1 has a mean squared error of 1/6."""
    np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    steps, units, generator = 30, 8, np.random.default_rng(seed)

    def examples(n: int) -> tuple[Any, Any]:
        x = np.stack([generator.uniform(size=(n, steps)), np.zeros((n, steps))], axis=2)
        half = steps // 2
        x[range(n), generator.integers(0, half, n), 1] = x[range(n), generator.integers(half, steps, n), 1] = 1.0
        return x, (x[:, :, 0] * x[:, :, 1]).sum(axis=1)

    batches = [examples(32) for _ in range(1000)]
    xs, sums = examples(500)
    errors = []
    for kind in (nn.LSTM, nn.RNN):
        model, head = kind(2, units, seed=seed), nn.Linear(units, 1, seed=seed + 100)

        def answer(x: Any, model: Any = model, head: Any = head) -> Any:
            return head(model(x)[0][-1])[0]

        like = ([[0.0, 0.0]] * steps, 0.0)
        program = autograd.compile(lambda x, y, answer=answer: nn.mse(answer(x), y), like=like, textbook=True)
        optimiser = nn.Adam(program.parameters, lr=0.03)
        for batch in batches:
            program(*batch)
            nn.clip_grad_norm_(program.parameters, 1.0)
            optimiser.step()
        made = autograd.compile(answer, program.parameters, gradient=False)(xs)
        errors.append(float(((made - sums) ** 2).mean()))
    assert errors[0] < 0.01
    assert errors[1] > 0.1
