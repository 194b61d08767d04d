"""Lists as xlsx, files that only look like one, and an import that is killed in the middle."""

import asyncio
import os
import signal
import sys
import zipfile
from collections import deque
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.lists import xlsx as xlsx_files
from adapters.lists.files import Column, ListFile
from adapters.lists.insured_import import Terms, import_insured
from adapters.lists.versions import ListName
from adapters.tables.cases import policies
from adapters.tables.lists import imported_lists
from adapters.yaml_files import FileRefused
from tests.adapters.test_insured_import import AT, DEMO, GOOD, HEAD, SEALER, a_row
from tests.house.files import ROOT

NAME = ListName("insured", "bainian_deposit_waiver", "2026-07-01")
TITLES = ["保单号", "姓名", "身份证号", "手机号", "产品", "保额", "渠道", "生效日期", "终止日期"]
PERSON = [
    "X-1", "客户某甲", "110101190001010006", 13800138000, "designated_ci", 500000, "个险",
    date(2019, 1, 1), datetime(2099, 12, 31),  # noqa: DTZ001 - a sheet knows no zone
]  # fmt: skip


def workbook(folder: Path, *rows: list[Any], titles: list[str] = TITLES) -> Path:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("名单")
    for row in (titles, *rows):
        sheet.append(row)
    path = folder / "list.xlsx"
    book.save(path)
    return path


def changed(number: int, value: Any) -> list[Any]:
    return [*PERSON[:number], value, *PERSON[number + 1 :]]


async def take(database: AsyncEngine, path: Path, **how: Any) -> Any:
    return await import_insured(database, ListFile(path, **how), Terms(NAME, SEALER, AT))


async def count(database: AsyncEngine) -> int:
    async with database.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(policies)) or 0)


async def test_a_workbook_is_read_as_a_csv_is(database: AsyncEngine, tmp_path: Path) -> None:
    path = workbook(tmp_path, PERSON, [None] * 9, [])
    assert (await take(database, path)).inserted == 1
    async with database.connect() as connection:
        (row,) = (await connection.execute(select(policies))).all()
    assert (row.sum_insured_fen, row.valid_to) == (50_000_000, date(2099, 12, 31))
    assert SEALER.open_text(row.phone, "policies.phone") == "13800138000"
    assert row.person_hash == SEALER.lookup_hash("110101190001010006")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (changed(5, "=500000+1"), "line 3: sum_insured: 公式不可导入"),
        (changed(1, "=CMD()"), "line 3: name: 公式不可导入"),
        (changed(2, 110101190001010006), "line 3: id_number: 长数字被表格截断"),
        (changed(5, 500000.123), "line 3: sum_insured: 金额"),
        (changed(7, datetime(2019, 1, 1, 8, 30)), "line 3: valid_from: 日期带有时刻"),  # noqa: DTZ001
        (changed(7, time(8, 30)), "line 3: valid_from: 单元格类型不可导入"),
        (changed(4, "#REF!"), "line 3: product: 错误值"),
        (changed(8, 43466), "line 3: valid_to: 不是有效日期"),
        ([*PERSON, "more"], "line 3: .*more cells than columns"),
    ],
)
async def test_a_cell_that_cannot_be_taken_is_named_with_its_place(
    database: AsyncEngine, tmp_path: Path, row: list[Any], why: str
) -> None:
    with pytest.raises(FileRefused, match=why):
        await take(database, workbook(tmp_path, changed(0, "X-0"), row))
    assert await count(database) == 0


async def test_of_several_sheets_one_is_named(database: AsyncEngine, tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["说明"])  # type: ignore[union-attr]
    book.create_sheet("名单").append(TITLES)
    book["名单"].append(PERSON)
    path = tmp_path / "list.xlsx"
    book.save(path)
    with pytest.raises(FileRefused, match="2 sheets"):
        await take(database, path)
    with pytest.raises(FileRefused, match="0 sheets"):
        await take(database, path, sheet="名册")
    assert (await take(database, path, sheet="名单")).inserted == 1


def packed(path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Path:
    """The same workbook with its parts changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in change(parts).items():
            archive.writestr(name, content)
    return path


def sheet_of(rows: bytes) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    head, tail = b"<sheetData>", b"</sheetData>"

    def change(parts: dict[str, bytes]) -> dict[str, bytes]:
        old = parts["xl/worksheets/sheet1.xml"]
        new = old[: old.index(head) + len(head)] + rows + old[old.index(tail) :]
        return parts | {"xl/worksheets/sheet1.xml": new}

    return change


def with_part(name: str, content: bytes) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda parts: parts | {name: content}


def renamed_strings(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Strings under a name whose size is not looked at."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/worksheets/sheet9.xml" ContentType="{kind}"/></Types>'
    types = parts["[Content_Types].xml"].replace(b"</Types>", part.encode())
    return parts | {"[Content_Types].xml": types, "xl/worksheets/sheet9.xml": b"<sst/>"}


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">&b;</styleSheet>'
)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_part("xl/worksheets/sheet2.xml", b"A" * 40_000_000), "packed too well, a zip bomb"),
        (with_part("xl/styles.xml", os.urandom(9_000_000)), "a part of it is too large"),
        (with_part("xl/vbaProject.bin", b"x"), "it holds macros"),
        (with_part("xl/styles.xml", ENTITIES), "no readable xlsx"),
        (lambda parts: {"xl/a.xml": b"", "readme.txt": b""}, "it holds no workbook"),
        (lambda parts: parts | {f"p{n}": b"" for n in range(1_001)}, "too many parts"),
        (renamed_strings, "a part stands where it should not"),
        (sheet_of(b"<row><c t='s'><v>99999</v></c></row>"), "no readable xlsx"),
        (sheet_of(b"<row><broken"), "no readable xlsx"),
        (sheet_of(b""), "line 1: 缺少列"),
        (
            sheet_of(b'<row><c t="inlineStr" r="ZZ1"><is><t>x</t></is></c></row>'),
            "line 1: 缺少列",
        ),
    ],
)  # fmt: skip
async def test_an_archive_that_is_no_list_is_refused_before_it_is_unpacked(
    database: AsyncEngine, tmp_path: Path, change: Any, why: str
) -> None:
    path = packed(workbook(tmp_path, PERSON), change)
    with pytest.raises(FileRefused, match=why):
        await take(database, path)
    assert await count(database) == 0


async def test_a_bomb_spread_over_many_parts_is_refused_by_what_it_would_become(
    database: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path, PERSON)
    monkeypatch.setattr(xlsx_files, "UNPACKED_MAX", 1_000)
    with pytest.raises(FileRefused, match="unpacks to more, a zip bomb"):
        await take(database, path)


async def test_a_row_far_beyond_the_sheet_ends_the_reading(
    database: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_files, "LINES_MAX", 100)
    far = b'<row r="99999999999"><c><v>1</v></c></row></sheetData>'
    path = packed(
        workbook(tmp_path, PERSON),
        lambda parts: {
            name: content.replace(b"</sheetData>", far) for name, content in parts.items()
        },
    )
    with pytest.raises(FileRefused, match=r"line 101: .*beyond the last row"):
        await take(database, path)
    assert await count(database) == 0


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("list.xlsx", b"policy_no,name\n", "this is no xlsx file"),
        ("list.xlsx", b"", "this is no xlsx file"),
        ("list.xlsx", b"PK\x03\x04" + b"\x00" * 60, "this is no xlsx file"),
        ("list.xlsx", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "an old .xls or protected"),
        ("list.csv", b"PK\x03\x04\x14\x00\x06\x00\x08\x00\xff", "no readable CSV"),
        ("list.pdf", b"%PDF", "only .csv and .xlsx"),
    ],
)
async def test_a_file_under_another_kinds_name_is_refused(
    database: AsyncEngine, tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=why):
        await take(database, path)


KILLED = """
import asyncio, sys
from pathlib import Path
from adapters.database import open_database
from adapters.lists.insured_import import import_insured
from adapters.lists.files import Column, ListFile
from tests.adapters.test_list_files import LONG_TERMS

def progress(done, total):
    if total == {stop}:
        print("here", flush=True)
        sys.stdin.read()

asyncio.run(import_insured(
    open_database(sys.argv[1]), ListFile(Path(sys.argv[2])), LONG_TERMS, progress=progress
))
"""
LONG_TERMS = Terms(ListName("insured", NAME.programme, "2026-08-01"), SEALER, AT, removes_most=True)


@pytest.mark.parametrize("stop", [0, 1])
async def test_an_import_killed_in_the_middle_leaves_nothing_and_can_be_begun_again(
    database: AsyncEngine, database_url: str, tmp_path: Path, stop: int
) -> None:
    """Killed while rows are gathered, and when all is written but not committed."""
    path = tmp_path / "list.csv"
    path.write_text(HEAD + a_row("X-9"), "utf-8")
    await take(database, DEMO)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED.format(stop=stop), database_url, str(path),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with database.connect() as connection:
        seen = await connection.execute(select(policies.c.removed_at))
        assert [row.removed_at for row in seen] == [None] * 9
        lists = await connection.execute(select(imported_lists.c.list_version))
        assert [row.list_version for row in lists] == ["2026-07-01"]
    again = await import_insured(database, ListFile(path), LONG_TERMS)
    assert (again.inserted, again.removed) == (1, 9)


async def test_two_imports_of_one_programme_take_turns(
    database: AsyncEngine, tmp_path: Path
) -> None:
    lists = []
    for number, person in (("A", "110101190001010006"), ("B", "110101190001010014")):
        path = tmp_path / f"{number}.csv"
        path.write_text(HEAD + GOOD.replace("X-1", number).replace(GOOD.split(",")[3], person))
        terms = Terms(ListName("insured", NAME.programme, number), SEALER, AT)
        lists.append(import_insured(database, ListFile(path), terms))
    reports = await asyncio.gather(*lists)
    assert sorted(one.removed for one in reports) == [0, 1]
    async with database.connect() as connection:
        there = select(func.count()).where(policies.c.removed_at.is_(None))
        assert await connection.scalar(there) == 1


def test_two_hundred_thousand_rows_are_refused_with_the_line_unless_the_operator_says_so(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a\n" + "1\n" * 200_000, "utf-8")
    columns = (Column("a", ()),)
    with pytest.raises(FileRefused, match=r"line 150002: .*more than 150,000 rows; --rows-max"):
        deque(ListFile(path).rows(columns), maxlen=0)
    read = deque(ListFile(path, rows_max=200_000).rows(columns), maxlen=1)
    assert read[0].line == 200_001
