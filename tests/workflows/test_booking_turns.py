"""What may turn a booking: a provider that takes its yes back, another day, a year that ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from adapters.settings import Settings
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.bookings.parcel import LabWord
from domain.bookings.rounds import ROUNDS_END, ROUNDS_MAX, WISHES_MAX
from domain.bookings.terms import OWED_FOR
from domain.cancellation import Cost
from domain.eligibility import Outcome, Verdict
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import AGENT, CUSTOMER, DISPATCHER, a_calendar, civil
from tests.workflows import stewards
from tests.workflows.booked import PROGRAMMES, Booked, booking_opener, refused
from workflows.bookings.parts.record import BookingState
from workflows.bookings.refusals.booking import NEW_DATES, BookingRefusals
from workflows.matter import new_task
from workflows.messages.bookings import ChangeDate, RequestBooking
from workflows.messages.matters import CompleteTask

BookingOf = Callable[..., Any]
P04_BED = ("pingan_oncology_157", "inpatient_arrangement")
P13 = ("ruitai_ci", "expert_outpatient")
P16 = ("global_doctor_ci", "top100_expert_appointment")
P20 = ("ins_oncology", "expert_outpatient")
P20_BED = ("ins_oncology", "inpatient_arrangement")
GENE = ("ins_oncology", "gene_testing")


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


async def arranged(booked: Booked, of: tuple[str, str], visit: str) -> None:
    """Everything up to a confirmed date, guided by the steps the booking opens."""
    await stewards.take(booked)
    await stewards.hand_in(booked, *of, slip_issued_on=booked.day("2026-08-31").isoformat())
    while (task := await booked.anything()).kind is not TaskKind.ARRANGE_SERVICE:
        await stewards.next_step(booked, task.kind)
    await stewards.agreed(booked, visit)
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)


@pytest.mark.parametrize("of", [P04_BED, P13], ids=["used by confirming", "used by approval"])
async def test_who_gives_up_after_the_provider_failed_gets_the_unit_back_whatever_used_it(
    booking_of: BookingOf, of: tuple[str, str]
) -> None:
    async with booking_of(*of, "2026-08-31 10:00") as booked:
        await arranged(booked, of, "2026-09-03 09:00")
        await booked.go_to("2026-09-02 09:00")
        await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)
        await booked.task(TaskKind.ARRANGE_SERVICE)
        assert "booking_again" in booked.told
        assert (await booked.give_up()).cost is Cost.FREE
        await booked.ends(BookingStage.CANCELLED)
        assert booked.unit == "given_back"


async def test_a_hospital_that_says_yes_and_then_no_is_asked_again_and_costs_nothing(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await stewards.choose(booked)
        await stewards.arrange(booked, "2026-10-08 09:00")
        no = {"confirmed": False, "told_by": "phone", "withdrawn": True}
        both = booked.do(TaskKind.CONFIRM_BOOKING, **(no | {"confirmed": True}))
        assert await refused(both) == "confirmed"
        await booked.do(TaskKind.CONFIRM_BOOKING, **no)
        await stewards.agreed(booked, "2026-10-09 09:00")
        await booked.until(lambda: "booking_confirmed" in booked.told)
        assert booked.told == ["booking_received", "booking_again", "booking_confirmed"]
        assert (booked.pages[-1].service_at, booked.unit) == (booked.at("2026-10-09 09:00"), None)


async def test_another_day_is_coordinated_again_and_may_be_wished_for_until_the_visit(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.appointed(booked, "2026-10-08 09:00")
        await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
        assert await refused(booked.wish_for("2026-09-23")) == "wished_on"
        await booked.wish_for("2026-10-12")
        step = await booked.task(TaskKind.ARRANGE_SERVICE)
        another = {"arranged": True, "expert": "expert-3", **stewards.BEST}
        later = booked.at("2026-10-12 09:00").isoformat()
        asked = booked.do(TaskKind.ARRANGE_SERVICE, **another, service_at=later)
        assert await refused(asked) == "expert"
        assert step.subject == f"客户选定专家 expert-2; 客户希望 {booked.day('2026-10-12')}"
        assert booked.pages[-1].service_at is None, "the day that was agreed stands no more"
        assert TaskKind.REPORT_VISIT not in {one.kind for one in booked.open_tasks.values()}
        await booked.wish_for("2026-10-13")
        await stewards.agreed(booked, "2026-10-13 09:00")
        await booked.go_to("2026-10-13 09:01")
        assert await refused(booked.wish_for("2026-10-20")) == "stage"
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert (booked.unit, booked.lines.count("new_date")) == ("consumed", 2)


async def test_where_no_time_may_be_chosen_no_other_day_may_be_either(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*P16, "2026-08-31 10:00") as booked:
        await booked.task(TaskKind.TAKE_REQUEST)
        assert await refused(booked.wish_for("2026-09-10")) == "wished_on"


@pytest.mark.parametrize("of", [P20_BED, P04_BED, GENE], ids=["slip", "cover", "sample"])
async def test_who_owes_papers_or_a_sample_when_the_policy_year_ends_has_not_asked_in_it(
    booking_of: BookingOf, of: tuple[str, str]
) -> None:
    """R753, R773; and where no year ends it, the cover does."""
    ends = {"covered_for": 30} if of is P04_BED else {"year_ends": "2026-09-30"}
    async with booking_of(*of, "2026-08-31 10:00", **ends) as booked:
        await stewards.take(booked)
        if of is GENE:
            await stewards.hand_in(booked, *of)
            while (task := await booked.anything()).kind is not TaskKind.RECEIVE_SAMPLE:
                await stewards.next_step(booked, task.kind)
        await booked.go_to("2026-09-30 23:59")
        assert booked.stage is not BookingStage.EXPIRED
        await booked.go_to("2026-10-01 00:01")
        await booked.ends(BookingStage.EXPIRED)
        assert (booked.unit, booked.told[-1]) == ("given_back", "booking_expired")


@pytest.mark.parametrize("complete", [True, False])
async def test_papers_that_came_by_the_last_day_are_looked_at_before_it_ends_the_booking(
    booking_of: BookingOf, *, complete: bool
) -> None:
    async with booking_of(*P20_BED, "2026-08-31 10:00", year_ends="2026-09-30") as booked:
        await stewards.take(booked)
        await booked.task(TaskKind.CHECK_PAPERS)
        await booked.go_to("2026-09-30 22:00")
        await booked.papers_arrive()
        await booked.go_to("2026-10-01 00:01")
        assert booked.stage is BookingStage.MATERIALS
        if complete:
            slip = booked.day("2026-09-30").isoformat()
            await stewards.hand_in(booked, *P20_BED, slip_issued_on=slip)
            await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
        else:
            await booked.do(TaskKind.CHECK_PAPERS, complete=False, missing=["admission_slip"])
            await booked.ends(BookingStage.EXPIRED)
            assert booked.unit == "given_back"


@pytest.mark.parametrize(
    ("of", "choice"),
    [
        (("pingan_oncology_157", "expert_outpatient"), TaskKind.CHOOSE_OPTION),
        (("pingan_value_added", "expert_phone_appointment"), TaskKind.CHOOSE_SLOT),
    ],
)
async def test_a_choice_is_not_waited_for_for_ever(
    booking_of: BookingOf, of: tuple[str, str], choice: TaskKind
) -> None:
    """Whoever does not choose is asked again after a week, and the unit comes back in the end."""
    async with booking_of(*of, "2026-09-14 10:00", covered_for=30) as booked:
        await stewards.take(booked)
        if choice is TaskKind.CHOOSE_OPTION:
            await stewards.next_step(booked, TaskKind.OFFER_OPTIONS)
        task = await booked.task(choice)
        assert booked.civil(task.due_at) == "09-21 10:00"
        await booked.go_to("2026-10-14 23:59")
        assert booked.stage is not BookingStage.EXPIRED
        await booked.go_to("2026-10-15 00:01")
        await booked.ends(BookingStage.EXPIRED)
        assert (booked.unit, booked.pages[-1].reason) == ("given_back", "期限届满, 客户未作选择")


async def test_a_second_sample_is_not_waited_for_for_ever_either(booking_of: BookingOf) -> None:
    """The last day is that of the second kit: the first sample had come in time."""
    async with booking_of(*GENE, "2026-08-31 10:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *GENE)
        await stewards.agree(booked, TaskKind.SEND_KIT)
        await stewards.next_step(booked, TaskKind.SEND_KIT)
        await booked.go_to("2026-09-10 10:00")
        await booked.lab_says(LabWord.SAMPLE_RECEIVED)
        await booked.lab_says(LabWord.UNUSABLE)
        await stewards.next_step(booked, TaskKind.SEND_KIT)
        await booked.task(TaskKind.RECEIVE_SAMPLE)
        await booked.time.go_to(booked.at("2026-09-10 10:00") + OWED_FOR - timedelta(days=1))
        assert booked.stage is BookingStage.CONFIRMED
        await booked.time.go_to(booked.at("2026-09-11 00:01") + OWED_FOR)
        await booked.ends(BookingStage.EXPIRED)
        assert booked.unit == "given_back"


async def test_what_was_asked_for_in_the_year_is_served_in_the_next(booking_of: BookingOf) -> None:
    """Complete before the year ended: the visit may lie beyond it, and counts in the old year."""
    async with booking_of(*P20, "2026-09-28 10:00", year_ends="2026-09-30") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P20)
        await stewards.agreed(booked, "2026-10-09 09:00")
        await booked.go_to("2026-10-09 09:30")
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert booked.unit == "consumed"


async def test_what_goes_round_too_often_is_a_supervisors(booking_of: BookingOf) -> None:
    """No history grows for ever: docs/decisions/length-of-a-booking.md."""
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await stewards.choose(booked)
        for _ in range(ROUNDS_MAX):
            assert (await booked.task(TaskKind.ARRANGE_SERVICE)).roles == [Role.DISPATCHER]
            await booked.do(TaskKind.ARRANGE_SERVICE, arranged=False)
        assert (await booked.task(TaskKind.ARRANGE_SERVICE)).roles == [Role.SUPERVISOR]
        await booked.do(TaskKind.ARRANGE_SERVICE, arranged=False, final=True)
        await booked.ends(BookingStage.UNAVAILABLE)
        assert booked.unit == "given_back"


AT = civil("2026-09-24 10:00")


def _standing() -> tuple[BookingState, BookingRefusals]:
    """A booking as its refusals know it."""
    programme, service = P04_BED
    asked = RequestBooking(
        booking_id="bk-1",
        programme=PROGRAMMES[programme].for_booking(service),
        calendar=a_calendar(),
        service=service,
        verdict=Verdict(outcome=Outcome.ELIGIBLE, programme=programme, version="1"),
        unit_reserved=True,
        channel="hotline",
        requested_by=AGENT,
        requested_at=AT,
    )
    state = BookingState.of(asked)
    return state, BookingRefusals(state, asked)


def test_in_the_end_only_a_last_word_is_taken() -> None:
    state, refusals = _standing()
    kind = TaskKind.ARRANGE_SERVICE

    def says(number: int, **form: Any) -> str | None:
        state.counts[kind.value] = number - 1
        task = new_task(state, kind, at=AT)
        state.tasks = {task.task_id: task}
        done = {"task_id": task.task_id, "kind": kind, "actor": DISPATCHER, "at": AT}
        try:
            refusals.completion(CompleteTask(**done, form=form))
        except ApplicationError as refused:
            return str(refused.details[0])
        return None

    yes = {"arranged": True, "service_at": (AT + timedelta(days=9)).isoformat()}
    for form in ({"arranged": False}, yes):
        assert says(ROUNDS_END, **form) is None
        assert says(ROUNDS_END + 1, **form) == "final"
    assert says(ROUNDS_END + 1, arranged=False, final=True) is None


def test_another_day_is_not_wished_for_for_ever() -> None:
    state, refusals = _standing()
    wish = ChangeDate(wished_on=date(2026, 10, 9), actor=CUSTOMER, at=AT)
    state.counts[NEW_DATES] = WISHES_MAX - 1
    refusals.new_date(wish)
    state.counts[NEW_DATES] = WISHES_MAX
    with pytest.raises(ApplicationError, match="改期已满"):
        refusals.new_date(wish)


async def test_an_approval_counts_from_its_own_moment_whenever_the_customer_hears_of_it(
    booking_of: BookingOf,
) -> None:
    """P13: used up and promised by approval (C-28, C-66), and nobody need have told it yet."""
    async with booking_of(*P13, "2026-08-31 10:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P13)
        await booked.do(TaskKind.REVIEW_BOOKING, approved=True)
        step = await booked.task(TaskKind.TELL_RESULT)
        assert (booked.unit, booked.civil(step.due_at)) == ("consumed", "09-01 10:00")
        assert booked.civil(booked.clocks["G24.1"].due_at) == "09-07 24:00"
        assert await refused(booked.give_up(accept_use=True)) == "stage"


async def test_a_contract_that_ends_ends_the_service_with_it(booking_of: BookingOf) -> None:
    """R350: whatever had used the unit up, nothing is counted of a contract that is no more."""
    async with booking_of(*P13, "2026-08-31 10:00") as booked:
        await arranged(booked, P13, "2026-09-03 09:00")
        await booked.lose_contract()
        await booked.ends(BookingStage.TERMINATED)
        assert (booked.unit, booked.told[-1]) == ("given_back", "booking_contract_ended")


async def test_whoever_is_being_served_when_the_contract_ends_is_served_to_the_end(
    booking_of: BookingOf,
) -> None:
    """And nothing is arranged for a day on which it is no more."""
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await stewards.choose(booked)
        await booked.lose_contract("2026-09-29")
        assert await refused(stewards.arrange(booked, "2026-09-30 09:00")) == "service_at"
        assert await refused(booked.wish_for("2026-09-30")) == "wished_on"
        await stewards.arrange(booked, "2026-09-29 09:00")
        await stewards.confirm(booked)
        await booked.go_to("2026-09-29 09:30")
        await booked.lose_contract()
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert (booked.unit, booked.lines.count("contract_ended")) == ("consumed", 2)


async def test_what_is_not_served_by_the_last_day_of_a_contract_is_called_off_with_it(
    booking_of: BookingOf,
) -> None:
    """The last word of the day counts; who was let down in the visit itself has not been served."""
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await stewards.choose(booked)
        await booked.lose_contract("2026-09-25")
        for _ in range(2):  # the policy as a whole: told twice is told once
            await booked.lose_policy("2026-09-29")
        await stewards.arrange(booked, "2026-09-29 09:00")
        await stewards.confirm(booked)
        await booked.go_to("2026-09-29 10:00")
        await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)
        await booked.task(TaskKind.ARRANGE_SERVICE)
        assert booked.lines.count("contract_ended") == 2
        await booked.go_to("2026-09-30 00:01")
        await booked.ends(BookingStage.TERMINATED)
        assert (booked.unit, booked.told[-1]) == ("given_back", "booking_contract_ended")
