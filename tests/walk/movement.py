"""One order at the payment network of a walk: what was said of it, and what it really moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from activities.ports.cases import PaymentOrder, PayoutOrder

Word = Literal["paid", "refused", "pending"]

FATES: Final[dict[tuple[Word, Word | None], int]] = {
    ("paid", None): 9,
    ("refused", None): 3,
    ("pending", "paid"): 3,
    ("pending", "refused"): 1,
    ("pending", None): 1,
    ("paid", "refused"): 1,
    ("refused", "paid"): 1,
}
"""How an order may go, and how often: what is said first, and what comes of it later."""


@dataclass
class Movement:
    """One order at the payment network."""

    order: PaymentOrder | PayoutOrder
    word: Word
    lies: bool = False
    """Whether what it said first is not how it ends."""
    final: bool = False
    """Whether its word is its last."""
    moves_fen: int = 0
    """What it moves, where that is not what was ordered."""
    known_another: bool = False
    """Whether the partner has said so to whoever asked."""

    @property
    def out_fen(self) -> int:
        """What has really left."""
        return (self.moves_fen or self.order.amount_fen) if self.word == "paid" else 0

    @property
    def is_another(self) -> bool:
        """Whether what the partner says of it is about another amount than ours."""
        return self.word == "paid" and self.out_fen != self.order.amount_fen
