"""How hospitals are called by wire: asked for a resource, told that it is not wanted, looked up.

What follows from their answers is told in `workflows.bookings.partners.hospitals`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from activities.hospitals import AskHospitals
from activities.ports.hospitals import HospitalNamed, ResourceAnswer, ResourceOrder
from domain.bookings.coordination import HospitalAsk
from domain.calendar import civil_date
from domain.hospital import HospitalListed
from workflows.bookings.parts.desk import BookingDesk
from workflows.messages.bookings import RequestBooking
from workflows.scribe import BOOKS_RETRY, BOOKS_WITHIN

ANSWER_WITHIN: Final = timedelta(seconds=20)
TRIED_FOR: Final = timedelta(days=1)
"""The dispatcher calls meanwhile; who cannot be reached for a day is left to people alone."""
TRY_AGAIN: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=15)
)
"""Nobody waits for the wire alone, so that a desk which is away need not be asked every minute."""


async def placed(desk: BookingDesk, order: ResourceOrder) -> ResourceAnswer | None:
    """Their answer to an order; None when nobody was reached for a day."""

    async def called(retry: RetryPolicy) -> ResourceAnswer:
        return await workflow.execute_activity_method(
            AskHospitals.ask,
            order,
            start_to_close_timeout=ANSWER_WITHIN,
            schedule_to_close_timeout=TRIED_FOR,
            retry_policy=retry,
            summary="请医院安排资源",
        )

    def away() -> None:
        desk.note("hospitals_away", "医院协调平台暂联系不上, 由调度人员联系医院")

    try:
        return await desk.ask_partner(called, then=TRY_AGAIN, on_silence=away)
    except ActivityError:
        desk.note("hospitals_silent", "医院协调平台一天无答复, 由调度人员安排")
        return None


async def withdrawn(ask_id: str) -> bool:
    """Whether they have agreed to take an ask back; False also when nobody was reached."""
    try:
        return await workflow.execute_activity_method(
            AskHospitals.withdraw,
            ask_id,
            start_to_close_timeout=ANSWER_WITHIN,
            schedule_to_close_timeout=TRIED_FOR,
            retry_policy=TRY_AGAIN,
            summary="撤回医院资源申请",
        )
    except ActivityError:
        return False


async def listed(asked: RequestBooking, ask: HospitalAsk) -> HospitalListed:
    """What our own lists say of the hospital they name, as of the day of the request."""
    named = ask.resource.hospital_id if ask.resource else None
    if named is None:
        return HospitalListed()
    return await workflow.execute_activity_method(
        AskHospitals.look_up,
        HospitalNamed(
            hospital_id=named,
            network=asked.programme.hospitals.network,
            on=civil_date(asked.requested_at),
        ),
        start_to_close_timeout=BOOKS_WITHIN,
        retry_policy=BOOKS_RETRY,
        summary="核对医院名录",
    )
