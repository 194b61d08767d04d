"""What alembic runs: the migrations, on the connection and in the transaction handed to it."""

from __future__ import annotations

from alembic import context

import adapters.tables.booking
import adapters.tables.calendar
import adapters.tables.door
import adapters.tables.enquiry
import adapters.tables.entitlement
import adapters.tables.family
import adapters.tables.ledger
import adapters.tables.lists
import adapters.tables.outbox
import adapters.tables.papers
import adapters.tables.policy_end
import adapters.tables.rescue
import adapters.tables.roster
import adapters.tables.searched
import adapters.tables.states
import adapters.tables.talk  # noqa: F401 - they stand on the same metadata
from adapters.tables.cases import METADATA

connection = context.config.attributes["connection"]
if connection is None:
    raise RuntimeError("migrations run through adapters.migrations.run.migrate")
context.configure(connection=connection, target_metadata=METADATA, compare_server_default=True)
context.run_migrations()
