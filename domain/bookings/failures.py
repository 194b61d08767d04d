"""Who has let a customer down is not named again for the same booking, unless somebody says why.

Nor is what the customer said no to offered again unseen: the same moment with the same doctor, or
the expert he did not want.

A doctor who did not come, an expert who could not write, a laboratory that refused: another one is
looked for. Where there is nobody else, or the customer wants the same one on another day, whoever
names them writes the reason down.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.calendar import civil

AGAIN_WHY: Final = "该人员或机构曾未能为本预约提供服务, 请另行安排; 如仍须安排, 请说明原因"

DECLINED_WHY: Final = "客户未接受过该安排, 请另行安排; 如仍须安排, 请说明原因"

_TOLD: Final = 3
"""Of so many refusals the last ones are read where another offer is sought."""


class Declined(BaseModel):
    """What the customer said no to: who, where, and for an appointment when."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime | None = None
    expert: str | None = None
    hospital_id: str | None = None


def is_declined(
    before: Collection[Declined],
    *,
    at: datetime | None,
    expert: str | None,
    hospital_id: str | None,
) -> bool:
    """Whether the customer has said no to just this; of an expert wherever he would write."""
    return any(
        one.at == at
        and one.expert == expert
        and (at is None or hospital_id in (None, one.hospital_id))
        for one in before
    )


def not_wanted(before: Collection[Declined]) -> str:
    """What whoever looks for something else reads; empty where the customer said no to nothing.

    What he wrote with it stands with his answer in the booking's file: it may be of his health.
    """
    told = "、".join(_named(one) for one in [*before][-_TOLD:])
    return f"客户未接受: {told} (附言见预约详情)" if before else ""


def _named(one: Declined) -> str:
    when = "" if one.at is None else civil(one.at)
    who = "" if one.expert is None else f"专家 {one.expert}"
    return f"{when} {who}".strip()


def is_named_again(who: str | None, failed: Collection[str], *, because: str) -> bool:
    """Whether somebody is named who has failed before, and nobody says why."""
    return who is not None and who in failed and not because.strip()


def left_out(failed: Collection[str]) -> str:
    """What whoever looks for another one reads; empty where nobody has failed."""
    return f"曾未能提供服务: {'、'.join(failed)}" if failed else ""
