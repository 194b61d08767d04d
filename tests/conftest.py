"""Fixtures every room's tests may ask for, and what holds for every test."""

import gc
import os

import pytest

# As a door that serves (`adapters.temporal.runtime`): what a run imports and collects stays, and to
# look through it for garbage as often as Python does takes a tenth of the time.
gc.set_threshold(20_000, 20, 20)

# A person's own settings must not reach a test, except the servers they mean the tests to use.
for _name in [name for name in os.environ if name.startswith("GREENLANE_")]:
    del os.environ[_name]

from adapters.settings import Settings  # noqa: E402 - after the environment is clean
from tests.fixtures.servers import (  # noqa: E402
    addresses,
    postgres_server,
    session_var,
    settings,
    temporal_settings,
)
from tests.house import proof  # noqa: E402

Settings.model_config["env_file"] = None

__all__ = ["addresses", "postgres_server", "session_var", "settings", "temporal_settings"]

pytest_plugins = ["tests.fixtures.postgres"]


def pytest_configure(config: pytest.Config) -> None:
    """A whole run is held to the requirements it is said to prove."""
    proof.register(config)
