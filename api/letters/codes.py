"""What every partner event is made of: ids of ours, receipts and reasons as we may keep them."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from domain.partner_words import no_person

_REASON: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)

SubjectId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:-]+$")]
ShortCode = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._:/-]*$")]


def _code_of(reason: str) -> str:
    """A partner's reason as a code we keep; anything else could name a person and is dropped."""
    return reason if not reason or _REASON.fullmatch(reason) else "reason_not_a_code"


Receipt = Annotated[ShortCode, AfterValidator(no_person)]
ReasonCode = Annotated[ShortCode, AfterValidator(_code_of)]


class Event(BaseModel):
    """What every partner event has; partners may add fields of their own."""

    model_config = ConfigDict(frozen=True, extra="ignore")
