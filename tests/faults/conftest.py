"""Cases in virtual time whose payment network and claims core are real HTTP counterparties."""

from __future__ import annotations

from tests.simulator_process import listener, listening, simulator, simulator_process
from tests.workflows.conftest import case_of

__all__ = ["case_of", "listener", "listening", "simulator", "simulator_process"]
