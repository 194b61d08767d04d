"""A case held by a supervisor, a step given to somebody else, a policy that ends.

Each is one command, written down at once; no money is ordered while a case is held. What a stay
hears beyond that is its own (`workflows.waiver.interventions`).
"""

from __future__ import annotations

from domain.steps.kinds import TaskKind
from domain.waiver import ENDED
from workflows.cases.desk import Desk
from workflows.messages.cases import Intervene
from workflows.messages.matters import PolicyEnds
from workflows.refusals import TASK_NOT_OPEN, WRONG_STAGE, refusal


class Oversight:
    """What a supervisor may do to anything that pays: stop it, and give a step to another."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._state = desk.state

    def check(self, message: Intervene) -> None:
        """Whether it can be done now; raises the refusal."""
        state = self._state
        if state.stage in ENDED:
            raise refusal(WRONG_STAGE, "案件已经结束", "stage")
        match message.act:
            case "hold" if state.held:
                raise refusal(WRONG_STAGE, "案件已经暂停", "stage")
            case "reassign" if message.task_id not in state.tasks:
                raise refusal(TASK_NOT_OPEN, "该任务不存在或已经结束", "task_id")
            case "hold" | "reassign":
                pass
            case _:
                self._check_more(message)

    def _check_more(self, message: Intervene) -> None:
        raise refusal(WRONG_STAGE, "理赔案件没有此操作", message.act)

    def act(self, message: Intervene) -> None:
        """Write it down; the story goes on with it."""
        if message.act == "hold":
            self._hold(message)
        else:
            self._reassign(message)

    def _hold(self, message: Intervene) -> None:
        """No money is ordered until a supervisor releases it; the promises run on."""
        self._note("held", "案件暂停付款", message)
        self._desk.ask(TaskKind.RELEASE_HOLD, at=message.at)

    def _reassign(self, message: Intervene) -> None:
        task = self._state.tasks[message.task_id]
        self._note("reassigned", f"{task.title} 改派 {message.staff_id}", message)
        self._give(message.task_id, message.staff_id)

    def _give(self, task_id: str, staff_id: str) -> None:
        task = self._state.tasks[task_id]
        self._desk.pen.task_opened(task.model_copy(update={"assignee": staff_id}))

    def policy_ends(self, message: PolicyEnds) -> None:
        """The insurer ended the policy: what was decided or treated under it stays as it is."""
        if not self._state.ended and self._state.policy_until != message.ends_on:
            self._state.policy_until = message.ends_on
            text = f"保险合同终止, 有效至 {message.ends_on}"
            self._desk.note("policy_ends", text, at=message.at, by=message.actor)

    def _note(self, event: str, text: str, message: Intervene) -> None:
        reason = f": {message.reason}" if message.reason else ""
        self._desk.note(event, f"{text}{reason}", at=message.at, by=message.actor)
