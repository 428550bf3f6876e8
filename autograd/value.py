"""The engine: what a node is, how operators record, how backward walks.

A `Value` is one number and its gradient. An operation on Values makes a `Result`: a Value that also remembers
the operation, its operands, and the local partial derivatives at that point. The Results are the rows of a
Wengert list, linked into a graph; `Value.backward` walks it from the end to the beginning and applies the chain
rule. Nothing here recurses over the graph, so its depth is limited by memory alone.

The calculus is in `ops`; the arithmetic operators, which are nearly all the nodes of a network, are written out
here as well, for speed, and a test holds them to their rows in the table. Looking at whole graphs is `graph`'s
affair, and differentiating functions is `functional`'s. This module is written so that mypyc can compile it:
typed, flat fields and no closures.
"""

from __future__ import annotations

import threading
from sys import getrefcount

from . import ops
from ._mypyc import mypyc_attr
from .ieee import divide, inf, power, to_float
from .ops import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final, NoReturn, TypeAlias

    # An operator's result, and a comparison's. When an operand has its own way with operators they give
    # NotImplemented instead, which mypyc, unlike mypy, does not take for a Value or a bool; it is run with
    # --always-true MYPYC.
    MYPYC = False
    if not MYPYC:
        Made: TypeAlias = "Value"
        Truth: TypeAlias = bool
    else:
        Made: TypeAlias = Any
        Truth: TypeAlias = Any


class Place:
    """Where a Value belongs: its label, the module that made it, and the source line if that was asked for.

    Parameters
    ----------
    scope : str
        Dotted path of the module at work, such as ``"mlp.layer1.neuron3"``; empty outside of modules.
    label : str
        The Value's own name.
    site : str
        ``"file.py:12"``, recorded inside `detect_anomaly`.
    """

    __slots__ = ("scope", "label", "site")

    def __init__(self, scope: str = "", label: str = "", site: str = "") -> None:
        self.scope: str = scope
        self.label: str = label
        self.site: str = site


class _State:
    """What the engine knows besides the graph; there is one instance."""

    __slots__ = ("clock", "written", "unusual", "place")

    def __init__(self) -> None:
        self.clock: int = 0  # counts the walks over graphs and the writes to leaves
        self.written: int = 0  # the clock at the latest write to a leaf
        self.unusual: int = 0  # open no_grad, enable_grad and detect_anomaly blocks, in all threads together
        self.place: Place | None = None  # where nodes made now belong


# The operations that are written out below; as constants: looking them up took a fifth of the time of a node.
_ADD: Final = ops.add
_SUB: Final = ops.sub
_MUL: Final = ops.mul
_DIV: Final = ops.div
_NEG: Final = ops.neg
_POW: Final = ops.pow
_RELU: Final = ops.relu
_DOT: Final = ops.dot

_state: Final = _State()
modes: Final = threading.local()  # of the thread that opened the block: `recording` and `watch`; modes.py sets them
_lock: Final = threading.RLock()  # threads may share leaves, whose gradients add up, and they share the clock


@mypyc_attr(acyclic=True)  # graphs have no cycles, so that the garbage collector need not look at them
class Value:
    """A number with a gradient: a leaf of the graph, or (as a `Result`) what an operation made.

    Parameters
    ----------
    data : real number
        int, float, bool, ``fractions.Fraction``, NumPy scalar or 0-d array.
    label : str
        A name, for drawings and messages.

    Attributes
    ----------
    data : float
        The number. Only a leaf's can be set.
    grad : float
        d(root)/d(self), after ``root.backward()``.

    Raises
    ------
    TypeError
        If `data` is no real number.

    Notes
    -----
    ``==`` and ``hash`` are identity, so that nodes can live in sets; ``<``, ``<=``, ``>`` and ``>=`` compare
    data. `float` and the functions of ``math`` refuse a Value, since they would drop its gradient silently.

    Examples
    --------
    >>> x = Value(3.0, "x")
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad
    (15.0, 8.0)
    """

    __slots__ = ("_data", "grad", "_stamp", "_place")

    def __init__(self, data: object, label: str = "") -> None:
        if type(data) is float:
            self._data: float = data
        elif type(data) is int and -1000 < data < 1000:  # surely in the range of a float
            self._data = float(data)
        else:
            self._data = to_float(data)
        self.grad: float = 0.0
        # A leaf's stamp is the time of its latest write; a Result's is its mark in the latest walk.
        self._stamp: int = 0
        self._place: Place | None = _state.place
        if label:
            self.label = label

    # --- what a node is ---------------------------------------------------------------------------------------

    @property
    def data(self) -> float:
        if _state.unusual != 0:
            watch = current_watch()
            if watch is not None:
                watch.read(self)
        return self._data

    @data.setter
    def data(self, data: object) -> None:
        if isinstance(self, Result):
            raise AttributeError(
                f"the data of {self.describe()} cannot be set, for it is the result of {self._rule.name}; "
                "set the data of leaves and compute again"
            )
        number = to_float(data)
        if _state.unusual != 0:
            watch = current_watch()
            if watch is not None:
                watch.wrote(self)
        with _lock:
            self._data = number  # before the stamp: a Dot made in between must find itself older than the stamp
            _state.clock += 1
            _state.written = self._stamp = _state.clock

    @property
    def label(self) -> str:
        """The node's name, for drawings and messages."""
        return "" if self._place is None else self._place.label

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label must be a str, not {type(label).__name__}: {label!r}")
        old = self._place
        self._place = Place("", label) if old is None else Place(old.scope, label, old.site)

    @property
    def scope(self) -> str:
        """Dotted path of the module that made the node, or an empty string."""
        return "" if self._place is None else self._place.scope

    @property
    def place(self) -> Place | None:
        """Label, module scope and source line together; None if the node has none of them."""
        return self._place

    @place.setter
    def place(self, place: Place | None) -> None:
        self._place = place

    @property
    def op(self) -> Op | None:
        """The operation that made the node; None for a leaf."""
        return None

    @property
    def operands(self) -> tuple[Value, ...]:
        """The Values that the operation was applied to, in order; empty for a leaf."""
        return ()

    @property
    def partials(self) -> tuple[float, ...]:
        """d(self)/d(operand) for each operand, at the point where the node was computed."""
        return ()

    @property
    def _prev(self) -> set[Value]:
        """The operands under micrograd's name, as a set; the number in an exponent is part of the operation there."""
        operands = self.operands
        return set(operands[:1] if self.op is ops.pow and isinstance(operands[1], Constant) else operands)

    @property
    def _op(self) -> str:
        """The operation's symbol under micrograd's name: '' for a leaf, '+', '*', '**2', 'ReLU', ..."""
        op = self.op
        if op is None:
            return ""
        exponent = self.operands[1] if op is ops.pow else None
        return f"**{exponent._data:g}" if isinstance(exponent, Constant) else op.symbol

    def __hash__(self) -> int:  # by identity; mypyc takes a class with comparisons for one that cannot be hashed
        return id(self) >> 4

    def describe(self) -> str:
        """How messages call this node.

        Examples
        --------
        >>> Value(2.0, "w").describe()
        "'w' (data 2)"
        """
        op = self.op
        name = repr(self.label) if self.label else "a leaf" if op is None else f"a result of {op.name}"
        return f"{name} (data {self._data:.6g})"

    def __repr__(self) -> str:
        op = self.op
        made_by = "" if op is None else f", op={op.name!r}"
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data!r}, grad={self.grad!r}{made_by}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __copy__(self) -> Value:
        twin = type(self)(self.data)
        twin.grad, twin._place = self.grad, self._place
        return twin

    def detach(self) -> Value:
        """A leaf with the same data, cut off from the graph.

        Examples
        --------
        >>> (Value(2.0) * 3).detach()
        Value(data=6.0, grad=0.0)
        """
        watch = current_watch() if _state.unusual != 0 else None
        return Value(self._data) if watch is None else watch.detached(self)

    # --- how the operators record -----------------------------------------------------------------------------

    @staticmethod
    def __apply_op__(op: Op, operands: tuple[Any, ...]) -> Any:
        """How Values read an operation (see `ops.Op`): compute, and remember."""
        values: list[Value] = []
        for x in operands:
            if isinstance(x, Value):
                values.append(x)
            elif _foreign(x):
                if getattr(x, "ndim", 0) == 0:
                    return NotImplemented  # x has a reading of its own, and may know what to do with a Value
                from . import arrays  # an array among the operands: each of its elements meets the Value

                return arrays.apply(op, operands)
            else:
                values.append(Constant(to_float(x, op.name)))
        return record(op, values)

    def __add__(self, other: object) -> Made:
        if isinstance(other, Value):
            return _result(self._data + other._data, _ADD, self, 1.0, other, 1.0)
        if _foreign(other):
            return NotImplemented
        return self + Constant(other)

    def __radd__(self, other: object) -> Made:
        if _foreign(other):
            return NotImplemented
        return Constant(other) + self

    def __sub__(self, other: object) -> Made:
        if isinstance(other, Value):
            return _result(self._data - other._data, _SUB, self, 1.0, other, -1.0)
        if _foreign(other):
            return NotImplemented
        return self - Constant(other)

    def __rsub__(self, other: object) -> Made:
        if _foreign(other):
            return NotImplemented
        return Constant(other) - self

    def __mul__(self, other: object) -> Made:
        if isinstance(other, Value):
            return _result(self._data * other._data, _MUL, self, other._data, other, self._data)
        if _foreign(other):
            return NotImplemented
        return self * Constant(other)

    def __rmul__(self, other: object) -> Made:
        if _foreign(other):
            return NotImplemented
        return Constant(other) * self

    def __truediv__(self, other: object) -> Made:
        if isinstance(other, Value):
            a, b = self._data, other._data
            if b == 0.0:
                out = divide(a, b)
                return _result(out, _DIV, self, divide(1.0, b), other, -divide(out, b))
            return _result(a / b, _DIV, self, 1.0 / b, other, -(a / b / b))
        if _foreign(other):
            return NotImplemented
        return self / Constant(other)

    def __rtruediv__(self, other: object) -> Made:
        if _foreign(other):
            return NotImplemented
        return Constant(other) / self

    def __pow__(self, other: object) -> Made:
        if isinstance(other, Value):
            return record(ops.pow, [self, other])
        if _foreign(other):
            return NotImplemented
        exponent = Constant(other)
        a, n = self._data, exponent._data
        # A number in the exponent is a constant: d/dn = a**n log(a), which is nan for negative a, is left out.
        slope = ops.power_slope(a, n) if n == 0.0 else n * power(a, n - 1.0)
        return _result(power(a, n), _POW, self, slope, exponent, 0.0)

    def __rpow__(self, other: object) -> Made:
        if _foreign(other):
            return NotImplemented
        return record(ops.pow, [Constant(other), self])

    def __neg__(self) -> Value:
        return _result(-self._data, _NEG, self, -1.0, None, 0.0)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return record(ops.abs, [self])

    def relu(self) -> Value:
        """max(self, 0); see `autograd.relu`."""
        if self._data <= 0.0:
            return _result(0.0, _RELU, self, 0.0, None, 0.0)
        return _result(self._data, _RELU, self, 1.0, None, 0.0)

    # The other functions of one operand; each is documented under its name in `autograd`.
    # NumPy calls them when np.exp and the like meet an array of Values.

    def exp(self) -> Value:
        return record(ops.exp, [self])

    def expm1(self) -> Value:
        return record(ops.expm1, [self])

    def log(self) -> Value:
        return record(ops.log, [self])

    def log1p(self) -> Value:
        return record(ops.log1p, [self])

    def log2(self) -> Value:
        return record(ops.log2, [self])

    def log10(self) -> Value:
        return record(ops.log10, [self])

    def sqrt(self) -> Value:
        return record(ops.sqrt, [self])

    def square(self) -> Value:
        return record(ops.square, [self])

    def reciprocal(self) -> Value:
        return record(ops.reciprocal, [self])

    def sin(self) -> Value:
        return record(ops.sin, [self])

    def cos(self) -> Value:
        return record(ops.cos, [self])

    def tan(self) -> Value:
        return record(ops.tan, [self])

    def asin(self) -> Value:
        return record(ops.asin, [self])

    def acos(self) -> Value:
        return record(ops.acos, [self])

    def atan(self) -> Value:
        return record(ops.atan, [self])

    def sinh(self) -> Value:
        return record(ops.sinh, [self])

    def cosh(self) -> Value:
        return record(ops.cosh, [self])

    def tanh(self) -> Value:
        return record(ops.tanh, [self])

    def erf(self) -> Value:
        return record(ops.erf, [self])

    def erfc(self) -> Value:
        return record(ops.erfc, [self])

    def sigmoid(self) -> Value:
        return record(ops.sigmoid, [self])

    def softplus(self) -> Value:
        return record(ops.softplus, [self])

    def silu(self) -> Value:
        return record(ops.silu, [self])

    def gelu(self) -> Value:
        return record(ops.gelu, [self])

    def selu(self) -> Value:
        return record(ops.selu, [self])

    def leaky_relu(self, slope: object = 0.01) -> Value:
        return record(ops.leaky_relu, [self, _value(slope)])

    def elu(self, alpha: object = 1.0) -> Value:
        return record(ops.elu, [self, _value(alpha)])

    def clip(self, low: object = -inf, high: object = inf) -> Value:
        return record(ops.clip, [self, _value(low), _value(high)])

    def arctan2(self, x: object) -> Value:
        return record(ops.atan2, [self, _value(x)])

    def hypot(self, other: object) -> Value:
        return record(ops.hypot, [self, _value(other)])

    def arcsin(self) -> Value:
        return self.asin()

    def arccos(self) -> Value:
        return self.acos()

    def arctan(self) -> Value:
        return self.atan()

    # --- comparisons, and what would lose the gradient ----------------------------------------------------------

    def __lt__(self, other: object) -> Truth:
        if _foreign(other):
            return NotImplemented
        if _state.unusual != 0:
            return _compared("<", self, other)
        return self._data < _number(other)

    def __le__(self, other: object) -> Truth:
        if _foreign(other):
            return NotImplemented
        if _state.unusual != 0:
            return _compared("<=", self, other)
        return self._data <= _number(other)

    def __gt__(self, other: object) -> Truth:
        if _foreign(other):
            return NotImplemented
        if _state.unusual != 0:
            return _compared(">", self, other)
        return self._data > _number(other)

    def __ge__(self, other: object) -> Truth:
        if _foreign(other):
            return NotImplemented
        if _state.unusual != 0:
            return _compared(">=", self, other)
        return self._data >= _number(other)

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __float__(self) -> NoReturn:
        raise TypeError(
            "float() and the functions of math would drop the gradient of a Value; use v.data for the number, "
            "and v.tanh() or autograd.tanh(v) for a function"
        )

    def __int__(self) -> NoReturn:
        raise TypeError("int() would drop the gradient of a Value; use int(v.data) for the number")

    def __complex__(self) -> NoReturn:
        raise TypeError("complex() would drop the gradient of a Value; use complex(v.data) for the number")

    # --- how backward walks -----------------------------------------------------------------------------------

    def backward(self, grad: object = 1.0) -> None:
        """Compute d(self)/d(node) for every node that self was made from, by the chain rule.

        The gradients of leaves are added to, those of Results are replaced: after two calls every leaf has
        exactly twice its gradient.

        Parameters
        ----------
        grad : real number
            The gradient that flows into self.

        Raises
        ------
        RuntimeError
            If the data of an operand of `dot` was set after the dot product was computed. No gradient has been
            changed then.

        Examples
        --------
        >>> w, x = Value(3.0), Value(-2.0)
        >>> (w * x).tanh().backward()
        >>> round(w.grad, 9), round(x.grad, 9)
        (-4.9153e-05, 7.373e-05)
        """
        seed = to_float(grad, "backward")
        if not isinstance(self, Result):
            with _lock:
                self.grad += seed
            return
        with _lock:
            order = walk(self)
            if _state.unusual:
                watch = current_watch()
                if watch is not None:
                    watch.before_sweep(order, seed)
            held = _clear(order)
            self.grad = seed
            for node in reversed(order):
                # Every consumer of this node has been visited: its gradient is complete, and flows on.
                grad_out = node.grad
                a = node._a
                if a is None:
                    node._spread(grad_out)
                else:
                    a.grad += node._da * grad_out
                    b = node._b
                    if b is not None:
                        b.grad += node._db * grad_out
            for leaf, before in held:
                leaf.grad += before


@mypyc_attr(acyclic=True)
class Constant(Value):
    """A plain number that met a Value in an operation: the 2 of ``2 * x``."""

    __slots__ = ()


@mypyc_attr(acyclic=True)
class Result(Value):
    """A Value that an operation made from one or two operands `_a` and `_b`, with slopes `_da` and `_db`.

    Operators and functions make Results; there is no need to make one by hand.
    """

    __slots__ = ("_rule", "_a", "_b", "_da", "_db")
    __deletable__ = ("_a", "_b")  # for mypyc: they may be missing, in __del__ after an __init__ that failed

    def __init__(self, data: float, rule: Op, a: Value | None, da: float, b: Value | None, db: float) -> None:
        self._data = data
        self.grad = 0.0
        self._stamp = 0
        self._place = _state.place
        self._rule: Op = rule
        self._a: Value | None = a
        self._b: Value | None = b
        self._da: float = da
        self._db: float = db

    @property
    def op(self) -> Op | None:
        return self._rule

    @property
    def operands(self) -> tuple[Value, ...]:
        assert self._a is not None
        return (self._a,) if self._b is None else (self._a, self._b)

    @property
    def partials(self) -> tuple[float, ...]:
        return (self._da,) if self._b is None else (self._da, self._db)

    def __copy__(self) -> Value:
        return self.replace(self.operands)

    def replace(self, operands: tuple[Value, ...]) -> Result:
        """This node over other operands of the same data."""
        twin = rebuild(self._rule, self._data, operands, self.partials)
        twin.grad, twin._place = self.grad, self._place
        return twin

    # What the walk, the sweep and the end of a graph do with operands, for nodes that have them in tuples instead.

    def _push(self, stack: list[Result], opened: int) -> None:
        """Put the Results among the operands that the walk has not seen on its stack, the first one on top."""

    def _clear(self, held: list[tuple[Value, float]]) -> None:
        """Set the operands' gradients to 0; what leaves had goes into `held`."""

    def _spread(self, grad: float) -> None:
        """Add `grad` times the slopes to the operands' gradients."""

    def _release(self, stack: list[Result]) -> None:
        """Let go of the operands; the Results among them go on the stack."""
        a, b = self._a, self._b
        self._a = self._b = None
        if isinstance(a, Result):
            stack.append(a)
        if isinstance(b, Result):
            stack.append(b)

    def __del__(self) -> None:
        try:
            a, b = self._a, self._b
        except AttributeError:
            return
        if isinstance(a, Result) or isinstance(b, Result):
            self._end()

    def _end(self) -> None:
        stack: list[Result] = []
        self._release(stack)
        if stack:
            _dismantle(stack)

    def _fresh(self) -> None:
        """Raise if an operand whose data are still needed has been set meanwhile."""


@mypyc_attr(acyclic=True)
class Wide(Result):
    """A Result with any number of operands: `sum`, `prod`, `where`, a user's own, ..."""

    __slots__ = ("_operands", "_partials")
    __deletable__ = ("_operands",)

    def __init__(self, data: float, rule: Op, operands: tuple[Value, ...], partials: tuple[float, ...]) -> None:
        super().__init__(data, rule, None, 0.0, None, 0.0)
        self._operands: tuple[Value, ...] = operands
        self._partials: tuple[float, ...] = partials

    @property
    def operands(self) -> tuple[Value, ...]:
        return self._operands

    @property
    def partials(self) -> tuple[float, ...]:
        return self._partials

    def __del__(self) -> None:
        _end_of_many(self)

    def _push(self, stack: list[Result], opened: int) -> None:
        _push_all(self._operands, stack, opened)

    def _clear(self, held: list[tuple[Value, float]]) -> None:
        _clear_all(self._operands, held)

    def _spread(self, grad: float) -> None:
        for x, slope in zip(self._operands, self._partials):
            x.grad += slope * grad

    def _release(self, stack: list[Result]) -> None:
        _release_all(self._operands, stack)
        self._operands = ()


@mypyc_attr(acyclic=True)
class Dot(Result):
    """``bias + ws[0]*xs[0] + ws[1]*xs[1] + ...``, added in that order, in one node.

    A network is nearly all dot products, so this node keeps no slopes: they are the operands' data. In return
    it must notice if one of those was set after the forward pass, from the time that setting leaves behind.
    """

    __slots__ = ("_ws", "_xs", "_bias", "_born")
    __deletable__ = ("_ws", "_xs", "_bias")

    def __init__(self, ws: tuple[Value, ...], xs: tuple[Value, ...], bias: Value | None) -> None:
        born = _state.written  # before the data are read: what is set meanwhile is newer
        n = len(ws)
        total = 0.0
        if bias is not None:
            total = bias._data
            for i in range(n):
                total += ws[i]._data * xs[i]._data
        elif n > 0:
            total = ws[0]._data * xs[0]._data
            for i in range(1, n):
                total += ws[i]._data * xs[i]._data
        super().__init__(total, _DOT, None, 0.0, None, 0.0)
        self._ws: tuple[Value, ...] = ws
        self._xs: tuple[Value, ...] = xs
        self._bias: Value | None = bias
        self._born: int = born

    @property
    def operands(self) -> tuple[Value, ...]:
        return self._ws + self._xs + (() if self._bias is None else (self._bias,))

    @property
    def partials(self) -> tuple[float, ...]:
        self._fresh()
        slopes = [x._data for x in self._xs] + [w._data for w in self._ws]
        return tuple(slopes) if self._bias is None else (*slopes, 1.0)

    def _fresh(self) -> None:
        if self._born != _state.written:
            for operands in (self._ws, self._xs):
                for x in operands:
                    if not isinstance(x, Result) and x._stamp > self._born:
                        raise RuntimeError(
                            f"{x.describe()} was set after a dot product with it was computed, so the gradient at "
                            "the old point is lost; compute the forward pass again before backward()"
                        )

    def __del__(self) -> None:
        _end_of_many(self)

    def _push(self, stack: list[Result], opened: int) -> None:
        self._fresh()
        bias = self._bias
        if isinstance(bias, Result) and bias._stamp < opened:
            stack.append(bias)
        _push_all(self._xs, stack, opened)
        _push_all(self._ws, stack, opened)

    def _clear(self, held: list[tuple[Value, float]]) -> None:
        bias = self._bias
        if bias is not None and bias.grad != 0.0:
            held.append((bias, bias.grad))
            bias.grad = 0.0
        _clear_all(self._ws, held)
        _clear_all(self._xs, held)

    def _release(self, stack: list[Result]) -> None:
        bias = self._bias
        self._bias = None
        if isinstance(bias, Result):
            stack.append(bias)
        _release_all(self._ws, stack)
        _release_all(self._xs, stack)
        self._ws = self._xs = ()

    def _spread(self, grad: float) -> None:
        bias = self._bias
        if bias is not None:
            bias.grad += grad
        ws, xs = self._ws, self._xs
        for i in range(len(ws)):
            w, x = ws[i], xs[i]
            w.grad += x._data * grad
            x.grad += w._data * grad


# --- operands in tuples ----------------------------------------------------------------------------------------


def _push_all(operands: tuple[Value, ...], stack: list[Result], opened: int) -> None:
    for i in range(len(operands) - 1, -1, -1):
        x = operands[i]
        if isinstance(x, Result) and x._stamp < opened:
            stack.append(x)


def _clear_all(operands: tuple[Value, ...], held: list[tuple[Value, float]]) -> None:
    for x in operands:
        if x.grad != 0.0:
            held.append((x, x.grad))
            x.grad = 0.0


def _release_all(operands: tuple[Value, ...], stack: list[Result]) -> None:
    for x in operands:
        if isinstance(x, Result):
            stack.append(x)


# --- making nodes ---------------------------------------------------------------------------------------------


def _foreign(x: object) -> bool:
    """Whether x has its own way with operators: a NumPy array, or another reading of the operations."""
    if isinstance(x, (float, int)):
        return False
    return getattr(x, "ndim", 0) > 0 or (not isinstance(x, Value) and hasattr(x, "__apply_op__"))


def _value(x: object) -> Value:
    return x if isinstance(x, Value) else Constant(x)


def _number(x: object) -> float:
    return x._data if isinstance(x, Value) else to_float(x)


def _compared(sign: str, a: Value, other: object) -> Truth:
    """``a < other`` and the like, where what looks at this thread's nodes may have its own answer."""
    watch = current_watch()
    if watch is not None:
        answer: Truth = watch.compared(sign, a, other)
        return answer
    x, y = a._data, _number(other)
    return x < y if sign == "<" else x <= y if sign == "<=" else x > y if sign == ">" else x >= y


def _result(data: float, rule: Op, a: Value, da: float, b: Value | None, db: float) -> Value:
    node = Result(data, rule, a, da, b, db)
    return node if _state.unusual == 0 else _inspected(node)


def _inspected(node: Result) -> Value:
    """`node` as the blocks open in this thread want it: a leaf under `no_grad`, looked at under a watch."""
    watch = current_watch()
    if watch is not None:
        watch.made(node)
    return node if recording() else Value(node._data)


def recording() -> bool:
    """Whether operations are recorded in this thread: False inside `no_grad`."""
    return _state.unusual == 0 or getattr(modes, "recording", True)


def current_watch() -> Any:
    """The `modes.Watch` that looks at what happens to Values in this thread, or None."""
    return getattr(modes, "watch", None)


def rebuild(op: Op, data: float, operands: tuple[Value, ...], partials: tuple[float, ...]) -> Result:
    """A node with these contents, of the kind that suits its number of operands."""
    if op is _DOT:
        n = len(operands) // 2
        node = Dot(operands[:n], operands[n : 2 * n], operands[-1] if len(operands) % 2 else None)
        node._data = data
        return node
    if len(operands) == 1:
        return Result(data, op, operands[0], partials[0], None, 0.0)
    if len(operands) == 2:
        return Result(data, op, operands[0], partials[0], operands[1], partials[1])
    return Wide(data, op, operands, partials)


def record(op: Op, operands: list[Value]) -> Value:
    """Apply an operation to Values: compute the result and its local slopes with the operation's own rules."""
    if op is _POW and isinstance(operands[1], Constant):
        power_of: Value = operands[0] ** operands[1]._data
        return power_of
    point = [x._data for x in operands]
    out = op.value(*point)
    node = rebuild(op, out, tuple(operands), () if op is _DOT else op.slopes(*point, out))
    return node if _state.unusual == 0 else _inspected(node)


def dot(ws: Iterable[Any], xs: Iterable[Any], bias: Any = None) -> Any:
    """bias + w0*x0 + w1*x1 + ..., added in that order, as one node.

    It equals the spelled-out sum of products bit for bit, in a fraction of its time and memory.

    Parameters
    ----------
    ws, xs : sequences of Values or numbers, of one length
    bias : Value or number, optional

    Returns
    -------
    Value, or float if there is no Value among the operands

    Raises
    ------
    ValueError
        If the sequences differ in length.

    Examples
    --------
    >>> w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    >>> dot(w, x, Value(10.0)).data
    21.0
    """
    left, right = tuple(ws), tuple(xs)
    if len(left) == len(right):
        try:
            node = Dot(left, right, bias)
        except (AttributeError, TypeError):  # numbers among the operands
            pass
        else:
            if left or bias is not None:
                return node if _state.unusual == 0 else _inspected(node)
    return ops.dot(left, right, bias)


def sum(xs: Iterable[Any]) -> Any:
    """x0 + x1 + ..., added in that order, as one node (the builtin `sum` makes a chain of nodes).

    Parameters
    ----------
    xs : iterable of Values or numbers

    Returns
    -------
    Value, or float if there is no Value among the operands

    Examples
    --------
    >>> sum([Value(1.0), Value(2.0), 3]).data
    6.0
    """
    return ops.sum(tuple(xs))


def _clear(order: list[Result]) -> list[tuple[Value, float]]:
    """Set the gradients of all nodes to 0; returns the leaves whose gradient was not, with what it was.

    What a backward pass adds to a leaf is summed up by itself first. So a second pass adds the same number again,
    and doubles it exactly, whatever the rounding.
    """
    held: list[tuple[Value, float]] = []
    for node in order:  # operands come before their consumers: here only leaves can have a gradient left
        a = node._a
        if a is None:
            node._clear(held)
        else:
            if a.grad != 0.0:
                held.append((a, a.grad))
                a.grad = 0.0
            b = node._b
            if b is not None and b.grad != 0.0:
                held.append((b, b.grad))
                b.grad = 0.0
        node.grad = 0.0
    return held


def walk(root: Result) -> list[Result]:
    """All Results that root was made from, root included, operands before their consumers.

    A depth-first search with its own stack. Marks in the nodes say where it has been: `opened` while operands
    are on their way, `closed` when the node is in the list. They grow from walk to walk, so nothing needs to be
    cleared, not even after an error.
    """
    with _lock:
        return _walk(root)


def _walk(root: Result) -> list[Result]:
    _state.clock += 2
    closed = _state.clock
    opened = closed - 1
    order: list[Result] = []
    stack: list[Result] = [root]
    while stack:
        node = stack.pop()
        if node._stamp == opened:
            node._stamp = closed
            order.append(node)
        elif node._stamp < opened:
            node._stamp = opened
            stack.append(node)
            a = node._a
            if a is None:
                node._push(stack, opened)
            else:
                b = node._b
                if isinstance(b, Result) and b._stamp < opened:
                    stack.append(b)
                if isinstance(a, Result) and a._stamp < opened:
                    stack.append(a)
    return order


# --- the end of a graph, in the native engine ---------------------------------------------------------------------
#
# Python frees an object's references when the object dies, and theirs in turn: a recursion as deep as the graph. For
# classes that its garbage collector knows it keeps count of the depth; the native classes are not known to it, which
# saves the collector from going through millions of nodes that cannot form a cycle. So a native Result that dies
# takes what only it held apart itself, one node at a time.


def _dismantle(stack: list[Result]) -> None:
    """Take apart the Results on the stack that nobody else holds, and what those alone held."""
    while stack:
        node = stack.pop()
        if getrefcount(node) == _ALONE:
            node._release(stack)


def _end_of_many(node: Result) -> None:
    try:
        node._end()
    except AttributeError:
        return


def _count_alone() -> int:
    stack = [Result(0.0, ops.positive, None, 0.0, None, 0.0)]
    node = stack.pop()
    return getrefcount(node)


_ALONE: Final = _count_alone()

if type(walk).__name__ == "function":  # interpreted: Python's own ways serve, and are faster
    for _kind in (Result, Wide, Dot):
        delattr(_kind, "__del__")
    delattr(Value, "__hash__")


# --- places and modes ---------------------------------------------------------------------------------------------


def count_blocks(change: int) -> None:
    """Note that a block which changes how nodes are made was opened (1) or closed (-1), in any thread."""
    with _lock:
        _state.unusual += change


def enter(place: Place | None) -> Place | None:
    """Make `place` the one where new nodes belong; returns the one before.

    The modules of ``nn`` call it on their way in and out. The setting is one for all threads: nodes that two
    threads make at once may be filed under each other's module. Their numbers are not affected.

    Examples
    --------
    >>> before = enter(Place("encoder"))
    >>> (Value(1.0) + 1).place.scope
    'encoder'
    >>> _ = enter(before)
    """
    before = _state.place
    _state.place = place
    return before
