"""Attention: each position of a sequence takes a mean of what other positions offer, with weights that it computes.

`scaled_dot_product_attention` is the formula, `MultiheadAttention` the layer. What transformers build of it is in
`transformer`; how a sequence is told from a batch of them is in `sequences`.

A position that a mask excludes is left out of the sums: nothing of it is computed.
"""

from __future__ import annotations

from math import inf

from autograd import Value, concrete, dot, require, sum, values, where

from .batches import Batch, called, depth, is_list, listed
from .dropout import Dropout
from .functional import softmax
from .init import drawn, xavier_uniform
from .layers import Linear
from .scopes import inside
from .sequences import DropsInside, check_shape, sequences, steps
from .settings import flag, is_bool, number, seeded, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from .layers import Seed

    Vector: TypeAlias = Sequence[Value]
    # For a pair of a query and a key: whether the query attends to the key, or a number that is added to the score.
    Entry: TypeAlias = bool | Any
    Mask: TypeAlias = list[list[Entry]]


# --- masks ----------------------------------------------------------------------------------------------------


def _entry(name: str, x: Any, kept: bool) -> Entry:
    """One item of a mask as an entry; see `_mask`."""
    if is_bool(x):
        return bool(x) is kept
    if isinstance(x, Value):
        if x.op is None and not concrete(x):  # perhaps an argument of a compiled program, where True is the number 1
            require(
                x != 1.0,
                name + ": {} would be added to a score; if it stands for True, compare it in the function: mask == 1",
                x,
            )
        return x
    if not concrete(x):  # a comparison whose outcome is known only when the program runs
        return where(x, 0.0, -inf) if kept else where(x, -inf, 0.0)
    if hasattr(x, "__index__"):
        raise TypeError(f"{name} takes True and False, or floats to be added to scores, not {x!r:.60}")
    try:
        values((x,))
    except TypeError:
        raise TypeError(f"{name} takes True and False, or floats to be added to scores, not {x!r:.60}") from None
    if x == -inf:
        return False
    if not -inf < x < inf:
        raise ValueError(f"{name} takes finite numbers and -inf, not {x!r}")
    return x


def _mask(name: str, mask: Any, kept: bool) -> Mask:
    """A mask as entries; `kept` is the boolean that marks positions to attend to, which depends on the mask's kind."""
    rows = [[_entry(name, x, kept) for x in row] for row in mask]
    if all(isinstance(x, bool) or (not isinstance(x, Value) and x == 0.0) for row in rows for x in row):
        return [[x is not False for x in row] for row in rows]  # a 0 need not be added to a score
    return rows


def _causal(queries: int, keys: int) -> Mask:
    return [[j <= i for j in range(keys)] for i in range(queries)]


# --- the formula ----------------------------------------------------------------------------------------------


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    seed: Seed = None,
) -> Any:
    """softmax(Q K' scale) V, with the softmax over each row of scores (Vaswani et al. 2017, equation 1).

    Parameters
    ----------
    query, key, value : nested lists of Values or numbers
        A vector for each position: L x E, S x E and S x V numbers. What is nested deeper, such as examples and heads,
        is gone through in parallel.
    attn_mask : nested lists, optional
        L x S. Of booleans: True where a position is attended to. (In `MultiheadAttention` it is the other way round, as
        in PyTorch.) Of floats, or Values: they are added to the scores. A mask with more levels has one for each
        example, head, ...
    dropout_p : float
        Probability of `Dropout` of weights. It is applied whenever it is not 0, as a function does not know about
        training mode.
    is_causal : bool
        Whether position i attends only to the positions up to i.
    scale : float, optional
        1 / sqrt(E) if not given.
    seed : int or random.Random, optional
        As for `Dropout`.

    Returns
    -------
    nested lists of Value
        L x V.

    Raises
    ------
    ValueError
        If the shapes do not fit, if a mask leaves a position nothing to attend to, or if there are two masks.
    TypeError
        If something is not a number.

    Examples
    --------
    >>> made = scaled_dot_product_attention([[0.0], [5.0]], [[1.0], [1.0]], [[1.0, 4.0], [3.0, 0.0]])
    >>> [[x.data for x in row] for row in made]
    [[2.0, 2.0], [2.0, 2.0]]
    """
    causal = flag("is_causal", is_causal)
    if causal and attn_mask is not None:
        raise ValueError("scaled_dot_product_attention takes attn_mask or is_causal=True, not both")
    factor = None if scale is None else number("scale", scale)
    dropout = Dropout(dropout_p, seed=seed) if dropout_p else None
    return _nested(query, key, value, attn_mask, causal, factor, dropout)


def _nested(
    query: Any, key: Any, value: Any, mask: Any, causal: bool, scale: float | None, dropout: Dropout | None
) -> Any:
    """Apply the formula; if the arguments are nested more deeply, to each example or head in them."""
    user = "scaled_dot_product_attention"
    if all(depth(x) <= 2 for x in (query, key, value)):
        q, k, v = (_vectors(user, name, x) for name, x in (("query", query), ("key", key), ("value", value)))
        if len(q[0]) != len(k[0]):
            raise ValueError(
                f"{user} multiplies queries with keys, which must be of one length, not {len(q[0])} and {len(k[0])}"
            )
        if len(k) != len(v):
            raise ValueError(f"{user} takes a value for each key, but there are {len(k)} keys and {len(v)} values")
        masks = [_causal(len(q), len(k))] if causal else []
        if mask is not None:
            check_shape(user, mask, (len(q), len(k)), "attn_mask", "booleans or floats (queries, keys)")
            masks.append(_mask("attn_mask", mask, kept=True))
        return _attend(user, q, k, v, masks, scale, dropout)[0]
    if not all(is_list(x) and len(x) == len(query) for x in (query, key, value)) or depth(query) != depth(key):
        shown = ", ".join(str(len(x)) if is_list(x) else repr(x) for x in (query, key, value))
        raise ValueError(f"{user} takes queries, keys and values of equally many examples, got {shown}")
    each = mask is not None and depth(mask) > 2
    if each and len(mask) != len(query):
        raise ValueError(f"{user} takes a mask for each of {len(query)} examples, got {len(mask)}")
    made = [
        _nested(query[i], key[i], value[i], mask[i] if each else mask, causal, scale, dropout)
        for i in range(len(query))
    ]
    return Batch(made) if isinstance(query, Batch) else made


def _vectors(user: str, name: str, x: Any) -> list[tuple[Value, ...]]:
    """Vectors of one length, as Values."""
    if not is_list(x) or len(x) == 0 or not all(is_list(row) for row in x):
        raise ValueError(f"{user} takes {name} as a list of at least one vector, got {x!r:.60}")
    check_shape(user, x, (len(x), len(x[0])), name, "numbers")
    try:
        return [values(row) for row in x]
    except TypeError as error:
        raise TypeError(f"{user} takes numbers in {name}: {error}") from None


def _attend(
    user: str,
    queries: Sequence[Vector],
    keys: Sequence[Vector],
    offers: Sequence[Vector],
    masks: Sequence[Mask],
    scale: float | None,
    dropout: Dropout | None,
) -> tuple[list[list[Any]], list[dict[int, Any]]]:
    """The output for each query, and its weights in a dict by the positions of the keys that it attends to."""
    factor = float(len(queries[0])) ** -0.5 if scale is None else scale

    def row(i: int, query: Vector) -> tuple[list[Any], dict[int, Any]]:
        seen = [j for j in range(len(keys)) if all(mask[i][j] is not False for mask in masks)]
        if not seen:
            raise ValueError(f"{user}: the mask leaves position {i + 1} nothing to attend to")
        scaled = query if factor == 1.0 else [x * factor for x in query]
        weights = softmax([_score(scaled, keys[j], [m[i][j] for m in masks if m[i][j] is not True]) for j in seen])
        if dropout is not None:
            weights = dropout(weights)
        taken = [dot(weights, [offers[j][k] for j in seen]) for k in range(len(offers[0]))]
        return taken, dict(zip(seen, weights))

    made = [inside(f"step{i + 1}", row, i, query) for i, query in enumerate(queries)]
    return [taken for taken, _ in made], [shares for _, shares in made]


def _score(query: Vector, key: Vector, addends: list[Any]) -> Any:
    if not addends:
        return dot(query, key)
    return dot(query, key, addends[0] if len(addends) == 1 else sum(addends))


# --- the layer ------------------------------------------------------------------------------------------------


class MultiheadAttention(DropsInside):
    """Attention of several heads, each with its own projections, and a matrix that joins their outputs.

    head_h = softmax((W_q x + b_q) (W_k y + b_k)' / sqrt(d)) (W_v z + b_v) with the rows of h in W_q, W_k and W_v, for
    queries x, keys y and values z; the output is W_o (head_1, ..., head_n) + b_o (Vaswani et al. 2017, section 3.2.2).

    Parameters
    ----------
    embed_dim : int
        Number of numbers in a query, and in an output.
    num_heads : int
        Each has d = embed_dim / num_heads numbers.
    dropout : float
        Probability of `Dropout` of the weights, in training.
    bias : bool
        If False there are no biases.
    kdim, vdim : int, optional
        Numbers in a key and in a value; embed_dim if not given.
    batch_first : bool
        As for `RNN`.
    seed : int or random.Random, optional
        As for `Neuron`, also for dropout. The projections start as ``nn.init.xavier_uniform`` draws them, the output's
        weights as those of `Linear`, biases at 0.

    Attributes
    ----------
    in_proj_weight : list of list of Value, or None
        3 embed_dim x embed_dim: the rows of queries, of keys and of values.
    q_proj_weight, k_proj_weight, v_proj_weight : list of list of Value, or None
        They stand for it where keys or values have other numbers.
    in_proj_bias : list of Value, or None
    out_proj : Linear

    Returns
    -------
    output : list of lists of Value
        From a call ``attention(query, key, value)``: a vector for each query. A `Batch` of them for a batch.
    weights : list of lists of Value, or None
        For each query the weight of each key, 0 where a mask excludes it: the mean over the heads. With
        ``average_attn_weights=False`` there is such a table for each head, with ``need_weights=False`` none.

    Other Parameters
    ----------------
    key_padding_mask : list of bool or float, optional
        In a call: for each key whether all queries ignore it; floats are added to scores. One for each example of a
        batch.
    attn_mask : nested lists of bool or float, optional
        In a call: for each query and key whether the key is ignored (True), or what is added to the score. One for all;
        or one for each head, and for a batch one for each head of each example in turn.
    is_causal : bool
        In a call: whether position i attends only to the positions up to i. PyTorch needs the mask as well; here it is
        not needed.

    Raises
    ------
    ValueError
        If a size is not a positive whole number, if embed_dim is not a multiple of num_heads, or, in a call, if the
        shapes do not fit or a mask leaves a position nothing to attend to.
    TypeError
        As for `Neuron`.

    Examples
    --------
    >>> attention = MultiheadAttention(4, 2, seed=0)
    >>> x = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    >>> output, weights = attention(x, x, x, is_causal=True)
    >>> len(output), len(output[0]), [w.data for w in weights[0]]
    (2, 4, [1.0, 0.0])
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        seed: Seed = None,
    ) -> None:
        self.embed_dim, self.num_heads = size("embed_dim", embed_dim), size("num_heads", num_heads)
        if self.embed_dim % self.num_heads:
            raise ValueError(f"embed_dim must be a multiple of num_heads, {num_heads}, not {embed_dim}")
        self.head_dim = self.embed_dim // self.num_heads
        self.kdim = self.embed_dim if kdim is None else size("kdim", kdim)
        self.vdim = self.embed_dim if vdim is None else size("vdim", vdim)
        self.batch_first, bias = flag("batch_first", batch_first), flag("bias", bias)
        generator = None if seed is None else seeded(seed)
        self._dropout = Dropout(dropout, seed=generator)
        draw, n, drawing = xavier_uniform(), self.embed_dim, seeded(generator)
        alike = self.kdim == self.vdim == n
        widths = {"q": n, "k": self.kdim, "v": self.vdim}
        self.in_proj_weight = drawn((3 * n, n), draw, drawing, n, 3 * n) if alike else None
        for name, width in widths.items():
            weight = None if alike else drawn((n, width), draw, drawing, width, n)
            setattr(self, f"{name}_proj_weight", weight)
        self.in_proj_bias = [Value(0.0) for _ in range(3 * n)] if bias else None
        self.out_proj = Linear(n, n, bias, seed=generator)
        for b in self.out_proj.bias or []:
            b.data = 0.0

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> Any:
        causal = flag("is_causal", is_causal)
        named = {"query": query, "key": key, "value": value}
        parts = {name: sequences(self, x, self.batch_first, f"its {name}") for name, x in named.items()}
        batched, n = parts["query"][1], len(parts["query"][0])
        kinds = {name: f"a batch of {len(found)}" if many else "one example" for name, (found, many) in parts.items()}
        if len(set(kinds.values())) > 1:
            shown = ", ".join(f"{kind} as {name}" for name, kind in kinds.items())
            raise ValueError(f"{called(self)} takes queries, keys and values of the same examples, got {shown}")
        padding, masks = self._masks_of(key_padding_mask, attn_mask, n, batched)
        made = []
        for i in range(n):
            q, k, v = (
                steps(self, parts[name][0][i], width, f"its {name}")
                for name, width in (("query", self.embed_dim), ("key", self.kdim), ("value", self.vdim))
            )
            if len(k) != len(v):
                raise ValueError(
                    f"{called(self)} takes a value for each key, but there are {len(k)} keys and {len(v)} values"
                )
            made.append(self._example(q, k, v, padding[i], masks[i], causal))
        outputs = [output for output, _ in made]
        weights = None
        if flag("need_weights", need_weights):
            shown_as = self._averaged if flag("average_attn_weights", average_attn_weights) else self._each_head
            weights = [shown_as(heads, len(parts["key"][0][i])) for i, (_, heads) in enumerate(made)]
        if not batched:
            return outputs[0], None if weights is None else weights[0]
        return Batch(outputs), None if weights is None else Batch(weights)

    def _masks_of(
        self, padding: Any, mask: Any, examples: int, batched: bool
    ) -> tuple[Sequence[Any], Sequence[Sequence[Any]]]:
        """For each example, the mask of its keys, and the masks of its heads; all as they were given."""
        paddings: Sequence[Any] = [None] * examples
        if padding is not None:
            paddings = listed(self, padding) if batched else [padding]
            if len(paddings) != examples or not all(is_list(x) for x in paddings):
                raise ValueError(
                    f"{called(self)} takes key_padding_mask as a list for each of {examples} examples, got "
                    f"{padding!r:.60}"
                )
        heads = self.num_heads
        if mask is None or depth(mask) < 3:
            return paddings, [[mask] * heads] * examples
        if len(mask) != examples * heads:
            raise ValueError(
                f"{called(self)} takes one attn_mask for all, or one for each of {heads} heads of each of {examples} "
                f"examples, got {len(mask)}"
            )
        return paddings, [mask[i * heads : (i + 1) * heads] for i in range(examples)]

    def _example(
        self, queries: list[Any], keys: list[Any], offers: list[Any], padding: Any, masks: Sequence[Any], causal: bool
    ) -> tuple[list[Any], list[Any]]:
        """The output of one example, and the weights of each head."""
        shared = [_causal(len(queries), len(keys))] if causal else []
        if padding is not None:
            check_shape(called(self), padding, (len(keys),), "key_padding_mask", "booleans or floats (keys)")
            shared.append(_mask("key_padding_mask", [padding], kept=False) * len(queries))
        heads = []
        for head, mask in enumerate(masks):
            both = shared
            if mask is not None:
                shape = (len(queries), len(keys))
                check_shape(called(self), mask, shape, "attn_mask", "booleans or floats (queries, keys)")
                both = [*shared, _mask("attn_mask", mask, kept=False)]
            heads.append(inside(f"head{head + 1}", self._head, head, queries, keys, offers, both))
        joined = [[x for taken, _ in heads for x in taken[i]] for i in range(len(queries))]
        return self.out_proj(joined), [shares for _, shares in heads]

    def _head(
        self, head: int, queries: list[Any], keys: list[Any], offers: list[Any], masks: list[Mask]
    ) -> tuple[list[list[Any]], list[dict[int, Any]]]:
        """The outputs of one head, and its weights."""
        named = {"queries": queries, "keys": keys, "values": offers}
        q, k, v = (inside(name, self._projected, part, head, xs) for part, (name, xs) in enumerate(named.items()))
        dropout = self._dropout if self.training else None
        return _attend(called(self), q, k, v, masks, None, dropout)

    def _projected(self, part: int, head: int, xs: list[Any]) -> list[list[Value]]:
        """The queries (part 0), keys (1) or values (2) of a head."""
        start = head * self.head_dim
        rows = self.in_proj_weight
        if rows is None:
            rows = getattr(self, f"{'qkv'[part]}_proj_weight")[start : start + self.head_dim]
        else:
            rows = rows[part * self.embed_dim + start :][: self.head_dim]
        biases: Sequence[Value | None] = [None] * self.head_dim
        if self.in_proj_bias is not None:
            biases = self.in_proj_bias[part * self.embed_dim + start :][: self.head_dim]
        return [[dot(row, x, b) for row, b in zip(rows, biases)] for x in xs]

    def _each_head(self, heads: list[list[dict[int, Any]]], keys: int) -> list[Any]:
        """The weights of each head as a table, with a zero where a mask excludes a key."""
        zero = Value(0.0)
        return [[[row.get(j, zero) for j in range(keys)] for row in rows] for rows in heads]

    def _averaged(self, heads: list[list[dict[int, Any]]], keys: int) -> Any:
        tables = self._each_head(heads, keys)
        if len(tables) == 1:
            return tables[0]
        return [[sum(same) / float(len(tables)) for same in zip(*rows)] for rows in zip(*tables)]

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}"
