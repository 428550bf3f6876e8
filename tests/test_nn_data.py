"""Datasets, their batches and orders, and loaders that resume exactly where they stopped."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from typing import Any

import pytest

import nn
from nn.data import as_dataset, columns, random_state, set_random_state

X = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]]
Y = [0, 1, 2, 3, 4]


def loader(**options: Any) -> nn.DataLoader:
    return nn.DataLoader((X, Y), **{"batch_size": 2, **options})


# --- datasets -------------------------------------------------------------------------------------------------------


def test_arrays_and_lists_give_the_same_examples() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    lists, arrays = nn.TensorDataset(X, Y), nn.TensorDataset(np.array(X), np.array(Y))
    assert list(lists) == list(arrays) == list(zip(X, Y))
    assert all(type(x) is list and type(y) is int for x, y in arrays)
    assert list(nn.DataLoader(arrays, 2)) == list(nn.DataLoader(lists, 2))
    assert nn.TensorDataset(np.float32([0.1]))[0] == (float(np.float32(0.1)),)


def test_what_is_no_array_yet_becomes_one() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")

    class Table:
        """Like a DataFrame of pandas, whose rows have labels, which may differ from their positions."""

        ndim = 2

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.array(X)

        def __len__(self) -> int:
            return len(X)

        def __getitem__(self, name: int) -> Any:
            return X[-1 - name]

        def tolist(self) -> Any:
            return X

    assert list(nn.TensorDataset(Table(), Y)) == list(zip(X, Y))


@pytest.mark.parametrize(
    ("columns", "kind", "sentence"),
    [
        ((), ValueError, r"^TensorDataset takes at least one column"),
        ((X, Y[:3]), ValueError, r"but column 1 has 5 and column 2 has 3$"),
        ((X, "abcde"), TypeError, r"column 2 is str: 'abcde'$"),
        (({"x": 1}, Y), TypeError, r"column 1 is dict"),
        (([], []), ValueError, r"^there are no examples: the columns are empty$"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: Any, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        nn.TensorDataset(*columns)


@pytest.mark.parametrize(
    "data", [(X, Y), nn.TensorDataset(X, Y), list(zip(X, Y)), zip(X, Y), ((x, y) for x, y in zip(X, Y))]
)
def test_data_may_be_given_in_many_ways(data: Any) -> None:
    dataset = as_dataset(data)
    assert [dataset[i] for i in range(len(dataset))] == list(zip(X, Y))


@pytest.mark.parametrize(
    ("data", "kind", "sentence"),
    [
        ((X, Y, Y), TypeError, r"not a tuple of 3$"),
        (nn.TensorDataset(X, Y, Y), TypeError, r"its item 0 is"),
        ([X, Y], TypeError, "its item 0 is .*, not a tuple of an input and its target$"),
        ([(X[0], 0), [X[1], 1]], TypeError, r"its item 1 is"),
        ({"x": X}, TypeError, r"not dict$"),
        (3, TypeError, r"not int: 3$"),
        ([], ValueError, r"^there are no examples in data$"),
    ],
)
def test_what_is_no_data_is_refused(data: Any, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        as_dataset(data)


def test_columns_of_what_is_in_memory() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    pairs, indices = list(zip(X, Y)), [4, 0, 0]
    chosen = ([X[i] for i in indices], indices)
    assert columns(pairs) == columns(nn.TensorDataset(X, Y)) == (X, Y)
    assert columns(nn.Subset(pairs, indices)) == columns(nn.Subset(nn.TensorDataset(X, Y), indices)) == chosen
    made = columns(nn.Subset(nn.Subset(nn.TensorDataset(np.array(X), np.array(Y)), range(5)), indices))
    assert made is not None and tuple(column.tolist() for column in made) == chosen
    assert columns(range(3)) is None and columns(nn.Subset(range(3), [0])) is None and columns([1, 2]) is None


# --- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "lengths", "sizes"),
    [
        (10, [7, 3], [7, 3]),
        (10, [0.7, 0.3], [7, 3]),
        (7, [0.5, 0.5], [4, 3]),
        (11, [0.3, 0.3, 0.4], [4, 3, 4]),  # 3, 3, 4, and the one left over goes to the first
        (5, [1.0], [5]),
        (1, [1], [1]),
    ],
)
def test_parts_have_all_examples_once(count: int, lengths: Any, sizes: list[int]) -> None:
    parts = nn.random_split(range(count), lengths, seed=3)
    assert [len(part) for part in parts] == sizes
    assert sorted(x for part in parts for x in part) == list(range(count))
    again = nn.random_split(range(count), lengths, seed=3)
    assert [list(part) for part in parts] == [list(part) for part in again]
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = torch.utils.data.random_split(list(range(count)), lengths)
    assert [len(part) for part in theirs] == sizes


def test_parts_are_drawn_at_random() -> None:
    found = {tuple(nn.random_split(range(4), [2, 2], seed=seed)[0].indices) for seed in range(200)}
    assert len(found) == 12  # 4 * 3 orders of two of four


@pytest.mark.parametrize(
    ("lengths", "kind", "sentence"),
    [
        ([6, 3], ValueError, "add up to 9, but the dataset has 10 examples$"),
        ([0.6, 0.3], ValueError, "must add up to 1, not 0.89999"),
        ([0.99, 0.01], ValueError, r"the part of length 0.01 would be empty"),
        (["7", 3], TypeError, r"^a length must be a finite number, not '7'$"),
        ([11, -1], ValueError, r"^a length must not be negative"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(lengths: Any, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        nn.random_split(range(10), lengths)


@pytest.mark.parametrize("indices", [[], [5], [-1], [True], [1.0]])
def test_a_subset_has_positions_of_the_dataset(indices: Any) -> None:
    with pytest.raises(ValueError, match=r"a Subset needs at least one example|is not a position among 5 examples"):
        nn.Subset(Y, indices)


# --- batches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, [2, 2, 1]),
        ({"batch_size": 1}, [1] * 5),
        ({"batch_size": None}, [5]),
        ({"batch_size": 9}, [5]),
        ({"drop_last": True}, [2, 2]),
        ({"batch_size": 5, "drop_last": True}, [5]),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_hold_every_example_once(options: Any, sizes: list[int], shuffle: bool) -> None:
    batches = loader(shuffle=shuffle, seed=1, **options)
    made = list(batches)
    assert [len(inputs) for inputs, _ in made] == sizes and len(batches) == len(sizes)
    assert all(type(inputs) is nn.Batch and type(targets) is list for inputs, targets in made)
    pairs = [(x, y) for inputs, targets in made for x, y in zip(inputs, targets)]
    assert len(set(map(str, pairs))) == sum(sizes) and all(pair in list(zip(X, Y)) for pair in pairs)
    if not shuffle:
        assert pairs == list(zip(X, Y))[: sum(sizes)]


def test_each_epoch_has_an_order_of_its_own_and_a_seed_gives_the_same_ones() -> None:
    one, two = loader(shuffle=True, seed=5), loader(shuffle=True, seed=5)
    epochs = [list(one.positions()) for _ in range(20)]
    assert epochs == [list(two.positions()) for _ in range(20)]
    assert len(set(map(str, epochs))) > 15 and one.epoch == 20
    shared = random.Random(5)
    assert list(loader(shuffle=True, seed=shared).positions()) == epochs[0]
    random.seed(5)
    assert list(loader(shuffle=True).positions()) == epochs[0]


def test_orders_are_uniform() -> None:
    batches = nn.DataLoader([0, 1, 2], None, shuffle=True, seed=0)
    counts = Counter(str(next(batches.positions())) for _ in range(6000))
    assert len(counts) == 6 and all(850 < count < 1150 for count in counts.values())  # 1000 expected, deviation 29


def test_a_pass_that_is_left_is_forgotten() -> None:
    batches = loader()
    for _ in batches:
        break
    assert [len(x) for x, _ in batches] == [2, 2, 1] and batches.epoch == 1


def test_batches_of_three_columns_of_single_things_and_of_ones_own() -> None:
    assert list(nn.DataLoader(nn.TensorDataset(X, X, Y), 5)) == [(nn.Batch(X), nn.Batch(X), Y)]
    assert list(nn.DataLoader(nn.TensorDataset(X), 5)) == [(nn.Batch(X),)]
    assert list(nn.DataLoader(Y, 3)) == [[0, 1, 2], [3, 4]]
    assert list(nn.DataLoader(Y, 3, collate_fn=sum)) == [3, 7]


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"batch_size": 0}, ValueError, r"^batch_size must be a positive whole number, not 0$"),
        ({"shuffle": 1}, TypeError, r"^shuffle must be True or False, not 1$"),
        ({"drop_last": True, "batch_size": 6}, ValueError, r"no batch is left: there are 5 examples"),
        ({"collate_fn": 3}, TypeError, r"^collate_fn must be a function"),
        ({"seed": "a"}, TypeError, r"^seed must be a whole number"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options: Any, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence):
        loader(**options)


@pytest.mark.parametrize("dataset", [iter(Y), 3, []])
def test_what_is_no_dataset_is_refused(dataset: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^DataLoader takes a dataset|^there are no examples"):
        nn.DataLoader(dataset)


# --- where it is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 2, None])
def test_a_loader_goes_on_at_any_batch(shuffle: bool, batch_size: int | None) -> None:
    """Check all batches of four epochs, with a break after each batch."""
    whole = loader(shuffle=shuffle, batch_size=batch_size, seed=2)
    expected = [positions for _ in range(4) for positions in whole.positions()]
    first = loader(shuffle=shuffle, batch_size=batch_size, seed=2)
    states = [json.loads(json.dumps(first.state_dict()))]
    for _ in range(4):
        for _ in first.positions():
            states.append(json.loads(json.dumps(first.state_dict())))
    for done, state in enumerate(states):
        second = loader(shuffle=shuffle, batch_size=batch_size, seed=99)
        second.load_state_dict(state)
        rest = []
        while second.epoch < 4:
            rest += list(second.positions())
        assert rest == expected[done:]


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    batches = loader(shuffle=True, seed=4)
    walk = batches.positions()
    next(walk)
    good = batches.state_dict()
    victim = loader(shuffle=True, seed=4)
    before = victim.state_dict()
    for wrong, sentence in [
        ({**good, "examples": 6}, "it is for 6 examples in batches of 2, not 5 in batches of 2"),
        ({**good, "batch_size": 3}, "in batches of 3"),
        ({**good, "random": None}, "it comes from a loader with shuffle=False"),
        ({**good, "position": 4}, "its position is 4, but an epoch has 3 batches"),
        ({**good, "epoch": -1}, "its epoch is -1"),
        ({**good, "order": [0, 0, 1, 2, 3]}, "its order does not have each example once"),
        ({**good, "random": [3, [1, 2], None]}, "this is not a state of random numbers"),
        ({}, "'examples' is missing"),
    ]:
        with pytest.raises(ValueError, match=f"^this state does not fit the DataLoader: .*{sentence}"):
            victim.load_state_dict(wrong)
        assert victim.state_dict() == before


@pytest.mark.parametrize("seed", [None, 3])
def test_a_copy_goes_its_own_way(seed: int | None) -> None:
    batches = loader(shuffle=True, seed=seed)
    twin = copy.deepcopy(batches)
    random.seed(1)
    expected = [list(batches.positions()) for _ in range(2)]
    random.seed(1)
    assert [list(twin.positions()) for _ in range(2)] == expected


def test_a_random_state_is_exact() -> None:
    generator = random.Random(8)
    generator.gauss(0.0, 1.0)  # the generator keeps the next number
    state = json.loads(json.dumps(random_state(generator)))
    expected = [generator.gauss(0.0, 1.0) for _ in range(5)]
    other = random.Random()
    set_random_state(other, state)
    assert [other.gauss(0.0, 1.0) for _ in range(5)] == expected


def test_they_say_what_they_are() -> None:
    assert repr(nn.TensorDataset(X, Y)) == "TensorDataset(5 examples, 2 columns)"
    assert repr(nn.Subset(nn.TensorDataset(X, Y), [0])) == "Subset(1 of TensorDataset(5 examples, 2 columns))"
    assert repr(loader(shuffle=True)) == "DataLoader(5 examples, batch_size=2, shuffle=True)"
