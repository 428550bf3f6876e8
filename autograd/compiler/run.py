"""The compiled program as a user sees it: call it, train with it, read its source.

`compile` only notes what is to be compiled; the passes run when the shapes of the arguments are known, which is at the
first call if `like` does not tell them before.
"""

from __future__ import annotations

import copy
import gc
import inspect
import math
import pickle

import numpy as np

from ..errors import CompileError
from ..value import Value
from .assemble import assemble
from .fold import fold
from .forward import Writer
from .group import Grouping
from .inputs import Inputs
from .layout import Layout
from .live import live
from .naming import name
from .record import Recording
from .share import share
from .split import split
from .sums import sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    Array = NDArray[Any]


class Parameters:
    """A program's parameters: one vector of numbers and one of gradients, with a view of each named part.

    An optimiser of ``nn`` takes it in place of ``model.parameters()``: its rule then moves the whole vector at once.

    Attributes
    ----------
    data, grad : array
        The vectors; a number that is assigned to them goes into all entries.
    values : list of Value
        The parameters, in the order in which they were given or found.
    where : array of int
        The place of each value in the vectors.

    Examples
    --------
    >>> import autograd
    >>> w, b = Value(2.0, "w"), Value(1.0, "b")
    >>> program = autograd.compile(lambda x: (w * x + b) ** 2)
    >>> loss, gradient = program(np.array([1.0, 2.0]))
    >>> program.parameters.names
    ['w', 'b']
    >>> program.parameters["w"] += 1.0
    >>> program.parameters.data
    array([3., 1.])
    """

    def __init__(self, layout: Layout, dtype: Any) -> None:
        self.parts, self.where = layout.parts, layout.where
        self.values = list(layout.parameters)
        self._data = np.empty(len(self.values), dtype)
        self._grad = np.zeros_like(self._data)
        self.read_in()

    @property
    def data(self) -> Array:
        return self._data

    @data.setter
    def data(self, numbers: Any) -> None:
        self._data[...] = numbers

    @property
    def grad(self) -> Array:
        return self._grad

    @grad.setter
    def grad(self, numbers: Any) -> None:
        self._grad = np.empty_like(self._data)
        self._grad[...] = numbers

    @property
    def names(self) -> list[str]:
        """What the parts are called."""
        return [part.name for part in self.parts]

    def __getitem__(self, name: str) -> Array:
        return self.view(self._data, name)

    def __setitem__(self, name: str, numbers: Any) -> None:
        self.view(self._data, name)[...] = numbers

    def view(self, vector: Array, name: str) -> Array:
        """The part of a vector such as `data` or `grad` that has this name."""
        for part in self.parts:
            if part.name == name:
                return vector[part.start : part.stop].reshape(part.shape)
        raise KeyError(f"there is no parameter {name!r} here, only {', '.join(self.names)}")

    def __len__(self) -> int:
        return len(self._data)

    # --- and the Values ---------------------------------------------------------------------------------------

    def read_in(self) -> None:
        """Take numbers and gradients from the Values."""
        self._data[self.where] = [value.data for value in self.values]
        grad = np.empty_like(self._data)
        grad[self.where] = [value.grad for value in self.values]
        self._grad = grad

    def write_back(self) -> None:
        """Put numbers and gradients into the Values."""
        for value, data, grad in zip(self.values, self._data[self.where].tolist(), self._grad[self.where].tolist()):
            value.data, value.grad = data, grad

    # --- for optimisers ---------------------------------------------------------------------------------------

    def moved(self, rule: Callable[..., Any], state: Sequence[Any], settings: Mapping[str, Any]) -> tuple[Any, ...]:
        """What an update rule makes of the vector and of its state; IEEE 754 results come without warnings."""
        with np.errstate(all="ignore"):
            made: tuple[Any, ...] = rule(self._data, self._grad, *state, **settings)
        return made

    def norm(self) -> float:
        """The gradient's Euclidean norm, which does not overflow before its entries do."""
        largest = float(np.abs(self._grad).max())
        if not 0.0 < largest < math.inf:
            return largest
        scaled = self._grad / largest
        return largest * math.sqrt(float(scaled.dot(scaled)))

    def rows(self, vectors: Sequence[Any]) -> list[list[float]]:
        """Vectors such as an optimiser's state as a list of numbers for each value."""
        table = np.array([np.broadcast_to(vector, len(self)) for vector in vectors])
        return table[:, self.where].T.tolist()  # type: ignore[no-any-return]

    def vectors(self, rows: Sequence[Sequence[float]]) -> tuple[Array, ...]:
        """The reverse of `rows`."""
        table = np.empty((len(rows[0]), len(self)), self._data.dtype)
        table[:, self.where] = np.transpose(rows)
        return tuple(table)

    def __repr__(self) -> str:
        parts = ", ".join(f"{part.name} {part.shape}" for part in self.parts)
        return f"Parameters({len(self)} numbers: {parts})"


class Program:
    """A function compiled to NumPy; `autograd.compile` makes it.

    Attributes
    ----------
    example : callable
        The function that was compiled; None in a program that was pickled after it was compiled.
    source : str
        The NumPy program.
    parameters : Parameters
        Their numbers and gradients, in one vector each.
    """

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
    ) -> None:
        if not callable(f):
            raise TypeError(f"compile takes a function, not {type(f).__name__}: {f!r:.60}; write lambda: ... around it")
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction must be 'mean' or 'sum', not {reduction!r:.60}")
        if dtype not in ("float64", "float32", np.float64, np.float32, float):
            raise ValueError(f"dtype must be float64 or float32, not {dtype!r:.60}")
        chosen = _values(parameters)
        self.example = f
        self._shared = chosen if isinstance(chosen, Parameters) else None
        self._chosen = chosen.values if isinstance(chosen, Parameters) else chosen
        self._batch, self._reduction = batch, reduction
        self._gradient, self._dtype, self._allow_nan = gradient, np.dtype(dtype), allow_nan
        self._inputs: Inputs | None = None
        self._copied: list[dict[int, Any]] = []
        if like is not None:
            self._build(Inputs(f, like, False, self._dtype).with_batch(batch))
        elif not _takes_arguments(f):
            self._build(Inputs(f, (), False, self._dtype))

    # --- compiling --------------------------------------------------------------------------------------------

    def _build(self, inputs: Inputs) -> None:
        """Run the passes.

        The garbage collector waits meanwhile: in millions of rows, none of them part of a cycle, it would search for
        cycles over and over, and the cost would no longer be linear.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            self._run_passes(inputs)
        finally:
            if collecting:
                gc.enable()

    def _run_passes(self, inputs: Inputs) -> None:
        called = str(getattr(self.example, "__name__", type(self.example).__name__))
        recording = Recording(self.example, inputs, self._chosen, self._owned)
        differentiate = recording.single if self._gradient is None else self._gradient
        if differentiate and not recording.single:
            raise CompileError(
                f"only one number can be differentiated, and {called} returns several; return their sum, or compile "
                "with gradient=False"
            )
        table = sums(fold(recording.scalars))
        table = live(share(split(table, self._batch) if differentiate else table))
        grouping = Grouping(table, inputs.slots, self._batch, len(recording.parameters))
        if differentiate and not any(x.array.trained for x in grouping.outputs[:2]):
            raise CompileError(
                f"what {called} returns does not depend on any parameter, so there is nothing to differentiate; "
                "compile with gradient=False for the numbers alone"
            )
        layout = Layout(grouping, recording.parameters, self._shared)
        name(grouping, layout)
        writer = Writer(grouping, layout, self._dtype)
        source = assemble(called, writer, recording.returned, recording.checks, differentiate, self._reduction)
        constants = {
            key: values.astype(self._dtype) if values.dtype.kind == "f" else values
            for key, values in writer.constants.items()
        }
        try:
            functions = _functions(called, source, constants)
        except (SyntaxError, MemoryError, RecursionError) as error:  # Python's parser has limits
            raise CompileError(f"the program of {called} is too nested for Python to read: {error}") from error
        self._title, self._source, self._constants = called, source, constants
        self._parameters = self._shared or Parameters(layout, self._dtype)
        self._returned = recording.returned
        self._begin(functions)
        self._inputs = inputs

    def _begin(self, functions: Mapping[str, Any]) -> None:
        """Take up the source's functions, and views of the parameters."""
        self._cut, self._outputs, self._step = functions["parameters"], functions["outputs"], functions.get("step")
        self._views = self._cut(self._parameters.data)

    # --- copies -----------------------------------------------------------------------------------------------

    def __copy__(self) -> Program:
        """A program with the same parameters."""
        twin = Program.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        """A program with parameters of its own, and with Values of its own for `write_back`.

        If nothing is compiled yet, the function is known alone, which is copied only if it is an object, such as a
        module. What other functions use are the first program's Values. They are copied when they are found, unless
        they have been, in this act of copying: `memo` knows.
        """
        twin = memo[id(self)] = copy.copy(self)
        for key in ("example", "_chosen", "_shared", "_parameters"):  # the rest is never changed
            if key in vars(self):
                vars(twin)[key] = copy.deepcopy(vars(self)[key], memo)
        if self._inputs is None:
            twin._copied = [*self._copied, memo]
        else:
            twin._views = twin._cut(twin._parameters.data)
        return twin

    def _owned(self, leaf: Value) -> Value:
        """This program's own Value for one that its function uses."""
        start = 0
        for i, memo in enumerate(self._copied, 1):
            if any(leaf is made for made in memo.values()):
                start = i
        for memo in self._copied[start:]:
            leaf = copy.deepcopy(leaf, memo)
        return leaf

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle holds: the source for the functions that it makes, and no example, if it can do without.

        Raises
        ------
        pickle.PicklingError
            If nothing is compiled yet, and the function cannot be pickled.
        """
        state = vars(self) | {"_copied": []}
        if self._inputs is not None:
            for made in ("_cut", "_outputs", "_step", "_views"):
                del state[made]
            state["example"] = None
            return state
        try:
            pickle.dumps(self.example)
        except Exception as error:
            raise pickle.PicklingError(
                f"nothing is compiled yet, and the function cannot be pickled ({error}); call the program once, or "
                "give compile() the arguments for one example as like=: then it is not needed"
            ) from error
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._inputs is not None:
            self._dtype = self._inputs.dtype = np.dtype(self._dtype.name)  # NumPy's own object, which `is` looks for
            self._begin(_functions(self._title, self._source, self._constants))

    # --- what is compiled -------------------------------------------------------------------------------------

    def _built(self, arguments: Sequence[Any] | None = None) -> Inputs:
        if self._inputs is None:
            if arguments is None:
                raise RuntimeError(
                    "nothing is compiled yet: the shapes of the arguments are not known. Call the program once, or "
                    "give compile() the arguments for one example as like="
                )
            self._build(Inputs(self.example, arguments, self._batch, self._dtype))
        assert self._inputs is not None
        return self._inputs

    @property
    def source(self) -> str:
        """The NumPy program."""
        self._built()
        return self._source

    @property
    def parameters(self) -> Parameters:
        """The parameters' numbers and gradients."""
        self._built()
        return self._parameters

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
        """
        inputs = self._inputs or self._built(arguments)
        if self._step is None:
            return self.outputs(*arguments)
        arrays = inputs.arrays(arguments)
        with np.errstate(all="ignore"):
            theta = self._parameters._data
            loss, gradient = self._step(*arrays, theta, *self._views)
            if gradient.shape != theta.shape or getattr(loss, "shape", ()):
                shapes = getattr(loss, "shape", ()), gradient.shape
                raise _fault(f"a loss and a gradient of the shapes {shapes} for {len(self._parameters)} parameters")
            # The sum of the squares is nan if and only if one of them is: the fastest look at all of them.
            spread = loss + gradient.dot(gradient)
        if spread != spread and not self._allow_nan:
            inputs.refuse_nan(arrays)
        if gradient.dtype is not self._dtype:
            gradient = gradient.astype(self._dtype)
        self._parameters._grad = gradient
        return float(loss), gradient

    def outputs(self, *arguments: Any) -> Any:
        """What f returns, for every example; nothing is differentiated.

        Lists come back as arrays, examples first; tuples and dicts as they are, with arrays in them. Errors are those
        of a call.
        """
        inputs = self._built(arguments)
        arrays = inputs.arrays(arguments)
        with np.errstate(all="ignore"):
            made = self._outputs(*arrays, self._parameters.data, *self._views)
        spread: list[bool] = []
        examples = (len(arrays[0]),) if inputs.batched and arrays else ()
        made = _owned(made, self._returned, examples, self._dtype, spread)
        if any(spread) and not self._allow_nan:
            inputs.refuse_nan(arrays)
        return made

    # --- and the Values ---------------------------------------------------------------------------------------

    def write_back(self) -> None:
        """Put the parameters' numbers and gradients into the Values."""
        self.parameters.write_back()

    def read_in(self) -> None:
        """Take the parameters' numbers and gradients from the Values, for instance after steps of the eager engine."""
        self.parameters.read_in()


def _values(parameters: Any) -> Parameters | list[Value] | None:
    """The parameters that were named: another program's, a module's, or those in a list."""
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


def _functions(title: str, source: str, constants: Mapping[str, Any]) -> dict[str, Any]:
    """What the source defines."""
    scope = dict(constants)
    exec(compile(source, f"<compiled {title}>", "exec"), scope)
    return scope


def _owned(made: Any, returned: Any, examples: tuple[int, ...], dtype: Any, spread: list[bool]) -> Any:
    """What was returned, in arrays that belong to nobody else; `spread` hears of each whether there is a nan in it."""
    if isinstance(returned, dict):
        items = made.values() if isinstance(made, dict) else made
        return {key: _owned(item, returned[key], examples, dtype, spread) for key, item in zip(returned, items)}
    if isinstance(made, (tuple, list)):
        return type(made)([_owned(item, part, examples, dtype, spread) for item, part in zip(made, returned)])
    array = np.array(made, dtype)
    if array.shape != (*examples, *np.shape(returned)):
        raise _fault(f"an output of the shape {array.shape} instead of {(*examples, *np.shape(returned))}")
    spread.append(bool(np.isnan(array).any()))
    return array if array.ndim else float(array)


def _fault(what: str) -> CompileError:
    return CompileError(
        f"the compiled program gives {what}. This is a fault of the compiler and not of your function; please report "
        "it, with the function, and use the function without compile()"
    )


def _takes_arguments(f: Callable[..., Any]) -> bool:
    try:
        return bool(inspect.signature(getattr(f, "forward", f)).parameters)
    except (TypeError, ValueError):
        return True
