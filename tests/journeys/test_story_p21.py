"""Story 7, the claim day of P21, over HTTP: each lane to the minute and the fen."""

from __future__ import annotations

from typing import Any

import pytest

from demo.house import House
from demo.people import Person, Refused, until, yuan
from demo.story_p21 import GUEST, Claimant, a_photo
from tests.journeys.conftest import HouseOf
from tests.journeys.telling import all_zero, moved, promises_are

pytestmark = pytest.mark.timeout(240)

PAID_OUT = [("claim_money", 25_000_000), ("payout", 25_000_000), ("residual", 25_000_000)]


async def test_a_critical_illness_is_paid_on_the_day_it_is_complete(house_of: HouseOf) -> None:
    """毛先生: complete Mon 13 Apr 10:30, due Tue 14 Apr 24:00, paid the same day."""
    async with house_of("2026-04-13 09:00", GUEST) as house:
        claim = Claimant(house)
        await claim.file("ci_one_day_payout")
        await house.agent.task(claim.case_id, "confirm_documents")
        with pytest.raises(Refused, match="重新拍摄"):
            await house.customer.upload(claim.case_id, "id_card_front")
        await claim.photograph("id_card_front", "diagnosis_proof")
        await house.go_to("2026-04-13 10:30")
        await claim.complete()
        task = await house.insurer.task(claim.case_id, "adjudicate")
        assert task["amount"] == yuan(25_000_000)
        with pytest.raises(Refused, match="不超过可用保额"):
            await claim.decide(25_000_001)
        await house.go_to("2026-04-13 16:00")
        await claim.decide(25_000_000)
        case, ledger = await claim.paid()
        promises_are(house, case, {"K22.1": ("2026-04-15 00:00", "2026-04-13 16:00")})
        assert sorted(moved(ledger)) == PAID_OUT
        assert all_zero(ledger)


async def test_complete_on_the_eve_of_labour_day_is_due_after_it(house_of: HouseOf) -> None:
    async with house_of("2026-04-30 16:00", GUEST) as house:
        claim = Claimant(house)
        await claim.file("ci_one_day_payout")
        await house.agent.task(claim.case_id, "confirm_documents")
        await claim.photograph("id_card_front", "diagnosis_proof")
        await claim.complete()
        await house.insurer.task(claim.case_id, "adjudicate")
        await house.go_to("2026-05-06 23:00")
        await claim.decide(25_000_000)
        case, _ = await claim.paid()
        promises_are(house, case, {"K22.1": ("2026-05-07 00:00", "2026-05-06 23:00")})


async def test_what_is_missing_is_asked_for_once_and_all_of_it(house_of: HouseOf) -> None:
    async with house_of("2026-04-13 09:00", GUEST) as house:
        claim = Claimant(house)
        await claim.file("ci_one_day_payout")
        ask = house.agent.complete
        await ask(claim.case_id, "confirm_documents", complete=False, missing=["id_card_front"])
        with pytest.raises(Refused, match="一次性告知"):
            await ask(
                claim.case_id, "confirm_documents", complete=False, missing=["diagnosis_proof"]
            )
        with pytest.raises(Refused, match="资料未齐"):
            await claim.complete()
        await ask(claim.case_id, "confirm_documents", complete=False, missing=["id_card_front"])
        await claim.photograph("id_card_front", "diagnosis_proof")
        await claim.complete()
        with pytest.raises(Refused, match="须说明理由"):
            await house.insurer.complete(
                claim.case_id, "adjudicate", decision="denied", payable=yuan(0)
            )
        await house.insurer.complete(
            claim.case_id, "adjudicate", decision="denied", payable=yuan(0), reason="未如实告知"
        )
        await claim.stage_is("declined")
        sent = [one["body"] for one in (await house.partners.get("/received")).json()]
        templates = [body.get("template") for body in sent]
        assert templates.count("documents_missing") == 1
        assert all_zero(await claim.ledger())


BILL = {
    "bill_no": "ZJ-2026-0001",
    "bill": yuan(774_362),
    "social_paid": yuan(0),
    "self_pay": yuan(104_838),
    "items": [
        {"code": "T-CHOLECYST", "amount": yuan(700_000)},
        {"code": "T-BED", "amount": yuan(74_362)},
    ],
}


async def test_a_bill_is_settled_at_discharge_in_one_transaction(house_of: HouseOf) -> None:
    """Ms 王: bill 7,743.62, self-pay 1,048.38, the other 6,695.24 settled at once.

    The data company delivers the bill, social insurance settles its part and says so by callback,
    the family stands at the counter and is shown both amounts: nothing is handed in.
    """
    async with house_of("2026-04-13 09:00", GUEST) as house:
        claim, hospital = Claimant(house), await _a_hospital(house, "四川省")
        with pytest.raises(Refused, match="该地区尚未开通"):
            await claim.file("claim_direct_pay", channel="counter")  # the guest's is in Jiangxi
        await house.partner("/bills/v1/bills", {"hospital": hospital, **BILL})
        await house.fault("social", "settle", "answer_late", seconds=0.3)
        told = {"channel": "counter", "hospital_id": hospital, "bill_no": BILL["bill_no"]}
        await claim.file("claim_direct_pay", **told)
        task = await house.agent.task(claim.case_id, "settle_at_counter")
        assert task["subject"] == "总费用 7,743.62 元, 医保 0.00 元, 个人支付 1,048.38 元"
        assert task["amount"] == yuan(669_524)

        async def taken() -> bool:
            (callback,) = (await house.partners.get("/callbacks?partner=social")).json()
            return bool(callback["state"] == "taken")

        await until(taken, "social insurance's callback")
        form: dict[str, Any] = {name: BILL[name] for name in ("bill", "social_paid", "self_pay")}
        with pytest.raises(Refused, match="须向办理人出示"):
            await house.agent.complete(claim.case_id, "settle_at_counter", **form)
        shown: dict[str, Any] = {"present": "family", "amounts_shown": True}
        with pytest.raises(Refused, match="不能超过账单"):
            await house.agent.complete(
                claim.case_id,
                "settle_at_counter",
                **form | {"social_paid": yuan(669_525)} | shown,
            )
        await house.agent.complete(claim.case_id, "settle_at_counter", **form, **shown)
        case, ledger = await claim.paid()
        assert sorted(moved(ledger)) == [
            ("bill", 669_524),
            ("claim_money", 669_524),
            ("deposit", 669_524),
            ("offset", 669_524),
        ]
        assert all_zero(ledger)
        texts = [line["text"] for line in case["timeline"]]
        assert any("1048.38" in text.replace(",", "") for text in texts)
        assert "家属代办出院结算, 已告知总费用与自付金额" in texts


async def _a_hospital(house: House, province: str) -> str:
    page = await house.agent.see("/v1/hospitals", province=province, limit=1)
    return str(page["items"][0]["id"])


@pytest.mark.parametrize(
    ("service", "bill_fen"), [("small_fast_claim", 480_000), ("e_bill_claim", 1_200_000)]
)
async def test_clear_rules_pay_without_a_person(
    house_of: HouseOf, service: str, bill_fen: int
) -> None:
    async with house_of("2026-04-13 09:00", GUEST) as house:
        claim = Claimant(house)
        await claim.file(
            service, bill=yuan(bill_fen), social_paid=yuan(80_000), self_pay=yuan(50_000)
        )
        if service == "small_fast_claim":
            await house.agent.task(claim.case_id, "confirm_documents")
            await claim.photograph("id_card_front")
            await claim.complete()
        case, ledger = await claim.paid()
        assert ("payout", bill_fen - 130_000) in moved(ledger)
        assert all_zero(ledger)
        assert "decided_by_rules" in {line["event"] for line in case["timeline"]}


async def test_beyond_the_small_lane_a_person_decides(house_of: HouseOf) -> None:
    async with house_of("2026-04-13 09:00", GUEST) as house:
        claim = Claimant(house)
        await claim.file(
            "small_fast_claim", bill=yuan(500_001), social_paid=yuan(0), self_pay=yuan(0)
        )
        await claim.photograph("id_card_front")
        await claim.complete()
        task = await house.insurer.task(claim.case_id, "adjudicate")
        assert "小额标准" in task["subject"]
        with pytest.raises(Refused, match="没有垫付"):
            await claim.request_top_up(100_000)


async def test_a_special_customer_is_visited_and_paid(house_of: HouseOf) -> None:
    """The money is handed over at one branch, whichever the customer named (R851, R862)."""
    async with house_of("2026-04-13 09:00", GUEST) as house:
        claim = Claimant(house)
        asked = {"bill": yuan(300_000), "social_paid": yuan(0), "self_pay": yuan(0)}
        with pytest.raises(Refused, match="没有此网点"):
            await claim.file("special_customer_home_payout", **asked, branch="atlantis")
        await claim.file("special_customer_home_payout", **asked, branch="sichuan")
        image = await house.agent.upload(claim.case_id, "step_image", picture=a_photo(400))
        await house.agent.complete(claim.case_id, "home_visit", images=[image])
        await claim.photograph("id_card_front")
        await claim.complete()
        await claim.decide(300_000)
        task = await house.agent.task(claim.case_id, "hand_over_money")
        assert (task["subject"], task["amount"]) == ("四川省分公司", yuan(300_000))
        sent = [one["body"] for one in (await house.partners.get("/received")).json()]
        accounts = [
            body["account"] for body in sent if body.get("movement_id") and "mode" not in body
        ]
        assert accounts == ["branch:sichuan"]
        await house.agent.complete(
            claim.case_id,
            "hand_over_money",
            branch="zhejiang",
            identity_verified=True,
            reference="CASH-1",
        )
        _, ledger = await claim.paid()
        assert ("payout", 300_000) in moved(ledger)


EVENT: dict[str, Any] = {
    "programme": "china_life_claims",
    "code": "flood_2026_10",
    "name": "某地洪灾",
    "pledge": ["一小时内联系客户", "资料齐全一天内处理", "全国网点均可领取"],
}
HELPER = {
    "programme": "china_life_claims",
    "code": "flood_2026_10",
    "staff_id": "agent-07",
    "province": "浙江省",
    "station": "县城关镇理赔服务站",
}


async def test_an_emergency_is_answered_in_an_hour_and_done_in_a_day(house_of: HouseOf) -> None:
    """Tue 6 Oct 02:00, a holiday: contact by 03:00; complete 09:00, done by Wed 7 Oct 24:00."""
    async with house_of("2026-10-06 01:00", GUEST) as house:
        claim = Claimant(house)
        with pytest.raises(Refused, match="没有启动应急理赔"):
            await claim.file("emergency_express_payout")
        with pytest.raises(Refused, match="403"):
            await house.agent.do("/v1/emergencies", EVENT)
        with pytest.raises(Refused, match="没有正在进行的应急理赔"):
            await house.supervisor.do("/v1/emergencies/staff", HELPER)
        await house.supervisor.do("/v1/emergencies", EVENT)
        await house.supervisor.do("/v1/emergencies/staff", HELPER)
        await house.go_to("2026-10-06 02:00")
        await _offered(house, claim)
        await house.agent.task(claim.case_id, "confirm_documents")
        await house.go_to("2026-10-06 09:00")
        await claim.complete()  # relaxed papers: nothing has to be handed in
        await house.insurer.task(claim.case_id, "adjudicate")
        await house.go_to("2026-10-07 20:00")
        await claim.decide(25_000_000)
        case, ledger = await claim.paid()
        promises_are(
            house,
            case,
            {
                "K23.1": ("2026-10-06 03:00", "2026-10-06 02:40"),
                "K24.1": ("2026-10-08 00:00", "2026-10-07 20:00"),
            },
        )
        assert all_zero(ledger)
        await house.customer.do(f"/v1/deposit-waivers/{claim.case_id}/ratings", {"score": 5})
        await _measured(house)
        sent = [one["body"] for one in (await house.partners.get("/received")).json()]
        (pledge,) = [body for body in sent if body.get("template") == "emergency_pledge"]
        assert all(promise in pledge["text"] for promise in EVENT["pledge"])
        await house.supervisor.do(
            "/v1/emergencies/end", {"programme": EVENT["programme"], "code": EVENT["code"]}
        )
        assert await _events(house.customer) == []
        with pytest.raises(Refused, match="没有启动应急理赔"):
            await Claimant(house).file("emergency_express_payout")


async def _offered(house: House, claim: Claimant) -> None:
    """We open the claim, call within the hour, and the customer agrees (R837, R836, R860)."""
    (seen,) = await _events(house.customer)
    assert (seen["pledge"], seen["staff"]) == (EVENT["pledge"], [])
    assert (seen["stations"], seen["helpers"], seen["provinces"]) == (1, 1, 1)
    (ours,) = await _events(house.agent)
    assert [(one["province"], one["station"]) for one in ours["staff"]] == [
        ("浙江省", "县城关镇理赔服务站")
    ]
    offered: dict[str, Any] = {"channel": "hotline", "proactive": True}
    with pytest.raises(Refused, match="须有授权同意"):
        await claim.file("emergency_express_payout", **offered)
    with pytest.raises(Refused, match="须由客户申请"):
        await claim.file("small_fast_claim", **offered, consent=None)
    await claim.file("emergency_express_payout", **offered, consent=None)
    await house.agent.task(claim.case_id, "offer_claim")
    await house.go_to("2026-10-06 02:40")
    await house.agent.complete(
        claim.case_id, "offer_claim", reached=True, wants=True, consent_version="v2026_01"
    )


async def _events(person: Person) -> Any:
    return await person.see("/v1/emergencies", programme=EVENT["programme"])


async def _measured(house: House) -> None:
    """R794: the four words as figures; reported Tue 02:00, paid Wed 20:00."""
    (line,) = (await house.supervisor.see("/v1/reports/claims"))["lines"]
    assert line == {
        "programme": EVENT["programme"],
        "service": "emergency_express_payout",
        "claims": 1,
        "proactive_percent": 100,
        "timely_percent": 100,
        "accurate_percent": 100,
        "reasonable_percent": 100,
        "paid": 1,
        "average_days": "1.75",
    }
