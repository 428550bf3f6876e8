"""compile: from the scalar graph to the vectorised program.

A function of Values is run on placeholders, and the scalars that it computes are recorded; the passes turn the record
into a program on arrays for a whole batch, forward and backward. A program is first a table of scalars, then a graph of
arrays, and at last Python source:

    record       what the function computes, one number at a time (inputs: its arguments)
    scalars      the record as a table, one row for each scalar; its passes are
      fold         constants are computed
      sums         chains of additions, and sums of products, become totals
      split        the loss is split into the part that depends on the example, and the rest
      share        what was computed twice is computed once
      live         what nothing needs is removed
    group        scalars of the same operation become arrays, level by level (levels); sums of products become
                 matrix products (blocks)
    arrays       the program that `group` makes, a graph of whole arrays; its passes are
      place        parameters get their places in one vector (parameters)
      name         arrays get the names that a reader expects
      reverse      the backward pass: the chain rule on arrays
      lower        operations with short rules are written out; log-sum-exp becomes exp, sum and log
      roll         steps that repeat, such as those of a recurrent network, become a loop
    text         arrays as lines (views, products, names), and the lines as a module (module, assemble), for NumPy or
                 JAX (dialects), or on Python's floats (floats)
    pipeline     the passes in their order: ``PIPELINE``
    check        what a legal table of scalars is, and a legal graph of arrays
    explain      ``program.stages``, what each pass made; ``program.explain``, which scalars a line came from
    run          the program that users call (jax: the same where JAX runs it; array_api: on other libraries' arrays)

A pass is a function from a program to a new one, and a module of its own. The rules of operations come from
`autograd.ops`. The operations that the compiler treats specially are above all sums, products and log-sum-exp, which
NumPy computes faster, or more exactly, on whole arrays than one element at a time.
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
