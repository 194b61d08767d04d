"""A whole greenlane around one case in its own time: door, worker, counterparties, all real.

The servers run already and the settings name them. The counterparties and the worker are processes
of their own, so that one can be killed while the story goes on; the door runs in this process,
because it takes its time from the story.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from stdnum.cn import ric

from adapters.calendar_file import load_calendar
from adapters.database import open_database
from adapters.encryption.keys import KeyRing, Sealer
from adapters.lists.files import ListFile
from adapters.lists.hospital_import import import_hospitals
from adapters.lists.insured_import import Terms, import_insured
from adapters.lists.network_import import import_network
from adapters.lists.versions import ListName
from adapters.programmes.files import load_programmes
from adapters.servers.serving import child_environment
from adapters.settings import ROOT, Settings
from adapters.tables.cases import policies
from adapters.temporal.connection import connect
from adapters.temporal.virtual_time import Stage, days_to_move
from adapters.trust import authorities
from api.main import create_app, front
from demo.people import Person, until
from domain.calendar import SHANGHAI, WorkCalendar
from domain.programmes.programme import Programme

PROGRAMME: Final = "bainian_deposit_waiver"
HOSPITAL_ID: Final = "h-lkes2xiuptu45a5v"
"""南昌大学第一附属医院: 3A, on the network, with online payment, codes, and an in-house team."""


LIST: Final = "demo"
"""How the versions of the lists that stories bring along begin."""
GUEST_POLICY: Final = "designated_ci,500000.00,0.00,individual,2019-01-01,2099-12-31"
"""Product, sum insured, used, sales channel and term of the person whose story is told."""


@dataclass(frozen=True)
class Guest:
    """Whose story is told: insured under which programme, going to which hospital, with what."""

    programme: str = PROGRAMME
    hospital_id: str = HOSPITAL_ID
    disease: str = "lung_cancer"
    policy: str = GUEST_POLICY


GUEST: Final = Guest()
"""客户某甲 of story 1."""


class House:
    """The running parts, the people, and the story's clock."""

    def __init__(self, settings: Settings, stage: Stage, moved_by: int, guest: Guest) -> None:
        self.settings = settings
        self.guest = guest
        self.stage = stage
        self.moved_by = moved_by
        self.partners = httpx.AsyncClient(
            base_url=settings.simulator_url,
            timeout=15.0,
            trust_env=False,
            verify=authorities(),
        )
        self.channel = self._person("channel-bainian", "channel", channel="bainian")
        self.customer = self._person("customer-jia", "customer")
        self.agent = self._person("agent-07", "agent")
        self.dispatcher = self._person("dispatcher-02", "dispatcher")
        self.reviewer = self._person("reviewer-03", "reviewer")
        self.insurer = self._person("insurer-06", "insurer")
        self.nurse = self._person("nurse-0042", "nurse")
        self.finance = self._person("finance-04", "finance")
        self.supervisor = self._person("supervisor-01", "supervisor")
        self.ward_staff = self._in_hospital("staff-11", "hospital_staff")
        self.ward_nurse = self._in_hospital("nurse-12", "hospital_nurse")
        self.ward_doctor = self._in_hospital("doctor-13", "hospital_doctor")
        self.ward_duty = self._in_hospital("duty-14", "hospital_duty")
        self.id_number = _a_number_of_nobody()
        self._worker: asyncio.subprocess.Process | None = None

    def _person(self, subject: str, role: str, channel: str | None = None) -> Person:
        return Person(self.settings, subject=subject, role=role, channel=channel)

    def _in_hospital(self, subject: str, role: str) -> Person:
        """Somebody of the hospital the guest goes to."""
        return Person(self.settings, subject=subject, role=role, hospital=self.guest.hospital_id)

    @property
    def people(self) -> list[Person]:
        """Everybody who has a token."""
        return [one for one in vars(self).values() if isinstance(one, Person)]

    # Time ----------------------------------------------------------------------------------------

    def at(self, text: str) -> datetime:
        """A moment of the story (`2026-04-29 20:10`, Shanghai), moved as far as the story is."""
        told = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
        return told + timedelta(days=self.moved_by)

    async def go_to(self, text: str) -> None:
        """Move the case, the door and the partners to a later moment of the story."""
        at = self.at(text)
        await self.stage.go_to(at)
        answer = await self.partners.put("/clock", json={"now": at.isoformat()})
        answer.raise_for_status()

    # The counterparties' own hands ---------------------------------------------------------------

    async def partner(self, path: str, body: dict[str, Any]) -> None:
        """Somebody at a counterparty does something: scans a code, decides a claim."""
        (await self.partners.post(path, json=body)).raise_for_status()

    async def fault(self, partner: str, operation: str, fault: str, **more: Any) -> None:
        """Switch a fault of a counterparty on."""
        await self.partner(
            "/faults", {"partner": partner, "operation": operation, "fault": fault, **more}
        )

    # The worker ----------------------------------------------------------------------------------

    async def start_worker(self) -> None:
        """Start a worker process."""
        self._worker = await _child(self.settings, "serve-worker", {})

    async def kill_worker(self) -> None:
        """End the worker as a power cut would."""
        if self._worker is not None:
            self._worker.send_signal(signal.SIGKILL)
            await self._worker.wait()

    async def stop_worker(self) -> None:
        """End the worker in order."""
        if self._worker is not None and self._worker.returncode is None:
            self._worker.terminate()
            await self._worker.wait()


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    story_begins: str,
    guest: Guest = GUEST,
    application: Callable[..., FastAPI] = create_app,
) -> AsyncIterator[House]:
    """Everything running, the reference data in, the clock at the story's first moment."""
    begins = datetime.strptime(story_begins, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
    moved_by = days_to_move(begins, datetime.now(tz=SHANGHAI))
    settings.prepare_secrets()
    stage = Stage(await connect(settings), opens_at=begins + timedelta(days=moved_by))
    house = House(settings, stage, moved_by, guest)
    await _fill(settings, house)
    # Books of its own: the counterparties of a running `up` know nothing of this story or its time.
    books = settings.var / f"counterparties-{house.id_number[-8:]}.sqlite3"
    simulator = await _child(
        settings,
        "serve-simulator",
        {
            "SIMULATOR_STATE": str(books),
            "SIMULATOR_CALLBACK_BASE": settings.api_url,
            "SIMULATOR_SECRET": settings.simulator_secret,
        },
    )
    await house.start_worker()
    try:
        async with _door(house, application):
            await until(lambda: _answers(house.partners, "/clock"), "counterparties")
            await until(lambda: _answers(house.supervisor.http, "/healthz"), "door")
            await house.go_to(story_begins)
            yield house
    finally:
        await house.stop_worker()
        simulator.terminate()
        await simulator.wait()
        for left in settings.var.glob(f"{books.name}*"):
            left.unlink()
        for person in house.people:
            await person.leave()
        await house.partners.aclose()


class ListInUse(RuntimeError):
    """The database holds an insurer's own list, which a story would replace."""


async def _refuse_other_lists(engine: AsyncEngine) -> None:
    query = (
        select(policies.c.programme, policies.c.list_version)
        .where(~policies.c.list_version.startswith(LIST))
        .limit(1)
    )
    async with engine.connect() as connection:
        found = (await connection.execute(query)).first()
        if found is not None:
            raise ListInUse(
                f"数据库里有 {found.programme} 的客户清单 {found.list_version}, 演示不动它; "
                "请先 make down, 再用另一个目录: GREENLANE_VAR=./var-demo make demo"
                f" / the database holds the list {found.list_version} of {found.programme}, which"
                " a story must not replace; run: make down, and then in another folder:"
                " GREENLANE_VAR=./var-demo make demo"
            )


def _a_number_of_nobody() -> str:
    """A well-formed identity number of a person born in 1900, another one for each house.

    One stay is one case, so a story that was broken off must not be found again by the next one.
    """
    day = date(1900, 1, 1) + timedelta(days=secrets.randbelow(365))
    body = f"110101{day:%Y%m%d}{secrets.randbelow(999) + 1:03d}"
    return body + ric.calc_check_digit(f"{body}0")  # it takes the number with its last place


async def _answers(http: httpx.AsyncClient, path: str) -> bool:
    with suppress(httpx.TransportError):
        return (await http.get(path)).is_success
    return False


async def _fill(settings: Settings, house: House) -> None:
    """Hospitals, the programme's network if one is drawn, and the list with our guest on it."""
    insured, programme = settings.var / "insured-with-guest.csv", house.guest.programme
    listed = (ROOT / "data" / "insured-demo.csv").read_text(encoding="utf-8").rstrip("\n")
    if programme != PROGRAMME:  # the shipped list is the other insurer's
        listed = listed.partition("\n")[0]
    number = house.id_number
    row = f"GL-DEMO-{number[-6:]},客户某甲,resident_id,{number},13800138000,{house.guest.policy}"
    insured.touch(mode=0o600)
    insured.write_text(f"{listed}\n{row}\n", encoding="utf-8")
    network = ROOT / "data" / "networks" / f"{programme}.yaml"
    engine = open_database(settings.libpq_url)
    sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
    try:
        await _refuse_other_lists(engine)
        now = datetime.now(UTC)
        await import_hospitals(engine, ROOT / "data" / "hospitals.csv", at=now)
        if network.exists():
            await import_network(engine, network)
        # Each story has a guest of its own, so each brings a list of its own.
        name = ListName("insured", programme, f"{LIST}-{now:%Y%m%dT%H%M%S.%f}")
        await import_insured(engine, ListFile(insured), Terms(name, sealer, now))
    finally:
        insured.unlink(missing_ok=True)  # a list with names does not lie about once it is read
        await engine.dispose()


@cache
def _shipped(moved_by: int) -> tuple[tuple[Programme, ...], WorkCalendar]:
    """The programmes and the calendar as far as a story is moved; one process tells several."""
    programmes = tuple(one.moved(moved_by) for one in load_programmes())
    return programmes, load_calendar().moved(moved_by)


@asynccontextmanager
async def _door(house: House, application: Callable[..., FastAPI]) -> AsyncIterator[None]:
    """The door on the story's time, behind real HTTP."""
    settings = house.settings
    engine = open_database(settings.libpq_url)
    programmes, calendar = _shipped(house.moved_by)
    app = application(
        settings=settings,
        engine=engine,
        temporal=house.stage.client,
        clock=house.stage.now,
        programmes=programmes,
        calendar=calendar,
    )
    # The onlooker reads the story, not the door's log.
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    server = front(app, settings, log_level="WARNING")
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        await engine.dispose()


async def _child(
    settings: Settings, command: str, extra: dict[str, str]
) -> asyncio.subprocess.Process:
    """A part of greenlane as a process of its own; what it prints goes to the log folder."""
    log = Path(settings.var) / "log" / f"{command.removeprefix('serve-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = child_environment(settings) | extra
    environment |= {
        "GREENLANE_API_PORT": str(settings.api_port),
        "GREENLANE_SIMULATOR_PORT": str(settings.simulator_port),
        "GREENLANE_TASK_QUEUE": settings.task_queue,
    }
    log.touch(mode=0o600)
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            os.fspath(ROOT / "cli.py"),
            command,
            stdout=out,
            stderr=out,
            env=environment,
        )
