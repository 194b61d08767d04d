"""The operator's commands for webhooks: which channel is told, where, and what it did not take.

A part of `cli.py`, which brings up the servers; bodies are imported when a command runs, for the
reason given there.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from adapters.lists.commands import Means
    from adapters.settings import Settings
    from adapters.webhooks.outbox import Outbox
    from adapters.webhooks.receivers import Receivers

app = typer.Typer(help="Tells channels of their cases.", no_args_is_help=True)
console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)

Channel = Annotated[str, typer.Argument(help="The channel, as its token names it.")]


@app.command()
def register(
    context: typer.Context,
    channel: Channel,
    url: Annotated[str, typer.Argument(help="Where it wants to be told, https://…")],
) -> None:
    """Tell a channel from now on; prints its signing secret, once. Again: a new address."""

    async def work(receivers: "Receivers", _: "Outbox") -> None:
        secret = await receivers.register(channel, url, at=datetime.now(UTC))
        typer.echo(secret or "地址已更新 / the address was changed")

    _on_desk(context, work)


@app.command()
def rotate(
    context: typer.Context,
    channel: Channel,
    hours: Annotated[int, typer.Option(min=0, max=720, help="How long both sign.")] = 24,
) -> None:
    """Make a new signing secret and print it; the old one signs beside it for a while."""

    async def work(receivers: "Receivers", _: "Outbox") -> None:
        overlap = timedelta(hours=hours)
        typer.echo(await receivers.rotate(channel, at=datetime.now(UTC), overlap=overlap))

    _on_desk(context, work)


@app.command()
def remove(context: typer.Context, channel: Channel) -> None:
    """Tell a channel nothing more, also not what it has missed."""

    async def work(receivers: "Receivers", _: "Outbox") -> None:
        await receivers.remove(channel)
        console.print("已移除 / removed")

    _on_desk(context, work)


@app.command()
def retry(
    context: typer.Context,
    channel: Channel,
    case: Annotated[str | None, typer.Option(help="Only this case.")] = None,
) -> None:
    """Send again, at once, what a channel has not taken."""

    async def work(_: "Receivers", outbox: "Outbox") -> None:
        count = await outbox.retry(channel, case_id=case)
        console.print(f"重新投递 / to be sent again: {count}")

    _on_desk(context, work)


@app.command()
def report(context: typer.Context) -> None:
    """Show the channels, and what they have not taken."""
    _on_desk(context, _show)


def _on_desk(
    context: typer.Context, work: "Callable[[Receivers, Outbox], Awaitable[None]]"
) -> NoReturn:
    """Do something with receivers and outbox; what cannot be done is a sentence."""
    from adapters.webhooks.receivers import AddressRefused, NoReceiver

    means: Means = context.obj

    async def body(settings: "Settings") -> int:
        try:
            async with _desk(settings) as (receivers, outbox):
                await work(receivers, outbox)
        except AddressRefused as refused:
            complaints.print(f"地址不可用 / {refused}", style="red", markup=False)
            return 1
        except NoReceiver as unknown:
            complaints.print(f"未登记 / not registered: {unknown}", style="red", markup=False)
            return 1
        return 0

    means.on_servers(body)


@asynccontextmanager
async def _desk(settings: "Settings") -> "AsyncIterator[tuple[Receivers, Outbox]]":
    from adapters.database import open_database
    from adapters.encryption.keys import KeyRing, Sealer
    from adapters.webhooks.outbox import Outbox
    from adapters.webhooks.receivers import Receivers

    database = open_database(settings.libpq_url)
    sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
    try:
        yield Receivers(database, sealer), Outbox(database, sealer)
    finally:
        await database.dispose()


async def _show(receivers: "Receivers", outbox: "Outbox") -> None:
    channels = Table(title="渠道 / channels")
    for heading in ("渠道 / channel", "地址 / address", "更新 / changed"):
        channels.add_column(heading, overflow="fold")
    for one in await receivers.all():
        channels.add_row(one.channel, one.url, one.changed_at.isoformat(timespec="seconds"))
    console.print(channels)
    waiting = Table(title="未送达 / not taken")
    for heading in ("渠道 / channel", "案件 / case", "事件 / event"):
        waiting.add_column(heading, overflow="fold")
    for heading in ("次数 / tries", "答复 / answer", "下次 / next try"):
        waiting.add_column(heading, overflow="fold")
    for held in await outbox.held():
        after = held.next_try_at.isoformat(timespec="seconds") if held.next_try_at else ""
        waiting.add_row(
            held.channel,
            held.case_id,
            held.event,
            str(held.tries),
            held.last_answer,
            "已停止 / stopped" if held.stopped_at else after,
        )
    console.print(waiting)
