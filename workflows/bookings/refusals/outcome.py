"""Why what came of a booking is refused: a visit that cannot have been, a report without papers."""

from __future__ import annotations

from datetime import datetime

from domain.bookings.booking import LOSSES, VisitOutcome, may_be_over
from domain.bookings.forms import DeliverReport, ReportVisit
from domain.bookings.papers import REPORTS
from domain.documents import DOCUMENT_NAMES
from domain.programmes.services import Shape
from workflows.bookings.parts.record import BookingState
from workflows.messages.bookings import RequestBooking
from workflows.messages.matters import CompleteTask
from workflows.refusals import DOCUMENTS_MISSING, FORM_REFUSED, not_ahead, refusal


class OutcomeRefusals:
    """Checks what is reported of the service itself."""

    def __init__(self, state: BookingState, asked: RequestBooking) -> None:
        self._state = state
        self._asked = asked
        self._service = asked.programme.service(asked.service)

    def since_the_request(self, at: datetime, now: datetime) -> None:
        """What happened for this booking happened between its request and now."""
        not_ahead(at, now)
        if at < self._asked.requested_at:
            raise refusal(FORM_REFUSED, "发生时间不能早于预约申请", "at")

    def report(self, form: ReportVisit, at: datetime) -> None:
        """A visit took place when it could have; why it did not is said, and by whom it may be."""
        self.since_the_request(form.at, at)
        delivered = form.outcome is VisitOutcome.DELIVERED
        if delivered and self._service.shape is Shape.ESCORT:
            raise refusal(FORM_REFUSED, "陪诊结束由陪诊人员打卡登记", "outcome")
        if delivered and not may_be_over(self._state.service_at, form.at):
            raise refusal(FORM_REFUSED, "就诊日期未到, 不能登记已就诊", "at")
        if form.outcome in LOSSES:
            self._loss(form, at)

    def _loss(self, form: ReportVisit, at: datetime) -> None:
        """Own reasons are said in words (I19), and nobody is absent before he is late (I32)."""
        visit, awaited_at = self._state.visit, self._state.service_at
        awaited_at = visit.awaited_at if visit else awaited_at
        if form.outcome is VisitOutcome.NOT_ADMITTED:
            self._not_admitted(form)
        elif form.outcome is not VisitOutcome.GIVEN_UP and awaited_at is not None:
            self._absent(awaited_at, at)
        if not form.note.strip():
            raise refusal(FORM_REFUSED, "因客户原因未成行, 须说明原因", "note")

    def _absent(self, awaited_at: datetime, at: datetime) -> None:
        if at < self._asked.programme.absent_from(awaited_at):
            raise refusal(FORM_REFUSED, "就诊时间及宽限未过, 不能登记未到诊", "outcome")

    def _not_admitted(self, form: ReportVisit) -> None:
        if not self._service.admits:
            raise refusal(FORM_REFUSED, "只有住院或手术可登记未入院", "outcome")
        if not may_be_over(self._state.service_at, form.at):
            raise refusal(FORM_REFUSED, "入院日期未到, 不能登记未入院", "outcome")

    def delivery(self, form: DeliverReport, message: CompleteTask) -> None:
        """A report that was delivered went out in the forms promised, and lies in the file."""
        if not form.delivered:
            return
        promised, kind = self._service.result, REPORTS[self._service.shape or Shape.WRITTEN_OPINION]
        if "paper_report" in promised and form.courier_no is None:
            raise refusal(FORM_REFUSED, "须填写纸质报告的快递单号", "courier_no")
        if not form.images and ("electronic_report" in promised or form.courier_no is None):
            raise refusal(FORM_REFUSED, f"须上传{DOCUMENT_NAMES[kind]}", "images")
        known = {one for ids in message.documents.values() for one in ids}
        if not {*form.images} <= known:
            raise refusal(DOCUMENTS_MISSING, "所列文件不在预约资料中", "images")
        if form.images and not {*form.images} & {*message.documents.get(kind.value, [])}:
            raise refusal(DOCUMENTS_MISSING, f"所列文件中没有{DOCUMENT_NAMES[kind]}", "images")
