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
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Elementwise,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)
from .batches import Batch
from .containers import Sequential
from .criteria import (
    BCELoss,
    BCEWithLogitsLoss,
    CosineEmbeddingLoss,
    CosineSimilarity,
    CrossEntropyLoss,
    GaussianNLLLoss,
    HingeEmbeddingLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MarginRankingLoss,
    MSELoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    NLLLoss,
    PairwiseDistance,
    PoissonNLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
    TripletMarginLoss,
)
from .files import load_file, save_file
from .layers import MLP, Dropout, Layer, Linear, Neuron
from .logits import log_softmax, softmax
from .losses import (
    bce,
    bce_with_logits,
    cross_entropy,
    half_mse,
    hinge,
    huber,
    l1,
    l1_penalty,
    l2,
    l2_penalty,
    mae,
    mse,
    multi_margin,
    nll,
)
from .module import Module
from .optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm_, clip_grad_value_

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
    "l1_penalty",
    "l2_penalty",
    "MSELoss",
    "L1Loss",
    "SmoothL1Loss",
    "HuberLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "NLLLoss",
    "KLDivLoss",
    "PoissonNLLLoss",
    "GaussianNLLLoss",
    "MarginRankingLoss",
    "HingeEmbeddingLoss",
    "SoftMarginLoss",
    "CosineEmbeddingLoss",
    "TripletMarginLoss",
    "MultiMarginLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "CosineSimilarity",
    "PairwiseDistance",
    "ReLU6",
    "CELU",
    "PReLU",
    "RReLU",
    "Mish",
    "Softsign",
    "Hardtanh",
    "Hardsigmoid",
    "Hardswish",
    "LogSigmoid",
    "Tanhshrink",
    "Softshrink",
    "Hardshrink",
    "Threshold",
    "Softmin",
    "GLU",
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
