"""The pieces a programme is made of: its channels, clocks, documents, limits, notices, deadlines.

Each piece is a frozen value read from a programme file, and each names its source: a line of the
source documents (`000:L330`), a ruling (`C-36`), or `inferred` where no source speaks and the file
carries our default. What a programme as a whole must hold together is `domain.programme`'s part.
Readers are tolerant here, because a case carries its programme for weeks; files are read strictly.
"""

from datetime import date, datetime
from enum import StrEnum
from string import Formatter
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from domain.calendar import WorkCalendar
from domain.clock import Budget, Clock, WarnRule
from domain.money import Fen, PositiveFen
from domain.tasks import CareDuty
from domain.waiver import PaymentMode, Role

Source = str
"""Where a value comes from: `000:L21`, `C-09`, `section 6.2`, or `inferred`."""


class Terms(BaseModel):
    """A part of a programme, with the place it was taken from."""

    model_config = ConfigDict(frozen=True)

    source: Source = Field(min_length=1)


class ContactChannel(Terms):
    """A way in: a hotline, an account, an app; and what one may ask for there (C-10)."""

    code: str
    name: str
    kind: Literal["hotline", "wechat", "app", "email", "counter"]
    address: str
    purposes: tuple[Literal["qualification", "service", "consultation"], ...]
    hours: str = "24x7"


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


class ServiceQuota(BaseModel):
    """How often a service may be used; no count means as often as needed."""

    model_config = ConfigDict(frozen=True)

    count: int | None = Field(default=None, gt=0)
    period: Literal["policy_year", "term"] | None = None


class Service(Terms):
    """One thing a programme offers."""

    code: str
    name: str
    quota: ServiceQuota = ServiceQuota()
    hours: str = "24x7"


class RuleCode(StrEnum):
    """The rules an application can fail; a programme lists those that apply to it."""

    PROGRAMME_RUNNING = "programme_running"
    ENTITLEMENT_YEAR = "entitlement_year"
    INSURED_ON_LIST = "insured_on_list"
    PRODUCT_DESIGNATED = "product_designated"
    POLICY_IN_FORCE = "policy_in_force"
    CHANNEL_HAS_PLAN = "channel_has_plan"
    DISEASE_AGREED = "disease_agreed"
    HOSPITAL_KNOWN = "hospital_known"
    HOSPITAL_GRADE = "hospital_grade"
    HOSPITAL_ON_NETWORK = "hospital_on_network"
    SUM_INSURED_LEFT = "sum_insured_left"
    LEAD_TIME = "lead_time"
    PREVIOUS_HISTORY = "previous_history"


class EligibilityRule(Terms):
    """A rule in the words a customer is told, with the words it comes from."""

    code: RuleCode
    text: str
    quote: str


class Province(BaseModel):
    """A province of the network, the number the source gives, and how sure the reading is."""

    model_config = ConfigDict(frozen=True)

    name: str
    hospitals: int = Field(gt=0)
    certainty: Literal["high", "medium-high", "medium"]


class HospitalRule(Terms):
    """Which hospitals a programme serves."""

    grade_min: int = Field(ge=1, le=3)
    network: str | None = None
    network_total: int | None = None
    online_payment_total: int | None = None
    provinces: tuple[Province, ...] = ()


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


class ExpectedEvent(StrEnum):
    """The events of a deposit waiver that start and stop clocks."""

    QUESTION_RECEIVED = "question_received"
    QUESTION_ANSWERED = "question_answered"
    CASE_REPORTED = "case_reported"
    FIRST_HANDLED = "first_handled"
    PLAN_CONFIRMED = "plan_confirmed"
    CUSTOMER_TOLD = "customer_told"
    JUDGEMENT_CONFIRMED = "judgement_confirmed"
    DEPOSIT_DONE = "deposit_done"
    TOP_UP_REQUESTED = "top_up_requested"
    TOP_UP_ANSWERED = "top_up_answered"
    TOP_UP_ACCEPTED = "top_up_accepted"
    TOP_UP_DONE = "top_up_done"
    DISCHARGE_DATE_KNOWN = "discharge_date_known"
    DISCHARGE_DONE = "discharge_done"
    STEP_FINISHED = "step_finished"
    IMAGES_UPLOADED = "images_uploaded"
    CLAIM_DOCUMENTS_COLLECTED = "claim_documents_collected"
    CLAIM_FILED = "claim_filed"


class ClockTerms(Terms):
    """A promise: which events start and stop it, its budget and when it warns."""

    id: str = Field(pattern=r"^[KG][0-9]{2}[A-Z]?$")
    name: str
    starts: tuple[ExpectedEvent, ...] = Field(min_length=1)
    stops: tuple[ExpectedEvent, ...] = Field(min_length=1)
    stamps: tuple[str, ...] = ()
    budget: Budget
    warn: WarnRule
    not_before: NotBefore | None = None

    def start(
        self,
        *,
        number: int,
        started_at: datetime,
        calendar: WorkCalendar,
        not_before: date | None = None,
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
        )


class ModeTerms(Terms):
    """A payment mode and the hospitals where it may be used."""

    mode: PaymentMode
    name: str
    where: Literal["online_payment", "qr_live", "core_city", "anywhere"]
    quote: str


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


class ClaimTerms(Terms):
    """Who files, and when a claim counts as never filed."""

    filed_by: Literal["service_staff", "insurer", "customer"]
    never_filed_after: Budget


class RepaymentTerms(Terms):
    """What the customer owes when the claim does not cover the advance (C-57)."""

    due_after: Budget
    reminder_days: tuple[int, ...]
    write_off_signatures: int = Field(ge=2)


_PLACES = frozenset(
    {
        "amount", "left", "hospital", "date", "due", "list", "hotline", "reason", "number", "total",
    }
)  # fmt: skip


class Notice(Terms):
    """A text a customer is sent. It never carries a diagnosis, and no name."""

    code: str = Field(pattern=r"^[a-z_]+$")
    channel: Literal["sms", "wechat"]
    text: str = Field(max_length=300)

    @field_validator("text")
    @classmethod
    def _only_known_places(cls, text: str) -> str:
        for _, place, spec, conversion in Formatter().parse(text):
            if place is not None and (place not in _PLACES or spec or conversion):
                raise ValueError(f"a notice has no place {{{place}}}; it has {sorted(_PLACES)}")
        return text

    @model_validator(mode="after")
    def _no_free_words_by_sms(self) -> Self:
        """A reason is what a person wrote; a text message is read by whoever holds the phone."""
        if self.channel == "sms" and "{reason}" in self.text:
            raise ValueError("a text message carries no {reason}; send it by wechat")
        return self

    def render(self, **values: str) -> str:
        """The text with its places filled; KeyError names a place left empty."""
        return self.text.format_map(values)


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
