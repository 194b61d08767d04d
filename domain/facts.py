"""What is known of an application, as the door gathered it. It names no person."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.activation import PolicyDays
from domain.money import Fen
from domain.programmes.services import PreconditionCode


class Facts(BaseModel):
    """What is known of an application. It names no person; None means nobody has said yet."""

    model_config = ConfigDict(frozen=True)

    asked_on: date
    service: str | None = None  # a deposit waiver asks for itself
    insured_on_list: bool = False
    name_as_listed: bool | None = None  # None: no name was given, or the list has none
    for_insured_self: bool | None = None  # the insured person himself, nobody else
    product: str | None = None
    policy_from: date | None = None
    policy_to: date | None = None  # the last day in force; None = no end
    first_effective_on: date | None = None  # of a cover renewed since without a gap
    policy_years: int | None = None
    is_renewal: bool = False
    product_waiting_days: int | None = None
    cooling_off_ends: date | None = None
    opened_on: dict[str, date] = {}  # services opened earlier than their latest day (C-42)
    renewals_paid: int | None = None
    premium_due_on: date | None = None  # of the newest renewal premium
    premium_paid_on: date | None = None
    entitled_from: date | None = None
    entitled_to: date | None = None  # the last day of the entitlement; None = as the programme
    sales_channel: str | None = None
    sum_insured_fen: Fen | None = None
    quota_count: int | None = None  # by plan or tier, where the programme's own count is lost
    quota_used: int | None = None  # reserved and consumed in the running period
    disease: str | None = None
    disease_in_scope: bool | None = None  # a person's judgement, once given
    diagnosis: Literal["none", "suspected", "confirmed"] | None = None
    is_first_diagnosis: bool | None = None
    diagnosed_on: date | None = None
    diagnosed_at_grade: int | None = None
    diagnosed_at_public: bool | None = None
    diagnosed_by_specialist: bool | None = None
    preconditions: frozenset[PreconditionCode] | None = None  # those that are there
    booked: bool | None = None  # a visit stands that this service goes along with
    patient_group: str | None = None  # a hospital's channel
    hospital_id: str | None = None
    hospital_known: bool | None = None
    hospital_grade: int | None = None
    hospital_sub_grade: str | None = None  # 甲 or 乙; None or empty where the registry has none
    hospital_city: str | None = None
    hospital_on_network: bool | None = None
    sum_insured_left_fen: Fen | None = None
    authorised_fen: Fen | None = None
    stay_limit_fen: Fen | None = None  # agreed for a single stay (P02)
    advance_fen: Fen | None = None  # wanted in this stay, all of it
    deductible_fen: Fen | None = None
    own_payments_fen: Fen = 0
    expected_bill_fen: Fen | None = None
    cause_excluded: bool | None = None
    can_give_invoices: bool | None = None
    planned_on: date | None = None  # the day the service is wanted: planned admission
    previous_history: Literal["unknown", "none", "disclosed", "undisclosed"] = "unknown"

    @property
    def days(self) -> PolicyDays:
        """The policy's days, as activation counts them."""
        return PolicyDays(
            policy_from=self.first_effective_on or self.policy_from,
            policy_to=self.policy_to,
            cooling_off_ends=self.cooling_off_ends,
            opened_on=self.opened_on,
            renewals_paid=self.renewals_paid,
            premium_due_on=self.premium_due_on,
            premium_paid_on=self.premium_paid_on,
        )
