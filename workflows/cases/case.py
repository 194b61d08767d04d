"""What a deposit waiver or a claim knows: one model, from the report on, handed on between runs.

Everything a continued run needs is here; nothing of it is kept anywhere else in the workflow. The
model only holds and counts. What happens next is told in `workflows.deposit_waiver` and
`workflows.claim`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

from pydantic import BaseModel, Field

from activities.ports.cases import (
    CasePage,
    DischargeRecord,
    NoticeOrder,
    PaymentRecord,
    PaymentStatus,
    TopUpRecord,
    TopUpState,
)
from domain.money import Fen
from domain.programmes.terms import NotBefore
from domain.roles import Role
from domain.settlement import Instalment, Settlement
from domain.waiver import ENDED, Stage
from workflows.messages.cases import (
    BillSettled,
    ClaimDecided,
    DisputeClaim,
    NoticeDischarge,
    OpenCase,
    RefundReceived,
    RequestTopUp,
)
from workflows.money.payments import PayingPen, PayingState, booked_fen

CLAIM_WORDS: Final = {"approved": "同意赔付", "partial": "部分赔付", "denied": "不予赔付"}
"""How a decision of the insurer is said."""

AT_THE_WARD: Final = frozenset({Stage.ON_SITE, Stage.IN_HOSPITAL})
"""While the patient stays; at discharge the fate of every payment must be known."""


class WriteOff(BaseModel):
    """A write-off that waits for its signatures."""

    signed_by: list[str]


class Shares(BaseModel):
    """Who pays which part of a bill, by the word of those it lies with; in fen."""

    bill_fen: Fen
    social_paid_fen: Fen
    self_pay_fen: Fen

    @property
    def ours_fen(self) -> int:
        """What is left for us."""
        return self.bill_fen - self.social_paid_fen - self.self_pay_fen


class CaseState(PayingState):
    """The case between two beats."""

    case_id: str
    stage: Stage = Stage.REPORTED
    planned_admission: date | None = None
    policy_limit_fen: Fen = 0
    reason: str = ""

    unwritten: CasePage | None = None

    # The team and the plan.
    team: dict[str, str] = Field(default_factory=dict)
    visit_wanted: bool = False  # somebody comes for the papers
    customer_date: date | None = None  # the day the customer named for the next visit
    judged: Literal["", "opinion_yes", "opinion_no", "approved", "declined"] = ""
    opinion_by: str = ""  # the person who must not sign second
    plan_limit_fen: Fen = 0
    plan_deposit_fen: Fen = 0
    first_deposit_fen: Fen = 0

    # The stay.
    top_ups: dict[str, TopUpRecord] = Field(default_factory=dict)
    surgeries: list[date] = Field(default_factory=list)
    visits: list[str] = Field(default_factory=list)
    discharge_visit: str | None = None
    discharge_task: str | None = None
    slips: dict[str, str] = Field(default_factory=dict)  # open step -> the payment it is about
    slip_numbers: dict[str, str] = Field(default_factory=dict)  # read off slips, by payment
    slips_kept: list[str] = Field(default_factory=list)  # in our custody, by their numbers
    slips_task: str | None = None  # the step of giving them out again
    care_tasks: list[str] = Field(default_factory=list)
    discharge: DischargeRecord | None = None

    # The end of the money.
    billed_fen: Fen = 0  # the hospital's whole bill
    bill_fen: Fen = 0  # the part of it that the advance pays
    unbilled_fen: Fen = 0  # of that, what turned out not to have been paid from it
    refunded_fen: Fen = 0
    offset_fen: Fen = 0
    repaid_fen: Fen = 0
    repayment_references: list[str] = Field(default_factory=list)
    written_off_fen: Fen = 0
    plan: list[Instalment] = Field(default_factory=list)  # what is asked of the customer, and when
    plan_from_fen: Fen = 0  # what had been repaid when the plan was agreed
    write_off: WriteOff | None = None
    disputed: str = ""  # the open step of a dispute; recovery is held while there is one
    claimed_fen: Fen = 0  # claim money booked so far
    claim_state: str = ""
    claim_filings: int = 0  # claims begun so far, sent or not; each has an id of its own
    overruled: list[ClaimDecided] = Field(default_factory=list)  # decisions that were disputed
    claim_documents: list[str] = Field(default_factory=list)

    # The in-tray: facts that arrived and that the story has not taken up yet.
    withdrawn: str | None = None
    payment_ordered: bool = False
    new_top_ups: list[RequestTopUp] = Field(default_factory=list)
    new_discharges: list[NoticeDischarge] = Field(default_factory=list)
    disputes: list[DisputeClaim] = Field(default_factory=list)
    dispute_ids: list[str] = Field(default_factory=list)
    refunds: list[RefundReceived] = Field(default_factory=list)
    discharge_ids: list[str] = Field(default_factory=list)
    refund_ids: list[str] = Field(default_factory=list)
    refund_references: list[str] = Field(default_factory=list)
    visits_lost: list[str] = Field(default_factory=list)  # taken, and then nobody came
    nurse_failed: str = ""  # who had a visit and does not come; nobody sends her again unseen
    visits_taken: list[str] = Field(default_factory=list)
    late_refunds: dict[str, RefundReceived] = Field(default_factory=dict)  # by open step
    late_claims: dict[str, ClaimDecided] = Field(default_factory=dict)  # by open step
    overpaid: dict[str, Fen] = Field(default_factory=dict)  # returned, and never owed, by open step
    no_more_top_ups: str = ""  # why; the stay is only settled then
    policy_until: date | None = None  # its last day, once the insurer has named an early one
    deceased: bool = False
    claim_decision: ClaimDecided | None = None
    bill_settled: BillSettled | None = None  # social insurance's word, while it is waited for
    shares: Shares | None = None  # what was shown at the counter
    elements: dict[str, bool | int | str] = Field(default_factory=dict)  # learned on the way
    early_decisions: list[ClaimDecided] = Field(default_factory=list)  # before we had filed

    @classmethod
    def of(cls, opening: OpenCase) -> CaseState:
        """The state a run begins with: the report's, or what the run before handed on."""
        if opening.carried is not None:
            return cls.model_validate(opening.carried)
        return cls(
            case_id=opening.case_id,
            calendar=opening.calendar,
            planned_admission=opening.planned_admission,
            policy_limit_fen=opening.verdict.limit_fen or 0,
        )

    @property
    def matter_id(self) -> str:
        """The case's id."""
        return self.case_id

    @property
    def ended(self) -> bool:
        """Whether the story is over."""
        return self.stage in ENDED

    def open_page(self, now: datetime) -> CasePage:
        """The page being written; a new one if the last was turned."""
        if self.unwritten is None:
            self.unwritten = CasePage(
                case_id=self.case_id, page=self.pages + 1, at=now, stage=self.stage
            )
        return self.unwritten

    @property
    def advanced_fen(self) -> int:
        """What has reached the hospital: the sum of paid deposits and top-ups."""
        return sum(
            payment.amount_fen
            for payment in self.payments.values()
            if payment.status is PaymentStatus.PAID and payment.reason != "payout"
        )

    @property
    def promised_fen(self) -> int:
        """What was granted and is not paid yet: it counts against the limit."""
        return sum(
            top_up.granted_fen
            for top_up in self.top_ups.values()
            if top_up.state in (TopUpState.ACCEPTED, TopUpState.PARTLY_ACCEPTED)
        )

    @property
    def settlement(self) -> Settlement:
        """The money as it stands."""
        return Settlement(
            advanced_fen=self.advanced_fen,
            bill_fen=self.bill_fen,
            refund_fen=self.refunded_fen,
            offset_fen=self.offset_fen,
            repaid_fen=self.repaid_fen,
            written_off_fen=self.written_off_fen,
        )

    @property
    def outstanding_fen(self) -> int:
        """Advanced and not back; nothing while more came back than was owed."""
        return max(0, self.settlement.outstanding_fen)

    @property
    def refund_expected_fen(self) -> int:
        """What the hospital still has to return."""
        return self.settlement.refund_due_fen

    @property
    def owed_fen(self) -> int:
        """What the customer owes; nothing before the claim's fate is known."""
        return max(0, self.settlement.owed_fen) if self.stage is Stage.REPAYMENT else 0

    @property
    def overpaid_fen(self) -> int:
        """What was returned and is not owed, and nobody yet gives back."""
        return max(0, -self.settlement.owed_fen - sum(self.overpaid.values()))

    @property
    def at_the_ward(self) -> bool:
        """While the patient stays, a code may wait for the cashier; not beyond discharge."""
        return self.stage in AT_THE_WARD

    def returnable_fen(self, record: PaymentRecord) -> int:
        """How much of a booked payment may still turn out never to have left.

        What a hospital has sent back had reached it.
        """
        if record.reason == "payout":
            return super().returnable_fen(record)
        return min(booked_fen(record), self.advanced_fen - self.refunded_fen)

    @property
    def claim_id(self) -> str:
        """The claim that is filed, or is being filed; no word on an earlier one is about it."""
        again = f":{self.claim_filings}" if self.claim_filings > 1 else ""
        return f"{self.case_id}:claim{again}"

    @property
    def awaiting(self) -> list[Role]:
        """The roles that owe a step; while it adjudicates, the insurer does."""
        adjudicates = self.stage is Stage.ADJUDICATION
        return sorted({*super().awaiting, *([Role.INSURER] if adjudicates else [])})

    def date_for(self, not_before: NotBefore | None) -> date | None:
        """The date of this case that a clock's deadline must not precede."""
        if not_before is NotBefore.PLANNED_ADMISSION:
            return self.planned_admission
        if not_before is NotBefore.CUSTOMER_DATE:
            return self.customer_date
        if not_before is NotBefore.DISCHARGE_DATE and self.discharge is not None:
            return self.discharge.discharge_on
        return None


class Pen(PayingPen):
    """Writes down what changed, until the next page is turned."""

    def __init__(self, state: CaseState) -> None:
        super().__init__(state)
        self._state = state

    def page(self, now: datetime) -> CasePage:
        """The page being written; a new one if the last was turned."""
        return self._state.open_page(now)

    def top_up(self, record: TopUpRecord, now: datetime) -> None:
        """A top-up request changed."""
        self._state.top_ups[record.top_up_id] = record
        page = self.page(now)
        page.top_ups[:] = [kept for kept in page.top_ups if kept.top_up_id != record.top_up_id]
        page.top_ups.append(record)

    def fix_limit(self, operator: Literal["at_most", "below"], *, at: datetime) -> None:
        """The books of the case are opened with the limit of the state."""
        page = self.page(at)
        self._state.unwritten = page.model_copy(update={"limit_operator": operator})

    def notice(self, order: NoticeOrder) -> None:
        """The customer is to be told something."""
        self.page(order.at).notices.append(order)

    def missing(self, kinds: list[str], now: datetime) -> None:
        """What the file still lacks; an empty list says it is complete."""
        change = {"missing_documents": kinds}
        self._state.unwritten = self.page(now).model_copy(update=change)

    def discharge(self, record: DischargeRecord, now: datetime) -> None:
        """A discharge notice was accepted or refused."""
        if record.accepted:
            self._state.discharge = record
        self.page(now).discharges.append(record)
