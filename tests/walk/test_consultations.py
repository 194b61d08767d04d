"""What a doctor reports keeps the promises of a talk where the telephone system is silent."""

import asyncio
from datetime import timedelta

import pytest

from domain.clock import ClockState
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.walk.bookings import BookingWalk
from workflows.bookings.consultations.talk import ANSWERED_WITHIN
from workflows.messages.bookings import MessageSaid, SlotWithdrawn


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


def test_what_a_customer_wrote_since_is_not_closed_over(loop: asyncio.Runner) -> None:
    """R167: the doctor answered in the chat, was asked more, and reports that he has advised."""
    one = BookingWalk("pingan_value_added", "family_doctor_text", seed="plan", loop=loop)
    one.start()
    assert one.go_on(lambda: one.waits_for(TaskKind.CONSULT) is not None)
    for number, by in enumerate(("customer", "doctor", "customer"), 1):
        one.reach(one.now + timedelta(minutes=1))
        one.run.signal("message_said", MessageSaid(n=number, at=one.now, by=by))
        one.settle()
    advise(one)
    again = one.waits_for(TaskKind.CONSULT)
    assert again is not None
    assert (again.subject, again.due_at) == ("message", one.now + ANSWERED_WITHIN)
    advise(one)  # who was shown that very word may leave it at that
    assert one.waits_for(TaskKind.CONSULT) is None
    one.finish()
    one.check()
    one.run.close()


def test_whose_doctor_takes_the_slot_back_is_phoned_until_he_has_chosen_another(
    loop: asyncio.Runner,
) -> None:
    one = BookingWalk("pingan_value_added", "expert_phone_appointment", seed="plan", loop=loop)
    one.start()
    assert one.go_on(lambda: one.waits_for(TaskKind.CONSULT) is not None)
    [slot_id] = one.roster.taken
    one.run.signal("slot_withdrawn", SlotWithdrawn(slot_id=slot_id, at=one.now))
    one.settle()
    phone = one.waits_for(TaskKind.PHONE_CUSTOMER)
    assert phone is not None
    assert (phone.subject, phone.roles) == ("choose_again", [Role.AGENT])
    told = [notice.text for page in one.pages for notice in page.notices]
    assert "请重新选择时段" in told[-1]
    one.reach(one.now + timedelta(minutes=1))
    one.take_slot()
    assert one.waits_for(TaskKind.PHONE_CUSTOMER) is None
    one.finish()
    one.check()
    one.run.close()


def advise(one: BookingWalk) -> None:
    step = one.waits_for(TaskKind.CONSULT)
    assert step is not None
    one.report(step, form={"outcome": "advised"})
