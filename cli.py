"""The operator's commands. Each reads the settings, brings up what it needs and calls one function.

SIGTERM is answered from the first line on: as process 1 of a container it would be ignored, and
the imports of a worker take a second in which it may arrive. So commands import their bodies when
they run.
"""

import gc
import os
import signal
from types import FrameType


def _leave(number: int, _frame: FrameType | None) -> None:
    # Nothing is running yet that wants an end; an exception could be lost inside an import.
    os._exit(128 + number)


signal.signal(signal.SIGTERM, _leave)
gc.set_threshold(20_000, 20, 20)  # a tenth of a start was looking through imports for garbage

import asyncio  # noqa: E402 - SIGTERM first
import runpy  # noqa: E402
import sys  # noqa: E402
from collections.abc import Awaitable, Callable  # noqa: E402
from datetime import datetime  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Annotated, NoReturn  # noqa: E402

import typer  # noqa: E402
from rich.console import Console  # noqa: E402

from adapters.lists import commands as import_commands  # noqa: E402
from adapters.webhooks import commands as webhook_commands  # noqa: E402
from domain.roles import TOKEN_ROLES  # noqa: E402

if TYPE_CHECKING:
    from adapters.lists.importing import Importer
    from adapters.settings import Settings
    from domain.programmes.programme import Programme

app = typer.Typer(
    help="greenlane: 住院垫付与绿色通道 / deposit waivers and green-channel bookings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback prints local variables: patients
)
app.add_typer(import_commands.app, name="import")
app.add_typer(webhook_commands.app, name="webhooks")

ROOT = Path(__file__).resolve().parent
HOSPITALS = ROOT / "data" / "hospitals.csv"
NETWORK = ROOT / "data" / "networks" / "bainian_deposit_waiver.yaml"

console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)


def _settings() -> "Settings":
    from adapters.settings import SettingsRefused, read_settings

    try:
        return read_settings()
    except SettingsRefused as refused:
        complaints.print(str(refused), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None


def _run(main: "Callable[[], Awaitable[int | None]]", *, serving: bool = False) -> NoReturn:
    """Run a command's coroutine and leave with its status; say in a sentence what did not start."""
    from adapters.servers.processes import StartFailed
    from adapters.settings import SettingMissing
    from adapters.temporal import runtime

    try:
        raise typer.Exit(runtime.run(main, serving=serving))
    except (StartFailed, SettingMissing) as failed:
        complaints.print(
            f"无法启动 / cannot start: {failed}", style="red", markup=False, soft_wrap=True
        )
        raise typer.Exit(1) from None
    except RuntimeError as failed:
        if not str(failed).startswith("Failed client connect"):
            raise
        complaints.print(
            "Temporal 无应答, 见 TEMPORAL_ADDRESS / Temporal does not answer, see TEMPORAL_ADDRESS",
            style="red",
            soft_wrap=True,
        )
        raise typer.Exit(1) from None


async def _prepare(settings: "Settings") -> None:
    """Bring the database and the Temporal server to this version; safe to run again."""
    from temporalio.client import Client

    from adapters.migrations.run import migrate as migrate_database
    from adapters.temporal import search_attributes
    from workflows.cockpit import SEARCH_ATTRIBUTES

    await asyncio.to_thread(migrate_database, settings.libpq_url)
    client = await Client.connect(**settings.temporal_connect_config())
    await search_attributes.register(client, SEARCH_ATTRIBUTES)


async def _prepare_with_hospitals(settings: "Settings") -> None:
    """A database that never saw the list of hospitals gets it: no case opens without one."""
    from adapters.lists.importing import filled_when_empty

    await _prepare(settings)
    if await filled_when_empty(settings, hospitals=HOSPITALS, network=NETWORK):
        console.print("已导入医院名录 / the list of hospitals was read")


def _on_servers(body: "Callable[[Settings], Awaitable[int | None]]") -> NoReturn:
    """Run a command's body on the servers of the settings, brought to this version."""
    from adapters.servers.stack import stack

    async def main() -> int | None:
        async with stack(_settings()) as servers:
            await _prepare(servers.settings)
            return await body(servers.settings)

    _run(main)


@app.command()
def up() -> None:
    """Start everything and keep it serving until Ctrl-C."""
    from adapters.servers.serving import keep_serving

    _run(lambda: keep_serving(_settings(), _prepare_with_hospitals, console))


@app.command()
def down() -> None:
    """Stop what `up` started from this data folder."""
    from adapters.servers.serving import stop_serving

    raise typer.Exit(stop_serving(_settings(), console))


@app.command()
def status() -> None:
    """Say what answers; exit status 1 when something does not."""
    from adapters.servers.serving import show_status

    _run(lambda: show_status(_settings(), console))


@app.command()
def migrate() -> None:
    """Bring the database and Temporal's search attributes to this version; safe to repeat."""

    async def say(_: "Settings") -> None:
        console.print("已更新 / up to date")

    _on_servers(say)


@app.command()
def demo(
    programme: Annotated[str, typer.Option(help="P01, P02, P04, P15, P19, P20, P21")] = "P01",
) -> None:
    """Tell one patient's hospital stay from report to repayment on real servers."""

    async def main() -> int:
        from adapters.servers.stack import beside, stack
        from demo import main as tell

        async with stack(_settings()) as servers:
            await _prepare_with_hospitals(servers.settings)
            if servers.borrowed:  # `up` serves here already, on its ports and its task queue
                return await tell(beside(servers.settings), programme, stays=True)
            return await tell(servers.settings, programme)

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

    async def main() -> int:
        from api.main import serve

        return await serve(_settings())

    _run(main, serving=True)


@app.command("serve-worker")
def serve_worker() -> None:
    """Run a worker alone; the servers are named by the settings."""

    async def main() -> None:
        from worker import main as work

        await work(_settings())

    _run(main, serving=True)


@app.command("serve-simulator")
def serve_simulator() -> None:
    """Serve the simulated counterparties alone."""
    settings = _settings()
    # The simulator is somebody else's system: it reads its own variables, not our settings.
    os.environ.setdefault("SIMULATOR_STATE", str(settings.var / "simulator.sqlite3"))
    os.environ.setdefault("SIMULATOR_CALLBACK_BASE", settings.api_url)
    if "SIMULATOR_SECRET" not in os.environ:
        os.environ["SIMULATOR_SECRET"] = settings.simulator_secret

    sys.argv = ["simulator", "--listen", settings.listen, "--port", str(settings.simulator_port)]
    runpy.run_module("simulator", run_name="__main__")


@app.command()
def token(
    role: Annotated[list[str], typer.Option(help=f"Of {', '.join(TOKEN_ROLES)}; repeatable.")],
    subject: Annotated[str, typer.Option(help="Who it names; opaque, never a person's data.")],
    channel: Annotated[str | None, typer.Option(help="The channel of a channel's token.")] = None,
    hospital: Annotated[str | None, typer.Option(help="The hospital of its staff's token.")] = None,
    case: Annotated[list[str] | None, typer.Option(help="A case a customer may see.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=720, help="How long it lasts.")] = 12,
) -> None:
    """Mint a token of the embedded issuer and print it, nothing else."""
    from datetime import timedelta

    from adapters.identity import mint
    from domain.id_numbers import is_opaque, names_somebody

    if names_somebody(subject):
        complaints.print(
            "主体不得为证件号码或手机号 / a subject is no ID or phone number", style="red"
        )
        raise typer.Exit(2)
    if not all(is_opaque(one) for one in (subject, channel, hospital) if one is not None):
        complaints.print(
            "主体、渠道、医院须为1至128个字母、数字或 ._:@|- / a subject, channel or hospital is"
            " 1 to 128 letters, digits or ._:@|-",
            style="red",
            soft_wrap=True,
        )
        raise typer.Exit(2)
    unknown = sorted(set(role) - {*TOKEN_ROLES})
    if unknown:
        complaints.print(f"未知角色 / unknown role: {', '.join(unknown)}", style="red")
        raise typer.Exit(2)
    if "channel" in role and not channel:
        complaints.print(
            "渠道令牌须写明渠道 / a channel's token needs its channel: --channel NAME", style="red"
        )
        raise typer.Exit(2)
    text = mint(
        _settings(),
        subject=subject,
        roles=role,
        channel=channel,
        hospital=hospital,
        cases=case or (),
        lasts=timedelta(hours=hours),
    )
    typer.echo(text)


def _programmes(code: str | None) -> "list[Programme]":
    """The programmes of this code, or all; a bad file and an unknown code are sentences."""
    from adapters.programmes.files import load_programmes
    from adapters.yaml_files import FileRefused

    try:
        known = load_programmes(_settings().programme_folders)
    except FileRefused as refused:
        complaints.print(str(refused), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    wanted = [one for one in known if code in (None, one.code)]
    if not wanted:
        complaints.print(f"没有此服务项目 / no such programme: {code}", style="red", markup=False)
        raise typer.Exit(1)
    return wanted


@app.command()
def programmes(
    code: Annotated[str | None, typer.Argument(help="Show this one only.")] = None,
) -> None:
    """Show every programme with its services and promises, in Chinese and English."""
    from adapters.programmes.catalogue import show

    show(_programmes(code), console)


@app.command()
def schema() -> None:
    """Write the JSON Schema of programme files, for editors."""
    from adapters.programmes.schema import SCHEMA, write_schema

    state = "已更新 / written" if write_schema() else "无变化 / current"
    console.print(f"{SCHEMA.relative_to(ROOT)}: {state}")


@app.command()
def keys() -> None:
    """Print fresh secrets as lines of an environment file; keep them, they are shown once."""
    from adapters.encryption import keyfiles

    typer.echo(keyfiles.fresh_environment())


def _import(path: Path, body: "Importer") -> NoReturn:
    """Run an import, with progress; a bad file is a sentence."""
    from adapters.lists.importing import imported

    _on_servers(lambda settings: imported(settings, path, body, out=console, bar=complaints))


@app.callback()
def _wire(context: typer.Context) -> None:
    context.obj = import_commands.Means(_settings, _import, _programmes, _on_servers)


@import_commands.app.command("calendar")
def calendar(path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Enter a year's holiday notice and tell every open case; safe to run twice."""
    from api.calendar_notice import bring_notice

    _import(path, lambda *given: bring_notice(_settings(), path, *given))


@app.command()
def reseal() -> None:
    """Bring stored personal data to the newest key, and say which keys are still needed."""
    from adapters.encryption.rotation import reseal_and_tell
    from adapters.servers.stack import stack

    async def main() -> None:
        async with stack(_settings()) as servers:
            await reseal_and_tell(servers.settings, console)

    _run(main)


@app.command("check-audit")
def check_audit() -> None:
    """Read the whole audit and say whether a row was changed, removed or put in between."""
    from adapters.books.audit_reading import verify_and_tell

    _on_servers(lambda settings: verify_and_tell(settings, console))


@app.command()
def reconcile(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="A day in Shanghai.")],
) -> None:
    """Compare a day of the payment partner's statement with the ledger; safe to repeat."""
    from datetime import UTC

    from adapters.servers.stack import stack
    from adapters.temporal.schedules import by_hand
    from domain.calendar import civil_date
    from workflows.messages.reconciliation import ReconcileDay
    from workflows.messages.workflow_types import RECONCILIATION_TYPE

    today = civil_date(datetime.now(UTC))
    if day.date() >= today:
        complaints.print(
            f"{day.date()} 在北京时间尚未结束 / is not over in Shanghai, where it is {today}: "
            "only a day that is over has a whole statement",
            style="red",
            soft_wrap=True,
        )
        raise typer.Exit(2)
    order = ReconcileDay(day=day.date())

    async def main() -> int:
        async with stack(_settings()) as servers:
            return await by_hand(servers.settings, RECONCILIATION_TYPE, order, console)

    _run(main)


if __name__ == "__main__":
    app()
