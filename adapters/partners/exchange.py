"""The wires to who holds a bill and to social insurance (R821).

The data company learns a hospital and a bill's number, social insurance the amount as well; no
name, number of a person or diagnosis goes along. What no believable answer came to is asked again
under the same id, so that every failure here is a `PartnerSilent`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from pydantic import Field

from activities.ports.exchange import BillItem, BillWanted, SettleBill, SocialAnswer, StatedBill
from adapters.partners.line import (
    Answer,
    NoBelievableAnswer,
    PartnerLine,
    PartnerSilent,
    Reply,
    SameIdOtherContent,
    Unreachable,
    code_of,
    wire_amount,
)
from adapters.partners.signing import SignatureRefused, verified

_SETTLED: Final[dict[int, str]] = {
    HTTPStatus.OK: "settled",
    HTTPStatus.ACCEPTED: "pending",
    HTTPStatus.UNPROCESSABLE_ENTITY: "refused",
}


class _Yuan(Reply):
    amount: Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,13})\.[0-9]{2}$")]
    currency: Literal["CNY"]

    @property
    def fen(self) -> int:
        return int(self.amount.replace(".", ""))


class _ItemReply(Reply):
    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9-]{2,11}$")]
    amount: _Yuan


class _BillReply(Reply):
    bill_no: str
    bill: _Yuan
    social_paid: _Yuan | None = None
    self_pay: _Yuan | None = None
    items: Annotated[list[_ItemReply], Field(default=[], max_length=500)]


class _SettlementReply(Reply):
    settlement_id: str
    status: Literal["settled", "pending", "refused"]
    social_paid: _Yuan | None = None
    self_pay: _Yuan | None = None
    reason_code: str = ""


class BillHolder:
    """Asks one data company for bills, each signed by it; implements `BillsPort`."""

    def __init__(
        self,
        line: PartnerLine,
        *,
        secret: str,
        process_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._line = line
        self._secret = secret
        self._now = process_clock

    async def read(self, wanted: BillWanted) -> StatedBill:
        """The bill under a number; one the company does not have is not found."""
        hospital, bill_no = quote(wanted.hospital_id, safe=""), quote(wanted.bill_no, safe="")
        try:
            answer = await self._line.ask_signed(
                f"/hospitals/{hospital}/bills/{bill_no}", self._check
            )
            if answer.status == HTTPStatus.NOT_FOUND and answer.fields.get("code") == "not_found":
                return StatedBill(found=False)
            if answer.status != HTTPStatus.OK:
                raise answer.unexpected()
            return _stated(answer.read(_BillReply), wanted)
        except (Unreachable, NoBelievableAnswer, SameIdOtherContent) as failure:
            raise PartnerSilent(failure.reason) from None

    def _check(self, headers: Mapping[str, str], body: bytes) -> None:
        try:
            verified(headers, body, secrets=[self._secret], now=self._now())
        except SignatureRefused as refused:
            raise NoBelievableAnswer(refused.code) from None


def _stated(reply: _BillReply, wanted: BillWanted) -> StatedBill:
    if reply.bill_no != wanted.bill_no:
        raise NoBelievableAnswer("answer_about_something_else")
    paid = sum(part.fen for part in (reply.social_paid, reply.self_pay) if part)
    lines = sum(item.amount.fen for item in reply.items)
    if paid > reply.bill.fen or (reply.items and lines != reply.bill.fen):
        raise NoBelievableAnswer("bill_does_not_add_up")
    return StatedBill(
        found=True,
        bill_fen=reply.bill.fen,
        social_paid_fen=reply.social_paid.fen if reply.social_paid else None,
        self_pay_fen=reply.self_pay.fen if reply.self_pay else None,
        items=[BillItem(code=item.code, amount_fen=item.amount.fen) for item in reply.items],
    )


class SocialInsurance:
    """Settles with one social insurance office; implements `SocialPort`."""

    def __init__(self, line: PartnerLine) -> None:
        self._line = line

    async def settle(self, order: SettleBill) -> SocialAnswer:
        """Settle under the settlement id; the same again is the same settlement."""
        try:
            answer = await self._line.order(
                "/settlements", key=order.settlement_id, body=settlement_body(order)
            )
            if answer.is_malformed_order:
                return SocialAnswer(status="refused", reason="malformed")
            return _settled(answer, order)
        except SameIdOtherContent as failure:
            return SocialAnswer(status="refused", reason=failure.reason)
        except (Unreachable, NoBelievableAnswer) as failure:
            raise PartnerSilent(failure.reason) from None


def _settled(answer: Answer, order: SettleBill) -> SocialAnswer:
    reply = answer.read(_SettlementReply)
    if _SETTLED.get(answer.status) != reply.status or reply.settlement_id != order.settlement_id:
        raise NoBelievableAnswer("answer_about_something_else")
    if reply.status != "settled":
        reason = code_of(reply.reason_code) if reply.status == "refused" else ""
        return SocialAnswer(status=reply.status, reason=reason)
    if reply.social_paid is None or reply.self_pay is None:
        raise NoBelievableAnswer("settled_without_amounts")
    if reply.social_paid.fen + reply.self_pay.fen > order.bill_fen:
        raise NoBelievableAnswer("settled_beyond_the_bill")
    return SocialAnswer(
        status="settled",
        social_paid_fen=reply.social_paid.fen,
        self_pay_fen=reply.self_pay.fen,
    )


def settlement_body(order: SettleBill) -> dict[str, Any]:
    """All that leaves the house for a settlement."""
    return {
        "settlement_id": order.settlement_id,
        "hospital": order.hospital_id,
        "bill_no": order.bill_no,
        "bill": wire_amount(order.bill_fen),
    }
