"""One child process: started with a log file, found dead when it died, stopped when asked.

The embedded servers and the parts of `cli.py up` are such children. They run in sessions of their
own, so that Ctrl-C reaches us alone and we stop them in order. Where the machine can do it they
also stop by themselves when we are killed without warning.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import psutil

_OURS = range(15_000, 32_000)  # below the ports that systems give to outgoing connections
LAST_LINES = 12  # of a log, quoted when a child fails: enough for a traceback's end


class StartFailed(RuntimeError):
    """A server or process did not come up; the text says what to do about it."""


@dataclass
class Child:
    """A command to run, where its output goes, and how it wants to be stopped."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 15.0
    pid_file: Path | None = None
    marker: str = ""  # part of the command line by which a leftover is known again
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the command, after ending what a killed owner left; output goes to the log."""
        await self.stop_leftover()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
                umask=0o077,  # logs, books and the SQLite file are for their owner only
            )
        if self.pid_file is not None:
            self.pid_file.parent.mkdir(parents=True, exist_ok=True)
            self.pid_file.write_text(f"{self.process.pid}\n", encoding="ascii")

    async def stop_leftover(self) -> None:
        """End the process a killed owner left under our pid file, if it is still ours."""
        if self.pid_file is None or not self.pid_file.exists():
            return
        text = self.pid_file.read_text(encoding="ascii").strip()
        if text.isdigit():
            try:
                left = psutil.Process(int(text))
                ours = any(self.marker in part for part in left.cmdline())
            except psutil.NoSuchProcess:
                ours = False
            if ours:
                await asyncio.to_thread(_end, left, self.stop_signal)
        self.pid_file.unlink(missing_ok=True)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def ended(self) -> int:
        """Wait until the process has ended by itself; its exit status."""
        if self.process is None:
            raise RuntimeError(f"{self.name} was never started")
        return await self.process.wait()

    async def stop(self) -> None:
        """Ask the process to end, and end it when it has not by the time it was given."""
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.send_signal(self.stop_signal)
            try:
                async with asyncio.timeout(self.stop_within):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        if self.pid_file is not None:
            self.pid_file.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The end of the log, for a message to a person."""
        if not self.log.exists():
            return "(no log)"
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LAST_LINES:])


def dying_with_us(death_signal: signal.Signals) -> list[str]:
    """A prefix that makes a command stop when we die without warning; empty where there is none."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    prefix = [setpriv, "--pdeathsig", death_signal.name.removeprefix("SIG"), "--"]
    probe = subprocess.run([*prefix, "true"], check=False, capture_output=True)
    return prefix if probe.returncode == 0 else []


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, from a range that no outgoing connection is given one of.

    Held together while chosen, so that they differ. Raises `StartFailed` when there are not enough.
    """
    held: list[socket.socket] = []
    begin = secrets.randbelow(len(_OURS))
    try:
        for port in chain(_OURS[begin:], _OURS[:begin]):
            if len(held) == count:
                break
            one = socket.socket()
            held.append(one)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                held.pop().close()
        if len(held) < count:
            raise StartFailed("no free ports")
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def refuse_taken(port: int, setting: str) -> None:
    """Raise StartFailed when something else listens on a port we are about to use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise StartFailed(
                f"port {port} is taken; set {setting} to a free one, or stop what uses it"
            ) from None


def _end(process: psutil.Process, stop_signal: signal.Signals) -> None:
    process.send_signal(stop_signal)
    try:
        process.wait(timeout=15)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(timeout=5)


# Supervision -------------------------------------------------------------------------------------

MAX_RESTARTS = 5  # of one child within RESTART_WINDOW; more means it will not come back by itself
RESTART_WINDOW = 600.0  # seconds
_FIRST_PAUSE = 0.5  # seconds before a restart, doubled at each further one


async def keep_running(child: Child, report: Callable[[str], None]) -> None:
    """Restart a child that dies, a bounded number of times; then raise StartFailed."""
    restarts: list[float] = []
    while True:
        status = await child.ended()
        now = asyncio.get_running_loop().time()
        restarts = [moment for moment in restarts if now - moment < RESTART_WINDOW]
        if len(restarts) >= MAX_RESTARTS:
            raise StartFailed(
                f"{child.name} ended {MAX_RESTARTS + 1} times (status {status}); "
                f"its log {child.log} ends:\n{child.last_words()}"
            )
        report(f"{child.name} ended with status {status}; starting it again, log: {child.log}")
        await asyncio.sleep(_FIRST_PAUSE * 2 ** len(restarts))
        restarts.append(now)
        await child.start()
