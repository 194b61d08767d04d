"""Why a report about an escort is refused: a stable code, a Chinese sentence and its field."""

from __future__ import annotations

from datetime import datetime

from domain.bookings.visit import CHECK_IN_OPENS, Escorting, EscortVisit
from domain.bookings.visit_forms import (
    CallCustomer,
    CallOnTheWay,
    CheckIn,
    CheckOut,
    MeetCustomer,
    OfferVisit,
    PlanEscort,
    VisitForm,
)
from domain.calendar import civil_date
from domain.doubts import VISIT_AHEAD_MAX
from domain.eligibility_rules import is_far_enough
from workflows.bookings.parts.record import BookingState
from workflows.messages.bookings import RequestBooking
from workflows.messages.matters import CompleteTask
from workflows.refusals import FORM_REFUSED, not_ahead, refusal


class EscortRefusals:
    """Checks the reports about one escort against what the booking knows of it."""

    def __init__(self, state: BookingState, asked: RequestBooking, terms: Escorting) -> None:
        self._state = state
        self._asked = asked
        self._terms = terms

    def check(self, form: VisitForm, message: CompleteTask) -> None:
        """A refusal, or nothing; the step itself is open and the caller's."""
        at, visit = message.at, self._state.visit
        if isinstance(form, PlanEscort):
            _to_come(form.meeting_at, at)
            self._lead(form.meeting_at)
        elif isinstance(form, OfferVisit):
            self._offer(form)
        elif visit is None:
            return
        elif isinstance(form, CallCustomer):
            self._call(form, at)
        elif isinstance(form, CheckIn):
            _arrival(form, at, visit)
        elif isinstance(form, CallOnTheWay):
            _late(form, visit)
        elif isinstance(form, MeetCustomer):
            self._meeting(form, at, visit)
        elif isinstance(form, CheckOut):
            self._parting(form, at, visit)

    def _lead(self, meeting_at: datetime) -> None:
        """The day is as far ahead of the request as the service asks for (G04)."""
        lead = self._asked.programme.service(self._asked.service).lead
        if lead is None or lead.at_least is None or lead.when_short != "refuse":
            return
        asked_on, day = civil_date(self._asked.requested_at), civil_date(meeting_at)
        if not is_far_enough(asked_on, day, lead.at_least, self._state.calendar):
            raise refusal(FORM_REFUSED, "会面日期距申请日过近", "meeting_at")

    def _offer(self, form: OfferVisit) -> None:
        offered = [one.nurse_id for one in form.nurses]
        if len({*offered}) != len(offered):
            raise refusal(FORM_REFUSED, "派单人员不能重复", "nurses")
        if {*offered} & {*self._state.replaced}:
            raise refusal(FORM_REFUSED, "该人员已接单而未能前往, 不能再次派单", "nurses")
        if self._terms.clinical_nurse and not all(one.clinical_nurse for one in form.nurses):
            raise refusal(FORM_REFUSED, "陪诊人员须具有临床护士从业经历", "nurses")
        if form.nurses and not (form.hospital_name or named_hospital(self._asked, self._state)):
            raise refusal(FORM_REFUSED, "须填写就诊医院", "hospital_name")

    def _call(self, form: CallCustomer, at: datetime) -> None:
        lacking = {one.code for one in self._terms.calls} - {*form.items}
        if form.reached and lacking:
            names = "、".join(one.name for one in self._terms.calls if one.code in lacking)
            raise refusal(FORM_REFUSED, f"尚未沟通: {names}", "items", missing=sorted(lacking))
        if form.meeting_at is not None:
            _to_come(form.meeting_at, at)

    def _meeting(self, form: MeetCustomer, at: datetime, visit: EscortVisit) -> None:
        not_ahead(form.at, at)
        if visit.checked_in_at is not None and form.at < visit.checked_in_at:
            raise refusal(FORM_REFUSED, "会面时间不能早于打卡时间", "at")
        if not form.met and at < self._asked.programme.absent_from(visit.awaited_at):
            raise refusal(FORM_REFUSED, "约定时间及宽限未过, 不能登记客户未到", "met")

    def _parting(self, form: CheckOut, at: datetime, visit: EscortVisit) -> None:
        not_ahead(form.at, at)
        if visit.met_at is not None and form.at < visit.met_at:
            raise refusal(FORM_REFUSED, "结束时间不能早于会面时间", "at")
        if not form.closing_words:
            raise refusal(FORM_REFUSED, "须先向客户说明服务已结束", "closing_words")
        known = {one.code for one in self._terms.items}
        if not {*form.items} <= known or (known and not form.items):
            raise refusal(FORM_REFUSED, "须从服务事项中选择已完成的事项", "items")


def named_hospital(asked: RequestBooking, state: BookingState) -> str:
    """The name of the hospital it goes to, if it is the one that was asked for."""
    hospital = asked.hospital
    same = hospital is not None and state.hospital_id == hospital.hospital_id
    return hospital.name if hospital is not None and same else ""


def _to_come(moment: datetime, now: datetime) -> None:
    if moment.tzinfo is None or moment <= now:
        raise refusal(FORM_REFUSED, "会面时间须晚于现在", "meeting_at")
    if moment > now + VISIT_AHEAD_MAX:
        raise refusal(FORM_REFUSED, "会面时间超出一年", "meeting_at")


def _arrival(form: CheckIn, at: datetime, visit: EscortVisit) -> None:
    not_ahead(form.at, at)
    if visit.taken_at is not None and form.at < visit.taken_at:
        raise refusal(FORM_REFUSED, "打卡时间不能早于接单时间", "at")
    if form.at < visit.meeting_at - CHECK_IN_OPENS:
        raise refusal(FORM_REFUSED, "打卡时间距会面时间过早", "at")


def _late(form: CallOnTheWay, visit: EscortVisit) -> None:
    expected = form.expected_at
    if expected is not None and (expected.tzinfo is None or expected <= visit.meeting_at):
        raise refusal(FORM_REFUSED, "预计到达时间须晚于会面时间", "expected_at")
