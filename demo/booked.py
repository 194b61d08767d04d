"""What the people of a booking do again and again, whatever its service is."""

from __future__ import annotations

from typing import Any

from demo.hands import Hands
from demo.people import Answer, until
from demo.telling import Told


class BookedHands(Hands):
    """The people of a house at work on one booking."""

    matters = "/v1/bookings"

    async def book(self, service: str, **more: Any) -> None:
        """The customer asks for a service on the hotline; the booking's id is kept."""
        report = self.a_report()
        asked = {
            name: report[name]
            for name in ("programme", "insured", "need", "channel", "consent", "customer_id")
        }
        booked = await self.house.agent.do(self.matters, asked | {"service": service, **more})
        self.case_id = booked["booking_id"]

    async def give_up(self, *, accept_use: bool = False) -> Answer:
        """The customer cancels; raises `Refused` where that uses the service up unasked."""
        path = f"{self.matters}/{self.case_id}/cancellation"
        return await self.house.customer.do(path, {"accept_use": accept_use})

    async def nurse_takes(self, visit_id: str) -> None:
        """A nurse the visit was offered to says yes in the platform's app."""

        async def offered() -> bool:
            return (await self.house.partners.get(f"/nurse/v1/visits/{visit_id}")).is_success

        await until(offered, f"visit {visit_id} at the platform")
        word = {"nurse_id": self.house.nurse.subject, "accepts": True}
        await self.house.partner(f"/nurse/v1/visits/{visit_id}/words", word)

    async def told(self) -> Told:
        """The booking as it ended; it moved no money."""
        return Told(await self.stage_is("closed"), self.case_id)
