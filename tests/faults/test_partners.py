"""Each way a partner can misbehave, at each verb that moves money: paid once, at zero in the end.

The story is one stay with a residual for the customer. The network misbehaves at the deposit and at
the payout, the claims core at the filing. Whatever happens, the partner's own statement has each
amount once, the books end at zero, the customer is asked for nothing, and whoever must act has a
step that says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from activities.ports import PaymentStatus
from adapters.claims import ClaimsCore
from adapters.partner_http import PartnerLine
from adapters.payment import PaymentNetwork
from domain.steps import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import FINANCE
from tests.simulator_process import Listener, Simulator
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages import PaymentResult

CaseOf = Callable[..., Any]
DEPOSIT, RESIDUAL = 5_000_000, 70_000
PATIENCE = httpx.Timeout(connect=1.0, read=0.4, write=1.0, pool=1.0)
"""A partner that stays silent should not take a test the six seconds a cashier gets."""
ROUNDS = 14

FAULTS: dict[str, dict[str, Any]] = {
    "refuse": {"fault": "refuse"},
    "refuse, and say so later": {"fault": "refuse", "seconds": 0.2},
    "too slow": {"fault": "delay", "seconds": 1.0},
    "timeout after success": {"fault": "timeout_after_success"},
    "timeout three times": {"fault": "timeout_after_success", "times": 3},
    "told twice": {"fault": "answer_twice"},
    "late": {"fault": "answer_late", "seconds": 0.3},
    "5xx": {"fault": "error_first"},
    "5xx for a while": {"fault": "error_first", "times": 4},
    "garbage": {"fault": "garbage"},
}


@asynccontextmanager
async def _on_the_wire(case: Case, simulator: Simulator) -> AsyncIterator[None]:
    """Let the case pay and file over HTTP."""
    async with (
        PartnerLine(f"{simulator.url}/payment/v1", patience=PATIENCE) as payments,
        PartnerLine(f"{simulator.url}/claims/v1", patience=PATIENCE) as claims,
    ):
        await case.stop_worker()
        case.wires = {"payment": PaymentNetwork(payments), "claims": ClaimsCore(claims)}
        await case.start_worker()
        yield
        await case.stop_worker()


async def _until(case: Case, told: Listener, fact: Callable[[], Any]) -> None:
    """Let time pass until something holds, with every callback delivered, also twice and late."""
    delivered = 0
    for _ in range(ROUNDS):
        for _ in range(10):
            if fact():
                return
            await asyncio.sleep(0.05)
        for callback in told.about(case.case_id)[delivered:]:
            delivered += 1
            event = callback.event
            if event["event"] == "payment_result":
                await _deliver(case, event)
        await case.time.go_to(case.time.now() + timedelta(minutes=10))
    raise AssertionError(f"stuck at {case.stage}; open: {sorted(case.open_tasks)}")


async def _deliver(case: Case, event: dict[str, Any]) -> None:
    result = PaymentResult(
        movement_id=event["movement_id"],
        status=PaymentStatus(event["status"]),
        amount_fen=int(event["amount"]["amount"].replace(".", "")),
        receipt_no=event["receipt_no"],
        reason=event["reason_code"],
        at=case.time.now(),
    )
    await case.handle.signal("payment_result", result)


def _open(case: Case, kind: TaskKind) -> bool:
    return any(task.kind is kind for task in case.open_tasks.values())


def _moved(simulator: Simulator, case: Case) -> dict[str, list[int]]:
    """What the partner's own books have for the case, by kind."""
    found: dict[str, list[int]] = {"payment": [], "payout": []}
    for number in range(1, 6):
        for entry in simulator.moved(case.movement(number)):
            found["payment"].append(int(entry["amount"]["amount"].replace(".", "")))
    for entry in simulator.moved(f"{case.case_id}:payout"):
        found["payout"].append(int(entry["amount"]["amount"].replace(".", "")))
    return found


@pytest.mark.parametrize("name", FAULTS)
async def test_whatever_a_partner_does_money_moves_once_and_the_case_ends_at_zero(
    case_of: CaseOf, simulator: Simulator, listener: Listener, name: str
) -> None:
    fault = FAULTS[name]
    async with case_of() as case, _on_the_wire(case, simulator):
        await case.open()
        await people.at_the_bed(case, PaymentMode.HOSPITAL_ONLINE)
        simulator.switch_on("payment", "pay", **fault)
        await people.sign_on_site(case)
        await _until(case, listener, lambda: case.stage is Stage.IN_HOSPITAL or _waits(case))
        await _scanned(case, simulator, listener)
        assert case.stage is Stage.IN_HOSPITAL
        simulator.http.delete("/faults")
        paid = [one for one in case.payments.values() if one.status is PaymentStatus.PAID]
        await people.slip(case, int(paid[0].movement_id.rpartition(":")[2]))

        simulator.switch_on("claims", "file", **fault)
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, DEPOSIT)
        await people.file_claim(case)
        number = await _filed(case, listener)
        simulator.http.delete("/faults")

        simulator.switch_on("payment", "payout", **fault)
        claim_id = f"{case.case_id}:claim" + (f":{number}" if number > 1 else "")
        await people.decide_claim(case, claim_id, "approved", DEPOSIT + RESIDUAL)
        await _until(
            case,
            listener,
            lambda: case.stage is Stage.CLOSED or _open(case, TaskKind.RESOLVE_PAYMENT),
        )
        await _resolved(case, simulator)
        await case.ends(Stage.CLOSED)

        moved = _moved(simulator, case)
        assert moved["payment"] == [DEPOSIT]
        assert moved["payout"] == ([] if fault["fault"] == "refuse" else [RESIDUAL])
        assert "repayment_demand" not in case.told
        assert case.pages[-1].advanced_fen == DEPOSIT


def _waits(case: Case) -> bool:
    """A code stands that somebody at the desk has to scan."""
    return any(
        one.code_url and one.status is PaymentStatus.PENDING for one in case.payments.values()
    )


async def _scanned(case: Case, simulator: Simulator, told: Listener) -> None:
    """After a refusal the next way is a code: somebody scans it."""
    for one in case.payments.values():
        if one.code_url and one.status is PaymentStatus.PENDING:
            simulator.http.post(f"/payment/v1/payments/{one.movement_id}/scan")
    await _until(case, told, lambda: case.stage is Stage.IN_HOSPITAL)


async def _filed(case: Case, told: Listener) -> int:
    """The claim is with the insurer; a refused one is filed again under its next number."""
    await _until(
        case,
        told,
        lambda: case.stage is Stage.ADJUDICATION or "claim_refused" in case.lines,
    )
    if case.stage is Stage.ADJUDICATION:
        return 1
    await people.file_claim(case)
    await _until(case, told, lambda: case.stage is Stage.ADJUDICATION)
    return 2


async def _resolved(case: Case, simulator: Simulator) -> None:
    """A refused payout is seen to by finance, who has both sides before them."""
    if case.stage is Stage.CLOSED:
        return
    assert simulator.moved(f"{case.case_id}:payout") == []
    task = await case.task(TaskKind.RESOLVE_PAYMENT)
    assert task.evidence is not None
    found = {"paid": True, "reference": "BANK-9", "evidence": "柜面另行支付"}
    await case.complete(task, FINANCE, found)
