"""What the people of any case do again and again, whatever its story is."""

from __future__ import annotations

from typing import Any

from demo.house import House
from demo.people import Answer, until, yuan
from demo.telling import Told


class Hands:
    """The people of a house at work on one case."""

    matters = "/v1/deposit-waivers"
    """Where the door keeps what these people work on."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.case_id = ""
        self.answer: Answer = {}  # to a question asked before, where a story begins with one

    def a_report(self) -> Answer:
        """What the channel sends of this house's guest."""
        guest = self.house.guest
        return {
            "programme": guest.programme,
            "hospital_id": guest.hospital_id,
            "insured": {
                "name": "客户某甲",
                "id_type": "resident_id",
                "id_number": self.house.id_number,
                "phone": "13800138000",
            },
            "disease": guest.disease,
            "channel": "hotline",
            "need": "计划住院, 申请免押金",
            "consent": {
                "given": True,
                "at": self.house.stage.now().isoformat(),
                "version": "v2026_01",
            },
            "customer_id": self.house.customer.subject,
        }

    async def report_stay(self, **more: Any) -> None:
        """The channel reports; the case's id is kept."""
        report = self.a_report() | more
        opened = await self.house.channel.do("/v1/deposit-waivers", report)
        self.case_id = opened["case_id"]

    async def assign_team(self, **more: Any) -> None:
        """Who serves this case: agent, the person who comes, and whoever else the programme has."""
        await self.house.dispatcher.complete(
            self.case_id,
            "assign_team",
            agent_id=self.house.agent.subject,
            nurse_id=self.house.nurse.subject,
            **more,
        )

    async def hand_in(self, *papers: str) -> None:
        """The customer photographs papers."""
        for paper in papers:
            await self.house.customer.upload(self.case_id, paper)

    async def sign_at_the_bed(self) -> None:
        """The agreements and the authorisation are signed where the patient lies."""
        signature = await self.house.nurse.upload(self.case_id, "authorisation")
        await self.house.nurse.complete(
            self.case_id, "sign_on_site", agreements_signed=True, images=[signature]
        )

    async def notice_discharge(self, day: str) -> None:
        """The customer says when he goes home."""
        await self.house.customer.do(
            f"/v1/deposit-waivers/{self.case_id}/discharge-notices",
            {"discharge_on": self.day(day)},
        )
        await self.house.nurse.task(self.case_id, "discharge_visit")

    async def discharge(self, bill_fen: int, *papers: str, documents: bool = True) -> None:
        """The person of ours reads the bill and takes the papers."""
        nurse = self.house.nurse
        images = [await nurse.upload(self.case_id, paper) for paper in papers]
        await nurse.complete(
            self.case_id,
            "discharge_visit",
            bill=yuan(bill_fen),
            claim_explained=True,
            documents_collected=documents,
            images=images,
        )

    async def hospital_refunds(self, amount_fen: int) -> None:
        """The hospital returns unused deposit to the payer."""
        await self.house.finance.task(self.case_id, "confirm_refund")
        await self.house.partner(
            "/payment/v1/refunds",
            {
                "refund_id": f"refund-{self.case_id}",
                "movement_id": f"{self.case_id}:deposit:1",
                "amount": yuan(amount_fen),
            },
        )

    async def insurer_decides(self, decision: str, payable_fen: int, reason: str = "") -> None:
        """The insurer's adjudicator decides the claim."""
        await self.house.partner(
            f"/claims/v1/claims/{self.case_id}:claim/decision",
            {"decision": decision, "payable": yuan(payable_fen), "reason_code": reason},
        )
        await self.claim_is(decision)

    async def repay(self, amount_fen: int, reference: str) -> None:
        """Finance records money that came from the customer."""
        await self.house.finance.complete(
            self.case_id, "record_repayment", amount=yuan(amount_fen), reference=reference
        )

    async def see(self) -> Answer:
        """The case as the supervisor sees it."""
        return await self.house.supervisor.see(f"{self.matters}/{self.case_id}")

    async def ledger(self) -> Answer:
        """The books of the case."""
        return await self.house.finance.see(f"/v1/deposit-waivers/{self.case_id}/ledger")

    async def told(self) -> Told:
        """What the story leaves behind, once it is over."""
        matter = await self.stage_is("closed")
        return Told(matter, self.case_id, await self.ledger(), self.answer or None)

    async def stage_is(self, stage: str) -> Answer:
        """Wait until the case has come to a stage."""

        async def there() -> Answer | None:
            case = await self.see()
            return case if case["stage"] == stage else None

        return await until(there, f"stage {stage}")  # type: ignore[no-any-return]

    async def request_top_up(self, amount_fen: int, *, channel: str = "app") -> str:
        """The customer asks for more in the app; returns the request's id."""
        asked = await self.house.customer.do(
            f"/v1/deposit-waivers/{self.case_id}/top-ups",
            {"amount": yuan(amount_fen), "reason": "deposit_used_up", "channel": channel},
        )
        await self.house.agent.task(self.case_id, "answer_top_up", subject=asked["id"])
        return str(asked["id"])

    async def answer_top_up(self, top_up: str, mode: str, *, visit_at: str | None = None) -> None:
        """The agent says yes, names the way of paying and, for a visit, its time."""
        form: dict[str, Any] = {"accepted": True, "payment_mode": mode}
        if visit_at is not None:
            form["visit_at"] = self.house.at(visit_at).isoformat()
        await self.house.agent.complete(self.case_id, "answer_top_up", subject=top_up, **form)

    async def hand_in_slip(self, number: int) -> str:
        """The nurse photographs the slip of the `number`-th payment; returns its number."""
        movement = f"{self.case_id}:deposit:{number}"
        await self.house.nurse.task(self.case_id, "hand_in_slip", subject=movement)
        image = await self.house.nurse.upload(self.case_id, "deposit_slip")
        paid = {one["movement_id"]: one for one in (await self.see())["payments"]}
        receipt_no = str(paid[movement]["receipt_no"])
        await self.house.nurse.complete(
            self.case_id, "hand_in_slip", subject=movement, images=[image], receipt_no=receipt_no
        )
        return receipt_no

    async def care(
        self, duty: str, duties: list[str], note: str, surgery_on: str | None = None
    ) -> None:
        """The nurse reports a piece of care, and perhaps the day of an operation."""
        image = await self.house.nurse.upload(self.case_id, "step_image")
        form: dict[str, Any] = {"duties": duties, "note": note, "images": [image]}
        if surgery_on is not None:
            form["surgery_on"] = surgery_on
        await self.house.nurse.complete(self.case_id, "care", duty=duty, **form)

    async def payment_is(self, movement_id: str, status: str) -> None:
        """Wait until a payment stands like this."""

        async def so() -> bool:
            case = await self.see()
            return any(
                payment["movement_id"] == movement_id and payment["status"] == status
                for payment in case["payments"]
            )

        await until(so, f"payment {status}")

    async def claim_is(self, state: str) -> None:
        """Wait until the claim stands like this."""

        async def so() -> bool:
            return bool((await self.see())["claim_state"] == state)

        await until(so, f"claim {state}")

    def day(self, text: str) -> str:
        """A day of the story, moved, as the door takes it."""
        return self.house.at(f"{text} 12:00").date().isoformat()
