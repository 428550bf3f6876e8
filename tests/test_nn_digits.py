"""A small convolutional network reads real handwritten digits that it has not seen, 98 in 100 of them."""

from __future__ import annotations

import random

import pytest

import autograd
import nn

np = pytest.importorskip("numpy", reason="compiled programs are NumPy's")
datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn, which has the images, is not installed")

EPOCHS, BATCH, RATE = 12, 32, 0.01


@pytest.mark.parametrize("seed", [0])
def test_a_convolutional_network_learns_to_read(seed: int) -> None:
    bunch = datasets.load_digits()
    order = list(range(len(bunch.target)))
    random.Random(0).shuffle(order)  # the split of the digits demo
    count = len(order) // 5
    unseen, seen = np.array(order[:count]), np.array(order[count:])
    pixels, digits = bunch.images[:, None], bunch.target
    images = (pixels - pixels[seen].mean()) / pixels[seen].std()

    generator = random.Random(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, seed=generator),
        nn.ReLU(),
        nn.Conv2d(12, 24, 3, seed=generator),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(24 * 3 * 3, 10, seed=generator),
    )
    program = autograd.compile(lambda x, t: nn.cross_entropy(model(x), t), model, like=(images[0].tolist(), 0))
    optimiser = nn.AdamW(program.parameters, lr=RATE, weight_decay=0.1)
    for epoch in range(EPOCHS):
        optimiser.lr = RATE * (1 - epoch / EPOCHS)
        order = seen.tolist()
        generator.shuffle(order)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            part = order[start : start + BATCH]
            program(images[part], digits[part])
            optimiser.step()
    scores = autograd.compile(model, program.parameters, gradient=False)(images[unseen])
    assert (scores.argmax(axis=1) == digits[unseen]).mean() >= 0.98
    assert len(program.source.splitlines()) < 100
