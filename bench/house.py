"""A whole greenlane for the bench, each part a process of its own, with a skeleton's worker beside.

Servers, door, worker and counterparties start as `make up` starts them, in a data folder of their
own that is thrown away afterwards. With DATABASE_URL or TEMPORAL_ADDRESS set those servers are used
and keep the cases of the bench.
"""

from __future__ import annotations

import asyncio
import csv
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import func, select
from temporalio.client import Client

from adapters.database import open_database
from adapters.encryption.keys import KeyRing, Sealer
from adapters.identity import mint
from adapters.lists.files import ListFile
from adapters.lists.hospital_import import import_hospitals
from adapters.lists.insured_import import Terms, import_insured
from adapters.lists.network_import import import_network
from adapters.lists.versions import ListName
from adapters.migrations.run import migrate
from adapters.servers.processes import Child, StartFailed, free_ports
from adapters.servers.serving import child_environment
from adapters.servers.stack import Stack, stack
from adapters.settings import ROOT, Settings
from adapters.tables.booking import bookings
from adapters.temporal import search_attributes
from adapters.temporal.connection import connect
from bench.line import Hand, Line
from workflows.cockpit import SEARCH_ATTRIBUTES

PROGRAMME: Final = "bainian_deposit_waiver"
PERSONS: Final = 2000
"""Insured persons on the list: each case of the bench is another person's."""

_READY_WITHIN: Final = 60.0
_ROLES: Final = ("agent", "dispatcher", "customer", "reviewer", "nurse")


class House:
    """The running parts and the people of the bench."""

    def __init__(self, running: Stack) -> None:
        self.settings = settings = running.settings
        self.books = open_database(settings.libpq_url)
        self.servers = running.children
        self.line = Line(settings.api_port)
        self.partners = Line(settings.simulator_port)
        self.hands = {
            role: Hand(
                self.line, mint(settings, subject=f"{role}-bench", roles=[role]), f"{role}-bench"
            )
            for role in _ROLES
        }
        self.door = _part(settings, "door", ["cli.py", "serve-api"])
        self.worker = _part(settings, "worker", ["cli.py", "serve-worker"])
        self.simulator = _part(settings, "simulator", ["cli.py", "serve-simulator"])
        self.skeleton = _part(
            settings, "skeleton", ["-m", "bench.skeleton_worker", settings.temporal_target]
        )
        self.client: Client  # the skeleton's: without our codec
        self.reader: Client

    @property
    def parts(self) -> list[Child]:
        """What is started here."""
        return [self.simulator, self.worker, self.skeleton, self.door]

    def cpu_seconds(self) -> dict[str, float]:
        """The processor time each part has used since it started."""
        return {part.name: _cpu_seconds(part) for part in [*self.parts, *self.servers]}

    async def bookings_not_begun(self) -> int:
        """How many bookings are recorded and not yet taken up by the worker."""
        query = select(func.count()).where(bookings.c.stage == "opening")
        async with self.books.connect() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def ready(self) -> None:
        """Wait until everything that listens answers."""
        self.client = await Client.connect(**self.settings.temporal_connect_config())
        self.reader = await connect(self.settings)
        async with asyncio.timeout(_READY_WITHIN):
            while not (await self._answers(self.line) and await self._answers(self.partners)):
                for part in self.parts:
                    if not part.running:
                        raise StartFailed(f"{part.name} did not start:\n{part.last_words()}")
                await asyncio.sleep(0.1)

    async def _answers(self, line: Line) -> bool:
        try:
            return (await line.call("GET", "/healthz")).status == 200  # noqa: PLR2004
        except OSError:
            return False


def resident_kib(part: Child) -> int:
    """The memory of a part, in KiB."""
    return int(_process(part).memory_info().rss) // 1024


def _cpu_seconds(part: Child) -> float:
    """Of a part and its children, those that have ended too: PostgreSQL works in them."""
    parent = _process(part)
    ended = parent.cpu_times()
    seconds = float(ended.children_user + ended.children_system)
    for one in [parent, *parent.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            seconds += times.user + times.system
    return seconds


def _process(part: Child) -> psutil.Process:
    if part.process is None:
        raise RuntimeError(f"{part.name} was never started")
    return psutil.Process(part.process.pid)


@asynccontextmanager
async def servers() -> AsyncIterator[Stack]:
    """PostgreSQL and Temporal, migrated, in a fresh folder with fresh ports."""
    # A Unix socket's name has about a hundred bytes, so the folder's own is short.
    var = Path(tempfile.mkdtemp(prefix="gl-bench-"))
    ports = free_ports(4)
    wanted = Settings().model_copy(
        update={
            "var": var,
            "temporal_port": ports[0],
            "temporal_ui_port": ports[1],
            "api_port": ports[2],
            "simulator_port": ports[3],
        }
    )
    try:
        async with stack(wanted) as running:
            settings = running.settings
            settings.prepare_secrets()
            await asyncio.to_thread(migrate, settings.libpq_url)
            client = await Client.connect(**settings.temporal_connect_config())
            await search_attributes.register(client, SEARCH_ATTRIBUTES)
            yield running
    finally:
        shutil.rmtree(var, ignore_errors=True)


@asynccontextmanager
async def opened(running: Stack) -> AsyncIterator[House]:
    """Every part running and the persons of the bench insured."""
    await _fill(running.settings)
    house = House(running)
    async with AsyncExitStack() as leaving:
        for part in house.parts:
            await part.start()
            leaving.push_async_callback(part.stop)
        await house.ready()
        leaving.push_async_callback(house.books.dispose)
        leaving.push_async_callback(house.line.close)
        leaving.push_async_callback(house.partners.close)
        yield house


def person(number: int) -> dict[str, str]:
    """An insured person, as the door takes one."""
    return {
        "name": "客户某甲",
        "id_type": "passport",
        "id_number": f"B{number:08d}",
        "phone": "13800138000",
    }


async def _fill(settings: Settings) -> None:
    """Hospitals, the network, and the bench's own list of insured persons."""
    engine = open_database(settings.libpq_url)
    try:
        await import_hospitals(engine, ROOT / "data" / "hospitals.csv", at=datetime.now(UTC))
        await import_network(engine, ROOT / "data" / "networks" / f"{PROGRAMME}.yaml")
    finally:
        await engine.dispose()
    await insure(settings, PROGRAMME, PERSONS)


async def insure(settings: Settings, programme: str, persons: int) -> None:
    """Put so many persons on the list of a programme."""
    listed = settings.var / f"insured-{programme}.csv"
    with (ROOT / "data" / "insured-demo.csv").open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file))
    with listed.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, names)
        rows.writeheader()
        rows.writerows(_listed(number) for number in range(persons))
    engine = open_database(settings.libpq_url)
    sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
    name, now = ListName("insured", programme, "bench"), datetime.now(UTC)
    try:
        await import_insured(engine, ListFile(listed), Terms(name, sealer, now, removes_most=True))
    finally:
        await engine.dispose()


def _listed(number: int) -> dict[str, str]:
    insured = person(number)
    return {
        "policy_no": f"BENCH-{number:06d}",
        "name": insured["name"],
        "id_kind": insured["id_type"],
        "id_number": insured["id_number"],
        "phone": insured["phone"],
        "product": "designated_ci",
        "sum_insured": "500000.00",
        "used": "0.00",
        "sales_channel": "individual",
        "valid_from": "2019-01-01",
        "valid_to": "2099-12-31",
    }


def _part(settings: Settings, name: str, command: list[str]) -> Child:
    environment = child_environment(settings) | {
        "GREENLANE_API_PORT": str(settings.api_port),
        "GREENLANE_SIMULATOR_PORT": str(settings.simulator_port),
    }
    return Child(
        name=name,
        command=[sys.executable, *command],
        log=settings.var / "log" / f"bench-{name}.log",
        env=environment,
        cwd=ROOT,
    )
