"""`up` on one machine: the servers, the counterparties, a worker and the door, until told to stop.

Each part is a process of its own, so that any of them can be killed and come back. What a part
does is not known here: parts are commands of `cli.py`.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final

import httpx
import psutil
import psycopg
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from adapters.servers.processes import Child, StartFailed, dying_with_us, keep_running, refuse_taken
from adapters.servers.stack import ADDRESSES, is_owned, stack
from adapters.settings import ROOT, Settings
from adapters.temporal.connection import without_worker

_READY_WITHIN = 60.0  # seconds a part has to answer
_DOWN_WITHIN = 60.0  # seconds `down` waits for `up` to leave
_ANSWER_WITHIN = 3.0  # seconds for one health request

_PID_FILES: Final = {
    "PostgreSQL": "postgres",
    "Temporal": "temporal",
    "流程监控 / Temporal UI": "temporal",
    "接口 / the door": "serve-api",
    "工作进程 / the worker": "serve-worker",
    "模拟对手方 / counterparties": "serve-simulator",
}

Prepare = Callable[[Settings], Awaitable[None]]


async def keep_serving(settings: Settings, prepare: Prepare, console: Console) -> int:
    """Start everything, print where it is, restart what dies; ends when cancelled.

    Raises StartFailed when a part does not come up, or will not stay up.
    """
    console.print("正在启动 / starting …")
    async with stack(settings, owning=True) as servers:
        if servers.borrowed:
            raise StartFailed(f"`up` is already running from {settings.var}; see: cli.py status")
        settings.prepare_secrets()
        await prepare(servers.settings)
        parts = _parts(servers.settings, local_ui=settings.temporal_address is None)
        for part in parts:
            await part.stop_leftover()
        refuse_taken(settings.api_port, "GREENLANE_API_PORT")
        if settings.simulator_is_needed:
            refuse_taken(settings.simulator_port, "GREENLANE_SIMULATOR_PORT")
        try:
            for part in parts:
                await part.start()
            await _ready(servers.settings, parts)
            console.print(addresses(servers.settings))
            console.print("按 Ctrl-C 停止 / Ctrl-C stops everything")
            await _supervise([*servers.children, *parts], console)
        finally:
            for part in reversed(parts):  # the door first: nobody is let in while we leave
                await part.stop()
            console.print("已停止 / stopped")
    return 0


def _parts(settings: Settings, *, local_ui: bool = False) -> list[Child]:
    names = ["serve-simulator"] if settings.simulator_is_needed else []
    names += ["serve-worker", "serve-api"]
    environment = child_environment(settings, local_ui=local_ui)
    mortal = dying_with_us(signal.SIGTERM)
    return [
        Child(
            name=name.removeprefix("serve-"),
            command=[*mortal, sys.executable, str(ROOT / "cli.py"), name],
            log=settings.var / "log" / f"{name.removeprefix('serve-')}.log",
            env=environment,
            stop_within=30.0,
            pid_file=settings.var / "run" / f"{name}.pid",
            marker=name,
        )
        for name in names
    ]


def child_environment(settings: Settings, *, local_ui: bool = False) -> dict[str, str]:
    """Our environment with the addresses filled in, so that a part starts no servers itself."""
    environment = dict(os.environ)
    environment["PYTHONUNBUFFERED"] = "1"
    environment["GREENLANE_VAR"] = str(settings.var)
    environment["GREENLANE_TASK_QUEUE"] = settings.task_queue
    if local_ui:
        environment["GREENLANE_LOCAL_UI"] = "true"
    for part in ("api", "simulator", "temporal_ui"):
        environment[f"GREENLANE_{part.upper()}_PORT"] = str(getattr(settings, f"{part}_port"))
    if settings.database_url is not None:
        environment["DATABASE_URL"] = settings.database_url
    if settings.temporal_address is not None:
        environment["TEMPORAL_ADDRESS"] = settings.temporal_address
    return environment


async def _supervise(children: list[Child], console: Console) -> None:
    def report(text: str) -> None:
        console.print(text, style="yellow", markup=False)

    try:
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(keep_running(child, report))
    except* StartFailed as failed:
        raise failed.exceptions[0] from None


async def _ready(settings: Settings, parts: list[Child]) -> None:
    """Wait until every part that listens answers, and the worker asks for work."""
    waiting = {"api": f"{settings.api_url}/healthz"}
    if settings.simulator_is_needed:
        waiting["simulator"] = settings.simulator_url
    give_up_at = asyncio.get_running_loop().time() + _READY_WITHIN
    async with httpx.AsyncClient(timeout=_ANSWER_WITHIN, trust_env=False) as client:
        asks = False
        while waiting or not asks:
            for part in parts:
                if not part.running:
                    raise StartFailed(f"{part.name} did not start:\n{part.last_words()}")
            for name, url in list(waiting.items()):
                if await _answers(client, url):
                    del waiting[name]
            asks = asks or await _worker_asks(settings)
            if asyncio.get_running_loop().time() > give_up_at:
                late = ", ".join([*waiting, *([] if asks else ["worker"])])
                raise StartFailed(f"no answer in {_READY_WITHIN:.0f} s from: {late}")
            if waiting or not asks:
                await asyncio.sleep(0.1)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    """Whether somebody speaks HTTP there; any status but a server error will do."""
    try:
        answer = await client.get(url)
    except httpx.HTTPError:
        return False
    return not answer.is_server_error


def addresses(settings: Settings) -> Table:
    """Where everything is, for a person."""
    table = Table(title="greenlane", show_header=True, header_style="bold")
    table.add_column("服务 / service")
    table.add_column("地址 / address", overflow="fold")
    table.add_row("接口 / the door", settings.api_url)
    table.add_row("接口文档 / its documentation", f"{settings.api_url}/docs")
    table.add_row("流程监控 / Temporal UI", settings.ui_url)
    table.add_row("Temporal", settings.temporal_target)
    table.add_row("PostgreSQL", _without_password(settings.libpq_url))
    if settings.simulator_is_needed:
        table.add_row("模拟对手方 / counterparties", settings.simulator_url)
    table.add_row("数据与日志 / data and logs", str(settings.var))
    return table


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return f"{scheme}://{user}{':…' if colon else ''}{at}{place}"


async def show_status(settings: Settings, console: Console) -> int:
    """What answers at the addresses of the settings, or of the `up` that runs from this folder."""
    found = running_settings(settings)
    checks = {
        "PostgreSQL": await asyncio.to_thread(_database_answers, found.database_url),
        "Temporal": await _temporal_answers(found),
        "工作进程 / the worker": await _worker_asks(found),
    }
    async with httpx.AsyncClient(timeout=_ANSWER_WITHIN, trust_env=False) as client:
        checks["接口 / the door"] = await _answers(client, f"{found.api_url}/readyz")
        checks["流程监控 / Temporal UI"] = await _answers(client, found.ui_url)
        if found.simulator_is_needed:
            checks["模拟对手方 / counterparties"] = await _answers(client, found.simulator_url)
    table = Table(title="greenlane")
    table.add_column("服务 / service")
    table.add_column("状态 / state")
    table.add_column("进程号 / process")
    for name, well in checks.items():
        state = "[green]正常 / answers[/]" if well else "[red]无应答 / no answer[/]"
        table.add_row(name, state, _process(found, _PID_FILES.get(name, "")))
    console.print(table)
    return 0 if all(checks.values()) else 1


def _process(settings: Settings, name: str) -> str:
    """The id of a running process of this folder's `up`, empty where there is none."""
    path = settings.var / "run" / f"{name}.pid"
    try:
        number = int(path.read_text(encoding="ascii"))
        dead = psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return ""
    return "" if dead else str(number)


def running_settings(settings: Settings) -> Settings:
    """The settings with the addresses of the command that owns this data folder, if one runs."""
    path = settings.var / "run" / ADDRESSES
    if not path.exists() or not is_owned(settings):
        return settings
    found = json.loads(path.read_text(encoding="utf-8"))
    return settings.model_copy(update=found["addresses"])


def _database_answers(url: str | None) -> bool:
    if url is None:
        return False
    try:
        with psycopg.connect(url, connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False


async def _temporal_answers(settings: Settings) -> bool:
    if not settings.temporal_is_given:
        return False
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            client = await Client.connect(**settings.temporal_connect_config())
            return await client.service_client.check_health()
    except (RuntimeError, TimeoutError):
        return False


async def _worker_asks(settings: Settings) -> bool:
    """Whether a worker asks for work; ours, where we started one, must also be alive."""
    if not settings.temporal_is_given:
        return False
    started = (settings.var / "run" / "serve-worker.pid").exists()
    if started and not _process(settings, "serve-worker"):
        return False
    try:
        async with asyncio.timeout(_ANSWER_WITHIN):
            client = await Client.connect(**settings.temporal_connect_config())
            return not await without_worker(client, settings.task_queue)
    except (RuntimeError, TimeoutError):
        return False


def stop_serving(settings: Settings, console: Console) -> int:
    """Tell the `up` that owns this data folder to stop, and wait until it has."""
    path = settings.var / "run" / ADDRESSES
    if not path.exists() or not is_owned(settings):
        console.print("没有在运行 / nothing runs from this folder")
        return 0
    owner = int(json.loads(path.read_text(encoding="utf-8"))["owner"])
    os.kill(owner, signal.SIGTERM)
    give_up_at = time.monotonic() + _DOWN_WITHIN
    while is_owned(settings):
        if time.monotonic() > give_up_at:
            console.print(f"进程 {owner} 仍在运行 / process {owner} is still running")
            return 1
        time.sleep(0.1)
    console.print("已停止 / stopped")
    return 0
