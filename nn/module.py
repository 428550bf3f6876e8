"""What every part of a network shares: parameters with names, their state, and a place in the graph.

A `Module` is an object with Values (its parameters) and other Modules in its attributes. From them follow, by one
walk, the parameters' names, the state that is saved and restored, and the scope under which the nodes it makes
are filed. What the modules compute is in `layers`; what a saved state looks like on disk is in `files`.
"""

from __future__ import annotations

import math
import threading

from autograd import Place, Value, current_place, set_data, sit

from .files import load_file, save_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from typing_extensions import Self

    # The Values of one attribute, in the lists and dicts that hold them.
    Nest: TypeAlias = "Value | list[Nest] | dict[str, Nest]"


class _Running(threading.local):
    """What modules do in a thread."""

    root: Module | None = None  # the module at work that no other module called


_running = _Running()


class Module:
    """A part of a network; subclasses set attributes and define ``forward``.

    The parameters are the leaf Values found in the attributes, also in lists, tuples and dicts of Values and
    Modules, in the order in which the attributes were set. Attributes that begin with an underscore are not
    searched. A list names its items by the attribute's name without a plural "s" and the position, from 1: the
    second weight of the third neuron of the first layer is ``layer1.neuron3.w2``.

    Calling a module runs ``forward``. The nodes made meanwhile are filed under the module's path, such as
    ``mlp.layer1.neuron3``: the path's first part is the class of the module that was called from outside.

    Attributes
    ----------
    training : bool
        False after `eval`; `Dropout` looks at it.

    Examples
    --------
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> y = line(3.0)
    >>> y.data, y.scope, line.slope.label
    (7.0, 'line', 'slope')
    >>> line
    Line()  # 2 parameters
    """

    training: bool = True
    _place: Place | None = None
    _cell: Any = None  # what a layer's `autograd.neurons` needs of a neuron, which has it

    def _new_cell(self) -> Any:
        return None

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        if _running.root is None:
            try:
                _running.root = self
                return self(*inputs, **options)
            finally:
                _running.root = None
        place = self._place or self._settle()
        seat = sit()
        before = seat.place
        try:
            seat.place = place
            return self.forward(*inputs, **options)
        finally:
            seat.place = before

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    # --- parts and their names --------------------------------------------------------------------------------

    def _parts(self) -> Iterator[tuple[str, Value | Module]]:
        """The module's own parameters and the modules right below it, with their names."""
        for name, held in _attributes(self):
            yield from _items(name, held)

    def _walk(self, path: str = "") -> Iterator[tuple[str, Value | Module]]:
        """This module and all parameters and modules below it, each once, depth first, with their paths."""
        seen = set()
        stack: list[tuple[str, Value | Module]] = [(path, self)]
        while stack:
            path, part = stack.pop()
            if id(part) not in seen:
                seen.add(id(part))
                yield path, part
                if isinstance(part, Module):
                    below = [(f"{path}.{name}" if path else name, x) for name, x in part._parts()]
                    stack.extend(reversed(below))

    def parameters(self) -> list[Value]:
        """The parameters, each once, even if several modules share it.

        Examples
        --------
        >>> import nn
        >>> len(nn.MLP(2, [16, 16, 1]).parameters())
        337
        """
        return _parameters(self)

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """The parameters with their names.

        Examples
        --------
        >>> import nn
        >>> [name for name, _ in nn.MLP(2, [2, 1]).named_parameters()][:4]
        ['layer1.neuron1.w1', 'layer1.neuron1.w2', 'layer1.neuron1.b', 'layer1.neuron2.w1']
        """
        return ((path, part) for path, part in self._walk() if isinstance(part, Value))

    def children(self) -> list[Module]:
        """The modules right below this one."""
        return [part for _, part in self._parts() if isinstance(part, Module)]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, under the name '', and all modules below it.

        Examples
        --------
        >>> import nn
        >>> [name for name, _ in nn.MLP(1, [1, 1]).named_modules()]
        ['', 'layer1', 'layer1.neuron1', 'layer2', 'layer2.neuron1']
        """
        return ((path, part) for path, part in self._walk() if isinstance(part, Module))

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules below; returns the module."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Leave training: the same as ``train(False)``."""
        return self.train(False)

    # --- the place in the graph -------------------------------------------------------------------------------

    def _settle(self) -> Place:
        """Give every module and parameter below the running root its place, and return this module's.

        It is done once, at the first call; a module that turns up later has it done again.
        """
        root = _running.root or self
        root._assign_places(_class_name(root) if root._place is None else root._place.scope)
        if self._place is None:  # no attribute of the root leads here
            caller = current_place()
            above = "" if caller is None or not caller.scope else caller.scope + "."
            self._assign_places(above + _class_name(self))
        assert self._place is not None
        return self._place

    def _assign_places(self, scope: str) -> None:
        for path, part in self._walk(scope):
            if isinstance(part, Module):
                part._place = Place(path)
            else:
                old = part.place
                above, _, name = path.rpartition(".")
                part.place = Place(above, part.label or name, "" if old is None else old.site)

    # --- state ------------------------------------------------------------------------------------------------

    def _nests(self) -> dict[str, Nest]:
        nests: dict[str, Nest] = {}
        for path, module in self.named_modules():
            for attribute, held in _attributes(module):
                nest = _nest(held)
                if nest is not None:
                    name = f"{path}.{attribute}" if path else attribute
                    if name in nests:
                        raise ValueError(
                            f"two attributes of this {type(self).__name__} would both be saved as {name!r}; "
                            "rename one of them"
                        )
                    nests[name] = nest
        return nests

    def state_dict(self) -> dict[str, Any]:
        """The parameters' numbers: for every attribute that holds parameters its name and a copy of the numbers.

        Returns
        -------
        dict
            A list of Values becomes a list of floats, and so on: nested lists and dicts keep their shape.

        Raises
        ------
        ValueError
            If two attributes have the same name.

        Examples
        --------
        >>> import nn
        >>> nn.Neuron(2, init="zeros").state_dict()
        {'w': [0.0, 0.0], 'b': 0.0}
        """
        return {name: _numbers(nest) for name, nest in self._nests().items()}

    def load_state_dict(self, state: dict[str, Any], strict: bool = True) -> tuple[list[str], list[str]]:
        """Set the parameters to the numbers of a `state_dict`; all of them, or, after an error, none.

        Parameters
        ----------
        state : dict
            What `state_dict` gave, from a module of the same architecture.
        strict : bool
            If False, names that are missing or unexpected are left aside.

        Returns
        -------
        missing, unexpected : list of str
            The names left aside.

        Raises
        ------
        ValueError
            If names or shapes differ, or if something is no finite number; it says what is wrong.

        Examples
        --------
        >>> import nn
        >>> neuron = nn.Neuron(2)
        >>> neuron.load_state_dict({"w": [0.5, -0.5], "b": 1.0})
        ([], [])
        >>> neuron.w[1].data
        -0.5
        """
        if not isinstance(state, dict):
            raise TypeError(f"a state is a dict of names and numbers, not {type(state).__name__}")
        nests = self._nests()
        missing = [name for name in nests if name not in state]
        unexpected = [name for name in state if name not in nests]
        problems = []
        if strict:
            problems += [f"{name} is missing" for name in missing]
            problems += [f"{name} is not expected" for name in unexpected]
        plan: list[tuple[Value, float]] = []
        for name, nest in nests.items():
            if name in state:
                _match(name, nest, state[name], plan, problems)
        if problems:
            shown, rest = problems[:5], len(problems) - 5
            more = f"; and {rest} more" if rest > 0 else ""
            raise ValueError(f"the state does not fit this {type(self).__name__}: {'; '.join(shown)}{more}")
        set_data([parameter for parameter, _ in plan], [number for _, number in plan])
        return missing, unexpected

    def save(self, path: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        """Write the state to a JSON file; an existing file is replaced only when all is written.

        Parameters
        ----------
        path : path-like
            The file.
        metadata : dict, optional
            Whatever else belongs to the parameters and can be written as JSON: sizes, scores, dates, ...

        Raises
        ------
        ValueError
            If a parameter is nan or infinite, or if the metadata cannot be written.

        Examples
        --------
        >>> import nn, os, tempfile
        >>> model, twin = nn.MLP(2, [3, 1]), nn.MLP(2, [3, 1])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.json")
        ...     model.save(path, {"epochs": 100})
        ...     twin.load(path)
        {'epochs': 100}
        >>> twin.state_dict() == model.state_dict()
        True
        """
        for name, parameter in self.named_parameters():
            if not math.isfinite(parameter.data):
                raise ValueError(f"{name} is {parameter.data}, and a file holds finite numbers only; nothing was saved")
        save_file(path, self.state_dict(), metadata)

    def load(self, path: str | os.PathLike[str], strict: bool = True) -> dict[str, Any]:
        """Set the parameters to those of a file that `save` wrote; all of them, or, after an error, none.

        Returns
        -------
        dict
            The file's metadata.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no such file, or damaged, or from another architecture (see `load_state_dict`).
        """
        state, metadata = load_file(path)
        try:
            self.load_state_dict(state, strict)
        except ValueError as error:
            raise ValueError(f"cannot load {str(path)!r}: {error}") from None
        return metadata

    # --- text -------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses of a module without modules below it."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"  ({name}): " + repr(part).replace("\n", "\n  ")
            for name, part in self._parts()
            if isinstance(part, Module)
        ]
        inside = "\n" + "\n".join(lines) + "\n" if lines else self.extra_repr()
        count = len(self.parameters())
        total = f"  # {count} parameter{'s' if count > 1 else ''}" if count else ""
        return f"{type(self).__name__}({inside}){total}"


# --- what attributes hold -------------------------------------------------------------------------------------


def _attributes(module: Module) -> list[tuple[str, object]]:
    return [(name, held) for name, held in vars(module).items() if not name.startswith("_")]


def _parameters(module: Module) -> list[Value]:
    """The parameters in the order of `Module._walk`, but without their names, which take most of its time."""
    found: dict[int, Value] = {}
    seen: set[int] = set()
    stack: list[Any] = [module]
    while stack:
        held = stack.pop()
        if isinstance(held, Value):
            if held.op is None:
                found.setdefault(id(held), held)
        elif id(held) not in seen:
            seen.add(id(held))
            below: list[Any] = []
            if isinstance(held, Module):
                below = [x for name, x in vars(held).items() if name[0] != "_" and x.__class__ not in _PLAIN]
            elif isinstance(held, (list, tuple)):
                for position, item in enumerate(held):
                    if item.__class__ is not Value:
                        below = list(held[position:])
                        break
                    found.setdefault(id(item), item)
            elif isinstance(held, dict):
                below = list(held.values())
            below.reverse()
            stack += below
    return list(found.values())


_PLAIN = frozenset({bool, int, float, str, type(None)})  # what cannot hold a parameter


def _class_name(module: Module) -> str:
    return type(module).__name__.lower()


def _items(name: str, held: object) -> Iterator[tuple[str, Value | Module]]:
    """The parameters and modules that an attribute called `name` holds, with their names."""
    if isinstance(held, Module) or _is_parameter(held):
        yield name, held  # type: ignore[misc]
    elif isinstance(held, (list, tuple)):
        stem = _singular(name)
        for position, item in enumerate(held, 1):
            yield from _items(f"{stem}{position}", item)
    elif isinstance(held, dict):
        for key, item in held.items():
            yield from _items(f"{name}.{key}", item)


def _is_parameter(held: object) -> bool:
    return isinstance(held, Value) and held.op is None


def _singular(name: str) -> str:
    """What an item of a list called `name` is called, before its number."""
    if name == "biases":
        return "bias"
    if name[-1].isdigit():
        return name + "_"  # so that w1's 1st and w's 11th differ
    plural = len(name) > 1 and name.endswith("s") and not name.endswith(("ss", "us", "is", "as"))
    return name[:-1] if plural else name


def _nest(held: object) -> Nest | None:
    """The parameters in an attribute, in the lists and dicts that hold them; None if there are none."""
    if isinstance(held, Value):
        return held if _is_parameter(held) else None
    if isinstance(held, (list, tuple)):
        return [nest for item in held if (nest := _nest(item)) is not None] or None
    if isinstance(held, dict):
        return {str(key): nest for key, item in held.items() if (nest := _nest(item)) is not None} or None
    return None


def _numbers(nest: Nest) -> Any:
    if isinstance(nest, list):
        return [_numbers(item) for item in nest]
    if isinstance(nest, dict):
        return {key: _numbers(item) for key, item in nest.items()}
    return nest.data


def _match(name: str, nest: Nest, given: object, plan: list[tuple[Value, float]], problems: list[str]) -> None:
    """Note for every parameter in `nest` the number that is `given` for it, or the problem with it."""
    pairs: list[tuple[str, Nest, object]] = []
    if isinstance(nest, Value):
        number = _finite(given)
        if number is not None:
            plan.append((nest, number))
            return
    elif isinstance(nest, list):
        if isinstance(given, (list, tuple)) and len(given) == len(nest):
            pairs = [(f"{name}[{i}]", x, y) for i, (x, y) in enumerate(zip(nest, given))]
    elif isinstance(given, dict) and given.keys() == nest.keys():
        pairs = [(f"{name}[{key!r}]", x, given[key]) for key, x in nest.items()]
    if not pairs:
        problems.append(f"{name} must be {_shape(_numbers(nest))}, not {_shape(given)}")
    for pair in pairs:
        _match(*pair, plan, problems)


def _finite(given: object) -> float | None:
    if isinstance(given, bool):
        return None
    try:
        number = Value(given).data  # what counts as a number is the engine's affair
    except (TypeError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _shape(given: object) -> str:
    if isinstance(given, (list, tuple)):
        return f"a list of {len(given)}"
    if isinstance(given, dict):
        return f"a dict of {', '.join(map(repr, given))}" if given else "an empty dict"
    if _finite(given) is not None:
        return "a finite number"
    return f"{given!r:.60}"
