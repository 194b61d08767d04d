"""The pieces a programme is made of: channels, plans, hospitals, clocks, modes, notices.

Each piece is a frozen value read from a programme file and names its source
(`domain.programmes.sourced`). What a programme as a whole must hold together is the part of
`…programme`. Readers are tolerant here, because a case carries its programme for weeks; files are
read strictly.
"""

from datetime import date, datetime
from enum import StrEnum
from string import Formatter
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from domain.calendar import WorkCalendar
from domain.clock import Budget, Clock, WarnRule, due_after
from domain.events import ExpectedEvent
from domain.hours import ALWAYS, ServiceHours
from domain.programmes.rules import EligibilityRule, RuleCode
from domain.programmes.sourced import Incomplete, Terms
from domain.waiver import PaymentMode

__all__ = [  # events and rules have modules of their own; stories ask for them here
    "ClockTerms",
    "ContactChannel",
    "Disease",
    "EligibilityRule",
    "ExpectedEvent",
    "HospitalRule",
    "LeadTime",
    "ModeFlags",
    "ModeTerms",
    "NotBefore",
    "Notice",
    "Plan",
    "Product",
    "Province",
    "RuleCode",
    "Terms",
]


class ContactChannel(Incomplete):
    """A way in: a hotline, an account, an app; and what one may ask for there (C-10)."""

    code: str
    name: str
    kind: Literal["hotline", "wechat", "app", "email", "counter", "web", "mini_program", "partner"]
    address: str
    path: str = ""  # where to find the service behind the address
    languages: tuple[Literal["zh", "en"], ...] = ("zh",)
    purposes: tuple[Literal["qualification", "service", "consultation"], ...]
    hours: str = ALWAYS


class Plan(Terms):
    """A sales channel's row of the yearly plan table; no plan means not entitled (C-09)."""

    sales_channel: str
    name: str
    batch: str | None = None
    plan: str | None = None


class Product(Terms):
    """A designated product (指定产品) whose insured persons may use the programme."""

    code: str
    name: str


class Disease(BaseModel):
    """An agreed disease: its code, its Chinese name, and the group that decides its documents."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    group: str


class Province(BaseModel):
    """A province of the network, the number the source gives, and how sure the reading is."""

    model_config = ConfigDict(frozen=True)

    name: str
    hospitals: int = Field(gt=0)
    certainty: Literal["high", "medium-high", "medium"]


class HospitalRule(Incomplete):
    """Which hospitals a programme serves; `listed_as` names the list where the source does."""

    grade_min: int | None = Field(default=None, ge=1, le=3)
    hospital_class: Literal["3A", "2A"] | None = None
    listed_as: str | None = None
    cities: tuple[str, ...] = ()
    city_total: int | None = Field(default=None, gt=0)
    network: str | None = None
    network_total: int | None = None
    online_payment_total: int | None = None
    provinces: tuple[Province, ...] = ()


class LeadTime(Terms):
    """How far ahead a service is to be booked, and what happens when it is not (K09, C-36)."""

    id: str = "K09"
    at_least: Budget
    when_short: Literal["accept_flagged", "refuse"]


class NotBefore(StrEnum):
    """A date of the case that replaces an earlier deadline of a clock."""

    PLANNED_ADMISSION = "planned_admission"
    DISCHARGE_DATE = "discharge_date"
    CUSTOMER_DATE = "customer_date"


class ClockTerms(Terms):
    """A promise: which events start and stop it, its budget and when it warns."""

    id: str = Field(pattern=r"^[KGH][0-9]{2}[A-Z]?$")
    name: str
    name_en: str = ""
    services: tuple[str, ...] = ()  # whose promise it is; none = every service's
    starts: tuple[ExpectedEvent, ...] = Field(min_length=1)
    stops: tuple[ExpectedEvent, ...] = Field(min_length=1)
    budget: Budget
    target: Budget | None = None  # the lower bound of a span; `budget` is where it breaks (C-27)
    warn: WarnRule
    not_before: NotBefore | None = None
    hours: str | None = None  # service hours: outside them it waits for the next opening
    ours: bool = True  # False: measured, and not the provider's promise (C-13)

    @model_validator(mode="after")
    def _the_target_comes_first(self) -> Self:
        if self.target is not None and (
            self.target.unit is not self.budget.unit or self.target.amount >= self.budget.amount
        ):
            raise ValueError(f"clock {self.id}: the target is a smaller budget of the same unit")
        return self

    def start(
        self,
        *,
        number: int,
        started_at: datetime,
        calendar: WorkCalendar,
        not_before: date | None = None,
        hours: ServiceHours | None = None,
    ) -> Clock:
        """Start the `number`-th instance; the date counts only where the terms name one."""
        return Clock.start(
            clock_id=self.id,
            name=self.name,
            number=number,
            started_at=started_at,
            budget=self.budget,
            warn=self.warn,
            calendar=calendar,
            not_before=not_before if self.not_before else None,
            hours=hours if self.hours else None,
            target=self.target,
        )

    def due_after(
        self, due: datetime, clock: Clock, calendar: WorkCalendar, *, hours: ServiceHours | None
    ) -> datetime:
        """A deadline seen through the clock's pauses, in the order in which they happened."""
        for pause in clock.pauses:
            due = due_after(due, pause, self.budget, calendar, hours=hours if self.hours else None)
        return due

    @property
    def waits_for_papers(self) -> bool:
        """Whether it stands still while papers are missing: it began when they were complete."""
        return ExpectedEvent.DOCUMENTS_COMPLETE in self.starts


class ModeTerms(Terms):
    """A payment mode and the hospitals where it may be used."""

    mode: PaymentMode
    name: str
    where: Literal["online_payment", "qr_live", "core_city", "anywhere"]
    quote: str


_PLACES = frozenset(
    {
        "amount", "left", "hospital", "date", "due", "list", "hotline", "reason", "number", "total",
    }
)  # fmt: skip


class Notice(Terms):
    """A text a customer is sent. It never carries a diagnosis, and no name."""

    code: str = Field(pattern=r"^[a-z_]+$")
    channel: Literal["sms", "wechat", "email"]
    text: str = Field(max_length=300)
    text_en: str = Field(default="", max_length=300)  # for who is served in English (R481)

    @property
    def of_bookings(self) -> bool:
        """Whether it is told of bookings, not of advances and claims: by the code's beginning."""
        return self.code.startswith("booking_")

    @field_validator("text", "text_en")
    @classmethod
    def _only_known_places(cls, text: str) -> str:
        for _, place, spec, conversion in Formatter().parse(text):
            if place is not None and (place not in _PLACES or spec or conversion):
                raise ValueError(f"a notice has no place {{{place}}}; it has {sorted(_PLACES)}")
        return text

    @model_validator(mode="after")
    def _no_free_words_by_sms(self) -> Self:
        """A reason is what a person wrote; a text message is read by whoever holds the phone."""
        if self.channel == "sms" and "{reason}" in self.text + self.text_en:
            raise ValueError("a text message carries no {reason}; send it by wechat")
        return self

    def render(self, language: str = "zh", /, **values: str) -> str:
        """The text with its places filled; KeyError names a place left empty."""
        text = self.text_en if language == "en" and self.text_en else self.text
        return text.format_map(values)


class ModeFlags(BaseModel):
    """What the network list says of one hospital on one day."""

    model_config = ConfigDict(frozen=True)

    online_payment: bool = False
    qr_live_from: date | None = None
    core_city: bool = False

    def open_to(self, terms: ModeTerms, on: date) -> bool:
        """Whether a payment mode may be used at this hospital on this day (R048, R050, R052)."""
        answers = {
            "online_payment": self.online_payment,
            "qr_live": self.qr_live_from is not None and self.qr_live_from <= on,
            "core_city": self.core_city,
            "anywhere": True,
        }
        return answers[terms.where]
