"""One thing a programme offers: how often, on which conditions, by whom, and what ending it costs.

Each piece is data of a programme file. Whether a request meets it is judged elsewhere
(`domain.eligibility`, `domain.cancellation`); here is only what may be said.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.clock import Budget, Unit
from domain.events import ExpectedEvent
from domain.hours import ALWAYS
from domain.programmes.sourced import Incomplete, Terms
from domain.roles import Role


class Shape(StrEnum):
    """The process a service runs as."""

    ENQUIRY = "enquiry"
    CONSULTATION = "consultation"
    APPOINTMENT = "appointment"  # outpatient, inpatient, surgery, examination
    WRITTEN_OPINION = "written_opinion"
    ESCORT = "escort"
    LAB_TEST = "lab_test"
    REHABILITATION = "rehabilitation"
    REIMBURSEMENT = "reimbursement"
    ADVANCE = "advance"  # a deposit waiver and its parts
    CLAIM = "claim"
    EMERGENCY = "emergency"  # a hospital's own channel


BOOKED: Final = frozenset(
    {
        Shape.CONSULTATION,
        Shape.APPOINTMENT,
        Shape.WRITTEN_OPINION,
        Shape.ESCORT,
        Shape.LAB_TEST,
        Shape.REHABILITATION,
        Shape.REIMBURSEMENT,
    }
)
"""Shapes of services that a customer books; the others are cases, enquiries or a hospital's own."""


class ServiceQuota(BaseModel):
    """How often a service may be used; no count means as often as needed."""

    model_config = ConfigDict(frozen=True)

    count: int | None = Field(default=None, gt=0)
    count_min: int | None = Field(default=None, gt=0)  # P13: 1-5 a year, by plan (C-64)
    period: Literal["policy_year", "term", "policy"] | None = None
    pool: str | None = None  # services with the same pool count together
    # By the tier (档次) the insurer's list states; a tier that is not here is a person's to judge.
    by_tier: dict[str, Annotated[int, Field(gt=0)]] = {}

    @model_validator(mode="after")
    def _a_count_has_a_period(self) -> Self:
        if self.is_counted and self.period is None:
            raise ValueError("a count needs its period")
        return self

    @property
    def is_counted(self) -> bool:
        """Whether uses are counted at all."""
        return self.count is not None or bool(self.by_tier)

    def count_for(self, tier: str | None) -> int | None:
        """How often a person of a tier may use the service; None where nothing says."""
        return self.by_tier.get(tier or "", self.count)


class PreconditionCode(StrEnum):
    """What must be there before a service begins."""

    ADMISSION_SLIP = "admission_slip"
    HOSPITAL_NEED = "hospital_need"  # the hospital determined that the customer needs it
    HOSPITAL_CRITERIA = "hospital_criteria"  # the hospital's own criteria are met
    ATTENDING_ADVICE = "attending_advice"  # the attending doctor recommends admission
    ORIGINAL_DIAGNOSIS = "original_diagnosis"
    FIRST_VISIT = "first_visit"  # a first visit took place
    BOOKING = "booking"  # another service is booked
    CONSENT = "consent"
    HOSPITAL_CARD = "hospital_card"
    INSURER_AUTHORIZATION = "insurer_authorization"


PRECONDITION_NAMES: Final = {
    PreconditionCode.ADMISSION_SLIP: "已获得住院证",
    PreconditionCode.HOSPITAL_NEED: "医院认定有需要",
    PreconditionCode.HOSPITAL_CRITERIA: "符合医院标准",
    PreconditionCode.ATTENDING_ADVICE: "主治医生建议",
    PreconditionCode.ORIGINAL_DIAGNOSIS: "已有原诊断",
    PreconditionCode.FIRST_VISIT: "已完成首次就诊",
    PreconditionCode.BOOKING: "已预约所陪同的就诊",
    PreconditionCode.CONSENT: "已同意",
    PreconditionCode.HOSPITAL_CARD: "已办理就诊卡",
    PreconditionCode.INSURER_AUTHORIZATION: "已获保险公司授权",
}


class Precondition(Terms):
    """A precondition, with the words it comes from."""

    code: PreconditionCode
    quote: str = ""
    of_some_hospitals: bool = False  # only where the hospital asks for it: who lacks it is judged


class Waiting(Terms):
    """A waiting period: so many days, or the product's own."""

    days: int | None = Field(default=None, ge=0)
    as_product: bool = False
    same_as_product: bool = False  # the days are the contract's too; others are looked into
    none_on_renewal: bool = False

    @model_validator(mode="after")
    def _some_length(self) -> Self:
        if self.days is None and not self.as_product:
            raise ValueError("a waiting period has days or is the product's")
        if self.same_as_product and (self.as_product or self.days is None):
            raise ValueError("only days of its own can be the same as the product's")
        return self


class Choice(Terms):
    """What a customer may choose, and what is preferred for him."""

    experts_offered: int | None = Field(default=None, gt=0)
    may_choose: tuple[
        Literal["time", "expert", "hospital", "department", "clinic", "city"], ...
    ] = ()
    may_not_choose: tuple[Literal["time", "expert"], ...] = ()
    clinics: tuple[Literal["ordinary", "vip", "international"], ...] = ()
    examinations: tuple[str, ...] = ()  # those the service is for; 其他 takes what is named with it
    prefers: tuple[Literal["ordinary_ward", "attending_doctor", "named_hospital"], ...] = ()
    when_scarce: Literal["equal_hospital_by_agreement"] | None = None


class DoctorLevel(StrEnum):
    """Levels of doctors, lowest first (section 6.11)."""

    ATTENDING = "attending"
    ASSOCIATE_CHIEF = "associate_chief"
    CHIEF = "chief"


class Staffing(Terms):
    """Who may perform a service, and in which hospitals."""

    who: str
    doctor_level_min: DoctorLevel | None = None
    hospital_class: Literal["3A", "2A"] | None = None
    ranking_top: int | None = Field(default=None, gt=0)
    cities: tuple[str, ...] = ()
    needs_nursing_experience: bool = False
    of_specialty: bool = False  # an authority of the very specialty the disease belongs to


class FailedCalls(Terms):
    """After so many calls in vain an order is cancelled; what becomes of the quota (C-38)."""

    callers: tuple[Literal["steward", "doctor"], ...] = Field(min_length=1)
    attempts: int = Field(gt=0, le=10)
    apart_minutes: int = Field(default=5, ge=0, le=120)  # a redial within it is the same try (I23)
    quota: Literal["given_back", "used"]


class Consulting(Terms):
    """How a customer and a doctor come to talk, and which promise ends their talk by itself.

    `text` is a conversation in the app, `phone` a doctor who is free, `roster` a slot chosen
    beforehand, `direct` a doctor on duty now. At the end of `ends_with` nobody is late: it is over.
    """

    by: Literal["text", "phone", "roster", "direct"]
    ends_with: str | None = None


class CancellationRule(Terms):
    """Until when giving up costs nothing, and what it costs afterwards."""

    id: str | None = None
    free_lead: Budget | None = None  # so many days in (day of cancelling, day of the visit], C-26
    free_before: ExpectedEvent | None = None  # as long as this has not happened, C-25
    afterwards: Literal["used", "refused"]

    @model_validator(mode="after")
    def _one_way_of_saying_it(self) -> Self:
        if (self.free_lead is None) == (self.free_before is None):
            raise ValueError("cancelling is free by a lead or before an event, one of them")
        if self.free_lead is not None and self.free_lead.elapsed() is not None:
            raise ValueError("a lead for cancelling is counted in nd or wd")
        return self


Loss = Literal[
    "late_cancellation", "no_show", "not_on_time", "given_up", "not_admitted", "refusal_to_sign"
]


class Consumption(Terms):
    """When a unit of the quota is used up, and by what else.

    What gives it back is the same everywhere: a provider who cannot, giving up while it is free.
    """

    when: Literal["completed", "approved", "arranged"] = "completed"
    also_on: tuple[Loss, ...] = ()
    ends_unused_with: Literal["policy_year"] | None = None


class BookingLead(Terms):
    """How far ahead a service is booked: at least, and at most."""

    id: str
    at_least: Budget | None = None
    at_most: Budget | None = None
    when_short: Literal["accept_flagged", "refuse"] = "refuse"

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        bounds = [bound for bound in (self.at_least, self.at_most) if bound is not None]
        if not bounds or any(bound.unit in (Unit.HOUR, Unit.MINUTE) for bound in bounds):
            raise ValueError("a booking lead has a bound in nd or wd")
        return self


class FollowUp(Terms):
    """What comes after a service: a call, a survey, a recurring consultation."""

    kind: Literal["satisfaction", "care", "rehabilitation", "nutrition", "rating", "survey_report"]
    every_days: int | None = Field(default=None, gt=0)
    times: int | None = Field(default=None, gt=0)


class PaysBack(Terms):
    """How much of what a customer paid is paid back: at most so much in all for one booking."""

    at_most_fen: int = Field(gt=0)


Asked = Literal["taken", "approved", "told", "confirmed", "stay", "served"]
"""The moments of a booking at which a service's own step may be asked for.

`taken` once the request is answered, `approved` before a hospital is asked, `told` with what the
customer is told before he confirms, `confirmed` beside the visit, `stay` as long as he lies in
hospital, `served` when the service is over.
"""


STEP_FIELDS: Final = {
    "condition": "病情",
    "need": "需求",
    "transferred_to": "转接专线",
    "advice": "专家建议",
    "city": "住院城市",
    "hospital_id": "住院医院",
    "precautions": "注意事项",
    "formalities": "协助办理的手续",
    "treatment": "治疗情况",
    "told": "告知内容",
    "summary": "服务总结",
    "member": "家庭成员",
    "history": "既往病史",
    "allergies": "过敏史",
    "medication": "用药情况",
    "plan": "健康管理计划",
    "test_item": "检测项目",
    "test_plan": "检测方案",
}
"""What the record of such a step may have to state."""


Sample = Literal["section", "blood", "tissue", "saliva", "other"]
SAMPLE_NAMES: Final[dict[Sample, str]] = {
    "section": "病理切片",
    "blood": "外周血",
    "tissue": "活检肿瘤组织",
    "saliva": "唾液",
    "other": "其他样本",
}
"""What a test may be made of (R772)."""


class Step(Terms):
    """A step of a service, in order, with who does it."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    actor: str = ""
    by: tuple[Role, ...] = ()  # who may report it; none = anybody of the hospital
    fields: tuple[str, ...] = ()  # what its record must state
    # A booking only; a step without a moment is part of the shape's own story.
    asked: Asked | None = None
    every_days: int | None = Field(default=None, gt=0)  # of a stay: how often
    keeps: Literal["record", "plan"] | None = None  # what it is in the record it is kept in
    tells: str | None = Field(
        default=None, pattern=r"^booking_[a-z_]+$"
    )  # the notice it goes out by
    # A hospital's own channel only: when it is asked for, what it leads to.
    when: Literal["if_needed", "afterwards"] | None = None  # None: asked of everybody, at once
    groups: tuple[str, ...] = ()  # asked for patients of these groups only
    after: tuple[str, ...] = ()  # steps without which it cannot have happened
    marks: ExpectedEvent | None = None  # what has happened when it is done; clocks listen
    departments: tuple[str, ...] = ()  # told with it, at once
    repeats: Literal[True] | None = None  # as often as it happens


class Held(Terms):
    """A service that takes place on days of its own, again and again (R442)."""

    first_on: date
    every_days: int = Field(gt=0, le=366)
    free: bool = False  # treatment and advice cost nothing

    def next_days(self, today: date, count: int) -> list[date]:
        """The next so many days, today's among them."""
        ahead = max((today - self.first_on).days, 0)
        rounds = -(-ahead // self.every_days)
        return [
            self.first_on + timedelta(days=self.every_days * (rounds + n)) for n in range(count)
        ]


class Service(Incomplete):
    """One thing a programme offers."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    name_en: str = ""
    shape: Shape | None = None
    quota: ServiceQuota = ServiceQuota()
    hours: str = ALWAYS
    diagnosis: Literal["none", "suspected", "confirmed", "first_confirmed"] = "none"
    preconditions: tuple[Precondition, ...] = ()
    waiting: Waiting | None = None  # None: the programme's; `days: 0` = no waiting
    after: tuple[str, ...] = ()  # services that lead into this one
    choice: Choice | None = None
    staffing: Staffing | None = None
    lead: BookingLead | None = None
    held: Held | None = None  # on days of its own
    fields: tuple[str, ...] = ()  # what a request must state
    steps: tuple[Step, ...] = ()
    result: tuple[str, ...] = ()
    covers: tuple[Literal["targeted_drugs", "immune_drugs"], ...] = ()  # what a test looks at
    samples: tuple[Sample, ...] = ()  # what it is usually made of; none = whatever is given
    consulting: Consulting | None = None  # a consultation without a word is by phone
    failed_calls: FailedCalls | None = None
    cancellation: CancellationRule | None = None
    consumption: Consumption | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    pays_back: PaysBack | None = None
    transferable: bool = False
    kept_in: Literal["family_record"] | None = None  # where what a doctor writes goes on
    content: str = ""

    @property
    def admits(self) -> bool:
        """Whether the customer is taken into a hospital: for a bed, or for an operation."""
        return not {*self.result}.isdisjoint({"bed", "surgery_date"})

    def bookings_max(self, tier: str | None) -> int | None:
        """How often it may be booked in a period: a year of calls is one booking (C-64)."""
        count = self.quota.count_for(tier)
        return 1 if count is not None and self.shape is Shape.REHABILITATION else count
