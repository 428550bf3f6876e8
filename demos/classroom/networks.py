"""The small networks that lessons and tests take apart, built from Values with every number labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd import Value, dot


@dataclass
class TwoTwoOne:
    """A network 2-2-1 with sigmoids and half the squared error, z = W x + b, h = σ(z), o = σ(v h + c).

    Attributes have the names of the equations; `b` and `c` are None in a network without biases.
    """

    x: list[Value]
    y: Value
    w: list[list[Value]]
    b: list[Value] | None
    v: list[Value]
    c: Value | None
    z: list[Value]
    h: list[Value]
    z_out: Value
    o: Value
    error: Value

    @property
    def parameters(self) -> list[Value]:
        """Weights and biases, layer by layer."""
        hidden = [w for row in self.w for w in row] + (self.b or [])
        return hidden + self.v + ([self.c] if self.c is not None else [])

    def after_step(self, rate: float) -> TwoTwoOne:
        """A new network, whose parameters are these after one step of gradient descent."""

        def moved(parameter: Value) -> float:
            return parameter.data - rate * parameter.grad

        return two_two_one(
            x=[x.data for x in self.x],
            y=self.y.data,
            w=[[moved(w) for w in row] for row in self.w],
            v=[moved(v) for v in self.v],
            b=[moved(b) for b in self.b] if self.b else None,
            c=moved(self.c) if self.c is not None else None,
        )


def named(node: Value, label: str) -> Value:
    """Label `node`, and return it."""
    node.label = label
    return node


def two_two_one(
    x: Sequence[float],
    y: float,
    w: Sequence[Sequence[float]],
    v: Sequence[float],
    b: Sequence[float] | None = None,
    c: float | None = None,
) -> TwoTwoOne:
    """Build the network and run it forward."""
    inputs = [Value(x_j, f"x{j}") for j, x_j in enumerate(x, 1)]
    target = Value(y, "y")
    weights = [[Value(w_ij, f"w{i}{j}") for j, w_ij in enumerate(row, 1)] for i, row in enumerate(w, 1)]
    biases = [Value(b_i, f"b{i}") for i, b_i in enumerate(b, 1)] if b is not None else None
    out_weights = [Value(v_i, f"v{i}") for i, v_i in enumerate(v, 1)]
    out_bias = Value(c, "c") if c is not None else None

    z = [named(dot(row, inputs, biases[i - 1] if biases else None), f"z{i}") for i, row in enumerate(weights, 1)]
    h = [named(z_i.sigmoid(), f"h{i}") for i, z_i in enumerate(z, 1)]
    z_out = named(dot(out_weights, h, out_bias), "zo")
    o = named(z_out.sigmoid(), "o")
    error = named((target - o) ** 2 / 2, "E")
    return TwoTwoOne(inputs, target, weights, biases, out_weights, out_bias, z, h, z_out, o, error)


def credit_network() -> TwoTwoOne:
    """The network of the lesson on credit, without biases: x = (1, 0), y = 1."""
    return two_two_one(x=[1.0, 0.0], y=1.0, w=[[0.5, 0.4], [0.3, 0.6]], v=[0.7, 0.8])


def biases_network() -> TwoTwoOne:
    """The network of the lesson that traces a whole network, with biases: x = (0.05, 0.10), y = 0.01."""
    return two_two_one(x=[0.05, 0.10], y=0.01, w=[[0.15, 0.20], [0.25, 0.30]], b=[0.35, 0.35], v=[0.40, 0.45], c=0.60)
