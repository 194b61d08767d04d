"""What alembic runs: the migrations, on the connection and in the transaction handed to it."""

from __future__ import annotations

from alembic import context

import adapters.tables_booking
import adapters.tables_calendar
import adapters.tables_door
import adapters.tables_enquiry
import adapters.tables_entitlement
import adapters.tables_family
import adapters.tables_ledger
import adapters.tables_lists
import adapters.tables_outbox
import adapters.tables_papers
import adapters.tables_rescue
import adapters.tables_roster
import adapters.tables_states  # noqa: F401 - they stand on the same metadata
from adapters.tables import METADATA

connection = context.config.attributes["connection"]
if connection is None:
    raise RuntimeError("migrations run through adapters.migrations.run.migrate")
context.configure(connection=connection, target_metadata=METADATA, compare_server_default=True)
context.run_migrations()
