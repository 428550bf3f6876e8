"""Attention and the layers of transformers against their formulas, PyTorch, and their compiled programs."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from autograd.functional import leaves


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


def causal(n: int, allowed: bool) -> list[list[bool]]:
    return [[(j <= i) is allowed for j in range(n)] for i in range(n)]


# --- the formula ----------------------------------------------------------------------------------------------


def by_hand(q: Any, k: Any, v: Any, scale: float, seen: Callable[[int, int], bool] = lambda i, j: True) -> Any:
    """softmax(Q K' scale) V in floats, over the pairs that are seen."""
    made = []
    for i, query in enumerate(q):
        powers = {j: math.exp(scale * sum(map(float.__mul__, query, key))) for j, key in enumerate(k) if seen(i, j)}
        total = sum(powers.values())
        made.append([sum(p / total * v[j][c] for j, p in powers.items()) for c in range(len(v[0]))])
    return made


def test_the_formula_by_hand() -> None:
    q, k, v = drawn(0, 3, 4), drawn(1, 5, 4), drawn(2, 5, 2)
    attend = nn.scaled_dot_product_attention
    assert close(numbers(attend(q, k, v)), by_hand(q, k, v, 0.5))
    assert close(numbers(attend(q, k, v, scale=2.0)), by_hand(q, k, v, 2.0))
    assert close(numbers(attend(q, k, v, is_causal=True)), by_hand(q, k, v, 0.5, lambda i, j: j <= i))
    mask = [[(i + j) % 2 == 0 for j in range(5)] for i in range(3)]
    assert close(numbers(attend(q, k, v, mask)), by_hand(q, k, v, 0.5, lambda i, j: (i + j) % 2 == 0))
    floats = [[0.0 if seen else -math.inf for seen in row] for row in mask]
    assert numbers(attend(q, k, v, floats)) == numbers(attend(q, k, v, mask))


MASKS: dict[str, Any] = {
    "none": None,
    "booleans": [[True, False, True], [False, True, False], [True, True, True]],
    "floats": [[0.5, -1.0, 0.0], [-math.inf, 2.0, 0.25], [0.0, -math.inf, -math.inf]],
    "of each example": [causal(3, True), [[True] * 3] * 3],
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("scale", [None, 0.3])
def test_the_formula_is_pytorchs(mask: str, scale: float | None) -> None:
    """Two examples; values and all gradients."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    shapes = (2, 3, 2), (2, 3, 2), (2, 3, 4)
    ours = [[[[Value(x) for x in row] for row in rows] for rows in drawn(k, *s)] for k, s in enumerate(shapes)]
    theirs = [torch.tensor(drawn(k, *s), dtype=torch.float64, requires_grad=True) for k, s in enumerate(shapes)]
    given = MASKS[mask]
    made = nn.scaled_dot_product_attention(ours[0], ours[1], ours[2], given, scale=scale)
    tensor = None if given is None else torch.tensor(given, dtype=torch.bool if mask != "floats" else torch.float64)
    expected = torch.nn.functional.scaled_dot_product_attention(*theirs, attn_mask=tensor, scale=scale)
    weights = drawn(5, 2, 3, 4)
    autograd.sum([w * x for w, x in zip(leaves(weights), leaves(made))]).backward()
    (expected * torch.tensor(weights, dtype=torch.float64)).sum().backward()
    assert close(numbers(made), expected.tolist())
    for mine, tensor in zip(ours, theirs):
        assert close([[[x.grad for x in row] for row in rows] for rows in mine], tensor.grad.tolist(), rel=1e-11)


def test_what_is_masked_is_not_even_computed() -> None:
    """An inf at a later position does not reach an earlier one."""
    x = [[1.0, 0.5], [0.5, 2.0], [math.inf, 1.0]]
    made = numbers(nn.scaled_dot_product_attention(x, x, x, is_causal=True))
    assert close(made[:2], by_hand(x[:2], x[:2], x[:2], 2**-0.5, lambda i, j: j <= i))
    attention = nn.MultiheadAttention(2, 1, seed=1)
    seen = numbers(attention(x[:2], x, x, key_padding_mask=[False, False, True])[0])
    assert close(seen, numbers(attention(x[:2], x[:2], x[:2])[0]))


def test_weights_of_which_none_overflows() -> None:
    made = nn.scaled_dot_product_attention([[1000.0], [-1000.0]], [[1.0], [-1.0]], [[3.0], [5.0]])
    assert numbers(made) == [[3.0], [5.0]]


def test_a_bias_to_learn_may_be_a_mask() -> None:
    """T5 adds parameters by distance to the scores (Raffel et al. 2020)."""
    distances = [Value(0.1), Value(-0.2), Value(0.3)]
    x = drawn(0, 3, 2)
    mask = [[distances[abs(i - j)] for j in range(3)] for i in range(3)]
    assert autograd.gradcheck(
        lambda: autograd.sum([y * y for y in leaves(nn.scaled_dot_product_attention(x, x, x, mask))]), distances
    )


def test_dropout_of_weights() -> None:
    x = [[1.0, 1.0]] * 4
    made = numbers(nn.scaled_dot_product_attention(x, x, x, dropout_p=0.5, seed=1))
    assert {number for row in made for number in row} <= {0.0, 0.5, 1.0, 1.5, 2.0}
    assert made == numbers(nn.scaled_dot_product_attention(x, x, x, dropout_p=0.5, seed=1))
    assert len({tuple(row) for row in made}) > 1
    assert close(numbers(nn.scaled_dot_product_attention(x, x, x)), x)


# --- the layer ------------------------------------------------------------------------------------------------


def test_heads_are_attention_of_their_projections() -> None:
    attention, x = nn.MultiheadAttention(4, 2, seed=1), drawn(0, 3, 4)
    for b in leaves(attention.in_proj_bias) + leaves(attention.out_proj.bias):
        b.data = random.Random(b.data).uniform(-1.0, 1.0)
    output, weights = attention(x, x, x, average_attn_weights=False)
    state = attention.state_dict()

    def projected(start: int) -> list[list[float]]:
        rows = list(zip(state["in_proj_weight"], state["in_proj_bias"]))[start : start + 2]
        return [[sum(w * a for w, a in zip(row, step)) + b for row, b in rows] for step in x]

    heads = [by_hand(projected(k), projected(4 + k), projected(8 + k), 2**-0.5) for k in (0, 2)]
    joined = [a + b for a, b in zip(*heads)]
    out = list(zip(state["out_proj.weight"], state["out_proj.bias"]))
    expected = [[sum(w * a for w, a in zip(row, step)) + b for row, b in out] for step in joined]
    assert close(numbers(output), expected)
    assert all(sum(row) == pytest.approx(1.0, rel=1e-14) for head in numbers(weights) for row in head)
    mean = [[(a + b) / 2.0 for a, b in zip(*rows)] for rows in zip(*numbers(weights))]
    assert close(numbers(attention(x, x, x)[1]), mean)
    assert attention(x, x, x, need_weights=False)[1] is None


@pytest.mark.parametrize(
    "settings", [{}, {"bias": False}, {"kdim": 3}, {"vdim": 5, "bias": False}, {"kdim": 4, "vdim": 4}], ids=str
)
def test_the_state_is_pytorchs_and_starts_as_it(settings: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs = nn.MultiheadAttention(4, 2, **settings, seed=1), torch.nn.MultiheadAttention(4, 2, **settings)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.double().load_state_dict({k: torch.tensor(x).double() for k, x in ours.state_dict().items()})
    for name, x in ours.state_dict().items():
        if name.endswith("bias"):
            assert set(x) == {0.0}
        elif name != "out_proj.weight":
            bound = math.sqrt(6.0 / (len(x) + len(x[0])))  # Glorot and Bengio's
            assert 0.7 * bound < max(abs(w) for row in x for w in row) <= bound


@pytest.mark.parametrize("batch_first", [True, False])
def test_batches(batch_first: bool) -> None:
    """Each example has masks of its own, and its own length."""
    attention = nn.MultiheadAttention(4, 2, batch_first=batch_first, seed=1)
    batch = nn.Batch(drawn(0, 3, 4, 4))
    batch[1] = batch[1][:2]
    padding = [[False, False, False, True], [False, True], [False] * 4]
    output, weights = attention(batch, batch, batch, padding, is_causal=True)
    alone = [attention(x, x, x, p, is_causal=True) for x, p in zip(batch, padding)]
    assert isinstance(output, nn.Batch) and isinstance(weights, nn.Batch)
    assert numbers(output) == [numbers(made) for made, _ in alone]
    assert numbers(weights) == [numbers(shares) for _, shares in alone]
    masks = [causal(3, False), causal(3, True), *[[[False] * 3] * 3] * 2]
    masks[1][2][2] = masks[1][0][0] = masks[1][1][1] = False
    two = nn.Batch(drawn(1, 2, 3, 4))
    masks = [[[x and i != j for j, x in enumerate(row)] for i, row in enumerate(mask)] for mask in masks]
    made = attention(two, two, two, attn_mask=masks)[0]
    parts = [attention(x, x, x, attn_mask=m)[0] for x, m in zip(two, (masks[:2], masks[2:]))]
    assert numbers(made) == [numbers(part) for part in parts]


def test_scopes() -> None:
    attention = nn.MultiheadAttention(4, 2, seed=1)
    x = drawn(0, 3, 4)
    output, weights = attention(x, x, x, average_attn_weights=False)
    assert weights[1][2][0].scope == "multiheadattention.head2.step3"
    assert output[0][0].scope == "multiheadattention.out_proj"


def attend(*options: Any, **named: Any) -> Any:
    return nn.scaled_dot_product_attention([[1.0, 2.0]] * 2, [[1.0, 2.0]] * 2, [[1.0]] * 2, *options, **named)


def head(*options: Any, **named: Any) -> Any:
    x = [[1.0, 2.0]] * 2
    return nn.MultiheadAttention(2, 1)(x, x, x, *options, **named)


WHO, LAYER = "scaled_dot_product_attention", "MultiheadAttention 'multiheadattention'"
BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "heads": (
        lambda: nn.MultiheadAttention(5, 2),
        ValueError,
        "embed_dim must be a multiple of num_heads, 2, not 5",
    ),
    "no head": (lambda: nn.MultiheadAttention(4, 0), ValueError, "num_heads must be a positive whole number, not 0"),
    "dropout": (
        lambda: nn.MultiheadAttention(4, 2, dropout=-1),
        ValueError,
        "Dropout takes a probability between 0 and 1, not -1",
    ),
    "two masks": (
        lambda: attend([[True] * 2] * 2, is_causal=True),
        ValueError,
        f"{WHO} takes attn_mask or is_causal=True, not both",
    ),
    "widths": (
        lambda: nn.scaled_dot_product_attention([[1.0]], [[1.0, 2.0]], [[1.0]]),
        ValueError,
        f"{WHO} multiplies queries with keys, which must be of one length, not 1 and 2",
    ),
    "lengths": (
        lambda: nn.scaled_dot_product_attention([[1.0]], [[1.0], [2.0]], [[1.0]]),
        ValueError,
        f"{WHO} takes a value for each key, but there are 2 keys and 1 values",
    ),
    "one vector": (
        lambda: nn.scaled_dot_product_attention([1.0], [[1.0]], [[1.0]]),
        ValueError,
        f"{WHO} takes query as a list of at least one vector, got [1.0]",
    ),
    "examples": (
        lambda: nn.scaled_dot_product_attention([[[1.0]]], [[[1.0]]] * 2, [[[1.0]]]),
        ValueError,
        f"{WHO} takes queries, keys and values of equally many examples, got 1, 2, 1",
    ),
    "text": (
        lambda: nn.scaled_dot_product_attention([["a"]], [[1.0]], [[1.0]]),
        TypeError,
        f"{WHO} takes numbers in query: Value takes real numbers, not str: 'a'; float() reads a number from a text",
    ),
    "mask's shape": (
        lambda: attend([[True] * 3] * 2),
        ValueError,
        f"{WHO} takes attn_mask as 2 x 2 booleans or floats (queries, keys), got 2 x 3",
    ),
    "a mask of ints": (
        lambda: attend([[1, 0], [0, 1]]),
        TypeError,
        "attn_mask takes True and False, or floats to be added to scores, not 1",
    ),
    "a mask of texts": (
        lambda: attend([["a", 0.0], [0.0, 1.0]]),
        TypeError,
        "attn_mask takes True and False, or floats to be added to scores, not 'a'",
    ),
    "a mask of nan": (
        lambda: attend([[math.nan, 0.0], [0.0, 1.0]]),
        ValueError,
        "attn_mask takes finite numbers and -inf, not nan",
    ),
    "nothing to attend to": (
        lambda: attend([[True, True], [False, False]]),
        ValueError,
        f"{WHO}: the mask leaves position 2 nothing to attend to",
    ),
    "all padded": (
        lambda: head([True, True]),
        ValueError,
        f"{LAYER}: the mask leaves position 1 nothing to attend to",
    ),
    "padding's shape": (
        lambda: head([False] * 3),
        ValueError,
        f"{LAYER} takes key_padding_mask as 2 booleans or floats (keys), got 3",
    ),
    "masks of heads": (
        lambda: head(attn_mask=[[[False] * 2] * 2] * 3),
        ValueError,
        f"{LAYER} takes one attn_mask for all, or one for each of 1 heads of each of 1 examples, got 3",
    ),
    "padding of a batch": (
        lambda: nn.MultiheadAttention(2, 1)(*[nn.Batch([[[1.0, 2.0]]] * 2)] * 3, [False]),
        ValueError,
        f"{LAYER} takes key_padding_mask as a list for each of 2 examples, got [False]",
    ),
    "batch and example": (
        lambda: nn.MultiheadAttention(2, 1)(nn.Batch([[[1.0, 2.0]]]), [[1.0, 2.0]], [[1.0, 2.0]]),
        ValueError,
        f"{LAYER} takes queries, keys and values of the same examples, got a batch of 1 as query, "
        "one example as key, one example as value",
    ),
    "PyTorch's time steps": (
        lambda: nn.MultiheadAttention(2, 1)(*[[[[1.0, 2.0]]]] * 3),
        ValueError,
        f"{LAYER} has batch_first=False, so PyTorch would take its query as a list of steps with all examples in "
        "each, but here a batch is a list of sequences; set batch_first=True, or give it nn.Batch(sequences)",
    ),
    "width of a key": (
        lambda: nn.MultiheadAttention(2, 1, kdim=3)([[1.0, 2.0]], [[1.0, 2.0]], [[1.0, 2.0]]),
        ValueError,
        f"{LAYER} takes its key with 3 numbers in each step, but step 1 has 2",
    ),
    "keys and values": (
        lambda: nn.MultiheadAttention(2, 1)([[1.0, 2.0]], [[1.0, 2.0]], [[1.0, 2.0]] * 2),
        ValueError,
        f"{LAYER} takes a value for each key, but there are 1 keys and 2 values",
    ),
    "encoder of no layer": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(2, 1, 2), 0),
        ValueError,
        "num_layers must be a positive whole number, not 0",
    ),
    "encoder of a class": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer, 1),  # type: ignore[arg-type]
        TypeError,
        f"TransformerEncoder takes a layer, which it copies, not {nn.TransformerEncoderLayer!r:.60}",
    ),
    "activation": (
        lambda: nn.TransformerEncoderLayer(2, 1, 2, activation="rely"),
        ValueError,
        f"there is no activation 'rely' (did you mean 'relu'?); choose one of {', '.join(nn.ACTIVATIONS)}, or give a "
        "function",
    ),
    "width of an encoder": (
        lambda: nn.TransformerEncoderLayer(2, 1, 2)([[1.0]]),
        ValueError,
        "TransformerEncoderLayer 'transformerencoderlayer' takes src with 2 numbers in each step, but step 1 has 1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence(case: str) -> None:
    call, kind, sentence = BAD[case]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == sentence


# --- transformers ---------------------------------------------------------------------------------------------


def test_positions_by_hand() -> None:
    made = numbers(nn.PositionalEncoding(5, dropout=0.0)([[0.0] * 5] * 7))
    for t, step in enumerate(made):
        angles = [t, t, t / 10000 ** (2 / 5), t / 10000 ** (2 / 5), t / 10000 ** (4 / 5)]
        expected = [math.cos(angle) if k % 2 else math.sin(angle) for k, angle in enumerate(angles)]
        assert step == pytest.approx(expected, rel=1e-14)
    batch = nn.Batch([[[1.0, 2.0]], [[0.0, 1.0], [1.0, 1.0]]])
    encoding = nn.PositionalEncoding(2, seed=1)
    assert numbers(encoding.eval()(batch)) == [numbers(encoding(x)) for x in batch]
    assert 0.0 in leaves(numbers(encoding.train()(nn.Batch([[[1.0, 2.0]] * 20]))))


def test_layers_of_a_stack_begin_alike_and_drop_differently() -> None:
    layer = nn.TransformerEncoderLayer(2, 1, 4, dropout=0.5, seed=1)
    encoder = nn.TransformerEncoder(layer, 2)
    first, second = (x.state_dict() for x in encoder.layers)
    assert first == second == layer.state_dict()
    assert not {*map(id, encoder.parameters())} & {*map(id, layer.parameters())}
    generators = {id(part._random) for part in encoder.layers[0].children() if isinstance(part, nn.Dropout)}
    assert generators == {id(part._random) for part in encoder.layers[1].children() if isinstance(part, nn.Dropout)}
    x = drawn(0, 3, 2)
    assert numbers(encoder(x)) != numbers(encoder(x))
    assert numbers(encoder.eval()(x)) == numbers(encoder(x))
    assert numbers(copy.deepcopy(encoder)(x)) == numbers(encoder(x))


@pytest.mark.parametrize("kind", ["TransformerEncoder", "TransformerDecoder"])
def test_states_of_stacks_are_pytorchs(kind: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, theirs = (
        getattr(library, kind)(getattr(library, kind + "Layer")(4, 2, 8, batch_first=True), 2, library.LayerNorm(4))
        for library in (nn, torch.nn)
    )
    expected = theirs.state_dict()
    assert list(ours.state_dict()) == list(expected)
    ours.load_state_dict({name: x.double().tolist() for name, x in expected.items()})


# --- compiled -------------------------------------------------------------------------------------------------


def compared(f: Any, model: nn.Module, *arrays: Any, batch: bool) -> Any:
    """Compile, and compare loss and gradient with the engine's; returns the program."""
    program = autograd.compile(f, batch=batch)
    value, _ = program(*arrays)
    program.write_back()
    mine = [p.grad for p in model.parameters()]
    model.zero_grad()
    if batch:
        made = [f(*[x[i] for x in arrays]) for i in range(len(arrays[0]))]
        expected = autograd.sum(made) / float(len(made))
    else:
        expected = f(*arrays)
    expected.backward()
    assert value == pytest.approx(expected.data, rel=1e-13)
    assert mine == pytest.approx([p.grad for p in model.parameters()], rel=1e-10, abs=1e-14)
    return program


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_compiled_gradients_are_the_engines(training: bool, batch: bool, masked: bool) -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    layer = nn.TransformerEncoderLayer(4, 2, 3, dropout=0.0, batch_first=True, seed=1)
    model = nn.Sequential(nn.PositionalEncoding(4, dropout=0.0, batch_first=True), layer).train(training)

    def loss(x: Any, y: Any) -> Any:
        return nn.mse(layer(model.layers[0](x), is_causal=masked), y)

    compared(loss, layer, drawn(0, 2, 4, 4), drawn(1, 2, 4, 4), batch=batch)


def test_compiled_outputs_and_weights() -> None:
    """The weights have zeros for excluded keys, and the axis of examples comes first."""
    np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    attention, xs = nn.MultiheadAttention(4, 2, seed=1), drawn(0, 2, 3, 4)
    program = autograd.compile(lambda x: attention(x, x, x, is_causal=True), attention, gradient=False)
    for made, alone in zip(program(np.array(xs)), zip(*[attention(x, x, x, is_causal=True) for x in xs])):
        assert close(np.array(made).tolist(), numbers(alone))


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("mask", [False, True])
def test_causal_attention_is_filled_up_to_a_square(heads: int, mask: bool) -> None:
    """The source does not grow with the length, and has one constant mask."""
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    counts = set()
    for n in (8, 16):
        attention = nn.MultiheadAttention(4, heads, seed=1)
        options: dict[str, Any] = {"attn_mask": causal(n, False)} if mask else {"is_causal": True}
        program = autograd.compile(
            lambda xs, ys, a=attention, o=options: nn.mse(a(xs, xs, xs, **o)[0], ys),
            like=(drawn(0, n, 4), drawn(1, n, 4)), batch=False,
        )  # fmt: skip
        text = program.source.partition("def step(")[2].partition("\n\n\n")[0]
        assert "for t in" not in text
        assert len([line for line in text.splitlines() if "where(M1" in line]) == 2
        counts.add(len(text.splitlines()))
    assert len(counts) == 1
    assert counts.pop() <= 28


def test_masks_that_are_arguments() -> None:
    """A mask may be a comparison of an argument; an argument alone is refused, because it may mean True or a number."""
    np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    attention = nn.MultiheadAttention(2, 1, seed=1)
    xs, padded = drawn(0, 3, 4, 2), [[False, False, True, True], [False] * 4, [False, True, False, False]]

    def loss(x: Any, padding: Any) -> Any:
        return autograd.sum(leaves(attention(x, x, x, [p == 1 for p in padding])[0]))

    program = autograd.compile(loss, attention)
    value, _ = program(xs, np.array(padded))
    each = [autograd.sum(leaves(attention(x, x, x, p)[0])) for x, p in zip(xs, padded)]
    expected = autograd.sum(each) / 3.0
    expected.backward()
    assert value == pytest.approx(expected.data, rel=1e-13)
    mine = [p.grad for p in attention.parameters()]
    program.write_back()
    assert [p.grad for p in attention.parameters()] == pytest.approx(mine, rel=1e-11, abs=1e-15)
    bare = autograd.compile(lambda x, p: autograd.sum(leaves(attention(x, x, x, p)[0])), attention)
    with pytest.raises(ValueError, match=r"^key_padding_mask: 1 would be added to a score; if it stands for True, "):
        bare(xs, np.array(padded))
    value, _ = bare(xs, np.where(padded, -np.inf, 0.0))
    assert value == pytest.approx(expected.data, rel=1e-13)


def test_dropout_in_training_draws_anew_at_every_call() -> None:
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    for model in (nn.MultiheadAttention(4, 1, dropout=0.5), nn.TransformerEncoderLayer(4, 1, 2, dropout=0.5)):
        arguments = 3 if isinstance(model, nn.MultiheadAttention) else 1

        def first(x: Any, model: nn.Module = model, arguments: int = arguments) -> Any:
            return leaves(model(*[x] * arguments))[0]

        program = autograd.compile(first, like=(drawn(0, 3, 4),))
        assert len({program([drawn(0, 3, 4)])[0] for _ in range(8)}) > 1
