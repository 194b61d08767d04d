"""The rules an application can fail, as a programme lists them: code, words, quote, parameters.

What a rule means is `domain.eligibility`'s business; a rule a programme does not list is not asked.
"""

from enum import StrEnum

from domain.money import Fen
from domain.programmes.sourced import Terms


class RuleCode(StrEnum):
    """The rules an application can fail; a programme lists those that apply to it."""

    PROGRAMME_RUNNING = "programme_running"
    ENTITLEMENT_YEAR = "entitlement_year"
    INSURED_ON_LIST = "insured_on_list"
    INSURED_SELF = "insured_self"
    PRODUCT_DESIGNATED = "product_designated"
    POLICY_IN_FORCE = "policy_in_force"
    POLICY_TERM = "policy_term"
    SUM_INSURED_MIN = "sum_insured_min"
    CHANNEL_HAS_PLAN = "channel_has_plan"
    SERVICE_OFFERED = "service_offered"
    SERVICE_ACTIVE = "service_active"
    WAITING_PERIOD = "waiting_period"
    QUOTA_LEFT = "quota_left"
    DISEASE_AGREED = "disease_agreed"
    DISEASE_IN_SCOPE = "disease_in_scope"
    DIAGNOSIS = "diagnosis"
    DIAGNOSED_AFTER_WAITING = "diagnosed_after_waiting"
    DIAGNOSING_HOSPITAL = "diagnosing_hospital"
    DIAGNOSED_BY_SPECIALIST = "diagnosed_by_specialist"
    PRECONDITIONS = "preconditions"
    BOOKING_EXISTS = "booking_exists"
    HOSPITAL_KNOWN = "hospital_known"
    HOSPITAL_GRADE = "hospital_grade"
    HOSPITAL_ON_NETWORK = "hospital_on_network"
    HOSPITAL_CITY = "hospital_city"
    SUM_INSURED_LEFT = "sum_insured_left"
    WITHIN_STAY_LIMIT = "within_stay_limit"
    DEDUCTIBLE_REACHED = "deductible_reached"
    CAUSE_COVERED = "cause_covered"
    HISTORY_DISCLOSED = "history_disclosed"
    ORIGINAL_INVOICES = "original_invoices"
    LEAD_TIME = "lead_time"
    PREVIOUS_HISTORY = "previous_history"
    EMERGENCY = "emergency"


class EligibilityRule(Terms):
    """A rule in the words a customer is told, with the words it comes from."""

    code: RuleCode
    text: str
    quote: str
    to_judge: str = ""  # what is told where a person has to say; none = `text` says it already
    services: tuple[str, ...] = ()  # asked for these services only; none = for all
    at_least_fen: Fen | None = None  # the threshold of a sum, itself allowed
    at_least_years: int | None = None  # the threshold of a policy's term, itself allowed
