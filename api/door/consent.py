"""The consent without which nothing is opened: given, when, and under which words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from api.door.problems import at_field
from api.door.text import Body, Code, Moment
from domain.strict import Yes

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""A channel's clock may run ahead of ours by so much; what lies beyond it never happened."""


class Consent(Body):
    """The insured agreed to the use of their data."""

    given: Yes
    at: Moment
    version: Code = Field(examples=["v2026_01"])


def not_of_the_future(consent: Consent | None, at: datetime) -> None:
    """422 for a consent that is to be given later than now."""
    if consent is not None and consent.at > at + CLOCKS_DIFFER:
        raise at_field("invalid", "consent.at", "同意的时刻不能晚于现在")
