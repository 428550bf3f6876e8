"""Small random expressions of numbers: every operation, on ordinary numbers and on those at the edge.

An `Expression` is a program of a few statements, each one operation, as in the example of a README: parameters and
arguments are single numbers, some of which are zeros of either sign, infinities, nan, or far from 1. The compiled
program must give the engine's result for them, infinities, nan and signs of zeros included.
"""

from __future__ import annotations

import math
import random

from autograd.ops import BUILTIN, OPS
from tests.fuzz_drawing import OWN, Program, Variable

# Not 5e-324: divided by the number of examples it is 0, and the engine divides first, a compiled program last.
EDGES = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-300, -1e-300, 20.0, -40.0, 710.0]
LITERALS = ["0.0", "-0.0", "1", "2", "-1.5", "0.5", "float('inf')", "-float('inf')", "float('nan')", "3"]
INFIX = {
    "add": "({} + {})", "sub": "({} - {})", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}", "pow": "{} ** {}",
    "floor_divide": "{} // {}", "remainder": "{} % {}", "positive": "+{}",
}  # fmt: skip
FORMS = [
    "{} ** 2", "{} ** -1", "{} ** 0.5", "{} ** 3.0", "2 ** {}", "{} ** 0", "sum([{}, {}, {}])", "relu({} + {})",
    "dot([{}, {}], [{}, {}], {})", "{0} * {0}", "({0} - {0})", "{0} / {0}", "({} + 0.0)", "0.0 * {}", "({} - 0.0)",
    "1.0 * {}", "-1 * {}", "({} * {} + {} * {} + {})", "stop({}) * {}", "maximum(0.0, {})",
]  # fmt: skip
CHOICES = [
    "where({} > {}, {}, {})", "({} > {}) * {}", "where({} <= 0, {}, 1.0)", "where(({} > 0) & ({} < 1), {}, 0.0)",
    "where(({} >= 1) | ({} != {}), {}, {})", "where({}, {}, {})",
]  # fmt: skip


SHIPPED = [name for name in OPS if name in BUILTIN]  # other tests define more


class Expression(Program):
    """A program whose variables are all single numbers."""

    exact = True

    def _arguments(self) -> None:
        self.edgy = self.rng.random() < 0.6
        self.examples = self.rng.choice([1, 1, 2])
        self.reduction = "mean"
        for name in ["a", "b", "c"][: self.rng.choice([1, 1, 2, 3])]:
            self.inputs[name] = ()
            self.variables.append(Variable(name, (), True))

    def _layer(self) -> None:
        name = self.rng.choice([*SHIPPED, *OWN, *FORMS, *FORMS, *INFIX, *INFIX, *CHOICES, *CHOICES])
        form = INFIX[name] if name in INFIX and self.rng.random() < 0.8 else name
        if name in BUILTIN or name in OWN:
            op = OPS.get(name) or OWN[name]
            count = self.rng.choice([1, 2, 3]) if op.arity is None else op.arity
            places = ", ".join(["{}"] * count)
            if name == "dot":
                form = f"dot([{places}], [{places}])"
            elif form == name:
                form = f"autograd.{name}" if name == "sum" else name
                form += f"([{places}])" if name in ("sum", "prod", "logsumexp") else f"({places})"
        count = max(form.count("{}"), form.count("{0}"))
        # No expression of literals alone: Python would compute it, and raises errors where IEEE 754 has a result.
        literal = name not in (*CHOICES, "where")
        self.let(form.format(*[self._operand(literal and k > 0) for k in range(count)]), (), True)

    def _operand(self, literal: bool) -> str:
        kind = self.rng.random()
        if kind < 0.2 and literal:
            return self.rng.choice(LITERALS if self.edgy else ["2", "0.5", "-1.5", "3"])
        if kind < 0.45:
            return self.parameter()
        return self.rng.choice(self.variables[-3:]).name

    def _loss(self) -> None:
        last = self.variables[-1].name
        w = self.parameter()
        others = [x.name for x in self.variables[:-1]]
        self.terms.append((self.rng.choice([last, f"{last} * {w}", f"({last} + {self.rng.choice(others)})"]), True))
        self.terms.append((f"{w} * a", True))
        self.returned = f"[{', '.join([x.name for x in self.variables])}]"

    def number(self, rng: random.Random) -> float:
        if self.edgy and rng.random() < 0.3:
            return rng.choice(EDGES)
        return round(rng.uniform(-3.0, 3.0), 2)

    given = number
