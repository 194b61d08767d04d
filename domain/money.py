"""Money in integer fen.

An amount inside greenlane is an `int` of fen (1/100 RMB); floats never enter. On the wire an amount
is a decimal string with two places and its currency (`design: money`). What an amount is *for* is
said elsewhere: limits in `domain.programmes.programme`, movements in `domain.posting`.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_FEN: Final = 2**63 - 1
"""The largest amount a PostgreSQL bigint holds; anything beyond is refused at the door."""

_WIRE_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,16})\.[0-9]{2}", re.ASCII)

MONEY_FORM: Final = r"^(0|[1-9][0-9]{0,16})\.[0-9]{2}$"
MONEY_TOLD: Final = "金额须为两位小数的非负数字串, 例如 50000.00"
"""The form of an amount on the wire, and how a refusal says it."""

Fen = Annotated[int, Field(strict=True, ge=0, le=MAX_FEN)]
"""A non-negative amount in fen."""

PositiveFen = Annotated[int, Field(strict=True, gt=0, le=MAX_FEN)]
"""An amount in fen that moves: never zero, never negative."""


class AmountRefused(ValueError):
    """The text is no amount of money: sign, decimals, size or form is wrong."""


def parse_fen(text: str) -> int:
    """Read a wire amount such as ``"50000.00"`` as fen; raises `AmountRefused` with the reason."""
    if not _WIRE_AMOUNT.fullmatch(text):
        raise AmountRefused(MONEY_TOLD)
    fen = int(text.replace(".", ""))
    if fen > MAX_FEN:
        raise AmountRefused("金额超出可记账的范围")
    return fen


def format_fen(fen: int) -> str:
    """Write fen as a wire amount: ``5_000_000`` becomes ``"50000.00"``."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan}.{rest:02d}"


def spoken(fen: int) -> str:
    """Write fen as a person reads it on a screen: ``5_000_000`` becomes ``"50,000.00 元"``."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan:,}.{rest:02d} 元"


class Money(BaseModel):
    """An amount as it crosses the wire."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Annotated[
        str,
        Field(pattern=MONEY_FORM, max_length=20, examples=["50000.00"]),
    ]
    currency: Literal["CNY"] = "CNY"

    @classmethod
    def of(cls, fen: int) -> Money:
        """The wire form of an amount in fen."""
        return cls(amount=format_fen(fen))

    @property
    def fen(self) -> int:
        """The amount in fen; raises `AmountRefused` beyond 64 bits."""
        return parse_fen(self.amount)
