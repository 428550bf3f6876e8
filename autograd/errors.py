"""What `compile` raises; here, so that ``except autograd.CompileError`` loads nothing of the compiler."""

from __future__ import annotations


class CompileError(ValueError):
    """A function that cannot be compiled; the text says what stands in the way, and where.

    Examples
    --------
    >>> issubclass(CompileError, ValueError)
    True
    """
