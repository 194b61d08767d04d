"""The telephone system and the roster report what our door can read, once or twice as told."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx

from api.letters.events import EVENTS, SENT_BY
from tests.simulator_process import Listener, Simulator, wait_for

BOOKING = "bk-aaaaaaaaaaaaaaaaaaaa"


def dial(simulator: Simulator, **changes: Any) -> tuple[str, httpx.Response]:
    call_id = f"call-{uuid.uuid4().hex}"
    body = {"call_id": call_id, "booking_id": BOOKING, "caller": "doctor", "number": "0"}
    headers = {"Idempotency-Key": call_id}
    answer = simulator.http.post("/telephone/v1/calls", json=body | changes, headers=headers)
    return call_id, answer


def told(listener: Listener, about: str) -> list[dict[str, Any]]:
    events = listener.about(about)
    for one in events:
        assert isinstance(EVENTS.validate_python(one.event), SENT_BY[one.partner])
    return [one.event for one in events]


def test_a_call_is_recorded_as_answered_and_ended_at_the_lines_limit(
    simulator: Simulator, listener: Listener
) -> None:
    call_id, answer = dial(simulator, talk_seconds=1000, longest_seconds=900)
    assert answer.json()["seconds"] == 900
    wait_for(lambda: len(listener.about(call_id)) == 2)
    events = {one["event"]: one for one in told(listener, call_id)}
    began, ended = (events[name]["at"] for name in ("call_answered", "call_ended"))
    lasted = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    assert lasted == timedelta(seconds=900)


def test_a_call_nobody_answers_is_recorded_as_failed_at_once_or_later(
    simulator: Simulator, listener: Listener
) -> None:
    for seconds in (None, 0.2):
        simulator.switch_on("telephone", "call", "refuse", seconds=seconds)
        call_id, answer = dial(simulator)
        assert answer.status_code == (200 if seconds is None else 202)
        wait_for(partial(listener.about, call_id))
        assert [one["event"] for one in told(listener, call_id)] == ["call_failed"]


def test_a_roster_is_published_and_a_slot_taken_back(
    simulator: Simulator, listener: Listener
) -> None:
    slot_id = f"slot-{uuid.uuid4().hex}"
    slot = {
        "slot_id": slot_id,
        "department": "心内科",
        "doctor": "d-1",
        "doctor_level": "chief",
        "hospital_rank": 7,
        "starts_at": "2026-09-25T15:00:00+08:00",
        "ends_at": "2026-09-25T15:15:00+08:00",
    }
    body = {"publication_id": f"p-{slot_id}", "programme": "pingan_value_added", "slots": [slot]}
    simulator.switch_on("roster", "publish", "answer_twice")
    for _ in range(2):  # the same again publishes nothing
        key = {"Idempotency-Key": f"p-{slot_id}"}
        assert simulator.http.post("/roster/v1/publications", json=body, headers=key).is_success
    wait_for(lambda: len(listener.about(slot_id)) == 2)
    away = {"withdrawal_id": f"w-{slot_id}", "slot_id": slot_id}
    key = {"Idempotency-Key": f"w-{slot_id}"}
    assert simulator.http.post("/roster/v1/withdrawals", json=away, headers=key).is_success
    wait_for(lambda: len(listener.about(slot_id)) == 3)
    names = [one["event"] for one in told(listener, slot_id)]
    assert sorted(names) == ["roster_published", "roster_published", "slot_withdrawn"]
