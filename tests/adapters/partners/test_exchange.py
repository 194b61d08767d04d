"""The holder of bills and social insurance over HTTP: what they say, and what silence means."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.ports.exchange import BillItem, BillWanted, SettleBill, SocialAnswer, StatedBill
from adapters.partners.exchange import BillHolder, SocialInsurance
from adapters.partners.line import PartnerLine, PartnerSilent
from tests.adapters.partners.conftest import IMPATIENT, Scripted
from tests.adapters.partners.people import DIAGNOSES, NAME, PHONE
from tests.adapters.partners.test_what_leaves_the_house import held, left
from tests.simulator_process import Simulator

HOSPITAL = "h-510100-0001"


def yuan(fen: int) -> dict[str, str]:
    return {"amount": f"{fen // 100}.{fen % 100:02d}", "currency": "CNY"}


@pytest.fixture
async def social(simulator: Simulator) -> AsyncIterator[SocialInsurance]:
    async with PartnerLine(f"{simulator.url}/social/v1", patience=IMPATIENT) as line:
        yield SocialInsurance(line)


@pytest.fixture
async def bills(simulator: Simulator) -> AsyncIterator[BillHolder]:
    async with PartnerLine(f"{simulator.url}/bills/v1", patience=IMPATIENT) as line:
        yield BillHolder(line, secret=simulator.secret)


def put(simulator: Simulator, **more: Any) -> str:
    """A bill of 7,743.62 under a fresh number."""
    bill_no = f"E-{secrets.token_hex(4)}"
    body = {
        "hospital": HOSPITAL,
        "bill_no": bill_no,
        "bill": yuan(774_362),
        "social_paid": yuan(300_000),
        "self_pay": yuan(104_838),
        "items": [{"code": "T-BED", "amount": yuan(774_362)}],
    }
    simulator.http.post("/bills/v1/bills", json=body | more).raise_for_status()
    return bill_no


def wanted(bill_no: str) -> BillWanted:
    return BillWanted(
        case_id="dw-1", hospital_id=HOSPITAL, bill_no=bill_no, disease="colorectal_cancer"
    )


def an_order(bill_no: str, *, bill_fen: int = 774_362) -> SettleBill:
    return SettleBill(
        settlement_id=f"dw-{secrets.token_hex(4)}:social",
        case_id="dw-1",
        hospital_id=HOSPITAL,
        bill_no=bill_no,
        bill_fen=bill_fen,
    )


async def test_a_bill_says_what_is_settled_once_it_is(
    bills: BillHolder, simulator: Simulator
) -> None:
    items = [BillItem(code="T-BED", amount_fen=774_362)]
    open_ = StatedBill(found=True, bill_fen=774_362, items=items)
    assert await bills.read(wanted(put(simulator))) == open_
    settled = {"social_paid_fen": 300_000, "self_pay_fen": 104_838}
    assert await bills.read(wanted(put(simulator, is_settled=True))) == open_.model_copy(
        update=settled
    )
    assert await bills.read(wanted("E-nowhere")) == StatedBill(found=False)


async def test_a_bill_that_does_not_add_up_or_is_not_signed_is_not_believed(
    bills: BillHolder, simulator: Simulator
) -> None:
    bill_no = put(simulator, items=[{"code": "T-BED", "amount": yuan(1)}])
    with pytest.raises(PartnerSilent, match="bill_does_not_add_up"):
        await bills.read(wanted(bill_no))
    stranger = BillHolder(bills._line, secret="whsec_c29tZWJvZHkgZWxzZQ==")
    with pytest.raises(PartnerSilent, match="signature_wrong"):
        await stranger.read(wanted(put(simulator)))


async def test_a_settlement_is_one_however_often_it_is_ordered(
    social: SocialInsurance, simulator: Simulator
) -> None:
    order = an_order(put(simulator))
    settled = SocialAnswer(status="settled", social_paid_fen=300_000, self_pay_fen=104_838)
    assert await social.settle(order) == settled
    assert await social.settle(order) == settled
    other = await social.settle(order.model_copy(update={"bill_fen": 1}))
    assert other == SocialAnswer(status="refused", reason="same_id_other_content")
    refused = SocialAnswer(status="refused", reason="bill_not_found")
    assert await social.settle(an_order("E-nowhere")) == refused


@pytest.mark.parametrize("fault", ["timeout_after_success", "error_first", "garbage"])
async def test_a_silent_office_is_asked_again_under_the_same_id(
    social: SocialInsurance, simulator: Simulator, fault: str
) -> None:
    order = an_order(put(simulator))
    simulator.switch_on("social", "settle", fault)
    with pytest.raises(PartnerSilent):
        await social.settle(order)
    assert (await social.settle(order)).status == "settled"


async def test_a_slow_office_takes_the_order_and_calls_back(
    social: SocialInsurance, simulator: Simulator
) -> None:
    simulator.switch_on("social", "settle", "answer_late", seconds=0.1)
    assert await social.settle(an_order(put(simulator))) == SocialAnswer(status="pending")


async def test_an_answer_that_pays_more_than_the_bill_is_not_believed(scripted: Scripted) -> None:
    order = an_order("E-1")
    body = {
        "settlement_id": order.settlement_id,
        "status": "settled",
        "social_paid": yuan(774_362),
        "self_pay": yuan(1),
    }
    said = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
    )
    async with scripted(head.encode() + said) as url, PartnerLine(url) as line:
        with pytest.raises(PartnerSilent, match="settled_beyond_the_bill"):
            await SocialInsurance(line).settle(order)


async def test_social_insurance_gets_hospital_bill_and_amount(
    social: SocialInsurance, simulator: Simulator
) -> None:
    order = an_order(put(simulator))
    await social.settle(order)
    body = left(simulator, order.settlement_id) | {"bill_no": "<bill>"}
    assert body == held("social")
    text = json.dumps(body, ensure_ascii=False)
    assert [word for word in (NAME, PHONE, *DIAGNOSES) if word in text] == []
