"""A worker for the skeleton alone, as one writes it on a first day: every setting a default."""

from __future__ import annotations

import asyncio
import sys

from temporalio.client import Client
from temporalio.worker import Worker

from adapters.temporal import runtime
from bench.skeleton import TASK_QUEUE, Skeleton, nothing


async def main() -> None:
    """Work at the address given as the first argument until told to stop."""
    client = await Client.connect(sys.argv[1])
    async with Worker(client, task_queue=TASK_QUEUE, workflows=[Skeleton], activities=[nothing]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(runtime.run(main))
