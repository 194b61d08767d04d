"""By when a step is done that no promise speaks of: the house's own measure, so that none lies.

The sources promise outcomes to customers; of most steps on the way they say nothing (C-21). What a
programme measures otherwise stands in its file (`step_dues`). Nothing is broken when such a moment
passes: the step stands first on the worklist, and a supervisor hears of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pydantic import model_validator

from domain.calendar import civil_date, end_of_day
from domain.clock import Budget, Unit
from domain.programmes.sourced import Terms
from domain.steps.kinds import TaskKind

_AT_ONCE: Final = Budget(amount=5, unit=Unit.MINUTE)
"""A patient's life, or a doctor who waits with the telephone in his hand."""

_HALF_AN_HOUR: Final = Budget(amount=30, unit=Unit.MINUTE)
"""Somebody waits for a first word: what P01 and P02 promise for theirs."""

_TODAY: Final = Budget(amount=4, unit=Unit.HOUR)
"""Something went wrong already, or a customer is to hear of something: within a shift."""

_TOMORROW: Final = Budget(amount=1, unit=Unit.NATURAL_DAY)
"""Work at a desk: what P02 allows a review and a visit."""

_SOON: Final = Budget(amount=3, unit=Unit.NATURAL_DAY)
"""Others are asked first: a hospital, an expert; the lower bound of P02's three to five days."""

_A_WEEK: Final = Budget(amount=7, unit=Unit.NATURAL_DAY)
"""The customer or a bank moves next; after a week somebody asks."""

_A_FORTNIGHT: Final = Budget(amount=14, unit=Unit.NATURAL_DAY)
"""A sample travels, an opinion is written: about ten working days (C-18)."""

_KINDS: Final[dict[Budget, tuple[TaskKind, ...]]] = {
    _AT_ONCE: (TaskKind.TRIAGE_PATIENT, TaskKind.ALERT_DEPARTMENT, TaskKind.MATCH_DOCTOR),
    _HALF_AN_HOUR: (
        TaskKind.ANSWER_ENQUIRY,
        TaskKind.FIRST_CONTACT,
        TaskKind.ASSIGN_TEAM,
        TaskKind.ANSWER_TOP_UP,
        TaskKind.TAKE_REQUEST,
        TaskKind.CONSULT,
        TaskKind.CALL_AHEAD,
        TaskKind.CALL_CUSTOMER,
        TaskKind.CHECK_IN,
        TaskKind.CALL_ON_THE_WAY,
        TaskKind.MEET_CUSTOMER,
        TaskKind.REPLACE_ESCORT,
        TaskKind.RESCUE_STEP,
        TaskKind.REPORT_RESCUE,
        TaskKind.COORDINATE_RESCUE,
        TaskKind.RESUME_MATTER,
    ),
    _TODAY: (
        TaskKind.BREACH,
        TaskKind.PHONE_CUSTOMER,
        TaskKind.RESOLVE_PAYMENT,
        TaskKind.CORRECT_PAYMENT,
        TaskKind.RELEASE_HOLD,
        TaskKind.NAME_PERSON,
        TaskKind.CHECK_OUT,
        TaskKind.DECIDE_WARD,
        TaskKind.MAKE_READY,
        TaskKind.FIND_PARCEL,
    ),
    _TOMORROW: (
        TaskKind.JUDGE_LIABILITY,
        TaskKind.SECOND_REVIEW,
        TaskKind.TELL_RESULT,
        TaskKind.ARRANGE_VISIT,
        TaskKind.HAND_IN_SLIP,
        TaskKind.VERIFY_COST,
        TaskKind.ON_SITE_TOP_UP,
        TaskKind.SETTLE_BALANCE,
        TaskKind.SETTLE_AT_COUNTER,
        TaskKind.OFFER_CLAIM,
        TaskKind.EXPLAIN_DIFFERENCE,
        TaskKind.CHASE_DECISION,
        TaskKind.IMPORT_CALENDAR,
        TaskKind.REVIEW_BOOKING,
        TaskKind.OFFER_OPTIONS,
        TaskKind.CONFIRM_BOOKING,
        TaskKind.REPORT_VISIT,
        TaskKind.DECIDE_USE,
        TaskKind.SERVICE_STEP,
        TaskKind.WRITE_SUMMARY,
        TaskKind.CARE_CALL,
        TaskKind.PLAN_ESCORT,
        TaskKind.OFFER_VISIT,
        TaskKind.CHASE_LAB,
        TaskKind.CONFIRM_PAYEE,
        TaskKind.RESCUE_OUTCOME,
    ),
    _SOON: (
        TaskKind.KEEP_SLIP,
        TaskKind.GIVE_OUT_SLIPS,
        TaskKind.CARE,
        TaskKind.FILE_CLAIM,
        TaskKind.ADJUDICATE,
        TaskKind.ARRANGE_SERVICE,
        TaskKind.ASSIGN_EXPERT,
        TaskKind.EXPLAIN_REPORT,
        TaskKind.EXAMINE_EXPENSES,
        TaskKind.FOLLOW_UP_CALL,
        TaskKind.PLAN_CARE,
        TaskKind.SIGN_WRITE_OFF,
        TaskKind.DECIDE_DISPUTE,
    ),
    _A_WEEK: (
        TaskKind.CONFIRM_DOCUMENTS,
        TaskKind.SIGN_AUTHORIZATION,
        TaskKind.DOCUMENT_VISIT,
        TaskKind.SIGN_ON_SITE,
        TaskKind.ACCEPT_OFFER,
        TaskKind.DISCHARGE_VISIT,
        TaskKind.CONFIRM_REFUND,
        TaskKind.COLLECT_CLAIM_DOCUMENTS,
        TaskKind.AFTERCARE,
        TaskKind.HOME_VISIT,
        TaskKind.HAND_OVER_MONEY,
        TaskKind.ARRANGE_REPAYMENT,
        TaskKind.SETTLE_LATE_REFUND,
        TaskKind.SETTLE_LATE_CLAIM,
        TaskKind.CHECK_PAPERS,
        TaskKind.CHOOSE_OPTION,
        TaskKind.CHOOSE_SLOT,
        TaskKind.SEND_KIT,
        TaskKind.SURVEY_REPORT,
        TaskKind.RATE_SERVICE,
        TaskKind.COLLECT_FEES,
    ),
    _A_FORTNIGHT: (TaskKind.RECEIVE_SAMPLE, TaskKind.DELIVER_REPORT, TaskKind.RECEIVE_PAPERS),
}

BY_AGREEMENT: Final = frozenset({TaskKind.RECORD_REPAYMENT})
"""Due on the day that was agreed with a person, or on none while nothing is agreed."""

DUE_WITHIN: Final = {kind: within for within, kinds in _KINDS.items() for kind in kinds}
"""Every other kind, and how long it may lie (inferred)."""


class StepDue(Terms):
    """How long a kind of step may lie in one programme, where the house's measure does not fit."""

    step: TaskKind
    within: Budget

    @model_validator(mode="after")
    def _runs_by_night_and_holiday(self) -> StepDue:
        if self.within.unit is Unit.WORKING_DAY:
            raise ValueError("a step that no promise speaks of is measured in min, h or nd")
        if self.step in BY_AGREEMENT:
            raise ValueError(f"{self.step} is due on the day that was agreed")
        return self


def due_by(kind: TaskKind, at: datetime, own: tuple[StepDue, ...] = ()) -> datetime | None:
    """The moment by which a step that opened at `at` is to be done; None only by agreement."""
    measured = {one.step: one.within for one in own}
    within = measured.get(kind) or DUE_WITHIN.get(kind)
    if within is None:
        return None
    elapsed = within.elapsed()
    if elapsed is not None:
        return at + elapsed
    return end_of_day(civil_date(at) + timedelta(days=within.amount))
