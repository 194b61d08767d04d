"""How we speak to any partner over HTTP: how long we wait, what we believe, what a silence means.

The one question that matters about a failed call is whether bytes may have left the house. If none
did, the call may be made again without a thought (`Unreachable`). If some did and no believable
answer came back, the partner may or may not have acted (`NoBelievableAnswer`), and nobody here
guesses. What an answer means for money, a visit or a claim is said in the partner's own adapter.
No text of a failure holds anything of a body.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.trust import authorities
from domain.money import format_fen

CONNECT_SECONDS: Final = 3.0
"""A partner that does not take a connection in this time is down; nothing has been sent yet."""
READ_SECONDS: Final = 6.0
"""Cashiers' networks confirm within a few seconds; after this we ask by id instead of waiting."""
WRITE_SECONDS: Final = 4.0
"""Our bodies are a few hundred bytes; a slower send is a broken line."""
TOTAL_SECONDS: Final = 9.0
"""Bounds an answer that drips in byte by byte. An activity that calls a partner must allow more."""
MAX_ANSWER_BYTES: Final = 256 * 1024
"""The longest answer of any contract is a few kilobytes."""
MAX_STATEMENT_BYTES: Final = 32 * 1024 * 1024
"""A line of a statement takes some 250 bytes, so that this is a day of a hundred thousand."""
MAX_CONNECTIONS: Final = 20
"""Partners limit callers by address; one worker stays well below."""
KEEPALIVE_SECONDS: Final = 2.0
"""Shorter than the five seconds after which common servers hang up: a connection that is closed
under our hands would look like a call of unknown outcome."""

PATIENCE: Final = httpx.Timeout(
    connect=CONNECT_SECONDS, read=READ_SECONDS, write=WRITE_SECONDS, pool=CONNECT_SECONDS
)

_REASON: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NOTHING_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

R = TypeVar("R", bound=BaseModel)

Failed = Callable[[str], None]
"""Is told the code of each call that brought no believable answer, to count it and say so."""


def _unwatched(reason: str) -> None:
    """Nobody watches this line."""


Check = Callable[[Mapping[str, str], bytes], None]
"""Raises `NoBelievableAnswer` when the bytes are not believably the partner's."""


class PartnerFailure(Exception):
    """A call to a partner that brought no answer; `reason` is a code and holds no body."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreachable(PartnerFailure):
    """Nothing left the house, or the partner turned us away unread: safe to call again."""


class NoBelievableAnswer(PartnerFailure):
    """The partner may have acted; only asking it by id can tell."""


class SameIdOtherContent(PartnerFailure):
    """The partner knows this id with another content; nothing was done."""


class PartnerSilent(PartnerFailure):
    """An idempotent call without a certain outcome, to be made again under the same id."""


class Reply(BaseModel):
    """A partner's answer as we read it: unknown fields are theirs to add."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True)
class Answer:
    """A JSON object that came back, with its HTTP status."""

    status: int
    fields: dict[str, Any]
    failed: Failed = field(default=_unwatched, repr=False, compare=False)

    def read(self, model: type[R]) -> R:
        """The answer as a model; an answer of another shape is no answer."""
        try:
            return model.model_validate(self.fields)
        except ValidationError:
            self.failed("answer_of_another_shape")
            raise NoBelievableAnswer("answer_of_another_shape") from None

    @property
    def is_malformed_order(self) -> bool:
        """Whether the partner itself says it could not read the order: sending it again is idle.

        Not used for money: an earlier attempt under the same id may have been read.
        """
        return self.status == HTTPStatus.BAD_REQUEST and self.fields.get("code") == "malformed"

    def unexpected(self) -> NoBelievableAnswer:
        """The failure for a status the contract does not know."""
        self.failed(f"http_{self.status}")
        return NoBelievableAnswer(f"http_{self.status}")


class PartnerLine:
    """One partner's address with the connections to it."""

    def __init__(
        self, base_url: str, *, patience: httpx.Timeout = PATIENCE, failed: Failed = _unwatched
    ) -> None:
        self._failed = failed
        # The way to a partner is a setting, never an accident of the environment, and a redirect
        # could carry a payment to somebody else's door.
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=patience,
            trust_env=False,
            verify=authorities(),
            follow_redirects=False,
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECONDS
            ),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def order(self, path: str, *, key: str, body: dict[str, Any]) -> Answer:
        """Post an order under its idempotency key."""
        return await self._call("POST", path, headers={"Idempotency-Key": key}, body=body)

    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Post something whose address alone says what it is about."""
        return await self._call("POST", path, headers={}, body=body)

    async def ask(self, path: str) -> Answer:
        """Ask; nothing changes at the partner."""
        return await self._call("GET", path, headers={}, body=None)

    async def ask_signed(self, path: str, check: Check) -> Answer:
        """Ask for a long, signed answer; `check` is given its headers and its bytes."""
        return await self._call("GET", path, headers={}, body=None, check=check)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: dict[str, Any] | None,
        check: Check | None = None,
    ) -> Answer:
        try:
            return await self._exchange(method, path, headers=headers, body=body, check=check)
        except PartnerFailure as failure:
            self._failed(failure.reason)
            raise

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: dict[str, Any] | None,
        check: Check | None,
    ) -> Answer:
        try:
            async with (
                asyncio.timeout(TOTAL_SECONDS),
                self._client.stream(method, path, headers=headers, json=body) as response,
            ):
                at_most = MAX_ANSWER_BYTES if check is None else MAX_STATEMENT_BYTES
                content = await _bounded(response, at_most)
                if check is not None and response.status_code == HTTPStatus.OK:
                    check(response.headers, content)
                return replace(_believed(response.status_code, content), failed=self._failed)
        except _NOTHING_LEFT as failure:
            raise Unreachable(type(failure).__name__) from None
        except (httpx.HTTPError, TimeoutError) as failure:
            # Without its cause: httpx keeps the request, body and all, on the exception.
            raise NoBelievableAnswer(type(failure).__name__) from None


async def _bounded(response: httpx.Response, at_most: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > at_most:
            raise NoBelievableAnswer("answer_too_long")
    return bytes(content)


def _believed(status: int, content: bytes) -> Answer:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Unreachable("http_429")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status < HTTPStatus.OK:
        raise NoBelievableAnswer(f"http_{status}")
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        raise NoBelievableAnswer("answer_is_no_json") from None
    if not isinstance(fields, dict):
        raise NoBelievableAnswer("answer_is_no_object")
    if status == HTTPStatus.CONFLICT:
        raise SameIdOtherContent("same_id_other_content")
    return Answer(status, fields)


def code_of(reason: str) -> str:
    """A partner's reason as a code we keep; free words could name a person and are dropped."""
    return reason if _REASON.fullmatch(reason) else "reason_not_a_code"


def wire_amount(fen: int) -> dict[str, str]:
    """Fen as partners take them."""
    return {"amount": format_fen(fen), "currency": "CNY"}


async def heard(asked: Awaitable[Answer]) -> Answer:
    """The answer to an idempotent call; `PartnerSilent` whenever it is to be made again."""
    try:
        return await asked
    except (Unreachable, NoBelievableAnswer, SameIdOtherContent) as failure:
        raise PartnerSilent(failure.reason) from None
