"""The papers of a case: authorisation, this disease's checklist, a visit for them (DW05, DW06)."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Final

from temporalio import workflow

from domain.calendar import SHANGHAI
from domain.documents import DOCUMENT_NAMES, DocumentKind, DocumentStage, listed
from domain.programmes.terms import ExpectedEvent
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ConfirmDocuments, SignAuthorization
from domain.waiver import Stage
from workflows.cases.desk import CaseOver, Desk
from workflows.messages.cases import OpenCase
from workflows.waiver.nurse_visit import NurseVisit

VISIT_HOUR: Final = time(9, 0)
"""On a day the customer named, somebody comes in the morning."""


class Papers:
    """What has to lie in the file before anybody judges."""

    def __init__(self, desk: Desk, opening: OpenCase, visit: NurseVisit) -> None:
        self._desk = desk
        self._state = desk.state
        self._opening = opening
        self._visit = visit
        self._terms = opening.programme.deposit_waiver

    async def collect(self) -> None:
        """The customer's authorisation first where it is signed at home (R090), then the papers."""
        desk, now = self._desk, workflow.now()
        desk.enter(Stage.COLLECTING, at=now)
        needed = self._opening.programme.documents_for(
            self._opening.disease, DocumentStage.APPLICATION
        )
        desk.pen.missing([kind.value for kind in needed], now)
        desk.tell("checklist", list=listed(needed, self._opening.programme.documents))
        desk.tell("no_admission")
        expires_at = desk.after(self._terms.collecting.expires_after)
        if self._terms.authorization == "before_review":
            await self._authorized(expires_at)
        if self._state.visit_wanted:
            await self._fetched(expires_at)
        while True:
            checking = desk.ask(TaskKind.CONFIRM_DOCUMENTS, at=workflow.now())
            done = await desk.done_by(checking, expires_at)
            checked = done.read(ConfirmDocuments)
            desk.pen.missing([] if checked.complete else checked.missing, workflow.now())
            if checked.complete:
                desk.happened(ExpectedEvent.DOCUMENTS_COMPLETE, at=done.at)
                return
            names = "、".join(
                DOCUMENT_NAMES[kind] for kind in DocumentKind if kind in checked.missing
            )
            desk.tell("documents_missing", list=names)

    async def _authorized(self, expires_at: datetime) -> None:
        asked = self._desk.ask(TaskKind.SIGN_AUTHORIZATION, at=workflow.now())
        signing = await self._desk.done_by(asked, expires_at)
        if not signing.read(SignAuthorization).signed:
            raise CaseOver(Stage.CANCELLED, "客户拒绝签署委托授权")

    async def _fetched(self, expires_at: datetime) -> None:
        """Somebody comes for the papers within the promise, or on the customer's day (K11)."""
        desk, day = self._desk, self._state.customer_date
        visit_at = workflow.now()
        if day is not None:
            morning = datetime.combine(day, VISIT_HOUR, SHANGHAI).astimezone(UTC)
            visit_at = max(visit_at, morning)
        if not (await self._visit.order("documents", visit_at=visit_at)).accepted:
            await self._visit.arrange("documents", until=ExpectedEvent.DOCUMENT_VISIT_DONE)
        task = desk.ask(
            TaskKind.DOCUMENT_VISIT,
            at=workflow.now(),
            until=ExpectedEvent.DOCUMENT_VISIT_DONE,
            assignee=self._state.team[Role.NURSE.value],
        )
        visited = await desk.done_by(task, expires_at)
        desk.happened(ExpectedEvent.DOCUMENT_VISIT_DONE, at=visited.at)
        self._state.customer_date = None
