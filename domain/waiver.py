"""The stages of a deposit-waiver case and the moves between them (DW01–DW22).

The stage says where the patient's story stands; it is what the casebook stores, what a supervisor
filters by, and what decides which message is still welcome. The story itself is told in
`workflows.deposit_waiver`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """Where a case stands. The comment gives the state of the specification."""

    REPORTED = "reported"  # DW02–DW04: report taken, identity and eligibility being settled
    COLLECTING = "collecting"  # DW05, DW06: documents and the customer's authorisation
    REVIEW = "review"  # DW07 (and DW08 where a programme asks for two signatures)
    ARRANGING = "arranging"  # DW09: team, plan told, visit ordered
    ON_SITE = "on_site"  # DW10, DW11: the visit at the hospital and the first deposit
    IN_HOSPITAL = "in_hospital"  # DW12–DW14: care, top-ups, discharge notice
    DISCHARGE = "discharge"  # DW15: bill, invoices, claim explained
    REFUND = "refund"  # DW16: the hospital returns the unused deposit to the payer
    CLAIM_FILING = "claim_filing"  # DW17
    ADJUDICATION = "adjudication"  # DW18
    OFFSET = "offset"  # DW19: the payout returns the advance
    REPAYMENT = "repayment"  # DW20
    AFTERCARE = "aftercare"  # DW21: the money is settled, consultations are still promised
    PAYOUT = "payout"  # CL05: a claim of its own is being paid
    CLOSED = "closed"  # DW22, every account at zero
    REJECTED = "rejected"  # DW04: not eligible
    DECLINED = "declined"  # DW07: the review said no
    CANCELLED = "cancelled"  # the customer withdrew before a payment, or refused to sign
    CONSUMED = "consumed"  # DW22: refused to sign or did not come, where that uses the service up
    EXPIRED = "expired"  # DW05: the documents were never completed


STAGE_NAMES: Final[dict[Stage, str]] = {
    Stage.REPORTED: "已报案",
    Stage.COLLECTING: "收集资料与授权",
    Stage.REVIEW: "判责审核",
    Stage.ARRANGING: "安排上门",
    Stage.ON_SITE: "现场缴纳押金",
    Stage.IN_HOSPITAL: "住院中",
    Stage.DISCHARGE: "出院结算",
    Stage.REFUND: "押金退款核对",
    Stage.CLAIM_FILING: "代办理赔",
    Stage.ADJUDICATION: "理赔审核",
    Stage.OFFSET: "理赔金抵扣",
    Stage.REPAYMENT: "待客户归还",
    Stage.AFTERCARE: "院后服务",
    Stage.PAYOUT: "赔款支付",
    Stage.CLOSED: "已结案",
    Stage.REJECTED: "不符合资格",
    Stage.DECLINED: "审核未通过",
    Stage.CANCELLED: "已撤销",
    Stage.CONSUMED: "服务已使用",
    Stage.EXPIRED: "资料逾期未齐",
}

ENDED: Final = frozenset(
    {
        Stage.CLOSED,
        Stage.REJECTED,
        Stage.DECLINED,
        Stage.CANCELLED,
        Stage.CONSUMED,
        Stage.EXPIRED,
    }
)

BEFORE_PAYMENT: Final = frozenset(
    {Stage.REPORTED, Stage.COLLECTING, Stage.REVIEW, Stage.ARRANGING, Stage.ON_SITE}
)
"""Stages in which the customer may still withdraw; the first payment order ends this."""

STILL_PAYING: Final = BEFORE_PAYMENT | {Stage.IN_HOSPITAL, Stage.DISCHARGE}
"""Stages in which a deposit may yet be paid, so that the case's limit is spoken for."""

CLAIM_STAGES: Final[dict[Stage, frozenset[Stage]]] = {
    Stage.REPORTED: frozenset({Stage.COLLECTING, Stage.REJECTED, Stage.CANCELLED, Stage.EXPIRED}),
    Stage.COLLECTING: frozenset({Stage.ADJUDICATION, Stage.CANCELLED}),
    Stage.ADJUDICATION: frozenset({Stage.PAYOUT, Stage.DECLINED, Stage.CANCELLED}),
    Stage.PAYOUT: frozenset({Stage.CLOSED}),
}
"""The way of a claim that follows no advance (CL01–CL07)."""

NEXT_STAGES: Final[dict[Stage, frozenset[Stage]]] = {
    Stage.REPORTED: frozenset({Stage.COLLECTING, Stage.REJECTED, Stage.CANCELLED}),
    Stage.COLLECTING: frozenset({Stage.REVIEW, Stage.CANCELLED, Stage.EXPIRED}),
    # Papers a reviewer asks for may never come either.
    Stage.REVIEW: frozenset({Stage.ARRANGING, Stage.DECLINED, Stage.CANCELLED, Stage.EXPIRED}),
    Stage.ARRANGING: frozenset({Stage.ON_SITE, Stage.CANCELLED}),
    Stage.ON_SITE: frozenset({Stage.IN_HOSPITAL, Stage.CANCELLED, Stage.CONSUMED}),
    Stage.IN_HOSPITAL: frozenset({Stage.DISCHARGE}),
    # A discharge that is put off takes the case back to the ward.
    Stage.DISCHARGE: frozenset({Stage.IN_HOSPITAL, Stage.CLAIM_FILING}),
    Stage.CLAIM_FILING: frozenset(
        {Stage.ADJUDICATION, Stage.REFUND, Stage.REPAYMENT, Stage.AFTERCARE}
    ),
    Stage.ADJUDICATION: frozenset({Stage.REFUND, Stage.OFFSET, Stage.REPAYMENT, Stage.AFTERCARE}),
    # The refund is waited for beside the claim; only what is still missing then shows as a stage.
    Stage.REFUND: frozenset({Stage.OFFSET, Stage.REPAYMENT, Stage.AFTERCARE, Stage.CLOSED}),
    Stage.OFFSET: frozenset({Stage.REPAYMENT, Stage.AFTERCARE, Stage.CLOSED}),
    # A denial that does not stand is filed anew.
    Stage.REPAYMENT: frozenset({Stage.CLAIM_FILING, Stage.AFTERCARE, Stage.CLOSED}),
    # A payment that is corrected now may make the customer owe again.
    Stage.AFTERCARE: frozenset({Stage.REPAYMENT, Stage.CLOSED}),
}


Ways = Mapping[Stage, frozenset[Stage]]


class IllegalMove(ValueError):
    """A case was asked to go where its stage does not lead."""


def moved(stage: Stage, to: Stage, *, ways: Ways = NEXT_STAGES) -> Stage:
    """The stage after a move; raises `IllegalMove` where no path of the specification leads."""
    if to not in ways.get(stage, frozenset()):
        raise IllegalMove(f"no way from {stage} to {to}")
    return to


CLAIM_DECIDED: Final = frozenset({"approved", "partial", "denied"})
"""What the insurer may have said of a claim."""


class PaymentMode(StrEnum):
    """How a deposit reaches the hospital (R047–R054, section 6.2)."""

    HOSPITAL_ONLINE = "hospital_online"
    QR_CODE = "qr_code"
    INHOUSE_SPECIALIST = "inhouse_specialist"
    CONTRACTED_NURSE = "contracted_nurse"
    MEDICAL_ASSISTANT_ONSITE = "medical_assistant_onsite"  # P02
    INSURER_STAFF_ONSITE = "insurer_staff_onsite"  # P19
    DIRECT_PAY = "direct_pay"  # P20


ONE_NUMBERING: Final = frozenset({PaymentMode.HOSPITAL_ONLINE, PaymentMode.QR_CODE})
"""Ways of paying whose receipts one network numbers, whichever hospital the money goes to."""

MODE_NAMES: Final[dict[PaymentMode, str]] = {
    PaymentMode.HOSPITAL_ONLINE: "线上网络支付",
    PaymentMode.QR_CODE: "二维码现场支付",
    PaymentMode.INHOUSE_SPECIALIST: "免押金专员实施",
    PaymentMode.CONTRACTED_NURSE: "签约护士实施",
    PaymentMode.MEDICAL_ASSISTANT_ONSITE: "医助到院支付",
    PaymentMode.INSURER_STAFF_ONSITE: "保险公司人员到院支付",
    PaymentMode.DIRECT_PAY: "直付医院",
}

ON_SITE_MODES: Final = frozenset(
    {
        PaymentMode.INHOUSE_SPECIALIST,
        PaymentMode.CONTRACTED_NURSE,
        PaymentMode.MEDICAL_ASSISTANT_ONSITE,
        PaymentMode.INSURER_STAFF_ONSITE,
    }
)
"""Modes in which a person of ours stands at the cashier's desk."""
