"""What greenlane asks of the systems a bill lies in: who holds it, and who pays which part (R821).

A data company delivers a hospital's electronic bill by its number; social insurance settles its
part of one. Both are asked while somebody stands at a counter, so nobody waits for them for long.
"""

from __future__ import annotations

from typing import Literal, Protocol

from pydantic import Field

from activities.ports.cases import Message
from domain.money import Fen, PositiveFen


class BillWanted(Message):
    """One bill of one hospital, by its number. The disease stays in our house."""

    case_id: str
    hospital_id: str
    bill_no: str
    disease: str


class BillItem(Message):
    """One line of a bill: a drug or a treatment by its code."""

    code: str
    amount_fen: Fen


class StatedBill(Message):
    """A bill as its holder has it; social insurance's part only once it is settled."""

    found: bool
    bill_fen: Fen = 0
    social_paid_fen: Fen | None = None
    self_pay_fen: Fen | None = None
    items: list[BillItem] = Field(default=[])


class ReadBill(StatedBill):
    """A bill with what our medical base says of its lines."""

    unknown_items: int = 0
    unfit_items: int = 0


class SettleBill(Message):
    """Settle social insurance's part of a bill; the settlement id is the idempotency key."""

    settlement_id: str
    case_id: str
    hospital_id: str
    bill_no: str
    bill_fen: PositiveFen


class SocialAnswer(Message):
    """Social insurance's word on a settlement; `pending` is followed by a callback."""

    status: Literal["settled", "pending", "refused"]
    social_paid_fen: Fen = 0
    self_pay_fen: Fen = 0
    reason: str = ""


class BillsPort(Protocol):
    """Holds electronic bills."""

    async def read(self, wanted: BillWanted) -> StatedBill:
        """The bill under a number; raises when its holder gave no believable answer."""


class SocialPort(Protocol):
    """Social insurance."""

    async def settle(self, order: SettleBill) -> SocialAnswer:
        """Settle under the settlement id, once; raises when there was no believable answer."""
