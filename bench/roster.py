"""Reads one list in a process of its own, and says how long it took and how much memory it held.

`python -m bench.roster <database> <file> <version>` prints one line of JSON; the bench starts it
once a list, because the memory a process has held is a number of the whole process.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from stdnum.cn import ric

from adapters.database import open_database
from adapters.encryption.keys import KeyRing, Sealer
from adapters.lists.files import ListFile
from adapters.lists.insured_import import Terms, import_insured
from adapters.lists.versions import ListName
from adapters.temporal import runtime

HEADINGS = (
    "保单号", "姓名", "身份证号", "手机号", "产品", "保额", "渠道", "生效日期", "终止日期",
    "犹豫期截止日", "等待期(天)", "档次", "续保次数", "首次投保日",
)  # fmt: skip
BORN_FIRST = date(1950, 1, 1)
PROGRAMME = "bainian_deposit_waiver"
_A_DAY = 900  # persons born on one day: the digits that tell them apart


def write(path: Path, persons: int) -> None:
    """A list of so many fictitious persons, as CSV or xlsx by its name."""
    if path.suffix == ".xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet("名单")
        for row in _rows(persons):
            sheet.append(row)
        book.save(path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(_rows(persons))


def _rows(persons: int) -> Iterator[tuple[str, ...]]:
    yield HEADINGS
    for n in range(persons):
        born = BORN_FIRST + timedelta(days=n // _A_DAY)
        body = f"110101{born:%Y%m%d}{n % _A_DAY + 1:03d}"
        number = body + ric.calc_check_digit(f"{body}0")
        yield (
            f"BENCH-{n:08d}", f"客户{n}", number, f"138{n:08d}", "designated_ci", "500000.00",
            "个险", "2024-01-01", "2099-12-31", "2024-01-16", "90", "gold", "2", "2022-01-01",
        )  # fmt: skip


async def main() -> int:
    """Read the list that was named."""
    address, path, version = sys.argv[1:4]
    database = open_database(address)
    terms = Terms(
        ListName("insured", PROGRAMME, version),
        Sealer(KeyRing([("bench", bytes(32))]), bytes(32)),
        datetime.now(UTC),
        removes_most=True,
    )
    before, began = _peak_kib(), time.perf_counter()
    try:
        report = await import_insured(database, ListFile(Path(path)), terms)
    finally:
        await database.dispose()
    said: dict[str, Any] = {
        "rows": report.read,
        "seconds": time.perf_counter() - began,
        "before_kib": before,
        "peak_kib": _peak_kib(),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


def _peak_kib() -> int:
    """The most this process has held; the resource usage begins with what its parent held."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("this system does not say how much memory a process has held")


if __name__ == "__main__":
    sys.exit(runtime.run(main))
