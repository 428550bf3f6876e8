"""compile: from the scalar graph to the vectorised program.

A function of Values is recorded once, on placeholders; the passes below turn the record into NumPy source for a whole
batch, forward and backward, and `run` runs it. From the scalars to the source, in this order:

    record     what the function computes, as a table of scalars
    fold       constants are computed
    sums       chains of additions become totals, sums of products among them
    split      a loss falls into the example's part and the rest
    share      what was computed twice is computed once
    live       what nobody needs goes
    group      like scalars become arrays, level by level (levels); dot products become matrix products (blocks)
    layout     parameters get their places in one vector
    naming     arrays get names
    forward    lines of NumPy from the operations' rules (lines, views)
    reverse    the lines that go back, from the same rules
    fuse       lines that only one other needs are merged into it
    emit       lines become the text of functions (assemble)
    run        the program that users call

Each pass is a module with one job. The rules themselves are in `autograd.ops`, and nothing here knows any operation but
sums, products and log-sum-exp, for which NumPy has better than one element at a time.
"""

from ..errors import CompileError
from .run import Parameters, Program

__all__ = ["CompileError", "Parameters", "Program"]
