"""The kinds of matter: what their ids begin with, what each is called, when one of them is over.

A matter is whatever waits for people under an id of its own. Who has to tell one kind from another
asks here; what only one room knows of a kind (its rows, its page, its start message) is a table of
that room, by kind.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.bookings.booking import BOOKING_ENDED
from domain.enquiry import EnquiryStage
from domain.rescues.rescue import RescueStage
from domain.waiver import ENDED

OPENING: Final = "opening"
"""The stage of a matter whose row stands but whose workflow has not written its first page yet."""

ID_LETTERS: Final = "[a-z2-7]{20}"
"""What follows an id's prefix and hyphen: it says nothing of what it is about."""


@dataclass(frozen=True)
class Matter:
    """One kind."""

    prefix: str  # what its ids begin with
    noun: str  # in events and in the names of fields
    name: str  # as people read it
    resource: str  # below `/v1/`
    ends: frozenset[StrEnum]  # the stages from which it does not go on by itself

    @property
    def ended(self) -> list[str]:
        """The codes of its last stages, for a query."""
        return sorted(stage.value for stage in self.ends)

    def is_over(self, stage: str) -> bool:
        """Whether a matter of this kind at a stage has ended."""
        return stage in self.ends


CASE: Final = Matter("dw", "case", "案件", "deposit-waivers", frozenset(ENDED))
BOOKING: Final = Matter("bk", "booking", "预约", "bookings", frozenset(BOOKING_ENDED))
ENQUIRY: Final = Matter("en", "enquiry", "咨询", "enquiries", frozenset({EnquiryStage.DONE}))
RESCUE: Final = Matter("rs", "rescue", "救治", "rescues", frozenset({RescueStage.CLOSED}))
HOUSE: Final = Matter("hs", "house", "事项", "tasks", frozenset())
"""Steps that belong to none of the others; nothing but the worklist shows it."""

_BY_PREFIX: Final = {one.prefix: one for one in (CASE, ENQUIRY, BOOKING, RESCUE, HOUSE)}


def matter_of(matter_id: str) -> Matter:
    """The kind an id, or an id that begins with it, belongs to."""
    return _BY_PREFIX[matter_id.partition("-")[0]]


def id_form(kinds: Collection[Matter] = tuple(_BY_PREFIX.values())) -> str:
    """The ids of some kinds, of all where none is named, as a pattern without its anchors."""
    prefixes = "|".join(one.prefix for one in kinds)
    return f"{prefixes if len(kinds) == 1 else f'({prefixes})'}-{ID_LETTERS}"
