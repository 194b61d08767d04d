"""An import as a person watches it: a bar while it runs, then the counts and the first remarks.

What a list means is its own module's business.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress as Bar
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters import tables
from adapters.bulk import Progress
from adapters.database import open_database
from adapters.hospital_import import import_hospitals
from adapters.network_import import import_network
from adapters.settings import Settings
from adapters.yaml_files import FileRefused

REMARKS_SHOWN = 10  # of each kind: enough to see what is wrong with a list

Importer = Callable[[AsyncEngine, Progress], Awaitable[BaseModel]]


async def imported(
    settings: Settings, path: Path, importer: Importer, *, out: Console, bar: Console
) -> int:
    """Run an import and show its report; 1 when the file was refused, with the reason."""
    database = open_database(settings.libpq_url)
    try:
        with Bar(console=bar) as progress:
            task = progress.add_task(path.name, total=None)
            report = await importer(
                database, lambda done, total: progress.update(task, completed=done, total=total)
            )
    except FileRefused as refused:
        bar.print(str(refused), style="red", markup=False)
        return 1
    finally:
        await database.dispose()
    show(report, out)
    return 0


async def filled_when_empty(settings: Settings, *, hospitals: Path, network: Path) -> bool:
    """Read the hospitals and a network into a database that has none; whether it was needed."""
    database = open_database(settings.libpq_url)
    try:
        async with database.connect() as connection:
            if await connection.scalar(select(exists().select_from(tables.hospitals))):
                return False
        await import_hospitals(database, hospitals, at=datetime.now(UTC))
        await import_network(database, network)
    finally:
        await database.dispose()
    return True


def show(report: BaseModel, out: Console) -> None:
    """The counts of a report, and the first remarks of each kind."""
    for name, value in report:
        if not isinstance(value, tuple):
            out.print(f"{name}: {value}", markup=False)
            continue
        out.print(f"{name}: {len(value)}", markup=False)
        for remark in value[:REMARKS_SHOWN]:
            text = " · ".join(str(part) for _, part in remark)
            out.print(f"  {text}", markup=False, soft_wrap=True)
        if len(value) > REMARKS_SHOWN:
            out.print(f"  … {len(value) - REMARKS_SHOWN} more", markup=False)
