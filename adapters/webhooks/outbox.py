"""What the channels are told: an event is a row of the page's own transaction, then it is sent.

This module writes the rows, hands them out one case at a time in order, and knows how each fared.
Sending is `adapters.webhooks.postman`. Everything here goes by the database's clock, because
several processes send, and a story's clock means nothing to a receiver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Row,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.bookings import BookingPage
from activities.ports.cases import CasePage
from activities.ports.enquiries import EnquiryPage
from adapters.books.pages import ToldPage
from adapters.database import looks
from adapters.encryption.keys import Sealer
from adapters.tables.cases import case_pages
from adapters.tables.matter import ROWS_OF, key_of
from adapters.tables.outbox import SEALED_SECRETS, outbox, receivers
from adapters.webhooks.receivers import secrets_now
from domain.guards import HeldEvent
from domain.matter import matter_of
from domain.roles import Role

LEASE: Final = timedelta(seconds=20)
"""Longer than one try can take (`postman`); a sender that dies is followed after it."""
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=6)
TRIES: Final = 15
"""Pauses double from five seconds to six hours: the last try comes after some 17 hours."""

KEPT_FOR: Final = timedelta(days=30)
"""What was delivered is kept so long, for a channel that asks what it was told."""

_THEIRS: Final = frozenset({Role.CUSTOMER, Role.CHANNEL})
_ROOM_ON_A_PAGE: Final = 1000
"""More than one page can hold; it keeps the sequence of a case a single growing number."""


class Event(NamedTuple):
    """Something a channel should look at: what, and which of its kind."""

    name: str
    subject: str = ""


@dataclass(frozen=True)
class Webhook:
    """One event on its way, with where it goes and how its case or booking stands now."""

    case_id: str
    page: int
    n: int
    event: str
    subject: str
    at: datetime
    tries: int
    url: str
    secrets: tuple[str, ...]
    stage: str
    awaiting: tuple[str, ...]
    next_due_at: datetime | None

    @property
    def noun(self) -> str:
        """What it is about: a case, a booking, an enquiry."""
        return matter_of(self.case_id).noun

    @property
    def webhook_id(self) -> str:
        """The same at every try, and without a full stop: it is joined to others by one."""
        return f"msg_{self.case_id}_{self.page}_{self.n}"

    @property
    def sequence(self) -> int:
        """Grows within a case; says which of two events came first."""
        return self.page * _ROOM_ON_A_PAGE + self.n


def events_of(page: ToldPage, *, stage_before: str | None) -> list[Event]:
    """What of a page concerns the channel: no amount, no kind of paper, no words."""
    events = []
    if page.stage.value != stage_before:
        events.append(Event(f"{matter_of(page.matter_id).noun}.stage_changed", page.stage.value))
    if isinstance(page, CasePage) and page.missing_documents is not None:
        events.append(Event("case.documents_changed"))
    events += [
        Event("step.waiting", task.task_id)
        for task in page.tasks_opened
        if _THEIRS.intersection(task.roles)
    ]
    if isinstance(page, BookingPage):
        events += [Event("unit.moved", use.to) for use in page.uses]
    elif isinstance(page, EnquiryPage):
        events += [Event("enquiry.answered", str(answer.n)) for answer in page.answers]
    else:
        events += _of_a_case(page)
    return events


def _of_a_case(page: CasePage) -> list[Event]:
    """Money and dates: only a case has them."""
    events = [Event("top_up.changed", top_up.top_up_id) for top_up in page.top_ups]
    events += [
        Event("payment.settled", payment.movement_id)
        for payment in page.payments
        if payment.settled_at is not None
    ]
    events += [Event("discharge_notice.answered", one.notice_id) for one in page.discharges]
    return events


@cache
def _told_of(rows: Table) -> Select[Any]:
    """The channel of a matter, where it has a receiver: built once, for every page asks it."""
    told = select(receivers.c.channel).join_from(
        receivers, rows, receivers.c.channel == rows.c.channel
    )
    return told.where(key_of(rows) == bindparam("matter"))


async def post(connection: AsyncConnection, page: ToldPage) -> None:
    """Write a page's events in its own transaction; nothing where the channel has no receiver."""
    matter_id = page.matter_id
    told = _told_of(ROWS_OF[matter_of(matter_id)])
    channel = await connection.scalar(told, {"matter": matter_id})
    if channel is None:
        return
    before = select(case_pages.c.stage).where(
        case_pages.c.case_id == matter_id, case_pages.c.page < page.page
    )
    stage_before = await connection.scalar(before.order_by(case_pages.c.page.desc()).limit(1))
    events = [
        {
            "case_id": matter_id,
            "page": page.page,
            "n": n,
            "channel": channel,
            "event": event.name,
            "subject": event.subject,
            "at": page.at,
        }
        for n, event in enumerate(events_of(page, stage_before=stage_before), start=1)
    ]
    if events:
        await connection.execute(insert(outbox), events)


class Outbox:
    """Hands out what is to be sent, and writes down how it went."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._looks = looks(engine)
        self._sealer = sealer

    async def due(self) -> dict[str, int]:
        """How many events each channel could be sent now, at most one a case."""
        async with self._looks.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(_DUE)}

    async def take(self, channel: str, *, lease: timedelta = LEASE) -> Webhook | None:
        """The next event of a channel, for one sender alone until the lease ends; None if none."""
        head = (
            select(outbox.c.case_id, outbox.c.page, outbox.c.n)
            .where(outbox.c.channel == channel, _first_of_its_case(), _its_time())
            .order_by(outbox.c.next_try_at.nulls_first(), outbox.c.case_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        async with self._engine.begin() as connection:
            found = (await connection.execute(head)).one_or_none()
            if found is None:
                return None
            taken = await connection.execute(
                update(outbox)
                .where(*_is(found.case_id, found.page, found.n))
                .values(tries=outbox.c.tries + 1, next_try_at=func.now() + lease)
                .returning(outbox)
            )
            return await self._addressed(connection, taken.one())

    async def delivered(self, webhook: Webhook) -> None:
        """The receiver has taken it."""
        await self._note(webhook, delivered_at=func.now(), last_answer="")

    async def failed(
        self, webhook: Webhook, answer: str, *, first_pause: timedelta = FIRST_PAUSE
    ) -> bool:
        """It was not taken: try again after a longer pause, or stop; whether it has stopped."""
        if webhook.tries >= TRIES:
            await self._note(webhook, stopped_at=func.now(), last_answer=answer)
            return True
        pause = min(LONGEST_PAUSE, first_pause * (1 << (webhook.tries - 1)))
        await self._note(webhook, next_try_at=func.now() + pause, last_answer=answer)
        return False

    async def held(self, *, limit: int = 200) -> list[HeldEvent]:
        """What has failed at least once and is not delivered, the longest first."""
        names = [column for column in outbox.c if column.name in HeldEvent.__dataclass_fields__]
        query = (
            select(*names)
            .where(outbox.c.delivered_at.is_(None), outbox.c.last_answer != "")
            .order_by(outbox.c.stopped_at.nulls_last(), outbox.c.at)
            .limit(limit)
        )
        async with self._looks.connect() as connection:
            return [HeldEvent(**row._asdict()) for row in await connection.execute(query)]

    async def tidy(self, *, kept_for: timedelta = KEPT_FOR) -> int:
        """Drop what was delivered long ago; how many events that was."""
        old = delete(outbox).where(outbox.c.delivered_at < func.now() - kept_for)
        async with self._engine.begin() as connection:
            return (await connection.execute(old)).rowcount

    async def stopped(self) -> int:
        """How many events wait for a person."""
        query = select(func.count()).where(
            outbox.c.delivered_at.is_(None), outbox.c.stopped_at.is_not(None)
        )
        async with self._looks.connect() as connection:
            return int(await connection.scalar(query) or 0)

    async def retry(self, channel: str, *, case_id: str | None = None) -> int:
        """Begin anew with what was not taken, at once; how many events that concerns."""
        failed = [outbox.c.channel == channel, outbox.c.delivered_at.is_(None)]
        failed.append(outbox.c.last_answer != "")
        if case_id is not None:
            failed.append(outbox.c.case_id == case_id)
        again = update(outbox).where(*failed).values(tries=0, next_try_at=None, stopped_at=None)
        async with self._engine.begin() as connection:
            return (await connection.execute(again)).rowcount

    async def _addressed(self, connection: AsyncConnection, row: Row[Any]) -> Webhook:
        """An event with its receiver and the case as it stands at this moment."""
        matter = ROWS_OF[matter_of(row.case_id)]
        query = (
            select(
                receivers.c.url,
                receivers.c.secrets,
                matter.c.stage,
                matter.c.awaiting,
                matter.c.next_due_at,
                func.now().label("now"),
            )
            .join_from(receivers, matter, key_of(matter) == row.case_id)
            .where(receivers.c.channel == row.channel)
        )
        now = (await connection.execute(query)).one()
        return Webhook(
            case_id=row.case_id,
            page=row.page,
            n=row.n,
            event=row.event,
            subject=row.subject,
            at=row.at,
            tries=row.tries,
            url=now.url,
            secrets=secrets_now(self._sealer.open_text(now.secrets, SEALED_SECRETS), at=now.now),
            stage=now.stage,
            awaiting=tuple(now.awaiting),
            next_due_at=now.next_due_at,
        )

    async def _note(self, webhook: Webhook, **said: Any) -> None:
        """How a try ended, unless another sender has brought it to its end meanwhile."""
        undone = (*_is(webhook.case_id, webhook.page, webhook.n), outbox.c.delivered_at.is_(None))
        async with self._engine.begin() as connection:
            await connection.execute(update(outbox).where(*undone).values(said))


def _is(case_id: str, page: int, n: int) -> Sequence[Any]:
    return (outbox.c.case_id == case_id, outbox.c.page == page, outbox.c.n == n)


def _first_of_its_case() -> Any:
    """Not delivered, and nothing before it in its case is undelivered: so order holds by itself."""
    earlier = outbox.alias("earlier")
    blocked = exists().where(
        earlier.c.channel == outbox.c.channel,
        earlier.c.case_id == outbox.c.case_id,
        earlier.c.delivered_at.is_(None),
        tuple_(earlier.c.page, earlier.c.n) < tuple_(outbox.c.page, outbox.c.n),
    )
    return and_(outbox.c.delivered_at.is_(None), ~blocked)


def _its_time() -> Any:
    due = or_(outbox.c.next_try_at.is_(None), outbox.c.next_try_at <= func.now())
    return and_(outbox.c.stopped_at.is_(None), due)


# Built once: it is asked every second, mostly in vain.
_DUE: Final = (
    select(outbox.c.channel, func.count())
    .where(_first_of_its_case(), _its_time())
    .group_by(outbox.c.channel)
)
