"""Why a command is refused: each reason is a stable code, a Chinese sentence and its field.

A validator raises before anything is written, so a refused update leaves no trace in the case.
The door turns the code into a problem document.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from pydantic import ValidationError
from temporalio.exceptions import ApplicationError

from activities.ports.cases import TaskOpened
from domain import doubts
from domain.calendar import civil_date
from domain.documents import DocumentKind, DocumentRule, listed
from domain.money import Money, spoken
from domain.roles import is_theirs
from domain.steps.forms import Form
from domain.steps.tasks import TASKS
from domain.strict import fault_of
from workflows.matter import ASKED_AGAIN, MatterState
from workflows.messages.matters import CompleteTask

TASK_NOT_OPEN: Final = "TaskNotOpen"
NOT_YOURS: Final = "NotYours"
FORM_REFUSED: Final = "FormRefused"
DOCUMENTS_MISSING: Final = "DocumentsMissing"
PLAN_OUT_OF_RANGE: Final = "PlanOutOfRange"
AMOUNT_OUT_OF_RANGE: Final = "AmountOutOfRange"
MODE_NOT_AVAILABLE: Final = "ModeNotAvailable"
SAME_PERSON: Final = "SamePerson"
TOO_LATE_TO_WITHDRAW: Final = "TooLateToWithdraw"
WRONG_STAGE: Final = "WrongStage"

ASKED_AGAIN_MAX: Final = 3
"""So often a reviewer may ask for more papers before an opinion; then he says yes or no."""


def refusal(
    code: str, message: str, field: str, *, missing: Iterable[str] = ()
) -> ApplicationError:
    """A command refused for good: sending it again changes nothing.

    `missing` are the codes of what is not there, for whoever reads no words.
    """
    codes = [*missing]
    said = (field, codes) if codes else (field,)
    return ApplicationError(message, *said, type=code, non_retryable=True)


def papers_missing(
    kinds: Iterable[DocumentKind], rules: Iterable[DocumentRule] = ()
) -> ApplicationError:
    """Papers are not in the file: their names for people, their kinds for programmes."""
    lacking = list(kinds)
    codes = [kind.value for kind in lacking]
    why = f"资料未齐: {listed(lacking, rules)}"
    return refusal(DOCUMENTS_MISSING, why, "documents", missing=codes)


def asked_seldom_enough(state: MatterState) -> None:
    """Whether a reviewer may ask for more papers once more."""
    if state.counts.get(ASKED_AGAIN, 0) >= ASKED_AGAIN_MAX:
        raise refusal(FORM_REFUSED, f"已{ASKED_AGAIN_MAX}次要求补充资料, 须作出结论", "missing")


def not_ahead(at: datetime, now: datetime) -> None:
    """What happened cannot have happened later than now."""
    if at.tzinfo is None or at > now:
        raise refusal(FORM_REFUSED, "发生时间不能晚于现在", "at")


def open_step(
    state: MatterState, message: CompleteTask, *, nurse: str | None = None
) -> tuple[TaskOpened, Form]:
    """The open step and its form, or a refusal: not open, not yours, not filled in."""
    task = state.tasks.get(message.task_id)
    if task is None or task.kind is not message.kind:
        raise refusal(TASK_NOT_OPEN, "该任务不存在或已经结束", "task_id")
    if message.actor.role not in task.roles:
        raise refusal(NOT_YOURS, "该任务不属于您的角色", "actor")
    actor = message.actor
    if not is_theirs(actor.role, actor.id, assignee=task.assignee, nurse=nurse):
        raise refusal(NOT_YOURS, "该任务已指派给其他人员", "actor")
    try:
        form = TASKS[message.kind].form.model_validate(message.form)
    except ValidationError as error:
        field, why = fault_of(error)
        raise refusal(FORM_REFUSED, why or "表单内容不完整或不合规", field) from None
    customers_day(form, message.at, None)
    return task, form


def amount_within(
    money: Money, field: str, *, at_least: int = 1, at_most: int | None = None
) -> None:
    """Refuse an amount outside its bounds, in fen."""
    if money.fen < at_least:
        why = "金额必须大于零" if at_least == 1 else f"金额少于应有的 {spoken(at_least)}"
        raise refusal(AMOUNT_OUT_OF_RANGE, why, field)
    if at_most is not None and money.fen > at_most:
        raise refusal(AMOUNT_OUT_OF_RANGE, f"金额超过应有的 {spoken(at_most)}", field)


def customers_day(form: Form, at: datetime, last_day: date | None) -> None:
    """A day the customer names is not past, within a year, and the policy still runs (I10)."""
    today = civil_date(at)
    for field in ("visit_on", "customer_date"):
        day: date | None = getattr(form, field, None)
        if day is not None and not today <= day <= today + doubts.VISIT_AHEAD_MAX:
            raise refusal(FORM_REFUSED, "客户指定的日期不能早于今天, 也不能晚于一年", field)
        if day is not None and last_day is not None and day > last_day:
            raise refusal(FORM_REFUSED, "客户指定的日期不能晚于保单或服务的有效期", field)
