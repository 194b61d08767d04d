"""Every service of every hospital's own channel, walked: in time, late, ended anywhere; and seeds.

What a service does is asked of its own programme file. `make walk` walks more seeds; `r17` names
one of a rescue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import cycle, islice, pairwise
from typing import Final

import pytest

from domain.clock import ClockState
from domain.events import ExpectedEvent
from domain.programmes.services import Step
from domain.rescues.rescue import RescueOutcome, RescueStage
from domain.steps.kinds import TaskKind
from tests.builders import HOSPITAL_DOCTOR, HOSPITAL_NURSE, HOSPITAL_STAFF, programme_of
from tests.walk.booking_people import moment
from tests.walk.rescue_scene import BY_A_FORM, HANDED_TO, Happening, RescueScene, emergency_services
from tests.walk.rescues import RescueWalk, a_rescue
from workflows.messages.rescues import CaseLinked, PatientKnown, ReportActs, RescueAct
from workflows.refusals import WRONG_STAGE

SEEDS: Final = 20
SERVICES: Final = emergency_services()
WITH_FEES: Final = [
    (programme, service)
    for programme, service in SERVICES
    if (terms := programme_of(programme).emergency) and terms.fees_every_days
]
MINUTE: Final = timedelta(minutes=1)
Walks = Callable[..., RescueWalk]

each_service = pytest.mark.parametrize(("programme", "service"), SERVICES, ids=str)


@pytest.fixture
def walk() -> Iterator[Walks]:
    begun: list[RescueWalk] = []
    with asyncio.Runner() as loop:

        def begin(programme: str, service: str, *, seed: object = "plan") -> RescueWalk:
            begun.append(RescueWalk(programme, service, seed=seed, loop=loop))
            return begun[-1]

        yield begin
        for one in begun:
            one.run.close()


def promised(one: RescueScene) -> set[str]:
    """The clocks that run for a service when all of its steps are done, read from its file."""
    [service] = one.services
    happens = {ExpectedEvent.FIRST_CONTACT, *(step.marks for _, step in one.steps())}
    return {
        clock.id
        for clock in one.programme.clocks
        if service in (clock.services or (service,)) and {*clock.starts} & happens
    }


def test_every_minute_of_the_emergency_channels_is_walked() -> None:
    """19 services; together they start every clock of their files."""
    assert len(SERVICES) == 19
    codes = {programme for programme, _ in SERVICES}
    clocks = {(code, clock.id) for code in codes for clock in programme_of(code).clocks}
    with asyncio.Runner() as loop:
        walked = {
            (code, clock)
            for code, service in SERVICES
            for clock in promised(RescueScene(code, service, seed=0, loop=loop))
        }
    assert walked == clocks


@each_service
def test_reported_in_time_every_minute_is_kept_and_papers_come_last(
    walk: Walks, programme: str, service: str
) -> None:
    one = walk(programme, service)
    one.start()
    one.go_on_with_all()
    one.ends(RescueOutcome.ADMITTED)
    one.finish()
    one.check()
    assert {clock.id for clock in one.clocks.values()} == promised(one)
    assert {clock.state for clock in one.clocks.values()} <= {ClockState.MET}
    assert {step.code for _, step in one.steps() if step.marks not in BY_A_FORM} == {
        each.step.code for each in one.told
    }
    assert "not_reported" not in one.lines


@each_service
def test_late_at_every_step_every_minute_is_broken_aloud_and_the_patient_is_treated_all_the_same(
    walk: Walks, programme: str, service: str
) -> None:
    one = walk(programme, service)
    one.start()

    def dawdle() -> None:
        running = [each for each in one.clocks.values() if each.is_open and not each.breached_at]
        if running:
            one.reach(max(clock.due_at for clock in running) + MINUTE)

    one.go_on_with_all(before=dawdle)
    one.ends(RescueOutcome.UNDER_CONTROL)
    one.finish()
    one.check()
    assert {clock.id for clock in one.clocks.values()} == promised(one)
    assert {clock.state for clock in one.clocks.values()} <= {ClockState.MET_LATE}
    assert "not_reported" not in one.lines


@each_service
def test_ended_at_any_step_nothing_is_left_open_and_of_the_dead_nobody_asks(
    walk: Walks, programme: str, service: str
) -> None:
    """In the very first minute with every outcome, then step by step with one after the other."""
    begun = [(0, outcome) for outcome in RescueOutcome]
    for number, outcome in (*begun, *islice(enumerate(cycle(RescueOutcome)), 1, 40)):
        one = walk(programme, service, seed=number)
        acts = iter(range(100))
        one.start()
        if not one.go_on(lambda acts=acts, number=number: next(acts) >= number):  # type: ignore[misc]
            break
        if one.outcome is None:
            one.ends(outcome)
        if one.run.running:
            one.refused(lambda one=one: one.ends(RescueOutcome.SERVED))
        one.finish()
        one.check()


@each_service
def test_nothing_around_a_bed_waits_for_a_name_or_a_policy(
    walk: Walks, programme: str, service: str
) -> None:
    """I33: told at every step who the patient is and that he is insured, the same is asked."""
    anonymous, insured = walk(programme, service), walk(programme, service)
    insured.start(signal=("case_linked", linked(insured)))
    insured.signals += 1
    anonymous.start()

    def comes_to_light() -> None:
        insured.run.signal("patient_known", PatientKnown(actor=HOSPITAL_STAFF, at=insured.now))
        insured.run.signal("case_linked", linked(insured))
        insured.signals += 2
        insured.settle()

    anonymous.go_on(lambda: False)
    insured.go_on(lambda: False, before=comes_to_light)
    for one in (anonymous, insured):
        one.check()
    assert insured.opened == anonymous.opened
    assert insured.told == anonymous.told
    assert insured.clocks == anonymous.clocks


def linked(one: RescueScene) -> CaseLinked:
    return CaseLinked(case_id="dw-" + "b" * 20, actor=HOSPITAL_STAFF, at=one.now)


@each_service
def test_a_step_before_its_predecessor_twice_or_after_the_end_is_refused_with_its_reason(
    walk: Walks, programme: str, service: str
) -> None:
    one = walk(programme, service)
    one.start()
    for _, step in one.steps():
        if step.after:
            too_early = one.happening(*next(each for each in one.steps() if each[1] is step))
            assert one.refused(lambda act=too_early: one.happens(act)).code == WRONG_STAGE
    one.go_on_with_all()
    for each in [*one.told]:
        if not each.step.repeats:
            assert one.refused(lambda act=each: one.happens(act)).code == WRONG_STAGE
    one.ends(RescueOutcome.TRANSFERRED)
    one.reach(one.now + timedelta(hours=6))
    for each in [*one.told]:
        if one.run.running and each.step.when != "afterwards":
            assert one.refused(lambda act=each: one.happens(act)).code == WRONG_STAGE
    one.finish()
    one.check()


@pytest.mark.parametrize(("programme", "service"), WITH_FEES, ids=str)
def test_fees_are_asked_for_after_the_rescue_and_never_without_an_end(
    walk: Walks, programme: str, service: str
) -> None:
    """R613: every so many days; after a year of asking a person decides what becomes of it."""
    one = walk(programme, service)
    one.start()
    one.go_on(lambda: TaskKind.COLLECT_FEES in {task.kind for task in one.open_tasks})
    for _ in range(120):
        [*fees] = [task for task in one.open_tasks if task.kind is TaskKind.COLLECT_FEES]
        if fees:
            one.finish_task(fees[0], {"settled": False})
        elif one.run.running and one.run.next_at is not None:
            one.reach(one.run.next_at)
    one.finish()
    one.check()
    asked = [task.opened_at for task in one.opened if task.kind is TaskKind.COLLECT_FEES]
    assert {later - earlier for earlier, later in pairwise(asked)} == {
        timedelta(days=one.terms.fees_every_days or 0)
    }
    assert one.stage is RescueStage.CLOSED
    told = [task.subject for task in one.opened if task.kind is TaskKind.BREACH]
    assert "费用多次催交未结清, 请人工处理" in told


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_around_a_bed_the_rescue_ends_and_nobody_waits(seed: int) -> None:
    with asyncio.Runner() as loop:
        one = a_rescue(seed, loop=loop)
        try:
            one.walk()
        finally:
            one.run.close()


def test_a_consultant_who_came_in_time_stands_in_time_though_another_was_called_since(
    walk: Walks,
) -> None:
    """What is told minutes late follows its own predecessor, not the last of its kind."""
    one = walk("hosp_rescue_channel", "er_rescue_channel")
    one.start()
    [service] = one.begun
    call, consult = (_step(one, code) for code in ("call_consult", "consult"))
    one.happens(one.happening(service, call, department="内科"))
    came_at = one.now + 3 * MINUTE
    one.reach(one.now + 5 * MINUTE)
    one.happens(one.happening(service, call, department="外科"))
    one.reach(one.now + 6 * MINUTE)
    assert one.clocks["H03.1"].breached_at is not None
    one.happens(one.happening(service, consult, at=came_at, department="内科"))
    assert one.clocks["H03.1"].state is ClockState.MET
    before_the_call = one.happening(service, consult, at=came_at, department="外科")
    assert one.refused(lambda: one.happens(before_the_call)).field == "at"


def test_a_consultant_comes_once_a_call_also_in_one_report(walk: Walks) -> None:
    one = walk("hosp_rescue_channel", "er_rescue_channel")
    one.start()
    [service] = one.begun
    call, consult = (
        one.happening(service, _step(one, code), department="外科")
        for code in ("call_consult", "consult")
    )

    def told(*happened: Happening) -> None:
        acts = [(TaskKind.RESCUE_STEP, one.form_of(each)) for each in happened]
        one.report(HOSPITAL_NURSE, *acts)

    assert one.refused(lambda: told(call, consult, consult)).code == WRONG_STAGE
    told(call, consult, call)
    assert [task.subject for task in one.open_tasks if "外科" in task.subject] == [
        "er_rescue_channel.consult.外科"
    ]


def test_who_is_looked_at_again_stays_in_the_theatre(walk: Walks) -> None:
    one = walk("hosp_shuangcheng_surgery", "emergency_surgery_channel")
    one.start()
    one.triage("shock")
    one.happens(one.happening(one.begun[0], _step(one, "decide")))
    one.triage("shock", "haemorrhage")
    assert one.stage is RescueStage.IN_SURGERY


def test_who_can_wait_is_not_owed_the_rescue_room_and_judged_worse_is_from_then_on(
    walk: Walks,
) -> None:
    one = walk("hosp_shuangcheng_surgery", "er_rescue_channel")
    one.start()
    one.triage(level=4)
    assert one.pages[-1].level == 4
    steps = [task for task in one.open_tasks if task.kind is TaskKind.RESCUE_STEP]
    assert steps == []
    one.reach(one.now + 31 * MINUTE)
    assert one.clocks["H01.1"].state is ClockState.DROPPED
    assert "H01.1" not in {task.subject for task in one.open_tasks}
    one.triage("shock")
    assert one.clocks["H01.2"].due_at == one.now + 30 * MINUTE
    [task] = [task for task in one.open_tasks if task.kind is TaskKind.RESCUE_STEP]
    assert task.clock == "H01.2"
    one.finish_task(task)
    assert one.clocks["H01.2"].state is ClockState.MET
    one.ends(RescueOutcome.ADMITTED)
    one.finish()
    one.check()


def test_nobody_hears_an_alarm_for_minutes_that_ran_out_after_the_end(walk: Walks) -> None:
    """The end was told late, and a step before it later still: what came after is dropped.

    What the step itself kept is kept by its minute, though its alarm had rung and been dropped.
    """
    one = walk("hosp_shuangcheng_surgery", "emergency_surgery_channel")
    one.start()
    [service] = one.begun
    one.happens(one.happening(service, _step(one, "decide")))
    died_at = one.now + 2 * MINUTE
    one.reach(one.now + 10 * MINUTE)
    assert "H05.1" in {task.subject for task in one.open_tasks}
    one.ends(RescueOutcome.DIED, at=died_at)
    one.happens(one.happening(service, _step(one, "orders"), at=died_at - MINUTE))
    # The theatre was to be told in the very minute of the decision: that stays broken.
    alarms = [task.subject for task in one.open_tasks if task.kind is TaskKind.BREACH]
    assert alarms == ["H04.1"]
    dropped = {each.id for each in one.clocks.values() if each.state is ClockState.DROPPED}
    assert dropped == {"H01", "H06", "H07"}
    assert one.clocks["H05.1"].state is ClockState.MET


def test_a_consultant_written_down_after_the_end_came_when_he_came(walk: Walks) -> None:
    """The call was written down after the end too, so that nobody was waited for meanwhile."""
    one = walk("hosp_shuangcheng_surgery", "er_rescue_channel")
    one.start()
    one.triage("haemorrhage")
    [service] = one.begun
    called_at = one.now
    one.reach(one.now + 3 * MINUTE)
    one.ends(RescueOutcome.ADMITTED)
    one.happens(one.happening(service, _step(one, "notify_surgeons"), at=called_at))
    for department in ("外科", "骨科"):
        at, step = called_at + MINUTE, _step(one, "consult")
        one.happens(one.happening(service, step, at=at, department=department))
    met = {each.instance: each.state for each in one.clocks.values() if each.id == "H02"}
    assert met == {"H02.1": ClockState.MET, "H02.2": ClockState.MET}


def test_one_step_written_down_after_the_end_asks_for_the_next(walk: Walks) -> None:
    one = walk("hosp_outpatient_urgent", "escorted_examination")
    one.start()
    one.ends(RescueOutcome.SERVED)
    for step in ("take_there", "hand_over", "results_back"):
        [task] = one.open_tasks
        assert task.subject == f"escorted_examination.{step}"
        one.finish_task(task)
    one.check()


@pytest.mark.parametrize(
    ("raised", "seen", "line"),
    [
        ("17:20", "17:25", "医务科"),
        ("17:20", "17:50", "院总值班"),  # medical affairs has gone home at 17:30 (R528)
        ("07:40", "08:05", "医务科"),
    ],
)
def test_the_line_that_is_at_work_when_a_rescue_is_reported_hears_of_it_and_only_one(
    raised: str, seen: str, line: str
) -> None:
    with asyncio.Runner() as loop:
        began = moment(f"2026-09-24 {raised}")
        one = RescueScene(
            "hosp_rescue_channel", "er_rescue_channel", seed="line", loop=loop, raised_at=began
        )
        one.start()
        one.reach(moment(f"2026-09-24 {seen}"))
        one.triage(one.terms.groups[0].code, way="rescue_room", level=1)
        one.reach(moment("2026-09-24 18:30"))
        one.ends(RescueOutcome.ADMITTED)
        told = [task.subject for task in one.opened if task.kind is TaskKind.REPORT_RESCUE]
        assert told == [line]
        one.run.close()


def _step(one: RescueScene, code: str) -> Step:
    return next(step for _, step in one.steps() if step.code == code)


def test_reports_that_overtake_the_beginning_are_taken_once_and_in_their_order(walk: Walks) -> None:
    """Two nurses and a doctor, twice each, before the workflow has said a word."""
    one = walk("hosp_shuangcheng_surgery", "er_rescue_channel")
    into = one.happening(one.begun[0], _step(one, "straight_in"))
    step = (TaskKind.RESCUE_STEP, one.form_of(into))
    form = {"outcome": "died", "at": one.now.isoformat(), "handed_to": HANDED_TO}
    ended = (TaskKind.RESCUE_OUTCOME, form)
    told = [(HOSPITAL_STAFF, step), (HOSPITAL_DOCTOR, ended)] * 2
    reports = [
        ReportActs(acts=[RescueAct(kind=kind, form=form)], actor=by, at=one.now)
        for by, (kind, form) in told
    ]
    one.start(updates=[("report", report) for report in reports])
    one.noted(into)
    one.outcome, one.ended_at, one.end_told_at = RescueOutcome.DIED, one.now, one.now
    assert [line for line in one.lines if line in ("rescue_step", "rescue_outcome")] == [
        "rescue_step",
        "rescue_outcome",
    ]
    one.finish()
    one.check()
