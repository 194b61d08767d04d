"""How this house connects to Temporal: the ecosystem's own settings, everything encrypted."""

from __future__ import annotations

from temporalio.client import Client

from adapters.codec import data_converter
from adapters.encryption import KeyRing
from adapters.settings import Settings


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """A client whose payloads and failures only holders of our keys can read.

    With `lazy` nothing is contacted before the first call, so that a door can start before
    Temporal does; otherwise a server that is away raises `RuntimeError`.
    """
    return await Client.connect(
        **settings.temporal_connect_config(),
        data_converter=data_converter(KeyRing(settings.key_ring)),
        lazy=lazy,
    )
