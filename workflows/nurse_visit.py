"""A visit at the hospital: arranged by a dispatcher, ordered at the nurse platform, re-planned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.dispatch import SendNurse
from activities.ports import VisitAnswer, VisitOrder
from domain.steps import TaskKind
from domain.tasks import ArrangeVisit
from domain.terms import ExpectedEvent
from domain.waiver import Role
from workflows.cockpit import civil
from workflows.desk import Desk
from workflows.messages import OpenCase
from workflows.paying import PARTNER_RETRY

VISIT_WITHIN: Final = timedelta(seconds=20)

Purpose = Literal["documents", "deposit", "top_up", "discharge", "care"]

CHECKLIST: Final[dict[Purpose, list[str]]] = {
    "documents": ["核对身份", "说明垫付服务", "收取申请资料"],
    "deposit": ["核对身份", "签署协议", "缴纳押金", "拍摄押金单"],
    "top_up": ["缴纳续费", "拍摄押金单"],
    "discharge": ["陪同办理出院", "核对账单", "告知索赔事项和流程", "收取理赔资料"],
    "care": ["沟通", "探望"],
}


_UNTIL: Final[dict[Purpose, ExpectedEvent]] = {
    "documents": ExpectedEvent.DOCUMENT_VISIT_DONE,
    "deposit": ExpectedEvent.DEPOSIT_DONE,
    "top_up": ExpectedEvent.TOP_UP_DONE,
    "discharge": ExpectedEvent.DISCHARGE_DONE,
    "care": ExpectedEvent.DISCHARGE_DONE,
}
"""The promise a visit keeps."""


class NurseVisit:
    """The visits of one case."""

    def __init__(self, desk: Desk, opening: OpenCase) -> None:
        self._desk = desk
        self._opening = opening

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
            answer = await self.order(purpose, visit_at=arranged.visit_at)
            if answer.accepted:
                return arranged
            subject = f"refused {answer.reason}"

    async def order(
        self, purpose: Purpose, *, visit_at: datetime, visit_id: str | None = None
    ) -> VisitAnswer:
        """Order a visit; with the id of an earlier one, plan that one anew."""
        state = self._desk.state
        number = state.next_number(f"visit_{purpose}") if visit_id is None else 0
        order = VisitOrder(
            visit_id=visit_id or f"{state.case_id}:visit_{purpose}:{number}",
            case_id=state.case_id,
            purpose=purpose,
            hospital_id=self._opening.hospital.hospital_id,
            hospital_name=self._opening.hospital.name,
            nurse_id=state.team[Role.NURSE.value],
            visit_at=visit_at,
            checklist=CHECKLIST[purpose],
        )

        async def ordered(retry: RetryPolicy) -> VisitAnswer:
            return await workflow.execute_activity_method(
                SendNurse.order,
                order,
                start_to_close_timeout=VISIT_WITHIN,
                retry_policy=retry,
                summary=f"预约上门 {civil(visit_at)}",
            )

        answer = await self._desk.ask_partner(ordered)
        if answer.accepted:
            state.visits.append(order.visit_id)
            self._desk.note("visit_ordered", f"已预约上门 {civil(visit_at)}")
        else:
            self._desk.note("visit_refused", f"护士平台未接单: {answer.reason}")
        return answer

    def lost(self, visit_id: str, *, why: str) -> None:
        """Nobody comes to a visit that was taken: a dispatcher finds another time or person."""
        state = self._desk.state
        if visit_id in state.visits and visit_id not in state.visits_lost:
            state.visits_lost.append(visit_id)
            self._desk.errand(self._again(visit_id, why), f"again {visit_id}")

    async def _again(self, visit_id: str, why: str) -> None:
        purpose = _purpose_of(visit_id)
        await self.arrange(purpose, until=_UNTIL[purpose], subject=why)
        if self._desk.state.discharge_visit == visit_id:
            self._desk.state.discharge_visit = self.latest

    @property
    def latest(self) -> str:
        """The visit that was taken last."""
        return self._desk.state.visits[-1]

    def call_off(self, visits: list[str]) -> None:
        """Nobody needs to come any more."""
        for visit_id in dict.fromkeys(visits):
            self._desk.errand(self._cancel(visit_id), f"cancel {visit_id}")

    async def _cancel(self, visit_id: str) -> None:
        await workflow.execute_activity_method(
            SendNurse.cancel,
            visit_id,
            start_to_close_timeout=VISIT_WITHIN,
            retry_policy=PARTNER_RETRY,
            summary="取消上门",
        )


def _purpose_of(visit_id: str) -> Purpose:
    """What a visit is for, as its id says."""
    named = visit_id.split(":")[1].removeprefix("visit_")
    return next(purpose for purpose in CHECKLIST if purpose == named)
