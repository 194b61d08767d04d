"""Whether more of a person than the minimum may leave the house, and for whom.

Every recipient gets what it cannot do without, and no body has room for more. What tells of an
illness goes along only where the customer agreed, the programme's file names such a recipient, and
that one is bound to keep it to itself (R424, R484-R486). Why it stays here is said by a code.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from domain.programmes.offer import DataRecipient


class Withheld(StrEnum):
    """Why the details stay in the house."""

    NO_CONSENT = "no_consent"
    NO_CLAUSE = "no_clause"  # the programme names no such recipient
    NOT_BOUND = "not_bound"  # it does, but nothing binds it to confidentiality
    OTHER_WAY = "other_way"  # it does, but only by a form that a person sends


WITHHELD_NAMES: Final = {
    Withheld.NO_CONSENT: "客户未同意共享",
    Withheld.NO_CLAUSE: "项目未约定共享",
    Withheld.NOT_BOUND: "接收方不受保密约束",
    Withheld.OTHER_WAY: "项目约定以邮件表格提供",
}

HOSPITAL_DESK: Final = frozenset({"provider", "medical_institution"})
"""Whom a programme's file must name before hospitals read a complaint over the wire."""


def withheld(
    clauses: Iterable[DataRecipient], recipients: frozenset[str], *, consented: bool
) -> Withheld | None:
    """Why details do not go to recipients of these kinds; None where they may."""
    if not consented:
        return Withheld.NO_CONSENT
    named = [clause for clause in clauses if clause.who in recipients]
    if not named:
        return Withheld.NO_CLAUSE
    bound = [clause for clause in named if clause.confidentiality]
    if not bound:
        return Withheld.NOT_BOUND
    if all(clause.way == "email_form" for clause in bound):
        return Withheld.OTHER_WAY
    return None
