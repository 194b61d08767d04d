"""What people and partners write for us is read strictly, and a finding says where and why.

JSON has truths, numbers and texts; a reader that takes one for the other turns a `"no"` into a yes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Final, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StrictBool,
    ValidationError,
)
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

_NUMERIC: Final = re.compile(r"[+-]?[0-9]*\.?[0-9]*", re.ASCII)
_DAY_LENGTH: Final = len("2026-05-06")
_PLAIN: Final = frozenset({"bool", "int", "float"})
_DATED: Final = {"date": "date_type", "datetime": "datetime_type"}
_NO_SCHEMA: Final = frozenset({"metadata", "default", "serialization", "config", "cls"})
"""Keys of a schema under which no schema of a value stands."""


def _strictly(part: Any) -> Any:
    """A part of a schema in which truths and numbers are strict, moments and days texts."""
    if isinstance(part, (list, tuple)):
        return type(part)(_strictly(one) for one in part)
    if not isinstance(part, dict):
        return part
    found = {key: one if key in _NO_SCHEMA else _strictly(one) for key, one in part.items()}
    if found.get("type") in _PLAIN:
        return found | {"strict": True}
    if found.get("type") in _DATED:
        check = partial(not_of_numbers, fault=_DATED[found["type"]])
        return core_schema.no_info_before_validator_function(check, cast(CoreSchema, found))
    return found


def not_of_numbers(value: Any, *, fault: Any) -> Any:
    """The value, unless it is read as seconds since an epoch, or a moment as a day of its zone."""
    numeric = isinstance(value, str) and _NUMERIC.fullmatch(value.strip()) is not None
    moment = fault == "date_type" and isinstance(value, str) and len(value.strip()) > _DAY_LENGTH
    if numeric or moment or isinstance(value, (bool, int, float)):
        raise PydanticKnownError(fault)
    return value


class Strict(BaseModel):
    """What somebody writes for us: a truth is true or false, a number a number, a moment a text.

    What only looks like one is refused instead of read: `"no"` is no truth, and a number of
    seconds no date. Text that states a moment or a day is read as always.
    """

    model_config = ConfigDict(frozen=True)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """As pydantic builds it, with the plain values in it made strict."""
        return cast(CoreSchema, _strictly(handler(source)))


OUR_WORDS: Final = "said"
"""The type of findings in our own words, which are shown as they stand."""


def said(reason: str) -> PydanticCustomError:
    """A finding about one field; `reason` holds no braces, as pydantic reads it as a template."""
    return PydanticCustomError(OUR_WORDS, reason)


def wrong(field: str, reason: str) -> PydanticCustomError:
    """A finding about several fields together, laid at one of them; no braces either."""
    return PydanticCustomError(OUR_WORDS, reason, {"field": field})


def _is_yes(value: bool) -> bool:
    if not value:
        raise said("须为 true")
    return value


Yes = Annotated[StrictBool, AfterValidator(_is_yes), Field(json_schema_extra={"const": True})]
"""Only `true`: neither `false` nor the number 1 agrees to anything."""


def fault_of(error: ValidationError) -> tuple[str, str]:
    """The field of the first finding, by its path, and our own words for it or none."""
    first = error.errors(include_url=False, include_input=False)[0]
    return ".".join(str(part) for part in place_of(first)), first["msg"] if first[
        "type"
    ] == OUR_WORDS else ""


def place_of(finding: Mapping[str, Any]) -> list[str | int]:
    """Where a finding lies: what pydantic says, and the field that `wrong` laid it at."""
    laid = finding.get("ctx", {}).get("field") if finding["type"] == OUR_WORDS else None
    return [*finding["loc"], *([laid] if laid else [])]
