"""Business events as transfers: which account gives, which takes, under which movement id.

Each transfer moves one positive amount between two of a case's six accounts, so the sum over the
accounts is zero by construction. A movement id is made of what happened, never of chance: the same
event posted again is the same movement. Storing transfers, and holding money before a payment, is
the ledger's work.

Balances are debit-positive: an account grows by its debits and shrinks by its credits.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from domain.money import PositiveFen

_MOVEMENT_ID = re.compile(r"[a-z0-9-]+(:[a-z0-9_-]+){1,3}", re.ASCII)


class Account(StrEnum):
    """The six accounts of a case; all are zero when it closes."""

    PAYER_CASH = "payer_cash"
    HOSPITAL_DEPOSIT = "hospital_deposit"
    ADVANCE_OUTSTANDING = "advance_outstanding"
    CLAIM_PAYABLE = "claim_payable"
    CUSTOMER_CASH = "customer_cash"
    WRITTEN_OFF = "written_off"


class Reason(StrEnum):
    """Why money moved; each reason has one pair of accounts, see `_ACCOUNTS`."""

    DEPOSIT = "deposit"
    TOP_UP = "top_up"
    BILL = "bill"
    REFUND = "refund"
    CLAIM_MONEY = "claim_money"
    OFFSET = "offset"
    RESIDUAL = "residual"
    PAYOUT = "payout"
    REPAYMENT = "repayment"
    REPAYMENT_APPLIED = "repayment_applied"
    WRITE_OFF = "write_off"
    LOSS = "loss"
    REVERSAL = "reversal"
    UNBILLED = "unbilled"
    PAYOUT_REVERSAL = "payout_reversal"
    RETURNED = "returned"
    CLAIM_RETURNED = "claim_returned"
    LOSS_RECOVERED = "loss_recovered"
    LOSS_UNDONE = "loss_undone"
    SENT_BACK = "sent_back"


_ACCOUNTS: dict[Reason, tuple[Account, Account]] = {
    # reason: (debit, credit)
    Reason.DEPOSIT: (Account.HOSPITAL_DEPOSIT, Account.PAYER_CASH),
    Reason.TOP_UP: (Account.HOSPITAL_DEPOSIT, Account.PAYER_CASH),
    Reason.BILL: (Account.ADVANCE_OUTSTANDING, Account.HOSPITAL_DEPOSIT),
    Reason.REFUND: (Account.PAYER_CASH, Account.HOSPITAL_DEPOSIT),
    Reason.CLAIM_MONEY: (Account.PAYER_CASH, Account.CLAIM_PAYABLE),
    Reason.OFFSET: (Account.CLAIM_PAYABLE, Account.ADVANCE_OUTSTANDING),
    Reason.RESIDUAL: (Account.CLAIM_PAYABLE, Account.CUSTOMER_CASH),
    Reason.PAYOUT: (Account.CUSTOMER_CASH, Account.PAYER_CASH),
    Reason.REPAYMENT: (Account.PAYER_CASH, Account.CUSTOMER_CASH),
    Reason.REPAYMENT_APPLIED: (Account.CUSTOMER_CASH, Account.ADVANCE_OUTSTANDING),
    Reason.WRITE_OFF: (Account.WRITTEN_OFF, Account.ADVANCE_OUTSTANDING),
    Reason.LOSS: (Account.PAYER_CASH, Account.WRITTEN_OFF),
    Reason.REVERSAL: (Account.PAYER_CASH, Account.HOSPITAL_DEPOSIT),
    Reason.UNBILLED: (Account.HOSPITAL_DEPOSIT, Account.ADVANCE_OUTSTANDING),
    Reason.PAYOUT_REVERSAL: (Account.PAYER_CASH, Account.CUSTOMER_CASH),
    Reason.RETURNED: (Account.ADVANCE_OUTSTANDING, Account.CUSTOMER_CASH),
    Reason.CLAIM_RETURNED: (Account.ADVANCE_OUTSTANDING, Account.PAYER_CASH),
    Reason.LOSS_RECOVERED: (Account.ADVANCE_OUTSTANDING, Account.WRITTEN_OFF),
    Reason.LOSS_UNDONE: (Account.WRITTEN_OFF, Account.PAYER_CASH),
    Reason.SENT_BACK: (Account.HOSPITAL_DEPOSIT, Account.PAYER_CASH),
}


class Transfer(BaseModel):
    """One movement between two accounts of a case."""

    model_config = ConfigDict(frozen=True)

    movement_id: str = Field(max_length=120)
    debit: Account
    credit: Account
    amount_fen: PositiveFen
    reason: Reason

    @field_validator("movement_id")
    @classmethod
    def _names_a_case_and_an_event(cls, movement_id: str) -> str:
        if not _MOVEMENT_ID.fullmatch(movement_id):
            raise ValueError("a movement id is case:event or case:event:number")
        return movement_id

    @model_validator(mode="after")
    def _between_two_accounts(self) -> "Transfer":
        if self.debit is self.credit:
            raise ValueError("a transfer is between two accounts")
        return self


def movement(case_id: str, event: Reason, number: int | None = None) -> str:
    """The id of a movement, from the case, the event and its number in the case."""
    return f"{case_id}:{event.value}" if number is None else f"{case_id}:{event.value}:{number}"


def transfer(
    case_id: str,
    reason: Reason,
    amount_fen: int,
    number: int | None = None,
    *,
    movement_id: str | None = None,
) -> Transfer:
    """A movement of one reason, between the two accounts that reason has.

    It may stand under the id of another event that it belongs to.
    """
    debit, credit = _ACCOUNTS[reason]
    return Transfer(
        movement_id=movement_id or movement(case_id, reason, number),
        debit=debit,
        credit=credit,
        amount_fen=amount_fen,
        reason=reason,
    )


def deposit(case_id: str, number: int, amount_fen: int) -> list[Transfer]:
    """The `number`-th payment to the hospital, first deposit or top-up (`{case}:deposit:3`)."""
    return [transfer(case_id, Reason.DEPOSIT, amount_fen, number)]


def late_deposit(case_id: str, movement_id: str, amount_fen: int) -> list[Transfer]:
    """Money that reached the hospital although no hold of ours stands for it any more."""
    return [transfer(case_id, Reason.DEPOSIT, amount_fen, movement_id=f"{movement_id}:late")]


def correction(
    case_id: str, movement_id: str, number: int, *, more_fen: int, payout: bool
) -> list[Transfer]:
    """What was really out under a movement beyond what was booked; negative: it never left."""
    if payout:
        reason = Reason.PAYOUT if more_fen > 0 else Reason.PAYOUT_REVERSAL
    else:
        reason = Reason.DEPOSIT if more_fen > 0 else Reason.REVERSAL
    return [transfer(case_id, reason, abs(more_fen), movement_id=f"{movement_id}:fix_{number}")]


def unbilled(case_id: str, number: int, amount_fen: int) -> list[Transfer]:
    """A part of the bill was not paid from the advance after all."""
    return [transfer(case_id, Reason.UNBILLED, amount_fen, number)]


def late_refund(
    case_id: str,
    number: int,
    *,
    to_customer_fen: int,
    to_insurer_fen: int,
    to_loss_fen: int,
    to_hospital_fen: int = 0,
) -> list[Transfer]:
    """A refund after the end: the bill was lower, and who paid for it gets that back.

    The customer's part stays on `customer_cash` until `payout` reports it paid; what was the
    hospital's all the time goes back to it.
    """
    amount_fen = to_customer_fen + to_insurer_fen + to_loss_fen
    return [
        *_unless_zero(case_id, Reason.REFUND, amount_fen + to_hospital_fen, number),
        *_unless_zero(case_id, Reason.SENT_BACK, to_hospital_fen, number),
        *_unless_zero(case_id, Reason.UNBILLED, amount_fen, number),
        *given_back(
            case_id,
            number,
            to_customer_fen=to_customer_fen,
            to_insurer_fen=to_insurer_fen,
            to_loss_fen=to_loss_fen,
        ),
    ]


def given_back(
    case_id: str, number: int, *, to_customer_fen: int, to_insurer_fen: int, to_loss_fen: int
) -> list[Transfer]:
    """What was returned of an advance that had never left goes back to who returned it.

    The customer's part stays on `customer_cash` until `payout` reports it paid.
    """
    return [
        *_unless_zero(case_id, Reason.RETURNED, to_customer_fen, number),
        *_unless_zero(case_id, Reason.CLAIM_RETURNED, to_insurer_fen, number),
        *loss_recovered(case_id, number, to_loss_fen),
    ]


def loss_recovered(case_id: str, number: int, amount_fen: int) -> list[Transfer]:
    """A part of what was written off came after all."""
    return [
        *_unless_zero(case_id, Reason.LOSS_RECOVERED, amount_fen, number),
        *_unless_zero(case_id, Reason.LOSS_UNDONE, amount_fen, number),
    ]


def bill(case_id: str, bill_fen: int, number: int | None = None) -> list[Transfer]:
    """The final bill uses up the deposit; nothing moves for a bill of zero.

    What a correction takes back into the bill has a number.
    """
    return _unless_zero(case_id, Reason.BILL, bill_fen, number)


def refund(case_id: str, number: int, amount_fen: int) -> list[Transfer]:
    """The hospital returns unused deposit to the payer (C-58)."""
    return [transfer(case_id, Reason.REFUND, amount_fen, number)]


def claim(
    case_id: str, *, payable_fen: int, offset_fen: int, number: int | None = None
) -> list[Transfer]:
    """The claim money arrives, first repays the advance (R015), and what is left is the customer's.

    The customer's part stays on `customer_cash` until `payout` reports it paid. What a second
    decision adds to the first has a number.
    """
    if not 0 <= offset_fen <= payable_fen:
        raise ValueError("an offset lies between zero and the claim money")
    return [
        *_unless_zero(case_id, Reason.CLAIM_MONEY, payable_fen, number),
        *_unless_zero(case_id, Reason.OFFSET, offset_fen, number),
        *_unless_zero(case_id, Reason.RESIDUAL, payable_fen - offset_fen, number),
    ]


def payout(case_id: str, amount_fen: int, number: int | None = None) -> list[Transfer]:
    """The residual has been paid to the customer."""
    return _unless_zero(case_id, Reason.PAYOUT, amount_fen, number)


def repayment(case_id: str, number: int, amount_fen: int) -> list[Transfer]:
    """The customer pays back: the money arrives, and is applied to the advance."""
    return [
        transfer(case_id, Reason.REPAYMENT, amount_fen, number),
        transfer(case_id, Reason.REPAYMENT_APPLIED, amount_fen, number),
    ]


def write_off(case_id: str, number: int, amount_fen: int) -> list[Transfer]:
    """What will not come back: off the advance, and booked as the payer's loss."""
    return [
        transfer(case_id, Reason.WRITE_OFF, amount_fen, number),
        transfer(case_id, Reason.LOSS, amount_fen, number),
    ]


def balances(transfers: Iterable[Transfer]) -> dict[Account, int]:
    """The six balances after some transfers, debit-positive; their sum is always zero."""
    result = dict.fromkeys(Account, 0)
    for one in transfers:
        result[one.debit] += one.amount_fen
        result[one.credit] -= one.amount_fen
    return result


def _unless_zero(
    case_id: str, reason: Reason, amount_fen: int, number: int | None = None
) -> list[Transfer]:
    return [transfer(case_id, reason, amount_fen, number)] if amount_fen else []
