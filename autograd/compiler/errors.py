"""What `compile` raises."""

from __future__ import annotations


class CompileError(ValueError):
    """A function that cannot be compiled; the text says what stands in the way, and where."""
