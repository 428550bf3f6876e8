"""Examples, and the batches in which training takes them.

A dataset has a length and gives an example for each position, most often a pair of an input and its target. A
`DataLoader` goes through a dataset in batches, in another order each time if wanted. Its state says which batch comes
next, so that a training that was stopped continues with the very next batch. Training itself is in `training`.
"""

from __future__ import annotations

from .batches import Batch, is_list
from .settings import flag, instead_of_class, is_bool, number, seeded, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Protocol

    class Dataset(Protocol):
        """What has a length, and an example for each position."""

        def __len__(self) -> int: ...
        def __getitem__(self, position: int, /) -> Any: ...


# --- datasets -------------------------------------------------------------------------------------------------------


class TensorDataset:
    """Examples from columns of equal length: the inputs, their targets, and more columns if wanted.

    Parameters
    ----------
    *columns : lists, tuples, NumPy arrays, or what can be made one
        Each has one entry for each example.

    Attributes
    ----------
    columns : tuple
        What was given, as lists and NumPy arrays; the examples taken from an array are lists and numbers.

    Raises
    ------
    TypeError
        If a column is neither a list nor an array.
    ValueError
        If there are no columns, or no examples, or if the columns differ in length.

    Examples
    --------
    >>> dataset = TensorDataset([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1])
    >>> len(dataset), dataset[1]
    (3, ([1.0, 0.0], 1))
    """

    def __init__(self, *columns: Any) -> None:
        if not columns:
            raise ValueError("TensorDataset takes at least one column, such as TensorDataset(inputs, targets)")
        made = []
        for i, column in enumerate(columns, 1):
            if not is_list(column):
                raise TypeError(
                    f"TensorDataset takes lists and arrays, and column {i} is {type(column).__name__}: {column!r:.60}"
                )
            if not isinstance(column, (list, tuple)):
                import numpy as np

                column = np.asarray(column)  # a pandas column, too, where column[i] may look up a label i
            made.append(column)
        lengths = [len(column) for column in made]
        for i, length in enumerate(lengths, 1):
            if length != lengths[0]:
                raise ValueError(
                    f"every column must have one entry for each example, but column 1 has {lengths[0]} and column {i} "
                    f"has {length}"
                )
        if lengths[0] == 0:
            raise ValueError("there are no examples: the columns are empty")
        self.columns = tuple(made)

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, position: int) -> tuple[Any, ...]:
        return tuple([_plain(column[position]) for column in self.columns])

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"TensorDataset({len(self)} examples, {len(self.columns)} columns)"


class Subset:
    """Some examples of a dataset.

    Parameters
    ----------
    dataset : dataset
    indices : sequence of int
        Their positions in it.

    Raises
    ------
    ValueError
        If there are none, or if one is not a position in the dataset.

    Examples
    --------
    >>> list(Subset(["a", "b", "c"], [2, 0]))
    ['c', 'a']
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        count = len(dataset)
        self.indices = [_position(i, count) for i in indices]
        if not self.indices:
            raise ValueError("a Subset needs at least one example, but there are no indices")
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Any:
        return self.dataset[self.indices[position]]

    def __iter__(self) -> Iterator[Any]:
        return (self.dataset[i] for i in self.indices)

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


def random_split(
    dataset: Dataset, lengths: Sequence[float], *, seed: int | random.Random | None = None
) -> list[Subset]:
    """Split a dataset at random into parts that share no example, such as for training and validation.

    Parameters
    ----------
    dataset : dataset
    lengths : sequence of int, or of float
        How many examples each part gets, or which share of them. Shares must sum to 1; each part gets its share rounded
        down, and what is left over goes to the first parts, one example each, as in PyTorch.
    seed : int or random.Random, optional
        For the same parts each time.

    Raises
    ------
    TypeError
        If a length is not a number.
    ValueError
        If the lengths do not add up, or if a part would be empty.

    Examples
    --------
    >>> train, test = random_split(range(10), [0.8, 0.2], seed=0)
    >>> len(train), len(test), sorted([*train, *test])
    (8, 2, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    count = len(dataset)
    if not hasattr(lengths, "__iter__"):
        raise TypeError(f"lengths must be a list with one for each part, such as [0.8, 0.2], not {lengths!r:.60}")
    given = [number("a length", x, positive=True) for x in lengths]
    if all(x.is_integer() for x in given) and sum(given) != 1.0:
        counts = list(map(int, given))
        if sum(counts) != count:
            raise ValueError(f"the lengths add up to {sum(counts)}, but the dataset has {count} examples")
    else:
        if not abs(sum(given) - 1.0) <= 1e-9:
            raise ValueError(f"the shares must add up to 1, not {sum(given)!r}")
        counts = [int(x * count) for x in given]
        for i in range(count - sum(counts)):
            counts[i % len(counts)] += 1
    for length, n in zip(lengths, counts):
        if n == 0:
            raise ValueError(f"the part of length {length!r} would be empty: there are only {count} examples")
    order, parts, start = _shuffled(count, seeded(seed)), [], 0
    for n in counts:
        parts.append(Subset(dataset, order[start : start + n]))
        start += n
    return parts


def as_dataset(data: Any, name: str = "data") -> Dataset:
    """The given data as a dataset: a dataset itself, a tuple ``(inputs, targets)``, or an iterable of pairs.

    Parameters
    ----------
    data : dataset, tuple of two columns, or iterable of pairs
        A tuple is a pair of columns; a list, or what else can be gone through, holds pairs, each of them a tuple.
    name : str
        What messages call it.

    Raises
    ------
    TypeError
        If it is none of these.

    Examples
    --------
    >>> as_dataset(([[0.0], [1.0]], [0, 1]))[1], as_dataset(zip([[0.0], [1.0]], [0, 1]))[1]
    (([1.0], 1), ([1.0], 1))
    """
    wanted = f"{name} must be a tuple (inputs, targets), a dataset, a DataLoader, or a list of pairs (input, target)"
    if isinstance(data, tuple):
        if len(data) != 2:
            raise TypeError(f"{wanted}, not a tuple of {len(data)}")
        data = TensorDataset(*data)
    if isinstance(data, (str, bytes, dict, set, frozenset)) or getattr(data, "ndim", None) is not None:
        raise TypeError(f"{wanted}, not {type(data).__name__}")
    if not _is_dataset(data):
        if not hasattr(data, "__iter__"):
            raise TypeError(f"{wanted}, not {type(data).__name__}: {data!r:.60}")
        data = list(data)
    if len(data) == 0:
        raise ValueError(f"there are no examples in {name}")
    checked = range(len(data)) if isinstance(data, list) else range(1)
    for i in checked:
        if not isinstance(data[i], tuple) or len(data[i]) != 2:
            raise TypeError(f"{wanted}, but its item {i} is {data[i]!r:.60}, not a tuple of an input and its target")
    return data  # type: ignore[no-any-return]


def columns(dataset: Dataset) -> tuple[Any, ...] | None:
    """The columns of a dataset, if its examples are in memory; None if it makes them on demand.

    Examples
    --------
    >>> columns(Subset(TensorDataset([[0.0], [1.0], [2.0]], [0, 1, 2]), [2, 0])), columns([([0.0], 0), ([1.0], 1)])
    (([[2.0], [0.0]], [2, 0]), ([[0.0], [1.0]], [0, 1]))
    """
    if isinstance(dataset, TensorDataset):
        return dataset.columns
    if isinstance(dataset, Subset):
        whole = columns(dataset.dataset)
        return None if whole is None else tuple([_entries(column, dataset.indices) for column in whole])
    if isinstance(dataset, list) and all(isinstance(example, tuple) for example in dataset):
        return tuple(map(list, zip(*dataset)))
    return None


# --- batches --------------------------------------------------------------------------------------------------------


class DataLoader:
    """The batches of a dataset, one after the other.

    Each pass through it is an epoch. A batch is what `collate` makes of the examples: of pairs a `Batch` of the inputs
    and a list of the targets.

    Parameters
    ----------
    dataset : dataset
        What has a length and gives an example for each position, such as a `TensorDataset`; or a tuple of columns
        ``(inputs, targets)``.
    batch_size : int, optional
        How many examples a batch has: 1 is stochastic gradient descent, more is mini-batch. None takes all of them,
        which is full-batch. (In PyTorch None gives single examples.)
    shuffle : bool
        Whether each epoch has an order of its own.
    drop_last : bool
        Whether the last batch is left out if it is smaller than the others.
    collate_fn : callable, optional
        What makes a batch of a list of examples, in place of `collate`.
    seed : int or random.Random, optional
        For the same orders each time; if not given, they come from Python's ``random`` module.

    Attributes
    ----------
    epoch : int
        How many epochs are complete.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, if the dataset is empty, or if no batch is left because of drop_last.

    Examples
    --------
    >>> loader = DataLoader(([[0.0], [1.0], [2.0]], [0, 1, 2]), batch_size=2)
    >>> for inputs, targets in loader:
    ...     print(inputs, targets)
    Batch([[0.0], [1.0]]) [0, 1]
    Batch([[2.0]]) [2]
    >>> len(loader), loader.epoch
    (2, 1)
    """

    def __init__(
        self,
        dataset: Dataset | tuple[Any, ...],
        batch_size: int | None = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        seed: int | random.Random | None = None,
    ) -> None:
        if isinstance(dataset, tuple):
            dataset = TensorDataset(*dataset)
        if not _is_dataset(dataset):
            raise TypeError(
                f"DataLoader takes a dataset, with len(dataset) and dataset[i], not {type(dataset).__name__}"
                + (instead_of_class(dataset) or "; make a list of it")
            )
        if collate_fn is not None and not callable(collate_fn):
            raise TypeError(f"collate_fn must be a function of a list of examples, not {collate_fn!r:.60}")
        count = len(dataset)
        if count == 0:
            raise ValueError("there are no examples: the dataset is empty")
        self.dataset, self.batch_size = dataset, count if batch_size is None else size("batch_size", batch_size)
        self.shuffle, self.drop_last = flag("shuffle", shuffle), flag("drop_last", drop_last)
        if self.drop_last and count < self.batch_size:
            raise ValueError(
                f"with drop_last no batch is left: there are {count} examples, and batch_size is {self.batch_size}"
            )
        self.collate_fn = collate if collate_fn is None else collate_fn
        self.epoch = 0
        # None stands for the global generator: if it were stored here, a copy of the loader would copy it.
        self._random = None if seed is None else seeded(seed)
        self._order: list[int] | None = None  # of the examples in this epoch; None for the order of the dataset
        self._position = 0  # how many batches of this epoch have been given
        self._loaded = False  # whether the next pass continues an epoch from a loaded state

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        for positions in self.positions():
            yield self.collate_fn([self.dataset[i] for i in positions])

    def positions(self) -> Iterator[list[int]]:
        """Like iterating over the loader, but each batch is a list of the positions of its examples in the dataset.

        Examples
        --------
        >>> list(DataLoader(["a", "b", "c"], 2).positions())
        [[0, 1], [2]]
        """
        if self._loaded:
            self._loaded = False
        else:
            self._order = _shuffled(len(self.dataset), seeded(self._random)) if self.shuffle else None
            self._position = 0
        order, position, count = self._order, self._position, len(self)
        while position < count:
            start, stop = position * self.batch_size, (position + 1) * self.batch_size
            position += 1
            self._order, self._position = order, position
            yield list(range(start, min(stop, len(self.dataset)))) if order is None else order[start:stop]
        self._order, self._position = None, 0
        self.epoch += 1

    # --- where it is --------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Where the loader is, in lists and numbers: the epoch, its order, the batches given, the random state.

        It may be taken between any two batches. After `load_state_dict` the next pass goes on with the batch that
        follows.

        Examples
        --------
        >>> loader, twin = [DataLoader(range(6), 2, shuffle=True, seed=7, collate_fn=list) for _ in range(2)]
        >>> batches = iter(loader)
        >>> _ = next(batches)
        >>> twin.load_state_dict(loader.state_dict())
        >>> list(twin) == list(batches), list(twin) == list(loader)
        (True, True)
        """
        return {
            "examples": len(self.dataset),
            "batch_size": self.batch_size,
            "epoch": self.epoch,
            "position": self._position,
            "order": self._order,
            "random": random_state(seeded(self._random)) if self.shuffle else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where another loader was at its `state_dict`.

        Raises
        ------
        ValueError
            If `state` is something else, or of a loader of other batches. Nothing has been changed then.
        """
        try:
            examples, batch_size, epoch, position, order, drawn = (
                state[key] for key in ("examples", "batch_size", "epoch", "position", "order", "random")
            )
            if (examples, batch_size) != (len(self.dataset), self.batch_size):
                raise ValueError(
                    f"it is for {examples} examples in batches of {batch_size}, not {len(self.dataset)} in batches of "
                    f"{self.batch_size}"
                )
            if (drawn is not None) != self.shuffle:
                raise ValueError(f"it comes from a loader with shuffle={not self.shuffle}")
            for name, x in (("epoch", epoch), ("position", position)):
                if type(x) is not int or x < 0:
                    raise ValueError(f"its {name} is {x!r:.60}")
            if position > len(self):
                raise ValueError(f"its position is {position}, but an epoch has {len(self)} batches")
            if order is not None and (not self.shuffle or sorted(order) != list(range(examples))):
                raise ValueError("its order does not have each example once")
            if drawn is not None:
                set_random_state(seeded(self._random), drawn)
        except (ValueError, TypeError, KeyError) as error:
            text = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"this state does not fit the DataLoader: {text}") from None
        self.epoch, self._position = epoch, position
        self._order = None if order is None else list(order)
        self._loaded = position > 0

    def __repr__(self) -> str:
        more = ", shuffle=True" * self.shuffle + ", drop_last=True" * self.drop_last
        return f"DataLoader({len(self.dataset)} examples, batch_size={self.batch_size}{more})"


def collate(examples: list[Any]) -> Any:
    """A batch of examples; of tuples, a tuple of columns: the last one, the targets, is a list, the others are Batches.

    Examples
    --------
    >>> collate([([0.0, 1.0], 0), ([1.0, 0.0], 1)])
    (Batch([[0.0, 1.0], [1.0, 0.0]]), [0, 1])
    >>> collate([[0.0, 1.0], [1.0, 0.0]])
    Batch([[0.0, 1.0], [1.0, 0.0]])
    """
    if not isinstance(examples[0], tuple):
        return Batch(map(_plain, examples))
    columns = [[_plain(x) for x in column] for column in zip(*examples)]
    return (*map(Batch, columns[:-1]), columns[-1]) if len(columns) > 1 else (Batch(columns[0]),)


def random_state(generator: Any) -> list[Any]:
    """The state of a generator of Python's random numbers, as JSON can hold it.

    Examples
    --------
    >>> import random
    >>> generator = random.Random(1)
    >>> state = random_state(generator)
    >>> first = generator.random()
    >>> set_random_state(generator, state)
    >>> generator.random() == first
    True
    """
    version, numbers, following = generator.getstate()
    return [version, list(numbers), following]


def set_random_state(generator: Any, state: Any) -> None:
    """Set a generator to a state that `random_state` returned.

    Raises
    ------
    ValueError
        If it is none; the generator is as before then.
    """
    try:
        version, numbers, following = state
        generator.setstate((version, tuple(numbers), following))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"this is not a state of random numbers: {error}") from None


def _is_dataset(x: object) -> bool:
    return hasattr(x, "__len__") and hasattr(x, "__getitem__") and not isinstance(x, type)


def _shuffled(count: int, generator: random.Random) -> list[int]:
    """Shuffle the numbers below `count`, with ``random()`` only: its numbers are the same in all versions of Python."""
    keys = [generator.random() for _ in range(count)]
    return sorted(range(count), key=keys.__getitem__)


def _entries(column: Any, indices: list[int]) -> Any:
    return [column[i] for i in indices] if isinstance(column, (list, tuple)) else column[indices]


def _plain(x: Any) -> Any:
    """An array's entry as a number, or as lists of numbers."""
    return x.tolist() if hasattr(x, "tolist") else x


def _position(i: Any, count: int) -> int:
    if is_bool(i) or not hasattr(i, "__index__") or not 0 <= i.__index__() < count:
        raise ValueError(f"{i!r:.60} is not a position among {count} examples")
    return int(i.__index__())
