"""What a walk over the attributes of modules has seen, so that the next one can tell at once whether anything is new.

Nobody is told when a list in an attribute is appended to. But to look whether each of many lists still holds the very
objects that it held takes microseconds, where to go through them and sort out the parameters takes a hundred times as
long. What a walk looks for is for `module` to say; here are the places where it has looked.
"""

from __future__ import annotations

from itertools import chain, compress
from operator import is_
from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

PLAIN = frozenset({bool, int, float, str, type(None)})
"""The classes of what can hold no parameter, nor be one."""

NOTHING, PART, NUMBER, STATE = range(4)  # see `Seen`


class Seen:
    """All that a walk has looked at, and what it found.

    Nothing here keeps the root alive, nor what attributes hold that no walk looks into, such as hidden states.

    Parameters
    ----------
    root : object
        Where the walk began.
    found : list
        What it found.
    owners : list of object
        Those whose attributes were looked at; the root is the first.
    roles : list of int
        What each of their attributes is to a walk: `NOTHING`, whatever it holds; `PART`, which may hold what is looked
        for; `NUMBER`, which cannot as long as it is of a class in `PLAIN`; `STATE`, which cannot as long as it is
        none of the `opened`.
    opened : tuple of type
        What a walk looks into.
    containers : list of list and dict
        What was looked into besides the owners.
    """

    __slots__ = (
        "counts", "dicts", "found", "items", "names", "numbers",
        "opened", "others", "owners", "parts", "root", "states",
    )  # fmt: skip

    def __init__(
        self,
        root: object,
        found: list[Any],
        owners: list[Any],
        roles: list[int],
        opened: tuple[type, ...],
        containers: list[Any],
    ) -> None:
        self.root, self.found, self.opened = ref(root), found, opened
        self.owners = owners[1:]
        self.dicts = [vars(owner) for owner in self.owners]
        self.others: list[Collection[Any]] = [dict.values(x) if isinstance(x, dict) else x for x in containers]
        self.parts, self.numbers, self.states = [[role == x for role in roles] for x in (PART, NUMBER, STATE)]
        dicts = [vars(root), *self.dicts]
        self.counts = [*map(len, dicts), *map(len, self.others)]
        self.names = list(chain.from_iterable(dicts))
        values = chain.from_iterable(map(dict.values, dicts))
        self.items = list(chain(compress(values, self.parts), chain.from_iterable(self.others)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _nothing, ()  # a copy has other attributes

    def same(self, root: object) -> bool:
        """Whether a walk from the root would see what this one has seen."""
        if self.root() is not root or not all(map(is_, map(vars, self.owners), self.dicts)):
            return False
        dicts = [vars(root), *self.dicts]
        if self.counts != [*map(len, dicts), *map(len, self.others)]:
            return False
        if self.names != list(chain.from_iterable(dicts)):
            return False
        values = list(chain.from_iterable(map(dict.values, dicts)))
        items = chain(compress(values, self.parts), chain.from_iterable(self.others))
        if not all(map(is_, items, self.items)):
            return False
        if not set(map(type, compress(values, self.numbers))) <= PLAIN:
            return False
        states = set(map(type, compress(values, self.states)))
        return not any(issubclass(kind, self.opened) for kind in states)


def _nothing() -> None:
    return None
