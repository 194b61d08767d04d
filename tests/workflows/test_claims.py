"""Claims: refused and filed again, decided too early, or about something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from activities.ports.cases import ClaimReceipt
from domain.waiver import Stage
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages.cases import ClaimDecided

CaseOf = Callable[..., Any]


async def _decided(case: Case, claim: str, payable_fen: int) -> None:
    message = ClaimDecided(
        claim_id=f"{case.case_id}:{claim}",
        decision="approved",
        payable_fen=payable_fen,
        at=case.time.now(),
    )
    await case.handle.signal("claim_decided", message)


async def test_a_refused_claim_is_filed_again_under_the_next_id_with_the_whole_bill(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.today)
        case.partners.receipts = [ClaimReceipt(status="refused", reason="same_id_other_content")]
        await people.discharge_visit(case, 6_000_000)
        await people.file_claim(case)
        await people.file_claim(case)
        await case.until(lambda: case.stage is Stage.ADJUDICATION)
        (filing,) = case.partners.filed.values()
        assert filing.claim_id == f"{case.case_id}:claim:2"
        assert (filing.bill_fen, filing.advanced_fen) == (6_000_000, 5_000_000)
        # The claim that was refused decides nothing any more.
        await _decided(case, "claim", 1_000_000)
        await people.acknowledge(case, f"收到其他理赔的决定 {case.case_id}:claim")
        assert case.stage is Stage.ADJUDICATION
        await _decided(case, "claim:2", 5_000_000)
        await case.ends(Stage.CLOSED)


async def test_a_decision_that_overtakes_our_filing_waits_and_a_strange_one_is_told(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await _decided(case, "claim", 5_000_100)
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 5_000_000)
        await people.acknowledge(case, f"出院账单之前收到理赔决定, 未采用 {case.case_id}:claim")
        await _decided(case, "other", 1)
        await _decided(case, "claim", 5_000_000)
        await case.settled()
        assert case.stage is Stage.CLAIM_FILING
        await people.file_claim(case)
        await people.acknowledge(case, f"收到其他理赔的决定 {case.case_id}:other")
        await case.ends(Stage.CLOSED)
        assert case.pages[-1].claim_state == "approved"
        assert list(case.partners.paid) == [case.movement(1)]
