"""Schedulers beside PyTorch's: learning rates, momenta, and the training that they bring about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nn

from . import Case
from .optimizers import train

Made = Callable[[Any, Any], Any]


def scheduler(
    name: str,
    options: str,
    made: Made | None = None,
    *,
    optimizer: str = "SGD",
    takes_loss: bool = False,
    **settings: Any,
) -> Case:
    """A case for a scheduler.

    Parameters
    ----------
    name, options : str
    made : callable, optional
        ``made(home, optimizer)`` makes it from the schedulers of the module ``home``. If not given, the scheduler is
        ``home.name(optimizer, options)``.
    optimizer : str
        The name of the optimiser that it schedules.
    takes_loss : bool
        Whether its steps take the loss.
    **settings
        The options of the optimiser.
    """
    settings = {"lr": 0.1, **settings}

    def make(home: Any, optimizer: Any) -> Any:
        return made(home, optimizer) if made else eval(f"home.{name}(optimizer, {options})")

    def run(way: str) -> float:
        import torch

        return train(
            way,
            lambda params: getattr(nn, optimizer)(params, **settings),
            lambda params: getattr(torch.optim, optimizer)(params, **settings),
            lambda ours: make(nn.optim.lr_scheduler, ours),
            lambda theirs: make(torch.optim.lr_scheduler, theirs),
            takes_loss=takes_loss,
        )

    return Case(name, options, run)


def warm_up(home: Any, optimizer: Any) -> Any:
    parts = [home.LinearLR(optimizer, 0.1, total_iters=10), home.CosineAnnealingLR(optimizer, T_max=30)]
    return home.SequentialLR(optimizer, parts, [10])


def three_in_a_row(home: Any, optimizer: Any) -> Any:
    parts = [
        home.ConstantLR(optimizer, 0.5, 3),
        home.CosineAnnealingWarmRestarts(optimizer, 7),
        home.PolynomialLR(optimizer, 20, 2.0),
    ]
    return home.SequentialLR(optimizer, parts, [5, 25])


def chained(home: Any, optimizer: Any) -> Any:
    return home.ChainedScheduler(
        [home.ConstantLR(optimizer, 0.1, 10), home.ExponentialLR(optimizer, 0.95), home.StepLR(optimizer, 7, 0.5)]
    )


MOMENTUM: dict[str, Any] = {"momentum": 0.9}

CASES = [
    scheduler("LambdaLR", "lambda epoch: 0.95**epoch"),
    scheduler("MultiplicativeLR", "lambda epoch: 1.0 - 0.5 / (1 + epoch)"),
    scheduler("StepLR", "step_size=7"),
    scheduler("StepLR", "step_size=1, gamma=0.9"),
    scheduler("MultiStepLR", "milestones=[3, 20, 20, 35]"),
    scheduler("MultiStepLR", "milestones=[30, 5], gamma=0.5"),
    scheduler("ConstantLR", ""),
    scheduler("ConstantLR", "factor=0.5, total_iters=20"),
    scheduler("LinearLR", ""),
    scheduler("LinearLR", "start_factor=1.0, end_factor=0.2, total_iters=40"),
    scheduler("ExponentialLR", "gamma=0.9"),
    scheduler("PolynomialLR", ""),
    scheduler("PolynomialLR", "total_iters=40, power=2.5"),
    scheduler("CosineAnnealingLR", "T_max=50"),
    scheduler("CosineAnnealingLR", "T_max=8, eta_min=0.01"),
    scheduler("CosineAnnealingWarmRestarts", "T_0=8"),
    scheduler("CosineAnnealingWarmRestarts", "T_0=5, T_mult=2, eta_min=0.01"),
    scheduler("CyclicLR", "0.01, 0.2, step_size_up=8", **MOMENTUM),
    scheduler("CyclicLR", "0.01, 0.2, 8, 4, mode='triangular2'", **MOMENTUM),
    scheduler("CyclicLR", "0.01, 0.2, 6, mode='exp_range', gamma=0.95, cycle_momentum=False"),
    scheduler("CyclicLR", "0.01, 0.2, 6, scale_fn=lambda n: 1.0 / n, base_momentum=0.5", **MOMENTUM),
    scheduler(
        "CyclicLR",
        "0.01, 0.2, 6, scale_fn=lambda n: 0.9**n, scale_mode='iterations'",
        optimizer="Adam",
        betas=(0.9, 0.99),
    ),
    scheduler("OneCycleLR", "max_lr=0.5, total_steps=50", **MOMENTUM),
    scheduler("OneCycleLR", "max_lr=0.5, epochs=10, steps_per_epoch=6, anneal_strategy='linear'", **MOMENTUM),
    scheduler(
        "OneCycleLR", "0.5, 55, pct_start=0.4, three_phase=True, div_factor=10, final_div_factor=100", **MOMENTUM
    ),
    scheduler("OneCycleLR", "0.1, 50, base_momentum=0.5, max_momentum=0.8", optimizer="AdamW"),
    scheduler("OneCycleLR", "0.1, 50, cycle_momentum=False", optimizer="Adagrad"),
    scheduler("ReduceLROnPlateau", "", takes_loss=True, momentum=0.99),
    scheduler("ReduceLROnPlateau", "factor=0.5, patience=2, cooldown=3, min_lr=0.01", takes_loss=True, momentum=0.99),
    scheduler(
        "ReduceLROnPlateau",
        "factor=0.8, patience=1, threshold=0.01, threshold_mode='abs'",
        takes_loss=True,
        momentum=0.9,
    ),
    scheduler("ReduceLROnPlateau", "'max', patience=3, threshold=0.1", takes_loss=True),
    scheduler("ReduceLROnPlateau", "'max', 0.9, 3, 0.1, 'abs'", takes_loss=True),
    scheduler("SequentialLR", "[LinearLR, CosineAnnealingLR], [10]", warm_up),
    scheduler("SequentialLR", "[ConstantLR, CosineAnnealingWarmRestarts, PolynomialLR], [5, 25]", three_in_a_row),
    scheduler("ChainedScheduler", "[ConstantLR, ExponentialLR, StepLR]", chained),
]
