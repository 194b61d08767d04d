"""The simulator as a real process, a listener for its callbacks, and both as fixtures.

A test module asks for them by `from tests.simulator_process import …` in its folder's conftest.
One process serves a session; faults are switched off after every test, and tests keep apart by ids
of their own. A test that kills the process starts its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

SECRET = "whsec_dGVzdHMgc2lnbiB3aXRoIHRoaXMgc2VjcmV0"
_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 20.0


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_id(kind: str = "deposit") -> str:
    """A movement id no other test uses."""
    return f"dw-{uuid.uuid4().hex[:20]}:{kind}:1"


@dataclass
class Callback:
    """One delivery as it came in."""

    partner: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


@dataclass
class Listener:
    """Takes callbacks; answers 503 to as many as it is told to."""

    url: str
    taken: list[Callback] = field(default_factory=list)
    to_refuse: int = 0

    def about(self, some_id: str) -> list[Callback]:
        """Deliveries that mention an id."""
        return [callback for callback in list(self.taken) if some_id.encode() in callback.body]


class Simulator:
    """A running simulator and its controls."""

    def __init__(
        self, *, state_file: Path, callback_base: str | None, secret: str = SECRET
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.secret = secret
        self._arguments = [
            *(sys.executable, "-m", "simulator", "--port", str(self.port)),
            *("--state-file", str(state_file)),
            *(("--callback-base", callback_base) if callback_base else ()),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=self.url, timeout=10.0, trust_env=False)

    def start(self) -> None:
        """Start the process and wait until it answers."""
        environment = {**os.environ, "SIMULATOR_SECRET": self.secret}
        self._process = subprocess.Popen(self._arguments, cwd=_ROOT, env=environment)
        wait_for(self._answers, seconds=_START_SECONDS)

    def stop(self) -> None:
        """Ask the process to end; the server ends orderly and then by the signal it was sent."""
        assert self._end(signal.SIGTERM) == -signal.SIGTERM

    def kill(self) -> None:
        """End the process without warning."""
        self._end(signal.SIGKILL)

    def switch_on(self, partner: str, operation: str, fault: str, **more: Any) -> None:
        """Switch a fault on; `times` defaults to once."""
        switch = {"partner": partner, "operation": operation, "fault": fault, **more}
        self.http.post("/faults", json=switch).raise_for_status()

    def received(self, some_id: str) -> list[dict[str, Any]]:
        """Bodies of orders that were taken under an id."""
        return [
            order["body"] for order in self.http.get("/received").json() if order["id"] == some_id
        ]

    def moved(self, movement_id: str) -> list[dict[str, Any]]:
        """What the partner's own statement of the Shanghai day holds for a movement."""
        now = datetime.fromisoformat(self.http.get("/clock").json()["now"])
        day = now.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
        statement = self.http.get("/payment/v1/statement", params={"day": day}).json()
        return [entry for entry in statement["entries"] if entry["movement_id"] == movement_id]

    def _answers(self) -> bool:
        try:
            return self.http.get("/healthz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(timeout=10)


def wait_for(holds: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Wait until something holds, at most some seconds."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def listening() -> Iterator[Listener]:
    """The listener of the session."""
    listener = Listener(url="")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if listener.to_refuse > 0:
                listener.to_refuse -= 1
                self.send_response(503)
            else:
                partner = self.path.removeprefix("/v1/callbacks/")
                listener.taken.append(Callback(partner, headers, body))
                self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield listener
    server.shutdown()
    server.server_close()


@pytest.fixture
def listener(listening: Listener) -> Iterator[Listener]:
    """The listener, accepting everything again after the test."""
    yield listening
    listening.to_refuse = 0


@pytest.fixture(scope="session")
def simulator_process(
    listening: Listener, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Simulator]:
    """The simulator of the session."""
    state_file = tmp_path_factory.mktemp("simulator") / "books.sqlite3"
    simulator = Simulator(state_file=state_file, callback_base=listening.url)
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def simulator(simulator_process: Simulator, listener: Listener) -> Iterator[Simulator]:
    """The simulator; faults are off and the clock is real again after the test."""
    yield simulator_process
    simulator_process.http.delete("/faults")
    simulator_process.http.delete("/clock")
