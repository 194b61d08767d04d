"""One HTTP line to the door, as thin as the SDK's own client: kept-alive sockets, no library.

A client library of Python would cost as much as the door it calls; what is measured is the door.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import Any, Final, NamedTuple

PATIENCE: Final = 30.0
"""Seconds to wait for a step to appear; more means that something is broken."""
GLANCE: Final = 0.1
"""Seconds between two looks at a worklist: asking more often takes the door's time from others."""
_END: Final = b"\r\n\r\n"
_FRESH: Final = 3.0
"""Seconds a socket may lie idle and still be used; the door hangs up after five."""

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: dict[str, Any]


class NotAsExpected(Exception):
    """The door, or a counterparty, gave another answer than the bench counts on."""


class Line:
    """Connections to one address."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[float, Wire]] = []

    async def call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own for as long as it lasts."""
        reader, writer = self._kept() or await asyncio.open_connection("127.0.0.1", self._port)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines.append(f"Content-Length: {len(body)}")
        writer.write("\r\n".join(lines).encode() + _END + body)
        head = (await reader.readuntil(_END)).decode("latin-1").split("\r\n")
        length = next(
            (int(line.split(":")[1]) for line in head if line.lower().startswith("content-length")),
            0,
        )
        content = await reader.readexactly(length) if length else b"{}"
        self._idle.append((time.monotonic(), (reader, writer)))
        return Answer(int(head[0].split(" ")[1]), json.loads(content))

    def _kept(self) -> Wire | None:
        """A connection of an earlier call, if it has not lain idle too long."""
        while self._idle:
            used_at, wire = self._idle.pop()
            if time.monotonic() - used_at < _FRESH:
                return wire
            wire[1].close()
        return None

    async def close(self) -> None:
        """Hang up."""
        for _, (_, writer) in self._idle:
            writer.close()
        self._idle.clear()


class Hand:
    """Somebody with a token at the end of a line."""

    def __init__(self, line: Line, token: str, subject: str) -> None:
        self.subject = subject
        self._line = line
        self._headers = {"Authorization": f"Bearer {token}"}

    async def see(self, path: str) -> dict[str, Any]:
        """Read something."""
        return _good(await self._line.call("GET", path, headers=self._headers))

    async def do(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change something under a fresh key."""
        return await self._post(path, json.dumps(body).encode(), "application/json")

    async def post(self, path: str, body: bytes, *, key: str) -> Answer:
        """Change something under a key of the caller's own, whatever the answer."""
        headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": key}
        return await self._line.call("POST", path, body, headers)

    async def upload(self, case_id: str, kind: str, picture: bytes) -> str:
        """Photograph a paper of the case; returns its document id."""
        border = secrets.token_hex(8)
        picture += border.encode()  # no two photographs are the same
        body = (
            f'--{border}\r\nContent-Disposition: form-data; name="kind"\r\n\r\n{kind}\r\n'
            f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{kind}.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode() + picture
        body += f"\r\n--{border}--\r\n".encode()
        answer = await self._post(
            f"/v1/deposit-waivers/{case_id}/documents",
            body,
            f"multipart/form-data; boundary={border}",
        )
        return str(answer["document_id"])

    async def steps(self, case_id: str) -> dict[str, str]:
        """The open steps of a case that this person sees: kind to id."""
        page = await self.see(f"/v1/tasks?case_id={case_id}")
        return {str(task["kind"]): str(task["task_id"]) for task in page["items"]}

    async def complete(self, case_id: str, kind: str, form: dict[str, Any]) -> None:
        """Wait for a step to appear on the worklist, and do it."""
        async with asyncio.timeout(PATIENCE):
            while (task := (await self.steps(case_id)).get(kind)) is None:
                await asyncio.sleep(GLANCE)
        await self.do(f"/v1/tasks/{task}/completion", form)

    async def _post(self, path: str, body: bytes, content_type: str) -> dict[str, Any]:
        headers = self._headers | {
            "Content-Type": content_type,
            "Idempotency-Key": secrets.token_urlsafe(16),
        }
        return _good(await self._line.call("POST", path, body, headers))


def _good(answer: Answer) -> dict[str, Any]:
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - the class of good answers
        raise NotAsExpected(f"{answer.status} {answer.body}")
    return answer.body
