"""Images and files of a case or a booking, taken for what they are, not for their names.

The type is read from the first bytes; a name that says otherwise is refused. An upload is bounded
while it streams (`api.door.sizes`). Each file is fetched by itself, authorised and audited.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from fastapi import Request, UploadFile
from fastapi.responses import Response

from api.door.access import seen_matter
from api.door.docs import FAILURES
from api.door.idempotency import Answer, ask_of, once
from api.door.identity import Caller
from api.door.openings import path_of
from api.door.problems import Problem, at_field
from api.door.sight import sees_paper
from api.door.sizes import UPLOAD_MAX
from api.door.views import document_view, viewer
from api.letters.delivery import deliver, put_own
from api.wiring.door import Door, Unit, door_of
from domain.board import DocumentRow
from domain.documents import FILES_MAX, DocumentKind
from domain.guards import BookingAccess, CaseAccess, Letter
from domain.image_quality import is_readable
from domain.matter import BOOKING, CASE
from domain.waiver import Stage

_EXTENSIONS: Final[dict[str, frozenset[str]]] = {
    "image/jpeg": frozenset({"jpg", "jpeg"}),
    "image/png": frozenset({"png"}),
    "image/webp": frozenset({"webp"}),
    "application/pdf": frozenset({"pdf"}),
}
_RIFF_KIND: Final = slice(8, 12)

FETCHED: Final[dict[int | str, dict[str, Any]]] = {
    **FAILURES,
    200: {"description": "文件内容", "content": {name: {} for name in _EXTENSIONS}},
}
"""What a route that sends a file may answer."""


def type_of(body: bytes) -> str | None:
    """What the bytes are, by their beginning; None for anything but the four types we take."""
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if body.startswith(b"RIFF") and body[_RIFF_KIND] == b"WEBP":
        return "image/webp"
    if body.startswith(b"%PDF-"):
        return "application/pdf"
    return None


def checked_type(body: bytes, *, filename: str, declared: str) -> str:
    """The type of an upload; a problem when the name or the header says something else."""
    if not body:
        raise at_field("invalid", "file", "文件为空")
    if len(body) > UPLOAD_MAX:
        raise Problem("too-large", "文件超过10MB")
    found = type_of(body)
    if found is None:
        raise at_field("unsupported-media-type", "file", "只接受 JPEG、PNG、WebP 图片和 PDF 文件")
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    if extension and extension not in _EXTENSIONS[found]:
        raise at_field("unsupported-media-type", "file", "文件内容与扩展名不一致")
    if declared not in ("", "application/octet-stream", "image/jpg", found):
        raise at_field("unsupported-media-type", "file", "文件内容与声明的类型不一致")
    return found


def _must_be_readable(door: Door, programme: str, body: bytes) -> None:
    """A picture too small to be read is asked for again at once, where the programme says so."""
    claims = door.programme(programme, door.clock()).claims
    if claims is not None and not is_readable(body, side_min=claims.image_side_min):
        raise at_field("invalid", "file", "图片过小, 无法识别, 请重新拍摄")


async def _must_go_on(unit: Unit, case: CaseAccess) -> None:
    """A closed case may be disputed, and then its papers count; after another end none is wanted.

    Unless somebody still has a step about it: money that came late, say.
    """
    if not CASE.is_over(case.stage) or case.stage == Stage.CLOSED:
        return
    if not await unit.matters.open_among([case.case_id]):
        raise Problem("case-ended", case_id=case.case_id)


async def _must_have_room(unit: Unit, matter_id: str, document_id: str) -> None:
    """One file more; a request that comes again finds its own among them."""
    stored = [one for ids in (await unit.cases.document_ids(matter_id)).values() for one in ids]
    if document_id not in stored and len(stored) >= FILES_MAX:
        raise at_field(
            "invalid", "file", f"资料已满{FILES_MAX}份, 请联系工作人员", case_id=matter_id
        )


async def store_upload(
    request: Request,
    caller: Caller,
    matter_id: str,
    kind: DocumentKind,
    file: UploadFile,
    key: str | None,
    telling: Callable[[str, datetime], Letter] | None = None,
) -> Response:
    """Store a file of a case or a booking.

    `telling` makes the letter that says so, of the file's id and moment: it is stored with the
    file and then delivered. A replayed request is answered as before and says nothing.
    """
    door = door_of(request)
    body = await file.read(UPLOAD_MAX + 1)
    content_type = checked_type(
        body,
        filename=file.filename or "",
        declared=(file.content_type or "").partition(";")[0].strip().lower(),
    )
    digest = hashlib.sha256(body).hexdigest()
    ask = ask_of(request, caller, key, {"kind": kind.value, "sha256": digest})
    document_id = ask.own_id(door.id_secret, "doc")
    row = DocumentRow(
        document_id=document_id,
        case_id=matter_id,
        kind=kind.value,
        sha256=digest,
        content_type=content_type,
        size=len(body),
        uploaded_role=caller.role,
        uploaded_by=caller.subject,
        uploaded_at=door.clock(),
    )

    async def record(unit: Unit) -> tuple[DocumentRow, Letter | None]:
        matter = await seen_matter(unit, caller, matter_id)
        if isinstance(matter, BookingAccess) and BOOKING.is_over(matter.stage):
            raise Problem("case-ended", case_id=matter_id)
        if isinstance(matter, CaseAccess):
            await _must_go_on(unit, matter)
            _must_be_readable(door, matter.programme, body)
        await _must_have_room(unit, matter_id, document_id)
        stored = await unit.documents.store(row, body)
        if telling is None:
            return stored, None
        return stored, await put_own(unit, telling(document_id, stored.uploaded_at))

    async def act(kept: tuple[DocumentRow, Letter | None]) -> Answer:
        stored, letter = kept
        if letter is not None:
            await deliver(door, letter)
        return _stored(stored)

    return await once(request, ask, record=record, act=act, foreseen=_stored(row))


def _stored(row: DocumentRow) -> Answer:
    location = f"{path_of(row.case_id)}/documents/{row.document_id}"
    return Answer(201, document_view(row).model_dump(mode="json"), {"Location": location})


async def send_file(door: Door, caller: Caller, matter_id: str, document_id: str) -> Response:
    """A file of a case or booking the caller sees; audited. 404 for one that is not theirs."""
    row = await door.files.look_up(matter_id, document_id)
    if row is None or not sees_paper(caller, row):
        raise Problem("not-found", "没有此文件", case_id=matter_id)
    found = await door.files.fetch(matter_id, document_id, viewer(caller), at=door.clock())
    if found is None:
        raise Problem("not-found", "没有此文件", case_id=matter_id)
    row, body = found
    headers = {
        "Content-Disposition": f'attachment; filename="{row.document_id}"',
        "ETag": f'"{row.sha256}"',
    }
    return Response(body, media_type=row.content_type, headers=headers)
