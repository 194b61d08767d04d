"""Who has let a customer down is not named again for the same booking, unless somebody says why.

A doctor who did not come, an expert who could not write, a laboratory that refused: another one is
looked for. Where there is nobody else, or the customer wants the same one on another day, whoever
names them writes the reason down.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

AGAIN_WHY: Final = "该人员或机构曾未能为本预约提供服务, 请另行安排; 如仍须安排, 请说明原因"


def is_named_again(who: str | None, failed: Collection[str], *, because: str) -> bool:
    """Whether somebody is named who has failed before, and nobody says why."""
    return who is not None and who in failed and not because.strip()


def left_out(failed: Collection[str]) -> str:
    """What whoever looks for another one reads; empty where nobody has failed."""
    return f"曾未能提供服务: {'、'.join(failed)}" if failed else ""
