"""One green-channel booking, lived from the worklist beside the stays: P20's expert visit.

As in a stay, whatever step is open, the person it names does it; what the customer and the hospital
want is drawn from a seed. In the end a booking is over and its unit used or given back.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from demo.people import Answer, Refused
from domain.bookings.booking import BOOKING_ENDED
from tests.soak.people import RealHouse

PROGRAMME: Final = "ins_oncology"
_GLANCE: Final = 0.5
_SOON: Final = timedelta(seconds=3)
"""How far ahead a visit is arranged."""

ALWAYS: Final[dict[str, dict[str, Any]]] = {
    "take_request": {"identity_verified": True, "need": "soak"},
    "tell_result": {"told_by": "phone"},
    "breach": {"action": "soak"},
    "phone_customer": {"reached": True},
    "follow_up_call": {"reached": True, "satisfaction": 5},
}
"""Forms that say the same in every booking."""


class Booked:
    """What one customer and the hospitals will want of a booking."""

    def __init__(self, house: RealHouse, seed: str) -> None:
        chance = random.Random(f"{seed}:booked")
        self.house = house
        self.case_id = ""
        self.doubts: Counter[str] = Counter()
        self.ended = False
        self._approved = chance.random() < 0.9
        self._says_no = chance.choice((0, 0, 1))
        self._outcomes = [
            *chance.choice(([], ["provider_failed"], ["rescheduled"])),
            chance.choice(("delivered", "given_up")),  # nobody waits out the grace of a no-show
        ]
        self._gives_up_at = chance.choice(("", "", "medical_review", "coordinating", "confirmed"))
        self._used = chance.random() < 0.5
        self._done: set[str] = set()

    async def live(self) -> None:
        """From the request until nobody has anything to do any more."""
        asked = await self.house.agent.do("/v1/bookings", self._request())
        self.case_id = str(asked["booking_id"])
        while not self.ended:
            seen = await self.see()
            if self._gives_up_at and seen["stage"] == self._gives_up_at:
                await self._give_up()
            for task in seen["waiting_for"]:
                await self._do(task)
            self.ended = seen["stage"] in BOOKING_ENDED and not seen["waiting_for"]
            await asyncio.sleep(_GLANCE)

    async def see(self) -> Answer:
        """The file as an agent sees it, with its open steps as a stay names them."""
        seen = await self.house.agent.see(f"/v1/bookings/{self.case_id}")
        return seen | {"waiting_for": [one for one in seen["tasks"] if one["closed_at"] is None]}

    def _request(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "programme": PROGRAMME,
            "service": "expert_outpatient",
            "insured": {
                "name": "客户某甲",
                "id_type": "resident_id",
                "id_number": self.house.id_number,
                "phone": "13800138000",
            },
            "disease": "lung_cancer",
            "need": "soak",
            "channel": "hotline",
            "declared": {
                "diagnosis": "confirmed",
                "is_first_diagnosis": True,
                "diagnosed_on": (now.date() - timedelta(days=7)).isoformat(),
            },
            "consent": {"given": True, "at": now.isoformat(), "version": "v2026_01"},
            "customer_id": self.house.customer.subject,
        }

    async def _give_up(self) -> None:
        self._gives_up_at = ""
        with suppress(Refused):
            path = f"/v1/bookings/{self.case_id}/cancellation"
            await self.house.customer.do(path, {"accept_use": True})

    async def _do(self, task: Answer) -> None:
        """Do an open step once; one that has closed meanwhile is somebody's past."""
        if task["task_id"] in self._done:
            return
        person = getattr(self.house, task["roles"][0])
        try:
            form = await self._form(task)
            await person.do(f"/v1/tasks/{task['task_id']}/completion", form)
            self._done.add(task["task_id"])
        except Refused as refused:
            name = str(refused.problem.get("type", "")).rpartition(":")[2]
            self.doubts[f"{task['kind']}: {refused.status} {name}"] += 1

    async def _form(self, task: Answer) -> dict[str, Any]:
        match task["kind"]:
            case "check_papers":
                await self.house.customer.upload(self.case_id, "outpatient_record")
                return {"complete": True}
            case "review_booking":
                return {"approved": self._approved, "reason": "soak"}
            case "arrange_service":
                return {
                    "arranged": True,
                    "service_at": (datetime.now(UTC) + _SOON).isoformat(),
                    "doctor_level": "chief",
                    "hospital_class": "3A",
                    "again_because": "soak",
                }
            case "confirm_booking":
                says_no, self._says_no = self._says_no > 0, 0
                return {"confirmed": not says_no, "told_by": "phone"}
            case "report_visit":
                await asyncio.sleep(_SOON.total_seconds())
                outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
                return {"outcome": outcome, "at": datetime.now(UTC).isoformat(), "note": "soak"}
            case "decide_use":
                return {"used": self._used, "reason": "soak"}
        return dict(ALWAYS[task["kind"]])
