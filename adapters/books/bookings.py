"""Bookings in the database: written by the door, turned page by page, read by people.

Whatever names a person is sealed; looking at a booking leaves an audit row. Steps, promises and
history are written and read as those of a case.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.bookings import BookingPage
from activities.ports.cases import Contact
from activities.ports.hospitals import Patient
from adapters.books.cursors import cursor_after, cursor_read
from adapters.books.entitlements import reserve_in
from adapters.books.matter_file import SHOWN_WITH_A_STEP, MatterFile, known, looked_at, other_name
from adapters.books.openings import OpenedRows
from adapters.books.pages import OwnRow, begin_page, turn_row, write_payments
from adapters.books.talks import keep_in_record
from adapters.books.turning import turning
from adapters.database import looks
from adapters.encryption.keys import Sealer
from adapters.tables.booking import bookings
from adapters.tables.cases import hospitals, payments, tasks
from adapters.tables.entitlement import entitlement_uses
from adapters.webhooks.outbox import post
from domain.board import (
    BadCursor,
    BookingFilter,
    BookingRow,
    BookingView,
    ContactRow,
    Paged,
    PaymentRow,
    Viewer,
)
from domain.bookings.booking import BookingStage
from domain.bookings.sharing import Withheld
from domain.entitlement import Counter
from domain.guards import BookingAccess
from domain.matter import BOOKING, OPENING
from domain.privacy import last_four, mask_name
from domain.roles import Role

_SEALED: Final = ("name", "id_number", "phone", "email", "need", "verdict", "opened")


class BookingUnknown(LookupError):
    """No booking of this id was ever asked for."""


_OWN: Final = OwnRow(
    bookings,
    turned=(
        "stage",
        "awaiting",
        "sla_state",
        "next_due_at",
        "service_at",
        "hospital_id",
        "owner",
        "failed_by",
        "page",
    ),
    unknown=BookingUnknown,
)


class BookingBook:
    """`BookingBookPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def write_booking(self, page: BookingPage) -> None:
        """Write one page. Raises `BookingUnknown`, and `PageConflict` for a reused number."""
        async with turning(self._engine, self._sealer, page) as connection:
            await turn_row(connection, _OWN, page, self._words(page))
            if not await begin_page(connection, self._sealer, page):
                return
            await write_payments(connection, page)
            await keep_in_record(connection, self._sealer, page)
            await post(connection, page)

    def _words(self, page: BookingPage) -> dict[str, Any]:
        """Why it stands where it stands: sealed, but for the codes of a loss, which are counted."""
        lost = page.stage is BookingStage.TERMINATED
        return {
            "reason": self._sealer.seal(page.reason, "bookings.reason") if page.reason else None,
            "loss": page.reason if lost else "",
        }


# Built once: building them anew costs as much processor time as running them.
_CONTACT: Final = select(
    bookings.c.name, bookings.c.phone, bookings.c.email, bookings.c.id_number
).where(bookings.c.booking_id == bindparam("booking"))


async def contact_in(
    connection: AsyncConnection, sealer: Sealer, booking_id: str
) -> Contact | None:
    """Where the customer of a booking is reached; None if it was never asked for."""
    row = (await connection.execute(_CONTACT, {"booking": booking_id})).mappings().one_or_none()
    if row is None:
        return None
    person = {
        name: sealer.open_text(sealed, f"bookings.{name}")
        for name, sealed in row.items()
        if sealed is not None
    }
    return Contact(id_last_four=last_four(person.pop("id_number")), **person)


async def patient_in(
    connection: AsyncConnection, sealer: Sealer, booking_id: str, *, without: Withheld | None
) -> Patient:
    """Whom a booking is for; what hospitals are not to know is not even unsealed.

    Raises `BookingUnknown`.
    """
    query = select(bookings).where(bookings.c.booking_id == booking_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise BookingUnknown(booking_id)

    def opened(name: str) -> str:
        return sealer.open_text(getattr(row, name), f"bookings.{name}")

    return Patient(
        name=opened("name"),
        id_last_four=last_four(opened("id_number")),
        complaint=opened("need") if without is None else None,
    )


class BookingBoard:
    """Bookings as people read them."""

    def __init__(
        self, engine: AsyncEngine, sealer: Sealer, *, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._looks = looks(engine)
        self._sealer = sealer
        self._clock = clock

    async def bookings(self, wanted: BookingFilter) -> Paged[BookingRow]:
        """One page of bookings, the newest request first, masked. Raises `BadCursor`."""
        query = _narrowed(select(bookings), wanted)
        query = query.order_by(bookings.c.requested_at.desc(), bookings.c.booking_id.desc())
        async with self._looks.connect() as connection:
            rows = (await connection.execute(query.limit(wanted.limit + 1))).all()
        items = [
            BookingRow(
                **known(BookingRow, row) | {"name_masked": mask_name(self._opened(row, "name"))}
            )
            for row in rows[: wanted.limit]
        ]
        more = len(rows) > wanted.limit
        after = cursor_after(items[-1].requested_at, items[-1].booking_id) if more else None
        return Paged[BookingRow](items=items, next_cursor=after)

    async def booking(self, booking_id: str, viewer: Viewer) -> BookingView | None:
        """One whole booking; audited. None if it was never asked for."""
        query = (
            select(bookings, func.coalesce(hospitals.c.name, "").label("hospital_name"))
            .join_from(bookings, hospitals, bookings.c.hospital_id == hospitals.c.id, isouter=True)
            .where(bookings.c.booking_id == booking_id)
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            header = row._asdict() | {
                "hospital_id": row.hospital_id or "",
                "name_masked": mask_name(self._opened(row, "name")),
            }
            shown = {name: header[name] for name in (*SHOWN_WITH_A_STEP, "service")}
            shown["asked_at"] = row.requested_at
            view = BookingView(
                **known(BookingView, row)
                | {
                    "name_masked": header["name_masked"],
                    "reason": self._opened(row, "reason") if row.reason else "",
                    "need": self._opened(row, "need"),
                    "unit": await _unit(connection, booking_id),
                    "verdict": self._verdict(row),
                },
                **await self._file(connection, booking_id, shown),
            )
            await looked_at(connection, viewer, "booking.viewed", booking_id, at=self._clock())
        return view

    async def contact(self, booking_id: str, viewer: Viewer) -> ContactRow | None:
        """Whom to call; audited. None if the booking was never asked for."""
        query = select(bookings).where(bookings.c.booking_id == booking_id)
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            person = {name: self._opened(row, name) for name in ("name", "phone")}
            other = await other_name(connection, self._sealer, row.policy_id, person["name"])
            await looked_at(connection, viewer, "contact.viewed", booking_id, at=self._clock())
        return ContactRow(case_id=booking_id, name_on_list=other, **person)

    def _opened(self, row: Row[Any], column: str) -> str:
        return self._sealer.open_text(getattr(row, column), f"bookings.{column}")

    def _verdict(self, row: Row[Any]) -> dict[str, Any]:
        """What the rules said at the door; of older rows it stands in the start message only."""
        if row.verdict is None:
            return dict(json.loads(self._opened(row, "opened"))["verdict"])
        return dict(json.loads(self._opened(row, "verdict")))

    async def _file(
        self, connection: AsyncConnection, booking_id: str, shown: dict[str, Any]
    ) -> dict[str, Any]:
        """What a booking has gathered, each list in the order in which it happened."""
        file = MatterFile(connection, self._sealer, booking_id)
        return {
            "timeline": await file.timeline(),
            "clocks": await file.clocks(),
            "tasks": await file.tasks(lambda row: shown | {"completion": file.reported(row)}),
            "documents": await file.documents(),
            "payments": [
                PaymentRow(**known(PaymentRow, row))
                for row in await file.rows(payments, "ordered_at", "movement_id")
            ],
            "notices": await file.notices(),
        }


def _narrowed(query: Select[Any], wanted: BookingFilter) -> Select[Any]:
    for column in ("channel", "customer_subject"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(bookings.c[column] == value)
    if wanted.cursor is None:
        return query
    moment, key = cursor_read(wanted.cursor)
    if moment is None:
        raise BadCursor("every booking was asked for at some moment")
    return query.where(tuple_(bookings.c.requested_at, bookings.c.booking_id) < tuple_(moment, key))


async def _unit(connection: AsyncConnection, booking_id: str) -> str | None:
    query = select(entitlement_uses.c.state).where(entitlement_uses.c.use_id == booking_id)
    found: str | None = await connection.scalar(query)
    return found


# Built once: building them anew costs as much processor time as running them.
_ADD: Final = insert(bookings)
_ONE: Final = select(bookings).where(bookings.c.booking_id == bindparam("booking"))
_OPEN_OF: Final = (
    select(bookings)
    .where(bookings.c.person_hash == bindparam("person"))
    .where(bookings.c.programme == bindparam("programme"))
    .where(bookings.c.service == bindparam("service"), bookings.c.stage.not_in(BOOKING.ended))
    .order_by(bookings.c.requested_at.desc())
    .limit(1)
)
_HELPERS: Final = (
    select(tasks.c.assignee)
    .distinct()
    .where(tasks.c.case_id == bindparam("booking"), tasks.c.roles.contains([Role.NURSE.value]))
    .where(tasks.c.assignee.is_not(None))
)


class BookingRows(OpenedRows):
    """Bookings as the door writes and guards them, in one transaction."""

    table = bookings

    async def add(self, row: dict[str, Any]) -> None:
        """Write down a request."""
        sealed = {
            name: None if row[name] is None else self._sealer.seal(row[name], f"bookings.{name}")
            for name in _SEALED
        }
        await self._connection.execute(_ADD, {**row, **sealed, "stage": OPENING})

    async def reserve(self, booking_id: str, counter: Counter, *, count: int, at: datetime) -> int:
        """Reserve the booking's unit in the same transaction; `EntitlementUsedUp`."""
        return await reserve_in(self._connection, booking_id, counter, count=count, at=at)

    async def access(self, booking_id: str) -> BookingAccess | None:
        """Who a booking belongs to and where it stands."""
        row = (await self._connection.execute(_ONE, {"booking": booking_id})).one_or_none()
        return None if row is None else await self._access(row)

    async def open_of(
        self, *, person_hash: str, programme: str, service: str
    ) -> BookingAccess | None:
        """The newest booking of a person for a service that has not ended."""
        ours = {"person": person_hash, "programme": programme, "service": service}
        row = (await self._connection.execute(_OPEN_OF, ours)).one_or_none()
        return None if row is None else await self._access(row)

    async def _access(self, row: Row[Any]) -> BookingAccess:
        return BookingAccess(
            case_id=row.booking_id,
            channel=row.channel,
            customer_subject=row.customer_subject,
            stage=row.stage,
            service=row.service,
            requested_at=row.requested_at,
            helpers=await self._helpers(row.booking_id),
            failed_by=frozenset(row.failed_by),
        )

    async def _helpers(self, booking_id: str) -> frozenset[str]:
        """Who accompanies the customer, or did: the named persons of its steps."""
        found = await self._connection.execute(_HELPERS, {"booking": booking_id})
        return frozenset(found.scalars())

    async def may_serve(self, booking_id: str, subject: str, role: Role) -> bool:
        """Whether a person holds, or may claim, an open step of the booking in a role."""
        found = await self._connection.execute(
            select(tasks.c.task_id)
            .where(tasks.c.case_id == booking_id, tasks.c.closed_at.is_(None))
            .where(tasks.c.roles.contains([role.value]))
            .where(func.coalesce(tasks.c.claimed_by, tasks.c.assignee, subject) == subject)
            .limit(1)
        )
        return found.first() is not None
