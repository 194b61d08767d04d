"""What the customer of a booking is told, when, and what happens when it does not arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from activities.ports.cases import Delivery
from adapters.settings import Settings
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import Booked, booking_opener
from workflows.messages.matters import NoticeFailed

BookingOf = Callable[..., Any]
P06 = ("anxin_cancer_inpatient", "inpatient_arrangement")


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


def sent_at(booked: Booked, template: str) -> str:
    [notice] = [one for page in booked.pages for one in page.notices if one.template == template]
    return booked.civil(notice.at)


async def test_a_visit_is_confirmed_and_reminded_of_a_day_and_an_hour_before(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.appointed(booked, "2026-10-08 09:00")
        await booked.until(lambda: "booking_confirmed" in booked.told)
        await booked.go_to("2026-10-08 08:30")
        await booked.until(lambda: "booking_soon" in booked.told)
        assert sent_at(booked, "booking_tomorrow") == "10-07 09:00"
        assert sent_at(booked, "booking_soon") == "10-08 08:00"
        assert booked.told == [
            "booking_received",
            "booking_confirmed",
            "booking_tomorrow",
            "booking_soon",
        ]
        await booked.until(lambda: len(booked.books.notices) == len(booked.told))
        told = {one.template: one for one in booked.books.notices.values()}
        assert f"{booked.day('2026-10-08')} 09:00" in told["booking_tomorrow"].text
        assert {one.delivery for one in told.values()} == {Delivery.DELIVERED}


async def test_another_date_is_reminded_of_and_the_one_that_fell_through_is_not(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.appointed(booked, "2026-10-08 09:00")
        await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)
        await stewards.agreed(booked, "2026-10-09 15:00")
        await booked.until(lambda: booked.told.count("booking_confirmed") == 2)
        await booked.go_to("2026-10-08 16:00")
        assert booked.told[2] == "booking_again"
        await booked.until(lambda: "booking_tomorrow" in booked.told)
        assert sent_at(booked, "booking_tomorrow") == "10-08 15:00"


async def test_the_start_message_goes_out_before_cancelling_costs_and_the_end_says_so(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*P06, "2026-09-11 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P06, slip_issued_on=booked.day("2026-09-10").isoformat())
        while (task := await booked.anything()).kind is not TaskKind.ARRANGE_SERVICE:
            await stewards.next_step(booked, task.kind)
        assert task.due_at == booked.clocks["G21.1"].due_at  # a result is promised, not a date
        await booked.until(lambda: "booking_started" in booked.told)
        await booked.go_to("2026-09-11 09:01")
        await booked.give_up(accept_use=True)
        await booked.ends(BookingStage.CANCELLED)
        assert booked.unit == "consumed"
        assert booked.told[-1] == "booking_cancelled_used"


async def test_a_text_message_that_does_not_arrive_is_tried_again_and_then_somebody_phones(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        booked.partners.deliveries = [Delivery.FAILED] * 40
        await stewards.take(booked)
        await booked.go_to("2026-09-24 10:05")
        phone = await booked.task(TaskKind.PHONE_CUSTOMER)
        assert phone.subject == "booking_received"
        [record] = booked.books.notices.values()
        assert record.delivery is Delivery.FAILED
        late = NoticeFailed(
            notice_id=record.notice_id, template=record.template, at=booked.time.now()
        )
        await booked.handle.signal("notice_failed", late)
        await booked.do(TaskKind.PHONE_CUSTOMER, subject="booking_received", reached=True)
        await stewards.choose(booked)
        phones = [one for one in booked.open_tasks.values() if one.kind is TaskKind.PHONE_CUSTOMER]
        assert phones == []


@pytest.mark.parametrize(
    ("programme", "channel"),
    [("xintai_million_guard", "sms"), ("annex2_ci_inpatient", "email")],
    ids=["P18 by text message (R687)", "P19 by mail (R712)"],
)
async def test_the_customer_is_told_what_to_send_in_the_way_the_programme_names(
    booking_of: BookingOf, programme: str, channel: str
) -> None:
    async with booking_of(programme, "inpatient_arrangement", "2026-09-14 09:00") as booked:
        await stewards.take(booked)
        await booked.until(lambda: "booking_checklist" in booked.told)
        notices = [one for page in booked.pages for one in page.notices]
        [told] = [one for one in notices if one.template == "booking_checklist"]
        assert (told.channel, "邮箱" in told.text) == (channel, True)
        assert not booked.clocks
        await booked.papers_arrive()  # what came into the mailbox, as the steward files it
        [answer] = await booked.until(lambda: list(booked.clocks.values()))
        check = await booked.task(TaskKind.CHECK_PAPERS)
        assert check.due_at == answer.due_at


async def test_who_asked_for_english_is_told_in_english(booking_of: BookingOf) -> None:
    """R481: P10's hotline answers in both languages, and so do the notices."""
    of = ("changsheng_yuanmeng", "inpatient_arrangement")
    async with booking_of(*of, "2026-09-14 09:00", language="en") as booked:
        await booked.task(TaskKind.TAKE_REQUEST)
        await booked.give_up(accept_use=True)
        await booked.until(lambda: "booking_received" in booked.told)
        [first, *_] = [one for page in booked.pages for one in page.notices]
        assert first.text == "Your request has been received. We will contact you soon."
