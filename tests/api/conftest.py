"""A door on a real PostgreSQL and a real Temporal server, with one hospital and one insured person.

`door` is the application without a worker: enough for everything that is refused. `worked` adds a
worker that runs the real workflows, with partners that say yes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

import worker
from activities.notices import TellCustomers
from activities.ports.cases import (
    ClaimFiling,
    ClaimReceipt,
    Delivery,
    NoticeOrder,
    PaymentOrder,
    PaymentOutcome,
    PaymentStatus,
    PayoutOrder,
)
from activities.ports.courier import LabAnswer, ParcelAnswer, ParcelOrder, TestOrder
from activities.ports.hospitals import ResourceAnswer, ResourceOrder
from activities.ports.visits import VisitAnswer, VisitOrder
from adapters.books.bookings import BookingBook
from adapters.books.casebook import Casebook
from adapters.books.directory import Directory
from adapters.books.entitlements import Entitlements
from adapters.books.ledger import Ledger
from adapters.books.paid_papers import PaidPapers
from adapters.books.rescues import RescueBook
from adapters.books.roster import Roster
from adapters.encryption.keys import KeyRing, Sealer
from adapters.identity import mint
from adapters.settings import Settings
from adapters.tables.cases import hospitals, network_hospitals, policies
from adapters.temporal.connection import connect
from adapters.temporal.search_attributes import register
from api.door.gateway import CaseGateway, NotKnownYet
from api.letters.delivery import ORPHAN_AFTER, sweep
from api.main import front
from domain.bookings.coordination import AskStatus
from domain.bookings.parcel import ParcelStatus
from domain.calendar import SHANGHAI, civil_date
from tests.builders import programmes
from tests.fixtures.door import an_app
from workflows.cockpit import SEARCH_ATTRIBUTES

PROGRAMME = "bainian_deposit_waiver"
HOSPITAL = "h-test-1"
PERSON = "110101199003070732"
STRANGER = "110101198501010121"
NAME = "客户某甲"
PHONE = "13800138000"
_KEYS = count(1)


class Clock:
    """Business time in the test's hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class KindPartners:
    """Partners that say yes to everything, at once."""

    async def pay(self, order: PaymentOrder) -> PaymentOutcome:
        return PaymentOutcome(status=PaymentStatus.PAID, receipt_no=f"R-{order.movement_id[-6:]}")

    async def pay_out(self, order: PayoutOrder) -> PaymentOutcome:
        return PaymentOutcome(status=PaymentStatus.PAID, receipt_no=f"R-{order.movement_id[-6:]}")

    async def cancel(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        return PaymentOutcome(status=PaymentStatus.NOT_FOUND)

    async def look_up(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        return PaymentOutcome(status=PaymentStatus.NOT_FOUND)

    async def order_visit(self, order: VisitOrder) -> VisitAnswer:
        return VisitAnswer(accepted=True)

    async def cancel_visit(self, visit_id: str) -> None:
        return None

    async def send(self, order: NoticeOrder, phone: str) -> Delivery:
        return Delivery.DELIVERED

    async def order_parcel(self, order: ParcelOrder) -> ParcelAnswer:
        return ParcelAnswer(status=ParcelStatus.ORDERED, tracking_no="KD1")

    async def track(self, parcel_id: str) -> ParcelAnswer:
        return ParcelAnswer(status=ParcelStatus.ON_THE_WAY)

    async def call_off(self, parcel_id: str) -> None:
        return None

    async def order_test(self, order: TestOrder) -> LabAnswer:
        return LabAnswer(accepted=True)

    async def ask(self, order: ResourceOrder) -> ResourceAnswer:
        return ResourceAnswer(status=AskStatus.PENDING)

    async def withdraw(self, ask_id: str) -> bool:
        return True

    async def file(self, filing: ClaimFiling, policy_ref: str) -> ClaimReceipt:
        return ClaimReceipt(status="accepted")


@dataclass
class House:
    """The door with what a test needs to knock on it."""

    settings: Settings
    database: AsyncEngine
    client: httpx.AsyncClient
    clock: Clock
    app: Any
    sealer: Sealer
    temporal: Client
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def token(self, role: str, subject: str = "", **claims: Any) -> str:
        return mint(self.settings, subject=subject or f"{role}-1", roles=[role], **claims)

    async def ask(
        self,
        method: str,
        path: str,
        role: str | None = "agent",
        subject: str = "",
        *,
        key: str | None = "",
        channel: str | None = None,
        cases: tuple[str, ...] = (),
        headers: dict[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if role is not None:
            token = self.token(role, subject, channel=channel, cases=cases)
            sent["Authorization"] = f"Bearer {token}"
        if method == "POST" and key is not None:
            sent["Idempotency-Key"] = key or f"key-{next(_KEYS)}"
        return await self.client.request(method, path, headers=sent, **request)

    async def post(self, path: str, json: Any = None, role: str = "agent", **more: Any) -> Any:
        return await self.ask("POST", path, role, json=json, **more)

    async def get(self, path: str, role: str = "agent", **more: Any) -> Any:
        return await self.ask("GET", path, role, **more)

    async def report(self, role: str = "agent", **more: Any) -> httpx.Response:
        asked = {name: more.pop(name) for name in ("key", "subject") if name in more}
        token_channel = more.pop("token_channel", None)
        return await self.ask(
            "POST",
            "/v1/deposit-waivers",
            role,
            json=self.a_report(**more),
            channel=token_channel,
            **asked,
        )

    def a_report(self, **changes: Any) -> dict[str, Any]:
        today = civil_date(self.clock())
        body: dict[str, Any] = {
            "programme": PROGRAMME,
            "hospital_id": HOSPITAL,
            "insured": {
                "name": NAME,
                "id_type": "resident_id",
                "id_number": PERSON,
                "phone": PHONE,
                "bed": "12床",
            },
            "disease": "lung_cancer",
            "channel": "hotline",
            "planned_admission": (today + timedelta(days=7)).isoformat(),
            "need": "请安排住院押金",
            "consent": {
                "given": True,
                "at": self.clock().isoformat(),
                "version": "v2026_01",
            },
            "customer_id": "customer-1",
        }
        insured = {
            name: changes.pop(name)
            for name in ("id_number", "id_type", "phone", "name", "bed")
            if name in changes
        }
        body["insured"] |= insured
        body |= changes
        return {name: value for name, value in body.items() if value is not ...}

    async def rows(self, table: str) -> int:
        async with self.database.connect() as connection:
            counted = await connection.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
            return int(counted.scalar_one())


class _Deaf(CaseGateway):
    async def signal(self, case_id: str, name: str, message: object) -> None:
        raise NotKnownYet


@asynccontextmanager
async def no_server_takes_a_signal(house: House) -> AsyncIterator[None]:
    """While it lasts nobody hears what happened; then the sweep comes by."""
    door = house.app.state.door
    house.app.state.door = replace(door, cases=_Deaf(house.temporal))
    try:
        yield
    finally:
        house.app.state.door = door
    house.clock.move(seconds=ORPHAN_AFTER.total_seconds() + 1)
    await sweep(door)


WRITTEN = (
    "cases",
    "tasks",
    "top_ups",
    "discharges",
    "documents",
    "inbox",
    "idempotency_keys",
    "transfers",
    "timeline",
)
"""Where anything that was done would show."""


async def nothing_written(house: House) -> dict[str, int]:
    return {table: await house.rows(table) for table in WRITTEN}


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A door that served configures the process's logs; the next test starts plain."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
async def house(settings: Settings, database: AsyncEngine, clock: Clock) -> AsyncIterator[House]:
    """The door, without a worker and without its sweep."""
    settings = settings.model_copy()
    settings.prepare_secrets()
    sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
    await _furnish(database, sealer, clock)
    temporal = await connect(settings)
    await register(temporal, SEARCH_ATTRIBUTES)
    app = an_app(
        settings=settings,
        engine=database,
        temporal=temporal,
        clock=clock,
        programmes=programmes(),
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        yield House(settings, database, client, clock, app, sealer, temporal)


@pytest.fixture
async def worked(house: House) -> AsyncIterator[House]:
    """The door with a worker behind it."""
    kind = KindPartners()
    casebook = Casebook(house.database, house.sealer, clock=house.clock)
    verbs = worker.activities(
        ledger=Ledger(house.database),
        casebook=casebook,
        payment=kind,
        dispatch=kind,
        messaging=kind,
        claims=kind,
    )
    verbs += worker.booking(
        record=BookingBook(house.database, house.sealer),
        entitlements=Entitlements(house.database),
        ledger=Ledger(house.database),
        notices=TellCustomers(book=casebook, messaging=kind),
    )
    verbs += worker.paying_back(papers=PaidPapers(house.database, house.sealer))
    verbs += worker.shipping(courier=kind, lab=kind)
    verbs += worker.coordinating(hospitals=kind, directory=Directory(house.database))
    verbs += worker.consulting(roster=Roster(house.database))
    verbs += worker.rescuing(record=RescueBook(house.database, house.sealer))
    async with worker.build(house.temporal, task_queue=house.settings.task_queue, verbs=verbs):
        yield house


@asynccontextmanager
async def listening(house: House) -> AsyncIterator[str]:
    """The door behind real HTTP, at this address."""
    server = front(house.app, house.settings, log_level="ERROR")
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield house.settings.api_url
    finally:
        server.should_exit = True
        await serving


async def _furnish(database: AsyncEngine, sealer: Sealer, clock: Clock) -> None:
    now = clock()
    today = civil_date(now)
    async with database.begin() as connection:
        await connection.execute(
            insert(hospitals).values(
                id=HOSPITAL,
                province="北京市",
                city="北京市",
                name="某三甲医院",
                grade=3,
                updated_at=now,
            )
        )
        await connection.execute(
            insert(network_hospitals).values(
                programme=PROGRAMME,
                list_version="2026-01",
                hospital_id=HOSPITAL,
                online_payment=True,
                core_city=True,
            )
        )
        await connection.execute(
            insert(policies).values(
                policy_id="p-test-1",
                programme=PROGRAMME,
                policy_no=sealer.seal("P-1", "policies.policy_no"),
                name=sealer.seal(NAME, "policies.name"),
                id_number=sealer.seal(PERSON, "policies.id_number"),
                person_hash=sealer.lookup_hash(PERSON),
                product="designated_ci",
                sum_insured_fen=50_000_000,
                sales_channel="individual",
                valid_from=date(today.year - 1, 1, 1),
                valid_to=date(today.year + 1, 12, 31),
            )
        )


def in_china(at: datetime) -> datetime:
    return at.astimezone(SHANGHAI)
