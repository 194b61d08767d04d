"""Why what was arranged for a booking is refused: its time, its place, whom the customer is to see.

The service's own terms say what may be promised; the policy and its contract, until which day.
"""

from __future__ import annotations

from datetime import date, datetime

from domain.bookings.failures import AGAIN_WHY, DECLINED_WHY, is_declined, is_named_again
from domain.bookings.forms import ArrangeService, AssignExpert, OfferOptions
from domain.bookings.staffing import out_of_rank, unfit
from domain.bookings.terms import CLINIC_NAMES, chooses_expert
from domain.calendar import civil_date
from domain.doubts import VISIT_AHEAD_MAX
from domain.programmes.services import Shape
from workflows.bookings.parts.record import BookingState
from workflows.messages.bookings import RequestBooking
from workflows.refusals import FORM_REFUSED, refusal


class ArrangementRefusals:
    """Checks what is offered, arranged or assigned for one booking."""

    def __init__(self, state: BookingState, asked: RequestBooking) -> None:
        self._state = state
        self._asked = asked
        self._service = asked.programme.service(asked.service)

    def under_contract(self, day: date, field: str) -> None:
        """Nothing is arranged for a day on which the contract is no more."""
        last_day = self._state.contract_until
        if last_day is not None and day > last_day:
            raise refusal(FORM_REFUSED, "时间不能晚于保险合同的终止日", field)

    def within_cover(self, day: date, field: str) -> None:
        """Nor for a day on which policy or service have run out (I10)."""
        self.under_contract(day, field)
        last_day = self._asked.last_day or self._asked.covered_until
        if last_day is not None and day > last_day:
            raise refusal(FORM_REFUSED, "时间不能晚于保单或服务的有效期", field)

    def options(self, form: OfferOptions) -> None:
        """As many different experts as the service promises, clinics of its kinds (P04)."""
        offered = [one.option for one in form.options]
        if len({*offered}) != len(offered):
            raise refusal(FORM_REFUSED, "选项不能重复", "options")
        wanted = self._service.choice.experts_offered if self._service.choice else None
        if wanted is not None and len(offered) != wanted:
            raise refusal(FORM_REFUSED, f"须提供{wanted}名专家供选择", "options")
        clinics = self._service.choice.clinics if self._service.choice else ()
        if clinics and not {*offered} <= {*clinics}:
            listed = "、".join(CLINIC_NAMES[one] for one in clinics)
            raise refusal(FORM_REFUSED, f"门诊类型须为: {listed}", "options")

    def arranged(self, form: ArrangeService, at: datetime) -> None:
        """A time to come, with whom and where the service promises, whoever says so."""
        if form.service_at is None:
            return
        if not form.arranged:
            raise refusal(FORM_REFUSED, "未安排时不填写就诊时间", "service_at")
        if form.service_at.tzinfo is None or form.service_at <= at:
            raise refusal(FORM_REFUSED, "就诊时间须晚于现在", "service_at")
        if form.service_at > at + VISIT_AHEAD_MAX:
            raise refusal(FORM_REFUSED, "就诊时间超出一年", "service_at")
        self.within_cover(civil_date(form.service_at), "service_at")
        self._not_declined(form, form.service_at)
        self._as_promised(form)
        if (why := out_of_rank(self._service.staffing, form.hospital_rank)) is not None:
            raise refusal(FORM_REFUSED, why, "hospital_rank")
        self._chosen_expert(form)
        hospital = self._asked.hospital
        wished = self._state.agreed_hospital_id or (hospital.hospital_id if hospital else None)
        elsewhere = wished is not None and form.hospital_id not in (None, wished)
        if elsewhere and not form.equal_alternative:
            raise refusal(FORM_REFUSED, "非客户指定医院, 须与客户协商同等医院", "equal_alternative")

    def not_again(self, who: str | None, because: str, field: str) -> None:
        """Whoever has failed this booking is not named for it again, unless somebody says why."""
        if is_named_again(who, self._state.failed_by, because=because):
            raise refusal(FORM_REFUSED, AGAIN_WHY, field)

    def _not_declined(self, form: ArrangeService | AssignExpert, at: datetime | None) -> None:
        """What the customer said no to is not offered to him again, unless somebody says why."""
        chosen = self._state.chosen if chooses_expert(self._service) else None
        said_no = is_declined(
            self._state.declined,
            at=at,
            expert=form.expert or chosen,
            hospital_id=form.hospital_id,
        )
        if said_no and not form.again_because.strip():
            field = "expert" if at is None else "service_at"
            raise refusal(FORM_REFUSED, DECLINED_WHY, field)

    def _chosen_expert(self, form: ArrangeService) -> None:
        """The expert the customer chose of three, or another one by agreement (P04)."""
        chosen = self._state.chosen if chooses_expert(self._service) else None
        self.not_again(form.expert or chosen, form.again_because, "expert")
        other = chosen is not None and form.expert not in (None, chosen)
        if other and not form.equal_alternative:
            raise refusal(FORM_REFUSED, "非客户选定的专家, 须与客户协商", "expert")

    def _as_promised(self, form: ArrangeService | AssignExpert) -> None:
        found = unfit(
            self._service.staffing, level=form.doctor_level, hospital_class=form.hospital_class
        )
        if found is not None:
            field, why = found
            raise refusal(FORM_REFUSED, why, field)

    def expert(self, form: AssignExpert) -> None:
        """The expert sits where the programme allows (P20: Beijing, Shanghai, Guangzhou)."""
        staffing = self._service.staffing
        cities = staffing.cities if staffing else ()
        if form.assigned:
            self.not_again(form.expert, form.again_because, "expert")
            self._not_declined(form, None)
        if form.assigned and cities and form.city not in cities:
            raise refusal(FORM_REFUSED, f"专家须在{'、'.join(cities)}", "city")
        if form.assigned and self._service.shape is Shape.WRITTEN_OPINION:
            self._as_promised(form)
            if staffing is not None and staffing.of_specialty and not form.specialty.strip():
                raise refusal(FORM_REFUSED, "须为该专科疾病的权威专家, 请填写专科", "specialty")
