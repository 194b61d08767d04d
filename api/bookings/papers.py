"""`…/bookings/{id}/documents`: the papers of a booking, handed in, listed and opened one by one.

Bytes are taken and given as those of an advance are (`api.uploads`); which paper a caller
may open is one rule for both (`api.door.sight`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel

from api.bookings.files import BookingCaller
from api.door.access import seen_matter
from api.door.docs import FAILURES
from api.door.idempotency import IdempotencyKey
from api.door.identity import Caller, allowed
from api.door.shapes import DocumentView
from api.door.sight import sees_paper
from api.door.text import BookingId, RowId
from api.door.views import document_view
from api.letters.delivery import own_letter
from api.uploads import FETCHED, send_file, store_upload
from api.wiring.door import door_of
from domain.documents import DocumentKind
from domain.guards import Letter
from domain.roles import Role
from workflows.messages.bookings import PapersArrived

routes = APIRouter(prefix="/v1/bookings", tags=["绿通预约"])


class BookingPapers(BaseModel):
    """The papers of a booking that the caller may open."""

    items: list[DocumentView]


@routes.post(
    "/{booking_id}/documents",
    operation_id="upload_booking_document",
    summary="上传预约资料",
    status_code=201,
    response_model=DocumentView,
    responses=FAILURES,
)
async def upload_booking_document(
    booking_id: BookingId,
    kind: Annotated[DocumentKind, Form()],
    file: Annotated[UploadFile, File(description="JPEG、PNG、WebP 或 PDF, 最大10MB")],
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Store a paper of the booking; from its arrival runs the promise of an answer."""

    def arrived(document_id: str, at: datetime) -> Letter:
        message = PapersArrived(at=at, document_id=document_id, kind=kind)
        return own_letter(document_id, booking_id, "papers_arrived", message, at=at)

    return await store_upload(request, caller, booking_id, kind, file, key, arrived)


@routes.get(
    "/{booking_id}/documents",
    operation_id="list_booking_documents",
    summary="预约资料列表",
    responses=FAILURES,
)
async def list_booking_documents(
    booking_id: BookingId, request: Request, caller: BookingCaller
) -> BookingPapers:
    """The papers of the booking that are the caller's to open, in the order of upload."""
    door = door_of(request)
    async with door.books.unit() as unit:
        await seen_matter(unit, caller, booking_id)
    rows = await door.files.listed(booking_id)
    return BookingPapers(items=[document_view(row) for row in rows if sees_paper(caller, row)])


@routes.get(
    "/{booking_id}/documents/{document_id}",
    operation_id="fetch_booking_document",
    summary="查看预约资料",
    response_class=Response,
    responses=FETCHED,
)
async def fetch_booking_document(
    booking_id: BookingId, document_id: RowId, request: Request, caller: BookingCaller
) -> Response:
    """One paper, with its view audited."""
    door = door_of(request)
    async with door.books.unit() as unit:
        await seen_matter(unit, caller, booking_id)
    return await send_file(door, caller, booking_id, document_id)
