"""A list of insured persons, read into a real database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.encryption import KeyRing, Sealer
from adapters.insured_import import InsuredReport, import_insured
from adapters.tables import policies
from adapters.yaml_files import FileRefused

DEMO = Path(__file__).parents[2] / "data" / "insured-demo.csv"
AT = datetime(2026, 4, 29, 12, tzinfo=UTC)
SEALER = Sealer(KeyRing([("test", bytes(32))]), bytes(32))
HEAD = DEMO.read_text("utf-8").splitlines()[0] + "\n"
GOOD = (
    "X-1,客户某甲,resident_id,110101190001010006,13800138000,designated_ci,"
    "500000.00,0.00,individual,2019-01-01,2099-12-31\n"
)


async def take(database: AsyncEngine, path: Path) -> InsuredReport:
    return await import_insured(
        database,
        path,
        programme="bainian_deposit_waiver",
        list_version="2026-01-01",
        sealer=SEALER,
        at=AT,
    )


async def test_the_demo_list_is_read_and_a_person_is_found_by_the_keyed_hash(
    database: AsyncEngine,
) -> None:
    report = await take(database, DEMO)
    assert (report.read, report.inserted) == (9, 9)
    async with database.connect() as connection:
        found = await connection.execute(
            select(policies).where(
                policies.c.person_hash == SEALER.lookup_hash("110101190001010006")
            )
        )
        (row,) = found.all()
    assert row.sum_insured_fen == 50_000_000
    assert SEALER.open_text(row.name, "policies.name") == "客户某甲"
    assert SEALER.open_text(row.policy_no, "policies.policy_no") == "BN-DEMO-0001"


async def test_no_personal_data_is_readable_in_the_table(database: AsyncEngine) -> None:
    await take(database, DEMO)
    async with database.connect() as connection:
        dump = str((await connection.execute(text("SELECT policies::text FROM policies"))).all())
    for secret in ("客户某", "110101190001010006", "13800138000", "BN-DEMO", "P00000001"):
        assert secret not in dump
        assert secret.encode().hex() not in dump


async def test_the_same_list_again_changes_nothing(database: AsyncEngine) -> None:
    await take(database, DEMO)
    again = await take(database, DEMO)
    assert (again.inserted, again.updated, again.unchanged, again.removed) == (0, 0, 9, 0)


async def test_a_person_who_left_the_list_keeps_the_row_and_the_day(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await take(database, DEMO)
    shorter = tmp_path / "list.csv"
    shorter.write_text("".join(DEMO.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    assert (await take(database, shorter)).removed == 1
    back = await take(database, DEMO)
    assert (back.updated, back.unchanged) == (1, 8)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (GOOD.replace("010006", "010007"), "line 2: row: .*resident ID number does not hold"),
        (GOOD.replace("500000.00", "5e5"), "line 2: 金额"),
        (GOOD.replace("500000.00", "-1.00"), "line 2: 金额"),
        (GOOD.replace(",0.00,", ",500000.01,"), "more is used than is insured"),
        (GOOD.replace("13800138000", "12345"), "line 2: phone"),
        (GOOD.replace("2019-01-01", "2019-02-30"), "line 2: valid_from"),
        (GOOD.replace("2099-12-31", "2018-12-31"), "valid_to lies before valid_from"),
        (GOOD.replace("resident_id", "library_card"), "line 2: id_kind"),
        (GOOD + GOOD, "line 3: the policy stands in line 2"),
    ],
)
async def test_a_list_with_a_wrong_row_is_refused_whole_without_repeating_it(
    database: AsyncEngine, tmp_path: Path, row: str, why: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(HEAD + row, "utf-8")
    with pytest.raises(FileRefused, match=why) as refused:
        await take(database, file)
    for secret in ("客户某甲", "11010119000101", "13800138000"):
        assert secret not in str(refused.value)
    async with database.connect() as connection:
        assert (await connection.execute(select(policies))).all() == []
