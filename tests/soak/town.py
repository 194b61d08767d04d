"""Everything `up` runs, on a data folder of its own and in real time, each part killable.

The servers and parts are the same processes as those of `cli.py up`. What is killed comes back on
the same data, because somebody here starts it again.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
from temporalio.client import Client

from adapters.database import open_database
from adapters.encryption.keys import KeyRing, Sealer
from adapters.lists.files import ListFile
from adapters.lists.hospital_import import import_hospitals
from adapters.lists.insured_import import Terms, import_insured
from adapters.lists.network_import import import_network
from adapters.lists.versions import ListName
from adapters.migrations.run import migrate
from adapters.servers import serving
from adapters.servers.postgres import PostgresServer
from adapters.servers.processes import Child, StartFailed, free_ports
from adapters.servers.temporal import TemporalServer
from adapters.settings import ROOT, Settings
from adapters.temporal import search_attributes
from demo.house import GUEST_POLICY, PROGRAMME
from tests.soak import booked
from workflows.cockpit import SEARCH_ATTRIBUTES

VICTIMS = ("worker", "api", "simulator", "postgres", "temporal")

_TRIES = 40
_PAUSE = 0.25
"""Seconds between two tries to start a killed server: its orphans first have to leave."""


class Town:
    """The servers, the counterparties, a worker and a door."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._postgres = PostgresServer(settings.var)
        self._temporal = TemporalServer(settings)
        self._parts: dict[str, Child] = {}

    async def open(self, insured: Sequence[str]) -> None:
        """Start everything, with these ID numbers on the insurer's list."""
        url = await self._postgres.start()
        address = await self._temporal.start()
        self.settings = self.settings.model_copy(
            update={"database_url": url, "temporal_address": address}
        )
        self.settings.prepare_secrets()
        await asyncio.to_thread(migrate, url)
        client = await Client.connect(**self.settings.temporal_connect_config())
        await search_attributes.register(client, SEARCH_ATTRIBUTES)
        await self._fill(insured)
        self._parts = {part.name: part for part in serving._parts(self.settings)}
        for name in self._parts:
            await self.start(name)

    async def close(self) -> None:
        """Stop everything in order."""
        for part in reversed(self._parts.values()):
            await part.stop()
        await self._temporal.stop()
        await self._postgres.stop()

    async def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self._child(name).process
        assert process is not None
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()

    async def start(self, name: str) -> None:
        """Start a process, again or for the first time, and wait until it answers."""
        for left in reversed(range(_TRIES)):
            try:
                if name == "postgres":
                    await self._postgres.start()
                elif name == "temporal":
                    await self._temporal.start()
                else:
                    await self._parts[name].start()
                    await self._answers(name)
            except StartFailed:
                if not left:
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                return

    def _child(self, name: str) -> Child:
        servers = {"postgres": self._postgres.child, "temporal": self._temporal.child}
        return servers.get(name) or self._parts[name]

    async def _answers(self, name: str) -> None:
        urls = {"api": self.settings.api_url, "simulator": self.settings.simulator_url}
        if name not in urls:
            return
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as http:
            for _ in range(120):
                if not self._parts[name].running:
                    raise StartFailed(f"{name} ended:\n{self._parts[name].last_words()}")
                with suppress(httpx.HTTPError):
                    if (await http.get(f"{urls[name]}/healthz")).is_success:
                        return
                await asyncio.sleep(_PAUSE)
        raise StartFailed(f"{name} does not answer:\n{self._parts[name].last_words()}")

    async def _fill(self, insured: Sequence[str]) -> None:
        settings = self.settings
        listed = settings.var / "insured.csv"
        demo = (ROOT / "data" / "insured-demo.csv").read_text(encoding="utf-8").rstrip("\n")
        guests = [
            f"BN-SOAK-{n},客户某甲,resident_id,{number},13800138000,{GUEST_POLICY}"
            for n, number in enumerate(insured)
        ]
        listed.write_text("\n".join([demo, *guests, ""]), encoding="utf-8")
        booking = settings.var / "booking.csv"
        booking.write_text("\n".join([demo.split("\n", 1)[0], *guests, ""]), encoding="utf-8")
        engine = open_database(settings.libpq_url)
        sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
        now = datetime.now(UTC)
        try:
            await import_hospitals(engine, ROOT / "data" / "hospitals.csv", at=now)
            await import_network(engine, ROOT / "data" / "networks" / f"{PROGRAMME}.yaml")
            for programme, people in ((PROGRAMME, listed), (booked.PROGRAMME, booking)):
                name = ListName("insured", programme, "soak")
                await import_insured(engine, ListFile(people), Terms(name, sealer, now))
        finally:
            await engine.dispose()


@asynccontextmanager
async def town(insured: Sequence[str], *, keep: bool = False) -> AsyncIterator[Town]:
    """A town for a while; `keep` leaves its data and logs for whoever looks for a cause."""
    var = Path(tempfile.mkdtemp(prefix="gls-"))
    names = ("api_port", "simulator_port", "temporal_port", "temporal_ui_port")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    opened = Town(Settings.model_validate({"var": var, **ports}))
    try:
        await opened.open(insured)
        yield opened
    finally:
        await opened.close()
        if not keep:
            shutil.rmtree(var, ignore_errors=True)
