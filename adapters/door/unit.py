"""What the door writes and looks up, one transaction at a time.

A unit is one transaction with the door's tables at hand; it is committed when its block ends and
rolled back when anything is raised in it. Personal data is sealed on its way in and opened only by
the methods that say so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.books.audit import write_audit
from adapters.books.bookings import BookingRows
from adapters.books.calendar_table import CalendarRows
from adapters.books.documents import DocumentRows
from adapters.books.emergencies import EmergencyRows
from adapters.books.enquiries import EnquiryRows
from adapters.books.family import FamilyRows
from adapters.books.rescues import RescueRows
from adapters.books.roster import RosterRows
from adapters.books.talks import TalkRows
from adapters.database import looks
from adapters.door.cases import CaseRows
from adapters.door.inbox import InboxRows
from adapters.door.keys import KeyRows
from adapters.door.matters import MatterRows
from adapters.door.policies import PolicyRows
from adapters.door.reference import ReferenceRows
from adapters.door.slips import SlipRows
from adapters.encryption.keys import Sealer
from adapters.house import HouseRows
from adapters.reports.bookings import BookingReportRows
from adapters.reports.claims import ClaimReport
from adapters.reports.money import ReportRows
from adapters.reports.promises import PromiseRows
from adapters.reports.ratings import RatingRows
from adapters.reports.steps import StepRows

Database = AsyncEngine
"""The engine, named for rooms that must not know its driver."""

BOOKS_AWAY: Final[tuple[type[Exception], ...]] = (OperationalError, InterfaceError, PoolTimeout)
"""Failures that mean the database is not there now; asking again later is right."""


class DoorUnit:
    """One transaction of the door."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self.keys = KeyRows(connection, sealer)
        self.cases = CaseRows(connection, sealer)
        self.documents = DocumentRows(connection, sealer)
        self.enquiries = EnquiryRows(connection, sealer)
        self.bookings = BookingRows(connection, sealer)
        self.rescues = RescueRows(connection, sealer)
        self.emergencies = EmergencyRows(connection)
        self.family = FamilyRows(connection, sealer)
        self.talks = TalkRows(connection, sealer)
        self.roster = RosterRows(connection)
        self.matters = MatterRows(connection)
        self.house = HouseRows(connection, sealer)
        self.calendars = CalendarRows(connection)
        self.policies = PolicyRows(connection, sealer)
        self.slips = SlipRows(connection)
        self.inbox = InboxRows(connection, sealer)
        self.reference = ReferenceRows(connection)
        self.claims = ClaimReport(connection)
        self.promises = PromiseRows(connection, sealer)
        self.steps = StepRows(connection)
        self.ratings = RatingRows(connection, sealer)
        self.reports = ReportRows(connection)
        self.booking_reports = BookingReportRows(connection, sealer)

    async def audit(self, **entry: Any) -> None:
        """One row of the audit chain: at, actor_role, actor_id, action, case_id, subject."""
        await write_audit(self._connection, **entry)


class DoorBooks:
    """Opens units on the database."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._by_itself = looks(engine)
        self._sealer = sealer

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[DoorUnit]:
        """One transaction, committed at the end of the block."""
        async with self._engine.begin() as connection:
            yield DoorUnit(connection, self._sealer)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[DoorUnit]:
        """For a single statement: committed by itself, without the two calls of a transaction."""
        async with self._by_itself.connect() as connection:
            yield DoorUnit(connection, self._sealer)

    async def revision(self) -> str:
        """The revision of the schema the database has; empty before its first migration."""
        async with self._by_itself.connect() as connection:
            row = (
                await connection.execute(text("SELECT version_num FROM alembic_version"))
            ).first()
        return "" if row is None else str(row[0])

    def person_hash(self, id_number: str) -> str:
        """What a person is found by."""
        return self._sealer.lookup_hash(id_number)
