"""Keyset cursors: the sort key of the last row of a page, as one opaque word."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from domain.board import BadCursor


def cursor_after(moment: datetime | None, key: str) -> str:
    """Where the next page begins: after this moment (none = after all moments) and this key."""
    words = [None if moment is None else moment.isoformat(), key]
    return base64.urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")


def cursor_read(cursor: str) -> tuple[datetime | None, str]:
    """The moment and key of a cursor. Raises `BadCursor`."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        words: object = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return _read(words)
    except (binascii.Error, UnicodeError, ValueError):
        raise BadCursor("no page of this list ended with this cursor") from None


def _read(words: object) -> tuple[datetime | None, str]:
    match words:
        case [str() | None as moment, str() as key] if "\x00" not in key:
            pass
        case _:
            raise BadCursor("not a cursor")
    at = None if moment is None else datetime.fromisoformat(moment)
    if at is not None and at.tzinfo is None:
        raise BadCursor("not a cursor")
    return at, key
