"""The wire to the nurse platform: order a visit, plan it anew, call it off.

The platform learns the hospital, the bed, a phone number and a checklist. Name, identity and
diagnosis stay here. A call of uncertain outcome raises `PartnerSilent`: every call is idempotent
under its visit id, so that making it again is always right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import quote

from activities.ports.cases import Contact
from activities.ports.visits import VisitAnswer, VisitKept, VisitOrder
from adapters.partners.line import (
    Answer,
    NoBelievableAnswer,
    PartnerLine,
    PartnerSilent,
    Reply,
    SameIdOtherContent,
    Unreachable,
    code_of,
    heard,
)

ContactOf = Callable[[str], Awaitable[Contact]]
"""Where a case's customer is reached; looked up at the last moment, so that it is in no history."""

_VISITS: Final = "/visits"
_FOR_GOOD: Final = frozenset({HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY})
"""Beside a conflict, the platform's own no, which stays one.

A lost answer, a call we made wrongly or under a wrong credential is mended, and made again.
"""
_TAKEN: Final = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED})


class _VisitReply(Reply):
    status: Literal["accepted", "pending", "refused", "cancelled"]
    reason_code: str = ""


class NursePlatform:
    """Orders visits at one platform; implements `DispatchPort`."""

    def __init__(self, line: PartnerLine, *, contact_of: ContactOf) -> None:
        self._line = line
        self._contact_of = contact_of

    async def order_visit(self, order: VisitOrder) -> VisitAnswer:
        """Order a visit or, when the platform has it otherwise (time, bed), plan it anew."""
        contact = await self._contact_of(order.case_id)
        body = visit_body(order, contact)
        try:
            answer = await self._line.order(_VISITS, key=order.visit_id, body=body)
        except SameIdOtherContent:
            changed = self._line.post(f"{_visit(order.visit_id)}/change", body)
            return _visit_answer(await heard(changed))
        except (Unreachable, NoBelievableAnswer) as failure:
            raise PartnerSilent(failure.reason) from None
        return _visit_answer(answer)

    async def cancel_visit(self, visit_id: str) -> None:
        """Call a visit off; calling off twice or an unknown visit is no error."""
        try:
            answer = await self._line.post(f"{_visit(visit_id)}/cancel", {})
        except SameIdOtherContent:
            raise VisitKept(f"http_{HTTPStatus.CONFLICT.value}") from None
        except (Unreachable, NoBelievableAnswer) as failure:
            raise PartnerSilent(failure.reason) from None
        if answer.status in _FOR_GOOD:
            raise VisitKept(f"http_{answer.status}")
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise PartnerSilent(f"http_{answer.status}")


def _visit(visit_id: str) -> str:
    return f"{_VISITS}/{quote(visit_id, safe=':')}"


def visit_body(order: VisitOrder, contact: Contact) -> dict[str, Any]:
    """All that leaves the house for a visit."""
    return {
        "visit_id": order.visit_id,
        "purpose": order.purpose,
        "hospital": order.hospital_name,
        "bed": contact.bed,
        "contact": {"phone": contact.phone},
        "nurse_id": order.nurse_id or None,
        "visit_at": order.visit_at.isoformat(),
        "place": order.place,
        "checklist": order.checklist,
        "offered_to": order.offered_to,
        "clinical_nurse": order.clinical_nurse,
    }


def _visit_answer(answer: Answer) -> VisitAnswer:
    if answer.is_malformed_order:
        return VisitAnswer(accepted=False, reason="malformed")
    if answer.status not in {*_TAKEN, HTTPStatus.UNPROCESSABLE_ENTITY}:
        raise PartnerSilent(f"http_{answer.status}")
    try:
        reply = answer.read(_VisitReply)
    except NoBelievableAnswer as failure:
        raise PartnerSilent(failure.reason) from None
    if reply.status in {"accepted", "pending"}:
        return VisitAnswer(accepted=True)
    reason = "visit_cancelled" if reply.status == "cancelled" else code_of(reply.reason_code)
    return VisitAnswer(accepted=False, reason=reason)
