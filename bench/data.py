"""What programmes, eligibility and lists cost, without a case: `python -m bench.data`.

A part of `make bench`. The lists are fictitious and read on a real PostgreSQL, each in a process of
its own.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from adapters.calendar_file import load_calendar
from adapters.programmes.files import load_programmes
from adapters.temporal import runtime
from bench.house import servers
from bench.roster import write
from domain.calendar import WorkCalendar
from domain.eligibility import Facts, judge
from domain.programmes.programme import Programme
from domain.programmes.services import PreconditionCode

CHECK_MAX_MS: Final = 1.0
GROWTH_MAX: Final = 1.5
"""The marks: a check at the median; ten times the rows in so many times the memory added."""
ROWS: Final = 100_000
FEW: Final = 10_000
_LOADS: Final = 5
_CHECKS: Final = 300
_ON: Final = date(2026, 6, 17)


@dataclass(frozen=True)
class Read:
    """One list that was read."""

    name: str
    rows: int
    seconds: float
    added_mib: float  # memory held at most, beyond what the process held before
    peak_mib: float


async def measure(console: Console, address: str, rows: int = ROWS) -> None:
    """Measure and print; `address` is a migrated database's."""
    table = Table(title="data: programmes and eligibility")
    for name in ("", "measured", "mark"):
        table.add_column(name, justify="left" if not name else "right")
    loads = [_seconds(load_programmes) * 1000 for _ in range(_LOADS)]
    known = load_programmes()
    table.add_row(
        f"load {len(known)} programmes, median, ms", f"{statistics.median(loads):.0f}", ""
    )
    calendar = load_calendar()
    checks = sorted(_check(one, code, calendar) for one in known for code in _codes(one))
    median = statistics.median(checks)
    reached = "reached" if median < CHECK_MAX_MS else "missed"
    table.add_row(
        f"eligibility check, median of {len(checks)} services, ms",
        f"{median:.3f}",
        f"< {CHECK_MAX_MS:.0f} {reached}",
    )
    table.add_row("the slowest service's, ms", f"{checks[-1]:.3f}", "")
    table.add_row("eligibility checks per second", f"{1000 / statistics.mean(checks):,.0f}", "")
    console.print(table)
    console.print(_lists(await _read_all(address, rows)))


def _lists(reads: list[Read]) -> Table:
    table = Table(title="lists of insured persons")
    for name in ("", "rows", "rows/s", "memory added, MiB", "peak, MiB"):
        table.add_column(name, justify="left" if not name else "right")
    for one in reads:
        table.add_row(
            one.name,
            f"{one.rows:,}",
            f"{one.rows / one.seconds:,.0f}",
            f"{one.added_mib:.0f}",
            f"{one.peak_mib:.0f}",
        )
    few, many = reads[0], reads[1]
    growth = many.added_mib / max(few.added_mib, 1)
    reached = "reached" if growth <= GROWTH_MAX else "missed"
    table.caption = (
        f"CSV: {many.rows / few.rows:.0f} times the rows, {growth:.2f} times the memory added: "
        f"≤ {GROWTH_MAX} {reached}"
    )
    return table


async def _read_all(address: str, rows: int) -> list[Read]:
    reads = []
    with tempfile.TemporaryDirectory(prefix="gl-lists-") as folder:
        lists = (
            ("CSV, few", "few.csv", min(FEW, rows), "1"),
            ("CSV, all new", "many.csv", rows, "2"),
            ("CSV, the same again", "many.csv", rows, "3"),
            ("xlsx, the same again", "many.xlsx", rows, "4"),
        )
        for name, file, count, version in lists:
            path = Path(folder) / file
            if not path.exists():
                write(path, count)
            reads.append(await _read(name, address, path, version))
    return reads


async def _read(name: str, address: str, path: Path, version: str) -> Read:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.roster", address, str(path), version,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    written, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{name}: the list was not read")
    said: dict[str, Any] = json.loads(written)
    return Read(
        name=name,
        rows=said["rows"],
        seconds=said["seconds"],
        added_mib=(said["peak_kib"] - said["before_kib"]) / 1024,
        peak_mib=said["peak_kib"] / 1024,
    )


def _codes(programme: Programme) -> list[str]:
    return [service.code for service in programme.services]


def _check(programme: Programme, service: str, calendar: WorkCalendar) -> float:
    """Milliseconds of one check with everything known, the mean of many."""
    facts = Facts(
        asked_on=_ON,
        service=service,
        insured_on_list=True,
        for_insured_self=True,
        product=programme.products[0].code if programme.products else None,
        policy_from=date(2025, 7, 1),
        policy_to=date(2027, 6, 30),
        product_waiting_days=90,
        cooling_off_ends=date(2025, 7, 16),
        sales_channel="internet",
        sum_insured_fen=50_000_000,
        sum_insured_left_fen=50_000_000,
        quota_used=0,
        diagnosis="confirmed",
        diagnosed_on=date(2026, 6, 1),
        diagnosed_at_grade=3,
        preconditions=frozenset(PreconditionCode),
        hospital_known=True,
        hospital_grade=3,
        hospital_on_network=True,
        planned_on=_ON + timedelta(days=20),
    )
    began = time.perf_counter()
    for _ in range(_CHECKS):
        judge(facts, programme, calendar)
    return (time.perf_counter() - began) / _CHECKS * 1000


def _seconds(body: Callable[[], object]) -> float:
    began = time.perf_counter()
    body()
    return time.perf_counter() - began


async def _alone() -> int:
    rows = FEW if "--quick" in sys.argv[1:] else ROWS
    async with servers() as running:
        await measure(Console(highlight=False, width=100), running.settings.libpq_url, rows)
    return 0


if __name__ == "__main__":
    sys.exit(runtime.run(_alone))
