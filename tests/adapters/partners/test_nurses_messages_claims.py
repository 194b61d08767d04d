"""Visits, notices and claims: done once under their id, whatever the partner's line does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from activities.ports.cases import ClaimReceipt, Delivery
from activities.ports.visits import VisitAnswer, VisitKept
from adapters.partners.claims import ClaimsCore
from adapters.partners.dispatch import NursePlatform
from adapters.partners.line import PartnerLine, PartnerSilent, SameIdOtherContent
from adapters.partners.messaging import MessageGateway
from tests.adapters.partners.conftest import IMPATIENT, Scripted
from tests.adapters.partners.people import AT, a_claim, a_notice, a_visit, contact_of
from tests.simulator_process import Listener, Simulator, free_port, wait_for

LOST = ["timeout_after_success", "garbage", "error_first"]
ACCEPTED = VisitAnswer(accepted=True)


# Visits -------------------------------------------------------------------------------------------


async def test_a_visit_is_accepted_and_the_same_order_again_changes_nothing(
    nurses: NursePlatform, simulator: Simulator
) -> None:
    order = a_visit()
    assert await nurses.order_visit(order) == ACCEPTED
    assert await nurses.order_visit(order) == ACCEPTED
    visit = simulator.http.get(f"/nurse/v1/visits/{order.visit_id}").json()
    assert (visit["status"], visit["nurse_id"]) == ("accepted", "nurse-0042")


async def test_the_platform_chooses_when_nobody_is_named(
    nurses: NursePlatform, simulator: Simulator
) -> None:
    order = a_visit(nurse_id="")
    await nurses.order_visit(order)
    visit = simulator.http.get(f"/nurse/v1/visits/{order.visit_id}").json()
    assert visit["nurse_id"].startswith("nurse-")


async def test_the_same_visit_at_another_time_is_planned_anew(
    nurses: NursePlatform, simulator: Simulator
) -> None:
    order = a_visit()
    await nurses.order_visit(order)
    moved = order.model_copy(update={"visit_at": AT + timedelta(days=1), "nurse_id": "nurse-0043"})
    for _ in range(2):
        assert await nurses.order_visit(moved) == ACCEPTED
    visit = simulator.http.get(f"/nurse/v1/visits/{order.visit_id}").json()
    assert (visit["visit_at"], visit["nurse_id"]) == ("2026-05-07T00:40:00Z", "nurse-0043")


async def test_an_offered_visit_waits_for_the_first_yes_and_tells_every_word(
    nurses: NursePlatform, simulator: Simulator, listener: Listener
) -> None:
    order = a_visit(nurse_id="").model_copy(update={"offered_to": ["nurse-1", "nurse-2"]})
    assert await nurses.order_visit(order) == ACCEPTED
    words = f"/nurse/v1/visits/{order.visit_id}/words"

    def say(nurse: str, accepts: bool) -> int:
        word = {"nurse_id": nurse, "accepts": accepts}
        return simulator.http.post(words, json=word).status_code

    assert [say("nurse-3", True), say("nurse-1", False)] == [403, 200]
    assert [say("nurse-2", True), say("nurse-1", True)] == [200, 409]
    assert [say("nurse-2", False), say("nurse-1", True)] == [200, 409]
    await asyncio.to_thread(wait_for, lambda: len(listener.about(order.visit_id)) == 3)
    told = [one.event for one in listener.about(order.visit_id)]
    assert sorted((one["nurse_id"], one["accepted"]) for one in told) == [
        ("nurse-1", False),
        ("nurse-2", False),
        ("nurse-2", True),
    ]


async def test_no_nurse_is_an_answer_with_a_reason(
    nurses: NursePlatform, simulator: Simulator
) -> None:
    simulator.switch_on("nurse", "order", "refuse")
    answer = await nurses.order_visit(a_visit())
    assert answer == VisitAnswer(accepted=False, reason="no_nurse_available")


async def test_a_new_date_that_is_not_possible_is_an_answer_with_a_reason(
    nurses: NursePlatform, simulator: Simulator
) -> None:
    order = a_visit()
    await nurses.order_visit(order)
    simulator.switch_on("nurse", "change", "refuse")
    answer = await nurses.order_visit(order.model_copy(update={"visit_at": AT + timedelta(days=1)}))
    assert answer == VisitAnswer(accepted=False, reason="date_not_possible")


@pytest.mark.parametrize("fault", LOST)
async def test_a_visit_of_unknown_outcome_is_ordered_again_and_stands_once(
    nurses: NursePlatform, simulator: Simulator, fault: str
) -> None:
    order = a_visit()
    simulator.switch_on("nurse", "order", fault)
    with pytest.raises(PartnerSilent):
        await nurses.order_visit(order)
    assert await nurses.order_visit(order) == ACCEPTED


@pytest.mark.parametrize("fault", ["answer_late", "answer_twice"])
async def test_a_visit_confirmed_later_or_twice_is_reported(
    nurses: NursePlatform, simulator: Simulator, listener: Listener, fault: str
) -> None:
    order = a_visit()
    simulator.switch_on("nurse", "order", fault, seconds=0.2)
    assert await nurses.order_visit(order) == ACCEPTED
    expected = 2 if fault == "answer_twice" else 1
    await asyncio.to_thread(wait_for, lambda: len(listener.about(order.visit_id)) == expected)
    event = listener.about(order.visit_id)[0].event
    assert (event["event"], event["accepted"]) == ("visit_accepted", True)


async def test_a_slow_platform_is_heard_within_our_patience(
    nurses: NursePlatform, simulator: Simulator
) -> None:
    simulator.switch_on("nurse", "order", "delay", seconds=0.1)
    assert await nurses.order_visit(a_visit()) == ACCEPTED


async def test_calling_off_twice_or_an_unknown_visit_is_no_error(
    nurses: NursePlatform, simulator: Simulator
) -> None:
    order = a_visit()
    await nurses.order_visit(order)
    await nurses.cancel_visit(order.visit_id)
    await nurses.cancel_visit(order.visit_id)
    await nurses.cancel_visit("dw-never:visit:1")
    visit = simulator.http.get(f"/nurse/v1/visits/{order.visit_id}").json()
    assert visit["status"] == "cancelled"
    assert await nurses.order_visit(order) == VisitAnswer(accepted=False, reason="visit_cancelled")


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        *((status, VisitKept) for status in (409, 410, 422)),
        *((status, PartnerSilent) for status in (400, 401, 403, 405)),  # a fault of our own
    ],
)
async def test_only_the_platforms_own_no_keeps_a_visit(
    scripted: Scripted, status: int, failure: type[Exception]
) -> None:
    said = f"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    async with scripted(said) as url, PartnerLine(url, patience=IMPATIENT) as line:
        with pytest.raises(failure):
            await NursePlatform(line, contact_of=contact_of).cancel_visit("dw-a:visit:1")


@pytest.mark.parametrize("fault", [*LOST, "refuse"])
async def test_calling_off_that_was_not_heard_or_is_refused_says_so(
    nurses: NursePlatform, simulator: Simulator, fault: str
) -> None:
    order = a_visit()
    await nurses.order_visit(order)
    simulator.switch_on("nurse", "cancel", fault)
    with pytest.raises(VisitKept if fault == "refuse" else PartnerSilent):
        await nurses.cancel_visit(order.visit_id)
    await nurses.cancel_visit(order.visit_id)


# Notices ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "wechat"])
async def test_a_notice_is_delivered_once(
    messages: MessageGateway, simulator: Simulator, channel: str
) -> None:
    order = a_notice(channel=channel)
    assert await messages.send(order, "13800138000") is Delivery.DELIVERED
    sent = simulator.http.get(f"/message/v1/messages/{order.notice_id}").json()
    assert await messages.send(order, "13800138000") is Delivery.DELIVERED
    assert simulator.http.get(f"/message/v1/messages/{order.notice_id}").json() == sent


async def test_a_notice_that_cannot_be_delivered_has_failed(
    messages: MessageGateway, simulator: Simulator
) -> None:
    simulator.switch_on("message", "send", "refuse")
    assert await messages.send(a_notice(), "13800138000") is Delivery.FAILED


@pytest.mark.parametrize("fault", LOST)
async def test_a_notice_of_unknown_outcome_may_be_sent_again(
    messages: MessageGateway, simulator: Simulator, fault: str
) -> None:
    order = a_notice()
    simulator.switch_on("message", "send", fault)
    assert await messages.send(order, "13800138000") is Delivery.UNKNOWN
    assert await messages.send(order, "13800138000") is Delivery.DELIVERED


@pytest.mark.parametrize("fault", ["answer_late", "answer_twice"])
async def test_a_delivery_told_later_or_twice_is_reported(
    messages: MessageGateway, simulator: Simulator, listener: Listener, fault: str
) -> None:
    order = a_notice()
    simulator.switch_on("message", "send", fault, seconds=0.2)
    late = fault == "answer_late"
    sent = await messages.send(order, "13800138000")
    assert sent is (Delivery.UNKNOWN if late else Delivery.DELIVERED)
    expected = 1 if late else 2
    await asyncio.to_thread(wait_for, lambda: len(listener.about(order.notice_id)) == expected)
    assert listener.about(order.notice_id)[0].event["status"] == "delivered"


async def test_a_slow_gateway_is_heard_within_our_patience(
    messages: MessageGateway, simulator: Simulator
) -> None:
    simulator.switch_on("message", "send", "delay", seconds=0.1)
    assert await messages.send(a_notice(), "13800138000") is Delivery.DELIVERED


async def test_one_notice_id_never_carries_two_texts(messages: MessageGateway) -> None:
    order = a_notice()
    await messages.send(order, "13800138000")
    with pytest.raises(SameIdOtherContent):
        await messages.send(order.model_copy(update={"text": "另一条"}), "13800138000")


# Claims -------------------------------------------------------------------------------------------


async def test_a_claim_is_filed_once_also_after_its_decision(
    claims: ClaimsCore, simulator: Simulator, listener: Listener
) -> None:
    filing = a_claim()
    for _ in range(2):
        assert await claims.file(filing, "P-1") == ClaimReceipt(status="accepted")
    denied = {"decision": "denied", "payable": {"amount": "0.00", "currency": "CNY"}}
    simulator.switch_on("claims", "decide", "answer_twice")
    simulator.http.post(f"/claims/v1/claims/{filing.claim_id}/decision", json=denied)
    assert await claims.file(filing, "P-1") == ClaimReceipt(status="accepted")
    await asyncio.to_thread(wait_for, lambda: len(listener.about(filing.claim_id)) == 2)
    ids = {callback.headers["webhook-id"] for callback in listener.about(filing.claim_id)}
    assert len(ids) == 1


async def test_a_claim_that_is_not_taken_names_the_reason(
    claims: ClaimsCore, simulator: Simulator
) -> None:
    simulator.switch_on("claims", "file", "refuse")
    receipt = await claims.file(a_claim(), "P-1")
    assert receipt == ClaimReceipt(status="refused", reason="policy_not_found")


@pytest.mark.parametrize("fault", LOST)
async def test_a_claim_of_unknown_outcome_is_filed_again(
    claims: ClaimsCore, simulator: Simulator, fault: str
) -> None:
    filing = a_claim()
    simulator.switch_on("claims", "file", fault)
    assert (await claims.file(filing, "P-1")).status == "unknown"
    assert (await claims.file(filing, "P-1")).status == "accepted"


async def test_a_claim_registered_late_is_unknown_until_asked_again(
    claims: ClaimsCore, simulator: Simulator
) -> None:
    filing = a_claim()
    simulator.switch_on("claims", "file", "answer_late", seconds=0.2)
    first = await claims.file(filing, "P-1")
    assert first == ClaimReceipt(status="unknown", reason="not_registered_yet")
    await asyncio.sleep(0.6)
    assert (await claims.file(filing, "P-1")).status == "accepted"


async def test_a_slow_core_is_heard_within_our_patience(
    claims: ClaimsCore, simulator: Simulator
) -> None:
    simulator.switch_on("claims", "file", "delay", seconds=0.1)
    assert (await claims.file(a_claim(), "P-1")).status == "accepted"


async def test_one_claim_id_never_carries_two_claims(claims: ClaimsCore) -> None:
    filing = a_claim()
    await claims.file(filing, "P-1")
    receipt = await claims.file(filing.model_copy(update={"bill_fen": 1}), "P-1")
    assert receipt == ClaimReceipt(status="refused", reason="same_id_other_content")


async def test_what_a_partner_cannot_read_is_not_sent_for_ever(
    nurses: NursePlatform, messages: MessageGateway, claims: ClaimsCore
) -> None:
    visit = await nurses.order_visit(a_visit(hospital_name=""))
    assert visit == VisitAnswer(accepted=False, reason="malformed")
    assert await messages.send(a_notice(), "") is Delivery.FAILED
    receipt = await claims.file(a_claim(hospital_id=""), "P-1")
    assert receipt == ClaimReceipt(status="refused", reason="malformed")


async def test_nobody_at_any_address_is_said_and_not_guessed() -> None:
    async with PartnerLine(f"http://127.0.0.1:{free_port()}", patience=IMPATIENT) as line:
        with pytest.raises(PartnerSilent):
            await NursePlatform(line, contact_of=contact_of).order_visit(a_visit())
        assert await MessageGateway(line).send(a_notice(), "13800138000") is Delivery.UNKNOWN
        assert (await ClaimsCore(line).file(a_claim(), "P-1")).status == "unknown"
