"""Why a slot or a step of a consultation is refused: a stable code, a sentence, its field."""

from __future__ import annotations

from typing import Final

from domain.bookings.booking import BookingStage, may_be_over
from domain.bookings.consultation import (
    ChooseSlot,
    Consult,
    ConsultOutcome,
    MatchDoctor,
    consulting_of,
    misfit,
)
from domain.bookings.roster import SLOT_REFUSALS, refused
from domain.bookings.rounds import WISHES_MAX
from domain.roles import Role
from domain.steps.kinds import TaskKind
from workflows.bookings.refusals.booking import BookingRefusals
from workflows.messages.bookings import TakeSlot
from workflows.messages.matters import CompleteTask
from workflows.refusals import FORM_REFUSED, WRONG_STAGE, open_step, refusal

SLOT_TAKEN: Final = "SlotTaken"
SLOTS: Final = "slot"
"""What the slots a customer took are counted by."""


class ConsultationRefusals(BookingRefusals):
    """Checks the commands of one consultation against what it knows."""

    def slot(self, message: TakeSlot, *, begun: bool) -> None:
        """A slot is taken while it is asked for, or changed before the talk has begun."""
        if consulting_of(self._service).by != "roster":
            raise refusal(WRONG_STAGE, "本服务不需选择时段", "stage")
        asked = any(task.kind is TaskKind.CHOOSE_SLOT for task in self._state.tasks.values())
        confirmed = self._state.stage is BookingStage.CONFIRMED
        kept, over = self._state.service_at, self._state.called_off is not None
        late = begun or (kept is not None and kept <= message.at)
        if over or not (asked or (confirmed and not late)):
            raise refusal(WRONG_STAGE, "现在不能选择或更改时段", "stage")
        if self._state.counts.get(SLOTS, 0) >= WISHES_MAX:
            raise refusal(FORM_REFUSED, f"时段已更改{WISHES_MAX}次, 请联系工作人员", "slot_id")
        why = refused(message.slot, self._service, at=message.at)
        if why is not None:
            raise refusal(FORM_REFUSED, SLOT_REFUSALS[why], "slot_id")
        if message.slot.doctor in self._state.failed_by:
            raise refusal(FORM_REFUSED, "该医生未能接听您的上次预约, 请选择其他医生", "slot_id")

    def completion(self, message: CompleteTask) -> None:
        """As of every booking; a slot is taken at the roster, calls in vain are counted there."""
        task, form = open_step(self._state, message)
        if isinstance(form, ChooseSlot):
            raise refusal(FORM_REFUSED, "请在预约的 slot 资源中选择时段", "slot_id")
        if isinstance(form, MatchDoctor) and (field := misfit(form, self._service)) is not None:
            raise refusal(FORM_REFUSED, "该医生的职称或医院等级不符合服务承诺", field)
        if isinstance(form, MatchDoctor):
            self.arrangement.not_again(form.doctor, form.again_because, "doctor")
        counted = self._service.failed_calls is not None
        if isinstance(form, Consult) and form.outcome is ConsultOutcome.NOT_REACHED and counted:
            raise refusal(FORM_REFUSED, "未接通次数以电话系统记录为准", "outcome")
        lost = isinstance(form, Consult) and form.outcome is ConsultOutcome.NOT_REACHED
        if isinstance(form, Consult) and lost and not form.note.strip():
            raise refusal(FORM_REFUSED, "未能联系到客户, 须说明情况", "note")
        if isinstance(form, Consult) and message.actor.role is not Role.DOCTOR:
            absent = form.outcome is ConsultOutcome.PROVIDER_FAILED
            if task.assignee is None or not absent:
                raise refusal(FORM_REFUSED, "咨询结果由该医生登记, 您只能登记医生失约", "outcome")
        advised = isinstance(form, Consult) and form.outcome is ConsultOutcome.ADVISED
        if advised and not may_be_over(self._state.service_at, message.at):
            raise refusal(FORM_REFUSED, "预约日期未到, 不能登记已解答", "outcome")
        super().completion(message)
