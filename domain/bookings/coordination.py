"""An ask for a hospital's resource, and what a hospital's word on it means.

A no ends an ask for good, whatever overtook it: a yes that arrives after it was said before. A yes
that comes again with another time is no yes to rely on.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.programmes.services import DoctorLevel


class AskStatus(StrEnum):
    """What hospitals have said of an ask."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Resource(BaseModel):
    """What a hospital offers: when, where, by whom; all but the time may be left open."""

    model_config = ConfigDict(frozen=True)

    service_at: datetime
    hospital_id: str | None = None
    expert: str | None = None  # the hospital's number, never a name
    doctor_level: DoctorLevel | None = None
    hospital_class: Literal["3A", "2A"] | None = None
    hospital_rank: int | None = None  # in the ranking the service names


class Heard(StrEnum):
    """What a word on an ask comes down to."""

    YES = "yes"
    NO = "no"
    TOOK_BACK = "took_back"  # a no after a yes
    NOTHING = "nothing"  # said before, or overtaken
    OTHERWISE = "otherwise"  # another yes than before


class HospitalAsk(BaseModel):
    """One ask as it stands, on their side and on ours."""

    model_config = ConfigDict(frozen=True)

    ask_id: str
    wished_on: date | None = None
    status: AskStatus = AskStatus.PENDING
    resource: Resource | None = None
    ours: Literal["wanted", "held", "let_go", "used"] = "wanted"

    @property
    def is_ours(self) -> bool:
        """Whether we still want what was asked for, or rely on it."""
        return self.ours in ("wanted", "held")

    @property
    def is_offered(self) -> bool:
        """Whether hospitals said yes to what we want, and we have not taken it yet."""
        return self.status is AskStatus.ACCEPTED and self.ours == "wanted"

    @property
    def took_back(self) -> bool:
        """Whether what we relied on is not to be had any more."""
        return self.status is AskStatus.REFUSED and self.ours == "held"

    @property
    def is_to_withdraw(self) -> bool:
        """Whether hospitals still work for what we do not want."""
        return self.status is not AskStatus.REFUSED and self.ours == "let_go"

    def hears(self, status: AskStatus, resource: Resource | None) -> tuple[Heard, HospitalAsk]:
        """What a word means, and the ask after it."""
        if status is AskStatus.PENDING or self.status is AskStatus.REFUSED:
            return Heard.NOTHING, self
        if status is AskStatus.REFUSED:
            told = Heard.TOOK_BACK if self.status is AskStatus.ACCEPTED else Heard.NO
            return told, self.model_copy(update={"status": status})
        if self.status is AskStatus.ACCEPTED:
            return (Heard.NOTHING if resource == self.resource else Heard.OTHERWISE), self
        return Heard.YES, self.model_copy(update={"status": status, "resource": resource})
