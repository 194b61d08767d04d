"""People who do not give up: the same request under the same key until there is an answer.

A door that was killed answers nothing, one whose database is away answers 503, one that does not
know yet answers 202. All three mean: again, under the same key. Nothing may happen twice by it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import httpx

from adapters.settings import Settings
from adapters.temporal.virtual_time import Stage
from demo.house import GUEST, House, _a_number_of_nobody
from demo.people import PICTURE, Answer, Person, Refused, papers_of

GIVE_UP_AFTER = 180.0
"""Seconds; every process comes back long before."""
_PAUSE = 0.3

ANSWERS: Counter[str] = Counter()
"""What the door said besides yes: a 500 among it is a fault of ours."""


class NoAnswer(Exception):
    """The door never answered."""


async def insisted(send: Callable[[], Awaitable[httpx.Response]]) -> Answer:
    """Send until there is a settled answer; raises `Refused` for a no, `NoAnswer` in the end."""
    end = time.monotonic() + GIVE_UP_AFTER
    while time.monotonic() < end:
        try:
            answer = await send()
            said = answer.json() if answer.content else {}
            body: Answer = said if isinstance(said, dict) else {"items": said}
        except (httpx.TransportError, ValueError) as failure:
            ANSWERS[type(failure).__name__] += 1
        else:
            kind = str(body.get("type", "")).rpartition(":")[2]
            if answer.is_success and body.get("accepted") is not False:
                return body
            ANSWERS[f"{answer.status_code} {kind}".strip()] += 1
            unsettled = answer.is_success or answer.is_server_error
            if not (unsettled or kind == "in-progress" or answer.status_code == httpx.codes(429)):
                raise Refused(answer.status_code, body)
        await asyncio.sleep(_PAUSE)
    raise NoAnswer


class Stubborn(Person):
    """Somebody with a token and all the time in the world."""

    async def see(self, path: str, **query: Any) -> Answer:
        return await insisted(lambda: self.http.get(path, params=query))

    async def do(self, path: str, body: Answer | None = None, *, key: str | None = None) -> Answer:
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
        return await insisted(lambda: self.http.post(path, json=body or {}, headers=headers))

    async def upload(self, case_id: str, kind: str, *, picture: bytes = PICTURE) -> str:
        key = secrets.token_urlsafe(16)
        headers = {"Idempotency-Key": key}
        answer = await insisted(
            lambda: self.http.post(
                papers_of(case_id),
                data={"kind": kind},
                files={"file": (f"{kind}.png", picture + key.encode(), "image/png")},
                headers=headers,
            )
        )
        return str(answer["document_id"])


class _RealTime:
    """The clock on the wall."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class RealHouse(House):
    """The people and partners of one case, here and now, on a town that somebody else runs."""

    def __init__(self, settings: Settings, id_number: str) -> None:
        super().__init__(settings, cast("Stage", _RealTime()), 0, GUEST)
        self.id_number = id_number
        for person in self.people:
            person.__class__ = Stubborn

    @staticmethod
    def a_number() -> str:
        """An identity number for the insurer's list."""
        return _a_number_of_nobody()

    def at(self, text: str) -> datetime:
        """Every moment of a story is now."""
        return datetime.now(UTC) + timedelta(seconds=1)

    async def go_to(self, text: str) -> None:
        """Time goes by itself."""

    async def partner(self, path: str, body: dict[str, Any]) -> None:
        """Somebody at a counterparty insists too; their order ids make it once."""
        await insisted(lambda: self.partners.post(path, json=body))

    async def statement(self) -> list[Answer]:
        """All that the payment networks themselves say has moved, today and around midnight."""
        entries: list[Answer] = []
        for days in (-1, 0, 1):
            day = (datetime.now(UTC) + timedelta(hours=8, days=days)).date().isoformat()
            asked = partial(self.partners.get, "/payment/v1/statement", params={"day": day})
            told = await insisted(asked)
            entries += told["entries"]
        return entries

    async def leave(self) -> None:
        """Everybody hangs up."""
        for person in self.people:
            await person.leave()
        await self.partners.aclose()
