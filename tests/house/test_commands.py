"""The commands as a person types them: they say what they do, and leave when they are told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.servers.processes import free_ports
from domain.calendar import civil_date
from domain.roles import TOKEN_ROLES
from tests.house.files import ROOT

TERM_STATUS = 128 + signal.SIGTERM


def environment(var: Path, **more: str) -> dict[str, str]:
    """A person's environment without settings of ours, but for a folder and ports of this test."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GREENLANE_", "TEMPORAL_")) and name != "DATABASE_URL"
    }
    names = ("API", "SIMULATOR", "TEMPORAL", "TEMPORAL_UI")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    kept |= {f"GREENLANE_{name}_PORT": str(port) for name, port in ports.items()}
    return kept | {"GREENLANE_VAR": str(var), "COLUMNS": "200"} | more


def run(var: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "cli.py", *arguments],
        cwd=ROOT,
        env=environment(var, **more),
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    assert "demo" in run(tmp_path).stdout


def test_fresh_secrets_are_settings_that_hold(tmp_path: Path) -> None:
    printed = run(tmp_path, "keys").stdout
    lines = dict(line.split("=", 1) for line in printed.splitlines())
    secrets = {name: value.strip('"') for name, value in lines.items()}
    token = run(tmp_path, "token", "--role", "agent", "--subject", "agent-1", **secrets)
    assert token.returncode == 0, token.stderr
    assert token.stdout.count(".") == 2
    assert not (tmp_path / "keys").exists(), "given secrets are used, none is made"


def test_a_day_to_reconcile_is_a_date(tmp_path: Path) -> None:
    done = run(tmp_path, "reconcile", "yesterday")
    assert done.returncode == 2
    assert "%Y-%m-%d" in done.stderr


@pytest.mark.parametrize("ahead", [0, 1])
def test_a_day_that_is_not_over_is_not_compared(tmp_path: Path, ahead: int) -> None:
    day = civil_date(datetime.now(UTC)) + timedelta(days=ahead)
    done = run(tmp_path, "reconcile", str(day))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"{day} 在北京时间尚未结束 / is not over in Shanghai" in line
    assert not (tmp_path / "postgres").exists(), "no server was started for it"


def test_a_channels_token_names_its_channel(tmp_path: Path) -> None:
    asked = ("token", "--role", "channel", "--subject", "app-1")
    refused = run(tmp_path, *asked)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--channel NAME" in refused.stderr
    assert run(tmp_path, *asked, "--channel", "app").returncode == 0


def test_a_wrong_setting_ends_a_command_with_its_name(tmp_path: Path) -> None:
    done = run(tmp_path, "token", "--role", "agent", "--subject", "a", GREENLANE_KEYS="secret-1")
    assert done.returncode == 2
    assert "GREENLANE_KEYS" in done.stderr
    assert "secret-1" not in done.stderr + done.stdout


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "token", "--role", "king", "--subject", "a")
    assert done.returncode == 2
    assert "king" in done.stderr


def test_the_help_of_a_token_names_every_role_a_person_may_have(tmp_path: Path) -> None:
    told = run(tmp_path, "token", "--help").stdout.replace("│", " ")
    assert {role.value for role in TOKEN_ROLES} <= {word.strip(",;.") for word in told.split()}
    assert run(tmp_path, "token", "--role", "partner", "--subject", "a").returncode == 2


def test_nobody_is_imported_into_a_programme_that_does_not_exist(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("policy_no\n", encoding="utf-8")
    named = ("--programme", "nope", "--list-version", "v1")
    done = run(tmp_path, "import", "insured", str(people), *named)
    assert done.returncode == 1
    assert "nope" in done.stderr
    assert not (tmp_path / "postgres").exists(), "no server was started for it"


def test_a_channel_is_registered_rotated_reported_and_removed(
    tmp_path: Path, addresses: dict[str, str]
) -> None:
    def webhooks(*order: str) -> subprocess.CompletedProcess[str]:
        return run(tmp_path, "webhooks", *order, **addresses)

    refused = webhooks("register", "app", "http://example.com/told")
    assert (refused.returncode, refused.stdout) == (1, "")
    secret = webhooks("register", "app", "https://example.com/told").stdout
    assert secret.startswith("whsec_")
    assert webhooks("rotate", "app").stdout not in ("", secret)
    assert "https://example.com/told" in webhooks("report").stdout
    assert "again: 0" in webhooks("retry", "app").stdout
    assert [webhooks("remove", "app").returncode for _ in range(2)] == [0, 1]


def test_a_migration_is_safe_to_repeat(tmp_path: Path) -> None:
    for _ in range(2):
        done = run(tmp_path, "migrate")
        assert done.returncode == 0, done.stderr


def test_nothing_runs_before_up(tmp_path: Path) -> None:
    assert run(tmp_path, "down").returncode == 0
    assert run(tmp_path, "status").returncode == 1


@pytest.mark.parametrize("after", [0.0, 0.05, 0.3])
def test_sigterm_ends_a_command_however_early(tmp_path: Path, after: float) -> None:
    """As process 1 of a container it would be ignored by default."""
    with subprocess.Popen(
        [sys.executable, "cli.py", "serve-simulator"],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        time.sleep(after)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in {TERM_STATUS, -signal.SIGTERM, 0}


@contextmanager
def up(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`make up` as a person starts it, serving; ended with the block if it has not been before."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "cli.py", "up"], cwd=ROOT, env=env, stdout=output, stderr=output
        ) as serving,
    ):
        try:
            give_up_at = time.monotonic() + 90
            while "Ctrl-C" not in log.read_text(encoding="utf-8"):
                assert serving.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < give_up_at, log.read_text(encoding="utf-8")
                time.sleep(0.2)
            yield serving
        finally:
            if serving.poll() is None:
                serving.terminate()
                serving.wait(timeout=60)


def ask(command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "cli.py", command],
        cwd=ROOT,
        env=env,
        capture_output=True,
        check=False,
        text=True,
        timeout=90,
    )


@pytest.mark.slow
def test_up_serves_everything_until_it_is_told_to_stop(tmp_path: Path) -> None:
    var = tmp_path / "var"
    env = environment(var)
    with up(env, tmp_path / "up.log") as serving:
        assert ask("status", env).returncode == 0
        serving.send_signal(signal.SIGSTOP)  # or it would start another worker at once
        os.kill(int((var / "run" / "serve-worker.pid").read_text("ascii")), signal.SIGKILL)
        without = ask("status", env)
        serving.send_signal(signal.SIGCONT)
        assert without.returncode == 1
        (line,) = (line for line in without.stdout.splitlines() if "the worker" in line)
        assert "无应答" in line
        assert without.stdout.count("无应答") == 1
        assert ask("down", env).returncode == 0
        assert serving.wait(timeout=30) == TERM_STATUS
    assert not (var / "run" / "postgres.pid").exists()
    assert not (var / "run" / "serve-worker.pid").exists()
