"""Which slot a customer may take, and whose turn it is with a doctor on duty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bookings.roster import Slot, SlotRefusal, Turn, refused, turn
from domain.programmes.services import DoctorLevel
from tests.builders import programmes

P02 = next(one for one in programmes() if one.code == "pingan_value_added")
EXPERT = P02.service("expert_phone_appointment")
NOW = datetime(2026, 9, 24, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
FIVE = timedelta(minutes=5)


def a_slot(ahead: timedelta, slot_id: str = "s-1", **changes: Any) -> Slot:
    known: dict[str, Any] = {
        "slot_id": slot_id,
        "department": "心内科",
        "doctor": f"d-{slot_id}",
        "doctor_level": DoctorLevel.CHIEF,
        "hospital_rank": 100,
        "starts_at": NOW + ahead,
        "ends_at": NOW + ahead + timedelta(minutes=15),
    }
    return Slot.model_validate(known | changes)


@pytest.mark.parametrize(
    ("ahead", "why"),
    [
        (timedelta(minutes=-1), SlotRefusal.PAST),
        (timedelta(), SlotRefusal.PAST),
        (timedelta(minutes=1), None),  # the same day (R177)
        (timedelta(days=7, hours=13, minutes=59), None),  # the last minute of the seventh day
        (timedelta(days=7, hours=14), SlotRefusal.TOO_FAR),  # R176
    ],
)
def test_an_experts_slot_is_taken_from_today_until_a_week_ahead(
    ahead: timedelta, why: SlotRefusal | None
) -> None:
    assert refused(a_slot(ahead), EXPERT, at=NOW) is why


@pytest.mark.parametrize(
    "changes",
    [{"doctor_level": DoctorLevel.ATTENDING}, {"hospital_rank": 101}, {"hospital_rank": None}],
)
def test_only_the_doctors_a_service_promises_are_taken(changes: dict[str, Any]) -> None:
    """R163: associate chief at least, of the hundred first hospitals."""
    ahead = timedelta(hours=1)
    assert refused(a_slot(ahead, **changes), EXPERT, at=NOW) is SlotRefusal.OTHER_DOCTOR
    anybody = EXPERT.model_copy(update={"staffing": None})
    assert refused(a_slot(ahead, **changes), anybody, at=NOW) is None


def test_a_slot_that_ends_before_it_begins_is_none() -> None:
    with pytest.raises(ValueError, match="ends after it begins"):
        a_slot(timedelta(), ends_at=NOW)


@pytest.mark.parametrize(
    ("starts", "taken", "ahead", "whose"),
    [
        (timedelta(minutes=-5), False, 0, Turn.NOW),
        (FIVE, False, 0, Turn.NOW),  # begins within the promised five minutes
        (timedelta(minutes=5, seconds=1), False, 0, Turn.NOBODY),
        (timedelta(minutes=-15), False, 0, Turn.NOBODY),  # has just ended
        (timedelta(minutes=-5), True, 0, Turn.WAITS),  # an appointment has it (R192)
        (timedelta(minutes=-5), False, 1, Turn.WAITS),  # somebody is first (R193)
        (timedelta(minutes=-15), False, 1, Turn.NOBODY),
    ],
)
def test_a_doctor_on_duty_is_called_by_who_is_first_and_finds_one_free(
    starts: timedelta, taken: bool, ahead: int, whose: Turn
) -> None:
    slot = a_slot(starts)
    held = frozenset({slot.slot_id} if taken else ())
    assert turn([slot], held, ahead=ahead, at=NOW, within=FIVE)[0] is whose


@given(
    st.lists(st.integers(-30, 30), max_size=8, unique=True),
    st.sets(st.integers(-30, 30)),
    st.integers(0, 2),
)
def test_a_turn_never_gives_what_is_taken_over_or_too_far(
    starts: list[int], held: set[int], ahead: int
) -> None:
    slots = [a_slot(timedelta(minutes=one), f"s{one}") for one in starts]
    taken = frozenset(f"s{one}" for one in held)
    whose, slot = turn(slots, taken, ahead=ahead, at=NOW, within=FIVE)
    assert (slot is not None) == (whose is Turn.NOW)
    if slot is not None:
        assert slot.slot_id not in taken
        assert slot.starts_at <= NOW + FIVE
        assert slot.ends_at > NOW
        assert ahead == 0
