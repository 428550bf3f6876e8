"""Losses beside PyTorch's: a `Linear` layer is trained with each, on one batch."""

from __future__ import annotations

from typing import Any

import nn
from autograd import compile

from ..loss_problems import PROBLEMS, Problem, tensor
from . import STEPS, Case, difference
from .training import random_numbers

EXAMPLES, LR = 5, 0.05


def trained(problem: Problem) -> Case:
    def run(way: str) -> float:
        import torch

        model = nn.Linear(3, problem.outputs, seed=1)
        twin: Any = torch.nn.Linear(3, problem.outputs).double()
        twin.load_state_dict({key: torch.tensor(x, dtype=torch.float64) for key, x in model.state_dict().items()})
        x, target = random_numbers((EXAMPLES, 3), seed=1), problem.targets(EXAMPLES)
        criterion, theirs = problem.our_module(), problem.pytorchs_module(torch)
        losses, expected = [], []

        def loss(x: Any, *target: Any) -> Any:
            return criterion(*problem.arguments(model(x), *(target or [None])))

        given = [] if target is None else [target]
        program = compile(loss, model, batch=False) if way == "compiled" else None
        trained: Any = model.parameters()
        for _ in range(STEPS):
            if program is None:
                error = loss(x, *given)
                model.zero_grad()
                error.backward()
                losses.append(error.data)
            else:
                losses.append(float(program(x, *given)[0]))
                trained = program.parameters
            nn.SGD(trained, lr=LR).step()
            made = twin(torch.tensor(x, dtype=torch.float64))
            known = None if target is None else tensor(torch, target)
            error = theirs(*problem.arguments(made, known, torch.nn.functional))
            twin.zero_grad()
            error.backward()
            expected.append(error.item())
            with torch.no_grad():
                for p in twin.parameters():
                    if p.grad is not None:
                        p -= LR * p.grad
        if program is not None:
            program.write_back()
        state, theirs_now = model.state_dict(), twin.state_dict()
        weights = [w for row in state["weight"] for w in row]
        return max(
            difference(losses, expected),
            difference(weights, theirs_now["weight"].flatten().tolist()),
            difference(state["bias"], theirs_now["bias"].tolist()),
        )

    options = problem.written()
    return Case(problem.module, f"{options}{', ' if options else ''}of {problem.target}", run)


CASES = [trained(problem) for problem in PROBLEMS]
