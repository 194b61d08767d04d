"""A call afterwards that nobody answers is tried on the next mornings, and then no further."""

import asyncio
from datetime import timedelta

from domain.bookings.booking import BookingStage
from domain.bookings.rounds import CALL_ATTEMPTS
from domain.calendar import SHANGHAI
from domain.steps.kinds import TaskKind
from tests.walk.bookings import BookingWalk


def _to_the_call(loop: asyncio.Runner) -> BookingWalk:
    """P02's escort, served; the call about it is due."""
    one = BookingWalk("pingan_value_added", "visit_escort", seed="plan", loop=loop)
    one.start()
    assert one.go_on(lambda: one.waits_for(TaskKind.FOLLOW_UP_CALL) is not None)
    return one


def _call(one: BookingWalk, *, reached: bool) -> None:
    step = one.waits_for(TaskKind.FOLLOW_UP_CALL)
    assert step is not None
    one.report(step, form={"reached": reached, "satisfaction": 5 if reached else None})
    one.settle()


def test_whoever_does_not_answer_is_called_on_the_next_mornings_and_then_left_alone() -> None:
    with asyncio.Runner() as loop:
        one = _to_the_call(loop)
        for again in range(1, CALL_ATTEMPTS):
            _call(one, reached=False)
            assert one.waits_for(TaskKind.FOLLOW_UP_CALL) is None, "not at once"
            tomorrow = (one.now + timedelta(days=1)).astimezone(SHANGHAI)
            one.reach(tomorrow.replace(hour=8, minute=59))
            assert one.waits_for(TaskKind.FOLLOW_UP_CALL) is None, again
            one.reach(tomorrow.replace(hour=9, minute=1))
        _call(one, reached=False)
        one.finish()
        one.check()
        assert one.stage is BookingStage.CLOSED
        tried = [line.event for page in one.pages for line in page.timeline]
        assert tried.count("not_reached") == CALL_ATTEMPTS
        one.run.close()


def test_whoever_answers_the_second_call_is_not_called_a_third_time() -> None:
    with asyncio.Runner() as loop:
        one = _to_the_call(loop)
        _call(one, reached=False)
        one.reach(one.now + timedelta(days=2))
        _call(one, reached=True)
        one.finish()
        assert one.stage is BookingStage.CLOSED
        assert one.waits_for(TaskKind.FOLLOW_UP_CALL) is None
        one.run.close()
