"""The interface of a compiled program's parameters: one vector, which an optimiser moves as a whole.

`ParameterVector` declares what such a vector can do, and lets optimisers tell it from a list of Values without loading
NumPy. The classes that implement it, `Parameters` and `Selection`, are in the compiler, which loads NumPy.
"""

from __future__ import annotations

from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from .value import Value


class ParameterVector:
    """The parameters of a compiled program, or some of them: a vector of numbers and one of gradients.

    ``program.parameters`` is one, and so is what its `only` returns.

    Attributes
    ----------
    data, grad : array
        The vectors; a number that is assigned to them goes into all entries.
    values : list of Value
        The parameters, in the order in which they were given or found.
    computed : bool
        Whether the gradient is what a program has computed, if only scaled or clipped since.

    Examples
    --------
    >>> import autograd
    >>> w = autograd.Value(2.0)
    >>> program = autograd.compile(lambda x: w * x, like=[0.0])
    >>> isinstance(program.parameters, ParameterVector)
    True
    """

    data: Any
    grad: Any
    values: list[Value]
    computed: bool

    def __len__(self) -> int:
        raise NotImplementedError

    def only(self, *which: str | Value | Iterable[Value]) -> ParameterVector:
        """Some of the parameters: those of the named parts, or these Values."""
        raise NotImplementedError

    def named(self) -> dict[str, list[int]]:
        """For each part, by its name, the positions of its parameters in `values`."""
        raise NotImplementedError

    def moved(
        self,
        rule: Callable[..., Any],
        state: Sequence[Any],
        settings: Mapping[str, Any],
        steps: Any,
    ) -> tuple[tuple[Any, ...], Any]:
        """The vector and its state after a step of an update rule, and how many steps each entry has made."""
        raise NotImplementedError

    def norm(self) -> float:
        """The gradient's Euclidean norm, which does not overflow before its entries do."""
        raise NotImplementedError

    def rows(self, vectors: Sequence[Any]) -> list[list[float]]:
        """Vectors such as those of an optimiser's state, as a list for each value, with a number from each vector."""
        raise NotImplementedError

    def vectors(self, rows: Sequence[Sequence[float]]) -> tuple[Any, ...]:
        """The reverse of `rows`."""
        raise NotImplementedError


_ahead: set[ref[ParameterVector]] = set()
"""The vectors whose numbers their Values do not have yet. The references are weak, so that programs can be freed."""


def mark_ahead(vector: ParameterVector, ahead: bool) -> None:
    """Note whether a vector has numbers that its Values do not have yet."""
    if ahead:
        _ahead.add(ref(vector, _ahead.discard))
    else:
        _ahead.discard(ref(vector))


def left_behind(leaves: Callable[[], Iterable[Value]]) -> bool:
    """Whether a compiled program has moved some of these Values, and they do not have its numbers yet.

    An optimiser moves the vector of a program; ``program.write_back()`` puts the numbers into the Values. The leaves
    are asked for only if there is such a program at all.

    Parameters
    ----------
    leaves : callable
        Returns the Values; it is called only if there is a program.

    Examples
    --------
    >>> import autograd
    >>> w = autograd.Value(2.0)
    >>> program = autograd.compile(lambda x: w * x, like=[0.0])
    >>> program.parameters.data = 3.0
    >>> left_behind(lambda: [w]), w.data
    (True, 2.0)
    >>> program.write_back()
    >>> left_behind(lambda: [w]), w.data
    (False, 3.0)
    """
    if not _ahead:
        return False
    own = set(map(id, leaves()))
    vectors = [vector for reference in list(_ahead) if (vector := reference()) is not None]
    return any(id(x) in own for vector in vectors for x in vector.values)
