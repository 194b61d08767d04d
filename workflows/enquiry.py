"""The story of an enquiry: asked at any hour, answered within minutes, at last by who knows (DW01).

No case is opened and no money moves. K01 runs from the question to the first answer; it warns,
tells a supervisor when it is broken, and ends nothing (I13): the question still wants its answer.
The words of a question never come here; an answer passes through on its way to the record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from temporalio import workflow

from activities.enquiries import KeepEnquiries
from activities.ports.enquiries import AnswerGiven, EnquiryPage
from domain.enquiry import (
    ANSWERER_NAMES,
    ANSWERER_ROLES,
    ENQUIRY_NAMES,
    ENQUIRY_STAGE_NAMES,
    Answerer,
    EnquiryKind,
    EnquiryStage,
    stage_with,
)
from domain.programmes.terms import ExpectedEvent
from domain.steps.kinds import TaskKind
from domain.steps.tasks import AnswerEnquiry
from workflows import cockpit
from workflows.front_desk import FrontDesk
from workflows.matter import Completion, MatterPen, MatterState
from workflows.messages.enquiries import AskQuestion
from workflows.messages.matters import Accepted, CompleteTask
from workflows.refusals import FORM_REFUSED, open_step, refusal
from workflows.scribe import Scribe

ROUNDS_MAX: Final = 50
"""So often an enquiry may change hands; beyond it, it must be answered and closed."""


class EnquiryState(MatterState):
    """The enquiry between two beats."""

    enquiry_id: str
    kind: EnquiryKind
    stage: EnquiryStage = EnquiryStage.WAITING
    with_whom: Answerer = Answerer.SERVICE
    answers: int = 0
    rounds: int = 0
    unwritten: EnquiryPage | None = None

    @property
    def matter_id(self) -> str:
        """The enquiry's id."""
        return self.enquiry_id

    @property
    def ended(self) -> bool:
        """Whether the story is over."""
        return self.stage is EnquiryStage.DONE

    def open_page(self, now: datetime) -> EnquiryPage:
        """The page being written; a new one if the last was turned."""
        if self.unwritten is None:
            self.unwritten = EnquiryPage(
                enquiry_id=self.enquiry_id, page=self.pages + 1, at=now, stage=self.stage
            )
        return self.unwritten


class EnquiryRecord(Scribe[EnquiryPage]):
    """Turns the pages of one enquiry."""

    def __init__(self, state: EnquiryState) -> None:
        super().__init__(state, verb=KeepEnquiries.turn_page)
        self._state = state

    @property
    def _stage_name(self) -> str:
        return ENQUIRY_STAGE_NAMES[self._state.stage]

    def _details(self) -> str:
        waiting = cockpit.waiting_details(self._state)
        return f"## {ENQUIRY_NAMES[self._state.kind]} · {self._stage_name}\n\n{waiting}"


@workflow.defn(name="Enquiry")
class Enquiry:
    """One enquiry."""

    @workflow.init
    def __init__(self, asked: AskQuestion) -> None:
        self._asked = asked
        self._state = EnquiryState(
            enquiry_id=asked.enquiry_id, kind=asked.kind, calendar=asked.calendar
        )
        self._desk = FrontDesk(
            self._state,
            asked.programme,
            pen=MatterPen(self._state),
            record=EnquiryRecord(self._state),
        )

    @workflow.run
    async def run(self, _: AskQuestion) -> str:
        """Tell the enquiry to its end; returns the stage it ended in."""
        await self._desk.run(
            self._story(), asked_to_stop=lambda: self._desk.alert("收到取消请求, 咨询继续")
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state.stage.value

    async def _story(self) -> None:
        self._receive()
        while not self._state.ended:
            heard = await self._desk.done(self._ask())
            said = heard.read(AnswerEnquiry)
            if said.answer:
                self._answer(said, heard)
            if said.closes:
                self._enter(EnquiryStage.DONE, at=heard.at)
            else:
                self._pass_on(said.forward_to or self._state.with_whom, heard)

    def _receive(self) -> None:
        """R019, R061, R062: at any hour, about health or about the waiver."""
        asked = self._asked
        text = f"收到{ENQUIRY_NAMES[asked.kind]}"
        self._desk.note("asked", text, at=asked.asked_at, by=asked.asked_by)
        self._desk.happened(ExpectedEvent.QUESTION_RECEIVED, at=asked.asked_at)

    def _ask(self) -> str:
        """Whoever has it now sees it on the worklist, under the promise that still runs."""
        whom = self._state.with_whom
        return self._desk.ask(
            TaskKind.ANSWER_ENQUIRY,
            at=self._asked.asked_at if self._state.rounds == 0 else workflow.now(),
            roles=[ANSWERER_ROLES[whom]],
            until=ExpectedEvent.QUESTION_ANSWERED,
            subject=f"{self._state.kind.value}:{whom.value}",
        )

    def _answer(self, said: AnswerEnquiry, heard: Completion) -> None:
        """The first answer keeps the promise, also when it is not yet the whole answer (R063)."""
        self._state.answers += 1
        given = AnswerGiven(
            n=self._state.answers,
            at=heard.at,
            role=heard.actor.role,
            actor_id=heard.actor.id,
            text=said.answer,
        )
        self._state.open_page(heard.at).answers.append(given)
        self._desk.note("answered", f"第{given.n}次答复", at=heard.at, by=heard.actor)
        self._desk.happened(ExpectedEvent.QUESTION_ANSWERED, at=heard.at)

    def _pass_on(self, whom: Answerer, heard: Completion) -> None:
        """R038: medical experts help; R083, R110: what is unclear a department decides by hand."""
        if whom is not self._state.with_whom:
            self._desk.note("forwarded", f"转{ANSWERER_NAMES[whom]}", at=heard.at, by=heard.actor)
        self._state.rounds += 1
        self._state.with_whom = whom
        self._enter(stage_with(whom, answered=self._state.answers > 0), at=heard.at)

    def _enter(self, stage: EnquiryStage, *, at: datetime) -> None:
        if stage is not self._state.stage:
            self._state.stage = stage
            self._desk.note("stage", ENQUIRY_STAGE_NAMES[stage], at=at)

    # What arrives: handlers write down, the story acts -------------------------------------------

    @workflow.update
    def complete_task(self, message: CompleteTask) -> Accepted:
        """A person answered, passed the question on, or acknowledged a broken promise."""
        self._desk.finish(message)
        return Accepted(stage=self._state.stage, at=message.at)

    @complete_task.validator
    def _may_complete(self, message: CompleteTask) -> None:
        _, form = open_step(self._state, message)
        if not isinstance(form, AnswerEnquiry):
            return
        words = bool(form.answer.strip())
        if not words and (form.answer or form.forward_to is None):
            raise refusal(FORM_REFUSED, "须填写答复或转交他人", "answer")
        if form.closes and not words:
            raise refusal(FORM_REFUSED, "办结须填写答复", "answer")
        if form.closes and form.forward_to is not None:
            raise refusal(FORM_REFUSED, "转交后不能同时办结", "closes")
        if not form.closes and self._state.rounds >= ROUNDS_MAX:
            raise refusal(FORM_REFUSED, "转交次数过多, 请答复并办结", "closes")
