"""Settlement and posting: story 1 and its variations, and an independent model of the money."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain import posting
from domain.calendar import SHANGHAI
from domain.posting import Account, Reason, Transfer, balances
from domain.settlement import (
    Instalment,
    Settlement,
    age_of,
    covered,
    due_date,
    never_filed_at,
    overdue_days,
    reminder_dates,
    repayment_due_at,
    still_due,
)
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
(PROGRAMME,) = [one for one in programmes() if one.code == "bainian_deposit_waiver"]
WAIVER = PROGRAMME.deposit_waiver
CASE = "dw-aaaaaaaaaaaaaaaaaaaa"
STORY_1 = [5_000_000, 10_000_000, 15_000_000, 15_000_000, 5_000_000]

amounts = st.integers(1, 10**12)


def settled(*, advanced: int, bill: int, payable: int) -> tuple[Settlement, int]:
    """A case after refund and claim, and what of the claim money is the customer's."""
    part = covered(billed_fen=bill, advanced_fen=advanced)
    before = Settlement(advanced_fen=advanced, bill_fen=part, refund_fen=advanced - part)
    offset = before.offset_of(payable)
    return before.model_copy(update={"offset_fen": offset}), payable - offset


def test_story_1_ends_with_nothing_owed_and_nothing_left_over() -> None:
    money, residual = settled(advanced=sum(STORY_1), bill=50_000_000, payable=50_000_000)
    assert (money.offset_fen, residual) == (50_000_000, 0)
    assert (money.outstanding_fen, money.owed_fen) == (0, 0)


def test_story_1b_returns_the_refund_to_the_payer_and_the_residual_to_the_customer() -> None:
    waiting = Settlement(advanced_fen=50_000_000, bill_fen=43_000_000)
    assert waiting.refund_due_fen == 7_000_000
    money, residual = settled(advanced=50_000_000, bill=43_000_000, payable=50_000_000)
    assert (money.offset_fen, residual) == (43_000_000, 7_000_000)
    assert (money.outstanding_fen, money.refund_due_fen) == (0, 0)


@pytest.mark.parametrize("bill", [50_000_000, 43_000_000])
def test_story_1c_a_denial_makes_the_customer_owe_what_is_outstanding(bill: int) -> None:
    money, _ = settled(advanced=50_000_000, bill=bill, payable=0)
    assert money.owed_fen == money.outstanding_fen == bill


def test_a_partial_claim_leaves_the_rest_to_the_customer() -> None:
    money, residual = settled(advanced=2_000_000, bill=1_864_020, payable=1_491_216)
    assert (money.offset_fen, residual) == (1_491_216, 0)
    assert money.owed_fen == 372_804


def test_what_the_hospital_owes_is_never_asked_of_the_customer() -> None:
    money = Settlement(advanced_fen=50_000_000, bill_fen=43_000_000)
    assert (money.outstanding_fen, money.owed_fen) == (50_000_000, 43_000_000)
    assert money.offset_of(50_000_000) == 43_000_000


def test_a_bill_above_the_deposits_is_covered_as_far_as_they_go() -> None:
    assert covered(billed_fen=101, advanced_fen=100) == 100
    assert covered(billed_fen=99, advanced_fen=100) == 99


def test_a_second_decision_is_offset_against_what_is_still_owed() -> None:
    money, _ = settled(advanced=100, bill=100, payable=60)
    repaid = money.model_copy(update={"repaid_fen": 30})
    assert repaid.offset_of(40) == 10
    assert repaid.model_copy(update={"repaid_fen": 40}).offset_of(40) == 0


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_claim_money_is_split_to_the_fen(advanced: int, bill: int, payable: int) -> None:
    money, residual = settled(advanced=advanced, bill=bill, payable=payable)
    assert money.offset_fen + residual == payable
    assert money.offset_fen + money.owed_fen == money.bill_fen
    assert min(residual, money.owed_fen) == 0
    assert min(residual, money.owed_fen, money.offset_fen) >= 0


PLAN = [Instalment(due_on=date(2026, 12, day), amount_fen=100) for day in (1, 11, 21)]


@pytest.mark.parametrize(
    ("paid", "left"),
    [(0, [100, 100, 100]), (99, [1, 100, 100]), (100, [100, 100]), (250, [50]), (300, [])],
)
def test_payments_fill_the_oldest_parts_of_a_plan_first(paid: int, left: list[int]) -> None:
    assert [part.amount_fen for part in still_due(PLAN, paid_fen=paid)] == left


def test_a_repayment_is_due_after_thirty_natural_days() -> None:
    """Story 2: denied on Thu 29 Oct, due Sat 28 Nov."""
    demanded = datetime(2026, 10, 29, 10, tzinfo=SHANGHAI)
    due = repayment_due_at(demanded, WAIVER.repayment, CALENDAR)
    assert due == datetime(2026, 11, 28, 16, tzinfo=UTC)
    assert due_date(due) == date(2026, 11, 28)


def test_reminders_stand_a_week_before_on_and_after_the_day() -> None:
    due_on = date(2026, 11, 28)
    assert reminder_dates(due_on, WAIVER.repayment, after=date(2026, 10, 29)) == (
        date(2026, 11, 21),
        date(2026, 11, 28),
        date(2026, 12, 5),
    )
    assert len(reminder_dates(due_on, WAIVER.repayment, after=date(2026, 11, 28))) == 1
    assert reminder_dates(due_on, WAIVER.repayment, after=date(2026, 11, 25)) == (
        date(2026, 11, 28),
        date(2026, 12, 5),
    )


def test_a_claim_counts_as_never_filed_thirty_days_after_discharge() -> None:
    discharged = datetime(2026, 6, 25, 11, tzinfo=SHANGHAI)
    never = never_filed_at(discharged, WAIVER.claim, CALENDAR)
    assert due_date(never) == date(2026, 7, 25)


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, "not_due"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (90, "61-90"), (91, "91-")],
)
def test_what_is_overdue_is_told_by_its_age(days: int, age: str) -> None:
    due = datetime(2026, 11, 28, 16, tzinfo=UTC)
    late = due + timedelta(days=days - 1)
    assert overdue_days(late, late) == 1
    assert overdue_days(due, late if days else due - timedelta(seconds=1)) == days
    assert age_of(days) == age


# Posting


def whole_case(*, bill: int, payable: int, repaid: int = 0, written_off: int = 0) -> list[Transfer]:
    advanced = sum(STORY_1)
    money, residual = settled(advanced=advanced, bill=bill, payable=payable)
    transfers = [
        one
        for number, amount in enumerate(STORY_1, start=1)
        for one in posting.deposit(CASE, number, amount)
    ]
    transfers += posting.bill(CASE, bill)
    if money.refund_fen:
        transfers += posting.refund(CASE, 1, money.refund_fen)
    transfers += posting.claim(CASE, payable_fen=payable, offset_fen=money.offset_fen)
    transfers += posting.payout(CASE, residual)
    if repaid:
        transfers += posting.repayment(CASE, 1, repaid)
    if written_off:
        transfers += posting.write_off(CASE, 1, written_off)
    return transfers


@pytest.mark.parametrize(
    ("bill", "payable", "repaid", "written_off"),
    [
        (50_000_000, 50_000_000, 0, 0),
        (43_000_000, 50_000_000, 0, 0),
        (50_000_000, 0, 50_000_000, 0),
        (43_000_000, 0, 40_000_000, 3_000_000),
        (50_000_000, 49_999_999, 1, 0),
    ],
)
def test_every_account_is_zero_when_a_case_is_over(
    bill: int, payable: int, repaid: int, written_off: int
) -> None:
    transfers = whole_case(bill=bill, payable=payable, repaid=repaid, written_off=written_off)
    assert balances(transfers) == dict.fromkeys(Account, 0)


def test_the_customers_cash_never_moves_in_story_1() -> None:
    transfers = whole_case(bill=50_000_000, payable=50_000_000)
    assert not [one for one in transfers if Account.CUSTOMER_CASH in (one.debit, one.credit)]


def test_movement_ids_say_case_and_event_and_number() -> None:
    ids = [one.movement_id for one in whole_case(bill=43_000_000, payable=50_000_000)]
    assert ids == [
        f"{CASE}:deposit:1",
        f"{CASE}:deposit:2",
        f"{CASE}:deposit:3",
        f"{CASE}:deposit:4",
        f"{CASE}:deposit:5",
        f"{CASE}:bill",
        f"{CASE}:refund:1",
        f"{CASE}:claim_money",
        f"{CASE}:offset",
        f"{CASE}:residual",
        f"{CASE}:payout",
    ]
    assert len(set(ids)) == len(ids)


def test_nothing_moves_for_an_amount_of_nothing() -> None:
    assert posting.bill(CASE, 0) == []
    assert posting.payout(CASE, 0) == []
    assert posting.claim(CASE, payable_fen=0, offset_fen=0) == []


@pytest.mark.parametrize("payout", [True, False])
def test_a_correction_and_its_opposite_leave_nothing(*, payout: bool) -> None:
    about = f"{CASE}:payout" if payout else f"{CASE}:deposit:1"
    (out,) = posting.correction(CASE, about, 1, more_fen=5, payout=payout)
    (back,) = posting.correction(CASE, about, 2, more_fen=-5, payout=payout)
    assert (out.movement_id, back.movement_id) == (f"{about}:fix_1", f"{about}:fix_2")
    assert balances([out, back]) == dict.fromkeys(Account, 0)


@pytest.mark.parametrize("offset", [-1, 11])
def test_an_offset_beyond_the_claim_money_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match="between zero and the claim money"):
        posting.claim(CASE, payable_fen=10, offset_fen=offset)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"amount_fen": 1.5},
        {"amount_fen": 2**63},
        {"debit": Account.PAYER_CASH},
        {"movement_id": "deposit"},
        {"movement_id": f"{CASE}:deposit:一"},
        {"movement_id": f"{CASE}:{'x' * 200}"},
    ],
)
def test_a_transfer_that_moves_nothing_or_names_nothing_is_refused(
    changes: dict[str, object],
) -> None:
    good = {
        "movement_id": f"{CASE}:deposit:1",
        "debit": Account.HOSPITAL_DEPOSIT,
        "credit": Account.PAYER_CASH,
        "amount_fen": 1,
        "reason": Reason.DEPOSIT,
    }
    Transfer.model_validate(good)
    with pytest.raises(ValidationError):
        Transfer.model_validate({**good, **changes})


@dataclass
class Purse:
    """An independent model: six purses, money is taken from one and put into another."""

    purses: dict[str, int] = field(default_factory=dict)

    def give(self, amount: int, *, to: str, out_of: str) -> None:
        self.purses[to] = self.purses.get(to, 0) + amount
        self.purses[out_of] = self.purses.get(out_of, 0) - amount


MODEL = {
    "deposit": [("hospital_deposit", "payer_cash")],
    "bill": [("advance_outstanding", "hospital_deposit")],
    "refund": [("payer_cash", "hospital_deposit")],
    "payout": [("customer_cash", "payer_cash")],
    "repayment": [("payer_cash", "customer_cash"), ("customer_cash", "advance_outstanding")],
    "write_off": [("written_off", "advance_outstanding"), ("payer_cash", "written_off")],
}
events = st.lists(st.tuples(st.sampled_from(sorted(MODEL)), amounts), max_size=25)


@given(events)
def test_posting_agrees_with_six_purses_and_always_sums_to_zero(
    happened: list[tuple[str, int]],
) -> None:
    purse = Purse()
    transfers: list[Transfer] = []
    for number, (event, amount) in enumerate(happened, start=1):
        for to, out_of in MODEL[event]:
            purse.give(amount, to=to, out_of=out_of)
        if event in ("deposit", "refund", "repayment", "write_off"):
            transfers += getattr(posting, event)(CASE, number, amount)
        else:
            transfers += getattr(posting, event)(CASE, amount)
        assert sum(balances(transfers).values()) == 0
    wanted = {account: purse.purses.get(account.value, 0) for account in Account}
    assert balances(transfers) == wanted


@given(st.lists(amounts, min_size=1, max_size=9), st.data())
def test_any_finished_case_ends_at_zero(deposits: list[int], data: st.DataObject) -> None:
    advanced = sum(deposits)
    bill = data.draw(st.integers(0, advanced))
    payable = data.draw(st.integers(0, 2 * advanced))
    before, residual = settled(advanced=advanced, bill=bill, payable=payable)
    repaid = data.draw(st.integers(0, before.owed_fen))
    written_off = before.owed_fen - repaid
    transfers = [
        one
        for number, amount in enumerate(deposits, start=1)
        for one in posting.deposit(CASE, number, amount)
    ]
    transfers += posting.bill(CASE, bill)
    transfers += posting.refund(CASE, 1, advanced - bill) if bill < advanced else []
    transfers += posting.claim(CASE, payable_fen=payable, offset_fen=before.offset_fen)
    transfers += posting.payout(CASE, residual)
    transfers += posting.repayment(CASE, 1, repaid) if repaid else []
    transfers += posting.write_off(CASE, 1, written_off) if written_off else []
    assert balances(transfers) == dict.fromkeys(Account, 0)
    after = before.model_copy(update={"repaid_fen": repaid, "written_off_fen": written_off})
    assert after.owed_fen == after.outstanding_fen == 0
