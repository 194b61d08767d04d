"""Who is calling, and what their role lets them see.

A token names a subject and its roles; a channel's token names the channel too, that of hospital
staff their hospital. Each operation says
which roles may do it; the caller acts in the first of their roles that may. A case that is not
theirs to see does not exist for them (404), so that ids cannot be probed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Protocol

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict

from api.door.problems import Problem
from domain.id_numbers import is_opaque, names_somebody
from domain.roles import ROLE_NAMES, TOKEN_ROLES, Role
from workflows.messages.matters import Actor

STAFF: Final = frozenset(
    {
        Role.AGENT,
        Role.REVIEWER,
        Role.INSURER,
        Role.DISPATCHER,
        Role.DOCTOR,
        Role.FINANCE,
        Role.SUPERVISOR,
        Role.AUDITOR,
    }
)
"""Roles that see every case; channels, customers and nurses see their own."""

log = structlog.get_logger("greenlane.door")

_TOKEN_MAX: Final = 8192
_ROLES_MAX: Final = 16
_CASES_MAX: Final = 50

_SECURITY: Final = HTTPBearer(auto_error=False, description="签发方签名的 JWT")


class Refused(Protocol):
    """What a verifier raises."""

    code: str


class Verifier(Protocol):
    """Reads a token."""

    async def claims(self, token: str) -> dict[str, Any]:
        """What it says; raises the door's `token_refused` failures."""
        ...


class Caller(BaseModel):
    """A subject with the roles of its token, acting in one of them."""

    model_config = ConfigDict(frozen=True)

    subject: str
    roles: tuple[Role, ...]
    channel: str | None = None
    hospital: str | None = None
    cases: tuple[str, ...] = ()
    role: Role

    @property
    def actor(self) -> Actor:
        """The caller as a case records it."""
        return Actor(role=self.role, id=self.subject)

    def acting(self, *allowed: Role) -> Caller:
        """The caller in the first role that is allowed; 403 when there is none."""
        for role in self.roles:
            if role in allowed:
                return self.model_copy(update={"role": role})
        whose = "、".join(ROLE_NAMES[role] for role in allowed)
        raise Problem("forbidden", f"须由{whose}办理" if whose else "")

    @property
    def sees_all(self) -> bool:
        """Whether every case is visible."""
        return any(role in STAFF for role in self.roles)


VERIFY: Final = frozenset({Role.AGENT, Role.DISPATCHER})
"""Who finds out whether a customer is the insured person."""


class Owned(Protocol):
    """What decides who may see a case."""

    @property
    def case_id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def customer_subject(self) -> str | None: ...
    @property
    def helpers(self) -> frozenset[str]: ...
    @property
    def family(self) -> frozenset[str]: ...


def may_see(caller: Caller, case: Owned) -> bool:
    """Whether a case exists for this caller."""
    theirs = (
        case.customer_subject == caller.subject
        or caller.subject in case.family
        or case.case_id in caller.cases
    )
    return (
        caller.sees_all
        or (
            Role.CHANNEL in caller.roles
            and caller.channel is not None
            and case.channel == caller.channel
        )
        or (Role.CUSTOMER in caller.roles and theirs)
        or (Role.NURSE in caller.roles and caller.subject in case.helpers)
    )


def read_claims(claims: dict[str, Any]) -> Caller:
    """The caller a token describes; 401 when its claims are not of the agreed form."""
    subject, roles = claims.get("sub"), claims.get("roles")
    channel, cases = claims.get("channel"), claims.get("cases", [])
    hospital = claims.get("hospital")
    well_formed = (
        isinstance(subject, str)
        and is_opaque(subject)
        and isinstance(roles, list)
        and 0 < len(roles) <= _ROLES_MAX
        and all(isinstance(role, str) for role in roles)
        and all(
            one is None or (isinstance(one, str) and is_opaque(one)) for one in (channel, hospital)
        )
        and isinstance(cases, list)
        and len(cases) <= _CASES_MAX
        and all(isinstance(case, str) for case in cases)
    )
    if not well_formed:
        raise Problem("unauthenticated", "令牌内容不完整", headers=_CHALLENGE)
    if names_somebody(str(subject)):  # it stands in logs and in the audit, in the clear
        raise Problem("unauthenticated", "令牌的 sub 不得为证件号码或手机号", headers=_CHALLENGE)
    assert isinstance(roles, list)  # noqa: S101 - narrowed above
    known = tuple(Role(role) for role in roles if role in {one.value for one in TOKEN_ROLES})
    if not known:
        raise Problem("forbidden")
    return Caller(
        subject=str(subject),
        roles=known,
        channel=channel,
        hospital=hospital,
        cases=tuple(cases),
        role=known[0],
    )


_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


def bearer(request: Request) -> str | None:
    """The token of a request, if it brings one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or len(token) > _TOKEN_MAX:
        return None
    return token.strip()


async def caller_of(request: Request) -> Caller:
    """The caller; 401 without a believable token."""
    token = bearer(request)
    if token is None:
        raise Problem("unauthenticated", "缺少访问令牌", headers=_CHALLENGE)
    verifier: Verifier = request.app.state.door.verifier
    refused: type[Exception] = request.app.state.door.token_refused
    try:
        claims = await verifier.claims(token)
    except refused as failure:
        code = getattr(failure, "code", "")
        if code == "issuer_away":
            log.warning("issuer_away")
            raise Problem("unavailable", "令牌签发方暂时无法联系") from None
        expired = code == "token_expired"
        detail = "访问令牌已过期" if expired else "访问令牌无效"
        raise Problem("unauthenticated", detail, headers=_CHALLENGE) from None
    caller = read_claims(claims)
    request.state.subject = caller.subject
    return caller


def allowed(*roles: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller in one of these roles, or 403."""

    async def _caller(request: Request, _: Annotated[object, Depends(_SECURITY)] = None) -> Caller:
        return (await caller_of(request)).acting(*roles)

    return _caller


ANYONE: Final = TOKEN_ROLES
"""Every role a token may carry; which cases they see is decided per case."""

AnyCaller = Annotated[Caller, Depends(allowed(*ANYONE))]
