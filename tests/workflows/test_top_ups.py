"""Top-ups against the limit, beside each other and around the day of discharge."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from activities.ports.cases import PaymentStatus, TopUpState
from activities.ports.visits import VisitAnswer
from domain.clock import ClockState
from domain.steps.kinds import CareDuty, TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import NURSE
from tests.workflows import people
from tests.workflows.conftest import Case

CaseOf = Callable[..., Any]


def _states(case: Case) -> dict[str, TopUpState]:
    return {key: record.state for key, record in case.top_ups.items()}


async def test_of_two_top_ups_at_once_that_do_not_both_fit_one_is_offered_what_is_left(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.ask_top_up(case, "t-1", 30_000_000)
        await people.ask_top_up(case, "t-2", 30_000_000)
        # The second is answered first; money is still granted in the order of the requests.
        await people.answer_top_up(case, "t-2")
        await case.settled()
        assert case.top_ups["t-2"].state is TopUpState.RECEIVED
        await people.answer_top_up(case, "t-1")
        await people.slip(case, 2)
        offer = await case.task(TaskKind.ACCEPT_OFFER, subject="t-2")
        assert offer.amount_fen == 15_000_000
        assert case.top_ups["t-2"].answered_at is not None
        await people.answer_offer(case, "t-2")
        await people.slip(case, 3)
        assert _states(case) == {"t-1": TopUpState.PAID, "t-2": TopUpState.PAID}
        assert case.top_ups["t-2"].granted_fen == 15_000_000
        assert sum(case.partners.paid.values()) == case.pages[-1].advanced_fen == 50_000_000
        # Nothing is left: the next one is answered at once and keeps its promise.
        await people.ask_top_up(case, "t-3", 1)
        await case.until(lambda: case.top_ups["t-3"].state is TopUpState.REFUSED)
        assert case.top_ups["t-3"].reason == "额度已用完"
        assert case.clocks["K02.4"].state is ClockState.MET
        await people.discharged(case, 50_000_000)
        await people.decide(case, "approved", 50_000_000)
        await case.ends(Stage.CLOSED)


async def test_exactly_the_limit_is_granted_and_one_fen_more_is_not(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.ask_top_up(case, "t-over", 45_000_001)
        await people.answer_top_up(case, "t-over")
        offer = await case.task(TaskKind.ACCEPT_OFFER, subject="t-over")
        assert offer.amount_fen == 45_000_000
        await people.answer_offer(case, "t-over", accepted=False)
        await case.until(lambda: case.top_ups["t-over"].state is TopUpState.REFUSED)
        assert case.top_ups["t-over"].reason == "客户未接受剩余额度"
        await people.ask_top_up(case, "t-exact", 45_000_000)
        await people.answer_top_up(case, "t-exact")
        await people.slip(case, 2)
        assert case.top_ups["t-exact"].state is TopUpState.PAID
        assert case.pages[-1].advanced_fen == 50_000_000


async def test_a_request_after_discharge_has_begun_is_answered_with_the_reason(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.today)
        await case.until(lambda: case.stage is Stage.DISCHARGE)
        await case.until(lambda: "discharge_visit" in case.told)
        # The same day told again orders no visit and tells the customer nothing.
        await people.notice_discharge(case, case.today, notice_id="d-1-again")
        await case.until(lambda: case.lines.count("discharge_noticed") == 2)
        await case.settled()
        assert case.told.count("discharge_visit") == 1
        await people.ask_top_up(case, "t-1", 1_000_000)
        await case.until(lambda: case.top_ups["t-1"].state is TopUpState.REFUSED)
        await people.discharge_visit(case, 5_000_000)
        await people.ask_top_up(case, "t-2", 1_000_000)
        await case.until(lambda: case.top_ups["t-2"].state is TopUpState.REFUSED)
        assert case.told.count("top_up_refused") == 2
        # A date that comes after the visit is written down as not taken.
        await people.notice_discharge(case, case.today, notice_id="d-2")
        await case.until(lambda: "discharge_refused" in case.lines)
        await people.file_claim(case)
        await people.decide(case, "approved", 5_000_000)
        await case.ends(Stage.CLOSED)


async def test_open_top_ups_are_called_off_at_discharge_wherever_they_stand(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.today + timedelta(days=1))
        await people.ask_top_up(case, "t-on-site", 1_000_000)
        await people.answer_top_up(case, "t-on-site", mode=PaymentMode.CONTRACTED_NURSE)
        await case.task(TaskKind.ON_SITE_TOP_UP)
        case.partners.visit_answers = [VisitAnswer(accepted=False, reason="no_nurse")]
        await people.ask_top_up(case, "t-no-nurse", 1_000_000)
        await people.answer_top_up(case, "t-no-nurse", mode=PaymentMode.CONTRACTED_NURSE)
        await case.task(TaskKind.ARRANGE_VISIT)
        await people.ask_top_up(case, "t-over", 49_000_000)
        await people.answer_top_up(case, "t-over")
        await case.task(TaskKind.ACCEPT_OFFER)
        await people.ask_top_up(case, "t-new", 1_000_000)
        await case.task(TaskKind.ANSWER_TOP_UP, subject="t-new")
        await people.discharge_visit(case, 5_000_000)
        await case.until(lambda: set(_states(case).values()) == {TopUpState.REFUSED})
        await people.file_claim(case)
        await people.decide(case, "approved", 5_000_000)
        await case.ends(Stage.CLOSED)
        assert list(case.partners.paid) == [case.movement(1)]


async def test_a_top_up_whose_payment_is_out_is_waited_for_and_counted(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.today + timedelta(days=1))
        await people.ask_top_up(case, "t-1", 2_000_000)
        case.partners.answers = [case.partners.pending(code_url="https://code.example")]
        await people.answer_top_up(case, "t-1", mode=PaymentMode.QR_CODE)
        await case.until(lambda: case.movement(2) in case.payments)
        case.partners.pays(case.movement(2), 2_000_000)
        await people.discharge_visit(case, 7_000_000)
        await case.until(lambda: case.partners.taken_back == [case.movement(2)])
        await people.slip(case, 2)
        await people.file_claim(case)
        await people.decide(case, "approved", 7_000_000)
        await case.ends(Stage.CLOSED)
        assert case.top_ups["t-1"].state is TopUpState.PAID


async def test_an_offer_nobody_answers_holds_up_no_later_request_and_lapses(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.ask_top_up(case, "t-over", 49_000_000)
        await people.answer_top_up(case, "t-over")
        offer = await case.task(TaskKind.ACCEPT_OFFER)
        assert offer.due_at is not None
        await people.ask_top_up(case, "t-2", 1_000_000)
        await people.answer_top_up(case, "t-2")
        await people.slip(case, 2)
        await case.time.go_to(offer.due_at + timedelta(minutes=1))
        await case.until(lambda: case.top_ups["t-over"].state is TopUpState.REFUSED)
        assert case.top_ups["t-over"].reason == "客户未在期限内确认剩余额度"


async def test_somebody_is_sent_before_a_way_on_site_and_called_off_with_the_top_up(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        case.partners.answers = [case.partners.refused(), case.partners.refused()]
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.answer_top_up(case, "t-1")
        await case.task(TaskKind.ON_SITE_TOP_UP)
        (visit,) = [one for one in case.partners.visits.values() if one.purpose == "top_up"]
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 5_000_000)
        await case.until(lambda: case.top_ups["t-1"].state is TopUpState.REFUSED)
        await case.until(lambda: case.partners.cancelled == [visit.visit_id])
        assert list(case.partners.paid) == [case.movement(1)]


async def test_the_way_the_dispatcher_names_when_no_nurse_comes_is_the_way_taken(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        case.partners.visit_answers = [VisitAnswer(accepted=False, reason="no_nurse")]
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.answer_top_up(case, "t-1", mode=PaymentMode.CONTRACTED_NURSE)
        await people.arrange(case, mode=PaymentMode.HOSPITAL_ONLINE)
        await people.slip(case, 2)
        assert case.partners.ordered[-1].mode is PaymentMode.HOSPITAL_ONLINE


# The day of discharge ----------------------------------------------------------------------------


async def test_a_discharge_put_off_on_the_day_takes_the_case_back_to_the_ward(
    case_of: CaseOf,
) -> None:
    async with case_of("2026-06-23 14:00") as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.day("2026-06-24"), notice_id="d-1")
        await case.go_to("2026-06-24 08:00")
        await case.until(lambda: case.stage is Stage.DISCHARGE)
        await people.notice_discharge(case, case.day("2026-06-26"), notice_id="d-2")
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.answer_top_up(case, "t-1")
        await people.slip(case, 2)
        await case.go_to("2026-06-26 09:30")
        await case.until(lambda: case.stage is Stage.DISCHARGE)
        await people.discharge_visit(case, 6_000_000)
        assert (await case.task(TaskKind.FILE_CLAIM)).due_at is not None
        assert case.clocks["K07.1"].state is ClockState.MET


async def test_a_nurse_platform_that_is_away_holds_up_neither_top_ups_nor_discharge(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)

        def away(verb: str) -> None:
            if verb == "order_visit":
                raise ConnectionError("nurse platform is away")

        case.partners.fail = away
        await people.notice_discharge(case, case.today)
        await case.until(lambda: case.stage is Stage.DISCHARGE)
        await people.notice_discharge(case, case.today + timedelta(days=2), notice_id="d-2")
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.answer_top_up(case, "t-1")
        await people.slip(case, 2)
        case.partners.fail = lambda _: None
        await case.until(lambda: case.told.count("discharge_visit") == 1)
        (visit,) = [one for one in case.partners.visits.values() if one.purpose == "discharge"]
        assert visit.visit_at.date() == case.today + timedelta(days=2)


async def test_a_refused_discharge_visit_is_arranged_by_a_dispatcher(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        case.partners.visit_answers = [VisitAnswer(accepted=False, reason="no_nurse")]
        await people.notice_discharge(case, case.today)
        await people.arrange(case)
        await case.until(lambda: "discharge_visit" in case.told)
        (visit,) = [one for one in case.partners.visits.values() if one.purpose == "discharge"]
        assert visit.visit_id == f"{case.case_id}:visit_discharge:2"


async def test_surgery_and_each_bedside_visit_bring_the_next_care(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        duties = {task.duty for task in case.open_tasks.values() if task.kind is TaskKind.CARE}
        assert duties == {CareDuty.ADMISSION_FORMALITIES, CareDuty.BEDSIDE_VISIT}
        visit = next(
            task for task in case.open_tasks.values() if task.duty is CareDuty.BEDSIDE_VISIT
        )
        form = {
            "duties": ["bedside_visit", "communication"],
            "note": "已探望",
            "images": ["i-6"],
            "surgery_on": (case.today + timedelta(days=2)).isoformat(),
        }
        await case.complete(visit, NURSE, form)
        await case.until(
            lambda: CareDuty.SURGERY_FORMALITIES in {task.duty for task in case.open_tasks.values()}
        )
        again = [task for task in case.open_tasks.values() if task.duty is CareDuty.BEDSIDE_VISIT]
        assert [task.due_at - visit.due_at for task in again if visit.due_at] != [timedelta()]
        await people.discharged(case, 5_000_000)
        await people.decide(case, "approved", 5_000_000)
        await case.ends(Stage.CLOSED)


async def test_a_top_up_that_does_not_fit_any_more_is_refused_and_nobody_seeks_a_way_for_it(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused()]
        await case.open()
        await people.admitted_by(case, 2)
        await people.ask_top_up(case, "t-1", 45_000_000)
        await people.answer_top_up(case, "t-1", mode=PaymentMode.CONTRACTED_NURSE)
        await case.task(TaskKind.ON_SITE_TOP_UP)
        # The deposit's first way was paid after all: what was granted does not fit beside it.
        await case.partner_says(1, PaymentStatus.PAID)
        doubt = await case.task(TaskKind.CORRECT_PAYMENT)
        await people.correct(case, doubt, 5_000_000)
        await case.do(TaskKind.ON_SITE_TOP_UP, NURSE, images=["i-7"])
        await case.until(lambda: case.top_ups["t-1"].state is TopUpState.REFUSED)
        assert case.top_ups["t-1"].reason == "超出可用额度"
        await case.settled()
        assert case.alerts == []
        assert TaskKind.ARRANGE_VISIT not in {task.kind for task in case.open_tasks.values()}
        await people.discharged(case, 10_000_000)
        await people.decide(case, "approved", 10_000_000)
        await case.ends(Stage.CLOSED)
