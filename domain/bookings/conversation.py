"""What is written in a booking: the messages of a conversation, the entries of a family's record.

Neither is ever changed. A conversation is open as long as its service says
(`domain.bookings.consultation`); a record goes on from one consultation of a family to the next
(R154, R155).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from domain.programmes.services import STEP_FIELDS

WORDS_MAX: Final = 2000
"""Characters of one message."""
MESSAGES_MAX: Final = 1000
"""So many messages are enough for a day; who has more to say is called."""
PAGE_MAX: Final = 200

EntryKind = Literal["summary", "record", "plan"]
ENTRY_NAMES: Final[dict[EntryKind, str]] = {
    "summary": "医生总结",
    "record": "健康档案",
    "plan": "健康管理计划",
}
SUMMARY: Final = "summary"


class MessageRow(BaseModel):
    """One message: its number in the conversation, who said it when, and what."""

    model_config = ConfigDict(frozen=True)

    n: int
    role: str
    author: str
    words: str
    said_at: datetime


class RecordRow(BaseModel):
    """One entry of a family's record, as a doctor wrote it."""

    model_config = ConfigDict(frozen=True)

    entry_id: str
    booking_id: str
    kind: EntryKind
    says: dict[str, str]
    written_by: str
    written_at: datetime

    @property
    def told(self) -> dict[str, str]:
        """What it says, under the names people read."""
        return {STEP_FIELDS.get(code, code): words for code, words in self.says.items()}
