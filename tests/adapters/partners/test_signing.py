"""A callback is believed when it is the partner's, about this body, and fresh."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.partners.signing import SecretRefused, SignatureRefused, signature, verified
from tests.simulator.test_books import pay
from tests.simulator_process import SECRET, Listener, Simulator, new_id, wait_for

NOW = datetime(2026, 5, 6, 8, 0, tzinfo=UTC)
BODY = b'{"event": "refund"}'
OTHER = "whsec_YW5vdGhlciBzZWNyZXQ="


def signed(**changed: str) -> dict[str, str]:
    stamp = str(int(NOW.timestamp()))
    headers = {
        "webhook-id": "evt-1",
        "webhook-timestamp": stamp,
        "webhook-signature": signature(SECRET, event_id="evt-1", timestamp=stamp, body=BODY),
    }
    return {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}


def refusal(
    headers: dict[str, str], *, body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)
) -> str:
    with pytest.raises(SignatureRefused) as refused:
        verified(headers, body, secrets=secrets, now=NOW)
    return refused.value.code


def test_a_real_callback_of_the_simulator_is_believed(
    simulator: Simulator, listener: Listener
) -> None:
    movement_id = new_id()
    pay(simulator, movement_id, mode="contracted_nurse")
    wait_for(lambda: listener.about(movement_id))
    callback = listener.about(movement_id)[0]
    event_id = verified(callback.headers, callback.body, secrets=[SECRET], now=datetime.now(UTC))
    assert event_id == callback.event["id"]


def test_the_example_of_the_convention_is_believed() -> None:
    # Standard Webhooks publishes this signature for this secret, id, timestamp and body.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    given = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    body = b'{"test": 2432232314}'
    made = signature(
        secret, event_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp="1614265330", body=body
    )
    assert made == given


def test_any_of_our_secrets_and_any_of_their_signatures_may_match() -> None:
    headers = signed(webhook_signature=f"v1,AAAA v2,x {signed()['webhook-signature']}")
    assert verified(headers, BODY, secrets=[OTHER, SECRET], now=NOW) == "evt-1"


def test_a_wrong_signature_is_refused() -> None:
    assert refusal(signed(), body=BODY + b" ") == "signature_wrong"
    assert refusal(signed(), secrets=(OTHER,)) == "signature_wrong"
    assert refusal(signed(webhook_id="evt-2")) == "signature_wrong"
    assert refusal(signed(webhook_signature="v1,é")) == "signature_wrong"
    assert refusal(signed(), secrets=()) == "signature_wrong"


@pytest.mark.parametrize("name", ["webhook_id", "webhook_timestamp", "webhook_signature"])
def test_a_missing_part_is_refused(name: str) -> None:
    assert refusal(signed(**{name: ""})) == "signature_missing"


@pytest.mark.parametrize("stamp", ["now", "-1", "1.5", "９", "9" * 30])
def test_a_timestamp_that_is_none_is_refused(stamp: str) -> None:
    assert refusal(signed(webhook_timestamp=stamp)) == "timestamp_malformed"


@pytest.mark.parametrize("off", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_an_old_or_future_timestamp_is_refused(off: timedelta) -> None:
    stamp = str(int((NOW + off).timestamp()))
    assert refusal(signed(webhook_timestamp=stamp)) == "timestamp_not_fresh"


@pytest.mark.parametrize("secret", ["whsec_!", "whsec_", ""])
def test_a_secret_that_is_none_is_refused_by_name_and_not_repeated(secret: str) -> None:
    with pytest.raises(SecretRefused) as refused:
        signature(secret, event_id="evt-1", timestamp="1", body=BODY)
    assert "!" not in str(refused.value)
