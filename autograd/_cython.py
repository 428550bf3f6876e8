"""The compiler's decorators for when nobody compiles: they leave what they stand at as it is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Kind = TypeVar("Kind")


class cython:
    """Stands for the module of that name, which need not be installed.

    >>> cython.compiled
    False
    """

    compiled = False  # Cython sets a constant in its place, and leaves out what can never be

    @staticmethod
    def cclass(kind: Kind) -> Kind:
        """A class whose fields are C's: ``.pxd`` files list them."""
        return kind

    @staticmethod
    def final(kind: Kind) -> Kind:
        """A class without subclasses."""
        return kind

    @staticmethod
    def no_gc(kind: Kind) -> Kind:
        """A class that the garbage collector does not know."""
        return kind

    @staticmethod
    def freelist(size: int) -> Callable[[Kind], Kind]:
        """A class of which so many dead instances are kept, to be used again."""
        return lambda kind: kind


# What value.pxd has in C.


def same(w: list[Any], ws: tuple[Any, ...]) -> bool:
    """Whether a list and a tuple hold the very same Values."""
    return tuple(w) == ws  # Values are equal if they are identical


# Only native nodes call these.


def _in_c(*arguments: Any) -> Any:
    raise NotImplementedError("this is written in C")


add_grad = check = come_up = data_at = go_down = put_off = set_attribute = stamp_at = _in_c
