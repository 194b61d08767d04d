"""An import as a person asks for it and watches it: a bar while it runs, then counts and remarks.

What a list means is its own module's business.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TextColumn
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database import open_database
from adapters.encryption.keys import KeyRing, Sealer
from adapters.lists.bulk import Progress
from adapters.lists.files import ListFile
from adapters.lists.hospital_import import import_hospitals
from adapters.lists.insured_import import Terms, import_insured
from adapters.lists.insured_rows import Codes
from adapters.lists.network_import import import_network
from adapters.lists.network_list import import_network_list
from adapters.lists.report import Remarks
from adapters.lists.versions import ListName
from adapters.settings import Settings
from adapters.tables import cases as tables
from adapters.yaml_files import FileRefused

REMARKS_SHOWN = 10  # of each kind: enough to see what is wrong with a list

Importer = Callable[[AsyncEngine, Progress], Awaitable[BaseModel]]


@runtime_checkable
class TellsItself(Protocol):
    """A report some of whose counts are better a sentence."""

    TOLD: ClassVar[frozenset[str]]

    def told(self) -> str:
        """What these counts say, for a person."""
        ...


async def imported(
    settings: Settings, path: Path, importer: Importer, *, out: Console, bar: Console
) -> int:
    """Run an import and show its report; 1 when the file was refused, with the reason."""
    database = open_database(settings.libpq_url)
    try:
        rows = TextColumn("{task.completed:,.0f}")
        with Bar(*Bar.get_default_columns(), rows, console=bar) as progress:
            task = progress.add_task(path.name, total=None)
            report = await importer(
                database,
                lambda done, total: progress.update(task, completed=done, total=total or None),
            )
    except FileRefused as refused:
        bar.print(str(refused), style="red", markup=False, soft_wrap=True)
        return 1
    finally:
        await database.dispose()
    show(report, out)
    return 0


def rule_importer(path: Path) -> Importer:
    """Draws a network by the rule in a file."""
    return lambda database, progress: import_network(database, path, progress=progress)


def network_importer(
    file: ListFile,
    network: str,
    version: str,
    *,
    partial: bool,
    errors: Path | None,
) -> Importer:
    """Reads a network's list."""
    name = ListName("network", network, version)

    async def body(database: AsyncEngine, progress: Progress) -> BaseModel:
        with Remarks(file.path, errors) as remarks:
            return await import_network_list(
                database,
                file,
                name,
                at=datetime.now(UTC),
                partial=partial,
                remarks=remarks,
                progress=progress,
            )

    return body


def insured_importer(
    settings: Settings,
    file: ListFile,
    name: ListName,
    *,
    codes: Codes,
    partial: bool,
    removes_most: bool,
    errors: Path | None,
) -> Importer:
    """Reads an insurer's list of one programme."""

    async def body(database: AsyncEngine, progress: Progress) -> BaseModel:
        terms = Terms(
            name=name,
            sealer=Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes),
            at=datetime.now(UTC),
            partial=partial,
            removes_most=removes_most,
            codes=codes,
        )
        with Remarks(file.path, errors) as remarks:
            return await import_insured(database, file, terms, remarks=remarks, progress=progress)

    return body


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
    if isinstance(report, TellsItself):
        out.print(report.told(), markup=False, soft_wrap=True)
    for name, value in report:
        if isinstance(report, TellsItself) and name in report.TOLD:
            continue
        if not isinstance(value, tuple):
            out.print(f"{name}: {value}", markup=False)
            continue
        out.print(f"{name}: {len(value)}", markup=False)
        for remark in value[:REMARKS_SHOWN]:
            text = " · ".join(str(part) for _, part in remark)
            out.print(f"  {text}", markup=False, soft_wrap=True)
        if len(value) > REMARKS_SHOWN:
            out.print(f"  … {len(value) - REMARKS_SHOWN} more", markup=False)
