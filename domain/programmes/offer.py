"""What a programme says about itself as a whole: when it begins and ends, who shares its data.

Activation and renewal are counted in `domain.activation`; reminders are offsets from a moment of
the booking, not promises, and therefore no clocks.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.clock import Budget
from domain.programmes.sourced import Incomplete, Terms


class Gate(Terms):
    """Services that open so many days after the cooling-off period or after another gate (G35)."""

    id: str | None = None
    services: tuple[str, ...] = Field(min_length=1)
    after: str = "cooling_off"  # or the code of a service
    days: int = Field(ge=0)


class Renewal(Terms):
    """What a premium paid in time adds, and how often at most."""

    adds_years: int = Field(default=1, gt=0)
    times_max: int | None = Field(default=None, gt=0)
    # A premium so many days late still counts (『含宽限期』). The contract names them; where nobody
    # says, sixty, as article 36 of the Insurance Law has it (inferred).
    grace_days: int = Field(default=60, ge=0, le=366)


class Activation(Terms):
    """When the services of one insured person begin and end."""

    begins: Literal["policy", "after_cooling_off", "programme"]
    term: Literal["one_year", "policy", "policy_year", "programme"]
    renewal: Renewal | None = None
    ends_with_policy: bool = True
    gates: tuple[Gate, ...] = ()


class DiagnosisRule(Terms):
    """Which hospital's diagnosis counts; for some services only, where the source says so."""

    services: tuple[str, ...] = ()
    grade_min: int | None = Field(default=None, ge=1, le=3)
    public_only: bool = False


class Reminder(Terms):
    """Something that happens so long before a moment of the booking."""

    id: str
    name: str
    services: tuple[str, ...] = ()
    before: Literal["slot", "meeting"]
    ahead: Budget
    does: Literal["sms_steward", "call_customer", "check_in"]

    @model_validator(mode="after")
    def _elapsed(self) -> Self:
        if self.ahead.elapsed() is None:
            raise ValueError("a reminder is counted in min or h")
        return self

    def due_at(self, moment: datetime) -> datetime:
        """When it happens at the latest, before a slot or a meeting."""
        return moment - (self.ahead.elapsed() or timedelta())


class Fees(Terms):
    """Who pays for the booking and who for the treatment (C-52)."""

    booking: Literal["free", "customer"] = "free"
    medical: Literal["customer", "insurer", "not_stated"] = "not_stated"

    @property
    def words(self) -> list[str]:
        """What a customer is told of it; nothing of what the source does not state."""
        return [_BOOKING_COSTS[self.booking], *_TREATMENT_COSTS[self.medical]]


_BOOKING_COSTS: Final = {
    "free": "预约服务不收取费用",
    "customer": "预约挂号费用由客户自行承担",
}
_TREATMENT_COSTS: Final = {
    "customer": ["挂号、检查、治疗、药品、床位等医疗费用由客户自行承担"],
    "insurer": ["医疗费用由保险公司直接结算, 未直接结算的由客户先行支付"],
    "not_stated": list[str](),
}


class DataRecipient(Terms):
    """A class of recipients of personal data, and what binds them."""

    who: Literal["provider", "medical_institution", "testing_institution", "insurer"]
    name: str = ""
    way: Literal["email_form", "query_system", "not_stated"] = "not_stated"
    confidentiality: bool = True


class Rule(Terms):
    """A rule of the source that is words, not a number: a principle, a warning, an order."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    text: str
    services: tuple[str, ...] = ()
    shown: bool = False  # told to the customer


Sign = Literal[
    "life_threatened",  # by illness or injury
    "needs_care_at_once",
    "unstable_vital_signs",
    "danger_to_life_foreseen",
]
"""What whoever stands before a patient sees within a minute, without a diagnosis."""

SIGN_NAMES: Final[dict[Sign, str]] = {
    "life_threatened": "疾病或外伤危及生命",
    "needs_care_at_once": "须立即救治",
    "unstable_vital_signs": "生命体征不稳定",
    "danger_to_life_foreseen": "预见可能危及生命",
}


class PatientGroup(Terms):
    """Who may use a hospital's channel, and for which services (none = all)."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    services: tuple[str, ...] = ()
    stretcher: bool = False  # never by wheelchair (R466)
    reportable: bool = False  # told upward at once (R614)
    way: Literal["rescue_room", "early_entry", "priority"] = "priority"  # at least this way in
    any_sign: tuple[Sign, ...] = ()  # one of these signs puts a patient into the group
    all_signs: tuple[Sign, ...] = ()  # all of them do


class ReportRoute(Terms):
    """Whom a rescue is reported to, by hour (R528)."""

    when: Literal["working_hours", "night_or_day_off", "mass_event"]
    to: str


class EmergencyTerms(Incomplete):
    """A hospital's own channel: its groups and categories, and whom it reports to."""

    groups: tuple[PatientGroup, ...] = Field(min_length=1)
    reports: tuple[ReportRoute, ...] = ()
    arrival: tuple[Literal["walk_in", "ambulance"], ...] = ()
    departments: tuple[str, ...] = ()  # told of every rescue at once: they put it first (R530)
    office_hours: str | None = None  # of medical affairs; outside them it is night or a day off
    fees_every_days: int | None = Field(default=None, gt=0)  # until the family has paid (R613)
    published: bool = False  # anybody may read of it: the hospital's website and WeChat show it


class KeyFigure(Terms):
    """A number a source states about itself; shown, never a promise."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    value: str


class Lowered(BaseModel):
    """A benefit this version lowers on purpose, by name; without it the guard refuses the file."""

    model_config = ConfigDict(frozen=True)

    what: str
    approved_by: str = Field(min_length=1)
    why: str = Field(min_length=1)
