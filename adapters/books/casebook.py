"""Writes the record people read: one page a beat, in one transaction, exactly once.

A page comes again after a retry and then changes nothing; a late copy of an older page never undoes
a newer one. The timeline only grows. Free words are sealed, because people write what they like.
Reading is done in `adapters.books.caseboard`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.cases import CasePage, Contact, Delivery, NoticeRecord
from activities.ports.enquiries import EnquiryPage
from activities.ports.hospitals import Patient
from adapters.books.audit import write_audit
from adapters.books.bookings import contact_in, patient_in
from adapters.books.enquiries import EnquiryBook
from adapters.books.pages import (
    PageConflict,
    begin_page,
    columns,
    upsert,
    write_payments,
)
from adapters.books.turning import turning
from adapters.database import looks
from adapters.encryption.keys import Sealer
from adapters.tables.cases import (
    cases,
    discharges,
    documents,
    notices,
    policies,
    tasks,
    top_ups,
)
from adapters.tables.family import family
from adapters.tables.papers import deposit_slips
from adapters.tables.states import case_states
from adapters.webhooks.outbox import post
from domain.bookings.sharing import Withheld
from domain.privacy import last_four
from domain.roles import Role
from domain.steps.kinds import TaskKind

__all__ = ["CaseUnknown", "Casebook", "PageConflict"]

LAST_STATE: Final = "case_states.state"
"""What the state of an ended case is sealed for."""

ALWAYS_STATED: Final = (
    "stage",
    "awaiting",
    "sla_state",
    "next_due_at",
    "advanced_fen",
    "outstanding_fen",
    "owed_fen",
)
"""What every page says anew; the other fields of a page speak only when they are not empty."""

SAID_WHEN_CHANGED: Final = ("limit_fen", "discharge_on", "claim_state", "team", "missing_documents")


def _note_statement() -> Insert:
    written = insert(notices)
    return written.on_conflict_do_update(
        index_elements=["notice_id"],
        set_={"delivery": written.excluded.delivery},
        # The partner's word that it arrived stands; a late answer does not undo it.
        where=notices.c.delivery != Delivery.DELIVERED.value,
    )


def _slip_statement() -> Insert:
    """The slip of the deposit that a step is about, with its pictures by their bytes."""
    pictures = (
        select(func.coalesce(func.array_agg(documents.c.sha256), literal_column("'{}'")))
        .where(documents.c.document_id == func.any(bindparam("images", type_=ARRAY(Text))))
        .scalar_subquery()
    )
    number = bindparam("number", type_=Text())
    of_step = select(tasks.c.subject, tasks.c.case_id, number, pictures).where(
        tasks.c.task_id == bindparam("task")
    )
    names = ["movement_id", "case_id", "receipt_no", "pictures"]
    return insert(deposit_slips).from_select(names, of_step).on_conflict_do_nothing()


# Built once: building them anew costs as much processor time as running them.
_NOTE: Final = _note_statement()
_TURN: Final = update(cases).where(
    cases.c.case_id == bindparam("case"), cases.c.page < bindparam("to_page")
)
_SLIP: Final = _slip_statement()
_CONTACT: Final = (
    select(
        cases.c.name,
        cases.c.phone,
        cases.c.email,
        family.c.phone.label("family_phone"),
        cases.c.id_number,
        cases.c.bed,
        cases.c.policy_id,
        policies.c.policy_no,
    )
    .join_from(cases, policies, cases.c.policy_id == policies.c.policy_id, isouter=True)
    .join(family, (family.c.case_id == cases.c.case_id) & family.c.speaks, isouter=True)
    .where(cases.c.case_id == bindparam("case"))
)


class CaseUnknown(LookupError):
    """No case of this id was ever reported."""


class Casebook:
    """`RecordPort` on PostgreSQL."""

    def __init__(
        self, engine: AsyncEngine, sealer: Sealer, *, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._looks = looks(engine)
        self._sealer = sealer
        self._clock = clock
        self._enquiries = EnquiryBook(engine, sealer)

    async def write(self, page: CasePage) -> None:
        """Write one page. Raises `CaseUnknown`, and `PageConflict` for a reused page number."""
        async with turning(self._engine, self._sealer, page) as connection:
            await self._turn_to(connection, page)
            if not await begin_page(connection, self._sealer, page):
                return
            await self._write_top_ups(connection, page)
            await _write_rows(connection, page)
            await _keep_slips(connection, page)
            await self._keep_state(connection, page)
            await post(connection, page)

    async def write_enquiry(self, page: EnquiryPage) -> None:
        """Write one page of an enquiry. Raises `EnquiryUnknown` and `PageConflict`."""
        await self._enquiries.write(page)

    async def note_notices(self, records: Sequence[NoticeRecord]) -> None:
        """Record notices; the same id again updates what became of it."""
        rows = [
            columns(notices, one) | {"text": self._sealer.seal(one.text, "notices.text")}
            for one in records
        ]
        async with self._looks.connect() as connection:
            await connection.execute(_NOTE, rows)

    async def contact(self, case_id: str) -> Contact:
        """Where the customer of a case or a booking is reached; audited. Raises `CaseUnknown`.

        One look and its row of the audit, each by itself: nobody is told before the row stands.
        """
        async with self._looks.connect() as connection:
            row = (await connection.execute(_CONTACT, {"case": case_id})).one_or_none()
            if row is not None:
                contact = self._contact(row)
            elif (found := await contact_in(connection, self._sealer, case_id)) is not None:
                contact = found
            else:
                raise CaseUnknown(case_id)
            await write_audit(
                connection,
                at=self._clock(),
                actor_role=Role.SYSTEM.value,
                actor_id="worker",
                action="contact.used",
                case_id=case_id,
            )
        return contact

    async def patient(self, booking_id: str, *, without: Withheld | None) -> Patient:
        """Whom hospitals are to see, and why only so much of him, if so; audited (R485)."""
        async with self._engine.begin() as connection:
            patient = await patient_in(connection, self._sealer, booking_id, without=without)
            await write_audit(
                connection,
                at=self._clock(),
                actor_role=Role.SYSTEM.value,
                actor_id="worker",
                action="data.shared",
                case_id=booking_id,
                subject="hospitals:complaint" if without is None else f"hospitals:{without}",
            )
        return patient

    def _contact(self, row: Any) -> Contact:
        """The customer of a case; after his death whoever of the family speaks."""
        mourned = row.family_phone is not None
        return Contact(
            name=self._opened(row.name, "cases.name"),
            phone=(
                self._opened(row.family_phone, "family.phone")
                if mourned
                else self._opened(row.phone, "cases.phone")
            ),
            email="" if mourned else self._opened(row.email, "cases.email"),
            id_last_four=last_four(self._opened(row.id_number, "cases.id_number")),
            bed=self._opened(row.bed, "cases.bed"),
            policy_ref=self._opened(row.policy_no, "policies.policy_no") or row.policy_id or "",
        )

    def _opened(self, envelope: bytes | None, purpose: str) -> str:
        return "" if envelope is None else self._sealer.open_text(envelope, purpose)

    async def _turn_to(self, connection: AsyncConnection, page: CasePage) -> None:
        """Bring the case's own row to this page, unless a newer one stands already."""
        said = columns(cases, page)
        values = {name: said[name] for name in ALWAYS_STATED}
        values |= {name: said[name] for name in SAID_WHEN_CHANGED if _says_something(said[name])}
        # Stated by every page too: an empty one says that the old reason holds no longer.
        values["reason"] = self._sealer.seal(page.reason, "cases.reason") if page.reason else None
        values |= {"page": page.page, "changed_at": page.at}
        to = {"case": page.case_id, "to_page": page.page}
        if (await connection.execute(_TURN, values | to)).rowcount == 1:
            return
        known = select(cases.c.case_id).where(cases.c.case_id == page.case_id)
        if (await connection.execute(known)).one_or_none() is None:
            raise CaseUnknown(page.case_id)

    async def _keep_state(self, connection: AsyncConnection, page: CasePage) -> None:
        """What an ended case knew: read again when money comes for it after all."""
        if page.carried is None:
            return
        state = self._sealer.seal(json.dumps(page.carried, ensure_ascii=False), LAST_STATE)
        kept = insert(case_states).values(case_id=page.case_id, page=page.page, state=state)
        await connection.execute(
            kept.on_conflict_do_update(
                index_elements=["case_id"],
                set_={"page": kept.excluded.page, "state": kept.excluded.state},
                where=case_states.c.page <= kept.excluded.page,
            )
        )

    async def _write_top_ups(self, connection: AsyncConnection, page: CasePage) -> None:
        """Top-ups in their newest state; why one was refused is an agent's own words."""
        rows = [
            columns(top_ups, one)
            | {"case_id": page.case_id, "page": page.page}
            | {"reason": self._sealer.seal(one.reason, "top_ups.reason") if one.reason else None}
            for one in page.top_ups
        ]
        await upsert(connection, top_ups, rows)


async def _write_rows(connection: AsyncConnection, page: CasePage) -> None:
    """Payments and discharge notices, each in its newest state."""
    key = {"case_id": page.case_id, "page": page.page}
    await write_payments(connection, page)
    await upsert(
        connection, discharges, [columns(discharges, one) | key for one in page.discharges]
    )


async def _keep_slips(connection: AsyncConnection, page: CasePage) -> None:
    """Which slip proves which deposit, so that no other one is proven by it."""
    for closed in page.tasks_closed:
        if closed.done and f".{TaskKind.HAND_IN_SLIP.value}." in closed.task_id:
            read = {"number": closed.form["receipt_no"], "images": closed.form["images"]}
            await connection.execute(_SLIP, read | {"task": closed.task_id})


def _says_something(value: object) -> bool:
    """An empty list of missing documents says that none is missing any more."""
    return value == [] or bool(value)
