"""The servers of the embedded default: one stack of PostgreSQL and Temporal under the data folder.

`stack` starts what the settings do not name, hands on the settings with the addresses filled in,
and stops in reverse order what it started, however the block ends. One data folder has one owner:
a second command in the same folder uses the servers of the first and leaves them running.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.servers.postgres import PostgresServer
from adapters.servers.processes import Child, StartFailed, free_ports
from adapters.servers.temporal import TemporalServer
from adapters.settings import Settings

ADDRESSES = "stack.json"
LOCK = "stack.lock"
_SHARED = ("database_url", "temporal_address", "temporal_ui_port")  # by a second command
_OWNER_READY_WITHIN = 60.0  # seconds another command may take to bring its servers up


@dataclass
class Stack:
    """The servers a command may use, and the children it owns, in the order they started."""

    settings: Settings
    children: list[Child] = field(default_factory=list)
    borrowed: bool = False


@asynccontextmanager
async def stack(settings: Settings, *, owning: bool = False) -> AsyncIterator[Stack]:
    """PostgreSQL and Temporal, ready. Raises StartFailed with a sentence for a person.

    With both given nothing is written, unless the caller means to own the data folder.
    """
    if settings.database_url is not None and settings.temporal_is_given and not owning:
        yield Stack(settings)
        return
    run = settings.var / "run"
    run.mkdir(parents=True, exist_ok=True)
    run.chmod(0o755)
    lock = os.open(run / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield Stack(await _borrowed(settings, run / ADDRESSES), borrowed=True)
        else:
            async with _owned(settings, run / ADDRESSES) as owned:
                yield owned
    finally:
        os.close(lock)


@asynccontextmanager
async def _owned(settings: Settings, addresses: Path) -> AsyncIterator[Stack]:
    addresses.unlink(missing_ok=True)
    running = Stack(settings)
    async with AsyncExitStack() as servers:
        if settings.database_url is None:
            postgres = PostgresServer(settings.var)
            servers.push_async_callback(postgres.stop)
            url = await postgres.start()
            running.children.append(postgres.child)
            running.settings = running.settings.model_copy(update={"database_url": url})
        if not settings.temporal_is_given:
            temporal = TemporalServer(settings)
            servers.push_async_callback(temporal.stop)
            address = await temporal.start()
            running.children.append(temporal.child)
            running.settings = running.settings.model_copy(update={"temporal_address": address})
        servers.callback(addresses.unlink, missing_ok=True)
        _write_addresses(addresses, running.settings)
        yield running


def beside(settings: Settings) -> Settings:
    """Settings for a command that works next to the owner: ports and a task queue of its own."""
    api, simulator = free_ports(2)
    return settings.model_copy(
        update={
            "api_port": api,
            "simulator_port": simulator,
            "task_queue": f"{settings.task_queue}-{os.getpid()}",
        }
    )


def is_owned(settings: Settings) -> bool:
    """Whether a running command owns the servers of this data folder."""
    path = settings.var / "run" / LOCK
    if not path.exists():
        return False
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def _write_addresses(path: Path, settings: Settings) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(
        json.dumps(
            {
                "owner": os.getpid(),
                "addresses": {
                    "database_url": settings.database_url,
                    "temporal_address": settings.temporal_address,
                    "temporal_ui_port": settings.temporal_ui_port,
                    "api_port": settings.api_port,
                    "simulator_port": settings.simulator_port,
                },
            }
        ),
        encoding="utf-8",
    )
    draft.chmod(0o600)
    draft.replace(path)


async def _borrowed(settings: Settings, addresses: Path) -> Settings:
    """The settings with another command's servers, once that command has them ready."""
    try:
        async with asyncio.timeout(_OWNER_READY_WITHIN):
            while not addresses.exists():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise StartFailed(
            f"another command owns {settings.var} and its servers are not ready; "
            "wait for it, stop it, or set GREENLANE_VAR to another folder"
        ) from None
    known = json.loads(addresses.read_text(encoding="utf-8"))["addresses"]
    found = {name: known[name] for name in _SHARED}
    if settings.database_url is not None:
        del found["database_url"]
    if settings.temporal_is_given:
        del found["temporal_address"], found["temporal_ui_port"]
    return settings.model_copy(update=found)
