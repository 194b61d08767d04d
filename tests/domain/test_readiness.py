"""Readiness of a hospital's channel: each thing that may be lacking, and a day without a gap."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.rescues.readiness import LACK_NAMES, SHIFT_MAX, Check, Lack, lacks, said, unmanned
from tests.builders import civil

AT = civil("2026-10-04 08:00")
SHIFT = timedelta(hours=12)


def check(**changes: Any) -> Check:
    found: dict[str, Any] = {
        "checked_at": AT,
        "until": AT + SHIFT,
        "doctors": ("d-1",),
        "nurses": ("n-1",),
        "equipment_complete": True,
        "supplies_complete": True,
    }
    return Check(**found | changes)


def test_a_checked_shift_is_ready_until_it_ends() -> None:
    assert lacks(check(), AT) == ()
    assert lacks(check(), AT + SHIFT - timedelta(seconds=1)) == ()
    assert lacks(check(), AT + SHIFT) == (Lack.SHIFT_OVER,)
    assert lacks(None, AT) == (Lack.NOBODY_CHECKED,)


@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"doctors": ()}, Lack.NO_DOCTOR),
        ({"nurses": ()}, Lack.NO_NURSE),
        ({"equipment_complete": False}, Lack.EQUIPMENT),
        ({"supplies_complete": False}, Lack.SUPPLIES),
    ],
)
def test_what_is_lacking_is_named(changes: dict[str, Any], lack: Lack) -> None:
    assert lacks(check(**changes), AT) == (lack,)
    assert LACK_NAMES[lack]


def test_all_that_is_lacking_is_said_in_one_line() -> None:
    found = lacks(check(doctors=(), supplies_complete=False), AT)
    assert said(found) == "无值班医师、抢救药品或用品不齐"


def test_two_shifts_fill_a_day_and_one_without_a_doctor_does_not() -> None:
    night = check(checked_at=AT - SHIFT, until=AT)
    day = check(checked_at=AT - SHIFT_MAX, until=AT - SHIFT)
    assert unmanned([day, night], at=AT) == timedelta()
    assert unmanned([night], at=AT) == SHIFT
    assert unmanned([day, night.model_copy(update={"doctors": ()})], at=AT) == SHIFT
    late = night.model_copy(update={"checked_at": AT - SHIFT + timedelta(minutes=10)})
    assert unmanned([day, late], at=AT) == timedelta(minutes=10)
