"""What whoever pays hears of the money: the payment partner's word, and a day's statement."""

from __future__ import annotations

from datetime import datetime

from activities.ports.cases import Message, PaymentStatus
from domain.money import Fen
from domain.steps.kinds import Evidence


class PaymentResult(Message):
    """Signal `payment_result`: the payment partner's word on one movement."""

    movement_id: str
    status: PaymentStatus
    amount_fen: Fen
    receipt_no: str = ""
    reason: str = ""
    at: datetime


class DifferenceFound(Message):
    """Signal `difference_found`: a statement and the ledger differ on something of this case."""

    about: str
    amount_fen: Fen
    evidence: Evidence
    at: datetime
