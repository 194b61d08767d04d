"""The scribe of a matter: whatever changed between two waits becomes one page, in order.

Which page it is and who writes it into which book is the matter's own (`workflows.cases.record`
for a case). The scribe also keeps the search attributes in step with the page.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows import cockpit
from workflows.matter import MatterState

BOOKS_WITHIN: Final = timedelta(seconds=15)
"""One page is a handful of rows; longer means the database is away, and we try again."""
BOOKS_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30)
)
"""Without end: the record must be written, and a database comes back."""

ROUNDS: Final = 4
"""How often everybody who waits is asked again before a page is taken: what woke the record also
woke the story, and what the story does wakes others; so one beat becomes one page."""

P = TypeVar("P")


class Scribe(ABC, Generic[P]):
    """Turns the pages of one matter."""

    def __init__(self, state: MatterState, *, verb: Callable[[Any, P], Awaitable[Any]]) -> None:
        """`verb` is the activity that writes a page of this kind into its book."""
        self._matter = state
        self._verb = verb
        self._closing = False
        self._writing = False
        self._held = 0
        self._shown: dict[str, object] = {}

    @property
    @abstractmethod
    def _stage_name(self) -> str:
        """Where the matter stands, as people read it."""

    @abstractmethod
    def _details(self) -> str:
        """The matter on one page, in Markdown, for whoever looks at it in the Temporal UI."""

    def _values(self) -> dict[str, object]:
        """The changing search attributes as they are now."""
        stage = {cockpit.STAGE.name: self._matter.stage.value}
        return stage | cockpit.waiting_values(self._matter)

    async def _turn(self, page: P) -> Any:
        """Write the page, and return what its book says to it."""
        self._show(self._values(), self._details())
        return await workflow.execute_activity_method(
            self._verb,
            page,
            start_to_close_timeout=BOOKS_WITHIN,
            retry_policy=BOOKS_RETRY,
            summary=f"第{self._matter.pages}页 {self._stage_name}",
        )

    @property
    def written(self) -> bool:
        """Whether everything so far stands in the record."""
        return self._matter.unwritten is None and not self._writing

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
            for _ in range(ROUNDS):
                await workflow.wait_condition(lambda: True)
            page = None if self._held else self._take_page()
            if page is not None:
                self._writing = True
                await self._turn(page)
                self._writing = False

    def _take_page(self) -> P | None:
        """The open page, completed with where the matter stands now; None if nothing changed."""
        page, self._matter.unwritten = self._matter.unwritten, None
        if page is None:
            return None
        self._matter.pages = page.page
        whole: P = page.model_copy(update=self._standing())
        return whole

    def _standing(self) -> dict[str, object]:
        """What a page says of the matter's own row; a kind of matter adds what only it has."""
        return {
            "stage": self._matter.stage,
            "awaiting": self._matter.awaiting,
            "sla_state": cockpit.sla_state(self._matter),
            "next_due_at": cockpit.next_due_at(self._matter),
        }

    def _show(self, values: dict[str, object], details: str) -> None:
        """Bring the Temporal UI up to date: one upsert of what changed, and the details page."""
        changed = {key: value for key, value in values.items() if self._shown.get(key) != value}
        if changed:
            workflow.upsert_search_attributes(cockpit.updates(changed))
            self._shown.update(changed)
        workflow.set_current_details(details)
