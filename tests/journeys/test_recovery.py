"""A denied claim over HTTP: disputed, agreed in parts, and given up under two people's names."""

from __future__ import annotations

from typing import Any

import pytest

from demo.house import House
from demo.people import Answer, Person, Refused, until, yuan
from demo.story_one import StoryOne
from tests.journeys.test_life import admitted
from tests.journeys.test_story_one import all_zero, fen

pytestmark = pytest.mark.timeout(180)

OWED = 5_000_000


async def denied(house: House) -> StoryOne:
    """A stay of a week on the first deposit; the insurer pays nothing."""
    story = await admitted(house)
    await house.go_to("2026-05-11 09:00")
    await story.notice_discharge("2026-05-12")
    await house.go_to("2026-05-12 11:00")
    await story.discharge(OWED, "original_invoice", "fee_list", "discharge_summary")
    proof = await house.agent.upload(story.case_id, "step_image")
    await house.agent.complete(story.case_id, "file_claim", images=[proof])
    await story.stage_is("adjudication")
    await story.insurer_decides("denied", 0, "not_covered")
    await story.stage_is("repayment")
    await house.finance.task(story.case_id, "record_repayment")
    return story


async def owing(house: House, **wanted: Any) -> Answer:
    """The case's line of finance's report, once it says what is wanted."""

    async def there() -> Answer | None:
        (line,) = (await house.finance.see("/v1/reports/repayments"))["lines"]
        return line if line.items() >= wanted.items() else None

    found: Answer = await until(there, f"report {wanted}")
    return found


async def test_a_denied_claim_is_disputed_paid_in_part_and_written_off_by_two(
    house: House,
) -> None:
    story = await denied(house)
    line = await owing(house, age="not_due", held="")
    assert (line["case_id"], fen(line["owed"])) == (story.case_id, OWED)

    at = f"/v1/deposit-waivers/{story.case_id}/disputes"
    await house.customer.do(at, {"reason": "病理报告已补充"})
    await owing(house, held="disputed")
    await house.reviewer.complete(
        story.case_id, "decide_dispute", upheld=False, reason="不在保障范围"
    )
    await owing(house, held="")

    parts = [
        {"due_on": story.day("2026-06-01"), "amount": yuan(2_000_000)},
        {"due_on": story.day("2026-07-01"), "amount": yuan(3_000_000)},
    ]
    await house.finance.complete(
        story.case_id, "arrange_repayment", instalments=parts, reason="电话商定两期"
    )
    await house.finance.task(story.case_id, "record_repayment")
    await story.repay(2_000_000, "BANK-1")
    await house.go_to("2026-08-05 10:00")
    await owing(house, days_overdue=35, age="31-60")

    await house.finance.complete(
        story.case_id, "arrange_repayment", write_off=True, reason="客户失联"
    )
    task = await house.supervisor.task(story.case_id, "sign_write_off")
    both = Person(house.settings, subject=house.finance.subject, role="supervisor")
    with pytest.raises(Refused) as refused:
        await both.do(
            f"/v1/tasks/{task['task_id']}/completion", {"approved": True, "reason": "同意"}
        )
    await both.leave()
    assert refused.value.problem["type"].endswith("same-person")
    await house.supervisor.complete(
        story.case_id, "sign_write_off", approved=True, reason="催收无果"
    )
    await story.stage_is("closed")
    ledger = await story.ledger()
    assert all_zero(ledger)
    moved = {one["reason"]: fen(one["amount"]) for one in ledger["transfers"]}
    assert (moved["repayment"], moved["write_off"], moved["loss"]) == (2_000_000, *[3_000_000] * 2)
    assert (await house.finance.see("/v1/reports/repayments"))["lines"] == []


async def test_a_refund_after_the_case_was_closed_opens_it_again_and_pays_the_customer(
    house: House,
) -> None:
    story = await denied(house)
    await story.repay(OWED, "BANK-1")
    await story.stage_is("closed")
    # The hospital finds that it charged too much, and its word comes for an ended case.
    await house.partner(
        "/payment/v1/refunds",
        {
            "refund_id": f"late-{story.case_id}",
            "movement_id": f"{story.case_id}:deposit:1",
            "amount": yuan(120_000),
        },
    )
    await house.finance.complete(
        story.case_id,
        "settle_late_refund",
        to_customer=yuan(120_000),
        to_insurer=yuan(0),
        to_loss=yuan(0),
        to_hospital=yuan(0),
        reason="医院重新结算",
    )
    await story.payment_is(f"{story.case_id}:payout", "paid")

    async def at_rest() -> bool:
        return all_zero(await story.ledger())

    await until(at_rest, "books at zero")
    assert (await story.see())["stage"] == "closed"
    # The insurer thinks again: what it adds is the customer's, who had repaid everything else.
    decision = {"decision": "partial", "payable": yuan(1_000_000), "changes": True}
    await house.partner(f"/claims/v1/claims/{story.case_id}:claim/decision", decision)
    added: Answer = {"received": yuan(1_000_000), "to_loss": yuan(0), "reason": "保险公司更正结论"}
    await house.finance.complete(story.case_id, "settle_late_claim", **added)
    await story.payment_is(f"{story.case_id}:payout:2", "paid")
    await until(at_rest, "books at zero again")
    # And the customer does not agree with that either: somebody has to answer.
    path = f"/v1/deposit-waivers/{story.case_id}/disputes"
    await house.customer.do(path, {"reason": "仍有费用未赔付"})
    await house.supervisor.complete(story.case_id, "breach", action="已回访客户")
    letters = await house.finance.see("/v1/reports/letters")
    assert letters["items"] == []
