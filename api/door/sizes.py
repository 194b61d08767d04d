"""Bounds on what comes in, counted as it streams: 1 MB for a body, 10 MB for an upload.

A body that is too large is refused at the first byte beyond its bound, whatever its headers said.
What the caller still sends is read and thrown away up to a second bound, so that they receive the
answer instead of a broken connection.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.matter import BOOKING, CASE

BODY_MAX: Final = 1_000_000
UPLOAD_MAX: Final = 10 * 1024 * 1024
_FORM_OVERHEAD: Final = 64 * 1024
_THROWN_AWAY_MAX: Final = 96 * 1024 * 1024
"""A caller who sends more than this after a refusal finds the connection closed."""

_UPLOAD_PATH: Final = re.compile(rf"/v1/({CASE.resource}|{BOOKING.resource})/[^/]+/documents/?")


class TooLarge(HTTPException):
    """The body goes beyond its bound."""

    def __init__(self) -> None:
        super().__init__(413)


class BoundedBodies:
    """ASGI middleware that counts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counting `receive`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_upload = _UPLOAD_PATH.fullmatch(scope["path"]) is not None
        counted = _Counted(receive, UPLOAD_MAX + _FORM_OVERHEAD if is_upload else BODY_MAX)
        await self._app(scope, counted, send)


class _Counted:
    def __init__(self, receive: Receive, bound: int) -> None:
        self._receive = receive
        self._left = bound

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            await self._throw_away(message)
            raise TooLarge
        return message

    async def _throw_away(self, message: Message) -> None:
        thrown = 0
        while message.get("more_body", False) and thrown < _THROWN_AWAY_MAX:
            message = await self._receive()
            thrown += len(message.get("body", b""))
            if message["type"] != "http.request":
                return
