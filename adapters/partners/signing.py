"""Signatures of partners' callbacks, the Standard Webhooks way.

`webhook-signature` holds one or more `v1,<base64>` values, each an HMAC-SHA256 of
`id.timestamp.body`. Any of our secrets may match, so that a secret can be exchanged without a gap.
The freshness of a timestamp is measured against the process clock, never a story's clock.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

FRESH_WITHIN: Final = timedelta(minutes=5)
"""How far a timestamp may be from now either way; repeats are signed anew by the sender."""
_MAX_SIGNATURES: Final = 10
_PREFIX: Final = "whsec_"


class SignatureRefused(Exception):
    """The callback is not believably the partner's; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SecretRefused(ValueError):
    """A signing secret that is not `whsec_` and base64."""


def verified(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime
) -> str:
    """The id of a believable callback; raises `SignatureRefused` otherwise.

    `headers` are looked up by their lower-case names.
    """
    event_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (event_id and timestamp and given):
        raise SignatureRefused("signature_missing")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("9999999999")):
        raise SignatureRefused("timestamp_malformed")
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > FRESH_WITHIN:
        raise SignatureRefused("timestamp_not_fresh")
    candidates = [part.encode() for part in given.split(" ")[:_MAX_SIGNATURES]]
    for secret in secrets:
        wanted = signature(secret, event_id=event_id, timestamp=timestamp, body=body).encode()
        if any(hmac.compare_digest(wanted, candidate) for candidate in candidates):
            return event_id
    raise SignatureRefused("signature_wrong")


def signature(secret: str, *, event_id: str, timestamp: str, body: bytes) -> str:
    """The `v1,…` value for a body."""
    content = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise SecretRefused("a signing secret is whsec_ followed by base64") from None
    if not key:
        raise SecretRefused("a signing secret is not empty")
    return key
