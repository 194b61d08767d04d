"""One patient and the orders about them, valid by default; what is secret has a name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from activities.ports.cases import ClaimFiling, Contact, NoticeOrder, PaymentOrder, PayoutOrder
from activities.ports.hospitals import Patient, ResourceOrder
from activities.ports.visits import VisitOrder
from domain.bookings.sharing import Withheld
from domain.waiver import PaymentMode
from tests.builders import programmes
from tests.simulator_process import new_id

AT: Final = datetime(2026, 5, 6, 0, 40, tzinfo=UTC)
CASE: Final = "dw-abcdefghijklmnopqrst"
PHONE: Final = "13800138000"
NAME: Final = "某甲甲"
ID_LAST_FOUR: Final = "4X2Y"
POLICY: Final = "POLICY-778899"
DIAGNOSES: Final = ("肺癌", "肺恶性肿瘤", "C34", "cancer")

PATIENT: Final = Contact(
    name=NAME, phone=PHONE, id_last_four=ID_LAST_FOUR, bed="3病区12床", policy_ref=POLICY
)


async def contact_of(_case_id: str) -> Contact:
    return PATIENT


async def patient_of(_booking_id: str, *, without: Withheld | None) -> Patient:
    complaint = "肺癌, 拟手术 (指定科室: 胸外科)" if without is None else None
    return Patient(name=NAME, id_last_four=ID_LAST_FOUR, complaint=complaint)


def an_ask(programme: str, **changed: Any) -> ResourceOrder:
    """An ask of one of our own programmes, under the terms its file has today."""
    clauses = next(one.data_sharing for one in programmes() if one.code == programme)
    order: dict[str, Any] = {
        "ask_id": new_id("ask"),
        "booking_id": "bk-abcdefghijklmnopqrst",
        "service": "surgery_arrangement",
        "hospital_id": "H000001",
        "wished_on": date(2026, 10, 8),
        "clauses": list(clauses),
        "consented": True,
    }
    return ResourceOrder(**{**order, **changed})


def a_payment(**changed: Any) -> PaymentOrder:
    order: dict[str, Any] = {
        "movement_id": new_id(),
        "case_id": CASE,
        "mode": PaymentMode.HOSPITAL_ONLINE,
        "hospital_id": "H000001",
        "amount_fen": 5_000_000,
    }
    return PaymentOrder(**{**order, **changed})


def a_payout(**changed: Any) -> PayoutOrder:
    order: dict[str, Any] = {
        "movement_id": new_id("payout"),
        "case_id": CASE,
        "amount_fen": 7_000_000,
    }
    return PayoutOrder(**{**order, **changed})


def a_visit(**changed: Any) -> VisitOrder:
    order: dict[str, Any] = {
        "visit_id": new_id("visit"),
        "case_id": CASE,
        "purpose": "deposit",
        "hospital_id": "H000001",
        "hospital_name": "示例市第一医院",
        "nurse_id": "nurse-0042",
        "visit_at": AT,
        "checklist": ["押金单影像", "住院证"],
    }
    return VisitOrder(**{**order, **changed})


def a_notice(**changed: Any) -> NoticeOrder:
    order: dict[str, Any] = {
        "notice_id": new_id("notice"),
        "case_id": CASE,
        "template": "deposit_paid",
        "channel": "sms",
        "text": "您的住院押金 50,000.00 元已代缴。",
        "at": AT,
    }
    return NoticeOrder(**{**order, **changed})


def a_claim(**changed: Any) -> ClaimFiling:
    filing: dict[str, Any] = {
        "claim_id": new_id("claim"),
        "case_id": CASE,
        "hospital_id": "H000001",
        "bill_fen": 50_000_000,
        "advanced_fen": 50_000_000,
        "document_ids": ["doc-1", "doc-2"],
        "filed_at": AT,
    }
    return ClaimFiling(**{**filing, **changed})
