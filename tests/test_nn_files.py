"""Files of parameters: their contents, that numbers are exact, and that damaged files are refused as a whole."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import Value


def model() -> nn.MLP:
    return nn.MLP(2, [3, 1], seed=5)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.json"
    model().save(path, {"epochs": 3, "classes": ["a", "ü"]})
    return path


def refuse(path: Path, kind: type[Exception] = ValueError) -> str:
    """The message of the error that loading the file raises; checks that a model stays as it was."""
    victim = nn.MLP(2, [3, 1], seed=9)
    before = victim.state_dict()
    with pytest.raises(kind) as error:
        victim.load(path)
    assert victim.state_dict() == before
    text = str(error.value)
    assert path.name in text and "\n" not in text
    return text


def test_the_file_is_plain_json(saved: Path) -> None:
    assert json.loads(saved.read_text("utf-8")) == {
        "format": "glassgrad-parameters",
        "version": 1,
        "metadata": {"epochs": 3, "classes": ["a", "ü"]},
        "parameters": model().state_dict(),
    }


def test_round_trip_is_exact_to_the_bit(tmp_path: Path) -> None:
    numbers = [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3, 2.2250738585072014e-308, -1e-17]
    module, twin = nn.Neuron(6), nn.Neuron(6)
    for p, number in zip(module.parameters(), numbers, strict=True):
        p.data = number
    module.save(str(tmp_path / "m"))
    assert twin.load(tmp_path / "m") == {}
    assert [p.data.hex() for p in twin.parameters()] == [number.hex() for number in numbers]


def test_load_returns_the_metadata_and_load_file_the_state_too(saved: Path) -> None:
    metadata = {"epochs": 3, "classes": ["a", "ü"]}
    assert nn.MLP(2, [3, 1]).load(saved) == metadata
    assert nn.load_file(saved) == (model().state_dict(), metadata)


def test_save_file_writes_what_load_file_reads(tmp_path: Path) -> None:
    nn.save_file(tmp_path / "f", {"a": [1.0]}, {"b": 2})
    assert nn.load_file(tmp_path / "f") == ({"a": [1.0]}, {"b": 2})


def test_saving_replaces_the_file_and_leaves_no_other(saved: Path) -> None:
    changed = model()
    changed.parameters()[0].data = 42.0
    changed.save(saved)
    assert os.listdir(saved.parent) == [saved.name]
    assert nn.load_file(saved)[0]["layer1.neuron1.w"][0] == 42.0


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_could_not_be_loaded_are_not_saved(saved: Path, number: float) -> None:
    before = saved.read_bytes()
    broken = model()
    broken.parameters()[3].data = number
    with pytest.raises(
        ValueError, match=rf"^layer1.neuron2.w1 is {number}, but a file holds finite numbers only; nothing"
    ):
        broken.save(saved)
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


@pytest.mark.parametrize(
    ("metadata", "kind", "sentence"),
    [
        ({"f": len}, ValueError, "cannot be written as JSON, so nothing was saved: Object of type builtin"),
        ({"x": float("nan")}, ValueError, "cannot be written as JSON, so nothing was saved"),
        ({("a", "b"): 1}, ValueError, "cannot be written as JSON, so nothing was saved"),
        (["a"], TypeError, "^metadata must be a dict, not list$"),
    ],
)
def test_metadata_that_are_not_json_are_refused(
    saved: Path, metadata: Any, kind: type[Exception], sentence: str
) -> None:
    before = saved.read_bytes()
    with pytest.raises(kind, match=sentence):
        model().save(saved, metadata)
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


def test_a_write_that_fails_leaves_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*paths: object) -> None:
        raise OSError("disk full")

    before = saved.read_bytes()
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        nn.MLP(2, [3, 1]).save(saved)
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    assert refuse(path, FileNotFoundError) == f"there is no file {str(path)!r}"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert refuse(tmp_path, IsADirectoryError) == f"cannot read {str(tmp_path)!r}: Is a directory"
    (tmp_path / "loop").symlink_to("loop")
    assert refuse(tmp_path / "loop", OSError).endswith("/loop': Too many levels of symbolic links")
    (tmp_path / "link").symlink_to("model.json")
    model().save(tmp_path / "link")
    assert nn.load_file(os.fsencode(tmp_path / "model.json"))[0] == model().state_dict()


def test_every_truncated_file_is_refused(saved: Path) -> None:
    whole = saved.read_bytes().rstrip()
    for length in range(0, len(whole), 7):
        saved.write_bytes(whole[:length])
        assert "is not JSON, or it is damaged" in refuse(saved)


def document(**changes: Any) -> bytes:
    content: dict[str, Any] = {
        "format": "glassgrad-parameters",
        "version": 1,
        "metadata": {},
        "parameters": model().state_dict(),
    }
    content.update(changes)
    return json.dumps(content).encode()


def with_bias(bias: object) -> bytes:
    return document(parameters={**model().state_dict(), "layer2.neuron1.b": bias})


FILES = {
    "pickle": (pickle.dumps(model().state_dict()), "is not JSON, or it is damaged"),
    "text": (b"hello", "is not JSON, or it is damaged"),
    "binary": (bytes(range(256)), "is not JSON, or it is damaged"),
    "deep": (b"[" * 200_000, "is not JSON, or it is damaged"),
    "huge integer": (b"1" * 10_000, "is not JSON, or it is damaged"),
    "another JSON": (b"[1, 2]", "is not a file of parameters: its \"format\" must be 'glassgrad-parameters'"),
    "another format": (document(format="glassgrad-graph"), "is not a file of parameters"),
    "newer version": (document(version=2), "has version 2, but only version 1 can be read here"),
    "no version": (document(version=None), "has version None"),
    "no parameters": (document(parameters=None), 'its "parameters" and "metadata" must be objects'),
    "list of parameters": (document(parameters=[1.0]), 'its "parameters" and "metadata" must be objects'),
    "odd metadata": (document(metadata=[]), 'its "parameters" and "metadata" must be objects'),
    "nan": (with_bias(float("nan")), "layer2.neuron1.b must be a finite number, not nan"),
    "overflow": (with_bias(0).replace(b'.b": 0}', b'.b": 1e999}'), "layer2.neuron1.b must be a finite number, not inf"),
    "text number": (with_bias("0.5"), "layer2.neuron1.b must be a finite number, not '0.5'"),
    "null": (with_bias(None), "layer2.neuron1.b must be a finite number, not None"),
    "wider": (
        document(parameters=nn.MLP(3, [3, 1]).state_dict()),
        "layer1.neuron1.w must be a list of 2, not a list of 3",
    ),
    "deeper": (document(parameters=nn.MLP(2, [3, 1, 1]).state_dict()), "layer3.neuron1.w is not expected"),
    "shallower": (document(parameters=nn.MLP(2, [3]).state_dict()), "layer2.neuron1.w is missing"),
    "another kind": (document(parameters=nn.Linear(2, 1).state_dict()), "layer1.neuron1.w is missing"),
    "empty": (document(parameters={}), "layer1.neuron1.w is missing"),
}


@pytest.mark.parametrize("kind", FILES)
def test_other_files_are_refused_in_one_sentence(tmp_path: Path, kind: str) -> None:
    content, sentence = FILES[kind]
    path = tmp_path / "victim.json"
    path.write_bytes(content)
    text = refuse(path)
    assert sentence in text
    assert len(text) < 600


def test_loading_runs_nothing(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path(tmp_path / "exploded").touch, ())

    path = tmp_path / "bomb.json"
    path.write_bytes(pickle.dumps(Bomb()))
    refuse(path)
    assert not (tmp_path / "exploded").exists()


def test_not_strict_loads_what_is_there(tmp_path: Path) -> None:
    nn.save_file(tmp_path / "part", {"b": 7.0, "other": 1.0})
    neuron = nn.Neuron(2, init="zeros")
    neuron.load(tmp_path / "part", strict=False)
    assert [p.data for p in neuron.parameters()] == [0.0, 0.0, 7.0]
    assert isinstance(neuron.b, Value)
