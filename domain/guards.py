"""What the door asks its tables before it lets somebody in: whose a case is, who holds a step.

Values between the books and the door, without a person in them but opaque ids. What people read of
cases stands in `domain.board`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Standing(NamedTuple):
    """A key's row: `fresh`, `resumed`, `busy`, `reused`, `forgotten`, or `answered` and how."""

    state: str
    status: int = 0
    headers: dict[str, str] | None = None
    body: bytes = b""


@dataclass(frozen=True)
class CaseAccess:
    """What decides who may see a case and what may be done with it."""

    case_id: str
    channel: str
    customer_subject: str | None
    stage: str
    programme: str
    reported_at: datetime
    service: str = ""  # none: the whole programme is the waiver
    team: dict[str, str] = field(default_factory=dict)
    helpers: frozenset[str] = frozenset()
    family: frozenset[str] = frozenset()  # whom the customer lets act
    limit_fen: int | None = None  # before the judgement what the policy allows
    claim_state: str = ""


@dataclass(frozen=True)
class EnquiryAccess:
    """What decides who may see an enquiry; the names are those of a case."""

    case_id: str
    channel: str
    customer_subject: str | None
    stage: str
    asked_at: datetime
    helpers: frozenset[str] = frozenset()
    family: frozenset[str] = frozenset()  # nobody acts in another's question


@dataclass(frozen=True)
class BookingAccess:
    """What decides who may see a booking; the names are those of a case."""

    case_id: str
    channel: str
    customer_subject: str | None
    stage: str
    service: str
    requested_at: datetime
    helpers: frozenset[str] = frozenset()
    family: frozenset[str] = frozenset()
    failed_by: frozenset[str] = frozenset()  # who has let this customer down


@dataclass(frozen=True)
class TaskAccess:
    """What decides who may claim or complete a task."""

    task_id: str
    case_id: str
    kind: str
    roles: tuple[str, ...]
    assignee: str | None
    claimed_by: str | None
    claimed_role: str | None
    closed_at: datetime | None
    closed_by: str | None = None
    nurse: str | None = None  # of the case's team
    hospital_id: str | None = None  # whose people alone see it


@dataclass(frozen=True)
class HeldEvent:
    """An event that a channel has not taken."""

    case_id: str
    page: int
    n: int
    channel: str
    event: str
    at: datetime
    tries: int
    last_answer: str
    next_try_at: datetime | None
    stopped_at: datetime | None


class Opening(NamedTuple):
    """A matter whose workflow has not been seen to run, with its start message."""

    matter_id: str
    opened: str


class Letter(NamedTuple):
    """One row of the inbox."""

    partner: str
    event_id: str
    kind: str
    case_id: str | None
    received_at: datetime
    body: str
    done: bool
    outcome: str
    tries: int
    done_at: datetime | None = None
    closed_by: str | None = None
    closed_why: str = ""
