"""What the interpreted engine needs: Cython's decorators, without effect, and a loader of the modules' source.

The engine's modules, `origins`, `value` and `cells`, are Python that Cython can compile.
"""

from __future__ import annotations

from operator import is_

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Kind = TypeVar("Kind")


class cython:
    """Stands for the module of that name, which need not be installed; these decorators do nothing.

    >>> cython.compiled
    False
    """

    compiled = False  # Cython puts True in its place, and leaves out branches that cannot run

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
        """A class that the garbage collector does not track."""
        return kind

    @staticmethod
    def freelist(size: int) -> Callable[[Kind], Kind]:
        """A class of which up to `size` freed instances are kept, to be used again."""
        return lambda kind: kind


def interpret() -> None:
    """Load the engine's modules from their source, where the native ones cannot be loaded.

    A process may have several interpreters, but only one set of the modules' C variables. These serve the interpreter
    that came first; the others run the source.
    """
    import os
    import sys
    from importlib.util import module_from_spec, spec_from_file_location

    folder = os.path.dirname(os.path.abspath(__file__))
    for name in ("origins", "value", "cells"):
        spec = spec_from_file_location(f"autograd.{name}", os.path.join(folder, f"{name}.py"))
        assert spec is not None and spec.loader is not None
        sys.modules[spec.name] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
        setattr(sys.modules["autograd"], name, module)


# Python versions of functions that the .pxd files define in C.


def same(w: list[Any], ws: tuple[Any, ...]) -> bool:
    """Whether a list and a tuple hold the very same Values."""
    return len(w) == len(ws) and all(map(is_, w, ws))


def small(x: int) -> bool:
    """Whether an int is small enough to be exact as a float."""
    return -(2**53) < x < 2**53


# Only native nodes call these.


def _in_c(*arguments: Any) -> Any:
    raise NotImplementedError("this is written in C")


add_grad = check = come_up = data_at = go_down = put_off = set_attribute = stamp_at = _in_c
