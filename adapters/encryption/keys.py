"""Seals personal data for the database, and finds people by a keyed hash.

An envelope names the key that sealed it, so that a ring can be rotated: the newest key seals, any
key of the ring opens, and `reseal` brings an old envelope to the newest key. The purpose
(`table.column`) is authenticated with it: an envelope moved to another column does not open.
What a failure says never contains what was sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""96 bits, as AES-GCM wants them; drawn at random for every envelope."""

_KEY_ID_MAX: Final = 64
_MAGIC: Final = b"GL1"

HEAD_MAX: Final = len(_MAGIC) + 1 + _KEY_ID_MAX
"""The longest head an envelope may have: so many of its first bytes name its key."""


class SealBroken(Exception):
    """An envelope did not open: unknown key, changed bytes, or another purpose."""


class KeyRing:
    """Named 32-byte keys, newest first."""

    def __init__(self, keys: Iterable[tuple[str, bytes]]) -> None:
        self._keys: dict[str, bytes] = {}
        for key_id, key in keys:
            if key_id in self._keys:
                raise ValueError(f"the ring names key {key_id} twice")
            if not (0 < len(key_id) <= _KEY_ID_MAX and key_id.isascii() and key_id.isprintable()):
                raise ValueError(f"a key id has 1 to {_KEY_ID_MAX} printable ASCII characters")
            if len(key) != KEY_BYTES:
                raise ValueError(f"key {key_id} must have {KEY_BYTES} bytes")
            self._keys[key_id] = key
        if not self._keys:
            raise ValueError("a key ring has at least one key")
        self.newest: Final = next(iter(self._keys))

    def ciphers(self, use: str) -> dict[str, AESGCM]:
        """One cipher a key, derived for one use, so that no two uses share key material."""
        return {key_id: AESGCM(_derived(key, use)) for key_id, key in self._keys.items()}

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"


class Sealer:
    """Seals and opens columns; hashes what a person is found by."""

    def __init__(self, ring: KeyRing, lookup_key: bytes) -> None:
        if len(lookup_key) != KEY_BYTES:
            raise ValueError(f"the look-up key must have {KEY_BYTES} bytes")
        self._ring = ring
        self._ciphers = ring.ciphers("column")
        self._lookup_key = _derived(lookup_key, "lookup")

    def seal(self, value: bytes | str, purpose: str) -> bytes:
        """An envelope that opens only with the same purpose."""
        plain = value.encode() if isinstance(value, str) else value
        head = _head(self._ring.newest)
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._ciphers[self._ring.newest]
        return head + nonce + cipher.encrypt(nonce, plain, head + purpose.encode())

    def open(self, envelope: bytes, purpose: str) -> bytes:
        """What was sealed. Raises `SealBroken`."""
        key_id, head, rest = _taken_apart(bytes(envelope))
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealBroken(f"{purpose}: sealed with a key that is not in the ring")
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], head + purpose.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(f"{purpose}: the envelope was changed or belongs elsewhere") from None

    def open_text(self, envelope: bytes, purpose: str) -> str:
        """What was sealed, as text. Raises `SealBroken`."""
        return self.open(envelope, purpose).decode()

    @property
    def newest_head(self) -> bytes:
        """What every envelope of the newest key begins with."""
        return _head(self._ring.newest)

    def is_current(self, envelope: bytes) -> bool:
        """Whether the newest key sealed it."""
        return key_of(envelope) == self._ring.newest

    def reseal(self, envelope: bytes, purpose: str) -> bytes:
        """The same under the newest key; what is current comes back as it is."""
        if self.is_current(envelope):
            return bytes(envelope)
        return self.seal(self.open(envelope, purpose), purpose)

    def lookup_hash(self, value: str) -> str:
        """What a person is found by: keyed, so that nobody can try all ID numbers without the key.

        Full-width digits, blanks around and a small check letter x make no difference.
        """
        plain = unicodedata.normalize("NFKC", value).strip().upper()
        return hmac.new(self._lookup_key, plain.encode(), hashlib.sha256).hexdigest()


def key_of(envelope: bytes) -> str:
    """The id of the key that sealed an envelope, read from its head. Raises `SealBroken`."""
    start = len(_MAGIC) + 1
    if len(envelope) <= start or not envelope.startswith(_MAGIC):
        raise SealBroken("this is no envelope")
    name = envelope[start : start + envelope[start - 1]]
    if not name.isascii():
        raise SealBroken("this envelope names no key")
    return name.decode("ascii")


def _derived(key: bytes, use: str) -> bytes:
    info = f"greenlane {use} 1".encode()
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def _head(key_id: str) -> bytes:
    return _MAGIC + bytes([len(key_id)]) + key_id.encode("ascii")


def _taken_apart(envelope: bytes) -> tuple[str, bytes, bytes]:
    """Key id, head and the rest. Raises `SealBroken` for what is no envelope."""
    key_id = key_of(envelope)
    end = len(_MAGIC) + 1 + envelope[len(_MAGIC)]
    head, rest = envelope[:end], envelope[end:]
    if len(rest) <= NONCE_BYTES:
        raise SealBroken("this envelope is cut off")
    return key_id, head, rest
