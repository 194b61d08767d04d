"""Until when a booking with a cut-off is given up for nothing, by the programme's own days."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Final

import pytest

from domain.bookings.booking import BookingStage
from domain.calendar import civil_date
from domain.cancellation import Cost
from domain.clock import Unit
from domain.programmes.services import Shape
from domain.steps.kinds import TaskKind
from tests.builders import CUSTOMER, a_calendar, programme_of
from tests.walk.booking_scene import booked_services
from tests.walk.bookings import BookingWalk, Walks
from tests.walk.engine import Refused
from workflows.cockpit import civil
from workflows.messages.bookings import ChangeDate

WITH_A_LEAD: Final = [
    (programme, service)
    for programme, service in booked_services(Shape.APPOINTMENT)
    if (rule := programme_of(programme).service(service).cancellation) and rule.free_lead
]


@pytest.mark.parametrize("moved", [False, True], ids=["given up", "another day wished first"])
@pytest.mark.parametrize(("programme", "service"), WITH_A_LEAD, ids=str)
def test_around_the_cut_off_cancelling_is_free_and_then_is_not(
    walk: Walks, programme: str, service: str, moved: bool
) -> None:
    """The last free day is counted here by hand; another day wished for does not move it."""
    one = walk(programme, service)
    one.start()
    assert one.go_on(lambda: one.waits_for(TaskKind.REPORT_VISIT) is not None)
    rule = one.service.cancellation
    assert rule is not None
    assert rule.free_lead is not None
    visit_on, days = civil_date(one.service_at), 0
    last_free = visit_on
    while days < rule.free_lead.amount:
        working = rule.free_lead.unit is not Unit.WORKING_DAY
        days += working or a_calendar().is_working_day(last_free)
        last_free -= timedelta(days=1)
    assert last_free > civil_date(one.now), "the visit of this walk is too near"
    another = walk(programme, service)
    another.start()
    another.go_on(lambda: another.waits_for(TaskKind.REPORT_VISIT) is not None)
    for each, days_after in ((one, 0), (another, 1)):
        ahead = last_free + timedelta(days=days_after) - civil_date(each.now)
        each.reach(each.now + ahead)
        if moved:
            _leave(each)
        if days_after and rule.afterwards == "refused":
            with pytest.raises(Refused, match="CancellingRefused"):
                each.give_up()
            continue
        each.give_up()
        assert each.cost is (Cost.USED if days_after else Cost.FREE)
        each.finish()
        each.check()


def _leave(one: BookingWalk) -> None:
    """The customer wishes a day far ahead, where he may: what stood is coordinated again."""
    day, stood_at = civil_date(one.now) + timedelta(days=60), one.service_at
    with suppress(Refused):
        one.run.update("change_date", ChangeDate(wished_on=day, actor=CUSTOMER, at=one.now))
        one.settle()
        assert one.stage is BookingStage.COORDINATING
        told = [notice for page in one.pages for notice in page.notices][-1]
        assert told.template == "booking_another_day", "what he was told of holds no longer"
        assert civil(stood_at) in told.text
