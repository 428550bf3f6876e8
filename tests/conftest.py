"""What all tests share: with ``--no-skips`` a skipped test fails the run, so that nothing is missing unnoticed."""

from __future__ import annotations

import pytest
from hypothesis import settings

# How long an example takes says something about the machine, and nothing about the program.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_skipped: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail if any test is skipped")


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


pytest_runtest_logreport = _note
pytest_collectreport = _note


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--no-skips") and _skipped and session.exitstatus == pytest.ExitCode.OK:
        print(f"\nskipped in spite of --no-skips: {', '.join(_skipped)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
