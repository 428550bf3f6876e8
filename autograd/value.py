"""The engine: what a node is, how operators record, how backward walks.

A `Value` is one number and its gradient. An operation on Values makes a result: a Value that also remembers
the operation, its operands, and the local partial derivatives at that point. The results are the rows of a
Wengert list, linked into a graph; `Value.backward` walks it from the end to the beginning and applies the chain
rule. Nothing here recurses over the graph, so its depth is limited by memory alone.

The calculus is in `ops`; the arithmetic operators, which are nearly all the nodes of a network, are written out
here as well, for speed, and a test compares them with their rows in the table. Where and when nodes are made is in
`origins`, blocks such as `no_grad` are in `modes`, `graph` examines and copies whole graphs, and `functional`
differentiates functions.

This is the source of both engines. Python runs it as it stands; where there is a C compiler Cython makes a native
module of it. Then the fields of nodes are C's: ``value.pxd`` says which, and how deep graphs are freed.
"""

from __future__ import annotations

from operator import is_
from weakref import ref

from . import ops
from ._cython import cython
from .ieee import divide, inf, power, to_float
from .modes import (
    blocks,
    current_modes,
    current_watch,
    note_reading,
    rounding,
    runs,
    runs_here,
    stands_for_a_number,
)
from .ops import Op
from .origins import (
    Origin,
    Place,
    current_origin,
    current_place,
    keep_overwritten,
    lock,
    origin_of,
    overwritten_since,
    with_texts,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final, NoReturn, Protocol, TypeAlias

    import cython  # type: ignore[no-redef]  # for Cython; at run time it is the one imported above

    from .modes import precision

    # Cython checks arguments that are annotated with a built-in type, but does not know these aliases.
    Made: TypeAlias = "Value"  # or NotImplemented, when the other operand implements operators itself
    Truth: TypeAlias = bool  # or what a watch answers to a comparison
    Label: TypeAlias = str  # any object may come in: the code checks it, and says what is wrong
    Operands: TypeAlias = tuple["Value", ...]  # a tuple, but not yet known to hold Values
    Numbers: TypeAlias = tuple[float, ...]
    OldGradients: TypeAlias = list[tuple["Value", float]]  # nodes, and what their gradients were
    Stamps: TypeAlias = list[tuple["Value", int]]  # leaves, and what their stamps were
    Stack: TypeAlias = list[Any]  # of nodes that a walk has still to visit
    Time: TypeAlias = int  # the number of a walk, of a sweep, or of a section

    class Record(Protocol):
        """What a `Joint` needs of its checkpointed function; `checkpoints` implements it."""

        op: Op
        rows: list[tuple[Value, ...]]

        def operands(self) -> tuple[Value, ...]:
            """The Values outside the function that it used, each once."""

        def receive(self, number: int, grad: float, mark: int) -> None:
            """Take the gradient of the part of this number, in the sweep that `mark` stands for."""

        def flow_back(self, mark: int, leaves: OldGradients) -> None:
            """Propagate the gradients that the parts have received to the operands."""

        def slopes(self, number: int) -> tuple[float, ...]:
            """d(part)/d(operand) for each operand."""


if not cython.compiled:  # natively these are C functions and variables, see value.pxd
    from _thread import get_ident

    from ._cython import (
        add_grad,
        check,
        come_up,
        data_at,
        go_down,
        put_off,
        set_attribute,
        small,
        stamp_at,
    )
    from .origins import state


# The operations whose operators are written out below. They are constants, because looking up `ops.add` and the like
# took a fifth of the time of making a node.
_ADD: Final = ops.add
_SUB: Final = ops.sub
_MUL: Final = ops.mul
_DIV: Final = ops.div
_NEG: Final = ops.neg
_POW: Final = ops.pow
_SQUARED: Final = ops.power(2.0)
_RELU: Final = ops.relu
_DOT: Final = ops.dot


def _function(op: Op) -> Callable[[Value], Value]:
    """The method of `Value` that applies an operation of one operand."""

    def applied(self: Value) -> Value:
        return record(op, [self])

    _name_after(op, applied)
    return applied


def _function_of_several(op: Op) -> Callable[..., Value]:
    """The same for an operation of several operands: the method takes the others as its arguments."""

    def applied(self: Value, *others: object) -> Value:
        return op(self, *others)  # type: ignore[no-any-return]

    _name_after(op, applied)
    return applied


def _name_after(op: Op, method: Any) -> None:
    method.__name__ = op.name
    method.__qualname__ = f"Value.{op.name}"
    method.__doc__ = f"{str(op.__doc__).splitlines()[0].partition('. ')[0].rstrip('.')}; see `autograd.{op.name}`."


# The stamp of a result that no walk has visited; walks count down from it. A leaf that no sweep has reached has as its
# stamp the number of the section in which it was made, negated; sweeps count up from 0.
_UNVISITED: Final = 1 << 62

ATTEMPTS: Final = 10
"""How often something is restored anew if Ctrl-C, or another exception of a signal handler, stops that, too.

The loops are written out where they are needed: Ctrl-C could also come in the call of a function that has them.
"""


@cython.freelist(100_000)  # as many nodes as training steps of small networks make and free again
@cython.no_gc  # graphs have no cycles, so the garbage collector need not track their nodes
@cython.cclass
class Value:
    """A number with a gradient: a leaf of the graph, or the result of an operation.

    Parameters
    ----------
    data : real number
        int, float, bool, ``fractions.Fraction``, NumPy scalar or 0-d array.
    label : str
        A name, for drawings and messages.
    *others
        Not taken: instead of micrograd's ``Value(data, children, operation)`` use `autograd.op`; the message says so.

    Attributes
    ----------
    data : float
        The number. Only a leaf's can be set.
    grad : float
        d(root)/d(self), after ``root.backward()``.

    Raises
    ------
    TypeError
        If `data` is not a real number.

    Notes
    -----
    Comparisons with numbers are those of the data, and so are ``<``, ``<=``, ``>`` and ``>=`` of two Values; ``==`` of
    two Values is identity (but nan equals nothing), and so is ``hash``: nodes can live in lists, sets and dicts.
    Inside a function that `grad` and its like differentiate Values stand for numbers: ``==`` of two of them compares
    their data, and they have no ``hash``. `float` and the functions of ``math`` refuse a Value, since they would drop
    its gradient silently. A Value takes attributes of your own, such as an optimiser's moments, and can be subclassed.

    Examples
    --------
    >>> x = Value(3.0, "x")
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad
    (15.0, 8.0)
    """

    # A result has its operation in `_rule`, its operands in `_a` and `_b`, and the slopes in `_da` and `_db`. A result
    # of more operands is a `Wide` or a `Dot`, which keep them in tuples. The `_rule` of a leaf is None.
    __slots__ = (
        "_data", "_grad", "_stamp", "_place", "_rule", "_a", "_b", "_da", "_db", "__dict__", "__weakref__",
    )  # fmt: skip

    if TYPE_CHECKING:
        _a: Any  # a Value; None where the operands are in tuples
        _b: Value | None
        _da: float
        _db: float

    def __init__(
        self, data: object, label: Label = "", *others: object, _children: object = (), _op: object = ""
    ) -> None:
        if others or type(label) is not str or _children or _op:
            label = _label_among(label, others, _children, _op)
        if type(data) is float:
            self._data: float = data
        elif type(data) is int and -1000 < data < 1000:  # surely in the range of a float
            self._data = float(data)
        else:
            self._data = to_float(data)
        if blocks:
            self._data = _in_format(self._data)
        self._grad: float = 0.0
        self._stamp: int = -state.section
        self._place: Place | None = current_place() if state.seats else None
        self._rule: Op | None = None
        if label:
            self.label = label

    # --- what a node is ---------------------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number."""
        if blocks:
            watch = current_watch()
            if watch is not None:
                watch.read(self)
        if runs:
            note_reading()
        return self._data

    @data.setter
    def data(self, data: object) -> None:
        if self._rule is not None:
            raise AttributeError(
                f"the data of {self.describe()} cannot be set, because it is the result of {self._rule.name}; "
                "set the data of leaves and compute again"
            )
        number = to_float(data)
        if blocks:
            _before_write([self])
            number = _in_format(number)
        with lock:
            try:
                state.writing = True
                state.writes += 1
                keep_overwritten(id(self), self._data)
                self._data = number
            finally:
                state.writing = False

    @data.deleter
    def data(self) -> None:
        _refuse_deletion("data")

    @property
    def grad(self) -> float:
        """d(root)/d(self), after ``root.backward()``. Setting it to None sets it to 0."""
        return self._grad

    @grad.setter
    def grad(self, grad: object) -> None:
        state.grads_set += 1
        if type(grad) is float:
            self._grad = grad
        else:
            self._grad = 0.0 if grad is None else to_float(grad, "grad")
        if blocks:
            self._grad = _in_format(self._grad)

    @grad.deleter
    def grad(self) -> None:
        _refuse_deletion("grad")

    @property
    def label(self) -> str:
        """The node's name, for drawings and messages."""
        return "" if self._place is None else self._place.label

    @label.setter
    def label(self, label: object) -> None:
        label = _label_among(label, (), (), "") if type(label) is not str else label
        old = self._place
        self._place = with_texts(old, "", label, "") if old is None else with_texts(old, old.scope, label, old.site)

    @label.deleter
    def label(self) -> None:
        _refuse_deletion("label")

    @property
    def scope(self) -> str:
        """Dotted path of the module that made the node, or an empty string."""
        return "" if self._place is None else self._place.scope

    @property
    def place(self) -> Place | None:
        """Label, module scope and source line together; None if the node has none of them."""
        place = self._place
        return place if place is not None and (place.scope or place.label or place.site) else None

    @place.setter
    def place(self, place: object) -> None:
        if place is None:
            self._place = with_texts(self._place, "", "", "")
        elif isinstance(place, Place):
            new: Place = place
            self._place = with_texts(self._place, new.scope, new.label, new.site)
        else:
            raise TypeError(f"a place must be an autograd.Place or None, not {type(place).__name__}: {place!r:.60}")

    @place.deleter
    def place(self) -> None:
        _refuse_deletion("place")

    @property
    def op(self) -> Op | None:
        """The operation that made the node; None for a leaf."""
        return self._rule

    @property
    def operands(self) -> tuple[Value, ...]:
        """The Values that the operation was applied to, in order; empty for a leaf."""
        if self._rule is None:
            return ()
        return (self._a,) if self._b is None else (self._a, self._b)

    @property
    def partials(self) -> Numbers:
        """d(self)/d(operand) for each operand, at the point where the node was computed."""
        if self._rule is None:
            return ()
        if self._b is None:
            return (self._da,)
        return (self._da, self._db)

    @property
    def _prev(self) -> set[Value]:
        """The operands under micrograd's name, as a set."""
        return set(self.operands)

    @property
    def _op(self) -> str:
        """The operation's symbol under micrograd's name: '' for a leaf, '+', '*', '**2', 'ReLU', ..."""
        return "" if self._rule is None else self._rule.symbol

    def item(self) -> float:
        """The number, under PyTorch's name."""
        return self.data

    def describe(self) -> str:
        """How messages call this node.

        Examples
        --------
        >>> Value(2.0, "w").describe()
        "'w' (data 2)"
        """
        op = self._rule
        name = repr(self.label) if self.label else "a leaf" if op is None else f"a result of {op.name}"
        return f"{name} (data {self._data:.6g})"

    def __repr__(self) -> str:
        op = self._rule
        made_by = "" if op is None else f", op={op.name!r}"
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data!r}, grad={self._grad!r}{made_by}{label})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def detach(self) -> Value:
        """A leaf with the same data, cut off from the graph.

        Examples
        --------
        >>> (Value(2.0) * 3).detach()
        Value(data=6.0, grad=0.0)
        """
        watch = current_watch() if blocks else None
        twin = None if watch is None else watch.detached(self)
        return Value(self._data) if twin is None else twin

    # Copying and pickling are in `graph`: it handles whole graphs without recursion, so that depth is no limit.

    def __copy__(self) -> Value:
        from . import graph

        return graph.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from . import graph

        return graph.deepcopy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        from . import graph

        return graph.reduce(self)

    # --- how the operators record -----------------------------------------------------------------------------

    @staticmethod
    def __apply_op__(op: Op, operands: tuple[Any, ...]) -> Any:
        """Apply an operation to operands with a Value among them, and record the result; `ops.Op` calls this."""
        if op is _POW and isinstance(operands[0], Value):
            return operands[0] ** operands[1]  # where a number in the exponent becomes part of the operation
        values: list[Value] = []
        for x in operands:
            if isinstance(x, Value):
                values.append(x)
            elif _has_own_operators(x):
                if getattr(x, "ndim", 0) == 0:
                    return NotImplemented  # x has an `__apply_op__` of its own, which may accept Values
                from . import arrays  # x is an array: the operation is applied elementwise

                return arrays.apply(op, operands)
            else:
                values.append(_constant(to_float(x, op.name)))
        return record(op, values)

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        """What NumPy's functions, and the operators of its scalars, do with a Value; see `arrays.apply_ufunc`."""
        from . import arrays

        return arrays.apply_ufunc(ufunc, method, operands, options)

    def __add__(self, other: object) -> Made:
        if isinstance(other, Value):
            b: Value = other
            return _result(self._data + b._data, _ADD, self, 1.0, b, 1.0)
        x = _operand(other)
        return NotImplemented if x is None else self + x

    def __radd__(self, other: object) -> Made:
        if isinstance(other, Value):  # happens natively if self is of a subclass
            return Value.__add__(other, self)
        a = _operand(other)
        return NotImplemented if a is None else a + self

    def __sub__(self, other: object) -> Made:
        if isinstance(other, Value):
            b: Value = other
            return _result(self._data - b._data, _SUB, self, 1.0, b, -1.0)
        x = _operand(other)
        return NotImplemented if x is None else self - x

    def __rsub__(self, other: object) -> Made:
        if isinstance(other, Value):  # happens natively if self is of a subclass
            return Value.__sub__(other, self)
        a = _operand(other)
        return NotImplemented if a is None else a - self

    def __mul__(self, other: object) -> Made:
        if isinstance(other, Value):
            b: Value = other
            return _result(self._data * b._data, _MUL, self, b._data, b, self._data)
        x = _operand(other)
        return NotImplemented if x is None else self * x

    def __rmul__(self, other: object) -> Made:
        if isinstance(other, Value):  # happens natively if self is of a subclass
            return Value.__mul__(other, self)
        a = _operand(other)
        return NotImplemented if a is None else a * self

    def __truediv__(self, other: object) -> Made:
        b: Value | None = other if isinstance(other, Value) else _operand(other)
        if b is None:
            return NotImplemented
        x, y = self._data, b._data
        if y == 0.0:
            out = divide(x, y)
            return _result(out, _DIV, self, divide(1.0, y), b, -divide(out, y))
        return _result(x / y, _DIV, self, 1.0 / y, b, -(x / y / y))

    def __rtruediv__(self, other: object) -> Made:
        if isinstance(other, Value):  # happens natively if self is of a subclass
            return Value.__truediv__(other, self)
        a = _operand(other)
        return NotImplemented if a is None else a / self

    def __pow__(self, other: object) -> Made:
        if isinstance(other, Value) and not isinstance(other, Constant):
            return record(_POW, [self, other])
        if _has_own_operators(other):
            return NotImplemented
        # A number in the exponent is part of the operation (`**2`), not an operand.
        a, n = self._data, _number(other)
        if n == 2.0:
            return _result(power(a, 2.0), _SQUARED, self, 2.0 * a, None, 0.0)
        slope = 1.0 if n == 1.0 else 0.0 if n == 0.0 else n * power(a, n - 1.0)
        return _result(power(a, n), ops.power(n), self, slope, None, 0.0)

    def __rpow__(self, other: object) -> Made:
        a = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if a is None else record(_POW, [a, self])

    def __neg__(self) -> Value:
        return _result(-self._data, _NEG, self, -1.0, None, 0.0)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return record(ops.abs, [self])

    def relu(self) -> Value:
        """max(self, 0); see `autograd.relu`."""
        return _relu(self)

    # Functions, each documented under its name in `autograd`; NumPy calls them when np.exp and the like meet an array
    # of Values. These are written out so that editors know them; `_add_methods` adds the rest, and NumPy's names.

    exp = _function(ops.exp)
    expm1 = _function(ops.expm1)
    exp2 = _function(ops.exp2)
    log = _function(ops.log)
    log1p = _function(ops.log1p)
    log2 = _function(ops.log2)
    log10 = _function(ops.log10)
    sqrt = _function(ops.sqrt)
    cbrt = _function(ops.cbrt)
    square = _function(ops.square)
    reciprocal = _function(ops.reciprocal)
    sin = _function(ops.sin)
    cos = _function(ops.cos)
    tan = _function(ops.tan)
    asin = _function(ops.asin)
    acos = _function(ops.acos)
    atan = _function(ops.atan)
    sinh = _function(ops.sinh)
    cosh = _function(ops.cosh)
    tanh = _function(ops.tanh)
    asinh = _function(ops.asinh)
    acosh = _function(ops.acosh)
    atanh = _function(ops.atanh)
    erf = _function(ops.erf)
    erfc = _function(ops.erfc)
    sigmoid = _function(ops.sigmoid)
    softplus = _function(ops.softplus)
    silu = _function(ops.silu)
    gelu = _function(ops.gelu)
    selu = _function(ops.selu)

    def leaky_relu(self, slope: object = 0.01) -> Value:
        """self above 0, else slope * self; see `autograd.leaky_relu`."""
        return record(ops.leaky_relu, [self, _value(slope)])

    def elu(self, alpha: object = 1.0) -> Value:
        """self above 0, else alpha * (e**self - 1); see `autograd.elu`."""
        return record(ops.elu, [self, _value(alpha)])

    def clip(self, low: object = -inf, high: object = inf, out: None = None) -> Value:
        """self held between two bounds; see `autograd.clip`. NumPy's clip calls it, with a place for the result."""
        if out is not None:
            raise TypeError(f"clip of a Value makes a new one, but cannot write into {type(out).__name__}: {out!r:.60}")
        return record(ops.clip, [self, _value(low), _value(high)])

    def __mod__(self, other: object) -> Made:
        b = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if b is None else record(ops.remainder, [self, b])

    def __rmod__(self, other: object) -> Made:
        a = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if a is None else record(ops.remainder, [a, self])

    def __floordiv__(self, other: object) -> Made:
        b = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if b is None else record(ops.floor_divide, [self, b])

    def __rfloordiv__(self, other: object) -> Made:
        a = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if a is None else record(ops.floor_divide, [a, self])

    def __divmod__(self, other: object) -> Any:
        b = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if b is None else (self // b, self % b)

    def __rdivmod__(self, other: object) -> Any:
        a = other if isinstance(other, Value) else _operand(other)
        return NotImplemented if a is None else (a // self, a % self)

    # What a float has because every real number is a complex one, too; np.var, np.std and np.vdot use it.

    def conjugate(self) -> Value:
        """The Value itself: it is real."""
        return self

    @property
    def real(self) -> Value:
        """The Value itself: it is real."""
        return self

    @property
    def imag(self) -> float:
        """0.0: a Value is real."""
        return 0.0

    # --- comparisons, and what would lose the gradient ----------------------------------------------------------

    def __lt__(self, other: object) -> Truth:
        if _has_own_operators(other):
            return NotImplemented
        return self._data < _number(other) if not blocks and _converts_exactly(other) else _compare("<", self, other)

    def __le__(self, other: object) -> Truth:
        if _has_own_operators(other):
            return NotImplemented
        return self._data <= _number(other) if not blocks and _converts_exactly(other) else _compare("<=", self, other)

    def __gt__(self, other: object) -> Truth:
        if _has_own_operators(other):
            return NotImplemented
        return self._data > _number(other) if not blocks and _converts_exactly(other) else _compare(">", self, other)

    def __ge__(self, other: object) -> Truth:
        if _has_own_operators(other):
            return NotImplemented
        return self._data >= _number(other) if not blocks and _converts_exactly(other) else _compare(">=", self, other)

    def __eq__(self, other: object) -> Truth:
        return NotImplemented if _has_own_operators(other) else _compare("==", self, other)

    def __ne__(self, other: object) -> Truth:
        return NotImplemented if _has_own_operators(other) else _compare("!=", self, other)

    def __hash__(self) -> int:  # by identity
        if blocks:
            watch = current_watch()
            if watch is not None:
                watch.hashed(self)
        if runs and stands_for_a_number(self):
            raise TypeError(
                f"{self.describe()} stands for a number here, in a function that is being differentiated, and a set or "
                "a dict would look it up by identity; use x.data or id(x) as the key"
            )
        return id(self) >> 4

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __setitem__(self, key: object, item: object) -> NoReturn:
        raise TypeError(f"{self.describe()} is one number and has no items; to set the number, write v.data = ...")

    def __delitem__(self, key: object) -> NoReturn:  # natively one C slot serves this and `__setitem__`
        raise TypeError(f"{self.describe()} is one number and has no items")

    def __xor__(self, other: object) -> NoReturn:
        raise TypeError("^ is not a power in Python, and not defined for Values; a power is v ** 2")

    __rxor__ = __xor__

    def __float__(self) -> NoReturn:
        _refuse(
            self,
            "float() and the functions of math would drop the gradient of a Value; use v.data for the number, and "
            "v.tanh() or autograd.tanh(v) for a function",
        )

    def __int__(self) -> NoReturn:
        _refuse(self, "int() would drop the gradient of a Value; use int(v.data) for the number")

    def __complex__(self) -> NoReturn:
        _refuse(self, "complex() would drop the gradient of a Value; use complex(v.data) for the number")

    def __round__(self, ndigits: object = None) -> NoReturn:
        _refuse(self, "round() would drop the gradient of a Value; use round(v.data) for the number")

    def __floor__(self) -> NoReturn:
        _refuse(self, "math.floor() would drop the gradient of a Value; use math.floor(v.data) for the number")

    def __ceil__(self) -> NoReturn:
        _refuse(self, "math.ceil() would drop the gradient of a Value; use math.ceil(v.data) for the number")

    def __trunc__(self) -> NoReturn:
        _refuse(self, "math.trunc() would drop the gradient of a Value; use math.trunc(v.data) for the number")

    # --- how backward walks -----------------------------------------------------------------------------------

    def backward(self, grad: object = 1.0) -> None:
        """Compute d(self)/d(node) for every node that self was made from, by the chain rule.

        The gradients of leaves are added to, those of results are replaced: after two calls every leaf has
        exactly twice its gradient. It is the gradient at the point where self was computed, also if leaves have
        been set since. If anything stops it, such as Ctrl-C, all gradients are as they were.

        Parameters
        ----------
        grad : real number
            The gradient that flows into self.

        Raises
        ------
        RuntimeError
            If a signal handler calls it during another backward().

        Examples
        --------
        >>> w, x = Value(3.0), Value(-2.0)
        >>> (w * x).tanh().backward()
        >>> round(w.grad, 9), round(x.grad, 9)
        (-4.9153e-05, 7.373e-05)
        """
        seed: float = to_float(grad, "backward")
        # Compiled to C, walk and sweep cannot be interrupted: no gradient ever has to be restored, so the walk can set
        # the old ones to 0. Not so if a block is open, since a watch may raise, or if checkpointed functions run again.
        reset = cython.compiled and not blocks and not joints
        with lock:
            if state.rerunning:
                raise RuntimeError(
                    "backward() is called inside a checkpointed function while another backward() runs that again; "
                    "call it outside the function, or use autograd.grad inside"
                )
            if blocks:
                seed = _in_format(seed)
            if self._rule is None:
                _sweep_leaf(self, seed)
            else:
                order = _walk_with_joints(self, reset)
                if blocks:
                    watch = current_watch()
                    if watch is not None:
                        watch.before_sweep([node for node in order if not isinstance(node, Joint)], seed)
                try:
                    state.walking = True
                    _sweep(self, order, seed, reset)
                finally:
                    state.walking = False
            state.sweeps += 1
            state.grads_set_at_sweep = state.grads_set
            state.zeroed = False

    @property
    def _backward(self) -> Callable[[], None]:
        """One step of `backward`, under micrograd's name: a function that adds to the gradients of the operands."""
        return self._step_back

    @_backward.setter
    def _backward(self, function: object) -> None:
        raise AttributeError(
            "a Value's _backward cannot be set, because backward() uses the rules of operations; define an operation "
            "with autograd.op(name, forward, partials)"
        )

    def _step_back(self) -> None:
        for x, slope in zip(self.operands, self.partials):
            x.grad += slope * self._grad

    # --- in the native engine only: users' attributes, and how nodes are freed ----------------------------------
    #
    # A native node has no `__dict__`: attributes that its class does not define are kept in the `extras` of its place.
    # In the interpreted engine Python does all this by itself, and the end of this module deletes these methods.

    def __getattr__(self, name: str) -> Any:
        place = self._place
        if place is not None and place.extras is not None and name in place.extras:
            return place.extras[name]
        if name == "__dict__":
            return self._extras()
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        try:
            set_attribute(self, name, value)
        except AttributeError:
            if hasattr(type(self), name):
                raise
            self._extras()[name] = value

    def __delattr__(self, name: str) -> None:
        known: Any = getattr(type(self), name, None)
        if hasattr(known, "__delete__"):
            try:
                known.__delete__(self)
            except NotImplementedError:  # a property without a deleter
                _refuse_deletion(name)
        elif name in attributes(self):
            del attributes(self)[name]
        else:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _extras(self) -> dict[str, Any]:
        place = self._place
        if place is None or place.extras is None:
            scope, label, site = ("", "", "") if place is None else (place.scope, place.label, place.site)
            place = self._place = with_texts(place, scope, label, site)  # its own, as others may share the old
            place.extras = {}
        extras: dict[str, Any] = place.extras
        return extras

    def __dealloc__(self) -> None:  # Cython calls it when an object is freed
        if self._a is not None:
            if go_down():
                self._a = self._b = None
                come_up()
            else:
                put_off(self._a)
                put_off(self._b)


def _add_methods() -> None:
    """Add a method for each operation that the table marks as one, under its name and under NumPy's."""
    for row in ops.OPS.values():
        if row.method:
            for name in (row.name, row.numpy):
                if not hasattr(Value, name):
                    setattr(Value, name, _function(row) if row.arity == 1 else _function_of_several(row))


_add_methods()


@cython.final
@cython.no_gc
@cython.cclass
class Constant(Value):
    """A plain number that met a Value in an operation: the 2 of ``2 * x``."""

    __slots__ = ()


@cython.final
@cython.no_gc
@cython.cclass
class Wide(Value):
    """A result with any number of operands: `sum`, `prod`, `where`, a user's own, ..."""

    __slots__ = ("_operands", "_partials")

    if TYPE_CHECKING:
        _operands: tuple[Value, ...]
        _partials: Numbers

    @property
    def operands(self) -> tuple[Value, ...]:
        """The Values that the operation was applied to, in order."""
        return self._operands

    @property
    def partials(self) -> Numbers:
        """d(self)/d(operand) for each operand, at the point where the node was computed."""
        return self._partials

    def __dealloc__(self) -> None:
        if go_down():
            self._operands = None  # type: ignore[assignment]
            come_up()
        else:
            put_off(self._operands)


@cython.final
@cython.no_gc
@cython.cclass
class Dot(Value):
    """``bias + ws[0]*xs[0] + ws[1]*xs[1] + ...``, added in that order, in one node.

    A network is nearly all dot products, so this node keeps no slopes: they are the data that the operands had in the
    epoch in which the node was made.
    """

    __slots__ = ("_ws", "_xs", "_bias")

    if TYPE_CHECKING:
        _ws: tuple[Value, ...]
        _xs: tuple[Value, ...]
        _bias: Value | None

    @property
    def operands(self) -> tuple[Value, ...]:
        """The weights, the inputs, and the bias if there is one."""
        return self._ws + self._xs + (() if self._bias is None else (self._bias,))

    @property
    def partials(self) -> Numbers:
        """d(self)/d(operand) for each operand, at the point where the node was computed."""
        slopes = data_then(self, self._xs + self._ws)
        return tuple(slopes) if self._bias is None else (*slopes, 1.0)

    def __dealloc__(self) -> None:
        if go_down():
            self._bias = None
            self._ws = self._xs = None  # type: ignore[assignment]
            come_up()
        else:
            put_off(self._bias)
            put_off(self._ws)
            put_off(self._xs)


@cython.final
@cython.cclass
class Joint(Value):
    """The common operand of all results, or parts, of a checkpointed function; `backward` visits it after all of them.

    Its record then runs the function again, propagates the gradients through the graph that this makes, and drops the
    graph; see `checkpoints`. A joint is internal to `backward`: `walk` leaves it out.

    Unlike other nodes, joints and parts are tracked by the garbage collector: a function may hold its own results,
    which makes a cycle.
    """

    __slots__ = ("_operands", "_record")

    if TYPE_CHECKING:
        _operands: tuple[Value, ...]
        _record: Record

    @property
    def operands(self) -> tuple[Value, ...]:
        """The Values outside the function that it used: results, which are its `_operands`, and leaves."""
        return self._record.operands()

    def __dealloc__(self) -> None:
        if go_down():
            self._operands = None  # type: ignore[assignment]
            self._record = None  # type: ignore[assignment]
            come_up()
        else:
            put_off(self._operands)
            put_off(self._record)


@cython.final
@cython.cclass
class Part(Value):
    """A result of a checkpointed function, whose operands are all Values outside the function that it used."""

    __slots__ = ("_joint", "_number")

    if TYPE_CHECKING:
        _joint: Joint
        _number: int

    @property
    def operands(self) -> tuple[Value, ...]:
        """The Values outside the function that it used, for this result or another one."""
        return self._joint._record.operands()

    @property
    def partials(self) -> Numbers:
        """d(self)/d(operand) for each operand; the function is run again to compute them."""
        return self._joint._record.slopes(self._number)

    def __dealloc__(self) -> None:
        if go_down():
            self._joint = None  # type: ignore[assignment]
            come_up()
        else:
            put_off(self._joint)


Result: Final = Value
"""A name for Values that an operation made. They are not a class of their own: ``v.op`` tells them from leaves."""


def data_then(node: Value, operands: tuple[Value, ...]) -> list[float]:
    """The data that the operands had when the node was computed, even if some have been set since.

    Examples
    --------
    >>> x = Value(2.0)
    >>> y = x * 3
    >>> x.data = 5.0
    >>> data_then(y, y.operands)
    [2.0, 3.0]
    """
    data = [x._data for x in operands]
    origin = node._place
    if isinstance(origin, Origin) and origin.epoch is not state.epoch:
        overwritten = overwritten_since(origin.epoch)
        if overwritten:
            data = [overwritten.get(id(x), now) for x, now in zip(operands, data)]
    return data


# --- operands -------------------------------------------------------------------------------------------------


def _has_own_operators(x: object) -> bool:
    """Whether x implements operators itself: an array, or another class than Value with an ``__apply_op__``."""
    if isinstance(x, (float, int)):
        return False
    return getattr(x, "ndim", 0) > 0 or (not isinstance(x, Value) and hasattr(x, "__apply_op__"))


def _operand(x: object) -> Value | None:
    """The number x as a `Constant`; None if x implements operators itself."""
    return None if _has_own_operators(x) else _constant(x)


def _value(x: object) -> Value:
    return x if isinstance(x, Value) else _constant(x)


def _number(x: object) -> float:
    if isinstance(x, Value):
        node: Value = x
        return node._data
    if type(x) is float or (type(x) is int and small(x)):
        return float(x)
    return to_float(x)


def _converts_exactly(x: object) -> bool:
    """Whether the conversion of x to a float is exact."""
    return type(x) is float or isinstance(x, Value) or (type(x) is int and small(x))


def _compare(sign: str, a: Value, other: object) -> Truth:
    """``a < other`` and the like, in the general case: the watch of this thread may answer instead."""
    watch = current_watch() if blocks else None
    answer: Any = None if watch is None else watch.compared(sign, a, other)
    if answer is not None:
        return answer  # type: ignore[no-any-return]
    x, y, is_node = a._data, other, isinstance(other, Value)
    if is_node:
        y = _number(other)
    if sign == "==" or sign == "!=":
        same = _identical(a, other) if is_node else None
        if same is None:
            same = bool(x == y)  # as floats compare
        return same if sign == "==" else not same
    if not is_node:
        _refuse_unless_a_number(other)
    return bool(x < y if sign == "<" else x <= y if sign == "<=" else x > y if sign == ">" else x >= y)  # type: ignore[operator]


def _refuse_unless_a_number(x: object) -> None:
    try:
        to_float(x)
    except OverflowError:
        return  # too large for a float, but still a number, which Python can compare with floats


def _identical(a: Value, b: Any) -> Any:
    """Whether two Values are the same node; None where ``==`` has to compare their data.

    It has to for a node and itself, since nan does not equal nan, and where one of the two stands for a number.

    Raises
    ------
    TypeError
        If, in a function that is being differentiated, two nodes that do not depend on its arguments have equal data:
        it is not clear whether identity or equality is meant.
    """
    if a is b:
        return None
    if runs:
        if stands_for_a_number(a) or stands_for_a_number(b):
            return None
        if a._data == b._data and runs_here():
            raise TypeError(
                f"{a.describe()} and {b.describe()} are different Values with equal numbers, and neither depends on "
                "the arguments of the function that is being differentiated; write a.data == b.data, or a is b"
            )
    return False


def _label_among(label: object, others: tuple[object, ...], children: object, op: object) -> str:
    """The label among arguments that may be in the order of other engines: data, operands, operation, label.

    Raises
    ------
    TypeError
        If there are operands or an operation, or if the label is not a str.
    """
    if isinstance(label, (tuple, list, set, frozenset)) and len(others) <= 2:
        children, (op, label) = label, (*others, "", "")[:2]
        others = ()
    if children or op or others:
        known = f"; Values have {op}() already" if isinstance(op, str) and op in ops.BUILTIN else ""
        raise TypeError(
            "Value takes a number and a label. In other engines Value(data, operands, operation) is the result of an "
            f"operation of your own; here autograd.op(name, forward, partials) defines one{known}"
        )
    if not isinstance(label, str):
        raise TypeError(f"a label must be a str, not {type(label).__name__}: {label!r:.60}")
    return str(label)


def _refuse(x: Value, why: str) -> NoReturn:
    watch = current_watch() if blocks else None
    if watch is not None:
        watch.refuse(x, why)
    raise TypeError(why)


def _refuse_deletion(name: str) -> NoReturn:
    raise AttributeError(f"the {name} of a Value can be set, but not deleted")


def attributes(node: Value) -> dict[str, Any]:
    """The attributes that a node was given besides those of its class.

    Examples
    --------
    >>> x = Value(2.0)
    >>> x.m = 0.5
    >>> attributes(x)
    {'m': 0.5}
    """
    if cython.compiled and type(node).__dictoffset__ == 0:
        place = node._place
        return {} if place is None or place.extras is None else place.extras
    return vars(node)


# --- making nodes ---------------------------------------------------------------------------------------------


def _result(data: float, rule: Op, a: Value, da: float, b: Value | None, db: float) -> Value:
    node: Value = Value.__new__(Value)
    node._data = data
    node._grad = 0.0
    node._stamp = _UNVISITED
    origin = state.origin  # `_origin()`, written out for speed
    if origin is None or (origin.seat is not None and not _is_at_home(origin)):
        origin = current_origin()
    node._place = origin
    node._rule = rule
    node._a = a
    node._b = b
    node._da = da
    node._db = db
    return _apply_blocks(node) if blocks else node


def _relu(a: Value) -> Value:
    if a._data <= 0.0:
        return _result(0.0, _RELU, a, 0.0, None, 0.0)
    return _result(a._data, _RELU, a, 1.0, None, 0.0)


def _origin() -> Origin:
    origin = state.origin
    if origin is None or (origin.seat is not None and not _is_at_home(origin)):
        return current_origin()
    return origin


def _is_at_home(origin: Origin) -> bool:
    """Whether this is the thread of the origin's seat, and the seat is still at the origin's place."""
    seat: Any = origin.seat
    return seat.place is origin.home and seat.thread == get_ident()


def _init_result(node: Value, data: float, rule: Op, origin: Origin) -> None:
    """Set the fields of a new result except its operands; `_a` stays None if those are in tuples."""
    node._data = data
    node._grad = 0.0
    node._stamp = _UNVISITED
    node._place = origin
    node._rule = rule
    node._a = None


def _constant(number: object) -> Constant:
    node: Constant = Constant.__new__(Constant)
    node._data = number if type(number) is float else to_float(number)
    if blocks:
        node._data = _in_format(node._data)
    node._grad = 0.0
    node._stamp = -state.section
    node._place = current_place() if state.seats else None
    node._rule = None
    return node


def _apply_blocks(node: Value) -> Value:
    """`node` after this thread's blocks: rounded, shown to the watch, and under `no_grad` replaced by a leaf."""
    watch, recorded, form = current_modes()
    if form is not None:
        _round(node, form)
    if watch is not None:
        watch.made(node)
    return node if recorded else Value(node._data)


def _in_format(x: float) -> float:
    """x, rounded if this thread is in a `precision` block."""
    form = rounding()
    return x if form is None else form.round(x)


def _round(node: Value, form: precision) -> None:
    """Round a new result to a format, and compute its slopes at the rounded number."""
    data = node._data
    if form.accumulate is not None:
        if isinstance(node, Dot):
            dot_node: Dot = node
            bias = dot_node._bias
            terms = [(w._data, x._data) for w, x in zip(dot_node._ws, dot_node._xs)]
            data = form.summed(terms, None if bias is None else bias._data)
        elif node._rule is ops.sum:
            data = form.summed([(x._data, 1.0) for x in node.operands], None)
    data = form.round(data)
    if data == node._data or isinstance(node, Dot):
        node._data = data
        return
    node._data = data
    rule: Any = node._rule
    slopes = rule.slopes(*[x._data for x in node.operands], data)
    if isinstance(node, Wide):
        wide: Wide = node
        wide._partials = slopes
    else:
        node._da = slopes[0]
        if node._b is not None:
            node._db = slopes[1]


def _dot(ws: tuple[Value, ...], xs: tuple[Value, ...], bias: Value | None, origin: Origin) -> Dot:
    """A dot product of data of one epoch, even if other threads set leaves meanwhile."""
    writes, total = state.writes, 0.0
    if not state.writing:
        total = _weighted_sum(ws, xs, bias)
    if state.writing or state.writes != writes or origin.epoch is not state.epoch:
        with lock:  # another thread has set leaves: compute again, while none can
            origin, total = current_origin(), _weighted_sum(ws, xs, bias)
    node: Dot = Dot.__new__(Dot)
    _init_result(node, total, _DOT, origin)
    node._ws = ws
    node._xs = xs
    node._bias = bias
    return node


def _weighted_sum(ws: tuple[Value, ...], xs: tuple[Value, ...], bias: Value | None) -> float:
    if cython.compiled:
        check(ws, xs)
    n = len(ws)
    if bias is not None:
        first, total = 0, bias._data
    elif n > 0:
        first, total = 1, ws[0]._data * xs[0]._data
    else:
        return 0.0
    if cython.compiled:  # the same without counting references, see value.pxd
        for i in range(first, n):
            total += data_at(ws, i) * data_at(xs, i)
    else:
        for i in range(first, n):
            total += ws[i]._data * xs[i]._data
    return total


def set_data(leaves: Iterable[Value], numbers: Iterable[object]) -> None:
    """Set the data of several leaves at once: of all, or, if anything goes wrong, of none.

    Parameters
    ----------
    leaves : iterable of Value
    numbers : iterable of real number
        One for each leaf, in order.

    Raises
    ------
    AttributeError
        If one of them is not a leaf.
    TypeError
        If one of the numbers is not a number.
    ValueError
        If there are not as many numbers as leaves.

    Examples
    --------
    >>> a, b = Value(1.0), Value(2.0)
    >>> set_data([a, b], [3, 4])
    >>> a.data, b.data
    (3.0, 4.0)
    """
    written: list[Any] = list(leaves)
    for leaf in written:
        if leaf.op is not None:
            raise AttributeError(f"the data of {leaf.describe()} cannot be set, because it is not a leaf")
    data = [to_float(x) for x in numbers]
    if len(written) != len(data):
        raise ValueError(f"set_data takes a number for each of the {len(written)} leaves, got {len(data)}")
    if blocks:
        _before_write(written)
        data = [_in_format(x) for x in data]
    write(written, data)


def write(leaves: list[Any], data: list[float]) -> None:
    """The last step of `set_data`: set leaves to numbers, both of which have been checked."""
    with lock:
        before = [leaf._data for leaf in leaves]
        try:
            state.writing = True
            state.writes += 1
            for leaf, number in zip(leaves, data):
                keep_overwritten(id(leaf), leaf._data)
                leaf._data = number
        except BaseException:
            for leaf, number in zip(leaves, before):
                leaf._data = number
            raise
        finally:
            state.writing = False


def zero_grads(nodes: Iterable[Value]) -> None:
    """Set the gradients of Values to 0, of many in less time than one by one.

    Parameters
    ----------
    nodes : iterable of Value

    Examples
    --------
    >>> w = Value(2.0)
    >>> (3 * w).backward()
    >>> zero_grads([w])
    >>> w.grad
    0.0
    """
    state.grads_set += 1
    state.zeroed = True
    for x in nodes:
        if type(x) is Value:
            node: Value = x
            node._grad = 0.0
        else:  # of another class, which may have its own `grad`
            x.grad = 0.0


def reached(leaf: Value) -> bool:
    """Whether ``backward()`` has ever reached a leaf, even if its gradient is 0.

    Parameters
    ----------
    leaf : Value

    Examples
    --------
    >>> w, x = Value(2.0), Value(3.0)
    >>> (0.0 * w).backward()
    >>> reached(w), reached(x)
    (True, False)
    """
    return leaf._stamp > 0


def trains(leaf: Value) -> bool:
    """Whether a leaf is to be trained: it is, unless its attribute ``requires_grad`` is False.

    Any leaf can be given that attribute, and whatever trains leaves asks this function: `compile`, which makes
    constants of those that are not to be trained, and optimisers, which leave them as they are. ``backward()`` does not
    ask: the gradient of such a leaf is as true as any other.

    Parameters
    ----------
    leaf : Value

    Examples
    --------
    >>> w = Value(1.0)
    >>> trains(w)
    True
    >>> w.requires_grad = False
    >>> trains(w)
    False
    """
    if cython.compiled and type(leaf) is Value:  # looking up a missing attribute takes longer than updating a leaf
        place = leaf._place
        if place is None or place.extras is None:
            return True
    return bool(getattr(leaf, "requires_grad", True))


def _before_write(leaves: list[Any]) -> None:
    watch = current_watch()
    if watch is not None:
        for leaf in leaves:
            watch.before_write(leaf)


def leaf_of(kind: type[Value], data: float) -> Value:
    """A leaf of the class `kind`, `Value` or a subclass, made without its ``__init__``."""
    node: Value = kind.__new__(kind)
    node._data = data
    node._grad = 0.0
    node._stamp = -state.section
    node._place = None
    node._rule = None
    return node


def rebuild(op: Op, data: float, operands: Operands, partials: Numbers, origin: Origin | None = None) -> Value:
    """A result with these contents, of the class for its number of operands; by default, of the present origin.

    A dot product needs no partials: they are its operands' data.

    Raises
    ------
    TypeError
        If an operand is not a Value, or if there are not as many partials as operands.
    """
    for x in operands:
        if not isinstance(x, Value):
            raise TypeError(f"a node is made from Values, not from {type(x).__name__}: {x!r:.60}")
    if origin is None:
        origin = _origin()
    n = len(operands)
    if op is _DOT:
        half = n // 2
        dot_node: Dot = Dot.__new__(Dot)
        _init_result(dot_node, data, op, origin)
        dot_node._ws, dot_node._xs = operands[:half], operands[half : 2 * half]
        dot_node._bias = operands[n - 1] if n % 2 else None
        return dot_node
    if len(partials) != n:
        raise TypeError(f"a node of {n} operands needs {n} partials, not {len(partials)}")
    if n == 1 or n == 2:
        node: Value = Value.__new__(Value)
        _init_result(node, data, op, origin)
        node._a, node._da = operands[0], partials[0]
        node._b, node._db = (operands[1], partials[1]) if n == 2 else (None, 0.0)
        return node
    wide: Wide = Wide.__new__(Wide)
    _init_result(wide, data, op, origin)
    wide._operands = operands
    wide._partials = partials
    return wide


def record(op: Op, operands: list[Value]) -> Value:
    """Apply an operation to Values: compute the result and its local slopes with the operation's own rules."""
    if op is _DOT:
        half = len(operands) // 2
        bias = operands[2 * half] if len(operands) % 2 else None
        node: Value = _dot(tuple(operands[:half]), tuple(operands[half : 2 * half]), bias, _origin())
    else:
        point = [x._data for x in operands]
        out = op.value(*point)
        node = rebuild(op, out, tuple(operands), op.slopes(*point, out))
    return _apply_blocks(node) if blocks else node


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
    left: tuple[Any, ...] = tuple(ws)
    right: tuple[Any, ...] = tuple(xs)
    if len(left) == len(right) and (left or bias is not None):
        try:
            node: Value = _dot(left, right, bias, _origin())
        except (AttributeError, TypeError):  # some operand is not a Value, which `ops.dot` allows
            pass
        else:
            return _apply_blocks(node) if blocks else node
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


# --- backward -------------------------------------------------------------------------------------------------


def walk(root: Value) -> list[Value]:
    """All results that root was made from, root included, operands before their consumers.

    A depth-first search with its own stack. The stamp of a node becomes `opened` when the walk turns to its operands,
    and `closed` when the node is in the list. Both numbers decrease from walk to walk, so any larger stamp means that
    the node was not visited, and nothing needs to be cleared, not even after an error. The stamps of leaves are below
    them all, so leaves are never visited.

    Raises
    ------
    RuntimeError
        If a signal handler calls it during another walk.
    """
    order = _walk_with_joints(root, False)
    return [node for node in order if not isinstance(node, Joint)] if joints else order


def _walk_with_joints(root: Value, reset: bool) -> list[Value]:
    """`walk` with joints in the list; with `reset` it also sets the gradients of the results to 0."""
    with lock:
        _refuse_a_walk_within_a_walk()
        try:
            state.walking = True
            return _walk(root, reset)
        finally:
            state.walking = False


def _refuse_a_walk_within_a_walk() -> None:
    if state.walking:
        raise RuntimeError(
            "a signal handler interrupted backward(), or another walk over a graph, and began a walk of its own; "
            "let the handler set a flag, and do the work where the program checks the flag"
        )


def _walk(root: Value, reset: bool) -> list[Value]:
    state.clock += 2
    closed = _UNVISITED - state.clock
    opened = closed + 1
    order: list[Value] = []
    stack: Stack = []
    node: Any = root
    while True:
        # Go down to the first operand that was not visited; a node without one goes into the list.
        a = node._a
        if a is None:
            node._stamp = opened
            stack.append(node)
            _push(node, stack, opened)
        else:
            b = node._b
            if a._stamp > opened:
                node._stamp = opened
                stack.append(node)
                if b is not None and b._stamp > opened:
                    stack.append(b)
                node = a
                continue
            if b is not None and b._stamp > opened:
                node._stamp = opened
                stack.append(node)
                node = b
                continue
            node._stamp = closed
            if reset:
                node._grad = 0.0
            order.append(node)
        # Pop nodes until one was not visited yet; those whose operands are all done go into the list.
        while True:
            if not stack:
                return order
            node = stack.pop()
            if node._stamp == opened:
                node._stamp = closed
                if reset:
                    node._grad = 0.0
                order.append(node)
            elif node._stamp > opened:
                break


def _sweep_leaf(leaf: Value, seed: float) -> None:
    """A sweep whose root is a leaf: d(leaf)/d(leaf) is 1."""
    _refuse_a_walk_within_a_walk()
    state.clock += 2
    leaf._stamp = state.clock
    leaf._grad = _in_format(leaf._grad + seed) if blocks else leaf._grad + seed


def _sweep(root: Value, order: list[Value], seed: float, reset: bool) -> None:
    """Apply the chain rule from the end to the beginning; if an exception stops it, restore all gradients.

    The contributions to a leaf are first summed up from 0, then added to its old gradient. So a second sweep adds the
    same number again, and doubles the gradient exactly, whatever the rounding. The sweep stamps the leaves that it
    reaches with its `mark`, which is higher than that of any earlier sweep.
    """
    state.clock += 2
    mark = state.clock
    leaves: OldGradients = []
    results: OldGradients = [] if reset else [(node, node._grad) for node in order if node._grad != 0.0]
    try:
        if not reset:
            for node in order:
                node._grad = 0.0
        root._grad = seed
        flow_back(order, mark, leaves)
        for leaf, before in leaves:
            leaf._grad += before
            if blocks:
                leaf._grad = _in_format(leaf._grad)
    except BaseException:
        for _ in range(ATTEMPTS):
            try:
                _restore_gradients(order, mark, leaves + results)
                break
            except BaseException:  # the gradients must not stay half restored: begin again
                continue
        raise


def flow_back(order: list[Value], mark: Time, leaves: OldGradients) -> None:
    """Propagate gradients from the end of `order` to its beginning; the last nodes have theirs. See `_sweep`."""
    form = rounding() if blocks else None
    if form is not None:
        _flow_back_rounded(order, mark, leaves, form)
        return
    for node in reversed(order):
        # Every consumer of this node has been visited, so its gradient is complete.
        grad_out = node._grad
        a = node._a
        if a is None:
            _spread(node, grad_out, mark, leaves)
        else:
            if a._stamp < mark:
                _begin_leaf(a, mark, leaves)
            a._grad = a._grad + node._da * grad_out  # in C this is faster than +=
            b = node._b
            if b is not None:
                if b._stamp < mark:
                    _begin_leaf(b, mark, leaves)
                b._grad = b._grad + node._db * grad_out


def _flow_back_rounded(order: list[Value], mark: Time, leaves: OldGradients, form: precision) -> None:
    """`flow_back` in a `precision` block: each product is rounded, and each sum."""
    for node in reversed(order):
        if isinstance(node, (Part, Joint)):
            _spread(node, node._grad, mark, leaves)
            continue
        grad = node._grad
        for x, slope in zip(node.operands, node.partials):
            if x._stamp < mark:
                _begin_leaf(x, mark, leaves)
            x._grad = form.round(x._grad + form.round(slope * grad))


def _begin_leaf(leaf: Value, mark: Time, leaves: OldGradients) -> None:
    """Begin the sum for a leaf that the sweep reaches for the first time; `leaves` keeps the old gradient."""
    if leaf._grad != 0.0:
        leaves.append((leaf, leaf._grad))
        leaf._grad = 0.0
    leaf._stamp = mark


def _restore_gradients(order: list[Value], mark: Time, old_gradients: OldGradients) -> None:
    for node in order:
        for x in (node, *node.operands):
            if x._stamp >= mark:
                x._grad = 0.0
    for x, before in old_gradients:
        x._grad = before


# The walk and the sweep at nodes whose operands are in tuples.


def _push(node: Value, stack: Stack, opened: Time) -> None:
    """Put the operands that the walk has not visited on its stack, the first one on top."""
    if isinstance(node, Dot):
        dot_node: Dot = node
        bias = dot_node._bias
        if bias is not None and bias._stamp > opened:
            stack.append(bias)
        _push_all(dot_node._xs, stack, opened)
        _push_all(dot_node._ws, stack, opened)
    elif isinstance(node, Wide):
        wide: Wide = node
        _push_all(wide._operands, stack, opened)
    elif isinstance(node, Part):
        part: Part = node
        if part._joint._stamp > opened:
            stack.append(part._joint)
    elif isinstance(node, Joint):
        joint: Joint = node
        _push_all(joint._operands, stack, opened)


def _push_all(operands: tuple[Value, ...] | None, stack: Stack, opened: Time) -> None:
    if operands is None:
        raise TypeError("a node whose class was called by hand has no operands; operations make nodes")
    if cython.compiled:  # the same without counting references
        for i in range(len(operands) - 1, -1, -1):
            if stamp_at(operands, i) > opened:
                stack.append(operands[i])
    else:
        for x in reversed(operands):
            if x._stamp > opened:
                stack.append(x)


def _spread(node: Value, grad: float, mark: Time, leaves: OldGradients) -> None:
    """Add `grad` times the slopes to the operands' gradients."""
    if isinstance(node, Dot):
        dot_node: Dot = node
        ws, xs, bias = dot_node._ws, dot_node._xs, dot_node._bias
        if bias is not None:
            if bias._stamp < mark:
                _begin_leaf(bias, mark, leaves)
            bias._grad = bias._grad + grad
        origin: Any = dot_node._place
        if origin.epoch is not state.epoch and overwritten_since(origin.epoch):  # an operand has been set since
            _spread_slopes(dot_node.operands, data_then(node, xs + ws), grad, mark, leaves)
        elif cython.compiled:  # the same without counting references
            for i in range(len(ws)):
                if stamp_at(ws, i) < mark:
                    _begin_leaf(ws[i], mark, leaves)
                if stamp_at(xs, i) < mark:
                    _begin_leaf(xs[i], mark, leaves)
                add_grad(ws, i, data_at(xs, i) * grad)
                add_grad(xs, i, data_at(ws, i) * grad)
        else:
            for w, x in zip(ws, xs):
                if w._stamp < mark:
                    _begin_leaf(w, mark, leaves)
                if x._stamp < mark:
                    _begin_leaf(x, mark, leaves)
                w._grad += x._data * grad
                x._grad += w._data * grad
    elif isinstance(node, Wide):
        wide: Wide = node
        _spread_slopes(wide._operands, wide._partials, grad, mark, leaves)
    elif isinstance(node, Part):
        part: Part = node
        part._joint._record.receive(part._number, grad, mark)
    elif isinstance(node, Joint):
        joint: Joint = node
        joint._record.flow_back(mark, leaves)


def _spread_slopes(operands: Operands, slopes: Iterable[float], grad: float, mark: Time, leaves: OldGradients) -> None:
    for x, slope in zip(operands, slopes):
        if x._stamp < mark:
            _begin_leaf(x, mark, leaves)
        x._grad = x._grad + slope * grad


# --- checkpointed functions -----------------------------------------------------------------------------------


joints: set[Any] = set()
"""Weak references to all living joints; while there are none, walks and sweeps need no extra steps for them."""


def make_parts(outs: list[Value], operands: Operands, record: Record) -> list[Value]:
    """The parts that replace the results `outs` of a checkpointed function; `operands` are results that it used."""
    joint: Joint = Joint.__new__(Joint)
    _init_result(joint, 0.0, record.op, _origin())
    joint._operands = operands
    joint._record = record
    joints.add(ref(joint, joints.discard))
    parts: list[Value] = []
    for number, out in enumerate(outs):
        part: Part = Part.__new__(Part)
        _init_result(part, out._data, record.op, origin_of(out._place))
        part._joint = joint
        part._number = number
        parts.append(part)
    return parts


def interior(roots: list[Value], since: Time) -> tuple[list[Value], Operands, list[Operands]]:
    """The results behind `roots` that were made since the section `since` began, and their operands from before.

    Returns
    -------
    tuple
        The new results, operands first, in the order in which `backward` walks. The older results among their
        operands, in the order in which `backward` would reach them; what those were made from is not visited. And the
        older leaves, in rows: weights are mostly used in tuples that nodes share. A leaf may be in several rows.
    """
    made: list[Value] = []
    outer_results: list[Value] = []
    singles: list[Value] = []
    rows: dict[int, Operands] = {}
    stamps: Stamps = []
    with lock:
        _refuse_a_walk_within_a_walk()
        try:
            state.walking = True
            _walk_interior(roots, since, made, outer_results, singles, rows, stamps)
        finally:
            stopped: list[BaseException] = []
            while len(stopped) < ATTEMPTS:
                try:
                    for leaf, stamp in stamps:
                        leaf._stamp = stamp
                    state.walking = False
                    break
                except BaseException as error:  # a sweep that is under way relies on the old stamps: begin again
                    stopped.append(error)
            if stopped:
                raise stopped.pop()
    return made, tuple(outer_results), [tuple(singles), *rows.values()]


def run_again(call: Callable[[], Any]) -> Any:
    """Call `call`, which runs a checkpointed function again, perhaps in a sweep; it may walk, but not sweep, itself."""
    with lock:
        walking, rerunning = state.walking, state.rerunning
        try:
            state.walking = False
            state.rerunning = True
            return call()
        finally:
            state.walking = walking
            state.rerunning = rerunning


def _walk_interior(
    roots: list[Value],
    since: Time,
    made: list[Value],
    outer_results: list[Value],
    singles: list[Value],
    rows: dict[int, Operands],
    stamps: Stamps,
) -> None:
    """The walk of `interior`. It changes the stamps of leaves, and notes the old ones in `stamps`."""
    state.clock += 2
    seen = state.clock
    closed = _UNVISITED - seen
    opened = closed + 1
    stack: Stack = []
    stack.extend(reversed(roots))
    while stack:
        node: Any = stack.pop()
        if node._rule is None:
            if node._stamp < seen:
                stamps.append((node, node._stamp))
                if node._stamp > -since:
                    singles.append(node)
                    node._stamp = seen
                else:
                    node._stamp = seen + 1  # made inside the function
        elif node._stamp == opened:
            node._stamp = closed
            made.append(node)
        elif node._stamp > opened:
            origin: Any = node._place
            if origin.section < since:
                node._stamp = closed
                outer_results.append(node)
                continue
            node._stamp = opened
            stack.append(node)
            a = node._a
            if a is not None:
                if node._b is not None:
                    stack.append(node._b)
                stack.append(a)
            elif isinstance(node, Dot):
                dot_node: Dot = node
                if dot_node._bias is not None:
                    stack.append(dot_node._bias)
                is_row: bool = _is_row(dot_node._ws, rows, since, seen)
                if not _is_row(dot_node._xs, rows, since, seen):
                    _push_new(dot_node._xs, stack, opened, seen)
                if not is_row:
                    _push_new(dot_node._ws, stack, opened, seen)
            elif isinstance(node, Part):
                part: Part = node
                stack.append(part._joint)
            elif isinstance(node, Joint):
                joint: Joint = node
                for leaves in joint._record.rows[::-1]:
                    if not _is_row(leaves, rows, since, seen):
                        _push_new(leaves, stack, opened, seen)
                _push_new(joint._operands, stack, opened, seen)
            else:
                _push_new(node.operands, stack, opened, seen)


def _is_row(operands: Operands, rows: dict[int, Operands], since: Time, seen: Time) -> bool:
    """Whether all operands are leaves from before `since`, and `rows` has this very sequence, or gets it now."""
    n = len(operands)
    if n == 0:
        return True
    first = id(operands[0])
    known = rows.get(first)
    if known is not None:
        return known is operands or (len(known) == n and all(map(is_, known, operands)))
    if cython.compiled:
        for i in range(n):
            if not -since < stamp_at(operands, i) <= seen:
                return False
    elif not all(-since < x._stamp <= seen for x in operands):  # the stamps of results are far larger
        return False
    rows[first] = operands
    return True


def _push_new(operands: Operands, stack: Stack, opened: Time, seen: Time) -> None:
    """Put the operands that the walk has not visited on its stack, leaves included, the first one on top."""
    if cython.compiled:
        for i in range(len(operands) - 1, -1, -1):
            if stamp_at(operands, i) > opened or stamp_at(operands, i) < seen:
                stack.append(operands[i])
    else:
        for x in reversed(operands):
            if x._stamp > opened or x._stamp < seen:
                stack.append(x)


if cython.compiled:
    _pending: Final[list[Any]] = [None] * 64  # see value.pxd

if not cython.compiled:  # Python needs none of these methods, and is faster without them
    for _name in ("__getattr__", "__setattr__", "__delattr__", "_extras", "__dealloc__"):
        delattr(Value, _name)
    del Wide.__dealloc__, Dot.__dealloc__, Joint.__dealloc__, Part.__dealloc__
