"""What every part of a network shares: parameters with names, their state, and a place in the graph.

A `Module` is an object with Values (its parameters) and other Modules in its attributes. From them follow, by one
walk, the parameters' names, the state that is saved and restored, and the scope under which the nodes it makes
are filed. What a call leaves in the attributes, an input or a hidden state, is told apart from the parameters here
(`_Watch`). What the modules compute is in `layers`; what a saved state looks like on disk is in `files`.
"""

from __future__ import annotations

import math
import os
import threading
from functools import wraps
from itertools import chain
from operator import is_not
from threading import get_ident
from types import FunctionType
from weakref import ref

from autograd import Place, Value, current_place, set_data, sit

from . import buffers
from .files import load_file, save_file
from .settings import flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from typing_extensions import Self

    from .buffers import Numbers

    # The Values of one attribute, in the lists and dicts that hold them.
    Nest: TypeAlias = "Value | list[Nest] | dict[str, Nest]"


class _Running(threading.local):
    """What modules do in a thread."""

    watch: _Watch | None = None  # of the module at work that no other module called
    making: tuple[Module, ...] = ()  # the modules that were made since it was called


_running = _Running()
_calls: dict[int, _Watch] = {}  # the calls from outside that are at work now, by their threads
_arrangement = object()  # another one whenever somebody outside of calls assigns a list, a dict or a module


class Module:
    """A part of a network; subclasses set attributes and define ``forward``.

    The parameters are the leaf Values found in the attributes, also in lists, tuples and dicts of Values and
    Modules, in the order in which the attributes were set. Attributes that begin with an underscore are not
    searched. A list names its items by the attribute's name without a plural "s" and the position, from 1: the
    second weight of the third neuron of the first layer is ``layer1.neuron3.w2``.

    What is assigned while a module is being called is no parameter, but state: an input that is kept, a hidden state.
    So is what a call puts into a list or dict that held no parameters. An attribute with state in it stays without
    parameters until it is assigned anew outside of calls. Modules are parts whenever they are assigned: a parameter
    whose shape only the first input tells belongs into a module that ``forward`` makes then, such as
    ``self.layer = Linear(len(x), 1)``. A call is ``module(x)``; ``module.forward(x)`` is none.

    Neither a result nor, during a call, an input can take a parameter's place. ``w.data = ...`` moves a parameter, and
    a state that begins as a leaf has a name with an underscore.

    Calling a module runs ``forward``. The nodes made meanwhile are filed under the module's path, such as
    ``mlp.layer1.neuron3``: the path's first part is the class of the module that was called from outside.

    Attributes
    ----------
    training : bool
        False after `eval`; `Dropout` looks at it.

    Raises
    ------
    TypeError
        If a parameter is replaced by a number or a result; during a call by anything but None or a module; or if a
        call puts Values into a list or dict of parameters, which the first calls look for.

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
    _watch_of_calls: _Watch | None = None  # of the calls in which this module is the first one
    _names_of_state: frozenset[str] = frozenset()  # names of the attributes that calls have written
    _names_of_trained: frozenset[str] = frozenset()  # of those in whose lists parameters were found
    _names_of_buffers: dict[str, bool] = {}  # whether each is persistent; replaced, never changed
    _cell: Any = None  # what a layer's `autograd.neurons` needs of a neuron, which has it

    def _new_cell(self) -> Any:
        return None

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        watch = _running.watch
        if watch is None:
            return self._call_from_outside(Module.__call__, inputs, options)
        place = self._place
        if place is None or id(self) not in watch.known:
            place = self._settle()
        seat = sit()
        before = seat.place
        try:
            seat.place = place
            return self.forward(*inputs, **options)
        finally:
            seat.place = before

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if isinstance(vars(cls).get("__call__"), FunctionType):  # as in micrograd's classes, which have no forward
            cls.__call__ = _watched(cls.__call__)  # type: ignore[method-assign]

    def _call_from_outside(self, call: Callable[..., Any], inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        watch = self._watch_of_calls
        if watch is None or watch.arrangement is not _arrangement or watch.root() is not self:
            _note()
            watch = vars(self)["_watch_of_calls"] = _Watch(self)
        elif watch.contents:
            _note()
            watch.take_in()
        try:
            _running.watch = watch
            if watch.contents:
                _calls[get_ident()] = watch
            made = call(self, *inputs, **options)
        finally:
            _running.watch = None
            making = _running.making
            if making:
                _running.making = ()
            if watch.contents or watch.joined or _calls:
                try:
                    watch.end()
                finally:
                    _calls.pop(get_ident(), None)
        if watch.first:
            watch.refuse_new_parameters(making)
        return made

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __setattr__(self, name: str, value: object) -> None:
        if name in self._names_of_buffers:
            super().__setattr__(name, buffers.checked(f"{type(self).__name__}.{name}", value))
            return
        watch = _running.watch
        if watch is not None and self._in_the_making():
            watch = None  # what its __init__ does is no call of it
        held = vars(self).get(name)
        if name[:1] == "_" or held is value:
            super().__setattr__(name, value)
            return
        if held.__class__ not in _PLAIN and name not in self._names_of_state:
            _check_replacement(self, name, held, value, watch is not None)
        super().__setattr__(name, value)
        if watch is None or value.__class__ in _PLAIN:
            if name in self._names_of_state:
                vars(self)["_names_of_state"] = self._names_of_state - {name}
            if name in self._names_of_trained:
                vars(self)["_names_of_trained"] = self._names_of_trained - {name}
            if _running.watch is None and isinstance(value, (list, tuple, dict, Module)):
                global _arrangement
                _arrangement = object()
        elif not isinstance(value, Module):
            vars(self)["_names_of_state"] = self._names_of_state | {name}
        elif id(value) not in watch.known:
            watch.add(value)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in self._names_of_buffers:
            self._names_of_buffers = {key: x for key, x in self._names_of_buffers.items() if key != name}

    def _in_the_making(self) -> bool:
        """Whether this module was made during the call that is at work, and has not been called itself."""
        if not vars(self):
            _running.making = (*_running.making, self)
        return self._place is None and any(module is self for module in _running.making)

    def __reduce_ex__(self, protocol: Any) -> Any:
        _note()  # a copy, or a pickle, that is made in the midst of a call has the same parameters
        return super().__reduce_ex__(protocol)

    # --- parts and their names --------------------------------------------------------------------------------

    def _parts(self) -> Iterator[tuple[str, Value | Module]]:
        """The module's own parameters and the modules right below it, with their names."""
        for name, held in _attributes(self):
            for path, part in _items(name, held):
                if isinstance(part, Module) or name not in self._names_of_state:
                    yield path, part

    def _walk(self, path: str = "") -> Iterator[tuple[str, Value | Module]]:
        """This module and all parameters and modules below it, each once, depth first, with their paths."""
        _note()
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

        Raises
        ------
        TypeError
            If there are results where parameters were, or among them.

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
        _parameters(self)  # which raises if there are results among them
        return ((path, part) for path, part in self._walk() if isinstance(part, Value))

    def register_buffer(self, name: str, value: Any, persistent: bool = True) -> None:
        """Keep numbers that are saved with the parameters, but not trained: running means, counts, masks.

        The buffer is an attribute. Assigning to it, also during a call, replaces its numbers, and nothing but numbers
        can be assigned; ``del`` removes it. Lists are copied.

        Parameters
        ----------
        name : str
            The attribute's name.
        value : number, or numbers in lists, or None
            A buffer of None is there, but it is not saved.
        persistent : bool
            Whether the buffer belongs to the state that `state_dict` gives.

        Raises
        ------
        TypeError
            If the name is no text, or the value no numbers, a Value above all; also when it is assigned later.
        ValueError
            If the module has another attribute of that name, or the name could not be one.

        Examples
        --------
        >>> class Mean(Module):
        ...     def __init__(self):
        ...         self.register_buffer("total", 0.0)
        ...         self.register_buffer("count", 0)
        ...
        ...     def forward(self, x):
        ...         self.total, self.count = self.total + x, self.count + 1
        ...         return self.total / self.count
        >>> mean = Mean()
        >>> mean(1.0), mean(2.0)
        (1.0, 1.5)
        >>> mean.state_dict()
        {'total': 3.0, 'count': 2}
        """
        _check_name(self, "a buffer", name, name in self._names_of_buffers)
        persistent = flag("persistent", persistent)
        held = buffers.checked(f"{type(self).__name__}.{name}", value)
        self._names_of_buffers = {**self._names_of_buffers, name: persistent}
        vars(self)[name] = held

    def buffers(self) -> Iterator[Numbers]:
        """The numbers of all buffers, here and in all modules below; see `register_buffer`."""
        return (held for _, held in self.named_buffers())

    def named_buffers(self) -> Iterator[tuple[str, Numbers]]:
        """The buffers with their names; those of None are left out.

        Examples
        --------
        >>> module = Module()
        >>> module.register_buffer("mean", [0.0, 0.0])
        >>> list(module.named_buffers())
        [('mean', [0.0, 0.0])]
        """
        for path, module in self.named_modules():
            for attribute in module._names_of_buffers:
                held = vars(module).get(attribute)
                if held is not None:
                    yield f"{path}.{attribute}" if path else attribute, held

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

        It is done once, at the first call; a module that turns up later has it done again. From then on the call
        watches it, too.
        """
        watch = _running.watch
        root = (watch and watch.root()) or self
        if self._place is None:
            root._assign_places(_class_name(root) if root._place is None else root._place.scope)
        if self._place is None:  # no attribute of the root leads here
            caller = current_place()
            above = "" if caller is None or not caller.scope else caller.scope + "."
            self._assign_places(above + _class_name(self))
        if watch is not None and id(self) not in watch.known:
            watch.add(self)
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

    def _saved_parts(self) -> dict[str, Nest | _Buffer]:
        """The parameters and buffers of the state by their names; in PyTorch's order, a module's buffers come last."""
        _parameters(self)  # which raises if there are results among them
        state: dict[str, Nest | _Buffer] = {}
        for path, module in self.named_modules():
            above = f"{path}." if path else ""
            found: list[tuple[str, Nest | _Buffer]] = []
            for attribute, held in _attributes(module):
                nest = None if attribute in module._names_of_state else _nest(held)
                if nest is not None:
                    found.append((above + attribute, nest))
            for attribute, persistent in module._names_of_buffers.items():
                if persistent and vars(module).get(attribute) is not None:
                    found.append((above + attribute, _Buffer(module, attribute)))
            for name, part in found:
                if name in state:
                    raise ValueError(
                        f"two attributes of this {type(self).__name__} would both be saved as {name!r}; "
                        "rename one of them"
                    )
                state[name] = part
        return state

    def state_dict(self) -> dict[str, Any]:
        """The numbers of parameters and buffers: for every attribute that holds some its name and a copy of them.

        Returns
        -------
        dict
            A list of Values becomes a list of floats, and so on: nested lists and dicts keep their shape. A module's
            parameters come first, then its buffers, then the modules below it, as in PyTorch.

        Raises
        ------
        ValueError
            If two attributes, or two keys of a dict, have the same name.
        TypeError
            If there are results where parameters were, or among them, or if a list of a buffer has something else
            in it by now than numbers.

        Examples
        --------
        >>> import nn
        >>> nn.Neuron(2, init="zeros").state_dict()
        {'w': [0.0, 0.0], 'b': 0.0}
        """
        return {name: x.copy() if isinstance(x, _Buffer) else _numbers(x) for name, x in self._saved_parts().items()}

    def load_state_dict(self, state: dict[str, Any], strict: bool = True) -> tuple[list[str], list[str]]:
        """Set parameters and buffers to the numbers of a `state_dict`; all of them, or, after an error, none.

        Parameters
        ----------
        state : dict
            What `state_dict` gave, from a module of the same architecture. PyTorch's, of tensors, will do, and arrays.
        strict : bool
            If False, names that are missing or unexpected are left aside.

        Returns
        -------
        missing, unexpected : list of str
            The names left aside.

        Raises
        ------
        ValueError
            If names or shapes differ, or if something is no finite number; it says what is wrong. A buffer of whole
            numbers takes whole numbers, and an infinity is accepted where a buffer has one already.

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
        own = self._saved_parts()
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        problems = []
        if strict:
            problems += [f"{name} is missing" for name in missing]
            problems += [f"{name} is not expected" for name in unexpected]
        plan: list[tuple[Value, float]] = []
        replaced: list[tuple[_Buffer, Numbers]] = []
        for name, part in own.items():
            if name in state:
                given = _without_arrays(state[name])
                if isinstance(part, _Buffer):
                    replaced.append((part, buffers.match(name, part.copy(), given, problems)))
                else:
                    _match(name, part, given, plan, problems)
        if problems:
            shown, rest = problems[:5], len(problems) - 5
            more = f"; and {rest} more" if rest > 0 else ""
            raise ValueError(f"the state does not fit this {type(self).__name__}: {'; '.join(shown)}{more}")
        set_data([parameter for parameter, _ in plan], [number for _, number in plan])
        for part, numbers in replaced:
            vars(part.module)[part.name] = numbers
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
            If a parameter or a number in a buffer is nan or infinite, or if the metadata cannot be written.

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
        numbers = [(name, parameter.data) for name, parameter in self.named_parameters()]
        for name, x in self._saved_parts().items():
            number = buffers.infinite(x.copy()) if isinstance(x, _Buffer) else None
            numbers += [] if number is None else [(name, number)]
        for name, number in numbers:
            if not math.isfinite(number):
                raise ValueError(f"{name} is {number}, and a file holds finite numbers only; nothing was saved")
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


# --- what calls leave in attributes ---------------------------------------------------------------------------


class _Contents:
    """What was in the lists and dicts of an attribute: when a call began, or what its owner has put there since."""

    __slots__ = ("module", "name", "trained", "now", "items")

    def __init__(self, module: Module, name: str, trained: bool, containers: list[Any]) -> None:
        self.module, self.name, self.trained = ref(module), name, trained
        self.now = [x.values() if isinstance(x, dict) else x for x in containers]
        self.items = tuple(chain.from_iterable(self.now))

    def changed(self) -> bool:
        items = tuple(chain.from_iterable(self.now))
        return len(items) != len(self.items) or any(map(is_not, items, self.items))


class _Watch:
    """What calls of one module write into lists and dicts, of itself and of the modules that it calls.

    An assignment can be seen when it is made, but nobody is told when a list is appended to. So contents are compared:
    what is new when a call begins the owner has put there, and what is new when it ends the call has. It is state where
    no parameters were. Where there were some it is an error, which only the first calls look for, since that takes time
    in proportion to the parameters; and what one call does the next ones do as well.

    Attributes
    ----------
    root : reference to Module
        The module that is called from outside.
    known : dict of references to Modules, by id
        The modules that were looked at.
    contents : list of _Contents
    first : int
        How many of the first calls are still to come.
    joined : bool
        Whether modules have turned up since the call began.
    arrangement : object
        What `_arrangement` was when the modules below the root were looked at.
    """

    __slots__ = ("root", "known", "contents", "first", "joined", "arrangement")

    def __init__(self, root: Module) -> None:
        self.root, self.arrangement = ref(root), _arrangement
        self.known: dict[int, ref[Module]] = {}
        self.contents: list[_Contents] = []
        self.first = 2
        self.add(root)
        self.joined = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _no_watch, ()  # a copied module begins another one

    def add(self, top: Module) -> None:
        """Look at a module and at all below it."""
        self.joined = True
        found: list[_Contents] = []
        for _, part in top._walk():
            if isinstance(part, Module) and id(part) not in self.known:
                self.known[id(part)] = ref(part)
                for name, held in _attributes(part):
                    found += self._contents_of(part, name, held)
        self.contents = self.contents + found
        if found and _running.watch is self:
            _calls[get_ident()] = self

    def _contents_of(self, module: Module, name: str, held: object) -> list[_Contents]:
        """What to compare of an attribute, if anything."""
        containers, items = _unpacked(held)
        if not containers or name in module._names_of_state:
            return []
        trained = any(map(_is_parameter, items))
        if trained and name not in module._names_of_trained:
            vars(module)["_names_of_trained"] = module._names_of_trained | {name}
        if not self.first if trained else items and all(isinstance(x, Module) for x in items):
            return []
        return [_Contents(module, name, trained, containers)]

    def take_in(self) -> None:
        """Before a call: what is new its owner has written."""
        contents: list[_Contents] = []
        for x in self.contents:
            module = x.module() if x.changed() else None
            contents += [x] if module is None else self._contents_of(module, x.name, vars(module).get(x.name))
        self.contents = contents

    def note(self) -> None:
        """During a call, or after it: what is new where no parameters were is state."""
        written = {id(x): x for x in self.contents if not x.trained and x.changed()}
        if written:
            self.contents = [x for x in self.contents if id(x) not in written]
            for x in written.values():
                module = x.module()
                if module is not None:
                    vars(module)["_names_of_state"] = module._names_of_state | {x.name}

    def end(self) -> None:
        """After a call."""
        self.note()
        if self.joined:  # perhaps just for this call
            self.known = {key: module for key, module in self.known.items() if module() is not None}
            self.contents = [x for x in self.contents if x.module() is not None]
            self.joined = False

    def refuse_new_parameters(self, making: tuple[Module, ...]) -> None:
        """Raise a TypeError if the call has put Values among parameters, but for modules that it has made."""
        for x in self.contents:
            if x.trained and x.changed() and not any(module is x.module() for module in making):
                old = set(map(id, x.items))
                for item in chain.from_iterable(x.now):
                    if isinstance(item, Value) and id(item) not in old:
                        raise TypeError(
                            f"{type(x.module()).__name__}.{x.name} holds parameters, and a call has put "
                            f"{item.describe()} among them; if it is a state, call it _{x.name} from the beginning, "
                            "else set the numbers of the parameters, p.data = ..."
                        )
        self.first -= 1
        if not self.first:
            self.contents = [x for x in self.contents if not x.trained]


def _no_watch() -> None:
    return None


def _note() -> None:
    """Find what the calls at work have written so far."""
    if _calls:
        if _running.watch is None:  # an interrupt may have come when a call was just over
            _calls.pop(get_ident(), None)
        for watch in list(_calls.values()):
            watch.note()


def _watched(call: Callable[..., Any]) -> Callable[..., Any]:
    """A class's own ``__call__`` as a call that is watched; inside of another one it is called as it is."""

    @wraps(call)
    def watched(self: Module, *inputs: Any, **options: Any) -> Any:
        if _running.watch is None:
            return self._call_from_outside(call, inputs, options)
        if self._place is None:
            self._settle()
        return call(self, *inputs, **options)

    return watched


if hasattr(os, "register_at_fork"):  # in the child the other threads are gone
    os.register_at_fork(after_in_child=_calls.clear)


def _check_replacement(module: Module, name: str, held: object, value: object, called: bool) -> None:
    """Raise a TypeError if `value` would take the place of parameters without being one.

    PyTorch lets no tensor take a parameter's place either. None removes it, and another leaf or a module replaces it;
    but during a call a leaf is no parameter.
    """
    if not any(map(_is_parameter, _unpacked(held)[1])):
        return
    items = _unpacked(value)[1]
    wrong: list[object] = [x for x in items if isinstance(x, Value) and x.op is not None]
    if not (isinstance(value, Module) if called else any(isinstance(x, (Value, Module)) for x in items)):
        wrong.append(value)
    if not wrong or value is None or (not items and not called):  # an empty list is about to be filled
        return
    shown = wrong[0].describe() if isinstance(wrong[0], Value) else f"{wrong[0]!r:.60}"
    where = f"{type(module).__name__}.{name}"
    if isinstance(held, Value):
        subject, advice = f"{where} is a parameter, and {shown} cannot take its place", f"set its number, {name}.data"
    else:
        subject, advice = f"{where} holds parameters, and {shown} cannot take their place", "set their numbers, p.data"
    if called:
        subject += " during a call"
        advice = f"if it is a state, call it _{name} from the beginning; else {advice}"
    raise TypeError(f"{subject}, for it would not be trained; {advice} = ..., or choose another name for the new one")


def _refuse_results(top: Module) -> None:
    """Raise a TypeError if an attribute holds results where parameters were, or among parameters."""
    for path, module in top.named_modules():
        for name, held in _attributes(module):
            if name not in module._names_of_state:
                items = _unpacked(held)[1]
                for x in items:
                    if isinstance(x, Value) and x.op is not None:
                        if name in module._names_of_trained or any(map(_is_parameter, items)):
                            raise TypeError(
                                f"{type(top).__name__}: {path + '.' if path else ''}{name} holds {x.describe()} where "
                                "parameters belong, and a result is not trained; set the numbers of the parameters "
                                "instead, p.data = ..., or keep results in an attribute of their own"
                            )
                        break


def _unpacked(held: object) -> tuple[list[Any], list[Any]]:
    """The lists and dicts in an attribute, and what is in them, in tuples and by itself; modules are not opened."""
    containers: list[Any] = []
    items: list[Any] = []
    seen = set()
    stack = [held]
    while stack:
        x = stack.pop()
        if not isinstance(x, (list, tuple, dict)):
            items.append(x)
        elif id(x) not in seen:
            seen.add(id(x))
            if not isinstance(x, tuple):
                containers.append(x)
            below = list(x.values() if isinstance(x, dict) else x)
            stack.extend(reversed(below))
    return containers, items


# --- what attributes hold -------------------------------------------------------------------------------------


class _Buffer:
    """A buffer of a module, in its state."""

    __slots__ = ("module", "name")

    def __init__(self, module: Module, name: str) -> None:
        self.module, self.name = module, name

    def copy(self) -> Numbers:
        """Its numbers, in new lists."""
        return buffers.checked(f"{type(self.module).__name__}.{self.name}", vars(self.module)[self.name])  # type: ignore[return-value]


def _check_name(module: Module, what: str, name: object, known: bool) -> None:
    """Raise an error if an attribute that is registered cannot be called `name`."""
    if not isinstance(name, str):
        raise TypeError(f"the name of {what} must be a text, not {name!r:.60}")
    if not name or "." in name:
        raise ValueError(f"the name of {what} must have no dot and not be empty, and it is {name!r:.60}")
    if not known and hasattr(module, name):
        raise ValueError(f"{type(module).__name__} has an attribute {name!r} already; choose another name for {what}")


def _attributes(module: Module) -> list[tuple[str, object]]:
    """What may hold parameters or modules: no buffers, and no names with an underscore."""
    held_numbers = module._names_of_buffers
    return [(name, held) for name, held in vars(module).items() if name[:1] != "_" and name not in held_numbers]


def _searched(module: Module, name: str, held: object) -> list[object]:
    """What is searched for parameters in an attribute: all it holds, or, if calls have written it, the modules."""
    if name not in module._names_of_state:
        return [held]
    return [part for _, part in _items(name, held) if isinstance(part, Module)]


def _parameters(module: Module) -> list[Value]:
    """The parameters in the order of `Module._walk`, but without their names, which take most of its time."""
    _note()
    found: dict[int, Value] = {}
    seen: set[int] = set()
    results = False
    stack: list[Any] = [module]
    while stack:
        held = stack.pop()
        if isinstance(held, Value):
            if held.op is None:
                found.setdefault(id(held), held)
            else:
                results = True
        elif id(held) not in seen:
            seen.add(id(held))
            below: list[Any] = []
            if isinstance(held, Module):
                below = [x for name, x in vars(held).items() if name[:1] != "_" and x.__class__ not in _PLAIN]
                if held._names_of_state or held._names_of_buffers:
                    below = [x for name, x in _attributes(held) for x in _searched(held, name, x)]
            elif isinstance(held, (list, tuple)):
                for position, item in enumerate(held):
                    if item.__class__ is not Value or item.op is not None:
                        below = list(held[position:])
                        break
                    found.setdefault(id(item), item)
            elif isinstance(held, dict):
                below = list(held.values())
            below.reverse()
            stack += below
    if results:
        _refuse_results(module)
    return list(found.values())


_PLAIN = frozenset({bool, int, float, str, type(None)})  # what cannot hold a parameter


def is_module_class(x: object) -> bool:
    """Whether x is a class of modules, where a module is wanted."""
    return isinstance(x, type) and issubclass(x, Module)


def _class_name(module: Module) -> str:
    return type(module).__name__.lower()


def _items(name: str, held: object) -> Iterator[tuple[str, Value | Module]]:
    """The parameters and modules that an attribute called `name` holds, with their names."""
    seen = set()  # a list may hold itself
    stack: list[tuple[str, Any]] = [(name, held)]
    while stack:
        name, held = stack.pop()
        if isinstance(held, Module) or _is_parameter(held):
            yield name, held  # type: ignore[misc]
        elif isinstance(held, (list, tuple, dict)) and id(held) not in seen:
            seen.add(id(held))
            if isinstance(held, dict):
                below = [(f"{name}.{key}", item) for key, item in held.items()]
            else:
                stem = _singular(name)
                below = [(f"{stem}{position}", item) for position, item in enumerate(held, 1)]
            stack.extend(reversed(below))


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


def _nest(held: object, around: tuple[object, ...] = ()) -> Nest | None:
    """The parameters in an attribute, in the lists and dicts that hold them; None if there are none."""
    if isinstance(held, Value):
        return held if _is_parameter(held) else None
    if any(held is x for x in around):
        return None
    around = (*around, held)
    if isinstance(held, (list, tuple)):
        return [nest for item in held if (nest := _nest(item, around)) is not None] or None
    if isinstance(held, dict):
        nests: dict[str, Nest] = {}
        for key, item in held.items():
            nest = _nest(item, around)
            if nest is not None:
                if str(key) in nests:
                    raise ValueError(f"two keys of a dict would both be saved as {str(key)!r}; rename one of them")
                nests[str(key)] = nest
        return nests or None
    return None


def _without_arrays(given: Any) -> Any:
    """A tensor of PyTorch's or an array as lists, or as a number; anything else as it is."""
    return given.tolist() if getattr(given, "ndim", None) is not None else given


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
