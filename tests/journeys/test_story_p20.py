"""Story 3, the direct pay of P20, over HTTP: lead, two papers, balance at discharge, used up."""

from __future__ import annotations

import pytest

from demo.people import Refused
from demo.story_p20 import BEGINS, BILL_FEN, COVERED_FEN, DEPOSIT_FEN, GUEST, StoryP20
from tests.journeys.conftest import HouseOf
from tests.journeys.telling import all_zero, cash_from_customer, moved, promises_are

pytestmark = pytest.mark.timeout(240)

PROMISES = {
    "K21.1": ("2026-09-21 00:00", "2026-09-14 09:00"),  # the fifth working day: 20 Sep is one
    "K21D.1": ("2026-09-24 00:00", "2026-09-23 09:00"),  # by the end of the day of admission
    "K21S.1": ("2026-10-10 00:00", "2026-10-09 10:00"),
}


async def test_p20_pays_at_admission_and_the_balance_at_discharge_to_the_fen(
    house_of: HouseOf,
) -> None:
    async with house_of(BEGINS, GUEST) as house:
        story = StoryP20(house)
        await story.tell()
        case = await story.stage_is("closed")
        promises_are(house, case, PROMISES)
        ledger = await story.ledger()
        assert sorted(moved(ledger)) == sorted(
            [
                ("deposit", DEPOSIT_FEN),
                ("deposit", COVERED_FEN - DEPOSIT_FEN),
                ("bill", COVERED_FEN),
                ("claim_money", COVERED_FEN),
                ("offset", COVERED_FEN),
            ]
        )
        assert all_zero(ledger)
        assert cash_from_customer(ledger) == 0
        (share,) = [line["text"] for line in case["timeline"] if line["event"] == "own_share"]
        assert "3820.55" in share.replace(",", "")
        assert BILL_FEN - COVERED_FEN == 382_055


@pytest.mark.parametrize("paper", ["pathology_report", "record_book_copy"])
async def test_p20_goes_no_further_without_either_paper(house_of: HouseOf, paper: str) -> None:
    async with house_of(BEGINS, GUEST) as house:
        story = StoryP20(house)
        await story.book()
        await story.hand_in(paper)
        with pytest.raises(Refused, match="资料未齐"):
            await house.agent.complete(story.case_id, "confirm_documents", complete=True)


@pytest.mark.parametrize("no_show", [True, False], ids=["no-show", "refused"])
async def test_p20_not_signed_is_used_up(house_of: HouseOf, no_show: bool) -> None:
    async with house_of(BEGINS, GUEST) as house:
        story = StoryP20(house)
        await story.book()
        await story.authorise()
        await house.go_to("2026-09-23 09:00")
        image = await house.nurse.upload(story.case_id, "step_image")
        await house.nurse.complete(
            story.case_id,
            "sign_on_site",
            agreements_signed=False,
            no_show=no_show,
            images=[image],
        )
        case = await story.stage_is("consumed")
        assert case["payments"] == []


async def test_p20_asks_for_five_working_days(house_of: HouseOf) -> None:
    """Thursday 17 September is still early enough for the 23rd, Friday is not."""
    async with house_of(BEGINS, GUEST) as house:
        story = StoryP20(house)
        await house.go_to("2026-09-17 23:00")
        await story.report_stay()
        await house.agent.task(story.case_id, "first_contact")
        await house.go_to("2026-09-18 09:00")
        late = StoryP20(house)
        # Another stay of the same person: the same day at the hospital is the same stay.
        await late.report_stay(hospital_id="h-lkes2xiuptu45a5v")
        case = await late.stage_is("rejected")
        assert "提前5个工作日" in case["reason"]
