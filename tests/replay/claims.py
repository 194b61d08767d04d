"""The stories of claims, one an ending, each as short as its ending allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from activities.ports.exchange import StatedBill
from domain.eligibility import Outcome
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from tests.builders import AGENT, INSURER, a_verdict
from tests.workflows import advances, people
from tests.workflows.conftest import Case
from workflows.claims.people import CALLS_MAX
from workflows.messages.cases import BillSettled

KNOWN: Final[dict[str, Any]] = {"disease": "colorectal_cancer", "diagnosis": "confirmed"}


async def paid(case: Case) -> None:
    """Asked once for a paper, decided by a person, paid out."""
    await advances.claimed(
        case, "ci_one_day_payout", disease="colorectal_cancer", diagnosis="confirmed"
    )
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, complete=False, missing=["diagnosis_proof"])
    papers = {"id_card_front": ["doc-1"], "diagnosis_proof": ["doc-2"]}
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=papers, complete=True)
    payable = people.money(25_000_000)
    await case.do(TaskKind.ADJUDICATE, INSURER, decision="approved", payable=payable)
    await case.ends(Stage.CLOSED)


async def settled(case: Case) -> None:
    """Settled with the bill at the counter."""
    await advances.claimed(case, "claim_direct_pay")
    await case.do(
        TaskKind.SETTLE_AT_COUNTER,
        AGENT,
        bill=people.money(774_362),
        social_paid=people.money(0),
        self_pay=people.money(104_838),
    )
    await case.ends(Stage.CLOSED)


async def settled_with_social(case: Case) -> None:
    """The data company delivers the bill, social insurance settles its part by callback."""
    case.partners.bills["E-0001"] = StatedBill(found=True, bill_fen=774_362)
    await advances.claimed(case, "claim_direct_pay", more={"bill_no": "E-0001"})
    await case.until(lambda: case.partners.settled)
    told = BillSettled(
        settlement_id=f"{case.case_id}:social",
        done=True,
        self_pay_fen=104_838,
        at=case.time.now(),
    )
    await case.handle.signal("bill_settled", told)
    await case.do(
        TaskKind.SETTLE_AT_COUNTER,
        AGENT,
        bill=people.money(774_362),
        social_paid=people.money(0),
        self_pay=people.money(104_838),
        amounts_shown=True,
    )
    await case.ends(Stage.CLOSED)


async def offered(case: Case) -> None:
    """Offered by us, helped with, visited, decided by a person, handed over at a branch."""
    more: dict[str, Any] = {"proactive": True, "branch": "sichuan", "branch_name": "四川省分公司"}
    known: dict[str, Any] = {"disease": "colorectal_cancer", "diagnosis": "confirmed"}
    await advances.claimed(case, "ci_one_day_payout", more=more, **known)
    await case.do(TaskKind.OFFER_CLAIM, AGENT, reached=False)
    await case.do(TaskKind.OFFER_CLAIM, AGENT, reached=True, wants=True, consent_version="v1")
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, complete=False, missing=["diagnosis_proof"])
    papers = {"id_card_front": ["doc-1"], "diagnosis_proof": ["doc-2"]}
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=papers, complete=True)
    await case.do(TaskKind.HOME_VISIT, AGENT, subject="资料齐全, 上门协助理赔", images=["i-1"])
    payable = people.money(25_000_000)
    await case.do(TaskKind.ADJUDICATE, INSURER, decision="approved", payable=payable)
    form: dict[str, Any] = {"branch": "zhejiang", "identity_verified": True, "reference": "CASH-1"}
    await case.do(TaskKind.HAND_OVER_MONEY, AGENT, **form)
    await case.ends(Stage.CLOSED)


async def rejected(case: Case) -> None:
    """The rules say no."""
    no = a_verdict().model_copy(update={"outcome": Outcome.REJECTED})
    await advances.claimed(case, "ci_one_day_payout", verdict=no, **KNOWN)
    await case.ends(Stage.REJECTED)


async def declined(case: Case) -> None:
    """A person decides that nothing is owed."""
    await advances.claimed(case, "ci_one_day_payout", **KNOWN)
    papers = {"id_card_front": ["doc-1"], "diagnosis_proof": ["doc-2"]}
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=papers, complete=True)
    nothing: dict[str, Any] = {"payable": people.money(0), "reason": "既往症"}
    await case.do(TaskKind.ADJUDICATE, INSURER, decision="denied", **nothing)
    await case.ends(Stage.DECLINED)


async def cancelled(case: Case) -> None:
    """Withdrawn while papers are missing."""
    await advances.claimed(case, "ci_one_day_payout", **KNOWN)
    await case.task(TaskKind.CONFIRM_DOCUMENTS)
    await people.withdraw(case)
    await case.ends(Stage.CANCELLED)


async def expired(case: Case) -> None:
    """Offered by us, and nobody is reached in all our calls."""
    await advances.claimed(case, "ci_one_day_payout", more={"proactive": True}, **KNOWN)
    for _ in range(CALLS_MAX):
        await case.do(TaskKind.OFFER_CLAIM, AGENT, reached=False)
    await case.ends(Stage.EXPIRED)


STORIES: Final[dict[str, Callable[[Case], Awaitable[None]]]] = {
    "Claim.paid": paid,
    "Claim.settled_at_counter": settled,
    "Claim.settled_with_social_insurance": settled_with_social,
    "Claim.offered_and_handed_over": offered,
    "Claim.rejected": rejected,
    "Claim.declined": declined,
    "Claim.cancelled": cancelled,
    "Claim.expired": expired,
}
"""Who tells it, by workflow and ending."""
