"""The inputs of modules: the numbers of one example, or a batch of examples.

Each module says how many levels of lists an example has: one for a `Linear`, three for a `Conv2d` (channels, rows,
columns). An input with more levels is a batch, and the module returns a list with the output for each example. Where
that is ambiguous, mark a batch by making it a `Batch`; the output for a `Batch` is a `Batch`, too.
"""

from __future__ import annotations

from autograd import Value, advice, values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .module import Module

NO_LISTS = (dict, set, frozenset, str, bytes)
"""Types that can be iterated over, but are no lists of numbers."""


class Batch(list):  # type: ignore[type-arg]
    """A list that is marked as a batch of examples.

    Most modules tell a batch from one example by its nesting, so any list will do. Some cannot: `Flatten` makes one
    list of all that an example holds, whatever its shape.

    Parameters
    ----------
    iterable : iterable, optional
        The examples.

    Examples
    --------
    >>> Batch([[1.0, 2.0], [3.0, 4.0]])
    Batch([[1.0, 2.0], [3.0, 4.0]])
    """

    def __repr__(self) -> str:
        return f"Batch({super().__repr__()})"


def is_list(x: object) -> bool:
    """Whether x is a list, a tuple or an array rather than one number or Value."""
    return isinstance(x, (list, tuple)) or getattr(x, "ndim", 0) > 0


def depth(x: Any) -> int:
    """How many levels of lists there are around the first number.

    Examples
    --------
    >>> depth(1.0), depth([1.0, 2.0]), depth([[1.0], [2.0]])
    (0, 1, 2)
    """
    levels = 0
    while is_list(x):
        if hasattr(x, "ndim"):
            return levels + int(x.ndim)
        levels += 1
        if len(x) == 0:
            break
        x = x[0]
    return levels


def is_batch(x: Any, levels: int) -> bool:
    """Whether x is a batch for a module whose examples have so many levels of lists.

    Examples
    --------
    >>> is_batch([1.0, 2.0], 1), is_batch([[1.0, 2.0]], 1), is_batch(Batch([1.0, 2.0]), 1)
    (False, True, True)
    """
    return isinstance(x, Batch) or depth(x) > levels


def over(function: Callable[[Any], Any], x: Any, levels: int) -> Any:
    """`function` of an example, or of each example in a batch; batches may be nested.

    Examples
    --------
    >>> over(max, [1.0, 3.0], 1), over(max, [[1.0, 3.0], [2.0, 0.0]], 1)
    (3.0, [3.0, 2.0])
    """
    if not is_batch(x, levels):
        return function(x)
    if not isinstance(x, Batch) and not all(map(is_list, x)):
        stray = next(item for item in x if not is_list(item))
        raise TypeError(f"the items of a list must be alike, but among lists there is {stray!r:.60}")
    made = [over(function, item, levels) for item in x]
    # A list of vectors stays a list, because it may also be the steps of a sequence; a list of images is a batch.
    return Batch(made) if isinstance(x, Batch) or levels > 1 else made


def each(function: Callable[[Any], Any], x: Any) -> Any:
    """`function` of x, or of every number in the (nested) list x.

    Examples
    --------
    >>> each(abs, [-1.0, [2.0, -3.0]])
    [1.0, [2.0, 3.0]]
    """
    if not is_list(x):
        return function(x)
    made = [each(function, item) for item in x]
    return Batch(made) if isinstance(x, Batch) else made


def flat(x: Any) -> list[Any]:
    """The numbers in nested lists, in order.

    Examples
    --------
    >>> flat([[1.0, 2.0], [3.0]])
    [1.0, 2.0, 3.0]
    """
    if not is_list(x):
        return [x]
    return [number for item in x for number in flat(item)]


def called(module: Module) -> str:
    """The name of a module in messages: its class, and its scope if it has one.

    Examples
    --------
    >>> import nn
    >>> called(nn.Module())
    'Module'
    """
    return f"{type(module).__name__}{'' if module._place is None else f' {module._place.scope!r}'}"


def listed(module: Module, x: Any) -> Any:
    """The input of a module as a list or tuple; a number by itself becomes a list of one.

    Raises
    ------
    TypeError
        If it is not a list of anything: a text, a dict, a set.

    Examples
    --------
    >>> import nn
    >>> listed(nn.Module(), 1.0), listed(nn.Module(), range(3))
    ([1.0], [0, 1, 2])
    """
    if isinstance(x, (list, tuple)):
        return x
    if isinstance(x, NO_LISTS):
        raise TypeError(f"{called(module)} takes a list of numbers, not {type(x).__name__}: {x!r:.60}")
    if getattr(x, "ndim", 1) > 0 and hasattr(x, "__iter__"):  # an array of NumPy's, a generator, ...
        return list(x.to_numpy() if hasattr(x, "to_numpy") else x)  # iterating over a pandas table gives column names
    return [x]


def numbers_of(module: Module, x: Any) -> tuple[Value, ...]:
    """The numbers of one example, as Values; a number by itself is one input.

    Raises
    ------
    TypeError
        If they are not numbers, or not a list.
    OverflowError
        If one is too large for a float.

    Examples
    --------
    >>> import nn
    >>> numbers_of(nn.Module(), [1.0])
    (Value(data=1.0, grad=0.0),)
    """
    try:
        return values(listed(module, x))
    except (TypeError, OverflowError) as error:
        raise refusal(module, x) or error from None


def refusal(module: Module, x: Any, nin: int | None = None) -> Exception | None:
    """The error to raise for the inputs of a module, which takes `nin` if that is given; None if nothing is wrong.

    Examples
    --------
    >>> import nn
    >>> refusal(nn.Module(), [1.0, "2"])
    TypeError("Module takes numbers, but input 2 is str: '2'; float() reads a number from a text")
    """
    x = listed(module, x)
    for i, item in enumerate(x):
        try:
            values([None] if is_list(item) else [item])
        except TypeError:
            where = f"input {i + 1} is" if len(x) > 1 else "got"
            return TypeError(
                f"{called(module)} takes numbers, but {where} {type(item).__name__}: {item!r:.60}{advice(item)}"
            )
        except OverflowError as error:
            return error
    if nin is not None and len(x) != nin:
        return ValueError(f"{called(module)} takes {nin} inputs, got {len(x)}")
    return None
