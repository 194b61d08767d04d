"""The people of a case, each at the end of a wire: they know the door and their token, no more.

Every act is an HTTP call with a fresh idempotency key. What a person may do is what the door lets
them do; the demo and the journeys use these hands and no others.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx

from adapters.identity import mint
from adapters.settings import Settings
from adapters.trust import authorities
from domain.money import format_fen

PATIENCE: Final = 30.0
"""Real seconds to wait for a step to appear on the worklist."""
_GLANCE: Final = 0.03

# The smallest picture there is: one grey pixel. Stands for every photograph of a slip or a paper.
PICTURE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)

Answer = dict[str, Any]


class Refused(Exception):
    """The door said no: its status and its problem document."""

    def __init__(self, status: int, problem: Answer) -> None:
        super().__init__(f"{status} {problem.get('type')} {problem.get('detail')}")
        self.status = status
        self.problem = problem


def papers_of(matter_id: str) -> str:
    """Where papers are handed in; an id says whether it is a booking's or a case's."""
    kind = "bookings" if matter_id.startswith("bk") else "deposit-waivers"
    return f"/v1/{kind}/{matter_id}/documents"


class Person:
    """Somebody with a token."""

    def __init__(
        self,
        settings: Settings,
        *,
        subject: str,
        role: str,
        channel: str | None = None,
        hospital: str | None = None,
    ) -> None:
        self.subject = subject
        self.role = role
        self._finished: set[str] = set()
        token = mint(settings, subject=subject, roles=[role], channel=channel, hospital=hospital)
        self.http = httpx.AsyncClient(
            base_url=settings.api_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=15.0,
            trust_env=False,
            verify=authorities(),
        )

    async def see(self, path: str, **query: Any) -> Answer:
        """Read something; raises `Refused`."""
        return _believed(await self.http.get(path, params=query))

    async def do(self, path: str, body: Answer | None = None, *, key: str | None = None) -> Answer:
        """Change something under a fresh key, or under a given one; raises `Refused`."""
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
        return _believed(await self.http.post(path, json=body or {}, headers=headers))

    async def upload(self, case_id: str, kind: str, *, picture: bytes = PICTURE) -> str:
        """Photograph a paper of the case or booking; returns its document id."""
        key = secrets.token_urlsafe(16)  # in the picture too: no two photographs are the same
        answer = await self.http.post(
            papers_of(case_id),
            data={"kind": kind},
            files={"file": (f"{kind}.png", picture + key.encode(), "image/png")},
            headers={"Idempotency-Key": key},
        )
        return str(_believed(answer)["document_id"])

    async def task(
        self, case_id: str, kind: str, *, subject: str | None = None, duty: str | None = None
    ) -> Answer:
        """The open step of a kind on this person's worklist; waits until it is there."""

        async def found() -> Answer | None:
            page = await self.see("/v1/tasks", case_id=case_id)
            return next(
                (
                    task
                    for task in page["items"]
                    if task["kind"] == kind
                    and task["task_id"] not in self._finished
                    and subject in (None, task["subject"])
                    and duty in (None, task["duty"])
                ),
                None,
            )

        task: Answer = await until(found, f"{self.role}: {kind}")
        return task

    async def complete(
        self,
        case_id: str,
        kind: str,
        *,
        subject: str | None = None,
        duty: str | None = None,
        **form: Any,
    ) -> Answer:
        """Take the open step of a kind from the worklist and complete it."""
        task = await self.task(case_id, kind, subject=subject, duty=duty)
        answer = await self.do(f"/v1/tasks/{task['task_id']}/completion", form)
        # The worklist is written a moment after the case has accepted.
        self._finished.add(task["task_id"])
        return answer

    async def leave(self) -> None:
        """Hang up."""
        await self.http.aclose()


async def until(
    look: Callable[[], Awaitable[Any]], what: str, *, patience: float = PATIENCE
) -> Any:
    """Look again and again until there is something; `TimeoutError` says what was waited for."""
    end = time.monotonic() + patience
    while not (found := await look()):
        if time.monotonic() > end:
            raise TimeoutError(what)
        await asyncio.sleep(_GLANCE)
    return found


def yuan(fen: int) -> Answer:
    """An amount as the door takes it."""
    return {"amount": format_fen(fen), "currency": "CNY"}


def _believed(answer: httpx.Response) -> Answer:
    body: Answer = answer.json() if answer.content else {}
    if answer.is_error:
        raise Refused(answer.status_code, body)
    return body
