"""The lesson on handwriting: both networks written out in NumPy, what is counted, and what training cannot move."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="the lesson's images are scikit-learn's")

import numpy as np

from .running import ran, transcript


def swapped(digits: Sequence[int], guesses: Sequence[int]) -> list[list[int]]:
    counts = [[0] * 10 for _ in range(10)]
    for digit, guess in zip(digits, guesses):
        counts[guess][digit] += 1
    return counts


def set_to_one(digits: Sequence[int], guesses: Sequence[int]) -> list[list[int]]:
    counts = [[0] * 10 for _ in range(10)]
    for digit, guess in zip(digits, guesses):
        counts[digit][guess] = 1
    return counts


def one_list(digits: Sequence[int], guesses: Sequence[int]) -> list[list[int]]:
    counts = [[0] * 10] * 10
    for digit, guess in zip(digits, guesses):
        counts[digit][guess] += 1
    return counts


def nothing_counted(digits: Sequence[int], guesses: Sequence[int]) -> list[list[int]]:
    return [[0] * 10 for _ in range(10)]


def nine_digits(digits: Sequence[int], guesses: Sequence[int]) -> list[list[int]]:
    return [[0] * 9 for _ in range(9)]


WRONG = {
    "parameters": [
        (1480, "weights. Each unit has a bias"),
        (1300, "hidden layer alone"),
        (1500, "biases of the 10 outputs"),
        (94, "flow through"),
        (7, "is not it"),
    ],
    "confusion": [
        (swapped, "swapped"),
        (set_to_one, "counts twice"),
        (one_list, "one and the same list"),
        (nothing_counted, "All counts are 0"),
        (nine_digits, "ten lists of ten"),
    ],
}


@pytest.fixture
def lesson() -> ModuleType:
    return ran("handwriting")


def hidden_layer(lesson: ModuleType, images: Any) -> tuple[Any, Any]:
    """The hidden units and the logits of the first network."""
    first, second = (
        (np.array([[w.data for w in n.w] for n in layer.neurons]), np.array([n.b.data for n in layer.neurons]))
        for layer in lesson.model.layers
    )
    hidden = np.maximum(images @ first[0].T + first[1], 0.0)
    return hidden, hidden @ second[0].T + second[1]


def convolution(lesson: ModuleType, image: Any) -> Any:
    """The logits of the second network for one image of 8 x 8, in loops."""
    kernels, biases, weights, offsets = (np.array(x) for x in lesson.conv.state_dict().values())
    features = []
    for kernel, bias in zip(kernels[:, 0], biases):
        maps = [[(kernel * image[r : r + 3, c : c + 3]).sum() + bias for c in range(6)] for r in range(6)]
        kept = np.maximum(maps, 0.0)
        features += [kept[r : r + 3, c : c + 3].max() for r in (0, 3) for c in (0, 3)]
    return weights @ features + offsets


def test_the_images_are_split_once_and_for_all(lesson: ModuleType) -> None:
    assert (len(lesson.training), len(lesson.held_out)) == (1438, 359)
    assert {pixel for image, _ in lesson.examples for pixel in image} == {k / 16 for k in range(17)}
    texts = ["".join(map(str, image)) for image, _ in lesson.training]
    assert not {"".join(map(str, image)) for image, _ in lesson.held_out} & set(texts)


def test_what_the_first_network_reads(lesson: ModuleType) -> None:
    _, logits = hidden_layer(lesson, lesson.X_held)
    right = float(np.mean(logits.argmax(axis=1) == lesson.y_held))
    assert lesson.curve[-1][2] == right > 0.95
    assert 0.02 < lesson.before < 0.2
    assert [sum(row) for row in lesson.counts] == [int((lesson.y_held == d).sum()) for d in range(10)]
    assert sum(lesson.counts[d][d] for d in range(10)) == round(right * 359)
    assert len(lesson.wrong) == 359 - round(right * 359)


def test_gradient_by_the_four_equations(lesson: ModuleType) -> None:
    """delta = (softmax - onehot) / n, and back through the ReLUs."""
    images, digits = lesson.X[:50], lesson.y[:50].astype(int)
    hidden, logits = hidden_layer(lesson, images)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta = (powers / powers.sum(axis=1, keepdims=True) - np.eye(10)[digits]) / 50
    back = delta @ lesson.program.parameters["W2"] * (hidden > 0.0)
    lesson.program(images, lesson.y[:50])
    parameters = lesson.program.parameters
    for name, slopes in (("W2", delta.T @ hidden), ("b2", delta.sum(0)), ("W1", back.T @ images), ("b1", back.sum(0))):
        np.testing.assert_allclose(parameters.view(parameters.grad, name), slopes, rtol=1e-9, atol=1e-13)


def test_weights_of_white_pixels_stay(lesson: ModuleType) -> None:
    white = [k for k in range(64) if all(image[k] == 0.0 for image, _ in lesson.training)]
    assert white == [k for k in range(64) if lesson.white[k]] != []
    assert (lesson.weights[:, white] == lesson.start[:, white]).all()
    assert lesson.moved[[k for k in range(64) if k not in white]].min() > 0.0
    assert "Answer: 0. The gradient of a weight" in transcript("handwriting")


def test_dead_units(lesson: ModuleType) -> None:
    hidden, _ = hidden_layer(lesson, lesson.X)
    assert lesson.asleep == sum(not column.any() for column in hidden.T)


def test_images_that_were_moved(lesson: ModuleType) -> None:
    right = [[0.0, *image[8 * r : 8 * r + 7]] for image in lesson.X_held[:5].tolist() for r in range(8)]
    assert lesson.to_the_right[:5].reshape(-1, 8).tolist() == right
    up = [row for image in lesson.X_held[:5].tolist() for row in [*[image[8 * r : 8 * r + 8] for r in range(1, 8)]]]
    assert lesson.moved_by(lesson.X_held[:5], -1, 0)[:, :7].reshape(-1, 8).tolist() == up
    _, logits = hidden_layer(lesson, lesson.to_the_right)
    assert lesson.moved_right == float(np.mean(logits.argmax(axis=1) == lesson.y_held)) < 0.6


def test_what_the_convolution_reads(lesson: ModuleType) -> None:
    logits = np.array([convolution(lesson, image[0]) for image in lesson.held_images[:40]])
    np.testing.assert_allclose(lesson.conv_logits(lesson.held_images[:40]), logits, rtol=1e-10, atol=1e-12)
    assert lesson.conv_curve[-1][2] > 0.95
    assert len(lesson.conv.parameters()) == 16 * (9 + 1) + 10 * (64 + 1) < len(lesson.model.parameters()) / 2
    there = lesson.moved_by(lesson.X_held, 0, 1).reshape(-1, 1, 8, 8)
    assert lesson.share_right(lesson.conv_logits, there, lesson.y_held) > lesson.moved_right + 0.1
