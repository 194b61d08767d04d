"""`…/deposit-waivers/{id}/documents`: the papers of a case, handed in and opened one by one.

Bytes are taken and given as those of a booking are (`api.uploads`).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from api.door.access import seen_case
from api.door.docs import FAILURES
from api.door.idempotency import IdempotencyKey
from api.door.identity import ANYONE, Caller, allowed
from api.door.shapes import DocumentView
from api.door.text import CaseId, RowId
from api.uploads import FETCHED, send_file, store_upload
from api.wiring.door import door_of
from domain.documents import DocumentKind
from domain.roles import Role

routes = APIRouter(prefix="/v1/deposit-waivers", tags=["影像资料"])


@routes.post(
    "/{case_id}/documents",
    operation_id="upload_document",
    summary="上传影像资料",
    status_code=201,
    response_model=DocumentView,
    responses=FAILURES,
)
async def upload_document(
    case_id: CaseId,
    kind: Annotated[DocumentKind, Form()],
    file: Annotated[UploadFile, File(description="JPEG、PNG、WebP 或 PDF, 最大10MB")],
    request: Request,
    caller: Annotated[
        Caller, Depends(allowed(*(role for role in ANYONE if role is not Role.AUDITOR)))
    ],
    key: IdempotencyKey = None,
) -> Response:
    """Store a file of the case."""
    return await store_upload(request, caller, case_id, kind, file, key)


@routes.get(
    "/{case_id}/documents/{document_id}",
    operation_id="fetch_document",
    summary="查看影像资料",
    response_class=Response,
    responses=FETCHED,
)
async def fetch_document(
    case_id: CaseId,
    document_id: RowId,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(*ANYONE))],
) -> Response:
    """One file, with its view audited."""
    door = door_of(request)
    async with door.books.unit() as unit:
        await seen_case(unit, caller, case_id)
    return await send_file(door, caller, case_id, document_id)
