"""The wire to the payment networks: pay a hospital, pay a customer out, ask what became of it.

A payment partner learns a movement id, an amount, an account and a way of paying, and nothing else.
Its word is believed only when it is about this movement and this amount; everything else is
`unknown`, which is never turned into a failure here (docs/partners.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import quote

from pydantic import Field

from activities.ports.cases import (
    MovementConflict,
    PaymentOrder,
    PaymentOutcome,
    PaymentStatus,
    PayoutOrder,
)
from adapters.partners.line import (
    Answer,
    NoBelievableAnswer,
    PartnerLine,
    Reply,
    SameIdOtherContent,
    Unreachable,
    code_of,
    wire_amount,
)

_STATUS_BY_CODE: Final[dict[int, PaymentStatus]] = {
    HTTPStatus.OK: PaymentStatus.PAID,
    HTTPStatus.ACCEPTED: PaymentStatus.PENDING,
    HTTPStatus.UNPROCESSABLE_ENTITY: PaymentStatus.REFUSED,
}


class _Amount(Reply):
    amount: str
    currency: str


class _PaymentReply(Reply):
    movement_id: str
    amount: _Amount
    status: Literal["paid", "pending", "refused"]
    receipt_no: str = Field(default="", max_length=64, pattern=r"^[A-Za-z0-9._:/-]*$")
    reason_code: str = ""
    code_url: str = Field(default="", max_length=500, pattern=r"^(https?://\S+)?$")


class PaymentNetwork:
    """Pays through one partner; implements `PaymentPort`."""

    def __init__(
        self, line: PartnerLine, *, account_of: Callable[[str], str] = lambda hospital: hospital
    ) -> None:
        """`account_of` gives the account code of a hospital's cashier at this partner."""
        self._line = line
        self._account_of = account_of

    async def pay(self, order: PaymentOrder) -> PaymentOutcome:
        """Order a payment to a hospital; the same id never pays twice."""
        body = {
            "movement_id": order.movement_id,
            "amount": wire_amount(order.amount_fen),
            "mode": order.mode.value,
            "account": self._account_of(order.hospital_id),
        }
        return await self._ordered("/payments", order.movement_id, body)

    async def pay_out(self, order: PayoutOrder) -> PaymentOutcome:
        """Order a payment to the customer, whose account the partner holds under the case id.

        Where a branch hands the money over, it goes to the till of that branch.
        """
        body = {
            "movement_id": order.movement_id,
            "amount": wire_amount(order.amount_fen),
            "account": f"branch:{order.branch}" if order.branch else order.case_id,
        }
        return await self._ordered("/payouts", order.movement_id, body)

    async def look_up(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        """Ask what became of a movement; only the partner's own word makes it `not_found`.

        Raises `MovementConflict` when it is about another amount: nobody paid what we ordered.
        """
        asked = self._line.ask(_address(movement_id))
        return await self._standing(movement_id, amount_fen, asked)

    async def cancel(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        """Take a code back; the partner answers with how the movement stands after that.

        Raises `MovementConflict` when it is about another amount.
        """
        asked = self._line.post(f"{_address(movement_id)}/cancel", {})
        return await self._standing(movement_id, amount_fen, asked)

    async def _standing(
        self, movement_id: str, amount_fen: int, asked: Awaitable[Answer]
    ) -> PaymentOutcome:
        try:
            answer = await asked
            if answer.status == HTTPStatus.NOT_FOUND and answer.fields.get("code") == "not_found":
                return PaymentOutcome(status=PaymentStatus.NOT_FOUND)
            if answer.status != HTTPStatus.OK:
                raise answer.unexpected()
            outcome = _outcome(answer, movement_id)
            about_ours = _is_about(answer, wire_amount(amount_fen))
        except Unreachable as failure:
            return PaymentOutcome(status=PaymentStatus.UNREACHABLE, reason=failure.reason)
        except (NoBelievableAnswer, SameIdOtherContent) as failure:
            return PaymentOutcome(status=PaymentStatus.UNKNOWN, reason=failure.reason)
        if not about_ours:
            raise MovementConflict(movement_id)
        return outcome

    async def _ordered(self, path: str, movement_id: str, body: dict[str, Any]) -> PaymentOutcome:
        try:
            answer = await self._line.order(path, key=movement_id, body=body)
            return _ordered_outcome(answer, movement_id, body["amount"])
        except SameIdOtherContent:
            raise MovementConflict(movement_id) from None
        except Unreachable as failure:
            return PaymentOutcome(status=PaymentStatus.UNREACHABLE, reason=failure.reason)
        except NoBelievableAnswer as failure:
            return PaymentOutcome(status=PaymentStatus.UNKNOWN, reason=failure.reason)


def _address(movement_id: str) -> str:
    return f"/payments/{quote(movement_id, safe=':')}"


def _ordered_outcome(answer: Answer, movement_id: str, amount: dict[str, str]) -> PaymentOutcome:
    expected = _STATUS_BY_CODE.get(answer.status)
    if expected is None:
        raise answer.unexpected()
    outcome = _outcome(answer, movement_id)
    if outcome.status is not expected or not _is_about(answer, amount):
        raise NoBelievableAnswer("answer_about_something_else")
    return outcome


def _is_about(answer: Answer, amount: dict[str, str]) -> bool:
    """Whether the answer speaks of the amount that was ordered."""
    return answer.read(_PaymentReply).amount.model_dump() == amount


def _outcome(answer: Answer, movement_id: str) -> PaymentOutcome:
    reply = answer.read(_PaymentReply)
    if reply.movement_id != movement_id:
        raise NoBelievableAnswer("answer_about_something_else")
    if reply.status == "paid" and not reply.receipt_no:
        raise NoBelievableAnswer("paid_without_receipt")
    return PaymentOutcome(
        status=PaymentStatus(reply.status),
        receipt_no=reply.receipt_no,
        reason=code_of(reply.reason_code) if reply.status == "refused" else "",
        code_url=reply.code_url,
    )
