"""What the customer is told on the way, and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from domain.waiver import Stage
from tests.workflows import people

CaseOf = Callable[..., Any]


async def test_the_customer_is_told_once_that_little_is_left(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        assert "balance_low" not in case.told
        for number, amount_fen in enumerate((30_000_000, 10_000_000, 1_000_000), start=1):
            await people.ask_top_up(case, f"t-{number}", amount_fen)
            await people.answer_top_up(case, f"t-{number}")
            await case.until(lambda paid=number: case.told.count("deposit_paid") == paid + 1)
        # 50,000 + 300,000 leave 150,000 of 500,000; the next 100,000 pass below a fifth of it.
        assert case.told.count("balance_low") == 1
        assert case.told.index("balance_low") > case.told.index("top_up_received")


async def test_with_the_first_discharge_date_the_customer_hears_what_the_claim_needs(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        for number, days in enumerate((3, 5), start=1):
            leaving = case.today + timedelta(days=days)
            await people.notice_discharge(case, leaving, notice_id=f"d-{days}")
            await case.until(lambda told=number: case.told.count("discharge_visit") == told)
        assert case.stage is Stage.IN_HOSPITAL
        assert case.told.count("claim_documents") == 1
