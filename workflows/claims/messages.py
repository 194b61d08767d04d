"""What only a claim that follows no advance hears from outside."""

from __future__ import annotations

from datetime import datetime

from activities.ports.cases import Message
from domain.money import Fen


class BillSettled(Message):
    """Signal `bill_settled`: social insurance's word on its part of a bill."""

    settlement_id: str
    done: bool
    social_paid_fen: Fen = 0
    self_pay_fen: Fen = 0
    reason: str = ""
    at: datetime
