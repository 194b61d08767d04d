"""Each command refused in each wrong situation, and no trace of it in the record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.money import Money
from domain.roles import Role
from domain.steps.kinds import CareDuty, TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import AGENT, CUSTOMER, DISPATCHER, FINANCE, NURSE, REVIEWER
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages.cases import Authorize, Withdraw
from workflows.messages.matters import Actor, CompleteTask
from workflows.refusals import amount_within

CaseOf = Callable[..., Any]

OTHER_NURSE = Actor(role=Role.NURSE, id="nurse-99")
TOO_MUCH = {"amount": "99999999999999999.99"}
"""Beyond 64 bits of fen."""


async def _refused(case: Case, command: Awaitable[Any], code: str, field: str) -> None:
    """A command is refused with this code about this field, and the record stays as it was."""
    await _all_refused(case, [(command, code, field)])


async def _all_refused(case: Case, commands: list[tuple[Awaitable[Any], str, str]]) -> None:
    await case.settled()
    before, tasks = list(case.pages), dict(case.open_tasks)
    for command, code, field in commands:
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await command
        cause = caught.value.cause
        assert isinstance(cause, ApplicationError)
        assert (cause.type, cause.details[0]) == (code, field)
        assert cause.non_retryable
    await asyncio.sleep(0.1)
    assert (case.pages, case.open_tasks) == (before, tasks)


async def _each_refused(
    case: Case, kind: TaskKind, wrongs: list[tuple[Actor, dict[str, Any], str, str]]
) -> None:
    await case.task(kind)
    await _all_refused(
        case, [(case.do(kind, by, **form), code, field) for by, form, code, field in wrongs]
    )


async def test_every_step_before_the_payment_refuses_what_is_wrong(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open(payment_modes=[PaymentMode.HOSPITAL_ONLINE, PaymentMode.INHOUSE_SPECIALIST])
        contact = {"identity_verified": True, "need": "住院", "checklist_sent": True}
        await _each_refused(
            case,
            TaskKind.FIRST_CONTACT,
            [
                (NURSE, contact, "NotYours", "actor"),
                (AGENT, {"need": "住院"}, "FormRefused", "identity_verified"),
                (AGENT, contact | {"checklist_sent": False}, "FormRefused", "checklist_sent"),
                (AGENT, contact | {"need": ""}, "FormRefused", "need"),
                (AGENT, contact | {"identity_verified": False}, "FormRefused", "note"),
            ],
        )
        early = Authorize(signed=True, images=["i-1"], actor=CUSTOMER, at=case.time.now())
        await _refused(case, case.update("authorize", early), "WrongStage", "stage")
        await people.contact(case)
        await _each_refused(
            case,
            TaskKind.ASSIGN_TEAM,
            [
                (DISPATCHER, {"agent_id": "a", "nurse_id": "n"}, "FormRefused", "doctor_id"),
                (
                    DISPATCHER,
                    {"agent_id": "a", "nurse_id": "a", "doctor_id": "d"},
                    "FormRefused",
                    "nurse_id",
                ),
            ],
        )
        await people.assign_team(case)
        await case.task(TaskKind.SIGN_AUTHORIZATION)
        unsigned = Authorize(signed=True, images=[], actor=CUSTOMER, at=case.time.now())
        await _refused(case, case.update("authorize", unsigned), "FormRefused", "images")
        by_agent = Authorize(signed=True, images=["i-1"], actor=AGENT, at=case.time.now())
        await _refused(case, case.update("authorize", by_agent), "NotYours", "actor")
        await people.authorize(case)
        await _each_refused(
            case,
            TaskKind.CONFIRM_DOCUMENTS,
            [(AGENT, {"complete": True}, "DocumentsMissing", "documents")],
        )
        await people.complete_papers(case)
        await _each_refused(case, TaskKind.JUDGE_LIABILITY, WRONG_PLANS)
        await people.judge(case)
        await people.tell_result(case)
        visit = {"visit_at": case.time.now().isoformat()}
        await _each_refused(
            case,
            TaskKind.ARRANGE_VISIT,
            [
                (DISPATCHER, visit | {"payment_mode": "qr_code"}, *NO_MODE),
                (DISPATCHER, {"visit_at": "2027-05-05T08:40:00"}, "FormRefused", "visit_at"),
                (DISPATCHER, {"visit_at": "1926-11-24T09:00:00Z"}, "FormRefused", "visit_at"),
                (DISPATCHER, {"visit_at": "2126-11-24T09:00:00Z"}, "FormRefused", "visit_at"),
            ],
        )
        await people.arrange(case)
        signing = {"agreements_signed": True, "images": ["i-2"]}
        await _each_refused(
            case,
            TaskKind.SIGN_ON_SITE,
            [
                (OTHER_NURSE, signing, "NotYours", "actor"),
                (NURSE, signing | {"images": []}, "FormRefused", "images"),
                (NURSE, signing | {"no_show": True}, "FormRefused", "no_show"),
            ],
        )


NO_MODE = ("ModeNotAvailable", "payment_mode")
WRONG_PLANS: list[tuple[Actor, dict[str, Any], str, str]] = [
    (AGENT, people.a_plan(), "NotYours", "actor"),
    (REVIEWER, people.a_plan(treatment_talk=""), "FormRefused", "treatment_talk"),
    (REVIEWER, people.a_plan(in_scope=False), "PlanOutOfRange", "approved"),
    (REVIEWER, people.a_plan(previous_history="undisclosed"), "PlanOutOfRange", "approved"),
    (REVIEWER, people.a_plan(first_deposit=None), "PlanOutOfRange", "first_deposit"),
    (REVIEWER, people.a_plan(first_deposit=people.money(0)), "PlanOutOfRange", "first_deposit"),
    (
        REVIEWER,
        people.a_plan(first_deposit=people.money(50_000_001)),
        "PlanOutOfRange",
        "first_deposit",
    ),
    (REVIEWER, people.a_plan(limit=people.money(50_000_001)), "PlanOutOfRange", "limit"),
    (
        REVIEWER,
        people.a_plan(limit=people.money(4_000_000)),
        "PlanOutOfRange",
        "first_deposit",
    ),
    (REVIEWER, people.a_plan(limit=TOO_MUCH), "AmountOutOfRange", "amount"),
    (REVIEWER, people.a_plan(approved=False, reason=""), "FormRefused", "reason"),
    (
        REVIEWER,
        people.a_plan(first_deposit={"amount": "1.005"}),
        "FormRefused",
        "first_deposit.amount",
    ),
]


async def test_an_unnamed_nurses_step_is_the_teams_nurses_and_any_agents(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        await people.sign_on_site(case)
        slip = {"images": ["i-3"], "receipt_no": "R-1"}
        other = slip | {"receipt_no": "R-9"}
        await _each_refused(
            case,
            TaskKind.HAND_IN_SLIP,
            [
                (OTHER_NURSE, slip, "NotYours", "actor"),
                (AGENT, other, "FormRefused", "receipt_confirmed"),
            ],
        )
        await case.do(TaskKind.HAND_IN_SLIP, AGENT, **other, receipt_confirmed=True)
        await case.until(lambda: case.alerts == ["押金单号 R-9 与付款回单号 R-1 不一致"])


async def _care_is_reported_at_its_own_step(case: Case) -> None:
    """Else a duty counts as done that nobody did, and a visit is planned beside its own step."""
    steps = {task.duty: task for task in case.open_tasks.values() if task.duty}
    formalities = steps[CareDuty.ADMISSION_FORMALITIES]
    cared = {"note": "已协助", "images": ["i-3"]}
    wrongs = (["bedside_visit"], ["communication"], ["admission_formalities", "bedside_visit"])
    await _all_refused(
        case,
        [
            (
                case.complete(formalities, NURSE, cared | {"duties": duties}),
                "FormRefused",
                "duties",
            )
            for duties in wrongs
        ],
    )
    duties = ["admission_formalities", "communication"]
    await case.complete(formalities, NURSE, cared | {"duties": duties})


async def test_every_step_after_the_payment_refuses_what_is_wrong(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open(payment_modes=[PaymentMode.HOSPITAL_ONLINE, PaymentMode.INHOUSE_SPECIALIST])
        await people.admitted(case)
        await _care_is_reported_at_its_own_step(case)
        late = Withdraw(reason="不再需要", actor=CUSTOMER, at=case.time.now())
        await _refused(case, case.update("withdraw", late), "TooLateToWithdraw", "stage")
        await people.ask_top_up(case, "t-1", 1_000_000)
        await _each_refused(
            case,
            TaskKind.ANSWER_TOP_UP,
            [
                (AGENT, {"accepted": True, "payment_mode": "qr_code"}, *NO_MODE),
                (AGENT, {"accepted": False}, "FormRefused", "reason"),
            ],
        )
        await people.answer_top_up(case, "t-1", accepted=False)
        await people.notice_discharge(case, case.today)
        visit: dict[str, Any] = {
            "bill": people.money(4_000_000),
            "claim_explained": True,
            "documents_collected": True,
            "images": ["i-4"],
        }
        await _each_refused(
            case,
            TaskKind.DISCHARGE_VISIT,
            [
                (NURSE, visit | {"claim_explained": False}, "FormRefused", "claim_explained"),
                (NURSE, visit | {"bill": TOO_MUCH}, "AmountOutOfRange", "amount"),
                (
                    NURSE,
                    visit | {"bill": people.money(10_000_001)},
                    "FormRefused",
                    "bill_confirmed",
                ),
                (NURSE, visit | {"bill": people.money(0)}, "FormRefused", "bill_confirmed"),
                (NURSE, visit, "DocumentsMissing", "documents"),
                (NURSE, visit | {"bill": {"amount": "-1.00"}}, "FormRefused", "bill.amount"),
            ],
        )
        await people.discharge_visit(case, 4_000_000)
        refund = {"received": people.money(1_000_001), "reference": "B-1"}
        await _each_refused(
            case,
            TaskKind.CONFIRM_REFUND,
            [
                (FINANCE, refund, "AmountOutOfRange", "received"),
                (FINANCE, refund | {"received": people.money(0)}, "AmountOutOfRange", "received"),
            ],
        )
        await people.refund(case, 1_000_000)
        await people.file_claim(case)
        await people.decide(case, "denied")
        repayment = {"amount": people.money(4_000_001), "reference": "B-2"}
        await _each_refused(
            case,
            TaskKind.RECORD_REPAYMENT,
            [(FINANCE, repayment, "AmountOutOfRange", "amount")],
        )
        await people.repay(case, 4_000_000)
        await case.ends(Stage.CLOSED)


async def test_a_step_is_done_once_by_whichever_update_id_it_comes(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        task = await case.task(TaskKind.FIRST_CONTACT)
        done = CompleteTask(
            task_id=task.task_id,
            kind=TaskKind.FIRST_CONTACT,
            form={"identity_verified": True, "need": "住院", "checklist_sent": True},
            actor=AGENT,
            at=case.time.now(),
        )
        first = await case.update("complete_task", done, id="key-1")
        again = await case.update("complete_task", done, id="key-1")
        assert first == again
        other = case.update("complete_task", done, id="key-2")
        await _refused(case, other, "TaskNotOpen", "task_id")
        assert case.lines.count("first_contact") == 1


async def test_a_step_of_another_kind_or_of_no_case_is_refused(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        task = await case.task(TaskKind.ASSIGN_TEAM)
        wrong = CompleteTask(
            task_id=task.task_id,
            kind=TaskKind.FIRST_CONTACT,
            form={"identity_verified": True, "need": "住院", "checklist_sent": True},
            actor=AGENT,
            at=case.time.now(),
        )
        unknown = wrong.model_copy(update={"task_id": "dw-none.first_contact.1"})
        await _refused(case, case.send(wrong), "TaskNotOpen", "task_id")
        await _refused(case, case.send(unknown), "TaskNotOpen", "task_id")


async def test_keys_nobody_knows_in_a_form_do_no_harm(case_of: CaseOf) -> None:
    """The wire reads tolerantly; what a form does not know must not reach the record."""
    async with case_of() as case:
        await case.open()
        await case.do(
            TaskKind.FIRST_CONTACT,
            AGENT,
            identity_verified=True,
            need="住院",
            checklist_sent=True,
            images=5,
        )
        await people.assign_team(case)
        await case.until(lambda: case.stage is Stage.COLLECTING)


@pytest.mark.parametrize(
    ("fen", "at_least", "why"),
    [
        (0, 1, "金额必须大于零"),
        (200, 300, "金额少于应有的 3.00 元"),
        (301, 300, "金额超过应有的 3.00 元"),
    ],
)
def test_an_amount_is_refused_with_the_bound_it_is_beyond(
    fen: int, at_least: int, why: str
) -> None:
    with pytest.raises(ApplicationError) as refused:
        amount_within(Money.of(fen), "received", at_least=at_least, at_most=300)
    assert (refused.value.message, refused.value.details) == (why, ("received",))
