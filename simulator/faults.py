"""Misbehaviour that can be switched on, per partner and operation.

A fault is looked up at the start of a request and shapes what follows: before the act (`delay`,
`error_first`), in the act (`refuse`, `answer_late`, `answer_twice`), or after it, when the thing is
done but the answer is lost (`timeout_after_success`, `garbage`).
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

Partner = Literal[
    "payment",
    "nurse",
    "message",
    "claims",
    "social",
    "bills",
    "telephone",
    "roster",
    "courier",
    "lab",
    "hospitals",
    "channel",
]

OPERATIONS: Final[dict[str, frozenset[str]]] = {
    "payment": frozenset({"pay", "query", "scan", "cancel", "payout", "refund", "statement"}),
    "nurse": frozenset({"order", "query", "cancel", "change"}),
    "message": frozenset({"send", "query"}),
    "claims": frozenset({"file", "query", "decide"}),
    "telephone": frozenset({"call"}),
    "roster": frozenset({"publish", "withdraw"}),
    "social": frozenset({"settle"}),
    "bills": frozenset({"read"}),
    "courier": frozenset({"order", "track", "cancel"}),
    "lab": frozenset({"order"}),
    "hospitals": frozenset({"ask", "cancel"}),
    "channel": frozenset({"webhook"}),
}

_LATE_SECONDS: Final = 1.0
_SILENT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


class Kind(StrEnum):
    """The ways to misbehave."""

    REFUSE = "refuse"  # says no; with seconds, only after having said "pending"
    DELAY = "delay"  # waits, then does it and answers
    TIMEOUT_AFTER_SUCCESS = "timeout_after_success"  # does it and never answers
    ANSWER_TWICE = "answer_twice"  # reports the result by two callbacks under one event id
    ANSWER_LATE = "answer_late"  # says "pending", does it and reports after some seconds
    ERROR_FIRST = "error_first"  # 503 before anything is done
    GARBAGE = "garbage"  # does it and answers with a web page
    YES_THEN_NO = "yes_then_no"  # hospitals: says yes and takes it back after some seconds


class Switch(BaseModel):
    """One fault as an operator switches it on."""

    model_config = ConfigDict(extra="forbid")

    partner: Partner
    operation: Annotated[str, Field(description="operation of the partner, or * for all")] = "*"
    fault: Kind
    times: Annotated[int | None, Field(ge=1, description="how often; null until removed")] = 1
    seconds: Annotated[float | None, Field(ge=0, le=600)] = None

    @property
    def is_known(self) -> bool:
        """Whether the partner has this operation."""
        return self.operation == "*" or self.operation in OPERATIONS[self.partner]


class Fault:
    """What one request has to suffer; all of it does nothing when no fault is on."""

    def __init__(self, request: Request, switch: Switch | None) -> None:
        self._request = request
        self.kind = switch.fault if switch else None
        self._seconds = switch.seconds if switch else None

    @property
    def refuses(self) -> bool:
        """Whether the act is to be refused."""
        return self.kind is Kind.REFUSE

    @property
    def late_seconds(self) -> float | None:
        """Seconds until the outcome, when it is not to be known at once."""
        if self.kind is Kind.ANSWER_LATE:
            return _LATE_SECONDS if self._seconds is None else self._seconds
        return self._seconds if self.refuses and self._seconds else None

    @property
    def no_after_seconds(self) -> float | None:
        """Seconds until a yes is taken back; None where it is kept."""
        if self.kind is not Kind.YES_THEN_NO:
            return None
        return _LATE_SECONDS if self._seconds is None else self._seconds

    @property
    def copies(self) -> int:
        """How often a result is reported that is reported anyway."""
        return 2 if self.kind is Kind.ANSWER_TWICE else 1

    @property
    def reports_twice(self) -> bool:
        """Whether a result known at once is reported by callback all the same, and twice."""
        return self.kind is Kind.ANSWER_TWICE

    async def before(self) -> None:
        """Wait, or answer 503 with nothing done."""
        if self.kind is Kind.DELAY:
            await asyncio.sleep(self._seconds or 0)
        if self.kind is Kind.ERROR_FIRST:
            raise HTTPException(503, "temporarily_unavailable")

    async def answer(self, status: int, body: dict[str, Any]) -> Response:
        """The answer as it leaves the house; it may be lost or unreadable."""
        if self.kind is Kind.TIMEOUT_AFTER_SUCCESS:
            await self._stay_silent()
            return Response(status_code=504)
        if self.kind is Kind.GARBAGE:
            return HTMLResponse("<html><body>系统繁忙</body></html>", status_code=200)
        return JSONResponse(body, status_code=status)

    async def _stay_silent(self) -> None:
        seconds = _SILENT_SECONDS if self._seconds is None else self._seconds
        for _ in range(int(seconds / _POLL_SECONDS)):
            desk = self._request.app.state.desk
            if desk.is_closing or await self._request.is_disconnected():
                return
            await asyncio.sleep(_POLL_SECONDS)


class Faults:
    """The switches that are on, oldest first."""

    def __init__(self) -> None:
        self._switches: list[Switch] = []

    def switch_on(self, switch: Switch) -> None:
        """Add a fault behind those that are on."""
        self._switches.append(switch)

    def clear(self) -> None:
        """Behave from now on."""
        self._switches.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The faults that are on, with how often they still strike."""
        return [switch.model_dump(mode="json") for switch in self._switches]

    def take(self, partner: Partner, operation: str) -> Switch | None:
        """The first switch that fits this operation, used up by one."""
        for switch in self._switches:
            if switch.partner == partner and switch.operation in {"*", operation}:
                if switch.times is not None:
                    switch.times -= 1
                    if switch.times == 0:
                        self._switches.remove(switch)
                return switch
        return None


def suffers(partner: Partner, operation: str) -> Any:
    """The dependency that gives an operation its fault, once what precedes the act is over."""

    async def take(request: Request) -> Fault:
        fault = Fault(request, request.app.state.desk.faults.take(partner, operation))
        await fault.before()
        return fault

    return Depends(take)
