"""Questions to the rules of any programme: everything answered well, but what a test is about."""

from datetime import date
from typing import Any

from domain.eligibility import Facts, Stage, Verdict, judge
from domain.programmes.services import PreconditionCode
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
ALL = {one.code: one for one in programmes()}
TODAY = date(2026, 6, 17)


def facts(code: str, service: str | None, **changes: Any) -> Facts:
    """Everything a programme could ask, answered well; a test changes what it is about."""
    programme = ALL[code]
    good: dict[str, Any] = {
        "asked_on": TODAY,
        "service": service,
        "insured_on_list": True,
        "for_insured_self": True,
        "product": programme.products[0].code if programme.products else None,
        "policy_from": date(2025, 7, 1),
        "policy_to": date(2027, 6, 30),
        "policy_years": 20,
        "product_waiting_days": 180 if code == "changsheng_yuanmeng" else 90,
        "cooling_off_ends": date(2025, 7, 16),
        "sales_channel": programme.plans[0].sales_channel if programme.plans else "internet",
        "sum_insured_fen": 50_000_000,
        "quota_count": 1,
        "quota_used": 0,
        "disease_in_scope": True,
        "diagnosis": "confirmed",
        "is_first_diagnosis": True,
        "diagnosed_on": date(2026, 6, 1),
        "diagnosed_at_grade": 3,
        "diagnosed_at_public": True,
        "diagnosed_by_specialist": True,
        "preconditions": frozenset(PreconditionCode),
        "booked": True,
        "patient_group": programme.emergency.groups[0].code if programme.emergency else None,
        "hospital_known": True,
        "hospital_grade": 3,
        "hospital_sub_grade": "甲",
        "hospital_city": "上海",
        "hospital_on_network": True,
        "sum_insured_left_fen": 50_000_000,
        "stay_limit_fen": 5_000_000,
        "advance_fen": 2_000_000,
        "deductible_fen": 1_000_000,
        "expected_bill_fen": 3_000_000,
        "cause_excluded": False,
        "can_give_invoices": True,
        "previous_history": "none",
    }
    return Facts(**{**good, **changes})


def verdict(code: str, service: str | None, **changes: Any) -> Verdict:
    return judge(facts(code, service, **changes), ALL[code], CALENDAR, stage=Stage.REVIEW)
