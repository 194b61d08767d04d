"""What is owed to whom after discharge: refund, offset, residual, repayment, and the due dates.

Pure arithmetic on fen (design: money). No rounding happens here, because amounts arrive in fen and
are only added, subtracted and compared.
"""

from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from domain.calendar import WorkCalendar, civil_date
from domain.clock import due_at
from domain.money import Fen
from domain.waiver_terms import ClaimTerms, RepaymentTerms


class BillAboveAdvance(ValueError):
    """The bill is higher than what was advanced; the rest is paid at the counter first."""


class Settlement(BaseModel):
    """The money of a case after discharge. Each amount is in fen and none is negative."""

    model_config = ConfigDict(frozen=True)

    advanced_fen: Fen
    refund_fen: Fen = 0
    payable_fen: Fen = 0
    repaid_fen: Fen = 0
    written_off_fen: Fen = 0

    @property
    def outstanding_fen(self) -> int:
        """Advanced less what the hospital returned: what the claim is to bring back."""
        return self.advanced_fen - self.refund_fen

    @property
    def offset_fen(self) -> int:
        """The part of the claim money that repays the advance (R015)."""
        return min(self.payable_fen, self.outstanding_fen)

    @property
    def residual_fen(self) -> int:
        """The part of the claim money that is the customer's."""
        return self.payable_fen - self.offset_fen

    @property
    def owed_fen(self) -> int:
        """What the customer still owes; zero closes the case (R109)."""
        return self.outstanding_fen - self.offset_fen - self.repaid_fen - self.written_off_fen

    @property
    def is_settled(self) -> bool:
        """Whether nothing is owed any more."""
        return self.owed_fen == 0


def refund_due(*, advanced_fen: Fen, bill_fen: Fen) -> int:
    """What the hospital owes the payer after the bill (C-58); BillAboveAdvance if negative."""
    if bill_fen > advanced_fen:
        raise BillAboveAdvance("the bill is higher than the deposits that were paid")
    return advanced_fen - bill_fen


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
