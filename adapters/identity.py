"""Tokens: read with the embedded key or an issuer's published keys, and minted for the default.

A token is a JWT signed with ES256, EdDSA or RS256. What its roles allow is the door's business;
here is only whether it is believable now, by the process clock. The issuer's keys are fetched in a
thread and kept, so that a slow issuer does not stop the door.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt import PyJWKClient

from adapters.settings import Settings

ALGORITHMS: Final = ("ES256", "EdDSA", "RS256")
"""Asymmetric only: nobody who can check a token can mint one."""

LEEWAY_S: Final = 30
"""How far the clocks of issuer and door may be apart."""

TOKEN_LASTS: Final = timedelta(hours=12)
"""A working day; `cli.py token` mints a new one."""

ISSUER_AWAY: Final = "issuer_away"
"""The issuer's keys cannot be read: nothing is known of the token, whoever brings it."""

BELIEVED_FOR_S: Final = 60
"""A token whose signature was right is believed so long without another look, never beyond its own
end: whoever asks comes again within the minute, and the issuer's keys are kept longer than that."""

BELIEVED_MAX: Final = 10_000
"""Tokens held in memory at once; then all are looked at anew."""

_KEYS_KEPT_S: Final = 300
_FETCH_WITHIN_S: Final = 3
_REQUIRED: Final = ["exp", "iss", "aud", "sub"]


class TokenRefused(Exception):
    """The token is not believable; the code says why and repeats nothing of it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Tokens:
    """Checks tokens as the settings say: the embedded issuer's, or a given issuer's."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._believed: dict[str, tuple[float, dict[str, Any]]] = {}
        self._published: PyJWKClient | None = None
        if settings.jwt_jwks_url is None:
            self._own_key: Any = _private_key(settings).public_key()
        else:
            self._published = PyJWKClient(
                settings.jwt_jwks_url, lifespan=_KEYS_KEPT_S, timeout=_FETCH_WITHIN_S
            )

    async def claims(self, token: str) -> dict[str, Any]:
        """What the token says; raises TokenRefused."""
        until, claims = self._believed.get(token, (0.0, {}))
        if self._clock() >= until:
            claims = await self._checked(token)
            self._believe(token, claims)
        return claims

    def _believe(self, token: str, claims: dict[str, Any]) -> None:
        if len(self._believed) >= BELIEVED_MAX:
            self._believed.clear()
        until = min(self._clock() + BELIEVED_FOR_S, int(claims["exp"]))
        self._believed[token] = (until, claims)

    async def _checked(self, token: str) -> dict[str, Any]:
        try:
            key, algorithms = await self._key_for(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(algorithms),
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_S,
                options={"require": _REQUIRED},
            )
        except jwt.PyJWKClientConnectionError:
            raise TokenRefused(ISSUER_AWAY) from None
        except jwt.ExpiredSignatureError:
            raise TokenRefused("token_expired") from None
        except (jwt.PyJWTError, ValueError, UnicodeError):
            raise TokenRefused("token_invalid") from None
        return claims

    async def reason(self) -> str:
        """Why no token can be checked now; empty while the issuer's keys are at hand."""
        if self._published is None:
            return ""
        try:
            await asyncio.to_thread(self._published.get_jwk_set)
        except jwt.PyJWKClientConnectionError:
            return ISSUER_AWAY
        except jwt.PyJWTError:
            return "no_key"
        return ""

    async def _key_for(self, token: str) -> tuple[Any, Sequence[str]]:
        if self._published is None:
            return self._own_key, ("ES256",)
        found = await asyncio.to_thread(self._published.get_signing_key_from_jwt, token)
        return found.key, ALGORITHMS


def mint(
    settings: Settings,
    *,
    subject: str,
    roles: Sequence[str],
    channel: str | None = None,
    hospital: str | None = None,
    cases: Sequence[str] = (),
    lasts: timedelta = TOKEN_LASTS,
    now: datetime | None = None,
) -> str:
    """A token of the embedded issuer, for demos, tests and the operator's own use."""
    issued = now or datetime.now(UTC)
    claims: dict[str, Any] = {
        "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience,
        "sub": subject,
        "roles": list(roles),
        "iat": issued,
        "exp": issued + lasts,
    }
    if channel is not None:
        claims["channel"] = channel
    if hospital is not None:
        claims["hospital"] = hospital
    if cases:
        claims["cases"] = list(cases)
    return jwt.encode(claims, _private_key(settings), algorithm="ES256")


def _private_key(settings: Settings) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(settings.signing_key_pem.encode(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError("GREENLANE_JWT_SIGNING_KEY must be a P-256 private key in PEM")
    return key
