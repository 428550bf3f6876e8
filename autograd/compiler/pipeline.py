"""The passes in their order: from what a function computes, number by number, to the text of a program on arrays.

A pass is a function from a program to a new one: from `Scalars` to `Scalars`, then with `group` to an `ArrayProgram`,
and from there to further `ArrayProgram`s. Whatever else a pass needs to know comes from the `Task`. After each pass
`check` can verify that the result is a legal program. `assemble` turns the result of the last pass into text.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import CompileError
from ..formats import FORMATS
from . import check
from .arrays import ArrayProgram, Builder
from .assemble import Assembly, examples_first, printable
from .dialects import Dialect
from .floats import FloatAssembly, fits
from .fold import fold
from .group import group
from .live import live
from .lower import lower
from .name import name
from .place import place
from .record import Recording
from .reverse import differentiate
from .roll import roll
from .scalars import CONSTANT, Scalars
from .share import share
from .split import split
from .sums import sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from ..value import Value
    from .inputs import Inputs, Slot
    from .parameters import Parameters

    Stage: TypeAlias = Scalars | ArrayProgram


class Task:
    """What is to be compiled, and how: everything that the passes need to know.

    Parameters
    ----------
    f : callable
    inputs : Inputs
    batch : bool
        Whether the arguments of a call have an axis of examples.
    reduction : {"mean", "sum"}
        How the losses of the examples are combined.
    gradient : bool or None
        Whether there is to be a gradient; None if it depends on what f returns.
    dtype : numpy.dtype
    chosen : sequence of Value, optional
        The parameters; if None, all trainable leaves that the function uses.
    shared : Parameters, optional
        The parameters of another program, if this one is to use them.
    own_leaf : callable
        Gives the Value that stands for a leaf in the program's parameters, see `Recording`.
    textbook : bool
        Whether to write slopes in terms of the result, as textbooks do; see `reverse`.
    floats : bool
        Whether a program of single numbers may run on Python's floats.
    dialect : Dialect, optional
        The library for which the text is written; NumPy by default.

    Attributes
    ----------
    called : str
        The name of f.
    recording : Recording
        What f computes.
    slots : list of Slot
        The slots of all numbers that a call needs: the arguments, and then those that the function asks for.
    shared_inputs : frozenset of int
        The inputs that are the same for all examples, counted number by number.
    differentiated : bool
        Whether there is to be a gradient.
    largest : float
        The largest finite number that the program computes with.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        inputs: Inputs,
        batch: bool = True,
        reduction: str = "mean",
        gradient: bool | None = None,
        dtype: Any = float,
        chosen: Sequence[Value] | None = None,
        shared: Parameters | None = None,
        own_leaf: Callable[[Value], Value] = lambda leaf: leaf,
        textbook: bool = False,
        floats: bool = True,
        dialect: Dialect | None = None,
    ) -> None:
        self.inputs, self.batch, self.mean, self.shared = inputs, batch, reduction == "mean", shared
        self.textbook, self.dialect = textbook, dialect or Dialect()
        self.dtype = np.dtype(dtype)
        self.batched = batch and bool(inputs.slots)
        self.floats = floats and self.dtype == np.float64 and not self.batched
        self.function_name = str(getattr(f, "__name__", type(f).__name__))
        self.recording = Recording(f, inputs, chosen, own_leaf)
        self.slots = [*inputs.slots, *self.recording.asked]
        self.shared_inputs = _shared(self.slots)
        self.differentiated = self.recording.single if gradient is None else gradient
        self.largest = largest(self.dtype)
        if self.differentiated and not self.recording.single:
            raise CompileError(
                f"only one number can be differentiated, but {self.function_name} returns several; return their sum, "
                "or compile with gradient=False"
            )


def _shared(slots: Sequence[Slot]) -> frozenset[int]:
    found: set[int] = set()
    start = 0
    for slot in slots:
        stop = start + math.prod(slot.shape)
        if not slot.each:
            found.update(range(start, stop))
        start = stop
    return frozenset(found)


class Pass:
    """A step of the pipeline.

    Parameters
    ----------
    run : callable
        Takes a program, and the values that `arguments` takes from the task.
    does : str
        What it does, in a few words.
    arguments : callable
        From a task to the other arguments of `run`.
    for_gradient : bool
        Whether it runs only if there is to be a gradient.
    only : str
        The function of the program to which it is applied; empty if to all.
    arrays : bool
        Whether it is skipped for programs of single numbers, which run on Python's floats.
    """

    def __init__(
        self,
        run: Callable[..., Stage],
        does: str,
        arguments: Callable[[Task], tuple[Any, ...]] = lambda task: (),
        for_gradient: bool = False,
        only: str = "",
        arrays: bool = False,
    ) -> None:
        self.run, self.does, self.arguments, self.for_gradient, self.only, self.arrays = (
            run,
            does,
            arguments,
            for_gradient,
            only,
            arrays,
        )
        self.name = run.__name__

    def __call__(self, program: Stage, task: Task) -> Stage:
        return self.run(program, *self.arguments(task))


def _for_split(task: Task) -> tuple[Any, ...]:
    return task.batched, task.shared_inputs


def _for_group(task: Task) -> tuple[Any, ...]:
    recording = task.recording
    tell_counts = [count for _, count in recording.told]
    return task.slots, task.batched, len(recording.parameters), recording.checks, Builder(task.largest), tell_counts


def _for_differentiate(task: Task) -> tuple[Any, ...]:
    return task.mean, task.function_name, task.textbook


def whole(program: ArrayProgram) -> ArrayProgram:
    """The program that computes the loss of each example: the sum of the two parts that `split` made."""
    return program.returning([program.builder.total(program.outputs)])


PIPELINE = (
    Pass(fold, "constants are computed"),
    Pass(sums, "chains of additions, and sums of products, become totals"),
    Pass(
        split,
        "the loss is split into the example's part and the rest",
        _for_split,
        for_gradient=True,
    ),
    Pass(share, "what was computed twice is computed once"),
    Pass(live, "what nothing needs is removed"),
    Pass(group, "scalars of one kind become arrays", _for_group),
    Pass(place, "parameters get their places in one vector", lambda task: (task.recording.parameters, task.shared)),
    Pass(name, "arrays get the names that a reader expects"),
    Pass(differentiate, "the backward pass", _for_differentiate, for_gradient=True, only="step"),
    Pass(whole, "the loss of each example, in one piece again", for_gradient=True, only="outputs"),
    Pass(lower, "operations with short rules are written out"),
    Pass(roll, "what is repeated step by step becomes a loop", arrays=True),
)


def stages(task: Task) -> Iterator[tuple[str, dict[str, Stage]]]:
    """The name of each pass, with its result for each function of the program, `step` and `outputs`.

    The first entry is the recording. As long as both functions have the same program, each pass runs only once.
    """
    functions = ("step", "outputs") if task.differentiated else ("outputs",)
    programs: dict[str, Stage] = dict.fromkeys(functions, task.recording.scalars)
    yield "record", programs
    for step in PIPELINE:
        if (step.for_gradient and not task.differentiated) or (step.arrays and _on_floats(programs, task)):
            continue
        made: dict[int, Stage] = {}
        after = dict(programs)
        for function, program in programs.items():
            if step.only in ("", function):
                if id(program) not in made:
                    made[id(program)] = step(program, task)
                    if check.switched_on():
                        check.check(made[id(program)], step.name)
                after[function] = made[id(program)]
        programs = after
        yield step.name, programs


def _on_floats(programs: Mapping[str, Any], task: Task) -> bool:
    """Whether these programs consist of single numbers, and are to run on Python's floats."""
    return task.floats and fits(list(programs.values()), programs["outputs"].layout)


def largest(dtype: Any) -> float:
    """The largest finite number of a dtype.

    >>> largest(np.dtype("float16"))
    65504.0
    """
    return FORMATS[dtype.name].largest if dtype.name in FORMATS else float(np.finfo(dtype).max)


class Written:
    """The text of a program.

    Attributes
    ----------
    source : str
    line_arrays : dict
        For each line that computes an array, counted from 1, the name of its function and the array.
    constants : dict
        The arrays that it mentions, by name.
    floats : bool
        Whether its functions take Python's floats.
    """

    def __init__(self, assembly: Assembly, dtype: Any, floats: bool) -> None:
        self.floats = floats
        self.source, self.line_arrays = assembly.source()
        self.constants: dict[str, NDArray[Any]] = {
            key: values.astype(dtype) if values.dtype.kind == "f" else values
            for key, values in assembly.module.constants.items()
        }


def _refuse_constants_beyond(most: float, dtype: Any, program: ArrayProgram) -> None:
    """Refuse finite constants beyond the dtype's range: they would silently become infinite."""
    for x in program.arrays():
        numbers = [np.asarray(y) for y in x.operands if isinstance(y, (int, float))]
        if x.head is CONSTANT:
            numbers.append(x.data)
        for array in numbers:
            sizes = np.abs(array.astype(float))
            beyond = sizes[np.isfinite(sizes) & (sizes > most)]
            if beyond.size:
                raise CompileError(
                    f"the program has the constant {float(beyond.max())!r}, but {dtype.name} ends at {most!r}: choose "
                    "another dtype, or scale the numbers"
                )


_DOCSTRINGS = {"step": "The loss and its gradient.", "outputs": "What is returned for each example."}


def write(programs: Mapping[str, ArrayProgram], task: Task) -> Written:
    """The text of the programs that the last pass made."""
    floats = _on_floats(programs, task)
    kind = "for a batch, from the scalars of one example" if task.batched else "with arrays, from its scalars"
    title = f"{printable(task.function_name)} {'with floats, from its scalars' if floats else kind}."
    for program in programs.values():
        _refuse_constants_beyond(task.largest, task.dtype, program)
    forward = programs["outputs"]
    first = examples_first(forward.arrays())
    assembly = (FloatAssembly if floats else Assembly)(
        title, forward.layout, task.largest, forward, task.batched, first, task.dialect
    )
    assembly.prepare(next(iter(programs.values())))
    for function, program in programs.items():
        pattern = task.recording.returned if function == "outputs" else None
        assembly.define(function, _DOCSTRINGS[function], program, program.outputs, pattern)
    return Written(assembly, task.dtype, floats)


def compiled(task: Task) -> tuple[dict[str, ArrayProgram], Written]:
    """The functions of the program after all passes, and their text."""
    programs: Any = {}
    for _, programs in stages(task):  # noqa: B007
        pass
    return programs, write(programs, task)
