"""`Module`, the base class of every part of a network: named parameters, saved state, and scopes in the graph.

The attributes of a `Module` hold Values (its parameters) and other Modules. One walk over them finds the names of the
parameters, the state that is saved and restored, and the scope of the nodes that each module makes. Values that a call
leaves in attributes, such as an input or a hidden state, are not parameters; `_Watch` tells them apart. What modules
compute is in `layers` and similar files, what a buffer may hold in `buffers`, how repeated walks are avoided in `seen`,
and the format of saved states in `files`.
"""

from __future__ import annotations

import math
import os
import threading
import warnings
from functools import wraps
from itertools import chain
from operator import is_not
from threading import get_ident
from types import FunctionType
from weakref import ref

from autograd import Place, Value, concrete, current_place, left_behind, set_data, sit, zero_grads

from . import buffers
from .files import load_file, save_file
from .hooks import Hook, RemovableHandle, around
from .parameters import freeze
from .seen import NOTHING, PART, PLAIN, PLAIN_VALUE, STATE, Seen
from .settings import flag, meant
from .trained import TrainingWarning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from typing_extensions import Self

    from .buffers import Numbers

    # The Values of one attribute, in the lists and dicts that hold them.
    Nest: TypeAlias = "Value | list[Nest] | dict[str, Nest]"


class _Running(threading.local):
    """The state of the calls of modules, separate in each thread."""

    watch: _Watch | None = None  # of the outermost call of a module that is running; None outside all calls
    new_modules: tuple[Module, ...] = ()  # the modules that were constructed since that call began
    stand_ins: frozenset[int] = frozenset()  # ids of the Values that `functional_call` has put in parameters' places
    replaced_buffers: frozenset[tuple[int, str]] = frozenset()  # by `functional_call`: (id of module, name)
    hooked: Module | None = None  # the module whose own __call__ is running, between its hooks


running = _Running()
_calls: dict[int, _Watch] = {}  # the watches, by thread, of the outermost calls running now, if they compare contents
_structure_token = object()  # replaced whenever a list, a tuple, a dict or a module is assigned outside calls


class Module:
    """A part of a network; subclasses set attributes and define ``forward``.

    The parameters are the leaf Values found in the attributes, also in lists, tuples and dicts of Values and
    Modules, in the order in which the attributes were set. Attributes that begin with an underscore are not
    searched. A list names its items by the attribute's name without a plural "s" and the position, from 1: the
    second weight of the third neuron of the first layer is ``layer1.neuron3.w2``.

    What is assigned while a module is being called is not a parameter, but state: an input that is kept, a hidden
    state. So is what a call puts into a list or dict that held no parameters. An attribute with state in it stays
    without parameters until it is assigned again outside calls. Modules are parts whenever they are assigned: a
    parameter whose shape depends on the first input belongs in a module that ``forward`` makes at that time, such as
    ``self.layer = Linear(len(x), 1)``. A call is ``module(x)``; ``module.forward(x)`` is not one.

    Numbers that are saved, but not trained, are buffers (`register_buffer`). Parameters that are not to be trained are
    frozen (`requires_grad_`).

    Neither a result nor, during a call, an input can take a parameter's place. To change a parameter set its
    ``data``; give a state that begins as a leaf a name with an underscore.

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
    _watch_of_calls: _Watch | None = None  # for calls in which this module is the outermost one
    _names_of_state: frozenset[str] = frozenset()  # the attributes that calls have written: state, not parameters
    _names_of_trained: frozenset[str] = frozenset()  # the attributes in whose lists or dicts parameters were found
    _names_of_buffers: dict[str, bool] = {}  # whether each is persistent; the dict is replaced, never mutated
    _hooks_of_calls: tuple[Hook, ...] = ()
    _name_of_contents: str = ""  # the attribute whose items are named by their keys alone; see `containers`
    _cell: Any = None  # set by `Neuron`: the weights and the activation, as `autograd.neurons` reads them

    def _new_cell(self) -> Any:
        return None

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        watch = running.watch
        if watch is None:
            return self._call_from_outside(Module.__call__, inputs, options)
        place = self._place
        if place is None or id(self) not in watch.known:
            place = self._settle()
        seat = sit()
        before = seat.place
        try:
            seat.place = place
            if self._hooks_of_calls and running.hooked is not self:
                return around(self, self.forward, inputs, options)
            return self.forward(*inputs, **options)
        finally:
            seat.place = before

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if isinstance(vars(cls).get("__call__"), FunctionType):  # micrograd's classes define __call__, not forward
            cls.__call__ = _watched(cls.__call__)  # type: ignore[method-assign]

    def _call_from_outside(self, call: Callable[..., Any], inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        watch = self._watch_from_outside()
        if left_behind(self.parameters):
            self._warn_of_a_program(stacklevel=4)
        try:
            running.watch = watch
            if watch.snapshots:
                _calls[get_ident()] = watch
            made = call(self, *inputs, **options)
        finally:
            running.watch = None
            new_modules = running.new_modules
            if new_modules:
                running.new_modules = ()
            if watch.snapshots or watch.joined or _calls:
                try:
                    watch.end()
                finally:
                    _calls.pop(get_ident(), None)
        if watch.checks_left:
            watch.refuse_new_parameters(new_modules)
        return made

    def _warn_of_a_program(self, stacklevel: int) -> None:
        if concrete(Value(0.0)):  # a program that is being recorded has numbers of its own
            warnings.warn(
                f"this {type(self).__name__} has the numbers from before training: a compiled program has trained its "
                "parameters since, and still has the new ones; call program.write_back() first",
                TrainingWarning,
                stacklevel,
            )

    def prepare_call(self) -> None:
        """Do to the module's own parameters what a first call does, before `functional_call` replaces them."""
        if running.watch is None:
            self._watch_from_outside()
        if self._place is None or (running.watch is not None and id(self) not in running.watch.known):
            self._settle()

    def _watch_from_outside(self) -> _Watch:
        """The watch of an outermost call that is about to begin; a new one if modules may have been rearranged."""
        watch = self._watch_of_calls
        if watch is None or watch.structure_token is not _structure_token or watch.root() is not self:
            _mark_state()
            watch = vars(self)["_watch_of_calls"] = _Watch(self)
        elif watch.snapshots:
            _mark_state()
            watch.renew_snapshots()
        return watch

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; subclasses define it."""
        own = [name for kind in type(self).__mro__ if kind not in Module.__mro__ for name in vars(kind)]
        raise NotImplementedError(
            f"{type(self).__name__} does not define forward(){meant('forward', own)}; write what a call computes "
            "as def forward(self, x): ..., with a return"
        )

    def __setattr__(self, name: str, value: object) -> None:
        if name in self._names_of_buffers:
            if (id(self), name) not in running.replaced_buffers:
                value = buffers.checked(f"{type(self).__name__}.{name}", value)
            super().__setattr__(name, value)
            return
        if name in _METHODS and (isinstance(value, Module) or not callable(value)):
            raise TypeError(
                f"{name} is a method of every module, which {value!r:.60} would take the place of; choose another name "
                f"for this attribute of {type(self).__name__}"
            )
        watch = running.watch
        if watch is not None and self._is_under_construction():
            watch = None  # what __init__ assigns is not state written by a call
        held = vars(self).get(name)
        if name[:1] == "_" or held is value:
            super().__setattr__(name, value)
            return
        if watch is None and isinstance(value, (set, frozenset)) and any(isinstance(x, Module) for x in value):
            raise TypeError(
                f"{type(self).__name__}.{name} is a set of modules, whose parameters would not be found, because a set "
                "has no order; make it a list"
            )
        if held.__class__ not in PLAIN and name not in self._names_of_state:
            _check_replacement(self, name, held, value, watch is not None)
        super().__setattr__(name, value)
        if watch is None or value.__class__ in PLAIN:
            if name in self._names_of_state:
                vars(self)["_names_of_state"] = self._names_of_state - {name}
            if name in self._names_of_trained:
                vars(self)["_names_of_trained"] = self._names_of_trained - {name}
            if running.watch is None and isinstance(value, (list, tuple, dict, Module)):
                global _structure_token
                _structure_token = object()
        elif not isinstance(value, Module):
            if name not in self._names_of_state:
                vars(self)["_names_of_state"] = self._names_of_state | {name}
        elif id(value) not in watch.known:
            watch.add(value)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in self._names_of_buffers:
            self._names_of_buffers = {key: x for key, x in self._names_of_buffers.items() if key != name}

    def _is_under_construction(self) -> bool:
        """Whether this module was constructed during the running call, and has not been called itself."""
        if not vars(self):
            running.new_modules = (*running.new_modules, self)
        return self._place is None and any(module is self for module in running.new_modules)

    def __reduce_ex__(self, protocol: Any) -> Any:
        _mark_state()  # so that a copy or a pickle made during a call does not take state for parameters
        return super().__reduce_ex__(protocol)

    # --- parts and their names --------------------------------------------------------------------------------

    def _parts(self, for_graph: bool = False) -> Iterator[tuple[str, Value | Module]]:
        """The module's own parameters and the modules right below it, with their names.

        With `for_graph`, the names are those shown in the graph, where items of `Sequential` are named like the items
        of any list: layer1, not 0.
        """
        for name, held in attributes(self):
            for path, part in _named(self, name, held, for_graph):
                if isinstance(part, Module) or name not in self._names_of_state:
                    yield path, part

    def _walk(self, path: str = "", for_graph: bool = False) -> Iterator[tuple[str, Value | Module]]:
        """This module and all parameters and modules below it, each once, depth first, with their paths."""
        _mark_state()
        seen = set()
        stack: list[tuple[str, Value | Module]] = [(path, self)]
        while stack:
            path, part = stack.pop()
            if id(part) not in seen:
                seen.add(id(part))
                yield path, part
                if isinstance(part, Module):
                    below = [(f"{path}.{name}" if path else name, x) for name, x in part._parts(for_graph)]
                    stack.extend(reversed(below))

    def parameters(self, recurse: bool = True) -> list[Value]:
        """The parameters, each once, even if several modules share it; frozen ones, too.

        Parameters
        ----------
        recurse : bool
            Whether those of the modules below are among them.

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
        found = _parameters(self)
        if flag("recurse", recurse):
            return found
        return list({id(part): part for _, part in self._parts() if isinstance(part, Value)}.values())

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Value]]:
        """The parameters with their names, which begin with the prefix, if one is given.

        Examples
        --------
        >>> import nn
        >>> [name for name, _ in nn.MLP(2, [2, 1]).named_parameters()][:4]
        ['layer1.neuron1.w1', 'layer1.neuron1.w2', 'layer1.neuron1.b', 'layer1.neuron2.w1']
        """
        own = set(map(id, Module.parameters(self, recurse)))  # raises if results of operations are among them
        return ((path, part) for path, part in self._walk(prefix) if isinstance(part, Value) and id(part) in own)

    def register_parameter(self, name: str, param: Any) -> None:
        """Set an attribute to a parameter, or to parameters in lists or dicts, or to None; see `Parameter`.

        Raises
        ------
        TypeError
            If there is anything but leaf Values.
        ValueError
            If the module has another attribute of that name, or the name could not be one or has an underscore in
            front.
        """
        items = [] if param is None else _unpacked(param)[1]
        wrong = next((x for x in items if not _is_parameter(x)), None)
        if wrong is not None:
            shown = wrong.describe() if isinstance(wrong, Value) else f"{wrong!r:.60}"
            raise TypeError(f"a parameter is a leaf Value, not {shown}")
        held = vars(self).get(name) if isinstance(name, str) else None
        _check_name(self, "a parameter", name, any(map(_is_parameter, _unpacked(held)[1])))
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Set an attribute to a module, or to None.

        Raises
        ------
        TypeError
            If it is not a module.
        ValueError
            If this module has another attribute of that name, or the name could not be one or has an underscore in
            front.

        Examples
        --------
        >>> import nn
        >>> model = nn.Module()
        >>> model.add_module("body", nn.Linear(2, 1))
        >>> model.body
        Linear(2, 1)  # 3 parameters
        """
        if not isinstance(module, (Module, type(None))):
            raise TypeError(f"{name!r:.60} must be a module, not {module!r:.60}")
        held = vars(self).get(name) if isinstance(name, str) else None
        _check_name(self, "a module", name, isinstance(held, Module))
        setattr(self, name, module)

    register_module = add_module

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
            If the name is not a str, or the value is not numbers, but a Value, say; also when it is assigned later.
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

    def buffers(self, recurse: bool = True) -> Iterator[Numbers]:
        """The numbers of all buffers, here and in the modules below; see `register_buffer`."""
        return (held for _, held in self.named_buffers(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Numbers]]:
        """The buffers with their names; those of None are left out.

        Examples
        --------
        >>> module = Module()
        >>> module.register_buffer("mean", [0.0, 0.0])
        >>> list(module.named_buffers())
        [('mean', [0.0, 0.0])]
        """
        for path, module in self.named_modules(prefix) if flag("recurse", recurse) else [(prefix, self)]:
            for attribute in module._names_of_buffers:
                held = vars(module).get(attribute)
                if held is not None:
                    yield f"{path}.{attribute}" if path else attribute, held

    def children(self) -> list[Module]:
        """The modules right below this one, each once."""
        return [module for _, module in self.named_children()]

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules right below this one, each once, with their names.

        Examples
        --------
        >>> import nn
        >>> [name for name, _ in nn.Sequential(nn.Linear(2, 1), nn.Tanh()).named_children()]
        ['0', '1']
        """
        first: dict[int, tuple[str, Module]] = {}
        for name, part in self._parts():
            if isinstance(part, Module):
                first.setdefault(id(part), (name, part))
        return iter(first.values())

    def modules(self) -> Iterator[Module]:
        """This module and all modules below it, each once."""
        return (module for _, module in self.named_modules())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module, under the name '', and all modules below it, each once.

        Examples
        --------
        >>> import nn
        >>> [name for name, _ in nn.MLP(1, [1, 1]).named_modules()]
        ['', 'layer1', 'layer1.neuron1', 'layer2', 'layer2.neuron1']
        """
        return ((path, part) for path, part in self._walk(prefix) if isinstance(part, Module))

    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call a function once with every module below, and then with this one; returns this one.

        Examples
        --------
        >>> import nn
        >>> def start(module):
        ...     if isinstance(module, nn.Linear):
        ...         for p in module.parameters():
        ...             p.data = 0.5
        >>> nn.Sequential(nn.Linear(1, 1), nn.Tanh()).apply(start).state_dict()
        {'0.weight': [[0.5]], '0.bias': [0.5]}
        """
        done: set[int] = set()
        stack: list[tuple[Module, bool]] = [(self, False)]
        while stack:
            module, below_is_done = stack.pop()
            if below_is_done:
                fn(module)
            elif id(module) not in done:
                done.add(id(module))
                stack.append((module, True))
                stack.extend((child, False) for child in reversed(module.children()))
        return self

    def get_submodule(self, target: str) -> Module:
        """The module of that name in `named_modules`; also by other names, if several lead to it.

        Raises
        ------
        AttributeError
            If there is none.

        Examples
        --------
        >>> import nn
        >>> nn.MLP(2, [3, 1]).get_submodule("layer2.neuron1")
        LinearNeuron(3)
        """
        for module, rest in self._modules_along(target):
            if not rest:
                return module
        raise self._nowhere("module", target, [name for name, _ in self.named_modules()])

    def get_parameter(self, target: str) -> Any:
        """The parameter of that name in `named_parameters`, or those of that name in `state_dict`, in their lists.

        Raises
        ------
        AttributeError
            If there is none.

        Examples
        --------
        >>> import nn
        >>> model = nn.Sequential(nn.Linear(2, 1, init="zeros"))
        >>> model.get_parameter("0.weight")
        [[Value(data=0.0, grad=0.0), Value(data=0.0, grad=0.0)]]
        >>> model.get_parameter("0.weight1_2") is model.get_parameter("0.weight")[0][1]
        True
        """
        for module, rest in self._modules_along(target):
            for name, part in chain(own_state(module), module._parts()):
                if name == rest and not isinstance(part, (Buffer, Module)):
                    return part
        names = [*self._saved_parts(), *[name for name, _ in self.named_parameters()]]
        raise self._nowhere("parameter", target, names)

    def get_buffer(self, target: str) -> Numbers:
        """The numbers of the buffer of that name in `named_buffers`.

        Raises
        ------
        AttributeError
            If there is none.
        """
        for module, rest in self._modules_along(target):
            if rest in module._names_of_buffers and vars(module).get(rest) is not None:
                held: Numbers = vars(module)[rest]
                return held
        raise self._nowhere("buffer", target, [name for name, _ in self.named_buffers()])

    def _modules_along(self, target: str) -> Iterator[tuple[Module, str]]:
        """The modules on the ways that a dotted path may take, each with the rest of the path from there."""
        if not isinstance(target, str):
            raise TypeError(f"a name must be a str, not {target!r:.60}")
        stack: list[tuple[Module, str]] = [(self, target)]
        while stack:
            module, rest = stack.pop()
            yield module, rest
            for name, part in module._parts():
                if isinstance(part, Module) and (rest == name or rest.startswith(name + ".")):
                    stack.append((part, rest[len(name) + 1 :]))

    def _nowhere(self, what: str, target: str, names: list[str]) -> AttributeError:
        return AttributeError(f"{type(self).__name__} has no {what} {target!r:.60}{meant(target, names)}")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to 0, whatever `set_to_none` is: here a gradient is never None."""
        flag("set_to_none", set_to_none)
        zero_grads(self.parameters())

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Mark all parameters here and below as trained, or, with False, as frozen; returns the module.

        Frozen parameters stay in `parameters` and in the state. Optimisers leave them as they are, and programs that
        `autograd.compile` makes from now on have their numbers as constants. `backward` still gives them gradients.

        Raises
        ------
        TypeError
            If `requires_grad` is neither True nor False.

        Examples
        --------
        >>> import nn
        >>> model = nn.Sequential(nn.Linear(2, 3).requires_grad_(False), nn.Linear(3, 1))
        >>> sum(map(nn.parameters.trains, model.parameters())), len(model.parameters())
        (4, 13)
        """
        freeze(self.parameters(), requires_grad)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules below; returns the module."""
        mode = flag("mode", mode)
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Leave training: the same as ``train(False)``."""
        return self.train(False)

    # --- hooks ------------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Have a function called before every call of this module: ``hook(module, args)``.

        What it returns, a tuple or one argument, takes the arguments' place; None leaves them as they are.

        Parameters
        ----------
        hook : callable
        prepend : bool
            Whether it comes before the hooks that are there.
        with_kwargs : bool
            Whether it is called as ``hook(module, args, kwargs)``; then it returns None or the pair of both.

        Returns
        -------
        RemovableHandle
            ``remove()`` takes the hook away.

        Raises
        ------
        TypeError
            If the hook cannot be called, or an option is not a flag.

        Examples
        --------
        >>> import nn
        >>> layer = nn.Tanh()
        >>> handle = layer.register_forward_pre_hook(lambda module, args: (0.0 * args[0],))
        >>> layer(3.0)
        0.0
        """
        return self._add_hook(Hook(hook, True, flag("with_kwargs", with_kwargs)), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Have a function called after every call of this module: ``hook(module, args, output)``.

        What it returns takes the output's place; None leaves it as it is. ``module.forward(x)`` is not such a call, and
        has no hooks. A program that `autograd.compile` makes does what the hooks did when it was recorded.

        Parameters
        ----------
        hook : callable
        prepend : bool
            Whether it comes before the hooks that are there.
        with_kwargs : bool
            Whether it is called as ``hook(module, args, kwargs, output)``.

        Returns
        -------
        RemovableHandle
            ``remove()`` takes the hook away.

        Raises
        ------
        TypeError
            If the hook cannot be called, or an option is not a flag.

        Examples
        --------
        >>> import nn
        >>> sizes = []
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
        >>> handle = model[0].register_forward_hook(lambda module, args, output: sizes.append(len(output)))
        >>> y = model([1.0, 2.0])
        >>> handle.remove()
        >>> y = model([1.0, 2.0])
        >>> sizes
        [3]
        """
        return self._add_hook(Hook(hook, False, flag("with_kwargs", with_kwargs)), prepend)

    def _add_hook(self, hook: Hook, prepend: bool) -> RemovableHandle:
        hooks = self._hooks_of_calls
        self._hooks_of_calls = (hook, *hooks) if flag("prepend", prepend) else (*hooks, hook)
        return RemovableHandle(self, hook)

    # --- the place in the graph -------------------------------------------------------------------------------

    def _settle(self) -> Place:
        """Give every module and parameter below the outermost module being called its place; return this module's.

        This is done at the first call, and again for a module that is added later, which is then added to the watch of
        the running call, too.
        """
        watch = running.watch
        root = None if watch is None else watch.root()
        root = self if root is None else root
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
        for path, part in self._walk(scope, for_graph=True):
            if isinstance(part, Module):
                part._place = Place(path)
            else:
                old = part.place
                above, _, name = path.rpartition(".")
                part.place = Place(above, part.label or name, "" if old is None else old.site)

    # --- state ------------------------------------------------------------------------------------------------

    def _saved_parts(self) -> dict[str, Nest | Buffer]:
        """The parameters and buffers that are saved, by their names."""
        state: dict[str, Nest | Buffer] = {}
        for name, part in self._listed_parts():
            if name in state:
                raise ValueError(
                    f"two attributes of this {type(self).__name__} would both be saved as {name!r}; rename one of them"
                )
            state[name] = part
        return state

    def _listed_parts(self, for_graph: bool = False) -> list[tuple[str, Nest | Buffer]]:
        """The parameters and buffers that are saved, in PyTorch's order: a module's buffers after its parameters."""
        _parameters(self)  # raises if results of operations are among them
        return [
            (f"{path}.{name}" if path else name, part)
            for path, module in self._walk(for_graph=for_graph)
            if isinstance(module, Module)
            for name, part in own_state(module)
        ]

    def _with_current_names(self, state: dict[str, Any], own: dict[str, Nest | Buffer]) -> dict[str, Any]:
        """The given state, with the names that this module uses now.

        Version 0.1.0 named the items of `Sequential` layer1, layer2, ... And in a state of PyTorch's, a module that two
        paths lead to is saved under both names: the second is left out if its numbers are the same.
        """
        others = [name for name in state if name not in own]
        if not others:
            return state
        current_of = {old: name for (old, _), name in zip(self._listed_parts(for_graph=True), own) if name not in state}
        paths = {id(module): f"{path}." if path else "" for path, module in self.named_modules()}
        renamed = {name: x for name, x in state.items() if name in own}
        for name in others:
            current = current_of.get(name, name)
            for module, rest in self._modules_along(name) if isinstance(name, str) else ():
                if any(rest == key for key, _ in own_state(module)):
                    current = paths[id(module)] + rest
            if current not in renamed:
                renamed[current] = state[name]
            elif without_arrays(renamed[current]) != without_arrays(state[name]):
                renamed[name] = state[name]  # reported as unexpected, since the numbers differ
        return renamed

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
            If there are results where parameters were, or among them, or if a list in a buffer now holds anything but
            numbers.

        Examples
        --------
        >>> import nn
        >>> nn.Neuron(2, init="zeros").state_dict()
        {'w': [0.0, 0.0], 'b': 0.0}
        """
        if left_behind(self.parameters):
            self._warn_of_a_program(stacklevel=3)
        return {name: x.copy() if isinstance(x, Buffer) else _numbers(x) for name, x in self._saved_parts().items()}

    def load_state_dict(self, state: dict[str, Any], strict: bool = True) -> tuple[list[str], list[str]]:
        """Set parameters and buffers to the numbers of a `state_dict`; all of them, or, after an error, none.

        Parameters
        ----------
        state : dict
            What `state_dict` gave, from a module of the same architecture. States of PyTorch, whose numbers are
            tensors, are taken as well, and arrays.
        strict : bool
            If False, names that are missing or unexpected are left aside.

        Returns
        -------
        missing, unexpected : list of str
            The names left aside.

        Raises
        ------
        ValueError
            If names or shapes differ, or if something is not a finite number; it says what is wrong. A buffer of whole
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
            instead = ""
            if isinstance(state, Module) or callable(state):
                instead = "; call state_dict()"
            elif isinstance(state, (str, os.PathLike)):
                instead = "; load(path) reads a file"
            raise TypeError(f"a state is a dict of names and numbers, not {type(state).__name__}{instead}")
        own = self._saved_parts()
        state = self._with_current_names(state, own)
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        problems = []
        if strict:
            problems += [f"{name} is missing" for name in missing]
            problems += [f"{name} is not expected" for name in unexpected]
        plan: list[tuple[Value, float]] = []
        replaced: list[tuple[Buffer, Numbers]] = []
        for name, part in own.items():
            if name in state:
                given = without_arrays(state[name])
                if isinstance(part, Buffer):
                    replaced.append((part, buffers.match(name, part.copy(), given, problems)))
                else:
                    match(name, part, given, plan, problems)
        if problems:
            hint = "" if own else "; call the module once before, if it makes its layers when it is called"
            raise ValueError(f"the state does not fit this {type(self).__name__}: {some(problems)}{hint}")
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
            number = buffers.infinite(x.copy()) if isinstance(x, Buffer) else None
            numbers += [] if number is None else [(name, number)]
        for name, number in numbers:
            if not math.isfinite(number):
                raise ValueError(f"{name} is {number}, but a file holds finite numbers only; nothing was saved")
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


_METHODS = frozenset(name for name, x in vars(Module).items() if isinstance(x, FunctionType) and name[:1] != "_")


# --- what calls leave in attributes ---------------------------------------------------------------------------


class _Snapshot:
    """A snapshot of what an attribute's lists and dicts hold, to find out what has changed since.

    `items` is what they held at the time, `live` are the lists and the dicts' values themselves, which change.
    """

    __slots__ = ("module", "name", "trained", "live", "items")

    def __init__(self, module: Module, name: str, trained: bool, containers: list[Any]) -> None:
        self.module, self.name, self.trained = ref(module), name, trained
        self.live = [x.values() if isinstance(x, dict) else x for x in containers]
        self.items = tuple(chain.from_iterable(self.live))

    def changed(self) -> bool:
        items = tuple(chain.from_iterable(self.live))
        return len(items) != len(self.items) or any(map(is_not, items, self.items))


class _Watch:
    """Finds what calls of a module write into lists and dicts, its own and those of the modules that it calls.

    `__setattr__` sees an assignment, but nothing is called when a list is appended to. So contents are compared: what
    is new when a call begins was put there by the user, what is new when it ends by the call. If the lists held no
    parameters, it is state. If they did, it is an error. Only the first two calls look for that error, since it takes
    time proportional to the number of parameters, and later calls do the same as the first ones.

    Attributes
    ----------
    root : reference to Module
        The outermost module, which no other module calls.
    known : dict of references to Modules, by id
        The modules whose attributes are watched.
    snapshots : list of _Snapshot
        What is compared.
    checks_left : int
        How many more calls look for new parameters.
    joined : bool
        Whether modules have been added since the call began.
    structure_token : object
        `_structure_token` when this watch was made; if it has been replaced since, the watch is out of date.
    """

    __slots__ = ("root", "known", "snapshots", "checks_left", "joined", "structure_token")

    def __init__(self, root: Module) -> None:
        self.root, self.structure_token = ref(root), _structure_token
        self.known: dict[int, ref[Module]] = {}
        self.snapshots: list[_Snapshot] = []
        self.checks_left = 2
        self.add(root)
        self.joined = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _no_watch, ()  # a copy of the module makes its own watch when it is called

    def add(self, top: Module) -> None:
        """Watch a module and all modules below it, too."""
        self.joined = True
        found: list[_Snapshot] = []
        for _, part in top._walk():
            if isinstance(part, Module) and id(part) not in self.known:
                self.known[id(part)] = ref(part)
                for name, held in attributes(part):
                    found += self._snapshots_of(part, name, held)
        self.snapshots = self.snapshots + found
        if found and running.watch is self:
            _calls[get_ident()] = self

    def _snapshots_of(self, module: Module, name: str, held: object) -> list[_Snapshot]:
        """The snapshot to compare for an attribute, in a list, which is empty if there is nothing to compare."""
        containers, items = _unpacked(held)
        if not containers or name in module._names_of_state:
            return []
        trained = any(map(_is_parameter, items))
        if trained and name not in module._names_of_trained:
            vars(module)["_names_of_trained"] = module._names_of_trained | {name}
        if not self.checks_left if trained else items and all(isinstance(x, Module) for x in items):
            return []
        return [_Snapshot(module, name, trained, containers)]

    def renew_snapshots(self) -> None:
        """Before a call: what is new was put there by the user, so take new snapshots."""
        snapshots: list[_Snapshot] = []
        for x in self.snapshots:
            module = x.module() if x.changed() else None
            snapshots += [x] if module is None else self._snapshots_of(module, x.name, vars(module).get(x.name))
        self.snapshots = snapshots

    def mark_state(self) -> None:
        """During a call, or after it: lists without parameters that have changed hold state."""
        written = {id(x): x for x in self.snapshots if not x.trained and x.changed()}
        if written:
            self.snapshots = [x for x in self.snapshots if id(x) not in written]
            for x in written.values():
                module = x.module()
                if module is not None:
                    vars(module)["_names_of_state"] = module._names_of_state | {x.name}

    def end(self) -> None:
        """After a call."""
        self.mark_state()
        if self.joined:  # some of these modules may have existed only during this call
            self.known = {key: module for key, module in self.known.items() if module() is not None}
            self.snapshots = [x for x in self.snapshots if x.module() is not None]
            self.joined = False

    def refuse_new_parameters(self, new_modules: tuple[Module, ...]) -> None:
        """Raise a TypeError if the call has put Values among parameters, except in modules that the call has made."""
        for x in self.snapshots:
            if x.trained and x.changed() and not any(module is x.module() for module in new_modules):
                old = set(map(id, x.items))
                for item in chain.from_iterable(x.live):
                    if isinstance(item, Value) and id(item) not in old:
                        raise TypeError(
                            f"{type(x.module()).__name__}.{x.name} holds parameters, but a call has put "
                            f"{item.describe()} among them; if it is a state, call it _{x.name} from the start; "
                            "otherwise set the numbers of the parameters, p.data = ..."
                        )
        self.checks_left -= 1
        if not self.checks_left:
            self.snapshots = [x for x in self.snapshots if not x.trained]


def _no_watch() -> None:
    return None


def _mark_state() -> None:
    """Record as state what the running calls, in all threads, have written so far."""
    if _calls:
        if running.watch is None:  # an interrupt at the very end of a call may have left its entry
            _calls.pop(get_ident(), None)
        for watch in list(_calls.values()):
            watch.mark_state()


def _watched(call: Callable[..., Any]) -> Callable[..., Any]:
    """A class's own ``__call__`` with what `Module.__call__` adds: the watch of an outermost call, a place, hooks."""

    def between_hooks(self: Module, *inputs: Any, **options: Any) -> Any:
        def run(*inputs: Any, **options: Any) -> Any:
            before = running.hooked
            running.hooked = self  # so that super().__call__() does not call the hooks again
            try:
                return call(self, *inputs, **options)
            finally:
                running.hooked = before

        return around(self, run, inputs, options)

    @wraps(call)
    def watched(self: Module, *inputs: Any, **options: Any) -> Any:
        called = between_hooks if self._hooks_of_calls and running.hooked is not self else call
        if running.watch is None:
            return self._call_from_outside(called, inputs, options)
        if self._place is None:
            self._settle()
        return called(self, *inputs, **options)

    return watched


if hasattr(os, "register_at_fork"):  # the other threads, and their calls, do not exist in the child
    os.register_at_fork(after_in_child=_calls.clear)


def _check_replacement(module: Module, name: str, held: object, value: object, during_call: bool) -> None:
    """Raise a TypeError if `value` would take the place of parameters without being one.

    PyTorch, too, refuses to assign a plain tensor over a parameter. None removes a parameter, and another leaf or a
    module may replace it; but during a call a leaf may not, because what a call assigns is state.
    """
    if not any(map(_is_parameter, _unpacked(held)[1])):
        return
    items = _unpacked(value)[1]
    wrong: list[object] = [x for x in items if isinstance(x, Value) and not _is_parameter(x)]
    if not (isinstance(value, Module) if during_call else any(isinstance(x, (Value, Module)) for x in items)):
        wrong.append(value)
    if not wrong or value is None or (not items and not during_call):  # an empty list is about to be filled
        return
    shown = wrong[0].describe() if isinstance(wrong[0], Value) else f"{wrong[0]!r:.60}"
    where = f"{type(module).__name__}.{name}"
    if isinstance(held, Value):
        subject, advice = f"{where} is a parameter, and {shown} cannot take its place", f"set its number, {name}.data"
    else:
        subject, advice = f"{where} holds parameters, and {shown} cannot take their place", "set their numbers, p.data"
    if during_call:
        subject += " during a call"
        advice = f"if it is a state, call it _{name} from the start; otherwise {advice}"
    raise TypeError(
        f"{subject}, because it would not be trained; {advice} = ..., or choose another name for the new one"
    )


def _refuse_results(top: Module) -> None:
    """Raise a TypeError if an attribute holds results of operations where parameters were, or among parameters."""
    for path, module in top.named_modules():
        for name, held in attributes(module):
            if name not in module._names_of_state:
                items = _unpacked(held)[1]
                for x in items:
                    if isinstance(x, Value) and not _is_parameter(x):
                        if name in module._names_of_trained or any(map(_is_parameter, items)):
                            raise TypeError(
                                f"{type(top).__name__}: {path + '.' if path else ''}{name} holds {x.describe()} where "
                                "parameters belong, but a result is not trained; set the numbers of the parameters "
                                "instead, p.data = ..., or keep results in an attribute of their own"
                            )
                        break


def _contents(x: list[Any] | dict[Any, Any]) -> list[Any]:
    return list(dict.values(x) if isinstance(x, dict) else x)


def _unpacked(held: object, contents: Callable[[Any], list[Any]] = _contents) -> tuple[list[Any], list[Any]]:
    """The lists and dicts in an attribute, nested ones included, and the items in them; modules are not opened.

    An attribute that is no list, tuple or dict is an item itself. `contents` returns the items of a list or dict; it is
    called once for each of them.
    """
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
            if isinstance(x, tuple):
                below = list(x)
            else:
                containers.append(x)
                below = contents(x)
            below.reverse()
            stack += below
    return containers, items


# --- what attributes hold -------------------------------------------------------------------------------------


class Buffer:
    """A reference to a buffer, by its module and its name."""

    __slots__ = ("module", "name")

    def __init__(self, module: Module, name: str) -> None:
        self.module, self.name = module, name

    def copy(self) -> Numbers:
        """Its numbers, in new lists."""
        return buffers.checked(f"{type(self.module).__name__}.{self.name}", vars(self.module)[self.name])  # type: ignore[return-value]


def _check_name(module: Module, what: str, name: object, known: bool) -> None:
    """Raise an error if an attribute that is registered cannot be called `name`."""
    if not isinstance(name, str):
        raise TypeError(f"the name of {what} must be a str, not {name!r:.60}")
    if not name or "." in name:
        raise ValueError(f"the name of {what} must have no dot and not be empty, unlike {name!r:.60}")
    if name[0] == "_" and what != "a buffer":
        raise ValueError(
            f"{what} cannot be called {name!r:.60}, because names that begin with an underscore are not searched"
        )
    if not known and hasattr(module, name):
        raise ValueError(f"{type(module).__name__} has an attribute {name!r} already; choose another name for {what}")


def attributes(module: Module) -> list[tuple[str, object]]:
    """The attributes that may hold parameters or modules: no buffers, and no names that begin with an underscore."""
    held_numbers = module._names_of_buffers
    return [(name, held) for name, held in vars(module).items() if name[:1] != "_" and name not in held_numbers]


def _parameters(module: Module) -> list[Value]:
    """The parameters in the order of `Module._walk`, but without their names, which take most of a walk's time.

    If no attribute, list or dict has changed since the last time, the parameters that were found then are returned.
    """
    _mark_state()
    seen: Seen | None = vars(module).get("_seen_by_walk")
    if seen is None or not seen.same(module):
        vars(module)["_seen_by_walk"] = None  # the walk records the names of attributes, and this must be one of them
        seen, results = _record_walk(module)
        if results:
            _refuse_results(module)
        else:  # a Seen keeps what it lists alive, and a result keeps the whole graph that it was computed from
            vars(module)["_seen_by_walk"] = seen
    return seen.found.copy()


def _record_walk(module: Module) -> tuple[Seen, bool]:
    """What a new walk has seen, with the parameters that it found; and whether it met results of operations."""
    found: dict[int, Value] = {}
    ids: set[int] = set()
    results = False
    seen = Seen(module, _OPENED)
    stack: list[Value | Module] = [module]
    while stack:
        held = stack.pop()
        if isinstance(held, Value):
            if _is_parameter(held):
                found.setdefault(id(held), held)
            else:
                results = True
        elif id(held) not in ids:
            ids.add(id(held))
            below: list[Value | Module] = []
            for name, x, role in seen.attributes(held, _role):
                if role == PART and name[:1] != "_":
                    wanted = Module if name in held._names_of_state else (Value, Module)
                    below += [item for item in _unpacked(x, seen.container)[1] if isinstance(item, wanted)]
            below.reverse()
            stack += below
    seen.end(list(found.values()))
    return seen, results


def _role(module: Module, name: str, held: object) -> int:
    """The role of an attribute in a walk: PART, PLAIN_VALUE, STATE or NOTHING; see `Seen.attributes`."""
    if name[:1] == "_":
        return PART if name in ("_names_of_state", "_names_of_buffers") else NOTHING  # these two steer the walk
    if name in module._names_of_buffers:
        return NOTHING
    if held.__class__ in PLAIN:
        return PLAIN_VALUE
    return STATE if name in module._names_of_state and not isinstance(held, _OPENED) else PART


_OPENED = (list, tuple, dict, Module)  # what is searched for parameters


def is_module_class(x: object) -> bool:
    """Whether x is a class of modules, given by mistake where a module is wanted."""
    return isinstance(x, type) and issubclass(x, Module)


def _class_name(module: Module) -> str:
    return type(module).__name__.lower()


def _named(module: Module, name: str, held: object, for_graph: bool) -> Iterator[tuple[str, Value | Module]]:
    """The parameters and modules that an attribute holds, with their names in the module."""
    if name != module._name_of_contents or (for_graph and not isinstance(held, dict)):
        return _items(name, held)
    return chain.from_iterable(_items(key, item) for key, item in keyed_items(held))


def keyed_items(held: Any) -> list[tuple[str, Any]]:
    """The items of a container's list, or of its dict, by their keys."""
    return [(str(key), item) for key, item in (held.items() if isinstance(held, dict) else enumerate(held))]


def own_state(module: Module) -> Iterator[tuple[str, Nest | Buffer]]:
    """The parameters and then the buffers of a module that are saved, by their names in it."""
    for attribute, held in attributes(module):
        if attribute not in module._names_of_state:
            for name, item in keyed_items(held) if attribute == module._name_of_contents else [(attribute, held)]:
                nest = _nest(item)
                if nest is not None:
                    yield name, nest
    for attribute, persistent in module._names_of_buffers.items():
        if persistent and vars(module).get(attribute) is not None:
            yield attribute, Buffer(module, attribute)


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
    return isinstance(held, Value) and (held.op is None or id(held) in running.stand_ins)


def _singular(name: str) -> str:
    """The name, without its number, of an item of a list called `name`."""
    if name == "biases":
        return "bias"
    if name[-1].isdigit():
        return name + "_"  # so that item 1 of w1, w1_1, and item 11 of w, w11, have different names
    plural = len(name) > 1 and name.endswith("s") and not name.endswith(("ss", "us", "is", "as"))
    return name[:-1] if plural else name


def _nest(held: object, enclosing: tuple[object, ...] = ()) -> Nest | None:
    """The parameters in an attribute, in the lists and dicts that hold them; None if there are none."""
    if isinstance(held, Value):
        return held if _is_parameter(held) else None
    if any(held is x for x in enclosing):
        return None
    enclosing = (*enclosing, held)
    if isinstance(held, (list, tuple)):
        return [nest for item in held if (nest := _nest(item, enclosing)) is not None] or None
    if isinstance(held, dict):
        nests: dict[str, Nest] = {}
        for key, item in held.items():
            nest = _nest(item, enclosing)
            if nest is not None:
                if str(key) in nests:
                    raise ValueError(f"two keys of a dict would both be saved as {str(key)!r}; rename one of them")
                nests[str(key)] = nest
        return nests or None
    return None


def without_arrays(given: Any) -> Any:
    """A tensor of PyTorch's or an array as lists, or as a number; anything else as it is."""
    return given.tolist() if getattr(given, "ndim", None) is not None else given


def _numbers(nest: Nest) -> Any:
    if isinstance(nest, list):
        return [_numbers(item) for item in nest]
    if isinstance(nest, dict):
        return {key: _numbers(item) for key, item in nest.items()}
    return nest.data


def match(
    name: str,
    nest: Nest,
    given: object,
    plan: list[tuple[Value, Any]],
    problems: list[str],
    convert: Callable[[object], Any] | None = None,
    wanted: str = "a finite number",
) -> None:
    """Append to `plan` each parameter in `nest` with what is `given` for it, or to `problems` what is wrong.

    `convert` converts what is given for one parameter, and returns None if it is not what is `wanted`.
    """
    pairs: list[tuple[str, Nest, object]] = []
    if isinstance(nest, Value):
        number = (convert or _finite)(given)
        if number is not None:
            plan.append((nest, number))
            return
    elif isinstance(nest, list):
        if isinstance(given, (list, tuple)) and len(given) == len(nest):
            pairs = [(f"{name}[{i}]", x, y) for i, (x, y) in enumerate(zip(nest, given))]
    elif isinstance(given, dict) and given.keys() == nest.keys():
        pairs = [(f"{name}[{key!r}]", x, given[key]) for key, x in nest.items()]
    if not pairs:
        problems.append(f"{name} must be {wanted if isinstance(nest, Value) else shape(nest)}, not {shape(given)}")
    for pair in pairs:
        match(*pair, plan, problems, convert, wanted)


def _finite(given: object) -> float | None:
    if isinstance(given, bool):
        return None
    try:
        number = Value(given).data  # the engine decides what counts as a number
    except (TypeError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def some(problems: list[str]) -> str:
    """The first problems of a list, and how many more there are."""
    rest = len(problems) - 5
    return "; ".join(problems[:5]) + (f"; and {rest} more" if rest > 0 else "")


def shape(given: object) -> str:
    if isinstance(given, (list, tuple)):
        return f"a list of {len(given)}"
    if isinstance(given, dict):
        return f"a dict of {', '.join(map(repr, given))}" if given else "an empty dict"
    if _finite(given) is not None:
        return "a finite number"
    return f"{given!r:.60}"
