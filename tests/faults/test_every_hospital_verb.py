"""Each way the hospitals' desk can misbehave, at both verbs that call it, in one booking.

The customer wishes one day after the other; each time the former ask is taken back and a new one
made, and the fault strikes both once. Whatever happens, a date stands in the end, the desk keeps
nothing that nobody wants but what it would not give back, and of that a supervisor heard.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest

from activities.ports.hospitals import Patient, ResourceAnswer, ResourceOrder
from adapters.partners.hospitals import HospitalDesk
from adapters.partners.line import PartnerLine
from adapters.settings import Settings
from api.letters.events import EVENTS
from api.letters.hospitals import ResourceEvent, resource_word
from domain.bookings.booking import BookingStage
from domain.bookings.sharing import Withheld
from domain.steps.kinds import TaskKind
from tests.faults.test_every_verb import FAULTS
from tests.faults.wired import PATIENCE
from tests.simulator_process import Listener, Simulator, free_port
from tests.workflows import stewards
from tests.workflows.booked import Booked, booking_opener

P20 = ("ins_oncology", "expert_outpatient")
FIRST = date(2026, 10, 8)
ONCE = {name: fault for name, fault in FAULTS.items() if "times" not in fault}
"""Each kind once; how often is the wire's own matter, and `away` strikes three times."""


class Wire:
    """The house's own adapter; `away` calls find nobody."""

    def __init__(self, near: HospitalDesk, far: HospitalDesk) -> None:
        self._near, self._far = near, far
        self.away = 0

    @property
    def _desk(self) -> HospitalDesk:
        self.away -= 1
        return self._far if self.away >= 0 else self._near

    async def ask(self, order: ResourceOrder) -> ResourceAnswer:
        return await self._desk.ask(order)

    async def withdraw(self, ask_id: str) -> bool:
        return await self._desk.withdraw(ask_id)


async def patient_of(_: str, *, without: Withheld | None) -> Patient:
    assert without is Withheld.NO_CLAUSE
    return Patient(name="客户某甲", id_last_four="1234")


@asynccontextmanager
async def wired(booked: Booked, simulator: Simulator, told: Listener) -> AsyncIterator[Wire]:
    """The booking's hospitals are the simulator's; their callbacks reach it as through the door."""

    async def hear() -> None:
        heard = 0
        while True:
            news = told.about(booked.booking_id)[heard:]
            heard += len(news)
            for one in reversed(news):  # the last of several comes first
                event = EVENTS.validate_python(one.event)
                assert isinstance(event, ResourceEvent)
                word = resource_word(event, booked.time.now())
                await booked.handle.signal("resource_word", word)
            await asyncio.sleep(0.02)

    far_url = f"http://127.0.0.1:{free_port()}"
    async with (
        PartnerLine(f"{simulator.url}/hospitals/v1", patience=PATIENCE) as near,
        PartnerLine(far_url, patience=PATIENCE) as far,
    ):
        wire = Wire(*(HospitalDesk(line, patient_of=patient_of) for line in (near, far)))
        vars(booked.partners).update(ask=wire.ask, withdraw=wire.withdraw)
        hearing = asyncio.create_task(hear())
        yield wire
        hearing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hearing


async def _stands_again(booked: Booked) -> bool:
    """A date is found and confirmed; False where hospitals said no and the dispatcher found it."""

    def found() -> str:
        open_now = booked.open_tasks.values()
        asked = [one for one in open_now if one.kind is TaskKind.CONFIRM_BOOKING]
        theirs = [one for one in open_now if one.subject.startswith("医院无法安排")]
        return "yes" if asked else "no" if theirs else ""

    said = await booked.until(found)
    if said == "no":
        at = booked.time.now() + timedelta(days=20)
        form = {"arranged": True, "service_at": at.isoformat(), **stewards.BEST}
        await booked.do(TaskKind.ARRANGE_SERVICE, **form)
    await stewards.confirm(booked)
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    return bool(said == "yes")


async def _another_day(booked: Booked, days: Iterator[date]) -> bool:
    """The customer wishes the next day, and a date is found for it."""
    await booked.wish_for(next(days).isoformat())
    await booked.until(lambda: booked.stage is BookingStage.COORDINATING)
    return await _stands_again(booked)


def _asks(simulator: Simulator, booked: Booked) -> list[dict[str, str]]:
    """How the desk's own books have each ask of the booking, in order."""
    ids = {one["id"] for one in simulator.http.get("/received").json() if one["kind"] == "ask"}
    mine = (one for one in ids if one.startswith(booked.booking_id))
    ordered = sorted(mine, key=lambda one: int(one.rpartition(".")[2]))
    return [simulator.http.get(f"/hospitals/v1/asks/{one}").json() for one in ordered]


async def test_a_fault_at_every_verb_leaves_one_date_and_nothing_kept_in_vain(
    temporal_settings: Settings, simulator: Simulator, listener: Listener
) -> None:
    opener = booking_opener(temporal_settings)
    async with (
        opener(*P20, coordination_consent="v2026_01") as booked,
        wired(booked, simulator, listener) as wire,
    ):
        simulator.http.put("/clock", json={"now": booked.time.now().isoformat()})
        wire.away = 3
        await stewards.take(booked)
        await stewards.hand_in(booked, *P20)
        await _stands_again(booked)
        days = (FIRST + timedelta(days=number) for number in itertools.count())
        for fault in ONCE.values():
            for operation in ("cancel", "ask"):
                simulator.switch_on("hospitals", operation, **fault)
            theirs = await _another_day(booked, days)
            await booked.until(lambda: simulator.http.get("/faults").json() == [])
            if not theirs:  # there has to be an ask for the next fault to strike at
                assert await _another_day(booked, days)
        last = f"/hospitals/v1/asks/{_asks(simulator, booked)[-1]['ask_id']}/words"
        simulator.http.post(last, json={"status": "refused"}).raise_for_status()
        await booked.until(lambda: "booking_again" in booked.told)
        assert await _stands_again(booked)
        await booked.time.go_to(booked.pages[-1].service_at or booked.time.now())
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert booked.unit == "consumed"
        lines = [line.text for page in booked.pages for line in page.timeline]
        kept = [one for one in lines if one.startswith("医院资源未能撤回")]
        asks = [one["status"] for one in _asks(simulator, booked)]
        assert asks.count("accepted") == len(kept) + 1
        assert asks[-1] == "accepted"
