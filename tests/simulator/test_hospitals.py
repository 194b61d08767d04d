"""The hospitals' desk behind its adapter: asked once, believed only when sure, heard twice."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from activities.ports.hospitals import Patient, ResourceAnswer, ResourceOrder
from adapters.partners.hospitals import HospitalDesk
from adapters.partners.line import PartnerLine, PartnerSilent
from api.letters.events import EVENTS, SENT_BY
from domain.bookings.coordination import AskStatus, Resource
from domain.bookings.sharing import Withheld
from domain.programmes.services import DoctorLevel
from tests.simulator_process import Listener, Simulator, free_port, wait_for

PATIENCE = httpx.Timeout(connect=1.0, read=0.4, write=1.0, pool=1.0)
YES, NO, PENDING = AskStatus.ACCEPTED, AskStatus.REFUSED, AskStatus.PENDING
NINE = datetime(2026, 10, 8, 1, tzinfo=UTC)
FOUND = Resource(
    service_at=NINE,
    hospital_id="H000001",
    expert="expert-2",
    doctor_level=DoctorLevel.CHIEF,
    hospital_class="3A",
    hospital_rank=1,
)


def an_ask(**changes: Any) -> ResourceOrder:
    booking_id = f"bk-{uuid.uuid4().hex[:20]}"
    order: dict[str, Any] = {
        "ask_id": f"{booking_id}.ask.1",
        "booking_id": booking_id,
        "service": "expert_outpatient",
        "hospital_id": "H000001",
        "expert": "expert-2",
        "wished_on": date(2026, 10, 8),
    }
    return ResourceOrder.model_validate(order | changes)


async def patient_of(_: str, *, without: Withheld | None) -> Patient:
    return Patient(name="客户某甲", id_last_four="1234", complaint=None if without else "肺部结节")


@pytest.fixture
async def hospitals(simulator: Simulator) -> AsyncIterator[HospitalDesk]:
    async with PartnerLine(f"{simulator.url}/hospitals/v1", patience=PATIENCE) as line:
        yield HospitalDesk(line, patient_of=patient_of)


async def told(listener: Listener, about: str, *, times: int = 1) -> list[dict[str, Any]]:
    await asyncio.to_thread(wait_for, lambda: len(listener.about(about)) >= times)
    events = listener.about(about)
    for one in events:
        assert isinstance(EVENTS.validate_python(one.event), SENT_BY[one.partner])
    return [one.event for one in events]


def stands(simulator: Simulator, ask_id: str) -> str:
    found: str = simulator.http.get(f"/hospitals/v1/asks/{ask_id}").json()["status"]
    return found


async def test_an_ask_is_answered_once_on_the_wished_day_and_taken_back_once(
    simulator: Simulator, hospitals: HospitalDesk
) -> None:
    order = an_ask()
    first = await hospitals.ask(order)
    assert (first.status, first.resource) == (YES, FOUND)
    assert await hospitals.ask(order) == first
    other = an_ask(not_at=NINE, expert=None, hospital_id=None)
    later = (await hospitals.ask(other)).resource
    assert later is not None
    assert (later.service_at > NINE, later.expert, later.hospital_id) == (True, None, None)
    for _ in range(2):
        assert await hospitals.withdraw(order.ask_id)
    assert (await hospitals.ask(order)).reason == "withdrawn"
    assert await hospitals.withdraw("bk-nobody.ask.1")
    simulator.switch_on("hospitals", "cancel", "refuse")
    assert not await hospitals.withdraw(other.ask_id)
    assert stands(simulator, other.ask_id) == "accepted"


@pytest.mark.parametrize(
    ("written", "kept"), [("13800138000", None), ("110101199003070732", None), ("zj-7", "zj-7")]
)
async def test_a_number_that_names_a_person_is_kept_from_no_answer(
    simulator: Simulator, hospitals: HospitalDesk, written: str, kept: str | None
) -> None:
    """What the callback withholds, an answer at once does not bring in either."""
    found = (await hospitals.ask(an_ask(expert=written))).resource
    assert found is not None
    assert (found.expert, found.hospital_id) == (kept, "H000001")
    elsewhere = (await hospitals.ask(an_ask(hospital_id=written))).resource
    assert elsewhere is not None
    assert elsewhere.hospital_id == (kept or "withheld")  # no hospital of ours


async def test_only_a_considered_no_is_a_refusal(
    simulator: Simulator, hospitals: HospitalDesk
) -> None:
    simulator.switch_on("hospitals", "ask", "refuse")
    refused = await hospitals.ask(an_ask())
    assert (refused.status, refused.reason) == (NO, "no_resource")
    unreadable = an_ask().model_copy(update={"service": "Not a code"})
    assert (await hospitals.ask(unreadable)).reason == "malformed"
    for fault in ("garbage", "error_first", "timeout_after_success"):
        order = an_ask()
        simulator.switch_on("hospitals", "ask", fault)
        with pytest.raises(PartnerSilent):
            await hospitals.ask(order)
        assert (await hospitals.ask(order)).resource == FOUND
        simulator.switch_on("hospitals", "cancel", fault)
        with pytest.raises(PartnerSilent):
            await hospitals.withdraw(order.ask_id)
        assert await hospitals.withdraw(order.ask_id)
    async with PartnerLine(f"http://127.0.0.1:{free_port()}", patience=PATIENCE) as nobody:
        with pytest.raises(PartnerSilent):
            await HospitalDesk(nobody, patient_of=patient_of).ask(an_ask())


@pytest.mark.parametrize(
    ("fault", "seconds", "at_once", "words"),
    [
        ("answer_late", 0.1, PENDING, ["accepted"]),
        ("refuse", 0.1, PENDING, ["refused"]),
        ("answer_twice", None, YES, ["accepted", "accepted"]),
        ("yes_then_no", 0.1, YES, ["refused"]),
    ],
)
async def test_what_is_not_said_at_once_comes_by_callback(
    simulator: Simulator,
    listener: Listener,
    hospitals: HospitalDesk,
    fault: str,
    seconds: float | None,
    at_once: AskStatus,
    words: list[str],
) -> None:
    order = an_ask()
    simulator.switch_on("hospitals", "ask", fault, seconds=seconds)
    assert (await hospitals.ask(order)).status is at_once
    said = await told(listener, order.ask_id, times=len(words))
    assert [one["status"] for one in said] == words
    assert len({one["id"] for one in said}) == 1
    answer = await hospitals.ask(order)
    assert answer.status == AskStatus(words[-1])


async def test_a_hospital_speaks_for_itself_and_not_twice_about_what_is_over(
    simulator: Simulator, listener: Listener, hospitals: HospitalDesk
) -> None:
    order = an_ask()
    simulator.switch_on("hospitals", "ask", "answer_late", seconds=600)
    assert await hospitals.ask(order) == ResourceAnswer(
        status=PENDING, withheld=Withheld.NO_CONSENT
    )

    def say(**word: Any) -> int:
        path = f"/hospitals/v1/asks/{order.ask_id}/words"
        return simulator.http.post(path, json=word).status_code

    yes = {"status": "accepted", "service_at": NINE.isoformat(), "hospital": "H000001"}
    assert [say(status="accepted"), say(**yes), say(**yes)] == [400, 200, 200]
    no = {"status": "refused", "reason_code": "doctor_away"}
    assert [say(**no), say(**yes)] == [200, 409]
    said = await told(listener, order.ask_id, times=2)
    assert sorted((one["status"], one.get("reason_code", "")) for one in said) == [
        ("accepted", ""),
        ("refused", "doctor_away"),
    ]
