"""A hospital's own channel: story 6 to the minute, every service of every file, nothing waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from adapters.settings import Settings
from demo.story_p15 import EIGHT
from domain.clock import ClockState
from domain.events import ExpectedEvent
from domain.programmes.services import Shape, Step
from domain.rescues.rescue import MADE_BY_A_FORM, RescueStage, steps_of
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import HOSPITAL_DOCTOR, HOSPITAL_NURSE, HOSPITAL_STAFF, a_calendar, civil
from tests.workflows.booked import PROGRAMMES, refused
from tests.workflows.rescued import NIGHT, P15, WORKING_DAY, Rescued, ward_opener
from workflows.messages.rescues import RaiseRescue, ReportActs, RescueAct
from workflows.rescues.record import RescueState
from workflows.rescues.refusals import REPORTS, REPORTS_MAX, RescueRefusals

CONSULTANT_PRESENT = ExpectedEvent.CONSULTANT_PRESENT


@pytest.fixture
def ward(temporal_settings: Settings) -> Callable[..., Any]:
    """`async with ward(at) as hospital`: patients are brought there."""
    return ward_opener(temporal_settings)


async def test_story_six_runs_to_the_minute(ward: Any) -> None:
    async with ward() as hospital:
        told = await hospital.bring(by=HOSPITAL_NURSE)
        await told.until(lambda: told.times("H01.1") == ("10-04 02:40", ""))
        await told.go_to("2026-10-04 02:12")
        await told.step(HOSPITAL_NURSE, "straight_in")
        await told.triage("bleeding_trauma")
        await told.step(HOSPITAL_NURSE, "notify_surgeons")
        await told.until(lambda: len(told.clocks) == 3 and len(consultants(told)) == 2)
        assert told.times("H01.1") == ("10-04 02:40", "10-04 02:12")
        assert consultants(told) == ["外科", "骨科"]
        await told.go_to("2026-10-04 02:17")
        for department in ("外科", "骨科"):
            await told.step(HOSPITAL_NURSE, "consult", department=department)
        await told.go_to("2026-10-04 02:22")
        await told.add("emergency_surgery_channel")
        await told.step(HOSPITAL_DOCTOR, "decide", "tell_theatre")
        await told.step(HOSPITAL_NURSE, "record_call", details=EIGHT)
        await told.go_to("2026-10-04 02:23")
        await told.step(HOSPITAL_NURSE, "tell_anaesthetist")
        await told.go_to("2026-10-04 02:25")
        await told.step(HOSPITAL_DOCTOR, "orders")
        await told.until(lambda: told.stage is RescueStage.IN_SURGERY and "H07.1" in told.clocks)
        assert [told.times(one)[0] for one in ("H05.1", "H06.1", "H07.1", "H08.1")] == [
            "10-04 02:27",
            "10-04 02:45",
            "10-04 02:35",
            "10-04 02:53",
        ]
        assert told.asked(TaskKind.REPORT_RESCUE) == ["院总值班"]
        await told.go_to("2026-10-04 02:35")
        await told.step(HOSPITAL_NURSE, "execute")
        await told.go_to("2026-10-04 02:45")
        await told.step(HOSPITAL_STAFF, "exams")
        await told.go_to("2026-10-04 02:53")
        await told.step(HOSPITAL_DOCTOR, "anaesthesia_ready")
        brought = {"nurse": "甲", "specialist": "乙"}
        await told.step(HOSPITAL_NURSE, "bring", details=brought)
        facing = {"theatre_nurse": "丙", "anaesthetist": "丁"}
        await told.step(HOSPITAL_NURSE, "face_to_face", details=facing)
        await told.step(HOSPITAL_NURSE, "to_ward", details={"ward": "骨科", "disputed": "yes"})
        await told.task(TaskKind.DECIDE_WARD)
        await told.go_on(lines=("report_rescue", "coordinate_rescue", "decide_ward"))
        await told.outcome()
        await told.until(lambda: told.stage is RescueStage.FORMALITIES)
        assert {one.state for one in told.clocks.values()} == {ClockState.MET}
        recorded = next(one for one in told.reported if one.step == "record_call")
        assert recorded.details == EIGHT
        await told.until(lambda: "register_later" in str(told.asked(TaskKind.RESCUE_STEP)))
        opened = {task.kind for page in told.rescue_pages for task in page.tasks_opened}
        assert TaskKind.COLLECT_FEES not in opened  # no funds at night held nothing up
        await told.go_to("2026-10-04 09:30")  # the family comes: a name, a policy, a deposit case
        await told.known_and_insured()
        await told.closes()
        assert {"patient_known", "case_linked", "collect_fees"} <= {*told.lines}
        lines = [task.subject for page in told.rescue_pages for task in page.tasks_opened]
        assert "医务科" not in lines


def consultants(told: Rescued) -> list[str]:
    """The departments that are looked out for."""
    subjects = told.asked(TaskKind.RESCUE_STEP)
    return [one.rpartition(".")[2] for one in subjects if ".consult." in one]


@pytest.mark.parametrize(
    "code", [one.code for one in PROGRAMMES.values() if one.kind == "hospital_channel"]
)
async def test_every_service_of_a_file_runs_to_its_end(ward: Any, code: str) -> None:
    programme = PROGRAMMES[code]
    services = [one.code for one in programme.services if one.shape is Shape.EMERGENCY]
    assert services
    assert programme.emergency is not None
    async with ward(WORKING_DAY) as hospital:
        for service in services:
            one = await hospital.bring(service, code)
            theirs = next(
                group.code
                for group in programme.emergency.groups
                if not group.services or service in group.services
            )
            await one.triage(theirs)
            steps = steps_of(programme.service(service))
            for step in steps:
                if step.when == "if_needed" and step.marks is not CONSULTANT_PRESENT:
                    await one.once_needed(step)
            asked = {step.code for step in steps if is_asked(step, theirs)}
            await one.go_on(*asked, lines=("triage_patient",))
            await one.outcome("under_control")
            await one.closes()
            assert "not_reported" not in one.lines
            opened = [task for page in one.rescue_pages for task in page.tasks_opened]
            told = [task.subject for task in opened if task.kind is TaskKind.ALERT_DEPARTMENT]
            assert told == list(programme.emergency.departments)
            happened = {step.step for step in one.reported}
            assert happened >= {step.code for step in steps if step.when == "if_needed"}
            called = [line for line in one.lines if line == "follow_up_call"]
            assert len(called) == len(programme.service(service).follow_ups)


def is_asked(step: Step, group: str) -> bool:
    """Whether a step is asked of every patient of a group while the rescue lasts."""
    by_itself = step.when is None and step.marks not in MADE_BY_A_FORM
    return by_itself and (not step.groups or group in step.groups)


async def test_a_broken_promise_is_the_duty_offices_to_hear_and_stops_nothing(ward: Any) -> None:
    async with ward() as hospital:
        told = await hospital.bring()
        await told.until(lambda: "H01.1" in told.clocks)
        await told.go_to("2026-10-04 02:41")
        alarm = await told.task(TaskKind.BREACH)
        assert (alarm.roles, alarm.subject) == ([Role.HOSPITAL_DUTY], "H01.1")
        assert told.clocks["H01.1"].warned_at is not None
        await told.step(HOSPITAL_NURSE, "straight_in")
        await told.until(lambda: told.clocks["H01.1"].state is ClockState.MET_LATE)
        # What happened in time and was only reported late takes its alarm back.
        second = await hospital.bring()
        await second.until(lambda: "H01.1" in second.clocks)
        await second.go_to("2026-10-04 02:41")
        await second.task(TaskKind.BREACH)
        await second.step(HOSPITAL_NURSE, "straight_in", at="02:40")
        await second.until(lambda: second.clocks["H01.1"].state is ClockState.MET)
        await second.until(lambda: not second.asked(TaskKind.BREACH))


async def test_a_mass_event_is_reported_once_for_all_it_brought(ward: Any) -> None:
    async with ward() as hospital:
        first = await hospital.bring(event_id="me-1", leads=True)
        later = [await hospital.bring(event_id="me-1") for _ in range(3)]
        upward = "科主任、医务科、分管副院长或医院总值班"
        for one in (first, *later):
            await one.step(HOSPITAL_STAFF, "straight_in")
            await one.until(lambda who=one: who.asked(TaskKind.REPORT_RESCUE))
            assert "mass_casualties" in one.rescue_pages[-1].groups
            # Each of them is reported by the hour; the event itself once.
            assert (upward in one.asked(TaskKind.REPORT_RESCUE)) is (one is first)
        await later[0].triage("drowning", "mass_casualties", level=2)
        await later[0].until(lambda: later[0].rescue_pages[-1].level == 1)


async def test_the_line_of_the_hour_and_upward_are_told_at_the_same_time(ward: Any) -> None:
    async with ward(WORKING_DAY) as hospital:
        told = await hospital.bring()
        await told.triage("poisoning")
        await told.until(lambda: len(told.asked(TaskKind.REPORT_RESCUE)) == 2)
        assert "医务科" in told.asked(TaskKind.REPORT_RESCUE)
        assert told.asked(TaskKind.ALERT_DEPARTMENT) == ["急诊药房", "收费处", "检查科室", "手术室"]
        form = {"at": told.time.now().isoformat(), "to": "医务科"}
        await told.report(HOSPITAL_NURSE, (TaskKind.REPORT_RESCUE, form))
        await told.finish(await told.task(TaskKind.COORDINATE_RESCUE))
        twice = told.report(HOSPITAL_NURSE, (TaskKind.REPORT_RESCUE, form))
        assert await refused(twice) == "to"


async def test_what_cannot_have_happened_is_refused(ward: Any) -> None:
    async with ward() as hospital:
        told = await hospital.bring()
        assert await refused(told.step(HOSPITAL_NURSE, "decide")) == "step"  # no such service yet
        await told.add("emergency_surgery_channel")
        assert await refused(told.add("emergency_surgery_channel")) == "service"
        assert await refused(told.add("free_clinic")) == "service"
        assert await refused(told.step(HOSPITAL_NURSE, "decide")) == "actor"  # R600
        assert await refused(told.step(HOSPITAL_NURSE, "execute")) == "step"  # before the orders
        assert await refused(told.step(HOSPITAL_DOCTOR, "tell_theatre", "decide")) == "step"
        assert await refused(told.step(HOSPITAL_NURSE, "consult", department="外科")) == "step"
        assert await refused(told.step(HOSPITAL_DOCTOR, "page_anyone")) == "department"
        assert await refused(told.step(HOSPITAL_NURSE, "straight_in", at="02:09")) == "at"
        assert await refused(told.step(HOSPITAL_NURSE, "straight_in", at="02:50")) == "at"
        await told.step(HOSPITAL_NURSE, "straight_in")
        assert await refused(told.step(HOSPITAL_NURSE, "straight_in")) == "step"  # twice
        await told.step(HOSPITAL_DOCTOR, "decide", "tell_theatre")
        seven = EIGHT | {"notifier": " "}
        call = told.step(HOSPITAL_NURSE, "record_call", details=seven)
        assert await refused(call) == "details.notifier"
        assert await refused(told.triage("free_beer")) == "groups"
        assert await refused(told.triage("shock", way="priority")) == "way"
        await told.outcome()
        assert await refused(told.outcome()) == "stage"
        assert await refused(told.triage("shock")) == "stage"


async def test_a_stroke_travels_on_a_stretcher_and_the_dead_are_not_called(ward: Any) -> None:
    async with ward() as hospital:
        told = await hospital.bring("escorted_examination", "hosp_outpatient_urgent")
        await told.triage("cerebral_haemorrhage")
        seated = {"transport": "wheelchair", "accompanied_by": "甲"}
        chair = told.step(HOSPITAL_STAFF, "take_there", details=seated)
        assert await refused(chair) == "details.transport"
        lying = seated | {"transport": "stretcher"}
        await told.step(HOSPITAL_STAFF, "take_there", details=lying)
        dead = await hospital.bring("emergency_treatment", "hosp_critical_friendly")
        await dead.triage(signs=["life_threatened", "needs_care_at_once"])
        await dead.outcome("died")
        await dead.closes()
        assert "follow_up_call" not in dead.lines


async def test_a_rescue_is_written_down_within_six_hours_of_its_end(ward: Any) -> None:
    async with ward() as hospital:
        told = await hospital.bring("emergency_surgery_channel")
        await told.go_to("2026-10-04 02:30")
        await told.step(HOSPITAL_DOCTOR, "decide", "tell_theatre", at="02:22")
        await told.until(lambda: told.clocks["H05.1"].breached_at)
        await told.go_to("2026-10-04 02:50")
        await told.outcome("died")
        await told.until(lambda: told.stage is RescueStage.FORMALITIES)
        await told.go_to("2026-10-04 08:49")
        late = told.step(HOSPITAL_DOCTOR, "orders", at="02:51")
        assert await refused(late) == "at"  # the patient was dead
        await told.step(HOSPITAL_DOCTOR, "orders", at="02:25")
        await told.until(lambda: told.clocks["H05.1"].state is ClockState.MET)
        assert told.times("H06.1") == ("10-04 02:45", "")
        await told.go_to("2026-10-04 08:50")
        await told.until(lambda: "not_reported" in told.lines)
        assert await refused(told.step(HOSPITAL_NURSE, "execute", at="02:35")) == "stage"
        await told.until(lambda: told.clocks["H06.1"].state is ClockState.DROPPED)
        assert [step.step for step in told.reported] == ["decide", "tell_theatre", "orders"]
        await told.closes()


async def test_fees_are_asked_for_until_they_are_paid_and_gaps_are_told(ward: Any) -> None:
    async with ward(WORKING_DAY) as hospital:
        told = await hospital.bring()
        await told.outcome("died")
        await told.go_on("register_later")
        task = await told.task(TaskKind.COLLECT_FEES)
        await told.do(TaskKind.COLLECT_FEES, HOSPITAL_STAFF, settled=False)
        await told.until(lambda: task.task_id not in told.open_tasks)
        await told.time.go_to(told.time.now() + timedelta(days=7))
        await told.task(TaskKind.COLLECT_FEES)
        await told.closes()
        watched = await hospital.bring("medical_accompaniment_24h", "hosp_critical_friendly")
        start = watched.time.now()
        await watched.time.go_to(start + timedelta(hours=3))
        for first, last in ((0, 1), (2, 3)):
            span = {
                "carer": "甲",
                "from_at": (start + timedelta(hours=first)).isoformat(),
                "until_at": (start + timedelta(hours=last)).isoformat(),
            }
            await watched.step(HOSPITAL_STAFF, "shift", details=span)
        await watched.outcome("served")
        alarm = await watched.task(TaskKind.BREACH)
        assert (alarm.roles, alarm.subject) == ([Role.HOSPITAL_DUTY], "陪护有空档, 共60分钟")


def test_nobody_reports_for_ever_but_how_it_ended_is_always_taken() -> None:
    at = civil(NIGHT)
    raised = RaiseRescue(
        rescue_id="rs-1",
        programme=PROGRAMMES[P15].for_rescue(),
        calendar=a_calendar(),
        service="er_rescue_channel",
        hospital_id="h-test-1",
        arrival="ambulance",
        found_at="emergency",
        raised_by=HOSPITAL_DOCTOR,
        raised_at=at,
    )
    state = RescueState.of(raised)
    refusals = RescueRefusals(state, raised)
    ended = {"outcome": "admitted", "at": at.isoformat(), "handed_to": "骨科病区"}
    triaged, over = (
        ReportActs(acts=[RescueAct(kind=kind, form=form)], actor=HOSPITAL_DOCTOR, at=at)
        for kind, form in (
            (TaskKind.TRIAGE_PATIENT, {"groups": ["arrest"]}),
            (TaskKind.RESCUE_OUTCOME, ended),
        )
    )
    state.counts[REPORTS] = REPORTS_MAX - 1
    refusals.report(triaged)
    state.counts[REPORTS] = REPORTS_MAX
    with pytest.raises(ApplicationError, match="登记次数过多"):
        refusals.report(triaged)
    refusals.report(over)
