"""A command to a matter: an update that wants an answer now, sent once under its key.

What the matter refuses is a problem document and leaves nothing behind; what is not known in time
is 202 with the matter's address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.door.docs import FAILURES
from api.door.gateway import CaseNotRunning, NotKnownYet
from api.door.idempotency import Answer, Ask, once
from api.door.openings import access_to, path_of
from api.door.problems import Problem
from api.door.stages import stage_name
from api.wiring.door import Door, Unit, door_of
from domain.matter import OPENING


class CommandAccepted(BaseModel):
    """The case has written it down."""

    case_id: str
    stage: str
    stage_name: str
    accepted: bool


ANSWERED_OR_PENDING: Final[dict[int | str, dict[str, Any]]] = {
    **FAILURES,
    202: {"description": "已收到, 结果未知; 用同一键重试", "model": CommandAccepted},
}
"""What a route that commands may answer."""


async def command(
    request: Request,
    ask: Ask,
    case_id: str,
    name: str,
    *,
    record: Callable[[Unit], Awaitable[BaseModel]],
    field: str = "",
) -> Response:
    """Send what `record` returns to the case as an update, once; asked again, its first answer.

    `field` is where a refusal by the case's own rules is laid. Raises `Problem` when refused.
    """
    door = door_of(request)

    async def act(message: BaseModel) -> Answer:
        return await _send(door, case_id, name, message, update_id=ask.update_id, field=field)

    async def known() -> Answer | None:
        try:
            told = await door.cases.answered(case_id, update_id=ask.update_id, field=field)
        except NotKnownYet:
            return Answer(202, _view(case_id, None), _at(case_id), settled=False)
        return None if told is None else Answer(200, _view(case_id, told.stage), _at(case_id))

    return await once(request, ask, record=record, act=act, known=known)


async def _send(
    door: Door, case_id: str, name: str, message: Any, *, update_id: str, field: str
) -> Answer:
    """200 when accepted, 202 when not known yet, `Problem` when refused."""
    headers = _at(case_id)
    try:
        accepted = await door.cases.update(case_id, name, message, update_id=update_id, field=field)
    except (NotKnownYet, CaseNotRunning) as failure:
        if isinstance(failure, CaseNotRunning) and (why := await _why_deaf(door, case_id)):
            raise Problem(why, case_id=case_id) from None
        return Answer(202, _view(case_id, None), headers, settled=False)
    return Answer(200, _view(case_id, accepted.stage), headers)


def _at(case_id: str) -> dict[str, str]:
    return {"Location": path_of(case_id)}


async def _why_deaf(door: Door, case_id: str) -> str:
    """Why a case that has run runs no more; empty for one in `opening`, which is about to."""
    async with door.books.unit() as unit:
        matter = await access_to(unit, case_id)
        stopped = await unit.matters.open_among([case_id])
    if matter is None or matter.stage == OPENING:
        return ""
    return "case-stopped" if stopped else "case-ended"


def _view(case_id: str, stage: StrEnum | None) -> dict[str, Any]:
    return CommandAccepted(
        case_id=case_id,
        stage="" if stage is None else stage.value,
        stage_name="处理中" if stage is None else stage_name(stage.value),
        accepted=stage is not None,
    ).model_dump(mode="json")
