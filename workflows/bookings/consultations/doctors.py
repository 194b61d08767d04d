"""A doctor who is found by people, where nobody takes a slot of the roster or waits in line."""

from __future__ import annotations

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.bookings.consultation import MatchDoctor, matched_by
from domain.bookings.failures import left_out
from domain.events import ExpectedEvent
from domain.programmes.services import Service
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import COORDINATED, BookingDesk, BookingOver


async def matched(desk: BookingDesk, service: Service) -> str | None:
    """The doctor a consultant finds to fit best (R171), or a dispatcher; None where nobody looks.

    `BookingOver` when there is none to be had.
    """
    role = matched_by(service)
    while role is not None:
        now, told = workflow.now(), left_out(desk.state.failed_by)
        until = desk.promised(ExpectedEvent.DOCTOR_ANSWERED, *COORDINATED)
        step = desk.ask(TaskKind.MATCH_DOCTOR, at=now, roles=[role], until=until, subject=told)
        done = await desk.done(step)
        form = done.read(MatchDoctor)
        if form.matched:
            return form.doctor
        desk.note("not_matched", "暂无合适医生, 继续协调", at=done.at, by=done.actor)
        if form.final:
            raise BookingOver(BookingStage.UNAVAILABLE, "无法安排")
    return None
