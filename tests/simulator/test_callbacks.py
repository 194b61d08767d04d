"""Results are reported under a signature, until they are taken, and sometimes twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

from tests.simulator.test_books import pay
from tests.simulator_process import SECRET, Listener, Simulator, new_id, wait_for


def test_a_callback_is_signed_over_id_timestamp_and_body(
    simulator: Simulator, listener: Listener
) -> None:
    movement_id = new_id()
    pay(simulator, movement_id, mode="contracted_nurse")
    wait_for(lambda: listener.about(movement_id))
    callback = listener.about(movement_id)[0]
    event_id, at = callback.headers["webhook-id"], callback.headers["webhook-timestamp"]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{at}.".encode() + callback.body, hashlib.sha256).digest()
    assert callback.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert callback.partner == "payment"
    assert callback.event["id"] == event_id
    assert abs(time.time() - int(at)) < 10


def test_a_callback_is_repeated_until_it_is_taken(simulator: Simulator, listener: Listener) -> None:
    movement_id = new_id()
    listener.to_refuse = 2
    pay(simulator, movement_id, mode="contracted_nurse")
    wait_for(lambda: listener.about(movement_id))

    def settled() -> bool:
        rows = simulator.http.get("/callbacks", params={"partner": "payment"}).json()
        mine = [row for row in rows if movement_id in row["body"]]
        return [(row["state"], row["attempts"]) for row in mine] == [("taken", 3)]

    wait_for(settled)
    assert len(listener.about(movement_id)) == 1


def test_told_to_answer_twice_it_reports_twice_under_one_id(
    simulator: Simulator, listener: Listener
) -> None:
    movement_id = new_id()
    simulator.switch_on("payment", "pay", "answer_twice")
    assert pay(simulator, movement_id).status_code == 200
    wait_for(lambda: len(listener.about(movement_id)) == 2)
    first, second = listener.about(movement_id)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert len(simulator.moved(movement_id)) == 1


def test_a_late_refusal_comes_by_callback(simulator: Simulator, listener: Listener) -> None:
    movement_id = new_id()
    simulator.switch_on("payment", "pay", "refuse", seconds=0.3)
    assert pay(simulator, movement_id).status_code == 202
    wait_for(lambda: listener.about(movement_id))
    event = listener.about(movement_id)[0].event
    assert (event["status"], event["reason_code"]) == ("refused", "refused_by_network")
    assert simulator.moved(movement_id) == []
    assert pay(simulator, movement_id).status_code == 422
