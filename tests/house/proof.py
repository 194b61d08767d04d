"""A run of all tests fails when a test that a requirement names did not run and pass.

A test that is there and skipped proves nothing. A run of some tests says nothing about the others,
so only a run of everything, nothing left out by hand, is held to it.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.house.traceability import rows

NARROWING: Final = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "collectonly")
"""Options by which somebody leaves tests out on purpose."""


class Proof:
    """What passed in this run, held against the tests the requirements name."""

    def __init__(self, named: frozenset[str], *, whole: bool) -> None:
        self._named = named
        self._whole = whole
        self._passed: set[str] = set()
        self.lacking: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what passed, without its parameters."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid.partition("[")[0])

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail a whole, otherwise good run that leaves a named test out."""
        if self._whole and exitstatus == pytest.ExitCode.OK:
            self.lacking = sorted(self._named - self._passed)
            if self.lacking:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name them."""
        for one in self.lacking:
            terminalreporter.write_line(f"named by a requirement and not run: {one}", red=True)


def register(config: pytest.Config) -> None:
    """Watch this run, once: a worker of a parallel run reports to the one that started it."""
    if hasattr(config, "workerinput"):
        return
    narrowed = any(config.getoption(option, None) for option in NARROWING)
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not narrowed
    config.pluginmanager.register(Proof(named_tests(), whole=whole), "requirements-proof")


def named_tests() -> frozenset[str]:
    """Every test some requirement names."""
    return frozenset(test for row in rows() for test in row["tests"].split())
