"""What arrives unasked at a stay beyond what every case hears: top-ups, days, decisions, visits."""

from __future__ import annotations

from domain.roles import Role
from domain.waiver import ENDED, STILL_PAYING, Stage
from workflows.cases.desk import Desk
from workflows.cases.in_tray import InTray
from workflows.cases.late_refunds import LateRefunds
from workflows.messages.cases import ClaimDecided, NoticeDischarge, RequestTopUp
from workflows.messages.matters import VisitTaken
from workflows.waiver.late_claims import LateClaims


class StayTray(InTray):
    """The tray of one stay."""

    def __init__(self, desk: Desk, late_refunds: LateRefunds, late_claims: LateClaims) -> None:
        super().__init__(desk, late_refunds)
        self._late_claims = late_claims

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
        elif (known is None or not _same(message, known)) and not self._late_claims.ask(message):
            self._desk.alert("理赔决定与已处理的不一致")

    def _too_early(self, message: ClaimDecided) -> bool:
        """Before we have filed, one decision a claim waits; another word is looked into.

        A claim whose bill nobody has read is nobody's to decide: no money follows such a word.
        """
        state = self._state
        if state.stage in STILL_PAYING:
            self._desk.alert(f"出院账单之前收到理赔决定, 未采用 {message.claim_id}")
            return True
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


def _same(one: ClaimDecided, other: ClaimDecided) -> bool:
    """Whether two words on claims are one, told twice."""
    said = [(each.claim_id, each.decision, each.payable_fen) for each in (one, other)]
    return said[0] == said[1]
