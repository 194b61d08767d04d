"""What a person most likely mistyped: refused or read a second time before money follows it.

Each rule says in words why it doubts, and nothing where it does not. A form that carries its
confirmation is believed; who must hear of it then is the story's matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Final

from domain.board import TopUpRow
from domain.calendar import civil_date

BILL_BELIEVED: Final = 2
"""A bill beyond so many times what we cover is read a second time before it is settled."""
DISCHARGE_PAST_MAX: Final = timedelta(days=60)
DISCHARGE_AHEAD_MAX: Final = timedelta(days=365)
VISIT_REPORTED_LATE: Final = timedelta(minutes=30)
"""A dispatcher may write a visit down just after it has begun; earlier ones nobody can keep."""
VISIT_AHEAD_MAX: Final = timedelta(days=366)
"""No stay is planned further ahead than a policy year."""

GRANTED_LATELY: Final = timedelta(days=3)
"""A top-up granted so shortly before another was asked for may have been asked for twice."""
_OPEN: Final = frozenset({"received", "offered"})


def of_bill(bill_fen: int, *, covered_fen: int, advanced_fen: int) -> str:
    """Why a bill is read again: nothing, though money is out, or far above what is covered."""
    if bill_fen == 0 and advanced_fen > 0:
        return "账单为零而押金已付, 请核对后确认"
    if bill_fen > BILL_BELIEVED * covered_fen:
        return "账单远高于垫付金额, 请核对后确认"
    return ""


def of_discharge_day(day: date, *, reported_at: datetime, now: datetime) -> str:
    """Why a day of discharge cannot be: nobody leaves before the stay was reported."""
    today = civil_date(now)
    if day < today - DISCHARGE_PAST_MAX:
        return "出院日期过早: 最多为60天前"
    if day < (reported := civil_date(reported_at)):
        return f"出院日期不能早于报案日 {reported}"
    if day > today + DISCHARGE_AHEAD_MAX:
        return "出院日期过晚: 最多为365天后"
    return ""


def of_visit_time(visit_at: datetime, *, now: datetime) -> str:
    """Why a visit cannot be ordered for a moment: it has no zone, has passed, or is too far (I10).

    The nurse is ordered and the customer told of the time at once, so that it lies ahead.
    """
    if visit_at.tzinfo is None:
        return "上门时间须写明时区"
    if visit_at < now - VISIT_REPORTED_LATE:
        return "上门时间已过, 请填写现在之后的时间"
    if visit_at > now + VISIT_AHEAD_MAX:
        return "上门时间不能晚于一年"
    return ""


def of_slip(receipt_no: str, *, own: str, others: Collection[str]) -> tuple[str, bool]:
    """Why a slip's number is doubted, and whether a second look may confirm it.

    `own` is the receipt of the payment it is for, `others` are numbers that stand for others.
    """
    if receipt_no != own and receipt_no in others:
        return "该押金单号属于另一笔押金", False
    if own and receipt_no != own:
        return "押金单号与该笔付款的回单号不一致, 请核对后确认", True
    return "", False


def top_ups_beside(
    top_up_id: str, asked_at: datetime, others: Iterable[TopUpRow]
) -> list[TopUpRow]:
    """What else of a case is asked for, or was granted lately: whoever answers sees it beside.

    Who does not see which one a step is about (`top_up_id` empty) sees none beside it.
    """
    return [
        one
        for one in others
        if top_up_id not in ("", one.top_up_id)
        and (one.state in _OPEN or (one.granted_fen and _lately(one.answered_at, asked_at)))
    ]


def _lately(answered_at: datetime | None, asked_at: datetime) -> bool:
    return answered_at is not None and answered_at > asked_at - GRANTED_LATELY
