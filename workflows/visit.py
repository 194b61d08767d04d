"""A visit as the nurse platform knows it: ordered, planned anew, called off.

The deposit waiver's nurse and the escort of a booking are both such visits. What each is for and
what follows from it stands there (`workflows.waiver.nurse_visit`,
`workflows.bookings.escorts.escorted`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Final, Protocol

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from activities.dispatch import SendNurse
from activities.ports.visits import VisitAnswer, VisitKept, VisitOrder
from workflows.cockpit import civil

VISIT_WITHIN: Final = timedelta(seconds=20)
SILENT_FOR: Final = timedelta(minutes=30)
"""After so long without an answer a person finds somebody; the order is not made again."""
CALLED_OFF_WITHIN: Final = timedelta(hours=1)
"""After that a person phones the platform: whoever sets out in vain has been told by then."""
CALL_OFF_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(minutes=1),
    non_retryable_error_types=[VisitKept.__name__],
)
UNREACHABLE: Final = "unreachable"
"""The reason of an answer that never came: the platform may have the order, or not."""


class VisitDesk(Protocol):
    """What a visit needs of the desk it is arranged at."""

    async def ask_partner(
        self,
        call: Callable[[RetryPolicy], Awaitable[VisitAnswer]],
        *,
        on_silence: Callable[[], None],
    ) -> VisitAnswer:
        """Ask under the same id, as long as the call itself allows."""

    def note(self, event: str, text: str) -> None:
        """A line of the history."""

    def alert(self, what: str) -> None:
        """Something a supervisor must look at."""

    def errand(self, work: Coroutine[Any, Any, None], name: str) -> object:
        """Do something beside the story."""


class Visits:
    """The visits of one matter at the nurse platform."""

    def __init__(self, desk: VisitDesk) -> None:
        self._desk = desk

    async def place(self, order: VisitOrder) -> VisitAnswer:
        """Order a visit or, under the id of an earlier one, plan that one anew.

        A platform that stays silent has not taken it, as far as we know (`UNREACHABLE`): whoever
        asks calls it off, or keeps what stood before.
        """

        async def placed(retry: RetryPolicy) -> VisitAnswer:
            return await workflow.execute_activity_method(
                SendNurse.order,
                order,
                start_to_close_timeout=VISIT_WITHIN,
                schedule_to_close_timeout=SILENT_FOR,
                retry_policy=retry,
                summary=f"预约上门 {civil(order.visit_at)}",
            )

        def silent() -> None:
            self._desk.note("platform_silent", "护士平台暂无答复, 半小时内继续联系")

        try:
            return await self._desk.ask_partner(placed, on_silence=silent)
        except ActivityError:
            return VisitAnswer(accepted=False, reason=UNREACHABLE)

    def call_off(self, visits: list[str]) -> None:
        """Nobody needs to come any more."""
        for visit_id in dict.fromkeys(visits):
            self._desk.errand(self._cancel(visit_id), f"cancel {visit_id}")

    async def _cancel(self, visit_id: str) -> None:
        try:
            await workflow.execute_activity_method(
                SendNurse.cancel,
                visit_id,
                start_to_close_timeout=VISIT_WITHIN,
                schedule_to_close_timeout=CALLED_OFF_WITHIN,
                retry_policy=CALL_OFF_RETRY,
                summary="取消上门",
            )
        except ActivityError as failure:
            self._not_called_off(visit_id, failure)

    def _not_called_off(self, visit_id: str, failure: ActivityError) -> None:
        """A no is written down; either way somebody still sets out unless a person phones."""
        cause = failure.cause
        if isinstance(cause, ApplicationError) and cause.type == VisitKept.__name__:
            self._desk.note("visit_kept", f"护士平台不接受取消 {visit_id}")
        self._desk.alert(f"上门未能取消, 请致电护士平台 {visit_id}")
