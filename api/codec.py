"""`/codec`: lets a supervisor read encrypted payloads in the Temporal UI.

A token of a supervisor or auditor is needed. The UI passes its token only to https addresses; so
on one machine, with the servers we started ourselves, the UI's own origin is let in without one.
Each request is audited, before anything is decoded.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal, Protocol

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from google.protobuf import json_format
from pydantic import TypeAdapter
from temporalio.api.common.v1 import Payload, Payloads

from api.door.docs import FAILURES
from api.door.identity import bearer, caller_of
from api.door.problems import Problem
from api.wiring.door import Door, door_of
from domain.roles import Role

routes = APIRouter(prefix="/codec", tags=["编解码"])

_PAYLOADS_MAX: Final = 1000
_LOCAL_UI: Final = "temporal-ui"
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "payloads": {
                        "type": "array",
                        "maxItems": _PAYLOADS_MAX,
                        "items": {"type": "object"},
                    }
                },
            }
        }
    },
}


class Codec(Protocol):
    """Encrypts and decrypts payloads."""

    async def encode(self, payloads: list[Payload]) -> list[Payload]: ...
    async def decode(self, payloads: list[Payload]) -> list[Payload]: ...


@routes.post(
    "/encode",
    operation_id="encode_payloads",
    summary="加密载荷",
    responses=FAILURES,
    openapi_extra={"requestBody": _BODY},
)
async def encode_payloads(request: Request) -> Response:
    """Encrypt payloads, for a person who starts or signals from the UI."""
    return await _convert(request, "encode")


@routes.post(
    "/decode",
    operation_id="decode_payloads",
    summary="解密载荷",
    responses=FAILURES,
    openapi_extra={"requestBody": _BODY},
)
async def decode_payloads(
    request: Request,
    _: Annotated[bool, Query(alias="preserveStorageRefs")] = False,
) -> Response:
    """Decrypt payloads for a person who may read them; audited."""
    return await _convert(request, "decode")


async def _convert(request: Request, way: Literal["encode", "decode"]) -> Response:
    door = door_of(request)
    role, reader = await _reader(request, door)
    payloads = _payloads(await request.body())
    async with door.books.unit() as unit:
        await unit.audit(
            at=door.clock(),
            actor_role=role.value,
            actor_id=reader,
            action=f"payload.{way}d",
            subject=_fingerprint(payloads),
        )
    codec: Codec = door.payload_codec
    try:
        if way == "decode":
            converted = await codec.decode(payloads)
        else:
            converted = await codec.encode(payloads)
    except door.payload_refused:
        raise Problem("invalid", "载荷无法解密: 密钥未知或内容已改变") from None
    return JSONResponse(json_format.MessageToDict(Payloads(payloads=converted)))


async def _reader(request: Request, door: Door) -> tuple[Role, str]:
    if bearer(request) is not None:
        caller = (await caller_of(request)).acting(Role.SUPERVISOR, Role.AUDITOR)
        return caller.role, caller.subject
    if request.headers.get("origin", "") in door.codec_origins:
        return Role.SUPERVISOR, _LOCAL_UI
    raise Problem("unauthenticated", "缺少访问令牌", headers={"WWW-Authenticate": "Bearer"})


def _payloads(raw: bytes) -> list[Payload]:
    try:
        read = json_format.ParseDict(
            TypeAdapter(dict[str, Any]).validate_json(raw), Payloads(), ignore_unknown_fields=True
        )
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError):
        raise Problem("malformed-request", "请求体不是有效的载荷") from None
    if len(read.payloads) > _PAYLOADS_MAX:
        raise Problem("too-large", f"一次最多{_PAYLOADS_MAX}个载荷")
    return list(read.payloads)


def _fingerprint(payloads: list[Payload]) -> str:
    """What was read, without holding it: how many, and a hash of the encrypted bytes."""
    digest = hashlib.sha256(b"".join(payload.data for payload in payloads)).hexdigest()
    return f"{len(payloads)}:{digest[:16]}"
