"""The exercises of the lesson on activations."""

from __future__ import annotations

from collections.abc import Sequence

from ..checking import Wrong, call, close, number

Rows = Sequence[Sequence[float]]


def needed(answer: object) -> None:
    """The answer is 3: two weights and a bias."""
    got = number(answer)
    if close(got, 3):
        return
    if close(got, 2):
        raise Wrong("Two weights, one for each input: right. But a layer has a bias, too.")
    if close(got, 10_501):
        raise Wrong("All of them collapse: the three matrices become one, with a row for the output alone.")
    if got > 100:
        raise Wrong("The hidden units are gone in the product. What has the layer from 2 inputs to 1 output?")
    raise Wrong(f"It is not {got:g}. The one layer goes from 2 inputs to 1 output: count its weights and its bias.")


_WEIGHTS = [[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0], [0.0, 1.0], [-2.0, 0.0]]
_BIASES = [0.0, -0.5, 1.5, 0.0, -1.0]
_INPUTS = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
"""For each input z is 0 in unit 3, which is dead, and below 0 in unit 4; unit 2 would be dead without its bias."""


def dead(answer: object) -> None:
    """The answer is a function that finds the units whose z is 0 or less for all inputs."""
    what = "dead(W, b, inputs)"
    got = _units(call(answer, what, _WEIGHTS, _BIASES, _INPUTS), what)
    shown = f"With W = {_WEIGHTS}, b = {_BIASES} and inputs = {_INPUTS}"
    if got == [0, 1, 2, 3, 4]:
        raise Wrong(f"{shown} it called every unit dead. A unit is dead if it is off for ALL inputs, not for one.")
    if got == [4]:
        raise Wrong("A unit whose z is 0 for every input gives 0, too, and its slope is 0: use <=, not <.")
    if got == [2, 3, 4]:
        raise Wrong("The biases were forgotten: z = b + the sum of w x.")
    if got == [0, 1, 2]:
        raise Wrong("These are the units that are alive.")
    _expect(got, shown)
    for W, b, inputs in (
        ([[1.0], [-1.0]], [-3.0, -3.0], [[1.0], [2.0]]),
        ([[1.0, 0.0, 0.0]], [0.0], [[-1.0, 9.0, 9.0], [1.0, 0.0, 0.0]]),
        ([[-1.0, 2.0], [1.0, -2.0], [-1.0, -1.0]], [0.0, 0.0, 0.0], [[1.0, 1.0], [2.0, 0.5]]),
    ):
        right = _dead(W, b, inputs)
        found = _units(call(answer, what, W, b, inputs), what)
        if found != right:
            raise Wrong(f"With W = {W}, b = {b} and inputs = {inputs} it should give {right}, and gave {found}.")


def _expect(got: list[int], shown: str) -> None:
    right = _dead(_WEIGHTS, _BIASES, _INPUTS)
    if got != right:
        raise Wrong(f"{shown} it should give {right}, and gave {got}.")


def _units(got: object, what: str) -> list[int]:
    """The unit numbers that the reader's function returned, in order."""
    try:
        found = list(got)  # type: ignore[call-overload]
    except TypeError:
        raise Wrong(f"{what} should return a list of the numbers of the dead units, not {got!r:.60}.") from None
    if any(isinstance(unit, bool) for unit in found):
        raise Wrong("Return the numbers of the dead units, such as [3, 4], not True or False for each unit.")
    return sorted(int(number(unit)) for unit in found)


def _dead(W: Rows, b: Sequence[float], inputs: Rows) -> list[int]:
    found = []
    for i, (row, b_i) in enumerate(zip(W, b)):
        if all(b_i + sum(w * x_j for w, x_j in zip(row, x)) <= 0 for x in inputs):
            found.append(i)
    return found


ANSWERS = {"needed": 3, "dead": _dead}
