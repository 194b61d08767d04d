"""What is owed to whom after discharge: refund, offset, residual, instalments, and the due dates.

Pure arithmetic on fen (design: money). No rounding happens here, because amounts arrive in fen and
are only added, subtracted and compared.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from domain.calendar import WorkCalendar, civil_date
from domain.clock import due_at
from domain.money import Fen, PositiveFen
from domain.programmes.waiver_terms import ClaimTerms, RepaymentTerms


class Settlement(BaseModel):
    """The money of a case as it stands: what has happened so far, in fen."""

    model_config = ConfigDict(frozen=True)

    advanced_fen: Fen
    bill_fen: Fen = 0
    """The part of the hospital's bill that the advance pays, `covered`."""
    refund_fen: Fen = 0
    offset_fen: Fen = 0
    repaid_fen: Fen = 0
    written_off_fen: Fen = 0

    @property
    def refund_due_fen(self) -> int:
        """What the hospital still owes the payer: deposits above the bill (C-58)."""
        return self.advanced_fen - self.bill_fen - self.refund_fen

    @property
    def outstanding_fen(self) -> int:
        """Advanced and not back: from the hospital, the claim, the customer, or given up."""
        back = self.refund_fen + self.offset_fen + self.repaid_fen + self.written_off_fen
        return self.advanced_fen - back

    @property
    def owed_fen(self) -> int:
        """What is for claim and customer to return; zero closes the case (R109).

        What the hospital owes is never asked of the customer.
        """
        return self.outstanding_fen - self.refund_due_fen

    def offset_of(self, payable_fen: int) -> int:
        """The part of claim money that repays the advance (R015); the rest is the customer's."""
        return max(0, min(payable_fen, self.owed_fen))


class Instalment(BaseModel):
    """A part of what is owed, and the last day to pay it."""

    model_config = ConfigDict(frozen=True)

    due_on: date
    amount_fen: PositiveFen


def covered(*, billed_fen: Fen, advanced_fen: Fen) -> int:
    """What the advance pays of a bill; the family pays the rest at the counter."""
    return min(billed_fen, advanced_fen)


def still_due(plan: Sequence[Instalment], *, paid_fen: Fen) -> list[Instalment]:
    """What a plan still asks for, the next one first; payments fill the oldest parts first."""
    left: list[Instalment] = []
    for part in plan:
        filled = min(part.amount_fen, paid_fen)
        paid_fen -= filled
        if filled < part.amount_fen:
            left.append(part.model_copy(update={"amount_fen": part.amount_fen - filled}))
    return left


def repayment_due_at(demanded_at: datetime, terms: RepaymentTerms, cal: WorkCalendar) -> datetime:
    """When a repayment is due that was demanded at a moment: 24:00 of the last day (C-57)."""
    return due_at(demanded_at, terms.due_after, cal)


def reminder_dates(due_on: date, terms: RepaymentTerms, *, after: date) -> tuple[date, ...]:
    """The days to remind on, around the day it is due, without those already past at `after`."""
    days = (due_on + timedelta(days=offset) for offset in sorted(set(terms.reminder_days)))
    return tuple(day for day in days if day > after)


def due_date(due: datetime) -> date:
    """The last day of a deadline that ends at 24:00, as a person writes it."""
    return civil_date(due - timedelta(microseconds=1))


def never_filed_at(discharged_at: datetime, terms: ClaimTerms, cal: WorkCalendar) -> datetime:
    """From when a claim counts as never filed, so that the advance falls due (R108)."""
    return due_at(discharged_at, terms.never_filed_after, cal)


AGES: Final = ("not_due", "1-30", "31-60", "61-90", "91-")
"""How long something is overdue, in days: the columns of an aging report."""


def overdue_days(due: datetime, now: datetime) -> int:
    """Whole days begun since a deadline of 24:00 passed; 0 before it."""
    return max(0, (civil_date(now) - due_date(due)).days) if now >= due else 0


def age_of(days: int) -> str:
    """The column of an aging report that so many days overdue stand in."""
    if days == 0:
        return AGES[0]
    return AGES[min((days - 1) // 30 + 1, len(AGES) - 1)]
