"""Where the simulator listens, where it reports to, and where it keeps its books."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOCAL_SECRET: Final = "whsec_Z3JlZW5sYW5lLWxvY2FsLWNvdW50ZXJwYXJ0aWVzLW9ubHk="  # noqa: S105 - for local runs only
"""The signing secret of a local run; any other deployment names its own."""


@dataclass(frozen=True)
class Settings:
    """What one running simulator needs to know."""

    state_file: Path
    """SQLite file with its books; they survive a restart."""
    callback_base: str | None = None
    """Address results are reported to, without `/v1/callbacks`; None keeps them undelivered."""
    secret: str = LOCAL_SECRET
    """Shared secret callbacks are signed with, `whsec_` and base64."""
    settle_seconds: float = 0.2
    """How long a payment takes that a contracted nurse makes at the cashier's desk."""
    retry_seconds: float = 0.2
    """Pause before the second delivery of a callback; doubled at each further one."""


def from_environment() -> Settings:
    """Read `SIMULATOR_STATE`, `SIMULATOR_CALLBACK_BASE` and `SIMULATOR_SECRET`."""
    return Settings(
        state_file=Path(os.environ.get("SIMULATOR_STATE", "var/simulator.sqlite3")),
        callback_base=os.environ.get("SIMULATOR_CALLBACK_BASE") or None,
        secret=os.environ.get("SIMULATOR_SECRET", LOCAL_SECRET),
    )
