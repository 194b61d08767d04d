"""Taking the papers of a journey, so that each is paid back once; safe to repeat."""

from __future__ import annotations

from temporalio import activity

from activities.ports.bookings import PaperPort, PapersPaid


class TakePapers:
    """The verb of the papers."""

    def __init__(self, *, papers: PaperPort) -> None:
        self._papers = papers

    @activity.defn(name="take_papers")
    async def take(self, papers: PapersPaid) -> list[str]:
        """Take papers for a booking, all or none; the numbers another booking has."""
        return await self._papers.take(papers)
