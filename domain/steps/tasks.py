"""The steps people do: each kind of task with its Chinese title, its roles and its form.

A task is opened by a case, an enquiry or the house itself, shown in the worklist, and completed
with exactly one form. The forms are the contract between the worklist and the workflow; the door
reads them strictly (unknown keys refused), the workflow tolerantly (fields have defaults where a
later version may add some). Who may see a task and when it is due is decided where it is opened.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from domain.bookings.consultation import CONSULTATION_TASKS
from domain.bookings.steps import BOOKING_TASKS
from domain.documents import DocumentKind
from domain.enquiry import Answerer
from domain.money import Money
from domain.programmes.own_steps import SERVICE_STEP_TASKS
from domain.rescues.steps import RESCUE_TASKS
from domain.roles import Role
from domain.steps.forms import (
    AcceptOffer,
    AcknowledgeBreach,
    Adjudicate,
    Aftercare,
    CorrectPayment,
    DocumentId,
    DocumentVisit,
    ExplainDifference,
    Form,
    GiveOutSlips,
    HandInSlip,
    HandOverMoney,
    HomeVisit,
    Images,
    KeepSlip,
    Note,
    OfferClaim,
    OnSiteTopUp,
    PhoneCustomer,
    Reference,
    ReleaseHold,
    SecondReview,
    SettleAtCounter,
    SettleBalance,
    SettleLateClaim,
    SettleLateRefund,
    StaffId,
    TellResult,
    VerifyCost,
    Words,
)
from domain.steps.kinds import CareDuty, TaskKind, TaskTerms, task_terms
from domain.strict import Strict, said, wrong
from domain.waiver import PaymentMode


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
            raise said("三人须为不同的人员")
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
    missing: list[DocumentKind] = Field(default=[], max_length=30)  # asked for before judging

    @model_validator(mode="after")
    def _no_judgement_without_the_papers(self) -> JudgeLiability:
        if self.approved and self.missing:
            raise wrong("missing", "资料不齐时不能同意")
        return self


class ArrangeVisit(Form):
    """When the nurse will be there, and how the deposit is to be paid if not by the usual order."""

    visit_at: datetime
    payment_mode: PaymentMode | None = None
    again_because: Note = ""  # why a nurse who has not come before
    note: Note = ""


class SignOnSite(Form):
    """The nurse stands at the bed: agreements signed, or refused."""

    agreements_signed: bool
    no_show: bool = False  # nobody was there to sign
    images: Images
    note: Note = ""


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


class DischargeVisit(Form):
    """Discharge accompanied (R034), claim explained (R035), papers collected (R036), bill read."""

    bill: Money
    bill_confirmed: bool = False  # read again, where it is zero or far above what is out
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


class PlannedPart(Strict):
    """One instalment as it was agreed with the customer."""

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


class ResumeMatter(Form):
    """What is done about a matter whose workflow was stopped; it counts once that runs again."""

    action: Words


class ChaseDecision(Form):
    """What the insurer said of a claim that it has not decided."""

    action: Words


TASKS: Final[dict[TaskKind, TaskTerms]] = {
    **BOOKING_TASKS,
    **CONSULTATION_TASKS,
    **RESCUE_TASKS,
    **SERVICE_STEP_TASKS,
    TaskKind.ANSWER_ENQUIRY: task_terms(
        "答复咨询", AnswerEnquiry, Role.AGENT, Role.REVIEWER, Role.DOCTOR, Role.SUPERVISOR
    ),
    TaskKind.FIRST_CONTACT: task_terms("首次联系客户", FirstContact, Role.AGENT),
    TaskKind.ASSIGN_TEAM: task_terms("确认三人服务团队", AssignTeam, Role.DISPATCHER),
    TaskKind.CONFIRM_DOCUMENTS: task_terms("确认资料齐全", ConfirmDocuments, Role.AGENT),
    TaskKind.SIGN_AUTHORIZATION: task_terms("签署委托授权", SignAuthorization, Role.CUSTOMER),
    TaskKind.DOCUMENT_VISIT: task_terms("上门收集资料", DocumentVisit, Role.NURSE),
    TaskKind.JUDGE_LIABILITY: task_terms("判责与方案", JudgeLiability, Role.REVIEWER),
    TaskKind.SECOND_REVIEW: task_terms("双审确认", SecondReview, Role.INSURER),
    TaskKind.TELL_RESULT: task_terms("告知客户审核结果", TellResult, Role.AGENT),
    TaskKind.ARRANGE_VISIT: task_terms("安排上门", ArrangeVisit, Role.DISPATCHER),
    TaskKind.SIGN_ON_SITE: task_terms("到院签署协议", SignOnSite, Role.NURSE),
    TaskKind.HAND_IN_SLIP: task_terms("上传押金单", HandInSlip, Role.NURSE, Role.AGENT),
    TaskKind.KEEP_SLIP: task_terms("押金单入库保管", KeepSlip, Role.FINANCE),
    TaskKind.GIVE_OUT_SLIPS: task_terms("领出押金单办理结算", GiveOutSlips, Role.FINANCE),
    TaskKind.CARE: task_terms("住院关怀", Care, Role.NURSE),
    TaskKind.ANSWER_TOP_UP: task_terms("答复续费申请", AnswerTopUp, Role.AGENT),
    TaskKind.ACCEPT_OFFER: task_terms("确认剩余额度", AcceptOffer, Role.CUSTOMER, Role.AGENT),
    TaskKind.VERIFY_COST: task_terms("到院核实费用", VerifyCost, Role.NURSE),
    TaskKind.ON_SITE_TOP_UP: task_terms("到院续费", OnSiteTopUp, Role.NURSE),
    TaskKind.DISCHARGE_VISIT: task_terms("陪同出院结算", DischargeVisit, Role.NURSE),
    TaskKind.SETTLE_BALANCE: task_terms("核定直付金额", SettleBalance, Role.INSURER),
    TaskKind.CONFIRM_REFUND: task_terms("核对押金退款", ConfirmRefund, Role.FINANCE),
    TaskKind.COLLECT_CLAIM_DOCUMENTS: task_terms(
        "收取理赔资料", CollectClaimDocuments, Role.AGENT, Role.NURSE
    ),
    TaskKind.FILE_CLAIM: task_terms("代办理赔申请", FileClaim, Role.AGENT),
    TaskKind.RECORD_REPAYMENT: task_terms("登记客户还款", RecordRepayment, Role.FINANCE),
    TaskKind.AFTERCARE: task_terms("院后咨询", Aftercare, Role.AGENT),
    TaskKind.HOME_VISIT: task_terms("上门协助理赔", HomeVisit, Role.AGENT),
    TaskKind.OFFER_CLAIM: task_terms("主动告知可申请理赔", OfferClaim, Role.AGENT),
    TaskKind.ADJUDICATE: task_terms("理赔审核", Adjudicate, Role.INSURER),
    TaskKind.SETTLE_AT_COUNTER: task_terms("柜台同步结算", SettleAtCounter, Role.AGENT),
    TaskKind.HAND_OVER_MONEY: task_terms("网点交付理赔金", HandOverMoney, Role.AGENT),
    TaskKind.ARRANGE_REPAYMENT: task_terms("商定还款安排", ArrangeRepayment, Role.FINANCE),
    TaskKind.SIGN_WRITE_OFF: task_terms("核销签字", SignWriteOff, Role.SUPERVISOR),
    TaskKind.DECIDE_DISPUTE: task_terms("复核理赔异议", DecideDispute, Role.REVIEWER),
    TaskKind.RESOLVE_PAYMENT: task_terms("核实付款结果", ResolvePayment, Role.FINANCE),
    TaskKind.CORRECT_PAYMENT: task_terms("更正付款记录", CorrectPayment, Role.FINANCE),
    TaskKind.SETTLE_LATE_REFUND: task_terms("处理结案后退款", SettleLateRefund, Role.FINANCE),
    TaskKind.SETTLE_LATE_CLAIM: task_terms("处理追加理赔款", SettleLateClaim, Role.FINANCE),
    TaskKind.EXPLAIN_DIFFERENCE: task_terms("核对对账差异", ExplainDifference, Role.FINANCE),
    TaskKind.RELEASE_HOLD: task_terms("解除付款暂停", ReleaseHold, Role.SUPERVISOR),
    TaskKind.CHASE_DECISION: task_terms("催办理赔结论", ChaseDecision, Role.AGENT),
    TaskKind.RESUME_MATTER: task_terms("恢复中断的流程", ResumeMatter, Role.SUPERVISOR),
    TaskKind.IMPORT_CALENDAR: task_terms("导入节假日安排", ImportCalendar, Role.SUPERVISOR),
    TaskKind.BREACH: task_terms("处理异常", AcknowledgeBreach, Role.SUPERVISOR),
    TaskKind.PHONE_CUSTOMER: task_terms("电话通知客户", PhoneCustomer, Role.AGENT),
}

FORMS: Final[dict[str, type[Form]]] = {terms.form.__name__: terms.form for terms in TASKS.values()}
"""The forms by their names, as the worklist describes them."""
