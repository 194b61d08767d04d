"""A channel as a real HTTP receiver in the test's own process, to be refused, slow, or read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Taken:
    """One message as it came in."""

    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.raw)
        return told

    @property
    def case_id(self) -> str:
        return str(self.body["data"]["case_id"])

    def is_signed_with(self, secret: str) -> bool:
        """As a receiver checks it, written from the convention and from nothing of ours."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        parts = (self.headers["webhook-id"], self.headers["webhook-timestamp"])
        content = b"%s.%s.%s" % (parts[0].encode(), parts[1].encode(), self.raw)
        mine = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return f"v1,{mine}" in self.headers["webhook-signature"].split(" ")


@dataclass
class Channel:
    """A real HTTP receiver; refuses some cases, holds some back."""

    url: str = ""
    taken: list[Taken] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    slow_s: float = 0.0

    def ids(self, case_id: str | None = None) -> list[str]:
        return [one.headers["webhook-id"] for one in self.taken if case_id in (None, one.case_id)]


@contextmanager
def a_channel() -> Iterator[Channel]:
    """Serve one until the block ends."""
    played = Channel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            message = Taken({name.lower(): value for name, value in self.headers.items()}, raw)
            is_refused = message.case_id in played.refused
            if not is_refused:
                played.taken.append(message)
            time.sleep(played.slow_s)
            with suppress(OSError):  # the sender may have gone
                self.send_response(503 if is_refused else 204)
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played.url = f"http://127.0.0.1:{server.server_address[1]}/told"
    Thread(target=server.serve_forever, daemon=True).start()
    yield played
    server.shutdown()
    server.server_close()
