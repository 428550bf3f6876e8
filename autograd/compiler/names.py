"""Names that a program can still give: each once, none that the source has for something else."""

from __future__ import annotations

import keyword
import re

from .. import ops

VECTOR = "theta"
"""The name of the vector that holds all parameters."""

COUNT = "n"
"""The name of the number of examples."""

HELPERS = frozenset({"half_power", "finite", "products_of_others", "require"})
"""Functions besides the operations that a module may define or import."""

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
"""What a module may import from NumPy, or JAX, besides operations."""

RESERVED = frozenset(
    {VECTOR, COUNT, "loss", "gradient", "step", "outputs", "parameters", "range", "body", "carry", *HELPERS}
)
"""Names that a module has for something of its own."""


class Names:
    """Hands out names; those of a function, its own, are also none of its module's.

    Parameters
    ----------
    module : Names, optional
        The module's, of which this are a function's.
    """

    def __init__(self, module: Names | None = None) -> None:
        # The user's own operations may have been defined lately.
        self.taken = set() if module else {*RESERVED, *ops.OPS, *FUNCTIONS, *[op.numpy for op in ops.OPS.values()]}
        self.module, self.functions = module, list[Names]()
        if module is not None:
            module.functions.append(self)
        self._counts: dict[str, int] = {}

    def is_taken(self, name: str) -> bool:
        others = [self.module] if self.module else self.functions
        return name in self.taken or any(name in names.taken for names in others)

    def new(self, word: str, number: str = "") -> str:
        """`word` with the number if that is free, or else with the next number that is."""
        word = re.sub(r"\W", "_", word) or "v"
        if word[0].isdigit() or word.startswith("_"):
            word = "v" + word
        name = word + number
        if self.is_taken(name) or self.is_taken("d" + name) or keyword.iskeyword(name):
            return self.counted(f"{name}_" if number else word)
        self.taken.update((name, "d" + name))
        return name

    def counted(self, word: str) -> str:
        """`word` with the first number that is free, from 1."""
        count = self._counts.get(word, 0) + 1
        while self.is_taken(f"{word}{count}") or self.is_taken(f"d{word}{count}"):
            count += 1
        self._counts[word] = count
        return self.new(f"{word}{count}")
