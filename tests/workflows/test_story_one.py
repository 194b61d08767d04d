"""Story 1 to the minute and to the fen, and its endings, against fake partners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from activities.ports.cases import TopUpState
from domain.clock import ClockState
from domain.posting import Account
from domain.steps.kinds import CareDuty, TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import NURSE
from tests.workflows import people
from tests.workflows.conftest import Case

CaseOf = Callable[..., Any]

LIMIT = 50_000_000


async def test_story_one_runs_to_the_minute_and_to_the_fen(case_of: CaseOf) -> None:
    async with case_of("2026-04-29 20:10") as case:
        await case.open(planned_admission=case.day("2026-05-06"))
        await _intake(case)
        await _first_deposit(case)
        await _first_top_ups(case)
        await _last_top_ups(case)
        await _goes_home(case)
        await case.go_to("2026-06-29 10:00")
        await people.decide(case, "approved", LIMIT)
        await case.ends(Stage.CLOSED)

        assert _promises(case) == PROMISES
        assert _moved_fen(case) == {
            "payer_cash>hospital_deposit": LIMIT,
            "hospital_deposit>advance_outstanding": LIMIT,
            "claim_payable>payer_cash": LIMIT,
            "advance_outstanding>claim_payable": LIMIT,
        }
        assert all(clock.state is ClockState.MET for clock in case.clocks.values())
        assert case.alerts == []
        assert case.pages[-1].claim_state == "approved"


PROMISES = {
    "K09.1": ("04-30 24:00", "04-29 20:10"),
    "K02.1": ("04-29 20:40", "04-29 20:32"),
    "K03.1": ("04-30 20:10", "04-30 11:20"),
    "K04.1": ("04-30 24:00", "04-30 16:00"),
    "K05.1": ("05-06 24:00", "05-06 08:40"),
    "K08I.1": ("05-07 08:40", "05-06 08:55"),
    "K02.2": ("05-08 19:30", "05-08 19:20"),
    "K06.1": ("05-09 24:00", "05-09 10:15"),
    "K08I.2": ("05-10 10:15", "05-09 10:15"),
    "K02.3": ("05-18 10:30", "05-18 10:00"),
    "K06.2": ("05-19 24:00", "05-18 10:35"),
    "K08I.3": ("05-19 10:35", "05-18 10:35"),
    "K02.4": ("06-05 22:45", "06-05 22:15"),
    "K06.3": ("06-08 24:00", "06-08 09:20"),
    "K08I.4": ("06-09 09:20", "06-08 09:20"),
    "K02.5": ("06-18 15:30", "06-18 15:00"),
    "K06.4": ("06-22 24:00", "06-22 10:00"),
    "K08I.5": ("06-23 10:00", "06-22 10:00"),
    "K02.6": ("06-22 10:30", "06-22 10:00"),
    "K07.1": ("06-25 24:00", "06-25 11:00"),
    "K08.1": ("06-26 11:00", "06-26 10:00"),
}
"""Each clock of the story: due, and met."""


async def _intake(case: Case) -> None:
    await case.go_to("2026-04-29 20:32")
    await people.contact(case)
    await people.assign_team(case)
    await case.go_to("2026-04-29 21:40")
    await people.authorize(case)
    await case.go_to("2026-04-30 11:20")
    await people.complete_papers(case)
    await people.judge(case, limit=people.money(LIMIT))
    await case.go_to("2026-04-30 16:00")
    await people.tell_result(case)


async def _first_deposit(case: Case) -> None:
    await people.arrange(case, "2026-05-06 08:40")
    await case.task(TaskKind.SIGN_ON_SITE)
    await case.go_to("2026-05-06 08:40")
    await people.sign_on_site(case)
    await case.task(TaskKind.HAND_IN_SLIP)
    await case.go_to("2026-05-06 08:55")
    await people.slip(case, 1)
    await people.care(case, CareDuty.ADMISSION_FORMALITIES)


async def _first_top_ups(case: Case) -> None:
    await case.go_to("2026-05-08 19:00")
    await people.ask_top_up(case, "t-1", 10_000_000)
    await case.task(TaskKind.ANSWER_TOP_UP)
    await case.go_to("2026-05-08 19:20")
    await people.answer_top_up(case, "t-1", mode=PaymentMode.CONTRACTED_NURSE)
    await case.task(TaskKind.ON_SITE_TOP_UP)
    await case.go_to("2026-05-09 10:15")
    await case.do(TaskKind.ON_SITE_TOP_UP, NURSE, images=["i-7"])
    await people.slip(case, 2)
    await case.go_to("2026-05-18 10:00")
    await people.ask_top_up(case, "t-2", 15_000_000)
    case.partners.answers.append(case.partners.pending())
    await people.answer_top_up(case, "t-2")
    await case.until(lambda: len(case.payments) == 3)
    await case.go_to("2026-05-18 10:35")
    await case.partner_pays(3)
    await people.slip(case, 3)
    assert case.pages[-1].advanced_fen == 30_000_000


async def _last_top_ups(case: Case) -> None:
    await case.go_to("2026-06-05 22:15")
    await people.ask_top_up(case, "t-3", 15_000_000)
    case.partners.answers.append(case.partners.pending(code_url="https://code.example/3"))
    await people.answer_top_up(case, "t-3", mode=PaymentMode.QR_CODE)
    await case.until(lambda: case.payments[case.movement(4)].code_url)
    await case.go_to("2026-06-08 09:20")
    await case.partner_pays(4)
    await people.slip(case, 4)

    await case.go_to("2026-06-18 15:00")
    await people.ask_top_up(case, "t-4", 6_000_000)
    await people.answer_top_up(case, "t-4", mode=PaymentMode.CONTRACTED_NURSE)
    await people.answer_offer(case, "t-4")
    await case.task(TaskKind.ON_SITE_TOP_UP)
    assert case.top_ups["t-4"].offered_fen == case.top_ups["t-4"].granted_fen == 5_000_000
    await case.go_to("2026-06-22 10:00")
    await case.do(TaskKind.ON_SITE_TOP_UP, NURSE, images=["i-8"])
    await people.slip(case, 5)
    assert case.pages[-1].advanced_fen == LIMIT
    await people.ask_top_up(case, "t-5", 1)
    await case.until(lambda: "t-5" in case.top_ups)
    assert case.top_ups["t-5"].state is TopUpState.REFUSED


async def _goes_home(case: Case, bill_fen: int = LIMIT) -> None:
    await case.go_to("2026-06-23 14:00")
    await people.notice_discharge(case, case.day("2026-06-25"))
    await case.task(TaskKind.DISCHARGE_VISIT)
    await case.go_to("2026-06-25 11:00")
    await people.discharge_visit(case, bill_fen)
    await case.task(TaskKind.FILE_CLAIM)
    await case.go_to("2026-06-26 10:00")
    await people.file_claim(case)
    await case.until(lambda: case.stage is Stage.ADJUDICATION)


def _promises(case: Case) -> dict[str, tuple[str, str]]:
    return {
        clock.instance: (case.civil(clock.due_at), case.civil(clock.met_at))
        for clock in case.clocks.values()
    }


def _moved_fen(case: Case) -> dict[str, int]:
    """What went from one account to another, whole case."""
    held = [
        hold.amount_fen for key, hold in case.books.holds.items() if case.books.ended[key] == "post"
    ]
    moved = {f"{Account.PAYER_CASH}>{Account.HOSPITAL_DEPOSIT}": sum(held)}
    for one in case.books.transfers.values():
        pair = f"{one.credit}>{one.debit}"
        moved[pair] = moved.get(pair, 0) + one.amount_fen
    return moved
