"""Life's rest: a hold, somebody else for a step, a policy that ends, a patient who dies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.ports.cases import PaymentOutcome, PaymentStatus, TopUpState
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import AGENT, DISPATCHER, NURSE, SUPERVISOR
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages.cases import Intervene
from workflows.messages.matters import Actor, PolicyEnds, VisitTaken
from workflows.waiver.interventions import DECEASED, POLICY_ENDED

CaseOf = Callable[..., Any]
AWAY = PaymentOutcome(status=PaymentStatus.UNREACHABLE)
NOT_FOUND = PaymentOutcome(status=PaymentStatus.NOT_FOUND)
OTHER_NURSE = Actor(role=Role.NURSE, id="nurse-other")


async def intervene(case: Case, act: Any, **more: Any) -> None:
    message = Intervene(act=act, actor=SUPERVISOR, at=case.time.now(), **more)
    await case.update("intervene", message)


async def policy_ends(case: Case, on: date) -> None:
    """The insurer's word about the policy as the door hands it to every open case."""
    await case.handle.signal(
        "policy_ends", PolicyEnds(actor=SUPERVISOR, at=case.time.now(), ends_on=on)
    )


async def refused(case: Case, act: Any, **more: Any) -> str | None:
    with pytest.raises(WorkflowUpdateFailedError) as failure:
        await intervene(case, act, **more)
    cause = failure.value.cause
    assert isinstance(cause, ApplicationError)
    return cause.type


# Hold --------------------------------------------------------------------------------------------


async def test_while_a_case_is_held_nothing_is_paid_and_its_promise_runs_on(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        await intervene(case, "hold", reason="身份存疑")
        assert await refused(case, "hold") == "WrongStage"
        await people.sign_on_site(case)
        await case.settled()
        due = case.clocks["K05.1"].due_at
        await case.time.go_to(due + timedelta(minutes=1))
        await case.until(lambda: "K05.1" in case.alerts)
        assert case.partners.paid == {}
        assert case.pages[-1].awaiting == [Role.SUPERVISOR]
        await case.do(TaskKind.RELEASE_HOLD, SUPERVISOR, note="已核实")
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert sum(case.partners.paid.values()) == 5_000_000


async def _held_meanwhile(case: Case, *answers: PaymentOutcome) -> None:
    """A deposit is ordered, the partner says only this, and a supervisor holds the case."""
    case.partners.answers = list(answers)
    await case.open()
    await people.at_the_bed(case, PaymentMode.HOSPITAL_ONLINE)
    await people.sign_on_site(case)
    await case.until(lambda: len(case.partners.ordered) > len(answers) // 2)
    await intervene(case, "hold", reason="可疑")
    await case.task(TaskKind.RELEASE_HOLD)


async def _stays_unsent(case: Case) -> None:
    """Hours pass, and nothing is sent; once it is released, one order pays it."""
    sent = len(case.partners.ordered)
    await case.time.go_to(case.time.now() + timedelta(hours=3))
    await case.settled()
    assert len(case.partners.ordered) == sent
    assert case.partners.paid == {}
    assert case.stage is Stage.ON_SITE
    case.partners.answers = []
    await case.do(TaskKind.RELEASE_HOLD, SUPERVISOR, note="已核实")
    await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
    assert case.partners.paid == {case.movement(1): 5_000_000}
    assert {order.movement_id for order in case.partners.ordered} == {case.movement(1)}


async def test_a_payment_that_never_left_is_not_sent_again_while_the_case_is_held(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _held_meanwhile(case, *[AWAY] * 4)
        await _stays_unsent(case)


async def test_a_payment_the_partner_never_saw_is_not_sent_again_while_the_case_is_held(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.looked_up = [NOT_FOUND] * 20
        await _held_meanwhile(case, case.partners.unknown())
        await _stays_unsent(case)
        assert len(case.partners.looks) > 2
        assert TaskKind.RESOLVE_PAYMENT not in {task.kind for task in case.open_tasks.values()}


async def test_an_order_that_our_own_books_failed_is_not_made_again_while_the_case_is_held(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        tried: list[str] = []

        def away(verb: str) -> None:
            if verb == "hold":
                tried.append(verb)
                raise ConnectionError("database")

        case.books.fail = away
        await case.open()
        await people.at_the_bed(case, PaymentMode.HOSPITAL_ONLINE)
        await people.sign_on_site(case)
        await case.until(lambda: len(tried) > 1)
        await intervene(case, "hold", reason="可疑")
        await case.task(TaskKind.RELEASE_HOLD)
        case.books.fail = lambda _: None
        case.partners.looked_up = [NOT_FOUND] * 20
        await _stays_unsent(case)
        assert case.partners.looks


async def test_a_held_case_may_still_be_withdrawn_before_its_first_payment(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        await intervene(case, "hold")
        await people.sign_on_site(case)
        await case.settled()
        await people.withdraw(case)
        await case.ends(Stage.CANCELLED)
        assert case.partners.paid == {}


async def test_top_ups_and_the_residual_wait_for_the_release_too(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await intervene(case, "hold")
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.answer_top_up(case, "t-1")
        await case.until(lambda: case.top_ups["t-1"].state is TopUpState.ACCEPTED)
        await case.settled()
        assert sum(case.partners.paid.values()) == 5_000_000
        await case.do(TaskKind.RELEASE_HOLD, SUPERVISOR)
        await case.until(lambda: case.top_ups["t-1"].state is TopUpState.PAID)
        await people.slip(case, 2)
        await people.discharged(case, 6_000_000)
        await intervene(case, "hold")
        await people.decide(case, "approved", 7_000_000)
        await case.settled()
        assert "payout" not in {payment.reason for payment in case.payments.values()}
        await case.do(TaskKind.RELEASE_HOLD, SUPERVISOR)
        await case.ends(Stage.CLOSED)
        assert "payout" in {payment.reason for payment in case.payments.values()}


# Somebody else -----------------------------------------------------------------------------------


async def test_a_step_given_to_somebody_else_shows_whose_it_is(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        contact = await case.task(TaskKind.FIRST_CONTACT)
        await intervene(case, "reassign", task_id=contact.task_id, staff_id="agent-other")
        await case.until(lambda: case.open_tasks[contact.task_id].assignee == "agent-other")
        assert case.lines[-1] == "reassigned"
        assert await refused(case, "reassign", task_id="dw-none.care.1", staff_id="a") == (
            "TaskNotOpen"
        )


async def test_a_new_nurse_of_the_team_gets_the_open_steps_and_the_next_ones(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        assert await refused(case, "staff", role=Role.NURSE, staff_id="x") == "WrongStage"
        await people.at_the_bed(case)
        await intervene(case, "staff", role=Role.NURSE, staff_id=OTHER_NURSE.id)
        (first,) = case.partners.visits
        await case.do(
            TaskKind.ARRANGE_VISIT,
            DISPATCHER,
            subject=f"replaced {NURSE.id}",
            visit_at=(case.time.now() + timedelta(hours=2)).isoformat(),
        )
        await case.until(lambda: len(case.partners.visits) > 1 or first not in case.partners.visits)
        signing = await case.task(TaskKind.SIGN_ON_SITE)
        await case.until(lambda: case.open_tasks[signing.task_id].assignee == OTHER_NURSE.id)
        with pytest.raises(WorkflowUpdateFailedError):
            await case.do(TaskKind.SIGN_ON_SITE, NURSE, agreements_signed=True, images=["i-1"])
        await case.do(TaskKind.SIGN_ON_SITE, OTHER_NURSE, agreements_signed=True, images=["i-1"])
        care = await case.task(TaskKind.CARE)
        assert care.assignee == OTHER_NURSE.id
        assert case.pages[-1].team[Role.NURSE.value] == OTHER_NURSE.id


async def test_a_nurse_who_does_not_come_is_replaced_by_the_dispatcher(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        (visit_id,) = case.partners.visits
        away = VisitTaken(
            visit_id=visit_id, nurse_id="", at=case.time.now(), accepted=False, reason="nurse_ill"
        )
        for _ in range(2):
            await case.handle.signal("visit_taken", away)
        again = await case.task(TaskKind.ARRANGE_VISIT, subject="refused nurse_ill")
        assert again.clock == "K05.1"
        visit = {"visit_at": (case.time.now() + timedelta(hours=2)).isoformat()}
        with pytest.raises(WorkflowUpdateFailedError):
            await case.complete(again, DISPATCHER, visit)  # it would be the same nurse
        assert await refused(case, "staff", role=Role.NURSE, staff_id=NURSE.id) == "FormRefused"
        await case.complete(again, DISPATCHER, visit | {"again_because": "下午可到院"})
        await case.until(lambda: len(case.partners.visits) == 2)
        await people.sign_on_site(case)
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert TaskKind.ARRANGE_VISIT not in {task.kind for task in case.open_tasks.values()}


# A policy that ends ------------------------------------------------------------------------------


async def test_after_the_policy_ended_the_stay_is_settled_without_another_top_up(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.ask_top_up(case, "t-open", 1_000_000)
        await case.task(TaskKind.ANSWER_TOP_UP, subject="t-open")
        await intervene(case, "policy_ended")
        await people.ask_top_up(case, "t-late", 1_000_000)
        for top_up in ("t-open", "t-late"):
            await case.until(lambda one=top_up: case.top_ups[one].state is TopUpState.REFUSED)
            assert case.top_ups[top_up].reason == POLICY_ENDED
        assert await refused(case, "policy_ended") == "WrongStage"
        await people.discharged(case, 5_000_000)
        await people.decide(case, "approved", 5_000_000)
        await case.ends(Stage.CLOSED)
        assert sum(case.partners.paid.values()) == 5_000_000


async def test_a_policy_that_ends_before_the_first_payment_ends_the_case(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.reviewed(case)
        await policy_ends(case, case.day("2026-05-20"))
        await case.do(TaskKind.PHONE_CUSTOMER, AGENT, reached=True, note="已告知")
        await case.go_to("2026-05-21 00:01")
        await case.until(lambda: case.stage is Stage.CANCELLED)
        await case.settled()
        assert case.told[-1] == "declined"


async def test_nothing_is_added_to_a_stay_after_the_last_day_of_its_policy(case_of: CaseOf) -> None:
    """The day named last counts; until it is over a top-up is paid, and the rest is settled."""
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await policy_ends(case, case.day("2026-05-30"))
        await case.do(TaskKind.PHONE_CUSTOMER, AGENT, reached=True, note="已告知")
        for _ in range(2):
            await policy_ends(case, case.day("2026-05-20"))
        told = await case.task(TaskKind.PHONE_CUSTOMER)
        assert told.task_id.endswith(".2")
        await case.complete(told, AGENT, {"reached": True, "note": "已告知"})
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.answer_top_up(case, "t-1")
        await people.slip(case, 2)
        await case.go_to("2026-05-21 00:01")
        await case.until(lambda: "policy_ended" in case.lines)
        await people.ask_top_up(case, "t-2", 1_000_000)
        await case.until(lambda: case.top_ups["t-2"].state is TopUpState.REFUSED)
        assert case.top_ups["t-2"].reason == POLICY_ENDED
        assert case.stage is Stage.IN_HOSPITAL
        assert sum(case.partners.paid.values()) == 6_000_000


# Death -------------------------------------------------------------------------------------------


async def test_after_a_death_only_the_settlement_is_left(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await case.time.go_to(case.time.now() + timedelta(days=2))
        await intervene(case, "died")
        visit = await case.task(TaskKind.DISCHARGE_VISIT)
        assert visit.subject == str(case.today)
        kinds = {task.kind for task in case.open_tasks.values()}
        assert TaskKind.CARE not in kinds
        await people.ask_top_up(case, "t-1", 1_000_000)
        await case.until(lambda: case.top_ups["t-1"].state is TopUpState.REFUSED)
        assert case.top_ups["t-1"].reason == DECEASED
        await people.discharge_visit(case, 5_000_000)
        await people.file_claim(case)
        await people.decide(case, "approved", 5_000_000)
        await case.ends(Stage.CLOSED)
        assert case.lines.count("deceased") == 1


async def test_a_death_while_the_deposit_is_on_its_way_is_settled_when_it_has_arrived(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        case.partners.answers = [case.partners.pending()]
        await people.sign_on_site(case)
        await case.until(lambda: case.payments)
        await intervene(case, "died")
        await case.partner_pays(1)
        await case.task(TaskKind.DISCHARGE_VISIT)
        await case.settled()
        assert TaskKind.CARE not in {task.kind for task in case.open_tasks.values()}


async def test_a_death_before_the_first_payment_ends_the_case_without_a_text(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.reviewed(case)
        told = len(case.told)
        await intervene(case, "died")
        await case.ends(Stage.CANCELLED)
        assert case.told[told:] == []
