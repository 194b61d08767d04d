"""Top-ups: from a request on the ward to the money at the hospital, or to a reason why not (DW13).

Several may run at once, each as an errand of its own. Money is granted in the order in which it
was asked for, so that two that do not both fit are told the same truth about what is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from activities.ports.cases import TaskOpened, TopUpRecord, TopUpState
from domain.money import spoken
from domain.programmes.terms import ExpectedEvent
from domain.steps.forms import AcceptOffer
from domain.steps.kinds import TaskKind
from domain.steps.tasks import AnswerTopUp
from domain.waiver import Stage
from workflows.cases.desk import Desk
from workflows.cockpit import by_when
from workflows.matter import Completion
from workflows.messages.cases import OpenCase, RequestTopUp
from workflows.storyteller import StepDropped
from workflows.waiver.at_the_desk import AtTheDesk
from workflows.waiver.deposits import Deposits, OverLimit
from workflows.waiver.nurse_visit import NurseVisit

ALREADY_LEAVING: Final = "出院结算已开始"
NO_ROOM: Final = "超出可用额度"
OFFER_STANDS: Final = timedelta(hours=24)
"""So long the customer may think about what is left; then the request is refused as asked."""

_STEPS: Final = frozenset(
    {
        TaskKind.ANSWER_TOP_UP,
        TaskKind.ACCEPT_OFFER,
        TaskKind.VERIFY_COST,
        TaskKind.ON_SITE_TOP_UP,
        TaskKind.ARRANGE_VISIT,
    }
)
"""The steps a top-up waits for; on the ward nothing else asks for them."""


class TopUps:
    """The top-ups of one case."""

    def __init__(
        self, desk: Desk, opening: OpenCase, deposits: Deposits, visit: NurseVisit
    ) -> None:
        self._desk = desk
        self._state = desk.state
        self._opening = opening
        self._deposits = deposits
        self._visit = visit
        self._terms = opening.programme.deposit_waiver
        self._serving = 0
        self._decided_before: asyncio.Event | None = None

    def receive(self, request: RequestTopUp) -> None:
        """Take a request up: refuse it with its reason, or serve it beside the story."""
        self._write_down(request)
        if self._state.no_more_top_ups:
            self._refuse(request, self._state.no_more_top_ups)
        elif self._state.stage is not Stage.IN_HOSPITAL:
            self._refuse(request, ALREADY_LEAVING)
        elif not self._terms.top_up.enabled:
            self._refuse(request, "本服务不提供续费")
        elif self._deposits.left_fen == 0:
            about = request.top_up_id
            self._desk.happened(ExpectedEvent.TOP_UP_REQUESTED, at=request.at, about=about)
            self._desk.happened(ExpectedEvent.TOP_UP_ANSWERED, at=workflow.now(), about=about)
            self._refuse(request, "额度已用完")
        else:
            self._serve_soon(request)

    def turn_away(self, request: RequestTopUp, reason: str) -> None:
        """A request that comes too late for this stay."""
        self._write_down(request)
        self._refuse(request, reason)

    async def call_off(self) -> None:
        """At discharge an open top-up is called off; one whose payment is out is waited for."""
        while self._serving:
            for task in self._open_steps():
                self._desk.no_longer_asked(task.task_id, at=workflow.now(), reason=ALREADY_LEAVING)
            await workflow.wait_condition(lambda: self._serving == 0 or bool(self._open_steps()))

    def _open_steps(self) -> list[TaskOpened]:
        return [task for task in self._state.tasks.values() if task.kind in _STEPS]

    def _write_down(self, request: RequestTopUp) -> None:
        record = TopUpRecord(
            top_up_id=request.top_up_id,
            requested_fen=request.amount_fen,
            state=TopUpState.RECEIVED,
            requested_at=request.at,
        )
        self._desk.pen.top_up(record, workflow.now())
        self._desk.note(
            "top_up_requested",
            f"申请续费 {spoken(request.amount_fen)}",
            at=request.at,
            by=request.actor,
        )

    # One top-up ----------------------------------------------------------------------------------

    def _serve_soon(self, request: RequestTopUp) -> None:
        before, decided = self._decided_before, asyncio.Event()
        self._decided_before = decided
        self._serving += 1
        self._desk.errand(self._serve(request, before, decided), f"top-up {request.top_up_id}")

    async def _serve(
        self, request: RequestTopUp, before: asyncio.Event | None, decided: asyncio.Event
    ) -> None:
        """One top-up from request to payment; money is granted in the order of the requests."""
        try:
            answer = await self._answer(request)
            if answer is None:
                return
            if before is not None:
                await before.wait()
            amount_fen = await self._grant(request, answer.at, stands=decided.set)
            decided.set()
            if amount_fen is not None:
                await self._pay(request, amount_fen, answer.read(AnswerTopUp))
        except StepDropped:
            why = self._state.no_more_top_ups or ALREADY_LEAVING
            self._refuse(request, why)
            self._desk.clocks.drop_about(request.top_up_id, at=workflow.now(), why=why)
        finally:
            decided.set()
            self._serving -= 1

    async def _answer(self, request: RequestTopUp) -> Completion | None:
        """The answer within thirty minutes (K02); None if it was no."""
        about = request.top_up_id
        self._desk.happened(ExpectedEvent.TOP_UP_REQUESTED, at=request.at, about=about)
        clock = self._desk.clocks.until(ExpectedEvent.TOP_UP_ANSWERED, about=about)
        self._desk.tell(
            "top_up_received",
            amount=request.amount_fen,
            due=by_when(clock.due_at if clock else None),
        )
        answer = await self._desk.done(
            self._desk.ask(
                TaskKind.ANSWER_TOP_UP,
                at=request.at,
                until=ExpectedEvent.TOP_UP_ANSWERED,
                about=about,
                subject=about,
                amount_fen=request.amount_fen,
            )
        )
        self._desk.happened(ExpectedEvent.TOP_UP_ANSWERED, at=answer.at, about=about)
        form = answer.read(AnswerTopUp)
        if form.accepted:
            return answer
        self._refuse(request, form.reason)
        return None

    async def _grant(
        self, request: RequestTopUp, at: datetime, *, stands: Callable[[], None]
    ) -> int | None:
        """Grant what was asked for, or what is left if the customer wants it; None if nothing.

        An offer reserves nothing: once it `stands` the next request is decided, and when the answer
        comes it is decided again by what is left then.
        """
        amount_fen = request.amount_fen
        while amount_fen > (left_fen := self._deposits.left_fen):
            if left_fen == 0 or not self._terms.top_up.offer_what_is_left:
                self._refuse(request, NO_ROOM)
                return None
            offered = self._offer(request, left_fen)
            stands()
            reply = await self._desk.done_within(offered, OFFER_STANDS, "续费确认期限")
            if reply is None:
                self._refuse(request, "客户未在期限内确认剩余额度")
                return None
            at, amount_fen = reply.at, left_fen
            if not reply.read(AcceptOffer).accepted:
                self._refuse(request, "客户未接受剩余额度")
                return None
        self._accept(request, amount_fen, at=at)
        return amount_fen

    def _offer(self, request: RequestTopUp, left_fen: int) -> str:
        """What was asked for is refused as asked; what is left is offered (R125)."""
        now = workflow.now()
        self._change(request, state=TopUpState.OFFERED, offered_fen=left_fen, answered_at=now)
        self._desk.note("top_up_offered", f"超出额度, 可续费 {spoken(left_fen)}", at=now)
        self._desk.tell("top_up_offer", left=left_fen)
        return self._desk.ask(
            TaskKind.ACCEPT_OFFER,
            at=now,
            due_at=now + OFFER_STANDS,
            subject=request.top_up_id,
            amount_fen=left_fen,
        )

    def _accept(self, request: RequestTopUp, amount_fen: int, *, at: datetime) -> None:
        whole = amount_fen == request.amount_fen
        state = TopUpState.ACCEPTED if whole else TopUpState.PARTLY_ACCEPTED
        self._change(request, state=state, granted_fen=amount_fen, answered_at=at)
        self._desk.happened(ExpectedEvent.TOP_UP_ACCEPTED, at=at, about=request.top_up_id)
        clock = self._desk.clocks.until(ExpectedEvent.TOP_UP_DONE, about=request.top_up_id)
        self._desk.note("top_up_accepted", f"同意续费 {spoken(amount_fen)}", at=at)
        self._desk.tell(
            "top_up_accepted", amount=amount_fen, due=by_when(clock.due_at if clock else None)
        )

    async def _pay(self, request: RequestTopUp, amount_fen: int, answer: AnswerTopUp) -> None:
        about = request.top_up_id
        at_desk = AtTheDesk(
            self._desk, self._visit, about=about, amount_fen=amount_fen, visit_at=answer.visit_at
        )
        try:
            if self._terms.top_up.verify_cost_before_topup and not await at_desk.verify_cost():
                self._refuse(request, "经核实费用, 暂不需续缴")
                self._desk.clocks.drop_about(about, at=workflow.now(), why="暂不需续缴")
                return
            paid = await self._deposits.pay_until_paid(
                "top_up", amount_fen, answer.payment_mode, about=about, at_desk=at_desk
            )
        except StepDropped:
            at_desk.call_off()
            raise
        except OverLimit:
            at_desk.call_off()
            self._refuse(request, NO_ROOM)
            self._desk.clocks.drop_about(about, at=workflow.now(), why=NO_ROOM)
            return
        at = paid.settled_at or workflow.now()
        self._change(request, state=TopUpState.PAID, paid_at=at)
        self._desk.happened(ExpectedEvent.TOP_UP_DONE, at=at, about=about)
        self._deposits.paid(paid)

    def _refuse(self, request: RequestTopUp, reason: str) -> None:
        now = workflow.now()
        self._change(
            request, state=TopUpState.REFUSED, reason=reason, answered_at=now, granted_fen=0
        )
        self._desk.note("top_up_refused", f"续费未通过: {reason}", at=now)
        self._desk.tell("top_up_refused", reason=reason)

    def _change(self, request: RequestTopUp, **changes: object) -> None:
        record = self._state.top_ups[request.top_up_id]
        self._desk.pen.top_up(record.model_copy(update=changes), workflow.now())
