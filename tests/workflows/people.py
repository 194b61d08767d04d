"""The people of a case: what each of them does at a step, as the stories tell it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from activities.ports.cases import TaskOpened
from domain.steps.kinds import CareDuty, TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import AGENT, CUSTOMER, DISPATCHER, FINANCE, NURSE, REVIEWER, SUPERVISOR
from tests.workflows.conftest import Case
from workflows.messages.cases import (
    Authorize,
    ClaimDecided,
    NoticeDischarge,
    RefundReceived,
    RequestTopUp,
    Withdraw,
)
from workflows.messages.matters import Accepted

PAPERS = {
    kind: ["doc-1"]
    for kind in (
        "id_card_front",
        "id_card_back",
        "diagnosis_proof",
        "admission_slip",
        "pathology_report",
    )
}
"""The checklist of a cancer, complete."""

CLAIM_PAPERS = {kind: ["doc-2"] for kind in ("original_invoice", "fee_list", "discharge_summary")}
"""What the claim needs, complete."""


def money(fen: int) -> dict[str, str]:
    """An amount as it stands in a form."""
    return {"amount": f"{fen // 100}.{fen % 100:02d}"}


async def contact(case: Case, *, identity_verified: bool = True) -> None:
    await case.do(
        TaskKind.FIRST_CONTACT,
        AGENT,
        identity_verified=identity_verified,
        need="住院押金",
        checklist_sent=True,
        note="" if identity_verified else "证件与本人不符",
    )


async def assign_team(case: Case) -> None:
    await case.do(
        TaskKind.ASSIGN_TEAM,
        DISPATCHER,
        agent_id=AGENT.id,
        nurse_id=NURSE.id,
        doctor_id="doctor-1",
    )


async def authorize(case: Case, *, signed: bool = True) -> None:
    await case.task(TaskKind.SIGN_AUTHORIZATION)
    message = Authorize(
        signed=signed, images=["i-1"] if signed else [], actor=CUSTOMER, at=case.time.now()
    )
    await case.update("authorize", message)


async def complete_papers(case: Case) -> None:
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=PAPERS, complete=True)


def a_plan(*, approved: bool = True, deposit_fen: int = 5_000_000, **other: Any) -> dict[str, Any]:
    plan: dict[str, Any] = {
        "approved": approved,
        "in_scope": True,
        "previous_history": "none",
        "first_deposit": money(deposit_fen) if approved else None,
        "treatment_talk": "已沟通",
        "reason": "" if approved else "不属于约定疾病",
    }
    return plan | other


async def judge(case: Case, **plan: Any) -> None:
    await case.do(TaskKind.JUDGE_LIABILITY, REVIEWER, **a_plan(**plan))


async def tell_result(case: Case) -> None:
    await case.do(TaskKind.TELL_RESULT, AGENT, told_by="phone")


async def arrange(
    case: Case, at: str | None = None, mode: PaymentMode | None = PaymentMode.INHOUSE_SPECIALIST
) -> None:
    visit_at = case.at(at) if at else case.time.now() + timedelta(hours=1)
    await case.do(
        TaskKind.ARRANGE_VISIT,
        DISPATCHER,
        visit_at=visit_at.isoformat(),
        payment_mode=mode.value if mode else None,
    )


async def sign_on_site(case: Case, *, signed: bool = True) -> None:
    await case.do(TaskKind.SIGN_ON_SITE, NURSE, agreements_signed=signed, images=["i-2"])


async def slip(case: Case, movement_number: int) -> None:
    subject = f"{case.case_id}:deposit:{movement_number}"
    await case.task(TaskKind.HAND_IN_SLIP, subject=subject)
    number = case.payments[subject].receipt_no or "R-1"
    await case.do(TaskKind.HAND_IN_SLIP, NURSE, subject=subject, images=["i-3"], receipt_no=number)


async def reviewed(case: Case, **plan: Any) -> None:
    """From the report to the visit that is to be arranged, all in one evening."""
    await contact(case)
    await assign_team(case)
    await authorize(case)
    await complete_papers(case)
    await judge(case, **plan)
    await tell_result(case)
    await case.task(TaskKind.ARRANGE_VISIT)


async def at_the_bed(case: Case, mode: PaymentMode | None = None, **plan: Any) -> None:
    """From the report to the nurse at the bed, who only has to sign."""
    await reviewed(case, **plan)
    await arrange(case, mode=mode or PaymentMode.INHOUSE_SPECIALIST)
    await case.task(TaskKind.SIGN_ON_SITE)


async def admitted(case: Case, mode: PaymentMode | None = None, **plan: Any) -> None:
    """From the report to the ward, the first deposit paid and its slip handed in."""
    await at_the_bed(case, mode, **plan)
    await sign_on_site(case)
    await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
    await slip(case, 1)


async def admitted_by(case: Case, movement_number: int) -> None:
    """To the ward, the first deposit paid by a way after some that were refused."""
    await at_the_bed(case)
    await sign_on_site(case)
    await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
    await slip(case, movement_number)


async def ask_top_up(case: Case, top_up_id: str, amount_fen: int) -> None:
    message = RequestTopUp(
        top_up_id=top_up_id,
        amount_fen=amount_fen,
        reason="deposit_used_up",
        channel="app",
        actor=CUSTOMER,
        at=case.time.now(),
    )
    await case.handle.signal("request_top_up", message)


async def answer_top_up(
    case: Case,
    top_up_id: str,
    *,
    accepted: bool = True,
    mode: PaymentMode | None = PaymentMode.HOSPITAL_ONLINE,
) -> None:
    await case.do(
        TaskKind.ANSWER_TOP_UP,
        AGENT,
        subject=top_up_id,
        accepted=accepted,
        payment_mode=mode.value if mode else None,
        reason="" if accepted else "单据不符",
    )


async def answer_offer(case: Case, top_up_id: str, *, accepted: bool = True) -> None:
    await case.do(TaskKind.ACCEPT_OFFER, CUSTOMER, subject=top_up_id, accepted=accepted)


async def care(case: Case, *duties: CareDuty, surgery_on: date | None = None) -> None:
    await case.do(
        TaskKind.CARE,
        NURSE,
        duties=[duty.value for duty in duties],
        note="已探望",
        images=["i-6"],
        surgery_on=surgery_on.isoformat() if surgery_on else None,
    )


async def notice_discharge(
    case: Case, on: date, *, notice_id: str = "d-1", at: datetime | None = None
) -> None:
    message = NoticeDischarge(
        notice_id=notice_id, discharge_on=on, actor=CUSTOMER, at=at or case.time.now()
    )
    await case.handle.signal("notify_discharge", message)


async def discharge_visit(case: Case, bill_fen: int, *, papers: bool = True) -> None:
    await case.do(
        TaskKind.DISCHARGE_VISIT,
        NURSE,
        bill=money(bill_fen),
        bill_confirmed=bill_fen == 0,
        claim_explained=True,
        documents_collected=papers,
        documents=CLAIM_PAPERS if papers else None,
        images=["i-4"],
    )


async def file_claim(case: Case) -> None:
    await case.do(TaskKind.FILE_CLAIM, AGENT, images=["i-5"])


async def discharged(case: Case, bill_fen: int) -> None:
    """From the ward to a filed claim, all in one day."""
    await notice_discharge(case, case.today)
    await discharge_visit(case, bill_fen)
    await file_claim(case)
    await case.until(lambda: case.stage is Stage.ADJUDICATION)


async def decide(case: Case, decision: str, payable_fen: int = 0) -> None:
    await decide_claim(case, f"{case.case_id}:claim", decision, payable_fen)


async def decide_claim(case: Case, claim_id: str, decision: str, payable_fen: int) -> None:
    message = ClaimDecided.model_validate(
        {
            "claim_id": claim_id,
            "decision": decision,
            "payable_fen": payable_fen,
            "at": case.time.now(),
        }
    )
    await case.handle.signal("claim_decided", message)


async def refund(case: Case, amount_fen: int, reference: str = "B-1") -> None:
    message = RefundReceived(
        refund_id=f"r-{reference}", amount_fen=amount_fen, reference=reference, at=case.time.now()
    )
    await case.handle.signal("refund_received", message)


async def repay(case: Case, amount_fen: int) -> None:
    await case.do(
        TaskKind.RECORD_REPAYMENT, FINANCE, amount=money(amount_fen), reference=f"B-{amount_fen}"
    )


async def correct(case: Case, task: TaskOpened, out_fen: int) -> None:
    """Finance found out what is really out under a movement."""
    found = {
        "really_out": money(out_fen),
        "reference": "B-fix" if out_fen else None,
        "evidence": "已与渠道核对",
    }
    await case.complete(task, FINANCE, found)


async def write_off(case: Case) -> None:
    """What is still owed is given up by two people."""
    await case.do(TaskKind.ARRANGE_REPAYMENT, FINANCE, write_off=True, reason="无力偿还")
    await case.do(TaskKind.SIGN_WRITE_OFF, SUPERVISOR, approved=True, reason="同意")


async def withdraw(case: Case, reason: str = "不再需要") -> Accepted:
    message = Withdraw(reason=reason, actor=CUSTOMER, at=case.time.now())
    return await case.update("withdraw", message)


async def acknowledge(case: Case, subject: str) -> None:
    await case.do(TaskKind.BREACH, SUPERVISOR, subject=subject, action="已跟进")
