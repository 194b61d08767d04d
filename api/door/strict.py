"""What an operation does not describe it does not take: query parameters, types of content.

A name that is ignored is a filter the caller believes in; so it is refused and named. A body of
another type than the operation's is 415, whatever stands in it. A key that an object says twice has
two values, of which one would be ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from fastapi import Request, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.door.errors import safe_name
from api.door.problems import FieldError, Problem

JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"


class _Described:
    """What one operation takes."""

    def __init__(self, route: APIRoute) -> None:
        taken = route.dependant  # no dependency of ours takes a body
        self.query = frozenset(_query_names(taken))
        self.declares_body = bool(taken.body_params)
        self.is_form = any(isinstance(one.field_info, params.Form) for one in taken.body_params)
        reads_raw = "requestBody" in (route.openapi_extra or {})
        self.takes_body = self.declares_body or reads_raw


def _query_names(taken: Dependant) -> Iterator[str]:
    """The query parameters of an operation and of what it depends on."""
    yield from (field.alias for field in taken.query_params)
    for inner in taken.dependencies:
        yield from _query_names(inner)


_DESCRIBED: Final[dict[Any, _Described]] = {}
"""By the function that serves the operation: as many as there are operations."""


def _described(route: APIRoute) -> _Described:
    known = _DESCRIBED.get(route.endpoint)
    if known is None:
        known = _DESCRIBED[route.endpoint] = _Described(route)
    return known


async def only_described(request: Request) -> None:
    """A dependency of every operation under `/v1`: 422 names what is unknown, 415 the type."""
    route: Any = request.scope["route"]
    known = _described(route)
    unknown = sorted({*request.query_params} - known.query)
    if unknown:
        errors = [FieldError(field=safe_name(name), reason="不支持的查询参数") for name in unknown]
        raise Problem("invalid", f"{errors[0].field}: {errors[0].reason}", errors=errors)
    if known.takes_body and not _is_right_type(request, known):
        wanted = MULTIPART if known.is_form else JSON
        raise Problem("unsupported-media-type", f"请求体须为 {wanted}")
    if known.declares_body and not known.is_form:  # one that is read raw is checked where it is
        no_key_twice(await request.body())


class _Twice(Exception):
    """An object says a key a second time."""


def _said_once(pairs: list[tuple[str, Any]]) -> None:
    said: set[str] = set()
    for key, _ in pairs:
        if key in said:
            raise _Twice(key)
        said.add(key)


def no_key_twice(raw: bytes) -> None:
    """422 names a key that an object of a body says twice; what is no JSON, its reader refuses."""
    try:
        json.loads(raw, object_pairs_hook=_said_once)
    except _Twice as twice:
        field = safe_name(str(twice))
        errors = [FieldError(field=field, reason="字段重复")]
        raise Problem("invalid", f"{field}: {errors[0].reason}", errors=errors) from None
    except (ValueError, RecursionError):
        return


def _is_right_type(request: Request, known: _Described) -> bool:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not given:
        # Nothing is said of nothing; a body that is read raw is taken for what it is.
        return not known.declares_body or request.headers.get("content-length", "0") == "0"
    if known.is_form:
        return given == MULTIPART
    return given == JSON or (given.startswith("application/") and given.endswith("+json"))
