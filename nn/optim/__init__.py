"""Optimisers, and schedulers of their learning rates.

An `Optimizer` keeps groups of parameters with the settings and the state of an update rule (`rules`). PyTorch's
optimisers are in `optimizers`, those that average parameters in `schedule_free`, those that use curvature in
`second_order` and `lbfgs`. The schedulers are in `lr_scheduler`.
"""

from __future__ import annotations

from ..trained import TrainingWarning
from ..utils import clip_grad_norm_, clip_grad_value_
from . import lr_scheduler, rules
from .lbfgs import LBFGS
from .optimizer import Optimizer, ParamGroup
from .optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, NAdam, RAdam, RMSprop
from .schedule_free import AdamWScheduleFree, SGDScheduleFree
from .second_order import Sophia, hessian_diagonal, hutchinson

__all__ = [
    "Optimizer",
    "ParamGroup",
    "TrainingWarning",
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
    "clip_grad_norm_",
    "clip_grad_value_",
    "lr_scheduler",
    "rules",
]
