"""Holiday notices in the database: entered once, corrected by another row, refused with reasons."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.house import HouseTask
from adapters.books.calendar_table import CalendarReport, CalendarShelf, import_notice
from adapters.calendar_file import CALENDARS, calendar_of, load_calendar, read_years
from adapters.house import HouseList
from adapters.tables.calendar import calendar_notices
from adapters.tables.cases import tasks
from adapters.yaml_files import FileRefused
from domain.calendar import YearStatus, wanted_notice
from domain.steps.kinds import TaskKind

AT = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
SHIPPED = read_years()

# Days as a notice might arrange them; the real one is not out.
NOTICE = """\
year: 2027
status: official
published: 2026-11-03
source: 国务院办公厅关于2027年部分节假日安排的通知
holidays:
  - {name: 元旦, days_off: [2027-01-01, 2027-01-02, 2027-01-03], make_up: [2026-12-27]}
  - name: 春节
    days_off: [2027-02-05, 2027-02-06, 2027-02-07, 2027-02-08, 2027-02-09, 2027-02-10, 2027-02-11]
    make_up: [2027-02-14]
  - {name: 劳动节, days_off: [2027-05-01, 2027-05-02, 2027-05-03, 2027-05-04, 2027-05-05]}
  - {name: 国庆, days_off: [2027-10-01, 2027-10-02, 2027-10-03, 2027-10-04, 2027-10-05]}
"""


def a_file(folder: Path, content: str = NOTICE) -> Path:
    path = folder / "cn-2027.yaml"
    path.write_text(content, encoding="utf-8")
    return path


async def entered(database: AsyncEngine, path: Path) -> CalendarReport:
    return await import_notice(database, path, at=AT, shipped=SHIPPED)


async def count(database: AsyncEngine) -> int:
    async with database.connect() as connection:
        found = await connection.execute(select(func.count()).select_from(calendar_notices))
        return int(found.scalar_one())


async def shelf_of(database: AsyncEngine, *, moved_by: int = 0) -> CalendarShelf:
    shelf = CalendarShelf(database, load_calendar().moved(moved_by))
    await shelf.refresh()
    return shelf


async def test_without_a_notice_the_table_is_the_one_given(database: AsyncEngine) -> None:
    shelf = await shelf_of(database)
    assert (shelf.table.number, shelf.table.entered_at) == (0, None)
    assert shelf.table.calendar == load_calendar()


async def test_the_shipped_files_are_entered_once(database: AsyncEngine) -> None:
    for _ in range(2):
        shelf = CalendarShelf(database, calendar_of(SHIPPED), shipped=SHIPPED)
        await shelf.refresh()
        assert shelf.table.number == len(SHIPPED) == await count(database)
        assert shelf.table.calendar == load_calendar()


async def test_a_notice_makes_its_year_official_and_says_which_days_changed(
    database: AsyncEngine, tmp_path: Path
) -> None:
    report = await entered(database, a_file(tmp_path))
    assert (report.year, report.status, report.entered) == (2027, YearStatus.OFFICIAL, True)
    assert {str(one.day): one.now for one in report.changed_days} == {
        "2026-12-27": "班 / working",  # a day of the year before
        "2027-02-11": "休 / off",
        "2027-02-14": "班 / working",
        "2027-04-05": "班 / working",
        "2027-05-05": "休 / off",
        "2027-06-09": "班 / working",
        "2027-09-15": "班 / working",
    }
    days = (await shelf_of(database)).table.calendar
    assert days.version == report.version
    assert days.is_working_day(date(2026, 12, 27))
    assert not days.is_working_day(date(2027, 5, 5))
    assert days.official_until(date(2026, 11, 4)) == date(2027, 12, 31)


async def test_the_same_notice_again_changes_nothing(database: AsyncEngine, tmp_path: Path) -> None:
    first = await entered(database, a_file(tmp_path))
    number = (await shelf_of(database)).table.number
    renamed = NOTICE.replace("元旦", "新年")
    again = await entered(database, a_file(tmp_path, renamed))
    assert (again.entered, again.changed_days) == (False, ())
    assert again.version == first.version
    assert (await shelf_of(database)).table.number == number


async def test_two_who_enter_it_at_once_enter_it_once(
    database: AsyncEngine, tmp_path: Path
) -> None:
    path = a_file(tmp_path)
    reports = await asyncio.gather(*(entered(database, path) for _ in range(3)))
    assert sorted(report.entered for report in reports) == [False, False, True]
    assert await count(database) == len(SHIPPED) + 1


async def test_a_correction_counts_and_a_restart_does_not_take_it_back(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await entered(database, a_file(tmp_path))
    corrected = NOTICE.replace(", make_up: [2026-12-27]", "")
    report = await entered(database, a_file(tmp_path, corrected))
    assert [str(one.day) for one in report.changed_days] == ["2026-12-27"]
    shelf = CalendarShelf(database, calendar_of(SHIPPED), shipped=SHIPPED)
    await shelf.refresh()
    assert not shelf.table.calendar.is_working_day(date(2026, 12, 27))
    assert shelf.table.calendar.status_of(date(2027, 5, 5)) is YearStatus.OFFICIAL
    back = await entered(database, a_file(tmp_path))  # and back again, on purpose
    assert back.entered


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("status: official", "status: sure"), "line 2: status: Input should be"),
        (("2027-02-14", "2028-02-13"), "line 9: 2028-02-13 (春节) is not a day of 2027"),
        (("2027-02-14", "2027-02-15"), "2027-02-15 (春节) is a make-up day but not a Saturday"),
        (("2027-02-14", "2027-02-07"), "2027-02-07 (春节) is a make-up day and a day off"),
        (("2027-02-06, 2027", "2027-02-05, 2027"), "2027-02-05 (春节) is listed twice"),
        (("2027-10-01, ", ""), "2027-10-01 is a day off by law and is not listed"),
        (("source:", "sauce:"), "sauce: Extra inputs"),
        (
            ("2027-02-14", "2027-02-31"),
            "line 9: holidays.1.make_up.0: Input should be a valid date",
        ),
        (("year: 2027", "year: 2031"), "is not a day of 2031"),
        (("holidays:", "holidays: none\nx:"), "holidays"),
    ],
)
async def test_a_notice_that_does_not_hold_is_refused_and_nothing_is_entered(
    database: AsyncEngine, tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        await entered(database, a_file(tmp_path, NOTICE.replace(*change)))
    assert reason in str(refused.value)
    assert str(refused.value).startswith("cn-2027.yaml: ")
    assert await count(database) == 0


async def test_every_wrong_row_is_named(database: AsyncEngine, tmp_path: Path) -> None:
    wrong = NOTICE.replace("2027-02-14", "2027-02-15").replace("2027-05-05", "2028-05-05")
    with pytest.raises(FileRefused) as refused:
        await entered(database, a_file(tmp_path, wrong))
    assert [part.partition(":")[0] for part in refused.value.reason.split("; ")] == [
        "line 9",
        "line 10",
    ]


async def test_an_estimate_takes_no_notices_place_and_no_year_is_left_out(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await entered(database, a_file(tmp_path))
    with pytest.raises(FileRefused, match="2027 is official already"):
        await entered(database, CALENDARS / "cn-2027.yaml")
    ahead = tmp_path / "cn-2031.yaml"
    ahead.write_text(NOTICE.replace("2027-", "2031-").replace("year: 2027", "year: 2031")
                     .replace("make_up: [2031-02-14]", "make_up: []")
                     .replace(", make_up: [2026-12-27]", ""), encoding="utf-8")  # fmt: skip
    with pytest.raises(FileRefused, match="the table ends in 2028; import 2030 first"):
        await entered(database, ahead)


async def test_what_contradicts_the_year_before_is_refused(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await entered(database, a_file(tmp_path))
    earlier = (CALENDARS / "cn-2026.yaml").read_text(encoding="utf-8")
    path = tmp_path / "cn-2026.yaml"
    path.write_text(earlier.replace("2026-01-03]", "2026-01-03, 2026-12-27]"), encoding="utf-8")
    with pytest.raises(FileRefused, match="2026-12-27 is both a day off and a make-up day"):
        await entered(database, path)


async def test_a_moved_story_reads_the_table_moved(database: AsyncEngine, tmp_path: Path) -> None:
    await entered(database, a_file(tmp_path))
    moved = (await shelf_of(database, moved_by=364)).table.calendar
    assert moved == (await shelf_of(database)).table.calendar.moved(364)


async def test_the_notice_closes_the_step_that_asked_for_it(
    database: AsyncEngine, tmp_path: Path
) -> None:
    for year in (2027, 2028):
        step = HouseTask(about=wanted_notice(year), kind=TaskKind.IMPORT_CALENDAR, at=AT)
        assert await HouseList(database).open(step)
    await entered(database, a_file(tmp_path))
    async with database.connect() as connection:
        rows = await connection.execute(select(tasks.c.subject, tasks.c.closed_by, tasks.c.done))
        assert {tuple(row) for row in rows} == {
            ("2027年放假安排", "import", True),
            ("2028年放假安排", None, None),
        }


async def test_a_notice_stands_for_ever(database: AsyncEngine, tmp_path: Path) -> None:
    await entered(database, a_file(tmp_path))
    for act in ("UPDATE calendar_notices SET year = 1", "DELETE FROM calendar_notices"):
        async with database.connect() as connection:
            with pytest.raises(Exception, match="only grows"):
                await connection.execute(text(act))
