"""The exercises of the lesson on batches."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from ..checking import Wrong, call, close, number


def size(answer: object) -> None:
    """The answer is 400: a fifth of the spread takes a batch 25 times as large as 16."""
    got = number(answer)
    if close(got, 400):
        return
    if close(got, 80):
        raise Wrong("Five times as large a batch has a spread smaller by the root of 5 only.")
    if close(got, 25):
        raise Wrong("25 is the factor. The batch had 16 examples before.")
    if got < 16:
        raise Wrong("A smaller batch is noisier. The spread is to fall, so the batch has to grow.")
    raise Wrong(
        f"With {got:g} examples the spread is 0.5 · root of (16 / {got:g}) = {0.5 * (16 / got) ** 0.5:.4g}, not 0.1."
    )


def batches(answer: object) -> None:
    """The answer is a function; checks ten examples in batches of 4, and other lengths, sizes and seeds."""
    given = list("abcdefghij")
    what = "batches(list('abcdefghij'), 4, seed=1)"
    made = _lists(call(answer, what, given, 4, 1), what)
    if given != list("abcdefghij"):
        raise Wrong("The list that was given has changed. Shuffle a copy: list(examples).")
    dealt = [example for batch in made for example in batch]
    lengths = [len(batch) for batch in made]
    if lengths == [4, 4] or len(set(dealt)) == 8:
        raise Wrong("Two of ten examples are missing: the last batch may be smaller, but it must not be left out.")
    if 0 in lengths:
        raise Wrong("One of the batches is empty.")
    if len(dealt) == 10 and len(set(dealt)) < 10:
        raise Wrong("Some examples come twice, and others never. Shuffle and cut, do not draw again and again.")
    if sorted(dealt) != given:
        raise Wrong(f"Every example should come exactly once; {what} has {len(dealt)} in all: {made!r:.70}.")
    if lengths != [4, 4, 2]:
        raise Wrong(f"Ten examples in fours are batches of 4, 4 and 2, not of {', '.join(map(str, lengths))}.")
    same = _lists(call(answer, what, given, 4, 1), what)
    if same != made:
        raise Wrong("The same seed gave another order. Make a random.Random(seed) in each call.")
    others = [_lists(call(answer, f"batches(..., 4, seed={seed})", given, 4, seed), what) for seed in range(2, 8)]
    if all(other == made for other in others):
        if dealt == given:
            raise Wrong("The order is that of the list. It should be random.")
        raise Wrong("Other seeds give the same order. Use the seed that was given.")
    for count, of in ((1, 3), (3, 3), (7, 3)):
        what = f"batches(list(range({of})), {count}, seed=0)"
        made = _lists(call(answer, what, list(range(of)), count, 0), what)
        lengths, wanted = [len(batch) for batch in made], [1, 1, 1] if count == 1 else [3]
        if lengths != wanted:
            raise Wrong(f"{what} should have batches of {wanted} examples, not of {lengths}.")


def _lists(returned: Any, what: str) -> list[list[Any]]:
    """What the reader's function returned, as a list of lists."""
    if not isinstance(returned, (list, tuple)) or not all(isinstance(batch, (list, tuple)) for batch in returned):
        raise Wrong(f"{what} should return a list of lists, and returned {returned!r:.60}.")
    return [list(batch) for batch in returned]


def _batches(examples: Sequence[Any], size: int, seed: int) -> list[list[Any]]:
    order = list(examples)
    Random(seed).shuffle(order)
    return [order[start : start + size] for start in range(0, len(order), size)]


ANSWERS = {"size": 400, "batches": _batches}
