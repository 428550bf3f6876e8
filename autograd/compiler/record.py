"""Pass: run the function on placeholders and record what it computes.

The placeholders are Values, so everything that works on Values can be compiled. Whatever would make the result depend
on their numbers without a trace in the graph is refused: an ``if`` on a comparison, a look at ``.data``, ``no_grad``.
The CompileError is raised even if the function catches it. A comparison by itself is recorded, and can be an operand of
`autograd.where`, and of `autograd.require`, which checks it when the program is called. Calls of `autograd.ask` and
`autograd.tell` are recorded as well. The function runs twice: a trainable leaf that is the same object in both runs is
a parameter, and any other leaf a constant. If the two runs differ in anything else, such as random numbers that do not
come from `autograd.ask`, that is an error.
"""

from __future__ import annotations

from .. import ops
from ..errors import CompileError, sentence
from ..functional import leaves, rebuild
from ..ieee import to_float
from ..modes import Watch, blocks, enable_grad, line_outside, line_raised, recording, rounding
from ..ops import Op
from ..value import Constant, Value, record, trains, walk
from ..value import rebuild as node_of
from .inputs import Asked
from .scalars import CONSTANT, DETACH, INPUT, PARAMETER, RELATIONS, Scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn, TypeAlias

    from .inputs import Inputs

    Teller: TypeAlias = Callable[[list[float]], object]


class Condition:
    """A comparison of recorded Values: it can be an operand, as True and False can, but not decide anything."""

    def __init__(self, recorder: Recorder, sign: str, a: Any, b: Any) -> None:
        self.recorder, self.sign, self.operands = recorder, sign, (a, b)
        self.node = record(RELATIONS[sign], [_value(a), _value(b)])

    @staticmethod
    def __apply_op__(op: Op, operands: tuple[Any, ...]) -> Any:
        return Op.__call__(op, *[x.node if isinstance(x, Condition) else x for x in operands])

    def __bool__(self) -> bool:
        self.recorder.refuse(
            self,
            f"a comparison of Values ({self.sign}) decides here what happens next, but a compiled program would always "
            "take the branch of the numbers that it was recorded with; use autograd.where(condition, a, b), maximum, "
            "relu or clip instead, and autograd.require(condition, message) to check arguments",
        )

    # A bool can be an index or a dict key; a comparison in such a place is refused with the same message.
    __index__ = __int__ = __float__ = __hash__ = __bool__

    def _combined(self, sign: str, other: Any) -> Any:
        if isinstance(other, bool):
            return (self if other else False) if sign == "&" else (True if other else self)
        pair = (self.sign, getattr(other, "sign", None))
        if sign == "&" and pair == (">=", "<=") and _same(self.operands, other.operands):
            return Condition(self.recorder, "==", *self.operands)  # `ops.equal` is written with >= and <=
        return Condition(self.recorder, sign, self, other)

    def __and__(self, other: Any) -> Any:
        return self._combined("&", other)

    def __or__(self, other: Any) -> Any:
        return self._combined("|", other)

    __rand__ = __and__
    __ror__ = __or__

    def __eq__(self, other: object) -> Any:
        return Condition(self.recorder, "==", self, other)

    def __ne__(self, other: object) -> Any:
        return Condition(self.recorder, "!=", self, other)

    def __neg__(self) -> Any:
        return -self.node

    def __add__(self, other: Any) -> Any:
        return self.node + _value(other)

    def __sub__(self, other: Any) -> Any:
        return self.node - _value(other)

    def __rsub__(self, other: Any) -> Any:
        return _value(other) - self.node

    def __mul__(self, other: Any) -> Any:
        return self.node * _value(other)

    def __truediv__(self, other: Any) -> Any:
        return self.node / _value(other)

    def __rtruediv__(self, other: Any) -> Any:
        return _value(other) / self.node

    def __pow__(self, other: Any) -> Any:
        return self.node ** _value(other)

    def __rpow__(self, other: Any) -> Any:
        return _value(other) ** self.node

    __radd__ = __add__
    __rmul__ = __mul__


def _value(x: Any) -> Value:
    if isinstance(x, Condition):
        return x.node
    return x if isinstance(x, Value) else Constant(x)


def _same(xs: tuple[Any, ...], ys: tuple[Any, ...]) -> bool:
    return all(x is y or (not isinstance(x, (Value, Condition)) and x == y) for x, y in zip(xs, ys))


class Recorder(Watch):
    """Watches a function that is being recorded, and refuses what a compiled program could not repeat.

    Attributes
    ----------
    refusal : CompileError or None
        The first one, even if the function caught it.
    checks : list
        For each call of `require`, the message, and the nodes of the condition and of the values in the message.
    asking : list of Asked
        The calls of `ask`; the placeholders for their numbers come after those for the arguments.
    telling : list of tuple
        For each call of `tell`, the function, and the nodes of the values.
    """

    derivatives = True
    stays_current = True
    needs_all_nodes = True

    def __init__(self, placeholders: Iterable[Value]) -> None:
        self.refusal: CompileError | None = None
        self.checks: list[tuple[str, list[Value]]] = []
        self.asking: list[Asked] = []
        self.telling: list[tuple[Teller, list[Value]]] = []
        self.placeholders = list(placeholders)
        self._own = {id(x): x for x in self.placeholders}  # and the function's own nodes, see `made`
        self.for_other_threads = _WatchForOtherThreads()

    def setting(self) -> object:
        return self

    def refuse(self, x: object, why: str) -> NoReturn:
        """Raise a CompileError for a forbidden use of x; it names the line of the user's code."""
        error = CompileError(f"{line_outside()}: {why}")
        self.refusal = self.refusal or error
        raise error

    def owns(self, x: object) -> bool:
        """Whether x is a placeholder, or was made by the recorded function."""
        return id(x) in self._own or (isinstance(x, Condition) and x.recorder is self)

    def in_order(self, nodes: list[Value]) -> list[Value]:
        """Nodes in the order in which the function made them; unchanged if some operations are not its own.

        Nodes that are made together, such as the gates of a cell, then stay together.
        """
        made = {number: i for i, number in enumerate(self._own)}
        if any(node.op is not None and id(node) not in made for node in nodes):
            return nodes
        leaves = [node for node in nodes if node.op is None]
        return [*leaves, *sorted([node for node in nodes if node.op is not None], key=lambda node: made[id(node)])]

    def made(self, node: Value) -> None:
        self._own[id(node)] = node
        if not recording():
            self.refuse(
                node,
                "inside no_grad() nothing is recorded, so a compiled program would keep the numbers that are computed "
                "there; use detach() on a Value that should have no gradient",
            )

    def read(self, x: Value) -> None:
        if not self.concrete(x):
            self.refuse(
                x,
                "the number of a Value is read here (.data), but a compiled program would keep the one that it was "
                "recorded with; compute with the Value itself, or move this out of the function",
            )

    def before_write(self, x: Value) -> None:
        self.refuse(
            x,
            f"the number of {x.describe()} is set while the function is recorded, which a compiled program would not "
            "do again; set Values outside the function",
        )

    def before_sweep(self, order: list[Value], seed: float) -> None:
        self.refuse(
            order[-1],
            "backward() is called while the function is recorded; return what is to be differentiated, or use "
            "autograd.grad inside",
        )

    def compared(self, sign: str, a: Value, other: object) -> Any:
        if self.concrete(a) and self.concrete(other):
            return super().compared(sign, a, other)
        return Condition(self, sign, a, other)

    def hashed(self, x: Value) -> None:
        if self.owns(x) and not self.concrete(x):
            self.refuse(
                x,
                f"{x.label or 'a result'!r} is looked up in a set or dict, but it has no number before the program "
                "runs; write a sum of autograd.where(x == key, value, 0.0) over the keys instead",
            )

    def copied(self, x: Value, pickled: bool) -> Value | None:
        if self.concrete(x):
            return None
        if pickled or x.op is not None or not self.owns(x):
            self.refuse(
                x,
                f"{x.describe()} is copied or pickled while the function is recorded, but each copy would be a new "
                "parameter; copy outside the function, or use detach() on a Value that should have no gradient",
            )
        return record(ops.positive, [x])

    def detached(self, x: Value) -> Value | None:
        return super().detached(x) if self.concrete(x) else record(DETACH, [x])

    def concrete(self, x: object) -> bool:
        return isinstance(x, Constant) or not isinstance(x, (Value, Condition))

    def required(self, condition: object, message: str, values: tuple[object, ...]) -> bool:
        if self.concrete(condition):
            return super().required(condition, message, values)
        sentence(message, [0.0] * len(values))  # an error in the message itself should be raised now
        self.checks.append((message, [_value(x) for x in (condition, *values)]))
        return True

    def asked(self, function: Callable[[int], Any], count: int, each: bool) -> list[Any]:
        slot = Asked(f"asked{len(self.asking) + 1}", count, each, function)
        made = slot.placeholders()
        self.asking.append(slot)
        self.placeholders += made
        self._own.update({id(x): x for x in made})
        return made

    def told(self, function: Teller, values: Any) -> bool:
        self.telling.append((function, [_value(x) for x in values]))
        return True


class _WatchForOtherThreads(Watch):
    """Watches, in threads that record nothing, the nodes of functions that other threads are recording.

    A recorded function may hand work to other threads. Placeholders, and nodes computed from them, belong to its
    recording in any thread. Other leaves do not: such a thread may be using them for something else.
    """

    derivatives = True
    needs_all_nodes = True

    def _recorder(self, *xs: object) -> Recorder | None:
        for recorder in [entry.setting for entry in list(blocks)]:
            if isinstance(recorder, Recorder) and any(recorder.owns(x) for x in xs):
                return recorder
        return None

    def refuse(self, x: object, why: str) -> None:
        if recorder := self._recorder(x):
            recorder.refuse(x, why)

    def made(self, node: Value) -> None:
        if recorder := self._recorder(*node.operands):
            recorder.made(node)

    def read(self, x: Value) -> None:
        if recorder := self._recorder(x):
            recorder.read(x)

    def before_write(self, x: Value) -> None:
        if recorder := self._recorder(x):
            recorder.before_write(x)

    def before_sweep(self, order: list[Value], seed: float) -> None:
        if recorder := self._recorder(*order):
            recorder.before_sweep(order, seed)

    def compared(self, sign: str, a: Value, other: object) -> Any:
        recorder = self._recorder(a, other)
        return recorder.compared(sign, a, other) if recorder else None

    def hashed(self, x: Value) -> None:
        if recorder := self._recorder(x):
            recorder.hashed(x)

    def copied(self, x: Value, pickled: bool) -> Value | None:
        recorder = self._recorder(x)
        return recorder.copied(x, pickled) if recorder else None

    def detached(self, x: Value) -> Value | None:
        recorder = self._recorder(x)
        return recorder.detached(x) if recorder else None

    def concrete(self, x: object) -> bool:
        recorder = self._recorder(x)
        return recorder.concrete(x) if recorder else True

    def required(self, condition: object, message: str, values: tuple[object, ...]) -> bool:
        recorder = self._recorder(condition)
        return recorder.required(condition, message, values) if recorder else False

    def told(self, function: Teller, values: Any) -> bool:
        recorder = self._recorder(*values)
        return recorder.told(function, values) if recorder else False


class Recording:
    """What a function computes, as a table of scalars.

    Parameters
    ----------
    f : callable
    inputs : Inputs
    parameters : iterable of Value, optional
        The leaves that are parameters; if None, all trainable leaves that occur in both runs.
    own_leaf : callable
        Gives the Value that stands for a leaf in `parameters`: itself, or a copy.

    Attributes
    ----------
    scalars : Scalars
    parameters : list of Value
        In the order in which PARAMETER rows count them.
    fixed : dict of float, by Value
        The other leaves that existed before, each with the number that the program has in its place.
    single : bool
        Whether the function returns one number.
    returned : nesting of numbers
        Nested like what the function returns; each number says which of the table's outputs is there.
    checks : list of tuple
        For each call of `require`, in order: the message, and how many of the table's outputs belong to it, the
        condition and the values in the message. These outputs come after those for the returned numbers.
    asked : list of Asked
        The slots of the numbers that the function asks for at every call.
    told : list of tuple
        For each call of `tell`, the function, and how many numbers it gets; these are the table's last outputs.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        inputs: Inputs,
        parameters: Iterable[Value] | None,
        own_leaf: Callable[[Value], Value] = lambda leaf: leaf,
    ) -> None:
        self.scalars, found, self.returned, self.checks, self.asked, self.told = _run(f, inputs)
        again, found_again, _, checked_again, asked_again, told_again = _run(f, inputs)
        self.single = not isinstance(self.returned, (list, tuple, dict)) and getattr(self.returned, "ndim", 0) == 0
        chosen = None if parameters is None else dict.fromkeys(parameters)
        self.parameters: list[Value] = [] if chosen is None else list(chosen)
        self.fixed: dict[Value, float] = {}
        numbers = {p: i for i, p in enumerate(self.parameters)}
        _compare(self.scalars, again)
        if self.checks != checked_again:
            raise _unsteady(f"the one checks {self.checks!r:.60}, the other {checked_again!r:.60}")
        asked, again_asked = ([(slot.count, slot.each) for slot in slots] for slots in (self.asked, asked_again))
        if asked != again_asked or [count for _, count in self.told] != [count for _, count in told_again]:
            raise _unsteady("they ask for, or hand out, different counts of numbers")
        for row, leaf in found.items():
            twin = found_again[row]
            mine = own_leaf(leaf) if leaf is twin and not isinstance(leaf, Constant) else None
            if mine is not None and (trains(mine) if chosen is None else mine in chosen):
                number = numbers.setdefault(mine, len(numbers))
                if number == len(self.parameters):
                    self.parameters.append(mine)
                self.scalars.heads[row], self.scalars.data[row] = PARAMETER, number
            else:
                if repr(leaf._data) != repr(twin._data):
                    raise _unsteady(f"the number {leaf._data!r} in the one is {twin._data!r} in the other")
                self.scalars.data[row] = leaf._data
                if mine is not None:
                    self.fixed[mine] = leaf._data


def _watched(recorder: Recorder, f: Callable[..., Any], arguments: list[Any]) -> Any:
    """What f returns. If the recorder refused something, that error is raised, even if f caught it."""
    try:
        with recorder, enable_grad():
            returned = f(*arguments)
    except Exception as error:
        if recorder.refusal is not None and error is not recorder.refusal:
            raise recorder.refusal from error
        if isinstance(error, TypeError) and (line := line_raised(error)):
            raise CompileError(f"{line}: {error} (the function is recorded with Values in place of numbers)") from error
        raise
    if recorder.refusal is not None:
        raise recorder.refusal
    return returned


def _run(
    f: Callable[..., Any], inputs: Inputs
) -> tuple[Scalars, dict[int, Value], Any, list[tuple[str, int]], list[Asked], list[tuple[Teller, int]]]:
    """Run f once: its table; by row, the leaves that are not placeholders; what f returned, checked, asked and told."""
    form = rounding()
    if form is not None:
        raise CompileError(
            f"a program has a dtype of its own, and cannot be recorded inside precision({form.name!r}); compile "
            f"outside the block, with dtype={form.name!r}"
        )
    placeholders = [slot.placeholders() for slot in inputs.slots]
    arguments = inputs.filled([slot.nested(iter(xs)) for slot, xs in zip(inputs.slots, placeholders)])
    recorder = Recorder([x for values in placeholders for x in values])
    returned = _watched(recorder, f, arguments)
    if _holds_none(returned):
        raise CompileError(f"{_function_name(f)} returned None, in {returned!r:.60}; it must return Values, or numbers")
    outs = [_output(f, out) for out in leaves(returned)]
    if not outs:
        raise CompileError(f"{_function_name(f)} returned nothing to compute: {returned!r:.60}")
    checks = [(message, len(nodes)) for message, nodes in recorder.checks]
    told = [(function, len(nodes)) for function, nodes in recorder.telling]
    output_nodes = [*outs, *[node for _, nodes in (*recorder.checks, *recorder.telling) for node in nodes]]
    table = Scalars()
    rows: dict[int, int] = {}  # by id, which is safe while all the nodes are alive
    found: dict[int, Value] = {}
    for placeholder in recorder.placeholders:
        rows[id(placeholder)] = table.add(INPUT, (), len(rows), placeholder.place)
    order = walk(node_of(ops.sum, 0.0, tuple(output_nodes), (1.0,) * len(output_nodes)))
    order.pop()
    order = recorder.in_order(order)
    for node in [*order, *output_nodes]:
        if id(node) in rows:
            continue
        operands = list(map(id, node.operands))
        for x in node.operands:
            if id(x) not in rows and x.op is None:
                rows[id(x)] = table.add(CONSTANT, (), None, x.place)
                found[rows[id(x)]] = x
        if node.op is None:
            rows[id(node)] = table.add(CONSTANT, (), None, node.place)
            found[rows[id(node)]] = node
        else:
            rows[id(node)] = table.add(node.op, tuple([rows[x] for x in operands]), None, node.place)
    table.outputs = [rows[id(node)] for node in output_nodes]
    return table, found, rebuild(returned, iter(range(len(outs)))), checks, recorder.asking, told


def _holds_none(x: Any) -> bool:
    if isinstance(x, dict):
        x = list(x.values())
    return x is None or (isinstance(x, (list, tuple)) and any(map(_holds_none, x)))


def _output(f: Callable[..., Any], out: Any) -> Value:
    if isinstance(out, Condition):
        return out.node
    if isinstance(out, Value):
        return out
    try:
        return Constant(to_float(out))
    except TypeError:
        raise CompileError(
            f"{_function_name(f)} returned {type(out).__name__}, {out!r:.60}; it must return Values, in lists or dicts "
            "if there are several"
        ) from None


def _function_name(f: Callable[..., Any]) -> str:
    return str(getattr(f, "__name__", type(f).__name__))


def _compare(one: Scalars, other: Scalars) -> None:
    if one.heads != other.heads or one.operands != other.operands or one.outputs != other.outputs:
        for a, b, place in zip(one.heads, other.heads, one.places):
            if a is not b:
                where = f" in {place.scope}" if place is not None and place.scope else ""
                raise _unsteady(f"where the one has {a.name}{where} the other has {b.name}")
        raise _unsteady(f"they have {len(one)} and {len(other)} nodes, joined in different ways")


def _unsteady(difference: str) -> CompileError:
    return CompileError(
        "run twice, the function computed two different things, so there is no single program to compile: "
        f"{difference}. Does it draw random numbers, which autograd.ask makes new at every call, or count its calls?"
    )
