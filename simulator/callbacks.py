"""Results reported back: signed in the Standard Webhooks way, repeated until taken, within a bound.

The signature covers `id.timestamp.body` with HMAC-SHA256 under the shared secret. A callback that
is not answered with 2xx is repeated with doubling pauses; after the last attempt it waits for an
operator. Results are rows in the books first, so that a restart loses none.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from simulator.books import Books, Settlement
from simulator.settings import Settings

MAX_ATTEMPTS: Final = 12
"""With the usual first pause of 0.2 s the twelfth attempt comes after about four minutes."""
_LONGEST_PAUSE: Final = 60.0
_IDLE_SECONDS: Final = 1.0
_BATCH: Final = 50
_WAITING: Final = "state = 'waiting'"

log = logging.getLogger(__name__)


def signed_headers(secret: str, *, event_id: str, body: bytes, at: int) -> dict[str, str]:
    """The three headers a receiver checks; `at` is real time in whole seconds."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{event_id}.{at}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
    }


class Reporter:
    """Settles what has fallen due and delivers what is waiting, in one background task."""

    def __init__(
        self, settings: Settings, books: Books, settle: Callable[[Settlement], None]
    ) -> None:
        self._settings = settings
        self._books = books
        self._settle = settle
        self._wake = asyncio.Event()
        self._client = httpx.AsyncClient(timeout=5.0, trust_env=False)

    def nudge(self) -> None:
        """Something new is waiting."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self._round()
                except Exception:
                    # a single bad row must not stop the reports of all partners
                    log.exception("reporting round failed")
                await self._rest()
        finally:
            await self._client.aclose()

    async def _round(self) -> None:
        for settlement in self._books.settlements_due(time.time()):
            self._settle(settlement)
        if self._settings.callback_base is None:
            return
        waiting = [
            row for row in self._books.callbacks(_WAITING, _BATCH) if row["due"] <= time.time()
        ]
        await asyncio.gather(*(self._deliver(row) for row in waiting))

    async def _rest(self) -> None:
        due = self._books.next_due()
        pause = _IDLE_SECONDS if due is None else min(max(due - time.time(), 0.01), _IDLE_SECONDS)
        if self._settings.callback_base is None:
            pause = min(_IDLE_SECONDS, max(pause, 0.1))
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _deliver(self, row: dict[str, Any]) -> None:
        body = str(row["body"]).encode()
        url = f"{self._settings.callback_base}/v1/callbacks/{row['partner']}"
        headers = signed_headers(
            self._settings.secret, event_id=row["event_id"], body=body, at=int(time.time())
        )
        try:
            answer = await self._client.post(url, content=body, headers=headers)
            taken, said = answer.is_success, str(answer.status_code)
        except httpx.HTTPError as failure:
            taken, said = False, type(failure).__name__
        attempts = int(row["attempts"]) + 1
        state = "taken" if taken else "given_up" if attempts >= MAX_ATTEMPTS else "waiting"
        pause = min(self._settings.retry_seconds * 2 ** (attempts - 1), _LONGEST_PAUSE)
        self._books.callback_tried(row["seq"], state=state, due=time.time() + pause, answer=said)
