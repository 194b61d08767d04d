"""Stand-ins for the ports: they keep the ports' promises in memory and can be told to fail.

They are for workflow tests, which are about order and waiting. The real ledger, casebook and
partners are tested where they live, and the journeys use nothing but real ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from activities.ports.bookings import BookingPage, PapersPaid
from activities.ports.cases import (
    Balances,
    CasePage,
    ClaimFiling,
    ClaimReceipt,
    Contact,
    Delivery,
    HoldAnswer,
    HoldOrder,
    MovementConflict,
    NoticeOrder,
    NoticeRecord,
    PaymentOrder,
    PaymentOutcome,
    PaymentStatus,
    PayoutOrder,
)
from activities.ports.courier import LabAnswer, ParcelAnswer, ParcelOrder, TestOrder
from activities.ports.enquiries import EnquiryPage
from activities.ports.exchange import BillWanted, SettleBill, SocialAnswer, StatedBill
from activities.ports.hospitals import ResourceAnswer, ResourceOrder
from activities.ports.rescues import RescuePage
from activities.ports.rosters import LineUp, Place, Take
from activities.ports.visits import VisitAnswer, VisitOrder
from domain.bookings.coordination import AskStatus
from domain.bookings.parcel import ParcelStatus
from domain.bookings.roster import Slot, turn, wanted
from domain.posting import Account, Reason, Transfer

Hook = Callable[[str], None]
"""Called with a verb before it does anything (`fail`), or when it is done (`after`); may raise."""


def _nothing(_: str) -> None:
    pass


class FakeBooks:
    """Ledger and casebook of one test."""

    def __init__(self) -> None:
        self.limits: dict[str, tuple[int, str]] = {}
        self.holds: dict[str, HoldOrder] = {}
        self.ended: dict[str, str] = {}
        self.transfers: dict[str, Transfer] = {}
        self.pages: dict[str, dict[int, CasePage]] = defaultdict(dict)
        self.enquiry_pages: dict[str, dict[int, EnquiryPage]] = defaultdict(dict)
        self.booking_pages: dict[str, dict[int, BookingPage]] = defaultdict(dict)
        self.rescue_pages: dict[str, dict[int, RescuePage]] = defaultdict(dict)
        self.units: dict[str, str] = {}
        self.paid_papers: dict[str, str] = {}  # number -> booking
        self.notices: dict[str, NoticeRecord] = {}
        self.fail: Hook = _nothing
        self.after: Hook = _nothing

    async def set_limit(
        self, case_id: str, *, limit_fen: int, operator: Literal["at_most", "below"]
    ) -> None:
        self.fail("set_limit")
        if self.limits.setdefault(case_id, (limit_fen, operator)) != (limit_fen, operator):
            raise MovementConflict(case_id)
        self.after("set_limit")

    async def hold(self, order: HoldOrder) -> HoldAnswer:
        self.fail("hold")
        known = self.holds.get(order.movement_id)
        if known is not None:
            given_back = self.ended.get(order.movement_id) == "void"
            if given_back or known.amount_fen != order.amount_fen:
                raise MovementConflict(order.movement_id)
            return HoldAnswer(held=True, left_fen=self._left(order.case_id))
        left = self._left(order.case_id)
        if order.amount_fen > left:
            return HoldAnswer(held=False, left_fen=left)
        self.holds[order.movement_id] = order
        self.after("hold")
        return HoldAnswer(held=True, left_fen=left - order.amount_fen)

    def _left(self, case_id: str) -> int:
        limit, operator = self.limits[case_id]
        used = sum(
            hold.amount_fen
            for movement, hold in self.holds.items()
            if hold.case_id == case_id and self.ended.get(movement) != "void"
        )
        used += sum(
            -one.amount_fen if one.reason is Reason.REVERSAL else one.amount_fen
            for one in self.transfers.values()
            if one.movement_id.startswith(f"{case_id}:")
            and one.reason in (Reason.DEPOSIT, Reason.TOP_UP, Reason.REVERSAL)
        )
        return max(0, limit - used - (operator == "below"))

    async def post(self, case_id: str, movement_id: str, *, at: datetime) -> None:
        self._end(movement_id, "post")

    async def void(self, case_id: str, movement_id: str, *, at: datetime) -> None:
        self._end(movement_id, "void")

    def _end(self, movement_id: str, how: str) -> None:
        self.fail(how)
        if movement_id not in self.holds or self.ended.setdefault(movement_id, how) != how:
            raise MovementConflict(movement_id)
        self.after(how)

    async def book(self, case_id: str, transfers: list[Transfer], *, at: datetime) -> None:
        self.fail("book")
        for transfer in transfers:
            if self.transfers.setdefault(transfer.movement_id, transfer) != transfer:
                raise MovementConflict(transfer.movement_id)
        self.after("book")

    async def balances(self, case_id: str) -> Balances:
        sums = dict.fromkeys(Account, 0)
        for movement, hold in self.holds.items():
            if hold.case_id == case_id and self.ended.get(movement) == "post":
                sums[Account.HOSPITAL_DEPOSIT] += hold.amount_fen
                sums[Account.PAYER_CASH] -= hold.amount_fen
        for transfer in self.transfers.values():
            if transfer.movement_id.startswith(f"{case_id}:"):
                sums[transfer.debit] += transfer.amount_fen
                sums[transfer.credit] -= transfer.amount_fen
        held = sum(
            hold.amount_fen
            for movement, hold in self.holds.items()
            if hold.case_id == case_id and movement not in self.ended
        )
        return Balances(**{account.value: amount for account, amount in sums.items()}, held=held)

    async def write(self, page: CasePage) -> None:
        self._keep("write", self.pages[page.case_id], page)

    async def write_enquiry(self, page: EnquiryPage) -> None:
        self._keep("write_enquiry", self.enquiry_pages[page.enquiry_id], page)

    async def write_booking(self, page: BookingPage) -> None:
        self._keep("write_booking", self.booking_pages[page.booking_id], page)

    async def write_rescue(self, page: RescuePage) -> None:
        self._keep("write_rescue", self.rescue_pages[page.rescue_id], page)

    def _keep(self, verb: str, kept: dict[int, Any], page: Any) -> None:
        self.fail(verb)
        if kept.setdefault(page.page, page) != page:
            raise AssertionError(f"page {page.page} came back with another content")
        self.after(verb)

    async def consume(self, use_id: str, *, at: datetime, why: str = "completed") -> None:
        self._move_unit(use_id, "consumed")

    async def give_back(self, use_id: str, *, at: datetime, why: str) -> None:
        self._move_unit(use_id, "given_back")

    def _move_unit(self, use_id: str, to: str) -> None:
        self.fail(to)
        if self.units.get(use_id) == "given_back" != to:
            raise AssertionError(f"{use_id} was given back already")
        self.units[use_id] = to
        self.after(to)

    async def take(self, papers: PapersPaid) -> list[str]:
        self.fail("take")
        wanted = [one.number for one in papers.papers]
        others = [
            number
            for number in wanted
            if self.paid_papers.get(number, papers.booking_id) != papers.booking_id
        ]
        if not others:
            self.paid_papers |= dict.fromkeys(wanted, papers.booking_id)
        return sorted(others)

    async def note_notices(self, records: Sequence[NoticeRecord]) -> None:
        self.fail("note_notices")
        self.notices |= {record.notice_id: record for record in records}
        self.after("note_notices")

    async def contact(self, case_id: str) -> Contact:
        self.fail("contact")
        return Contact(
            name="客户某甲", phone="13800008000", id_last_four="1234", email="kehu@example.com"
        )


class FakePartners:
    """Payment, nurses, messages and claims of one test; outcomes can be queued."""

    def __init__(self) -> None:
        self.ordered: list[PaymentOrder | PayoutOrder] = []
        self.paid: dict[str, int] = {}
        self.answers: list[PaymentOutcome] = []
        self.looked_up: list[PaymentOutcome] = []
        self.looks: list[str] = []
        self.taken_back: list[str] = []
        self.cancels: list[PaymentOutcome] = []
        self.visits: dict[str, VisitOrder] = {}
        self.cancelled: list[str] = []
        self.visit_answers: list[VisitAnswer] = []
        self.sent: list[NoticeOrder] = []
        self.deliveries: list[Delivery] = []
        self.filed: dict[str, ClaimFiling] = {}
        self.receipts: list[ClaimReceipt] = []
        self.bills: dict[str, StatedBill] = {}
        self.settled: list[SettleBill] = []
        self.social = SocialAnswer(status="pending")
        self.paid_twice: list[str] = []
        self.refused_ids: set[str] = set()
        self.parcels: dict[str, ParcelOrder] = {}
        self.parcel_answers: list[ParcelAnswer] = []
        self.tracked: list[str] = []
        self.called_off: list[str] = []
        self.tests: list[str] = []
        self.lab_answers: list[LabAnswer] = []
        self.asks: dict[str, ResourceOrder] = {}
        self.ask_answers: list[ResourceAnswer] = []
        self.withdrawn: list[str] = []
        self.keeps_asks = False
        self.looked_at: list[tuple[str, ...]] = []
        self.fail: Hook = _nothing
        self.after: Hook = _nothing

    @staticmethod
    def pending(**facts: str) -> PaymentOutcome:
        """Accepted; the result comes later."""
        return PaymentOutcome(status=PaymentStatus.PENDING, **facts)

    @staticmethod
    def refused() -> PaymentOutcome:
        """Refused for certain."""
        return PaymentOutcome(status=PaymentStatus.REFUSED, reason="channel_closed")

    @staticmethod
    def unknown() -> PaymentOutcome:
        """Nobody knows."""
        return PaymentOutcome(status=PaymentStatus.UNKNOWN)

    async def pay(self, order: PaymentOrder) -> PaymentOutcome:
        return self._pay(order)

    async def pay_out(self, order: PayoutOrder) -> PaymentOutcome:
        return self._pay(order)

    def _pay(self, order: PaymentOrder | PayoutOrder) -> PaymentOutcome:
        self.fail("pay")
        self.ordered.append(order)
        if order.movement_id in self.paid:
            return PaymentOutcome(status=PaymentStatus.PAID, receipt_no="R-again")
        if order.movement_id in self.refused_ids:
            return self.refused()
        done = PaymentOutcome(status=PaymentStatus.PAID, receipt_no=f"R-{len(self.ordered)}")
        answer = self.answers.pop(0) if self.answers else done
        if answer.status is PaymentStatus.PAID:
            self.pays(order.movement_id, order.amount_fen)
        if answer.status is PaymentStatus.REFUSED:
            self.refused_ids.add(order.movement_id)
        self.after("pay")
        return answer

    def pays(self, movement_id: str, amount_fen: int) -> None:
        """The money moves, whatever we hear of it."""
        if movement_id in self.paid:
            self.paid_twice.append(movement_id)
        self.paid[movement_id] = amount_fen

    async def look_up(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        self.fail("look_up")
        self.looks.append(movement_id)
        if self.looked_up:
            return self.looked_up.pop(0)
        return self._paid(movement_id, amount_fen) or self.pending()

    async def cancel(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        self.fail("cancel")
        self.taken_back.append(movement_id)
        if self.cancels:
            return self.cancels.pop(0)
        if paid := self._paid(movement_id, amount_fen):
            return paid
        self.refused_ids.add(movement_id)
        return PaymentOutcome(status=PaymentStatus.REFUSED, reason="cancelled")

    def _paid(self, movement_id: str, amount_fen: int) -> PaymentOutcome | None:
        if self.paid.get(movement_id, amount_fen) != amount_fen:
            raise MovementConflict(movement_id)
        paid = PaymentOutcome(status=PaymentStatus.PAID, receipt_no="R-found")
        return paid if movement_id in self.paid else None

    async def read(self, wanted: BillWanted) -> StatedBill:
        self.fail("read_bill")
        return self.bills.get(wanted.bill_no, StatedBill(found=False))

    async def settle(self, order: SettleBill) -> SocialAnswer:
        self.fail("settle_bill")
        self.settled.append(order)
        return self.social

    async def order_visit(self, order: VisitOrder) -> VisitAnswer:
        self.fail("order_visit")
        answer = self.visit_answers.pop(0) if self.visit_answers else VisitAnswer(accepted=True)
        if answer.accepted:
            self.visits[order.visit_id] = order
        self.after("order_visit")
        return answer

    async def cancel_visit(self, visit_id: str) -> None:
        self.fail("cancel_visit")
        self.cancelled.append(visit_id)
        self.after("cancel_visit")

    async def send(self, order: NoticeOrder, phone: str) -> Delivery:
        self.fail("send")
        self.sent.append(order)
        self.after("send")
        return self.deliveries.pop(0) if self.deliveries else Delivery.DELIVERED

    async def order_parcel(self, order: ParcelOrder) -> ParcelAnswer:
        self.fail("order_parcel")
        self.parcels[order.parcel_id] = order
        answer = ParcelAnswer(status=ParcelStatus.ORDERED, tracking_no=f"KD-{len(self.parcels)}")
        return self.parcel_answers.pop(0) if self.parcel_answers else answer

    async def track(self, parcel_id: str) -> ParcelAnswer:
        self.fail("track")
        self.tracked.append(parcel_id)
        return ParcelAnswer(status=ParcelStatus.ON_THE_WAY)

    async def call_off(self, parcel_id: str) -> None:
        self.fail("call_off")
        self.called_off.append(parcel_id)

    async def order_test(self, order: TestOrder) -> LabAnswer:
        self.fail("order_test")
        self.tests.append(order.test_id)
        self.looked_at.append(order.covers)
        return self.lab_answers.pop(0) if self.lab_answers else LabAnswer(accepted=True)

    async def ask(self, order: ResourceOrder) -> ResourceAnswer:
        self.fail("ask")
        self.asks[order.ask_id] = order
        pending = ResourceAnswer(status=AskStatus.PENDING)
        return self.ask_answers.pop(0) if self.ask_answers else pending

    async def withdraw(self, ask_id: str) -> bool:
        self.fail("withdraw")
        self.withdrawn.append(ask_id)
        return not self.keeps_asks

    async def file(self, filing: ClaimFiling, policy_ref: str) -> ClaimReceipt:
        self.fail("file")
        answer = self.receipts.pop(0) if self.receipts else ClaimReceipt(status="accepted")
        if answer.status == "accepted":
            self.filed[filing.claim_id] = filing
        self.after("file")
        return answer


class FakeRoster:
    """Slots and the line for a doctor on duty, of one test."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.taken: dict[str, str] = {}
        self.ahead = 0

    async def take(self, wish: Take) -> bool:
        if self.taken.get(wish.slot_id, wish.booking_id) != wish.booking_id:
            return False
        await self.leave(wish.booking_id)
        self.taken[wish.slot_id] = wish.booking_id
        return True

    async def line_up(self, order: LineUp) -> Place:
        whose, slot = turn(
            wanted(self.slots, order.service, not_by=order.not_by),
            frozenset(self.taken),
            ahead=self.ahead,
            at=order.at,
            within=timedelta(seconds=order.call_within_s),
        )
        if slot is not None:
            self.taken[slot.slot_id] = order.booking_id
        return Place(turn=whose, ahead=self.ahead, slot=slot)

    async def leave(self, booking_id: str) -> None:
        self.taken = {slot: holder for slot, holder in self.taken.items() if holder != booking_id}
