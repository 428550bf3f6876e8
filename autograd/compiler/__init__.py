"""compile: from the scalar graph to the vectorised program.

A function of Values is recorded once, on placeholders; the passes turn the record into a program on arrays for a whole
batch, forward and backward. There are two small languages, each with a checker, and the text of the program comes last:

    record       what the function computes, one number at a time (inputs: its arguments)
    scalars      that record, a table; on it work
      fold         constants are computed
      sums         chains of additions, and sums of products, become totals
      split        the loss is split into the example's part and the rest
      share        what was computed twice is computed once
      live         what nothing needs is removed
    group        scalars of one kind become arrays, level by level (levels); sums of products become matrix
                 products (blocks)
    arrays       the program that makes, a graph of whole arrays; on it work
      place        parameters get their places in one vector (parameters)
      name         arrays get the names that a reader expects
      reverse      the backward pass: the chain rule on arrays
      lower        short rules take the place of longer ones; log-sum-exp from its powers
      roll         what is repeated step by step becomes a loop
    text         arrays as lines (views, products, names), and the lines as a module (module, assemble), for NumPy or
                 JAX (dialects), or on Python's floats (floats)
    pipeline     the passes in their order: ``PIPELINE``
    check        what a legal program of either language is
    explain      ``program.stages``, what each pass made; ``program.explain``, which scalars a line came from
    run          the program that users call (jax: the same where JAX runs it; array_api: on other libraries' arrays)

A pass is a function from a program to a new one, and a module of its own. The rules of operations are in
`autograd.ops`, and nothing here knows any but sums, products and log-sum-exp, for which NumPy has better than one
element at a time.
"""

from __future__ import annotations

import importlib

from ..errors import CompileError
from .parameters import Parameters
from .run import Program

__all__ = ["CompileError", "Parameters", "Program", "programs"]

_BACKENDS = {"numpy": ("run", "Program"), "jax": ("jax", "JaxProgram")}


def programs(backend: str) -> type[Program]:
    """The class of the programs that a backend runs; what it needs is imported now.

    Parameters
    ----------
    backend : {"numpy", "jax"}

    Raises
    ------
    ValueError
        If there is no such backend.
    ModuleNotFoundError
        If what it needs is not installed.

    Examples
    --------
    >>> programs("numpy").__name__
    'Program'
    >>> programs("abacus")
    Traceback (most recent call last):
    ValueError: backend must be 'numpy' or 'jax', not 'abacus'
    """
    if backend not in _BACKENDS:
        raise ValueError(f"backend must be {' or '.join(map(repr, _BACKENDS))}, not {backend!r:.60}")
    module, name = _BACKENDS[backend]
    try:
        made: type[Program] = getattr(importlib.import_module(f".{module}", __name__), name)
    except ModuleNotFoundError as error:
        why = f"backend={backend!r} needs {error.name}, which is not installed: pip install {backend}"
        raise ModuleNotFoundError(why, name=error.name) from None
    return made
