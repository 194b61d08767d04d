"""One line of log and one measurement a request, and the ids that follow it through the house.

The log holds method, route, status, time and opaque ids; never a body, a query or a header a caller
wrote, except a request id of the agreed form.
"""

from __future__ import annotations

import re
import secrets
import time
import traceback
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.door.errors import respond
from api.door.problems import Problem
from domain.matter import id_form

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_MATTER: Final = re.compile(rf"(?<![a-z0-9-]){id_form()}(?![a-z0-9])", re.ASCII)
_UNROUTED: Final = "unrouted"
_FAILED: Final = 500

log = structlog.get_logger("greenlane.door")


_LOAD: Final[dict[str, tuple[str, str, list[str]]]] = {
    "steps_past_due": ("steps_past_due", "Open steps past their moment", ["kind"]),
    "payments_unsettled": ("payments_unsettled", "Payments without a certain end", ["status"]),
    "alarms": ("alarms_open", "Broken promises and alarms no supervisor has acknowledged", []),
    "stopped": ("workflows_stopped", "Open matters whose workflow ended abnormally", []),
    "audit_breaks": ("audit_breaks", "Rows at which the audit's chain was found broken", []),
    "waits": ("oldest_wait_seconds", "Age of the oldest undelivered row", ["of"]),
}
"""What stands open in the books: the name, what it is, what it is counted under."""


class Measures:
    """What `/metrics` shows of the door."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "greenlane_http_requests_total",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "greenlane_http_request_seconds",
            "Time to answer",
            ["method", "route"],
            registry=self.registry,
        )
        self.letters = Gauge(
            "greenlane_inbox_left_open",
            "What partners reported and no case has taken",
            ["kind", "why"],
            registry=self.registry,
        )
        self.webhooks_stopped = Gauge(
            "greenlane_webhooks_stopped",
            "Messages to channels that are tried no more until a person says so",
            registry=self.registry,
        )
        self.load = {
            name: Gauge(f"greenlane_{said}", what, labels, registry=self.registry)
            for name, (said, what, labels) in _LOAD.items()
        }
        self.official_days = Gauge(
            "greenlane_calendar_official_days",
            "Days ahead whose holidays stand in a notice",
            registry=self.registry,
        )


class Observed:
    """ASGI middleware: request id, log line, measurement."""

    def __init__(self, app: ASGIApp, *, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        seen: dict[str, Any] = {}

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                seen["place"] = _return_ids(message, request_id, headers)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as failure:  # noqa: BLE001 - the outermost place that can still answer
            _log_failure(failure, request_id)
            if seen:
                # Half an answer is out; only a broken connection tells the caller so.
                raise ConnectionAbortedError from None
            await respond(Request(scope), Problem("internal"))(scope, receive, noted)
        finally:
            about = _about(scope, seen.get("place", ""))
            self._note(
                scope,
                seen.get("status", _FAILED),
                time.perf_counter() - began,
                {"request_id": request_id, **about},
            )

    def _note(self, scope: Scope, status: int, seconds: float, ids: dict[str, str]) -> None:
        route = getattr(scope.get("route"), "path", _UNROUTED)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._measures.requests.labels(method, route, status).inc()
        self._measures.seconds.labels(method, route).observe(seconds)
        fields: dict[str, Any] = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            **ids,
        }
        subject = scope.get("state", {}).get("subject")
        log.info("request", subject=subject, **fields)


def _about(scope: Scope, place: str) -> dict[str, str]:
    """The matter that the address names, or the answer's; only what has the form of our own ids."""
    named = [*map(str, scope.get("path_params", {}).values()), place]
    found = (_MATTER.search(one) for one in named)
    return next(({"matter_id": one[0]} for one in found if one), {})


def _log_failure(failure: Exception, request_id: str) -> None:
    """Where it broke, never what it said: an unexpected text may hold what a person typed."""
    frames = traceback.extract_tb(failure.__traceback__)[-_FRAMES_SHOWN:]
    log.error(
        "unexpected_failure",
        failure=type(failure).__name__,
        at=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        request_id=request_id,
    )


_FRAMES_SHOWN: Final = 8
_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else f"req-{secrets.token_hex(8)}"


def _return_ids(message: Message, request_id: str, asked: Headers) -> str:
    """Name the request in its answer; the place the answer names, empty where it names none."""
    headers = MutableHeaders(raw=message.setdefault("headers", []))
    headers["X-Request-ID"] = request_id
    trace = asked.get("traceparent", "")
    if _TRACEPARENT.fullmatch(trace):
        headers["traceparent"] = trace
    headers["Cache-Control"] = headers.get("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    return headers.get("Location", "")
