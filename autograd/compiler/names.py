"""Names for the arrays of a program: each is given once, and none has another meaning in the source."""

from __future__ import annotations

import keyword
import re

from .. import ops

VECTOR = "theta"
"""The name of the vector that holds all parameters."""

COUNT = "n"
"""The name of the number of examples."""

HELPERS = frozenset({"half_power", "finite", "products_of_others", "require"})
"""Functions other than operations that a module may define, or import from autograd."""

FUNCTIONS = frozenset(
    {
        "add",
        "array",
        "broadcast_arrays",
        "broadcast_to",
        "concatenate",
        "empty",
        "fori_loop",
        "inf",
        "maximum",
        "minimum",
        "moveaxis",
        "nan",
        "sqrt",
        "tri",
        "where",
        "zeros",
    }
)
"""What a module may import from NumPy, or JAX, other than operations."""

RESERVED = frozenset(
    {VECTOR, COUNT, "loss", "gradient", "step", "outputs", "parameters", "range", "body", "carry", *HELPERS}
)
"""Names that have a fixed meaning in a module, and are not given to arrays."""


class Names:
    """Hands out names; a function's local names differ from those of its module, and the other way round.

    Parameters
    ----------
    module : Names, optional
        The names of the module, if these are for one of its functions.
    """

    def __init__(self, module: Names | None = None) -> None:
        # Look at `ops.OPS` only now: users may define operations at any time.
        self.taken = set() if module else {*RESERVED, *ops.OPS, *FUNCTIONS, *[op.numpy for op in ops.OPS.values()]}
        self.module, self.functions = module, list[Names]()
        if module is not None:
            module.functions.append(self)
        self._counts: dict[str, int] = {}

    def is_taken(self, name: str) -> bool:
        others = [self.module] if self.module else self.functions
        return name in self.taken or any(name in names.taken for names in others)

    def new(self, word: str, number: str = "") -> str:
        """A free name: `word` with the number, or if that is taken with a further one, as in W1_1."""
        word = re.sub(r"\W", "_", word) or "v"
        if word[0].isdigit() or word.startswith("_"):
            word = "v" + word
        name = word + number
        if self.is_taken(name) or self.is_taken("d" + name) or keyword.iskeyword(name):
            return self.counted(f"{name}_" if number else word)
        self.taken.update((name, "d" + name))
        return name

    def counted(self, word: str) -> str:
        """`word` with the next number for which the name, and that of its gradient, is free."""
        count = self._counts.get(word, 0) + 1
        while self.is_taken(f"{word}{count}") or self.is_taken(f"d{word}{count}"):
            count += 1
        self._counts[word] = count
        return self.new(f"{word}{count}")
