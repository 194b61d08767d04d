"""What a doctor reports keeps the promises of a talk where the telephone system is silent."""

import asyncio

import pytest

from domain.clock import ClockState
from domain.steps.kinds import TaskKind
from tests.walk.bookings import BookingWalk


@pytest.mark.parametrize(
    ("service", "clock"),
    [("expert_phone_direct", "G14.1"), ("family_doctor_phone", "G09.1")],
)
def test_a_doctor_who_reports_in_time_has_called_in_time(service: str, clock: str) -> None:
    with asyncio.Runner() as loop:
        one = BookingWalk("pingan_value_added", service, seed="plan", loop=loop)
        one.start()
        assert one.go_on(lambda: one.waits_for(TaskKind.CONSULT) is not None)
        assert one.clocks[clock].state is ClockState.RUNNING
        step = one.waits_for(TaskKind.CONSULT)
        assert step is not None
        one.report(step, form={"outcome": "advised"})
        assert one.clocks[clock].met_at == one.now
        one.finish()
        one.check()
        one.run.close()
