"""What a supervisor reads of a case in the Temporal UI."""

from __future__ import annotations

from tests.builders import a_case, civil
from workflows.case import CaseState
from workflows.cockpit import current_details


def test_no_limit_is_shown_before_somebody_has_fixed_it() -> None:
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    assert "| — | 0.00 元 |" in current_details(state)
    state.limit_fen = 50_000_000
    assert "| 500,000.00 元 |" in current_details(state)
