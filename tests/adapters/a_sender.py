"""A process that only sends webhooks, for a test that kills it: `a_sender.py DATABASE_URL`."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from adapters.database import open_database
from adapters.webhooks.outbox import Outbox
from adapters.webhooks.postman import Postman
from tests.fixtures.cases import a_sealer


async def main(database_url: str) -> None:
    outbox = Outbox(open_database(database_url), a_sealer())
    await Postman(outbox, lease=timedelta(seconds=2), look_every_s=0.02).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
