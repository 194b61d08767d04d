"""Encrypts what Temporal stores: arguments, results, signals, updates, memos and failures.

What is long is packed first: a case's programme is mostly words. The UI decodes payloads without
saying which workflow they belong to, so that the additional authenticated data holds the key id and
the packing, and nothing of the workflow. The failure converter moves message and stack trace into
encoded attributes: without it a name in an exception is readable in history.
"""

from __future__ import annotations

import dataclasses
import os
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from temporalio import converter
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.encryption.keys import NONCE_BYTES, KeyRing

ENCODING: Final = b"binary/encrypted"
KEY_ID: Final = "encryption-key-id"
PACKED: Final = "packed"
ZLIB: Final = b"zlib"
PACK_FROM: Final = 1024
"""Bytes from which packing is worth its processor time."""
FASTEST: Final = 1
"""The level of packing: most of the gain for the least time."""


class PayloadRefused(Exception):
    """A payload could not be opened; the message names the key, never the content."""


class PayloadCodec(converter.PayloadCodec):
    """AES-256-GCM with the newest key of the ring; opens with any key of it."""

    def __init__(self, ring: KeyRing) -> None:
        self._newest = ring.newest
        self._ciphers = ring.ciphers("payload")

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt whole payloads, their metadata included."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what this codec encrypted; anything else passes. Raises `PayloadRefused`."""
        return [
            self._decrypted(payload) if payload.metadata.get("encoding") == ENCODING else payload
            for payload in payloads
        ]

    def _encrypted(self, payload: Payload) -> Payload:
        plain = payload.SerializeToString()
        metadata = {"encoding": ENCODING, KEY_ID: self._newest.encode()}
        if len(plain) >= PACK_FROM:
            plain = zlib.compress(plain, FASTEST)
            metadata[PACKED] = ZLIB
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + self._ciphers[self._newest].encrypt(nonce, plain, _bound(metadata))
        return Payload(metadata=metadata, data=data)

    def _decrypted(self, payload: Payload) -> Payload:
        name = payload.metadata.get(KEY_ID, b"").decode("ascii", "replace")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise PayloadRefused("the payload names a key that is not in the ring")
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            plain = cipher.decrypt(nonce, sealed, _bound(payload.metadata))
            return Payload.FromString(
                zlib.decompress(plain) if PACKED in payload.metadata else plain
            )
        except (InvalidTag, ValueError, zlib.error):
            raise PayloadRefused(f"the payload under key {name} was changed") from None


def _bound(metadata: Mapping[str, bytes]) -> bytes:
    """What is not encrypted and must not be changed either."""
    return metadata.get(KEY_ID, b"") + metadata.get(PACKED, b"")


def data_converter(ring: KeyRing) -> converter.DataConverter:
    """What client and worker are given: pydantic models, encrypted, failures included."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=PayloadCodec(ring),
        failure_converter_class=converter.DefaultFailureConverterWithEncodedAttributes,
    )
