"""Secrets that nobody has set: made once, kept under the data folder, readable by their owner only.

The embedded default must run from a bare clone and must still find yesterday's key tomorrow.
Two processes that start together get the same secret: the first to link its file wins.
"""

import base64
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

KEY_BYTES = 32  # AES-256 and HMAC-SHA-256


def random_key() -> str:
    """32 random bytes in base64, as GREENLANE_LOOKUP_KEY and the second half of a ring key."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def random_key_ring() -> str:
    """A ring of one key with a fresh id, as GREENLANE_KEYS writes it."""
    return f"k{secrets.token_hex(4)}:{random_key()}"


def random_password() -> str:
    """A password that needs no escaping in a URL."""
    return secrets.token_urlsafe(24)


def random_webhook_secret() -> str:
    """A shared secret in the form of the Standard Webhooks convention."""
    return f"whsec_{random_key()}"


def random_signing_key() -> str:
    """A P-256 private key in PEM, for tokens signed with ES256."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def kept(folder: Path, name: str, make: Callable[[], str]) -> str:
    """The secret of that name in the folder; made, and stored with mode 0600, when it is not there.

    Raises PermissionError when the file is readable by others: a secret that leaked is none.
    """
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(path, make())
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} is readable by others; run: chmod 600 {path}")
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, text: str) -> None:
    """Write a whole file beside its place, then link it: nobody ever reads half a key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def fresh_environment() -> str:
    """Every secret a house of its own needs, as lines of an environment file."""
    pem = random_signing_key().strip().replace("\n", "\\n")
    secrets = {
        "GREENLANE_KEYS": random_key_ring(),
        "GREENLANE_LOOKUP_KEY": random_key(),
        "GREENLANE_JWT_SIGNING_KEY": f'"{pem}"',
        "GREENLANE_WEBHOOK_SECRET": random_webhook_secret(),
        "POSTGRES_PASSWORD": random_password(),
        "TEMPORAL_POSTGRES_PASSWORD": random_password(),
    }
    return "\n".join(f"{name}={value}" for name, value in secrets.items())
