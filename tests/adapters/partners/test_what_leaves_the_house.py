"""Each recipient gets what it needs and nothing else: the bodies they received, held as snapshots.

A snapshot is written anew by a person, never by a test run: what leaves the house changes by
decision only.
"""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from adapters.partners.claims import ClaimsCore
from adapters.partners.dispatch import NursePlatform
from adapters.partners.line import NoBelievableAnswer, PartnerFailure, PartnerLine
from adapters.partners.messaging import MessageGateway, message_body
from adapters.partners.payment import PaymentNetwork
from tests.adapters.partners.conftest import IMPATIENT
from tests.adapters.partners.people import (
    DIAGNOSES,
    ID_LAST_FOUR,
    NAME,
    PHONE,
    POLICY,
    a_claim,
    a_notice,
    a_payment,
    a_payout,
    a_visit,
)
from tests.simulator_process import Simulator

SNAPSHOTS = Path(__file__).parent.parent / "snapshots"


def held(recipient: str) -> dict[str, Any]:
    snapshot: dict[str, Any] = json.loads(
        (SNAPSHOTS / f"{recipient}.json").read_text(encoding="utf-8")
    )
    return snapshot


def left(simulator: Simulator, some_id: str) -> dict[str, Any]:
    """The body a partner took, its id made equal for comparison."""
    [body] = simulator.received(some_id)
    return {k: "<id>" if v == some_id else v for k, v in body.items()}


def persons_in(text: str) -> list[str]:
    """What of our patient stands in a text."""
    return [word for word in (NAME, PHONE, ID_LAST_FOUR, POLICY, *DIAGNOSES) if word in text]


async def test_a_payment_partner_gets_amount_and_account(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order, payout = a_payment(), a_payout()
    await payments.pay(order)
    await payments.pay_out(payout)
    for some_id, recipient in ((order.movement_id, "payment"), (payout.movement_id, "payout")):
        assert left(simulator, some_id) == held(recipient)
        assert persons_in(json.dumps(held(recipient), ensure_ascii=False)) == []


async def test_a_nurse_gets_bed_contact_and_checklist(
    nurses: NursePlatform, simulator: Simulator
) -> None:
    order = a_visit()
    await nurses.order_visit(order)
    assert left(simulator, order.visit_id) == held("nurse")
    assert persons_in(json.dumps(held("nurse"), ensure_ascii=False)) == [PHONE]


@pytest.mark.parametrize("channel", ["sms", "wechat"])
async def test_a_message_gets_a_number_and_a_text(
    messages: MessageGateway, simulator: Simulator, channel: str
) -> None:
    order = a_notice(channel=channel)
    await messages.send(order, PHONE)
    assert left(simulator, order.notice_id) == held(channel)
    assert persons_in(json.dumps(held(channel), ensure_ascii=False)) == [PHONE]


async def test_the_claims_core_gets_policy_amounts_and_document_ids(
    claims: ClaimsCore, simulator: Simulator
) -> None:
    filing = a_claim()
    await claims.file(filing, POLICY)
    assert left(simulator, filing.claim_id) == held("claims")
    assert persons_in(json.dumps(held("claims"), ensure_ascii=False)) == [POLICY]


def test_the_search_for_persons_finds_one() -> None:
    text = f"{NAME} {PHONE} 肺癌"
    assert persons_in(text) == [NAME, PHONE, "肺癌"]


async def test_a_failed_call_does_not_hand_on_the_request_it_made(simulator: Simulator) -> None:
    # The driver keeps the whole request on its exception, and a cause travels into histories.
    simulator.switch_on("message", "send", "timeout_after_success")
    body = message_body(a_notice(notice_id="n-1"), PHONE)
    async with PartnerLine(f"{simulator.url}/message/v1", patience=IMPATIENT) as line:
        with pytest.raises(NoBelievableAnswer) as failed:
            await line.order("/messages", key="n-1", body=body)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


@pytest.mark.parametrize("fault", ["timeout_after_success", "garbage", "error_first"])
async def test_no_person_stands_in_a_log_or_a_failure(
    nurses: NursePlatform,
    messages: MessageGateway,
    claims: ClaimsCore,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    simulator.switch_on("nurse", "order", fault)
    simulator.switch_on("message", "send", fault)
    simulator.switch_on("claims", "file", fault)
    with pytest.raises(PartnerFailure) as failed:
        await nurses.order_visit(a_visit())
    await messages.send(a_notice(), PHONE)
    await claims.file(a_claim(), POLICY)
    told = "".join(traceback.format_exception(failed.value)) + repr(failed.value.__dict__)
    assert failed.value.__cause__ is None
    assert persons_in(told + caplog.text) == []
    assert caplog.text != ""
