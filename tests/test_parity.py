"""Every layer, loss, optimiser and scheduler does for 50 steps what PyTorch's does; see ``tests.parity``."""

from __future__ import annotations

import pytest

from .parity import TABLES, TARGET, Case, cases

pytest.importorskip("numpy", reason="compiled programs are NumPy's")
pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.mark.parametrize(
    ("case", "way"), [(case, way) for table in TABLES for case in cases(table) for way in case.ways], ids=str
)
def test_fifty_steps_are_those_of_pytorch(case: Case, way: str) -> None:
    assert case.run(way) <= TARGET
