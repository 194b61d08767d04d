"""Records every history anew, on purpose: `python cli.py replay --record`.

Do it after a change that old cases need not survive, and say in the commit why they need not: a
replay that fails is a case in the field that would stand still.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.encryption.codec import PayloadCodec
from adapters.encryption.keys import KeyRing
from adapters.servers.processes import free_ports
from adapters.servers.temporal import TemporalServer
from adapters.settings import Settings
from adapters.temporal import runtime
from tests.replay import histories
from tests.replay.stories import STORIES
from tests.workflows.conftest import Case
from tests.workflows.impatient import ImpatientServer

BROKEN = ("DepositWaiver.declined", "turn_page", "write_page")
"""The history that must fail: the one of this story, with an activity of another name."""


async def main() -> int:
    """Tell every story on a real server and keep its history."""
    async with _server(TemporalServer) as calm, _server(ImpatientServer) as impatient:
        for name, story in STORIES.items():
            settings = impatient if story.many_runs else calm
            async with story.opener(settings)() as case:
                await story.tell(case)
                path = histories.RECORDED / f"{name}.json"
                await _keep(case, settings, path)
                print(name, path.stat().st_size)  # noqa: T201 - a command speaks
    _break()
    return 0


async def _keep(case: Case, settings: Settings, path: Path) -> None:
    first = case.time.client.get_workflow_handle(
        case.case_id, run_id=case.handle.first_execution_run_id
    )
    codec = PayloadCodec(KeyRing(settings.key_ring))
    await histories.write(path, await first.fetch_history(), codec)


def _break() -> None:
    name, before, after = BROKEN
    source = (histories.RECORDED / f"{name}.json").read_text(encoding="utf-8")
    broken = source.replace(f'"name": "{before}"', f'"name": "{after}"', 1)
    (histories.MUST_FAIL / f"{name}.json").write_text(broken, encoding="utf-8")


@asynccontextmanager
async def _server(kind: type[TemporalServer]) -> AsyncIterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        ports = free_ports(2)
        values: dict[str, Any] = {"temporal_port": ports[0], "temporal_ui_port": ports[1]}
        settings = Settings(var=Path(folder), **values)
        server = kind(settings)
        try:
            yield settings.model_copy(update={"temporal_address": await server.start()})
        finally:
            await server.stop()


if __name__ == "__main__":
    raise SystemExit(runtime.run(main))
