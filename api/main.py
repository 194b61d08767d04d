"""The door, wired: the only file of this room that knows the adapters.

`create_app` takes what a process has - settings, database, Temporal client, clock - and returns the
application; `serve` runs it until told to stop. Business time comes from the clock that is handed
in; token expiry, signature freshness and leases go by the process clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from temporalio.client import Client

from adapters.books.bookings import BookingBoard
from adapters.books.calendar_table import CalendarShelf
from adapters.books.caseboard import Caseboard
from adapters.books.documents import Documents
from adapters.books.enquiries import EnquiryBoard
from adapters.books.ledger import Ledger
from adapters.books.rescues import RescueBoard
from adapters.books.worklist import Worklist
from adapters.calendar_file import calendar_of, read_years
from adapters.database import open_database
from adapters.door.unit import BOOKS_AWAY, Database, DoorBooks
from adapters.encryption.codec import PayloadCodec, PayloadRefused
from adapters.encryption.keys import KeyRing, Sealer
from adapters.house import HouseList
from adapters.identity import TokenRefused, Tokens
from adapters.logs import configure_logs
from adapters.migrations.run import newest
from adapters.partners.signing import SignatureRefused, verified
from adapters.programmes.files import load_programmes
from adapters.servers.processes import StartFailed
from adapters.settings import LOOPBACK, Partner, Reporter, Settings
from adapters.temporal.connection import connect, door_runtime, without_worker
from adapters.temporal.search_attributes import missing
from adapters.webhooks.outbox import Outbox
from api.door import errors
from api.door.gateway import CaseGateway
from api.door.middleware import Measures, Observed
from api.door.openapi import describe
from api.door.sizes import BoundedBodies
from api.door.stopped import stopped_warning
from api.door.strict import only_described
from api.door.upkeep import look_first, upkeep_for_ever
from api.letters.delivery import sweep_for_ever
from api.routes import AROUND, RESOURCES
from api.wiring.door import Door
from domain.calendar import WorkCalendar, civil_date
from domain.programmes.programme import Programme
from workflows.cockpit import SEARCH_ATTRIBUTES

_PARTNERS: Final[dict[str, Partner | Reporter]] = {
    "payment": "payment",
    "nurse": "dispatch",
    "message": "messaging",
    "claims": "claims",
    "telephone": "telephone",
    "roster": "roster",
    "social": "social",
    "courier": "courier",
    "lab": "lab",
    "hospitals": "hospitals",
}
"""The partner in a callback's address, and the name its secret is set under."""

CALENDAR_AHEAD: Final = timedelta(days=90)
"""A calendar that ends sooner cannot date the promises of a case opened today."""

_LEAVE_WITHIN_S: Final = 15
_KEEP_ALIVE_S: Final = 75
"""Balancers and clients keep theirs for a minute; who is closed on loses the next request."""
_CORS_KEPT_S: Final = 600


def create_app(
    *,
    settings: Settings,
    engine: Database,
    temporal: Client,
    clock: Callable[[], datetime] | None = None,
    process_clock: Callable[[], datetime] | None = None,
    programmes: Sequence[Programme] | None = None,
    calendar: WorkCalendar | None = None,
    sweeping: bool = True,
) -> FastAPI:
    """The application on these parts; programmes and calendar come from the files by default."""
    app = FastAPIOffline(  # its pages come from us, not from the open internet
        title="greenlane",
        summary="住院免押金与就医绿通",
        version="1",
        lifespan=_sweeping if sweeping else _still,
    )
    app.state.door = wire(
        settings=settings,
        engine=engine,
        temporal=temporal,
        clock=clock,
        process_clock=process_clock,
        programmes=programmes,
        calendar=calendar,
    )
    app.state.measures = Measures()
    _furnish(app, settings)
    return app


def wire(
    *,
    settings: Settings,
    engine: Database,
    temporal: Client,
    clock: Callable[[], datetime] | None = None,
    process_clock: Callable[[], datetime] | None = None,
    programmes: Sequence[Programme] | None = None,
    calendar: WorkCalendar | None = None,
) -> Door:
    """What stands behind the routes of an application, as `create_app` takes it."""
    now = clock or _now
    ring = KeyRing(settings.key_ring)
    sealer = Sealer(ring, settings.lookup_key_bytes)
    shipped = () if calendar else read_years(settings.calendar_path)
    shelf = CalendarShelf(engine, calendar or calendar_of(shipped), shipped=shipped)
    books = DoorBooks(engine, sealer)
    offered = tuple(programmes or load_programmes(settings.programme_folders))
    gateway = CaseGateway(temporal, task_queue=settings.task_queue)
    tokens = Tokens(settings)
    return Door(
        books=books,
        cases=gateway,
        board=Caseboard(engine, sealer, clock=now),
        enquiries=EnquiryBoard(engine, sealer, clock=now),
        rescues=RescueBoard(engine, sealer, clock=now),
        bookings=BookingBoard(engine, sealer, clock=now),
        worklist=Worklist(engine, sealer),
        files=Documents(engine, sealer),
        ledger=Ledger(engine),
        outbox=Outbox(engine, sealer),
        verifier=tokens,
        token_refused=TokenRefused,
        clock=now,
        process_clock=process_clock or _now,
        programmes=offered,
        calendars=shelf,
        house=HouseList(engine),
        id_secret=hmac.digest(settings.lookup_key_bytes, b"greenlane ids 1", hashlib.sha256),
        payload_codec=PayloadCodec(ring),
        payload_refused=PayloadRefused,
        codec_origins=settings.allowed_origins if is_all_local(settings) else (),
        verify_callback=_callback_verifier(settings, process_clock or _now),
        callback_refused=SignatureRefused,
        coordinated=_coordinated(settings, offered),
        checks=_checks(books, gateway, temporal, shelf, now, ring) | {"issuer": tokens.reason},
        warns={
            "worker": lambda: without_worker(temporal, settings.task_queue),
            "workflows": lambda: stopped_warning(books, now),
        },
    )


def _coordinated(settings: Settings, offered: Sequence[Programme]) -> frozenset[str]:
    """Programmes whose hospitals are asked over the wire; a code nobody has stops the door."""
    named = settings.coordinated_programmes
    if unknown := named - {one.code for one in offered}:
        raise StartFailed(f"GREENLANE_COORDINATED names no programme of ours: {sorted(unknown)}")
    return named


def is_all_local(settings: Settings) -> bool:
    """Whether `make up` says that its own UI is asking, and door, Temporal and issuer are here.

    Only then may the UI's own origin read payloads without a token: it passes none over http. Any
    program of this machine can name that origin; where others work on it, leave the setting out.
    """
    temporal = settings.temporal_target.rpartition(":")[0].strip("[]")
    local = temporal in LOOPBACK and settings.listen in LOOPBACK
    return settings.local_ui and local and settings.jwt_jwks_url is None


def _furnish(app: FastAPI, settings: Settings) -> None:
    for routes in RESOURCES:
        app.include_router(routes, dependencies=[Depends(only_described)])
    for routes in AROUND:
        app.include_router(routes)
    errors.install(app, books_away=BOOKS_AWAY)
    app.add_middleware(BoundedBodies)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(settings.allowed_origins),
        allow_methods=["POST", "OPTIONS"],
        allow_headers=["content-type", "x-namespace", "authorization"],
        max_age=_CORS_KEPT_S,
    )
    app.add_middleware(Observed, measures=app.state.measures)
    describe(app)


@contextlib.asynccontextmanager
async def _still(app: FastAPI) -> AsyncIterator[None]:
    """Begin with the table of working days, and do nothing beside the requests."""
    await look_first(app.state.door)
    yield


@contextlib.asynccontextmanager
async def _sweeping(app: FastAPI) -> AsyncIterator[None]:
    """The same, with what is looked after round by round."""
    door: Door = app.state.door
    await look_first(door)
    beside = [asyncio.create_task(one) for one in (sweep_for_ever(door), upkeep_for_ever(door))]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


def _callback_verifier(
    settings: Settings, now: Callable[[], datetime]
) -> Callable[[str, Mapping[str, str], bytes], str]:
    secrets = {name: settings.partner_secret(partner) for name, partner in _PARTNERS.items()}

    def verify(partner: str, headers: Mapping[str, str], body: bytes) -> str:
        return verified(headers, body, secrets=[secrets[partner]], now=now())

    return verify


def _checks(
    books: DoorBooks,
    gateway: CaseGateway,
    temporal: Client,
    calendars: CalendarShelf,
    clock: Callable[[], datetime],
    ring: KeyRing,
) -> dict[str, Callable[[], Awaitable[str]]]:
    wanted = newest()

    async def schema() -> str:
        return "" if await books.revision() == wanted else "migrations_missing"

    async def postgresql() -> str:
        async with books.unit() as unit:
            await unit.reference.moment()
        return ""

    async def server() -> str:
        return "" if await gateway.answers() else "no_answer"

    async def attributes() -> str:
        unknown = await missing(temporal, SEARCH_ATTRIBUTES)
        return f"missing: {', '.join(unknown)}" if unknown else ""

    async def horizon() -> str:
        ends = calendars.table.calendar.horizon
        return "" if ends - civil_date(clock()) >= CALENDAR_AHEAD else f"calendar ends {ends}"

    async def key() -> str:
        return "" if ring.newest else "no_key"

    return {
        "postgresql": postgresql,
        "migrations": schema,
        "temporal": server,
        "search_attributes": attributes,
        "calendar": horizon,
        "key": key,
    }


def _now() -> datetime:
    return datetime.now(UTC)


def front(app: FastAPI, settings: Settings, *, log_level: str | None = None) -> uvicorn.Server:
    """The HTTP server before the door, on the settings' address."""
    return _Server(
        uvicorn.Config(
            app,
            host=settings.listen,
            port=settings.api_port,
            http="httptools",
            ws="none",
            access_log=False,
            log_config=None,  # its lines are written as all others (`adapters.logs`)
            log_level=(log_level or settings.log_level).lower(),
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_LEAVE_WITHIN_S,
        )
    )


async def serve(settings: Settings) -> int:
    """Run the door on the settings' address until SIGTERM or SIGINT."""
    configure_logs(settings.log_level)
    engine = open_database(settings.libpq_url)
    try:
        temporal = await connect(settings, lazy=True, runtime=door_runtime())
        app = create_app(settings=settings, engine=engine, temporal=temporal)
        await _until_told(front(app, settings))
    finally:
        await engine.dispose()
    return 0


async def _until_told(server: uvicorn.Server) -> None:
    """Serve; when cancelled, let the requests that are being answered finish."""
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


class _Server(uvicorn.Server):
    """Leaves when the command that runs it is told to: signals are handled in one place."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Leave the process's own handlers in place."""
        yield
