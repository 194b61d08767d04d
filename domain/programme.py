"""A programme: everything an insurer promises and asks, as one frozen value.

It parses a mapping and opens no file. A programme is wholly data: to change a deadline, a list or
a text one edits a file, never this module. A case carries the programme of its first day.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from domain.documents import DocumentKind, DocumentRule, DocumentStage, required
from domain.terms import (
    CareTerms,
    ClaimTerms,
    ClockTerms,
    CollectingTerms,
    ContactChannel,
    DischargeTerms,
    Disease,
    EligibilityRule,
    HospitalRule,
    LeadTime,
    LimitRule,
    ModeFlags,
    ModeTerms,
    Notice,
    Plan,
    Product,
    RepaymentTerms,
    ReviewTerms,
    RuleCode,
    Service,
    TeamRole,
    Terms,
    TopUpTerms,
)
from domain.waiver import PaymentMode, Role

T = TypeVar("T")


class ProgrammeKind(StrEnum):
    """What shape of case a programme leads to."""

    DEPOSIT_WAIVER = "deposit_waiver"


class NotInProgramme(LookupError):
    """A code was asked for that the programme does not know."""

    def __init__(self, programme: str, what: str, code: str) -> None:
        super().__init__(f"programme {programme} has no {what} {code!r}")
        self.programme = programme
        self.what = what
        self.code = code


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
    discharge: DischargeTerms
    claim: ClaimTerms
    repayment: RepaymentTerms

    @field_validator("payment_modes")
    @classmethod
    def _one_is_open_everywhere(cls, modes: tuple[ModeTerms, ...]) -> tuple[ModeTerms, ...]:
        if all(terms.where != "anywhere" for terms in modes):
            raise ValueError("no payment mode is open at every hospital")
        return modes


class Programme(Terms):
    """One programme in one yearly version."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    insurer: str
    kind: ProgrammeKind
    version: str
    valid_from: date
    valid_to: date
    # The plan of the next year is published in that year (R008); until then this one goes on.
    until_replaced: bool = False
    internal: bool = True
    channels: tuple[ContactChannel, ...] = ()
    services: tuple[Service, ...] = ()
    plans: tuple[Plan, ...] = ()
    products: tuple[Product, ...] = ()
    diseases: tuple[Disease, ...] = ()
    eligibility: tuple[EligibilityRule, ...] = Field(min_length=1)
    hospitals: HospitalRule
    lead_time: LeadTime | None = None
    documents: tuple[DocumentRule, ...] = ()
    clocks: tuple[ClockTerms, ...] = ()
    notices: tuple[Notice, ...] = ()
    waiver: WaiverTerms | None = None

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """Read a programme strictly: an unknown key is an error, as it is in a file."""
        return cls.model_validate(mapping, extra="forbid")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        self._each_code_once()
        groups = {disease.group for disease in self.diseases}
        for rule in self.documents:
            unknown = set(rule.disease_groups) - groups
            if unknown:
                raise ValueError(f"document {rule.kind} names no disease group {min(unknown)!r}")
        if self.kind is ProgrammeKind.DEPOSIT_WAIVER and self.waiver is None:
            raise ValueError("a deposit waiver needs its section 'waiver'")
        return self

    def _each_code_once(self) -> None:
        modes = self.waiver.payment_modes if self.waiver else ()
        codes: dict[str, list[str]] = {
            "channel": [channel.code for channel in self.channels],
            "service": [service.code for service in self.services],
            "plan": [plan.sales_channel for plan in self.plans],
            "product": [product.code for product in self.products],
            "disease": [disease.code for disease in self.diseases],
            "eligibility rule": [rule.code for rule in self.eligibility],
            "clock": [clock.id for clock in self.clocks],
            "notice": [notice.code for notice in self.notices],
            "payment mode": [mode.mode for mode in modes],
        }
        for what, listed in codes.items():
            twice = [code for code, times in Counter(listed).items() if times > 1]
            if twice:
                raise ValueError(f"{what} {twice[0]!r} stands twice")

    def runs_on(self, day: date) -> bool:
        """Whether an application on this day is served by this version (R007, R008, R120)."""
        return self.valid_from <= day and (day <= self.valid_to or self.until_replaced)

    @property
    def deposit_waiver(self) -> WaiverTerms:
        """The terms of a deposit waiver; NotInProgramme for another kind."""
        if self.waiver is None:
            raise NotInProgramme(self.code, "section", "waiver")
        return self.waiver

    def clock(self, clock_id: str) -> ClockTerms:
        """The terms of a clock; NotInProgramme."""
        return self._find("clock", clock_id, ((clock.id, clock) for clock in self.clocks))

    def notice(self, code: str) -> Notice:
        """A notice; NotInProgramme."""
        return self._find("notice", code, ((notice.code, notice) for notice in self.notices))

    def disease(self, code: str) -> Disease:
        """An agreed disease; NotInProgramme."""
        return self._find("disease", code, ((item.code, item) for item in self.diseases))

    def has_disease(self, code: str) -> bool:
        """Whether a disease is agreed."""
        return any(disease.code == code for disease in self.diseases)

    def has_product(self, code: str) -> bool:
        """Whether a product is designated."""
        return any(product.code == code for product in self.products)

    def plan(self, sales_channel: str) -> str | None:
        """The plan of a sales channel, None where the table has no row or an empty one (C-09)."""
        rows = (row.plan for row in self.plans if row.sales_channel == sales_channel)
        return next(rows, None)

    def rule(self, code: RuleCode) -> EligibilityRule | None:
        """An eligibility rule, None where this programme does not have it."""
        return next((rule for rule in self.eligibility if rule.code is code), None)

    def documents_for(
        self, disease_code: str | None, stage: DocumentStage
    ) -> tuple[DocumentKind, ...]:
        """The checklist of a stage; a disease nobody named yet asks for the general list."""
        group = self.disease(disease_code).group if disease_code else None
        return required(self.documents, group, stage)

    def payment_modes(self, flags: ModeFlags, on: date) -> tuple[PaymentMode, ...]:
        """The payment modes open at a hospital on a day, in this programme's order (6.2)."""
        modes = self.deposit_waiver.payment_modes
        return tuple(terms.mode for terms in modes if flags.open_to(terms, on))

    def team_roles(self) -> tuple[Role, ...]:
        """The roles of the standard team (R046)."""
        return tuple(member.role for member in self.deposit_waiver.team)

    def for_case(self) -> "Programme":
        """A copy without what a running case never asks: catalogue, provinces, plan table."""
        hospitals = self.hospitals.model_copy(update={"provinces": ()})
        return self.model_copy(update={"hospitals": hospitals, "services": (), "plans": ()})

    def moved(self, days: int) -> "Programme":
        """The same programme elsewhere in time, for running a dated story with its calendar."""
        step = timedelta(days=days)
        return self.model_copy(
            update={"valid_from": self.valid_from + step, "valid_to": self.valid_to + step}
        )

    def _find(self, what: str, code: str, items: Iterable[tuple[str, T]]) -> T:
        for known, item in items:
            if known == code:
                return item
        raise NotInProgramme(self.code, what, code)
