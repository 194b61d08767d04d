"""Sent twice, out of order, or to somebody who fails: nothing is lost or counted twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from activities.books import KeepBooks
from activities.notices import TellCustomers
from activities.ports.cases import CasePage, Delivery, NoticeOrder, PaymentStatus, TopUpState
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import AGENT, NURSE, civil
from tests.workflows import people
from tests.workflows.conftest import Case
from tests.workflows.fakes import FakeBooks, FakePartners
from workflows.messages.matters import Actor, NoticeFailed, VisitTaken

CaseOf = Callable[..., Any]

VERBS = {
    "set_limit",
    "hold",
    "post",
    "void",
    "book",
    "write",
    "note_notices",
    "contact",
    "pay",
    "look_up",
    "order_visit",
    "send",
    "file",
}
"""Every verb a whole stay calls."""


FAILURES = {"write": 3, "pay": 2, "order_visit": 2}
"""How often they fail before they do it; everything else fails once."""
NOTIFYING = {"send", "note_notices"}
"""A notice has five tries, so its answers get lost only once."""


class Sent(ConnectionError):
    """The other side did it, and the answer was lost."""


async def _whole_stay(case: Case) -> None:
    """A stay that calls every verb: one refused way, one unknown outcome, a refund, a residual."""
    case.partners.answers = [case.partners.refused(), case.partners.unknown()]
    await case.open()
    await people.at_the_bed(case, PaymentMode.HOSPITAL_ONLINE)
    await people.sign_on_site(case)
    unknown = case.movement(2)
    await case.until(lambda: case.payments[unknown].status is PaymentStatus.UNKNOWN)
    case.partners.pays(unknown, 5_000_000)
    await case.time.go_to(case.time.now() + timedelta(minutes=1))
    await people.slip(case, 2)
    await people.notice_discharge(case, case.today)
    await people.discharge_visit(case, 4_000_000)
    await people.refund(case, 1_000_000)
    await people.file_claim(case)
    await people.decide(case, "approved", 4_500_000)


async def test_whoever_fails_is_asked_again_until_it_is_done(case_of: CaseOf) -> None:
    async with case_of() as case:
        asked: Counter[str] = Counter()

        def fails(verb: str) -> None:
            asked[verb] += 1
            if asked[verb] <= FAILURES.get(verb, 1):
                raise ConnectionError(f"{verb} is away")

        case.books.fail = case.partners.fail = fails
        await _whole_stay(case)
        await case.ends(Stage.CLOSED)
        assert set(asked) >= VERBS
        assert len(case.partners.filed) == 1


async def test_whatever_is_delivered_twice_counts_once(case_of: CaseOf) -> None:
    async with case_of() as case:
        done: Counter[str] = Counter()

        def answers_get_lost(verb: str) -> None:
            done[verb] += 1
            if done[verb] % 2 and (verb not in NOTIFYING or done[verb] == 1):
                raise Sent(verb)

        case.books.after = case.partners.after = answers_get_lost
        await _whole_stay(case)
        await case.ends(Stage.CLOSED)
        assert set(done) >= VERBS - {"contact", "look_up"}
        assert case.partners.paid == {
            case.movement(2): 5_000_000,
            f"{case.case_id}:payout": 500_000,
        }
        assert len({page.page for page in case.pages}) == len(case.pages)


async def test_signals_that_come_twice_and_far_too_early_wait_for_their_chapter(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        (visit_id,) = case.partners.visits
        taken = VisitTaken(visit_id=visit_id, nurse_id=NURSE.id, at=case.time.now())
        for _ in range(2):
            await people.refund(case, 500_000)
            await people.notice_discharge(case, case.today + timedelta(days=1))
            await people.ask_top_up(case, "t-1", 1_000_000)
            await case.handle.signal("visit_taken", taken)
        await case.settled()
        assert (case.stage, case.alerts, case.top_ups) == (Stage.ON_SITE, [], {})
        await people.sign_on_site(case)
        await people.slip(case, 1)
        await people.answer_top_up(case, "t-1")
        await people.slip(case, 2)
        await people.discharge_visit(case, 5_500_000)
        for _ in range(2):
            await people.decide(case, "approved", 5_500_000)
        await people.file_claim(case)
        await case.ends(Stage.CLOSED)
        assert case.lines.count("discharge_noticed") == 1
        assert case.lines.count("visit_taken") == 1
        assert case.lines.count("top_up_requested") == 1
        assert case.lines.count("refund") == 1


async def test_a_decision_without_our_filing_and_one_that_differs_are_not_lost(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 5_000_000, papers=False)
        await case.task(TaskKind.COLLECT_CLAIM_DOCUMENTS)
        await people.decide(case, "partial", 3_000_000)
        await people.decide(case, "approved", 5_000_000)
        await case.until(lambda: case.alerts)
        await people.acknowledge(case, case.alerts[0])
        await case.time.go_to(case.time.now() + timedelta(days=31))
        await people.repay(case, 2_000_000)
        await case.ends(Stage.CLOSED)


async def test_an_older_discharge_date_that_arrives_later_is_not_taken(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.today + timedelta(days=3), notice_id="d-2")
        await case.task(TaskKind.DISCHARGE_VISIT)
        older = case.time.now() - timedelta(minutes=5)
        await people.notice_discharge(
            case, case.today + timedelta(days=9), notice_id="d-1", at=older
        )
        await case.until(lambda: "discharge_refused" in case.lines)
        assert case.pages[-1].discharge_on == case.today + timedelta(days=3)


async def test_requests_of_a_case_that_ended_early_are_answered(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.reviewed(case)
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.withdraw(case)
        await case.ends(Stage.CANCELLED)
        assert case.top_ups["t-1"].state is TopUpState.REFUSED


async def test_the_nurse_who_comes_instead_does_the_steps_and_the_former_no_more(
    case_of: CaseOf,
) -> None:
    other = Actor(role=Role.NURSE, id="nurse-77")
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        (visit_id,) = case.partners.visits
        taken = VisitTaken(visit_id=visit_id, nurse_id=other.id, at=case.time.now())
        await case.handle.signal("visit_taken", taken)
        await case.until(lambda: "nurse_changed" in case.lines)
        signing = {"agreements_signed": True, "images": ["i-2"]}
        with pytest.raises(WorkflowUpdateFailedError):
            await case.do(TaskKind.SIGN_ON_SITE, NURSE, **signing)
        await case.do(TaskKind.SIGN_ON_SITE, other, **signing)
        await case.do(TaskKind.HAND_IN_SLIP, other, images=["i-3"], receipt_no="R-1")
        assert case.pages[-1].team["nurse"] == other.id


async def test_a_notice_that_cannot_be_sent_becomes_a_phone_call_and_holds_up_nothing(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        sent: Counter[str] = Counter()

        def gateway_away(verb: str) -> None:
            sent[verb] += 1
            if verb == "send" and sent[verb] % 2:
                raise ConnectionError("gateway is away")

        case.partners.fail = gateway_away
        case.partners.deliveries = [Delivery.FAILED] * 40
        await case.open()
        await people.contact(case, identity_verified=False)
        await case.until(lambda: case.stage is Stage.REJECTED)
        await case.time.go_to(case.time.now() + timedelta(minutes=2))
        for notice in case.books.notices.values():
            late = NoticeFailed(
                notice_id=notice.notice_id, template=notice.template, at=case.time.now()
            )
            await case.handle.signal("notice_failed", late)
        for template in ("report_accepted", "declined"):
            await case.do(TaskKind.PHONE_CUSTOMER, AGENT, subject=template, reached=True)
        await case.ends(Stage.REJECTED)
        assert {record.delivery for record in case.books.notices.values()} == {Delivery.FAILED}


async def test_notices_of_a_page_share_one_short_try() -> None:
    """A gateway that hangs holds up a page of many notices no longer than a page of one."""

    class Hanging(FakePartners):
        async def send(self, order: NoticeOrder, phone: str) -> Delivery:
            await asyncio.sleep(60)
            return Delivery.DELIVERED

    fake, at = FakeBooks(), civil("2026-04-29 20:10")
    told = TellCustomers(book=fake, messaging=Hanging())
    books = KeepBooks(ledger=fake, casebook=fake, notices=told)
    notices = [
        NoticeOrder(
            notice_id=f"n-{number}",
            case_id="dw-1",
            template="repaid",
            channel="sms",
            text="…",
            at=at,
        )
        for number in range(8)
    ]
    page = CasePage(case_id="dw-1", page=1, at=at, stage=Stage.REPORTED, notices=notices)
    async with asyncio.timeout(4):
        assert await books.turn_page(page) == [notice.notice_id for notice in notices]
