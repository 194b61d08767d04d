"""The record of one case: whatever changed between two waits becomes one page.

One activity writes a page into the casebook and one upsert moves the search attributes, so that
the page, the worklist and the Temporal UI agree. Who changes what is the desk's and the story's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.books import KeepBooks
from activities.ports import CasePage, NoticeOrder
from domain.waiver import STAGE_NAMES
from workflows import cockpit
from workflows.case import CaseState

BOOKS_WITHIN: Final = timedelta(seconds=15)
"""One page is a handful of rows; longer means the database is away, and we try again."""
BOOKS_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30)
)
"""Without end: the record must be written, and a database comes back."""

HOPS: Final = 8
"""Turns of the event loop before a page is taken: what woke the record also woke the story, and the
story should have said all it has to say about it, so that one beat becomes one page."""


class Record:
    """Turns the pages of one case."""

    def __init__(self, state: CaseState, *, unsent: Callable[[NoticeOrder], None]) -> None:
        self._state = state
        self._unsent = unsent
        self._closing = False
        self._writing = False
        self._held = 0
        self._shown: dict[str, object] = {}

    @property
    def written(self) -> bool:
        """Whether everything so far stands in the casebook."""
        return self._state.unwritten is None and not self._writing

    def close(self) -> None:
        """Let `keep` return once everything is written."""
        self._closing = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the page open while a partner is asked: its answer then stands on the same page."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    async def keep(self) -> None:
        """Turn a page whenever something is unwritten, one page at a time."""
        while not (self._closing and self.written):
            await workflow.wait_condition(
                lambda: self._closing or (self._held == 0 and not self.written)
            )
            for _ in range(HOPS):
                await asyncio.sleep(0)
            page = None if self._held else self._take_page()
            if page is not None:
                self._writing = True
                await self._turn(page)
                self._writing = False

    def _take_page(self) -> CasePage | None:
        page, self._state.unwritten = self._state.unwritten, None
        if page is None:
            return None
        state = self._state
        state.pages = page.page
        return page.model_copy(
            update={
                "stage": state.stage,
                "reason": state.reason,
                "awaiting": state.awaiting,
                "sla_state": cockpit.sla_state(state),
                "next_due_at": cockpit.next_due_at(state),
                "limit_fen": state.limit_fen,
                "advanced_fen": state.advanced_fen,
                "outstanding_fen": state.outstanding_fen,
                "owed_fen": state.owed_fen,
                "discharge_on": state.discharge.discharge_on if state.discharge else None,
                "claim_state": state.claim_state,
                "team": state.team,
            }
        )

    async def _turn(self, page: CasePage) -> None:
        self._show()
        unsent = await workflow.execute_activity_method(
            KeepBooks.turn_page,
            page,
            start_to_close_timeout=BOOKS_WITHIN,
            retry_policy=BOOKS_RETRY,
            summary=f"第{page.page}页 {STAGE_NAMES[page.stage]}",
        )
        for notice in page.notices:
            if notice.notice_id in unsent:
                self._unsent(notice)

    def _show(self) -> None:
        """Bring the Temporal UI up to date: one upsert of what changed, and the details page."""
        values = cockpit.attribute_values(self._state)
        changed = {key: value for key, value in values.items() if self._shown.get(key) != value}
        if changed:
            workflow.upsert_search_attributes(cockpit.updates(changed))
            self._shown.update(changed)
        workflow.set_current_details(cockpit.current_details(self._state))
