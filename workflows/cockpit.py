"""What a supervisor sees of a matter in the Temporal UI: search attributes and current details.

Search attributes are never encrypted, so they hold codes, moments and amounts, nothing personal.
They are planned once, here, and registered by the migration command; SQL visibility allows at most
ten Keywords and three each of the other types.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, cast

from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
)

from activities.ports.cases import PaymentRecord, PaymentStatus, TaskOpened
from domain import calendar
from domain.clock import Clock, ClockState
from domain.enquiry import EnquiryStage
from domain.money import spoken
from domain.roles import ROLE_NAMES
from domain.steps.kinds import DUTY_NAMES, TaskKind
from domain.waiver import MODE_NAMES
from workflows.matter import MatterState

PROGRAMME: Final = SearchAttributeKey.for_keyword("Programme")
STAGE: Final = SearchAttributeKey.for_keyword("Stage")
AWAITING_ROLE: Final = SearchAttributeKey.for_keyword_list("AwaitingRole")
SLA_STATE: Final = SearchAttributeKey.for_keyword("SlaState")
NEXT_DUE: Final = SearchAttributeKey.for_datetime("NextDue")
HOSPITAL: Final = SearchAttributeKey.for_keyword("Hospital")
CHANNEL: Final = SearchAttributeKey.for_keyword("Channel")
OUTSTANDING_FEN: Final = SearchAttributeKey.for_int("OutstandingFen")

SEARCH_ATTRIBUTES: Final = (
    PROGRAMME,
    STAGE,
    AWAITING_ROLE,
    SLA_STATE,
    NEXT_DUE,
    HOSPITAL,
    CHANNEL,
    OUTSTANDING_FEN,
)
"""All of them, as `cli.py migrate` registers them and `readyz` checks them."""


_CLOCK_WORDS: Final = {
    ClockState.RUNNING: "进行中",
    ClockState.WARNED: "即将超时",
    ClockState.MET: "按时完成",
    ClockState.MET_LATE: "超时完成",
    ClockState.BREACHED: "已超时",
    ClockState.DROPPED: "已取消",
}


_NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""A step that is due on no day comes last."""

_REASONS: Final = {"deposit": "押金", "top_up": "续费", "payout": "支付客户"}
_WAITS_FOR: Final = {
    PaymentStatus.PENDING: "等待付款方答复",
    PaymentStatus.UNKNOWN: "结果未知, 向付款方查询中",
    PaymentStatus.NOT_FOUND: "付款方未收到, 重新下达",
    PaymentStatus.UNREACHABLE: "付款方无法联系, 重新下达",
}


def opening_attributes(*, programme: str, hospital_id: str, channel: str) -> TypedSearchAttributes:
    """What is known when the case starts."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(PROGRAMME, programme),
            SearchAttributePair(HOSPITAL, hospital_id),
            SearchAttributePair(CHANNEL, channel),
            SearchAttributePair(STAGE, "reported"),
            SearchAttributePair(SLA_STATE, "calm"),
            SearchAttributePair(OUTSTANDING_FEN, 0),
        ]
    )


def asking_attributes(
    *,
    programme: str,
    channel: str,
    stage: str = EnquiryStage.WAITING,
    hospital_id: str | None = None,
) -> TypedSearchAttributes:
    """What is known when a question is asked, or a service, or a patient is brought in."""
    where = [] if hospital_id is None else [SearchAttributePair(HOSPITAL, hospital_id)]
    return TypedSearchAttributes(
        [
            *where,
            SearchAttributePair(PROGRAMME, programme),
            SearchAttributePair(CHANNEL, channel),
            SearchAttributePair(STAGE, str(stage)),
            SearchAttributePair(SLA_STATE, "calm"),
        ]
    )


def sla_state(state: MatterState) -> str:
    """The worst state among the open clocks: calm, warned or breached."""
    states = {clock.state for clock in state.open_clocks}
    if ClockState.BREACHED in states:
        return "breached"
    return "warned" if ClockState.WARNED in states else "calm"


def next_due_at(state: MatterState) -> datetime | None:
    """When the next promise falls due that is not broken yet.

    A step with a due moment and no promise behind it is in the details and on the worklist.
    """
    dues = [
        clock.due_at
        for clock in state.open_clocks
        if clock.breached_at is None and not clock.stands_still
    ]
    return min(dues, default=None)


def waiting_values(state: MatterState) -> dict[str, object]:
    """Who must act, and by when."""
    return {
        AWAITING_ROLE.name: [role.value for role in state.awaiting],
        SLA_STATE.name: sla_state(state),
        NEXT_DUE.name: next_due_at(state),
    }


def civil(at: datetime | None) -> str:
    """A moment as a person in China reads it."""
    return "—" if at is None else calendar.civil(at)


def by_when(due_at: datetime | None) -> str:
    """A deadline as a person in China reads it; the end of a day is 24:00."""
    return "—" if due_at is None else calendar.due_civil(due_at)


def waiting_details(state: MatterState, *, sums: str = "") -> str:
    """Steps, the one due first before the others, unsettled payments and promises, in Markdown.

    `sums` is a section of its own, which stands before the long table of promises.
    """
    tasks = sorted(state.tasks.values(), key=lambda task: (task.due_at or _NEVER, task.task_id))
    waits = "\n".join(_task_line(state, task) for task in tasks)
    paying = "\n".join(_payment_line(payment) for payment in state.on_the_way)
    clocks = "\n".join(_clock_row(clock) for clock in state.clocks.values())
    head = "| 时钟 | 承诺 | 开始 | 截止 | 完成 | 状态 |\n|---|---|---|---|---|---|\n"
    promises = f"### 时效\n\n{head}{clocks}\n" if clocks else ""
    money = f"### 等待付款结果\n\n{paying}\n\n" if paying else ""
    return f"### 待办\n\n{waits or '无'}\n\n{money}{sums}{promises}"


def _task_line(state: MatterState, task: TaskOpened) -> str:
    """A step; of what went wrong also what it is."""
    broken = state.clocks.get(task.subject)
    wrong = f"{broken.instance} {broken.name}" if broken else task.subject
    about = ""
    if task.kind is TaskKind.BREACH:
        about = f" · {wrong}"
    elif task.duty is not None:
        about = f" · {DUTY_NAMES[task.duty]}"
    elif deposit := task.subject.partition(":deposit:")[2]:
        about = f" · 第{deposit}笔押金"
    if task.amount_fen is not None:
        about += f" · {spoken(task.amount_fen)}"
    roles = "/".join(ROLE_NAMES[role] for role in task.roles)
    return f"- **{task.title}**{about} · {roles} · 截止 {by_when(task.due_at)}"


def _payment_line(payment: PaymentRecord) -> str:
    """What a payment waits for, its mode, its amount and since when."""
    how = "" if payment.mode is None else f" · {MODE_NAMES[payment.mode]}"
    waits = _WAITS_FOR.get(payment.status, payment.status.value)
    if payment.status is PaymentStatus.PENDING and payment.code_url:
        waits = "等待窗口扫码"
    return (
        f"- **{_REASONS[payment.reason]} {spoken(payment.amount_fen)}**{how} · {waits}"
        f" · 自 {civil(payment.ordered_at)}"
    )


def _clock_row(clock: Clock) -> str:
    estimated, exact = "(估)" if clock.estimated else "", clock.in_seconds
    met = calendar.civil(clock.met_at, seconds=exact) if clock.met_at else "—"
    return (
        f"| {clock.instance} | {clock.name} | {calendar.civil(clock.started_at, seconds=exact)}"
        f" | {calendar.due_civil(clock.due_at, seconds=exact)}{estimated} | {met}"
        f" | {'等待客户' if clock.stands_still else _CLOCK_WORDS[clock.state]} |"
    )


def updates(values: dict[str, object]) -> list[SearchAttributeUpdate[Any]]:
    """The upsert that brings these attributes to these values; None takes one away."""
    keys = {key.name: key for key in SEARCH_ATTRIBUTES}
    return [
        keys[name].value_unset() if value is None else keys[name].value_set(cast("Any", value))
        for name, value in values.items()
    ]
