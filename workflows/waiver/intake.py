"""Taking a report: the rules first, then the first contact and the team (DW02–DW04)."""

from __future__ import annotations

from typing import Final

from domain.clock import Clock
from domain.eligibility import Outcome, to_judge
from domain.programmes.rules import RuleCode
from domain.programmes.terms import ExpectedEvent
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.steps.tasks import AssignTeam, FirstContact
from domain.waiver import Stage
from workflows.cases.desk import CaseOver, Desk
from workflows.cockpit import by_when, civil
from workflows.matter import Completion
from workflows.messages.cases import OpenCase
from workflows.waiver.promises import note_lead

NO_ORIGINALS: Final = "出院时不能提供医疗费用发票原件"


class Intake:
    """The first hour of one case."""

    def __init__(self, desk: Desk, opening: OpenCase) -> None:
        self._desk = desk
        self._state = desk.state
        self._opening = opening
        self._terms = opening.programme.deposit_waiver

    async def take_report(self) -> None:
        """Nobody waits for what is refused anyway; else contact and team within their promise."""
        desk, opening, at = self._desk, self._opening, self._opening.reported_at
        desk.note("reported", "受理报案", at=at, by=opening.reported_by)
        if opening.follows:
            desk.note("transferred", f"转院, 续接案件 {opening.follows}", at=at)
        self._check_lead()
        if opening.verdict.outcome is Outcome.REJECTED:
            reasons = "; ".join(reason.text for reason in opening.verdict.reasons)
            desk.tell("qualification", reason=f"不符合: {reasons}")
            raise CaseOver(Stage.REJECTED, reasons)
        judged = to_judge(opening.verdict)
        if judged:
            desk.note("needs_person", f"需人工判断: {judged}", at=at)
        desk.happened(ExpectedEvent.CASE_REPORTED, at=at)
        first = desk.promised(ExpectedEvent.CONTACT_MADE, ExpectedEvent.FIRST_HANDLED)
        contact_task = desk.ask(TaskKind.FIRST_CONTACT, at=at, until=first, subject=judged)
        team_task = desk.ask(TaskKind.ASSIGN_TEAM, at=at, until=ExpectedEvent.FIRST_HANDLED)
        clock = desk.clocks.until(first) if first else None
        self._say_when_closed(clock)
        desk.tell("report_accepted", due=by_when(clock.due_at if clock else None))
        contact = await self._contacted(contact_task)
        team = await desk.done(team_task)
        desk.note("team_assigned", "服务团队已确认", at=team.at, by=team.actor)
        self._state.team = _team(team.read(AssignTeam))
        # Contacted, list sent, staff assigned: the promise is kept when the last of them is (C-05).
        desk.happened(ExpectedEvent.FIRST_HANDLED, at=max(contact.at, team.at))

    def _say_when_closed(self, clock: Clock | None) -> None:
        """A report outside the service hours is taken; its promise counts from the opening."""
        programme, at = self._opening.programme, self._opening.reported_at
        hours = programme.hours_of(programme.clock(clock.id)) if clock else None
        if hours is not None and not hours.is_open(at, self._state.calendar):
            opens_at = civil(hours.next_open(at, self._state.calendar))
            self._desk.note("outside_hours", f"服务时间外受理, {opens_at}起计时", at=at)

    async def _contacted(self, task: str) -> Completion:
        desk = self._desk
        contact = await desk.done(task)
        form = contact.read(FirstContact)
        desk.happened(ExpectedEvent.CONTACT_MADE, at=contact.at)
        if not form.identity_verified:
            self._turn_away("身份信息未能核实")
        if self._terms.claim.original_invoices == "required" and not form.can_give_invoices:
            self._turn_away(NO_ORIGINALS)
        desk.note("contacted", "已联系客户并发送资料清单", at=contact.at, by=contact.actor)
        if form.visit_wanted:
            self._state.visit_wanted, self._state.customer_date = True, form.visit_on
            desk.note("visit_wanted", "客户需要上门收集资料", at=contact.at, by=contact.actor)
            desk.happened(ExpectedEvent.VISIT_NEED_CONFIRMED, at=contact.at)
        return contact

    def _turn_away(self, reason: str) -> None:
        self._desk.tell("declined", reason=reason)
        raise CaseOver(Stage.REJECTED, reason)

    def _check_lead(self) -> None:
        """K09, K21: wanted too soon it is flagged and served, or refused with the rest (C-36)."""
        lead, opening = self._opening.programme.lead_time, self._opening
        if lead is None or opening.planned_admission is None:
            return
        verdict = opening.verdict
        is_short = any(
            reason.code is RuleCode.LEAD_TIME for reason in (*verdict.flags, *verdict.reasons)
        )
        served = lead.when_short == "accept_flagged"
        short = "将尽快安排" if served else "不予受理"
        note_lead(
            self._desk,
            lead,
            "提前预约",
            at=opening.reported_at,
            short=short if is_short else None,
        )


def _team(members: AssignTeam) -> dict[str, str]:
    team = {Role.AGENT.value: members.agent_id, Role.NURSE.value: members.nurse_id}
    if members.doctor_id is not None:
        team[Role.DOCTOR.value] = members.doctor_id
    return team
