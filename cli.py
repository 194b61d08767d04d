"""The operator's commands. Each reads the settings, brings up what it needs and calls one function.

SIGTERM is answered from the first line on: as process 1 of a container it would be ignored, and
the imports of a worker take a second in which it may arrive. So commands import their bodies when
they run.
"""

import signal
from types import FrameType


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


signal.signal(signal.SIGTERM, _leave)

import asyncio  # noqa: E402 - SIGTERM first
from collections.abc import Awaitable, Callable  # noqa: E402
from typing import TYPE_CHECKING, NoReturn  # noqa: E402

import typer  # noqa: E402
from rich.console import Console  # noqa: E402

if TYPE_CHECKING:
    from adapters.settings import Settings

app = typer.Typer(
    help="greenlane: 住院垫付与绿色通道 / deposit waivers and green-channel bookings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback prints local variables: patients
)
importing = typer.Typer(help="Reads reference data into the database.", no_args_is_help=True)
app.add_typer(importing, name="import")
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
        complaints.print(f"无法启动 / cannot start: {failed}", style="red", markup=False)
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


@app.command()
def up() -> None:
    """Start everything and keep it serving until Ctrl-C."""
    from adapters.serving import keep_serving

    settings = _settings()
    _run(lambda: keep_serving(settings, _prepare, console))


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
            await _prepare(servers.settings)
            return await tell(servers.settings)

    _run(main)


@app.command("serve-api")
def serve_api() -> None:
    """Serve the door alone; the servers are named by the settings."""
    import uvicorn

    from api.main import create_app

    settings = _settings()
    uvicorn.run(
        create_app(settings),
        host=settings.listen,
        port=settings.api_port,
        access_log=False,  # the door writes its own lines, without query strings
        log_level=settings.log_level.lower(),
        timeout_graceful_shutdown=10,
    )


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
    import os

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


if __name__ == "__main__":
    app()
