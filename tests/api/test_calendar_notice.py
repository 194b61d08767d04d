"""A holiday notice at the door: missed when it is not there, told to every open case when it is."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from adapters.books.calendar_table import import_notice
from adapters.calendar_file import CalendarYear, DaysOff, calendar_of, read_years
from adapters.tables.booking import bookings
from adapters.tables.cases import cases, policies
from adapters.yaml_files import FileRefused
from api.calendar_notice import bring_notice
from api.door.gateway import NotKnownYet
from api.door.retiming import retime_all, retime_some
from api.door.upkeep import upkeep
from domain.calendar import SHANGHAI, civil_date
from tests.api.conftest import STRANGER, Clock, House
from tests.api.test_bookings import P04, booked, insured_of

SHIPPED = read_years()
WITHIN = 20.0


def a_notice(folder: Path, today: date) -> Path:
    """A notice for the year of today that gives the next working day off."""
    (year,) = [one for one in SHIPPED if one.year == today.year]
    free = calendar_of(SHIPPED).nth_working_day_after(today, 1)
    more = year.model_copy(
        update={"holidays": (*year.holidays, DaysOff(name="加放", days_off=(free,)))}
    )
    path = folder / f"cn-{year.year}.yaml"
    path.write_text(_yaml(more), encoding="utf-8")
    return path


def _yaml(year: CalendarYear) -> str:
    lines = [f"year: {year.year}", f"status: {year.status}", "source: test", "holidays:"]
    for one in year.holidays:
        off, worked = (", ".join(map(str, days)) for days in (one.days_off, one.make_up))
        lines.append(f"  - {{name: {one.name}, days_off: [{off}], make_up: [{worked}]}}")
    return "\n".join(lines) + "\n"


async def enter(house: House, path: Path) -> None:
    await import_notice(house.database, path, at=house.clock(), shipped=SHIPPED)


async def k04(house: House, case_id: str) -> Any:
    """The working-day promise of a case, as soon as it is written."""
    async with asyncio.timeout(WITHIN):
        while True:
            view = (await house.get(f"/v1/deposit-waivers/{case_id}")).json()
            clocks = {clock["instance"]: clock for clock in view.get("clocks", [])}
            if "K04.1" in clocks:
                return clocks["K04.1"]
            await asyncio.sleep(0.05)


async def moved(house: House, case_id: str, was: str) -> Any:
    async with asyncio.timeout(WITHIN):
        while (clock := await k04(house, case_id))["due_at"] == was:
            await asyncio.sleep(0.05)
    return clock


async def numbers(house: House) -> dict[str, int]:
    async with house.database.connect() as connection:
        rows = await connection.execute(select(cases.c.case_id, cases.c.calendar_number))
        return {row.case_id: row.calendar_number for row in rows}


async def insure(house: House, id_number: str) -> None:
    """Another person with the same policy: one sum insured is promised once."""
    person = house.sealer.lookup_hash(id_number)
    async with house.database.begin() as connection:
        (known,) = (await connection.execute(select(policies))).mappings().all()
        other = dict(known) | {"policy_id": "p-test-2", "person_hash": person}
        await connection.execute(insert(policies).values(other))


# The notice that is missing ----------------------------------------------------------------------


def in_november(day: int) -> datetime:
    return datetime(2026, 11, day, 10, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "warning"),
    [
        (in_november(1), ""),
        (
            in_november(2),
            "59 official days ahead, fewer than 60: import the notice of 2027",
        ),
    ],
)
async def test_too_few_sure_days_are_told_and_make_nothing_unready(
    house: House, clock: Clock, at: datetime, warning: str
) -> None:
    clock.at = at
    ready = await house.client.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert ready.json()["ready"] is True
    assert ready.json()["warnings"]["calendar"] == warning
    measured = (await house.client.get("/metrics")).text
    assert f"greenlane_calendar_official_days {59 if warning else 60}.0" in measured


async def test_a_supervisor_is_asked_once_for_the_next_notice(house: House, clock: Clock) -> None:
    clock.at = in_november(1)
    await upkeep(house.app.state.door)
    assert (await house.get("/v1/tasks", "supervisor")).json()["items"] == []
    clock.at = in_november(2)
    for _ in range(2):
        await upkeep(house.app.state.door)
    (step,) = (await house.get("/v1/tasks", "supervisor")).json()["items"]
    assert (step["kind"], step["subject"]) == ("import_calendar", "2027年放假安排")
    assert step["due_civil"] == "2026-12-31 24:00"
    at = f"/v1/tasks/{step['task_id']}/completion"
    done = await house.post(at, {"action": "已向国务院办公厅网站核实, 尚未发布"}, "supervisor")
    assert done.status_code == 200, done.text
    await upkeep(house.app.state.door)  # closed is closed; readiness goes on warning
    assert (await house.get("/v1/tasks", "supervisor")).json()["items"] == []
    assert (await house.client.get("/readyz")).json()["warnings"]["calendar"]


# The notice that lands ---------------------------------------------------------------------------


async def test_an_open_case_is_timed_again_and_a_new_one_uses_the_new_table(
    worked: House, tmp_path: Path
) -> None:
    door = worked.app.state.door
    await upkeep(door)
    opened = (await worked.report()).json()["case_id"]
    before = await k04(worked, opened)
    await enter(worked, a_notice(tmp_path, civil_date(worked.clock())))
    assert await upkeep(door) == 1
    after = await moved(worked, opened, before["due_at"])
    assert after["due_at"] > before["due_at"]
    assert after["moves"] == 1
    view = (await worked.get(f"/v1/deposit-waivers/{opened}")).json()
    assert "retimed" in [line["event"] for line in view["timeline"]]
    async with worked.database.connect() as connection:
        told = await connection.execute(text("SELECT template FROM notices"))
        assert [row[0] for row in told].count("promise_moved") == 1

    assert await upkeep(door) == 0  # nobody is behind
    await insure(worked, STRANGER)
    fresh = (await worked.report(id_number=STRANGER)).json()["case_id"]
    assert (await k04(worked, fresh))["due_at"] == after["due_at"]
    assert set((await numbers(worked)).values()) == {door.calendars.table.number}


async def test_an_open_booking_is_told_as_well(worked: House, tmp_path: Path) -> None:
    door = worked.app.state.door
    await upkeep(door)
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    async with asyncio.timeout(WITHIN):  # until its first page is written
        while (await stage_of(worked, booking_id)) == "opening":
            await asyncio.sleep(0.05)
    assert await upkeep(door) == 0
    await enter(worked, a_notice(tmp_path, civil_date(worked.clock())))
    assert await upkeep(door) == 1
    assert await upkeep(door) == 0
    history = await worked.temporal.get_workflow_handle(booking_id).fetch_history()
    signals = [one.workflow_execution_signaled_event_attributes for one in history.events]
    assert [one.signal_name for one in signals].count("new_calendar") == 1


async def stage_of(house: House, booking_id: str) -> str:
    async with house.database.connect() as connection:
        found = select(bookings.c.stage).where(bookings.c.booking_id == booking_id)
        return str((await connection.execute(found)).scalar_one())


async def test_the_command_enters_the_notice_and_tells_the_cases_and_may_be_run_twice(
    worked: House, tmp_path: Path
) -> None:
    opened = (await worked.report()).json()["case_id"]
    before = await k04(worked, opened)
    path = a_notice(tmp_path, civil_date(worked.clock()))
    seen: list[tuple[int, int]] = []

    async def run() -> Any:
        return await bring_notice(
            worked.settings, path, worked.database, lambda done, of: seen.append((done, of))
        )

    first = await run()
    assert (first.entered, first.cases_told, first.cases_left) == (True, 1, 0)
    assert (first.changed_days[0].now, len(first.changed_days)) == ("休 / off", 1)
    assert seen == [(0, 1), (1, 1)]
    after = await moved(worked, opened, before["due_at"])
    again = await run()
    assert (again.entered, again.changed_days, again.cases_told) == (False, (), 0)
    assert (await k04(worked, opened)) == after


async def test_a_bad_file_is_refused_before_any_case_hears_of_it(
    house: House, tmp_path: Path
) -> None:
    path = tmp_path / "cn-2027.yaml"
    path.write_text("year: 2027\n", encoding="utf-8")
    with pytest.raises(FileRefused, match="status"):
        await bring_notice(house.settings, path, house.database, lambda *_: None)


async def test_a_pass_that_is_cut_off_goes_on_where_it_stopped(
    house: House, tmp_path: Path
) -> None:
    """Thousands of cases, a server that goes away, and one case that cannot be told."""
    door = house.app.state.door
    ids = [(await house.report(bed=f"{n}床", planned_admission=str(date(2027, 3, n)))).json()
           ["case_id"] for n in range(1, 8)]  # fmt: skip
    async with house.database.begin() as connection:
        # Without a worker nobody turns the first page.
        await connection.execute(update(cases).values(stage="reported", calendar_number=0))
        await connection.execute(
            update(cases).where(cases.c.case_id == ids[6]).values(stage="closed")
        )
    await enter(house, a_notice(tmp_path, civil_date(house.clock())))
    await door.calendars.refresh()
    table, told = door.calendars.table, list[str]()

    class Patchy:
        """A way to the cases on which the fourth signal is lost, and one is always refused."""

        async def signal(self, case_id: str, name: str, message: Any) -> None:
            if case_id == min(ids[:6]):
                raise RuntimeError
            if len(told) == 3:
                told.append("")
                raise NotKnownYet
            told.append(case_id)

    way: Any = Patchy()
    with pytest.raises(NotKnownYet):
        await retime_some(door.books, way, table, limit=5)
    assert sorted((await numbers(house)).values()) == [0, 0, 0, 0, *[table.number] * 3]

    progress: list[tuple[int, int]] = []

    async def pause() -> None:
        return None

    left = await retime_all(
        door.books, way, table, pause=pause, progress=lambda *at: progress.append(at)
    )
    assert left == 2
    assert progress == [(0, 3), (2, 3)]
    assert sorted(filter(None, told)) == sorted(set(ids[:6]) - {min(ids[:6])})
    async with door.books.unit() as unit:
        assert await unit.calendars.count_behind(table.number) == 1  # the next round tries again
