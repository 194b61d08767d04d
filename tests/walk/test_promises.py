"""What a promise of the green channel is counted from: its own event, whenever we look at it.

The customer calls, asks, hands papers in over a day; somebody looks at them two days later. No two
of these moments are the same, so that a promise counted from another one is seen.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest

from domain.bookings.papers import LOOKED_AT_WITHIN
from domain.clock import due_at
from domain.documents import DocumentKind
from domain.events import ExpectedEvent
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import a_calendar, programmes
from tests.walk.booking_people import WILLING, moment, needed
from tests.walk.bookings import BookingWalk

CALLED: Final = moment("2026-08-31 08:30")
ANSWERED: Final = moment("2026-08-31 11:00")
FIRST_PAPER: Final = moment("2026-08-31 15:00")
LAST_PAPER: Final = moment("2026-09-01 14:00")  # the slip, where one is asked for
LOOKED: Final = moment("2026-09-03 09:00")
AGREED: Final = moment("2026-09-07 10:00")  # a hospital is asked from here on
ISSUED: Final = date(2026, 8, 28)
SLIP: Final = DocumentKind.ADMISSION_SLIP

PROMISES: Final = [
    ("pingan_oncology_157", "inpatient_arrangement", "G17", LAST_PAPER),  # the slip provided
    ("pingan_oncology_157", "second_opinion", "G18", LAST_PAPER),  # the complete file provided
    ("anxin_cancer_inpatient", "inpatient_arrangement", "G20", LAST_PAPER),
    ("anxin_cancer_inpatient", "inpatient_arrangement", "G21", AGREED),  # the formal start
    ("anxin_cancer_inpatient", "inpatient_arrangement", "G22", AGREED),
    ("pingan_pc_haoran", "inpatient_arrangement", "G23", LAST_PAPER),  # with its records, C-65
    ("pingan_pc_haoran", "second_opinion", "G23", LAST_PAPER),
    ("pingan_health_295", "inpatient_arrangement", "G25", CALLED),
    ("pingan_health_295", "inpatient_arrangement", "G26", CALLED),  # the first call, C-63
    ("pingan_health_295", "second_opinion", "G25", CALLED),
    ("pingan_health_295", "second_opinion", "G28", FIRST_PAPER),  # the file received
    ("pingan_health_295", "second_opinion", "G29", LAST_PAPER),
    ("xintai_million_guard", "inpatient_arrangement", "G30", FIRST_PAPER),
    ("annex2_ci_inpatient", "inpatient_arrangement", "G31", FIRST_PAPER),
    ("ins_oncology", "inpatient_arrangement", "G33", moment("2026-08-28 00:00")),  # the slip issued
]


def asked(loop: asyncio.Runner, programme: str, service: str) -> BookingWalk:
    """A booking of somebody who had called before, answered, with its papers asked for."""
    one = BookingWalk(programme, service, seed="promises", loop=loop)
    one.called_first(CALLED)
    one.start()
    one.reach(ANSWERED)
    assert one.go_on(lambda: one.waits_for(TaskKind.CHECK_PAPERS) is not None)
    return one


def look(one: BookingWalk, **otherwise: Any) -> None:
    """Somebody looks at what has come: complete, unless told otherwise."""
    task = one.waits_for(TaskKind.CHECK_PAPERS)
    assert task is not None
    form = WILLING[TaskKind.CHECK_PAPERS](one, task) | {"slip_issued_on": ISSUED.isoformat()}
    for paper in form["papers"]:
        if paper["kind"] == DocumentKind.ADMISSION_SLIP.value:
            paper["issued_on"] = form["slip_issued_on"]
    one.report(task, form=otherwise or form)


def hand_in_and_look(one: BookingWalk) -> None:
    """Over a day, and two days later somebody finds them complete."""
    *before, last = needed(one)
    one.reach(FIRST_PAPER)
    one.hand_in(*before or [DocumentKind.BLOOD_REPORT])
    one.reach(LAST_PAPER)
    one.hand_in(last)
    one.reach(LOOKED)
    look(one)


@pytest.mark.parametrize(("programme", "service", "clock", "start"), PROMISES, ids=str)
def test_a_promise_is_counted_from_its_own_event_whenever_somebody_looks(
    loop: asyncio.Runner, programme: str, service: str, clock: str, start: datetime
) -> None:
    one = asked(loop, programme, service)
    hand_in_and_look(one)
    if one.go_on(lambda: one.waits_for(TaskKind.SERVICE_STEP) is not None):
        one.reach(AGREED)
    one.go_on(lambda: f"{clock}.1" in one.clocks)
    assert one.clocks[f"{clock}.1"].started_at == start
    one.finish()
    one.check()


@pytest.mark.parametrize("earlier", [True, False])
def test_without_papers_as_well_the_first_call_is_what_counts(
    loop: asyncio.Runner, *, earlier: bool
) -> None:
    """R569, R669: of several calls the first; with one call only, that of the request."""
    one = BookingWalk("pingan_health_295", "expert_outpatient", seed="calls", loop=loop)
    if earlier:
        one.called_first(CALLED)
    asked_at = one.now
    one.start()
    one.reach(ANSWERED)
    assert {clock.id for clock in one.clocks.values()} == {"G25", "G27"}
    assert {clock.started_at for clock in one.clocks.values()} == {CALLED if earlier else asked_at}
    events = [line.event for page in one.pages for line in page.timeline]
    assert events.count("first_call") == earlier


@pytest.mark.parametrize(
    ("programme", "service"),
    [
        ("pingan_oncology_157", "inpatient_arrangement"),
        ("anxin_cancer_inpatient", "inpatient_arrangement"),
        ("pingan_pc_haoran", "second_opinion"),
        ("ruitai_ci", "expert_outpatient"),
        ("pingan_health_295", "inpatient_arrangement"),
        ("global_doctor_ci", "inpatient_arrangement"),
        ("ins_oncology", "inpatient_arrangement"),
        ("pingan_health_295", "second_opinion"),  # by its own promise, G28
    ],
)
def test_what_has_come_is_looked_at_within_a_working_day(
    loop: asyncio.Runner, programme: str, service: str
) -> None:
    """Who has sent nothing is called after a week; whoever has sent something is not let wait."""
    one = asked(loop, programme, service)
    task = one.waits_for(TaskKind.CHECK_PAPERS)
    assert task is not None
    assert task.due_at == ANSWERED + timedelta(days=7)
    one.reach(FIRST_PAPER)
    one.hand_in(needed(one)[0])
    task = one.waits_for(TaskKind.CHECK_PAPERS)
    assert task is not None
    assert task.due_at == due_at(FIRST_PAPER, LOOKED_AT_WITHIN, a_calendar())
    one.reach(LAST_PAPER)
    look(one, complete=False, missing=[needed(one)[0].value])
    again = one.waits_for(TaskKind.CHECK_PAPERS)
    assert again is not None
    assert again.due_at == LAST_PAPER + timedelta(days=7)


def test_a_slip_that_will_not_do_starts_nothing_and_the_next_one_does(
    loop: asyncio.Runner,
) -> None:
    """G17 runs from the slip that counts (R322)."""
    one = asked(loop, "pingan_oncology_157", "inpatient_arrangement")
    one.reach(FIRST_PAPER)
    one.hand_in(SLIP)
    assert one.clocks["G17.1"].started_at == FIRST_PAPER
    assert one.pages[-1].awaiting == [Role.AGENT]
    look(one, complete=False, missing=[SLIP.value], note="字迹不清, 未盖章")
    assert one.clocks["G17.1"].dropped_at == FIRST_PAPER
    assert one.pages[-1].awaiting == [Role.AGENT, Role.CUSTOMER], "his to bring anew"
    told = [notice for page in one.pages for notice in page.notices][-1]
    assert told.template == "booking_papers_unfit", "it has come, and is not missing"
    assert told.text == "您提交的住院证不能使用：字迹不清，未盖章。请重新提交，收到后我们继续办理。"
    one.reach(LAST_PAPER)
    one.hand_in(SLIP)
    assert one.pages[-1].awaiting == [Role.AGENT]
    one.reach(LOOKED)
    look(one)
    assert one.clocks["G17.2"].started_at == LAST_PAPER
    assert "G17.3" not in one.clocks


def test_a_missing_slip_moves_no_start_and_the_wait_for_it_is_kept(loop: asyncio.Runner) -> None:
    """C-63: both promises of the first call run on; that the customer owed his slip is recorded."""
    one = asked(loop, "pingan_health_295", "inpatient_arrangement")
    hand_in_and_look(one)
    for name in ("G25.1", "G26.1"):
        clock = one.clocks[name]
        [pause] = clock.pauses
        assert (pause.from_at, pause.until_at, pause.counts) == (ANSWERED, LAST_PAPER, False)
        assert (clock.started_at, clock.due_at) == (CALLED, clock.first_due_at)


def test_a_promise_that_waits_for_a_reviewers_wish_goes_on_when_it_is_handed_in(
    loop: asyncio.Runner,
) -> None:
    """G20 of P06 has what was left of it from there; that we look later is our own time."""
    one = asked(loop, "anxin_cancer_inpatient", "inpatient_arrangement")
    hand_in_and_look(one)
    review = one.waits_for(TaskKind.REVIEW_BOOKING)
    assert review is not None
    wanted = [DocumentKind.OUTPATIENT_RECORD.value, DocumentKind.BLOOD_REPORT.value]
    one.report(review, form={"approved": False, "missing": wanted})
    assert one.clocks["G20.1"].stands_still
    one.reach(moment("2026-09-04 16:00"))
    one.hand_in(DocumentKind.OUTPATIENT_RECORD)
    one.reach(AGREED)
    one.hand_in(DocumentKind.BLOOD_REPORT)  # a better one: the first would not do
    one.reach(moment("2026-09-08 09:00"))
    look(one, complete=True)
    [pause] = one.clocks["G20.1"].pauses
    assert (pause.from_at, pause.until_at, pause.counts) == (LOOKED, AGREED, True)


def test_who_has_handed_all_in_before_he_is_asked_was_not_waited_for(
    loop: asyncio.Runner,
) -> None:
    one = BookingWalk("pingan_health_295", "inpatient_arrangement", seed="early", loop=loop)
    one.start()
    one.hand_in(SLIP)
    one.reach(ANSWERED)
    assert one.go_on(lambda: one.waits_for(TaskKind.CHECK_PAPERS) is not None)
    one.reach(LOOKED)
    look(one)
    assert one.clocks["G26.1"].pauses == ()


@pytest.mark.parametrize(
    ("programme", "service", "told"),
    [
        ("pingan_health_295", "second_opinion", 1),
        ("pingan_oncology_157", "second_opinion", 0),
        ("xintai_million_guard", "inpatient_arrangement", 0),  # G30 promises the review's result
    ],
)
def test_whoever_was_promised_to_hear_that_his_papers_are_complete_hears_it(
    loop: asyncio.Runner, programme: str, service: str, told: int
) -> None:
    """R659: 『反馈有效的病历资料是否完整』, yes as well as no."""
    one = asked(loop, programme, service)
    one.reach(FIRST_PAPER)
    look(one, complete=False, missing=[needed(one)[0].value])
    assert _notices(one).count("booking_papers_complete") == 0
    hand_in_and_look(one)
    notices = _notices(one)
    assert notices.count("booking_papers_complete") == told
    assert notices.count("booking_papers_missing") == 1
    if told:
        kept = [clock for clock in one.clocks.values() if clock.id == "G28"]
        assert kept[-1].met_at == LOOKED


def test_every_promise_of_a_bed_is_walked_here() -> None:
    """Its clock starts at another event in each programme."""
    beds = {
        (programme.code, clock.id)
        for programme in programmes()
        for clock in programme.clocks
        if ExpectedEvent.ADMITTED in clock.stops
    }
    assert beds <= {(programme, clock) for programme, _, clock, _ in PROMISES}
    assert len(beds) == 4  # P04, P06, P14, P20; that of P07 ends when the bed is arranged


def _notices(one: BookingWalk) -> list[str]:
    return [notice.template for page in one.pages for notice in page.notices]
