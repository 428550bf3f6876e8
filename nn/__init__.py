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
from .batches import Batch
from .containers import Sequential
from .files import load_file, save_file
from .functional import log_softmax, softmax
from .layers import MLP, Dropout, Layer, Linear, Neuron
from .losses import bce, bce_with_logits, cross_entropy, half_mse, hinge, huber, l1, l2, mae, mse, multi_margin, nll
from .module import Module
from .optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm_, clip_grad_value_
from .scaler import GradScaler

__all__ = [
    "Module",
    "Batch",
    "Neuron",
    "Layer",
    "MLP",
    "Linear",
    "Sequential",
    "Dropout",
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
    "GradScaler",
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
