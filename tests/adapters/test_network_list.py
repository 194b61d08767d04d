"""A network's list of hospitals, read into a real database."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.lists.files import ListFile
from adapters.lists.network_list import NetworkListReport, import_network_list
from adapters.lists.versions import ListName
from adapters.tables.cases import hospitals, network_hospitals
from adapters.yaml_files import FileRefused

AT = datetime(2026, 4, 29, 12, tzinfo=UTC)
HEAD = "省份,城市,区县,医院名称,线上支付,二维码上线日,核心城市\n"


@pytest.fixture
async def directory(database: AsyncEngine) -> AsyncEngine:
    """Two hospitals of their own and two that share a name in one city."""
    places = (
        ("h-1", "江西省", "南昌市", "", "甲医院"),
        ("h-2", "江西省", "南昌市", "", "乙医院"),
        ("h-3", "江西省", "南昌市", "东区", "人民医院"),
        ("h-4", "江西省", "南昌市", "西区", "人民医院"),
    )
    names = ("id", "province", "city", "county", "name")
    rows = [dict(zip(names, place, strict=True)) | {"updated_at": AT} for place in places]
    async with database.begin() as connection:
        await connection.execute(insert(hospitals), rows)
    return database


async def take(
    database: AsyncEngine, path: Path, version: str = "2026-07-01", **how: Any
) -> NetworkListReport:
    name = ListName("network", "ruitai_ci", version)
    return await import_network_list(database, ListFile(path), name, at=AT, **how)


def a_list(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "network.csv"
    path.write_text(head + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


async def rows(database: AsyncEngine) -> list[tuple[Any, ...]]:
    columns = ("hospital_id", "online_payment", "qr_live_from", "core_city")
    query = select(*(network_hospitals.c[one] for one in columns)).order_by("hospital_id")
    async with database.connect() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def test_hospitals_are_found_by_place_and_name_or_by_their_id(
    directory: AsyncEngine, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "江西,南昌,,甲医院,是,2026/7/1,否", "江西省,南昌市,西区,人民医院,,,是")
    report = await take(directory, path)
    assert (report.read, report.inserted) == (2, 2)
    assert await rows(directory) == [
        ("h-1", True, date(2026, 7, 1), False),
        ("h-4", False, None, True),
    ]
    by_id = a_list(tmp_path, "h-2,whatever it is called", head="医院编号,医院名称\n")
    assert (await take(directory, by_id, "2026-08-01")).inserted == 1


async def test_a_workbook_says_the_same(directory: AsyncEngine, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["医院名称", "线上支付", "二维码上线日"])
    sheet.append(["甲医院", True, date(2026, 7, 1)])
    path = tmp_path / "network.xlsx"
    book.save(path)
    await take(directory, path)
    assert await rows(directory) == [("h-1", True, date(2026, 7, 1), False)]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("江西,南昌,,丙医院,,,", "line 3: name: .*the directory has no such hospital"),
        ("浙江,,,甲医院,,,", "line 3: name: .*the directory has no such hospital"),
        ("江西,南昌,,人民医院,,,", "line 3: name: .*several of that name"),
        ("江西,南昌,,乙医院,,,", "line 3: name: .*stands in line 2 already"),
        ("江西,南昌,,甲医院,maybe,,", "line 3: online_payment: .*yes or no"),
        ("江西,南昌,,甲医院,,2026-02-30,", "line 3: qr_live_from: 不是有效日期"),
        ('江西,南昌,,"=1+1",,,', "line 3: name: 公式不可导入"),
    ],
)
async def test_a_wrong_row_refuses_the_list_unless_the_rest_was_asked_for(
    directory: AsyncEngine, tmp_path: Path, row: str, why: str
) -> None:
    path = a_list(tmp_path, "江西,南昌,,乙医院,,,", row)
    with pytest.raises(FileRefused, match=why):
        await take(directory, path)
    assert await rows(directory) == []
    report = await take(directory, path, partial=True)
    assert (report.inserted, report.refused_rows) == (1, 1)
    assert [one[0] for one in await rows(directory)] == ["h-2"]


async def test_the_same_list_again_changes_nothing_and_a_version_stays_what_it_was(
    directory: AsyncEngine, tmp_path: Path
) -> None:
    path = a_list(tmp_path, "江西,南昌,,甲医院,是,,")
    await take(directory, path)
    again = await take(directory, path)
    assert (again.inserted, again.updated, again.unchanged, again.removed) == (0, 0, 1, 0)
    other = a_list(tmp_path, "江西,南昌,,乙医院,是,,")
    with pytest.raises(FileRefused, match="version 2026-07-01 was read with other content"):
        await take(directory, other)
    await take(directory, other, "2026-08-01")
    async with directory.connect() as connection:
        count = select(func.count()).select_from(network_hospitals)
        assert await connection.scalar(count) == 2


async def test_a_version_is_the_day_it_counts_from(directory: AsyncEngine, tmp_path: Path) -> None:
    path = a_list(tmp_path, "江西,南昌,,甲医院,是,,")
    for version in ("July", "2026-13-01", "2026-7-1"):
        with pytest.raises(FileRefused, match="the day it counts from"):
            await take(directory, path, version)
