"""Temporal's development server with its Web UI, from a wheel, with its SQLite file under `var`.

The same server as the real one, in one process. `up` and `demo` use it when no TEMPORAL_ADDRESS
is set.
"""

import asyncio
import os
import shutil
import signal
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.servers.processes import Child, StartFailed, dying_with_us, refuse_taken
from adapters.settings import Settings

NAMESPACE = "default"
RETENTION = timedelta(days=90)  # as docker-compose.yml sets it; the books keep cases for good
READY_WITHIN = 60.0  # seconds; usually 0.2


class TemporalServer:
    """One development server: `start` gives its address, `stop` ends it cleanly."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = settings.var / "temporal.db"
        self.address = f"127.0.0.1:{settings.temporal_port}"
        self.child = Child(
            name="temporal",
            command=[],
            log=settings.var / "log" / "temporal.log",
            env=_environment(),
            pid_file=settings.var / "run" / "temporal.pid",
            marker=str(self.database),
        )

    async def start(self) -> str:
        """Start the server and wait until its namespace answers. Raises StartFailed."""
        await self.child.stop_leftover()  # before the ports are looked at: it may hold them
        refuse_taken(self.settings.temporal_port, "GREENLANE_TEMPORAL_PORT")
        refuse_taken(self.settings.temporal_ui_port, "GREENLANE_TEMPORAL_UI_PORT")
        self.child.command = self._command()
        await self.child.start()
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not await self._answers():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise StartFailed(
                f"Temporal was not ready in {READY_WITHIN:.0f} s:\n{self.child.last_words()}"
            ) from None
        await self._keep_closed_cases()
        return self.address

    async def _keep_closed_cases(self) -> None:
        """A development server forgets what has ended after a day; people look back longer."""
        client = await Client.connect(self.address, namespace=NAMESPACE)
        config = NamespaceConfig()
        config.workflow_execution_retention_ttl.FromTimedelta(RETENTION)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=NAMESPACE, config=config)
        )

    async def stop(self) -> None:
        await self.child.stop()

    def _command(self) -> list[str]:
        settings = self.settings
        command = [*dying_with_us(signal.SIGTERM), str(_binary()), "server", "start-dev"]
        command += ["--db-filename", str(self.database)]
        command += ["--ip", "127.0.0.1", "--port", str(settings.temporal_port)]
        command += ["--ui-port", str(settings.temporal_ui_port)]
        # The UI's browser decodes through our door; nothing readable is stored in Temporal.
        command += ["--ui-codec-endpoint", f"{settings.api_url}/codec"]
        command += ["--ui-disable-news-fetch", "--log-level", "error"]
        # The demo tells six weeks in a minute: it lets the server skip a case's own waiting time.
        # Only a request that asks for it moves time; other cases keep theirs.
        command += ["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"]
        # One server has one clock: the second by which timers may come late, so that the clocks of
        # several servers may differ, would be waited for at each step of a told story.
        command += ["--dynamic-config-value", 'history.timerProcessorMaxTimeShift="100ms"']
        return command

    async def _answers(self) -> bool:
        if not self.child.running:
            raise StartFailed(f"Temporal stopped at its start:\n{self.child.last_words()}")
        try:
            client = await Client.connect(self.address, namespace=NAMESPACE)
            count = await client.count_workflows()
        except (RPCError, RuntimeError):  # not listening yet; no namespace yet
            return False
        return count.count >= 0


def _binary() -> Path:
    """The CLI of the wheel, beside our interpreter; else the one on the PATH."""
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise StartFailed("the `temporal` program is missing; run: make install")
    return Path(found)


def _environment() -> dict[str, str]:
    """TEMPORAL_* variables speak to clients; the server must not take them for its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
