"""What of a journey's cost may be granted: the rules of the programme's papers, and its cap."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.bookings.expenses import ExamineExpenses, ExpenseProblem, papers_of, problem_of
from domain.documents import DocumentKind
from domain.programmes.services import PaysBack
from tests.builders import programmes

P18 = next(one for one in programmes() if one.code == "xintai_million_guard")
TRAVEL = P18.service("travel_expense_reimbursement")
PAPERS = papers_of(P18.documents, TRAVEL.code)
TODAY = date(2026, 9, 24)


def a_ticket(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "travel_ticket",
        "number": "T-1",
        "on": "2026-09-10",
        "names_insured": True,
        "amount": {"amount": "553.50", "currency": "CNY"},
        "granted": {"amount": "553.50", "currency": "CNY"},
    } | changes


def a_stay(**changes: Any) -> dict[str, Any]:
    return a_ticket(kind="lodging_invoice", number="L-1", until="2026-09-13") | changes


def examined(*expenses: dict[str, Any], **changes: Any) -> ExamineExpenses:
    form = {
        "expenses": expenses,
        "treated_from": "2026-09-10",
        "treated_until": "2026-09-14",
    }
    return ExamineExpenses.model_validate(form | changes)


def test_the_papers_of_p18_are_named_tickets_and_lodging_invoices() -> None:
    assert list(PAPERS) == [DocumentKind.TRAVEL_TICKET, DocumentKind.LODGING_INVOICE]
    assert PAPERS[DocumentKind.TRAVEL_TICKET].states == ("姓名",)
    assert TRAVEL.pays_back is None  # its source states no cap


def test_what_the_terms_allow_is_granted_to_the_fen() -> None:
    form = examined(a_ticket(), a_stay())
    assert problem_of(form, papers=PAPERS, service=TRAVEL, on=TODAY) is None
    assert (form.granted_fen, form.asked_fen) == (110_700, 110_700)


NOTHING = {"amount": "0.00", "currency": "CNY"}


@pytest.mark.parametrize(
    ("expense", "problem"),
    [
        (a_ticket(kind="diagnosis_proof"), ExpenseProblem.NOT_A_PAPER),
        (a_ticket(on="2026-09-25"), ExpenseProblem.IN_THE_FUTURE),
        (a_stay(until="2026-09-09"), ExpenseProblem.DAYS_TURNED),
        (a_ticket(granted={"amount": "553.51", "currency": "CNY"}), ExpenseProblem.MORE_THAN_PAID),
        (a_ticket(granted={"amount": "1.00", "currency": "CNY"}), ExpenseProblem.NO_REASON),
        (a_ticket(names_insured=False), ExpenseProblem.NOT_NAMED),
        (a_stay(until="2026-09-15"), ExpenseProblem.NOT_OF_THE_TREATMENT),
        (a_stay(on="2026-09-09"), ExpenseProblem.NOT_OF_THE_TREATMENT),
    ],
)
def test_what_the_terms_do_not_allow_is_named(
    expense: dict[str, Any], problem: ExpenseProblem
) -> None:
    form = examined(a_ticket(number="T-0"), expense)
    found = problem_of(form, papers=PAPERS, service=TRAVEL, on=TODAY)
    assert found == ("expenses.1", problem)


def test_a_paper_that_is_not_granted_breaks_no_rule_when_it_says_why() -> None:
    unnamed = a_ticket(names_insured=False, granted=NOTHING, reason="无姓名")
    form = examined(unnamed, a_stay())
    assert problem_of(form, papers=PAPERS, service=TRAVEL, on=TODAY) is None


def test_the_same_paper_is_granted_once() -> None:
    form = examined(a_ticket(), a_ticket())
    found = problem_of(form, papers=PAPERS, service=TRAVEL, on=TODAY)
    assert found == ("expenses.1", ExpenseProblem.TWICE)


def test_lodging_needs_the_days_of_the_treatment() -> None:
    form = examined(a_stay(), treated_from=None)
    found = problem_of(form, papers=PAPERS, service=TRAVEL, on=TODAY)
    assert found == ("expenses.0", ExpenseProblem.NO_DAYS)
    turned = examined(a_stay(), treated_from="2026-09-14", treated_until="2026-09-10")
    found = problem_of(turned, papers=PAPERS, service=TRAVEL, on=TODAY)
    assert found == ("treated_until", ExpenseProblem.TREATMENT_TURNED)


@pytest.mark.parametrize(
    ("cap_fen", "problem"), [(110_700, None), (110_699, ExpenseProblem.BEYOND_THE_CAP)]
)
def test_a_cap_of_the_programme_may_be_reached_and_not_passed(
    cap_fen: int, problem: ExpenseProblem | None
) -> None:
    terms = PaysBack(at_most_fen=cap_fen, source="inferred")
    capped = TRAVEL.model_copy(update={"pays_back": terms})
    found = problem_of(examined(a_ticket(), a_stay()), papers=PAPERS, service=capped, on=TODAY)
    assert found == (problem and ("expenses", problem))


def test_granting_nothing_needs_a_reason() -> None:
    with pytest.raises(ValidationError, match="全部不予报销须说明理由"):
        examined(a_ticket(granted=NOTHING, reason="无姓名"))
