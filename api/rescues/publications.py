"""`GET /v1/publications/{programme}`: what anybody may read of a hospital's own channel (R452).

The hospital's website and its WeChat account show it: whom the channel is for, what it offers, on
which days, what is free. It needs no token, names no patient, and is only there where the
programme's file says `published`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from api.door.docs import FAILURES
from api.door.problems import Problem
from api.door.text import Code
from api.wiring.door import UnknownProgramme, door_of
from domain.calendar import civil_date
from domain.programmes.programme import Programme
from domain.programmes.services import Service

routes = APIRouter(prefix="/v1/publications", tags=["参考与报表"])

DAYS_SHOWN: Final = 3
_KEPT: Final = "public, max-age=3600"


class PublishedService(BaseModel):
    """One thing the channel offers; `next_days` where it is held on days of its own."""

    code: str
    name: str
    name_en: str = ""
    content: str = ""
    free: bool = False
    next_days: list[date] = []


class Publication(BaseModel):
    """What the public reads of a channel."""

    code: str
    name: str
    name_en: str = ""
    whom: list[str]
    arrival: list[str]
    services: list[PublishedService]


@routes.get(
    "/{programme}",
    operation_id="read_publication",
    summary="公开的绿色通道信息",
    responses=FAILURES,
)
async def read_publication(
    programme: Annotated[Code, Path()], request: Request, response: Response
) -> Publication:
    """A published channel; 404 for any other programme."""
    door = door_of(request)
    at = door.clock()
    try:
        found = door.programme(programme, at)
    except UnknownProgramme:
        raise Problem("not-found", "没有公开的信息") from None
    if found.emergency is None or not found.emergency.published:
        raise Problem("not-found", "没有公开的信息")
    response.headers["Cache-Control"] = _KEPT
    return _published(found, civil_date(at))


def _published(programme: Programme, today: date) -> Publication:
    terms = programme.emergency
    return Publication(
        code=programme.code,
        name=programme.name,
        name_en=programme.name_en,
        whom=[group.name for group in terms.groups] if terms else [],
        arrival=list(terms.arrival) if terms else [],
        services=[_service(one, today) for one in programme.services],
    )


def _service(service: Service, today: date) -> PublishedService:
    held = service.held
    return PublishedService(
        code=service.code,
        name=service.name,
        name_en=service.name_en,
        content=service.content,
        free=held.free if held else False,
        next_days=held.next_days(today, DAYS_SHOWN) if held else [],
    )
