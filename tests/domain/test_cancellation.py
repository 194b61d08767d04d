"""What giving up costs in each programme, on both sides of the line."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.calendar import SHANGHAI
from domain.cancellation import Cost, cost_of_cancelling, is_named, uses_up
from domain.events import ExpectedEvent
from domain.programmes.services import Consumption, Loss, Service, Shape
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
ALL = {one.code: one for one in programmes()}
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


def test_giving_up_uses_a_confirmed_booking_up_where_the_source_says_only_that() -> None:
    """R358, R483: before the customer had a booking there was nothing to give up (inferred)."""
    for code in ("changsheng_haorensheng", "changsheng_yuanmeng"):
        for one in ALL[code].services:
            if one.consumption is None:
                continue
            costs = [
                cost_of_cancelling(
                    one, at=SENT_AT, visit_on=None, happened=happened, calendar=CALENDAR
                )
                for happened in ({}, {ExpectedEvent.BOOKING_CONFIRMED: SENT_AT})
            ]
            assert costs == [Cost.FREE, Cost.USED], one.code


def test_what_the_source_lost_is_a_persons_to_decide() -> None:
    lost = service("taikang_online_ci", "expert_outpatient")
    found = cost_of_cancelling(lost, at=SENT_AT, visit_on=None, happened={}, calendar=CALENDAR)
    assert found is Cost.NEEDS_PERSON
    assert uses_up(lost, "no_show", giving_up=found) is None
    assert uses_up(lost, "given_up", giving_up=found) is None


def test_what_no_source_speaks_of_is_a_persons_to_decide_and_giving_it_up_is_free() -> None:
    silent = service("anxin_cancer_inpatient", "cancer_outpatient")
    assert (silent.cancellation, silent.consumption) == (None, None)
    found = cost_of_cancelling(silent, at=SENT_AT, visit_on=None, happened={}, calendar=CALENDAR)
    assert found is Cost.FREE
    assert uses_up(silent, "given_up", giving_up=found) is False
    assert uses_up(silent, "no_show", giving_up=found) is None


VISIT_AT = datetime(2026, 10, 8, 1, 0, tzinfo=UTC)
"""A visit at nine, confirmed two weeks before."""
AWAY: tuple[Loss, ...] = ("no_show", "not_on_time")
"""How a customer can be found to have stayed away from it; and from a bed, `not_admitted`."""


def found_away(one: Service, loss: Loss) -> bool | None:
    """What staying away costs, of a booking whose every step came before the visit."""
    done = (ExpectedEvent.BOOKING_CONFIRMED, ExpectedEvent.SERVICE_STARTED, ExpectedEvent.APPROVED)
    giving_up = cost_of_cancelling(
        one,
        at=VISIT_AT,
        visit_on=date(2026, 10, 8),
        happened=dict.fromkeys(done, SENT_AT),
        calendar=CALENDAR,
    )
    return uses_up(one, loss, giving_up=giving_up)


STAYED_AWAY: tuple[tuple[str, str, bool | None], ...] = (
    # Named: 『未能准时就医』 (P05, P10), 『未能按时就医』 (P07), 『未在预定时间就医』 (P20).
    ("changsheng_haorensheng", "vip_clinic_arrangement", True),
    ("changsheng_haorensheng", "expert_outpatient", True),
    ("changsheng_haorensheng", "inpatient_arrangement", True),
    ("changsheng_yuanmeng", "inpatient_arrangement", True),
    ("changsheng_yuanmeng", "surgery_arrangement", True),
    ("changsheng_yuanmeng", "visit_escort", True),
    ("pingan_pc_haoran", "second_opinion", True),
    ("pingan_pc_haoran", "inpatient_arrangement", True),
    ("pingan_pc_haoran", "surgery_arrangement", True),
    ("pingan_pc_haoran", "visit_escort", True),
    ("ins_oncology", "expert_outpatient", True),
    ("ins_oncology", "inpatient_arrangement", True),
    # 『因自身原因无法住院』 (P04), 『无法住院或手术』 (P19): who stays away is not.
    ("pingan_oncology_157", "inpatient_arrangement", True),
    ("annex2_ci_inpatient", "inpatient_arrangement", True),
    ("annex2_ci_inpatient", "surgery_arrangement", True),
    # Not named, but whoever calls that late has used it up (P04, P06, P16) or cannot (P13).
    ("pingan_oncology_157", "expert_outpatient", True),
    ("anxin_cancer_inpatient", "inpatient_arrangement", True),
    ("global_doctor_ci", "top100_expert_appointment", True),
    ("ruitai_ci", "expert_outpatient", True),
    ("ruitai_ci", "exam_expedite", True),
    ("ruitai_ci", "inpatient_arrangement", True),
    ("ruitai_ci", "surgery_arrangement", True),
    # Lost (P02, P03, P14/17, P16, P18) or never said (P06): a person's.
    ("pingan_value_added", "paediatric_outpatient", None),
    ("pingan_value_added", "visit_escort", None),
    ("taikang_online_ci", "expert_outpatient", None),
    ("taikang_online_ci", "inpatient_arrangement", None),
    ("taikang_online_ci", "surgery_arrangement", None),
    ("taikang_online_ci", "exam_expedite", None),
    ("taikang_online_ci", "visit_escort", None),
    ("pingan_health_295", "inpatient_arrangement", None),
    ("pingan_health_295", "expert_outpatient", None),
    ("global_doctor_ci", "inpatient_arrangement", None),
    ("xintai_million_guard", "expert_outpatient", None),
    ("xintai_million_guard", "inpatient_arrangement", None),
    ("xintai_million_guard", "surgery_arrangement", None),
    ("anxin_cancer_inpatient", "cancer_outpatient", None),
    ("anxin_cancer_inpatient", "visit_escort", None),
    ("anxin_cancer_inpatient", "admission_formalities_agency", None),
)
"""Whether staying away uses the service up, read off the sources; None where they do not say."""


@pytest.mark.parametrize(("code", "name", "used"), STAYED_AWAY)
def test_staying_away_costs_what_the_source_says_and_never_less_than_calling_late(
    code: str, name: str, used: bool | None
) -> None:
    """R333, R335, R359, R420, R483, R708, R752: of every service that somebody goes to."""
    one = service(code, name)
    losses: tuple[Loss, ...] = (*AWAY, "not_admitted") if one.admits else AWAY
    assert {found_away(one, loss) for loss in losses} == {used}


def test_every_service_that_somebody_goes_to_is_in_the_table_above() -> None:
    visited = {Shape.APPOINTMENT, Shape.ESCORT}
    assert {(code, name) for code, name, _ in STAYED_AWAY} == {
        (one.code, each.code)
        for one in ALL.values()
        for each in one.services
        if each.shape in visited
    }


def test_what_falls_under_what_a_file_names() -> None:
    """A file that says nothing of giving up, and names one loss only."""

    def named(one: Loss, *result: str) -> set[Loss]:
        terms = Consumption(also_on=(one,), source="inferred")
        made = Service(code="a", name="一", consumption=terms, result=result, source="inferred")
        losses: tuple[Loss, ...] = (*AWAY, "not_admitted")
        return {loss for loss in losses if uses_up(made, loss, giving_up=Cost.FREE)}

    assert named("not_on_time") == {"not_on_time", "no_show"}
    assert named("no_show") == {"no_show"}  # whoever came late did come
    for one in ("no_show", "not_on_time", "not_admitted"):
        assert named(one, "bed") == {"no_show", "not_on_time", "not_admitted"}
    assert named("refusal_to_sign", "bed") == set()


@pytest.mark.parametrize(
    ("code", "name", "loss"),
    [
        ("ins_oncology", "direct_pay_deposit", "no_show"),
        ("ins_oncology", "direct_pay_deposit", "refusal_to_sign"),
    ],
)
def test_an_advance_names_what_else_uses_it_up(code: str, name: str, loss: Loss) -> None:
    """R782, R783."""
    assert is_named(service(code, name), loss)
    assert not is_named(service(code, name), "given_up")
