"""The people of a walk: each does an open step as it ought to be done, or spoils it on purpose.

What they report is drawn by the seed; where the world knows the truth (what was paid, what the
hospital returned) they find it out, except that somebody is wrong now and then.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from activities.ports.cases import TaskOpened
from domain.calendar import civil_date
from domain.documents import DocumentKind
from domain.programmes.programme import Programme
from domain.roles import Role
from domain.waiver import PaymentMode
from tests.builders import (
    AGENT,
    CUSTOMER,
    DISPATCHER,
    DOCTOR,
    FINANCE,
    INSURER,
    NURSE,
    REVIEWER,
    SUPERVISOR,
)
from tests.walk.world import World
from workflows.messages.matters import Actor

ACTORS: Final = {
    one.role: one
    for one in (
        AGENT,
        CUSTOMER,
        DISPATCHER,
        DOCTOR,
        FINANCE,
        INSURER,
        NURSE,
        REVIEWER,
        SUPERVISOR,
    )
}
EVERY_PAPER: Final = {kind.value: ["doc-1"] for kind in DocumentKind}
IMAGES: Final = {"images": ["i-1"]}


def _nothing() -> None:
    pass


def yuan(fen: int) -> dict[str, str]:
    """An amount as it stands in a form."""
    return {"amount": f"{fen // 100}.{fen % 100:02d}"}


@dataclass
class People:
    """Everybody who works through the list of one case."""

    chance: random.Random
    world: World
    programme: Programme
    modes: list[PaymentMode]
    limit_fen: int
    calm: bool = False

    gave: dict[str, int] = field(default_factory=dict)
    """What customer, insurer and loss have paid of an ended case; set by the walk."""

    def __post_init__(self) -> None:
        self.references = 0
        self.then: Callable[[], object] = _nothing
        """What happens in the world when the step that was just reported is accepted."""

    def actor(self, task: TaskOpened, team: dict[str, str]) -> Actor:
        """Who does a step: the person it names, or somebody of its role."""
        role = self.chance.choice(task.roles)
        if role is Role.NURSE:
            return Actor(role=role, id=task.assignee or team.get("nurse", NURSE.id))
        return ACTORS[role]

    def luck(self, part: float) -> bool:
        """Whether somebody does it another way."""
        return not self.calm and self.chance.random() < part

    def form(self, task: TaskOpened, now: datetime, owed_fen: int) -> dict[str, Any]:
        """What is reported when the step is done properly."""
        self.then = _nothing
        method = getattr(self, f"_{task.kind.value}", None)
        if method is None:
            raise AssertionError(f"nobody knows how to do {task.kind}")
        found: dict[str, Any] = method(task, now, owed_fen)
        return found

    def _reference(self) -> str:
        self.references += 1
        return f"BANK-{self.references}"

    # Before the stay -----------------------------------------------------------------------------

    def _first_contact(self, *_: Any) -> dict[str, Any]:
        visit = self.programme.deposit_waiver.collecting.visit_offered and self.luck(0.5)
        return {
            "identity_verified": not self.luck(0.03),
            "need": "住院押金",
            "checklist_sent": True,
            "note": "已核对证件",
            "can_give_invoices": not self.luck(0.05),
            "visit_wanted": visit,
        }

    def _assign_team(self, *_: Any) -> dict[str, Any]:
        return {"agent_id": AGENT.id, "nurse_id": NURSE.id, "doctor_id": DOCTOR.id}

    def _sign_authorization(self, *_: Any) -> dict[str, Any]:
        return IMAGES | {"signed": not self.luck(0.04)}

    def _document_visit(self, *_: Any) -> dict[str, Any]:
        return dict(IMAGES)

    def _confirm_documents(self, *_: Any) -> dict[str, Any]:
        if self.luck(0.25):
            return {"complete": False, "missing": ["diagnosis_proof"]}
        return {"complete": True}

    def _judge_liability(self, *_: Any) -> dict[str, Any]:
        yes = not self.luck(0.05)
        limit_fen = self.limit_fen - self.chance.choice((0, 0, self.limit_fen // 5))
        deposit_fen = self.chance.randrange(1, limit_fen // self.chance.choice((2, 5, 20)))
        return {
            "approved": yes,
            "in_scope": yes,
            "previous_history": "none",
            "limit": yuan(limit_fen) if yes else None,
            "first_deposit": yuan(deposit_fen) if yes else None,
            "treatment_talk": "已沟通",
            "reason": "" if yes else "不属于约定疾病",
        }

    def _second_review(self, task: TaskOpened, *_: Any) -> dict[str, Any]:
        # An opinion of no names no deposit, and cannot be approved.
        yes = task.amount_fen is not None and not self.luck(0.05)
        return {"approved": yes, "reason": "" if yes else "不同意垫付"}

    def _tell_result(self, task: TaskOpened, now: datetime, _: int) -> dict[str, Any]:
        day = civil_date(now) + timedelta(days=self.chance.randrange(1, 9))
        wanted = day.isoformat() if self.luck(0.3) else None
        return {"told_by": "phone", "note": "已说明", "customer_date": wanted}

    def _arrange_visit(self, task: TaskOpened, now: datetime, _: int) -> dict[str, Any]:
        visit_at = now + timedelta(hours=self.chance.randrange(1, 50))
        mode = self.chance.choice([None, *self.modes])
        visit = {"visit_at": visit_at.isoformat(), "again_because": "改期后可到院"}
        return visit | {"payment_mode": mode.value if mode else None}

    def _sign_on_site(self, *_: Any) -> dict[str, Any]:
        no_show = self.luck(0.03)
        signed = not no_show and not self.luck(0.04)
        return IMAGES | {"agreements_signed": signed, "no_show": no_show}

    # The stay ------------------------------------------------------------------------------------

    def _hand_in_slip(self, *_: Any) -> dict[str, Any]:
        return IMAGES | {"receipt_no": self._reference(), "receipt_confirmed": True}

    def _keep_slip(self, task: TaskOpened, *_: Any) -> dict[str, Any]:
        return {"handed_by": "nurse-5", "received_by": "finance-4", "receipt_no": task.subject}

    def _give_out_slips(self, *_: Any) -> dict[str, Any]:
        return {"handed_by": "finance-4", "received_by": "nurse-5"}

    def _care(self, task: TaskOpened, now: datetime, _: int) -> dict[str, Any]:
        day = civil_date(now) + timedelta(days=2)
        surgery = day.isoformat() if self.luck(0.1) else None
        duty = task.duty.value if task.duty else "bedside_visit"
        return IMAGES | {"duties": [duty], "note": "已探望", "surgery_on": surgery}

    def _answer_top_up(self, task: TaskOpened, now: datetime, _: int) -> dict[str, Any]:
        yes = not self.luck(0.1)
        mode = self.chance.choice([None, *self.modes])
        visit_at = now + timedelta(hours=3) if self.luck(0.5) else None
        return {
            "accepted": yes,
            "payment_mode": mode.value if mode else None,
            "visit_at": visit_at.isoformat() if visit_at else None,
            "reason": "" if yes else "单据不符",
        }

    def _accept_offer(self, *_: Any) -> dict[str, Any]:
        return {"accepted": not self.luck(0.3)}

    def _verify_cost(self, *_: Any) -> dict[str, Any]:
        return IMAGES | {"incurred": yuan(123_456), "needed": not self.luck(0.1)}

    def _on_site_top_up(self, *_: Any) -> dict[str, Any]:
        return dict(IMAGES)

    def _discharge_visit(self, *_: Any) -> dict[str, Any]:
        out_fen = self.world.deposits_out_fen
        part = self.chance.choice((0.0, 0.3, 0.8, 1.0, 1.0, 1.3))
        bill_fen = int(out_fen * part)
        self.then = partial(self.world.goes_home, bill_fen)
        return IMAGES | {
            "bill": yuan(bill_fen),
            "bill_confirmed": True,
            "claim_explained": True,
            "documents_collected": not self.luck(0.2),
        }

    def _settle_balance(self, task: TaskOpened, *_: Any) -> dict[str, Any]:
        bill_fen = task.amount_fen or 0
        return {"covered": yuan(min(bill_fen, self.limit_fen * 3 // 4))}

    # The end of the money ------------------------------------------------------------------------

    def _confirm_refund(self, task: TaskOpened, *_: Any) -> dict[str, Any]:
        """Money the hospital sent and told nobody of."""
        asked_fen = min(task.amount_fen or 0, self.world.refund_due_fen)
        part_fen = asked_fen if not self.luck(0.3) else max(1, asked_fen // 2)
        reference = f"C-{self.world.refunds + 1}"
        self.then = partial(self.world.refunds_now, part_fen)
        return {"received": yuan(part_fen), "reference": reference}

    def _collect_claim_documents(self, *_: Any) -> dict[str, Any]:
        return dict(IMAGES)

    def _file_claim(self, *_: Any) -> dict[str, Any]:
        return IMAGES | {"courier_no": self._reference()}

    def _aftercare(self, *_: Any) -> dict[str, Any]:
        return {"note": "已咨询"}

    def _record_repayment(self, task: TaskOpened, now: datetime, owed_fen: int) -> dict[str, Any]:
        amount_fen = owed_fen if not self.luck(0.6) else max(1, owed_fen // 3)
        return {"amount": yuan(amount_fen), "reference": self._reference()}

    def _arrange_repayment(self, task: TaskOpened, now: datetime, owed_fen: int) -> dict[str, Any]:
        if self.chance.random() < 0.5:
            return {"write_off": True, "reason": "无力偿还"}
        parts = self.chance.choice((1, 2, 3))
        parts = min(parts, owed_fen)
        share_fen = owed_fen // parts
        today = civil_date(now)
        amounts = [share_fen] * (parts - 1) + [owed_fen - share_fen * (parts - 1)]
        plan = [
            {"due_on": (today + timedelta(days=30 * n)).isoformat(), "amount": yuan(fen)}
            for n, fen in enumerate(amounts, 1)
        ]
        return {"instalments": plan, "reason": "客户分期"}

    def _sign_write_off(self, *_: Any) -> dict[str, Any]:
        """By a supervisor; finance asked for it, which is the first signature."""
        return {"approved": not self.luck(0.3), "reason": "同意"}

    def _decide_dispute(self, *_: Any) -> dict[str, Any]:
        return {"upheld": self.luck(0.4), "reason": "已复核"}

    def _resolve_payment(self, task: TaskOpened, *_: Any) -> dict[str, Any]:
        """Finance asks the partner; a payout it refused finance pays by another way."""
        out_fen = self.world.found_out(task.subject)
        movement = self.world.movements.get(task.subject)
        payout = ":payout" in task.subject
        if payout and movement is not None and movement.word == "refused":
            self.then = partial(self.world.paid_by_hand, movement)
            out_fen = movement.order.amount_fen
        paid = out_fen > 0
        return {"paid": paid, "reference": "R-9" if paid else None, "evidence": "已与渠道核对"}

    def _correct_payment(self, task: TaskOpened, *_: Any) -> dict[str, Any]:
        movement_id = task.subject.rpartition(" ")[2]
        out_fen = self.world.found_out(movement_id)
        return {
            "really_out": yuan(out_fen),
            "reference": "R-9" if out_fen else None,
            "evidence": "已与渠道核对",
        }

    def _settle_late_refund(self, task: TaskOpened, *_: Any) -> dict[str, Any]:
        """As much as each gave, in turn; the rest goes back to the hospital."""
        left_fen = task.amount_fen or 0
        form: dict[str, Any] = {"reason": "医院重新结算"}
        for name, gave_fen in self.gave.items():
            part_fen = min(left_fen, gave_fen)
            left_fen -= part_fen
            form[name] = yuan(part_fen)
        self.then = partial(self.world.back_to_hospital, left_fen)
        return form | {"to_hospital": yuan(left_fen)}

    def _settle_late_claim(self, task: TaskOpened, _: datetime, owed_fen: int) -> dict[str, Any]:
        """All of it came, and makes good what was given up."""
        amount_fen = task.amount_fen or 0
        loss_fen = min(self.gave["to_loss"], amount_fen) if owed_fen == 0 else 0
        return {
            "received": yuan(amount_fen),
            "to_loss": yuan(loss_fen),
            "reason": "保险公司追加赔付",
        }

    def _explain_difference(self, *_: Any) -> dict[str, Any]:
        return {"explanation": "已核对"}

    def _release_hold(self, *_: Any) -> dict[str, Any]:
        return {}

    def _breach(self, *_: Any) -> dict[str, Any]:
        return {"action": "已跟进"}

    def _phone_customer(self, *_: Any) -> dict[str, Any]:
        return {"reached": True}
