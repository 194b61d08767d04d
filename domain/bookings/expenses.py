"""What a journey cost and how much of it is paid back: papers, names, dates, amounts, the cap.

The papers are the programme's (车票与住宿费发票); which of them must name the insured person, and
how much is paid back at most, are data of its file. A person reads the papers; here is only what
that person may grant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, model_validator

from domain.documents import DocumentKind, DocumentRule, DocumentStage
from domain.money import Money
from domain.programmes.services import Service
from domain.steps.forms import Form, Note, Reference
from domain.strict import wrong

THE_NAME: Final = "姓名"
"""What a document rule says a paper states when it must name the insured person (R694)."""

_OF_DAYS: Final = DocumentKind.LODGING_INVOICE
"""A paper about days, which must lie within the treatment (就诊期间的住宿费)."""


class ExpenseProblem(StrEnum):
    """Why an expense cannot be granted as it stands."""

    NOT_A_PAPER = "not_a_paper"
    IN_THE_FUTURE = "in_the_future"
    DAYS_TURNED = "days_turned"
    NO_DAYS = "no_days"
    TREATMENT_TURNED = "treatment_turned"
    MORE_THAN_PAID = "more_than_paid"
    NO_REASON = "no_reason"
    NOT_NAMED = "not_named"
    NOT_OF_THE_TREATMENT = "not_of_the_treatment"
    TWICE = "twice"
    BEYOND_THE_CAP = "beyond_the_cap"


PROBLEM_WORDS: Final[dict[ExpenseProblem, str]] = {
    ExpenseProblem.NOT_A_PAPER: "该票据不在可报销范围内",
    ExpenseProblem.IN_THE_FUTURE: "票据日期不能晚于今天",
    ExpenseProblem.DAYS_TURNED: "离店日期不能早于入住日期",
    ExpenseProblem.NO_DAYS: "住宿费须填写就诊起止日期",
    ExpenseProblem.TREATMENT_TURNED: "就诊结束日期不能早于开始日期",
    ExpenseProblem.MORE_THAN_PAID: "核定金额不能超过票面金额",
    ExpenseProblem.NO_REASON: "未全额核定的票据须说明理由",
    ExpenseProblem.NOT_NAMED: "票据上没有被保险人姓名, 不能报销",
    ExpenseProblem.NOT_OF_THE_TREATMENT: "住宿日期不在就诊期间, 不能报销",
    ExpenseProblem.TWICE: "同一票据不能重复报销",
    ExpenseProblem.BEYOND_THE_CAP: "核定总额超过服务条款的限额",
}


class Expense(Form):
    """One paper: its number, its days, what it says was paid, and what of it is paid back."""

    kind: DocumentKind
    number: Reference
    on: date
    until: date | None = None  # the last day of a stay; a ticket has one day
    names_insured: bool
    amount: Money
    granted: Money
    reason: Note = ""


class ExamineExpenses(Form):
    """The papers as a person read them; nothing granted at all is a refusal, with its reason."""

    expenses: list[Expense] = Field(min_length=1, max_length=100)
    treated_from: date | None = None
    treated_until: date | None = None
    reason: Note = ""

    @model_validator(mode="after")
    def _no_needs_a_reason(self) -> ExamineExpenses:
        if self.granted_fen == 0 and not self.reason.strip():
            raise wrong("reason", "全部不予报销须说明理由")
        return self

    @property
    def granted_fen(self) -> int:
        """What is paid back in all."""
        return sum(one.granted.fen for one in self.expenses)

    @property
    def asked_fen(self) -> int:
        """What the papers say was paid."""
        return sum(one.amount.fen for one in self.expenses)


class ReceivePapers(Form):
    """The papers have arrived: how, under which courier number, and whether all are there."""

    complete: bool
    courier_no: Reference | None = None  # of another courier than ours; none in person
    # What the customer did not spend: whoever goes home the same day has no bill of lodging.
    not_spent: list[DocumentKind] = Field(default=[], max_length=30)
    missing: list[Annotated[str, Field(max_length=64)]] = Field(default=[], max_length=30)
    note: Note = ""


class ConfirmPayee(Form):
    """Whose account the money goes to; the service is the insured person's own (R684)."""

    is_insured: bool
    note: Note = ""


def papers_of(rules: Sequence[DocumentRule], service: str) -> dict[DocumentKind, DocumentRule]:
    """The papers a service pays back for."""
    return {rule.kind: rule for rule in rules if rule.applies(None, DocumentStage.CLAIM, service)}


def problem_of(
    form: ExamineExpenses, *, papers: dict[DocumentKind, DocumentRule], service: Service, on: date
) -> tuple[str, ExpenseProblem] | None:
    """The first thing that cannot be granted, with its field; None when all of it can."""
    first, last = form.treated_from, form.treated_until
    if first is not None and last is not None and last < first:
        return "treated_until", ExpenseProblem.TREATMENT_TURNED
    seen: set[tuple[DocumentKind, str]] = set()
    for n, one in enumerate(form.expenses):
        found = _wrong_with(one, form, papers.get(one.kind), on)
        if found is None and (one.kind, one.number) in seen:
            found = ExpenseProblem.TWICE
        if found is not None:
            return f"expenses.{n}", found
        seen.add((one.kind, one.number))
    cap = service.pays_back.at_most_fen if service.pays_back else None
    if cap is not None and form.granted_fen > cap:
        return "expenses", ExpenseProblem.BEYOND_THE_CAP
    return None


def _wrong_with(
    one: Expense, form: ExamineExpenses, rule: DocumentRule | None, on: date
) -> ExpenseProblem | None:
    if rule is None:
        return ExpenseProblem.NOT_A_PAPER
    last = one.until or one.on
    if last > on:
        return ExpenseProblem.IN_THE_FUTURE
    if last < one.on:
        return ExpenseProblem.DAYS_TURNED
    if one.granted.fen > one.amount.fen:
        return ExpenseProblem.MORE_THAN_PAID
    if one.granted.fen < one.amount.fen and not (one.reason.strip() or form.reason.strip()):
        return ExpenseProblem.NO_REASON
    return _not_granted(one, form, rule) if one.granted.fen else None


def _not_granted(one: Expense, form: ExamineExpenses, rule: DocumentRule) -> ExpenseProblem | None:
    if THE_NAME in rule.states and not one.names_insured:
        return ExpenseProblem.NOT_NAMED
    if one.kind is not _OF_DAYS:
        return None
    if form.treated_from is None or form.treated_until is None:
        return ExpenseProblem.NO_DAYS
    if one.on < form.treated_from or (one.until or one.on) > form.treated_until:
        return ExpenseProblem.NOT_OF_THE_TREATMENT
    return None
