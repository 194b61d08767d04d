"""Steps of a rescue: what comes before what, what a record states, how the minutes nest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import ClockState
from domain.events import ExpectedEvent
from domain.programmes.programme import Programme
from domain.programmes.services import Shape, Step
from domain.rescues.rescue import (
    DELIVER,
    FIELD_NAMES,
    MADE_BY_A_FORM,
    StepFault,
    detail_fault,
    step_fault,
    steps_of,
    uncovered,
    wanted,
)
from domain.roles import HOSPITAL_ROLES
from tests.builders import a_calendar, civil, programme_of
from tests.domain.test_triage import CHANNELS, P08, P09, P11, P12, P15

AT = civil("2026-10-04 02:22")
MINUTE = timedelta(minutes=1)


def step_of(code: str, service: str, step: str) -> Step:
    return next(one for one in steps_of(programme_of(code).service(service)) if one.code == step)


def surgery(step: str) -> Step:
    return step_of(P15, "emergency_surgery_channel", step)


@pytest.mark.parametrize("code", CHANNELS)
def test_every_step_of_a_file_can_be_reported_by_somebody_in_its_own_words(code: str) -> None:
    services = [one for one in programme_of(code).services if one.shape is Shape.EMERGENCY]
    assert services
    for service in services:
        for step in steps_of(service):
            assert {*step.by} <= {*HOSPITAL_ROLES}, step.code
            assert {*step.fields} <= {*FIELD_NAMES}, step.code
            done = dict.fromkeys(step.after, AT)
            called = ["外科"] if step.marks is ExpectedEvent.CONSULTANT_PRESENT else []
            fault = step_fault(step, done, department="外科", called=called)
            formed = step.marks in MADE_BY_A_FORM
            assert fault == (StepFault.BY_ANOTHER_FORM if formed else None), step.code


def test_a_service_without_steps_has_one_of_its_own_name() -> None:
    [alone] = steps_of(programme_of(P11).service("priority_registration"))
    assert (alone.code, alone.name) == (DELIVER, "优先挂号")
    [escorted] = steps_of(programme_of(P09).service("patient_transport"))
    assert escorted.fields == ("transport",)


@pytest.mark.parametrize(
    ("step", "done", "fault"),
    [
        ("tell_theatre", (), StepFault.TOO_EARLY),
        ("tell_theatre", ("decide",), None),
        ("tell_theatre", ("decide", "tell_theatre"), StepFault.TWICE),
        ("execute", ("decide",), StepFault.TOO_EARLY),
        ("execute", ("decide", "orders"), None),
        ("anaesthesia_ready", ("decide", "tell_theatre"), StepFault.TOO_EARLY),
        ("face_to_face", ("decide",), StepFault.TOO_EARLY),
        ("bring", ("decide",), None),  # nothing but the decision: no paper holds a patient up
    ],
)
def test_a_step_follows_its_predecessor_and_happens_once(
    step: str, done: tuple[str, ...], fault: StepFault | None
) -> None:
    assert step_fault(surgery(step), dict.fromkeys(done, AT), department="", called=()) is fault


def test_a_consultant_is_there_only_after_a_call_and_is_called_once_at_a_time() -> None:
    call = step_of(P12, "er_rescue_channel", "call_consult")
    there = step_of(P12, "er_rescue_channel", "consult")
    done = {"call_consult": AT}
    assert step_fault(there, {}, department="外科", called=()) is StepFault.TOO_EARLY
    assert step_fault(there, done, department="内科", called=["外科"]) is StepFault.NOT_CALLED
    assert step_fault(there, done, department="外科", called=["外科"]) is None
    assert step_fault(call, done, department="外科", called=["外科"]) is StepFault.TWICE
    assert step_fault(call, done, department="骨科", called=["外科"]) is None


def test_orders_are_given_again_and_again() -> None:
    orders = step_of(P12, "er_rescue_channel", "orders")
    assert step_fault(orders, {"orders": AT}, department="", called=()) is None


def test_what_only_some_need_is_asked_of_them_alone() -> None:
    service = programme_of(P15).service("er_rescue_channel")

    def asked(*groups: str, afterwards: bool = False) -> list[str]:
        return [step.code for step in wanted(service, (), groups, afterwards=afterwards)]

    assert asked() == ["straight_in"]
    assert asked("bleeding_trauma") == ["straight_in", "notify_surgeons"]
    assert asked("arrest") == ["straight_in", "cpr_at_once"]
    assert asked(afterwards=True) == ["register_later"]


EIGHT = {
    "name": "未知",
    "age": "45",
    "sex": "male",
    "diagnosis": "甲",
    "operation": "乙",
    "anaesthesia": "丙",
    "team": "丁",
    "notifier": "戊",
}


def test_the_record_of_the_call_to_the_theatre_has_eight_fields() -> None:
    record = surgery("record_call")
    assert len(record.fields) == 8
    assert detail_fault(record, EIGHT) is None
    for name in EIGHT:
        without = {key: value for key, value in EIGHT.items() if key != name}
        assert detail_fault(record, without) == (name, f"须填写{FIELD_NAMES[name]}")
        assert (detail_fault(record, EIGHT | {name: " "}) or ("",))[0] == name
    assert detail_fault(record, EIGHT | {"ward": "一"}) == ("ward", "该步骤不登记此项")


@pytest.mark.parametrize(
    ("name", "good", "bad", "why"),
    [
        ("age", "unknown", "约40", "年龄须为周岁数字, 婴儿写如 3月 或 5天, 不详写 unknown"),
        ("age", "45", "150", "年龄须为周岁数字, 婴儿写如 3月 或 5天, 不详写 unknown"),
        ("age", "3月", "-1", "年龄须为周岁数字, 婴儿写如 3月 或 5天, 不详写 unknown"),
        ("sex", "unknown", "男", "性别须为male(男)、female(女)、unknown(不详)"),
        ("name", "未知", "x" * 201, "姓名最多200字"),
    ],
)
def test_a_field_says_something_that_can_be_meant(name: str, good: str, bad: str, why: str) -> None:
    record = surgery("record_call")
    assert detail_fault(record, EIGHT | {name: good}) is None
    assert detail_fault(record, EIGHT | {name: bad}) == (name, why)


def test_a_nurse_and_a_specialist_are_two_people() -> None:
    bring = surgery("bring")
    assert detail_fault(bring, {"nurse": "甲", "specialist": "乙"}) is None
    fault = detail_fault(bring, {"nurse": "甲", "specialist": "甲"})
    assert fault == ("specialist", "须为不同的人员")


def test_an_agreed_time_names_its_zone_and_a_shift_ends_after_it_begins() -> None:
    agreed = step_of(P08, "priority_appointment", DELIVER)
    assert detail_fault(agreed, {"agreed_at": "2026-10-08T09:00:00+08:00"}) is None
    for bad in ("2026-10-08T09:00:00", "明天"):
        assert (detail_fault(agreed, {"agreed_at": bad}) or ("",))[0] == "agreed_at"
    shift = step_of(P08, "medical_accompaniment_24h", "shift")
    said = {"carer": "甲", "from_at": AT.isoformat(), "until_at": AT.isoformat()}
    assert (detail_fault(shift, said) or ("",))[0] == "until_at"
    later = (AT + MINUTE).isoformat()
    assert detail_fault(shift, said | {"until_at": later}) is None


def test_shifts_that_touch_leave_nobody_alone_and_a_gap_is_counted() -> None:
    def at(minutes: int) -> timedelta:
        return minutes * MINUTE

    whole = [(AT, AT + at(60)), (AT + at(60), AT + at(120))]
    assert uncovered(whole, since=AT, until=AT + at(120)) == timedelta()
    assert uncovered(whole[:1], since=AT, until=AT + at(120)) == at(60)
    assert uncovered(whole[1:], since=AT, until=AT + at(120)) == at(60)
    gap = [(AT, AT + at(59)), (AT + at(60), AT + at(300))]
    assert uncovered(gap, since=AT, until=AT + at(120)) == at(1)
    assert uncovered([*gap, (AT, AT + at(61))], since=AT, until=AT + at(120)) == timedelta()


@pytest.mark.parametrize(
    ("clock", "starts", "minutes"),
    [("H05", "decide", 5), ("H06", "orders", 20), ("H07", "orders", 10), ("H08", "told", 30)],
)
def test_the_minutes_nest_as_ruled(clock: str, starts: str, minutes: int) -> None:
    """C-32: orders from the decision; examinations and execution from the orders, not from it."""
    programme: Programme = programme_of(P15)
    began = {"decide": AT, "orders": AT + 3 * MINUTE, "told": AT + MINUTE}[starts]
    running = programme.clock(clock).start(number=1, started_at=began, calendar=a_calendar())
    assert running.due_at == began + minutes * MINUTE
    assert running.meet(running.due_at).state is ClockState.MET
    late = running.breach(running.due_at).meet(running.due_at + timedelta(seconds=1))
    assert late.state is ClockState.MET_LATE
    event = {"decide": "surgery_decided", "orders": "orders_written", "told": "anaesthetist_told"}
    assert programme.clock(clock).starts == (ExpectedEvent(event[starts]),)


def test_at_once_is_met_in_the_same_instant_only() -> None:
    told = programme_of(P15).clock("H04").start(number=1, started_at=AT, calendar=a_calendar())
    assert told.meet(AT).state is ClockState.MET
    assert told.meet(AT + timedelta(seconds=1)).state is ClockState.MET_LATE
