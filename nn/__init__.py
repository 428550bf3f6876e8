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
except Exception:  # of any kind: another package called autograd may have been imported instead
    import os as _os
    import runpy as _runpy

    # `autograd._namesake` cannot be imported from the other package, but its file, which stands beside us, can be run.
    _namesake = _os.path.join(_os.path.dirname(__path__[0]), "autograd", "_namesake.py")
    if _os.path.exists(_namesake):
        _runpy.run_path(_namesake)["check"]()
    raise

from . import functional, init, losses, monitor, optim, parameters, utils
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
from .attention import (
    MultiheadAttention,
    scaled_dot_product_attention,
)
from .batches import Batch
from .checkpoints import Checkpoint
from .containers import (
    ModuleDict,
    ModuleList,
    ParameterDict,
    ParameterList,
    Sequential,
)
from .convolution import (
    Conv1d,
    Conv2d,
    ConvTranspose1d,
    ConvTranspose2d,
)
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
from .data import (
    DataLoader,
    Subset,
    TensorDataset,
    random_split,
)
from .dropout import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
)
from .embedding import Embedding
from .files import (
    load_file,
    save_file,
)
from .layers import (
    MLP,
    Bilinear,
    Layer,
    Linear,
    Neuron,
)
from .logits import (
    log_softmax,
    softmax,
)
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
from .normalization import (
    BatchNorm1d,
    BatchNorm2d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    LayerNorm,
    RMSNorm,
)
from .optim import (
    LBFGS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AdamWScheduleFree,
    Lion,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    SGDScheduleFree,
    Sophia,
    hessian_diagonal,
    hutchinson,
)
from .optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
    exponential_decay,
    linear_warmup,
    step_decay,
)
from .parameters import Parameter
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
from .recurrent import (
    GRU,
    LSTM,
    RNN,
    GRUCell,
    LSTMCell,
    RNNCell,
)
from .residual import Residual
from .scaler import GradScaler
from .shapes import (
    Flatten,
    Unflatten,
    Upsample,
    ZeroPad2d,
)
from .stateless import functional_call
from .training import (
    Callback,
    EarlyStopping,
    History,
    Training,
    accuracy,
    fit,
)
from .transformer import (
    PositionalEncoding,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)
from .utils import (
    clip_grad_norm_,
    clip_grad_value_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)

__all__ = [
    # modules and their parts
    "Module",
    "Parameter",
    "Batch",
    "Sequential",
    "ModuleList",
    "ModuleDict",
    "ParameterList",
    "ParameterDict",
    "functional_call",
    # layers
    "Neuron",
    "Layer",
    "MLP",
    "Linear",
    "Bilinear",
    "Embedding",
    "Residual",
    "Flatten",
    "Unflatten",
    # convolution and pooling
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
    "ZeroPad2d",
    "Upsample",
    # normalisation and dropout
    "BatchNorm1d",
    "BatchNorm2d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "GroupNorm",
    "LayerNorm",
    "RMSNorm",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "AlphaDropout",
    # recurrence and attention
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
    # activations
    "ACTIVATIONS",
    "Elementwise",
    "Identity",
    "ReLU",
    "ReLU6",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ELU",
    "SELU",
    "CELU",
    "Sigmoid",
    "LogSigmoid",
    "Hardsigmoid",
    "Tanh",
    "Hardtanh",
    "Tanhshrink",
    "Softplus",
    "Softsign",
    "SiLU",
    "Mish",
    "GELU",
    "Hardswish",
    "Softshrink",
    "Hardshrink",
    "Threshold",
    "GLU",
    "Softmax",
    "LogSoftmax",
    "Softmin",
    "softmax",
    "log_softmax",
    # losses
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
    "l1_penalty",
    "l2_penalty",
    "l1",
    "l2",
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
    # optimisers
    "Optimizer",
    "SGD",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Lion",
    "SGDScheduleFree",
    "AdamWScheduleFree",
    "Sophia",
    "LBFGS",
    "hutchinson",
    "hessian_diagonal",
    # schedulers
    "LRScheduler",
    "LambdaLR",
    "MultiplicativeLR",
    "StepLR",
    "MultiStepLR",
    "ConstantLR",
    "LinearLR",
    "ExponentialLR",
    "PolynomialLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "ChainedScheduler",
    "exponential_decay",
    "step_decay",
    "linear_warmup",
    # gradients
    "clip_grad_norm_",
    "clip_grad_value_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
    "GradScaler",
    # training
    "TensorDataset",
    "Subset",
    "DataLoader",
    "random_split",
    "fit",
    "Training",
    "History",
    "Callback",
    "EarlyStopping",
    "Checkpoint",
    "accuracy",
    "load_file",
    "save_file",
    # modules of this package
    "functional",
    "init",
    "losses",
    "monitor",
    "optim",
    "parameters",
    "utils",
]
_TYPE_CHECKING = False
if not _TYPE_CHECKING:  # the classes that `activations` makes from operations are not imported above
    globals().update({kind.__name__: kind for kind in ACTIVATIONS.values()})
    __all__ += [kind.__name__ for kind in ACTIVATIONS.values() if kind.__name__ not in __all__]
