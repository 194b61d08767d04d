"""The record of one case: whatever changed between two waits becomes one page.

One activity writes a page into the casebook and one upsert moves the search attributes, so that
the page, the worklist and the Temporal UI agree. Who changes what is the desk's and the story's.
"""

from __future__ import annotations

from collections.abc import Callable

from activities.books import KeepBooks
from activities.ports.cases import CasePage, NoticeOrder
from domain.money import spoken
from domain.waiver import STAGE_NAMES
from workflows import cockpit
from workflows.cases.case import CaseState
from workflows.scribe import Scribe


class Record(Scribe[CasePage]):
    """Turns the pages of one case."""

    def __init__(
        self, state: CaseState, *, hospital: str, unsent: Callable[[NoticeOrder], None]
    ) -> None:
        super().__init__(state, verb=KeepBooks.turn_page)
        self._state = state
        self._hospital = hospital
        self._unsent = unsent

    def _standing(self) -> dict[str, object]:
        state = self._state
        # An ended case that moved money may hear of more: what it knows is kept with its last page.
        carried = None
        if state.ended and state.payments:
            carried = state.model_dump(mode="json", exclude={"calendar", "unwritten"})
        return super()._standing() | {
            "carried": carried,
            "reason": state.reason,
            "limit_fen": state.limit_fen,
            "advanced_fen": state.advanced_fen,
            "outstanding_fen": state.outstanding_fen,
            "owed_fen": state.owed_fen,
            "discharge_on": state.discharge.discharge_on if state.discharge else None,
            "claim_state": state.claim_state,
            "team": state.team,
        }

    @property
    def _stage_name(self) -> str:
        return STAGE_NAMES[self._state.stage]

    def _values(self) -> dict[str, object]:
        return super()._values() | {
            cockpit.OUTSTANDING_FEN.name: self._state.outstanding_fen,
        }

    def _details(self) -> str:
        return current_details(self._state, hospital=self._hospital)

    async def _turn(self, page: CasePage) -> None:
        unsent = await super()._turn(page)
        for notice in page.notices:
            if notice.notice_id in unsent:
                self._unsent(notice)


def current_details(state: CaseState, *, hospital: str) -> str:
    """The case on one page, in Markdown: stage, hospital, who must act by when, clocks, money.

    The money is a list: the UI draws tables without space between their cells.
    """
    sums = {
        "额度": spoken(state.limit_fen) if state.limit_fen else "—",
        "付款中": spoken(state.on_the_way_fen),
        "已垫付": spoken(state.advanced_fen),
        "未收回": spoken(state.outstanding_fen),
        "客户应还": spoken(state.owed_fen),
    }
    money = "\n".join(f"- {name}: **{amount}**" for name, amount in sums.items())
    told = cockpit.waiting_details(state, sums=f"### 资金\n\n{money}\n\n")
    return f"## {STAGE_NAMES[state.stage]} `{state.stage.value}`\n\n{hospital}\n\n{told}"
