"""Calling a module with other parameters than its own, which makes a network a function of its parameters.

With `functional_call`, `grad`, `hessian` and `hvp` of `autograd` take derivatives by a network's parameters as by any
other argument. During the call, the module's attributes hold the other Values instead of its own parameters.
"""

from __future__ import annotations

import copy
from threading import RLock

from autograd import Value

from .module import Buffer, Module, attributes, match, own_state, running, shape, some, without_arrays
from .settings import flag, is_bool, meant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    State: TypeAlias = dict[str, Any]

_lock = RLock()  # two threads must not replace the parameters of one module at the same time
_CACHES = ("_cell", "_seen_by_walk")  # the attributes in which a module caches what it made of its parameters


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: State | Sequence[State],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    strict: bool = False,
) -> Any:
    """Call a module with other numbers or Values in the places of its parameters and buffers (``torch.func``).

    The module is not changed: after the call, also after an error, all is in its place again. Buffers that are not
    named, and whatever else the call writes into attributes, are written as in any other call; what is written into
    named buffers is discarded.

    Parameters
    ----------
    module : Module
    parameter_and_buffer_dicts : dict, or several of them
        Numbers or Values, in lists where there are several, by their names in ``state_dict()``, or by those in
        ``named_parameters()``. What is not named stays. A parameter that the module has in several places is replaced
        in all of them.
    args : tuple, or one argument that is not a tuple, optional
    kwargs : dict, optional
    strict : bool
        Whether all parameters and buffers must be named.

    Raises
    ------
    ValueError
        If there is no parameter or buffer of a name, or its shape is different; if a name is given twice, or a
        parameter with two names gets two different numbers; if `strict`, and one is missing.
    TypeError
        If the module is not a module, or the dicts are not dicts.

    Notes
    -----
    Another thread that calls the module meanwhile finds the replaced parameters, unless it uses `functional_call`,
    which waits. Only what the module's attributes hold is replaced, not what hidden attributes or other functions keep
    of it.

    Examples
    --------
    The second derivatives of (w x - 1)**2 at w = 2 and x = 3, of which the one is 2 x**2:

    >>> import autograd, nn
    >>> layer = nn.Linear(1, 1, bias=False)
    >>> def loss(p):
    ...     return (functional_call(layer, p, [3.0])[0] - 1.0) ** 2
    >>> autograd.grad(loss)({"weight": [[2.0]]})
    {'weight': [[30.0]]}
    >>> autograd.hessian(lambda w: loss({"weight": [[w]]}))(2.0)
    18.0
    """
    if not isinstance(module, Module):
        raise TypeError(f"functional_call takes a module, not {type(module).__name__}: {module!r:.60}")
    if not isinstance(kwargs, (dict, type(None))):
        raise TypeError(f"kwargs must be a dict, not {type(kwargs).__name__}: {kwargs!r:.60}")
    given = _joined(parameter_and_buffer_dicts)
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _lock:
        plan, numbers = _matched(module, given, flag("strict", strict))
        module.prepare_call()
        stand_ins = _stand_ins(module, plan)
        replaced: list[tuple[dict[str, Any], str, Any]] = []
        before = running.stand_ins, running.replaced_buffers
        try:
            running.replaced_buffers = running.replaced_buffers.union(numbers)
            running.stand_ins = running.stand_ins.union([id(new) for _, new in stand_ins.values()])
            _replace(module, {key: new for key, (_, new) in stand_ins.items()}, numbers, replaced)
            return module(*arguments, **(kwargs or {}))
        finally:
            for attributes_of, name, held in reversed(replaced):
                attributes_of[name] = held
            running.stand_ins, running.replaced_buffers = before


def _joined(dicts: Any) -> State:
    """The given dicts as one."""
    several = dicts if isinstance(dicts, (list, tuple)) else [dicts]
    joined: State = {}
    for one in several:
        if not isinstance(one, dict):
            raise TypeError(f"parameters and buffers must be in a dict, by their names, not in {type(one).__name__}")
        for name, x in one.items():
            if name in joined:
                raise ValueError(f"{name!r} is in two of the dicts; give it only once")
            joined[name] = x
    return joined


def _matched(module: Module, given: State, strict: bool) -> tuple[list[tuple[Value, Any]], dict[tuple[int, str], Any]]:
    """The parameters, each with what is given for it; and what is given for buffers, by (id of module, name)."""
    whole: dict[str, Any] = {}
    for path, part in module.named_modules():
        parts = [*own_state(part), *[(name, Buffer(part, name)) for name in part._names_of_buffers]]
        whole.update({f"{path}.{name}" if path else name: x for name, x in parts})
    single = dict(module.named_parameters())
    plan: list[tuple[Value, Any]] = []
    numbers: dict[tuple[int, str], Any] = {}
    problems: list[str] = []
    for name, x in given.items():
        own = whole.get(name, single.get(name))
        if isinstance(own, Buffer):
            new = numbers[id(own.module), own.name] = _in_own_lists(without_arrays(x))
            _check_buffer(name, vars(own.module)[own.name], new, problems)
        elif own is None:
            problems.append(f"there is no {name!r:.60}{meant(str(name), [*whole, *single])}")
        else:
            match(name, own, without_arrays(x), plan, problems, _number_or_value, "a number or a Value")
    named = {id(old) for old, _ in plan}
    if strict:
        problems += [f"{name} is missing" for name, p in single.items() if id(p) not in named]
        held = [(name, x) for name, x in whole.items() if isinstance(x, Buffer)]
        problems += [f"{name} is missing" for name, x in held if (id(x.module), x.name) not in numbers]
    if problems:
        raise ValueError(f"what is given does not fit this {type(module).__name__}: {some(problems)}")
    return plan, numbers


def _stand_ins(module: Module, plan: list[tuple[Value, Any]]) -> dict[int, tuple[Value, Value]]:
    """The Value that takes the place of each parameter: the one that is given, or a new one with the number."""
    chosen: dict[int, tuple[Value, Any]] = {}
    for old, new in plan:
        _, other = chosen.setdefault(id(old), (old, new))
        if new is not other and (isinstance(new, Value) or isinstance(other, Value) or new != other):
            raise ValueError(
                f"a parameter of {type(module).__name__} has two names, but different things are given for it, "
                f"{other!r:.60} and {new!r:.60}; leave one of the names out"
            )
    made: dict[int, tuple[Value, Value]] = {}
    for key, (old, new) in chosen.items():
        if not isinstance(new, Value):
            new = Value(new)
            new.place = old.place
        made[key] = old, new
    return made


def _number_or_value(x: object) -> Any:
    """A number, or a Value as it is; None for anything else."""
    if isinstance(x, Value):
        return x
    if is_bool(x):
        return None
    try:
        Value(x)  # the engine decides what counts as a number
    except (TypeError, OverflowError):
        return None
    return x


def _in_own_lists(x: Any) -> Any:
    return [_in_own_lists(item) for item in x] if isinstance(x, (list, tuple)) else x


def _check_buffer(name: str, held: Any, given: Any, problems: list[str]) -> None:
    """Append to `problems` what is wrong with what is given for a buffer."""
    if isinstance(held, list) and isinstance(given, (list, tuple)) and len(held) == len(given):
        for i, (x, y) in enumerate(zip(held, given)):
            _check_buffer(f"{name}[{i}]", x, y, problems)
    elif isinstance(held, list):
        problems.append(f"{name} must be {shape(held)}, not {shape(given)}")
    elif held is not None and _number_or_value(given) is None and not is_bool(given):
        problems.append(f"{name} must be a number or a Value, not {shape(given)}")


def _replace(
    module: Module,
    stand_ins: dict[int, Value],
    numbers: dict[tuple[int, str], Any],
    replaced: list[tuple[dict[str, Any], str, Any]],
) -> None:
    """Put the new Values and numbers into the attributes; append to `replaced` what was there, to put it back."""
    for part in list(module.modules()):
        own = vars(part)
        changes = {name: numbers[id(part), name] for name in part._names_of_buffers if (id(part), name) in numbers}
        for name, held in attributes(part):
            new = _with_stand_ins(held, stand_ins, ())
            if new is not held:
                changes[name] = new
        changes.update(dict.fromkeys([name for name in _CACHES if name in own]))
        for name, new in changes.items():
            replaced.append((own, name, own[name]))
            own[name] = new


def _with_stand_ins(held: Any, stand_ins: dict[int, Value], enclosing: tuple[Any, ...]) -> Any:
    """A copy of an attribute's value with the new parameters in place of the old; the value itself if it has none."""
    if isinstance(held, Value):
        return stand_ins.get(id(held), held)
    if not isinstance(held, (list, tuple, dict)) or any(held is x for x in enclosing):
        return held
    old = list(held.values() if isinstance(held, dict) else held)
    new = [_with_stand_ins(x, stand_ins, (*enclosing, held)) for x in old]
    if all(x is y for x, y in zip(old, new)):
        return held
    if isinstance(held, tuple):
        return type(held)(*new) if hasattr(held, "_fields") else tuple(new)
    twin = copy.copy(held)
    if isinstance(twin, dict):
        twin.update(zip(held, new))
    else:
        twin[:] = new
    return twin
