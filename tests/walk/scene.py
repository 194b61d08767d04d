"""The stage of one walk: the case, its house and its world, and how things happen on it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio import activity

import worker
from activities.ports.cases import PaymentOrder, PaymentStatus, PayoutOrder, TaskOpened
from domain.calendar import civil_date
from domain.eligibility import Outcome
from domain.steps.kinds import TaskKind
from domain.waiver import ENDED, PaymentMode, Stage
from tests.builders import a_calendar, a_case, a_verdict, programme_of
from tests.walk.books import WalkBooks
from tests.walk.checks import Wrong
from tests.walk.engine import Execution, Refused, named
from tests.walk.people import EVERY_PAPER, People
from tests.walk.world import News, World
from workflows.deposit_waiver import DepositWaiver
from workflows.messages.cases import Authorize, ClaimDecided
from workflows.messages.matters import Actor, CompleteTask
from workflows.messages.payments import PaymentResult

MODES: Final = {
    "bainian_deposit_waiver": [
        PaymentMode.HOSPITAL_ONLINE,
        PaymentMode.QR_CODE,
        PaymentMode.INHOUSE_SPECIALIST,
        PaymentMode.CONTRACTED_NURSE,
    ],
    "pingan_value_added": [PaymentMode.MEDICAL_ASSISTANT_ONSITE],
    "annex2_ci_inpatient": [PaymentMode.INSURER_STAFF_ONSITE],
    "ins_oncology": [PaymentMode.DIRECT_PAY],
}
"""The programmes that advance money, and the ways each of them pays."""
LIMITS: Final = (500_000, 5_000_000, 50_000_000)
YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES: Final = 270 * 24 * 60
"""Cases open at any minute of so many days; the table of holidays reaches beyond their ends."""
APPROVALS: Final = frozenset({TaskKind.JUDGE_LIABILITY, TaskKind.SIGN_ON_SITE})
"""Steps without which no money leaves; a second signature where the programme asks for one."""

RECOVERED: Final = ENDED | {Stage.AFTERCARE}
"""Stages in which nothing is asked of the customer any more."""


class Scene:
    """One case, everybody around it, and the story so far."""

    def __init__(
        self, seed: int, *, loop: asyncio.Runner, world: type[World] = World, part: str = "walk"
    ) -> None:
        """`part` stands in the case's id, so that it is like no other at shared partners."""
        self.chance = chance = random.Random(seed)
        self.code = sorted(MODES)[seed % len(MODES)]
        self.case_id = f"dw-{part}{seed}"
        self.story: list[str] = []
        self.happened: Counter[str] = Counter()
        self.loop = loop
        self.books = WalkBooks(self.case_id, chance, settled=self._settled)
        self.world = world(
            chance, lambda: self.run.now, before_order=self._before_order, sends=self._sends
        )
        programme = programme_of(self.code)
        modes = chance.sample(MODES[self.code], chance.randrange(1, len(MODES[self.code]) + 1))
        self.people = People(chance, self.world, programme, modes, chance.choice(LIMITS))
        now = YEAR + timedelta(minutes=chance.randrange(MINUTES))
        partners = dict.fromkeys(("payment", "dispatch", "messaging", "claims"), self.world)
        verbs: Any = worker.activities
        self.run = Execution(
            DepositWaiver,
            workflow_id=self.case_id,
            now=now,
            verbs=named(verbs(ledger=self.books, casebook=self.books, **partners)),
            loop=loop,
        )
        verdict = a_verdict(limit_fen=self.people.limit_fen)
        if chance.random() < 0.02:
            verdict = verdict.model_copy(update={"outcome": Outcome.REJECTED})
        admission = civil_date(now) + timedelta(days=chance.randrange(2, 20))
        self.opening = a_case(
            self.case_id,
            reported_at=now,
            programme=programme,
            payment_modes=modes,
            verdict=verdict,
            planned_admission=chance.choice((None, admission)),
        )
        self.approvals: set[TaskKind] = set()
        self.held_but_for: set[str] | None = None
        """While a supervisor holds the case: the orders that were on their way before."""
        self.decided: set[str] = set()
        """The claims whose decision the case was told."""

    def say(self, *words: object) -> None:
        """A line of the story, for whoever looks into a failing seed."""
        self.story.append(f"{self.run.now:%m-%d %H:%M} " + " ".join(str(word) for word in words))
        self.happened[str(words[0])] += 1

    def waiting(self) -> str:
        """Who is waited for."""
        tasks = [f"{task.kind.value} {task.subject}" for task in self.books.tasks.values()]
        under_way = [one.name for one in self.run.pending]
        return f"{tasks}, {self.run.timers} timers, {under_way}"

    # Work and time -------------------------------------------------------------------------------

    def work(self) -> None:
        """An activity is done; in bad times its worker dies over it."""
        one = self.chance.choice(self.run.ready)
        self.run.work(one, lose_answer=self.world.luck(0.02))

    def drain(self) -> None:
        """Everything that can be done now is done."""
        while self.run.ready:
            self.work()

    def to_next(self) -> bool:
        """To the next moment at which something happens by itself; False if there is none."""
        moments = [one.at for one in self.world.news]
        if self.run.next_at is not None:
            moments.append(self.run.next_at)
        if not moments:
            return False
        self.pass_to(min(moments))
        return True

    def pass_to(self, moment: datetime) -> None:
        """Every alarm on the way rings; no partner is waited for longer than a moment."""
        self.drain()
        while (at := self.run.next_at) is not None and at <= moment:
            self.run.now = at
            self.run.fire()
            self.drain()
        self.run.now = max(self.run.now, moment)

    # Words that arrive ---------------------------------------------------------------------------

    def signal(self, name: str, message: Any) -> None:
        """Something that a running case is told, now and then twice; others hear nothing."""
        self.say(name, message)
        self._noted(message)
        for _ in range(self.chance.choice((1, 1, 1, 2))):
            if self.run.running:
                self.run.signal(name, message)

    def update(self, name: str, message: Any) -> bool:
        """A command; whether it was taken."""
        try:
            self.run.update(name, message)
        except Refused as refused:
            self.say("refused", name, refused)
            return False
        self.say(name, message)
        return True

    def tell(self, news: News) -> None:
        """As the door does: a running case is told, an ended one may go on for it."""
        self.world.news.remove(news)
        news.before()
        if not news.name:
            return
        message = news.message(self.run.now)
        self.say("told", news.name, message)
        self._noted(message)
        if self.run.running:
            self.run.signal(news.name, message)
        elif self._matters_still(news.name, message):
            self.reopen(news.name, message)

    def _noted(self, message: Any) -> None:
        if isinstance(message, ClaimDecided):
            self.decided.add(message.claim_id)

    def _matters_still(self, name: str, message: Any) -> bool:
        if isinstance(message, PaymentResult):
            known = self.books.payments.get(message.movement_id)
            return known is None or known.status is not message.status
        return name in {"refund_received", "claim_decided", "dispute_claim"}

    def reopen(self, name: str, message: Any) -> None:
        """An ended case goes on from what it knew."""
        if self.books.carried is None:
            return
        state = self.books.carried | {"calendar": a_calendar().model_dump(mode="json")}
        self.say("reopens", name)
        self.world.discharged = True  # whoever never came has no bill
        self.run.start(self.opening.model_copy(update={"carried": state}), signal=(name, message))

    # Steps ---------------------------------------------------------------------------------------

    def does(self, task: TaskOpened) -> bool:
        """Somebody does a step; False when it was refused, or cannot be done yet."""
        if task.kind is TaskKind.CONFIRM_REFUND and self.world.refund_due_fen <= 0:
            if not self.world.calm or self.books.stage not in RECOVERED:
                return False
            # A part of the bill was not paid from the advance, so that the family paid it.
            self.world.bill_fen -= min(self.world.bill_fen, task.amount_fen or 0)
        form, actor = self.report(task)
        try:
            self.complete(task, actor, form)
        except Refused as refused:
            self.say("refused", task.kind.value, task.subject, refused)
            return False
        self.say("does", task.kind.value, task.subject, form)
        self.people.then()
        self.approvals.add(task.kind)
        if task.kind is TaskKind.RELEASE_HOLD:
            self.held_but_for = None
        return True

    def report(self, task: TaskOpened) -> tuple[dict[str, Any], Actor]:
        """What is reported of a step, and by whom."""
        page = self.books.last
        if page is None:
            raise Wrong("a step stands on no page")
        self.people.gave = self.books.gave
        return self.people.form(task, self.run.now, page.owed_fen), self.people.actor(
            task, page.team
        )

    def complete(self, task: TaskOpened, actor: Actor, form: dict[str, Any]) -> None:
        """Send a completion, perhaps a few minutes after the door took it; raises `Refused`."""
        late = self.chance.choice((0, 0, 0, 5)) if not self.world.calm else 0
        at = self.run.now - timedelta(minutes=late)
        if task.kind is TaskKind.SIGN_AUTHORIZATION:
            signs = Authorize(signed=form["signed"], images=form["images"], actor=actor, at=at)
            self.run.update("authorize", signs)
            return
        message = CompleteTask(
            task_id=task.task_id,
            kind=task.kind,
            form=form,
            documents=EVERY_PAPER,
            actor=actor,
            at=at,
        )
        self.run.update("complete_task", message)

    # Money ---------------------------------------------------------------------------------------

    def hold(self) -> None:
        """A supervisor stopped payments: only an order on its way may still reach a partner."""
        orders = (one for one in self.run.pending if "order_p" in one.name)
        self.held_but_for = {one.args[-1].movement_id for one in orders}

    def _sends(self, order: PaymentOrder | PayoutOrder) -> None:
        """An order leaves the house, for the first time or again."""
        if self.held_but_for is None:
            return
        if order.movement_id not in self.held_but_for or activity.info().attempt > 1:
            raise Wrong(f"{order.movement_id} is sent while the case is held")
        self.held_but_for.remove(order.movement_id)

    def _before_order(self, order: PaymentOrder | PayoutOrder) -> None:
        """Money is about to leave for the first time under this id."""
        if isinstance(order, PayoutOrder):
            return
        wanted = set(APPROVALS)
        if self.opening.programme.deposit_waiver.review.second_approval:
            wanted.add(TaskKind.SECOND_REVIEW)
        if not wanted <= self.approvals:
            raise Wrong(f"{order.movement_id} is paid without {wanted - self.approvals}")
        may_be_out = sum(
            one.out_fen or one.order.amount_fen
            for one in self.world.movements.values()
            if isinstance(one.order, PaymentOrder) and one.word != "refused" and not one.lies
        )
        limit_fen, operator = self.books.limits[self.case_id]
        if may_be_out + order.amount_fen > limit_fen - (operator == "below"):
            raise Wrong(f"{order.movement_id} passes the limit of {limit_fen}")

    def _settled(self, advanced_fen: int) -> None:
        if not self.world.discharged:
            self.world.settled(advanced_fen)

    def paid_in_our_books_only(self) -> list[str]:
        """Payments that no partner has ever seen."""
        return [
            one.movement_id
            for one in self.books.payments.values()
            if one.status is PaymentStatus.PAID and one.movement_id not in self.world.movements
        ]
