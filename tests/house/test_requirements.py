"""Every requirement stands once in docs/requirements.csv: a test, a key, or what it waits for."""

from tests.house.traceability import counts, findings, has_key, has_test, rows


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
