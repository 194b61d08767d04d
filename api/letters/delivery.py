"""From the inbox to the cases: one letter at once, what was left behind by the sweep.

A letter is done when its signal has been taken by the server, or when nobody is left to read it.
Signals may arrive twice; a case knows each by its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from activities.ports.cases import Message
from api.door.gateway import CaseNotRunning, NotKnownYet
from api.door.openings import CASES, KINDS, Kind, access_to, case_start
from api.letters.events import (
    EVENTS,
    ClaimEvent,
    DeliveryEvent,
    PaymentResultEvent,
    RefundEvent,
    Told,
    Unmatched,
    take_event,
)
from api.wiring.door import Door, Unit
from domain.guards import Letter
from domain.matter import CASE, OPENING
from workflows.messages.bookings import MessageSaid, PapersArrived
from workflows.messages.cases import DisputeClaim, NoticeDischarge, RequestTopUp
from workflows.messages.rescues import CaseLinked, PatientKnown

DOOR: Final = "door"
"""The sender of letters that come from our own customers."""

DELIVERY: Final = "message_delivered"
"""A word that overtakes our own record of its notice waits for that."""

SWEEP_EVERY_S: Final = 3.0
ORPHAN_AFTER: Final = timedelta(seconds=5)
"""Younger rows belong to a request that is still being answered."""

TRY_AGAIN_FIRST: Final = timedelta(seconds=3)
TRY_AGAIN_MAX: Final = timedelta(minutes=10)
"""How long a letter that fits nothing of ours waits for its next turn; it is never given up."""

LEFT_OPEN_AFTER: Final = timedelta(minutes=30)
"""From then on a letter without its case is shown to people."""

_BATCH: Final = 100
DISPUTE: Final = "dispute_claim"
DECIDED: Final = "claim_decided"
GOES_ON_FOR: Final = frozenset({"payment_result", "refund_received", DECIDED, DISPUTE})
"""Words for which an ended case goes on: about money, or that a decision was wrong."""
_OWN_SIGNALS: Final[dict[str, type[Message]]] = {
    DISPUTE: DisputeClaim,
    "request_top_up": RequestTopUp,
    "notify_discharge": NoticeDischarge,
    "papers_arrived": PapersArrived,
    "message_said": MessageSaid,
    "patient_known": PatientKnown,
    "case_linked": CaseLinked,
}

log = structlog.get_logger("greenlane.door")


def own_letter(event_id: str, case_id: str, kind: str, message: Message, *, at: datetime) -> Letter:
    """A word of our own to a matter, as its row stands before it is delivered."""
    return Letter(
        partner=DOOR,
        event_id=event_id,
        kind=kind,
        case_id=case_id,
        received_at=at,
        body=message.model_dump_json(),
        done=False,
        outcome="",
        tries=0,
    )


async def put_own(unit: Unit, letter: Letter) -> Letter:
    """Write a word of our own down with what it tells of; the row that stands."""
    return await unit.inbox.put(
        partner=letter.partner,
        event_id=letter.event_id,
        kind=letter.kind,
        case_id=letter.case_id,
        at=letter.received_at,
        body=letter.body,
    )


async def deliver(door: Door, letter: Letter) -> bool:
    """Signal a letter's case and mark it; False when it has to wait for the sweep."""
    if letter.done:
        return True
    try:
        told = await _told(door, letter)
    except Unmatched:
        await _wait(door, letter, "unknown_notice" if letter.kind == DELIVERY else "unmatched")
        return False
    if told is None:
        await _done(door, letter, "noted")
        return True
    try:
        await door.cases.signal(*told)
    except NotKnownYet:
        await _wait(door, letter, "not_known_yet", longer=False)
        return False
    except CaseNotRunning:
        return await _nobody_there(door, letter, told)
    await _done(door, letter, "signalled", case_id=told.matter_id)
    return True


async def _told(door: Door, letter: Letter) -> Told | None:
    """What a matter hears of a letter; None where it stands in our record and nobody has to act."""
    if letter.partner == DOOR and letter.case_id is not None:
        message = _OWN_SIGNALS[letter.kind].model_validate_json(letter.body)
        return Told(letter.case_id, letter.kind, message)
    async with door.books.unit() as unit:
        return await take_event(unit, letter.body, received_at=letter.received_at)


async def _reopened(door: Door, letter: Letter, told: Told) -> bool:
    """Let a case that ended with its books at zero go on, when the word is about its money.

    Or when its customer says that the decision was wrong: then a supervisor has a step.
    """
    case_id = told.matter_id
    if told.signal not in GOES_ON_FOR:
        return False
    async with door.books.unit() as unit:
        case = await unit.cases.access(case_id)
        if case is None or not CASE.is_over(case.stage) or not await _matters_still(unit, letter):
            return False
        opening = await CASES.message(unit, case_id)
        state = await unit.cases.last_state(case_id)
    if opening is None or state is None:
        return False
    carried = state | {"calendar": opening.calendar.model_dump(mode="json")}
    start = case_start(opening.model_copy(update={"carried": carried}))
    summary = f"结案后处理 {opening.programme.code}"
    try:
        await door.cases.reopen(start._replace(summary=summary), told.signal, told.message)
    except NotKnownYet:
        return False
    await _done(door, letter, "reopened", case_id=case_id)
    return True


async def _done(door: Door, letter: Letter, outcome: str, *, case_id: str | None = None) -> None:
    async with door.books.unit() as unit:
        await unit.inbox.done(
            partner=letter.partner,
            event_id=letter.event_id,
            at=door.clock(),
            outcome=outcome,
            case_id=case_id,
        )


async def _nobody_there(door: Door, letter: Letter, told: Told) -> bool:
    """A case that is only being opened will read it later; one that has ended may go on."""
    if await _reopened(door, letter, told):
        return True
    case_id = told.matter_id
    async with door.books.unit() as unit:
        matter = await access_to(unit, case_id)
        starting = matter is None or matter.stage == OPENING
        stopped = not starting and case_id in await unit.matters.open_among([case_id])
        waits = starting or stopped or await _matters_still(unit, letter)
        if waits:
            why = _why_nobody(starting=starting, stopped=stopped)
            await unit.inbox.wait(
                partner=letter.partner,
                event_id=letter.event_id,
                outcome=why,
                next_try_at=_next_try(door, letter),
            )
            if not starting:
                said = {"kind": letter.kind, "partner": letter.partner, "case_id": case_id}
                log.warning("letter_waits", why=why, **said)
            return False
    await _done(door, letter, "case_ended")
    log.warning("letter_came_too_late", kind=letter.kind, case_id=case_id)
    return True


def _why_nobody(*, starting: bool, stopped: bool) -> str:
    """Why nobody took a letter; what was stopped takes it once it has been brought back."""
    if starting:
        return "case_not_started"
    return "case_stopped" if stopped else "case_ended"


async def _matters_still(unit: Unit, letter: Letter) -> bool:
    """Whether somebody must hear of it although the case has ended.

    That is money our record does not know of, a customer who was not reached or does not agree.
    """
    if letter.partner == DOOR:
        return letter.kind == DISPUTE
    event = EVENTS.validate_json(letter.body)
    if isinstance(event, PaymentResultEvent):
        return await unit.inbox.settled_as(event.movement_id) != event.status
    return isinstance(event, RefundEvent | ClaimEvent | DeliveryEvent)


async def _wait(door: Door, letter: Letter, why: str, *, longer: bool = True) -> None:
    async with door.books.unit() as unit:
        await unit.inbox.wait(
            partner=letter.partner,
            event_id=letter.event_id,
            outcome=why,
            next_try_at=_next_try(door, letter) if longer else door.clock(),
        )


def _next_try(door: Door, letter: Letter) -> datetime:
    """Twice as long each time, so that letters nobody can match leave room for the others."""
    longer: int = 1 << min(letter.tries, 16)
    return door.clock() + min(TRY_AGAIN_MAX, TRY_AGAIN_FIRST * longer)


async def sweep(door: Door) -> int:
    """Start whatever was left unstarted and deliver letters left behind; how many were."""
    now = door.clock()
    async with door.books.unit() as unit:
        orphans = [
            (kind, left)
            for kind in KINDS.values()
            for left in await kind.rows(unit).openings(before=now - ORPHAN_AFTER, limit=_BATCH)
        ]
        letters = await unit.inbox.waiting(until=now - ORPHAN_AFTER, now=now, limit=_BATCH)
    if not (orphans or letters) or not await door.cases.answers():
        return 0  # nothing is left behind, or nobody is there to take it; the next round will do
    carried = 0
    for kind, left in orphans:
        carried += await _tried(_start(door, kind, left.opened), left.matter_id)
    for letter in letters:
        carried += await _tried(_carry(door, letter), letter.case_id or letter.partner)
    return carried


async def _carry(door: Door, letter: Letter) -> bool:
    """Deliver a letter; one that fails in a way of its own gets its next turn later."""
    try:
        return await deliver(door, letter)
    except Exception:
        await _wait(door, letter, "failed")
        raise


async def _start(door: Door, kind: Kind[Any], opened: str) -> bool:
    return await kind.start(door, kind.read(opened))


async def _tried(work: Awaitable[bool], about: str) -> bool:
    """One that cannot be carried must not keep the others from theirs."""
    try:
        return await work
    except Exception as failure:  # noqa: BLE001 - whatever it is, it concerns this one only
        log.warning("not_carried", about=about, failure=type(failure).__name__)
        return False


async def sweep_for_ever(door: Door, *, every_s: float = SWEEP_EVERY_S) -> None:
    """The sweep in the background, until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await sweep(door)
        except Exception as failure:  # noqa: BLE001 - one bad round must not end all later ones
            log.warning("sweep_failed", failure=type(failure).__name__)
