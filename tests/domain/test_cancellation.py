"""What giving up costs in each programme, on both sides of the line."""

from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.calendar_file import load_calendar
from adapters.programmes.files import load_programmes
from domain.calendar import SHANGHAI
from domain.cancellation import Cost, cost_of_cancelling, uses_up
from domain.events import ExpectedEvent
from domain.programmes.services import Loss, Service

CALENDAR = load_calendar()
ALL = {one.code: one for one in load_programmes()}
SENT_AT = datetime(2026, 9, 16, 2, 0, tzinfo=UTC)


def service(code: str, name: str) -> Service:
    return ALL[code].service(name)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "cost"),
    [
        (date(2026, 9, 28), Cost.FREE),
        (date(2026, 9, 29), Cost.FREE),
        (date(2026, 9, 30), Cost.USED),
    ],
)
def test_an_outpatient_visit_is_free_until_two_working_days_before(day: date, cost: Cost) -> None:
    """Story 5, R332, R333, C-26: the visit is on 8 October."""
    found = cost_of_cancelling(
        service("pingan_oncology_157", "expert_outpatient"),
        at=noon(day),
        visit_on=date(2026, 10, 8),
        happened={},
        calendar=CALENDAR,
    )
    assert found is cost


def test_before_a_date_is_fixed_nothing_is_lost() -> None:
    visit = service("pingan_oncology_157", "expert_outpatient")
    found = cost_of_cancelling(visit, at=SENT_AT, visit_on=None, happened={}, calendar=CALENDAR)
    assert found is Cost.FREE


@pytest.mark.parametrize(
    ("code", "name", "event", "afterwards"),
    [
        # The start SMS counts when it is sent (R394, C-25).
        ("anxin_cancer_inpatient", "inpatient_arrangement", "service_started", Cost.USED),
        ("pingan_oncology_157", "inpatient_arrangement", "booking_confirmed", Cost.USED),
        ("pingan_oncology_157", "second_opinion", "booking_confirmed", Cost.USED),
        ("annex2_ci_inpatient", "surgery_arrangement", "booking_confirmed", Cost.USED),
        ("global_doctor_ci", "top100_expert_appointment", "booking_confirmed", Cost.USED),
        ("pingan_pc_haoran", "inpatient_arrangement", "booking_confirmed", Cost.USED),
        ("ruitai_ci", "expert_outpatient", "approved", Cost.REFUSED),  # R555
    ],
)
def test_an_event_ends_free_cancelling_at_its_very_moment(
    code: str, name: str, event: str, afterwards: Cost
) -> None:
    """R334, R336, R393, R395, R634, R707."""
    happened = {ExpectedEvent(event): SENT_AT}
    for at, cost in (
        (SENT_AT - timedelta(microseconds=1), Cost.FREE),
        (SENT_AT, afterwards),
        (SENT_AT + timedelta(days=1), afterwards),
    ):
        found = cost_of_cancelling(
            service(code, name), at=at, visit_on=None, happened=happened, calendar=CALENDAR
        )
        assert found is cost


def test_what_the_source_lost_is_a_persons_to_decide() -> None:
    lost = service("taikang_online_ci", "expert_outpatient")
    found = cost_of_cancelling(lost, at=SENT_AT, visit_on=None, happened={}, calendar=CALENDAR)
    assert found is Cost.NEEDS_PERSON
    assert uses_up(lost, "no_show") is None


@pytest.mark.parametrize(
    ("code", "name", "loss", "used"),
    [
        ("ins_oncology", "expert_outpatient", "no_show", True),
        ("ins_oncology", "direct_pay_deposit", "refusal_to_sign", True),
        ("ins_oncology", "second_opinion", "no_show", False),
        ("changsheng_yuanmeng", "surgery_arrangement", "given_up", True),
        ("changsheng_haorensheng", "inpatient_arrangement", "not_on_time", True),
        ("changsheng_haorensheng", "vip_clinic_arrangement", "given_up", True),
        ("ins_oncology", "direct_pay_deposit", "no_show", True),
        ("annex2_ci_inpatient", "inpatient_arrangement", "not_admitted", True),
        ("pingan_oncology_157", "inpatient_arrangement", "not_admitted", True),
        ("pingan_oncology_157", "expert_outpatient", "late_cancellation", True),
        ("pingan_pc_haoran", "visit_escort", "not_on_time", True),
        ("bainian_deposit_waiver", "deposit_waiver", "no_show", False),
    ],
)
def test_a_loss_uses_a_unit_where_the_source_says_so(
    code: str, name: str, loss: Loss, used: bool
) -> None:
    """R333, R335, R358, R359, R420, R483, R708, R752, R782, R783."""
    assert uses_up(service(code, name), loss) is used


def test_a_provider_that_fails_gives_the_unit_back() -> None:
    """R554, C-28: also where approval already consumed it."""
    consumption = service("ruitai_ci", "phone_doctor").consumption
    assert consumption is not None
    assert (consumption.when, consumption.given_back_on) == ("approved", ("provider_failure",))
