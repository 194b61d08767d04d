"""Nobody is asked the same thing for ever: who has the last word, and which answers are one."""

from __future__ import annotations

from typing import Any

import pytest

from domain.bookings.consultation import Consult, ConsultOutcome
from domain.bookings.rounds import ROUNDS_MAX, goes_round, is_supervised
from domain.bookings.steps import BOOKING_TASKS
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS

AGAIN: dict[TaskKind, tuple[dict[str, Any], dict[str, Any]]] = {
    TaskKind.ARRANGE_SERVICE: ({"arranged": False}, {"arranged": False, "final": True}),
    TaskKind.OFFER_VISIT: ({"nurses": [{"nurse_id": "n-1"}]}, {"final": True}),
    TaskKind.ASSIGN_EXPERT: (
        {"assigned": True, "expert": "expert-1"},
        {"assigned": False, "final": True},
    ),
    TaskKind.MATCH_DOCTOR: ({"matched": False}, {"matched": False, "final": True}),
    TaskKind.CHECK_PAPERS: ({"complete": False}, {"complete": True}),
    TaskKind.SEND_KIT: ({"sample": "blood", "guided": True}, {"can_give": False}),
    TaskKind.CONFIRM_PAYEE: ({"is_insured": False}, {"is_insured": True}),
    TaskKind.FIND_PARCEL: (
        {"send_again": True, "note": "遗失"},
        {"send_again": False, "note": "找到"},
    ),
    TaskKind.CALL_CUSTOMER: ({"reached": False}, {"reached": True}),
    TaskKind.MEET_CUSTOMER: (
        {"met": False, "at": "2026-06-20T09:31:00+08:00"},
        {"met": True, "at": "2026-06-20T09:31:00+08:00"},
    ),
    TaskKind.REPLACE_ESCORT: (
        {"replaced": False, "reason": "联系不上"},
        {"replaced": True, "reason": "联系不上"},
    ),
}


@pytest.mark.parametrize("kind", AGAIN, ids=lambda kind: kind.value)
def test_an_answer_that_leads_back_to_its_question_is_known_and_so_is_the_one_that_does_not(
    kind: TaskKind,
) -> None:
    again, on = (TASKS[kind].form.model_validate(form) for form in AGAIN[kind])
    assert goes_round(again) in type(again).model_fields
    assert goes_round(on) is None


def test_a_doctor_may_say_that_he_cannot_go_on_after_however_many_messages() -> None:
    assert goes_round(Consult(outcome=ConsultOutcome.PROVIDER_FAILED)) is None


def test_a_supervisor_takes_over_what_failed_so_often_and_nothing_else() -> None:
    theirs = {kind for kind in TASKS if is_supervised(kind, asked_before=ROUNDS_MAX)}
    assert theirs <= {*AGAIN} & {*TASKS}
    assert TaskKind.ARRANGE_SERVICE in theirs & {*BOOKING_TASKS}
    assert not any(is_supervised(kind, asked_before=ROUNDS_MAX - 1) for kind in TASKS)
