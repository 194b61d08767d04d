"""The hospital list and a network, read into a real database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.lists.hospital_import import import_hospitals
from adapters.lists.network_import import import_network
from adapters.tables.cases import hospitals, network_hospitals
from adapters.yaml_files import FileRefused

DATA = Path(__file__).parents[2] / "data"
LIST = DATA / "hospitals.csv"
NETWORK = DATA / "networks" / "bainian_deposit_waiver.yaml"
AT = datetime(2026, 4, 29, 12, tzinfo=UTC)
HEAD = "province,city_code,city,county,name,level,designated,address,source,published\n"


async def test_all_rows_are_read_and_what_could_not_be_read_is_said(database: AsyncEngine) -> None:
    seen: list[tuple[int, int]] = []
    report = await import_hospitals(
        database, LIST, at=AT, progress=lambda done, total: seen.append((done, total))
    )
    assert report.read == 6_753
    assert report.hospitals == report.inserted == 6_716
    assert report.graded == 1_512
    assert len(report.duplicates) == 37
    assert len(report.namesakes) == 3
    assert len(report.unreadable) == 14
    assert not report.refused
    assert {note.text for note in report.unreadable if "省级" in note.text} == {
        "等级“省级”：行政隶属，不是医院等级"
    }
    assert seen[-1] == (6_716, 6_716)
    async with database.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(hospitals)) == 6_716


async def test_importing_twice_changes_nothing(database: AsyncEngine) -> None:
    first = await import_hospitals(database, LIST, at=AT)
    again = await import_hospitals(database, LIST, at=AT)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, first.hospitals)
    network = await import_network(database, NETWORK)
    network_again = await import_network(database, NETWORK)
    assert (network_again.inserted, network_again.updated, network_again.removed) == (0, 0, 0)
    assert network_again.unchanged == network.hospitals


async def test_a_changed_row_is_updated_and_keeps_its_id(
    database: AsyncEngine, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(HEAD + "江西省,360100,南昌市,,甲医院,二级,,一路1号,x,2020-01-22\n", "utf-8")
    await import_hospitals(database, file, at=AT)
    file.write_text(HEAD + "江西省,360100,南昌市,,甲医院,三甲,,一路1号,x,2020-01-22\n", "utf-8")
    report = await import_hospitals(database, file, at=AT)
    assert (report.inserted, report.updated) == (0, 1)
    async with database.connect() as connection:
        (row,) = (await connection.execute(select(hospitals))).all()
    assert (row.grade, row.sub_grade) == (3, "甲")


async def test_a_row_that_stands_twice_is_one_hospital_and_fills_what_was_empty(
    database: AsyncEngine, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        HEAD
        + "江西省,360100,南昌市,,甲医院,,,,x,\n"
        + "江西省,360100,南昌市,,甲医院,三甲,,一路1号,x,2020-01-22\n"
        + "江西省,360100,南昌市,某区,甲医院,二级,,,x,\n",
        "utf-8",
    )
    report = await import_hospitals(database, file, at=AT)
    assert report.hospitals == 2
    assert [note.line for note in report.duplicates] == [3]
    assert [note.line for note in report.namesakes] == [4]
    async with database.connect() as connection:
        rows = (await connection.execute(select(hospitals).order_by("county"))).all()
    assert [(row.grade, row.address) for row in rows] == [(3, "一路1号"), (2, "")]


async def test_the_network_is_drawn_by_its_rule(database: AsyncEngine) -> None:
    await import_hospitals(database, LIST, at=AT)
    report = await import_network(database, NETWORK)
    async with database.connect() as connection:
        found = await connection.execute(
            select(hospitals, network_hospitals).join(
                network_hospitals, network_hospitals.c.hospital_id == hospitals.c.id
            )
        )
        rows = found.all()
    assert len(rows) == report.hospitals > 800
    assert all(row.grade >= 2 for row in rows)
    assert not [row for row in rows if row.province.startswith(("内蒙古", "青海", "西藏"))]
    assert all(row.online_payment == (row.grade == 3) for row in rows)
    (demo,) = [row for row in rows if row.name == "南昌大学第一附属医院"]
    assert (demo.grade, demo.sub_grade, demo.online_payment, demo.core_city) == (
        3,
        "甲",
        True,
        True,
    )
    assert demo.qr_live_from.year == 2019


async def test_a_hospital_the_rule_no_longer_covers_leaves_the_version(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await import_hospitals(database, LIST, at=AT)
    whole = await import_network(database, NETWORK)
    narrower = tmp_path / "network.yaml"
    narrower.write_text(
        NETWORK.read_text("utf-8").replace("\ngrade_min: 2", "\ngrade_min: 3"), "utf-8"
    )
    report = await import_network(database, narrower)
    assert report.hospitals + report.removed == whole.hospitals
    assert report.removed > 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "column 'province' is missing"),
        (b"province,name\n", "column 'city_code' is missing"),
        (HEAD.encode() + b"a,b,c,d,e,f,g,h,i,j,k\n", "more cells than columns"),
        (HEAD.encode() + b"\xff\xfe\n", "no readable CSV"),
        (HEAD.encode() + b"a\x00b\n", "no readable CSV"),
    ],
)
async def test_a_file_that_is_no_hospital_list_is_refused_and_nothing_is_written(
    database: AsyncEngine, tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    with pytest.raises(FileRefused, match=why):
        await import_hospitals(database, file, at=AT)
    async with database.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(hospitals)) == 0


async def test_a_row_without_a_name_is_reported_with_its_line(
    database: AsyncEngine, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(HEAD + "江西省,360100,南昌市,, ,三甲,,,x,\n", "utf-8")
    report = await import_hospitals(database, file, at=AT)
    assert [(note.line, note.text) for note in report.refused] == [(2, "没有名称或省份")]
