"""Why an answer to a request is refused: what the service wants to know, what nobody had said."""

from __future__ import annotations

from domain.bookings.forms import TakeRequest
from domain.bookings.terms import (
    INTAKE_NAMES,
    examinations_of,
    found_with_request,
    intake_for,
    is_examined,
)
from workflows.messages.bookings import RequestBooking
from workflows.refusals import FORM_REFUSED, refusal


def must_be_whole(form: TakeRequest, asked: RequestBooking) -> None:
    """Whoever is identified and served is asked what the service wants to know (R237-R239, R272).

    What was open when he asked and no reviewer judges is found out now, or by nobody.
    """
    service = asked.programme.service(asked.service)
    goes_on = form.identity_verified and not form.not_entitled.strip()
    known = {"hospital"} if asked.hospital else set()
    known |= {"wanted_time"} if asked.wished_on else set()
    wanted = intake_for(service, known=known)
    still = [code for code in wanted if not form.intake.get(code, "").strip()]
    if goes_on and still:
        listed = "、".join(INTAKE_NAMES[code] for code in still)
        raise refusal(FORM_REFUSED, f"尚须登记: {listed}", "intake", missing=still)
    if not is_examined(service, form.intake.get("exam_type", "")):
        listed = "、".join(examinations_of(service))
        raise refusal(FORM_REFUSED, f"检查项目须为: {listed}", "intake")
    unsaid = found_with_request(asked.verdict, asked.programme, service)
    if form.not_entitled.strip() and not unsaid:
        raise refusal(FORM_REFUSED, "无待核实的事项, 或由审核人员判断", "not_entitled")
    if goes_on and unsaid and not form.found_out.strip():
        listed = "; ".join(reason.text for reason in unsaid)
        raise refusal(FORM_REFUSED, f"须说明核实结果: {listed}", "found_out")
