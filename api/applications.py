"""From what a caller says to what the rules ask: facts about an application, without the person.

The limit, the product and the hospital's terms come from our own records, never from the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from api.door.identity import Caller
from api.door.problems import Problem, at_field
from api.door.text import Bed, Body, Code, Email, IdType, Name, Phone, admission_reason, id_number
from api.wiring.door import Door, Unit, UnknownProgramme
from domain.activation import anniversary
from domain.calendar import CalendarYearMissing, civil_date
from domain.eligibility import Facts, Verdict, judge
from domain.entitlement import Counter, counter_of
from domain.hospital import NOT_IN_DIRECTORY
from domain.id_numbers import same_name
from domain.programmes.programme import Programme
from domain.programmes.services import PreconditionCode, Service, Shape
from domain.programmes.terms import ModeFlags
from domain.roles import Role
from workflows.messages.matters import HospitalTerms

_BOOKING: Final = PreconditionCode.BOOKING

LIFELONG_YEARS: Final = 100
"""The term of a policy without an end (终身): longer than any that a programme asks for."""


class Identified(Body):
    """A person by the number of a document."""

    id_type: IdType = "resident_id"
    id_number: str = Field(
        min_length=1,
        max_length=32,
        repr=False,
        description="居民身份证校验出生日期与校验位; 护照与通行证校验格式",
        examples=["110101199003070732"],
    )

    @field_validator("id_number")
    @classmethod
    def _number_holds(cls, number: str, given: ValidationInfo) -> str:
        kind = given.data.get("id_type")
        return number if kind is None else id_number(number, kind)

    @property
    def number(self) -> str:
        """The number in its one written form."""
        return self.id_number


class Insured(Identified):
    """The insured person who goes to hospital."""

    name: Name = Field(repr=False, examples=["张某某"])
    phone: Phone = Field(repr=False)
    email: Email | None = Field(default=None, repr=False)
    bed: Bed | None = Field(default=None, repr=False, examples=["内科三病区12床"])


class Declared(Body):
    """What the caller states and our records do not hold; checked by a person later."""

    for_insured_self: bool | None = None
    is_renewal: bool | None = Field(default=None, description="名单已写明续保次数时以名单为准")
    diagnosis: Literal["none", "suspected", "confirmed"] | None = None
    is_first_diagnosis: bool | None = None
    diagnosed_on: date | None = None
    diagnosed_at_grade: Annotated[int | None, Field(ge=1, le=3)] = None
    diagnosed_at_public: bool | None = None
    diagnosed_by_specialist: bool | None = None
    preconditions: frozenset[PreconditionCode] | None = None
    patient_group: Code | None = None
    can_give_invoices: bool | None = None
    cause_excluded: bool | None = None


@dataclass(frozen=True)
class Application:
    """What was asked, in codes."""

    programme: str
    id_number: str
    hospital_id: str | None
    disease: str | None
    planned: date | None
    at: datetime
    planned_as: str = "planned_admission"  # the field in which the day was given
    name: str = field(default="", repr=False)  # as it was given; empty where only a number was
    service: str | None = None
    declared: Mapping[str, Any] = field(
        default_factory=dict
    )  # facts a caller states (Facts' names)
    by_customer: bool = False  # who asks for themselves, and has to know name and number
    opens_case: bool = False  # asked for is the programme's waiver, whatever else it offers


@dataclass(frozen=True)
class Known:
    """What our records say about an application."""

    programme: Programme
    person_hash: str
    facts: Facts
    verdict: Verdict
    hospital: HospitalTerms | None
    policy_id: str | None
    sales_channel: str
    insured_list: str  # the insurer's list of its day
    province: str = ""  # of the hospital
    counter: Counter | None = None  # where the service is counted, and this person's policy runs

    @property
    def last_day(self) -> date | None:
        """The last day that policy, entitlement and service all run; None where none ends (I10)."""
        ends = [self.facts.policy_to, self.facts.entitled_to]
        ends += [] if self.programme.until_replaced else [self.programme.valid_to]
        return min((day for day in ends if day is not None), default=None)


async def gather(unit: Unit, door: Door, asked: Application, *, lock: bool = False) -> Known:
    """Look everything up and judge; raises Problem for an unknown programme or hospital.

    `lock` keeps the policy for this transaction, because a case is about to take from it.
    """
    programme = _programme(door, asked)
    on = civil_date(asked.at)
    _must_have_been(asked.declared.get("diagnosed_on"), on)
    if asked.planned is not None and (reason := admission_reason(asked.planned, asked.at)):
        raise at_field("invalid", asked.planned_as, reason)
    code = programme.waiver_service if asked.opens_case else asked.service
    service = next((one for one in programme.services if one.code == code), None)
    person_hash = door.books.person_hash(asked.id_number)
    policy, found = await unit.reference.standing(
        programme.code,
        person_hash,
        on,
        hospital_id=asked.hospital_id,
        network=programme.hospitals.network,
        lock=lock,
    )
    named = _as_listed(asked.name, unit.policies.name_in(policy))
    if asked.by_customer and named is False:
        policy = {}  # whoever has a number alone does not learn whose it is
    counter = _counter(programme, service, policy, on)
    hospital = None if asked.hospital_id is None else _hospital(programme, found, on)
    facts = _facts(asked, policy, hospital, on).model_copy(
        update={
            **{name: value for name, value in asked.declared.items() if value is not None},
            **_renewals(policy),
            "name_as_listed": named,
            "opened_on": _opened(programme, policy),
            "service": code,
            "hospital_city": found.get("city"),
            "hospital_sub_grade": found.get("sub_grade"),
            "quota_count": None if service is None else service.bookings_max(policy.get("tier")),
            "booked": await _goes_along(unit, programme, service, person_hash, asked),
            "quota_used": None if counter is None else await unit.reference.quota_used(counter),
        }
    )
    try:
        verdict = judge(facts, programme, door.calendar)
    except CalendarYearMissing:
        raise at_field("invalid", asked.planned_as, "日期超出工作日历的范围") from None
    return Known(
        programme=programme,
        person_hash=person_hash,
        facts=facts,
        verdict=verdict,
        hospital=hospital,
        policy_id=policy.get("policy_id"),
        sales_channel=policy.get("sales_channel", ""),
        insured_list=policy.get("insured_list", ""),
        province=found.get("province", ""),
        counter=counter,
    )


def _must_have_been(diagnosed_on: date | None, today: date) -> None:
    """Nobody was diagnosed on a day to come."""
    if diagnosed_on is not None and diagnosed_on > today:
        raise at_field("invalid", "declared.diagnosed_on", "确诊日期不能晚于今天")


def _programme(door: Door, asked: Application) -> Programme:
    try:
        return door.programme(asked.programme, asked.at)
    except UnknownProgramme:
        raise at_field("unknown-programme", "programme", "没有此服务项目") from None


async def _goes_along(
    unit: Unit,
    programme: Programme,
    service: Service | None,
    person_hash: str,
    asked: Application,
) -> bool | None:
    """Whether there is a visit for a service that goes along with one (section 3.2).

    One of ours that has not ended; where the programme does not say which service leads into this
    one, also one that the customer has made himself and declares. None: nobody has said.
    """
    if service is None or all(one.code is not _BOOKING for one in service.preconditions):
        return None
    leading = service.after or tuple(
        one.code for one in programme.services if one.shape is Shape.APPOINTMENT
    )
    for code in leading:
        ours = {"person_hash": person_hash, "programme": programme.code, "service": code}
        if await unit.bookings.open_of(**ours) is not None:
            return True
    declared = asked.declared.get("preconditions")
    if service.after or declared is not None:
        return not service.after and _BOOKING in (declared or ())
    return None


def _counter(
    programme: Programme, service: Service | None, policy: Mapping[str, Any], on: date
) -> Counter | None:
    """Which counter a use of the service on a day belongs to; None where nothing counts them."""
    if service is None or not policy or on < policy["valid_from"]:
        return None
    return counter_of(
        service,
        programme=programme.code,
        holder=policy["policy_id"],
        policy_from=policy["valid_from"],
        on=on,
    )


def _hospital(programme: Programme, found: Mapping[str, Any], on: date) -> HospitalTerms:
    if not found:
        raise at_field("unknown-hospital", "hospital_id", NOT_IN_DIRECTORY)
    listed = found["on_network"]
    flags = ModeFlags.model_validate(found) if listed else ModeFlags()
    return HospitalTerms(
        hospital_id=found["id"],
        name=found["name"],
        grade=found["grade"],
        list_version=found["newest_list"],
        on_network=listed,
        payment_modes=list(programme.payment_modes(flags, on)) if programme.waiver else [],
    )


def _facts(
    asked: Application, policy: dict[str, Any], hospital: HospitalTerms | None, on: date
) -> Facts:
    return Facts(
        asked_on=on,
        insured_on_list=bool(policy),
        product=policy.get("product"),
        policy_from=policy.get("valid_from"),
        policy_to=policy.get("last_day"),
        policy_years=_whole_years(policy),
        first_effective_on=policy.get("first_effective_on"),
        product_waiting_days=policy.get("product_waiting_days"),
        cooling_off_ends=policy.get("cooling_off_ends"),
        premium_due_on=policy.get("premium_due_on"),
        premium_paid_on=policy.get("premium_paid_on"),
        sum_insured_fen=policy.get("sum_insured_fen"),
        entitled_from=policy.get("entitled_from"),
        entitled_to=policy.get("entitled_to"),
        sales_channel=policy.get("sales_channel") or None,
        disease=asked.disease,
        hospital_id=asked.hospital_id,
        hospital_known=None if hospital is None else True,
        hospital_grade=None if hospital is None else hospital.grade,
        # No list imported yet says nothing about a hospital.
        hospital_on_network=hospital.on_network if hospital and hospital.list_version else None,
        sum_insured_left_fen=policy.get("left_fen"),
        planned_on=asked.planned,
    )


def must_be_named(caller: Caller, known: Known) -> None:
    """A customer's own request names the person as the insurer's list does; `Problem` if not.

    What stands open of somebody else is not found out by trying: agents and channels know whom they
    speak for, and theirs is a person's to judge.
    """
    if caller.role is Role.CUSTOMER and known.facts.name_as_listed is False:
        raise at_field(
            "invalid", "insured.name", "姓名与证件号码在名单中不一致, 请核对或联系客服办理"
        )


def _as_listed(given: str, listed: str) -> bool | None:
    """Whether the person has the name that the insurer's list has; None where one is missing."""
    return same_name(given, listed) if given.strip() and listed.strip() else None


def _renewals(policy: Mapping[str, Any]) -> dict[str, Any]:
    """What the list says of renewals, whatever a caller declares; nothing where it is silent."""
    paid = policy.get("renewals")
    return {} if paid is None else {"renewals_paid": paid, "is_renewal": paid > 0}


def _opened(programme: Programme, policy: Mapping[str, Any]) -> dict[str, date]:
    """Which services began on the day the list states: those counted from the cooling-off period.

    A programme says within how many days they do, the insurer when they did (C-42).
    """
    opened_on, terms = policy.get("opened_on"), programme.activation
    if opened_on is None or terms is None:
        return {}
    gates = (gate for gate in terms.gates if gate.after == "cooling_off")
    return {service: opened_on for gate in gates for service in gate.services}


def _whole_years(policy: Mapping[str, Any]) -> int | None:
    """The term of a policy in whole years, the longest where it has no end; None without one."""
    first, last = policy.get("valid_from"), policy.get("valid_to")
    if first is None or last is None:
        return None if first is None else LIFELONG_YEARS
    years = int(last.year - first.year)
    if last.year < date.max.year and anniversary(first, years + 1) - timedelta(days=1) <= last:
        return years + 1
    return years if anniversary(first, years) - timedelta(days=1) <= last else years - 1


def must_serve_waivers(programme: Programme) -> None:
    """A deposit waiver is asked of a programme that has one."""
    if not programme.opens_waivers:
        raise Problem("unknown-programme", "该服务项目不提供住院免押金")
