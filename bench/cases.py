"""A case through the door, and the same case on the skeleton, one step at a time or whole.

The whole case is the shortest with money in it: reported, judged, one deposit, discharge, claim,
closed. It runs in real time, so the patient leaves on the day he came.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import UTC, datetime
from typing import Any, Final

from temporalio.client import Client, WorkflowHandle

from bench.house import PROGRAMME, House, person
from bench.line import GLANCE, PATIENCE, NotAsExpected
from bench.skeleton import TASK_QUEUE, Score, Skeleton
from demo.house import HOSPITAL_ID
from demo.people import PICTURE
from domain.calendar import civil_date

PAPERS: Final = (
    "id_card_front",
    "id_card_back",
    "diagnosis_proof",
    "admission_slip",
    "pathology_report",
)
DEPOSIT: Final = {"amount": "50000.00", "currency": "CNY"}
CONTACTED: Final = {"identity_verified": True, "need": "住院押金", "checklist_sent": True}
JUDGED: Final = {
    "approved": True,
    "in_scope": True,
    "previous_history": "none",
    "first_deposit": DEPOSIT,
    "treatment_talk": "与主治医生沟通治疗方案",
}


class Waiver:
    """One case through the door."""

    _numbers = itertools.count()

    def __init__(self, house: House) -> None:
        self.house = house
        self.case_id = ""
        hands = house.hands
        self._agent, self._dispatcher = hands["agent"], hands["dispatcher"]
        self._customer, self._nurse, self._reviewer = (
            hands["customer"],
            hands["nurse"],
            hands["reviewer"],
        )

    async def report(self) -> None:
        """Open the case."""
        now = datetime.now(UTC)
        opened = await self._agent.do(
            "/v1/deposit-waivers",
            {
                "programme": PROGRAMME,
                "hospital_id": HOSPITAL_ID,
                "insured": person(next(self._numbers)),
                "disease": "lung_cancer",
                "channel": "hotline",
                "planned_admission": civil_date(now).isoformat(),
                "need": "住院, 申请免押金",
                "consent": {"given": True, "at": now.isoformat(), "version": "v2026_01"},
                "customer_id": self._customer.subject,
            },
        )
        self.case_id = str(opened["case_id"])

    async def steps_are(self, *kinds: str) -> dict[str, str]:
        """Wait until exactly these steps are open for agent and dispatcher; kind to task id."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self._agent.steps(self.case_id)
                found |= await self._dispatcher.steps(self.case_id)
                if set(found) == set(kinds):
                    return found
                await asyncio.sleep(GLANCE)

    async def contact(self, task_id: str) -> None:
        """The agent's first contact."""
        await self._agent.do(f"/v1/tasks/{task_id}/completion", CONTACTED)

    async def assign(self, task_id: str) -> None:
        """The dispatcher names the team."""
        await self._dispatcher.do(f"/v1/tasks/{task_id}/completion", self._team())

    def _team(self) -> dict[str, Any]:
        return {
            "agent_id": self._agent.subject,
            "nurse_id": self._nurse.subject,
            "doctor_id": "doctor-bench",
        }

    async def whole(self) -> None:
        """From the report to the closed books; the end is heard of as the skeleton's is."""
        await self.report()
        await self._agent.complete(self.case_id, "first_contact", CONTACTED)
        await self._dispatcher.complete(self.case_id, "assign_team", self._team())
        await self._apply()
        await self._go_to_hospital()
        await self._go_home()

    async def _apply(self) -> None:
        agent, case_id = self._agent, self.case_id
        signature = await self._customer.upload(case_id, "authorisation", PICTURE)
        await self._customer.complete(
            case_id, "sign_authorization", {"signed": True, "images": [signature]}
        )
        for paper in PAPERS:
            await self._customer.upload(case_id, paper, PICTURE)
        await agent.complete(case_id, "confirm_documents", {"complete": True})
        await self._reviewer.complete(case_id, "judge_liability", JUDGED)
        await agent.complete(case_id, "tell_result", {"told_by": "phone"})

    async def _go_to_hospital(self) -> None:
        nurse, case_id = self._nurse, self.case_id
        await self._dispatcher.complete(
            case_id,
            "arrange_visit",
            {"visit_at": datetime.now(UTC).isoformat(), "payment_mode": "hospital_online"},
        )
        image = await nurse.upload(case_id, "step_image", PICTURE)
        await nurse.complete(
            case_id, "sign_on_site", {"agreements_signed": True, "images": [image]}
        )
        slip = await nurse.upload(case_id, "deposit_slip", PICTURE)
        receipt_no = await self._receipt()
        await nurse.complete(case_id, "hand_in_slip", {"images": [slip], "receipt_no": receipt_no})

    async def _receipt(self) -> str:
        """The number on the slip: the hospital's cashier has printed it as soon as it is paid."""
        async with asyncio.timeout(PATIENCE):
            while True:
                case = await self._customer.see(f"/v1/deposit-waivers/{self.case_id}")
                for payment in case["payments"]:
                    if payment["receipt_no"]:
                        return str(payment["receipt_no"])
                await asyncio.sleep(GLANCE)

    async def _go_home(self) -> None:
        case_id = self.case_id
        await self._customer.do(
            f"/v1/deposit-waivers/{case_id}/discharge-notices",
            {"discharge_on": civil_date(datetime.now(UTC)).isoformat()},
        )
        for kind in ("fee_list", "discharge_summary"):
            await self._nurse.upload(case_id, kind, PICTURE)
        invoice = await self._nurse.upload(case_id, "original_invoice", PICTURE)
        await self._nurse.complete(
            case_id,
            "discharge_visit",
            {
                "bill": DEPOSIT,
                "claim_explained": True,
                "documents_collected": True,
                "images": [invoice],
            },
        )
        await self._agent.complete(case_id, "file_claim", {"images": [invoice]})
        await self._decided()
        async with asyncio.timeout(PATIENCE):
            stage = await self.house.reader.get_workflow_handle(case_id).result()
        seen = await self._agent.see(f"/v1/deposit-waivers/{case_id}")
        if (stage, seen["stage"]) != ("closed", "closed"):
            raise NotAsExpected(f"{case_id} ended as {stage} and reads {seen['stage']}")

    async def _decided(self) -> None:
        """The insurer decides as soon as the claim is there; that is no part of the door."""
        decision = {"decision": "approved", "payable": DEPOSIT, "reason_code": ""}
        path = f"/claims/v1/claims/{self.case_id}:claim/decision"
        body, headers = json.dumps(decision).encode(), {"Content-Type": "application/json"}
        async with asyncio.timeout(PATIENCE):
            while (await self.house.partners.call("POST", path, body, headers)).status != 200:  # noqa: PLR2004
                await asyncio.sleep(GLANCE)


class Bones:
    """One case on the skeleton."""

    _numbers = itertools.count()

    def __init__(self, client: Client, score: Score) -> None:
        self._client = client
        self._score = score
        self._handle: WorkflowHandle[Skeleton, int]
        self.workflow_id = f"bench-skeleton-{next(self._numbers)}"

    async def start(self) -> None:
        """Start the workflow."""
        self._handle = await self._client.start_workflow(
            Skeleton.run, self._score, id=self.workflow_id, task_queue=TASK_QUEUE
        )

    async def beat(self, number: int) -> None:
        """Begin a beat as the score says it is begun."""
        if self._score.beats[number].begun_by == "signal":
            await self._handle.signal(Skeleton.fact, number)
        else:
            await self._handle.execute_update(Skeleton.command, number)

    async def whole(self) -> None:
        """From start to end, each beat as soon as the last is played."""
        await self.start()
        for number in range(1, len(self._score.beats)):
            await self.beat(number)
        await self._handle.result()
