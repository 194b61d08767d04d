"""Who calls and who comes in a claim: the lane says it, the story only when (CL01, CL02, CL07)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from temporalio import workflow

from domain.claims.terms import Lane
from domain.documents import DocumentKind, listed
from domain.programmes.terms import ExpectedEvent
from domain.steps.forms import OfferClaim
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from workflows.cases.desk import CaseOver, Desk

CALLS_MAX: Final = 3
"""A customer who was not reached three times is not pressed further; the claim stays theirs."""


class ClaimPeople:
    """The calls and visits of one claim."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._helping = ""

    async def contact(self, *, at: datetime) -> None:
        """The first contact, within the hour in an emergency (K23)."""
        desk = self._desk
        contact = await desk.done(
            desk.ask(TaskKind.FIRST_CONTACT, at=at, until=ExpectedEvent.CONTACT_MADE)
        )
        desk.happened(ExpectedEvent.CONTACT_MADE, at=contact.at)
        desk.note("contacted", "已主动联系客户", at=contact.at, by=contact.actor)

    async def offer(self, needed: list[DocumentKind], *, at: datetime) -> None:
        """We know of an illness or an event before the customer asks (R828, R837).

        Nothing is gathered and nothing decided before the customer has said yes.
        """
        desk, papers = self._desk, listed(needed)
        desk.tell("claim_offered", list=papers or "无需提交资料")
        for _ in range(CALLS_MAX):
            task = desk.ask(
                TaskKind.OFFER_CLAIM, at=at, until=ExpectedEvent.CONTACT_MADE, subject=papers
            )
            called = await desk.done(task)
            form, at = called.read(OfferClaim), called.at
            if form.reached:
                break
        else:
            raise CaseOver(Stage.EXPIRED, "多次未能联系到客户")
        desk.happened(ExpectedEvent.CONTACT_MADE, at=at)
        if not form.wants:
            raise CaseOver(Stage.CANCELLED, "客户暂不申请理赔")
        consent = f"客户同意办理, 授权版本 {form.consent_version}"
        desk.note("consented", consent, at=at, by=called.actor)

    def pledge(self, promises: list[str]) -> None:
        """The customers of an event are told what we promise them (R860)."""
        if promises:
            self._desk.tell("emergency_pledge", list="；".join(promises))

    def ask_how_it_was(self) -> None:
        """The service is measured by what its customers say (R848)."""
        if self._desk.programme.has_notice("survey"):
            self._desk.tell("survey")

    async def visit(self) -> None:
        """Somebody comes to a special customer before anything else (CL07)."""
        desk = self._desk
        visited = await desk.done(desk.ask(TaskKind.HOME_VISIT, at=workflow.now()))
        desk.note("home_visit", "理赔员已上门", at=visited.at, by=visited.actor)

    def help_collect(self, lane: Lane, missing: list[str]) -> None:
        """Somebody goes and helps to gather what is missing (R831), once."""
        if lane.helps_collect and not self._helping:
            subject = f"协助收集: {listed([k for k in DocumentKind if k in missing])}"
            self._helping = self._visit_beside(subject)

    def complete(self, lane: Lane) -> None:
        """Everything is there: nobody needs to gather, and somebody comes at once (R827)."""
        desk = self._desk
        desk.no_longer_asked(self._helping, at=workflow.now(), reason="资料已齐全")
        if lane.visit_when_complete:
            self._visit_beside("资料齐全, 上门协助理赔")

    def _visit_beside(self, subject: str) -> str:
        """A visit that the decision does not wait for, due with the payment that was promised."""
        desk = self._desk
        task = desk.ask(
            TaskKind.HOME_VISIT,
            at=workflow.now(),
            until=desk.promised(ExpectedEvent.CLAIM_PAID, ExpectedEvent.CLAIM_PROCESSED),
            subject=subject,
        )

        async def visited() -> None:
            done = await desk.done(task)
            desk.note("home_visit", "理赔员已上门", at=done.at, by=done.actor)

        desk.errand(visited(), f"visit {task}")
        return task
