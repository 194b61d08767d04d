"""Story 1 and its variations over HTTP, to the minute and to the fen."""

from __future__ import annotations

from datetime import datetime

import pytest

from demo.house import House
from demo.people import Answer
from demo.story_one import Ending, StoryOne

pytestmark = pytest.mark.timeout(180)

DUE_AND_MET = {
    "K02.1": ("2026-04-29 20:40", "2026-04-29 20:32"),
    "K03.1": ("2026-04-30 20:10", "2026-04-30 11:20"),
    "K04.1": ("2026-05-01 00:00", "2026-04-30 16:00"),
    "K05.1": ("2026-05-07 00:00", "2026-05-06 08:40"),  # 24:00 of Wed 6 May: 1-5 May are holidays
    "K02.2": ("2026-05-08 19:30", "2026-05-08 19:12"),
    "K06.1": ("2026-05-10 00:00", "2026-05-09 10:15"),  # Sat 9 May is a make-up working day
    "K02.3": ("2026-05-18 10:30", "2026-05-18 10:20"),
    "K06.2": ("2026-05-20 00:00", "2026-05-18 10:35"),
    "K02.4": ("2026-06-05 22:45", "2026-06-05 22:30"),
    "K06.3": ("2026-06-09 00:00", "2026-06-08 09:20"),
    "K06.4": ("2026-06-23 00:00", "2026-06-22 10:00"),  # Fri 19 June is a holiday
    "K07.1": ("2026-06-26 00:00", "2026-06-25 11:00"),  # the discharge date, not 1 wd (C-12)
    "K08.1": ("2026-06-26 11:00", "2026-06-26 10:00"),
}


def minute(text: str) -> datetime:
    """A moment of the API, to the minute."""
    return datetime.fromisoformat(text).replace(second=0, microsecond=0)


def fen(amount: Answer) -> int:
    return int(amount["amount"].replace(".", ""))


def cash_from_customer(ledger: Answer) -> int:
    return sum(fen(line["amount"]) for line in ledger["transfers"] if line["reason"] == "repayment")


def all_zero(ledger: Answer) -> bool:
    return set(ledger["balances"].values()) == {"0.00"}


async def test_story_one_keeps_every_promise_and_costs_the_customer_nothing(house: House) -> None:
    story = StoryOne(house)
    await story.tell()
    case = await story.stage_is("closed")
    clocks = {clock["instance"]: clock for clock in case["clocks"]}
    for instance, (due, met) in DUE_AND_MET.items():
        assert minute(clocks[instance]["due_at"]) == house.at(due), instance
        assert minute(clocks[instance]["met_at"]) == house.at(met), instance
    assert {clock["state"] for clock in clocks.values()} == {"met"}
    assert minute(story.answer["due_at"]) == house.at("2026-04-29 20:08")
    assert minute(story.answer["answered_at"]) == house.at("2026-04-29 20:05")

    ledger = await story.ledger()
    posted = [line for line in ledger["transfers"] if line["phase"] == "post"]
    assert [fen(line["amount"]) for line in posted] == [
        5_000_000,
        10_000_000,
        15_000_000,
        15_000_000,
        5_000_000,
    ]
    assert all_zero(ledger)
    assert cash_from_customer(ledger) == 0
    assert [top_up["state"] for top_up in case["top_ups"]] == ["paid"] * 4
    assert case["team"].keys() == {"agent", "nurse", "doctor"}
    duties = {line["text"] for line in case["timeline"] if line["event"] == "care"}
    assert duties


async def test_1b_the_refund_goes_to_the_payer_and_the_residual_to_the_customer(
    house: House,
) -> None:
    story = StoryOne(house, ending=Ending(bill_fen=43_000_000))
    await story.tell()
    await story.stage_is("closed")
    ledger = await story.ledger()
    moved = {line["reason"]: fen(line["amount"]) for line in ledger["transfers"]}
    assert moved["refund"] == 7_000_000
    assert moved["offset"] == 43_000_000
    assert moved["residual"] == moved["payout"] == 7_000_000
    assert all_zero(ledger)


@pytest.mark.parametrize("bill_fen", [50_000_000, 43_000_000])
async def test_1c_a_denied_claim_makes_the_customer_owe_what_the_hospital_kept(
    house: House, bill_fen: int
) -> None:
    story = StoryOne(house, ending=Ending(bill_fen=bill_fen, decision="denied", payable_fen=0))
    await story.tell()
    case = await story.stage_is("repayment")
    assert fen(case["money"]["owed_by_customer"]) == bill_fen
    first_fen = 10_000_000
    await _repay(story, first_fen)
    await _repay(story, bill_fen - first_fen)
    await story.stage_is("closed")
    ledger = await story.ledger()
    assert all_zero(ledger)
    assert cash_from_customer(ledger) == bill_fen


async def test_1d_a_claim_never_filed_falls_due_and_is_reminded_of(house: House) -> None:
    story = StoryOne(house, ending=Ending(files_claim=False))
    await story.tell()
    await house.agent.task(story.case_id, "collect_claim_documents")
    await house.go_to("2026-07-26 08:00")  # thirty natural days after the discharge, 25 June
    case = await story.stage_is("repayment")
    assert fen(case["money"]["owed_by_customer"]) == 50_000_000
    # Due thirty natural days after the demand of 26 July 00:00; reminded seven days before.
    await house.go_to("2026-08-19 08:00")
    sent = (await house.partners.get("/received")).json()
    texts = [
        order["body"].get("template") for order in sent if order["id"].startswith(story.case_id)
    ]
    assert "repayment_demand" in texts
    assert "repayment_reminder" in texts
    await _repay(story, 50_000_000)
    await story.stage_is("closed")
    assert all_zero(await story.ledger())


async def test_1e_a_worker_killed_between_9_and_18_may_loses_nothing(house: House) -> None:
    story = StoryOne(house)
    for scene in (story.ask, story.report, story.authorise, story.judge, story.admit):
        await scene()
    await story.first_top_up()
    before = {clock["instance"]: clock["due_at"] for clock in (await story.see())["clocks"]}
    await house.kill_worker()
    await house.start_worker()
    await story.surgery()
    await house.kill_worker()
    # Nobody is at work: the request is taken, and answered by the case when somebody is again.
    asked = await house.customer.do(
        f"/v1/deposit-waivers/{story.case_id}/withdrawal", {"reason": "试"}
    )
    assert not asked.get("accepted")
    await house.start_worker()
    await story.middle_top_ups()
    case = await story.see()
    after = {clock["instance"]: clock["due_at"] for clock in case["clocks"]}
    assert {instance: after[instance] for instance in before} == before
    assert fen(case["money"]["advanced"]) == 45_000_000
    assert [payment["status"] for payment in case["payments"]] == ["paid"] * 4


async def _repay(story: StoryOne, amount_fen: int) -> None:
    await story.house.finance.complete(
        story.case_id,
        "record_repayment",
        amount={"amount": f"{amount_fen // 100}.{amount_fen % 100:02d}", "currency": "CNY"},
        reference=f"BANK-{amount_fen}",
    )
