"""What only a deposit waiver has: limit, review, payments, top-ups, discharge, claim, repayment.

Programmes with an advance among other services (P02, P19, P20) carry the same section.
"""

from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from domain.clock import Budget
from domain.money import Fen, PositiveFen
from domain.programmes.sourced import Terms
from domain.programmes.terms import LeadTime, ModeTerms
from domain.roles import Role
from domain.steps.kinds import CareDuty


class LimitSource(StrEnum):
    """An amount that may bound a case; the smallest named one does."""

    SUM_INSURED_LEFT = "sum_insured_left"
    AUTHORIZED = "authorised"


LimitOperator = Literal["at_most", "below"]
"""Whether a limit may be reached, or is already too much (C-16)."""


class LimitRule(Terms):
    """How much may be advanced in a case, and whether the limit itself may be reached (C-16)."""

    smallest_of: tuple[LimitSource, ...] = Field(min_length=1)
    operator: LimitOperator
    low_at_percent: int = Field(default=20, ge=0, le=100)  # inferred, for the notice that it is low

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

    def becomes_low(self, *, limit_fen: Fen, before_fen: Fen, left_fen: Fen) -> bool:
        """Whether what is left has just come down to the part that customers are told of."""
        low_fen = limit_fen * self.low_at_percent // 100
        return left_fen <= low_fen < before_fen

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
    """How long we wait for documents before a case expires, and who may come for them."""

    expires_after: Budget
    visit_offered: bool = False  # the customer may want somebody to come (R280)


class ReviewTerms(Terms):
    """Who judges, who signs after them (双审), and whether a refusal must be talked over."""

    roles: tuple[Role, ...] = Field(min_length=1, max_length=2)
    second_approval: bool
    explain_refusal: bool = True

    @model_validator(mode="after")
    def _each_signature_has_a_role(self) -> Self:
        if self.second_approval != (len(self.roles) > 1):
            raise ValueError("a second approval has a second role, and only it has one")
        if len(set(self.roles)) != len(self.roles):
            raise ValueError("two signatures come from two roles")
        return self

    @property
    def judges(self) -> Role:
        """Who gives the opinion."""
        return self.roles[0]

    @property
    def signs_second(self) -> Role | None:
        """Who must agree before money is paid; None where one signature is enough."""
        return self.roles[1] if self.second_approval else None


class TopUpTerms(Terms):
    """Whether, and how, more may be advanced (C-15, C-70)."""

    enabled: bool
    verify_cost_before_topup: bool
    offer_what_is_left: bool


class DischargeTerms(Terms):
    """What a discharge notice must keep, and when the service is due (K07, C-12)."""

    notice_lead: LeadTime | None = None
    service_on: Literal["by_clock", "discharge_day"] = "by_clock"
    balance_paid: bool = False  # what is covered beyond the deposits is paid there too (C-19)


class ClaimTerms(Terms):
    """Who files, and when a claim counts as never filed."""

    filed_by: Literal["service_staff", "insurer", "customer"]
    never_filed_after: Budget
    original_invoices: Literal["collected", "required"] = "collected"  # required: asked at intake
    sent_by: Literal["system", "courier"] = "system"

    @property
    def files(self) -> Role:
        """Whose step it is to file."""
        return _FILES[self.filed_by]


_FILES: Final = {
    "service_staff": Role.AGENT,
    "insurer": Role.INSURER,
    "customer": Role.CUSTOMER,
}


class AftercareTerms(Terms):
    """Consultations after discharge, at an interval (R226, C-14)."""

    kind: Literal["nutrition"]
    every_days: int = Field(gt=0, le=366)
    times: int = Field(gt=0, le=52)


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

    services: tuple[str, ...] = ()  # which of the programme's services it is; none = all of them
    limit: LimitRule
    collecting: CollectingTerms
    review: ReviewTerms
    payment_modes: tuple[ModeTerms, ...] = Field(min_length=1)
    team: tuple[TeamRole, ...] = Field(min_length=1)
    care: CareTerms
    top_up: TopUpTerms
    slip: SlipTerms | None = None
    # In the customer's app before the review (P01), or at the bed with the agreements.
    authorization: Literal["before_review", "on_site"] = "before_review"
    signing_refused: Literal["cancels", "consumes"] = "cancels"  # or not being there
    discharge: DischargeTerms
    claim: ClaimTerms
    repayment: RepaymentTerms
    aftercare: AftercareTerms | None = None

    @field_validator("payment_modes")
    @classmethod
    def _one_is_open_everywhere(cls, modes: tuple[ModeTerms, ...]) -> tuple[ModeTerms, ...]:
        if all(terms.where != "anywhere" for terms in modes):
            raise ValueError("no payment mode is open at every hospital")
        return modes
