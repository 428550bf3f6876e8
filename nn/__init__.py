"""Neural networks made of Values: layers, losses, initialisers and optimisers.

`Neuron`, `Layer` and `MLP` are micrograd's, the other names PyTorch's. Everything is built on the public names of
``autograd``, and importing it loads nothing but the standard library.

>>> import nn
>>> model = nn.MLP(2, [4, 1], activation="tanh", seed=1)
>>> optimizer = nn.SGD(model.parameters(), lr=0.1)
>>> inputs, targets = [[0.0, 1.0], [1.0, 0.0]], [1.0, -1.0]
>>> losses = []
>>> for _ in range(20):
...     loss = nn.mse([model(x) for x in inputs], targets)
...     model.zero_grad()
...     loss.backward()
...     optimizer.step()
...     losses.append(loss.data)
>>> losses[-1] < losses[0] / 100
True
"""

try:
    from autograd import Value as _Value  # noqa: F401
except Exception:  # of whatever kind: another package of that name may have taken its place
    import os as _os
    import runpy as _runpy

    # That can be imported only through the package in question, but it is a file beside us that runs alone.
    _namesake = _os.path.join(_os.path.dirname(__path__[0]), "autograd", "_namesake.py")
    if _os.path.exists(_namesake):
        _runpy.run_path(_namesake)["check"]()
    raise

from . import functional, init, losses, optim
from .activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    SELU,
    Elementwise,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .attention import MultiheadAttention, scaled_dot_product_attention
from .batches import Batch
from .containers import Sequential
from .convolution import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from .dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d
from .embedding import Embedding
from .files import load_file, save_file
from .functional import log_softmax, softmax
from .layers import MLP, Layer, Linear, Neuron
from .losses import bce, bce_with_logits, cross_entropy, half_mse, hinge, huber, l1, l2, mae, mse, multi_margin, nll
from .module import Module
from .normalization import BatchNorm1d, BatchNorm2d, GroupNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm, RMSNorm
from .optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm_, clip_grad_value_
from .pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
)
from .recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from .shapes import Flatten, Residual, Unflatten, Upsample, ZeroPad2d
from .transformer import (
    PositionalEncoding,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)

__all__ = [
    "Module",
    "Batch",
    "Neuron",
    "Layer",
    "MLP",
    "Linear",
    "Sequential",
    "Dropout",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "MaxPool1d",
    "MaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "GroupNorm",
    "LayerNorm",
    "RMSNorm",
    "Embedding",
    "Dropout1d",
    "Dropout2d",
    "AlphaDropout",
    "Flatten",
    "Unflatten",
    "ZeroPad2d",
    "Upsample",
    "Residual",
    "ACTIVATIONS",
    "Elementwise",
    "Identity",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "SELU",
    "Sigmoid",
    "Tanh",
    "Softplus",
    "SiLU",
    "GELU",
    "Softmax",
    "LogSoftmax",
    "RNNCell",
    "LSTMCell",
    "GRUCell",
    "RNN",
    "LSTM",
    "GRU",
    "MultiheadAttention",
    "scaled_dot_product_attention",
    "PositionalEncoding",
    "TransformerEncoderLayer",
    "TransformerEncoder",
    "TransformerDecoderLayer",
    "TransformerDecoder",
    "softmax",
    "log_softmax",
    "mse",
    "half_mse",
    "mae",
    "huber",
    "hinge",
    "bce",
    "bce_with_logits",
    "cross_entropy",
    "nll",
    "multi_margin",
    "l1",
    "l2",
    "Optimizer",
    "SGD",
    "Adam",
    "AdamW",
    "clip_grad_norm_",
    "clip_grad_value_",
    "load_file",
    "save_file",
    "functional",
    "init",
    "losses",
    "optim",
]
_TYPE_CHECKING = False
if not _TYPE_CHECKING:  # activations that have no class of their own in the text of `activations`
    globals().update({kind.__name__: kind for kind in ACTIVATIONS.values()})
    __all__ += [kind.__name__ for kind in ACTIVATIONS.values() if kind.__name__ not in __all__]
