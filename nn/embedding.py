"""A table of vectors that are learnt, one for each index: of words, of letters, of anything that can be counted."""

from __future__ import annotations

from autograd import Value, concrete, dot, require, sum, where

from .batches import Batch, called, is_list
from .init import drawn, normal
from .module import Module
from .settings import is_bool, seeded, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .layers import Seed


class Embedding(Module):
    """The index-th row of a table of vectors; nested lists of indices become nested lists of vectors.

    The vectors are parameters themselves, so that no node lies between them and what uses them. In a program that is
    compiled indices are arguments, and the table is multiplied by a vector that is 1 at the index and 0 elsewhere.

    Parameters
    ----------
    num_embeddings : int
        How many vectors there are.
    embedding_dim : int
        How many numbers each has.
    padding_idx : int, optional
        The index whose vector starts at 0 and gets no gradient; counted from the end if negative.
    seed : int or random.Random, optional
        Where the random numbers come from; if not given, from Python's ``random`` module. They are normal, with mean 0
        and standard deviation 1, as in PyTorch.

    Attributes
    ----------
    weight : list of list of Value
        Of shape num_embeddings x embedding_dim.

    Returns
    -------
    list of Value
        From a call with an index: embedding_dim Values. Of nested lists of indices the same nesting of such lists.

    Raises
    ------
    ValueError
        If a setting is out of range, or, in a call, if an index is not a whole number from 0 to num_embeddings - 1; of
        a compiled program, when it is called.

    Examples
    --------
    >>> table = Embedding(3, 2, seed=0)
    >>> table(1) == table.weight[1]
    True
    >>> len(table([0, 2, 2])), len(table([0, 2, 2])[0])
    (3, 2)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, *, seed: Seed = None
    ) -> None:
        n, dim = size("num_embeddings", num_embeddings), size("embedding_dim", embedding_dim)
        self.num_embeddings, self.embedding_dim, self.padding_idx = n, dim, None
        if padding_idx is not None:
            if is_bool(padding_idx) or not hasattr(padding_idx, "__index__") or not -n <= padding_idx < n:
                raise ValueError(f"padding_idx must be a whole number from {-n} to {n - 1}, not {padding_idx!r:.60}")
            self.padding_idx = padding_idx.__index__() % n
        self.weight = drawn((n, dim), normal(), seeded(seed), dim, n)
        if self.padding_idx is not None:
            self.weight[self.padding_idx] = [Value(0.0) for _ in range(dim)]

    def forward(self, x: Any) -> Any:
        if is_list(x):
            made = [self.forward(index) for index in x]
            return Batch(made) if isinstance(x, Batch) else made
        if not concrete(x):
            return self._selected_row(x)
        index = x.data if isinstance(x, Value) else x
        whole = hasattr(index, "__index__") or isinstance(index, float)
        if is_bool(index) or not whole or not 0 <= index < self.num_embeddings or index != int(index):
            raise ValueError(f"{self._requirement()}, not {index!r:.60}")
        return self._row(int(index))

    def _selected_row(self, x: Any) -> list[Any]:
        """The row for an index that is known only when the compiled program runs."""
        own = [x == float(k) for k in range(self.num_embeddings)]
        require(sum(own) == 1.0, f"{self._requirement()}, not {{}}", x)
        hot = [where(c, 1.0, 0.0) for c in own]  # 1 at the index, 0 elsewhere: its product with the table is the row
        rows = [self._row(k) for k in range(self.num_embeddings)]
        return [dot(hot, column) for column in zip(*rows)]

    def _row(self, k: int) -> list[Value]:
        row: list[Value] = self.weight[k]
        return [w.detach() for w in row] if k == self.padding_idx else list(row)

    def _requirement(self) -> str:
        return f"{called(self)} takes whole numbers from 0 to {self.num_embeddings - 1}"

    def extra_repr(self) -> str:
        more = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{more}"
