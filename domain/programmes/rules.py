"""The rules an application can fail, as a programme lists them: code, words, quote, parameters.

What a rule means is `domain.eligibility`'s business; a rule a programme does not list is not asked.
"""

from enum import StrEnum
from typing import Final

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


_QUESTIONS: Final[dict[RuleCode, str]] = {
    RuleCode.PROGRAMME_RUNNING: "服务项目是否在有效期内",
    RuleCode.ENTITLEMENT_YEAR: "权益是否在有效期内",
    RuleCode.INSURED_ON_LIST: "姓名与名单不符, 是否为被保险人本人",
    RuleCode.INSURED_SELF: "是否为被保险人本人申请",
    RuleCode.PRODUCT_DESIGNATED: "是否为约定产品",
    RuleCode.POLICY_IN_FORCE: "保单是否有效",
    RuleCode.POLICY_TERM: "保险期间是否符合要求",
    RuleCode.SUM_INSURED_MIN: "保额是否达到要求",
    RuleCode.CHANNEL_HAS_PLAN: "投保渠道是否有服务方案",
    RuleCode.SERVICE_OFFERED: "该项目是否提供此服务",
    RuleCode.SERVICE_ACTIVE: "服务是否已生效",
    RuleCode.WAITING_PERIOD: "是否已过等待期",
    RuleCode.QUOTA_LEFT: "是否还有服务次数",
    RuleCode.DISEASE_AGREED: "是否为约定疾病",
    RuleCode.DIAGNOSIS: "诊断是否符合要求",
    RuleCode.DIAGNOSED_AFTER_WAITING: "确诊时是否已过等待期",
    RuleCode.DIAGNOSING_HOSPITAL: "确诊医院是否符合要求",
    RuleCode.DIAGNOSED_BY_SPECIALIST: "是否由专科医生确诊",
    RuleCode.PRECONDITIONS: "是否具备该服务的前提条件",
    RuleCode.BOOKING_EXISTS: "是否已有所陪同的就诊",
    RuleCode.HOSPITAL_KNOWN: "医院是否在医院目录内",
    RuleCode.HOSPITAL_GRADE: "医院等级是否符合要求",
    RuleCode.HOSPITAL_ON_NETWORK: "医院是否在服务网络内",
    RuleCode.HOSPITAL_CITY: "医院所在城市是否在服务范围内",
    RuleCode.SUM_INSURED_LEFT: "剩余保额是否足够",
    RuleCode.WITHIN_STAY_LIMIT: "垫付金额是否在单次住院限额内",
    RuleCode.DEDUCTIBLE_REACHED: "是否已达到免赔额",
    RuleCode.CAUSE_COVERED: "是否属于责任免除",
    RuleCode.HISTORY_DISCLOSED: "既往病史是否如实告知",
    RuleCode.ORIGINAL_INVOICES: "能否提供医疗费用发票原件",
    RuleCode.LEAD_TIME: "是否满足提前预约的时间",
}
"""What somebody has to find out where nobody knows; of the other rules the own words ask it."""


class EligibilityRule(Terms):
    """A rule in the words a customer is told, with the words it comes from."""

    code: RuleCode
    text: str
    quote: str
    to_judge: str = ""  # what is told where a person has to say; none = the house's words
    services: tuple[str, ...] = ()  # asked for these services only; none = for all
    at_least_fen: Fen | None = None  # the threshold of a sum, itself allowed
    at_least_years: int | None = None  # the threshold of a policy's term, itself allowed

    @property
    def question(self) -> str:
        """What is not known yet: words that refuse nobody."""
        return _QUESTIONS.get(self.code, self.text)

    @property
    def judged(self) -> str:
        """What is told where a person has to say."""
        asked = _QUESTIONS.get(self.code)
        return self.to_judge or (f"{asked}须人工核实" if asked else self.text)
