"""Life's rest in a stay: somebody else in the team, a policy or a life that ends.

Each is one command, written down at once. What it changes is read where it matters: money is not
ordered while a case is held, and no top-up is taken up any more once there is a reason against it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from temporalio import workflow

from domain.calendar import civil_date, end_of_day
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import BEFORE_PAYMENT, STILL_PAYING, Stage
from workflows.cases.desk import Desk
from workflows.cases.oversight import Oversight
from workflows.messages.cases import Intervene, NoticeDischarge
from workflows.messages.matters import PolicyEnds
from workflows.refusals import FORM_REFUSED, WRONG_STAGE, refusal
from workflows.waiting import passed
from workflows.waiver.in_tray import StayTray
from workflows.waiver.nurse_visit import NurseVisit
from workflows.waiver.refusals import WaiverRefusals

POLICY_ENDED: Final = "保单已终止"
DECEASED: Final = "患者已身故"

_UNDECIDED: Final = frozenset({TaskKind.ANSWER_TOP_UP, TaskKind.ACCEPT_OFFER})
"""Steps before a top-up is granted; what was granted before is still paid."""
_FOR_THE_PATIENT: Final = frozenset({TaskKind.CARE, TaskKind.AFTERCARE})


class Interventions(Oversight):
    """What people may do to a running stay beside its steps."""

    def __init__(
        self, desk: Desk, refusals: WaiverRefusals, tray: StayTray, visit: NurseVisit
    ) -> None:
        super().__init__(desk)
        self._refusals = refusals
        self._tray = tray
        self._visit = visit

    def _check_more(self, message: Intervene) -> None:
        state = self._state
        match message.act:
            case "staff" if message.role is None or message.role.value not in state.team:
                raise refusal(WRONG_STAGE, "服务团队中没有此角色", "role")
            case "staff" if message.staff_id in state.team.values():
                raise refusal(FORM_REFUSED, "该人员已在服务团队中", "staff_id")
            case "policy_ended" if state.no_more_top_ups:
                raise refusal(WRONG_STAGE, state.no_more_top_ups, "stage")
            case "died" if state.deceased:
                raise refusal(WRONG_STAGE, DECEASED, "stage")
            case _:
                pass

    def act(self, message: Intervene) -> None:
        """Write it down; the story goes on with it."""
        match message.act:
            case "staff":
                self._replace(message)
            case "policy_ended":
                self._note("policy_ended", POLICY_ENDED, message)
                self._no_more_money(POLICY_ENDED, at=message.at)
            case "died":
                self._died(message)
            case _:
                super().act(message)

    def policy_ends(self, message: PolicyEnds) -> None:
        """As long as deposits may be paid, the customer hears of it and the last day is awaited."""
        state, known = self._state, self._state.policy_until
        if state.no_more_top_ups:
            return  # it has ended for this case already, or the patient has died
        super().policy_ends(message)
        if state.policy_until == known or state.stage not in STILL_PAYING:
            return
        if self._policy_over_at() > workflow.now() or not self._refusals.may_withdraw:
            self._desk.ask(TaskKind.PHONE_CUSTOMER, at=message.at, subject="policy_ends")
        if known is None:
            self.await_policy_end()

    def await_policy_end(self) -> None:
        """Wait for the last day beside the story, where one is named; a continued run waits on."""
        if self._state.policy_until is not None:
            self._desk.beside(self._policy_runs_out(), "policy")

    def _policy_over_at(self) -> datetime:
        day = self._state.policy_until
        return workflow.now() if day is None else end_of_day(day)

    async def _policy_runs_out(self) -> None:
        """Nothing is advanced beyond the policy's last day; a day named anew is waited for anew."""
        state = self._state
        await passed(self._policy_over_at, summary="保单终止日")
        if state.stage in STILL_PAYING and not state.no_more_top_ups:
            self._desk.note("policy_ended", POLICY_ENDED)
            self._no_more_money(POLICY_ENDED, at=workflow.now())

    def _replace(self, message: Intervene) -> None:
        """Another member of the team, with the open steps of the one before."""
        role = message.role
        assert role is not None  # noqa: S101 - checked before it was accepted
        before = self._state.team[role.value]
        self._state.team[role.value] = message.staff_id
        self._note("team_changed", f"服务团队 {role.value} 改为 {message.staff_id}", message)
        for task in list(self._state.tasks.values()):
            if task.assignee == before and role in task.roles:
                self._give(task.task_id, message.staff_id)
        pending = self._pending_visit
        if role is Role.NURSE and pending is not None:
            self._visit.call_off([pending])
            self._visit.lost(pending, why=f"replaced {before}")

    @property
    def _pending_visit(self) -> str | None:
        """The visit somebody is still expected at, where the story waits for one."""
        if self._state.stage is Stage.ON_SITE and self._state.visits:
            return self._state.visits[-1]
        if self._state.stage in (Stage.IN_HOSPITAL, Stage.DISCHARGE):
            return self._state.discharge_visit
        return None

    def _died(self, message: Intervene) -> None:
        """The family acts from now on; what is left of the stay is its settlement."""
        state = self._state
        state.deceased = True
        self._note("deceased", DECEASED, message)
        self._desk.take_off(_FOR_THE_PATIENT, at=message.at, reason=DECEASED)
        self._no_more_money(DECEASED, at=message.at)
        paying = state.stage in BEFORE_PAYMENT and state.withdrawn is None
        if paying or state.stage is Stage.IN_HOSPITAL:  # a payment that is out arrives first
            self._tray.discharge(
                NoticeDischarge(
                    notice_id=f"{state.case_id}:deceased",
                    discharge_on=civil_date(message.at),
                    actor=message.actor,
                    at=message.at,
                )
            )

    def _no_more_money(self, why: str, *, at: datetime) -> None:
        """Before the first payment the case ends; after it nothing is added to what is advanced."""
        self._state.no_more_top_ups = self._state.no_more_top_ups or why
        if self._refusals.may_withdraw:
            self._state.withdrawn = self._state.withdrawn or why
        self._desk.take_off(_UNDECIDED, at=at, reason=why)
