"""Sending nurses to a bedside."""

from __future__ import annotations

from temporalio import activity

from activities.ports.visits import DispatchPort, VisitAnswer, VisitOrder


class SendNurse:
    """The verbs of the nurse platform."""

    def __init__(self, *, dispatch: DispatchPort) -> None:
        self._dispatch = dispatch

    @activity.defn(name="order_visit")
    async def order(self, order: VisitOrder) -> VisitAnswer:
        """Order a visit, or re-plan it under the same id."""
        return await self._dispatch.order_visit(order)

    @activity.defn(name="cancel_visit")
    async def cancel(self, visit_id: str) -> None:
        """Call a visit off."""
        await self._dispatch.cancel_visit(visit_id)
