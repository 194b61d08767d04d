"""A programme: everything an insurer promises and asks, as one frozen value.

It parses a mapping and opens no file. A programme is wholly data: to change a deadline, a list or
a text one edits a file, never this module. A case carries the programme of its first day.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, model_validator

from domain.claims.terms import ClaimServices
from domain.documents import DocumentKind, DocumentRule, DocumentStage, required
from domain.hours import ServiceHours
from domain.programmes.checks import misfit
from domain.programmes.offer import (
    Activation,
    DataRecipient,
    DiagnosisRule,
    EmergencyTerms,
    Fees,
    KeyFigure,
    Lowered,
    Reminder,
    Rule,
)
from domain.programmes.rules import EligibilityRule, RuleCode
from domain.programmes.services import BOOKED, Service, Waiting
from domain.programmes.sourced import Incomplete
from domain.programmes.terms import (
    ClockTerms,
    ContactChannel,
    Disease,
    HospitalRule,
    LeadTime,
    ModeFlags,
    Notice,
    Plan,
    Product,
)
from domain.programmes.waiver_terms import WaiverTerms
from domain.roles import Role
from domain.steps.dues import StepDue
from domain.waiver import PaymentMode

T = TypeVar("T")


class ProgrammeKind(StrEnum):
    """What a programme is in the first place; an advance may stand in a green channel too."""

    DEPOSIT_WAIVER = "deposit_waiver"
    GREEN_CHANNEL = "green_channel"
    HOSPITAL_CHANNEL = "hospital_channel"
    CLAIM_SERVICES = "claim_services"


class NotInProgramme(LookupError):
    """A code was asked for that the programme does not know."""

    def __init__(self, programme: str, what: str, code: str) -> None:
        super().__init__(f"programme {programme} has no {what} {code!r}")
        self.programme = programme
        self.what = what
        self.code = code


class Programme(Incomplete):
    """One programme in one yearly version."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    numbers: tuple[Annotated[str, Field(pattern=r"^P[0-9]{2}$")], ...] = ()  # in the sources
    name: str
    name_en: str = ""
    insurer: str
    provider: str | None = None
    kind: ProgrammeKind
    version: str
    valid_from: date
    valid_to: date
    # The plan of the next year is published in that year (R008); until then this one goes on.
    until_replaced: bool = False
    internal: bool = True
    channels: tuple[ContactChannel, ...] = ()
    hours: tuple[ServiceHours, ...] = ()
    activation: Activation | None = None
    waiting: Waiting | None = None
    diagnosis: tuple[DiagnosisRule, ...] = ()
    services: tuple[Service, ...] = ()
    plans: tuple[Plan, ...] = ()
    products: tuple[Product, ...] = ()
    diseases: tuple[Disease, ...] = ()
    eligibility: tuple[EligibilityRule, ...] = Field(min_length=1)
    hospitals: HospitalRule
    lead_time: LeadTime | None = None
    documents: tuple[DocumentRule, ...] = ()
    clocks: tuple[ClockTerms, ...] = ()
    step_dues: tuple[StepDue, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    notices: tuple[Notice, ...] = ()
    fees: Fees | None = None
    data_sharing: tuple[DataRecipient, ...] = ()
    rules: tuple[Rule, ...] = ()
    figures: tuple[KeyFigure, ...] = ()
    emergency: EmergencyTerms | None = None
    waiver: WaiverTerms | None = None
    claims: ClaimServices | None = None
    lowers: tuple[Lowered, ...] = ()
    # So long after the agreed moment a customer may still come: nobody is told absent before (I32).
    # No source names a grace; half an hour is what a clinic's queue lets pass (inferred).
    no_show_grace_minutes: int = Field(default=30, ge=0, le=24 * 60)

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Self:
        """Read a programme strictly: an unknown key is an error, as it is in a file."""
        return cls.model_validate(mapping, extra="forbid")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if why := misfit(self):
            raise why
        return self

    def absent_from(self, awaited_at: datetime) -> datetime:
        """From when on a person may say that a customer has not come, or not in time."""
        return awaited_at + timedelta(minutes=self.no_show_grace_minutes)

    @property
    def opens_waivers(self) -> bool:
        """Whether a deposit-waiver case may be opened under it, whatever else it offers."""
        return self.waiver is not None

    @property
    def waiver_service(self) -> str | None:
        """The service a report asks for; None where the whole programme is the waiver."""
        return next(iter(self.waiver.services), None) if self.waiver else None

    def advances(self, service: str) -> bool:
        """Whether a case of this service has an advance; a claim beside a waiver has none."""
        return self.waiver is not None and service in (self.waiver.services or ("",))

    def with_notices(
        self, *, of_advances: Iterable[Notice], of_bookings: Iterable[Notice]
    ) -> "Programme":
        """The same with the shared texts of what it offers that it has none of its own for.

        No case stands still because its programme has no words for a step of the story.
        """
        shared = [*of_advances] if self.waiver is not None else []
        shared += [*of_bookings] if self.offers_bookings else []
        own = {notice.code for notice in self.notices}
        more = (notice for notice in shared if notice.code not in own)
        return self.model_copy(update={"notices": (*self.notices, *more)})

    def reminders_before(self, moment: Literal["slot", "meeting"]) -> list[Reminder]:
        """What happens ahead of such a moment of a booking."""
        return [one for one in self.reminders if one.before == moment]

    @property
    def offers_bookings(self) -> bool:
        """Whether a customer may book something of it."""
        return any(service.shape in BOOKED for service in self.services)

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

    def service(self, code: str) -> Service:
        """A service; NotInProgramme."""
        return self._find("service", code, ((item.code, item) for item in self.services))

    def hours_of(self, clock: ClockTerms) -> ServiceHours | None:
        """The service hours a clock is counted in, None where it runs by night and holiday."""
        return next((one for one in self.hours if one.code == clock.hours), None)

    def ends_by_itself(self, clock_id: str) -> bool:
        """Whether a promise is the length of a talk: at its end the talk is over, nobody late."""
        talks = (service.consulting for service in self.services)
        return any(talk is not None and talk.ends_with == clock_id for talk in talks)

    def notice(self, code: str) -> Notice:
        """A notice; NotInProgramme."""
        return self._find("notice", code, ((notice.code, notice) for notice in self.notices))

    def has_notice(self, code: str) -> bool:
        """Whether customers are told this."""
        return any(notice.code == code for notice in self.notices)

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
        self, disease_code: str | None, stage: DocumentStage, service: str | None = None
    ) -> tuple[DocumentKind, ...]:
        """The checklist of a stage; a disease nobody named yet asks for the general list."""
        agreed = disease_code and self.diseases  # some programmes leave the disease to a person
        group = self.disease(disease_code).group if disease_code and agreed else None
        return required(self.documents, group, stage, service)

    def payment_modes(self, flags: ModeFlags, on: date) -> tuple[PaymentMode, ...]:
        """The payment modes open at a hospital on a day, in this programme's order (6.2)."""
        modes = self.deposit_waiver.payment_modes
        return tuple(terms.mode for terms in modes if flags.open_to(terms, on))

    def team_roles(self) -> tuple[Role, ...]:
        """The roles of the standard team (R046)."""
        return tuple(member.role for member in self.deposit_waiver.team)

    def for_case(self, service: str | None = None) -> "Programme":
        """A copy without what a running case never asks: catalogue, provinces, plan table.

        Of a programme that offers more than its waiver, or than the service asked for, the
        promises, papers and lead of the other services stay behind as well.
        """
        hospitals = self.hospitals.model_copy(update={"provinces": ()})
        notices = tuple(one for one in self.notices if not one.of_bookings)
        catalogue = dict.fromkeys(("services", "plans", "rules", "figures", "lowers"), ())
        ours = set(self.waiver.services) if self.waiver else set()
        if service is not None:
            ours = {service}
        narrowed: dict[str, Any] = {}
        if ours:
            narrowed = {
                "clocks": tuple(one for one in self.clocks if _concerns(one.services, ours)),
                "documents": tuple(one for one in self.documents if _concerns(one.services, ours)),
                "reminders": (),
                "lead_time": self.lead_time or self._lead_of(service or self.waiver_service),
            }
        if self.claims is not None:  # where money is handed over was looked up at the door
            narrowed["claims"] = self.claims.model_copy(update={"branches": ()})
        kept = {"hospitals": hospitals, "notices": notices}
        return self.model_copy(update={**kept, **catalogue, **narrowed})

    def for_booking(self, code: str) -> "Programme":
        """A copy with one service, its promises and its papers; NotInProgramme.

        Whether it may be used was judged at the door, so that waiting and activation stay behind.
        Without its other sections it is a green channel, whatever the whole programme is.
        """
        service = self.service(code).model_copy(update={"after": ()})
        # Of a programme that is wholly its waiver, what names no service is the waiver's.
        of_waiver = self.waiver is not None and not self.waiver.services
        mine = {
            name: tuple(
                one.model_copy(update={"services": ()})
                for one in getattr(self, name)
                if _concerns(one.services, {code}) and (one.services or not of_waiver)
            )
            for name in ("clocks", "documents", "reminders")
        }
        mine["eligibility"] = tuple(
            one.model_copy(update={"services": ()})
            for one in self.eligibility
            if _concerns(one.services, {code})
        )
        gone = dict.fromkeys(("plans", "rules", "figures", "lowers", "diagnosis"), ())
        none = dict.fromkeys(("waiver", "activation", "emergency", "claims"))
        kept = {
            "kind": ProgrammeKind.GREEN_CHANNEL,
            "services": (service,),
            "notices": tuple(one for one in self.notices if one.of_bookings),
            "hospitals": self.hospitals.model_copy(update={"provinces": ()}),
        }
        return self.model_copy(update={**kept, **mine, **gone, **none})

    def for_rescue(self) -> "Programme":
        """A copy as a patient of a hospital's own channel carries it: every service and clock.

        Whoever came for one service may need the next a minute later.
        """
        gone = dict.fromkeys(
            ("documents", "reminders", "notices", "rules", "figures", "lowers"), ()
        )
        return self.model_copy(update=gone)

    def _lead_of(self, code: str | None) -> LeadTime | None:
        """The lead of one service, as a case keeps it."""
        lead = next((one.lead for one in self.services if one.code == code), None)
        if lead is None or lead.at_least is None:
            return None
        return LeadTime(
            id=lead.id, at_least=lead.at_least, when_short=lead.when_short, source=lead.source
        )

    def moved(self, days: int) -> "Programme":
        """The same programme elsewhere in time, for running a dated story with its calendar."""
        step = timedelta(days=days)
        return self.model_copy(
            update={
                "valid_from": self.valid_from + step,
                "valid_to": self.valid_to + step,
                "hours": tuple(one.moved(days) for one in self.hours),
            }
        )

    def _find(self, what: str, code: str, items: Iterable[tuple[str, T]]) -> T:
        for known, item in items:
            if known == code:
                return item
        raise NotInProgramme(self.code, what, code)


def _concerns(services: Iterable[str], ours: set[str]) -> bool:
    """Whether something of these services concerns ours; of no service named means of all."""
    named = set(services)
    return not named or bool(named & ours)
