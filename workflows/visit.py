"""A visit as the nurse platform knows it: ordered, planned anew, called off.

The deposit waiver's nurse and the escort of a booking are both such visits. What each is for and
what follows from it stands there (`workflows.waiver.nurse_visit`, `workflows.bookings.escorted`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Final, Protocol

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.dispatch import SendNurse
from activities.visit_ports import VisitAnswer, VisitOrder
from workflows.cockpit import civil
from workflows.partners import PARTNER_RETRY

VISIT_WITHIN: Final = timedelta(seconds=20)


class VisitDesk(Protocol):
    """What a visit needs of the desk it is arranged at."""

    async def ask_partner(
        self, call: Callable[[RetryPolicy], Awaitable[VisitAnswer]]
    ) -> VisitAnswer:
        """Ask without end, under the same id."""

    def errand(self, work: Coroutine[Any, Any, None], name: str) -> object:
        """Do something beside the story."""


class Visits:
    """The visits of one matter at the nurse platform."""

    def __init__(self, desk: VisitDesk) -> None:
        self._desk = desk

    async def place(self, order: VisitOrder) -> VisitAnswer:
        """Order a visit or, under the id of an earlier one, plan that one anew."""

        async def placed(retry: RetryPolicy) -> VisitAnswer:
            return await workflow.execute_activity_method(
                SendNurse.order,
                order,
                start_to_close_timeout=VISIT_WITHIN,
                retry_policy=retry,
                summary=f"预约上门 {civil(order.visit_at)}",
            )

        return await self._desk.ask_partner(placed)

    def call_off(self, visits: list[str]) -> None:
        """Nobody needs to come any more."""
        for visit_id in dict.fromkeys(visits):
            self._desk.errand(self._cancel(visit_id), f"cancel {visit_id}")

    async def _cancel(self, visit_id: str) -> None:
        await workflow.execute_activity_method(
            SendNurse.cancel,
            visit_id,
            start_to_close_timeout=VISIT_WITHIN,
            retry_policy=PARTNER_RETRY,
            summary="取消上门",
        )
