"""The table of papers that were paid back: a paper is paid back once, whoever hands it in again.

A number stands here only as a keyed hash: a ticket's number leads to a journey.
"""

from __future__ import annotations

from sqlalchemy import Index, Table

from adapters.tables.cases import METADATA, key, moment, of_matter

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
