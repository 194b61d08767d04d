"""One story an ending, each as short as its ending allows; their histories are what is replayed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from adapters.settings import Settings
from domain.eligibility import Outcome
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import AGENT, NURSE, REVIEWER, SUPERVISOR, a_verdict
from tests.replay import bookings, claims, consultations, early, rescues
from tests.replay import escorts as escorts_told
from tests.workflows import advances, opinions, people, reimbursed
from tests.workflows.asking import Asked, enquiry_opener
from tests.workflows.booked import booking_opener
from tests.workflows.conftest import Case, opener
from tests.workflows.reconciling import CASE as RECONCILED_CASE
from tests.workflows.reconciling import (
    DAY,
    Reconciled,
    a_line,
    a_payment,
    reconciliation_opener,
)


@dataclass(frozen=True)
class Story:
    """What happens in a case or an enquiry until it ends, and how it is opened."""

    tell: Callable[[Any], Awaitable[None]]
    many_runs: bool = False  # on a server that suggests a new run early; its first run is kept
    opener: Callable[[Settings], Callable[[], AbstractAsyncContextManager[Any]]] = opener


async def _closed_by_offset(case: Case) -> None:
    """A top-up by code, one on site beyond the limit, a date that moves; the claim pays all."""
    await case.open(planned_admission=case.today + timedelta(days=1))
    await people.admitted(case)
    case.partners.answers = [case.partners.pending(code_url="https://code.example/2")]
    await people.ask_top_up(case, "t-1", 30_000_000)
    await people.answer_top_up(case, "t-1", mode=PaymentMode.QR_CODE)
    await case.until(lambda: case.payments[case.movement(2)].code_url)
    await case.time.go_to(case.time.now() + timedelta(days=1))
    await case.partner_pays(2)
    await people.slip(case, 2)
    await people.ask_top_up(case, "t-2", 16_000_000)
    await people.answer_top_up(case, "t-2", mode=PaymentMode.CONTRACTED_NURSE)
    await people.answer_offer(case, "t-2")
    await case.do(TaskKind.ON_SITE_TOP_UP, NURSE, images=["i-7"])
    await people.slip(case, 3)
    await people.notice_discharge(case, case.today + timedelta(days=3))
    await people.notice_discharge(case, case.today + timedelta(days=1), notice_id="d-2")
    await case.time.go_to(case.time.now() + timedelta(days=1))
    await people.discharge_visit(case, 50_000_000)
    await people.file_claim(case)
    await people.decide(case, "approved", 50_000_000)
    await case.ends(Stage.CLOSED)


async def _closed_after_refund_and_residual(case: Case) -> None:
    """The first way refuses, the second is unknown for a while; refund in two parts, a residual."""
    case.partners.answers = [case.partners.refused(), case.partners.unknown()]
    await case.open()
    await people.at_the_bed(case, PaymentMode.HOSPITAL_ONLINE)
    await people.sign_on_site(case)
    await case.until(lambda: case.movement(2) in case.payments)
    case.partners.pays(case.movement(2), 5_000_000)
    await case.time.go_to(case.time.now() + timedelta(minutes=1))
    await people.slip(case, 2)
    await people.notice_discharge(case, case.today)
    await people.discharge_visit(case, 4_300_000)
    await people.refund(case, 300_000, "B-1")
    await people.file_claim(case)
    await people.decide(case, "approved", 5_000_000)
    await people.refund(case, 400_000, "B-2")
    await case.ends(Stage.CLOSED)


async def _closed_after_repayment(case: Case) -> None:
    """Denied; the customer pays late, in two parts, after three reminders."""
    await case.open()
    await people.admitted(case)
    await people.discharged(case, 5_000_000)
    await people.decide(case, "denied")
    await people.repay(case, 2_000_000)
    await case.time.go_to(case.time.now() + timedelta(days=40))
    await case.do(TaskKind.BREACH, SUPERVISOR, subject="还款逾期", action="已电话联系")
    await people.repay(case, 3_000_000)
    await case.ends(Stage.CLOSED)


async def _declined(case: Case) -> None:
    """The review says no."""
    await case.open()
    await people.contact(case)
    await people.assign_team(case)
    await people.authorize(case)
    await people.complete_papers(case)
    await people.judge(case, approved=False)
    await people.tell_result(case)
    await case.ends(Stage.DECLINED)


async def _rejected(case: Case) -> None:
    """The rules say no."""
    await case.open(verdict=a_verdict().model_copy(update={"outcome": Outcome.REJECTED}))
    await case.ends(Stage.REJECTED)


async def _cancelled(case: Case) -> None:
    """The customer withdraws while the nurse is on her way."""
    await case.open()
    await people.at_the_bed(case)
    await people.withdraw(case)
    await case.ends(Stage.CANCELLED)


async def _expired(case: Case) -> None:
    """The authorisation is never signed; every promise of the review is broken on the way."""
    await case.open()
    await people.contact(case)
    await people.assign_team(case)
    await case.task(TaskKind.SIGN_AUTHORIZATION)
    await case.time.go_to(case.time.now() + timedelta(days=31))
    for alert in await case.until(lambda: case.alerts):
        await people.acknowledge(case, alert)
    await case.ends(Stage.EXPIRED)


async def _expired_in_review(case: Case) -> None:
    """The reviewer asks for more papers: once they come, the second time they do not."""
    await case.open()
    await people.contact(case)
    await people.assign_team(case)
    await people.authorize(case)
    await people.complete_papers(case)
    more: dict[str, Any] = {"approved": False, "missing": ["imaging_film"]}
    await people.judge(case, **more)
    whole = people.PAPERS | {"imaging_film": ["doc-2"]}
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=whole, complete=True)
    await people.judge(case, **more)
    await case.task(TaskKind.CONFIRM_DOCUMENTS)
    await case.time.go_to(case.time.now() + timedelta(days=31))
    for alert in await case.until(lambda: case.alerts):
        await people.acknowledge(case, alert)
    await case.ends(Stage.EXPIRED)


async def _continued_as_new(case: Case) -> None:
    """On the ward, with a slip still due, the case goes on in a new run."""
    await case.open()
    await people.at_the_bed(case)
    await people.sign_on_site(case)
    await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
    await case.settled()
    await people.ask_top_up(case, "t-1", 1_000_000)
    await people.answer_top_up(case, "t-1")
    await people.slip(case, 1)
    await people.slip(case, 2)
    await people.discharged(case, 6_000_000)
    await people.decide(case, "approved", 6_000_000)
    await case.ends(Stage.CLOSED)


async def _enquiry_done(enquiry: Asked) -> None:
    """Passed on, answered too late, decided by head office; the supervisor hears of it."""
    await enquiry.do(AGENT, forward_to="reviewer")
    await enquiry.task(Role.REVIEWER)
    await enquiry.time.go_to(enquiry.time.now() + timedelta(minutes=4))
    await enquiry.do(REVIEWER, answer="需总公司解释", forward_to="head_office")
    await enquiry.do(SUPERVISOR, answer="不在服务范围", closes=True)
    await enquiry.do(SUPERVISOR, TaskKind.BREACH, action="已加人")
    await enquiry.ends()


async def _reconciled(day: Reconciled) -> None:
    """One difference of a case that ended meanwhile, one of nobody's."""
    day.sides.ours, day.sides.open_cases = (
        a_payment(f"{RECONCILED_CASE}:deposit:1"),
        {RECONCILED_CASE},
    )
    day.sides.lines = {DAY: [a_line("zz-nobody:deposit:1")]}
    assert len((await day.run()).in_house) == 2


async def _closed_after_aftercare(case: Case) -> None:
    """Papers fetched, two signatures, the file by courier, three consultations (P02's terms)."""
    await advances.opened(case, advances.P02)
    await advances.contact(case, visit_wanted=True)
    await advances.team(case)
    await case.do(TaskKind.DOCUMENT_VISIT, NURSE, images=["i-1"])
    await advances.papers(case, advances.P02)
    await people.judge(case, deposit_fen=2_000_000)
    await advances.second(case)
    await advances.told(case)
    await advances.signed(case)
    await people.slip(case, 1)
    await people.notice_discharge(case, case.today)
    await people.discharge_visit(case, 2_000_000)
    await case.do(TaskKind.FILE_CLAIM, AGENT, images=["i-5"], courier_no="SF-1")
    await people.decide(case, "approved", 2_000_000)
    for _ in range(3):
        await case.do(TaskKind.AFTERCARE, AGENT, note="已咨询")
    await case.ends(Stage.CLOSED)


async def _consumed(case: Case) -> None:
    """Nobody was there to sign, and that uses the service up (P20's terms)."""
    await advances.opened(case, advances.P20)
    await advances.reviewed(case, advances.P20)
    await advances.told(case)
    await advances.signed(case, agreements_signed=False, no_show=True)
    await case.ends(Stage.CONSUMED)


STORIES = {
    "DepositWaiver.closed_by_offset": Story(_closed_by_offset),
    "DepositWaiver.closed_after_refund_and_residual": Story(_closed_after_refund_and_residual),
    "DepositWaiver.closed_after_repayment": Story(_closed_after_repayment),
    "DepositWaiver.declined": Story(_declined),
    "DepositWaiver.rejected": Story(_rejected),
    "DepositWaiver.cancelled": Story(_cancelled),
    "DepositWaiver.expired": Story(_expired),
    "DepositWaiver.expired_in_review": Story(_expired_in_review),
    "DepositWaiver.continued_as_new": Story(_continued_as_new, many_runs=True),
    "DepositWaiver.closed_after_aftercare": Story(_closed_after_aftercare),
    "DepositWaiver.consumed": Story(_consumed),
    **{name: Story(tell) for name, tell in claims.STORIES.items()},
    "Enquiry.done": Story(_enquiry_done, opener=enquiry_opener),
    **{name: Story(tell, opener=opens) for name, (tell, opens) in bookings.STORIES.items()},
    **{name: Story(tell, opener=opens) for name, (tell, opens) in early.STORIES.items()},
    **{
        f"Consultation.{tell.__name__}": Story(tell, opener=partial(booking_opener, of=of))
        for tell, of in consultations.STORIES
    },
    "WrittenOpinion.gene_test_closed": Story(
        opinions.gene_test_closed,
        opener=partial(booking_opener, of=("ins_oncology", "gene_testing")),
    ),
    "WrittenOpinion.unavailable": Story(
        opinions.unavailable,
        opener=partial(booking_opener, of=("pingan_oncology_157", "second_opinion")),
    ),
    "Escort.closed": Story(escorts_told.closed, opener=escorts_told.opener),
    "Escort.no_show": Story(escorts_told.no_show, opener=escorts_told.opener),
    "Reimbursement.paid_back": Story(
        reimbursed.paid_back, opener=partial(booking_opener, of=reimbursed.TRAVEL)
    ),
    "Reimbursement.declined": Story(
        reimbursed.declined, opener=partial(booking_opener, of=reimbursed.TRAVEL)
    ),
    "Rehabilitation.a_year_of_calls": Story(
        reimbursed.a_year_of_calls, opener=partial(booking_opener, of=reimbursed.CALLS)
    ),
    "Rescue.admitted": Story(rescues.admitted, opener=rescues.rescue_opener),
    "Rescue.died": Story(rescues.died, opener=rescues.rescue_opener),
    "Rescue.transferred": Story(rescues.transferred, opener=rescues.rescue_opener),
    "Rescue.under_control": Story(rescues.under_control, opener=rescues.rescue_opener),
    "Rescue.served": Story(rescues.served, opener=rescues.rescue_opener),
    "Reconciliation.two_differences": Story(_reconciled, opener=reconciliation_opener),
}
"""The story of each history, by workflow and ending: the name of its file."""
