"""The rules a case carries, held once in a worker however many cases carry the same.

A case's programme and calendar are its own from the day it opened: they travel in its start message
and no later edit touches them. But ten thousand cases opened under one version say the same words,
and the values are frozen, so a worker that has read them once gives every case the same value.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from domain.calendar import WorkCalendar
from domain.programme import Programme

KEPT: Final = 64
"""Versions kept of each: more than are open at a time; one that is not kept is read again."""

M = TypeVar("M", bound=BaseModel)


def _once(
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


SharedProgramme = Annotated[Programme, WrapValidator(_once(Programme))]
SharedCalendar = Annotated[WorkCalendar, WrapValidator(_once(WorkCalendar))]
