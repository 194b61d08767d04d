"""The wires to the courier and to the laboratory.

The courier learns the way and a phone number, the laboratory an id and the kind of test. Name,
identity and diagnosis stay here. A call of uncertain outcome raises `PartnerSilent`: every call is
idempotent under its id, so that making it again is always right.
"""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Final, Literal, TypeVar
from urllib.parse import quote

from pydantic import Field

from activities.ports.courier import LabAnswer, ParcelAnswer, ParcelOrder, TestOrder
from adapters.partners.dispatch import ContactOf
from adapters.partners.line import (
    Answer,
    NoBelievableAnswer,
    PartnerLine,
    PartnerSilent,
    Reply,
    code_of,
    heard,
)
from domain.bookings.parcel import ParcelPurpose, ParcelStatus

R = TypeVar("R", bound=Reply)

_WAYS: Final[dict[ParcelPurpose, tuple[str, str]]] = {
    "papers": ("customer", "house"),
    "kit": ("house", "customer"),
    "sample": ("customer", "lab"),
}
"""From whom to whom."""
_READ: Final = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.UNPROCESSABLE_ENTITY})


class _ParcelReply(Reply):
    parcel_id: str
    status: Literal["ordered", "on_the_way", "delivered", "lost", "returned", "refused"]
    tracking_no: str = Field(default="", max_length=64, pattern=r"^[A-Za-z0-9._:/-]*$")
    reason_code: str = ""


class _TestReply(Reply):
    test_id: str
    status: Literal["accepted", "pending", "refused"]
    reason_code: str = ""


class CourierNetwork:
    """Carries parcels through one courier; implements `CourierPort`."""

    def __init__(self, line: PartnerLine, *, contact_of: ContactOf) -> None:
        self._line = line
        self._contact_of = contact_of

    async def order_parcel(self, order: ParcelOrder) -> ParcelAnswer:
        """Order under the parcel id; the courier calls the customer for the address."""
        contact = await self._contact_of(order.case_id)
        origin, target = _WAYS[order.purpose]
        body = {
            "parcel_id": order.parcel_id,
            "origin": origin,
            "target": target,
            "contact": {"phone": contact.phone},
        }
        asked = self._line.order("/parcels", key=order.parcel_id, body=body)
        return await self._said(asked, order.parcel_id)

    async def track(self, parcel_id: str) -> ParcelAnswer:
        """Where a parcel is."""
        return await self._said(self._line.ask(_address(parcel_id)), parcel_id)

    async def call_off(self, parcel_id: str) -> None:
        """Nobody needs to come for it; twice, unknown or under way is no error."""
        answer = await heard(self._line.post(f"{_address(parcel_id)}/cancel", {}))
        if answer.status not in {*_READ, HTTPStatus.NOT_FOUND}:
            raise PartnerSilent(f"http_{answer.status}")

    async def _said(self, asked: Awaitable[Answer], parcel_id: str) -> ParcelAnswer:
        answer = await heard(asked)
        reply = _read(answer, _ParcelReply)
        if reply.parcel_id != parcel_id:
            raise PartnerSilent("answer_about_something_else")
        return ParcelAnswer(
            status=ParcelStatus(reply.status),
            tracking_no=reply.tracking_no,
            reason=code_of(reply.reason_code) if reply.reason_code else "",
        )


class Laboratory:
    """Orders tests at one laboratory; implements `LabPort`."""

    def __init__(self, line: PartnerLine) -> None:
        self._line = line

    async def order_test(self, order: TestOrder) -> LabAnswer:
        """Order under the test id."""
        body = {"test_id": order.test_id, "kind": order.kind, "covers": list(order.covers)}
        answer = await heard(self._line.order("/tests", key=order.test_id, body=body))
        reply = _read(answer, _TestReply)
        if reply.test_id != order.test_id:
            raise PartnerSilent("answer_about_something_else")
        refused = reply.status == "refused"
        return LabAnswer(accepted=not refused, reason=code_of(reply.reason_code) if refused else "")


def _address(parcel_id: str) -> str:
    return f"/parcels/{quote(parcel_id, safe=':')}"


def _read(answer: Answer, model: type[R]) -> R:
    if answer.status not in _READ:
        raise PartnerSilent(f"http_{answer.status}")
    try:
        return answer.read(model)
    except NoBelievableAnswer as failure:
        raise PartnerSilent(failure.reason) from None
