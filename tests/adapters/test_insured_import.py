"""A list of insured persons, read into a real database."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.encryption.keys import KeyRing, Sealer
from adapters.lists.files import ListFile
from adapters.lists.insured_import import InsuredReport, MostRemoved, Terms, import_insured
from adapters.lists.insured_rows import Codes
from adapters.lists.report import Remarks
from adapters.lists.versions import ListName
from adapters.tables.cases import policies
from adapters.tables.lists import imported_lists
from adapters.yaml_files import FileRefused
from tests.builders import programmes

DEMO = Path(__file__).parents[2] / "data" / "insured-demo.csv"
AT = datetime(2026, 4, 29, 12, tzinfo=UTC)
SEALER = Sealer(KeyRing([("test", bytes(32))]), bytes(32))
HEAD = DEMO.read_text("utf-8").splitlines()[0] + "\n"
GOOD = (
    "X-1,客户某甲,resident_id,110101190001010006,13800138000,designated_ci,"
    "500000.00,0.00,individual,2019-01-01,2099-12-31\n"
)


async def take(
    database: AsyncEngine,
    path: Path,
    version: str = "2026-01-01",
    *,
    partial: bool = False,
    errors: Path | None = None,
    rows_max: int = 1_000,
    removes_most: bool = False,
    codes: Codes | None = None,
) -> InsuredReport:
    name = ListName("insured", "bainian_deposit_waiver", version)
    with Remarks(path, errors) as remarks:
        return await import_insured(
            database,
            ListFile(path, rows_max=rows_max),
            Terms(
                name,
                SEALER,
                AT,
                partial=partial,
                removes_most=removes_most,
                codes=codes or Codes(),
            ),
            remarks=remarks,
        )


async def count(database: AsyncEngine) -> int:
    async with database.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(policies)) or 0)


def a_row(policy: str = "X-1", **changes: str) -> str:
    """A row of ours that holds; a test changes what it is about."""
    cells = dict(zip(HEAD.strip().split(","), GOOD.strip().split(","), strict=True))
    cells |= {"policy_no": policy} | changes
    return ",".join(cells.values()) + "\n"


def a_list(folder: Path, *rows: str, head: str = HEAD) -> Path:
    file = folder / "list.csv"
    file.write_text(head + "".join(rows), "utf-8")
    return file


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
    assert (await take(database, shorter, "2026-02-01")).removed == 1
    back = await take(database, DEMO)
    assert (back.updated, back.unchanged) == (1, 8)


async def test_a_list_that_takes_most_of_them_off_is_refused_with_the_counts_until_it_is_confirmed(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await take(database, DEMO)
    short = a_list(tmp_path, a_row("X-9"))
    with pytest.raises(MostRemoved, match=r"would remove 9 of 9 policies.*--removes-most"):
        await take(database, short, "2026-02-01")
    assert await count(database) == 9
    async with database.connect() as connection:
        gone = select(func.count()).where(policies.c.removed_at.is_not(None))
        assert await connection.scalar(gone) == 0
    taken = await take(database, short, "2026-02-01", removes_most=True)
    assert (taken.inserted, taken.removed) == (1, 9)


async def test_a_list_of_another_programme_is_refused_row_by_row(
    database: AsyncEngine, tmp_path: Path
) -> None:
    served = programmes()
    ours, theirs = (
        Codes.of(next(one for one in served if one.code == code), served)
        for code in ("bainian_deposit_waiver", "pingan_value_added")
    )
    with pytest.raises(FileRefused, match=r"line 2: product: .*is of bainian_deposit_waiver"):
        await take(database, DEMO, codes=theirs)
    wrong = a_list(tmp_path, a_row("X-1", sales_channel="nobody", product="youbei_ci"))
    with pytest.raises(
        FileRefused, match=r"line 2: sales_channel: .*; line 2: product: .*yuanmeng"
    ):
        await take(database, wrong, codes=ours)
    assert await count(database) == 0
    assert (await take(database, DEMO, codes=ours)).inserted == 9


ID = "110101190001010006"
OTHER = "110101190001010014"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([a_row(id_number="110101190001010007")], "line 2: id_number: 身份证校验位不符"),
        ([a_row(id_number="110101202602300017")], "line 2: id_number: .*impossible birthday"),
        ([a_row(id_number="110101209901010013")], "line 2: id_number: .*impossible birthday"),
        ([a_row(id_number="11010119000101")], "line 2: id_number: 身份证号须为18位"),
        ([a_row(sum_insured="5e5")], "line 2: sum_insured: 金额"),
        ([a_row(sum_insured="-1.00")], "line 2: sum_insured: 金额"),
        ([a_row(used="500000.01")], "line 2: used: 已用多于保额"),
        ([a_row(phone="12345")], "line 2: phone"),
        ([a_row(valid_from="2019-02-30")], "line 2: valid_from: 不是有效日期"),
        ([a_row(valid_from="1546300800")], "line 2: valid_from: 不是有效日期"),
        ([a_row(valid_to="2018-12-31")], "line 2: valid_to: 早于生效日期"),
        ([a_row(id_kind="library_card")], "line 2: id_kind"),
        ([a_row(name="")], "line 2: name: 空"),
        ([a_row(name="=HYPERLINK(1)")], "line 2: name: 公式不可导入"),
        ([a_row(product="+cmd")], "line 2: product: 公式不可导入"),
        ([a_row(product="@SUM(A1)")], "line 2: product: 公式不可导入"),
        ([a_row(product="＝1+1")], "line 2: product: 公式不可导入"),
        ([a_row(), a_row()], "line 3: policy_no: 保单已见于第2行"),
        ([a_row(), a_row("X-2")], "line 3: id_number: 此人同一产品同期另见第2行"),
        ([a_row(), a_row("X-2", name="客户某乙")], "line 3: name: 同一证件号在第2行姓名不同"),
    ],
)
async def test_a_list_with_a_wrong_row_is_refused_whole_without_repeating_it(
    database: AsyncEngine, tmp_path: Path, rows: list[str], why: str
) -> None:
    good = a_row("X-0", id_number=OTHER)
    with pytest.raises(FileRefused, match=why) as refused:
        await take(database, a_list(tmp_path, *rows, good))
    for secret in ("客户某", "1101011900010100", "13800138000"):
        assert secret not in str(refused.value)
    assert await count(database) == 0


async def test_a_person_may_hold_another_product_or_the_same_one_later(
    database: AsyncEngine, tmp_path: Path
) -> None:
    file = a_list(
        tmp_path,
        a_row("X-1", valid_to="2025-12-31"),
        a_row("X-2", valid_from="2026-01-01", valid_to="终身"),
        a_row("X-3", product="annual_medical"),
    )
    assert (await take(database, file)).inserted == 3


async def test_every_wrong_row_is_in_the_report_with_its_place_and_nobodys_data(
    database: AsyncEngine, tmp_path: Path
) -> None:
    report = tmp_path / "wrong.csv"
    file = a_list(
        tmp_path,
        a_row("X-1", id_number="110101190001010007", valid_from="2019-02-30"),
        a_row("X-2", id_number=OTHER, product=ID, phone="=1"),
        a_row("X-3", id_number=OTHER, phone="1390013800"),
    )
    with pytest.raises(FileRefused):
        await take(database, file, errors=report)
    with report.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("2", "id_number", "110101********0007"),
        ("2", "valid_from", "2019-02-30"),
        ("3", "phone", ""),
        ("4", "phone", "********00"),
    ]
    assert all(row[2] for row in rows)
    assert report.stat().st_mode & 0o077 == 0
    text_written = report.read_text("utf-8-sig")
    for secret in ("客户某甲", ID, OTHER, "1390013800"):
        assert secret not in text_written


async def test_what_is_good_is_kept_only_where_the_operator_asked_and_then_nobody_is_removed(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await take(database, DEMO)
    file = a_list(
        tmp_path,
        a_row("X-1", id_number="110101190001010200"),
        a_row("X-2", id_number="110101190001010081"),
        a_row("X-2", id_number="110101190001010081"),
    )
    with pytest.raises(FileRefused):
        await take(database, file, "2026-02-01")
    assert await count(database) == 9
    taken = await take(database, file, "2026-02-01", partial=True)
    assert (taken.read, taken.inserted, taken.refused_rows, taken.removed) == (3, 1, 2, 0)
    assert [one.line for one in taken.refused] == [2, 4]
    mended = a_list(tmp_path, a_row("X-2", id_number="110101190001010081"))
    whole = await take(database, mended, "2026-02-01", removes_most=True)
    assert (whole.unchanged, whole.removed) == (1, 9)


async def test_a_version_taken_whole_is_one_list_for_ever(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await take(database, DEMO)
    other = a_list(tmp_path, a_row())
    with pytest.raises(FileRefused, match="version 2026-01-01 was read with other content"):
        await take(database, other)
    assert await count(database) == 9
    async with database.connect() as connection:
        (row,) = (await connection.execute(select(imported_lists))).all()
    assert (row.kind, row.list_version, row.rows, row.partial) == (
        "insured",
        "2026-01-01",
        9,
        False,
    )


async def test_a_newer_list_that_says_the_same_touches_no_row(
    database: AsyncEngine, tmp_path: Path
) -> None:
    await take(database, DEMO)
    again = await take(database, DEMO, "2026-02-01")
    assert (again.updated, again.unchanged) == (0, 9)


async def test_more_rows_than_agreed_are_refused_with_the_line(
    database: AsyncEngine, tmp_path: Path
) -> None:
    with pytest.raises(FileRefused, match=r"line 9: .*more than 7 rows; --rows-max"):
        await take(database, DEMO, rows_max=7)
    assert await count(database) == 0


async def test_chinese_headings_and_what_a_list_may_say_beyond_the_least(
    database: AsyncEngine, tmp_path: Path
) -> None:
    head = (
        "保单号,被保险人姓名,身份证号,出生日期,险种,保额(元),渠道,生效日期,终止日期,犹豫期截止日,"
        "等待期(天),档次,续保次数,首次投保日,电话医生生效日,续期保费应交日,续期保费实交日\n"
    )
    row = f"X-1,客户某甲,{ID},1900/1/1,designated_ci,500000,个险,2026年1月1日,20261231,"
    days = "2024-01-20,2026/1/1,2026-01-09"
    file = a_list(tmp_path, row + f"2024-01-16,90,gold,2,2024-01-01,{days}\n", head=head)
    await take(database, file)
    async with database.connect() as connection:
        (one,) = (await connection.execute(select(policies))).all()
    assert (one.sum_insured_fen, one.sales_channel, one.id_kind) == (
        50_000_000,
        "individual",
        "resident_id",
    )
    assert (one.cooling_off_ends, one.product_waiting_days, one.tier, one.renewals) == (
        date(2024, 1, 16),
        90,
        "gold",
        2,
    )
    assert (one.first_effective_on, one.valid_to) == (date(2024, 1, 1), date(2026, 12, 31))
    assert (one.opened_on, one.premium_due_on, one.premium_paid_on) == (
        date(2024, 1, 20),
        date(2026, 1, 1),
        date(2026, 1, 9),
    )
    other_day = a_list(
        tmp_path, row.replace("1900/1/1", "1900/1/2") + "2024-01-16,90,a,2,,,,\n", head=head
    )
    with pytest.raises(FileRefused, match="line 2: id_number: 与出生日期不符"):
        await take(database, other_day, "2026-02-01")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "line 1: 缺少列“保单号”"),
        ("policy_no,name\n", "line 1: 缺少列“证件号码”"),
        (f"{HEAD.strip()},{ID}\n", "line 1: 第12列标题不认识"),
        (f"{HEAD.strip()},name\n", "line 1: .*'name' stands twice"),
        (HEAD + GOOD.strip() + ",more\n", "line 2: .*more cells than columns"),
        (HEAD + GOOD.replace("X-1", "X\x00"), "line 2: no readable CSV, a null byte"),
        (HEAD + "X" * 70_000, "line 2: .*the line is too long"),
        (HEAD + '"X' + "\nX" * 70_000, "no readable CSV"),
        (HEAD + GOOD.replace("客户某甲", "客" * 600), "line 2: name: 超过 500 字"),
    ],
)
async def test_a_file_that_is_no_such_list_is_refused(
    database: AsyncEngine, tmp_path: Path, content: str, why: str
) -> None:
    with pytest.raises(FileRefused, match=why) as refused:
        await take(database, a_list(tmp_path, content, head=""))
    assert ID not in str(refused.value)
    assert await count(database) == 0


async def test_a_list_in_another_encoding_is_read_when_the_operator_says_so(
    database: AsyncEngine, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes((HEAD + GOOD).encode("gb18030"))
    with pytest.raises(FileRefused, match="gb18030"):
        await take(database, file)
    name = ListName("insured", "bainian_deposit_waiver", "1")
    read = await import_insured(
        database, ListFile(file, encoding="gb18030"), Terms(name, SEALER, AT)
    )
    assert read.inserted == 1


async def test_a_row_with_a_cell_too_many_is_one_of_the_bad_lines_on_the_screen_and_in_the_file(
    database: AsyncEngine, tmp_path: Path
) -> None:
    report = tmp_path / "wrong.csv"
    file = a_list(
        tmp_path,
        a_row("X-1", phone="12345"),
        a_row("X-2", id_number=OTHER).strip() + ",more\n",
        a_row("X-3", valid_from="never"),
    )
    with pytest.raises(FileRefused, match=r"line 2: .*line 3: row: .*line 4: ") as refused:
        await take(database, file, errors=report)
    with report.open(encoding="utf-8-sig", newline="") as lines:
        assert [row[0] for row in list(csv.reader(lines))[1:]] == ["2", "3", "4"]
    assert "more:" not in str(refused.value)
