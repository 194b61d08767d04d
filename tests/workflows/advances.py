"""The steps that only some programmes ask for, as their people do them."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.eligibility import Verdict
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode
from tests.builders import AGENT, DISPATCHER, INSURER, NURSE, programme_of
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages.cases import ClaimAsked
from workflows.messages.matters import Actor

P02 = "pingan_value_added"
P19 = "annex2_ci_inpatient"
P20 = "ins_oncology"
P21 = "china_life_claims"
MODES = {
    P02: PaymentMode.MEDICAL_ASSISTANT_ONSITE,
    P19: PaymentMode.INSURER_STAFF_ONSITE,
    P20: PaymentMode.DIRECT_PAY,
    P21: PaymentMode.DIRECT_PAY,
}
PAPERS = {
    P02: ("id_card_front", "diagnosis_proof", "admission_slip"),
    P19: ("id_card_front", "diagnosis_proof"),
    P20: ("pathology_report", "record_book_copy"),
    P21: ("admission_slip",),
}


async def opened(case: Case, code: str, **more: Any) -> None:
    """A report under another programme."""
    await case.open(programme=programme_of(code), payment_modes=[MODES[code]], **more)


async def contact(case: Case, **more: Any) -> None:
    form: dict[str, Any] = {"identity_verified": True, "need": "住院垫付", "checklist_sent": True}
    asked = {"can_give_invoices": True, "visit_wanted": False}
    await case.do(TaskKind.FIRST_CONTACT, AGENT, **(form | asked | more))


async def team(case: Case) -> None:
    await case.do(TaskKind.ASSIGN_TEAM, DISPATCHER, agent_id=AGENT.id, nurse_id=NURSE.id)


async def papers(case: Case, code: str) -> None:
    documents = {kind: ["doc-1"] for kind in PAPERS[code]}
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=documents, complete=True)


async def second(case: Case, by: Actor = INSURER, **form: Any) -> None:
    await case.do(TaskKind.SECOND_REVIEW, by, **({"approved": True} | form))


async def told(case: Case, *, customer_date: date | None = None, note: str = "") -> None:
    day = customer_date.isoformat() if customer_date else None
    await case.do(TaskKind.TELL_RESULT, AGENT, told_by="phone", customer_date=day, note=note)


async def signed(case: Case, *, agreements_signed: bool = True, no_show: bool = False) -> None:
    await people.arrange(case, mode=None)
    await case.do(
        TaskKind.SIGN_ON_SITE,
        NURSE,
        documents={"authorisation": ["doc-3"]},
        agreements_signed=agreements_signed,
        no_show=no_show,
        images=["i-2"],
    )


async def reviewed(case: Case, code: str, *, deposit_fen: int = 2_000_000) -> None:
    """From the report to the judge's opinion."""
    await contact(case)
    await team(case)
    await papers(case, code)
    judge = Actor(role=Role.INSURER, id=INSURER.id) if code in (P20, P21) else None
    plan = people.a_plan(deposit_fen=deposit_fen)
    if judge is None:
        await people.judge(case, **{k: v for k, v in plan.items() if k != "approved"})
    else:
        await case.do(TaskKind.JUDGE_LIABILITY, judge, **plan)


async def claimed(
    case: Case,
    service: str,
    *,
    more: dict[str, Any] | None = None,
    verdict: Verdict | None = None,
    **elements: Any,
) -> None:
    """A claim of its own; `more` is what else was asked."""
    known = {"sum_insured_left": 25_000_000} | elements
    asked = ClaimAsked(service=service, elements=known, **(more or {}))
    judged = {} if verdict is None else {"verdict": verdict}
    await case.open(programme=programme_of(P21).for_case(service), claim=asked, **judged)
