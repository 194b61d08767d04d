"""Each way a partner can misbehave, at every verb that calls one, followed to the case's end.

One stay of P01 orders, looks up, takes back and pays out, orders visits, moves and calls them off,
sends messages and files a claim; the fault strikes each of these once. Then the partner's own books
have every amount once, ours agree and are at zero, and nobody waits for what nobody does.
"""

from __future__ import annotations

from typing import Any

import pytest

from activities.ports.cases import PaymentStatus
from tests.faults.wired import RESIDUAL, TOP_UPS, WiredStay, a_stay
from tests.simulator_process import Listener, Simulator

VERBS: dict[str, tuple[str, str]] = {
    "pay": ("payment", "pay"),
    "query": ("payment", "query"),
    "cancel": ("payment", "cancel"),
    "payout": ("payment", "payout"),
    "order": ("nurse", "order"),
    "change": ("nurse", "change"),
    "call off": ("nurse", "cancel"),
    "send": ("message", "send"),
    "file": ("claims", "file"),
}
"""The verbs that call a partner, and what they are there."""

FAULTS: dict[str, dict[str, Any]] = {
    "refuse": {"fault": "refuse"},
    "refuse, and say so later": {"fault": "refuse", "seconds": 0.2},
    "too slow": {"fault": "delay", "seconds": 0.6},
    "timeout after success": {"fault": "timeout_after_success"},
    "timeout three times": {"fault": "timeout_after_success", "times": 3},
    "told twice": {"fault": "answer_twice"},
    "late": {"fault": "answer_late", "seconds": 0.2},
    "5xx": {"fault": "error_first"},
    "5xx for a while": {"fault": "error_first", "times": 4},
    "garbage": {"fault": "garbage"},
}
P01 = 1
"""A seed that draws P01."""


def _spared(simulator: Simulator, times: int) -> list[str]:
    """The verbs whose fault has never struck."""
    left = simulator.http.get("/faults").json()
    whole = [(one["partner"], one["operation"]) for one in left if one["times"] == times]
    return [verb for verb, where in VERBS.items() if where in whole]


def _holds(stay: WiredStay) -> None:
    """What a walk does not know: that this stay got all it asked for, and nobody was dunned."""
    books = stay.scene.books
    states = {one.requested_fen: one.state.value for one in books.top_ups.values()}
    assert states == dict.fromkeys(TOP_UPS, "paid")
    paid = [one for one in books.payments.values() if one.status is PaymentStatus.PAID]
    assert sorted(one.amount_fen for one in paid if one.reason == "top_up") == sorted(TOP_UPS)
    assert any(one.reason == "payout" and one.amount_fen >= RESIDUAL for one in paid)
    assert "repayment_demand" not in {notice.template for notice in books.told}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_every_verb_leaves_books_that_agree(
    simulator: Simulator, listener: Listener, name: str
) -> None:
    stay = a_stay(P01, f"f{list(FAULTS).index(name)}x", simulator, listener)
    for partner, operation in VERBS.values():
        simulator.switch_on(partner, operation, **FAULTS[name])
    if "timeout" not in name:
        # Else nobody would have to ask what became of a payment.
        simulator.switch_on("payment", "pay", "timeout_after_success")
    stay.live()
    _holds(stay)
    assert _spared(simulator, FAULTS[name].get("times", 1)) == []


def test_partners_that_cannot_be_reached_are_asked_until_they_can(
    simulator: Simulator, listener: Listener
) -> None:
    stay = a_stay(P01, "away", simulator, listener)
    simulator.switch_on("payment", "pay", "timeout_after_success")
    stay.away.update(dict.fromkeys(VERBS, 3))
    stay.live()
    _holds(stay)
    assert not any(stay.away[verb] for verb in VERBS if verb != "change")


def test_results_that_come_in_the_wrong_order_are_each_booked_once(
    simulator: Simulator, listener: Listener
) -> None:
    stay = a_stay(P01, "order", simulator, listener)
    simulator.switch_on("payment", "pay", "answer_late", seconds=0.1, times=None)
    stay.backwards()
    stay.live()
    _holds(stay)
