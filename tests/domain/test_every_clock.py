"""K01-K24, G01-G35 and H01-H08, each on both sides of the instant on which it turns.

Most are clocks and fall due; the others are leads, offsets and gates, which turn on a day or a
moment of their own. A table says which is which, and nothing is left out of it.
"""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.activation import PolicyDays, first_day, waiting_ends
from domain.calendar import SHANGHAI, WorkCalendar
from domain.cancellation import Cost, cost_of_cancelling
from domain.clock import Budget, Clock, ClockState, Unit
from domain.eligibility_rules import is_far_enough
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
WITHOUT_MAKE_UP = CALENDAR.model_copy(update={"make_up_days": frozenset()})
ALL = {one.code: one for one in programmes()}
INSTANT = timedelta(microseconds=1)

P01, P02, P04, P05 = (
    "bainian_deposit_waiver",
    "pingan_value_added",
    "pingan_oncology_157",
    "changsheng_haorensheng",
)
P06, P07, P10, P13 = (
    "anxin_cancer_inpatient",
    "pingan_pc_haoran",
    "changsheng_yuanmeng",
    "ruitai_ci",
)
P15, P17, P18, P19 = (
    "hosp_shuangcheng_surgery",
    "pingan_health_295",
    "xintai_million_guard",
    "annex2_ci_inpatient",
)
P20, P21, RESCUE = "ins_oncology", "china_life_claims", "hosp_rescue_channel"

# Clock, programme, start, due. The moments lie where a weekend, a holiday or a make-up day decides.
DUE = [
    ("K01", P01, "2026-04-29 20:05", "2026-04-29 20:08"),
    ("K02", P01, "2026-04-29 20:10", "2026-04-29 20:40"),
    ("K03", P01, "2026-04-29 20:10", "2026-04-30 20:10"),
    ("K03", P01, "2026-05-15 17:00", "2026-05-16 17:00"),  # Friday: C-04
    ("K04", P01, "2026-04-29 20:10", "2026-04-30 24:00"),
    ("K04", P01, "2026-05-15 17:00", "2026-05-18 24:00"),
    ("K05", P01, "2026-04-30 11:20", "2026-05-06 24:00"),
    ("K06", P01, "2026-05-08 19:00", "2026-05-09 24:00"),
    ("K06", P01, "2026-06-18 15:00", "2026-06-22 24:00"),
    ("K07", P01, "2026-06-23 14:00", "2026-06-24 24:00"),
    ("K08", P01, "2026-06-25 11:00", "2026-06-26 11:00"),
    ("K10", P02, "2026-06-19 23:50", "2026-06-20 00:20"),
    ("K11", P02, "2026-06-20 00:15", "2026-06-21 24:00"),
    ("K12", P02, "2026-06-21 10:00", "2026-06-22 24:00"),
    ("K13", P02, "2026-06-22 17:00", "2026-06-23 24:00"),
    ("K14", P02, "2026-06-28 12:00", "2026-06-29 24:00"),
    ("K15", P02, "2026-07-01 15:00", "2026-07-04 24:00"),
    ("K16", P19, "2026-09-24 18:20", "2026-09-29 18:00"),
    ("K16", P19, "2026-09-28 10:05", "2026-09-29 18:00"),
    ("K17", P19, "2026-09-30 15:30", "2026-10-10 18:00"),
    ("K17P", P19, "2026-10-09 17:00", "2026-10-10 18:00"),  # C-47: the next working day
    ("K18", P19, "2026-10-14 20:00", "2026-10-16 18:00"),
    ("K20", P19, "2026-10-23 09:00", "2026-10-23 24:00"),
    ("K22", P21, "2026-04-13 10:30", "2026-04-14 24:00"),
    ("K22", P21, "2026-04-30 16:00", "2026-05-06 24:00"),
    ("K23", P21, "2026-10-06 02:00", "2026-10-06 03:00"),
    ("K24", P21, "2026-10-06 09:00", "2026-10-07 24:00"),
    ("G01", P02, "2026-10-03 23:45", "2026-10-04 00:15"),
    ("G02", P02, "2026-09-25 17:00", "2026-09-26 17:00"),
    ("G03", P02, "2026-09-17 09:00", "2026-09-23 24:00"),  # Sunday the 20th is worked
    ("G05", P02, "2026-06-17 09:00", "2026-06-20 24:00"),
    ("G06", P02, "2026-06-19 10:00", "2026-06-19 10:30"),
    ("G08", P02, "2026-06-20 09:00", "2026-06-20 13:00"),
    ("G10", P02, "2026-10-01 09:00", "2026-10-02 09:00"),
    ("G11", P02, "2026-06-18 15:00", "2026-06-18 15:15"),
    ("G14", P02, "2026-06-18 23:58", "2026-06-19 00:03"),
    ("G16", P04, "2026-09-28 12:00", "2026-10-10 24:00"),
    ("G17", P04, "2026-09-10 09:00", "2026-09-23 24:00"),
    ("G18", P04, "2026-09-30 09:00", "2026-10-13 24:00"),
    ("G20", P06, "2026-09-17 09:00", "2026-09-21 24:00"),
    ("G21", P06, "2026-09-30 09:00", "2026-10-09 24:00"),
    ("G22", P06, "2026-09-10 09:00", "2026-09-30 24:00"),
    ("G23", P07, "2026-09-10 09:00", "2026-09-30 24:00"),
    ("G24", P13, "2026-04-30 09:00", "2026-05-11 24:00"),
    ("G25", P17, "2026-09-25 08:00", "2026-09-27 08:00"),
    ("G26", P17, "2026-09-10 09:00", "2026-09-23 24:00"),
    ("G27", P17, "2026-02-10 09:00", "2026-02-26 24:00"),
    ("G28", P17, "2026-02-13 09:00", "2026-02-14 24:00"),
    ("G29", P17, "2026-02-27 09:00", "2026-03-10 24:00"),
    ("G30", P18, "2026-05-08 18:00", "2026-05-09 24:00"),
    ("G31", P19, "2026-05-08 17:00", "2026-05-09 18:00"),
    ("G31", P19, "2026-05-08 18:00", "2026-05-11 18:00"),
    ("G32", P20, "2026-08-31 09:00", "2026-09-07 24:00"),
    ("G33", P20, "2026-09-10 00:00", "2026-09-23 24:00"),
    ("G34", P20, "2026-09-16 14:00", "2026-10-13 24:00"),
    ("H01", P15, "2026-10-04 02:10", "2026-10-04 02:40"),
    ("H02", P15, "2026-10-04 02:12", "2026-10-04 02:17"),
    ("H03", RESCUE, "2026-10-04 02:12", "2026-10-04 02:22"),
    ("H04", P15, "2026-10-04 02:22", "2026-10-04 02:22"),
    ("H05", P15, "2026-10-04 02:22", "2026-10-04 02:27"),
    ("H06", P15, "2026-10-04 02:25", "2026-10-04 02:45"),
    ("H07", P15, "2026-10-04 02:25", "2026-10-04 02:35"),
    ("H08", P15, "2026-10-03 23:53", "2026-10-04 00:23"),
]

SECONDS = {"G09": 30}
"""Too short for a table in minutes."""

NOT_CLOCKS = {
    "K09": "a lead",
    "K19": "a lead",
    "K21": "a lead",
    "G04": "a lead",
    "G07": "an offset",
    "G12": "an offset",
    "G13": "an offset",
    "G15": "a window",
    "G19": "an offset",
    "G35": "a gate",
}
"""What the specification lists among the clocks and is none; each has a test below."""


def at(text: str) -> datetime:
    day, hour = text.split()
    if hour == "24:00":
        midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), SHANGHAI)
        return midnight.astimezone(UTC)
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI).astimezone(UTC)


def started(code: str, clock: str, moment: datetime, calendar: WorkCalendar = CALENDAR) -> Clock:
    terms = ALL[code].clock(clock)
    hours = ALL[code].hours_of(terms)
    return terms.start(number=1, started_at=moment, calendar=calendar, hours=hours)


def turns_at(clock: Clock, due: datetime) -> None:
    """Met until and at the instant, broken from the instant on, met late after it."""
    assert clock.due_at == due
    assert clock.breach(due - INSTANT).state is ClockState.RUNNING
    assert clock.meet(due - INSTANT).state is ClockState.MET
    assert clock.meet(due).state is ClockState.MET
    assert clock.breach(due).meet(due).state is ClockState.MET  # the alarm overtook the report
    assert clock.breach(due).state is ClockState.BREACHED
    assert clock.meet(due + INSTANT).state is ClockState.MET_LATE
    assert clock.breach(due).meet(due + INSTANT).state is ClockState.MET_LATE


@pytest.mark.parametrize(("clock", "code", "starts", "due"), DUE)
def test_a_clock_turns_at_its_due_instant(clock: str, code: str, starts: str, due: str) -> None:
    turns_at(started(code, clock, at(starts)), at(due))


def test_g09_is_answered_within_thirty_seconds() -> None:
    asked = at("2026-10-01 03:00")
    turns_at(started(P02, "G09", asked), asked + timedelta(seconds=SECONDS["G09"]))


def test_every_clock_of_the_specification_is_here() -> None:
    wanted = {f"K{n:02}" for n in range(1, 25)} | {f"G{n:02}" for n in range(1, 36)}
    wanted |= {f"H{n:02}" for n in range(1, 9)}
    here = {clock[:3] for clock, *_ in DUE} | {*SECONDS} | {*NOT_CLOCKS}
    assert here == wanted
    clocks = {clock.id for one in ALL.values() for clock in one.clocks}
    assert not clocks & {*NOT_CLOCKS}, "a clock now: it belongs into the table above"


@pytest.mark.parametrize(
    ("clock", "code", "starts", "with_it", "without"),
    [
        ("K06", P01, "2026-05-08 19:00", "2026-05-09 24:00", "2026-05-11 24:00"),  # story 1
        ("K17", P19, "2026-09-30 15:30", "2026-10-10 18:00", "2026-10-12 18:00"),  # story 2
        ("G33", P20, "2026-09-10 00:00", "2026-09-23 24:00", "2026-09-24 24:00"),  # story 3
        ("G34", P20, "2026-09-16 14:00", "2026-10-13 24:00", "2026-10-15 24:00"),
        ("G16", P04, "2026-09-28 12:00", "2026-10-10 24:00", "2026-10-12 24:00"),  # story 5
        ("G28", P17, "2026-02-13 09:00", "2026-02-14 24:00", "2026-02-24 24:00"),
    ],
)
def test_the_dates_of_the_stories_turn_on_a_make_up_day(
    clock: str, code: str, starts: str, with_it: str, without: str
) -> None:
    turns_at(started(code, clock, at(starts)), at(with_it))
    turns_at(started(code, clock, at(starts), WITHOUT_MAKE_UP), at(without))


@pytest.mark.parametrize(
    ("clock", "code", "aim", "due"),
    [
        ("G03", P02, "2026-09-30 24:00", "2026-10-09 24:00"),  # 3 to 5 working days
        ("G24", P13, "2026-09-28 24:00", "2026-10-09 24:00"),  # 1 to 5
    ],
)
def test_of_a_span_the_lower_bound_is_aimed_at_and_the_upper_one_breaks(
    clock: str, code: str, aim: str, due: str
) -> None:
    """C-27: 『3~5 个工作日』 is broken on the sixth day, and aimed at for the third."""
    one = started(code, clock, at("2026-09-24 10:00"))
    assert (one.target_at, one.due_at) == (at(aim), at(due))
    assert not one.meet(at(aim)).met_after_target
    late = one.meet(at(due))
    assert (late.met_after_target, late.state) == (True, ClockState.MET)


# What is not a clock -----------------------------------------------------------------------------


def _lead(code: str, number: str) -> Budget:
    programme = ALL[code]
    leads = [programme.lead_time, *(service.lead for service in programme.services)]
    if programme.waiver is not None and programme.waiver.discharge is not None:
        leads.append(getattr(programme.waiver.discharge, "notice_lead", None))
    (budget, *_) = [one.at_least for one in leads if one is not None and one.id == number]
    assert budget is not None
    return budget


@pytest.mark.parametrize(
    ("lead", "code", "wanted_on", "last_day", "unit"),
    [
        ("K09", P01, date(2026, 5, 6), date(2026, 5, 5), Unit.WORKING_DAY),
        ("K09", P01, date(2026, 5, 9), date(2026, 5, 8), Unit.WORKING_DAY),  # a worked Saturday
        ("K19", P19, date(2026, 10, 23), date(2026, 10, 22), Unit.NATURAL_DAY),
        ("K21", P20, date(2026, 9, 23), date(2026, 9, 17), Unit.WORKING_DAY),  # by Sunday the 20th
        ("G04", P02, date(2026, 6, 20), date(2026, 6, 17), Unit.NATURAL_DAY),
    ],
)
def test_a_lead_is_long_enough_until_its_last_day(
    lead: str, code: str, wanted_on: date, last_day: date, unit: Unit
) -> None:
    budget = _lead(code, lead)
    assert budget.unit is unit
    assert is_far_enough(last_day, wanted_on, budget, CALENDAR)
    assert not is_far_enough(last_day + timedelta(days=1), wanted_on, budget, CALENDAR)


def test_g15_an_expert_is_booked_from_the_same_day_to_a_week_ahead() -> None:
    lead = next(
        service.lead
        for service in ALL[P02].services
        if service.lead is not None and service.lead.id == "G15"
    )
    assert lead.at_least == Budget(amount=0, unit=Unit.NATURAL_DAY)
    assert lead.at_most == Budget(amount=7, unit=Unit.NATURAL_DAY)


@pytest.mark.parametrize(
    ("number", "moment", "due"),
    [
        ("G07", "2026-06-20 09:00", "2026-06-20 08:50"),
        ("G12", "2026-06-18 15:00", "2026-06-18 14:00"),
        ("G13", "2026-06-18 15:00", "2026-06-18 14:30"),
        ("G13", "2026-10-01 00:10", "2026-09-30 23:40"),
    ],
)
def test_an_offset_lies_so_long_before_the_appointment(number: str, moment: str, due: str) -> None:
    (reminder,) = [one for one in ALL[P02].reminders if one.id == number]
    assert reminder.due_at(at(moment)) == at(due)


def test_g19_cancelling_is_free_while_two_working_days_are_left() -> None:
    """Story 5: a visit on 8 October; the last free instant is the end of 29 September."""
    service = next(
        one
        for one in ALL[P04].services
        if one.cancellation is not None and one.cancellation.id == "G19"
    )
    last = at("2026-09-29 24:00")
    costs = [
        cost_of_cancelling(
            service, at=moment, visit_on=date(2026, 10, 8), happened={}, calendar=CALENDAR
        )
        for moment in (last - INSTANT, last)
    ]
    assert costs == [Cost.FREE, Cost.USED]


@pytest.mark.parametrize(("code", "days"), [(P05, 90), (P10, 180)])
def test_g35_a_waiting_period_ends_on_its_day(code: str, days: int) -> None:
    waiting = ALL[code].waiting
    assert waiting is not None
    begins = date(2026, 1, 10)
    ends = waiting_ends(waiting, begins, product_days=None, renewal=False)
    assert ends == begins + timedelta(days=days)


def test_g35_p18_opens_ten_days_after_cooling_off_and_thirty_days_after_that() -> None:
    """C-42."""
    terms = ALL[P18].activation
    assert terms is not None
    known = PolicyDays(policy_from=date(2026, 1, 1), cooling_off_ends=date(2026, 1, 15))
    assert first_day("phone_doctor", terms, known) == date(2026, 1, 25)
    assert first_day("expert_outpatient", terms, known) == date(2026, 2, 24)
