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

from activities.ports.courier import ParcelOrder, TestOrder
from adapters.partners.claims import ClaimsCore
from adapters.partners.courier import CourierNetwork, Laboratory
from adapters.partners.dispatch import NursePlatform
from adapters.partners.hospitals import HospitalDesk
from adapters.partners.line import NoBelievableAnswer, PartnerFailure, PartnerLine
from adapters.partners.messaging import MessageGateway, message_body
from adapters.partners.payment import PaymentNetwork
from domain.bookings.sharing import Withheld
from tests.adapters.partners.conftest import IMPATIENT
from tests.adapters.partners.people import (
    CASE,
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
    an_ask,
)
from tests.simulator_process import Simulator, new_id

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


P03, P07, P10 = "taikang_online_ci", "pingan_pc_haoran", "changsheng_yuanmeng"
P13, P20 = "ruitai_ci", "ins_oncology"


@pytest.mark.parametrize(
    ("programme", "consented", "withheld"),
    [
        (P03, True, None),
        (P07, True, None),  # R424: provider, by form or by query system
        (P10, True, None),  # R484-R486: provider and medical institutions, bound
        (P10, False, Withheld.NO_CONSENT),
        (P13, True, Withheld.NO_CLAUSE),
        (P20, True, Withheld.NO_CLAUSE),
    ],
)
async def test_hospitals_get_a_complaint_only_where_the_programme_and_the_customer_allow_it(
    hospitals: HospitalDesk,
    simulator: Simulator,
    programme: str,
    consented: bool,
    withheld: Withheld | None,
) -> None:
    order = an_ask(programme, consented=consented)
    assert (await hospitals.ask(order)).withheld == withheld
    recipient = "hospitals" if withheld else "hospitals_shared"
    assert left(simulator, order.ask_id) == held(recipient)
    told = persons_in(json.dumps(held(recipient), ensure_ascii=False))
    assert told == [NAME, ID_LAST_FOUR, *([] if withheld else ["肺癌"])]


async def test_a_clause_adds_nothing_to_what_nurse_courier_and_laboratory_get(
    courier: CourierNetwork, lab: Laboratory, simulator: Simulator
) -> None:
    """Neither order has a field for more; the nurse's stands above."""
    parcel = ParcelOrder(parcel_id=new_id("parcel"), case_id=CASE, purpose="kit")
    test = TestOrder(test_id=new_id("test"), kind="gene_testing", covers=("targeted_drugs",))
    await courier.order_parcel(parcel)
    await lab.order_test(test)
    assert left(simulator, parcel.parcel_id) == held("courier")
    assert left(simulator, test.test_id) == held("lab")
    assert persons_in(json.dumps(held("courier"))) == [PHONE]


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
