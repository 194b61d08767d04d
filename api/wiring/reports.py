"""What the door needs of the sums and lists that management reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol


class Reports(Protocol):
    """Money that is still out."""

    async def aging(self, *, on: datetime) -> list[dict[str, Any]]: ...
    async def repayments(self) -> list[dict[str, Any]]: ...
    async def undecided(self, *, before: datetime, limit: int) -> list[tuple[str, datetime]]: ...


class Promises(Protocol):
    """What became of each promise."""

    async def counted(
        self,
        *,
        since: datetime,
        until: datetime,
        programmes: Sequence[str] | None,
        service: str | None,
    ) -> list[dict[str, Any]]: ...
    async def results(
        self,
        *,
        since: datetime,
        until: datetime,
        programmes: Sequence[str] | None,
        service: str | None,
        state: str | None,
        cursor: str | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], str | None]: ...


class Steps(Protocol):
    """Steps that are past their moment."""

    async def overdue(self, *, on: datetime) -> list[dict[str, Any]]: ...
    async def lying(
        self, *, now: datetime, by: timedelta, every: timedelta, limit: int
    ) -> list[str]: ...


class BookingReports(Protocol):
    """What became of bookings."""

    async def outcomes(
        self, *, since: datetime, until: datetime, programmes: Sequence[str] | None
    ) -> list[dict[str, Any]]: ...
    async def failures(
        self, *, since: datetime, until: datetime, programmes: Sequence[str] | None
    ) -> list[dict[str, Any]]: ...
    async def surveys(
        self, *, since: datetime, until: datetime, programmes: Sequence[str] | None
    ) -> list[dict[str, Any]]: ...


class Claims(Protocol):
    """How claims that follow no advance were served."""

    async def counted(
        self, *, since: datetime, until: datetime, programmes: list[str], service: str | None
    ) -> list[dict[str, Any]]: ...


class Ratings(Protocol):
    """How satisfied customers are."""

    async def rate(
        self, case_id: str, *, score: int, words: str, by: str, at: datetime
    ) -> bool: ...
    async def given(self, *, since: datetime, until: datetime) -> list[dict[str, Any]]: ...
