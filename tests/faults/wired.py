"""A whole case in virtual time whose partners are real HTTP counterparties.

The wires are the house's own adapters; what really happened is read from the simulator's books.
People do their steps as in a walk, so that a fault is followed to the end of the case wherever it
leads.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any, Final

import httpx

from activities.ports.cases import (
    ClaimFiling,
    ClaimReceipt,
    Contact,
    Delivery,
    NoticeOrder,
    PaymentOrder,
    PaymentOutcome,
    PaymentStatus,
    PayoutOrder,
    TaskOpened,
)
from activities.ports.visits import VisitAnswer, VisitOrder
from adapters.partners.claims import ClaimsCore
from adapters.partners.dispatch import NursePlatform
from adapters.partners.line import PartnerLine
from adapters.partners.messaging import MessageGateway
from adapters.partners.payment import PaymentNetwork
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import SUPERVISOR
from tests.simulator_process import Listener, Simulator, free_port
from tests.walk.movement import Movement
from tests.walk.people import People
from tests.walk.scene import Scene
from tests.walk.walk import Walk
from tests.walk.world import News, World
from workflows.messages.cases import ClaimDecided, Intervene, RequestTopUp
from workflows.messages.matters import NoticeFailed, VisitTaken
from workflows.messages.payments import PaymentResult

PATIENCE: Final = httpx.Timeout(connect=1.0, read=0.4, write=1.0, pool=1.0)
"""A partner that stays silent should not take a test the six seconds a cashier gets."""
HEARD_WITHIN: Final = 0.6
"""Seconds of real time in which a partner's callback arrives, late ones too; else time goes on."""
TOP_UPS: Final = (300_000, 470_000)
"""The second is to be paid by a code, which nobody scans at first."""
RESIDUAL: Final = 70_000


class Wires:
    """The house's adapters to partners at one address."""

    def __init__(self, url: str) -> None:
        async def contact(_: str) -> Contact:
            return Contact(name="客户某甲", phone="13800008000", id_last_four="1234")

        def line(partner: str) -> PartnerLine:
            return PartnerLine(f"{url}/{partner}/v1", patience=PATIENCE)

        self._lines = {one: line(one) for one in ("payment", "nurse", "message", "claims")}
        self.payment = PaymentNetwork(self._lines["payment"])
        self.nurses = NursePlatform(self._lines["nurse"], contact_of=contact)
        self.messages = MessageGateway(self._lines["message"])
        self.claims = ClaimsCore(self._lines["claims"])

    async def close(self) -> None:
        for line in self._lines.values():
            await line.close()


class WiredWorld(World):
    """Partners over HTTP, some of whose doors are shut for a while."""

    near: Wires
    far: Wires
    told: Listener
    simulator: Simulator
    case_id: str
    backwards: bool = False
    """Whether of several callbacks the last comes first."""

    def wire(self, simulator: Simulator, told: Listener, case_id: str) -> None:
        """Connect; `far` leads to a port where nobody listens."""
        self.simulator, self.told, self.case_id = simulator, told, case_id
        self.near, self.far = Wires(simulator.url), Wires(f"http://127.0.0.1:{free_port()}")
        self.away: Counter[str] = Counter()
        self._delivered = 0

    def _to(self, verb: str) -> Wires:
        if self.away[verb] > 0:
            self.away[verb] -= 1
            return self.far
        return self.near

    # The partners --------------------------------------------------------------------------------

    async def pay(self, order: PaymentOrder) -> PaymentOutcome:
        self._ordered_first(order)
        return await self._to("pay").payment.pay(order)

    async def pay_out(self, order: PayoutOrder) -> PaymentOutcome:
        self._ordered_first(order)
        return await self._to("payout").payment.pay_out(order)

    def _ordered_first(self, order: PaymentOrder | PayoutOrder) -> None:
        if order.movement_id not in self.movements:
            self.before_order(order)
            self.movements[order.movement_id] = Movement(order, "pending")

    async def look_up(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        return await self._to("query").payment.look_up(movement_id, amount_fen=amount_fen)

    async def cancel(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        return await self._to("cancel").payment.cancel(movement_id, amount_fen=amount_fen)

    async def order_visit(self, order: VisitOrder) -> VisitAnswer:
        return await self._to("order").nurses.order_visit(order)

    async def cancel_visit(self, visit_id: str) -> None:
        await self._to("call off").nurses.cancel_visit(visit_id)

    async def send(self, order: NoticeOrder, to: str) -> Delivery:
        return await self._to("send").messages.send(order, to)

    async def file(self, filing: ClaimFiling, policy_ref: str) -> ClaimReceipt:
        self.filed[filing.claim_id] = filing
        receipt = await self._to("file").claims.file(filing, "policy-1")
        if receipt.status == "unknown":
            await asyncio.sleep(0.05)  # the core takes real time, whatever the story's clock says
        return receipt

    # What happens there --------------------------------------------------------------------------

    def look(self) -> None:
        """What the partner's own books say by now."""
        for movement_id, movement in self.movements.items():
            moved = self.simulator.moved(movement_id)
            if len(moved) > 1:
                raise AssertionError(f"{movement_id} moved {len(moved)} times")
            told = self.simulator.http.get(f"/payment/v1/payments/{movement_id}").json()
            refused = told.get("status") == "refused"
            movement.word = "paid" if moved else "refused" if refused else "pending"

    def found_out(self, movement_id: str) -> int:
        """A person reads the partner's own books."""
        self.look()
        known = self.movements.get(movement_id)
        return known.out_fen if known else 0

    @property
    def deposits_out_fen(self) -> int:
        self.look()
        return super().deposits_out_fen

    def paid_by_hand(self, movement: Movement) -> None:
        """Finance paid at a counter, which is in no network's books."""
        self.by_hand.append(movement.order.movement_id)

    by_hand: list[str]

    def ends(self, movement: Movement, word: Any) -> None:
        """Somebody scans the code; what a cashier owes comes by itself."""
        if self._is_code(movement):
            self.simulator.http.post(f"/payment/v1/payments/{movement.order.movement_id}/scan")

    def decides(self, filing: ClaimFiling) -> None:
        """More than was advanced, so that a residual is paid out."""
        fen = filing.advanced_fen + RESIDUAL
        amount = {"amount": f"{fen // 100}.{fen % 100:02d}", "currency": "CNY"}
        self.simulator.http.post(
            f"/claims/v1/claims/{filing.claim_id}/decision",
            json={"decision": "approved", "payable": amount},
        )

    def hear(self) -> bool:
        """Take what partners have called since; whether there was anything."""
        callbacks = self.told.about(self.case_id)[self._delivered :]
        self._delivered += len(callbacks)
        news = [_news(one.event, self.now()) for one in callbacks]
        self.news += news
        if self.backwards:
            self.news.reverse()
        return bool(callbacks)


def _news(event: dict[str, Any], at: datetime) -> News:
    match event["event"]:
        case "payment_result":
            return News(at, "payment_result", partial(_result, event))
        case "visit_accepted":
            return News(at, "visit_taken", partial(_visit, event))
        case "claim_decided":
            return News(at, "claim_decided", partial(_decided, event))
        case "message_delivered" if event["status"] == "failed":
            return News(at, "notice_failed", partial(_failed, event))
    return News(at, "", lambda _: None)


def _fen(amount: dict[str, str]) -> int:
    return int(amount["amount"].replace(".", ""))


def _result(event: dict[str, Any], at: datetime) -> PaymentResult:
    return PaymentResult(
        movement_id=event["movement_id"],
        status=PaymentStatus(event["status"]),
        amount_fen=_fen(event["amount"]),
        receipt_no=event["receipt_no"],
        reason=event["reason_code"],
        at=at,
    )


def _visit(event: dict[str, Any], at: datetime) -> VisitTaken:
    return VisitTaken(
        visit_id=event["visit_id"],
        nurse_id=event.get("nurse_id", ""),
        at=at,
        accepted=event.get("accepted", True),
    )


def _decided(event: dict[str, Any], at: datetime) -> ClaimDecided:
    return ClaimDecided(
        claim_id=event["claim_id"],
        decision=event["decision"],
        payable_fen=_fen(event["payable"]),
        at=at,
    )


def _failed(event: dict[str, Any], at: datetime) -> NoticeFailed:
    return NoticeFailed(notice_id=event["message_id"], template="", at=at)


class WiredPeople(People):
    """The deposit goes online, the second top-up by code."""

    by_code = True

    def _arrange_visit(self, task: TaskOpened, now: datetime, owed_fen: int) -> dict[str, Any]:
        form = super()._arrange_visit(task, now, owed_fen)
        return form | {"payment_mode": PaymentMode.HOSPITAL_ONLINE.value}

    def _answer_top_up(self, task: TaskOpened, now: datetime, owed_fen: int) -> dict[str, Any]:
        form = super()._answer_top_up(task, now, owed_fen)
        by_code = self.by_code and task.amount_fen == TOP_UPS[1]
        mode = PaymentMode.QR_CODE if by_code else PaymentMode.HOSPITAL_ONLINE
        return form | {"payment_mode": mode.value}


class WiredStay(Walk):
    """One stay in which every verb that calls a partner is used."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._said: set[str] = set()
        self.left_alone.add(TaskKind.DISCHARGE_VISIT)

    @property
    def _world(self) -> WiredWorld:
        world = self.scene.world
        assert isinstance(world, WiredWorld)
        return world

    @property
    def away(self) -> Counter[str]:
        """How often the next calls of a verb find nobody."""
        return self._world.away

    def backwards(self) -> None:
        """Both top-ups are paid at once, and of their results the last is heard first."""
        self._world.backwards, self.scene.people.by_code = True, False  # type: ignore[attr-defined]

    def live(self) -> None:
        """From the report to an account of zero."""
        scene = self.scene
        try:
            scene.run.start(scene.opening)
            self.behave()
            self.come_to_an_end()
            self._world.look()
            for movement_id in self._world.by_hand:
                self._world.movements[movement_id].word = "paid"
            self.check_end()
        finally:
            scene.run.close()
            scene.loop.run(self._world.near.close())
            scene.loop.run(self._world.far.close())

    def world_goes_on(self) -> None:
        """The patient asks, changes the day and goes home; partners call in their own time."""
        books, world = self.scene.books, self._world
        if books.stage is Stage.IN_HOSPITAL:
            self._on_the_ward()
        self._scan()
        if books.stage is Stage.ADJUDICATION and self._once("decide"):
            for filing in world.filed.values():
                world.decides(filing)
        until = time.monotonic() + (HEARD_WITHIN if self._waits_for_a_word else 0.0)
        while not world.hear() and time.monotonic() < until:
            time.sleep(0.02)
        if world.backwards and len(world.news) == 1:
            time.sleep(HEARD_WITHIN)
            world.hear()

    @property
    def _waits_for_a_word(self) -> bool:
        payments = self.scene.books.payments.values()
        unsettled = any(one.settled_at is None and not one.code_url for one in payments)
        return unsettled or self.scene.books.stage is Stage.ADJUDICATION

    def _on_the_ward(self) -> None:
        scene = self.scene
        if self._once("top-ups"):
            for number, fen in enumerate(TOP_UPS):
                scene.run.signal("request_top_up", self._asked(number, fen))
            return
        kinds = {task.kind for task in scene.books.tasks.values()}
        payments = scene.books.payments.values()
        busy = TaskKind.ANSWER_TOP_UP in kinds or any(one.settled_at is None for one in payments)
        if busy or not self._once("leaves"):
            return
        for days in (3, 1):
            self.acts.says_discharge(days)
            scene.drain()
        message = Intervene(
            act="staff",
            role=Role.NURSE,
            staff_id="nurse-88",
            actor=SUPERVISOR,
            at=scene.run.now,
        )
        scene.update("intervene", message)
        self.left_alone.discard(TaskKind.DISCHARGE_VISIT)

    def _asked(self, number: int, fen: int) -> RequestTopUp:
        return RequestTopUp(
            top_up_id=f"t-{number}",
            amount_fen=fen,
            reason="deposit_used_up",
            channel="app",
            actor=SUPERVISOR,
            at=self.scene.run.now,
        )

    def _once(self, what: str) -> bool:
        is_new = what not in self._said
        self._said.add(what)
        return is_new

    def _scan(self) -> None:
        """Every code is scanned but the first one of the second top-up."""
        codes = [one for one in self.scene.books.payments.values() if one.code_url]
        left = next((one for one in codes if one.amount_fen == TOP_UPS[1]), None)
        for one in codes:
            if one.settled_at is None and one is not left:
                self._world.ends(self._world.movements[one.movement_id], "paid")


def a_stay(seed: int, part: str, simulator: Simulator, told: Listener) -> WiredStay:
    """A stay of P01 over HTTP; `seed` is one of those that draw P01."""
    scene = Scene(seed, loop=asyncio.Runner(), world=WiredWorld, part=part)
    world = scene.world
    assert isinstance(world, WiredWorld)
    world.by_hand = []
    world.wire(simulator, told, scene.case_id)
    modes = [PaymentMode.HOSPITAL_ONLINE, PaymentMode.QR_CODE]
    scene.people = WiredPeople(scene.chance, world, scene.people.programme, modes, 50_000_000)
    hospital = scene.opening.hospital.model_copy(update={"payment_modes": modes})
    verdict = scene.opening.verdict.model_copy(update={"limit_fen": 50_000_000})
    scene.opening = scene.opening.model_copy(
        update={"hospital": hospital, "verdict": verdict, "planned_admission": None}
    )
    return WiredStay(scene)
