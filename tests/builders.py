"""Valid things to start a test from; a test overrides only what it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

from adapters.calendar_file import load_calendar
from adapters.programmes.files import load_programmes
from domain.calendar import SHANGHAI, WorkCalendar
from domain.eligibility import Outcome, Verdict
from domain.programmes.programme import Programme
from domain.roles import Role
from domain.waiver import PaymentMode
from workflows.messages.cases import ClaimAsked, OpenCase
from workflows.messages.matters import Actor, HospitalTerms

STORY_YEAR = 2026
CUSTOMER = Actor(role=Role.CUSTOMER, id="customer-1")
AGENT = Actor(role=Role.AGENT, id="agent-7")
DISPATCHER = Actor(role=Role.DISPATCHER, id="dispatcher-2")
REVIEWER = Actor(role=Role.REVIEWER, id="reviewer-3")
NURSE = Actor(role=Role.NURSE, id="nurse-5")
INSURER = Actor(role=Role.INSURER, id="insurer-6")
FINANCE = Actor(role=Role.FINANCE, id="finance-4")
DOCTOR = Actor(role=Role.DOCTOR, id="doctor-6")
SUPERVISOR = Actor(role=Role.SUPERVISOR, id="supervisor-1")

HOSPITAL_STAFF = Actor(role=Role.HOSPITAL_STAFF, id="h-staff-1")
HOSPITAL_NURSE = Actor(role=Role.HOSPITAL_NURSE, id="h-nurse-1")
HOSPITAL_DOCTOR = Actor(role=Role.HOSPITAL_DOCTOR, id="h-doctor-1")
HOSPITAL_DUTY = Actor(role=Role.HOSPITAL_DUTY, id="h-duty-1")


def civil(text: str, *, moved_by: int = 0) -> datetime:
    """`"2026-04-29 20:10"` in Shanghai, moved by whole days, as a UTC moment."""
    at = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
    return (at + timedelta(days=moved_by)).astimezone(UTC)


@cache
def programmes() -> tuple[Programme, ...]:
    """Every programme as it is shipped; a frozen value, read once a process."""
    return load_programmes()


@cache
def programme_of(code: str) -> Programme:
    """A programme as it is shipped."""
    return next(one for one in programmes() if one.code == code)


def a_programme() -> Programme:
    """P01 as it is shipped."""
    return programme_of("bainian_deposit_waiver")


@cache
def a_calendar() -> WorkCalendar:
    """The calendar as it is shipped."""
    return load_calendar()


def a_verdict(*, limit_fen: int = 50_000_000, lead: int = 2) -> Verdict:
    """Eligible, with the limit of the reference example: 500,000.00."""
    return Verdict(
        outcome=Outcome.ELIGIBLE,
        limit_fen=limit_fen,
        lead_working_days=lead,
        programme="bainian_deposit_waiver",
        version="2026",
    )


def a_case(
    case_id: str,
    *,
    reported_at: datetime,
    planned_admission: date | None = None,
    verdict: Verdict | None = None,
    calendar: WorkCalendar | None = None,
    programme: Programme | None = None,
    disease: str = "lung_cancer",
    payment_modes: list[PaymentMode] | None = None,
    claim: ClaimAsked | None = None,
    last_day: date | None = None,
) -> OpenCase:
    """A report as the door hands it on."""
    return OpenCase(
        case_id=case_id,
        programme=(programme or a_programme()).for_case(claim.service if claim else None),
        calendar=calendar or a_calendar(),
        hospital=HospitalTerms(
            hospital_id="hospital-1",
            name="某三甲医院",
            grade=3,
            list_version="2026-01",
            on_network=True,
            payment_modes=payment_modes
            or [
                PaymentMode.HOSPITAL_ONLINE,
                PaymentMode.QR_CODE,
                PaymentMode.INHOUSE_SPECIALIST,
                PaymentMode.CONTRACTED_NURSE,
            ],
        ),
        verdict=verdict or a_verdict(),
        disease=disease,
        channel="hotline",
        reported_by=AGENT,
        reported_at=reported_at,
        planned_admission=planned_admission,
        claim=claim,
        last_day=last_day,
    )
