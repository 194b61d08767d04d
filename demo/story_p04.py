"""Story 5, an expert's appointment (P04): one of three chosen, given up in time, asked for again.

Two working days before the visit cancelling is free; National Day lies between, so that the last
free evening is 29 September. A day later it would use the service up, and the customer comes.
"""

from __future__ import annotations

from contextlib import suppress

from demo.booked import BookedHands
from demo.house import Guest, House
from demo.people import Refused
from demo.telling import Say, silently

GUEST = Guest(
    programme="pingan_oncology_157",
    hospital_id="h-55cua2px4ktp7ppw",  # 浙江大学医学院附属第一医院, in Hangzhou
    policy="oncology,1000000.00,0.00,individual,2019-01-01,2099-12-31",
)
BEGINS = "2026-09-28 09:00"
VISIT = "2026-10-08 09:00"
EXPERTS = ("expert-1", "expert-2", "expert-3")


class StoryP04(BookedHands):
    """The story, scene by scene."""

    def __init__(self, house: House, say: Say = silently) -> None:
        super().__init__(house)
        self.say = say

    async def tell(self) -> None:
        """From the first call to the visit, with a change of mind."""
        await self.ask(BEGINS)
        await self.choose("2026-09-28 12:00", due="10-10")
        await self.change_his_mind()
        await self.ask("2026-09-29 20:30")
        await self.choose("2026-09-30 09:00", due="10-13")
        await self.stay_with_it()
        await self.be_accompanied()
        await self.see_the_expert()

    async def ask(self, when: str) -> None:
        """A suspicion is enough; whether the illness is in scope a person says."""
        house = self.house
        await house.go_to(when)
        await self.book(
            "expert_outpatient",
            need="肺部结节, 希望专家面诊",
            declared={"diagnosis": "suspected"},
            hospital_id=house.guest.hospital_id,
        )
        await house.agent.complete(
            self.case_id, "take_request", identity_verified=True, need="肺部结节"
        )
        await house.reviewer.complete(self.case_id, "review_booking", approved=True)
        await house.agent.complete(self.case_id, "tell_result", told_by="phone")
        await house.reviewer.task(self.case_id, "offer_options")
        await self.say(when, f"申请专家门诊, 预约 {self.case_id}", "asks for an expert")

    async def choose(self, when: str, *, due: str) -> None:
        """Three experts are offered, one is chosen: five working days begin (G16)."""
        house = self.house
        await house.go_to(when)
        await house.reviewer.complete(
            self.case_id, "offer_options", options=[{"option": one} for one in EXPERTS]
        )
        await house.customer.complete(self.case_id, "choose_option", option=EXPERTS[1])
        await house.dispatcher.complete(
            self.case_id,
            "arrange_service",
            arranged=True,
            service_at=house.at(VISIT).isoformat(),
        )
        await house.agent.complete(self.case_id, "confirm_booking", confirmed=True, told_by="phone")
        await self.stage_is("confirmed")
        await self.say(
            when,
            f"三选一, 约定 10-08 09:00; G16 截止 {due}",
            f"one of three; due {due}",
        )

    async def change_his_mind(self) -> None:
        """Tue 29 Sep, 20:00: two working days before the visit, and free."""
        when = "2026-09-29 20:00"
        await self.house.go_to(when)
        await self.give_up()
        seen = await self.stage_is("cancelled")
        await self.say(when, f"取消, 免费; 权益 {seen['unit']}", "given up in time, free")

    async def stay_with_it(self) -> None:
        """Wed 30 Sep: giving up now would use the service up, and is not done unasked."""
        when = "2026-09-30 10:00"
        await self.house.go_to(when)
        with suppress(Refused):
            await self.give_up()
            raise AssertionError("it was given up unasked")
        await self.say(when, "再取消将占用权益, 客户保留预约", "too late to be free; he keeps it")

    async def be_accompanied(self) -> None:
        """An escort is offered, taken and calls the customer."""
        house, when = self.house, "2026-10-07 10:00"
        await house.go_to(when)
        await house.dispatcher.complete(
            self.case_id, "offer_visit", nurses=[{"nurse_id": house.nurse.subject}]
        )
        await self.nurse_takes(f"{self.case_id}:visit_escort:1")
        await house.nurse.complete(self.case_id, "call_customer", reached=True)
        await self.say(when, "陪诊专员接单并电话确认", "an escort takes it and calls him")

    async def see_the_expert(self) -> None:
        """Thu 8 Oct: met at the hospital, brought to the expert and out again."""
        house = self.house
        await house.go_to("2026-10-08 08:48")
        at = house.at("2026-10-08 08:48").isoformat()
        await house.nurse.complete(self.case_id, "check_in", at=at)
        await house.nurse.complete(self.case_id, "call_on_the_way", on_time=True)
        await house.nurse.complete(self.case_id, "meet_customer", met=True, at=at)
        when = "2026-10-08 11:00"
        await house.go_to(when)
        at = house.at(when).isoformat()
        await house.nurse.complete(
            self.case_id, "check_out", at=at, items=["accompany"], closing_words=True
        )
        await house.agent.complete(self.case_id, "report_visit", outcome="delivered", at=at)
        await self.say(when, "专员全程陪同就诊, 权益已使用", "seen by the expert, accompanied")
