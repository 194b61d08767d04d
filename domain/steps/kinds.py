"""What a step of a person is: its kind, its Chinese title, the roles it is for, its form.

Which kinds there are is one list, because the worklist shows them together; the forms stand with
the matters they belong to, and `domain.steps.tasks` brings both together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from domain.roles import Role
from domain.steps.forms import Form


class TaskKind(StrEnum):
    """What is to be done."""

    ANSWER_ENQUIRY = "answer_enquiry"
    FIRST_CONTACT = "first_contact"
    ASSIGN_TEAM = "assign_team"
    CONFIRM_DOCUMENTS = "confirm_documents"
    SIGN_AUTHORIZATION = "sign_authorization"
    DOCUMENT_VISIT = "document_visit"
    JUDGE_LIABILITY = "judge_liability"
    SECOND_REVIEW = "second_review"
    TELL_RESULT = "tell_result"
    ARRANGE_VISIT = "arrange_visit"
    SIGN_ON_SITE = "sign_on_site"
    HAND_IN_SLIP = "hand_in_slip"
    KEEP_SLIP = "keep_slip"
    GIVE_OUT_SLIPS = "give_out_slips"
    CARE = "care"
    ANSWER_TOP_UP = "answer_top_up"
    ACCEPT_OFFER = "accept_offer"
    VERIFY_COST = "verify_cost"
    ON_SITE_TOP_UP = "on_site_top_up"
    DISCHARGE_VISIT = "discharge_visit"
    SETTLE_BALANCE = "settle_balance"
    CONFIRM_REFUND = "confirm_refund"
    COLLECT_CLAIM_DOCUMENTS = "collect_claim_documents"
    FILE_CLAIM = "file_claim"
    RECORD_REPAYMENT = "record_repayment"
    AFTERCARE = "aftercare"
    HOME_VISIT = "home_visit"
    OFFER_CLAIM = "offer_claim"
    ADJUDICATE = "adjudicate"
    SETTLE_AT_COUNTER = "settle_at_counter"
    HAND_OVER_MONEY = "hand_over_money"
    ARRANGE_REPAYMENT = "arrange_repayment"
    SIGN_WRITE_OFF = "sign_write_off"
    DECIDE_DISPUTE = "decide_dispute"
    RESOLVE_PAYMENT = "resolve_payment"
    CORRECT_PAYMENT = "correct_payment"
    SETTLE_LATE_REFUND = "settle_late_refund"
    SETTLE_LATE_CLAIM = "settle_late_claim"
    EXPLAIN_DIFFERENCE = "explain_difference"
    RELEASE_HOLD = "release_hold"
    TAKE_REQUEST = "take_request"
    CHECK_PAPERS = "check_papers"
    REVIEW_BOOKING = "review_booking"
    NAME_PERSON = "name_person"
    OFFER_OPTIONS = "offer_options"
    CHOOSE_OPTION = "choose_option"
    ARRANGE_SERVICE = "arrange_service"
    CONFIRM_BOOKING = "confirm_booking"
    REPORT_VISIT = "report_visit"
    DECIDE_USE = "decide_use"
    FOLLOW_UP_CALL = "follow_up_call"
    SERVICE_STEP = "service_step"
    ASSIGN_EXPERT = "assign_expert"
    SEND_KIT = "send_kit"
    RECEIVE_SAMPLE = "receive_sample"
    DELIVER_REPORT = "deliver_report"
    EXPLAIN_REPORT = "explain_report"
    MATCH_DOCTOR = "match_doctor"
    SURVEY_REPORT = "survey_report"
    CHOOSE_SLOT = "choose_slot"
    CALL_AHEAD = "call_ahead"
    CONSULT = "consult"
    WRITE_SUMMARY = "write_summary"
    RATE_SERVICE = "rate_service"
    TRIAGE_PATIENT = "triage_patient"
    RESCUE_STEP = "rescue_step"
    ALERT_DEPARTMENT = "alert_department"
    REPORT_RESCUE = "report_rescue"
    COORDINATE_RESCUE = "coordinate_rescue"
    RESCUE_OUTCOME = "rescue_outcome"
    DECIDE_WARD = "decide_ward"
    COLLECT_FEES = "collect_fees"
    MAKE_READY = "make_ready"
    RECEIVE_PAPERS = "receive_papers"
    EXAMINE_EXPENSES = "examine_expenses"
    CONFIRM_PAYEE = "confirm_payee"
    FIND_PARCEL = "find_parcel"
    CHASE_LAB = "chase_lab"
    PLAN_CARE = "plan_care"
    CARE_CALL = "care_call"
    PLAN_ESCORT = "plan_escort"
    OFFER_VISIT = "offer_visit"
    CALL_CUSTOMER = "call_customer"
    CHECK_IN = "check_in"
    CALL_ON_THE_WAY = "call_on_the_way"
    MEET_CUSTOMER = "meet_customer"
    CHECK_OUT = "check_out"
    REPLACE_ESCORT = "replace_escort"
    IMPORT_CALENDAR = "import_calendar"
    CHASE_DECISION = "chase_decision"
    RESUME_MATTER = "resume_matter"
    BREACH = "breach"
    PHONE_CUSTOMER = "phone_customer"


class TaskTerms(BaseModel):
    """What the worklist shows and asks for one kind of task."""

    model_config = ConfigDict(frozen=True)

    title: str
    roles: tuple[Role, ...]
    form: type[Form]


def task_terms(title: str, form: type[Form], *roles: Role) -> TaskTerms:
    return TaskTerms(title=title, roles=roles, form=form)


class CareDuty(StrEnum):
    """The four duties of in-hospital care (R030–R033)."""

    COMMUNICATION = "communication"
    BEDSIDE_VISIT = "bedside_visit"
    ADMISSION_FORMALITIES = "admission_formalities"
    SURGERY_FORMALITIES = "surgery_formalities"


DUTY_NAMES: Final[dict[CareDuty, str]] = {
    CareDuty.COMMUNICATION: "诊疗沟通",
    CareDuty.BEDSIDE_VISIT: "床旁探望",
    CareDuty.ADMISSION_FORMALITIES: "协助办理住院手续",
    CareDuty.SURGERY_FORMALITIES: "协助办理手术手续",
}


class Evidence(BaseModel):
    """What each side's books say of the same thing: codes, amounts, moments; nobody's name."""

    model_config = ConfigDict(frozen=True)

    ours: Annotated[str, Field(max_length=500)]
    theirs: Annotated[str, Field(max_length=500)]
