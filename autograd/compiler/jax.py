"""Compiled programs that JAX runs: the same text, written for ``jax.numpy``, compiled by XLA.

A call takes and gives NumPy's arrays, like that of any program, so that the optimisers of ``nn`` can move its
parameters. `JaxProgram.function` is the same computation as a pure function, for JAX's own transformations and
optimisers, with arrays that stay on the device. How the text differs from NumPy's is in `dialects`.
"""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
from functools import cache, partial

import jax
import numpy as np
from jax import numpy as jnp
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from ..arrays import tell
from ..arrays_jax import Check, Report, collect_calls
from .dialects import JAX
from .inputs import Inputs
from .run import Program, fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    Noted: TypeAlias = tuple[Check | Report, ...]

__all__ = ["JaxProgram"]


class JaxInputs(Inputs):
    """The arguments of a program that JAX runs: JAX's arrays are taken as they are, also while JAX traces them."""

    @property
    def array_types(self) -> tuple[type, ...]:  # type: ignore[override]
        return _array_types()

    def _read(self, x: Any, name: str) -> Any:
        return x if isinstance(x, jax.Array) else super()._read(x, name)

    def _converted(self, array: Any) -> Any:
        """Convert NumPy's arrays. XLA converts JAX's inside the program, which is cheaper than a separate operation."""
        return array if isinstance(array, jax.Array) else super()._converted(array)

    def refuse_nan(self, arrays: Sequence[Any]) -> None:
        super().refuse_nan([_on_host(array) for array in arrays])


@cache
def _array_types() -> tuple[type, ...]:
    """The types of NumPy's and JAX's arrays; not found at import, because making a JAX array starts up the devices."""
    return np.ndarray, type(jnp.zeros(()))


class JaxProgram(Program):
    """A function compiled for JAX; `autograd.compile` makes it, with ``backend="jax"``.

    It is called, copied, pickled and trained as any `Program`. For float64 no setting of JAX's is needed. The first
    call with a batch of another size compiles anew, which takes as long as XLA needs.

    Examples
    --------
    >>> import autograd
    >>> from autograd import Value
    >>> w, b = Value(2.0, "w"), Value(1.0, "b")
    >>> program = autograd.compile(lambda x, y: (w * x + b - y) ** 2, backend="jax")
    >>> loss, gradient = program([1.0, 2.0], [3.0, 7.0])
    >>> loss, gradient.tolist()
    (2.0, [-4.0, -2.0])
    """

    _inputs_class = JaxInputs
    _dialect = JAX()
    _dtypes = (*Program._dtypes, "bfloat16")  # importing JAX makes it known to NumPy
    _made = (*Program._made, "_value", "_stepping", "_computing")
    _batches: NamedSharding | None = None
    """How a batch is split over several devices; None if it is not."""
    _pieces = 1
    """The number of parts that a batch is split into."""

    # --- running ----------------------------------------------------------------------------------------------

    def _precision(self) -> Any:
        """A context in which JAX has float64 if the program computes in it, whatever JAX's own setting is."""
        return jax.enable_x64(self._dtype == np.float64)

    def _setting(self) -> Any:
        """The context of a call: the precision, and the program's own mesh in place of one that is set outside."""
        return self._precision() if self._batches is None else _on_mesh(self._precision(), self._batches.mesh)

    def _functions(self, title: str, source: str, constants: Mapping[str, Any]) -> dict[str, Any]:
        with self._precision():
            return super()._functions(title, source, constants)

    def _begin(self, functions: Mapping[str, Any]) -> None:
        super()._begin(functions)
        self._value = jax.jit(_loss(self._step, self._cut, self._precision)) if self._step else None
        self._prepare()

    def _take_views(self) -> None:
        """Take no views of the parameters: their vector goes to the device in every call."""
        self._views = ()

    def _prepare(self) -> None:
        """Set up the functions that JAX compiles at their first call."""
        settings: dict[str, Any] = {}
        if self._batches is not None:
            settings["out_shardings"] = NamedSharding(self._batches.mesh, PartitionSpec())
        self._stepping = jax.jit(partial(_step_with_checks, self._step, self._cut), **settings) if self._step else None
        self._computing = jax.jit(partial(_outputs, self._outputs, self._cut), **settings)

    def __getstate__(self) -> dict[str, Any]:
        if self._batches is not None:
            raise pickle.PicklingError(
                "the devices of a mesh belong to this process; pickle the program that shard() was called on"
            )
        return super().__getstate__()

    def __call__(self, *arguments: Any) -> Any:
        inputs = self._inputs or self._built(arguments)
        if self._stepping is None:
            return self.outputs(*arguments)
        self._fixed.check()
        with self._setting():
            arrays = inputs.arrays(arguments)
            if self._asked:
                arrays = self._with_asked(arrays)
            numbers, gradient, noted = self._stepping(*self._placed(arrays))
            loss, spread, *check_results = np.asarray(numbers).tolist()
            _enforce(check_results, noted)
            if spread != spread and not self._allow_nan:
                inputs.refuse_nan(arrays)
        self._parameters._grad = gradient = np.array(gradient)
        self._tell([(x.which, x.values) for x in noted if isinstance(x, Report)])
        return loss, gradient

    def _computed(self, arrays: Sequence[Any]) -> Any:
        with self._setting():
            made, check_results, noted = self._computing(*self._placed(arrays))
            _enforce(check_results.tolist(), noted)
        for x in noted:
            if isinstance(x, Report):
                tell(x.which, *map(np.asarray, x.values))  # `outputs` collects it with `collect_calls`
        return made

    def _placed(self, arrays: Sequence[Any]) -> Sequence[Any]:
        """The parameters and the arrays of a call, on the devices of the mesh if there is one."""
        if self._batches is None:
            return [self._parameters._data, *arrays]
        count = len(arrays[0])
        if count % self._pieces:
            raise ValueError(
                f"a batch of {count} examples cannot be split evenly over {self._pieces} devices; leave "
                f"{count % self._pieces} of them out, or add them to the next batch"
            )
        everywhere = NamedSharding(self._batches.mesh, PartitionSpec())
        return [_put(self._parameters._data, everywhere), *[_put(array, self._batches) for array in arrays]]

    # --- several devices --------------------------------------------------------------------------------------

    def shard(self, mesh: Mesh, axis: str | None = None) -> JaxProgram:
        """A program with the same parameters that splits each batch over the devices of a mesh.

        Every device has all parameters and an equal part of the examples; XLA adds up the parts of the gradient. The
        loss and the gradient are those of the whole batch, and every process gets them.

        If the mesh is of several processes (see ``jax.distributed.initialize``), all of them make the same calls, with
        the same parameters. A NumPy array is the whole batch in each. A process that holds only its own examples makes
        an array of them by ``jax.make_array_from_process_local_data``, and gives that.

        Parameters
        ----------
        mesh : jax.sharding.Mesh
            For instance ``jax.make_mesh((8,), ("batch",))``.
        axis : str, optional
            The axis of the mesh along which the batch is split, with copies along the others; if None it is split over
            all devices.

        Raises
        ------
        TypeError, ValueError
            If it is not a mesh, or has no such axis, or if the function takes no batch; in a call, if the number of
            examples cannot be divided by that of the devices.

        Examples
        --------
        >>> import autograd
        >>> w = autograd.Value(2.0, "w")
        >>> program = autograd.compile(lambda x: (w * x) ** 2, like=(0.0,), backend="jax")
        >>> program.shard(jax.make_mesh((1,), ("batch",)))([1.0, 2.0])
        (10.0, array([10.]))
        """
        inputs = self._built()
        if not isinstance(mesh, Mesh):
            raise TypeError(f"shard takes a mesh of devices, not {mesh!r:.60}; jax.make_mesh makes one")
        if axis is not None and axis not in mesh.axis_names:
            raise ValueError(f"the mesh has no axis {axis!r:.60}, only {', '.join(map(repr, mesh.axis_names))}")
        if not inputs.batched or not inputs.slots:
            raise ValueError(f"{self._title} was not compiled for batches, so there is nothing to split over devices")
        axes = mesh.axis_names if axis is None else (axis,)
        automatic = Mesh(mesh.devices, mesh.axis_names, axis_types=(AxisType.Auto,) * len(mesh.axis_names))
        twin = copy.copy(self)
        twin._batches = NamedSharding(automatic, PartitionSpec(axes))
        twin._pieces = math.prod([mesh.shape[name] for name in axes])
        twin._prepare()
        return twin

    # --- for JAX's transformations ----------------------------------------------------------------------------

    @property
    def function(self) -> Callable[..., Any]:
        """A pure function of ``(parameters, *batch)``: the loss, or what f returns if nothing is differentiated.

        ``jax.grad``, ``jax.jit``, ``jax.vmap``, ``jax.hessian`` and their like apply to it. With respect to the
        parameters a loss has the gradient that the program's own lines compute, at kinks too, where JAX's rules
        differ: its ``maximum(x, 0)`` has the slope 1/2 at 0. All else JAX derives itself.

        `parameters` is a vector like ``program.parameters.data``, or a dict with an array for each of the
        ``program.parameters.names``, in which case the gradient is such a dict. The batch is what the program is called
        with; where it lies on a mesh, the axes must be of JAX's type Auto. What needs numbers is not checked: neither
        nan nor what f requires of its arguments.

        Raises
        ------
        RuntimeError
            If nothing is compiled yet; or if the program computes in float64, which JAX leaves out unless it is told
            otherwise.

        Examples
        --------
        >>> import autograd
        >>> w, b = autograd.Value(2.0, "w"), autograd.Value(1.0, "b")
        >>> program = autograd.compile(lambda x: (w * x + b) ** 2, like=(0.0,), backend="jax", dtype="float32")
        >>> jax.hessian(program.function)(program.parameters.data, [1.0, 2.0]).tolist()
        [[5.0, 3.0], [3.0, 2.0]]
        """
        inputs, value, returned = self._built(), self._value, self._returned
        if self._asked or self._told:
            raise RuntimeError(
                f"{self._title} asks for numbers at every call, such as random ones, or hands some out (see "
                "autograd.ask and autograd.tell), and a pure function does neither; call the program itself, or put "
                "the network into evaluation mode"
            )
        outputs = partial(_outputs, self._outputs, self._cut)
        self._require_precision()

        def function(parameters: Any, *batch: Any) -> Any:
            self._require_precision()
            with self._precision():
                arrays = self._flat(parameters), *[jnp.asarray(x, self._dtype) for x in inputs.arrays(batch)]
                return value(*arrays) if value is not None else _with_keys(outputs(*arrays)[0], returned)

        return function

    @property
    def step(self) -> Callable[..., Any]:
        """A pure function of ``(parameters, *batch)``: the loss and its gradient, by the program's own lines.

        It is ``jax.value_and_grad(program.function)``.

        Examples
        --------
        >>> import autograd
        >>> w = autograd.Value(2.0, "w")
        >>> program = autograd.compile(lambda x: (w * x) ** 2, like=(0.0,), backend="jax", dtype="float32")
        >>> loss, gradient = program.step({"w": 2.0}, [1.0, 2.0])
        >>> float(loss), float(gradient["w"])
        (10.0, 10.0)
        """
        if self._built() and self._step is None:
            raise RuntimeError(f"{self._title} was compiled without a gradient; its function is program.function")
        made: Callable[..., Any] = jax.value_and_grad(self.function)
        return made

    def _require_precision(self) -> None:
        if self._dtype == np.float64 and not jax.config.jax_enable_x64:
            raise RuntimeError(
                "the program computes in float64, which JAX replaces by float32 unless it is told "
                'otherwise: call jax.config.update("jax_enable_x64", True) first, or compile with dtype="float32"'
            )

    def _flat(self, parameters: Any) -> Any:
        """The vector of all parameters, from such a vector or from a dict of its parts."""
        parts = self._parameters.parts
        if isinstance(parameters, dict):
            if parameters.keys() != set(self._parameters.names):
                given = ", ".join(map(str, parameters)) or "none"
                raise ValueError(f"the program's parameters are {', '.join(self._parameters.names)}, not {given}")
            arrays = [jnp.asarray(parameters[part.name], self._dtype) for part in parts]
            for part, array in zip(parts, arrays):
                if array.shape != part.shape:
                    raise ValueError(f"the parameter {part.name} has the shape {part.shape}, not {array.shape}")
            return jnp.concatenate(arrays, axis=None)
        vector = jnp.asarray(parameters, self._dtype)
        if vector.shape != (len(self._parameters),):
            raise ValueError(f"the program has a vector of {len(self._parameters)} parameters, not {vector.shape}")
        return vector


# --- what is traced -------------------------------------------------------------------------------------------


def _noted(f: Callable[..., Any], cut: Any, vector: Any, arrays: Sequence[Any]) -> tuple[Any, Noted]:
    """The result of a function of the program's text, and the checks that it made and the numbers that it told."""
    with collect_calls() as noting:
        made = f(*[array.astype(vector.dtype) for array in arrays], vector, *cut(vector))
    return made, tuple(noting)


def _check_results(noted: Noted) -> list[Any]:
    """For each check, whether it holds everywhere."""
    return [x.condition.all() for x in noted if isinstance(x, Check)]


def _enforce(check_results: Sequence[float], noted: Noted) -> None:
    for holds, check in zip(check_results, [x for x in noted if isinstance(x, Check)]):
        if not holds:
            check.enforce()


def _step(step: Any, cut: Any, vector: Any, *arrays: Any) -> tuple[Any, Any, Noted]:
    """The loss, the gradient, and what was noted."""
    (loss, gradient), noted = _noted(step, cut, vector, arrays)
    if jnp.shape(loss) or gradient.shape != vector.shape:
        shapes = jnp.shape(loss), gradient.shape
        raise fault(f"a loss and a gradient of the shapes {shapes} for {len(vector)} parameters")
    return jnp.asarray(loss, vector.dtype), gradient.astype(vector.dtype), noted


def _step_with_checks(step: Any, cut: Any, vector: Any, *arrays: Any) -> tuple[Any, Any, Noted]:
    """The few numbers that a call looks at, the gradient, and what was noted.

    The numbers are the loss, a sum that is nan if there is a nan in the loss or the gradient, and whether each check
    holds: in one array, because each array that leaves a device costs time.
    """
    loss, gradient, noted = _step(step, cut, vector, *arrays)
    numbers = [loss, loss + (gradient * gradient).sum(), *_check_results(noted)]
    return jnp.stack([x.astype(vector.dtype) for x in numbers]), gradient, noted


def _outputs(outputs: Any, cut: Any, vector: Any, *arrays: Any) -> tuple[Any, Any, Noted]:
    """What is returned, whether each check holds, and what was noted."""
    made, noted = _noted(outputs, cut, vector, arrays)
    return _without_keys(made), jnp.array(_check_results(noted), bool), noted


def _without_keys(made: Any) -> Any:
    """Dicts as lists of their values, because JAX would sort the keys."""
    if isinstance(made, dict):
        return [_without_keys(item) for item in made.values()]
    if isinstance(made, (tuple, list)):
        return type(made)(map(_without_keys, made))
    return made


def _with_keys(made: Any, returned: Any) -> Any:
    """The reverse of `_without_keys`, in the shape of what the function returned."""
    if isinstance(returned, dict):
        return {key: _with_keys(item, returned[key]) for key, item in zip(returned, made)}
    if isinstance(made, (tuple, list)):
        return type(made)([_with_keys(item, part) for item, part in zip(made, returned)])
    return made


def _loss(step: Any, cut: Any, precision: Callable[[], Any]) -> Any:
    """The loss as a function whose derivative by the parameters is the gradient that the program itself computes."""

    def value(vector: Any, *arrays: Any) -> Any:
        with precision():
            return _step(step, cut, vector, *arrays)[0]

    def slope(primals: Any, tangents: Any) -> Any:
        vector, *arrays = primals
        tangent, *others = tangents
        with precision():
            loss, gradient, _ = _step(step, cut, vector, *arrays)
            change = jnp.zeros_like(loss)
            if _is_nonzero_tangent(tangent):
                change += jnp.vdot(gradient, tangent)
            if any(map(_is_nonzero_tangent, others)):
                full = [x if _is_nonzero_tangent(x) else jnp.zeros_like(array) for x, array in zip(others, arrays)]
                change += jax.jvp(lambda *xs: _step(step, cut, vector, *xs)[0], arrays, full)[1]
        return loss, change

    made = jax.custom_jvp(value)
    made.defjvp(slope, symbolic_zeros=True)
    return made


def _is_nonzero_tangent(tangent: Any) -> bool:
    return not isinstance(tangent, jax.custom_derivatives.SymbolicZero)


# --- where arrays lie -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _on_mesh(precision: Any, mesh: Mesh) -> Iterator[None]:
    with precision, jax.set_mesh(mesh):
        yield


def _put(array: Any, sharding: NamedSharding) -> Any:
    """An array on the devices of a mesh; one of NumPy's is the whole array in every process, not a part."""
    if isinstance(array, jax.Array) or sharding.is_fully_addressable:
        return jax.device_put(array, sharding)
    return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])


def _on_host(array: Any) -> NDArray[Any]:
    """All of an array as NumPy's, also if other processes have parts of it."""
    if not isinstance(array, jax.Array) or array.is_fully_addressable or array.is_fully_replicated:
        return np.asarray(array)
    everywhere = NamedSharding(array.sharding.mesh, PartitionSpec())
    return np.asarray(jax.jit(lambda x: x, out_shardings=everywhere)(array))
