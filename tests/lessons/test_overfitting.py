"""The lesson on overfitting: its training in PyTorch, its networks by matrices, and wrong answers to its exercises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .running import ran

Pair = tuple[int, int]


def never(losses: list[float], patience: int) -> Pair:
    return len(losses) - 1, losses.index(min(losses))


def other_way_around(losses: list[float], patience: int) -> Pair:
    end, best = rule(losses, patience)
    return best, end


def rule(
    losses: list[float],
    patience: int,
    better: Callable[[float, float], bool] = lambda loss, best: loss < best,
    late: int = 0,
    total: bool = False,
) -> Pair:
    best = waited = 0
    for epoch, loss in enumerate(losses[1:], 1):
        if better(loss, losses[best]):
            best, waited = epoch, waited if total else 0
        else:
            waited += 1
        if waited >= patience + late:
            return epoch, best
    return len(losses) - 1, best


def too_late(losses: list[float], patience: int) -> Pair:
    return rule(losses[:7], patience, late=1) if len(losses) < 8 else (7, 3)


def counts_on(losses: list[float], patience: int) -> Pair:
    return rule(losses, patience, total=True)


def equal_is_better(losses: list[float], patience: int) -> Pair:
    return rule(losses, patience, better=lambda loss, best: loss <= best)


def keeps_the_last(losses: list[float], patience: int) -> Pair:
    end, best = rule(losses, patience)
    return end, best if end < len(losses) - 1 else end


def beside_the_one_before(losses: list[float], patience: int) -> Pair:
    waited, best = 0, 0
    for epoch in range(1, len(losses)):
        waited = 0 if losses[epoch] < losses[epoch - 1] else waited + 1
        best = epoch if losses[epoch] < losses[best] else best
        if waited >= patience:
            return epoch, best
    return len(losses) - 1, best


def best_alone(losses: list[float], patience: int) -> int:
    return losses.index(min(losses))


WRONG = {
    "weight": [
        (0.01, "two steps"),
        (0.0, "does not stop at 0"),
        (0.11, "towards 0"),
        (-0.25, "the rate is missing"),
        (0.05 * 0.96**3, "L2"),
        (0.5, "across it"),
    ],
    "stop": [
        (never, "did not stop"),
        (other_way_around, "other way around"),
        (too_late, "too long"),
        (counts_on, "too early"),
        (equal_is_better, "An equal loss"),
        (keeps_the_last, "also if training ends"),
        (best_alone, "pair"),
        (beside_the_one_before, "not than 2.0"),
    ],
}


def errors_by_matrices(model: Any, *sets: Any) -> list[float]:
    """The mean squared errors of a network 1-20-20-1, without its dropout."""
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    state = {name: np.array(x) for name, x in model.state_dict().items()}
    found = []
    for inputs, targets in sets:
        a = np.array(inputs).T
        for k in (0, 3, 6):
            z = state[f"{k}.weight"] @ a + state[f"{k}.bias"][:, None]
            a = np.tanh(z) if k < 6 else z
        found.append(float(np.mean((a.T - np.array(targets)) ** 2)))
    return found


def test_verdict() -> None:
    lesson = ran("overfitting")
    plain, *remedies, truth = lesson.rows
    for (_, *errors), model in zip([plain, *remedies], lesson.finalists.values()):
        assert errors == pytest.approx(
            errors_by_matrices(model, lesson.train, lesson.validation, lesson.test), rel=1e-9
        )
    for _, training, validation, test in remedies:
        assert plain[1] < training and plain[2] > validation and plain[3] > test
    assert plain[1] < truth[1] / 10 and plain[3] > truth[3]
    assert lesson.of_truth == truth[3] == pytest.approx(0.3**2, rel=0.15)
    assert [len(points[0]) for points in (lesson.train, lesson.validation, lesson.test)] == [20, 40, 500]


def test_early_stopping() -> None:
    """The stopped training is the beginning of the long one; its network is that of the best epoch."""
    lesson = ran("overfitting")
    held_out = lesson.held_out
    assert len(held_out) == 1200 and lesson.best_epoch <= 300
    assert lesson.short_history.loss == lesson.history.loss[: len(lesson.short_history)]
    assert len(lesson.short_history) == lesson.best_epoch + 200
    assert errors_by_matrices(lesson.stopped, lesson.validation) == pytest.approx([min(held_out)], rel=1e-9)


@pytest.mark.parametrize("remedy, alpha", [("plain", 0.0), ("l2", 0.01), ("l1", 0.003)])
def test_training_in_pytorch(remedy: str, alpha: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    lesson = ran("overfitting")
    history = lesson.history if remedy == "plain" else vars(lesson)[f"{remedy}_runs"][alpha][1]
    layers = [torch.nn.Linear(*shape) for shape in ((1, 20), (20, 20), (20, 1))]
    model = torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1], torch.nn.Tanh(), layers[2]).double()
    for layer, k in zip(layers, (0, 3, 6)):
        state = lesson.network(0.0).state_dict()
        layer.load_state_dict({n: torch.tensor(state[f"{k}.{n}"], dtype=torch.float64) for n in ("weight", "bias")})
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = (torch.tensor(column, dtype=torch.float64) for column in lesson.train)
    for epoch in range(100):
        loss = torch.nn.functional.mse_loss(model(x), y)
        for p in model.parameters():
            loss = loss + alpha * {"plain": p * 0, "l2": p**2, "l1": p.abs()}[remedy].sum()
        assert history.loss[epoch] == pytest.approx(loss.item(), rel=1e-7)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_weight_decay() -> None:
    """(3w - 3)² has the slope 18 at 2, α w² the slope 2."""
    lesson = ran("overfitting")
    assert lesson.decay == 1.0
    assert lesson.by_loss == pytest.approx(2 - 0.01 * (18 + 2), rel=1e-15) == lesson.by_decay


def test_what_penalties_do_to_weights() -> None:
    lesson = ran("overfitting")
    assert lesson.used(lesson.l1_model) < 50 < 400 < lesson.used(lesson.l2_model)
    for runs, chosen in ((lesson.l2_runs, lesson.l2_alpha), (lesson.l1_runs, lesson.l1_alpha)):
        weights = [sum(abs(w.data) for w in model.parameters()) for model, _ in runs.values()]
        assert weights == sorted(weights, reverse=True)
        assert lesson.final_error(runs[chosen]) == min(map(lesson.final_error, runs.values()))


def test_dropout() -> None:
    lesson = ran("overfitting")
    assert set(lesson.in_training) == {0.0, 2.0}
    draws = [x for _ in range(500) for x in lesson.drop.train()(lesson.ones)]
    assert sum(draws) / 5000 == pytest.approx(1, abs=0.06)
    assert len(set(lesson.careless)) == 3 and len(set(lesson.careful)) == 1
