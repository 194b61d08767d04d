"""Story 4, the advance of P02, over HTTP: two signatures, a courier, after-care."""

from __future__ import annotations

from typing import Any

import pytest

from demo.people import Refused, yuan
from demo.story_p02 import BEGINS, GUEST, StoryP02
from tests.journeys.conftest import HouseOf
from tests.journeys.telling import all_zero, cash_from_customer, moved, promises_are

pytestmark = pytest.mark.timeout(240)

PROMISES = {
    "K10.1": ("2026-06-20 00:20", "2026-06-20 00:15"),
    "K11.1": ("2026-06-22 00:00", "2026-06-21 09:30"),
    "K12.1": ("2026-06-23 00:00", "2026-06-22 11:00"),  # natural days run through the holiday
    "K12R.1": ("2026-06-24 00:00", "2026-06-22 17:00"),
    "K13.1": ("2026-06-24 00:00", "2026-06-23 09:30"),
    "K14.1": ("2026-07-01 00:00", "2026-06-30 10:00"),  # the discharge date, not 29 June (C-12)
    "K15.1": ("2026-07-05 00:00", "2026-07-03 16:00"),
}


async def test_p02_from_report_to_zero_to_the_minute_and_the_fen(house_of: HouseOf) -> None:
    async with house_of(BEGINS, GUEST) as house:
        story = StoryP02(house)
        await story.tell()
        case = await story.stage_is("closed")
        promises_are(house, case, PROMISES)
        ledger = await story.ledger()
        assert sorted(moved(ledger)) == sorted(
            [
                ("deposit", 2_000_000),
                ("bill", 1_864_020),
                ("refund", 135_980),
                ("claim_money", 1_491_216),
                ("offset", 1_491_216),
                ("repayment", 372_804),
                ("repayment_applied", 372_804),
            ]
        )
        assert all_zero(ledger)
        assert cash_from_customer(ledger) == 372_804
        told = {line["event"]: line["text"] for line in case["timeline"]}
        assert told["claim_mailed"].endswith("SF1234567890")
        assert case["team"].keys() == {"agent", "nurse"}
        assert [line["event"] for line in case["timeline"]].count("aftercare") == 3


async def test_p02_asks_what_it_must_and_lets_nobody_sign_twice(house_of: HouseOf) -> None:
    async with house_of(BEGINS, GUEST) as house:
        story = StoryP02(house)
        await story.report_stay()
        with pytest.raises(Refused, match="发票原件"):
            await house.agent.complete(
                story.case_id,
                "first_contact",
                identity_verified=True,
                need="住院",
                checklist_sent=True,
                visit_wanted=False,
            )
        await house.agent.complete(
            story.case_id,
            "first_contact",
            identity_verified=True,
            need="住院",
            checklist_sent=True,
            can_give_invoices=True,
            visit_wanted=False,
        )
        await story.assign_team()
        await house.agent.task(story.case_id, "confirm_documents")
        await story.hand_in("id_card_front", "diagnosis_proof", "admission_slip")
        await house.agent.complete(story.case_id, "confirm_documents", complete=True)
        plan: dict[str, Any] = {
            "approved": True,
            "in_scope": True,
            "previous_history": "none",
            "treatment_talk": "已沟通",
        }
        # Reaching the limit is already too much here (C-16).
        with pytest.raises(Refused, match="首笔押金超过额度"):
            await house.reviewer.complete(
                story.case_id, "judge_liability", first_deposit=yuan(5_000_000), **plan
            )
        await house.reviewer.complete(
            story.case_id, "judge_liability", first_deposit=yuan(4_999_999), **plan
        )
        await house.insurer.task(story.case_id, "second_review")
        with pytest.raises(Refused, match="不通过须说明理由"):
            await house.insurer.complete(story.case_id, "second_review", approved=False)
        await house.insurer.complete(
            story.case_id, "second_review", approved=False, reason="未达到免赔额"
        )
        with pytest.raises(Refused, match="说明的内容"):
            await house.agent.complete(story.case_id, "tell_result", told_by="phone")
        await house.agent.complete(
            story.case_id, "tell_result", told_by="phone", note="已说明免赔额的约定"
        )
        case = await story.stage_is("declined")
        assert case["payments"] == []
        # Nobody wanted a visit, so its promise never began (R280).
        assert not [one for one in case["clocks"] if one["instance"].startswith("K11")]
