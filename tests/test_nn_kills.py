"""Trainings that are killed at random moments and resumed end with the same bits as one that was never killed."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nn
from nn import checkpoints

from .processes import PACKAGES

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system does not kill processes")

KILLS = 25  # for each way of training, 50 in all
TRAINING = """
import math, signal, sys, time
import nn

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a process in the background may lack

folder, compiled = sys.argv[1], sys.argv[2] == "compiled"
points = [[math.sin(3.0 * i), math.cos(7.0 * i)] for i in range(23)]
labels = [int(x * y > 0.0) for x, y in points]
layers = [nn.Linear(2, 4, seed=1), nn.Tanh(), nn.Linear(4, 2, seed=2)]
if not compiled:
    layers.insert(2, nn.Dropout(0.25, seed=5))


class Slow(nn.Callback):
    def on_step_end(self, training):
        time.sleep(0.001)


nn.fit(
    nn.Sequential(*layers),
    nn.cross_entropy,
    (points, labels),
    epochs=int(sys.argv[3]),
    batch_size=4,
    optimizer=lambda p: nn.Adam(p, lr=0.02),
    compiled=compiled,
    checkpoint=nn.Checkpoint(folder, every=3),
    callbacks=[Slow()],
    progress=False,
    seed=7,
)
"""


def start(folder: Path, way: str, epochs: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(folder), way, str(epochs)],
        cwd=PACKAGES,
        env={**os.environ, "PYTHONPATH": str(PACKAGES)},
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate(timeout=300)
    assert (process.returncode, said) == (0, b"")


def last(folder: Path) -> dict[str, object]:
    content = nn.Checkpoint(folder).load()
    assert content is not None
    return {key: content[key] for key in ("model", "optimizer", "history", "step", "epoch", "loader")}


@pytest.mark.parametrize("way", ["eager", "compiled"])
def test_a_training_that_is_killed_ends_with_the_same_bits(way: str, tmp_path: Path) -> None:
    if way == "compiled":
        pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    delays, kills, rounds, torn = random.Random(way), 0, 0, 0
    epochs = 60
    begun = time.monotonic()
    finish(start(tmp_path / "whole", way, epochs))
    needed = time.monotonic() - begun
    expected = last(tmp_path / "whole")
    while kills < KILLS:
        rounds += 1
        folder = tmp_path / f"killed{rounds}"
        while kills < KILLS:
            steps = nn.Checkpoint(folder).steps()
            process = start(folder, way, epochs)
            if delays.random() < 0.8:
                while nn.Checkpoint(folder).steps() == steps and process.poll() is None:
                    time.sleep(0.002)  # until the training has begun
            time.sleep(delays.uniform(0.0, needed / 12))
            process.kill()
            _, said = process.communicate()
            assert said == b""
            if process.returncode == 0:  # it had finished before the signal
                break
            assert process.returncode == -signal.SIGKILL
            kills += 1
            names = os.listdir(folder) if folder.exists() else []
            unfinished = [name for name in names if not name.startswith("checkpoint-")]
            torn += len(unfinished)
            assert len(unfinished) <= 1  # the next process removes what a killed one leaves
            for step in nn.Checkpoint(folder).steps():
                checkpoints.read(nn.Checkpoint(folder).path(step))  # each of them is whole
        else:
            finish(start(folder, way, epochs))
        assert json.dumps(last(folder)) == json.dumps(expected)
    print(f"{way}: {kills} kills in {rounds} trainings, {torn} in the midst of writing")


@pytest.mark.parametrize("way", ["eager", "compiled"])
def test_ctrl_c_in_a_process_says_how_to_go_on(way: str, tmp_path: Path) -> None:
    if way == "compiled":
        pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    finish(start(tmp_path / "whole", way, 40))
    folder = tmp_path / "interrupted"
    process = start(folder, way, 40)
    while not nn.Checkpoint(folder).steps() and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    sentence = said.decode().strip().rpartition("\n")[2]
    found = re.fullmatch(
        r"KeyboardInterrupt: training was interrupted after step (\d+), \d+ of 40 epochs being complete, "
        r"and a checkpoint is in '.*interrupted'; call fit again as before to go on",
        sentence,
    )
    assert found is not None, sentence
    assert nn.Checkpoint(folder).steps()[-1] == int(found[1])
    finish(start(folder, way, 40))
    assert json.dumps(last(folder)) == json.dumps(last(tmp_path / "whole"))
