"""The steps people do: each kind of task with its Chinese title, its roles and its form.

A task is opened by a case, an enquiry or the house itself, shown in the worklist, and completed
with exactly one form. The forms are the contract between the worklist and the workflow; the door
reads them strictly (unknown keys refused), the workflow tolerantly (fields have defaults where a
later version may add some). Who may see a task and when it is due is decided where it is opened.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from domain.booking_forms import (
    ArrangeService,
    CheckPapers,
    ChooseOption,
    ConfirmBooking,
    DecideUse,
    FollowUpCall,
    OfferOptions,
    ReportVisit,
    ReviewBooking,
    TakeRequest,
)
from domain.enquiry import Answerer
from domain.forms import (
    AcknowledgeBreach,
    Aftercare,
    CorrectPayment,
    DocumentId,
    DocumentVisit,
    ExplainDifference,
    Form,
    GiveOutSlips,
    Images,
    KeepSlip,
    Note,
    PhoneCustomer,
    Reference,
    ReleaseHold,
    SecondReview,
    SettleBalance,
    SettleLateRefund,
    StaffId,
    VerifyCost,
    Words,
)
from domain.money import Money
from domain.waiver import PaymentMode, Role


class Evidence(BaseModel):
    """What each side's books say of the same thing: codes, amounts, moments; nobody's name."""

    model_config = ConfigDict(frozen=True)

    ours: Annotated[str, Field(max_length=500)]
    theirs: Annotated[str, Field(max_length=500)]


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
    ARRANGE_REPAYMENT = "arrange_repayment"
    SIGN_WRITE_OFF = "sign_write_off"
    DECIDE_DISPUTE = "decide_dispute"
    RESOLVE_PAYMENT = "resolve_payment"
    CORRECT_PAYMENT = "correct_payment"
    SETTLE_LATE_REFUND = "settle_late_refund"
    EXPLAIN_DIFFERENCE = "explain_difference"
    TAKE_REQUEST = "take_request"
    CHECK_PAPERS = "check_papers"
    REVIEW_BOOKING = "review_booking"
    OFFER_OPTIONS = "offer_options"
    CHOOSE_OPTION = "choose_option"
    ARRANGE_SERVICE = "arrange_service"
    CONFIRM_BOOKING = "confirm_booking"
    REPORT_VISIT = "report_visit"
    DECIDE_USE = "decide_use"
    FOLLOW_UP_CALL = "follow_up_call"
    RELEASE_HOLD = "release_hold"
    IMPORT_CALENDAR = "import_calendar"
    BREACH = "breach"
    PHONE_CUSTOMER = "phone_customer"


class AnswerEnquiry(Form):
    """An answer to a question, the next one to ask (R038, R083, R110), or both."""

    answer: Annotated[str, Field(max_length=2000, repr=False)] = ""
    forward_to: Answerer | None = None
    closes: bool = False


class FirstContact(Form):
    """The agent's first contact: identity first (R085), need recorded (R086), list sent (R100)."""

    identity_verified: bool
    need: Words
    checklist_sent: bool
    can_give_invoices: bool | None = None  # originals at discharge; asked where they are required
    visit_wanted: bool | None = None  # somebody comes for the papers; asked where it is offered
    visit_on: date | None = None  # the customer's own date for it
    note: Note = ""


class AssignTeam(Form):
    """The standard team (R046); a case without one of its members never reaches a payment."""

    agent_id: StaffId
    nurse_id: StaffId
    doctor_id: StaffId | None = None  # where the programme's team has a doctor

    @field_validator("nurse_id", "doctor_id")
    @classmethod
    def _another_person(cls, staff_id: str | None, others: ValidationInfo) -> str | None:
        if staff_id is not None and staff_id in others.data.values():
            raise ValueError("三人须为不同的人员")
        return staff_id


class ConfirmDocuments(Form):
    """The completeness event: from here, not from the first upload, the reviewer's part begins."""

    complete: bool
    missing: list[Annotated[str, Field(max_length=64)]] = Field(default=[], max_length=30)
    note: Note = ""


class SignAuthorization(Form):
    """The customer empowers us to file the claim and act in related matters (R091), or refuses."""

    signed: bool
    images: list[DocumentId] = Field(default=[], max_length=20)


class JudgeLiability(Form):
    """The expert's opinion: scope (R024), plan (R025), history (R040), treatment talk (R026)."""

    approved: bool
    in_scope: bool
    previous_history: Literal["none", "disclosed", "undisclosed"]
    limit: Money | None = None
    first_deposit: Money | None = None
    treatment_talk: Words
    reason: Note = ""


class TellResult(Form):
    """The customer has been told the result and the plan (K04), or why not (R219)."""

    told_by: Literal["phone", "wechat", "in_person"]
    customer_date: date | None = None  # the day the customer wants the visit on
    note: Note = ""


class ArrangeVisit(Form):
    """When the nurse will be there, and how the deposit is to be paid if not by the usual order."""

    visit_at: datetime
    payment_mode: PaymentMode | None = None
    note: Note = ""


class SignOnSite(Form):
    """The nurse stands at the bed: agreements signed, or refused."""

    agreements_signed: bool
    no_show: bool = False  # nobody was there to sign
    images: Images
    note: Note = ""


class HandInSlip(Form):
    """The deposit slip of one payment."""

    images: Images
    receipt_no: Reference


class CareDuty(StrEnum):
    """The four duties of in-hospital care (R030–R033)."""

    COMMUNICATION = "communication"
    BEDSIDE_VISIT = "bedside_visit"
    ADMISSION_FORMALITIES = "admission_formalities"
    SURGERY_FORMALITIES = "surgery_formalities"


class Care(Form):
    """A piece of in-hospital care, with its image record."""

    duties: list[CareDuty] = Field(min_length=1, max_length=4)
    note: Note
    images: Images
    surgery_on: date | None = None


class AnswerTopUp(Form):
    """The first answer to a top-up request (K02): accepted or refused, and how it will be paid."""

    accepted: bool
    payment_mode: PaymentMode | None = None
    visit_at: datetime | None = None
    reason: Note = ""


class AcceptOffer(Form):
    """The customer's answer to what is left below the limit."""

    accepted: bool


class OnSiteTopUp(Form):
    """The person of ours is at the hospital and pays now (K06)."""

    images: Images
    note: Note = ""


class DischargeVisit(Form):
    """Discharge accompanied (R034), claim explained (R035), papers collected (R036), bill read."""

    bill: Money
    bill_confirmed: bool = False  # read again, where it is far above what was advanced
    claim_explained: bool
    documents_collected: bool
    images: Images
    note: Note = ""


class ConfirmRefund(Form):
    """The unused deposit is back with the payer."""

    received: Money
    reference: Reference


class CollectClaimDocuments(Form):
    """Invoices and summary have been handed over after all."""

    images: Images
    note: Note = ""


class FileClaim(Form):
    """The claim file is ready to be sent to the insurer on the customer's behalf (R017)."""

    images: Images
    courier_no: Reference | None = None  # where the file goes by courier (R233)
    note: Note = ""


class RecordRepayment(Form):
    """Money that came from the customer."""

    amount: Money
    reference: Reference


class PlannedPart(BaseModel):
    """One instalment as it was agreed with the customer."""

    model_config = ConfigDict(frozen=True)

    due_on: date
    amount: Money


class ArrangeRepayment(Form):
    """What was agreed with a customer who owes: instalments, or that it will not come back."""

    instalments: list[PlannedPart] = Field(default=[], max_length=36)
    write_off: bool = False
    reason: Words


class SignWriteOff(Form):
    """A further signature under a write-off, by somebody who has not signed it yet."""

    approved: bool
    reason: Words


class DecideDispute(Form):
    """Whether what a customer says against a claim decision holds; then it is filed anew."""

    upheld: bool
    reason: Words


class ResolvePayment(Form):
    """What became of a payment whose outcome nobody knew, with the evidence of both sides."""

    paid: bool
    reference: Reference | None = None
    evidence: Words


class ImportCalendar(Form):
    """What is done about a year whose holiday notice is not in the table."""

    action: Words


class TaskTerms(BaseModel):
    """What the worklist shows and asks for one kind of task."""

    model_config = ConfigDict(frozen=True)

    title: str
    roles: tuple[Role, ...]
    form: type[Form]


def _terms(title: str, form: type[Form], *roles: Role) -> TaskTerms:
    return TaskTerms(title=title, roles=roles, form=form)


TASKS: Final[dict[TaskKind, TaskTerms]] = {
    TaskKind.ANSWER_ENQUIRY: _terms(
        "答复咨询", AnswerEnquiry, Role.AGENT, Role.REVIEWER, Role.DOCTOR, Role.SUPERVISOR
    ),
    TaskKind.FIRST_CONTACT: _terms("首次联系客户", FirstContact, Role.AGENT),
    TaskKind.ASSIGN_TEAM: _terms("确认三人服务团队", AssignTeam, Role.DISPATCHER),
    TaskKind.CONFIRM_DOCUMENTS: _terms("确认资料齐全", ConfirmDocuments, Role.AGENT),
    TaskKind.SIGN_AUTHORIZATION: _terms("签署委托授权", SignAuthorization, Role.CUSTOMER),
    TaskKind.DOCUMENT_VISIT: _terms("上门收集资料", DocumentVisit, Role.NURSE),
    TaskKind.JUDGE_LIABILITY: _terms("判责与方案", JudgeLiability, Role.REVIEWER),
    TaskKind.SECOND_REVIEW: _terms("双审确认", SecondReview, Role.INSURER),
    TaskKind.TELL_RESULT: _terms("告知客户审核结果", TellResult, Role.AGENT),
    TaskKind.ARRANGE_VISIT: _terms("安排上门", ArrangeVisit, Role.DISPATCHER),
    TaskKind.SIGN_ON_SITE: _terms("到院签署协议", SignOnSite, Role.NURSE),
    TaskKind.HAND_IN_SLIP: _terms("上传押金单", HandInSlip, Role.NURSE, Role.AGENT),
    TaskKind.KEEP_SLIP: _terms("押金单入库保管", KeepSlip, Role.FINANCE),
    TaskKind.GIVE_OUT_SLIPS: _terms("领出押金单办理结算", GiveOutSlips, Role.FINANCE),
    TaskKind.CARE: _terms("住院关怀", Care, Role.NURSE),
    TaskKind.ANSWER_TOP_UP: _terms("答复续费申请", AnswerTopUp, Role.AGENT),
    TaskKind.ACCEPT_OFFER: _terms("确认剩余额度", AcceptOffer, Role.CUSTOMER, Role.AGENT),
    TaskKind.VERIFY_COST: _terms("到院核实费用", VerifyCost, Role.NURSE),
    TaskKind.ON_SITE_TOP_UP: _terms("到院续费", OnSiteTopUp, Role.NURSE),
    TaskKind.DISCHARGE_VISIT: _terms("陪同出院结算", DischargeVisit, Role.NURSE),
    TaskKind.SETTLE_BALANCE: _terms("核定直付金额", SettleBalance, Role.INSURER),
    TaskKind.CONFIRM_REFUND: _terms("核对押金退款", ConfirmRefund, Role.FINANCE),
    TaskKind.COLLECT_CLAIM_DOCUMENTS: _terms(
        "收取理赔资料", CollectClaimDocuments, Role.AGENT, Role.NURSE
    ),
    TaskKind.FILE_CLAIM: _terms("代办理赔申请", FileClaim, Role.AGENT),
    TaskKind.RECORD_REPAYMENT: _terms("登记客户还款", RecordRepayment, Role.FINANCE),
    TaskKind.AFTERCARE: _terms("院后咨询", Aftercare, Role.AGENT),
    TaskKind.ARRANGE_REPAYMENT: _terms("商定还款安排", ArrangeRepayment, Role.FINANCE),
    TaskKind.SIGN_WRITE_OFF: _terms("核销签字", SignWriteOff, Role.SUPERVISOR),
    TaskKind.DECIDE_DISPUTE: _terms("复核理赔异议", DecideDispute, Role.REVIEWER),
    TaskKind.RESOLVE_PAYMENT: _terms("核实付款结果", ResolvePayment, Role.FINANCE),
    TaskKind.CORRECT_PAYMENT: _terms("更正付款记录", CorrectPayment, Role.FINANCE),
    TaskKind.SETTLE_LATE_REFUND: _terms("处理结案后退款", SettleLateRefund, Role.FINANCE),
    TaskKind.EXPLAIN_DIFFERENCE: _terms("核对对账差异", ExplainDifference, Role.FINANCE),
    TaskKind.TAKE_REQUEST: _terms("首次响应预约", TakeRequest, Role.AGENT),
    TaskKind.CHECK_PAPERS: _terms("核对预约资料", CheckPapers, Role.AGENT),
    TaskKind.REVIEW_BOOKING: _terms("审核预约", ReviewBooking, Role.REVIEWER),
    TaskKind.OFFER_OPTIONS: _terms("推荐专家或门诊", OfferOptions, Role.REVIEWER),
    TaskKind.CHOOSE_OPTION: _terms("选择专家或门诊", ChooseOption, Role.CUSTOMER, Role.AGENT),
    TaskKind.ARRANGE_SERVICE: _terms("协调医院资源", ArrangeService, Role.DISPATCHER),
    TaskKind.CONFIRM_BOOKING: _terms("告知并确认预约", ConfirmBooking, Role.AGENT),
    TaskKind.REPORT_VISIT: _terms("登记就诊结果", ReportVisit, Role.AGENT),
    TaskKind.DECIDE_USE: _terms("判定是否计次", DecideUse, Role.SUPERVISOR),
    TaskKind.FOLLOW_UP_CALL: _terms("服务回访", FollowUpCall, Role.AGENT),
    TaskKind.RELEASE_HOLD: _terms("解除付款暂停", ReleaseHold, Role.SUPERVISOR),
    TaskKind.IMPORT_CALENDAR: _terms("导入节假日安排", ImportCalendar, Role.SUPERVISOR),
    TaskKind.BREACH: _terms("处理超时", AcknowledgeBreach, Role.SUPERVISOR),
    TaskKind.PHONE_CUSTOMER: _terms("电话通知客户", PhoneCustomer, Role.AGENT),
}
