"""One hospital stay, lived from the worklist: whatever step is open, the person it names does it.

Nothing is scripted but what the customer, the hospital and the insurer want; the rest follows from
what the case asks for. So a refused payment, a visit nobody takes or a phone call to make are just
further steps.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from demo.hands import Hands
from demo.people import Answer, Person, Refused, yuan
from demo.story_one import PAPERS, StoryOne
from domain.money import parse_fen
from domain.waiver import ENDED
from tests.soak.people import RealHouse

MODES: Final = ("hospital_online", "qr_code", "inhouse_specialist", "contracted_nurse")
LIMIT_FEN: Final = 50_000_000
_GLANCE: Final = 0.5

ALWAYS: Final[dict[str, dict[str, Any]]] = {
    "first_contact": {"identity_verified": True, "need": "soak", "checklist_sent": True},
    "assign_team": {"agent_id": "agent-07", "nurse_id": "nurse-0042", "doctor_id": "doctor-11"},
    "confirm_documents": {"complete": True},
    "tell_result": {"told_by": "phone"},
    "breach": {"action": "soak"},
    "phone_customer": {"reached": True},
}
"""Forms that say the same in every stay."""


class Stay(Hands):
    """What one customer, hospital and insurer will want, drawn from a seed."""

    def __init__(self, house: RealHouse, seed: str) -> None:
        super().__init__(house)
        self.own = house
        self._chance = random.Random(seed)
        chance = self._chance
        self._first_fen = chance.randrange(1_000_000, 20_000_000)
        self._top_ups = [
            chance.randrange(1, 25_000_000) for _ in range(chance.choice((0, 1, 2, 2, 3, 4)))
        ]
        self._withdraws = chance.random() < 0.1
        self._bill_part = chance.choice((0.0, 0.4, 0.85, 1.0, 1.0, 1.1))
        self._paid_part = chance.choice((0.0, 0.5, 1.0, 1.3))
        self._asked: list[str] = []
        self._noticed = self._refunded = self._decided = False
        self._mode_of_visit = chance.choice(MODES)
        self.doubts: Counter[str] = Counter()
        self._done: set[str] = set()
        self.ended = False

    async def live(self) -> None:
        """From the report until nobody has anything to do any more."""
        story = StoryOne(self.house)
        opened = await self.house.channel.do("/v1/deposit-waivers", story.a_report())
        self.case_id = str(opened["case_id"])
        if self._withdraws:
            await self._withdraw()
        while not self.ended:
            case = await self.see()
            for task in case["waiting_for"]:
                await self._do(task)
            await self._world(case)
            self.ended = case["stage"] in ENDED and not case["waiting_for"]
            await asyncio.sleep(_GLANCE)

    async def _withdraw(self) -> None:
        with suppress(Refused):
            path = f"/v1/deposit-waivers/{self.case_id}/withdrawal"
            await self.house.customer.do(path, {"reason": "soak"})

    # Steps ---------------------------------------------------------------------------------------

    async def _do(self, task: Answer) -> None:
        """Do an open step; one that has closed meanwhile is somebody's past."""
        kind = task["kind"]
        if kind in {"confirm_refund", "resolve_payment", "arrange_repayment"} or _is_for_later(
            task
        ):
            return
        if task["task_id"] in self._done:
            return  # taken by the case, not yet written into the casebook
        try:
            if kind == "sign_authorization":
                await self._sign()
                self._done.add(task["task_id"])
                return
            person = self._person(task["roles"][0])
            form = await self._form(kind, task, person)
            await person.do(f"/v1/tasks/{task['task_id']}/completion", form)
            self._done.add(task["task_id"])
        except Refused as refused:
            name = str(refused.problem.get("type", "")).rpartition(":")[2]
            self.doubts[f"{kind}: {refused.status} {name}"] += 1

    def _person(self, role: str) -> Person:
        person: Person = getattr(self.house, role)
        return person

    async def _sign(self) -> None:
        for paper in PAPERS:
            await self.house.customer.upload(self.case_id, paper)
        image = await self.house.customer.upload(self.case_id, "authorisation")
        await self.house.customer.do(
            f"/v1/deposit-waivers/{self.case_id}/authorization", {"signed": True, "images": [image]}
        )

    async def _form(self, kind: str, task: Answer, person: Person) -> dict[str, Any]:
        amount_fen = parse_fen(task["amount"]["amount"]) if task["amount"] else 0
        soon = datetime.now(UTC) + timedelta(minutes=1)
        if kind in ALWAYS:
            return dict(ALWAYS[kind])
        match kind:
            case "judge_liability":
                return {
                    "approved": True,
                    "in_scope": True,
                    "previous_history": "none",
                    "limit": yuan(LIMIT_FEN),
                    "first_deposit": yuan(self._first_fen),
                    "treatment_talk": "soak",
                }
            case "arrange_visit":
                visit = {"visit_at": soon.isoformat(), "again_because": "soak"}
                return visit | {"payment_mode": self._mode_of_visit}
            case "answer_top_up":
                mode = MODES[len(task["subject"]) % 2 + amount_fen % 3]
                return {"accepted": True, "payment_mode": mode, "visit_at": soon.isoformat()}
            case "accept_offer":
                return {"accepted": amount_fen % 4 != 0}
            case "discharge_visit":
                papers = ("original_invoice", "fee_list", "discharge_summary")
                images = [await person.upload(self.case_id, paper) for paper in papers]
                advanced_fen = await self._advanced_fen()
                return {
                    "bill": yuan(int(advanced_fen * self._bill_part)),
                    "bill_confirmed": self._bill_part == 0.0,
                    "claim_explained": True,
                    "documents_collected": True,
                    "images": images,
                }
            case "record_repayment":
                return {"amount": yuan(amount_fen), "reference": f"BANK-{secrets.token_hex(6)}"}
        return await self._with_image(kind, task, person)

    async def _with_image(self, kind: str, task: Answer, person: Person) -> dict[str, Any]:
        paper = "deposit_slip" if kind == "hand_in_slip" else "step_image"
        image = await person.upload(self.case_id, paper)
        form: dict[str, Any] = {"images": [image]}
        if kind == "sign_on_site":
            form["agreements_signed"] = True
        if kind == "hand_in_slip":
            paid = {one["movement_id"]: one for one in (await self.see())["payments"]}
            form["receipt_no"] = paid[task["subject"]]["receipt_no"]
        if kind == "care":
            form |= {"duties": [task["duty"]], "note": "soak"}
        return form

    async def _advanced_fen(self) -> int:
        return parse_fen((await self.see())["money"]["advanced"]["amount"])

    # The world outside ---------------------------------------------------------------------------

    async def _world(self, case: Answer) -> None:
        """The customer asks and leaves, the desk scans, the hospital and the insurer pay."""
        for payment in case["payments"]:
            if payment["mode"] == "qr_code" and payment["status"] == "pending":
                await self._partner(f"/payment/v1/payments/{payment['movement_id']}/scan", {})
        if case["stage"] == "in_hospital":
            await self._on_the_ward()
        if any(task["kind"] == "confirm_refund" for task in case["waiting_for"]):
            await self._refund(case)
        if case["claim_state"] == "filed" and not self._decided:
            await self._decide()

    async def _on_the_ward(self) -> None:
        path = f"/v1/deposit-waivers/{self.case_id}"
        if len(self._asked) < len(self._top_ups):
            amount = yuan(self._top_ups[len(self._asked)])
            body = {"amount": amount, "reason": "deposit_used_up", "channel": "app"}
            self._asked.append((await self.house.customer.do(f"{path}/top-ups", body))["id"])
        elif not self._noticed:
            # Perhaps while a top-up is still on its way: it is called off or waited for.
            today = (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()
            await self.house.customer.do(f"{path}/discharge-notices", {"discharge_on": today})
            self._noticed = True

    async def _refund(self, case: Answer) -> None:
        if self._refunded:
            return
        task = next(one for one in case["waiting_for"] if one["kind"] == "confirm_refund")
        paid = next(one for one in case["payments"] if one["status"] == "paid")
        body = {
            "refund_id": f"refund-{self.case_id}",
            "movement_id": paid["movement_id"],
            "amount": task["amount"],
        }
        self._refunded = await self._partner("/payment/v1/refunds", body)

    async def _decide(self) -> None:
        ledger = await self.ledger()
        outstanding_fen = parse_fen(ledger["balances"]["advance_outstanding"])
        payable_fen = int(outstanding_fen * self._paid_part)
        word = "denied" if payable_fen == 0 else "approved" if self._paid_part >= 1 else "partial"
        decision = {"decision": word, "payable": yuan(payable_fen), "reason_code": "soak"}
        path = f"/claims/v1/claims/{self.case_id}:claim/decision"
        self._decided = await self._partner(path, decision)

    async def _partner(self, path: str, body: dict[str, Any]) -> bool:
        try:
            await self.own.partner(path, body)
        except Refused as refused:
            self.doubts[f"{path.rpartition('/')[2]}: {json.dumps(refused.problem)}"] += 1
            return refused.status == 409
        return True


def _is_for_later(task: Answer) -> bool:
    """Care in a week's time is not done today; the discharge takes it off the list."""
    if task["kind"] != "care" or task["due_at"] is None:
        return False
    return datetime.fromisoformat(task["due_at"]) > datetime.now(UTC) + timedelta(days=1)
