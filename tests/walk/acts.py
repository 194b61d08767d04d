"""What customers, hospitals, supervisors and chance may do at any moment of a walk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from activities.ports.cases import PaymentRecord, PaymentStatus
from domain.calendar import civil_date
from domain.steps.kinds import Evidence, TaskKind
from domain.waiver import Stage
from tests.builders import CUSTOMER, SUPERVISOR, a_calendar
from tests.walk.checks import Wrong
from tests.walk.engine import Refused
from tests.walk.people import ACTORS
from tests.walk.scene import Scene
from workflows.messages.cases import (
    ClaimDecided,
    DisputeClaim,
    Intervene,
    NoticeDischarge,
    RequestTopUp,
    Withdraw,
)
from workflows.messages.matters import NewCalendar, PolicyEnds
from workflows.messages.payments import DifferenceFound, PaymentResult

LEAPS: Final = (0, 1, 1, 20, 20, 300, 300, 3000)
"""Minutes that pass at once; none means: to the next alarm."""
BOUNDED: Final = frozenset(
    {
        TaskKind.CONFIRM_REFUND,
        TaskKind.RECORD_REPAYMENT,
        TaskKind.SETTLE_BALANCE,
        TaskKind.SETTLE_LATE_CLAIM,
        TaskKind.SETTLE_LATE_REFUND,
    }
)
"""Steps that name an amount which cannot be any."""


class Acts:
    """Everything that is not an activity, a timer or a step done well."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._chance = scene.chance
        self._run = scene.run
        self._books = scene.books
        self._world = scene.world
        self._numbers = 0

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def somebody_acts(self) -> None:
        """A person does an open step."""
        if self._books.tasks:
            self._scene.does(self._chance.choice(list(self._books.tasks.values())))

    def somebody_is_wrong(self) -> None:
        """A step reported by the wrong person, or as it cannot be, is refused without a trace."""
        if not self._books.tasks or self._run.pending:
            return
        task = self._chance.choice(list(self._books.tasks.values()))
        form, actor = self._scene.report(task)
        wrong = self._chance.choice(("role", "task", "empty", "amount", "kind"))
        match wrong:
            case "role":
                others = [one for role, one in ACTORS.items() if role not in task.roles]
                actor = self._chance.choice(others)
            case "task":
                task = task.model_copy(update={"task_id": f"{task.task_id}9"})
            case "kind":
                other = TaskKind.CARE if task.kind is not TaskKind.CARE else TaskKind.BREACH
                task = task.model_copy(update={"kind": other})
            case "empty" if task.kind is not TaskKind.RELEASE_HOLD:
                form = {}
            case "amount" if task.kind in BOUNDED:
                form = {key: _far_too_much(value) for key, value in form.items()}
            case _:
                return
        if task.kind is TaskKind.SIGN_AUTHORIZATION:
            return
        try:
            self._scene.complete(task, actor, form)
        except Refused as refused:
            self._scene.say("wrong", wrong, task.kind.value, refused)
            if self._run.pending:
                raise Wrong(f"a refusal left a trace: {refused}") from None
            return
        raise Wrong(f"{task.kind.value} was taken although wrong: {wrong} {form}")

    def time_passes(self) -> None:
        """To the next alarm, or minutes, or days."""
        leap = self._chance.choice(LEAPS)
        if leap:
            self._scene.pass_to(self._run.now + timedelta(minutes=leap))
        else:
            self._scene.to_next()

    def news_arrives(self) -> None:
        """A word under way reaches the house, in any order."""
        due = [one for one in self._world.news if one.at <= self._run.now]
        if due:
            self._scene.tell(self._chance.choice(due))

    def much_at_once(self) -> None:
        """Answers and news that reach the case in one task."""
        with self._run.together():
            for one in list(self._run.ready):
                self._run.work(one)
            for act in self._chance.sample((self.news_arrives, self.tops_up, self.disputes), 2):
                act()

    def restarts(self) -> None:
        """A worker dies, another one takes over."""
        self._scene.say("another worker")
        self._run.restart()

    def suggests(self) -> None:
        """The server finds the history long."""
        self._run.suggest_new_run = self._chance.random() < 0.5

    def calendar_comes(self) -> None:
        """A holiday notice lands."""
        notice = NewCalendar(calendar=a_calendar(), at=self._run.now)
        self._run.signal("new_calendar", notice)

    def cancels(self) -> None:
        """Somebody asks the server to cancel the case."""
        self._scene.say("cancel requested")
        self._run.cancel()

    # The customer --------------------------------------------------------------------------------

    def tops_up(self) -> None:
        """The deposit is used up; rarely somebody asks before there is one."""
        limit_fen = self._scene.people.limit_fen
        amounts = (1, limit_fen // 10, limit_fen // 3, limit_fen * 2)
        message = RequestTopUp(
            top_up_id=f"t-{self._number()}",
            amount_fen=self._chance.choice(amounts),
            reason="deposit_used_up",
            channel="app",
            actor=CUSTOMER,
            at=self._run.now,
        )
        if self._books.stage is Stage.IN_HOSPITAL or self._chance.random() < 0.1:
            self._scene.signal("request_top_up", message)

    def notices_discharge(self) -> None:
        """A date, or another one, or one that is past."""
        here = self._books.stage in (Stage.IN_HOSPITAL, Stage.DISCHARGE)
        if here or self._chance.random() < 0.05:
            self.says_discharge(self._chance.choice((-2, 0, 0, 1, 2, 9)))

    def says_discharge(self, days: int) -> None:
        """The day of discharge, so many days from now, perhaps told the day before yesterday."""
        ago = self._chance.choice((0, 0, 0, 3000)) if not self._world.calm else 0
        message = NoticeDischarge(
            notice_id=f"d-{self._number()}",
            discharge_on=civil_date(self._run.now) + timedelta(days=days),
            actor=CUSTOMER,
            at=self._run.now - timedelta(minutes=ago),
        )
        self._scene.signal("notify_discharge", message)

    def disputes(self) -> None:
        """The decision is said to be wrong, mostly when it matters."""
        if self._books.stage is Stage.REPAYMENT or self._chance.random() < 0.2:
            self._scene.signal("dispute_claim", self._dispute())

    def _dispute(self) -> DisputeClaim:
        return DisputeClaim(
            dispute_id=f"x-{self._number()}", reason="不同意", actor=CUSTOMER, at=self._run.now
        )

    def withdraws(self) -> None:
        """The customer wants no more."""
        message = Withdraw(reason="不再需要", actor=CUSTOMER, at=self._run.now)
        self._scene.update("withdraw", message)

    # The house -----------------------------------------------------------------------------------

    def supervisor_acts(self) -> None:
        """A hold, somebody else for a step, the end of a policy or of a life."""
        act: Any = self._chance.choice(
            ("hold", "hold", "reassign", "staff", "staff", "policy_ended", "died")
        )
        if act in ("policy_ended", "died") and self._chance.random() < 0.7:
            return
        if act == "policy_ended" and self._run.now.minute % 2:
            ends_on = civil_date(self._run.now) + timedelta(days=self._run.now.minute % 5)
            word = PolicyEnds(actor=SUPERVISOR, at=self._run.now, ends_on=ends_on)
            self._scene.signal("policy_ends", word)
            return
        self._intervene(act)

    def _intervene(self, act: Any) -> None:
        message = Intervene(
            act=act,
            reason="核查",
            task_id=self._chance.choice([*self._books.tasks, "none"]),
            role=self._chance.choice(list(ACTORS)) if act == "staff" else None,
            staff_id=self._chance.choice(("nurse-81", "agent-82")),
            actor=SUPERVISOR,
            at=self._run.now,
        )
        if self._scene.update("intervene", message) and act == "hold":
            self._scene.hold()

    def stops_a_payment(self) -> None:
        """A hold just while nobody knows what becomes of a payment."""
        if self._scene.held_but_for is None and self._open_payments():
            self._intervene("hold")

    def _open_payments(self) -> list[PaymentRecord]:
        return [one for one in self._books.payments.values() if one.settled_at is None]

    def another_amount(self) -> None:
        """A partner confuses amounts: a wrong word on a payment that is still open."""
        if (known := self._open_payments()) and self._run.running:
            record = self._chance.choice(known)
            message = PaymentResult(
                movement_id=record.movement_id,
                status=PaymentStatus.PAID,
                amount_fen=record.amount_fen + 1,
                receipt_no="R-1",
                at=self._run.now,
            )
            self._scene.signal("payment_result", message)

    def decides_again(self) -> None:
        """The insurer tells an old decision once more, best while another claim is filed."""
        filing = any(one.kind is TaskKind.FILE_CLAIM for one in self._books.tasks.values())
        if (told := self._world.decisions) and (filing or self._chance.random() < 0.1):
            claim_id, word, payable_fen = self._chance.choice(told)
            message = {"claim_id": claim_id, "decision": word, "payable_fen": payable_fen}
            decided = ClaimDecided.model_validate(message | {"at": self._run.now})
            self._scene.signal("claim_decided", decided)

    def reconciled(self) -> None:
        """A day's statement is compared with the ledger; what differs goes to the case."""
        for movement_id, movement in self._world.movements.items():
            if movement.word == "pending" or not self._run.running or self._run.pending:
                continue
            ours = self._books.out_fen(movement_id)
            if movement_id not in self._books.payments or ours == movement.out_fen:
                continue
            message = DifferenceFound(
                about=f"payment {civil_date(self._run.now)} other_status {movement_id}",
                amount_fen=abs(ours - movement.out_fen),
                evidence=Evidence(ours=str(ours), theirs=str(movement.out_fen)),
                at=self._run.now,
            )
            self._scene.signal("difference_found", message)

    # Partners ------------------------------------------------------------------------------------

    def hospital_refunds(self) -> None:
        """The hospital sends back what it has too much, in parts, told twice, or a bit more."""
        world, chance = self._world, self._chance
        due_fen = world.refund_due_fen
        if due_fen <= 0:
            more_fen = chance.randrange(1, 1000)  # the bill turns out to be lower
            if not world.discharged or world.bill_fen < more_fen or chance.random() > 0.05:
                return
            world.bill_fen -= more_fen
            due_fen = more_fen
        self._refund(due_fen if chance.random() < 0.6 else chance.randrange(1, due_fen + 1))

    def _refund(self, amount_fen: int) -> None:
        reference = self._world.refunds_now(amount_fen)
        self._scene.say("hospital refunds", amount_fen, reference)
        self._world.tells_refund(amount_fen, reference, copies=self._chance.choice((1, 1, 2)))

    def afterwards(self) -> None:
        """Something comes after the end: a refund, another word on a payment, a decision."""
        chance, world = self._chance, self._world
        paid = [one for one in world.movements.values() if one.word == "paid"]
        match chance.choice(("refund", "payment", "claim", "dispute")):
            case "refund" if world.bill_fen > 1 and world.discharged:
                part_fen = chance.randrange(1, world.bill_fen)
                world.bill_fen -= part_fen
                self._refund(part_fen)
            case "payment" if paid:
                world.turns_out(chance.choice(paid), "refused")
            case "claim" if world.filed:
                world.decides(chance.choice(list(world.filed.values())))
            case "dispute":
                dispute = self._dispute()
                world.later("dispute_claim", lambda _: dispute)
            case _:
                pass


def _far_too_much(value: Any) -> Any:
    if isinstance(value, dict) and "amount" in value:
        return {"amount": "99999999999999.00"}
    return value
