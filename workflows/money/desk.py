"""The desk of a matter that pays: it books, asks partners, and doubts what does not agree.

A case pays hospitals and customers, a booking pays back what a journey cost. What is the same for
both stands here: the partner's words on payments, and who is asked when two sides differ. How one
payment is followed to its end is told in `workflows.money.deposit_payment`.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Final, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.ports.cases import NoticeOrder, PaymentRecord, PaymentStatus
from domain.money import spoken
from domain.posting import Transfer
from domain.steps.kinds import Evidence, TaskKind
from workflows.cockpit import civil
from workflows.front_desk import FrontDesk
from workflows.messages.payments import DifferenceFound, PaymentResult
from workflows.money.payments import PayingPen, PayingState
from workflows.notices import told_again
from workflows.partners import PARTNER_RETRY, asked, asked_once, nothing
from workflows.storyteller import StepDropped, StoryOver

SETTLED: Final = frozenset({PaymentStatus.PAID, PaymentStatus.REFUSED})
"""Words that end a payment; every other one leaves it open."""

_WORDS: Final = {
    PaymentStatus.PAID: "已付",
    PaymentStatus.REFUSED: "未付",
    PaymentStatus.PENDING: "处理中",
    PaymentStatus.UNKNOWN: "未知",
    PaymentStatus.NOT_FOUND: "无此单",
    PaymentStatus.UNREACHABLE: "无法联系",
}

T = TypeVar("T")


class PayingDesk(FrontDesk, ABC):
    """Steps, promises, payments and the record of one matter."""

    state: PayingState
    pen: PayingPen
    _errands: int = 0

    # Beside the story ----------------------------------------------------------------------------

    def errand(self, work: Coroutine[Any, Any, object], name: str) -> asyncio.Task[None]:
        """Do something beside the story: an image to collect, a top-up, a care visit."""
        self._errands += 1

        async def run() -> None:
            try:
                await self._unless_dropped(work)
            finally:
                self._errands -= 1

        return self._spawn(run(), name)

    @property
    def idle(self) -> bool:
        """Whether no errand runs and everything is written down."""
        return self._errands == 0 and super().idle

    def beside(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something that a continued run starts again from the state."""
        self._spawn(self._unless_dropped(work), name)

    async def _unless_dropped(self, work: Coroutine[Any, Any, object]) -> None:
        """What runs beside the story ends with its step; the story itself hears of the reason."""
        with contextlib.suppress(StoryOver, StepDropped):
            await work

    # Money ---------------------------------------------------------------------------------------

    def book(self, transfers: list[Transfer], *, at: datetime) -> None:
        """Put transfers on the page; they are booked before the page is written."""
        self.state.open_page(at).transfers.extend(transfers)

    async def not_held(self) -> None:
        """Wait until a supervisor who stopped payments lets them go on."""
        if self.state.held:
            await self.until(lambda: not self.state.held)

    @abstractmethod
    def payment_delayed(self) -> None:
        """The customer hears that a payment takes longer."""

    def code_ready(self, amount_fen: int) -> None:
        """A code to pay by can be fetched; only a case has one."""

    async def ask_partner(
        self,
        call: Callable[[RetryPolicy], Awaitable[T]],
        *,
        then: RetryPolicy = PARTNER_RETRY,
        on_silence: Callable[[], None] = nothing,
    ) -> T:
        """Ask a partner without end, its first answer on the page of this beat."""
        return await asked(self._record, call, then=then, on_silence=on_silence)

    async def ask_once(self, call: Callable[[RetryPolicy], Awaitable[T]]) -> T | None:
        """Ask a partner for money: once, for before the next time it may have been stopped."""
        return await asked_once(self._record, call)

    # What a customer missed ----------------------------------------------------------------------

    def phone(self, notice_id: str, template: str) -> None:
        """A notice did not arrive, whoever says so first: a person phones, once (I22)."""
        if notice_id not in self.state.phoned:
            self.state.phoned.append(notice_id)
            self.ask(TaskKind.PHONE_CUSTOMER, at=workflow.now(), subject=template)

    def _tell_soon(self, notice: NoticeOrder) -> None:
        self.errand(self._tell_again(notice), f"notice {notice.notice_id}")

    async def _tell_again(self, notice: NoticeOrder) -> None:
        """A notice that did not go at once is tried for a minute; then a person phones (I22)."""
        if not await told_again(notice):
            self.phone(notice.notice_id, notice.template)

    # When two sides differ -----------------------------------------------------------------------

    def payment_result(self, message: PaymentResult) -> None:
        """The first certain word settles a payment; another one is looked into by a person."""
        payment = self.state.payments.get(message.movement_id)
        if payment is None:
            self.alert(f"收到未下达付款的结果 {message.movement_id}")
            return
        paid = message.status is PaymentStatus.PAID
        evidence = evidence_of(payment, message)
        if paid and message.amount_fen != payment.amount_fen:
            self.contradicted(message.movement_id, evidence, at=message.at)
        elif payment.settled_at is None:
            self.state.payment_results[message.movement_id] = message
        elif message.status in SETTLED and message.status is not payment.status:
            self.contradicted(message.movement_id, evidence, at=message.at)

    def difference(self, message: DifferenceFound) -> None:
        """A day's statement says something else than the ledger: finance finds out, once."""
        if message.about in self.state.differences:
            return
        self.state.differences.append(message.about)
        self.note("difference", f"对账差异 {message.about}", at=message.at)
        movement_id = message.about.rpartition(" ")[2]
        payment = self.state.payments.get(movement_id)
        if payment is not None and payment.settled_at is not None:
            self.contradicted(movement_id, message.evidence, at=message.at, about=message.about)
            return
        task = self.ask(
            TaskKind.EXPLAIN_DIFFERENCE,
            at=message.at,
            subject=message.about,
            amount_fen=message.amount_fen,
        )
        self.show(task, message.evidence)

    def contradicted(
        self, movement_id: str, evidence: Evidence, *, at: datetime, about: str = ""
    ) -> None:
        """A partner says something else of a payment than the books: finance finds out.

        While one contradiction of a movement is looked into, the partner's latest word stands
        beside it.
        """
        for task, open_for in self.state.corrections.items():
            if open_for == movement_id and task in self.state.tasks:
                self.show(task, evidence)
                return
        self.note("payment_contradiction", "付款结果与已记账结果不一致", at=at)
        task = self.ask(
            TaskKind.CORRECT_PAYMENT,
            at=at,
            subject=about or f"contradiction {movement_id}",
            amount_fen=self.state.payments[movement_id].amount_fen,
        )
        self.state.corrections[task] = movement_id
        self.show(task, evidence)


def evidence_of(record: PaymentRecord, told: PaymentResult | None = None) -> Evidence:
    """What our books and the partner say of a payment, for the person who finds out."""
    ours = (
        f"{record.movement_id} 下达 {civil(record.ordered_at)} {spoken(record.amount_fen)}; "
        f"账簿 {_WORDS[record.status]} 回单 {record.receipt_no or '无'} {record.refusal}".strip()
    )
    if told is None:
        return Evidence(ours=ours, theirs=f"最后答复: {_WORDS[record.status]} {record.refusal}")
    return Evidence(
        ours=ours,
        theirs=f"{civil(told.at)} {_WORDS[told.status]} {spoken(told.amount_fen)} "
        f"回单 {told.receipt_no or '无'} {told.reason}".strip(),
    )
