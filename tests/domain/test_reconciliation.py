"""A statement against the ledger: what agrees is silent, each difference is told once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.posting import Account, Reason
from domain.reconciliation import (
    LOOK_BACK,
    Booked,
    Difference,
    DifferenceKind,
    Line,
    days_wanted,
    differences,
)

DAY = date(2026, 5, 6)
NOON = datetime(2026, 5, 6, 4, 0, tzinfo=UTC)
CASE = "dw-aaaaaaaaaaaaaaaaaaaa"
FIRST = f"{CASE}:deposit:1"


def a_line(**changes: Any) -> Line:
    facts: dict[str, Any] = {
        "kind": "payment",
        "movement_id": FIRST,
        "amount_fen": 5_000_000,
        "done": True,
        "status": "done",
        "receipt_no": "PA20260506-000001",
        "at": NOON,
    }
    return Line(**(facts | changes))


def a_row(phase: str = "post", **changes: Any) -> Booked:
    facts: dict[str, Any] = {
        "case_id": CASE,
        "movement_id": FIRST,
        "phase": phase,
        "debit": Account.HOSPITAL_DEPOSIT,
        "reason": Reason.DEPOSIT,
        "amount_fen": 5_000_000,
        "at": NOON,
    }
    return Booked(**(facts | changes))


PAID = [a_row("hold"), a_row("post")]


def a_refund(number: int, amount_fen: int, at: datetime = NOON) -> Booked:
    return a_row(
        "single",
        movement_id=f"{CASE}:refund:{number}",
        debit=Account.PAYER_CASH,
        reason=Reason.REFUND,
        amount_fen=amount_fen,
        at=at,
    )


def compared(
    lines: dict[date, list[Line]] | list[Line], booked: list[Booked], day: date = DAY
) -> list[Difference]:
    """Compare with every statement that is asked for; days without lines are empty."""
    known = lines if isinstance(lines, dict) else {day: lines}
    statement: dict[date, list[Line]] = {}
    for _ in range(3):
        for wanted in days_wanted(day, statement, booked):
            statement[wanted] = known.get(wanted, [])
    assert days_wanted(day, statement, booked) == []
    return differences(day, statement, booked)


def test_what_both_sides_have_is_no_difference() -> None:
    assert compared([a_line()], PAID) == []


@pytest.mark.parametrize(
    ("lines", "booked", "kind", "amount_fen"),
    [
        ([], PAID, DifferenceKind.ONLY_OURS, 5_000_000),
        ([a_line()], [], DifferenceKind.ONLY_THEIRS, 5_000_000),
        ([a_line(amount_fen=4_999_999)], PAID, DifferenceKind.OTHER_AMOUNT, 1),
        ([a_line(done=False, status="reversed")], PAID, DifferenceKind.OTHER_STATUS, 5_000_000),
        ([a_line()], [a_row("hold")], DifferenceKind.OTHER_STATUS, 5_000_000),
        ([a_line()], [a_row("hold"), a_row("void")], DifferenceKind.OTHER_STATUS, 5_000_000),
        ([a_line(), a_line()], PAID, DifferenceKind.OTHER_AMOUNT, 5_000_000),
    ],
)
def test_each_way_to_differ_is_found_with_both_sides(
    lines: list[Line], booked: list[Booked], kind: DifferenceKind, amount_fen: int
) -> None:
    (found,) = compared(lines, booked)
    assert (found.kind, found.subject, found.amount_fen) == (kind, FIRST, amount_fen)
    assert (found.case_id, found.day) == (CASE, DAY)
    assert ("账簿无记录" in found.evidence.ours) is (not booked)
    assert ("对账单无此笔" in found.evidence.theirs) is (not lines)


def test_a_correction_is_about_the_movement_it_corrects() -> None:
    fix = a_row(
        "single",
        movement_id=f"{FIRST}:fix_1",
        debit=Account.PAYER_CASH,
        reason=Reason.REVERSAL,
        amount_fen=1,
    )
    assert compared([a_line(amount_fen=4_999_999)], [*PAID, fix]) == []
    late = a_row("single", movement_id=f"{FIRST}:late")
    assert compared([a_line()], [a_row("hold"), a_row("void"), late]) == []


def test_a_line_that_was_not_done_is_none_of_ours_to_explain() -> None:
    refused = [a_row("hold"), a_row("void")]
    assert compared([a_line(done=False, status="reversed")], refused) == []


@pytest.mark.parametrize("days", [1, 5])
def test_a_result_that_came_days_later_is_found_on_the_day_it_was_paid(days: int) -> None:
    later = [a_row("hold"), a_row("post", at=NOON + timedelta(days=days))]
    lines = {DAY: [a_line()]}
    assert compared(lines, later, DAY + timedelta(days=days)) == []
    assert compared(lines, later) == []


def test_a_movement_is_looked_for_since_its_case_began_and_not_for_ever() -> None:
    long_ago = NOON - timedelta(days=LOOK_BACK + 30)
    booked = [a_row("hold", at=long_ago), a_row("post")]
    beside: dict[date, list[Line]] = {DAY + timedelta(days=n): [] for n in (-1, 0, 1)}
    wanted = days_wanted(DAY, beside, booked)
    assert wanted[0] == DAY - timedelta(days=LOOK_BACK)
    assert len(wanted) == LOOK_BACK - 1


def test_refunds_of_a_case_are_compared_as_a_sum_over_all_its_days() -> None:
    earlier = DAY - timedelta(days=10)
    then = NOON - timedelta(days=10)
    told = {
        earlier: [a_line(at=then), a_line(kind="refund", amount_fen=300, at=then)],
        DAY: [a_line(kind="refund", amount_fen=700)],
    }
    began = [a_row("hold", at=then), a_row("post", at=then)]
    assert compared(told, [*began, a_refund(1, 1000)]) == []
    (found,) = compared(told, [*began, a_refund(1, 300, then)])
    assert (found.kind, found.amount_fen) == (DifferenceKind.OTHER_AMOUNT, 700)
    (found,) = compared({}, [*began, a_refund(1, 1000)])
    assert (found.kind, found.subject) == (DifferenceKind.ONLY_OURS, f"{CASE}:refund")


def test_a_refund_of_a_case_nobody_knows_is_told() -> None:
    (found,) = compared([a_line(kind="refund", movement_id="x:1")], [])
    assert (found.kind, found.subject) == (DifferenceKind.ONLY_THEIRS, "x:refund")


def test_the_same_day_finds_the_same_difference_under_the_same_name() -> None:
    (first,), (again,) = compared([a_line()], []), compared([a_line()], [])
    assert first.about == again.about == f"payment 2026-05-06 only_theirs {FIRST}"
    (other,) = compared({DAY: [a_line()]}, [a_row("hold")])
    assert other.about != first.about


def test_a_day_of_many_thousands_is_compared_in_one_pass() -> None:
    """Twice the movements take about twice the looks at them, not four times."""
    assert _looks(2_000) < 3 * _looks(1_000)


def _looks(movements: int) -> int:
    """How often rows of the ledger are asked for their subject."""
    asked = 0

    class Counted(Booked):
        @property
        def subject(self) -> str:
            nonlocal asked
            asked += 1
            return super().subject

    names = [f"dw-{number:020d}:deposit:1" for number in range(movements)]
    rows = [
        Counted(**row.model_dump() | {"case_id": name.partition(":")[0], "movement_id": name})
        for name in names
        for row in PAID
    ]
    lines = [a_line(movement_id=name) for name in names]
    assert differences(DAY, {DAY: lines}, rows) == []
    return asked
