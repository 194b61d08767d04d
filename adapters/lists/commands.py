"""The operator's commands that read lists: hospitals, a programme's network, insured persons.

A part of `cli.py`, which says how settings are read and how an import is run; bodies are imported
when a command runs, for the reason given there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from adapters.lists.limits import ROWS_MAX

if TYPE_CHECKING:
    from adapters.lists.importing import Importer
    from adapters.settings import Settings
    from domain.programmes.programme import Programme

app = typer.Typer(help="Reads reference data into the database.", no_args_is_help=True)

ROOT = Path(__file__).resolve().parents[2]
HOSPITALS = ROOT / "data" / "hospitals.csv"
NETWORK = ROOT / "data" / "networks" / "bainian_deposit_waiver.yaml"


@dataclass(frozen=True)
class Means:
    """What `cli.py` lends these commands."""

    settings: "Callable[[], Settings]"
    run: "Callable[[Path, Importer], NoReturn]"
    programmes: "Callable[[str | None], list[Programme]]"
    """All we serve, or the one of a code; ends the command where there is none."""
    on_servers: "Callable[[Callable[[Settings], Awaitable[int | None]]], NoReturn]"
    """Runs a body on the servers of the settings, brought to this version."""


Existing = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
Version = Annotated[str, typer.Option(help="The sender's name for this list, e.g. 2026-07-01.")]
Partial = Annotated[
    bool, typer.Option("--partial", help="Take the rows that hold; otherwise all or nothing.")
]
Errors = Annotated[
    Path | None, typer.Option(help="Write every row that does not hold to this CSV, masked.")
]
Sheet = Annotated[str | None, typer.Option(help="The sheet of an xlsx that has several.")]
CsvEncoding = Annotated[Literal["utf-8", "gb18030"], typer.Option(help="Of a CSV.")]
RowsMax = Annotated[int, typer.Option(min=1, help="More rows are refused as the wrong file.")]

RemovesMost = Annotated[
    bool,
    typer.Option("--removes-most", help="Take a list without more than half of who is insured."),
]


@app.command("hospitals")
def hospitals(context: typer.Context, path: Existing = HOSPITALS) -> None:
    """Read the list of hospitals; safe to run twice, all of it or nothing."""
    from datetime import UTC, datetime

    from adapters.lists.hospital_import import import_hospitals

    means: Means = context.obj
    means.run(
        path,
        lambda database, progress: import_hospitals(
            database, path, at=datetime.now(UTC), progress=progress
        ),
    )


@app.command("network")
def network(
    context: typer.Context,
    path: Existing = NETWORK,
    network: Annotated[str, typer.Option(help="The network's name; a list has none.")] = "",
    list_version: Version = "",
    partial: Partial = False,
    errors: Errors = None,
    sheet: Sheet = None,
    encoding: CsvEncoding = "utf-8",
) -> None:
    """Read a network's hospitals from a list (CSV, xlsx), or draw it by the rule in a YAML file."""
    from adapters.lists.files import ListFile
    from adapters.lists.importing import network_importer, rule_importer

    means: Means = context.obj
    if path.suffix.lower() in (".yaml", ".yml"):
        means.run(path, rule_importer(path))
    if not network or not list_version:
        raise typer.BadParameter("a list needs --network and --list-version")
    if network not in {one.hospitals.network for one in means.programmes(None)}:
        raise typer.BadParameter(f"没有服务项目使用此网络 / no programme has a network {network!r}")
    file = ListFile(path, encoding=encoding, sheet=sheet)
    means.run(
        path,
        network_importer(file, network, list_version, partial=partial, errors=errors),
    )


@app.command("insured")
def insured(
    context: typer.Context,
    path: Existing,
    programme: Annotated[str, typer.Option(help="The programme they are insured under.")],
    list_version: Version,
    partial: Partial = False,
    errors: Errors = None,
    sheet: Sheet = None,
    encoding: CsvEncoding = "utf-8",
    rows_max: RowsMax = ROWS_MAX,
    removes_most: RemovesMost = False,
) -> None:
    """Read an insurer's list of persons, sealed; who is not on it any more is marked removed."""
    from adapters.lists.files import ListFile
    from adapters.lists.importing import insured_importer
    from adapters.lists.insured_rows import Codes
    from adapters.lists.versions import ListName

    means: Means = context.obj
    file = ListFile(path, encoding=encoding, sheet=sheet, rows_max=rows_max)
    settings = means.settings()
    one = means.programmes(programme)[-1]  # nobody is insured under one that does not exist
    importer = insured_importer(
        settings,
        file,
        ListName("insured", programme, list_version),
        codes=Codes.of(one, means.programmes(None)),
        partial=partial,
        removes_most=removes_most,
        errors=errors,
    )
    means.run(path, importer)
