"""What only a deposit waiver has: limit, review, payments, top-ups, discharge, claim, repayment.

Programmes with an advance among other services (P02, P19, P20) carry the same section.
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from domain.clock import Budget
from domain.money import Fen, PositiveFen
from domain.sourced import Terms
from domain.tasks import CareDuty
from domain.terms import ModeTerms
from domain.waiver import Role


class LimitSource(StrEnum):
    """An amount that may bound a case; the smallest named one does."""

    SUM_INSURED_LEFT = "sum_insured_left"
    AUTHORIZED = "authorised"


class LimitRule(Terms):
    """How much may be advanced in a case, and whether the limit itself may be reached (C-16)."""

    smallest_of: tuple[LimitSource, ...] = Field(min_length=1)
    operator: Literal["at_most", "below"]

    def limit_fen(self, *, sum_insured_left_fen: Fen, authorised_fen: Fen | None) -> Fen:
        """The limit of one case in fen (C-08); an amount nobody authorised does not bound it."""
        bounds = []
        if LimitSource.SUM_INSURED_LEFT in self.smallest_of:
            bounds.append(sum_insured_left_fen)
        if LimitSource.AUTHORIZED in self.smallest_of and authorised_fen is not None:
            bounds.append(authorised_fen)
        return min(bounds, default=0)

    def left_fen(self, *, limit_fen: Fen, advanced_fen: Fen) -> Fen:
        """The most that may still be advanced, to the fen."""
        top = limit_fen if self.operator == "at_most" else limit_fen - 1
        return max(0, top - advanced_fen)

    def allows(self, amount_fen: PositiveFen, *, limit_fen: Fen, advanced_fen: Fen) -> bool:
        """Whether an amount fits; exactly the limit fits `at_most` and not `below` (R125)."""
        return amount_fen <= self.left_fen(limit_fen=limit_fen, advanced_fen=advanced_fen)


class TeamRole(Terms):
    """A member of the standard team; without one of them no case reaches a payment (R046)."""

    role: Role
    name: str


class CareTerms(Terms):
    """In-hospital care: its duties, and how often a visit falls due."""

    duties: tuple[CareDuty, ...] = Field(min_length=1)
    every_days: int = Field(gt=0, le=90)


class CollectingTerms(Terms):
    """How long we wait for documents before a case expires."""

    expires_after: Budget


class ReviewTerms(Terms):
    """Who judges, and whether the insurer signs as well (双审)."""

    roles: tuple[Role, ...] = Field(min_length=1)
    second_approval: bool
    explain_refusal: bool = True


class TopUpTerms(Terms):
    """Whether, and how, more may be advanced (C-15, C-70)."""

    enabled: bool
    verify_cost_before_topup: bool
    offer_what_is_left: bool
    reasons: tuple[str, ...]


class DischargeTerms(Terms):
    """What a discharge notice must keep, and when the service is due (K07, C-12)."""

    notice_lead: Budget | None = None
    images_required: bool = True
    service_on: Literal["by_clock", "discharge_day"] = "by_clock"


class ClaimTerms(Terms):
    """Who files, and when a claim counts as never filed."""

    filed_by: Literal["service_staff", "insurer", "customer"]
    never_filed_after: Budget
    original_invoices: Literal["collected", "required"] = "collected"


class RepaymentTerms(Terms):
    """What the customer owes when the claim does not cover the advance (C-57)."""

    due_after: Budget
    reminder_days: tuple[int, ...]
    write_off_signatures: int = Field(ge=2)


class SlipTerms(Terms):
    """Who keeps the hospital's deposit slip (R723)."""

    kept_by: Literal["insurer", "customer"]


class WaiverTerms(BaseModel):
    """What only a deposit waiver has: payments, top-ups, discharge, claim, repayment."""

    model_config = ConfigDict(frozen=True)

    limit: LimitRule
    collecting: CollectingTerms
    review: ReviewTerms
    payment_modes: tuple[ModeTerms, ...] = Field(min_length=1)
    team: tuple[TeamRole, ...] = Field(min_length=1)
    care: CareTerms
    top_up: TopUpTerms
    slip: SlipTerms | None = None
    signing_refused: Literal["cancels", "consumes"] = "cancels"
    discharge: DischargeTerms
    claim: ClaimTerms
    repayment: RepaymentTerms

    @field_validator("payment_modes")
    @classmethod
    def _one_is_open_everywhere(cls, modes: tuple[ModeTerms, ...]) -> tuple[ModeTerms, ...]:
        if all(terms.where != "anywhere" for terms in modes):
            raise ValueError("no payment mode is open at every hospital")
        return modes
