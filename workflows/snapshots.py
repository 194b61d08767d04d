"""The rules a case carries, held once in a process however many cases carry the same.

A case's programme and calendar are its own from the day it opened: they travel in its start message
and no later edit touches them. But ten thousand cases opened under one version say the same words,
and the values are frozen: a worker that has read them once gives every case the same value, and a
door that has written them once need not look for the words again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapSerializer,
    WrapValidator,
)

from domain.calendar import WorkCalendar
from domain.programmes.programme import Programme

KEPT: Final = 64
"""Versions kept of each: more than are open at a time; one that is not kept is read again."""

M = TypeVar("M", bound=BaseModel)


def _read_once(
    model: type[M],
) -> Callable[[Any, ValidatorFunctionWrapHandler, ValidationInfo], M]:
    @lru_cache(maxsize=KEPT)
    def read(written: str) -> M:
        return model.model_validate_json(written)

    def shared(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> M:
        if info.mode != "json":
            return handler(value)  # type: ignore[no-any-return]
        return read(json.dumps(value, sort_keys=True, ensure_ascii=False))

    return shared


def _written_once() -> Callable[[Any, SerializerFunctionWrapHandler, SerializationInfo], Any]:
    kept: dict[int, tuple[Any, Any]] = {}  # by identity; a value that is kept keeps its own

    def write(value: Any, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        if info.mode != "json" or info.exclude_unset or info.exclude_defaults or info.exclude_none:
            return handler(value)
        known = kept.get(id(value))
        if known is None:
            if len(kept) >= KEPT:
                kept.clear()
            known = kept[id(value)] = (value, handler(value))
        return known[1]

    return write


SharedProgramme = Annotated[
    Programme, WrapValidator(_read_once(Programme)), WrapSerializer(_written_once())
]
SharedCalendar = Annotated[
    WorkCalendar, WrapValidator(_read_once(WorkCalendar)), WrapSerializer(_written_once())
]
