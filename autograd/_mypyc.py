"""What value.py says to mypyc, for when nobody compiles it: the decorator that sets options of native classes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr as mypyc_attr
else:

    def mypyc_attr(**options):
        """Leave the class as it is.

        >>> @mypyc_attr(acyclic=True)
        ... class Plain:
        ...     pass
        >>> Plain.__name__
        'Plain'
        """
        return lambda kind: kind
