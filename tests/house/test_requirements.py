"""Every requirement stands once in docs/requirements.csv: a test, a key, or what it waits for."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.house.proof import Proof, named_tests
from tests.house.traceability import counts, findings, has_key, has_test, required_values, rows


def test_every_requirement_is_there_once_and_what_it_names_exists() -> None:
    assert findings(rows()) == []


def test_the_counts_add_up() -> None:
    assert counts(rows()).splitlines()[-1].split()[0] == "all"
    assert len(rows()) == 864 + 38


def test_the_check_finds_what_is_wrong() -> None:
    table = [{**row} for row in rows()]
    table[0] |= {"state": "tested", "tests": "tests/house/test_requirements.py::test_nothing"}
    table[1] |= {"state": "data", "keys": "ruitai_ci:services.hairdresser"}
    table[2] |= {"state": "open", "waits_for": ""}
    del table[3]
    found = " | ".join(findings(table))
    assert "R001: no test" in found
    assert "R002: no key" in found
    assert "R003: open without a reason" in found
    assert "R004 stands 0 times" in found


def test_names_are_followed_into_files() -> None:
    assert has_test("tests/house/test_requirements.py::test_the_counts_add_up")
    assert has_key("pingan_value_added:services.visit_escort.steps.guide")
    assert not has_key("pingan_value_added:services.visit_escort.steps.sing")


def test_a_value_is_named_by_its_requirement_and_the_other_way_round() -> None:
    table = [{**row} for row in rows()]
    held = {requirement for requirement, _, _, _ in required_values()}
    first = next(row for row in table if row["id"] in held)
    other = next(row for row in table if row["id"] not in held)
    other["tests"], first["tests"] = first["tests"], other["tests"]
    found = " | ".join(findings(table))
    assert f"{other['id']}: no value is held for it" in found
    assert f"{first['id']}: a value is held and not named" in found


def test_a_whole_run_that_left_a_named_test_out_fails_and_a_part_of_one_does_not() -> None:
    named = frozenset({"tests/a.py::test_b", "tests/a.py::test_skipped"})
    for whole, status in ((True, pytest.ExitCode.TESTS_FAILED), (False, pytest.ExitCode.OK)):
        proof = Proof(named, whole=whole)
        for nodeid, passed in (
            ("tests/a.py::test_b[1]", True),
            ("tests/a.py::test_skipped", False),
        ):
            report: Any = SimpleNamespace(when="call", passed=passed, nodeid=nodeid)
            proof.pytest_runtest_logreport(report)
        session: Any = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
        proof.pytest_sessionfinish(session, pytest.ExitCode.OK)
        assert session.exitstatus == status
        assert proof.lacking == (["tests/a.py::test_skipped"] if whole else [])
    assert "tests/house/test_requirements.py::test_the_counts_add_up" not in named_tests()
