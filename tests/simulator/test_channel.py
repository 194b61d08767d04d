"""A channel as the simulator plays it: it believes its own secrets only, and may misbehave."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from simulator.callbacks import signed_headers
from tests.simulator_process import SECRET, Simulator

BODY = json.dumps({"type": "case.stage_changed", "data": {"case_id": "dw-1"}}).encode()
PLACE = "/channel/v1/app/webhooks"


@pytest.fixture
def believing(simulator: Simulator) -> Simulator:
    told = simulator.http.put("/channel/v1/app/secrets", json={"secrets": [SECRET]})
    assert told.status_code == httpx.codes.NO_CONTENT
    return simulator


def send(simulator: Simulator, message_id: str, *, secret: str = SECRET, at: int = 0) -> int:
    headers = signed_headers(secret, event_id=message_id, body=BODY, at=at or int(time.time()))
    return simulator.http.post(PLACE, content=BODY, headers=headers).status_code


def test_a_message_with_the_right_signature_is_kept(believing: Simulator) -> None:
    assert send(believing, "msg_kept") == httpx.codes.OK
    assert believing.received("msg_kept") == [json.loads(BODY)]


def test_a_wrong_signature_and_an_old_one_are_refused(believing: Simulator) -> None:
    assert send(believing, "msg_wrong", secret="whsec_b3RoZXI=") == httpx.codes.UNAUTHORIZED
    assert send(believing, "msg_old", at=1_600_000_000) == httpx.codes.UNAUTHORIZED
    assert believing.received("msg_wrong") + believing.received("msg_old") == []


def test_it_refuses_when_it_is_told_to(believing: Simulator) -> None:
    believing.switch_on("channel", "webhook", "error_first")
    believing.switch_on("channel", "webhook", "refuse")
    answers = [send(believing, "msg_later") for _ in range(3)]
    assert answers == [503, 422, 200]
