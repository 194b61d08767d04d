"""The embedded servers for real: started, killed, started again with their data, side by side."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from temporalio.client import Client

from adapters.encryption import keyfiles
from adapters.servers.processes import Child, StartFailed, free_ports, keep_running, refuse_taken
from adapters.servers.stack import is_owned, stack
from adapters.settings import ROOT, Settings

pytestmark = pytest.mark.xdist_group("embedded")  # ports are chosen, then taken


@pytest.fixture(autouse=True)
def _no_given_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about servers of our own, also where others are given."""
    for name in [*os.environ]:
        if name == "DATABASE_URL" or name.startswith("TEMPORAL_"):
            monkeypatch.delenv(name)


def some_settings(var: Path) -> Settings:
    temporal, ui, api, simulator = free_ports(4)
    return Settings(
        var=var,
        temporal_port=temporal,
        temporal_ui_port=ui,
        api_port=api,
        simulator_port=simulator,
    )


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def known_workflows(address: str) -> int:
    client = await Client.connect(address)
    return (await client.count_workflows()).count


async def test_data_survives_a_clean_stop_and_a_kill_of_both_servers(tmp_path: Path) -> None:
    settings = some_settings(tmp_path / "var")
    async with stack(settings) as first:
        url = first.settings.libpq_url
        rows(url, "CREATE TABLE kept (word text)")
        rows(url, "INSERT INTO kept VALUES ('one')")
        client = await Client.connect(first.settings.temporal_target)
        await client.start_workflow("Waiting", id="case-1", task_queue="nobody")
        assert is_owned(settings)
    assert not is_owned(settings)
    with pytest.raises(psycopg.OperationalError):
        rows(url, "SELECT 1")

    async with stack(settings) as second:
        rows(url, "INSERT INTO kept VALUES ('two')")
        for child in second.children:
            assert child.process is not None
            child.process.kill()
            await child.ended()

    async with stack(settings) as third:
        assert rows(url, "SELECT word FROM kept ORDER BY word") == [("one",), ("two",)]
        client = await Client.connect(third.settings.temporal_target)
        described = await client.get_workflow_handle("case-1").describe()
        assert described.workflow_type == "Waiting"


async def test_two_copies_run_side_by_side(tmp_path: Path) -> None:
    one, other = some_settings(tmp_path / "one"), some_settings(tmp_path / "other")
    async with stack(one) as first, stack(other) as second:
        rows(first.settings.libpq_url, "CREATE TABLE only_here (i int)")
        found = rows(second.settings.libpq_url, "SELECT to_regclass('only_here')")
        assert found == [(None,)]
        assert first.settings.temporal_target != second.settings.temporal_target


async def test_a_second_command_in_the_folder_borrows_the_servers(tmp_path: Path) -> None:
    settings = some_settings(tmp_path / "var")
    async with stack(settings) as owner:
        async with stack(settings) as guest:
            assert guest.borrowed
            assert guest.children == []
            assert guest.settings.libpq_url == owner.settings.libpq_url
        assert rows(owner.settings.libpq_url, "SELECT 1") == [(1,)]
        assert await known_workflows(owner.settings.temporal_target) == 0


async def test_a_deep_folder_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    settings = some_settings(tmp_path / ("deep" * 20) / ("er" * 20) / "var")
    async with stack(settings) as servers:
        assert rows(servers.settings.libpq_url, "SELECT 1") == [(1,)]


async def test_the_database_owner_is_no_superuser(tmp_path: Path) -> None:
    async with stack(some_settings(tmp_path / "var")) as servers:
        found = rows(
            servers.settings.libpq_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        assert found == [(False,)]


async def test_with_both_servers_given_none_is_started(tmp_path: Path) -> None:
    given = some_settings(tmp_path / "var").model_copy(
        update={"database_url": "postgresql://x/y", "temporal_address": "127.0.0.1:1"}
    )
    async with stack(given) as servers:
        assert servers.settings == given
        assert servers.children == []
    assert not (tmp_path / "var").exists()
    async with stack(given, owning=True) as owned:
        assert is_owned(given)
        assert owned.children == []


async def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    settings = some_settings(tmp_path / "var")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", settings.temporal_port)
    async with server:
        with pytest.raises(StartFailed, match="GREENLANE_TEMPORAL_PORT"):
            async with stack(settings):
                pytest.fail("it started on a taken port")
        with pytest.raises(StartFailed, match=str(settings.temporal_port)):
            refuse_taken(settings.temporal_port, "X")
    assert not is_owned(settings)


async def test_data_of_another_version_is_refused(tmp_path: Path) -> None:
    settings = some_settings(tmp_path / "var")
    async with stack(settings):
        pass
    (settings.var / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartFailed, match="PostgreSQL 12"):
        async with stack(settings):
            pytest.fail("it started on data of another version")


async def test_servers_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    settings = some_settings(tmp_path / "var")
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from adapters.servers.stack import stack\n"
        "from adapters.settings import Settings\n"
        "async def main():\n"
        f"    settings = Settings(var=Path({str(settings.var)!r}),"
        f" temporal_port={settings.temporal_port}, temporal_ui_port={settings.temporal_ui_port})\n"
        "    async with stack(settings):\n"
        "        print('ready', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    assert await owner.stdout.readline() == b"ready\n"
    owner.kill()
    await owner.wait()
    async with stack(settings) as servers:  # whatever outlived the owner is found and ended
        assert rows(servers.settings.libpq_url, "SELECT 1") == [(1,)]
        assert not servers.borrowed


@pytest.fixture
async def child(tmp_path: Path) -> AsyncIterator[Child]:
    """A process that lives until it is told to stop."""
    one = Child(
        name="sleeper",
        command=[sys.executable, "-c", "import time; time.sleep(60)"],
        log=tmp_path / "log" / "sleeper.log",
        pid_file=tmp_path / "sleeper.pid",
        marker="time.sleep(60)",
    )
    await one.start()
    yield one
    await one.stop()


async def test_a_child_that_dies_is_started_again(child: Child) -> None:
    said: list[str] = []
    watching = asyncio.create_task(keep_running(child, said.append))
    assert child.process is not None
    first = child.process.pid
    child.process.kill()
    async with asyncio.timeout(10):
        while child.process.pid == first or not child.running:
            await asyncio.sleep(0.05)
    watching.cancel()
    assert len(said) == 1
    assert "sleeper" in said[0]


async def test_a_child_that_never_stays_up_ends_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.servers.processes._FIRST_PAUSE", 0.001)
    broken = Child(
        name="broken",
        command=[sys.executable, "-c", "raise SystemExit('no such key')"],
        log=tmp_path / "broken.log",
    )
    await broken.start()
    said: list[str] = []
    with pytest.raises(StartFailed, match="no such key"):
        await keep_running(broken, said.append)
    assert len(said) == 5


async def test_a_child_that_ignores_its_signal_is_killed(tmp_path: Path) -> None:
    stubborn = Child(
        name="stubborn",
        command=[
            sys.executable,
            "-c",
            "import signal as s, time; s.signal(15, s.SIG_IGN); print('up', flush=1);time.sleep(9)",
        ],
        log=tmp_path / "stubborn.log",
        stop_within=0.2,
    )
    await stubborn.start()
    async with asyncio.timeout(10):
        while "up" not in stubborn.last_words():
            await asyncio.sleep(0.05)
    await stubborn.stop()
    assert not stubborn.running


async def test_a_leftover_is_ended_and_a_stranger_is_not(child: Child, tmp_path: Path) -> None:
    assert child.process is not None
    assert child.pid_file is not None
    heir = Child(
        name="heir",
        command=child.command,
        log=tmp_path / "heir.log",
        pid_file=child.pid_file,
        marker="something else",
    )
    await heir.stop_leftover()
    assert child.running, "an id that now belongs to another command is left alone"
    child.pid_file.write_text(str(child.process.pid))
    heir.marker = child.marker
    await heir.stop_leftover()
    async with asyncio.timeout(5):
        await child.ended()
    assert not child.pid_file.exists()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_a_secret_is_made_once_and_for_its_owner_only(keys: Path) -> None:
    first = keyfiles.kept(keys, "ring", keyfiles.random_key_ring)
    assert keyfiles.kept(keys, "ring", keyfiles.random_key_ring) == first
    assert stat.S_IMODE((keys / "ring").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert [path.name for path in keys.iterdir()] == ["ring"]


def test_a_secret_others_may_read_is_refused(keys: Path) -> None:
    keyfiles.kept(keys, "ring", keyfiles.random_key_ring)
    (keys / "ring").chmod(0o644)
    with pytest.raises(PermissionError, match="chmod 600"):
        keyfiles.kept(keys, "ring", keyfiles.random_key_ring)
