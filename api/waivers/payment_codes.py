"""`…/payments/{id}/code`: the payment code as an image the customer can be sent (R051).

The code is the payment partner's address for one payment; the image says nothing else. It is shown
as long as somebody may pay by it.
"""

from __future__ import annotations

import io
from typing import Annotated, Final

import segno
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from activities.ports.cases import PaymentStatus
from api.door.access import seen_case
from api.door.docs import FAILURES
from api.door.identity import Caller, allowed
from api.door.problems import Problem
from api.door.text import CaseId
from api.wiring.door import door_of
from domain.matter import CASE, id_form
from domain.roles import Role

routes = APIRouter(prefix="/v1/deposit-waivers", tags=["住院免押金"])

PNG: Final = "image/png"
_DOT: Final = 8
"""Pixels a module: sharp on a phone held across a counter."""

MovementId = Annotated[
    str, Path(pattern=rf"^{id_form([CASE])}:[a-z]{{1,16}}:[0-9]{{1,6}}$", max_length=60)
]


@routes.get(
    "/{case_id}/payments/{movement_id}/code",
    operation_id="get_payment_code",
    summary="付款二维码",
    response_class=Response,
    responses={**FAILURES, 200: {"description": "二维码图片", "content": {PNG: {}}}},
)
async def get_payment_code(
    case_id: CaseId,
    movement_id: MovementId,
    request: Request,
    caller: Annotated[
        Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL, Role.AGENT, Role.NURSE))
    ],
) -> Response:
    """What is scanned at the cashier's; 404 once it is paid, refused or taken back."""
    door = door_of(request)
    async with door.books.unit() as unit:
        await seen_case(unit, caller, case_id)
    payment = await door.board.payment(case_id, movement_id)
    if payment is None or not payment.code_url or payment.status != PaymentStatus.PENDING.value:
        raise Problem("not-found", "没有可用的付款码", case_id=case_id)
    return Response(drawn(payment.code_url), media_type=PNG)


def drawn(address: str) -> bytes:
    """An address as the image of a QR code."""
    image = io.BytesIO()
    segno.make_qr(address).save(image, kind="png", scale=_DOT)
    return image.getvalue()
