"""What arrives unasked: partners' words and customers' wishes, written down until the story acts.

Nothing is refused here and nothing is lost. What was seen before is dropped by its id, and what
contradicts the record goes to a supervisor.
"""

from __future__ import annotations

from temporalio import workflow

from domain.programmes.programme import NotInProgramme
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import ENDED, Stage
from workflows.cockpit import by_when
from workflows.messages.cases import (
    ClaimDecided,
    DisputeClaim,
    NoticeDischarge,
    RefundReceived,
    RequestTopUp,
)
from workflows.messages.matters import NewCalendar, NoticeFailed, VisitTaken
from workflows.messages.payments import DifferenceFound, PaymentResult
from workflows.waiver.desk import Desk
from workflows.waiver.late_claims import LateClaims
from workflows.waiver.late_refunds import LateRefunds


class InTray:
    """The tray of one case."""

    def __init__(
        self, desk: Desk, late_refunds: LateRefunds, late_claims: LateClaims | None = None
    ) -> None:
        """Without `late_claims` where the insurer's decision is a step of the story itself."""
        self._desk = desk
        self._state = desk.state
        self._late_refunds = late_refunds
        self._late_claims = late_claims
        self.heard = 0
        """Words of partners in this run: what an ended case was started again for."""

    def top_up(self, message: RequestTopUp) -> None:
        """A top-up request, taken up when the patient is on the ward."""
        waiting = {request.top_up_id for request in self._state.new_top_ups}
        if message.top_up_id not in waiting | set(self._state.top_ups):
            self._state.new_top_ups.append(message)

    def discharge(self, message: NoticeDischarge) -> None:
        """A discharge date, taken up when the patient is on the ward."""
        if message.notice_id not in self._state.discharge_ids:
            self._state.discharge_ids.append(message.notice_id)
            self._state.new_discharges.append(message)

    def payment_result(self, message: PaymentResult) -> None:
        """The first certain word settles a payment; another one is looked into by a person."""
        self.heard += 1
        self._desk.payment_result(message)

    def refund(self, message: RefundReceived) -> None:
        """Money the hospital returned; beyond what it owes a supervisor hears of it."""
        self.heard += 1
        if message.refund_id in self._state.refund_ids:
            return
        self._state.refund_ids.append(message.refund_id)
        if self._state.ended and self._state.refund_expected_fen == 0:
            self._late_refunds.ask(message)
        else:
            self._state.refunds.append(message)

    def claim(self, message: ClaimDecided) -> None:
        """The first decision on our claim counts; any other is looked into by a person."""
        self.heard += 1
        known = self._state.claim_decision
        if self._too_early(message):
            return
        if message.claim_id != self._state.claim_id:
            if not any(_same(message, one) for one in self._state.overruled):
                self._desk.alert(f"收到其他理赔的决定 {message.claim_id}")
            return
        if known is None and self._state.stage not in {Stage.REPAYMENT, *ENDED}:
            self._state.claim_decision = message
        elif known is None or not _same(message, known):
            more = self._late_claims is not None and self._late_claims.ask(message)
            if not more:
                self._desk.alert("理赔决定与已处理的不一致")

    def _too_early(self, message: ClaimDecided) -> bool:
        """Before we have filed, one decision a claim waits; another word is looked into."""
        state = self._state
        if state.claim_state or state.stage in {Stage.REPAYMENT, *ENDED}:
            return False
        known = next(
            (one for one in state.early_decisions if one.claim_id == message.claim_id), None
        )
        if known is None:
            state.early_decisions.append(message)
        elif not _same(message, known):
            self._desk.alert("理赔决定与已处理的不一致")
        return True

    def dispute(self, message: DisputeClaim) -> None:
        """A decision is disputed: where nothing is recovered, a supervisor hears of it."""
        self.heard += 1
        if message.dispute_id in self._state.dispute_ids:
            return
        self._state.dispute_ids.append(message.dispute_id)
        text = f"客户对理赔结论有异议: {message.reason}"
        self._desk.note("disputed", text, at=message.at, by=message.actor)
        if self._state.stage is Stage.REPAYMENT:
            self._state.disputes.append(message)
        else:
            self._desk.alert("客户对理赔结论有异议")

    def difference(self, message: DifferenceFound) -> None:
        """A day's statement says something else than the ledger: finance finds out, once."""
        self._desk.difference(message)

    def visit_taken(self, message: VisitTaken) -> None:
        """The nurse platform said who comes, or that nobody does; then a supervisor hears of it."""
        if not message.accepted:
            self._desk.alert(f"护士平台拒单 {message.visit_id} {message.reason}".rstrip())
            return
        if message.visit_id in self._state.visits_taken:
            return
        self._state.visits_taken.append(message.visit_id)
        self._desk.note("visit_taken", f"护士平台已接单 {message.nurse_id}", at=message.at)
        self._comes_instead(message)

    def _comes_instead(self, message: VisitTaken) -> None:
        """Who comes to the bed is the nurse of the team from then on, and the steps are theirs."""
        team, comes = self._state.team, message.nurse_id
        former = team.get(Role.NURSE.value)
        earlier = message.visit_id in self._state.visits[:-1]
        if former is None or earlier or comes in ("", former):
            return
        if comes in team.values():
            self._desk.alert(f"护士平台改派的人员已在团队中 {comes}")
            return
        team[Role.NURSE.value] = comes
        for task in list(self._state.tasks.values()):
            if task.assignee == former:
                self._desk.pen.task_opened(task.model_copy(update={"assignee": comes}))
        self._desk.note("nurse_changed", f"上门人员由 {former} 改为 {comes}", at=message.at)

    def notice_failed(self, message: NoticeFailed) -> None:
        """A notice that was taken was not delivered after all."""
        self._desk.phone(message.notice_id, message.template)

    def calendar(self, message: NewCalendar) -> None:
        """A notice of holidays; the customer hears of promises that are due on another date now.

        A case from before carries a programme without such a text: then a person phones (I22).
        """
        promises = self._desk.new_calendar(message.calendar, at=message.at)
        if not promises:
            return
        listed = "；".join(f"{clock.name} {by_when(clock.due_at)}前" for clock in promises)
        try:
            self._desk.tell("promise_moved", list=listed)
        except NotInProgramme:
            self._desk.ask(TaskKind.PHONE_CUSTOMER, at=workflow.now(), subject="promise_moved")


def _same(one: ClaimDecided, other: ClaimDecided) -> bool:
    """Whether two words on claims are one, told twice."""
    said = [(each.claim_id, each.decision, each.payable_fen) for each in (one, other)]
    return said[0] == said[1]
