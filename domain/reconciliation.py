"""A day's statement of the payment partner against the ledger: what agrees, and what does not.

Each movement is compared once, on the day it stands on in the statement; what only our books have,
on the day it was booked. A result that reached us after midnight stands on another day in our books
than in theirs, so that a movement is looked for on all days since it began before it is missed.
Refunds have no id that both sides know: they are compared as the sum of a case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from domain.calendar import SHANGHAI, civil_date
from domain.money import Fen, spoken
from domain.posting import Account, Reason
from domain.steps.kinds import Evidence

LOOK_BACK: Final = 120
"""Days a movement is looked for in older statements; no stay and no unknown outcome is longer."""

_CORRECTING: Final = re.compile(r":(late|fix_[0-9]+)$", re.ASCII)
"""How a movement ends that corrects another one."""

_Row = TypeVar("_Row")

Kind = Literal["payment", "payout", "refund"]


class Line(BaseModel):
    """One line of a statement."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    movement_id: str
    amount_fen: Fen
    done: bool
    status: str
    receipt_no: str
    at: datetime

    @property
    def case_id(self) -> str:
        """What stands before the first colon of a movement id of ours."""
        return self.movement_id.partition(":")[0]


class Booked(BaseModel):
    """One row of the ledger that crosses the house's door."""

    model_config = ConfigDict(frozen=True)

    case_id: str
    movement_id: str
    phase: Literal["single", "hold", "post", "void"]
    debit: Account
    reason: Reason
    amount_fen: Fen
    at: datetime

    @property
    def kind(self) -> Kind:
        """Which lines of a statement it is to be found in."""
        if self.reason in {Reason.PAYOUT, Reason.PAYOUT_REVERSAL}:
            return "payout"
        return "refund" if self.reason is Reason.REFUND else "payment"

    @property
    def subject(self) -> str:
        """The partner's movement that it is about: a correction is about what it corrects."""
        return _CORRECTING.sub("", self.movement_id)

    @property
    def out_fen(self) -> int:
        """What left the house by it, negative when it came back; nothing for a hold or a void."""
        if self.phase in {"hold", "void"}:
            return 0
        came_back = self.debit is Account.PAYER_CASH and self.kind != "refund"
        return -self.amount_fen if came_back else self.amount_fen


class DifferenceKind(StrEnum):
    """In what way the two sides differ."""

    ONLY_OURS = "only_ours"
    ONLY_THEIRS = "only_theirs"
    OTHER_AMOUNT = "other_amount"
    OTHER_STATUS = "other_status"
    NO_STATEMENT = "no_statement"
    UNBALANCED = "unbalanced"
    AUDIT_BROKEN = "audit_broken"


class Difference(BaseModel):
    """One thing on which the two sides differ, with what each of them says."""

    model_config = ConfigDict(frozen=True)

    day: date
    kind: DifferenceKind
    subject: str
    case_id: str | None
    amount_fen: Fen
    evidence: Evidence

    @property
    def about(self) -> str:
        """What tells it from every other: the same day finds the same difference again.

        A break of the audit is there for ever, whichever day it is found on again.
        """
        if self.kind is DifferenceKind.AUDIT_BROKEN:
            return f"audit {self.subject}"
        return f"payment {self.day} {self.kind.value} {self.subject}"


def days_wanted(
    day: date, statement: Mapping[date, Sequence[Line]], booked: Sequence[Booked]
) -> list[date]:
    """The days whose statements are still needed before anything of a day can be called missing.

    The days beside it always; older ones only when a movement of ours is found on none of them.
    """
    beside = [day + timedelta(days=n) for n in (-1, 0, 1)]
    lacking = [one for one in beside if one not in statement]
    if lacking:
        return lacking
    found = _compared(day, statement, booked)
    began: dict[str, date] = {}  # a case's first movement: no statement before it has it
    for row in booked:
        began[row.case_id] = min(civil_date(row.at), began.get(row.case_id, date.max))
    missed = [began.get(one.subject.partition(":")[0], day) for one in found if one.early]
    if not missed:
        return []
    first = max(min(missed), day - timedelta(days=LOOK_BACK))
    span = (day - first).days
    return [one for n in range(span + 1) if (one := first + timedelta(days=n)) not in statement]


def differences(
    day: date, statement: Mapping[date, Sequence[Line]], booked: Sequence[Booked]
) -> list[Difference]:
    """What differs on a day; the statements hold every day that `days_wanted` asked for."""
    return [one.difference for one in _compared(day, statement, booked)]


class _Found(BaseModel):
    difference: Difference
    early: bool  # whether an older statement may still have it
    subject: str


def _compared(
    day: date, statement: Mapping[date, Sequence[Line]], booked: Sequence[Booked]
) -> list[_Found]:
    told = [line for lines in statement.values() for line in lines]
    return [
        *_movements(day, statement.get(day, ()), told, booked),
        *_refunds(day, statement.get(day, ()), told, booked),
    ]


def _movements(
    day: date, today: Sequence[Line], told: Sequence[Line], booked: Sequence[Booked]
) -> Iterable[_Found]:
    ours = _by((one for one in booked if one.kind != "refund"), lambda one: one.subject)
    theirs = _by((line for line in told if line.kind != "refund"), lambda line: line.movement_id)
    for subject in _in_order(line.movement_id for line in today if line.kind != "refund"):
        kind = _kind_of(ours.get(subject, []), theirs[subject])
        if kind is not None:
            yield _found(day, kind, subject, ours.get(subject, []), theirs[subject])
    for subject, rows in ours.items():
        on_the_day = any(one.out_fen and _on(day, one) for one in rows)
        if on_the_day and subject not in theirs and _out(rows):
            yield _found(day, DifferenceKind.ONLY_OURS, subject, rows, [])


def _kind_of(ours: Sequence[Booked], lines: Sequence[Line]) -> DifferenceKind | None:
    out_fen, told_fen = _out(ours), sum(line.amount_fen for line in lines if line.done)
    if out_fen == told_fen:
        return None
    if not ours:
        return DifferenceKind.ONLY_THEIRS
    both = out_fen > 0 and told_fen > 0
    return DifferenceKind.OTHER_AMOUNT if both else DifferenceKind.OTHER_STATUS


def _refunds(
    day: date, today: Sequence[Line], told: Sequence[Line], booked: Sequence[Booked]
) -> Iterable[_Found]:
    """Refunds of a case as a sum: each side names them by a number of its own."""
    ours = _by((one for one in booked if one.kind == "refund"), lambda one: one.case_id)
    theirs = _by((line for line in told if line.kind == "refund"), lambda line: line.case_id)
    cases = [line.case_id for line in today if line.kind == "refund"]
    cases += [case_id for case_id, rows in ours.items() if any(_on(day, one) for one in rows)]
    for case_id in _in_order(cases):
        lines, of_case = theirs.get(case_id, []), ours.get(case_id, [])
        told_fen = sum(line.amount_fen for line in lines if line.done)
        if told_fen == _out(of_case):
            continue
        kind = (
            DifferenceKind.ONLY_THEIRS
            if not of_case
            else DifferenceKind.ONLY_OURS
            if not lines
            else DifferenceKind.OTHER_AMOUNT
        )
        found = _found(day, kind, f"{case_id}:refund", of_case, lines)
        # A case may have had refunds before: only all of its days make a sum.
        yield found.model_copy(update={"early": True, "subject": case_id})


def _found(
    day: date,
    kind: DifferenceKind,
    subject: str,
    rows: Sequence[Booked],
    lines: Sequence[Line],
) -> _Found:
    told_fen = sum(line.amount_fen for line in lines if line.done)
    difference = Difference(
        day=day,
        kind=kind,
        subject=subject,
        case_id=subject.partition(":")[0],
        amount_fen=abs(told_fen - _out(rows)),
        evidence=Evidence(ours=_said_by_us(rows), theirs=_said_by_them(lines)),
    )
    return _Found(difference=difference, early=kind is DifferenceKind.ONLY_OURS, subject=subject)


_PHASES: Final = {"single": "已入账", "hold": "已冻结", "post": "已付", "void": "已解冻"}
_SAID_MAX: Final = 500


def _said_by_us(rows: Sequence[Booked]) -> str:
    said = "; ".join(
        f"{_moment(one.at)} {_PHASES[one.phase]} {spoken(one.amount_fen)} {one.movement_id}"
        for one in rows
    )
    return (said or "账簿无记录")[:_SAID_MAX]


def _said_by_them(lines: Sequence[Line]) -> str:
    said = "; ".join(
        f"{_moment(line.at)} {line.status} {spoken(line.amount_fen)} 回单 {line.receipt_no or '无'}"
        for line in lines
    )
    return (said or "对账单无此笔")[:_SAID_MAX]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%m-%d %H:%M}"


def _out(rows: Iterable[Booked]) -> int:
    return sum(one.out_fen for one in rows)


def _on(day: date, one: Booked) -> bool:
    return civil_date(one.at) == day


def _by(rows: Iterable[_Row], name: Callable[[_Row], str]) -> dict[str, list[_Row]]:
    """Rows by a name of theirs, in the order in which they came: a day has many thousands."""
    found: dict[str, list[_Row]] = {}
    for one in rows:
        found.setdefault(name(one), []).append(one)
    return found


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
