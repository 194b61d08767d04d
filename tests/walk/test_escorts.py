"""An escort who took a visit: looked out for by the clock, whatever came of her calls."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.bookings.booking import BookingStage
from domain.clock import ClockState
from domain.steps.kinds import TaskKind
from tests.walk.bookings import BookingWalk

P02 = ("pingan_value_added", "visit_escort")
P04 = ("pingan_oncology_157", "expert_outpatient")
MINUTE = timedelta(minutes=1)
UNTAKEN = "会面将至, 尚无陪诊人员接单"


def taken(service: tuple[str, str], loop: asyncio.Runner) -> BookingWalk:
    """Somebody has taken the visit, and has not done anything yet."""
    one = BookingWalk(*service, seed="escort", loop=loop)
    one.start()
    assert one.go_on(lambda: one.waits_for(TaskKind.OFFER_VISIT) is not None)
    offer = one.waits_for(TaskKind.OFFER_VISIT)
    assert offer is not None
    one.report(offer)
    one.nurse_says()
    return one


@pytest.mark.parametrize("service", [P02, P04], ids=str)
def test_who_took_a_visit_and_does_nothing_is_missed_when_the_customer_waits(
    loop: asyncio.Runner, service: tuple[str, str]
) -> None:
    one = taken(service, loop)
    call = one.waits_for(TaskKind.CALL_CUSTOMER)
    assert call is not None
    assert call.due_at is not None
    assert call.due_at <= one.meeting_at
    one.reach(one.meeting_at + MINUTE)
    assert "陪诊人员未按时到院打卡" in {task.subject for task in one.open_tasks}
    asked = one.waits_for(TaskKind.REPLACE_ESCORT)
    assert asked is not None
    one.report(asked)
    assert one.waits_for(TaskKind.CALL_CUSTOMER) is None  # of her nothing is asked any more
    offer = one.waits_for(TaskKind.OFFER_VISIT)
    assert offer is not None
    assert offer.due_at == one.meeting_at
    one.finish()
    assert one.stage is BookingStage.CLOSED
    one.check()
    one.run.close()


def test_whom_no_call_has_reached_she_meets_at_the_hospital(loop: asyncio.Runner) -> None:
    one = taken(P02, loop)
    for _ in range(2):
        call = one.waits_for(TaskKind.CALL_CUSTOMER)
        assert call is not None
        one.report(call, form={"reached": False})
    assert one.waits_for(TaskKind.CHECK_IN) is None
    one.reach(one.meeting_at - timedelta(minutes=20))
    arrival = one.waits_for(TaskKind.CHECK_IN)
    assert arrival is not None
    one.report(arrival)
    one.reach(one.meeting_at + MINUTE)
    assert one.waits_for(TaskKind.CALL_ON_THE_WAY) is None
    meeting = one.waits_for(TaskKind.MEET_CUSTOMER)
    assert meeting is not None
    one.report(meeting)
    assert one.waits_for(TaskKind.CALL_CUSTOMER) is None
    leaving = one.waits_for(TaskKind.CHECK_OUT)
    assert leaving is not None
    assert leaving.due_at is not None
    assert leaving.due_at <= one.meeting_at + timedelta(days=1)
    one.finish()
    one.check()
    assert one.clocks["G06.1"].state is not ClockState.MET
    one.run.close()


def test_another_time_agreed_on_late_moves_the_moment_she_is_looked_out_for(
    loop: asyncio.Runner,
) -> None:
    one = taken(P02, loop)
    one.reach(one.meeting_at - timedelta(hours=2))
    call, later = one.waits_for(TaskKind.CALL_CUSTOMER), one.meeting_at + timedelta(hours=1)
    assert call is not None
    one.report(call, form=call_of(one) | {"meeting_at": later.isoformat()})
    arrival = one.waits_for(TaskKind.CHECK_IN)
    assert arrival is not None
    assert arrival.due_at == later - timedelta(minutes=10)
    one.reach(later - timedelta(minutes=11))
    assert one.waits_for(TaskKind.REPLACE_ESCORT) is None
    one.reach(later)
    assert one.waits_for(TaskKind.REPLACE_ESCORT) is not None
    one.run.close()


def test_a_visit_that_nobody_has_taken_is_told_while_somebody_may_still_be_sent(
    loop: asyncio.Runner,
) -> None:
    one = BookingWalk(*P04, seed="escort", loop=loop)
    one.start()
    assert one.go_on(lambda: one.waits_for(TaskKind.OFFER_VISIT) is not None)
    one.reach(one.service_at - timedelta(hours=2, minutes=1))
    assert UNTAKEN not in {task.subject for task in one.open_tasks}
    one.reach(one.service_at - timedelta(hours=2))
    assert UNTAKEN in {task.subject for task in one.open_tasks}
    one.finish()
    one.check()
    one.run.close()


def test_that_nobody_can_come_along_the_customer_hears_at_once_and_his_absence_costs_nothing(
    loop: asyncio.Runner,
) -> None:
    """P04 counts a no-show as used; but whoever was to wait for him did not come either."""
    one = BookingWalk(*P04, seed="escort", loop=loop)
    one.start()
    assert one.go_on(lambda: one.waits_for(TaskKind.OFFER_VISIT) is not None)
    offer = one.waits_for(TaskKind.OFFER_VISIT)
    assert offer is not None
    one.report(offer, form={"nurses": [], "final": True})
    assert "无陪诊人员, 就诊将无人陪同" in {task.subject for task in one.open_tasks}
    assert told(one)[-1] == "booking_no_escort"
    absent(one)
    assert one.unit == "given_back"
    assert told(one)[-1] == "booking_missed"
    one.check()
    one.run.close()


def test_who_does_not_come_to_somebody_who_waits_for_him_loses_what_the_terms_say(
    loop: asyncio.Runner,
) -> None:
    one = taken(P04, loop)
    for kind in (TaskKind.CALL_CUSTOMER, TaskKind.CHECK_IN):
        step = one.waits_for(kind)
        assert step is not None
        one.report(step)
    absent(one)
    assert one.unit == "consumed"
    one.check()
    one.run.close()


def absent(one: BookingWalk) -> None:
    """The customer has not come to his visit, and a steward says so."""
    one.reach(one.service_at + timedelta(hours=2))
    report = one.waits_for(TaskKind.REPORT_VISIT)
    assert report is not None
    said = {"outcome": "no_show", "at": one.now.isoformat(), "note": "客户未到"}
    one.report(report, form=said)
    one.finish()


def told(one: BookingWalk) -> list[str]:
    return [notice.template for page in one.pages for notice in page.notices]


def call_of(one: BookingWalk) -> dict[str, object]:
    codes = [step.code for step in one.service.steps if step.code.startswith("call_")]
    return {"reached": True, "items": [code for code in codes if code != "call_on_the_way"]}
