"""Hospitals asked over the wire: their yes, their no, their yes and then no, and their silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.ports.hospitals import ResourceAnswer
from adapters.settings import Settings
from domain.bookings.booking import BookingStage
from domain.bookings.coordination import AskStatus, Resource
from domain.bookings.sharing import Withheld
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import Booked, booking_opener

YES, NO = AskStatus.ACCEPTED, AskStatus.REFUSED
TRIES = 3
BookingOf = Callable[..., Any]


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    """P04's visit to an expert: promised is an associate chief or above."""
    return partial(booking_opener(temporal_settings), coordination_consent="v2026_01")


async def _sought(booked: Booked) -> None:
    await stewards.take(booked)
    await stewards.choose(booked)
    await booked.until(lambda: booked.partners.asks)


async def _arranged_again(booked: Booked, at: str, *, ask: int) -> None:
    """Another hospital says yes, and it is the customer's turn again."""
    await booked.hospitals_say(YES, at, ask=ask, **stewards.BEST)
    await booked.until(lambda: len(_closed_by(booked, TaskKind.ARRANGE_SERVICE)) == ask)


async def _read_on_the_step(booked: Booked, subject: str) -> None:
    """What the dispatcher reads on the step that is open."""

    def read() -> bool:
        steps = [one for one in booked.open_tasks.values() if one.subject.startswith(subject)]
        return [one.kind for one in steps] == [TaskKind.ARRANGE_SERVICE]

    await booked.until(read)


def _closed_by(booked: Booked, kind: TaskKind) -> list[Role | None]:
    """Who did the steps of a kind, in order; None: nobody, they were taken back."""
    return [
        closed.actor_role if closed.done else None
        for page in booked.pages
        for closed in page.tasks_closed
        if f".{kind.value}." in closed.task_id
    ]


async def test_a_yes_does_the_step_and_a_no_after_it_is_the_providers_failure(
    booking_of: BookingOf,
) -> None:
    """Twice: before the customer has confirmed, and after; the third hospital keeps its word."""
    async with booking_of() as booked:
        await _sought(booked)
        (order,) = booked.partners.asks.values()
        assert (order.expert, order.wished_on, order.consented) == ("expert-2", None, True)
        await booked.hospitals_say(YES, "2026-10-08 09:00", **stewards.BEST)
        await booked.task(TaskKind.CONFIRM_BOOKING)
        for _ in range(2):  # the same word twice
            await booked.hospitals_say(NO)
        await _arranged_again(booked, "2026-10-09 09:00", ask=2)
        await stewards.confirm(booked)
        await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
        await booked.hospitals_say(NO, ask=2)
        await booked.hospitals_say(YES, "2026-10-09 09:00", ask=2, **stewards.BEST)  # overtaken
        await booked.until(lambda: booked.stage is BookingStage.COORDINATING)
        assert booked.told.count("booking_again") == 2
        await _arranged_again(booked, "2026-10-10 09:00", ask=3)
        await stewards.confirm(booked)
        await booked.go_to("2026-10-10 11:00")
        assert booked.unit is None  # nothing was used up by anybody's failure
        await stewards.report(booked)
        await booked.hospitals_say(NO, ask=3)  # long after
        await booked.ends(BookingStage.CLOSED)
        assert booked.unit == "consumed"
        assert _closed_by(booked, TaskKind.ARRANGE_SERVICE) == [Role.PARTNER] * 3
        assert _closed_by(booked, TaskKind.REPORT_VISIT) == [None, Role.AGENT]
        assert booked.partners.withdrawn == []  # a no needs no taking back


async def test_a_no_is_read_by_the_dispatcher_who_goes_on_and_a_late_yes_changes_nothing(
    booking_of: BookingOf,
) -> None:
    async with booking_of() as booked:
        await _sought(booked)
        await booked.hospitals_say(NO)
        await _read_on_the_step(booked, "医院无法安排")
        await booked.hospitals_say(YES, "2026-10-08 09:00", **stewards.BEST)
        await stewards.arrange(booked, "2026-10-09 09:00")
        await stewards.confirm(booked)
        await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
        assert booked.pages[-1].service_at == booked.at("2026-10-09 09:00")
        await booked.give_up()
        await booked.ends(BookingStage.CANCELLED)
        assert (booked.partners.withdrawn, booked.unit) == ([], "given_back")


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        ({"doctor_level": "attending"}, "须为副主任医师及以上"),
        ({"expert": "王 医生"}, "内容不完整"),  # what no form of ours takes
        ({"hospital_id": "h-nowhere"}, "医院名录中没有此医院"),
        ({"hospital_id": "h-2A"}, "须为3A医院"),  # whatever it says of itself
    ],
)
async def test_a_yes_to_something_else_than_promised_is_left_to_people_and_taken_back(
    booking_of: BookingOf, resource: dict[str, Any], why: str
) -> None:
    async with booking_of("pingan_value_added", "paediatric_outpatient") as booked:
        await stewards.take(booked)
        await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
        await booked.hospitals_say(YES, "2026-10-08 09:00", **{**stewards.BEST, **resource})
        await _read_on_the_step(booked, f"医院的安排不能采用: {why}")
        await booked.do(TaskKind.ARRANGE_SERVICE, arranged=False, final=True)
        await booked.ends(BookingStage.UNAVAILABLE)
        assert booked.partners.withdrawn == list(booked.partners.asks)


async def test_whatever_is_not_wanted_any_more_is_taken_back(booking_of: BookingOf) -> None:
    """Another day is asked for anew; who is done by hand, or gives up, needs nothing."""
    async with booking_of() as booked:
        await _sought(booked)
        await booked.wish_for("2026-10-12")
        await booked.until(lambda: len(booked.partners.asks) == 2)
        await stewards.arrange(booked, "2026-10-12 09:00")  # by hand, before they have answered
        await booked.hospitals_say(YES, "2026-10-12 10:00", ask=2, **stewards.BEST)
        await stewards.confirm(booked)
        await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
        await booked.wish_for("2026-10-13")
        await booked.until(lambda: len(booked.partners.asks) == 3)
        asked = list(booked.partners.asks.values())
        days = [None, booked.day("2026-10-12"), booked.day("2026-10-13")]
        assert [one.wished_on for one in asked] == days
        assert asked[2].not_at == booked.at("2026-10-12 09:00")
        await booked.hospitals_say(YES, "2026-10-13 10:00", ask=3, **stewards.BEST)
        await booked.task(TaskKind.CONFIRM_BOOKING)
        booked.partners.keeps_asks = True
        await booked.give_up()
        breach = await booked.task(TaskKind.BREACH)
        assert breach.subject.startswith("医院资源未能撤回")
        await booked.ends(BookingStage.CANCELLED)
        assert booked.partners.withdrawn == [one.ask_id for one in asked]
        assert booked.unit == "given_back"


async def test_a_kind_of_clinic_is_no_expert_and_a_day_that_is_over_is_wished_for_no_more(
    booking_of: BookingOf,
) -> None:
    """P03 lets the customer choose the clinic."""
    async with booking_of("taikang_online_ci", "expert_outpatient") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, "taikang_online_ci", "expert_outpatient")
        await stewards.agree(booked, TaskKind.OFFER_OPTIONS)
        await booked.wish_for("2026-09-26")
        await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
        await booked.hospitals_say(YES, "2026-10-08 09:00", **stewards.BEST)
        await booked.task(TaskKind.CONFIRM_BOOKING)
        await booked.go_to("2026-09-27 00:01")
        await booked.hospitals_say(NO)
        await booked.until(lambda: len(booked.partners.asks) == 2)
        asked = list(booked.partners.asks.values())
        assert [(one.expert, one.clinic) for one in asked] == [(None, "vip")] * 2
        assert [one.wished_on for one in asked] == [booked.day("2026-09-26"), None]


async def test_a_yes_to_a_day_that_is_not_wished_for_any_more_is_let_go(
    booking_of: BookingOf,
) -> None:
    """The customer changed it while the desk was away, which then answers at once."""
    async with booking_of() as booked:
        away = True

        def fail(_: str) -> None:
            if away:
                raise ApplicationError("away")

        booked.partners.fail = fail
        found = Resource(service_at=booked.at("2026-10-08 09:00"), **stewards.BEST)
        booked.partners.ask_answers = [ResourceAnswer(status=YES, resource=found)]
        await stewards.take(booked)
        await stewards.choose(booked)
        await booked.until(lambda: "hospitals_away" in booked.lines)
        await booked.wish_for("2026-10-12")
        away = False
        await booked.until(lambda: len(booked.partners.asks) == 2)
        first, second = booked.partners.asks.values()
        assert (first.wished_on, second.wished_on) == (None, booked.day("2026-10-12"))
        await booked.until(lambda: booked.partners.withdrawn)
        assert booked.partners.withdrawn == [first.ask_id]
        await booked.task(TaskKind.ARRANGE_SERVICE)
        assert _closed_by(booked, TaskKind.ARRANGE_SERVICE) == []


async def test_hospitals_that_cannot_be_reached_leave_it_to_people_and_are_no_refusal(
    booking_of: BookingOf,
) -> None:
    async with booking_of() as booked:
        tried: Counter[str] = Counter()

        def away(verb: str) -> None:
            tried[verb] += 1
            if verb in ("ask", "withdraw"):  # the last try is over a day later
                last = tried[verb] == TRIES
                raise ApplicationError(f"{verb} is away", non_retryable=last)

        booked.partners.fail = away
        await stewards.take(booked)
        await stewards.choose(booked)
        await booked.until(lambda: "hospitals_silent" in booked.lines)
        step = await booked.task(TaskKind.ARRANGE_SERVICE)
        assert step.subject == "客户选定专家 expert-2"  # and nothing of a refusal
        assert "hospital_cannot" not in booked.lines
        assert "hospitals_away" in booked.lines
        await stewards.arrange(booked, "2026-10-08 09:00")
        await stewards.confirm(booked)
        alert = await booked.task(TaskKind.BREACH)  # a person calls: it may have got there
        assert alert.subject.startswith("医院资源未能撤回")
        assert tried["ask"] == tried["withdraw"] == TRIES


async def test_the_history_says_what_hospitals_were_not_told_and_why(booking_of: BookingOf) -> None:
    async with booking_of() as booked:
        without = ResourceAnswer(status=AskStatus.PENDING, withheld=Withheld.NO_CLAUSE)
        booked.partners.ask_answers = [without]
        await _sought(booked)
        await booked.until(lambda: "hospitals_asked" in booked.lines)
        texts = [line.text for page in booked.pages for line in page.timeline]
        assert "已请医院协调平台安排, 未附主诉 (项目未约定共享)" in texts
        assert next(iter(booked.partners.asks.values())).clauses == []
