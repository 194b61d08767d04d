"""Settlement and posting: story 1 and its variations, and an independent model of the money."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.calendar_file import load_calendar
from adapters.programme_files import load_programmes
from domain import posting
from domain.calendar import SHANGHAI
from domain.posting import Account, Reason, Transfer, balances
from domain.settlement import (
    BillAboveAdvance,
    Settlement,
    due_date,
    never_filed_at,
    refund_due,
    reminder_dates,
    repayment_due_at,
)

CALENDAR = load_calendar()
(PROGRAMME,) = [one for one in load_programmes() if one.code == "bainian_deposit_waiver"]
WAIVER = PROGRAMME.deposit_waiver
CASE = "dw-aaaaaaaaaaaaaaaaaaaa"
STORY_1 = [5_000_000, 10_000_000, 15_000_000, 15_000_000, 5_000_000]

amounts = st.integers(1, 10**12)


def test_story_1_ends_with_nothing_owed_and_nothing_left_over() -> None:
    money = Settlement(advanced_fen=sum(STORY_1), payable_fen=50_000_000)
    assert money.outstanding_fen == 50_000_000
    assert money.offset_fen == 50_000_000
    assert money.residual_fen == 0
    assert money.owed_fen == 0
    assert money.is_settled


def test_story_1b_returns_the_refund_to_the_payer_and_the_residual_to_the_customer() -> None:
    refund = refund_due(advanced_fen=50_000_000, bill_fen=43_000_000)
    money = Settlement(advanced_fen=50_000_000, refund_fen=refund, payable_fen=50_000_000)
    assert refund == 7_000_000
    assert (money.outstanding_fen, money.offset_fen) == (43_000_000, 43_000_000)
    assert money.residual_fen == 7_000_000
    assert money.is_settled


@pytest.mark.parametrize(("refund", "owed"), [(0, 50_000_000), (7_000_000, 43_000_000)])
def test_story_1c_a_denial_makes_the_customer_owe_what_is_outstanding(
    refund: int, owed: int
) -> None:
    assert Settlement(advanced_fen=50_000_000, refund_fen=refund).owed_fen == owed


def test_a_partial_claim_leaves_the_rest_to_the_customer() -> None:
    money = Settlement(advanced_fen=2_000_000, refund_fen=135_980, payable_fen=1_491_216)
    assert money.offset_fen == 1_491_216
    assert money.owed_fen == 372_804


def test_a_bill_above_the_deposits_is_named_and_not_guessed() -> None:
    with pytest.raises(BillAboveAdvance):
        refund_due(advanced_fen=100, bill_fen=101)
    assert refund_due(advanced_fen=100, bill_fen=100) == 0


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_claim_money_is_split_to_the_fen(advanced: int, refund: int, payable: int) -> None:
    money = Settlement(advanced_fen=advanced, refund_fen=min(refund, advanced), payable_fen=payable)
    assert money.offset_fen + money.residual_fen == payable
    assert money.offset_fen + money.owed_fen == money.outstanding_fen
    assert min(money.residual_fen, money.owed_fen) == 0
    assert money.residual_fen >= 0
    assert money.owed_fen >= 0


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


# Posting


def whole_case(*, bill: int, payable: int, repaid: int = 0, written_off: int = 0) -> list[Transfer]:
    advanced = sum(STORY_1)
    money = Settlement(
        advanced_fen=advanced,
        refund_fen=advanced - bill,
        payable_fen=payable,
        repaid_fen=repaid,
        written_off_fen=written_off,
    )
    transfers = [
        one
        for number, amount in enumerate(STORY_1, start=1)
        for one in posting.deposit(CASE, number, amount)
    ]
    transfers += posting.bill(CASE, bill)
    if money.refund_fen:
        transfers += posting.refund(CASE, 1, money.refund_fen)
    transfers += posting.claim(CASE, payable_fen=payable, offset_fen=money.offset_fen)
    transfers += posting.payout(CASE, money.residual_fen)
    if repaid:
        transfers += posting.repayment(CASE, 1, repaid)
    if written_off:
        transfers += posting.write_off(CASE, written_off)
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
        if event in ("deposit", "refund", "repayment"):
            transfers += getattr(posting, event)(CASE, number, amount)
        else:
            transfers += getattr(posting, event)(CASE, amount)
        assert sum(balances(transfers).values()) == 0
    wanted = {account: purse.purses.get(account.value, 0) for account in Account}
    assert balances(transfers) == wanted


@given(st.lists(amounts, min_size=1, max_size=9), st.data())
def test_any_finished_case_ends_at_zero(deposits: list[int], data: st.DataObject) -> None:
    advanced = sum(deposits)
    refund = data.draw(st.integers(0, advanced))
    payable = data.draw(st.integers(0, 2 * advanced))
    before = Settlement(advanced_fen=advanced, refund_fen=refund, payable_fen=payable)
    repaid = data.draw(st.integers(0, before.owed_fen))
    written_off = before.owed_fen - repaid
    transfers = [
        one
        for number, amount in enumerate(deposits, start=1)
        for one in posting.deposit(CASE, number, amount)
    ]
    transfers += posting.bill(CASE, advanced - refund)
    transfers += posting.refund(CASE, 1, refund) if refund else []
    transfers += posting.claim(CASE, payable_fen=payable, offset_fen=before.offset_fen)
    transfers += posting.payout(CASE, before.residual_fen)
    transfers += posting.repayment(CASE, 1, repaid) if repaid else []
    transfers += posting.write_off(CASE, written_off) if written_off else []
    assert balances(transfers) == dict.fromkeys(Account, 0)
    owed = before.model_copy(update={"repaid_fen": repaid, "written_off_fen": written_off})
    assert owed.is_settled
