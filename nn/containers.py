"""Modules that hold modules, or parameters, and name them by their keys alone, as PyTorch does.

`Sequential` calls its modules one after the other; `ModuleList`, `ModuleDict`, `ParameterList` and `ParameterDict` only
hold what a module of your own uses. Any module may hold modules in plain lists and dicts as well. What differs are the
names: ``blocks = [...]`` has the parts ``block1``, ``block2``, ..., and ``blocks = ModuleList([...])`` has
``blocks.0``, ``blocks.1``, ..., which are PyTorch's. In the graph, and so in drawings and in compiled programs, the
items of all lists are counted from 1: ``sequential.layer1``.
"""

from __future__ import annotations

from autograd import Value

from .batches import is_list
from .module import Module, is_module_class, keyed_items
from .parameters import Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
    from typing import Any

    from typing_extensions import Self


def _items_of(container: Module) -> Any:
    """The list or dict of a container's items."""
    return vars(container)[container._name_of_contents]


class _Container(Module):
    """What the containers share: their items are in one attribute, which is a list or a dict."""

    def _checked_item(self, item: Any) -> Any:
        """Return the item; raise an error if it may not be in this container."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(_items_of(self))

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """A container only holds its items; `Sequential` calls them."""
        raise NotImplementedError(
            f"{type(self).__name__} only holds its items, and cannot be called; call the items in the forward() of the "
            "module that has it, or make a Sequential"
        )


class _Listed(_Container):
    """A container whose items are numbered; those of a `Sequential` may have names as well."""

    def _key_of_item(self, index: object) -> Any:
        """The key of an item in the list or dict: its position, which may count from the end, or its name."""
        items = _items_of(self)
        if isinstance(index, bool) or not hasattr(index, "__index__"):
            raise TypeError(f"an index of {type(self).__name__} must be a whole number or a slice, not {index!r:.60}")
        position = index.__index__()
        if not -len(items) <= position < len(items):
            raise IndexError(f"{type(self).__name__} has {len(items)} items, but none at {position}")
        return list(items)[position] if isinstance(items, dict) else position

    def _with_items(self, items: list[tuple[str, Any]]) -> Any:
        """A container of the same class with some of the items, given as pairs of name and item."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        items = _items_of(self)
        return iter(items.values() if isinstance(items, dict) else items)

    def __getitem__(self, index: Any) -> Any:
        items = _items_of(self)
        if not isinstance(index, slice):
            return items[self._key_of_item(index)]
        return self._with_items(keyed_items(items)[index])

    def __setitem__(self, index: int, item: Any) -> None:
        _items_of(self)[self._key_of_item(index)] = self._checked_item(item)

    def __delitem__(self, index: int | slice) -> None:
        items = _items_of(self)
        if not isinstance(index, slice):
            del items[self._key_of_item(index)]
        elif isinstance(items, dict):
            for key in list(items)[index]:
                del items[key]
        else:
            del items[index]

    def append(self, item: Any) -> Self:
        """Add an item at the end; returns the container."""
        return self.extend([item])

    def extend(self, items: Iterable[Any]) -> Self:
        """Add items at the end: all of them, or, after an error, none; returns the container."""
        new = [self._checked_item(item) for item in items]
        held = _items_of(self)
        if isinstance(held, dict):
            names = [str(len(held) + i) for i in range(len(new))]
            for name in names:
                if name in held:
                    raise ValueError(f"{type(self).__name__} has an item {name!r} already, and it is not the last one")
            held.update(zip(names, new))
        else:
            held += new
        return self

    def insert(self, index: int, item: Any) -> None:
        """Put an item before the one that is there."""
        held = _items_of(self)
        if isinstance(held, dict):
            raise TypeError(
                f"the items of this {type(self).__name__} have names, so none can be inserted; append it instead"
            )
        held.insert(index, self._checked_item(item))

    def pop(self, index: int = -1) -> Any:
        """Take an item out, the last one if no other is named, and return it."""
        return _items_of(self).pop(self._key_of_item(index))

    def __add__(self, others: Iterable[Any]) -> Any:
        return self[:].extend(others)

    def __iadd__(self, others: Iterable[Any]) -> Self:
        return self.extend(others)


class _Keyed(_Container):
    """A container whose items have names."""

    def __init__(self, items: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        setattr(self, self._name_of_contents, {})
        if items is not None:
            self.update(items)

    def __iter__(self) -> Iterator[str]:
        return iter(_items_of(self))

    def __contains__(self, key: object) -> bool:
        return key in _items_of(self)

    def __getitem__(self, key: str) -> Any:
        if key not in _items_of(self):
            raise KeyError(f"{type(self).__name__} has no {key!r:.60}, only {', '.join(_items_of(self)) or 'nothing'}")
        return _items_of(self)[key]

    def __setitem__(self, key: str, item: Any) -> None:
        self.update({key: item})

    def __delitem__(self, key: str) -> None:
        self.pop(key)

    def keys(self) -> KeysView[str]:
        """The names."""
        return _items_of(self).keys()  # type: ignore[no-any-return]

    def values(self) -> ValuesView[Any]:
        """The items, without their names."""
        return _items_of(self).values()  # type: ignore[no-any-return]

    def items(self) -> ItemsView[str, Any]:
        """The pairs of a name and its item."""
        return _items_of(self).items()  # type: ignore[no-any-return]

    def update(self, items: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add or replace items: all of them, or, after an error, none."""
        given: Iterable[Any] = items.items() if isinstance(items, (dict, _Keyed)) else items
        _items_of(self).update([(_name(self, key), self._checked_item(item)) for key, item in given])

    def pop(self, key: str) -> Any:
        """Take an item out and return it."""
        item = self[key]
        del _items_of(self)[key]
        return item

    def clear(self) -> None:
        """Take all items out."""
        _items_of(self).clear()


def _name(container: Module, key: object) -> str:
    if not isinstance(key, str) or not key or "." in key:
        raise ValueError(f"a name in {type(container).__name__} must be a str without a dot, not {key!r:.60}")
    return key


def _module(container: Module, item: Any) -> Any:
    if isinstance(item, Module):
        return item
    name = type(container).__name__
    if is_module_class(item):
        raise TypeError(f"{name} takes modules, but {item.__name__} is a class; write {item.__name__}(...)")
    raise TypeError(f"{name} takes modules, not {type(item).__name__}: {item!r:.60}")


def _parameters(container: Module, item: Any) -> Any:
    """One parameter, or parameters in lists; numbers become parameters."""
    if isinstance(item, Value):
        if item.op is not None:
            raise TypeError(f"{type(container).__name__} takes parameters, but {item.describe()} would not be trained")
        return item
    if is_list(item):
        return [_parameters(container, x) for x in item]
    try:
        return Parameter(item)
    except TypeError:
        raise TypeError(
            f"{type(container).__name__} takes parameters, alone or in lists, not {type(item).__name__}: {item!r:.60}"
        ) from None


class Sequential(_Listed):
    """Modules, or other functions, each called on what the one before returned.

    The parts are named by their positions from 0, ``0.weight``, as in PyTorch, or by the keys of the dict that they are
    given in. A slice keeps the names, as there. States and files of version 0.1.0, which counted from 1
    (``layer1.weight``), can be loaded.

    Parameters
    ----------
    *layers : modules or functions, or one dict of them

    Attributes
    ----------
    layers : list or dict

    Raises
    ------
    TypeError
        If one of them cannot be called, or is a class of modules instead of a module.
    ValueError
        If a name has a dot, or is none.
    IndexError
        If an item is asked for that is not there.

    Examples
    --------
    >>> import nn
    >>> model = Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    >>> len(model([1.0, 2.0]))
    1
    >>> model
    Sequential(
      (0): Linear(2, 3)  # 9 parameters
      (1): Tanh()
      (2): Linear(3, 1)  # 4 parameters
    )  # 13 parameters
    >>> model[-1], len(model[:2])
    (Linear(3, 1)  # 4 parameters, 2)
    >>> Sequential({"body": nn.Linear(2, 1), "squash": nn.Tanh()})
    Sequential(
      (body): Linear(2, 1)  # 3 parameters
      (squash): Tanh()
    )  # 3 parameters
    """

    _name_of_contents = "layers"

    def __init__(self, *layers: Callable[[Any], Any] | Mapping[str, Callable[[Any], Any]]) -> None:
        self.layers: Any
        if len(layers) == 1 and isinstance(layers[0], dict):
            self.layers = {_name(self, key): self._checked_item(layer) for key, layer in layers[0].items()}
        else:
            self.layers = [self._checked_item(layer) for layer in layers]

    def _checked_item(self, layer: Any) -> Any:
        if is_module_class(layer):
            raise TypeError(f"Sequential takes modules, but {layer.__name__} is a class; write {layer.__name__}(...)")
        if not callable(layer):
            raise TypeError(f"Sequential takes modules or functions, one by one, not {type(layer).__name__}")
        return layer

    def _with_items(self, items: list[tuple[str, Any]]) -> Sequential:
        counted = all(name == str(i) for i, (name, _) in enumerate(items))
        return Sequential(*[layer for _, layer in items]) if counted else Sequential(dict(items))

    def add_module(self, name: str, module: Any) -> None:
        """Add a module at the end under a name, or put it in the place of the one of that name.

        Raises
        ------
        ValueError
            If the parts are counted, and the name is not one of their numbers, nor the next one.
        """
        items = _items_of(self)
        if isinstance(items, dict):
            items[_name(self, name)] = self._checked_item(module)
        elif name == str(len(items)):
            self.append(module)
        elif name in map(str, range(len(items))):
            self[int(name)] = module
        else:
            raise ValueError(
                f"the items of this Sequential are numbered, and the next one is {len(items)}, not {name!r:.60}; make "
                "it from a dict to give them names"
            )

    register_module = add_module

    def forward(self, x: Any) -> Any:
        for layer in self:
            x = layer(x)
        return x


class ModuleList(_Listed):
    """A list of modules that names them as PyTorch does: ``blocks.0``, ``blocks.1``, ...

    Parameters
    ----------
    modules : iterable of Module, optional

    Raises
    ------
    TypeError
        If anything but a module is put into it.
    IndexError
        If an item is asked for that is not there.

    Examples
    --------
    >>> import nn
    >>> blocks = ModuleList([nn.Linear(2, 2) for _ in range(2)])
    >>> len(blocks.append(nn.Linear(2, 1)))
    3
    >>> list(blocks.state_dict())[:3]
    ['0.weight', '0.bias', '1.weight']
    """

    _name_of_contents = "layers"

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        self.layers: list[Module] = []
        self.extend(() if modules is None else modules)

    def _checked_item(self, item: Any) -> Any:
        return _module(self, item)

    def _with_items(self, items: list[tuple[str, Any]]) -> ModuleList:
        return ModuleList([module for _, module in items])


class ModuleDict(_Keyed):
    """A dict of modules that names them by their keys alone: ``heads.left``.

    Parameters
    ----------
    items : dict, or iterable of pairs, optional
        Names and modules.

    Raises
    ------
    TypeError
        If anything but a module is put into it.
    ValueError
        If a key is not a str, or has a dot.
    KeyError
        If there is no module of the name that is asked for.

    Examples
    --------
    >>> import nn
    >>> heads = ModuleDict({"left": nn.Linear(2, 1), "right": nn.Linear(2, 1)})
    >>> len(heads["left"]([1.0, 2.0])), list(heads.state_dict())[-1]
    (1, 'right.bias')
    """

    _name_of_contents = "layers"

    def _checked_item(self, item: Any) -> Any:
        return _module(self, item)


class ParameterList(_Listed):
    """A list of parameters, or of lists of them, that names them as PyTorch does: ``weights.0``, ``weights.1``, ...

    Parameters
    ----------
    values : iterable, optional
        Values or numbers, or lists of them; a number becomes a parameter.

    Raises
    ------
    TypeError
        If a result is put into it, or what is not a number.
    IndexError
        If an item is asked for that is not there.

    Examples
    --------
    >>> weights = ParameterList([1.0, [2.0, 3.0]])
    >>> weights.state_dict()
    {'0': 1.0, '1': [2.0, 3.0]}
    """

    _name_of_contents = "weights"

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        self.weights: list[Any] = []
        self.extend(() if values is None else values)

    def _checked_item(self, item: Any) -> Any:
        return _parameters(self, item)

    def _with_items(self, items: list[tuple[str, Any]]) -> ParameterList:
        return ParameterList([parameters for _, parameters in items])


class ParameterDict(_Keyed):
    """A dict of parameters, or of lists of them, that names them by their keys alone.

    Parameters
    ----------
    items : dict, or iterable of pairs, optional
        Names and Values or numbers, or lists of them; a number becomes a parameter.

    Raises
    ------
    TypeError
        If a result is put into it, or what is not a number.
    ValueError
        If a key is not a str, or has a dot.
    KeyError
        If there is nothing of the name that is asked for.

    Examples
    --------
    >>> ParameterDict({"scale": 1.0, "shift": [0.0, 0.5]}).state_dict()
    {'scale': 1.0, 'shift': [0.0, 0.5]}
    """

    _name_of_contents = "weights"

    def _checked_item(self, item: Any) -> Any:
        return _parameters(self, item)
