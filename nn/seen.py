"""A record of what a walk over the attributes of modules has seen, to tell quickly whether anything has changed since.

Nothing is called when a list in an attribute is appended to. But to check that each of many lists still holds the very
objects that it held takes microseconds; to walk through them again and sort out the parameters takes a hundred times as
long. `module` decides what a walk looks for; this file records where it has looked.
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
"""The classes of objects that are no parameters and can hold none."""

NOTHING, PART, PLAIN_VALUE, STATE = range(4)  # the roles of attributes; see `Seen.attributes`


class Seen:
    """All that a walk has looked at, and what it found.

    A walk gets attributes and items from here, so that the record holds just what the walk has looked at, even if
    another thread changes something meanwhile. The record keeps alive neither the root nor values that no walk looks
    into, such as hidden states.

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
        "containers", "counts", "dicts", "found", "pending", "held", "names", "opened", "owners", "roles", "root",
    )  # fmt: skip

    def __init__(self, root: object, opened: tuple[type, ...]) -> None:
        self.root, self.opened = ref(root), opened
        self.found: list[Any] = []
        self.owners: list[Any] = []  # the objects whose attributes were looked at, except the root
        self.dicts: tuple[dict[str, Any], ...] = ()  # the owners' attributes: their __dict__
        self.counts: tuple[list[int], list[int]] = [], []  # of attributes, the root's first; of items in containers
        self.names: list[str] = []
        self.roles: tuple[list[bool], ...] = [], [], []  # whether each attribute is a PART, a PLAIN_VALUE, a STATE
        self.held: tuple[Any, ...] = ()  # the values of the attributes that are parts, then the items of containers
        self.containers: list[Collection[Any]] = []
        self.pending: tuple[list[Any], ...] = [], [], []  # during the walk: these values, these items, the dicts

    def __reduce__(self) -> tuple[Any, ...]:
        return _nothing, ()  # a copy of the root holds other objects, so it begins without a record

    def attributes(self, owner: Any, role: Callable[[Any, str, Any], int]) -> Iterator[tuple[str, Any, int]]:
        """The attributes of an object that the walk has reached, the root first: names, values and roles.

        The role says when a changed value makes the record out of date. `NOTHING`: never. `PART`: always, since it may
        hold what the walk looks for. `PLAIN_VALUE`: when its class is no longer in `PLAIN`. `STATE`: when it is of a
        class that walks look into.
        """
        attributes = vars(owner)
        if self.counts[0]:
            self.owners.append(owner)
            self.pending[2].append(attributes)
        listed = list(attributes.items())
        self.counts[0].append(len(listed))
        for name, x in listed:
            its_role = role(owner, name, x)
            self.names.append(name)
            for flags, kind in zip(self.roles, (PART, PLAIN_VALUE, STATE)):
                flags.append(its_role == kind)
            if its_role == PART:
                self.pending[0].append(x)
            yield name, x, its_role

    def container(self, x: list[Any] | dict[Any, Any]) -> list[Any]:
        """The items of a list or dict that the walk has reached."""
        container = dict.values(x) if isinstance(x, dict) else x
        items = list(container)
        self.containers.append(container)
        self.counts[1].append(len(items))
        self.pending[1].extend(items)
        return items

    def end(self, found: list[Any]) -> None:
        """End the walk; `found` is what it has found."""
        self.found = found
        parts, items, dicts = self.pending
        self.held, self.dicts, self.pending = (*parts, *items), tuple(dicts), ()

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
