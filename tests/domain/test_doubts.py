"""What a person most likely mistyped is refused or read a second time, with the reason in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from domain import doubts
from domain.board import TopUpRow

NOW = datetime(2026, 11, 22, 15, 11, tzinfo=UTC)  # 23:11 in Shanghai
REPORTED = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # the 21st in Shanghai


@pytest.mark.parametrize(
    ("bill_fen", "advanced_fen", "why"),
    [
        (0, 1, "账单为零"),
        (0, 0, ""),
        (1, 5_000_000, ""),
        (10_000_000, 5_000_000, ""),
        (10_000_001, 5_000_000, "远高于"),
    ],
)
def test_a_bill_is_read_again_where_it_is_zero_or_far_above_what_is_out(
    bill_fen: int, advanced_fen: int, why: str
) -> None:
    doubt = doubts.of_bill(bill_fen, covered_fen=advanced_fen, advanced_fen=advanced_fen)
    assert why in doubt
    assert bool(doubt) == bool(why)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 9, 22), "过早"),
        (date(2026, 9, 25), "不能早于报案日 2026-11-21"),
        (date(2026, 11, 20), "不能早于报案日 2026-11-21"),
        (date(2026, 11, 21), ""),
        (date(2027, 11, 22), ""),
        (date(2027, 11, 23), "过晚"),
    ],
)
def test_nobody_leaves_hospital_before_the_stay_was_reported(day: date, why: str) -> None:
    doubt = doubts.of_discharge_day(day, reported_at=REPORTED, now=NOW)
    assert why in doubt
    assert bool(doubt) == bool(why)


@pytest.mark.parametrize(
    ("visit_at", "why"),
    [
        (datetime(2026, 11, 22, 2, 0, tzinfo=UTC), "已过"),  # ten in the morning of the same day
        (NOW - timedelta(minutes=31), "已过"),
        (NOW - timedelta(minutes=30), ""),
        (NOW + timedelta(days=366), ""),
        (NOW + timedelta(days=366, minutes=1), "一年"),
        (NOW.replace(tzinfo=None), "时区"),
    ],
)
def test_a_visit_is_ordered_for_a_moment_that_lies_ahead(visit_at: datetime, why: str) -> None:
    doubt = doubts.of_visit_time(visit_at, now=NOW)
    assert why in doubt
    assert bool(doubt) == bool(why)


@pytest.mark.parametrize(
    ("receipt_no", "own", "doubted", "may_confirm"),
    [
        ("R-1", "R-1", False, False),
        ("R-7", "R-1", True, True),
        ("R-7", "", False, False),  # the payment came without a number
        ("R-2", "R-1", True, False),
        ("R-2", "", True, False),
        ("R-2", "R-2", False, False),
    ],
)
def test_a_slip_carries_the_number_of_its_own_payment(
    receipt_no: str, own: str, doubted: bool, may_confirm: bool
) -> None:
    why, confirmable = doubts.of_slip(receipt_no, own=own, others={"R-2"})
    assert (bool(why), confirmable) == (doubted, may_confirm)


def a_top_up(top_up_id: str, state: str, granted_fen: int, days: float) -> TopUpRow:
    """Asked for, and answered if it was, so many days before now."""
    at = NOW - timedelta(days=days)
    return TopUpRow(
        top_up_id=top_up_id,
        case_id="dw-1",
        requested_fen=10_000_000,
        state=state,
        granted_fen=granted_fen,
        offered_fen=0,
        reason="",
        requested_at=at,
        answered_at=at if granted_fen or state == "refused" else None,
        paid_at=None,
    )


def test_who_answers_a_top_up_sees_what_else_is_open_or_was_granted_lately() -> None:
    asked = [
        a_top_up("own", "received", 0, 0),
        a_top_up("open-long", "received", 0, 9),
        a_top_up("offered", "offered", 0, 1),
        a_top_up("later", "received", 0, -0.01),
        a_top_up("refused", "refused", 0, 1),
        a_top_up("granted", "accepted", 500, 2.9),
        a_top_up("paid-later", "paid", 10_000_000, -0.01),
        a_top_up("paid-long", "paid", 10_000_000, 3),
    ]
    beside = doubts.top_ups_beside("own", NOW, asked)
    names = ["open-long", "offered", "later", "granted", "paid-later"]
    assert [one.top_up_id for one in beside] == names
    assert doubts.top_ups_beside("", NOW, asked) == []
