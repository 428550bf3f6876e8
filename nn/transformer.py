"""The parts of transformers: encoder and decoder layers, stacks of layers, and positional encoding.

Attention itself is in `attention`, the normalisation in `normalization`. There is no embedding here, and no output
layer.
"""

from __future__ import annotations

from copy import deepcopy
from math import cos, sin

from .activations import activation_function
from .attention import MultiheadAttention
from .batches import Batch, each, is_list
from .containers import ModuleList
from .dropout import Dropout
from .layers import Linear
from .module import Module
from .normalization import LayerNorm
from .sequences import DropsInside, sequences, steps
from .settings import flag, number, seeded, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .activations import Activation
    from .layers import Seed


def _added(x: Any, y: Any) -> Any:
    """x + y, number by number."""
    if not is_list(x):
        return x + y
    made = [_added(a, b) for a, b in zip(x, y)]
    return Batch(made) if isinstance(x, Batch) else made


def _read(module: Module, x: Any, width: int, batch_first: bool, name: str) -> Any:
    """A sequence, or a `Batch` of them, as Values."""
    examples, batched = sequences(module, x, batch_first, name)
    made = [steps(module, example, width, name) for example in examples]
    return Batch(made) if batched else made[0]


# --- layers ---------------------------------------------------------------------------------------------------


class _Layer(Module):
    """A layer of an encoder or a decoder: parts with residual connections, the last of which is an MLP."""

    _attentions: tuple[str, ...]
    self_attn: MultiheadAttention

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        seed: Seed = None,
    ) -> None:
        d_model, dim_feedforward = size("d_model", d_model), size("dim_feedforward", dim_feedforward)
        eps = number("layer_norm_eps", layer_norm_eps, positive=True)
        self.batch_first, self.norm_first = flag("batch_first", batch_first), flag("norm_first", norm_first)
        bias = flag("bias", bias)
        activation_function(activation)  # an unknown activation must raise before random numbers are drawn
        Dropout(dropout)
        self._generator = generator = None if seed is None else seeded(seed)
        for name in self._attentions:
            made = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, seed=generator)
            setattr(self, name, made)
        self.linear1 = Linear(d_model, dim_feedforward, bias, seed=generator)
        self.dropout = Dropout(dropout, seed=generator)
        self.linear2 = Linear(dim_feedforward, d_model, bias, seed=generator)
        parts = range(1, len(self._attentions) + 2)
        for k in parts:
            setattr(self, f"norm{k}", LayerNorm(d_model, eps, bias=bias))
        for k in parts:
            setattr(self, f"dropout{k}", Dropout(dropout, seed=generator))
        self.activation = activation
        self._width = d_model

    def _part(self, k: int, x: Any, function: Callable[[Any], Any]) -> Any:
        """The k-th part, with its residual connection, and with normalisation before or after it."""
        norm, dropout = getattr(self, f"norm{k}"), getattr(self, f"dropout{k}")
        if self.norm_first:
            return _added(x, dropout(function(norm(x))))
        return norm(_added(x, dropout(function(x))))

    def _feed_forward(self, x: Any) -> Any:
        _, function = activation_function(self.activation)
        return self.linear2(self.dropout(each(function, self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and an MLP of each position, both with a residual connection (Vaswani et al. 2017, section 3.1).

    y = norm1(x + attention(x)); the output is norm2(y + linear2(activation(linear1(y)))). With ``norm_first=True`` a
    part is x + part(norm(x)) instead (Xiong et al. 2020), and nothing normalises the output.

    Parameters
    ----------
    d_model : int
        Numbers at each position.
    nhead : int
        Heads of the attention; d_model is a multiple of it.
    dim_feedforward : int
        Hidden units of the MLP.
    dropout : float
        Probability of `Dropout`, in training: of weights of attention, of hidden units, and of what a part adds.
    activation : str or callable
        As for `Neuron`.
    layer_norm_eps : float
        The eps of `LayerNorm`.
    batch_first : bool
        As for `RNN`.
    norm_first : bool
        Whether parts are normalised before they compute rather than after they were added.
    bias : bool
        If False no part has biases.
    seed : int or random.Random, optional
        As for `Neuron`, also for dropout.

    Other Parameters
    ----------------
    src_mask, src_key_padding_mask, is_causal
        In a call ``layer(src)``: attn_mask, key_padding_mask and is_causal of `MultiheadAttention`.

    Attributes
    ----------
    self_attn : MultiheadAttention
    linear1, linear2 : Linear
    norm1, norm2 : LayerNorm
    dropout, dropout1, dropout2 : Dropout

    Returns
    -------
    list of list of Value
        From a call ``layer(src)`` with steps of d_model numbers, or a batch of such: of the same shape.

    Raises
    ------
    ValueError, TypeError
        As for `MultiheadAttention`.

    Examples
    --------
    >>> layer = TransformerEncoderLayer(4, 2, 8, dropout=0.0, seed=0)
    >>> made = layer([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]], is_causal=True)
    >>> len(made), len(made[0])
    (2, 4)
    """

    _attentions = ("self_attn",)

    def forward(self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
        def attention(x: Any) -> Any:
            return self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)[0]

        x = _read(self, src, self._width, self.batch_first, "src")
        return self._part(2, self._part(1, x, attention), self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to what an encoder made, and an MLP (Vaswani et al. 2017, section 3.1).

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, seed
        As for `TransformerEncoderLayer`.

    Other Parameters
    ----------------
    tgt_mask, tgt_key_padding_mask, tgt_is_causal
        In a call ``layer(tgt, memory)``: attn_mask, key_padding_mask and is_causal of the self-attention.
    memory_mask, memory_key_padding_mask, memory_is_causal
        Those of the attention to the memory.

    Attributes
    ----------
    self_attn, multihead_attn : MultiheadAttention
        The second looks at the memory.
    linear1, linear2 : Linear
    norm1, norm2, norm3 : LayerNorm
    dropout, dropout1, dropout2, dropout3 : Dropout

    Returns
    -------
    list of list of Value
        From a call ``layer(tgt, memory)`` with steps of d_model numbers each: of the shape of tgt.

    Raises
    ------
    ValueError, TypeError
        As for `MultiheadAttention`.

    Examples
    --------
    >>> layer = TransformerDecoderLayer(2, 1, 4, dropout=0.0, seed=0)
    >>> made = layer([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [[0.5, -0.5]], tgt_is_causal=True)
    >>> len(made), len(made[0])
    (3, 2)
    """

    _attentions = ("self_attn", "multihead_attn")
    multihead_attn: MultiheadAttention

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        def to_itself(x: Any) -> Any:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)[0]

        def to_memory(x: Any) -> Any:
            masks = memory_key_padding_mask, False, memory_mask
            return self.multihead_attn(x, seen, seen, *masks, is_causal=memory_is_causal)[0]

        x = _read(self, tgt, self._width, self.batch_first, "tgt")
        seen = _read(self, memory, self._width, self.batch_first, "memory")
        return self._part(3, self._part(2, self._part(1, x, to_itself), to_memory), self._feed_forward)


# --- stacks ---------------------------------------------------------------------------------------------------


class _Stack(Module):
    """Copies of a layer, each on the outputs of the one before."""

    def __init__(self, layer: Module, num_layers: int, norm: Module | None = None) -> None:
        if not isinstance(layer, Module):
            raise TypeError(f"{type(self).__name__} takes a layer, which it copies, not {layer!r:.60}")
        # All copies share one generator of random numbers: with copies of it, all layers would drop the same numbers.
        generator = layer._generator if isinstance(layer, _Layer) else None
        copies = range(size("num_layers", num_layers))
        self.layers = ModuleList(deepcopy(layer, {id(generator): generator}) for _ in copies)
        self.norm = norm

    def _normalised(self, x: Any) -> Any:
        return x if self.norm is None else self.norm(x)


class TransformerEncoder(_Stack):
    """A stack of layers, which begin as copies of one.

    Parameters
    ----------
    encoder_layer : Module
        Such as a `TransformerEncoderLayer`. The layers are copies of it, numbers included, as in PyTorch.
    num_layers : int
    norm : Module, optional
        Applied to the output; where the layers have ``norm_first=True`` there should be one.

    Other Parameters
    ----------------
    mask, src_key_padding_mask, is_causal
        In a call ``encoder(src)``: src_mask, src_key_padding_mask and is_causal of each layer.

    Attributes
    ----------
    layers : ModuleList
    norm : Module or None

    Returns
    -------
    list of list of Value
        From a call ``encoder(src)``: of the shape of src; see `TransformerEncoderLayer`.

    Raises
    ------
    ValueError
        If num_layers is not a positive whole number.
    TypeError
        If the layer is not a module.

    Examples
    --------
    >>> encoder = TransformerEncoder(TransformerEncoderLayer(2, 1, 4, seed=0), 3)
    >>> len(encoder.layers), len(encoder.eval()([[1.0, 0.0], [0.0, 1.0]]))
    (3, 2)
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(encoder_layer, num_layers, norm)

    def forward(self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, is_causal)
        return self._normalised(src)


class TransformerDecoder(_Stack):
    """A stack of layers, which begin as copies of one and all look at the same memory.

    Parameters
    ----------
    decoder_layer : Module
        Such as a `TransformerDecoderLayer`.
    num_layers, norm
        As for `TransformerEncoder`.

    Other Parameters
    ----------------
    tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask, tgt_is_causal, memory_is_causal
        In a call ``decoder(tgt, memory)``: those of each layer.

    Attributes
    ----------
    layers, norm
        As for `TransformerEncoder`.

    Returns
    -------
    list of list of Value
        From a call ``decoder(tgt, memory)``: of the shape of tgt.

    Raises
    ------
    ValueError, TypeError
        As for `TransformerEncoder`.

    Examples
    --------
    >>> decoder = TransformerDecoder(TransformerDecoderLayer(2, 1, 4, seed=0), 2).eval()
    >>> len(decoder([[1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]))
    1
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, tgt_is_causal, memory_is_causal)
        return self._normalised(tgt)


# --- positions ------------------------------------------------------------------------------------------------


class PositionalEncoding(DropsInside):
    """Adds to each step sines and cosines of its position t, counted from 0 (Vaswani et al. 2017, section 3.5).

    To the numbers 2i and 2i + 1 of a step it adds sin(t / 10000**(2i / d_model)) and the cosine of the same angle.

    Parameters
    ----------
    d_model : int
        Numbers at each position; if it is odd the last one gets a sine only.
    dropout : float
        Probability of `Dropout` of the sums, in training.
    batch_first : bool
        As for `RNN`.
    seed : int or random.Random, optional
        As for `Dropout`.

    Returns
    -------
    list of list of Value
        From a call with steps of d_model numbers, or a batch of such: of the same shape.

    Raises
    ------
    ValueError, TypeError
        As for `RNN`.

    Examples
    --------
    >>> made = PositionalEncoding(2, dropout=0.0)([[0.0, 0.0], [0.0, 0.0]])
    >>> [[round(x.data, 4) for x in step] for step in made]
    [[0.0, 1.0], [0.8415, 0.5403]]
    """

    def __init__(self, d_model: int, dropout: float = 0.1, *, batch_first: bool = False, seed: Seed = None) -> None:
        self.d_model, self.batch_first = size("d_model", d_model), flag("batch_first", batch_first)
        self._dropout = Dropout(dropout, seed=seed)

    def _angle(self, t: int, k: int) -> float:
        return float(t / 10000.0 ** ((k - k % 2) / self.d_model))

    def forward(self, x: Any) -> Any:
        def moved(sequence: Any) -> Any:
            return [
                [number + (cos if k % 2 else sin)(self._angle(t, k)) for k, number in enumerate(step)]
                for t, step in enumerate(sequence)
            ]

        x = _read(self, x, self.d_model, self.batch_first, "its input")
        made = Batch(map(moved, x)) if isinstance(x, Batch) else moved(x)
        return self._dropout(made) if self.training else made

    def extra_repr(self) -> str:
        return f"{self.d_model}, dropout={self.dropout}"
