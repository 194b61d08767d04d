"""The stories the demo can tell, by the number of their programme in the specification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from demo import story_one, story_p02, story_p04, story_p15, story_p19, story_p20, story_p21
from demo.house import GUEST, Guest


@dataclass(frozen=True)
class Tale:
    """One story: whose it is, when it begins, who tells it, and what it costs the customer."""

    title: str
    guest: Guest
    begins: str
    story: Callable[..., Any]
    cash_fen: int = 0
    own_share: bool = False
    unit: str | None = None
    """What became of the unit of a booking's quota; None where no unit is counted."""


TALES: Final[dict[str, Tale]] = {
    "P01": Tale(
        "住院免押金 · 客户某甲 / a hospital stay without a deposit",
        GUEST,
        story_one.BEGINS,
        story_one.StoryOne,
    ),
    "P02": Tale(
        "住院垫付 · 双审与院后服务 / an advance that two people sign",
        story_p02.GUEST,
        story_p02.BEGINS,
        story_p02.StoryP02,
        cash_fen=372_804,
    ),
    "P04": Tale(
        "专家门诊 · 三选一、取消与陪诊 / an expert's appointment, given up, asked for again",
        story_p04.GUEST,
        story_p04.BEGINS,
        story_p04.StoryP04,
        unit="consumed",
    ),
    "P15": Tale(
        "急诊手术绿色通道 · 国庆假期凌晨 / an operation at night, nobody's papers asked for",
        story_p15.GUEST,
        story_p15.BEGINS,
        story_p15.StoryP15,
    ),
    "P19": Tale(
        "重疾住院费用垫付 · 拒赔与归还 / an advance, a denied claim, repayment",
        story_p19.GUEST,
        story_p19.BEGINS,
        story_p19.StoryP19,
        cash_fen=story_p19.BILL_FEN,
    ),
    "P20": Tale(
        "住院直付 / a bill paid directly",
        story_p20.GUEST,
        story_p20.BEGINS,
        story_p20.StoryP20,
        own_share=True,
    ),
    "P21": Tale(
        "重大疾病一日赔付 / a critical illness paid in one day",
        story_p21.GUEST,
        story_p21.BEGINS,
        story_p21.StoryP21,
    ),
}


def tale_of(programme: str) -> Tale | None:
    """A story by `P02` or by its programme's code; None where none is told."""
    known = {tale.guest.programme: tale for tale in TALES.values()} | TALES
    return known.get(programme) or known.get(programme.upper())
