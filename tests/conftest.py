"""What all tests share: no skipped test goes unnoticed, and no compiled program unchecked.

With ``--no-skips`` a skipped test fails the run. ``--list-skips FILE`` writes the names of skipped tests to a file, so
that another run, in which no library is missing, can repeat them: ``pytest @FILE``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline for an example: how long it takes says something about the machine, and nothing about the program.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_skipped: list[str] = []


@pytest.fixture(autouse=True)
def _legal_programs(request: pytest.FixtureRequest) -> Iterator[None]:
    """In the tests of the compiler, check what every pass makes."""
    if not request.module.__name__.rpartition(".")[2].startswith(("test_compile", "test_textbook")):
        yield
        return
    pytest.importorskip("numpy", reason="compiled programs are NumPy's")
    from autograd.compiler.check import checking

    with checking():
        yield


@pytest.fixture
def same_limits() -> Iterator[None]:
    """Restore the recursion limit, which some libraries that the benchmarks compare with raise."""
    before = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(before)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail if any test is skipped")
    parser.addoption("--list-skips", metavar="FILE", help="write the names of skipped tests to a file, one a line")


def _record_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


pytest_runtest_logreport = _record_skip
pytest_collectreport = _record_skip


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    listed = session.config.getoption("--list-skips")
    if listed and not hasattr(session.config, "workerinput"):  # not in a worker of xdist, but where all reports arrive
        Path(listed).write_text("".join(f"{name}\n" for name in dict.fromkeys(_skipped)), encoding="utf-8")
    if session.config.getoption("--no-skips") and _skipped and session.exitstatus == pytest.ExitCode.OK:
        print(f"\nskipped in spite of --no-skips: {', '.join(_skipped)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
