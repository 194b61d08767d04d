"""Everybody outside the house, with books of their own: what really happened, whatever was said.

Each partner keeps its promises (an id counts once) and misbehaves by the seed: refuses, is out of
reach, acts and loses the answer, answers late, twice, or something else later. While `calm` is set
nobody misbehaves any more, so that a case can be brought to its end.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from activities.ports.cases import (
    ClaimFiling,
    ClaimReceipt,
    Delivery,
    MovementConflict,
    NoticeOrder,
    PaymentOrder,
    PaymentOutcome,
    PaymentStatus,
    PayoutOrder,
)
from activities.ports.visits import VisitAnswer, VisitOrder
from domain.waiver import PaymentMode
from tests.walk.movement import FATES, Movement, Word
from workflows.messages.cases import ClaimDecided, RefundReceived
from workflows.messages.matters import NoticeFailed, VisitTaken
from workflows.messages.payments import PaymentResult


class Away(ConnectionError):
    """A partner, or a book of ours, that cannot be reached."""


@dataclass
class News:
    """Something under way to the house."""

    at: datetime
    name: str
    message: Callable[[datetime], Any]
    before: Callable[[], None] = lambda: None
    """What happens in the world just before it is told."""


@dataclass
class World:
    """The partners, the hospital and the insurer of one case."""

    chance: random.Random
    now: Callable[[], datetime]
    before_order: Callable[[PaymentOrder | PayoutOrder], None]
    sends: Callable[[PaymentOrder | PayoutOrder], None] = lambda _: None
    """Hears of every order that leaves the house, also of one that is sent again."""
    calm: bool = False
    movements: dict[str, Movement] = field(default_factory=dict)
    news: list[News] = field(default_factory=list)
    visits: dict[str, VisitOrder] = field(default_factory=dict)
    filed: dict[str, ClaimFiling] = field(default_factory=dict)
    refused_claims: set[str] = field(default_factory=set)
    notices: dict[str, NoticeOrder] = field(default_factory=dict)
    bill_fen: int = 0
    discharged: bool = False
    refunded_fen: int = 0
    sent_back_fen: int = 0
    refunds: int = 0
    payable_fen: int = 0
    decisions: list[tuple[str, str, int]] = field(default_factory=list)

    def luck(self, part: float) -> bool:
        """Whether something rare happens now."""
        return not self.calm and self.chance.random() < part

    def later(self, name: str, message: Callable[[datetime], Any], **more: Any) -> None:
        """News that arrives after seconds, hours or days."""
        seconds = self.chance.choice((1, 40, 900, 20_000, 200_000))
        self.news.append(News(self.now() + timedelta(seconds=seconds), name, message, **more))

    # The payment network -------------------------------------------------------------------------

    async def pay(self, order: PaymentOrder) -> PaymentOutcome:
        return self._ordered(order)

    async def pay_out(self, order: PayoutOrder) -> PaymentOutcome:
        return self._ordered(order)

    def _ordered(self, order: PaymentOrder | PayoutOrder) -> PaymentOutcome:
        self.sends(order)
        if self.luck(0.03):
            raise Away("worker lost")
        if self.luck(0.06):
            return PaymentOutcome(status=PaymentStatus.UNREACHABLE)
        if self.luck(0.04):
            return PaymentOutcome(status=PaymentStatus.UNKNOWN)
        known = self.movements.get(order.movement_id)
        if known is None:
            self.before_order(order)
            known = self._begun(order)
        elif known.order != order:
            raise MovementConflict(order.movement_id)
        if self.luck(0.08):
            return PaymentOutcome(status=PaymentStatus.UNKNOWN)
        return self._standing(known)

    def _begun(self, order: PaymentOrder | PayoutOrder) -> Movement:
        """Draw how a new order goes."""
        code = isinstance(order, PaymentOrder) and order.mode is PaymentMode.QR_CODE
        first: Word
        then: Word | None
        if self.calm:
            first, then = ("pending", "paid") if code else ("paid", None)
        else:
            [(first, then)] = self.chance.choices(list(FATES), list(FATES.values()))
            if code and first == "paid":
                first, then = "pending", "paid"
        movement = Movement(order, first, lies=then is not None and first != "pending")
        if self.luck(0.03):
            movement.moves_fen = max(1, order.amount_fen // 2)
        self.movements[order.movement_id] = movement
        if then is not None:
            self.ends(movement, then)
        elif self.luck(0.1) and first != "pending":
            self._says(movement, first)
        return movement

    def turns_out(self, movement: Movement, word: Word) -> None:
        """What a partner had said was not so."""
        movement.lies, movement.final = True, False
        self.ends(movement, word)

    def ends(self, movement: Movement, word: Word) -> None:
        """The partner comes to another word later, and says so once, twice or never."""

        def change() -> None:
            """A code taken back stays so, and so does what a hospital has sent back already."""
            taken_back = movement.word == "refused" and not movement.lies
            left_fen = self.deposits_out_fen - movement.out_fen
            deposit = isinstance(movement.order, PaymentOrder)
            proven = (
                word == "refused" and deposit and left_fen < self.refunded_fen - self.sent_back_fen
            )
            if not (movement.final or taken_back or proven):
                movement.word = word

        copies = self.chance.choice((1, 1, 1, 2, 0)) if not movement.lies else 1
        if copies == 0:
            # Only the news is lost: whoever asks finds out.
            self.later("", lambda _: None, before=change)
        for _ in range(copies):
            self._says(movement, None, before=change)

    def _says(self, movement: Movement, word: Any, **more: Any) -> None:
        def result(at: datetime) -> PaymentResult:
            said = word or movement.word
            return PaymentResult(
                movement_id=movement.order.movement_id,
                status=PaymentStatus(said),
                amount_fen=movement.out_fen or movement.order.amount_fen,
                receipt_no="R-1" if said == "paid" else "",
                reason="" if said == "paid" else "refused_by_network",
                at=at,
            )

        self.later("payment_result", result, **more)

    def _standing(self, movement: Movement) -> PaymentOutcome:
        if movement.is_another:
            movement.known_another = True
            raise MovementConflict(movement.order.movement_id)
        code = isinstance(movement.order, PaymentOrder) and (
            movement.order.mode is PaymentMode.QR_CODE
        )
        return PaymentOutcome(
            status=PaymentStatus(movement.word),
            receipt_no="R-1" if movement.word == "paid" else "",
            reason="refused_by_network" if movement.word == "refused" else "",
            code_url="https://code.example/1" if code and movement.word == "pending" else "",
        )

    async def look_up(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        return self._told(movement_id)

    async def cancel(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        known = self.movements.get(movement_id)
        answered = not self.luck(0.1)
        if known is not None and known.word == "pending" and self._is_code(known):
            known.word = "refused"
        return self._told(movement_id) if answered else PaymentOutcome(status=PaymentStatus.UNKNOWN)

    @staticmethod
    def _is_code(movement: Movement) -> bool:
        order = movement.order
        return isinstance(order, PaymentOrder) and order.mode is PaymentMode.QR_CODE

    def _told(self, movement_id: str) -> PaymentOutcome:
        if self.luck(0.05):
            raise Away("worker lost")
        if self.luck(0.1):
            return PaymentOutcome(status=PaymentStatus.UNREACHABLE)
        if self.luck(0.1):
            return PaymentOutcome(status=PaymentStatus.UNKNOWN)
        known = self.movements.get(movement_id)
        if known is None:
            return PaymentOutcome(status=PaymentStatus.NOT_FOUND)
        if self.calm and known.word == "pending" and not self._is_code(known):
            known.word = self.chance.choice(("paid", "refused"))
        return self._standing(known)

    def found_out(self, movement_id: str) -> int:
        """A person asks the partner until it is certain: what is really out, for good."""
        known = self.movements.get(movement_id)
        if known is None:
            return 0
        if known.word == "pending":
            known.word = self.chance.choice(("paid", "refused"))
        if not known.known_another:
            known.moves_fen = 0  # whoever is asked by a person makes it right
        known.final = not known.lies
        return known.out_fen

    @property
    def deposits_out_fen(self) -> int:
        """What hospitals really got."""
        return sum(
            one.out_fen for one in self.movements.values() if isinstance(one.order, PaymentOrder)
        )

    @property
    def payouts_out_fen(self) -> int:
        """What the customer was really paid."""
        return sum(
            one.out_fen for one in self.movements.values() if isinstance(one.order, PayoutOrder)
        )

    # Nurses and messages -------------------------------------------------------------------------

    async def order_visit(self, order: VisitOrder) -> VisitAnswer:
        if self.luck(0.08):
            raise Away("nurse platform")
        if self.luck(0.15):
            return VisitAnswer(accepted=False, reason="nobody_free")
        new = order.visit_id not in self.visits
        self.visits[order.visit_id] = order
        if self.luck(0.08):
            raise Away("answer lost")
        if new and self.luck(0.35):
            self._who_comes(order)
        return VisitAnswer(accepted=True)

    def _who_comes(self, order: VisitOrder) -> None:
        accepted = self.chance.random() < 0.7
        nurse = self.chance.choice((order.nurse_id, "nurse-77", "nurse-78"))
        for _ in range(self.chance.choice((1, 2))):
            self.later(
                "visit_taken",
                lambda at: VisitTaken(
                    visit_id=order.visit_id,
                    nurse_id=nurse if accepted else "",
                    at=at,
                    accepted=accepted,
                    reason="" if accepted else "ill",
                ),
            )

    async def cancel_visit(self, visit_id: str) -> None:
        if self.luck(0.1):
            raise Away("nurse platform")
        self.visits.pop(visit_id, None)

    async def send(self, order: NoticeOrder, to: str) -> Delivery:
        if self.luck(0.05):
            raise Away("message gateway")
        self.notices[order.notice_id] = order
        if self.luck(0.05):
            return Delivery.FAILED
        if self.luck(0.04):
            self.later(
                "notice_failed",
                lambda at: NoticeFailed(notice_id=order.notice_id, template=order.template, at=at),
            )
        return Delivery.DELIVERED

    # The claims core -----------------------------------------------------------------------------

    async def file(self, filing: ClaimFiling, policy_ref: str) -> ClaimReceipt:
        if self.luck(0.1):
            return ClaimReceipt(status="unknown")
        if filing.claim_id in self.refused_claims:
            return ClaimReceipt(status="refused", reason="incomplete")
        known = self.filed.setdefault(filing.claim_id, filing)
        if known is filing:
            if self.luck(0.1):
                del self.filed[filing.claim_id]
                self.refused_claims.add(filing.claim_id)
                return ClaimReceipt(status="refused", reason="incomplete")
            if not self.luck(0.05):  # else it is decided when somebody asks, in the end
                self.decides(filing)
        if self.luck(0.1):
            return ClaimReceipt(status="unknown")
        return ClaimReceipt(status="accepted")

    def decides(self, filing: ClaimFiling) -> None:
        """The insurer decides in its own time, sometimes twice, sometimes another way later."""
        part = self.chance.choice((0.0, 0.0, 0.3, 0.9, 1.0, 1.0, 1.2))
        payable_fen = int(filing.advanced_fen * part)
        word = "denied" if payable_fen == 0 else "approved" if part >= 1 else "partial"
        self._decided(filing.claim_id, word, payable_fen)
        if self.luck(0.15):
            self._decided(filing.claim_id, word, payable_fen)
        if self.luck(0.1):
            self._decided(filing.claim_id, "partial", payable_fen + 100)
        if self.luck(0.05):
            self._decided(f"{filing.case_id}:claim:9", "approved", 500)

    def _decided(self, claim_id: str, word: Any, payable_fen: int) -> None:
        self.decisions.append((claim_id, word, payable_fen))
        self.later(
            "claim_decided",
            lambda at: ClaimDecided(
                claim_id=claim_id, decision=word, payable_fen=payable_fen, at=at
            ),
        )

    # The hospital --------------------------------------------------------------------------------

    @property
    def refund_due_fen(self) -> int:
        """What the hospital has and is not owed."""
        if not self.discharged:
            return 0
        back_fen = self.refunded_fen - self.sent_back_fen
        return max(0, self.deposits_out_fen - self.bill_fen) - back_fen

    def goes_home(self, bill_fen: int) -> None:
        """The bill is made."""
        self.bill_fen = bill_fen

    def settled(self, advanced_fen: int) -> None:
        """What the deposits do not pay of the bill the family pays at the counter."""
        self.bill_fen, self.discharged = min(self.bill_fen, advanced_fen), True

    def back_to_hospital(self, amount_fen: int) -> None:
        """What was sent by mistake is sent back."""
        self.sent_back_fen += amount_fen

    def paid_by_hand(self, movement: Movement) -> None:
        """Finance saw to a payout that the network refused."""
        movement.word, movement.final = "paid", True

    def refunds_now(self, amount_fen: int) -> str:
        """Money goes back to the payer; returns its number."""
        self.refunds += 1
        self.refunded_fen += amount_fen
        return f"B-{self.refunds}"

    def tells_refund(self, amount_fen: int, reference: str, *, copies: int) -> None:
        """The hospital says that it sent money."""

        def told(copy: int, at: datetime) -> RefundReceived:
            return RefundReceived(
                refund_id=f"r-{reference}-{copy}",
                amount_fen=amount_fen,
                reference=reference,
                at=at,
            )

        for copy in range(copies):
            self.later("refund_received", partial(told, copy))
