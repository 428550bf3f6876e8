"""What recurrent layers and attention share: telling a sequence from a batch of sequences, and checking shapes.

One sequence is a list of steps, and a step a list of numbers. A batch is a list of sequences, which may have different
lengths. By default, PyTorch's layers take a list of steps, each with all examples. Nothing is transposed here, so
`sequences` refuses such a list rather than take it for a batch. What the layers compute is in `recurrent` and
`attention`.
"""

from __future__ import annotations

from autograd import Value

from .batches import Batch, called, depth, is_list, listed, numbers_of, refusal
from .dropout import Dropout
from .module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class DropsInside(Module):
    """A module that drops numbers between its parts; the probability is an attribute, ``dropout``, as in PyTorch."""

    _dropout: Dropout

    @property
    def dropout(self) -> float:
        """Probability of `Dropout` within the module, in training."""
        return self._dropout.p

    @dropout.setter
    def dropout(self, p: float) -> None:
        self._dropout.p = p


def sequences(module: Module, x: Any, batch_first: bool, name: str = "its input") -> tuple[list[Any], bool]:
    """The sequences that a module is called with, and whether they are a batch rather than one by itself.

    Parameters
    ----------
    batch_first : bool
        The module's setting. A `Batch` is a batch whatever it is.
    name : str
        What the sequences are called, for messages.

    Raises
    ------
    ValueError
        If three levels of lists may be meant as PyTorch's time steps of a batch, or if there are more.

    Examples
    --------
    >>> import nn
    >>> sequences(nn.Module(), [[1.0], [2.0]], batch_first=False)
    ([[[1.0], [2.0]]], False)
    >>> sequences(nn.Module(), [[[1.0], [2.0]]], batch_first=True)
    ([[[1.0], [2.0]]], True)
    """
    x = listed(module, x)
    if isinstance(x, Batch):
        return list(x), True
    levels = depth(x)
    if levels > 3:
        raise ValueError(
            f"{called(module)} takes {name} as a list of steps, or as a list of sequences for a batch, but this has "
            f"{levels} levels of lists: {x!r:.60}"
        )
    if levels == 3:
        if not batch_first:
            raise ValueError(
                f"{called(module)} has batch_first=False, so PyTorch would take {name} as a list of steps with all "
                "examples in each, but here a batch is a list of sequences; set batch_first=True, or give it "
                "nn.Batch(sequences)"
            )
        return list(x), True
    return [x], False


def steps(module: Module, x: Any, size: int, name: str = "its input") -> list[tuple[Value, ...]]:
    """The steps of one sequence, as Values; where a step has one number, it may stand without a list.

    Raises
    ------
    ValueError
        If there is no step, or if one has not `size` numbers.
    TypeError
        If something is not a number.

    Examples
    --------
    >>> import nn
    >>> steps(nn.Module(), [1.0, [2.0]], 1)
    [(Value(data=1.0, grad=0.0),), (Value(data=2.0, grad=0.0),)]
    """
    x = listed(module, x)
    if len(x) == 0:
        raise ValueError(f"{called(module)} takes {name} with at least one step, got none")
    made = []
    for position, item in enumerate(x, 1):
        step = numbers_of(module, item)
        if len(step) != size:
            raise ValueError(
                f"{called(module)} takes {name} with {size} numbers in each step, but step {position} has {len(step)}"
            )
        made.append(step)
    return made


def numbers(module: Module, x: Any, size: int) -> tuple[Value, ...]:
    """The numbers of one example, as Values, of which there must be `size`.

    Examples
    --------
    >>> import nn
    >>> numbers(nn.Module(), [1.0], 1)
    (Value(data=1.0, grad=0.0),)
    """
    made = numbers_of(module, x)
    if len(made) != size:
        raise refusal(module, made, size)  # type: ignore[misc]
    return made


def shaped(module: Module, x: Any, shape: Sequence[int], name: str, axes: str) -> Any:
    """Nested lists of a shape, unchanged except for the innermost, which become tuples of Values.

    Parameters
    ----------
    name, axes : str
        What they are called, and what their levels are, for messages.

    Raises
    ------
    ValueError
        If they have another shape.
    TypeError
        If something is not a number.

    Examples
    --------
    >>> import nn
    >>> shaped(nn.Module(), [[1.0], [2.0]], (2, 1), "h_0", "layers, units")
    [(Value(data=1.0, grad=0.0),), (Value(data=2.0, grad=0.0),)]
    """
    check_shape(called(module), x, shape, name, f"numbers ({axes})")
    return _rows(module, x, len(shape))


def check_shape(user: str, x: Any, shape: Sequence[int], name: str, items: str) -> None:
    """Raise a ValueError if nested lists have not the shape that they must have.

    Parameters
    ----------
    user, name, items : str
        Who takes them, what they are called, and what they consist of, for the message.

    Examples
    --------
    >>> check_shape("RNN", [[1.0], [2.0]], (2, 3), "h_0", "numbers")
    Traceback (most recent call last):
    ValueError: RNN takes h_0 as 2 x 3 numbers, got 2 x 1
    """
    if not fits(x, shape):
        raise ValueError(f"{user} takes {name} as {_by(shape)} {items}, got {_described(x)}")


def fits(x: Any, shape: Sequence[int]) -> bool:
    """Whether nested lists have a shape.

    Examples
    --------
    >>> fits([[1.0], [2.0]], (2, 1)), fits([[1.0], []], (2, 1))
    (True, False)
    """
    if not shape:
        return not is_list(x)
    return is_list(x) and len(x) == shape[0] and all(fits(item, shape[1:]) for item in x)


def _rows(module: Module, x: Any, levels: int) -> Any:
    return numbers_of(module, x) if levels == 1 else [_rows(module, item, levels - 1) for item in x]


def _described(x: Any) -> str:
    """Nested lists as messages show them: by their shape, or by their beginning if they have none."""
    shape = []
    first = x
    while is_list(first):
        shape.append(len(first))
        if len(first) == 0:
            break
        first = first[0]
    return _by(shape) if shape and fits(x, shape) else f"{x!r:.60}"


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
