"""Deposits that must reach the hospital: one way of paying after another, and then the slip.

Each way is a payment of its own (`workflows.money.deposit_payment`). A slip is waited for beside
the story, across runs, because a photograph may take longer than anything else of a stay.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from temporalio import workflow

from activities.payment import LIMIT_EXCEEDED
from activities.ports.cases import PaymentRecord, PaymentStatus
from domain.programmes.terms import ExpectedEvent
from domain.steps.forms import GiveOutSlips, HandInSlip, KeepSlip
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from workflows.cases.desk import Desk
from workflows.matter import Completion
from workflows.messages.cases import OpenCase
from workflows.money.deposit_payment import DepositPayment
from workflows.storyteller import StepDropped
from workflows.waiver.at_the_desk import AtTheDesk
from workflows.waiver.nurse_visit import NurseVisit


class OverLimit(Exception):
    """Our own ledger has no room for it any more: no other way of paying helps."""


class Deposits:
    """The deposits of one case."""

    def __init__(
        self, desk: Desk, opening: OpenCase, payment: DepositPayment, visit: NurseVisit
    ) -> None:
        self._desk = desk
        self._state = desk.state
        self._opening = opening
        self._payment = payment
        self._visit = visit

    @property
    def left_fen(self) -> int:
        """What may still be advanced, with everything granted counted as gone."""
        used = self._state.advanced_fen + self._state.promised_fen
        limit = self._opening.programme.deposit_waiver.limit
        return limit.left_fen(limit_fen=self._state.limit_fen, advanced_fen=used)

    async def pay_until_paid(
        self,
        reason: Literal["deposit", "top_up"],
        amount_fen: int,
        mode: PaymentMode | None,
        *,
        about: str = "case",
        at_desk: AtTheDesk | None = None,
    ) -> PaymentRecord:
        """Pay by the chosen way, then by the next ones; when all refuse, a dispatcher decides.

        Each way is a payment of its own with its own movement id: only a payment that was refused
        for certain, and whose hold was given back, is followed by another. While the dispatcher
        looks for a way no money is out, so that before the first deposit the customer may withdraw.
        A code that nobody scanned goes to the dispatcher at once: nobody is at the desk any more.
        Raises `OverLimit` when what was granted does not fit any more, because a payment counts
        that was thought refused.
        """
        event = ExpectedEvent.TOP_UP_DONE if reason == "top_up" else ExpectedEvent.DEPOSIT_DONE
        modes = list(self._opening.hospital.payment_modes)
        tried: list[str] = []
        while True:
            await self._desk.not_held()
            self._desk.money_leaves()
            problem = "全部付款方式均被拒绝"
            for chosen in dict.fromkeys([mode or modes[0], *modes]):
                way = await at_desk.arrive(chosen) if at_desk else chosen
                if (paid := await self._paid_after_all(tried)) is not None:
                    return paid
                self._still_wanted(reason)
                clock = self._desk.clocks.until(event, about=about)
                record = await self._payment.pay(
                    reason, amount_fen, way, due_at=clock.due_at if clock else None
                )
                if record.status is PaymentStatus.PAID:
                    return record
                tried.append(record.movement_id)
                await self._desk.written()
                if _has_no_room(record) and self._state.stage is not Stage.ON_SITE:
                    raise OverLimit
                if record.code_url:
                    problem = f"付款码未被扫描, 已撤回 {record.movement_id}"
                    break
            self._still_wanted(reason)
            self._state.payment_ordered = False
            self._desk.alert(problem)
            arranged = await self._visit.arrange(reason, until=event, about=about)
            mode = arranged.payment_mode
            if at_desk:
                at_desk.sent(self._visit.latest)

    async def _paid_after_all(self, tried: list[str]) -> PaymentRecord | None:
        """A way that was refused and is paid after all; while that is in doubt nothing is paid."""
        payments, doubts = self._state.payments, self._state.corrections
        if any(one in tried for one in doubts.values()):
            await workflow.wait_condition(lambda: not any(one in tried for one in doubts.values()))
        return next(
            (payments[one] for one in tried if payments[one].status is PaymentStatus.PAID), None
        )

    def _still_wanted(self, reason: Literal["deposit", "top_up"]) -> None:
        """At discharge the bill is read: no further way is tried for a top-up (I07)."""
        if reason == "top_up" and self._state.stage is not Stage.IN_HOSPITAL:
            raise StepDropped("top_up")

    def paid(self, payment: PaymentRecord) -> None:
        """Tell the customer, and collect the slip within a day (K08)."""
        self._desk.tell(
            "deposit_paid",
            amount=payment.amount_fen,
            total=self._state.advanced_fen,
            left=self.left_fen,
        )
        rule, left_fen = self._opening.programme.deposit_waiver.limit, self.left_fen
        if rule.becomes_low(
            limit_fen=self._state.limit_fen,
            before_fen=left_fen + payment.amount_fen,
            left_fen=left_fen,
        ):
            self._desk.tell("balance_low", left=left_fen)
        at = payment.settled_at or workflow.now()
        self._desk.happened(ExpectedEvent.STEP_FINISHED, at=at, about=payment.movement_id)
        task = self._desk.ask(
            TaskKind.HAND_IN_SLIP,
            at=at,
            until=ExpectedEvent.IMAGES_UPLOADED,
            about=payment.movement_id,
            subject=payment.movement_id,
            amount_fen=payment.amount_fen,
        )
        self._state.slips[task] = payment.movement_id
        self._await_soon(task)

    def resume(self) -> None:
        """Wait again for the slips that a previous run left open."""
        for task in self._state.slips:
            self._await_soon(task)
        if self._state.slips_task in self._state.tasks:
            self._desk.beside(self._given_out(), "slips out")

    def _await_soon(self, task: str) -> None:
        self._desk.beside(self._await_slip(task), f"slip {task}")

    async def _await_slip(self, task: str) -> None:
        slip = await self._desk.done(task)
        about = self._state.slips.pop(task)
        if slip.kind is TaskKind.HAND_IN_SLIP:
            self._desk.happened(ExpectedEvent.IMAGES_UPLOADED, at=slip.at, about=about)
            self._read(slip.read(HandInSlip), about)
            if self._kept_by_us:
                self._take_into_custody(slip, about)
        else:
            kept = slip.read(KeepSlip)
            self._state.slips_kept.append(kept.receipt_no)
            self._desk.note(
                "slip_kept",
                f"押金单 {kept.receipt_no} 由 {kept.handed_by} 交 {kept.received_by} 保管",
                at=slip.at,
                by=slip.actor,
            )

    def _read(self, slip: HandInSlip, about: str) -> None:
        """A number that was confirmed although the payment has another is a supervisor's."""
        self._state.slip_numbers[about] = slip.receipt_no
        own = self._state.payments[about].receipt_no
        if slip.receipt_confirmed and own and slip.receipt_no != own:
            self._desk.alert(f"押金单号 {slip.receipt_no} 与付款回单号 {own} 不一致")

    # Custody of the slips (R723) -----------------------------------------------------------------

    @property
    def _kept_by_us(self) -> bool:
        slip = self._opening.programme.deposit_waiver.slip
        return slip is not None and slip.kept_by == "insurer"

    def _take_into_custody(self, slip: Completion, about: str) -> None:
        task = self._desk.ask(
            TaskKind.KEEP_SLIP, at=slip.at, subject=slip.read(HandInSlip).receipt_no
        )
        self._state.slips[task] = about
        self._await_soon(task)

    def give_out_slips(self, *, at: datetime) -> None:
        """The hospital settles against its slips: whoever goes there takes them out of custody."""
        if self._kept_by_us:
            self._state.slips_task = self._desk.ask(TaskKind.GIVE_OUT_SLIPS, at=at)
            self._desk.beside(self._given_out(), "slips out")

    async def _given_out(self) -> None:
        given = await self._desk.done(self._state.slips_task or "")
        form = given.read(GiveOutSlips)
        numbers = ", ".join(self._state.slips_kept)
        self._desk.note(
            "slips_given_out",
            f"押金单 {numbers} 由 {form.handed_by} 交 {form.received_by} 办理出院结算",
            at=given.at,
            by=given.actor,
        )


def _has_no_room(record: PaymentRecord) -> bool:
    """Whether it was our own ledger that said no, and not a partner."""
    return record.refusal == LIMIT_EXCEEDED and not record.held
