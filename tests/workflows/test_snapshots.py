"""Cases of one programme share what they carry; a case of another version has its own."""

from __future__ import annotations

from tests.builders import a_case, civil
from workflows.messages.cases import OpenCase


def _carried(opening: OpenCase) -> OpenCase:
    """The start message as a worker reads it."""
    return OpenCase.model_validate_json(opening.model_dump_json())


def test_two_cases_of_one_version_hold_one_programme_and_one_calendar() -> None:
    opening = a_case("dw-1", reported_at=civil("2026-04-29 20:10"))
    first, second = _carried(opening), _carried(opening.model_copy(update={"case_id": "dw-other"}))
    assert first.programme is second.programme
    assert first.calendar is second.calendar
    assert first.programme == opening.programme
    assert first.calendar == opening.calendar


def test_a_case_of_another_version_holds_its_own() -> None:
    opening = a_case("dw-1", reported_at=civil("2026-04-29 20:10"))
    later = opening.programme.model_copy(update={"version": "later"})
    other = _carried(opening.model_copy(update={"programme": later}))
    assert other.programme == later
    assert _carried(opening).programme == opening.programme


def test_what_is_written_once_is_what_each_case_says_and_nobody_can_change_it() -> None:
    opening = a_case("dw-1", reported_at=civil("2026-04-29 20:10"))
    other = opening.model_copy(
        update={"programme": opening.programme.model_copy(update={"version": "later"})}
    )
    for one in (opening, other, opening):
        written = one.model_dump(mode="json")
        assert written["programme"] == one.programme.model_dump(mode="json")
        assert written["calendar"] == one.calendar.model_dump(mode="json")
        written["programme"]["version"] = "changed by a reader"
