"""XAD: a tape in C++ with Python bindings. One tape is used again for all passes, as its manual recommends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import xad.math
from xad.adj_1st import Real, Tape

from ..scalars import Engine


class Library(Engine):
    def __init__(self) -> None:
        self.tape = Tape()
        self.tape.activate()

    def leaves(self, numbers: Iterable[float]) -> list[Any]:
        leaves = [Real(x) for x in numbers]
        self.tape.clearAll()
        self.tape.registerInputs(leaves)
        self.tape.newRecording()
        return leaves

    def zero(self, leaves: Sequence[Any]) -> None:
        self.tape.newRecording()

    def backward(self, root: Any) -> None:
        self.tape.registerOutput(root)
        root.derivative = 1.0
        self.tape.computeAdjoints()

    def data(self, root: Any) -> float:
        return float(root.value)

    def grad(self, leaf: Any) -> float:
        return float(leaf.derivative)

    @staticmethod
    def relu(x: Any) -> Any:
        return xad.math.fmax(x, 0.0)

    exp = staticmethod(xad.math.exp)
    log = staticmethod(xad.math.log)
