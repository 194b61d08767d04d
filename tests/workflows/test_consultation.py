"""Consultations by text, by phone, by roster and at once; each service of each programme."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.ports.rosters import Take
from adapters.settings import Settings
from adapters.webhooks.outbox import Event, events_of
from domain.bookings.booking import BookingStage
from domain.bookings.telephone import CallNews
from domain.cancellation import Cost
from domain.clock import ClockState
from domain.programmes.services import DoctorLevel
from domain.steps.kinds import TaskKind
from tests.builders import DOCTOR
from tests.workflows import doctors, stewards
from tests.workflows.booked import Booked, booking_opener, refused
from tests.workflows.doctors import a_slot, call, take_slot

BookingOf = Callable[..., Any]
P02 = "pingan_value_added"
BY_ROSTER = (P02, "expert_phone_appointment")
DIRECT = (P02, "expert_phone_direct")
BY_TEXT = (P02, "family_doctor_text")
BY_PHONE = (P02, "family_doctor_phone")


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


async def _confirmed(booked: Booked) -> None:
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)


async def _slot_kept(booked: Booked, at: str = "2026-09-25 15:00") -> Any:
    await stewards.take(booked)
    await booked.task(TaskKind.CHOOSE_SLOT)
    slot = a_slot(booked, at)
    await take_slot(booked, slot)
    await _confirmed(booked)
    return slot


async def test_a_family_doctor_answers_in_thirty_seconds_and_the_chat_closes_after_a_day(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*BY_TEXT, "2026-09-24 10:00") as booked:
        await booked.time.go_to(booked.at("2026-09-24 10:00") + timedelta(seconds=31))
        await booked.task(TaskKind.BREACH)
        await stewards.take(booked)
        await stewards.match(booked)
        opened = (await booked.until(lambda: booked.clocks["G10.1"])).started_at
        await booked.do(TaskKind.CONSULT, outcome="advised")
        await booked.time.go_to(opened + timedelta(hours=23, minutes=59))
        assert booked.stage is BookingStage.CONFIRMED  # answered, and open for more (R167)
        await booked.time.go_to(opened + timedelta(hours=24))
        await booked.do(TaskKind.WRITE_SUMMARY, summary="低盐饮食")
        await booked.task(TaskKind.RATE_SERVICE)
        await booked.time.go_to(opened + timedelta(days=9))
        await booked.ends(BookingStage.CLOSED)  # nobody rated, and that holds up nothing
        assert booked.clocks["G09.1"].state is ClockState.MET_LATE
        assert booked.clocks["G10.1"].met_at == opened + timedelta(hours=24)
        assert booked.clocks["G10.1"].state is ClockState.MET


async def test_a_family_doctors_call_is_over_when_it_ends_or_after_fifteen_minutes(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*BY_PHONE, "2026-09-24 10:00") as booked:
        await stewards.take(booked)
        fits = {"matched": True, "doctor": DOCTOR.id, "doctor_level": "attending"}
        for lower in ("2A", "3B", None):
            lowered = booked.do(TaskKind.MATCH_DOCTOR, hospital_class=lower, **fits)
            assert await refused(lowered) == "hospital_class"
        await booked.do(TaskKind.MATCH_DOCTOR, hospital_class="3A", **fits)
        await booked.task(TaskKind.CONSULT)
        await call(booked, CallNews.ANSWERED, "c-1")
        talk = await booked.until(lambda: booked.clocks["G11.1"])
        await booked.time.go_to(talk.started_at + timedelta(minutes=15))
        await booked.task(TaskKind.WRITE_SUMMARY)
        await call(booked, CallNews.ENDED, "c-1", seconds=930)  # the line closed a little later
        await booked.do(TaskKind.WRITE_SUMMARY, summary="低盐饮食")
        await booked.do(TaskKind.RATE_SERVICE, satisfaction=4)
        await booked.ends(BookingStage.CLOSED)
        assert booked.clocks["G11.1"].state is ClockState.MET


async def test_an_expert_calls_at_the_slot_after_the_steward_and_the_text_message(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*BY_ROSTER, "2026-09-24 10:00") as booked:
        await _slot_kept(booked)
        await booked.go_to("2026-09-25 14:00")
        await booked.until(lambda: "sms_steward" in booked.lines)
        assert booked.told == [
            "booking_received",
            "booking_call_confirmed",
            "booking_steward_soon",
        ]
        reminded = await booked.until(lambda: booked.partners.sent[2])
        assert (reminded.to, booked.booking_id in reminded.text) == ("steward", True)
        assert "call_customer" not in booked.lines
        await booked.go_to("2026-09-25 14:30")
        assert (await booked.task(TaskKind.CALL_AHEAD)).due_at == booked.at("2026-09-25 15:00")
        await booked.do(TaskKind.CALL_AHEAD, reached=True)
        await booked.go_to("2026-09-25 15:00")
        await call(booked, CallNews.FAILED, "c-1")
        await call(booked, CallNews.ENDED, "c-9", at="2026-09-25 15:01", seconds=9)  # it broke
        # The end arrives before the beginning, and both twice.
        await booked.go_to("2026-09-25 15:13")
        for _ in range(2):
            await call(booked, CallNews.ENDED, "c-2", seconds=600)
            await call(booked, CallNews.ANSWERED, "c-2", at="2026-09-25 15:03")
        await booked.do(TaskKind.RATE_SERVICE, satisfaction=5)
        await booked.ends(BookingStage.CLOSED)
        assert booked.lines.count("call_ended") == 2
        talk = booked.clocks["G11.2"]
        assert (talk.started_at, talk.met_at) == (
            booked.at("2026-09-25 15:03"),
            booked.at("2026-09-25 15:13"),
        )
        assert booked.unit == "consumed"


async def test_a_slot_asked_for_when_the_talk_began_is_refused_and_given_back(
    booking_of: BookingOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with booking_of(*BY_ROSTER, "2026-09-24 10:00") as booked:
        kept, later = await _slot_kept(booked), a_slot(booked, "2026-09-26 15:00", 2)
        await booked.go_to("2026-09-25 14:40")
        asked, answered, take = asyncio.Event(), asyncio.Event(), booked.roster.take

        async def slowly(wish: Take) -> bool:
            has: bool = await take(wish)
            asked.set()
            await answered.wait()
            return has

        monkeypatch.setattr(booked.roster, "take", slowly)
        change = asyncio.create_task(refused(take_slot(booked, later)))
        await asked.wait()
        assert booked.roster.taken == {later.slot_id: booked.booking_id}
        await call(booked, CallNews.ANSWERED, "c-1")  # the doctor is early
        await booked.until(lambda: "call_answered" in booked.lines)
        answered.set()
        assert await change == "stage"
        assert booked.roster.taken == {kept.slot_id: booked.booking_id}
        await booked.go_to("2026-09-25 14:52")
        await call(booked, CallNews.ENDED, "c-1", seconds=600)
        await booked.task(TaskKind.RATE_SERVICE)
        assert booked.roster.taken == {}  # it is over before its slot: that is free again


@pytest.mark.parametrize("caller", ["steward", "doctor"])
async def test_three_calls_in_vain_cancel_the_order_and_give_the_unit_back(
    booking_of: BookingOf, caller: Any
) -> None:
    async with booking_of(*BY_ROSTER, "2026-09-24 10:00") as booked:
        await call(booked, CallNews.FAILED, "c-0", caller)  # before there was anything to call for
        await _slot_kept(booked)
        assert booked.roster.taken == {"slot-1": booked.booking_id}
        other: Any = "doctor" if caller == "steward" else "steward"
        for number, at in ((1, "2026-09-25 14:31"), (2, "2026-09-25 14:36")):
            await booked.go_to(at)
            await call(booked, CallNews.FAILED, f"c-{number}", caller)
            await call(booked, CallNews.FAILED, f"c-{number}", caller)
            await call(booked, CallNews.FAILED, f"o-{number}", other)
        await call(booked, CallNews.FAILED, "c-again", caller)  # dialled again at once (I23)
        await booked.until(lambda: booked.lines.count("call_failed") == 6)
        assert booked.stage is BookingStage.CONFIRMED
        await booked.go_to("2026-09-25 14:41")
        await call(booked, CallNews.FAILED, "c-3", caller)
        await booked.ends(BookingStage.CANCELLED)
        assert (booked.unit, booked.roster.taken) == ("given_back", {})
        assert booked.told[-1] == "booking_not_reached"
        pushed = events_of(booked.pages[-1], stage_before=BookingStage.CONFIRMED.value)
        assert Event("booking.stage_changed", "cancelled") in pushed


async def test_a_customer_reached_between_two_failures_is_not_cancelled(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*BY_ROSTER, "2026-09-24 10:00") as booked:
        await _slot_kept(booked, "2026-09-24 15:00")
        for number, news in enumerate(("failed", "failed", "answered", "failed", "failed")):
            await call(booked, CallNews(news), f"c-{number}", "steward")
        await booked.until(lambda: booked.lines.count("call_failed") == 4)
        assert booked.stage is BookingStage.CONFIRMED
        assert await refused(booked.do(TaskKind.CONSULT, outcome="not_reached")) == "outcome"
        await booked.do(TaskKind.CONSULT, outcome="advised")
        await booked.do(TaskKind.RATE_SERVICE, satisfaction=1)
        await booked.ends(BookingStage.CLOSED)


async def test_a_slot_is_changed_withdrawn_and_refused_for_its_reason(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*BY_ROSTER, "2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await booked.task(TaskKind.CHOOSE_SLOT)
        for unfit in (
            a_slot(booked, "2026-09-24 09:00"),  # past
            a_slot(booked, "2026-10-02 09:00"),  # more than a week ahead
            a_slot(booked, "2026-09-25 09:00", doctor_level=DoctorLevel.ATTENDING),
            a_slot(booked, "2026-09-25 09:00", hospital_rank=101),
        ):
            assert await refused(take_slot(booked, unfit)) == "slot_id"
        booked.roster.taken["slot-9"] = "bk-another"
        theirs = a_slot(booked, "2026-09-25 09:00", 9)
        assert await refused(take_slot(booked, theirs)) == "slot_id"
        by_task = booked.do(TaskKind.CHOOSE_SLOT, slot_id="slot-1")
        assert await refused(by_task) == "slot_id"
        first, second = a_slot(booked, "2026-09-25 15:00"), a_slot(booked, "2026-09-26 15:00", 2)
        await take_slot(booked, first)
        await _confirmed(booked)
        await take_slot(booked, second)
        await booked.until(lambda: booked.pages[-1].service_at == second.starts_at)
        for slot in (first, second):  # the first is not theirs any more
            await doctors.withdraw(booked, slot)
        await booked.task(TaskKind.CHOOSE_SLOT)
        assert booked.told[-1] == "booking_choose_again"
        assert (booked.stage, booked.unit) == (BookingStage.COORDINATING, None)
        assert booked.lines.count("provider_failed") == 1  # not when the customer changed it
        await take_slot(booked, a_slot(booked, "2026-09-24 12:00", 3))
        await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
        await booked.go_to("2026-09-24 12:01")
        assert await refused(take_slot(booked, first)) == "stage"
        await booked.go_to("2026-09-24 12:31")
        await booked.task(TaskKind.BREACH)  # nobody has said what came of it
        await booked.do(TaskKind.CONSULT, outcome="provider_failed")
        await booked.task(TaskKind.CHOOSE_SLOT)
        assert await refused(take_slot(booked, a_slot(booked, "2026-09-25 09:00", 3))) == "slot_id"
        assert booked.pages[-1].failed_by == ["doctor-3"]  # not who has withdrawn a time ahead
        await take_slot(booked, a_slot(booked, "2026-09-24 13:00", 5, doctor="doctor-2"))
        await _confirmed(booked)
        await booked.go_to("2026-09-24 13:01")
        await booked.do(TaskKind.CONSULT, outcome="advised")
        await booked.do(TaskKind.RATE_SERVICE, satisfaction=3)
        await booked.ends(BookingStage.CLOSED)


async def test_who_calls_at_once_waits_in_line_and_is_called_within_five_minutes_of_their_turn(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*DIRECT, "2026-09-24 10:00") as booked:
        booked.roster.slots = [
            a_slot(booked, "2026-09-24 10:00", ends_at=booked.at("2026-09-24 12:00"))
        ]
        booked.roster.ahead = 2
        await stewards.take(booked)
        await booked.until(lambda: "queued" in booked.lines)
        assert booked.told[-1] == "booking_queued"
        await booked.go_to("2026-09-24 10:02")
        assert "G14.1" not in booked.clocks  # the promise is for who is first in line (R193)
        booked.roster.ahead = 0
        await booked.go_to("2026-09-24 10:03")
        promised = await booked.until(lambda: booked.clocks["G14.1"])
        task = await booked.task(TaskKind.CONSULT)
        assert booked.told[-1] == "booking_order_placed"
        assert task.due_at == promised.due_at == promised.started_at + timedelta(minutes=5)
        for number in (1, 2, 3):
            await booked.time.go_to(promised.started_at + timedelta(minutes=5 * number - 1))
            await call(booked, CallNews.FAILED, f"c-{number}")
        await booked.ends(BookingStage.CANCELLED)
        assert booked.clocks["G14.1"].state is ClockState.MET  # called, if in vain
        assert booked.unit == "given_back"
        assert booked.roster.taken == {}


@pytest.mark.parametrize("waits_for", ["slot", "doctor", "turn"])
async def test_who_gives_up_while_waiting_holds_nothing_and_a_supervisor_says_what_it_costs(
    booking_of: BookingOf, waits_for: str
) -> None:
    """P02 has lost its rule of cancelling (C-38 speaks of calls in vain only)."""
    of = DIRECT if waits_for == "turn" else BY_ROSTER
    async with booking_of(*of, "2026-09-24 10:00") as booked:
        if waits_for == "doctor":
            await _slot_kept(booked)
        else:
            booked.roster.slots = [a_slot(booked, "2026-09-24 10:00")]
            booked.roster.ahead = 1
            await stewards.take(booked)
            line = "queued" if waits_for == "turn" else "booking_received"
            await booked.until(lambda: line in (*booked.lines, *booked.told))
        if waits_for == "slot":
            await booked.task(TaskKind.CHOOSE_SLOT)
        await booked.give_up()
        late = take_slot(booked, a_slot(booked, "2026-09-25 09:00", 2))
        assert await refused(late) == "stage"
        await booked.do(TaskKind.DECIDE_USE, used=False, reason="专家尚未致电")
        await booked.ends(BookingStage.CANCELLED)
        assert (booked.unit, booked.roster.taken) == ("given_back", {})


async def test_a_doctor_on_duty_is_free_for_the_next_when_the_talk_is_over(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*DIRECT, "2026-09-24 10:00") as booked:
        duty = a_slot(booked, "2026-09-24 09:00", ends_at=booked.at("2026-09-24 12:00"))
        booked.roster.slots = [duty]
        await stewards.take(booked)
        await booked.task(TaskKind.CONSULT)
        assert booked.roster.taken == {duty.slot_id: booked.booking_id}
        await call(booked, CallNews.ENDED, "c-1", seconds=60)
        await booked.do(TaskKind.RATE_SERVICE, satisfaction=5)
        await booked.ends(BookingStage.CLOSED)
        assert (booked.unit, booked.roster.taken) == ("consumed", {})


async def test_without_a_doctor_on_duty_a_call_at_once_is_not_available(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*DIRECT, "2026-09-24 10:00") as booked:
        booked.roster.slots = [
            a_slot(booked, "2026-09-24 10:30"),
            a_slot(booked, "2026-09-24 10:00", 2, doctor_level=DoctorLevel.ATTENDING),
        ]
        await stewards.take(booked)
        await booked.ends(BookingStage.UNAVAILABLE)
        assert booked.unit == "given_back"


@pytest.mark.parametrize("urgent", [False, True])
async def test_at_night_a_phone_doctor_hears_emergencies_only(
    booking_of: BookingOf, urgent: bool
) -> None:
    """R365: from 20:00 to 8:00; others wait for the morning, and may give up meanwhile."""
    night = "2026-09-24 23:00"
    async with booking_of("changsheng_haorensheng", "phone_doctor", night, urgent=urgent) as booked:
        if urgent:
            await booked.task(TaskKind.TAKE_REQUEST)
        else:
            await booked.until(lambda: "outside_hours" in booked.lines)
            await booked.go_to("2026-09-25 07:59")
            assert booked.open_tasks == {}
            await booked.go_to("2026-09-25 08:00")
            await booked.task(TaskKind.TAKE_REQUEST)
        await booked.give_up()
        await booked.ends(BookingStage.CANCELLED)


@pytest.mark.parametrize(
    ("at", "urgent"), [("2026-02-17 12:00", True), ("2026-02-14 21:00", False)]
)
async def test_at_spring_festival_a_phone_doctor_is_not_called_and_says_until_when(
    booking_of: BookingOf, at: str, urgent: bool
) -> None:
    """R364: no emergency, which is sent to a hospital; nobody in the night before, for ten days."""
    service = ("changsheng_haorensheng", "phone_doctor")
    async with booking_of(*service, at, urgent=urgent) as booked:
        await booked.ends(BookingStage.UNAVAILABLE)
        assert booked.told == ["booking_outside_hours", "booking_unavailable"]


async def test_an_expert_below_the_promised_level_is_not_matched(booking_of: BookingOf) -> None:
    """R295: associate chief or above; nobody of the level is found, and the unit comes back."""
    tele = ("taikang_online_ci", "tele_consultation")
    async with booking_of(*tele, "2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *tele)
        lower = {"matched": True, "doctor": "doctor-3", "doctor_level": "attending"}
        assert await refused(booked.do(TaskKind.MATCH_DOCTOR, **lower)) == "doctor_level"
        await booked.do(TaskKind.MATCH_DOCTOR, matched=False)
        await booked.do(TaskKind.MATCH_DOCTOR, matched=False, final=True)
        await booked.ends(BookingStage.UNAVAILABLE)
        assert booked.unit == "given_back"


@pytest.mark.parametrize("asks", ["goes_on", "gives_up"])
async def test_a_doctor_who_cannot_uses_nothing_up_and_a_customer_nobody_reaches_ends_it(
    booking_of: BookingOf, asks: str
) -> None:
    """C-28: used up at approval and never cancelled, but not when the doctor has failed."""
    async with booking_of("ruitai_ci", "phone_doctor", "2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, "ruitai_ci", "phone_doctor")
        await stewards.next_step(booked, TaskKind.REVIEW_BOOKING)
        await stewards.next_step(booked, TaskKind.TELL_RESULT)
        await booked.task(TaskKind.CONSULT)
        assert await refused(booked.give_up()) == "stage"
        await booked.do(TaskKind.CONSULT, outcome="provider_failed")
        await booked.task(TaskKind.CONSULT)
        assert (booked.told[-1], booked.lines.count("provider_failed")) == ("booking_again", 1)
        if asks == "gives_up":
            assert (await booked.give_up()).cost is Cost.FREE
            await booked.ends(BookingStage.CANCELLED)
            assert booked.unit == "given_back"
            return
        assert await refused(booked.do(TaskKind.CONSULT, outcome="not_reached")) == "note"  # I19
        await booked.do(TaskKind.CONSULT, outcome="not_reached", note="多次致电未接通")
        await booked.ends(BookingStage.TERMINATED)
        assert booked.unit == "consumed"  # P13: at approval
