"""The operator's commands. Each reads the settings, brings up what it needs and calls one function.

SIGTERM is answered from the first line on: as process 1 of a container it would be ignored, and
the imports of a worker take a second in which it may arrive. So commands import their bodies when
they run.
"""

import os
import signal
from types import FrameType


def _leave(number: int, _frame: FrameType | None) -> None:
    # Nothing is running yet that wants an end; an exception could be lost inside an import.
    os._exit(128 + number)


signal.signal(signal.SIGTERM, _leave)

import asyncio  # noqa: E402 - SIGTERM first
from collections.abc import Awaitable, Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Annotated, NoReturn  # noqa: E402

import typer  # noqa: E402
from rich.console import Console  # noqa: E402

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy.ext.asyncio import AsyncEngine

    from adapters.settings import Settings

    Importer = Callable[[AsyncEngine, Callable[[int, int], None]], Awaitable[None]]

app = typer.Typer(
    help="greenlane: 住院垫付与绿色通道 / deposit waivers and green-channel bookings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback prints local variables: patients
)
importing = typer.Typer(help="Reads reference data into the database.", no_args_is_help=True)
app.add_typer(importing, name="import")

ROOT = Path(__file__).resolve().parent
HOSPITALS = ROOT / "data" / "hospitals.csv"
NETWORK = ROOT / "data" / "networks" / "bainian_deposit_waiver.yaml"
NOTES_SHOWN = 10  # of each kind of remark on an imported file

console = Console(stderr=False)
complaints = Console(stderr=True)


def _settings() -> "Settings":
    from pydantic import ValidationError

    from adapters.settings import Settings

    try:
        return Settings()
    except ValidationError as wrong:
        for error in wrong.errors(include_input=False, include_url=False):
            name = ".".join(str(part) for part in error["loc"]) or "settings"
            complaints.print(f"{name}: {error['msg']}", style="red", markup=False)
        raise typer.Exit(2) from None


def _run(main: "Callable[[], Awaitable[int | None]]") -> NoReturn:
    """Run a command's coroutine and leave with its status; say in a sentence what did not start."""
    from adapters import runtime
    from adapters.processes import StartFailed

    try:
        raise typer.Exit(runtime.run(main))
    except StartFailed as failed:
        complaints.print(
            f"无法启动 / cannot start: {failed}", style="red", markup=False, soft_wrap=True
        )
        raise typer.Exit(1) from None


async def _prepare(settings: "Settings") -> None:
    """Bring the database and the Temporal server to this version; safe to run again."""
    from temporalio.client import Client

    from adapters import search_attributes
    from adapters.migrations.run import migrate as migrate_database
    from workflows.cockpit import SEARCH_ATTRIBUTES

    await asyncio.to_thread(migrate_database, settings.libpq_url)
    client = await Client.connect(**settings.temporal_connect_config())
    await search_attributes.register(client, SEARCH_ATTRIBUTES)


async def _prepare_with_hospitals(settings: "Settings") -> None:
    """A database that never saw the list of hospitals gets it: no case opens without one."""
    from datetime import UTC, datetime

    from sqlalchemy import text

    from adapters.database import open_database
    from adapters.hospital_import import import_hospitals
    from adapters.network_import import import_network

    await _prepare(settings)
    database = open_database(settings.libpq_url)
    try:
        async with database.connect() as connection:
            known = await connection.scalar(text("SELECT EXISTS (SELECT FROM hospitals)"))
        if not known:
            console.print("导入医院名录 / reading the list of hospitals …")
            await import_hospitals(database, HOSPITALS, at=datetime.now(UTC))
            await import_network(database, NETWORK)
    finally:
        await database.dispose()


@app.command()
def up() -> None:
    """Start everything and keep it serving until Ctrl-C."""
    from adapters.serving import keep_serving

    settings = _settings()
    _run(lambda: keep_serving(settings, _prepare_with_hospitals, console))


@app.command()
def down() -> None:
    """Stop what `up` started from this data folder."""
    from adapters.serving import stop_serving

    raise typer.Exit(stop_serving(_settings(), console))


@app.command()
def status() -> None:
    """Say what answers; exit status 1 when something does not."""
    from adapters.serving import show_status

    settings = _settings()
    _run(lambda: show_status(settings, console))


@app.command()
def migrate() -> None:
    """Bring the database and Temporal's search attributes to this version; safe to repeat."""
    from adapters.embedded import stack

    settings = _settings()

    async def main() -> int:
        async with stack(settings) as servers:
            await _prepare(servers.settings)
        console.print("已更新 / up to date")
        return 0

    _run(main)


@app.command()
def demo() -> None:
    """Tell one patient's hospital stay from report to repayment on real servers."""
    settings = _settings()

    async def main() -> int:
        from adapters.embedded import stack
        from demo import main as tell

        async with stack(settings) as servers:
            settings.prepare_secrets()
            await _prepare_with_hospitals(servers.settings)
            return await tell(servers.settings)

    _run(main)


@app.command()
def replay(
    record: Annotated[bool, typer.Option(help="Record every history anew, on purpose.")] = False,
) -> None:
    """Replay the recorded histories against today's workflows; `--record` replaces them."""
    import subprocess
    import sys

    what = ["tests.replay.record"] if record else ["pytest", "-q", "tests/replay"]
    done = subprocess.run([sys.executable, "-m", *what], cwd=ROOT, check=False)
    raise typer.Exit(done.returncode)


@app.command("serve-api")
def serve_api() -> None:
    """Serve the door alone; the servers are named by the settings."""
    settings = _settings()

    async def main() -> int:
        from api.main import serve

        return await serve(settings)

    _run(main)


@app.command("serve-worker")
def serve_worker() -> None:
    """Run a worker alone; the servers are named by the settings."""
    settings = _settings()

    async def main() -> None:
        from worker import main as work

        await work(settings)

    _run(main)


@app.command("serve-simulator")
def serve_simulator() -> None:
    """Serve the simulated counterparties alone."""
    settings = _settings()
    # The simulator is somebody else's system: it reads its own variables, not our settings.
    os.environ.setdefault("SIMULATOR_STATE", str(settings.var / "simulator.sqlite3"))
    os.environ.setdefault("SIMULATOR_CALLBACK_BASE", settings.api_url)
    if "SIMULATOR_SECRET" not in os.environ:
        os.environ["SIMULATOR_SECRET"] = settings.simulator_secret

    import uvicorn

    uvicorn.run(
        "simulator.main:app",
        factory=True,
        host=settings.listen,
        port=settings.simulator_port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,  # it keeps callers waiting on purpose
    )


@app.command()
def token(
    role: Annotated[list[str], typer.Option(help="A role; repeat for several.")],
    subject: Annotated[str, typer.Option(help="Who it names; opaque, never a person's data.")],
    channel: Annotated[str | None, typer.Option(help="The channel of a channel's token.")] = None,
    case: Annotated[list[str] | None, typer.Option(help="A case a customer may see.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=720, help="How long it lasts.")] = 12,
) -> None:
    """Mint a token of the embedded issuer and print it, nothing else."""
    from datetime import timedelta

    from adapters.identity import mint
    from domain.waiver import Role

    unknown = sorted(set(role) - {known.value for known in Role})
    if unknown:
        complaints.print(f"未知角色 / unknown role: {', '.join(unknown)}", style="red")
        raise typer.Exit(2)
    text = mint(
        _settings(),
        subject=subject,
        roles=role,
        channel=channel,
        cases=case or (),
        lasts=timedelta(hours=hours),
    )
    typer.echo(text)


@app.command()
def keys() -> None:
    """Print fresh secrets as lines of an environment file; keep them, they are shown once."""
    from adapters import keyfiles

    typer.echo(f"GREENLANE_KEYS={keyfiles.random_key_ring()}")
    typer.echo(f"GREENLANE_LOOKUP_KEY={keyfiles.random_key()}")
    pem = keyfiles.random_signing_key().strip().replace("\n", "\\n")
    typer.echo(f'GREENLANE_JWT_SIGNING_KEY="{pem}"')
    typer.echo(f"GREENLANE_WEBHOOK_SECRET={keyfiles.random_webhook_secret()}")
    typer.echo(f"POSTGRES_PASSWORD={keyfiles.random_password()}")
    typer.echo(f"TEMPORAL_POSTGRES_PASSWORD={keyfiles.random_password()}")


def _import(path: Path, body: "Importer") -> NoReturn:
    """Run an import on the database of the settings, with progress; a bad file is a sentence."""
    from rich.progress import Progress

    from adapters.database import open_database
    from adapters.embedded import stack
    from adapters.yaml_files import FileRefused

    settings = _settings()

    async def main() -> int:
        async with stack(settings) as servers:
            await _prepare(servers.settings)
            database = open_database(servers.settings.libpq_url)
            try:
                with Progress(console=complaints) as bar:
                    task = bar.add_task(path.name, total=None)
                    await body(
                        database,
                        lambda done, total: bar.update(task, completed=done, total=total),
                    )
            except FileRefused as refused:
                complaints.print(str(refused), style="red", markup=False)
                return 1
            finally:
                await database.dispose()
        return 0

    _run(main)


def _show(report: "BaseModel") -> None:
    """The counts of a report, and the first notes of each kind."""
    for name, value in report:
        if isinstance(value, tuple):
            console.print(f"{name}: {len(value)}", markup=False)
            for note in value[:NOTES_SHOWN]:
                console.print(f"  {note.line}: {note.name}: {note.text}", markup=False)
            if len(value) > NOTES_SHOWN:
                console.print(f"  … {len(value) - NOTES_SHOWN} more", markup=False)
        else:
            console.print(f"{name}: {value}", markup=False)


@importing.command("hospitals")
def hospitals(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)] = HOSPITALS,
) -> None:
    """Read the list of hospitals; safe to run twice, all of it or nothing."""
    from datetime import UTC, datetime

    from adapters import hospital_import

    async def body(database: "AsyncEngine", progress: "Callable[[int, int], None]") -> None:
        report = await hospital_import.import_hospitals(
            database, path, at=datetime.now(UTC), progress=progress
        )
        _show(report)

    _import(path, body)


@importing.command("network")
def network(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)] = NETWORK,
) -> None:
    """Draw a programme's network from the hospitals by the rule in a file."""
    from adapters import network_import

    async def body(database: "AsyncEngine", progress: "Callable[[int, int], None]") -> None:
        _show(await network_import.import_network(database, path, progress=progress))

    _import(path, body)


if __name__ == "__main__":
    app()
