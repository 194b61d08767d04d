"""Brings what stands in the outbox to the channels, signed the Standard Webhooks way.

It runs in the worker, beside the other wires that leave the house. Each channel has a few senders
of its own and each sender holds one event of one case: a receiver that hangs keeps nobody else's
messages, and a message that fails keeps only those of its own case.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import httpx
import structlog

from adapters.partners.signing import signature
from adapters.trust import authorities
from adapters.webhooks.outbox import FIRST_PAUSE, LEASE, Outbox, Webhook
from domain.matter import matter_of

LOOK_EVERY_S: Final = 1.0
TIDY_EVERY_S: Final = 3600.0
SENDERS: Final = 4
"""Messages on their way to one channel at once, each of another case."""
TOTAL_S: Final = 15.0
"""The Standard Webhooks convention asks senders to wait 15 to 30 seconds; the lease is longer."""
_PATIENCE: Final = httpx.Timeout(TOTAL_S, connect=5.0)

_PLACES: Final = {
    "top_up.changed": "/top-ups/{}",
    "discharge_notice.answered": "/discharge-notices/{}",
    "payment.settled": "/ledger",
}
"""Where a channel reads more, below its case; it asks with its own token."""

log = structlog.get_logger("greenlane.postman")


class Postman:
    """Sends until it is stopped."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lease: timedelta = LEASE,
        first_pause: timedelta = FIRST_PAUSE,
        patience: httpx.Timeout = _PATIENCE,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._lease = lease
        self._first_pause = first_pause
        self._patience = patience
        self._look_every_s = look_every_s
        self._tidy_at = 0.0
        self._senders: dict[str, set[asyncio.Task[None]]] = defaultdict(set)

    async def run(self) -> None:
        """Look for work until cancelled; what is on its way then is sent again by the next."""
        # A redirect could carry a message to somebody else's door.
        async with (
            httpx.AsyncClient(
                timeout=self._patience, trust_env=False, verify=authorities()
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            while True:
                try:
                    await self._tidied()
                    for channel, waiting in (await self._outbox.due()).items():
                        self._man(group, client, channel, waiting)
                except Exception as failure:  # noqa: BLE001 - a bad moment must not end all sending
                    log.warning("outbox_not_read", failure=type(failure).__name__)
                await asyncio.sleep(self._look_every_s)

    async def _tidied(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._tidy_at:
            self._tidy_at = now + TIDY_EVERY_S
            await self._outbox.tidy()

    def _man(
        self, group: asyncio.TaskGroup, client: httpx.AsyncClient, channel: str, waiting: int
    ) -> None:
        busy = self._senders[channel]
        for _ in range(min(waiting, SENDERS - len(busy))):
            sender = group.create_task(self._carry(client, channel))
            busy.add(sender)
            sender.add_done_callback(busy.discard)

    async def _carry(self, client: httpx.AsyncClient, channel: str) -> None:
        """Carry one event after another of a channel, until none is due."""
        try:
            while (webhook := await self._outbox.take(channel, lease=self._lease)) is not None:
                answer = await self._sent(client, webhook)
                if answer is None:
                    await self._outbox.delivered(webhook)
                    continue
                stopped = await self._outbox.failed(webhook, answer, first_pause=self._first_pause)
                log.warning(
                    "webhook_stopped" if stopped else "webhook_not_taken",
                    channel=channel,
                    case_id=webhook.case_id,
                    tries=webhook.tries,
                    answer=answer,
                )
        except Exception as failure:  # noqa: BLE001 - its lease ends, and the event is taken again
            log.warning("webhook_not_carried", channel=channel, failure=type(failure).__name__)

    async def _sent(self, client: httpx.AsyncClient, webhook: Webhook) -> str | None:
        """One try; None if it was taken, else a code that says how it failed."""
        body = body_of(webhook)
        headers = signed(webhook, body, at=self._clock())
        try:
            async with (
                asyncio.timeout(TOTAL_S),
                client.stream("POST", webhook.url, content=body, headers=headers) as answer,
            ):
                # Only the status counts; the answer's body is nobody's business here.
                taken = HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES
                return None if taken else f"http_{answer.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as failure:
            return type(failure).__name__


def signed(webhook: Webhook, body: bytes, *, at: datetime) -> dict[str, str]:
    """The headers of one try: the event's id, the moment of the try, one signature a secret."""
    timestamp = str(int(at.timestamp()))
    signatures = [
        signature(secret, event_id=webhook.webhook_id, timestamp=timestamp, body=body)
        for secret in webhook.secrets
    ]
    return {
        "content-type": "application/json",
        "webhook-id": webhook.webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def body_of(webhook: Webhook) -> bytes:
    """What a channel is told: codes, moments and where to read more, and no person."""
    matter = f"/v1/{matter_of(webhook.case_id).resource}/{webhook.case_id}"
    told: dict[str, Any] = {
        "type": webhook.event,
        "timestamp": webhook.at.isoformat(),
        "data": {
            f"{webhook.noun}_id": webhook.case_id,
            "sequence": webhook.sequence,
            "subject": webhook.subject,
            "href": matter + _PLACES.get(webhook.event, "").format(webhook.subject),
            webhook.noun: {
                "href": matter,
                "stage": webhook.stage,
                "awaiting": list(webhook.awaiting),
                "next_due_at": webhook.next_due_at.isoformat() if webhook.next_due_at else None,
            },
        },
    }
    return json.dumps(told, separators=(",", ":")).encode()
