"""The schema: built by migrations, equal to what the queries name, and guarded by the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

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
import adapters.tables.talk  # noqa: F401 - all stand on the same metadata
from adapters.migrations.run import migrate, newest, revision
from adapters.tables.cases import METADATA

NOW = "2026-05-06T00:40:00+00:00"


def test_an_empty_database_reaches_the_newest_revision_and_a_second_run_changes_nothing(
    empty_database_url: str,
) -> None:
    assert revision(empty_database_url) == ""
    assert migrate(empty_database_url) == newest()
    assert migrate(empty_database_url) == newest()
    assert revision(empty_database_url) == newest() != ""


def test_two_processes_that_migrate_at_once_take_turns(empty_database_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        reached = list(pool.map(migrate, [empty_database_url] * 2))
    assert reached == [newest()] * 2


def test_the_migrations_build_exactly_the_tables_the_queries_name(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


@pytest.mark.parametrize("table", ["transfers", "timeline", "audit", "limits"])
@pytest.mark.parametrize("act", ["UPDATE {} SET case_id = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("mode", ["origin", "replica"])
async def test_what_only_grows_refuses_every_change(
    database: AsyncEngine, table: str, act: str, mode: str
) -> None:
    statement = act.format(table) + (" CASCADE" if act.startswith("TRUNCATE") else "")
    async with database.connect() as connection:
        await connection.execute(text(f"SET LOCAL session_replication_role = {mode}"))
        with pytest.raises(DBAPIError, match="only grows"):
            await connection.execute(text(statement))


async def test_a_failure_of_the_driver_repeats_no_value_of_the_row(database: AsyncEngine) -> None:
    secret = "110101199003070715"
    insert = text(
        "INSERT INTO hospitals (id, province, name, updated_at) VALUES (:id, 'p', :id, :at)"
    )
    async with database.begin() as connection:
        await connection.execute(insert, {"id": secret, "at": NOW})
    async with database.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(insert, {"id": secret, "at": NOW})
    failure: BaseException | None = caught.value
    said = []
    while failure is not None:
        said += [str(failure), repr(failure)]
        failure = failure.__cause__ or failure.__context__
    assert "duplicate key" in said[0]
    assert not [line for line in said if secret in line]
