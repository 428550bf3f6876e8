"""The lesson on batches: its gradients and spreads by formulas, its loop in PyTorch, and wrong answers."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from .running import exactly, ran, transcript


def full_batches_only(examples: list[Any], size: int, seed: int) -> list[list[Any]]:
    order = random.Random(seed).sample(examples, len(examples))
    return [order[k * size : (k + 1) * size] for k in range(len(order) // size)]


def in_place(examples: list[Any], size: int, seed: int) -> list[list[Any]]:
    random.Random(seed).shuffle(examples)
    return [examples[start : start + size] for start in range(0, len(examples), size)]


def in_order(examples: list[Any], size: int, seed: int) -> list[list[Any]]:
    return [examples[start : start + size] for start in range(0, len(examples), size)]


def drawn(examples: list[Any], size: int, seed: int) -> list[list[Any]]:
    generator = random.Random(seed)
    order = [generator.choice(examples) for _ in examples]
    return in_order(order, size, seed)


def without_seed(examples: list[Any], size: int, seed: int) -> list[list[Any]]:
    return in_order(random.sample(examples, len(examples)), size, seed)


def one_seed(examples: list[Any], size: int, seed: int) -> list[list[Any]]:
    return in_order(random.Random(0).sample(examples, len(examples)), size, seed)


def empty_at_the_end(examples: list[Any], size: int, seed: int) -> list[list[Any]]:
    return [*in_order(random.Random(seed).sample(examples, len(examples)), size, seed), []]


def one_list(examples: list[Any], size: int, seed: int) -> list[Any]:
    return random.Random(seed).sample(examples, len(examples))


def parts(examples: list[Any], size: int, seed: int) -> list[list[Any]]:
    """A wrong answer: makes `size` batches, instead of batches of this size."""
    order = random.Random(seed).sample(examples, len(examples))
    return [order[k::size] for k in range(size)]


WRONG = {
    "size": [(80, "root of 5"), (25, "factor"), (1, "has to grow"), (100, "not 0.1"), (0, "has to grow")],
    "batches": [
        (full_batches_only, "missing"),
        (in_place, "Shuffle a copy"),
        (in_order, "should be random"),
        (drawn, "come twice"),
        (without_seed, "same seed"),
        (one_seed, "Other seeds"),
        (empty_at_the_end, "empty"),
        (one_list, "list of lists"),
        (parts, "4, 4 and 2"),
    ],
}


def slopes_by_hand(w: float, b: float, xs: list[float], ys: list[float]) -> list[tuple[float, float]]:
    return [(2 * (w * x + b - y) * x, 2 * (w * x + b - y)) for x, y in zip(xs, ys)]


def test_gradients_are_right_on_average() -> None:
    lesson = ran("batches")
    by_hand = slopes_by_hand(lesson.W, lesson.B, lesson.xs, lesson.ys)
    assert lesson.singles == [exactly(pair) for pair in by_hand]
    full = [math.fsum(column) / 64 for column in zip(*by_hand)]
    assert lesson.full == pytest.approx(full, rel=1e-13)
    assert len(lesson.pairs) == 64 * 63 / 2
    assert [math.fsum(column) / 2016 for column in zip(*lesson.pairs)] == pytest.approx(full, rel=1e-13)
    assert lesson.against == sum(by_w * full[0] < 0 for by_w, _ in by_hand)


def test_spread_of_all_pairs_is_that_of_the_formula() -> None:
    """Exactly for all possible batches of 2; for random batches, as far as 2000 of them tell."""
    lesson = ran("batches")
    by_w = [pair[0] for pair in slopes_by_hand(lesson.W, lesson.B, lesson.xs, lesson.ys)]
    centre = math.fsum(by_w) / 64
    sigma = math.sqrt(math.fsum((g - centre) ** 2 for g in by_w) / 64)
    assert lesson.sigma == pytest.approx(sigma, rel=1e-12)
    of_pairs = math.sqrt(math.fsum((g - centre) ** 2 for g, _ in lesson.pairs) / 2016)
    assert of_pairs == pytest.approx(sigma / math.sqrt(2) * math.sqrt(62 / 63), rel=1e-12)
    for size, drawn, expected, dealt, corrected in lesson.rows:
        assert expected == pytest.approx(sigma / math.sqrt(size), rel=1e-12)
        assert corrected == pytest.approx(sigma / math.sqrt(size) * math.sqrt((64 - size) / 63), rel=1e-12, abs=1e-12)
        assert drawn == pytest.approx(expected, rel=0.06)
        assert dealt == pytest.approx(corrected, rel=0.06, abs=1e-12)


def test_the_race() -> None:
    """Each step by the formula, and the excess as a parabola around the line of the normal equations."""
    lesson = ran("batches")
    xs, ys = lesson.xs, lesson.ys
    sx, sy, sxx, sxy = sum(xs), sum(ys), sum(x * x for x in xs), sum(x * y for x, y in zip(xs, ys))
    best_w = (64 * sxy - sx * sy) / (64 * sxx - sx * sx)
    best_b = (sy - best_w * sx) / 64
    assert (lesson.best_w, lesson.best_b) == pytest.approx((best_w, best_b), rel=1e-12)
    for size, rate in lesson.CONTESTANTS.values():
        path, excess = lesson.trained[f"{size}, rate {rate}"]
        order, shuffler, (w, b), steps = list(range(64)), random.Random(0), (-1.5, 1.5), 0
        for epoch in range(40):
            shuffler.shuffle(order)
            for start in range(0, 64, size):
                batch = order[start : start + size]
                slopes = slopes_by_hand(w, b, [xs[k] for k in batch], [ys[k] for k in batch])
                w, b = (p - rate * sum(g) / size for p, g in zip((w, b), zip(*slopes)))
                steps += 1
                assert path[steps] == pytest.approx((w, b), rel=1e-9)
            above = sum(((w - best_w) * x + b - best_b) ** 2 for x in xs) / 64
            assert excess[epoch + 1] == pytest.approx(above, rel=1e-6, abs=1e-12)
    one, eight, full, fast = (
        lesson.trained[f"{plan}"][1] for plan in ("1, rate 0.1", "8, rate 0.1", "64, rate 0.1", "64, rate 0.5")
    )
    assert one[1] < eight[1] < full[1]
    assert fast[40] < eight[40] < min(one[40], full[40])


def test_64_examples_take_less_than_64_steps() -> None:
    prices = ran("batches").prices
    assert prices[64] < 30 * prices[1]


def test_the_loop_in_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    lesson = ran("batches")
    ours = lesson.TorchNetwork()
    theirs = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    names = {"hidden": "0", "output": "2"}
    state = {".".join([names[n.split(".")[0]], n.split(".")[1]]): x for n, x in ours.state_dict().items()}
    theirs.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in state.items()})
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    loader = lesson.nn.DataLoader(lesson.data, batch_size=8, shuffle=True, seed=0)
    for wanted in lesson.epoch_losses:
        theirs.train()
        total = 0.0
        for inputs, targets in loader:
            x, y = (torch.tensor(column, dtype=torch.float64) for column in (list(inputs), list(targets)))
            loss = torch.nn.MSELoss()(theirs(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(inputs)
        assert total / 64 == pytest.approx(wanted, rel=1e-10)
    assert "the network itself: True\nthe switch: True and after eval(): False" in transcript("batches")
