"""A visit of the deposit waiver: arranged by a dispatcher, ordered, planned anew when it is lost.

What a visit is at the nurse platform stands in `workflows.visit`.
"""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from activities.ports.visits import VisitAnswer, VisitOrder
from domain.bookings.visit import CHECKLIST, UNTIL, Purpose, id_of_visit, purpose_of
from domain.programmes.terms import ExpectedEvent
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ArrangeVisit
from workflows.cases.desk import Desk
from workflows.cockpit import civil
from workflows.messages.cases import OpenCase
from workflows.visit import UNREACHABLE, Visits


class NurseVisit:
    """The visits of one case."""

    def __init__(self, desk: Desk, opening: OpenCase) -> None:
        self._desk = desk
        self._opening = opening
        self._visits = Visits(desk)

    async def arrange(
        self, purpose: Purpose, *, until: ExpectedEvent, about: str = "case", subject: str = ""
    ) -> ArrangeVisit:
        """Ask the dispatcher for a time until the nurse platform takes the visit."""
        while True:
            task = self._desk.ask(
                TaskKind.ARRANGE_VISIT,
                at=workflow.now(),
                until=until,
                about=about,
                subject=subject,
            )
            arranged = (await self._desk.done(task)).read(ArrangeVisit)
            self._desk.state.nurse_failed = ""
            answer = await self.order(purpose, visit_at=arranged.visit_at)
            if answer.accepted:
                return arranged
            subject = f"refused {answer.reason}"

    async def order(
        self, purpose: Purpose, *, visit_at: datetime, visit_id: str | None = None
    ) -> VisitAnswer:
        """Order a visit; with the id of an earlier one, plan that one anew."""
        state = self._desk.state
        order = VisitOrder(
            visit_id=visit_id or self._new_id(purpose),
            case_id=state.case_id,
            purpose=purpose,
            hospital_id=self._opening.hospital.hospital_id,
            hospital_name=self._opening.hospital.name,
            nurse_id=state.team[Role.NURSE.value],
            visit_at=visit_at,
            checklist=CHECKLIST[purpose],
        )
        answer = await self._visits.place(order)
        if answer.accepted:
            state.visits.append(order.visit_id)
            self._desk.note("visit_ordered", f"已预约上门 {civil(visit_at)}")
        else:
            self._desk.note("visit_refused", f"护士平台未接单: {answer.reason}")
        if answer.reason == UNREACHABLE:
            self.call_off([order.visit_id])  # it may have arrived: another one is arranged
        return answer

    def _new_id(self, purpose: Purpose) -> str:
        state = self._desk.state
        return id_of_visit(state.case_id, purpose, state.next_number(f"visit_{purpose}"))

    def lost(self, visit_id: str, *, why: str, failed: str = "") -> None:
        """Nobody comes to a visit that was taken: a dispatcher finds another time or person."""
        state = self._desk.state
        if visit_id in state.visits and visit_id not in state.visits_lost:
            state.visits_lost.append(visit_id)
            state.nurse_failed = failed or state.nurse_failed
            self._desk.errand(self._again(visit_id, why), f"again {visit_id}")

    async def _again(self, visit_id: str, why: str) -> None:
        purpose = purpose_of(visit_id)
        await self.arrange(purpose, until=UNTIL[purpose], subject=why)
        if self._desk.state.discharge_visit == visit_id:
            self._desk.state.discharge_visit = self.latest

    @property
    def latest(self) -> str:
        """The visit that was taken last."""
        return self._desk.state.visits[-1]

    def call_off(self, visits: list[str]) -> None:
        """Nobody needs to come any more."""
        self._visits.call_off(visits)
