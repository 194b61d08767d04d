"""Hospitals' words through the door: signed, believed once, and what they were told of whom."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from activities.ports.hospitals import HospitalNamed
from adapters.books.casebook import Casebook
from adapters.books.directory import Directory
from adapters.servers.processes import StartFailed
from adapters.tables.cases import hospitals
from adapters.tables.door import audit
from api.main import create_app
from domain.bookings.sharing import Withheld
from domain.calendar import civil_date
from domain.hospital import HospitalListed
from tests.api.conftest import HOSPITAL, NAME, PERSON, PROGRAMME, House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import (
    NEED,
    P04,
    booked,
    done,
    insured_of,
    request_of,
    reviewed,
    staged,
)
from tests.api.test_callbacks import call
from tests.api.test_reporting import open_task


async def _asked(house: House) -> str:
    """A booking whose hospitals were asked; the id of the ask."""
    door = house.app.state.door
    house.app.state.door = dataclasses.replace(door, coordinated=frozenset({P04}))
    await insured_of(house, P04)
    booking_id = await booked(house)
    await done(house, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await reviewed(house, booking_id)
    options = [{"option": f"expert-{n}"} for n in (1, 2, 3)]
    await done(house, booking_id, "offer_options", "reviewer", options=options)
    await done(house, booking_id, "choose_option", "agent", option="expert-2")
    await open_task(house, booking_id, "arrange_service")
    return f"{booking_id}.ask.1"


async def test_a_yes_by_callback_arranges_a_booking_and_a_no_after_it_begins_anew(
    worked: House,
) -> None:
    ask_id = await _asked(worked)
    booking_id = ask_id.partition(".")[0]
    visit_at = (worked.clock() + timedelta(days=9)).isoformat()
    event: dict[str, Any] = {"event": "resource_word", "ask_id": ask_id, "status": "accepted"}
    yes = event | {"service_at": visit_at, "hospital": HOSPITAL, "expert": PERSON}
    problem(await call(worked, event, partner="hospitals"), 422, "invalid")
    problem(await call(worked, yes, partner="lab"), 403, "forbidden")
    for _ in range(2):
        taken = await call(worked, yes, partner="hospitals")
        assert (taken.status_code, taken.json()["state"]) == (200, "delivered")
    step = await open_task(worked, booking_id, "confirm_booking")
    assert step["subject"].startswith("医院可安排")
    await done(worked, booking_id, "confirm_booking", "agent", confirmed=True, told_by="phone")
    seen = await staged(worked, booking_id, "confirmed")
    assert (seen["hospital_id"], seen["service_at"][:10]) == (HOSPITAL, visit_at[:10])
    assert PERSON not in str(seen)  # whatever a partner writes where a number belongs
    no = event | {"status": "refused", "reason_code": "doctor_away"}
    assert (await call(worked, no, partner="hospitals", event_id="evt-2")).status_code == 200
    again = await staged(worked, booking_id, "coordinating")
    assert again["unit"] == "reserved"
    assert "(doctor_away)" in str(again["timeline"])
    nobody = no | {"ask_id": f"bk-{'a' * 20}.ask.1"}
    kept = await call(worked, nobody, partner="hospitals", event_id="evt-3")
    assert (kept.status_code, kept.json()["state"]) == (202, "stored")
    await worked.post(f"/v1/bookings/{booking_id}/cancellation", {}, "agent")
    await staged(worked, booking_id, "cancelled")


async def test_a_complaint_is_unsealed_only_for_whom_may_have_it_and_audited(house: House) -> None:
    await insured_of(house, P04)
    answer = await house.post("/v1/bookings", request_of(house))
    booking_id = str(answer.json()["booking_id"])
    casebook = Casebook(house.database, house.sealer, clock=house.clock)
    whole = await casebook.patient(booking_id, without=None)
    assert (whole.name, whole.id_last_four, whole.complaint) == (NAME, PERSON[-4:], NEED)
    assert NAME not in repr(whole)
    least = await casebook.patient(booking_id, without=Withheld.NO_CLAUSE)
    assert (least.name, least.complaint) == (NAME, None)
    async with house.database.connect() as connection:
        shared = select(audit.c.subject).where(audit.c.action == "data.shared")
        told = (await connection.execute(shared.order_by(audit.c.seq))).scalars().all()
    assert told == ["hospitals:complaint", "hospitals:no_clause"]


async def test_a_programme_nobody_has_stops_the_door_at_its_start(house: House) -> None:
    def started(codes: str) -> Any:
        settings = house.settings.model_copy(update={"coordinated": codes})
        return create_app(settings=settings, engine=house.database, temporal=house.temporal)

    door = started(f" {P04},,ins_oncology ").state.door
    assert door.coordinated == {P04, "ins_oncology"}
    with pytest.raises(StartFailed, match="pingan_onkology"):
        started(f"{P04},pingan_onkology")


async def test_a_worker_reads_of_a_hospital_what_the_door_reads(house: House) -> None:
    on = civil_date(house.clock())
    async with house.database.begin() as connection:
        rows: list[dict[str, Any]] = [
            {"id": f"h-{grade}", "grade": grade, "sub_grade": "甲"} for grade in (1, 2, 3)
        ]
        where = {"province": "北京市", "city": "北京市", "updated_at": house.clock()}
        for row in rows:
            await connection.execute(insert(hospitals).values(row | where | {"name": row["id"]}))
    directory = Directory(house.database)

    async def listed(hospital_id: str, network: str | None = None) -> HospitalListed:
        named = HospitalNamed(hospital_id=hospital_id, network=network, on=on)
        return await directory.listed(named)

    classes = [(await listed(row["id"])).hospital_class for row in rows]
    assert classes == [None, "2A", "3A"]
    assert (await listed("h-1")).class_known
    unclassed = await listed(HOSPITAL, PROGRAMME)
    assert (unclassed.known, unclassed.on_network, unclassed.class_known) == (True, True, False)
    assert not (await listed("h-3", PROGRAMME)).on_network
    assert (await listed("h-3", "a_network_nobody_has_a_list_of")).on_network
    assert not (await listed("h-nowhere")).known
