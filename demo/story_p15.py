"""Story 6, an operation at night (P15): rescue first, every minute of it written down.

Nobody knows the patient, nobody pays, and nothing waits for either; it is a holiday night, so the
hospital's duty officer hears of it and not the office of medical affairs.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from demo.hands import Hands
from demo.house import Guest, House
from demo.people import Answer, Person, Refused, until
from demo.telling import Say, Told, silently

GUEST = Guest(
    programme="hosp_shuangcheng_surgery",
    hospital_id="h-55cua2px4ktp7ppw",
    policy="none,0.00,0.00,individual,2019-01-01,2099-12-31",
)
BEGINS = "2026-10-04 02:10"
EIGHT = {
    "name": "未知",
    "age": "unknown",
    "sex": "male",
    "diagnosis": "股骨骨折伴大出血",
    "operation": "切开复位",
    "anaesthesia": "全麻",
    "team": "甲、乙、丙",
    "notifier": "丁",
}
"""What the theatre is told on the phone."""


class StoryP15(Hands):
    """The story, minute by minute."""

    matters = "/v1/rescues"

    def __init__(self, house: House, say: Say = silently) -> None:
        super().__init__(house)
        self.say = say

    async def tell(self) -> None:
        """From the first contact to the papers."""
        await self.bring_in()
        await self.call_surgeons()
        await self.decide_to_operate()
        await self.prepare()
        await self.operate()
        await self.see_to_the_papers()

    async def see(self) -> Answer:
        """The rescue as the officer on duty sees it."""
        return await self.house.ward_duty.see(f"{self.matters}/{self.case_id}")

    async def told(self) -> Told:
        """The rescue as it ended; it moved no money."""
        return Told(await self.stage_is("closed"), self.case_id)

    async def report(self, by: Person, *steps: str, **more: Any) -> None:
        """Somebody at the patient reports what they have just done."""
        at = self.house.stage.now().isoformat()
        told = [{"step": step, "at": at, **more} for step in steps]
        await by.do(f"{self.matters}/{self.case_id}/steps", {"steps": told})

    async def bring_in(self) -> None:
        """02:10 at triage, bleeding; 02:12 in the rescue room."""
        ward = self.house
        opened = await ward.ward_nurse.do(
            self.matters,
            {
                "programme": GUEST.programme,
                "service": "er_rescue_channel",
                "complaint": "外伤, 活动性出血",
                "arrival": "ambulance",
                "found_at": "outpatient",
            },
        )
        self.case_id = opened["rescue_id"]
        await self.say(BEGINS, f"预检: 外伤活动性出血, {self.case_id}", "at triage, bleeding")
        await ward.go_to("2026-10-04 02:12")
        await self.report(ward.ward_nurse, "straight_in")
        await ward.ward_nurse.do(
            f"{self.matters}/{self.case_id}/triage", {"groups": ["bleeding_trauma"], "level": 1}
        )
        await self.say("2026-10-04 02:12", "直入抢救室 (30分钟内)", "straight into the rescue room")

    async def call_surgeons(self) -> None:
        """02:12 both departments are called, 02:17 both are there."""
        ward = self.house
        await self.report(ward.ward_nurse, "notify_surgeons")
        await self._asked("consult")
        await ward.go_to("2026-10-04 02:17")
        for department in ("外科", "骨科"):
            await self.report(ward.ward_nurse, "consult", department=department)
        await self.say("2026-10-04 02:17", "外科、骨科5分钟到场", "both consultants within 5 min")

    async def decide_to_operate(self) -> None:
        """02:22 decided; the theatre is told at once, with eight facts."""
        ward = self.house
        await ward.go_to("2026-10-04 02:22")
        await ward.ward_doctor.do(
            f"{self.matters}/{self.case_id}/services", {"service": "emergency_surgery_channel"}
        )
        await self.report(ward.ward_doctor, "decide", "tell_theatre")
        await self.report(ward.ward_nurse, "record_call", details=EIGHT)
        await self.say("2026-10-04 02:22", "决定手术, 即电手术室", "decided; the theatre knows")

    async def prepare(self) -> None:
        """Anaesthetist 02:23, orders 02:25, carried out 02:35, examined 02:45, ready 02:53."""
        ward = self.house
        for minute, by, step in (
            ("02:23", ward.ward_nurse, "tell_anaesthetist"),
            ("02:25", ward.ward_doctor, "orders"),
            ("02:35", ward.ward_nurse, "execute"),
            ("02:45", ward.ward_staff, "exams"),
            ("02:53", ward.ward_doctor, "anaesthesia_ready"),
        ):
            await ward.go_to(f"2026-10-04 {minute}")
            await self.report(by, step)
        await self.say("2026-10-04 02:53", "医嘱、检查、麻醉均按时完成", "prepared in 31 minutes")

    async def operate(self) -> None:
        """Brought by a nurse and a specialist, handed over face to face; then to the ward."""
        ward = self.house
        await self.report(ward.ward_nurse, "bring", details={"nurse": "甲", "specialist": "乙"})
        facing = {"theatre_nurse": "丙", "anaesthetist": "丁"}
        await self.report(ward.ward_nurse, "face_to_face", details=facing)
        await ward.go_to("2026-10-04 05:10")
        await self.report(ward.ward_nurse, "to_ward", details={"ward": "骨科", "disputed": "no"})
        await ward.ward_doctor.do(
            f"{self.matters}/{self.case_id}/outcome",
            {
                "outcome": "admitted",
                "at": ward.stage.now().isoformat(),
                "handed_to": "骨科病区",
            },
        )
        await self.say("2026-10-04 05:10", "面对面交接, 术后入骨科病区", "operated, in the ward")

    async def see_to_the_papers(self) -> None:
        """Reported upward; registered, paid for and followed up once the patient is safe."""
        house = self.house
        people = (house.ward_staff, house.ward_nurse, house.ward_doctor, house.ward_duty)

        async def over() -> bool:
            for person in people:
                for task in (await person.see("/v1/tasks", case_id=self.case_id))["items"]:
                    await self._finish(person, task)
            return bool((await self.see())["stage"] == "closed")

        await until(over, "the papers")
        await self.say("2026-10-04 05:10", "登记、缴费、上报均在抢救之后", "the papers come last")

    async def _finish(self, person: Person, task: Answer) -> None:
        """Do a step as its form wants it; nothing is left to decide in any of these."""
        now = self.house.stage.now().isoformat()
        service, _, step = task["subject"].partition(".")
        done: dict[str, Answer] = {
            "rescue_step": {"service": service, "step": step, "at": now},
            "report_rescue": {"at": now, "to": task["subject"]},
            "collect_fees": {"settled": True},
            "follow_up_call": {"reached": True, "satisfaction": 5},
        }
        with suppress(Refused):  # the list lags behind, or a colleague was quicker
            await person.do(f"/v1/tasks/{task['task_id']}/completion", done.get(task["kind"], {}))

    async def _asked(self, step: str) -> None:
        """Wait until a step is on somebody's list."""

        async def found() -> bool:
            tasks = (await self.see())["tasks"]
            return any(step in task["subject"] for task in tasks)

        await until(found, step)
