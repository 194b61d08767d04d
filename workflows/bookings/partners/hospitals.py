"""Hospitals asked over the wire for one booking, beside the dispatcher who calls them.

The dispatcher's step stays open all the while: a yes of theirs does it, a no is read on it, and a
desk that is away changes nothing for it. What is not wanted any more is taken back. A no after a
yes is for the story to act on: it asks `took_back`, or waits for what is `answered` to an offer.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Final, Literal

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.ports.cases import TaskOpened
from activities.ports.hospitals import ResourceAnswer, ResourceOrder
from domain.bookings.coordination import AskStatus, Heard, HospitalAsk, Resource
from domain.bookings.forms import ArrangeService
from domain.bookings.rounds import ASKS_MAX
from domain.bookings.sharing import WITHHELD_NAMES
from domain.bookings.terms import chooses_expert
from domain.calendar import civil_date
from domain.hospital import HospitalListed
from domain.roles import Role
from domain.steps.kinds import TaskKind
from workflows.bookings.partners.hospital_calls import listed, placed, withdrawn
from workflows.bookings.parts.desk import BookingDesk
from workflows.bookings.refusals.arrangement import ArrangementRefusals
from workflows.matter import Completion
from workflows.messages.bookings import RequestBooking, ResourceWord
from workflows.messages.matters import Actor, CompleteTask
from workflows.refusals import FORM_REFUSED, refusal

HOSPITALS: Final = Actor(role=Role.PARTNER, id="hospitals")


class Hospitals:
    """The asks of one booking, one after another; none where only people ask."""

    def __init__(
        self, desk: BookingDesk, asked: RequestBooking, refusals: ArrangementRefusals
    ) -> None:
        self._desk = desk
        self._state = desk.state
        self._asked = asked
        self._refusals = refusals

    @property
    def took_back(self) -> bool:
        """Whether hospitals do not keep the yes this booking relies on."""
        ask = self._last
        return ask is not None and ask.took_back

    async def answered(self, step: str, *, offered_at: datetime | None) -> Completion | None:
        """What was said at a step to what they offer; None when it is not to be had any more.

        Before anybody answers they may take it back, or its moment comes.
        """
        completions = self._state.completions
        heard = await self._desk.by(
            offered_at,
            lambda: step in completions or self.took_back,
            summary="所提供的就诊时间",
        )
        if step in completions:
            return completions.pop(step)
        if heard:
            self.let_down(step)
        else:
            self._lapsed(step)
        return None

    def _lapsed(self, step: str) -> None:
        """Nobody said yes or no in time: another date is sought, and a supervisor asks why."""
        self._state.proposed_at = None
        self._desk.no_longer_asked(step, at=workflow.now(), reason="所提供的就诊时间已过")
        self._desk.alert("所提供的就诊时间已过而无答复, 重新协调")

    def let_down(self, step: str) -> None:
        """Nobody is asked any more about what hospitals took back."""
        now = workflow.now()
        self._desk.no_longer_asked(step, at=now, reason="医院撤回安排")
        self._desk.let_down(at=now, by=HOSPITALS)

    # What we ask ---------------------------------------------------------------------------------

    def seek(self) -> None:
        """Ask for a resource; what was asked for before is not wanted any more."""
        self.let_go()
        if self._asked.coordination_consent is None or self._state.counts.get("ask", 0) >= ASKS_MAX:
            return
        state, asked = self._state, self._asked
        ask_id = f"{state.booking_id}.ask.{state.next_number('ask')}"
        order = ResourceOrder(
            ask_id=ask_id,
            booking_id=state.booking_id,
            service=asked.service,
            hospital_id=state.agreed_hospital_id
            or (asked.hospital.hospital_id if asked.hospital else None),
            **self._chosen(),
            wished_on=self._still_to_come(state.customer_date),
            not_at=state.proposed_at,
            urgent=asked.urgent,
            clauses=list(asked.programme.data_sharing),
            consented=bool(asked.coordination_consent),
        )
        self._write(HospitalAsk(ask_id=ask_id, wished_on=state.customer_date))
        self._desk.errand(self._follow(order), f"ask {ask_id}")

    def _chosen(self) -> dict[str, str | None]:
        """What the customer chose: an expert who has not failed him since, or a kind of clinic."""
        service, chosen = self._asked.programme.service(self._asked.service), self._state.chosen
        if chosen in self._state.failed_by:
            return {}
        return {"expert" if chooses_expert(service) else "clinic": chosen}

    @staticmethod
    def _still_to_come(day: date | None) -> date | None:
        """A day that is over is wished for no more, when hospitals are asked again."""
        return day if day is not None and day >= civil_date(workflow.now()) else None

    def let_go(self) -> None:
        """What hospitals keep or look for is not wanted any more."""
        self._close("let_go")

    def used(self) -> None:
        """It took place, or was kept in vain: there is nothing to take back."""
        self._close("used")

    def _close(self, how: Literal["let_go", "used"]) -> None:
        if (ask := self._last) is not None and ask.is_ours:
            self._write(ask.model_copy(update={"ours": how}))

    async def _follow(self, order: ResourceOrder) -> None:
        """One ask from the first call to the last."""
        answer = await placed(self._desk, order)
        if answer is not None:
            self._told_apart(answer)
            self._hear(order.ask_id, answer.status, answer.resource, answer.reason)
        while (ask := self._state.asks[order.ask_id]).is_ours:
            if self._is_outdated(ask):
                self.seek()
            elif self._is_for_the_step(ask):
                await self._take(ask)
            else:
                await workflow.wait_condition(partial(self._is_to_do, ask))
        if ask.is_to_withdraw:
            await self._withdraw(order.ask_id)

    def _is_to_do(self, before: HospitalAsk) -> bool:
        ask = self._state.asks[before.ask_id]
        return not ask.is_ours or self._is_for_the_step(ask) or self._is_outdated(ask)

    def _is_for_the_step(self, ask: HospitalAsk) -> bool:
        """Whether there is a yes that may do the dispatcher's step."""
        return ask.is_offered and self._step() is not None

    def _is_outdated(self, ask: HospitalAsk) -> bool:
        """Whether the customer wishes another day than hospitals look for, or had no room on."""
        still_sought = ask.ours == "wanted" and self._step() is not None
        return still_sought and ask.wished_on != self._state.customer_date

    def _told_apart(self, answer: ResourceAnswer) -> None:
        why = answer.withheld
        held = f", 未附主诉 ({WITHHELD_NAMES[why]})" if why is not None else ""
        self._desk.note("hospitals_asked", f"已请医院协调平台安排{held}")

    async def _withdraw(self, ask_id: str) -> None:
        """Hospitals hear of it; who cannot be reached, or keeps to it, is called by a person."""
        if await withdrawn(ask_id):
            self._desk.note("ask_withdrawn", "已向医院协调平台撤回申请")
        else:
            self._desk.alert(f"医院资源未能撤回, 请致电医院 {ask_id}")

    # What they say -------------------------------------------------------------------------------

    def spoke(self, message: ResourceWord) -> None:
        """Their word by callback."""
        if message.ask_id not in self._state.asks:
            self._desk.alert(f"收到其他申请的答复 {message.ask_id}")
            return
        self._hear(message.ask_id, message.status, message.resource, message.reason)

    def _hear(self, ask_id: str, status: AskStatus, resource: Resource | None, reason: str) -> None:
        known = self._state.asks[ask_id]
        heard, ask = known.hears(status, resource)
        self._write(ask)
        why = f" ({reason})" if reason else ""
        if heard is not Heard.NOTHING and not known.is_ours:
            self._desk.note("ask_word_unused", f"医院答复已不再需要{why}", by=HOSPITALS)
        elif heard is Heard.OTHERWISE:
            self._desk.alert(f"医院对同一申请的安排前后不一 {ask_id}")
        elif heard is Heard.TOOK_BACK:
            self._desk.note("hospital_took_back", f"医院撤回安排{why}", by=HOSPITALS)
        elif heard is Heard.NO:
            self._not_theirs(f"医院无法安排{why}")

    async def _take(self, ask: HospitalAsk) -> None:
        """Their yes does the step, if it is what the service promises and where we know of."""
        known = await listed(self._asked, ask)
        step, now = self._step(), workflow.now()
        overtaken = not self._state.asks[ask.ask_id].is_offered or self._is_outdated(ask)
        if step is None or overtaken:
            return  # somebody else did it, it is not to be had, or another day is wished for
        try:
            form = self._form(ask, known)
            self._refusals.arranged(form, now)
        except (ApplicationError, ValidationError) as refused:
            told = refused.message if isinstance(refused, ApplicationError) else "内容不完整"
            self._not_theirs(f"医院的安排不能采用: {told}")
            self.let_go()
            return
        self._write(ask.model_copy(update={"ours": "held"}))
        done = CompleteTask(
            task_id=step.task_id,
            kind=step.kind,
            form=form.model_dump(mode="json"),
            actor=HOSPITALS,
            at=now,
        )
        self._desk.finish(done)

    def _form(self, ask: HospitalAsk, known: HospitalListed) -> ArrangeService:
        """The dispatcher's form as they would fill it in; a class we know is our own word."""
        if (why := known.refused) is not None:
            raise refusal(FORM_REFUSED, why, "hospital_id")
        offered = ask.resource.model_dump() if ask.resource else {}
        if known.class_known:
            offered["hospital_class"] = known.hospital_class
        return ArrangeService(arranged=True, **offered)

    def _not_theirs(self, what: str) -> None:
        """The dispatcher reads on the step why it is left to people."""
        self._desk.note("hospital_cannot", what, by=HOSPITALS)
        if (step := self._step()) is not None:
            subject = f"{what}; {step.subject}".rstrip("; ")
            self._desk.say_of(step.kind, subject)

    # What stands ---------------------------------------------------------------------------------

    @property
    def _last(self) -> HospitalAsk | None:
        return next(reversed(self._state.asks.values()), None)

    def _write(self, ask: HospitalAsk) -> None:
        self._state.asks[ask.ask_id] = ask

    def _step(self) -> TaskOpened | None:
        tasks = self._state.tasks.values()
        return next((one for one in tasks if one.kind is TaskKind.ARRANGE_SERVICE), None)
