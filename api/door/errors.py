"""Turns every expected failure into a problem document; `…middleware` does the unexpected ones.

What is written of an invalid request is where and why, never what: a reason is chosen from a table
of ours by the kind of failure, because a validator's own text may repeat an ID number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from api.door.problems import MEDIA_TYPE, FieldError, Problem, of_status
from domain.money import MONEY_FORM, MONEY_TOLD
from domain.strict import OUR_WORDS, place_of

ERRORS_SHOWN: Final = 50
"""A problem document names at most so many fields."""

_SAFE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}", re.ASCII)
_OUTER_PLACES: Final = {"body", "query", "path", "header"}

_REASONS: Final[dict[str, str]] = {
    "missing": "缺少必填字段",
    "extra_forbidden": "不允许的字段",
    "string_type": "须为文本",
    "string_unicode": "文本含有无效字符",
    "string_too_short": "内容过短",
    "string_too_long": "内容过长",
    "string_pattern_mismatch": "格式不正确",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "int_parsing_size": "数字超出范围",
    "bool_type": "须为 true 或 false",
    "bool_parsing": "须为 true 或 false",
    "literal_error": "不在允许的取值之内",
    "enum": "不在允许的取值之内",
    "date_type": "须为日期, 例如 2026-05-06",
    "date_parsing": "须为日期, 例如 2026-05-06",
    "date_from_datetime_parsing": "须为日期, 例如 2026-05-06",
    "date_from_datetime_inexact": "须为日期, 例如 2026-05-06",
    "datetime_type": "须为时刻, 例如 2026-05-06T08:40:00+08:00",
    "datetime_parsing": "须为时刻, 例如 2026-05-06T08:40:00+08:00",
    "datetime_from_date_parsing": "须为时刻, 例如 2026-05-06T08:40:00+08:00",
    "timezone_aware": "时刻须带时区",
    "too_short": "条目过少",
    "too_long": "条目过多",
    "list_type": "须为列表",
    "dict_type": "须为对象",
    "model_type": "须为对象",
    "model_attributes_type": "须为对象",
    "greater_than": "数值过小",
    "greater_than_equal": "数值过小",
    "less_than": "数值过大",
    "less_than_equal": "数值过大",
}
_BOUNDS: Final = {
    "string_too_short": ("min_length", "至少{}个字符"),
    "string_too_long": ("max_length", "至多{}个字符"),
    "string_pattern_mismatch": ("pattern", "须符合 {}"),
    "too_short": ("min_length", "至少{}项"),
    "too_long": ("max_length", "至多{}项"),
    "greater_than": ("gt", "须大于{}"),
    "greater_than_equal": ("ge", "至少{}"),
    "less_than": ("lt", "须小于{}"),
    "less_than_equal": ("le", "至多{}"),
}
"""The bound a finding is about, by its name, and how it is said."""
_OTHER_REASON: Final = "内容不符合要求"
_CHOSEN: Final = frozenset({"literal_error", "enum"})
"""Findings that know what might have been sent: codes of ours, never what was."""
_CODE: Final = re.compile(r"'([^']+)'")
log = structlog.get_logger("greenlane.door")


def field_errors(problems: Sequence[Any], *, under: str = "") -> list[FieldError]:
    """Where and why, from a validator's findings."""
    return [
        FieldError(field=_place(place_of(one), under=under), reason=_reason(one))
        for one in problems[:ERRORS_SHOWN]
    ]


def invalid(error: ValidationError, *, under: str = "") -> Problem:
    """The problem for a body that was checked by hand."""
    found = error.errors(include_url=False, include_input=False)
    return _invalid(field_errors(found, under=under))


def _invalid(errors: list[FieldError]) -> Problem:
    first = errors[0] if errors else FieldError(field="body", reason=_OTHER_REASON)
    return Problem("invalid", f"{first.field}: {first.reason}", errors=errors)


def _place(loc: Sequence[Any], *, under: str) -> str:
    parts = list(loc)
    if len(parts) > 1 and parts[0] in _OUTER_PLACES:
        parts = parts[1:]
    names = [str(part) if isinstance(part, int) else safe_name(str(part)) for part in parts]
    return ".".join([under, *names] if under else names) or "body"


def safe_name(name: str) -> str:
    """A name a caller wrote, if it can be no more than a name."""
    return name if _SAFE_NAME.fullmatch(name) else "…"


def _reason(found: Any) -> str:
    kind = str(found.get("type", ""))
    if kind == OUR_WORDS:
        return str(found.get("msg", _OTHER_REASON))
    reason, known = _REASONS.get(kind, _OTHER_REASON), found.get("ctx", {})
    if kind in _CHOSEN:
        expected = str(known.get("expected", ""))
        listed = _CODE.findall(expected) or [expected.lower()]
        return f"{reason}: {'、'.join(listed)}"
    if known.get("pattern") == MONEY_FORM:
        return MONEY_TOLD
    name, words = _BOUNDS.get(kind, ("", ""))
    return f"{reason}, {words.format(known[name])}" if name in known else reason


def respond(request: Request, problem: Problem) -> Response:
    """The problem document of this request."""
    document = problem.document(
        instance=request.url.path if request.url.path.isascii() else "",
        request_id=str(getattr(request.state, "request_id", "")),
    )
    return JSONResponse(
        document.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


async def _on_problem(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, Problem)  # noqa: S101 - registered for this type only
    return respond(request, failure)


async def _on_validation(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, RequestValidationError)  # noqa: S101 - likewise
    found = failure.errors()
    if any(one.get("type") == "json_invalid" for one in found):
        return respond(request, Problem("malformed-request", "请求体不是有效的 JSON"))
    return respond(request, _invalid(field_errors(found)))


async def _on_http(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)  # noqa: S101 - likewise
    return respond(request, of_status(failure.status_code, dict(failure.headers or {})))


def install(app: FastAPI, *, books_away: tuple[type[Exception], ...]) -> None:
    """Register the handlers; `books_away` are the failures that mean the database is not there."""

    async def _on_away(request: Request, failure: Exception) -> Response:
        log.warning("books_away", failure=type(failure).__name__)
        return respond(request, Problem("unavailable"))

    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    for failure in books_away:
        app.add_exception_handler(failure, _on_away)
