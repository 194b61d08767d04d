"""An appointment from request to follow-up: what each programme's own terms make of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.settings import Settings
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.bookings.terms import intake_for
from domain.cancellation import Cost, rule_of, uses_up
from domain.clock import ClockState
from domain.eligibility import Outcome
from domain.programmes.rules import RuleCode
from domain.programmes.services import Shape
from domain.steps.kinds import TaskKind
from tests.builders import REVIEWER, a_calendar
from tests.workflows import stewards
from tests.workflows.booked import PROGRAMMES, Booked, booking_opener, refused
from workflows.messages.matters import NewCalendar

BookingOf = Callable[..., Any]

SERVICES = [
    (programme.code, service.code)
    for programme in PROGRAMMES.values()
    for service in programme.services
    if service.shape is Shape.APPOINTMENT
]
"""Every appointment of every programme."""


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


async def _p04_confirmed(booked: Booked, visit: str = "2026-10-08 09:00") -> None:
    await stewards.appointed(booked, visit)
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)


async def test_a_slip_of_tomorrow_or_a_missing_paper_is_refused(booking_of: BookingOf) -> None:
    programme, service = "ins_oncology", "inpatient_arrangement"
    async with booking_of(programme, service, "2026-09-11 09:00") as booked:
        await stewards.take(booked)
        tomorrow = booked.day("2026-09-12").isoformat()
        assert await refused(stewards.hand_in(booked, programme, service)) == "slip_issued_on"
        late = stewards.hand_in(booked, programme, service, slip_issued_on=tomorrow)
        assert await refused(late) == "slip_issued_on"
        assert await refused(booked.do(TaskKind.CHECK_PAPERS, complete=True)) == "documents"


async def test_a_provider_that_fails_uses_nothing_up_and_is_coordinated_again(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        await _p04_confirmed(booked)
        await booked.go_to("2026-09-28 10:00")
        await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)
        step = await booked.task(TaskKind.ARRANGE_SERVICE)
        assert (booked.stage, booked.unit) == (BookingStage.COORDINATING, None)
        assert booked.clocks["G16.1"].state is ClockState.RUNNING, "no visit has kept it"
        assert (step.clock, booked.civil(step.due_at)) == ("G16.1", "10-09 24:00")
        await stewards.agreed(booked, "2026-10-09 09:00")
        await booked.go_to("2026-10-09 12:00")
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert booked.unit == "consumed"


async def test_a_customer_who_wants_another_time_gets_one(booking_of: BookingOf) -> None:
    """Until he says yes nothing is agreed: what a hospital offered costs and passes nothing."""
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await stewards.choose(booked)
        await stewards.arrange(booked, "2026-09-25 09:00")
        step = await booked.task(TaskKind.CONFIRM_BOOKING)
        assert step.subject == f"医院可安排 {booked.day('2026-09-25')} 09:00"
        assert booked.pages[-1].service_at is None
        await booked.do(TaskKind.CONFIRM_BOOKING, confirmed=False, told_by="phone")
        await booked.go_to("2026-09-25 09:01")
        await booked.wish_for("2026-10-09")
        await stewards.agreed(booked, "2026-10-09 09:00")
        await booked.until(lambda: booked.pages[-1].service_at == booked.at("2026-10-09 09:00"))


async def test_what_nobody_can_arrange_gives_the_unit_back(booking_of: BookingOf) -> None:
    async with booking_of() as booked:
        await stewards.take(booked)
        await stewards.choose(booked)
        await booked.do(TaskKind.ARRANGE_SERVICE, arranged=False)
        await booked.do(TaskKind.ARRANGE_SERVICE, arranged=False, final=True)
        await booked.ends(BookingStage.UNAVAILABLE)
        assert booked.unit == "given_back"


async def test_silence_after_the_visit_is_told_to_a_supervisor_and_decides_nothing(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        await _p04_confirmed(booked)
        assert await refused(stewards.report(booked, VisitOutcome.NO_SHOW)) == "outcome"
        await booked.go_to("2026-10-08 09:29")  # within the grace he may still come (I32)
        for away in (VisitOutcome.NO_SHOW, VisitOutcome.NOT_ON_TIME, VisitOutcome.NOT_ADMITTED):
            assert await refused(stewards.report(booked, away)) == "outcome"
        await booked.go_to("2026-10-09 09:01")
        await booked.task(TaskKind.BREACH)
        assert (booked.stage, booked.unit) == (BookingStage.CONFIRMED, None)
        unexplained = booked.do(
            TaskKind.REPORT_VISIT, outcome="no_show", at=booked.time.now().isoformat()
        )
        assert await refused(unexplained) == "note"  # own reasons are said in words (I19)
        await stewards.report(booked, VisitOutcome.NO_SHOW)
        await booked.ends(BookingStage.TERMINATED)
        assert booked.unit == "given_back"  # nobody was sent to wait for him either (3.1)


async def test_where_the_source_lost_the_rule_a_supervisor_decides(booking_of: BookingOf) -> None:
    lost = next(
        (programme, service)
        for programme, service in SERVICES
        if rule_of(PROGRAMMES[programme].service(service)) is None
        and PROGRAMMES[programme].service(service).has_lost("cancellation")
        and PROGRAMMES[programme].service(service).quota.count is not None
    )
    async with booking_of(*lost, at="2026-09-24 10:00") as booked:
        await booked.task(TaskKind.TAKE_REQUEST)
        assert (await booked.give_up()).cost is Cost.NEEDS_PERSON
        step = await booked.task(TaskKind.DECIDE_USE)
        assert step.due_at == step.opened_at + timedelta(days=1)
        assert booked.told[-1] == "booking_cancelled_judged"
        assert booked.pages[-1].reason == "客户取消, 待判定是否计次"
        assert not any(clock.is_open for clock in booked.clocks.values())
        assert await refused(booked.give_up()) == "stage"
        await booked.do(TaskKind.DECIDE_USE, used=True, reason="已为客户挂号")
        await booked.ends(BookingStage.CANCELLED)
        assert (booked.unit, booked.told[-1]) == ("consumed", "booking_cancelled_used")


async def test_a_contract_that_ends_while_a_supervisor_decides_gives_the_unit_back(
    booking_of: BookingOf,
) -> None:
    """R350, also for a customer who did not come."""
    lost = ("taikang_online_ci", "expert_outpatient")
    silent = PROGRAMMES[lost[0]].service(lost[1])
    assert uses_up(silent, "no_show", giving_up=Cost.NEEDS_PERSON) is None
    async with booking_of(*lost, at="2026-08-31 10:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *lost, slip_issued_on=booked.day("2026-08-31").isoformat())
        await stewards.agree(booked, TaskKind.REPORT_VISIT)
        await booked.go_to("2026-09-03 10:00")
        await stewards.report(booked, VisitOutcome.NO_SHOW)
        await booked.task(TaskKind.DECIDE_USE)
        assert await refused(booked.give_up(accept_use=True)) == "stage"
        assert await refused(booked.wish_for("2026-09-10")) == "stage"
        await booked.lose_contract()
        await booked.ends(BookingStage.TERMINATED)
        assert (booked.unit, booked.told[-1]) == ("given_back", "booking_contract_ended")


async def test_who_is_not_entitled_hears_it_at_once(booking_of: BookingOf) -> None:
    async with booking_of(outcome=Outcome.REJECTED) as booked:
        await booked.ends(BookingStage.REJECTED)
        assert booked.unit == "given_back"


async def test_what_needs_a_person_is_reviewed_and_may_be_declined(booking_of: BookingOf) -> None:
    async with booking_of(outcome=Outcome.NEEDS_PERSON) as booked:
        await stewards.take(booked)
        bare = booked.do(TaskKind.REVIEW_BOOKING, approved=False)
        assert await refused(bare) in ("", "__root__", "reason")
        await booked.do(TaskKind.REVIEW_BOOKING, approved=False, reason="不属于肿瘤相关")
        await booked.do(TaskKind.TELL_RESULT, told_by="phone")
        await booked.ends(BookingStage.DECLINED)
        assert booked.unit == "given_back"


async def test_the_choice_is_one_of_what_was_offered(booking_of: BookingOf) -> None:
    async with booking_of() as booked:
        await stewards.take(booked)
        two = booked.do(TaskKind.OFFER_OPTIONS, options=[{"option": "a"}, {"option": "b"}])
        assert await refused(two) == "options"
        options = [{"option": one} for one in ("a", "b", "c")]
        await booked.do(TaskKind.OFFER_OPTIONS, REVIEWER, options=options)
        assert await refused(booked.do(TaskKind.CHOOSE_OPTION, option="d")) == "option"


async def test_a_holiday_notice_moves_what_was_promised_and_the_customer_is_phoned(
    booking_of: BookingOf,
) -> None:
    """The make-up Saturday of story 5 is taken back while the visit is being arranged."""
    async with booking_of(at="2026-09-28 09:00") as booked:
        await stewards.take(booked)
        await stewards.choose(booked)
        clock = await booked.until(lambda: booked.clocks["G16.1"])
        assert booked.civil(clock.due_at) == "10-10 24:00"
        days = a_calendar()
        kept = {day for day in days.make_up_days if day.isoformat() != "2026-10-10"}
        fewer = days.model_copy(update={"version": "next", "make_up_days": frozenset(kept)})
        at = booked.time.now()
        for later in (2, 1):  # the older of two notices arrives last and changes nothing
            table = (fewer if later == 2 else days).moved(booked.moved_by)
            message = NewCalendar(calendar=table, at=at + timedelta(minutes=later))
            await booked.handle.signal("new_calendar", message)
        await booked.until(lambda: "retimed" in booked.lines)
        moved = booked.clocks["G16.1"]
        assert booked.civil(moved.due_at) == "10-12 24:00"
        phone = await booked.task(TaskKind.PHONE_CUSTOMER)
        assert phone.subject == "promise_moved"
        step = await booked.task(TaskKind.ARRANGE_SERVICE)
        assert step.due_at == moved.due_at


async def test_a_round_of_papers_is_answered_once_however_many_papers_it_has(
    booking_of: BookingOf,
) -> None:
    """P18 answers within a working day of the papers (G30): of all of them, not of each."""
    programme, service = "xintai_million_guard", "expert_outpatient"
    async with booking_of(programme, service, "2026-09-14 09:00") as booked:
        await booked.papers_arrive("doc-1")
        await stewards.take(booked)
        await booked.papers_arrive("doc-2")
        await booked.papers_arrive("doc-1")  # told again
        check = await booked.until(
            lambda: next((one for one in booked.open_tasks.values() if one.clock == "G30.1"), None)
        )
        assert booked.civil(check.due_at) == "09-15 24:00"
        await booked.do(TaskKind.CHECK_PAPERS, complete=False, missing=["imaging_film"])
        await booked.until(lambda: not booked.clocks["G30.1"].is_open)
        await booked.go_to("2026-09-16 09:00")
        await booked.papers_arrive("doc-3")
        await stewards.hand_in(booked, programme, service)
        await booked.do(TaskKind.REVIEW_BOOKING, approved=True)
        await booked.papers_arrive("doc-4")  # more than anybody asked for
        await booked.do(TaskKind.TELL_RESULT, told_by="phone")
        await booked.task(TaskKind.ARRANGE_SERVICE)
        told = {instance: clock.state for instance, clock in booked.clocks.items()}
        assert told == {"G30.1": ClockState.MET, "G30.2": ClockState.MET}
        assert booked.civil(booked.clocks["G30.2"].started_at) == "09-16 09:00"
        assert booked.lines.count("papers_arrived") == 4


async def test_what_a_service_asks_of_a_request_is_asked_when_it_is_answered(
    booking_of: BookingOf,
) -> None:
    """R237 to R239, R272: the nine fields of P02; name, contact and need stand in the request."""
    unsaid = [RuleCode.INSURED_SELF]
    async with booking_of("pingan_value_added", "paediatric_outpatient", unsaid=unsaid) as booked:
        six = ("sex", "diagnosed", "disease_or_symptoms", "wanted_time", "hospital", "department")
        assert intake_for(PROGRAMMES["pingan_value_added"].service("visit_escort")) == [*six]
        told = dict.fromkeys(six, "已登记")
        for code in six:
            lacking = {"identity_verified": True, "need": "复诊", "intake": told | {code: " "}}
            assert await refused(booked.do(TaskKind.TAKE_REQUEST, **lacking)) == "intake"
        whole = {"identity_verified": True, "need": "复诊", "intake": told}
        await booked.do(TaskKind.TAKE_REQUEST, **whole)
        await stewards.serve_step(booked)
        second = await booked.anything()
        assert second.kind is TaskKind.REVIEW_BOOKING, "R258: nothing goes out before 复审"
        assert second.subject == "是否为被保险人本人申请", "a reviewer reads what is open"


async def test_who_turns_out_not_to_be_entitled_is_told_why_and_keeps_the_unit(
    booking_of: BookingOf,
) -> None:
    """GC03 without GC06: what was open is found out by whoever answers, by a clock."""
    of = ("changsheng_yuanmeng", "inpatient_arrangement")
    async with booking_of(*of, unsaid=[RuleCode.SERVICE_ACTIVE]) as booked:
        asked = await booked.task(TaskKind.TAKE_REQUEST)
        assert (asked.subject, asked.due_at is None) == ("服务是否已生效", False)
        taken = {"identity_verified": True, "need": "住院"}
        assert await refused(booked.do(TaskKind.TAKE_REQUEST, **taken)) == "found_out"
        await booked.do(TaskKind.TAKE_REQUEST, **taken, not_entitled="服务尚未生效")
        await booked.ends(BookingStage.REJECTED)
        assert (booked.unit, booked.told[-1]) == ("given_back", "booking_rejected")
        assert booked.pages[-1].reason == "服务尚未生效"
