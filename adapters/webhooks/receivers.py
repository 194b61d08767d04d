"""Where a channel wants to be told, and the secrets its messages are signed with.

A new secret stands in front and the old ones sign beside it until they end, so that a receiver can
change over without losing a message. Secrets are sealed at rest and shown once, when they are made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database import looks
from adapters.encryption.keyfiles import random_webhook_secret
from adapters.encryption.keys import Sealer
from adapters.tables.outbox import SEALED_SECRETS, receivers

OVERLAP: Final = timedelta(hours=24)
"""How long the old secret signs beside a new one."""
_AT_MOST: Final = 4
"""More signatures than this only make headers long; the oldest leaves."""
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class AddressRefused(ValueError):
    """An address that messages must not be sent to."""


class NoReceiver(LookupError):
    """This channel is not told anything yet."""


@dataclass(frozen=True)
class Receiver:
    """One channel's address."""

    channel: str
    url: str
    changed_at: datetime


class Receivers:
    """Registers channels; implements what `cli.py webhooks` asks for."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._looks = looks(engine)
        self._sealer = sealer

    async def register(self, channel: str, url: str, *, at: datetime) -> str | None:
        """Tell a channel at this address from now on; its secret, None if it had one already.

        Raises `AddressRefused` unless the address is https, or http on this machine.
        """
        secret = random_webhook_secret()
        row = {
            "channel": channel,
            "url": checked(url),
            "secrets": self._sealed([{"secret": secret, "until": None}]),
            "changed_at": at,
        }
        new = insert(receivers).values(row).on_conflict_do_nothing().returning(receivers.c.channel)
        moved = update(receivers).where(receivers.c.channel == channel)
        async with self._engine.begin() as connection:
            if (await connection.execute(new)).one_or_none() is not None:
                return secret
            await connection.execute(moved.values(url=row["url"], changed_at=at))
        return None

    async def rotate(self, channel: str, *, at: datetime, overlap: timedelta = OVERLAP) -> str:
        """A new secret; the old ones sign beside it for a while. Raises `NoReceiver`."""
        secret = random_webhook_secret()
        known = select(receivers.c.secrets).where(receivers.c.channel == channel).with_for_update()
        async with self._engine.begin() as connection:
            envelope = await connection.scalar(known)
            if envelope is None:
                raise NoReceiver(channel)
            old = json.loads(self._sealer.open_text(envelope, SEALED_SECRETS))
            until = (at + overlap).isoformat()
            kept = [one | {"until": one["until"] or until} for one in old]
            kept = [one for one in kept if datetime.fromisoformat(one["until"]) > at]
            all_of_them = [{"secret": secret, "until": None}, *kept][:_AT_MOST]
            await connection.execute(
                update(receivers)
                .where(receivers.c.channel == channel)
                .values(secrets=self._sealed(all_of_them), changed_at=at)
            )
        return secret

    async def remove(self, channel: str) -> None:
        """Tell a channel nothing more; what was still to be told goes. Raises `NoReceiver`."""
        async with self._engine.begin() as connection:
            gone = await connection.execute(delete(receivers).where(receivers.c.channel == channel))
        if gone.rowcount == 0:
            raise NoReceiver(channel)

    async def all(self) -> list[Receiver]:
        """Every channel that is told, without its secrets."""
        query = select(receivers.c.channel, receivers.c.url, receivers.c.changed_at)
        async with self._looks.connect() as connection:
            rows = await connection.execute(query.order_by(receivers.c.channel))
            return [Receiver(**row._asdict()) for row in rows]

    def _sealed(self, secrets: list[dict[str, str | None]]) -> bytes:
        return self._sealer.seal(json.dumps(secrets), SEALED_SECRETS)


def secrets_now(text: str, *, at: datetime) -> tuple[str, ...]:
    """The secrets that sign at a moment, the newest first."""
    return tuple(
        one["secret"]
        for one in json.loads(text)
        if one["until"] is None or datetime.fromisoformat(one["until"]) > at
    )


def checked(url: str) -> str:
    """An address without credentials, over TLS unless it is this machine's own."""
    try:
        parts = urlsplit(url)
        host, has_user = parts.hostname or "", parts.username is not None
    except ValueError:
        raise AddressRefused("not an address") from None
    if not host or has_user or parts.fragment:
        raise AddressRefused("an address has a host, no user and no fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOCAL):
        raise AddressRefused("an address begins with https://")
    return url
