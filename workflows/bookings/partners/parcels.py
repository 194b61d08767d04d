"""The parcels of one booking: ordered at the courier, followed by its words, looked for when lost.

A parcel is sent for a step that waits for what is in it; whoever does that step may as well have
received it in another way, and then nobody looks for the parcel any more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from activities.courier import SendParcels
from activities.ports.courier import ParcelAnswer, ParcelOrder
from domain.bookings.parcel import (
    PARCEL_NAMES,
    PURPOSE_NAMES,
    FindParcel,
    Parcel,
    ParcelPurpose,
    ParcelStatus,
)
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import BookingDesk
from workflows.messages.bookings import ParcelMoved
from workflows.partners import PARTNER_RETRY
from workflows.waiting import came_by

CARRY_WITHIN: Final = timedelta(seconds=20)
SILENT_FOR: Final = timedelta(hours=1)
"""A courier who does not answer for so long is called by a person."""
TRACK_EVERY: Final = timedelta(days=1)
"""The courier calls back by itself; asking is the safety net."""
TRACKS: Final = 7
"""After so many days without a word of its end a person looks for it."""
ASK_RETRY: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
OPENED_WITHIN: Final = timedelta(days=1)
"""What has been delivered is opened by the next day."""

_HANDED_OVER: Final = frozenset({ParcelStatus.ON_THE_WAY, ParcelStatus.DELIVERED})


class Parcels:
    """The parcels of one booking."""

    def __init__(self, desk: BookingDesk) -> None:
        self._desk = desk
        self._state = desk.state
        self._sent: dict[str, str] = {}  # the last parcel sent, by the step that waits for it

    def has_come(self, step: str) -> bool:
        """Whether what a step waits for was delivered, and nobody has acted on it yet."""
        parcel = self._state.parcels.get(self._sent.get(step, ""))
        if parcel is None or parcel.purpose == "kit":
            return False
        open_still = step in self._state.tasks or step in self._state.completions
        return open_still and parcel.status is ParcelStatus.DELIVERED

    def bring(self, purpose: ParcelPurpose, *, for_step: str) -> None:
        """Send a parcel beside the story, as long as a step waits for what is in it."""
        self._desk.errand(self._brought(purpose, for_step), f"parcel {purpose}")

    def bring_both_ways(self, *, for_step: str) -> None:
        """A kit goes out, and when it has arrived the sample is fetched."""

        async def both() -> None:
            if await self._brought("kit", for_step):
                await self._brought("sample", for_step)

        self._desk.errand(both(), "parcel kit and sample")

    def moved(self, message: ParcelMoved) -> None:
        """The courier's word: its last one counts, unless the parcel had ended otherwise."""
        known = self._state.parcels.get(message.parcel_id)
        if known is None:
            self._desk.alert(f"收到未下单快件的消息 {message.parcel_id}")
        elif known.is_over and known.status is not message.status:
            if message.status not in (ParcelStatus.ORDERED, ParcelStatus.ON_THE_WAY):
                self._desk.alert(f"快件状态前后不一 {message.parcel_id}")
        elif known.status is not message.status:
            self._take(known, message.status, message.tracking_no)

    def _take(self, known: Parcel, status: ParcelStatus, tracking_no: str) -> None:
        number = tracking_no or known.tracking_no
        change = {"status": status, "tracking_no": number}
        self._state.parcels[known.parcel_id] = known.model_copy(update=change)
        if known.purpose == "papers" and status in _HANDED_OVER:
            self._state.customer_owes = False
        said = f"{PURPOSE_NAMES[known.purpose]}快件 {number or '无单号'} {PARCEL_NAMES[status]}"
        self._desk.note("parcel", said)

    async def _brought(self, purpose: ParcelPurpose, step: str) -> bool:
        """Send until it has arrived; False when nobody waits for it any more."""
        while self._waits(step):
            parcel_id, heard = await self._ordered(purpose, step)
            arrived = heard and await self._arrives(parcel_id, step)
            if not arrived and not await self._found(parcel_id, step):
                await self._call_off(parcel_id)
                continue  # another one is sent
            if self._state.parcels[parcel_id].status is ParcelStatus.DELIVERED:
                self._open_soon(step)
                return True
            await self._call_off(parcel_id)
            return False
        return False

    async def _call_off(self, parcel_id: str) -> None:
        """Nobody waits for it any more: who has not set out need not come."""
        if self._state.parcels[parcel_id].status is not ParcelStatus.ORDERED:
            return
        try:
            await workflow.execute_activity_method(
                SendParcels.call_off,
                parcel_id,
                start_to_close_timeout=CARRY_WITHIN,
                schedule_to_close_timeout=SILENT_FOR,
                retry_policy=PARTNER_RETRY,
                summary="取消快递上门",
            )
        except ActivityError:
            self._desk.alert(f"快递上门未能取消, 请致电快递 {parcel_id}")

    def _waits(self, step: str) -> bool:
        return step in self._state.tasks and self._state.called_off is None

    def _open_soon(self, step: str) -> None:
        task = self._state.tasks.get(step)
        if task is not None and task.due_at is None:
            due_at = workflow.now() + OPENED_WITHIN
            self._desk.pen.task_opened(task.model_copy(update={"due_at": due_at}))

    async def _ordered(self, purpose: ParcelPurpose, step: str) -> tuple[str, bool]:
        """The id of an ordered parcel, and whether the courier has answered at all."""
        state = self._state
        parcel_id = f"{state.booking_id}.parcel.{state.next_number('parcel')}"
        state.parcels[parcel_id] = Parcel(parcel_id=parcel_id, purpose=purpose)
        self._sent[step] = parcel_id
        order = ParcelOrder(parcel_id=parcel_id, case_id=state.booking_id, purpose=purpose)

        async def placed(retry: RetryPolicy) -> ParcelAnswer:
            return await workflow.execute_activity_method(
                SendParcels.order,
                order,
                start_to_close_timeout=CARRY_WITHIN,
                schedule_to_close_timeout=SILENT_FOR,
                retry_policy=retry,
                summary=f"快递{PURPOSE_NAMES[purpose]}",
            )

        try:
            self._heard(parcel_id, await self._desk.ask_partner(placed))
        except ActivityError:
            self._desk.note("courier_silent", "快递暂联系不上, 由客服处理")
            return parcel_id, False
        return parcel_id, True

    def _heard(self, parcel_id: str, answer: ParcelAnswer) -> None:
        """An answer that was overtaken by the courier's own word does not undo it."""
        known = self._state.parcels[parcel_id]
        status = known.status if answer.status is ParcelStatus.ORDERED else answer.status
        number = answer.tracking_no or known.tracking_no
        if not known.is_over and (status, number) != (known.status, known.tracking_no):
            self._take(known, status, number)

    async def _arrives(self, parcel_id: str, step: str) -> bool:
        """True when it has arrived, or nobody waits any more; False when it has to be found."""
        parcels = self._state.parcels
        for _ in range(TRACKS):
            if await self._within(lambda: parcels[parcel_id].is_over, step):
                break
            await self._track(parcel_id)
        return not self._waits(step) or parcels[parcel_id].status is ParcelStatus.DELIVERED

    async def _within(self, fact: Callable[[], bool], step: str) -> bool:
        soon = workflow.now() + TRACK_EVERY
        return await came_by(lambda: fact() or not self._waits(step), soon, summary="查询快件")

    async def _track(self, parcel_id: str) -> None:
        try:
            answer = await workflow.execute_activity_method(
                SendParcels.track,
                parcel_id,
                start_to_close_timeout=CARRY_WITHIN,
                retry_policy=ASK_RETRY,
                summary="查询快件",
            )
        except ActivityError:
            return  # asked again the next day
        self._heard(parcel_id, answer)

    async def _found(self, parcel_id: str, step: str) -> bool:
        """A person looks for it; False when another one is to be sent."""
        parcels, completions = self._state.parcels, self._state.completions
        known = parcels[parcel_id]
        task = self._desk.ask(
            TaskKind.FIND_PARCEL,
            at=workflow.now(),
            subject=f"{known.tracking_no or parcel_id} {PARCEL_NAMES[known.status]}",
        )
        await workflow.wait_condition(
            lambda: (
                task in completions
                or not self._waits(step)
                or parcels[parcel_id].status is ParcelStatus.DELIVERED
            )
        )
        done = completions.pop(task, None)
        self._desk.no_longer_asked(task, at=workflow.now(), reason="快件已送达或不再需要")
        return done is None or not done.read(FindParcel).send_again
