"""An escort: offered to several, taken by the first, there before the customer, gone after him."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from activities.ports.visits import VisitAnswer, VisitKept
from adapters.settings import Settings
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.clock import ClockState
from domain.eligibility import Outcome
from domain.steps.kinds import TaskKind
from tests.workflows import escorts, stewards
from tests.workflows.booked import Booked, booking_opener, refused

BookingOf = Callable[..., Any]

P06 = ("anxin_cancer_inpatient", "visit_escort")
MEETING = "2026-06-20 09:00"


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


async def _at_the_hospital(booked: Booked, number: int = 1) -> None:
    """Called, there in time, the customer on his way."""
    await escorts.call(booked, number)
    await booked.go_to("2026-06-20 08:45")
    await escorts.check_in(booked, number)
    await escorts.on_the_way(booked, number)


async def test_the_escort_of_the_story_is_there_early_stays_four_hours_and_is_asked_after(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*escorts.P02, "2026-06-17 09:00") as booked:
        await stewards.take(booked)
        early = escorts.plan(booked, "2026-06-19 09:00")
        assert await refused(early) == "meeting_at"  # three natural days ahead (G04)
        await escorts.plan(booked, "2026-06-20 10:00")
        await stewards.report(booked, VisitOutcome.RESCHEDULED)  # before anybody was offered it
        await escorts.plan(booked, MEETING)
        await escorts.offer(booked, 1, 2)
        await booked.go_to("2026-06-19 10:00")
        await escorts.says(booked, 1)
        call = await booked.task(TaskKind.CALL_CUSTOMER)
        assert (call.assignee, booked.civil(call.due_at)) == ("nurse-1", "06-19 10:30")
        await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
        partly = escorts.call(booked, items=escorts.CALLS[1:])
        assert await refused(partly) == "items"
        await escorts.call(booked, meeting_at=booked.at(MEETING).isoformat())  # as planned
        arrival = await booked.task(TaskKind.CHECK_IN)
        assert booked.civil(arrival.due_at) == "06-20 08:50"
        await booked.go_to("2026-06-20 08:45")
        await escorts.check_in(booked)
        await escorts.on_the_way(booked)
        await escorts.meet(booked)
        assert "meeting_moved" not in booked.lines
        leaving = await booked.task(TaskKind.CHECK_OUT)
        assert booked.civil(leaving.due_at) == "06-20 13:00"  # four hours from the agreed time
        await booked.go_to("2026-06-20 12:55")
        silent = booked.do(
            TaskKind.CHECK_OUT,
            escorts.nurse(1),
            at=booked.time.now().isoformat(),
            closing_words=False,
            items=["guide"],
        )
        assert await refused(silent) == "closing_words"
        await escorts.check_out(booked, items=["card_and_number", "guide", "accompany"])
        await booked.do(TaskKind.FOLLOW_UP_CALL, reached=True, satisfaction=5)
        await booked.ends(BookingStage.CLOSED)
        assert booked.told == [
            "booking_received",
            "booking_confirmed",
            "booking_need",
            "booking_soon",
        ]
        assert {one.state for one in booked.clocks.values()} == {ClockState.MET}
        assert {one.id for one in booked.clocks.values()} == {"G05", "G06", "G08"}
        assert booked.unit == "consumed"


async def test_of_two_who_accept_at_the_same_moment_the_first_comes_and_only_she_may_report(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*escorts.P02, "2026-06-17 09:00") as booked:
        await stewards.take(booked)
        await escorts.plan(booked, MEETING)
        await escorts.offer(booked, 1, 2)
        await escorts.says(booked, 9)  # nobody offered it to her
        for number in (2, 1, 2):  # the second yes, and the first one told again
            await escorts.says(booked, number)
        call = await booked.task(TaskKind.CALL_CUSTOMER)
        assert call.assignee == "nurse-2"
        await booked.until(lambda: "visit_too_late" in booked.lines)
        assert booked.lines.count("visit_taken") == 1
        assert "未派单" in (await booked.task(TaskKind.BREACH)).subject
        assert await refused(escorts.call(booked, 1)) == "actor"
        await escorts.call(booked, 2)
        await escorts.says(booked, 1, yes=False)
        await booked.task(TaskKind.CHECK_IN)
        await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)  # and then she does not come
        await escorts.plan(booked, "2026-06-21 09:00")
        assert await refused(escorts.offer(booked, 2, 3)) == "nurses"
        await escorts.offer(booked, 1, 3)


async def test_who_declines_or_withdraws_is_replaced_and_the_promise_of_a_call_begins_anew(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*escorts.P02, "2026-06-17 09:00") as booked:
        await stewards.take(booked)
        await escorts.plan(booked, MEETING)
        booked.partners.visit_answers = [VisitAnswer(accepted=False, reason="no_nurse_available")]
        nurses = [{"nurse_id": "nurse-1"}]
        await booked.do(TaskKind.OFFER_VISIT, nurses=nurses, hospital_name="某医院")
        await booked.until(lambda: "visit_refused" in booked.lines)
        await escorts.offer(booked, 1, 2)
        await escorts.says(booked, 1, yes=False)
        await escorts.says(booked, 2, yes=False)
        await booked.until(lambda: "visit_nobody" in booked.lines)
        assert (await booked.task(TaskKind.OFFER_VISIT)).subject == "nobody"
        await escorts.offer(booked, 3)
        await escorts.says(booked, 3)
        await booked.task(TaskKind.CALL_CUSTOMER)
        await escorts.says(booked, 3, yes=False)
        await booked.until(lambda: "escort_lost" in booked.lines)
        assert await refused(escorts.offer(booked, 3)) == "nurses"
        await escorts.offer(booked, 4)
        assert len(booked.partners.cancelled) >= 1
        await escorts.says(booked, 4)
        again = await booked.task(TaskKind.CALL_CUSTOMER)
        assert (again.assignee, again.clock) == ("nurse-4", "G06.2")
        assert booked.clocks["G06.1"].state is ClockState.DROPPED
        assert booked.stage is BookingStage.CONFIRMED


async def test_who_is_not_there_in_time_is_asked_after_and_replaced_by_a_person(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*escorts.P02, "2026-06-17 09:00") as booked:
        await stewards.take(booked)
        await escorts.taken(booked, MEETING)
        await escorts.call(booked)
        assert await refused(escorts.check_in(booked)) == "at"  # three days before
        await booked.go_to("2026-06-20 08:51")
        await booked.do(TaskKind.REPLACE_ESCORT, replaced=False, reason="堵车, 五分钟后到")
        await booked.do(TaskKind.REPLACE_ESCORT, replaced=True, reason="联系不上")
        await escorts.offer(booked, 3)
        await escorts.says(booked, 3)
        await escorts.call(booked, 3)
        await escorts.check_in(booked, 3)
        await escorts.on_the_way(booked, 3, late="2026-06-20 09:20")
        await booked.until(lambda: "late_risk" in booked.lines)
        await booked.go_to("2026-06-20 09:49")
        assert await refused(escorts.meet(booked, 3, met=False)) == "met"  # half an hour from 09:20
        await escorts.meet(booked, 3)
        leaving = await booked.task(TaskKind.CHECK_OUT)
        assert booked.civil(leaving.due_at) == "06-20 13:49"  # four hours with the customer
        await booked.go_to("2026-06-20 13:50")
        await booked.until(lambda: booked.clocks["G08.1"].breached_at)
        await escorts.check_out(booked, 3, items=["guide"])
        await booked.do(TaskKind.FOLLOW_UP_CALL, reached=True, satisfaction=3)
        await booked.ends(BookingStage.CLOSED)


async def test_a_customer_who_does_not_come_is_decided_on_by_a_person_and_never_by_silence(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*escorts.P02, "2026-06-17 09:00") as booked:
        await stewards.take(booked)
        await escorts.taken(booked, MEETING)
        await _at_the_hospital(booked)
        await booked.go_to("2026-06-20 10:00")
        assert "到场未登记" in (await booked.task(TaskKind.BREACH)).subject
        assert booked.stage is BookingStage.CONFIRMED
        await escorts.meet(booked, met=False)
        await booked.until(lambda: "not_there" in booked.lines)
        assert (await booked.task(TaskKind.REPORT_VISIT)).subject == "not_there"
        await booked.task(TaskKind.MEET_CUSTOMER)  # he may still come
        assert await refused(stewards.report(booked)) == "outcome"  # her check-out says that
        await stewards.report(booked, VisitOutcome.RESCHEDULED)
        await escorts.taken(booked, "2026-06-23 09:00", 5)
        assert booked.civil(booked.clocks["G05.1"].due_at) == "06-23 24:00"
        await escorts.call(booked, 5)
        await booked.go_to("2026-06-23 08:50")
        await escorts.check_in(booked, 5)
        await escorts.on_the_way(booked, 5)
        await booked.go_to("2026-06-23 09:29")
        assert await refused(stewards.report(booked, VisitOutcome.NO_SHOW)) == "outcome"
        await booked.go_to("2026-06-23 09:31")
        await escorts.meet(booked, 5, met=False)
        await stewards.report(booked, VisitOutcome.NO_SHOW)
        # The source has lost what a no-show costs (P02), so a supervisor says it.
        await booked.do(TaskKind.DECIDE_USE, used=True, reason="未按时到场")
        await booked.ends(BookingStage.TERMINATED)
        assert booked.unit == "consumed"
        assert len(booked.partners.cancelled) == 2


async def test_giving_up_calls_off_whoever_had_taken_the_visit(booking_of: BookingOf) -> None:
    async with booking_of(*escorts.P02, "2026-06-17 09:00") as booked:
        await stewards.take(booked)
        await escorts.taken(booked, MEETING)
        await booked.give_up()
        await booked.do(TaskKind.DECIDE_USE, used=False, reason="提前取消")
        await booked.ends(BookingStage.CANCELLED)
        assert booked.partners.cancelled == list(booked.partners.visits)


async def test_only_who_has_worked_as_a_nurse_may_go_to_the_ward_and_nobody_gives_the_unit_back(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*P06, "2026-06-17 09:00", outcome=Outcome.NEEDS_PERSON) as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P06)
        await stewards.next_step(booked, TaskKind.REVIEW_BOOKING)
        await stewards.next_step(booked, TaskKind.TELL_RESULT)
        await escorts.plan(booked, MEETING)
        assert await refused(escorts.offer(booked, 1, clinical=False)) == "nurses"
        assert await refused(escorts.offer(booked, 1, 1)) == "nurses"
        assert await refused(escorts.offer(booked, 1, hospital_name="")) == "hospital_name"
        await escorts.offer(booked, 1)
        (order,) = booked.partners.visits.values()
        assert (order.clinical_nurse, order.checklist) == (True, ["引领被保险人到病区门口"])
        await booked.do(TaskKind.OFFER_VISIT, final=True)
        await booked.ends(BookingStage.UNAVAILABLE)


async def test_an_appointment_is_accompanied_where_its_programme_says_so(
    booking_of: BookingOf,
) -> None:
    """P04: planned anew, the first escort need not come; the next one is there to the end."""
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.appointed(booked, "2026-10-08 09:00")
        await escorts.offer(booked, 1)
        await escorts.says(booked, 1)
        await booked.task(TaskKind.CALL_CUSTOMER)
        await stewards.report(booked, VisitOutcome.RESCHEDULED)
        await booked.until(lambda: booked.partners.cancelled)
        await stewards.agreed(booked, "2026-10-09 09:00")
        await escorts.offer(booked, 2, 3)
        await escorts.says(booked, 3)
        await escorts.call(booked, 3)
        await booked.go_to("2026-10-09 08:50")
        await escorts.check_in(booked, 3)
        await escorts.on_the_way(booked, 3)
        await escorts.meet(booked, 3)
        await booked.go_to("2026-10-09 11:00")
        await escorts.check_out(booked, 3, items=["accompany"])
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert len(booked.partners.cancelled) == 1
        assert "alert" not in booked.lines


async def test_a_supervisor_hears_of_a_visit_that_nobody_came_along_to(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.appointed(booked, "2026-10-08 09:00")
        await booked.do(TaskKind.OFFER_VISIT, final=True)
        await booked.until(lambda: "no_escort" in booked.lines)
        await booked.go_to("2026-10-08 10:00")
        await stewards.report(booked)
        told = {"无陪诊人员, 就诊将无人陪同", "就诊时无人陪同"}
        await booked.until(lambda: told <= {one.subject for one in booked.open_tasks.values()})
        await booked.ends(BookingStage.CLOSED)
        assert booked.unit == "consumed"


async def test_an_order_that_reaches_the_platform_after_its_visit_was_moved_is_called_off(
    booking_of: BookingOf,
) -> None:
    def away(verb: str) -> None:
        if verb == "order_visit":
            raise OSError("the platform is away")

    async with booking_of(*escorts.P02, "2026-06-17 09:00") as booked:
        await stewards.take(booked)
        await escorts.plan(booked, MEETING)
        booked.partners.fail = away
        await booked.do(TaskKind.OFFER_VISIT, nurses=[{"nurse_id": "a"}], hospital_name="某医院")
        await stewards.report(booked, VisitOutcome.RESCHEDULED)
        await escorts.plan(booked, "2026-06-21 09:00")
        await booked.task(TaskKind.OFFER_VISIT)
        booked.partners.fail = lambda _: None
        await booked.until(lambda: booked.partners.visits)
        await booked.until(lambda: booked.partners.cancelled.count(*booked.partners.visits) > 1)
        await escorts.offer(booked, 2)
        await escorts.says(booked, 2)
        assert (await booked.task(TaskKind.CALL_CUSTOMER)).assignee == "nurse-2"
        await booked.give_up()
        await booked.do(TaskKind.DECIDE_USE, used=False, reason="提前取消")
        await booked.ends(BookingStage.CANCELLED)


async def test_a_platform_that_is_away_or_says_no_becomes_a_dispatchers_step(
    booking_of: BookingOf,
) -> None:
    def away(verb: str) -> None:
        if verb == "order_visit":
            raise OSError("the platform is away")

    def kept(verb: str) -> None:
        if verb == "cancel_visit":
            raise VisitKept("http_409")

    async with booking_of(*escorts.P02, "2026-06-17 09:00") as booked:
        await stewards.take(booked)
        await escorts.plan(booked, MEETING)
        booked.partners.fail = away
        await booked.do(TaskKind.OFFER_VISIT, nurses=[{"nurse_id": "a"}], hospital_name="某医院")
        await booked.go_to("2026-06-17 09:29")
        assert "platform_silent" in booked.lines, "nobody believes that it was offered"
        assert {one.kind for one in booked.open_tasks.values()} == {TaskKind.REPORT_VISIT}
        await booked.go_to("2026-06-17 09:31")
        assert (await booked.task(TaskKind.OFFER_VISIT)).subject == "refused unreachable"
        booked.partners.fail = lambda _: None
        await escorts.offer(booked, 1, 2)
        await booked.until(lambda: booked.partners.cancelled)  # the first may have arrived
        await escorts.says(booked, 1)
        booked.partners.visit_answers = [VisitAnswer(accepted=False, reason="nobody_free")]
        await escorts.call(booked, meeting_at=booked.at("2026-06-20 10:00").isoformat())
        await booked.task(TaskKind.CHECK_IN)
        assert (await booked.task(TaskKind.REPLACE_ESCORT)).subject == "refused nobody_free"
        await booked.do(TaskKind.REPLACE_ESCORT, replaced=True, reason="改约后无人")
        await escorts.offer(booked, 3)
        await escorts.says(booked, 3)
        await booked.task(TaskKind.CALL_CUSTOMER)
        booked.partners.fail = kept
        await booked.give_up()
        still_comes = await booked.task(TaskKind.BREACH)
        assert still_comes.subject.startswith("上门未能取消")
        await booked.do(TaskKind.DECIDE_USE, used=False, reason="提前取消")
        await booked.ends(BookingStage.CANCELLED)
        assert booked.lines.count("visit_kept") == 1
