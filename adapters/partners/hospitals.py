"""The wire to the desk that coordinates hospitals: ask for a resource, take an ask back.

Hospitals learn a name, the last four of an ID number, the service and the wished day; the complaint
only where the programme's file and the customer's consent allow it, and it is not even unsealed
otherwise. A call of uncertain outcome raises `PartnerSilent`: every call is idempotent under the
ask's id, so that making it again is always right, and none is ever taken for a refusal.
"""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, Final, Literal, Protocol, TypeVar
from urllib.parse import quote

from activities.ports.hospitals import Patient, ResourceAnswer, ResourceOrder
from adapters.partners.line import (
    Answer,
    NoBelievableAnswer,
    PartnerLine,
    PartnerSilent,
    Reply,
    code_of,
    heard,
)
from domain.bookings.coordination import AskStatus
from domain.bookings.sharing import HOSPITAL_DESK, Withheld, withheld
from domain.partner_words import HospitalWord

R = TypeVar("R", bound=Reply)

_ASKS: Final = "/asks"
_ANSWERED: Final = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.UNPROCESSABLE_ENTITY})


class PatientOf(Protocol):
    """Whom a booking is for; looked up at the last moment, so that it is in no history."""

    def __call__(self, booking_id: str, /, *, without: Withheld | None) -> Awaitable[Patient]: ...


class _AskReply(HospitalWord, Reply):
    ask_id: str
    status: Literal["accepted", "pending", "refused"]
    reason_code: str = ""


class HospitalDesk:
    """Asks through one desk; implements `HospitalPort`."""

    def __init__(self, line: PartnerLine, *, patient_of: PatientOf) -> None:
        self._line = line
        self._patient_of = patient_of

    async def ask(self, order: ResourceOrder) -> ResourceAnswer:
        """Ask under the ask's id."""
        why = withheld(order.clauses, HOSPITAL_DESK, consented=order.consented)
        patient = await self._patient_of(order.booking_id, without=why)
        body = ask_body(order, patient)
        answer = await heard(self._line.order(_ASKS, key=order.ask_id, body=body))
        if answer.is_malformed_order:
            return ResourceAnswer(status=AskStatus.REFUSED, reason="malformed", withheld=why)
        return _resource_answer(answer, order.ask_id).model_copy(update={"withheld": why})

    async def withdraw(self, ask_id: str) -> bool:
        """Take an ask back; twice or unknown is as good as done."""
        path = f"{_ASKS}/{quote(ask_id, safe=':')}/cancel"
        answer = await heard(self._line.post(path, {}))
        unknown = answer.status == HTTPStatus.NOT_FOUND and answer.fields.get("code") == "not_found"
        if answer.status not in _ANSWERED and not unknown:
            raise PartnerSilent(f"http_{answer.status}")
        return answer.status != HTTPStatus.UNPROCESSABLE_ENTITY


def ask_body(order: ResourceOrder, patient: Patient) -> dict[str, Any]:
    """All that leaves the house for an ask."""
    return {
        "ask_id": order.ask_id,
        "service": order.service,
        "hospital": order.hospital_id,
        "expert": order.expert,
        "clinic": order.clinic,
        "wished_on": None if order.wished_on is None else order.wished_on.isoformat(),
        "not_at": None if order.not_at is None else order.not_at.isoformat(),
        "urgent": order.urgent,
        "patient": {"name": patient.name, "id_last_four": patient.id_last_four},
        "complaint": patient.complaint,
    }


def _resource_answer(answer: Answer, ask_id: str) -> ResourceAnswer:
    if answer.status not in _ANSWERED:
        raise PartnerSilent(f"http_{answer.status}")
    try:
        reply = answer.read(_AskReply)
    except NoBelievableAnswer as failure:
        raise PartnerSilent(failure.reason) from None
    if reply.ask_id != ask_id:
        raise PartnerSilent("answer_about_something_else")
    found = None
    if reply.status == "accepted":
        if reply.service_at is None:
            raise PartnerSilent("yes_without_a_time")
        found = reply.found(reply.service_at)
    return ResourceAnswer(
        status=AskStatus(reply.status),
        resource=found,
        reason=code_of(reply.reason_code) if reply.reason_code else "",
    )
