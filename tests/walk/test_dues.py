"""By when each step of a booking is due, and what the customer's own wishes do to it."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from domain.bookings.booking import BookingStage
from domain.bookings.failures import DECLINED_WHY
from domain.calendar import end_of_day
from domain.clock import Budget, Unit
from domain.events import ExpectedEvent
from domain.steps.kinds import TaskKind
from tests.builders import CUSTOMER
from tests.walk.booking_moments import breathe
from tests.walk.booking_people import BEST, moment
from tests.walk.bookings import BookingWalk
from tests.walk.engine import Refused
from workflows.cockpit import civil
from workflows.messages.bookings import ChangeDate, MessageSaid
from workflows.messages.matters import NoticeFailed

P02, P04, P06 = "pingan_value_added", "pingan_oncology_157", "anxin_cancer_inpatient"
P14, P20 = "pingan_health_295", "ins_oncology"
OUTPATIENT, BED = "expert_outpatient", "inpatient_arrangement"
LATER = date(2026, 10, 20)


def until(one: BookingWalk, kind: TaskKind) -> None:
    """Everybody behaves until a step of a kind waits."""
    assert one.go_on(lambda: one.waits_for(kind) is not None, before=lambda: breathe(one))


@pytest.mark.parametrize(
    ("programme", "service", "kind", "clock"),
    [
        (P02, "paediatric_outpatient", TaskKind.TAKE_REQUEST, "G01"),
        (P02, "paediatric_outpatient", TaskKind.ARRANGE_SERVICE, "G02"),  # before G03
        (P02, "paediatric_outpatient", TaskKind.CONFIRM_BOOKING, "G03"),
        (P14, OUTPATIENT, TaskKind.ARRANGE_SERVICE, "G25"),  # before G27
        (P14, OUTPATIENT, TaskKind.CONFIRM_BOOKING, "G25"),
        (P14, "second_opinion", TaskKind.ASSIGN_EXPERT, "G25"),  # before G29
        (P06, BED, TaskKind.ARRANGE_SERVICE, "G21"),  # before G22
        (P04, BED, TaskKind.ARRANGE_SERVICE, "G17"),
        (P04, OUTPATIENT, TaskKind.ARRANGE_SERVICE, "G16"),
        (P02, "family_doctor_text", TaskKind.MATCH_DOCTOR, "G09"),
        (P02, "family_doctor_phone", TaskKind.CONSULT, "G09"),
    ],
    ids=str,
)
def test_a_step_is_due_with_the_promise_that_is_due_first(
    loop: asyncio.Runner, programme: str, service: str, kind: TaskKind, clock: str
) -> None:
    one = BookingWalk(programme, service, seed="dues", loop=loop)
    one.start()
    until(one, kind)
    task, promise = one.waits_for(kind), one.clocks[f"{clock}.1"]
    assert task is not None
    assert task.clock == promise.instance
    if kind is TaskKind.CONFIRM_BOOKING and task.due_at != promise.due_at:
        # Whoever is offered a visit sooner than that still has to get there.
        assert task.due_at is not None
        assert task.due_at < promise.due_at
        assert f"医院可安排 {civil(task.due_at + timedelta(hours=1))}" in task.subject
    else:
        assert task.due_at == promise.due_at
    one.run.close()


def test_an_offer_nobody_answers_lapses_at_its_moment_and_another_is_sought(
    loop: asyncio.Runner,
) -> None:
    one = BookingWalk(P04, OUTPATIENT, seed="dues", loop=loop)
    one.start()
    until(one, TaskKind.CONFIRM_BOOKING)
    offer = one.waits_for(TaskKind.CONFIRM_BOOKING)
    assert offer is not None
    offered_at = moment(offer.subject.removeprefix("医院可安排 "))
    one.reach(offered_at - timedelta(minutes=1))
    assert one.waits_for(TaskKind.CONFIRM_BOOKING) == offer
    one.reach(offered_at + timedelta(minutes=1))
    assert one.waits_for(TaskKind.CONFIRM_BOOKING) is None
    assert one.waits_for(TaskKind.ARRANGE_SERVICE) is not None
    assert any("就诊时间已过而无答复" in task.subject for task in one.open_tasks), "asked why"
    one.finish()
    assert one.stage is BookingStage.CLOSED


def test_nobody_is_phoned_about_what_the_end_has_overtaken(loop: asyncio.Runner) -> None:
    one = BookingWalk(P04, OUTPATIENT, seed="dues", loop=loop)
    one.start()
    [received] = [notice for page in one.pages for notice in page.notices]
    unheard = {"notice_id": received.notice_id, "template": received.template, "at": one.now}
    one.run.signal("notice_failed", NoticeFailed(**unheard))
    one.settle()
    assert one.waits_for(TaskKind.PHONE_CUSTOMER) is not None
    one.give_up()
    assert one.stage is BookingStage.CANCELLED
    assert one.open_tasks == []


@pytest.mark.parametrize(
    ("service", "sought"),
    [(OUTPATIENT, TaskKind.ARRANGE_SERVICE), ("second_opinion", TaskKind.ASSIGN_EXPERT)],
)
def test_what_the_customer_said_no_to_is_read_where_another_is_sought_and_not_offered_again(
    loop: asyncio.Runner, service: str, sought: TaskKind
) -> None:
    """His own words stay in the file with his answer: they may be of his health."""
    one = BookingWalk(P04, service, seed="dues", loop=loop)
    one.start()
    until(one, sought)
    first = one.waits_for(sought)
    assert first is not None
    visit = {"arranged": True, "service_at": moment("2026-09-24 09:00").isoformat(), **BEST}
    form = visit if service == OUTPATIENT else {"assigned": True, "expert": "expert-7", **BEST}
    one.report(first, form=form)
    one.settle()
    offer = one.waits_for(TaskKind.CONFIRM_BOOKING)
    assert offer is not None
    no = {"confirmed": False, "told_by": "phone", "note": "当天化疗"}
    one.report(offer, willing=False, form=no)
    one.settle()
    again = one.waits_for(sought)
    assert again is not None
    assert "客户未接受: " in again.subject
    assert ("2026-09-24 09:00" if service == OUTPATIENT else "expert-7") in again.subject
    assert "化疗" not in again.subject
    with pytest.raises(Refused, match=DECLINED_WHY):
        one.report(again, form=form)
    one.report(again, form=form | {"again_because": "客户改变主意"})
    one.finish()
    assert one.stage is BookingStage.CLOSED


def test_which_promise_is_due_first_the_moments_say_and_not_the_story(
    loop: asyncio.Runner,
) -> None:
    one = BookingWalk(P02, "paediatric_outpatient", seed="dues", loop=loop)
    one.promises("G02", Budget(amount=9, unit=Unit.WORKING_DAY))
    one.start()
    until(one, TaskKind.ARRANGE_SERVICE)
    task = one.waits_for(TaskKind.ARRANGE_SERVICE)
    assert task is not None
    assert task.clock == "G03.1"
    one.run.close()


@pytest.mark.parametrize(
    ("programme", "service", "clock"),
    [
        (P04, OUTPATIENT, "G16"),
        (P04, BED, "G17"),
        (P06, BED, "G22"),
        (P14, BED, "G26"),
        (P14, OUTPATIENT, "G27"),
        (P20, BED, "G33"),
    ],
)
def test_a_later_day_of_the_customers_own_moves_a_visit_and_keeps_where_it_was(
    loop: asyncio.Runner, programme: str, service: str, clock: str
) -> None:
    """I10; a promise that is kept before the visit, as G25, does not wait for it."""
    one = BookingWalk(programme, service, seed="dues", loop=loop)
    one.start()
    until(one, TaskKind.ARRANGE_SERVICE)
    before = dict(one.clocks)
    one.run.update("change_date", ChangeDate(wished_on=LATER, actor=CUSTOMER, at=one.now))
    one.settle()
    moved = one.clocks[f"{clock}.1"]
    assert moved.due_at == end_of_day(LATER)
    assert moved.moves[-1].from_due == before[f"{clock}.1"].due_at == moved.first_due_at
    step = one.waits_for(TaskKind.ARRANGE_SERVICE)
    assert step is not None
    assert step.due_at == one.clocks[step.clock or ""].due_at
    assert {name for name in before if one.clocks[name] != before[name]} == {f"{clock}.1"}
    one.run.close()


@pytest.mark.parametrize(
    ("service", "first"),
    [
        ("expert_phone_appointment", TaskKind.CHOOSE_SLOT),  # R181: he looks at the roster himself
        ("expert_phone_direct", TaskKind.CONSULT),
        ("family_doctor_text", TaskKind.MATCH_DOCTOR),
        ("paediatric_outpatient", TaskKind.TAKE_REQUEST),  # nine fields are asked for
    ],
)
def test_who_signed_in_needs_nobody_of_ours_between_him_and_a_doctor(
    loop: asyncio.Runner, service: str, first: TaskKind
) -> None:
    one = BookingWalk(P02, service, seed="dues", loop=loop)
    one.asked_by(CUSTOMER)
    one.start()
    assert [task.kind for task in one.open_tasks] == [first]
    one.run.close()


def test_the_family_doctor_answers_with_his_own_first_word_and_not_by_being_found(
    loop: asyncio.Runner,
) -> None:
    """R166: thirty seconds, from the question to the doctor."""
    one = BookingWalk(P02, "family_doctor_text", seed="dues", loop=loop)
    one.asked_by(CUSTOMER)
    one.start()
    until(one, TaskKind.CONSULT)
    assert one.clocks["G09.1"].is_open
    one.reach(one.now + timedelta(seconds=9))
    for number, by in enumerate(("customer", "doctor")):
        assert one.clocks["G09.1"].is_open, by
        one.run.signal("message_said", MessageSaid(n=number, at=one.now, by=by))
        one.settle()
    assert one.clocks["G09.1"].met_at == one.now
    [terms] = [clock for clock in one.programme.clocks if clock.id == "G09"]
    assert terms.stops == (ExpectedEvent.DOCTOR_ANSWERED,)
    one.finish()
    one.check()
