"""Papers that count once: those that were paid back, and the slips of deposits.

The number of a paper that was paid back stands here only as a keyed hash: a ticket's number leads
to a journey.
"""

from __future__ import annotations

from sqlalchemy import Index, Table

from adapters.tables.cases import METADATA, codes, key, moment, of_case, of_matter, text_column

paid_papers = Table(
    "paid_papers",
    METADATA,
    key("programme"),
    key("kind"),
    key("number_hash"),
    of_matter(),
    moment("at"),
    Index(None, "case_id"),
)

deposit_slips = Table(
    "deposit_slips",
    METADATA,
    key("movement_id"),
    of_case(),
    text_column("receipt_no"),  # as it was read off the slip
    codes("pictures"),  # SHA-256 of their bytes
    Index(None, "receipt_no"),
    Index(None, "pictures", postgresql_using="gin"),
)
