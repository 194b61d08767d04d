"""What hospitals tell a booking; read as tolerantly as every other message."""

from __future__ import annotations

from datetime import datetime

from activities.ports.cases import Message
from domain.bookings.coordination import AskStatus, Resource


class ResourceWord(Message):
    """Signal `resource_word`: hospitals say yes or no to an ask, or no after a yes."""

    ask_id: str
    status: AskStatus
    resource: Resource | None = None
    reason: str = ""
    at: datetime
