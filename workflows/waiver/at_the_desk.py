"""Somebody of ours at the cashier's desk for one top-up: sent once, awaited, or called off."""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from domain.money import spoken
from domain.programmes.terms import ExpectedEvent
from domain.roles import Role
from domain.steps.forms import VerifyCost
from domain.steps.kinds import TaskKind
from domain.waiver import ON_SITE_MODES, PaymentMode
from workflows.cases.desk import Desk
from workflows.waiver.nurse_visit import NurseVisit


class AtTheDesk:
    """Who pays on site for one top-up."""

    def __init__(
        self,
        desk: Desk,
        visit: NurseVisit,
        *,
        about: str,
        amount_fen: int,
        visit_at: datetime | None,
    ) -> None:
        self._desk = desk
        self._visit = visit
        self._about = about
        self._amount_fen = amount_fen
        self._visit_at = visit_at
        self._visit_id: str | None = None
        self._there = False

    async def arrive(self, way: PaymentMode) -> PaymentMode:
        """The way to pay by: before one on site somebody is sent, and is there."""
        if way not in ON_SITE_MODES or self._there:
            return way
        if self._visit_id is None:
            way = await self._send() or way
        if way in ON_SITE_MODES:
            await self._on_site()
        return way

    async def verify_cost(self) -> bool:
        """Somebody reads the hospital's account before more is paid; False: nothing is needed."""
        await self._send()
        task = self._desk.ask(
            TaskKind.VERIFY_COST,
            at=workflow.now(),
            until=ExpectedEvent.TOP_UP_DONE,
            about=self._about,
            assignee=self._desk.state.team[Role.NURSE.value],
            subject=self._about,
            amount_fen=self._amount_fen,
        )
        done = await self._desk.done(task)
        found = done.read(VerifyCost)
        self._desk.note(
            "cost_verified",
            f"核实已发生费用 {spoken(found.incurred.fen)}",
            at=done.at,
            by=done.actor,
        )
        return found.needed

    def sent(self, visit_id: str) -> None:
        """A dispatcher has sent somebody (else), who still has to get there."""
        self._visit_id, self._there = visit_id, False

    def call_off(self) -> None:
        """The top-up is not wanted any more: nobody needs to come."""
        if self._visit_id is not None and not self._there:
            self._visit.call_off([self._visit_id])

    async def _send(self) -> PaymentMode | None:
        """Order a visit; when nobody takes it, the way the dispatcher chose instead."""
        chosen = None
        visit_at = self._visit_at or workflow.now()
        if not (await self._visit.order("top_up", visit_at=visit_at)).accepted:
            arranged = await self._visit.arrange(
                "top_up", until=ExpectedEvent.TOP_UP_DONE, about=self._about
            )
            chosen = arranged.payment_mode
        self.sent(self._visit.latest)
        return chosen

    async def _on_site(self) -> None:
        task = self._desk.ask(
            TaskKind.ON_SITE_TOP_UP,
            at=workflow.now(),
            until=ExpectedEvent.TOP_UP_DONE,
            about=self._about,
            assignee=self._desk.state.team[Role.NURSE.value],
            subject=self._about,
            amount_fen=self._amount_fen,
        )
        await self._desk.done(task)
        self._there = True
