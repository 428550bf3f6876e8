"""The compiled program as a user sees it: call it, train with it, read its source.

`compile` only notes what is to be compiled. The passes run when the shapes of the arguments are known: at once if there
are no arguments or `like` gives their shapes, or else at the first call.
"""

from __future__ import annotations

import copy
import gc
import inspect
import pickle

import numpy as np

from ..arrays import collect_calls
from ..errors import CompileError
from ..value import Value, trains
from .check import checking
from .dialects import Dialect
from .explain import Explanation, Stages, explain
from .fixed import Fixed
from .floats import careful
from .inputs import Inputs
from .parameters import Parameters
from .pipeline import Task, compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any


class Program:
    """A function compiled to NumPy; `autograd.compile` makes it.

    A subclass that runs its programs elsewhere says what it takes for arguments (`_inputs_class`), how the text reads
    there (`_dialect`), and what it makes of the text's functions (`_begin`, `_take_views`); it runs them in
    ``__call__`` and `_computed`.

    Attributes
    ----------
    example : callable
        The function that was compiled; None in a program that was pickled after it was compiled.
    source : str
        The program's text.
    parameters : Parameters
        Their numbers and gradients, in one vector each.

    Raises
    ------
    TypeError, ValueError
        From a call: if the arguments do not have the shapes and kinds of the example, if there is a nan among them that
        spreads into the result, or if they do not meet what the function requires of them.
    RuntimeError
        From a call: if a leaf that is a constant of the program has been set to another number.

    Examples
    --------
    >>> import autograd
    >>> w = Value(2.0, "w")
    >>> program = autograd.compile(lambda x: (w * x) ** 2)
    >>> program([1.0, 2.0])
    (10.0, array([10.]))
    >>> program.outputs([1.0, 2.0])
    array([ 4., 16.])
    """

    _inputs_class = Inputs
    _dialect = Dialect()
    _dtypes: tuple[str, ...] = ("float64", "float32", "float16")
    _made: tuple[str, ...] = ("_cut", "_outputs", "_step", "_views")
    """The attributes that `_begin` makes from the text; a pickle leaves them out."""

    def __init__(
        self,
        f: Callable[..., Any],
        parameters: Any,
        like: Sequence[Any] | None,
        batch: bool,
        reduction: str,
        gradient: bool | None,
        dtype: Any,
        allow_nan: bool,
        textbook: bool = False,
    ) -> None:
        if not callable(f):
            raise TypeError(f"compile takes a function, not {type(f).__name__}: {f!r:.60}; write lambda: ... around it")
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction must be 'mean' or 'sum', not {reduction!r:.60}")
        chosen = _values(parameters)
        self.example = f
        self._shared = chosen if isinstance(chosen, Parameters) else None
        self._chosen = chosen.values if isinstance(chosen, Parameters) else chosen
        self._batch, self._reduction = batch, reduction
        self._gradient, self._dtype, self._allow_nan = gradient, self._dtype_of(dtype), allow_nan
        self._textbook = textbook
        self._inputs: Inputs | None = None
        self._copied: list[dict[int, Any]] = []
        self._stages: Stages | None = None
        if like is not None:
            _check_arguments(f, like)
            self._build(self._inputs_class(f, like, False, self._dtype).set_batched(batch))
        elif not _takes_arguments(f):
            self._build(self._inputs_class(f, (), False, self._dtype))

    @classmethod
    def _dtype_of(cls, dtype: Any) -> np.dtype[Any]:
        for name in cls._dtypes:
            if dtype == name or dtype is getattr(np, name, None) or (dtype is float and name == "float64"):
                return np.dtype(name)
        known = f"{', '.join(cls._dtypes[:-1])} or {cls._dtypes[-1]}"
        raise ValueError(f"dtype must be {known}, not {dtype!r:.60}")

    # --- compiling --------------------------------------------------------------------------------------------

    def _build(self, inputs: Inputs) -> None:
        """Run the passes.

        The garbage collector is off meanwhile: it would search millions of rows, none of them part of a cycle of
        references, over and over, and the cost would no longer be linear.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            self._run_passes(inputs)
        finally:
            if collecting:
                gc.enable()

    def _task(self, inputs: Inputs) -> Task:
        """Record the function, and gather what the passes need to know."""
        chosen = self._chosen
        if chosen is not None and self._shared is None:  # parameters shared with another program are taken as they are
            chosen = [p for p in chosen if trains(p)]
        return Task(
            self.example,
            inputs,
            self._batch,
            self._reduction,
            self._gradient,
            self._dtype,
            chosen,
            self._shared,
            self._own_leaf,
            self._textbook,
            floats=isinstance(self, FloatProgram) or type(self) is Program,
            dialect=self._dialect,
        )

    def _run_passes(self, inputs: Inputs) -> None:
        task = self._task(inputs)
        function_name = task.function_name
        programs, written = compiled(task)
        self._text = written.source
        source, constants = written.source, written.constants
        try:
            functions = self._functions(function_name, source, constants)
        except (SyntaxError, MemoryError, RecursionError) as error:  # the limits of Python's parser
            raise CompileError(f"the program of {function_name} is too nested for Python to read: {error}") from error
        self._title, self._source, self._constants = function_name, source, constants
        self._parameters = self._shared or Parameters(programs["outputs"].layout, self._dtype)
        self._returned = task.recording.returned
        self._asked = task.recording.asked
        self._told = [function for function, _ in task.recording.told]
        self._fixed = Fixed([*task.recording.fixed], [*task.recording.fixed.values()], function_name)
        if written.floats:
            self.__class__ = FloatProgram
        self._begin(functions)
        self._inputs = inputs

    def _functions(self, title: str, source: str, constants: Mapping[str, Any]) -> dict[str, Any]:
        """Execute the source; returns the names that it defines."""
        scope = dict(constants)
        exec(compile(source, f"<compiled {title}>", "exec"), scope)
        return scope

    def _begin(self, functions: Mapping[str, Any]) -> None:
        """Keep the source's functions, and views of the parameters."""
        self._cut, self._outputs, self._step = functions["parameters"], functions["outputs"], functions.get("step")
        self._take_views()

    def _take_views(self) -> None:
        """Take views of the vector of parameters; again after a copy, which has a new vector."""
        self._views = self._cut(self._parameters.data)

    # --- copies -----------------------------------------------------------------------------------------------

    def __copy__(self) -> Program:
        """A program with the same parameters."""
        twin = Program.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        """A program with parameters of its own, and with Values of its own for `write_back`.

        If nothing is compiled yet, only the function is copied, and only if it is an object, such as a module: a plain
        function goes on using the original's Values. These are copied when the recording finds them (see `_own_leaf`),
        unless this call of deepcopy has copied them already: `memo`, which is kept, has the copies.
        """
        twin = memo[id(self)] = copy.copy(self)
        changing = ("example", "_chosen", "_shared", "_parameters", "_fixed", "_asked", "_told")
        for key in changing:  # the other attributes never change, and can be shared
            if key in vars(self):
                vars(twin)[key] = copy.deepcopy(vars(self)[key], memo)
        if self._inputs is None:
            twin._copied = [*self._copied, memo]
        else:
            twin._take_views()
            twin._stages = None
        return twin

    def _own_leaf(self, leaf: Value) -> Value:
        """This program's own Value for a leaf that its function uses: in a deepcopy, a copy of the leaf."""
        start = 0
        for i, memo in enumerate(self._copied, 1):
            if any(leaf is made for made in memo.values()):
                start = i
        for memo in self._copied[start:]:
            leaf = copy.deepcopy(leaf, memo)
        return leaf

    def __getstate__(self) -> dict[str, Any]:
        """The state to pickle: once compiled, the source in place of its functions, and no `example`.

        Raises
        ------
        pickle.PicklingError
            If nothing is compiled yet, and the function cannot be pickled.
        """
        state = vars(self) | {"_copied": [], "_stages": None}
        if self._inputs is not None:
            for made in self._made:
                del state[made]
            state["example"] = None
            return state
        try:
            pickle.dumps(self.example)
        except Exception as error:
            raise pickle.PicklingError(
                f"nothing is compiled yet, and the function cannot be pickled ({error}); call the program once, or "
                "give compile() the arguments for one example as like=: then the function is not needed"
            ) from error
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._inputs is not None:
            self._dtype = self._inputs.dtype = np.dtype(self._dtype.name)  # NumPy's own object, for comparisons by `is`
            self._begin(self._functions(self._title, self._source, self._constants))

    # --- what is compiled -------------------------------------------------------------------------------------

    def _built(self, arguments: Sequence[Any] | None = None) -> Inputs:
        if self._inputs is None:
            if arguments is None:
                raise RuntimeError(
                    "nothing is compiled yet: the shapes of the arguments are not known. Call the program once, or "
                    "give compile() the arguments for one example as like="
                )
            self._build(self._inputs_class(self.example, arguments, self._batch, self._dtype))
        assert self._inputs is not None
        return self._inputs

    @property
    def source(self) -> str:
        """The program's text."""
        self._built()
        return self._source

    @property
    def parameters(self) -> Parameters:
        """The parameters' numbers and gradients."""
        self._built()
        return self._parameters

    # --- looking into it --------------------------------------------------------------------------------------

    @property
    def stages(self) -> Stages:
        """What every pass made, from the record to the text, by the name of the pass.

        Nothing of it is kept before somebody asks; then the function is recorded and compiled once more.

        Raises
        ------
        RuntimeError
            If that is impossible: the program was pickled, or the function computes something else by now.

        Examples
        --------
        >>> import autograd
        >>> w = Value(2.0, "w")
        >>> program = autograd.compile(lambda x: 3 * (w * x) ** 2, like=[0.0])
        >>> print(program.stages)  # doctest: +ELLIPSIS
        record         6 scalars  what the function computes, one number at a time
        fold           6 scalars  constants are computed
        ...
        group           6 arrays  scalars of one kind become arrays
        ...
        text            24 lines  the program as it is run
        >>> print(program.stages["name"])
        x = input 0           # (n,)
        w = part from 0 to 1
        %2 = mul(w, x)        # (n,)
        %3 = **2(%2)          # (n,)
        %4 = mul(3.0, %3)     # (n,)
        returned: %4, 0.0
        """
        inputs = self._built()
        if self._stages is None:
            if self.example is None:
                raise RuntimeError(
                    "a pickled program has no stages: the function that it was compiled from is not in the pickle; "
                    "look at them where it was compiled"
                )
            found = Stages(self._task(inputs))
            if found.written.source != self._text:
                raise RuntimeError(
                    f"{self._title} no longer computes what it did when it was compiled, so there is nothing to "
                    "show; compile it again"
                )
            self._stages = found
        return self._stages

    def explain(self, line: int | str) -> Explanation:
        """Which scalars a line came from, and what it is the derivative of.

        Parameters
        ----------
        line : int or str
            The number of a line in `source`, from 1 on, or the name of an array, such as ``"Z1"``.

        Raises
        ------
        ValueError
            If the line computes nothing, or there is no such array.
        RuntimeError
            If there are no `stages`.

        Examples
        --------
        >>> import autograd
        >>> w, b = Value(2.0, "w"), Value(1.0, "b")
        >>> program = autograd.compile(lambda x, y: (autograd.tanh(w * x + b) - y) ** 2, like=[0.0, 0.0])
        >>> print(program.explain("sub1"))  # doctest: +ELLIPSIS
        sub1 = tanh(sum1) - y
            line ..., in step, of shape (n,)
            sub1 is tanh(sum1) - y
        >>> print(program.explain("dw"))  # doctest: +ELLIPSIS
        dw = 2.0 / n * (mul1 * x).sum()
            line ..., in step
            the derivative of the loss with respect to w
        """
        return explain(self.stages, line)

    def check(self) -> None:
        """Compile once more, and look after every pass whether what it made is a legal program.

        Raises
        ------
        IllegalProgram
            If it is not, which is a fault of the compiler; it says after which pass.
        RuntimeError
            If there are no `stages`.
        """
        self._stages = None
        with checking():
            _ = self.stages

    def __repr__(self) -> str:
        if self._inputs is None:
            called = str(getattr(self.example, "__name__", type(self.example).__name__))
            return f"<program of {called}, compiled when it is called>"
        slots, parts = self._inputs.slots, self._parameters.parts
        inputs = ", ".join([f"{slot.name} {slot.shape}" if slot.shape else slot.name for slot in slots])
        named = ", ".join([f"{part.name} {part.shape}" if part.shape else part.name for part in parts])
        counts = [
            _counted(len(slots), "input", inputs),
            _counted(len(self._parameters), "parameter", named),
            f"{self._source.count(chr(10))} lines",
        ]
        return f"<compiled {self._title}: {', '.join(counts)}>"

    # --- running ----------------------------------------------------------------------------------------------

    def __call__(self, *arguments: Any) -> Any:
        """The loss of a batch and its gradient; if f returns several numbers, or nothing is differentiated, `outputs`.

        Parameters
        ----------
        *arguments : arrays
            f's arguments, each with an axis of examples in front.

        Returns
        -------
        loss : float
        gradient : array
            In the order of ``parameters.data``. It is also kept as ``parameters.grad``.

        Raises
        ------
        TypeError, ValueError
            If the arguments are not of the kinds and shapes that f was compiled for, if they are empty, or hold a nan
            that spreads into the result; if they do not meet what f requires of them, see `autograd.require`. The
            parameters' gradients are as before then.
        RuntimeError
            If a leaf that is a constant of the program has been set to another number since it was compiled.
        """
        inputs = self._inputs
        if inputs is None:
            self._built(arguments)
            return self(*arguments)  # not the code below: the class may be `FloatProgram` now
        if self._step is None:
            return self.outputs(*arguments)
        self._fixed.check()
        arrays = inputs.arrays(arguments)
        if self._asked:
            arrays = self._with_asked(arrays)
        if self._told:
            return self._step_and_tell(inputs, arrays)
        return self._stepped(inputs, arrays)

    def _stepped(self, inputs: Inputs, arrays: Sequence[Any]) -> Any:
        """The loss and the gradient for these arrays, by the text's `step`."""
        assert self._step is not None
        with np.errstate(all="ignore"):
            theta = self._parameters._data
            loss, gradient = self._step(*arrays, theta, *self._views)
            if gradient.shape != theta.shape or getattr(loss, "shape", ()):
                shapes = getattr(loss, "shape", ()), gradient.shape
                raise fault(f"a loss and a gradient of the shapes {shapes} for {len(self._parameters)} parameters")
            # A sum of squares is nan if and only if one of its terms is: the fastest way to check all of them.
            spread = loss + gradient.dot(gradient)
        if spread != spread and not self._allow_nan:
            inputs.refuse_nan(arrays)
        if gradient.dtype is not self._dtype:
            gradient = gradient.astype(self._dtype)
        self._parameters._grad = gradient
        return float(loss), gradient

    def _step_and_tell(self, inputs: Inputs, arrays: Sequence[Any]) -> Any:
        with collect_calls() as told:
            made = self._stepped(inputs, arrays)
        self._tell(told)
        return made

    def _with_asked(self, arrays: Sequence[Any]) -> Sequence[Any]:
        """The arrays of a call, followed by arrays of the numbers that the function asks for with `autograd.ask`."""
        assert self._inputs is not None
        examples = len(arrays[0]) if self._inputs.batched and arrays else None
        return [*arrays, *[slot.array(examples, self._dtype) for slot in self._asked]]

    def _tell(self, told: Iterable[tuple[int, tuple[Any, ...]]]) -> None:
        """Call the functions that the recorded function passed to `autograd.tell`, with the numbers of this run."""
        for which, values in told:
            self._told[which]([float(x) for value in values for x in np.ravel(value)])

    def outputs(self, *arguments: Any) -> Any:
        """What f returns, for every example; nothing is differentiated.

        Lists come back as arrays, examples first; tuples and dicts as they are, with arrays in them. Errors are those
        of a call.
        """
        if self._inputs is None:
            self._built(arguments)
            return self.outputs(*arguments)
        self._fixed.check()
        inputs = self._inputs
        arrays = inputs.arrays(arguments)
        if self._asked:
            arrays = self._with_asked(arrays)
        with collect_calls() as told:
            made = self._computed(arrays)
        has_nan: list[bool] = []
        examples = (len(arrays[0]),) if inputs.batched and arrays else ()
        made = _as_own_arrays(made, self._returned, examples, self._dtype, has_nan)
        if any(has_nan) and not self._allow_nan:
            inputs.refuse_nan(arrays)
        self._tell(told)
        return made

    def _computed(self, arrays: Sequence[Any]) -> Any:
        """The result of the text's `outputs`, nested like what f returns; dicts may be lists of their values."""
        with np.errstate(all="ignore"):
            return self._outputs(*arrays, self._parameters.data, *self._views)

    # --- and the Values ---------------------------------------------------------------------------------------

    def write_back(self) -> None:
        """Put the parameters' numbers and gradients into the Values."""
        self.parameters.write_back()

    def read_in(self) -> None:
        """Take the parameters' numbers and gradients from the Values, for instance after steps of the eager engine."""
        self.parameters.read_in()


class FloatProgram(Program):
    """A function of single numbers, compiled to Python's floats; see `floats`.

    A `Program` becomes one when it is compiled, if it `fits`. It is used in the same way, but runs faster.
    """

    _made = ("_outputs", "_step", "_careful")

    def _begin(self, functions: Mapping[str, Any]) -> None:
        self._outputs, self._step = functions["outputs"], functions.get("step")
        self._careful: dict[str, Any] = {}

    def _take_views(self) -> None:
        """There are no views: the floats are read in every call."""

    def __call__(self, *arguments: Any) -> Any:
        step, inputs, parameters = self._step, self._inputs, self._parameters
        if step is None:
            return self.outputs(*arguments)
        assert inputs is not None
        self._fixed.check()
        if arguments or inputs.slots or self._asked:
            loss, gradient = self._stepped(inputs, self._numbers(inputs, arguments))
        else:
            try:
                loss, gradient = step(parameters._data)
            except ArithmeticError:
                loss, gradient = self._carefully("step", ())
        parameters._grad = gradient
        return loss, gradient

    def _numbers(self, inputs: Inputs, arguments: Sequence[Any]) -> Sequence[Any]:
        """The numbers of a call, followed by those that the function asks for with `autograd.ask`."""
        numbers = inputs.numbers(arguments)
        if self._asked:
            numbers = [*numbers, *[slot.array(None, self._dtype).tolist() for slot in self._asked]]
        return numbers

    def _stepped(self, inputs: Inputs, numbers: Sequence[Any]) -> Any:
        assert self._step is not None
        try:
            loss, gradient = self._step(*numbers, self._parameters._data)
        except ArithmeticError:
            loss, gradient = self._carefully("step", numbers)
        if not self._allow_nan and any(x != x for x in (loss, *gradient.tolist())):
            inputs.refuse_nan(numbers)
        return loss, gradient

    def outputs(self, *arguments: Any) -> Any:
        inputs = self._inputs
        assert inputs is not None
        self._fixed.check()
        numbers = self._numbers(inputs, arguments)
        made = self._computed(numbers)
        has_nan: list[bool] = []
        if type(made) is float:
            has_nan.append(made != made)
        else:
            made = _as_own_arrays(made, self._returned, (), self._dtype, has_nan)
        if any(has_nan) and not self._allow_nan:
            inputs.refuse_nan(numbers)
        return made

    def _computed(self, numbers: Sequence[Any]) -> Any:
        try:
            return self._outputs(*numbers, self._parameters._data)
        except ArithmeticError:
            return self._carefully("outputs", numbers)

    def _carefully(self, name: str, numbers: Sequence[Any]) -> Any:
        """Run the function of that name as `careful` reads it, after one of Python's operators raised."""
        self._careful = self._careful or careful(self._source, self._title)
        return self._careful[name](*numbers, self._parameters._data)


def _values(parameters: Any) -> Parameters | list[Value] | None:
    """The parameters that the user chose: another program's, a module's, or those in a list; None for all."""
    if parameters is None or isinstance(parameters, Parameters):
        return parameters
    if hasattr(parameters, "parameters"):
        parameters = parameters.parameters()
    if not hasattr(parameters, "__iter__"):
        raise TypeError(f"parameters must be a module or a list of leaf Values, not {parameters!r:.60}")
    chosen = list(parameters)
    for i, p in enumerate(chosen):
        if not isinstance(p, Value) or p.op is not None:
            raise TypeError(f"parameters must be a module or a list of leaf Values, but item {i} is {p!r:.60}")
    return chosen


def _counted(count: int, what: str, which: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}{f' ({which})' * bool(which)}"


def _as_own_arrays(made: Any, returned: Any, examples: tuple[int, ...], dtype: Any, has_nan: list[bool]) -> Any:
    """What was returned, in arrays of its own; `has_nan` collects, for each of them, whether it holds a nan."""
    if isinstance(returned, dict):
        items = made.values() if isinstance(made, dict) else made
        return {
            key: _as_own_arrays(item, returned[key], examples, dtype, has_nan) for key, item in zip(returned, items)
        }
    if isinstance(made, (tuple, list)):
        return type(made)([_as_own_arrays(item, part, examples, dtype, has_nan) for item, part in zip(made, returned)])
    array = np.array(made, dtype)
    if array.shape != (*examples, *np.shape(returned)):
        raise fault(f"an output of the shape {array.shape} instead of {(*examples, *np.shape(returned))}")
    has_nan.append(bool(np.isnan(array).any()))
    return array if array.ndim else float(array)


def fault(what: str) -> CompileError:
    """The error that says that the compiler is to blame."""
    return CompileError(
        f"the compiled program gives {what}. This is a bug in the compiler, not in your function; please report it, "
        "with the function, and use the function without compile()"
    )


def _check_arguments(f: Callable[..., Any], like: Any) -> None:
    """Raise a TypeError if `like` is not a list of arguments that f could be called with."""
    wanted = "like is a list of the arguments for one example, such as like=([0.0, 0.0],) for one that is a list of two"
    if not hasattr(like, "__len__") or isinstance(like, (str, bytes, dict, set)):
        raise TypeError(f"{wanted}, not {like!r:.60}")
    signature = _signature(f)
    try:
        if signature is not None:
            signature.bind(*like)
    except TypeError as error:
        name = getattr(f, "__name__", type(f).__name__)
        raise TypeError(f"{name} cannot be called with {like!r:.60}: {error}; {wanted}") from None


def _takes_arguments(f: Callable[..., Any]) -> bool:
    signature = _signature(f)
    return signature is None or bool(signature.parameters)


def _signature(f: Callable[..., Any]) -> inspect.Signature | None:
    """The signature of a function, or of a module's `forward`; None if it is unknown, as it may be for C code."""
    try:
        return inspect.signature(getattr(f, "forward", f))
    except (TypeError, ValueError):
        return None
