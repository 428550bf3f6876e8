"""Optimisers beside PyTorch's, and, where PyTorch has none, beside the papers' rules.

All of them train the same small network, two tanh neurons of three inputs, on random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import nn
from autograd import Value, compile, dot, square, sum, tanh

from . import STEPS, Case, difference
from .training import random_numbers

Make = Callable[[Any], Any]

X, Y = random_numbers((6, 3), seed=1), random_numbers((6, 2), seed=2)


def train(
    way: str,
    ours: Make,
    theirs: Make,
    scheduler: Make | None = None,
    reference: Make | None = None,
    *,
    grouped: bool = False,
    takes_loss: bool = False,
    uses_hessian: bool = False,
) -> float:
    """Train here and in PyTorch, and return the largest difference of losses, parameters, learning rates and momenta.

    Parameters
    ----------
    way : str
    ours, theirs : callable
        They make the optimiser: of all parameters, or, if `grouped`, of the weights and the biases.
    scheduler, reference : callable, optional
        They make a scheduler for the optimiser here and in PyTorch; it steps after each of the optimiser's steps.
    takes_loss : bool
        Whether the scheduler's steps take the loss.
    uses_hessian : bool
        Whether the optimiser uses the diagonal of the Hessian. Ours computes it from the loss if eager; if compiled, a
        program of its own does.
    """
    import torch

    with double_precision():
        w, b = ([[Value(x) for x in row] for row in random_numbers(shape, seed=3)] for shape in ((2, 3), (1, 2)))
        v, c = (torch.tensor([[p.data for p in row] for row in rows], requires_grad=True) for rows in (w, b))
        weights, biases = [p for row in w for p in row], b[0]
        inputs, targets = torch.tensor(X), torch.tensor(Y)

        def loss_of(x: Any, y: Any) -> Any:
            made = [tanh(dot(row, x, bias)) for row, bias in zip(w, biases)]
            return sum([square(z - t) for z, t in zip(made, y)]) / 2.0

        program = compile(loss_of, [*weights, *biases]) if way == "compiled" else None
        parts: list[Any]
        if program is not None:
            program(X, Y)
            vector = program.parameters
            values = [*weights, *biases]
            hessian = compile(lambda x, y: nn.hessian_diagonal(loss_of(x, y), values), vector, gradient=False)
            parts = [vector.only(weights), vector.only(biases)] if grouped else [vector]
        else:
            parts = [weights, biases] if grouped else [[*weights, *biases]]
        optimizer = ours(parts if grouped else parts[0])
        other = theirs([[v], [c]] if grouped else [v, c])
        schedule = scheduler(optimizer) if scheduler else None
        their_schedule = reference(other) if reference else None
        found: list[float] = []
        expected: list[float] = []

        def record(loss: float, their_loss: float) -> None:
            if program is not None:
                program.write_back()
            found.extend([loss, *[p.data for p in (*weights, *biases)]])
            expected.extend([their_loss, *v.flatten().tolist(), *c.flatten().tolist()])
            for group, their_group in zip(optimizer.param_groups, getattr(other, "param_groups", ())):
                for key in ("lr", "momentum"):
                    if key in group:
                        found.append(group[key])
                        expected.append(float(their_group[key]))
                found.extend(group.get("betas", ()))
                expected.extend(map(float, their_group.get("betas", ())))

        def their_loss() -> Any:
            return (torch.tanh(inputs @ v.T + c) - targets).square().mean()

        if uses_hessian:
            other.loss = their_loss
        for step in range(STEPS):
            if program is not None:
                loss = program(X, Y)[0]
            else:
                optimizer.zero_grad()
                error: Value = sum([loss_of(x, y) for x, y in zip(X, Y)]) / float(len(X))
                error.backward()
                loss = error.data
            v.grad = c.grad = None
            their_error = their_loss()
            their_error.backward()
            if not uses_hessian:
                optimizer.step()
            elif program is None:
                optimizer.step(lambda error=error: error)
            else:
                if step % optimizer.period == 0:
                    optimizer.update_hessian(hessian.outputs(X, Y).mean(axis=0))
                optimizer.step()
            other.step()
            if schedule is not None:
                assert their_schedule is not None
                schedule.step(*[loss] * takes_loss)
                their_schedule.step(*[their_error.item()] * takes_loss)
            record(loss, their_error.item())
        if isinstance(optimizer, nn.SGDScheduleFree | nn.AdamWScheduleFree):
            optimizer.eval()
            other.eval()
            record(0.0, 0.0)
        return difference(found, expected)


@contextmanager
def double_precision() -> Iterator[None]:
    """PyTorch in float64 throughout: some of its optimisers keep numbers in the default precision."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def optimizer(
    name: str, reference: Callable[[], Any] | None = None, *, uses_hessian: bool = False, **options: Any
) -> Case:
    """A case for an optimiser; `reference` returns the class to compare with, if not PyTorch's of the same name."""

    def theirs(params: Any) -> Any:
        import torch

        return (reference() if reference else getattr(torch.optim, name))(params, **options)

    text = ", ".join(f"{key}={x!r}" for key, x in options.items())
    return Case(
        name,
        text,
        lambda way: train(way, lambda params: getattr(nn, name)(params, **options), theirs, uses_hessian=uses_hessian),
    )


def groups(name: str, weights: dict[str, Any], biases: dict[str, Any], **options: Any) -> Case:
    """A case with two groups of parameters, each with options of its own."""

    def made(home: Any) -> Make:
        def make(parts: Any) -> Any:
            of_weights, of_biases = parts
            chosen = [{"params": of_weights, **weights}, {"params": of_biases, **biases}]
            return getattr(home, name)(chosen, **options)

        return make

    def run(way: str) -> float:
        import torch

        return train(way, made(nn), made(torch.optim), grouped=True)

    text = ", ".join(f"{key}={x!r}" for key, x in options.items())
    return Case(name, f"[weights {weights}, biases {biases}], {text}", run)


# --- the papers' rules --------------------------------------------------------------------------------------------


class PaperLion:
    """Chen et al. 2023, algorithm 2."""

    def __init__(self, params: Any, lr: float, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0):
        self.params, self.lr, self.betas, self.decay = params, lr, betas, weight_decay
        self.m = [0.0 * p.detach() for p in params]

    def step(self) -> None:
        import torch

        (beta1, beta2), m = self.betas, self.m
        with torch.no_grad():
            for i, theta in enumerate(self.params):
                c = beta1 * m[i] + (1 - beta1) * theta.grad
                m[i] = beta2 * m[i] + (1 - beta2) * theta.grad
                theta -= self.lr * (torch.sign(c) + self.decay * theta)


class PaperScheduleFree:
    """Defazio et al. 2024: equations 3 to 5 if `beta2` is None, or else algorithm 1; y is the parameters themselves."""

    def __init__(
        self,
        params: Any,
        lr: float,
        momentum: float = 0.9,
        betas: tuple[float, float] | None = None,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
    ):
        self.params, self.lr, self.eps, self.decay, self.warmup = params, lr, eps, weight_decay, warmup_steps
        self.beta1 = betas[0] if betas else momentum
        self.beta2 = betas[1] if betas else None
        self.x = [p.detach().clone() for p in params]
        self.z = [p.detach().clone() for p in params]
        self.v = [0.0 * p.detach() for p in params]
        self.t, self.weights = 0, 0.0

    def step(self) -> None:
        import torch

        self.t += 1
        rate = self.lr * (min(1.0, self.t / self.warmup) if self.warmup else 1.0)
        if self.beta2 is not None:
            rate *= (1 - self.beta2**self.t) ** 0.5
        self.weights += rate**2
        c = rate**2 / self.weights
        with torch.no_grad():
            for i, y in enumerate(self.params):
                move = y.grad
                if self.beta2 is not None:
                    self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * y.grad**2
                    move = y.grad / (self.v[i].sqrt() + self.eps)
                self.z[i] = self.z[i] - rate * move - rate * self.decay * y
                self.x[i] = (1 - c) * self.x[i] + c * self.z[i]
                y.copy_((1 - self.beta1) * self.z[i] + self.beta1 * self.x[i])

    def eval(self) -> None:
        import torch

        with torch.no_grad():
            for p, x in zip(self.params, self.x):
                p.copy_(x)


class PaperSophia:
    """Liu et al. 2023, algorithm 3, with the exact diagonal of the Hessian."""

    loss: Callable[[], Any]

    def __init__(
        self,
        params: Any,
        lr: float,
        betas: tuple[float, float] = (0.96, 0.99),
        gamma: float = 0.01,
        eps: float = 1e-12,
        weight_decay: float = 0.0,
        period: int = 10,
        estimator: str = "",
    ):
        self.params, self.lr, self.betas, self.gamma, self.eps = params, lr, betas, gamma, eps
        self.decay, self.period, self.t = weight_decay, period, 0
        self.m = [0.0 * p.detach() for p in params]
        self.h = [0.0 * p.detach() for p in params]

    def step(self) -> None:
        import torch

        self.t += 1
        beta1, beta2 = self.betas
        diagonals = []
        if self.t % self.period == 1 or self.period == 1:
            slopes = torch.autograd.grad(self.loss(), self.params, create_graph=True)
            for p, slope in zip(self.params, slopes):
                rows = [
                    torch.autograd.grad(x, p, retain_graph=True)[0].flatten()[i] for i, x in enumerate(slope.flatten())
                ]
                diagonals.append(torch.stack(rows).reshape(p.shape))
        with torch.no_grad():
            for i, theta in enumerate(self.params):
                self.m[i] = beta1 * self.m[i] + (1 - beta1) * theta.grad
                if diagonals:
                    self.h[i] = beta2 * self.h[i] + (1 - beta2) * diagonals[i]
                theta -= self.lr * self.decay * theta
                theta -= self.lr * torch.clamp(self.m[i] / torch.clamp(self.gamma * self.h[i], min=self.eps), -1, 1)


def sophia() -> Any:
    return PaperSophia


def lion() -> Any:
    return PaperLion


def schedule_free() -> Any:
    return PaperScheduleFree


CASES = [
    optimizer("SGD", lr=0.1),
    optimizer("SGD", lr=0.1, momentum=0.9),
    optimizer("SGD", lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.05),
    optimizer("SGD", lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
    optimizer("SGD", lr=0.01, maximize=True),
    optimizer("Adam", lr=0.05),
    optimizer("Adam", lr=0.05, betas=(0.5, 0.7), eps=0.1, weight_decay=0.2),
    optimizer("Adam", lr=0.05, betas=(0.5, 0.7), amsgrad=True),
    optimizer("Adam", lr=0.01, maximize=True),
    optimizer("AdamW", lr=0.05),
    optimizer("AdamW", lr=0.05, betas=(0.0, 0.9), eps=1e-3, weight_decay=0.3, amsgrad=True),
    optimizer("AdamW", lr=0.01, maximize=True),
    optimizer("Adamax", lr=0.05),
    optimizer("Adamax", lr=0.05, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.2),
    optimizer("Adamax", lr=0.01, maximize=True),
    optimizer("NAdam", lr=0.05),
    optimizer("NAdam", lr=0.05, betas=(0.5, 0.7), eps=1e-3, weight_decay=0.2, momentum_decay=0.1),
    optimizer("NAdam", lr=0.05, weight_decay=0.2, decoupled_weight_decay=True),
    optimizer("NAdam", lr=0.01, maximize=True),
    optimizer("RAdam", lr=0.05),
    optimizer("RAdam", lr=0.05, betas=(0.5, 0.7), weight_decay=0.2),
    optimizer("RAdam", lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2, decoupled_weight_decay=True),
    optimizer("RAdam", lr=0.01, maximize=True),
    optimizer("RMSprop", lr=0.02),
    optimizer("RMSprop", lr=0.02, alpha=0.8, eps=1e-3, weight_decay=0.1),
    optimizer("RMSprop", lr=0.02, momentum=0.8),
    optimizer("RMSprop", lr=0.02, alpha=0.9, centered=True, momentum=0.5),
    optimizer("RMSprop", lr=0.01, maximize=True),
    optimizer("Adagrad", lr=0.1),
    optimizer("Adagrad", lr=0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5, eps=1e-3),
    optimizer("Adagrad", lr=0.01, maximize=True),
    optimizer("Adadelta"),
    optimizer("Adadelta", lr=0.5, rho=0.7, eps=1e-3, weight_decay=0.1),
    optimizer("Adadelta", maximize=True),
    groups("SGD", {}, {"lr": 0.02, "momentum": 0.5}, lr=0.1, weight_decay=0.1),
    groups("AdamW", {"weight_decay": 0.2}, {"betas": (0.5, 0.7)}, lr=0.05, weight_decay=0.0),
    optimizer("Lion", lion, lr=0.02),
    optimizer("Lion", lion, lr=0.02, betas=(0.5, 0.7), weight_decay=0.2),
    optimizer("Sophia", sophia, uses_hessian=True, lr=0.05, estimator="exact"),
    optimizer(
        "Sophia",
        sophia,
        uses_hessian=True,
        lr=0.05,
        betas=(0.5, 0.7),
        gamma=5.0,
        eps=1e-3,
        weight_decay=0.1,
        period=3,
        estimator="exact",
    ),
    optimizer("SGDScheduleFree", schedule_free, lr=0.5),
    optimizer("SGDScheduleFree", schedule_free, lr=0.5, momentum=0.5, weight_decay=0.1, warmup_steps=10),
    optimizer("AdamWScheduleFree", schedule_free, lr=0.05, betas=(0.9, 0.999)),
    optimizer(
        "AdamWScheduleFree", schedule_free, lr=0.05, betas=(0.5, 0.7), eps=1e-3, weight_decay=0.1, warmup_steps=10
    ),
]
