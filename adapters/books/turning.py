"""One page, one transaction; a page that is refused is told to a supervisor.

A story that tells another page under a number that stands has been reset further back than its
books: its matter stands still until somebody brings the run before back
(docs/decisions/cancel-requests.md).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.house import HouseTask
from adapters.books.pages import AnyPage, PageConflict
from adapters.encryption.keys import Sealer
from adapters.house import HouseRows
from domain.steps.kinds import Evidence, TaskKind


@asynccontextmanager
async def turning(
    engine: AsyncEngine, sealer: Sealer, page: AnyPage
) -> AsyncIterator[AsyncConnection]:
    """The transaction a page is written in."""
    try:
        async with engine.begin() as connection:
            yield connection
    except PageConflict:
        async with engine.begin() as connection:
            await HouseRows(connection, sealer).ask(_refused(page))
        raise


def _refused(page: AnyPage) -> HouseTask:
    return HouseTask(
        about=f"page_refused {page.matter_id}",
        subject=page.matter_id,
        kind=TaskKind.BREACH,
        at=page.at,
        evidence=Evidence(
            ours=f"第 {page.page} 页已有其他内容, 未写入, 流程停在此处",
            theirs="流程可能被重置到过早的时点",
        ),
    )
