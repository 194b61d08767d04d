"""Story 2, P19, over HTTP: office hours, verified costs, slips in custody, a denied claim."""

from __future__ import annotations

import pytest

from demo.people import Refused
from demo.story_p19 import BEGINS, BILL_FEN, GUEST, REFUND_FEN, StoryP19
from tests.journeys.conftest import HouseOf
from tests.journeys.telling import all_zero, cash_from_customer, fen, moved, promises_are

pytestmark = pytest.mark.timeout(240)

PROMISES = {
    "K16.1": ("2026-09-29 18:00", "2026-09-29 11:00"),  # counted from Mon 28 Sep 9:30
    "K17.1": ("2026-10-10 18:00", "2026-10-09 17:00"),  # 8, 9 and the make-up Saturday
    "K17P.1": ("2026-10-10 18:00", "2026-10-10 10:00"),
    "K18.1": ("2026-10-16 18:00", "2026-10-16 14:00"),  # counted from Thu 15 Oct 9:30
    "K19.1": ("2026-10-24 00:00", "2026-10-22 11:00"),
    "K20.1": ("2026-10-24 00:00", "2026-10-23 15:00"),
}


async def test_p19_from_a_closed_office_to_zero_to_the_minute_and_the_fen(
    house_of: HouseOf,
) -> None:
    async with house_of(BEGINS, GUEST) as house:
        story = StoryP19(house)
        await story.tell()
        case = await story.stage_is("closed")
        promises_are(house, case, PROMISES)
        ledger = await story.ledger()
        assert sorted(moved(ledger)) == sorted(
            [
                ("deposit", 3_000_000),
                ("top_up", 4_000_000),
                ("bill", BILL_FEN),
                ("refund", REFUND_FEN),
                ("repayment", 3_000_000),
                ("repayment_applied", 3_000_000),
                ("repayment", 3_135_000),
                ("repayment_applied", 3_135_000),
            ]
        )
        assert all_zero(ledger)
        assert cash_from_customer(ledger) == BILL_FEN
        events = [line["event"] for line in case["timeline"]]
        assert events.index("cost_verified") < events.index(
            "payment_ordered", 1 + events.index("cost_verified")
        )
        assert events.count("payment_ordered") == 2
        assert events.count("slip_kept") == 2
        (out,) = [line["text"] for line in case["timeline"] if line["event"] == "slips_given_out"]
        assert ", ".join(one["receipt_no"] for one in case["payments"]) in out
        assert "outside_hours" in events
        sent = (await house.partners.get("/received")).json()
        mails = [one["body"] for one in sent if one["body"].get("channel") == "email"]
        assert [(mail["template"], mail["to"]) for mail in mails] == [
            ("checklist", "guest@example.com")
        ]


async def test_p19_pays_no_top_up_before_the_cost_is_verified(house_of: HouseOf) -> None:
    async with house_of(BEGINS, GUEST) as house:
        story = StoryP19(house)
        for scene in (story.call_after_hours, story.contact, story.decide, story.pay_deposit):
            await scene()
        await house.go_to("2026-10-14 14:00")
        top_up = await story.request_top_up(4_000_000)
        await house.agent.complete(story.case_id, "answer_top_up", subject=top_up, accepted=True)
        await house.nurse.task(story.case_id, "verify_cost", subject=top_up)
        case = await story.see()
        assert [payment["reason"] for payment in case["payments"]] == ["deposit"]
        image = await house.nurse.upload(story.case_id, "fee_list")
        await house.nurse.complete(
            story.case_id,
            "verify_cost",
            incurred={"amount": "10.00", "currency": "CNY"},
            needed=False,
            images=[image],
        )
        # The slips stay in custody until somebody takes them out, and nobody settles early.
        await house.go_to("2026-10-23 08:00")
        await story.notice_discharge("2026-10-23")
        with pytest.raises(Refused, match="押金单尚未领出"):
            await story.discharge(1_000_000, "original_invoice", "discharge_summary")
        case = await story.see()
        assert [one["state"] for one in case["top_ups"]] == ["refused"]
        assert fen(case["money"]["advanced"]) == 3_000_000
        (late,) = [clock for clock in case["clocks"] if clock["instance"] == "K19.1"]
        assert late["state"] == "dropped"  # a notice of the same day shows as late
