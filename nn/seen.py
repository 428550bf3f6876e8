"""What a walk over the attributes of modules has seen, so that the next one can tell at once whether anything is new.

Nobody is told when a list in an attribute is appended to. But to look whether each of many lists still holds the very
objects that it held takes microseconds, where to go through them and sort out the parameters takes a hundred times as
long. What a walk looks for is for `module` to say; here are the places where it has looked.
"""

from __future__ import annotations

from itertools import chain, compress
from weakref import ref

from autograd import identical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Any

PLAIN = frozenset({bool, int, float, str, type(None)})
"""The classes of what can hold no parameter, nor be one."""

NOTHING, PART, NUMBER, STATE = range(4)  # see `Seen`


class Seen:
    """All that a walk has looked at, and what it found.

    A walk asks here for what there is to look at, so that both know the same, also if another thread changes something
    in the middle of it. Nothing here keeps the root alive, nor what attributes hold that no walk looks into, such as
    hidden states.

    Parameters
    ----------
    root : object
        Where the walk begins.
    opened : tuple of type
        What a walk looks into.

    Attributes
    ----------
    found : list
        What the walk found.
    """

    __slots__ = (
        "containers", "counts", "dicts", "found", "gathered", "held", "names", "opened", "owners", "roles", "root",
    )  # fmt: skip

    def __init__(self, root: object, opened: tuple[type, ...]) -> None:
        self.root, self.opened = ref(root), opened
        self.found: list[Any] = []
        self.owners: list[Any] = []  # whose attributes were looked at, but for the root
        self.dicts: tuple[dict[str, Any], ...] = ()  # their attributes
        self.counts: tuple[list[int], list[int]] = [], []  # how many each owner has, the root first; how many items
        self.names: list[str] = []
        self.roles: tuple[list[bool], ...] = [], [], []  # of each attribute, whether it is a PART, a NUMBER, a STATE
        self.held: tuple[Any, ...] = ()  # by the attributes that are parts, and then by the containers
        self.containers: list[Collection[Any]] = []
        self.gathered: tuple[list[Any], ...] = [], [], []  # both, and the dicts, while the walk goes on

    def __reduce__(self) -> tuple[Any, ...]:
        return _nothing, ()  # a copy has other attributes

    def attributes(self, owner: Any, role: Callable[[Any, str, Any], int]) -> Iterator[tuple[str, Any, int]]:
        """The attributes of one that the walk has come to, the root first: names, values and roles.

        A role is `NOTHING`, whatever the attribute holds; `PART`, which may hold what is looked for; `NUMBER`, which
        cannot as long as it is of a class in `PLAIN`; `STATE`, which cannot as long as it is none of those that are
        opened.
        """
        attributes = vars(owner)
        if self.counts[0]:
            self.owners.append(owner)
            self.gathered[2].append(attributes)
        listed = list(attributes.items())
        self.counts[0].append(len(listed))
        for name, x in listed:
            its = role(owner, name, x)
            self.names.append(name)
            for flags, kind in zip(self.roles, (PART, NUMBER, STATE)):
                flags.append(its == kind)
            if its == PART:
                self.gathered[0].append(x)
            yield name, x, its

    def container(self, x: list[Any] | dict[Any, Any]) -> list[Any]:
        """What is in a list or dict that the walk has come to."""
        container = dict.values(x) if isinstance(x, dict) else x
        items = list(container)
        self.containers.append(container)
        self.counts[1].append(len(items))
        self.gathered[1].extend(items)
        return items

    def end(self, found: list[Any]) -> None:
        """The walk is over."""
        self.found = found
        parts, items, dicts = self.gathered
        self.held, self.dicts, self.gathered = (*parts, *items), tuple(dicts), ()

    def same(self, root: object) -> bool:
        """Whether a walk from the root would see what this one has seen."""
        if self.root() is not root or not identical(list(map(vars, self.owners)), self.dicts):
            return False
        dicts = [vars(root), *self.dicts]
        owned, contained = self.counts
        if owned != list(map(len, dicts)) or contained != list(map(len, self.containers)):
            return False
        if self.names != list(chain.from_iterable(dicts)):
            return False
        values = list(chain.from_iterable(map(dict.values, dicts)))
        parts, numbers, states = self.roles
        if not identical(list(chain(compress(values, parts), *self.containers)), self.held):
            return False
        if not set(map(type, compress(values, numbers))) <= PLAIN:
            return False
        return not any(issubclass(kind, self.opened) for kind in set(map(type, compress(values, states))))


def _nothing() -> None:
    return None
