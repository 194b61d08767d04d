"""A sales channel that is told of its cases: it checks what it gets, and remembers each message.

It signs and compares in its own way, as the Standard Webhooks convention describes it. Its secrets
are handed to it at the controls; without any it takes messages unchecked and says so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from simulator.desk import Body, TheDesk
from simulator.faults import Fault, suffers

_FRESH_SECONDS: Final = 300
_REFUSED: Final = 422

routes = APIRouter(prefix="/channel/v1", tags=["channel"])


class Secrets(Body):
    """The secrets a channel believes, `whsec_` and base64."""

    secrets: Annotated[list[str], Field(max_length=8)]


@routes.put("/{channel}/secrets", status_code=204)
async def believe(channel: str, body: Secrets, desk: TheDesk) -> None:
    """Believe these secrets from now on."""
    desk.books.remember(_noted(channel), json.dumps(body.secrets))


@routes.post("/{channel}/webhooks")
async def take(
    channel: str,
    request: Request,
    desk: TheDesk,
    fault: Annotated[Fault, suffers("channel", "webhook")],
) -> Response:
    """Take a message: 401 for a wrong signature, and nothing is kept of it."""
    raw = await request.body()
    known = desk.books.recalled(_noted(channel))
    if known is not None and not _is_believable(json.loads(known), request, raw):
        return Response(status_code=401)
    message = {
        "kind": "webhook",
        "id": request.headers.get("webhook-id", ""),
        "channel": channel,
        "checked": known is not None,
        "refused": fault.refuses,
        "body": json.loads(raw),
    }
    desk.received.append(message)
    return await fault.answer(_REFUSED if fault.refuses else 200, {"taken": not fault.refuses})


def _noted(channel: str) -> str:
    return f"channel:{channel}"


def _is_believable(secrets: list[str], request: Request, raw: bytes) -> bool:
    message_id = request.headers.get("webhook-id", "")
    moment = request.headers.get("webhook-timestamp", "")
    given = request.headers.get("webhook-signature", "").split()
    if not moment.isdigit() or abs(time.time() - int(moment)) > _FRESH_SECONDS:
        return False
    signed = b".".join([message_id.encode(), moment.encode(), raw])
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mine = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(f"v1,{mine}", theirs) for theirs in given):
            return True
    return False
