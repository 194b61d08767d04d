"""One request, one effect: the Idempotency-Key of every POST that changes something.

The key is claimed in the same transaction that records the work. A request that is refused leaves
nothing behind, its key included. An answer that is not known yet (202) keeps the key for the same
content, so that the caller asks again under it and nothing happens twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, NamedTuple, TypeVar, cast

from fastapi import Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from api.door.docs import KEY_HEADER, REPLAYED
from api.door.identity import Caller
from api.door.problems import Problem
from api.wiring.door import Door, Unit, door_of
from domain.id_numbers import names_somebody

KEY_FORM: Final = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)

_ID_LETTERS: Final = 20

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=KEY_HEADER,
        description="每个会改变数据的请求必填; 同一键重放返回首次答复",
        examples=["6f0f7a5e-1d1c-4a7c-9b59-0f6f3b1f6a11"],
    ),
]

R = TypeVar("R")


class Answer(NamedTuple):
    """What a caller is told; `settled` is False while the case's own answer is not known."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] | None = None
    settled: bool = True


class Ask(NamedTuple):
    """A changing request: who asks for what under which key."""

    scope: str
    key: str
    operation: str
    fingerprint: str

    def own_id(self, secret: bytes, prefix: str) -> str:
        """An id for what this request makes: the same for its replay, a guess for nobody."""
        said = f"{prefix}\0{self.scope}\0{self.key}".encode()
        digest = hmac.new(secret, said, hashlib.sha256).digest()
        letters = base64.b32encode(digest).decode().lower()[:_ID_LETTERS]
        return f"{prefix}-{letters}"

    @property
    def update_id(self) -> str:
        """The id of the update this request sends: never readable, the same for a replay."""
        return hashlib.sha256(f"{self.scope}\0{self.key}".encode()).hexdigest()[:40]


def ask_of(request: Request, caller: Caller, key: str | None, content: Any) -> Ask:
    """The changing request, with its body or what else it says; 400 without a well-formed key."""
    if key is None or not KEY_FORM.fullmatch(key) or names_somebody(key):
        raise Problem(
            "idempotency-key-missing",
            "请求头 Idempotency-Key 缺失或格式不正确, 不得使用证件号码或手机号",
        )
    route = request.scope.get("route")
    operation = str(getattr(route, "operation_id", None) or getattr(route, "name", "operation"))
    said = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
    written = json.dumps(said, sort_keys=True, ensure_ascii=True, default=str)
    return Ask(
        scope=f"{caller.subject} {request.method} {request.url.path}",
        key=key,
        operation=operation,
        # Keyed, because a body may be guessed: it holds an ID number and little else.
        fingerprint=hmac.new(
            door_of(request).id_secret, written.encode(), hashlib.sha256
        ).hexdigest(),
    )


async def once(
    request: Request,
    ask: Ask,
    *,
    record: Callable[[Unit], Awaitable[R]],
    act: Callable[[R], Awaitable[Answer]],
    known: Callable[[], Awaitable[Answer | None]] | None = None,
    foreseen: Answer | None = None,
) -> Response:
    """Record and act once; the first answer again for a replay.

    A key that is taken up again asks `known` first: what it asked for may have been done, and then
    the checks of `record` would find it done and refuse it. `record` runs in one transaction with
    the claim of the key and may find everything recorded by an earlier try that died. `act` runs
    after it is committed and must be idempotent.

    Where what is recorded will come about whoever dies, its answer is `foreseen`: it is kept with
    the claim, and written anew only if another one has to be given.
    """
    door = door_of(request)
    async with door.books.unit() as unit:
        standing = await unit.keys.claim(
            scope=ask.scope,
            key=ask.key,
            operation=ask.operation,
            fingerprint=ask.fingerprint,
            now=door.process_clock(),
            foreseen=foreseen and (foreseen.status, foreseen.headers or {}, foreseen.body),
        )
        if standing.state == "answered":
            return _replay(standing.status, standing.headers or {}, standing.body)
        _refuse_if_taken(standing.state)
        resumed = standing.state == "resumed" and known is not None
        recorded = None if resumed else await record(unit)
    try:
        answer = await known() if resumed and known is not None else None
        if answer is None:
            if resumed:
                async with door.books.unit() as unit:
                    recorded = await record(unit)
            answer = await act(cast(R, recorded))
    except Exception as failure:
        await _give_back(door, ask, refused=isinstance(failure, Problem), foreseen=foreseen)
        raise
    if standing.state != "fresh" or answer != foreseen:
        await _keep(door, ask, answer)
    return JSONResponse(answer.body, status_code=answer.status, headers=answer.headers)


def _refuse_if_taken(state: str) -> None:
    if state == "reused":
        raise Problem("idempotency-key-reused", "该键已用于内容不同的请求, 请使用新的键")
    if state == "forgotten":
        raise Problem("idempotency-key-reused", "该键的首次答复已过保存期, 请查询结果后使用新的键")
    if state == "busy":
        raise Problem("in-progress", "相同的请求正在处理中, 请稍后用同一键重试")


def _replay(status: int, headers: dict[str, str], body: bytes) -> Response:
    return Response(
        body,
        status_code=status,
        headers={**headers, REPLAYED: "true"},
        media_type="application/json",
    )


async def _give_back(door: Door, ask: Ask, *, refused: bool, foreseen: Answer | None) -> None:
    """What was foreseen did not come: take its answer back; a refusal gives the key back too."""
    if foreseen is not None:
        await _keep(door, ask, Answer(foreseen.status, {}, settled=False))
    if refused:
        async with door.books.statement() as unit:
            await unit.keys.release(scope=ask.scope, key=ask.key)


async def _keep(door: Door, ask: Ask, answer: Answer) -> None:
    async with door.books.statement() as unit:
        await unit.keys.answer(
            scope=ask.scope,
            key=ask.key,
            status=answer.status,
            headers=answer.headers or {},
            body=answer.body,
            now=door.process_clock(),
            settled=answer.settled,
        )
