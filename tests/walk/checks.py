"""What must hold after every beat of a walk, and when a case has ended."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from activities.ports.cases import Balances, CasePage, NoticeOrder
from domain.clock import Clock
from domain.money import parse_fen

ASKED: Final = frozenset({"repayment_demand", "repayment_reminder"})
"""Notices in which the customer is asked for money."""
_AMOUNT: Final = re.compile(r"([0-9]+\.[0-9]{2})元")


class Wrong(AssertionError):
    """Something that must hold does not."""


def conserved(balances: Balances) -> None:
    """Money is moved, never made."""
    total = sum(
        (
            balances.payer_cash,
            balances.hospital_deposit,
            balances.advance_outstanding,
            balances.claim_payable,
            balances.customer_cash,
            balances.written_off,
        )
    )
    if total:
        raise Wrong(f"the books add up to {total}")


def at_zero(balances: Balances) -> None:
    """Nobody owes anybody anything."""
    left = {name: fen for name, fen in balances.model_dump().items() if fen}
    if left:
        raise Wrong(f"the case ended with {left}")


def page_agrees(page: CasePage, balances: Balances) -> None:
    """What the casebook shows as outstanding stands in the ledger."""
    booked = max(0, balances.hospital_deposit + balances.advance_outstanding)
    if page.outstanding_fen != booked:
        raise Wrong(f"page {page.page} shows {page.outstanding_fen} outstanding, booked {booked}")


def owed(notices: Iterable[NoticeOrder], balances: Balances) -> None:
    """The customer is asked for no more than the ledger says is owed."""
    for notice in notices:
        if notice.template not in ASKED:
            continue
        [amount] = _AMOUNT.findall(notice.text)
        if parse_fen(amount) > balances.advance_outstanding:
            raise Wrong(f"{notice.text}, owed are {balances.advance_outstanding} fen")


def promises_told(clocks: Iterable[Clock], now: datetime) -> None:
    """A promise whose due moment has passed is kept, dropped, or recorded as broken."""
    for clock in clocks:
        if clock.is_open and clock.due_at < now and clock.breached_at is None:
            raise Wrong(f"{clock.instance} was due {clock.due_at}, now {now}: nobody told")
