"""Reference and management: programmes, hospitals, money still out."""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.door.docs import FAILURES
from api.door.identity import ANYONE, Caller, allowed
from api.door.problems import at_field
from api.door.text import Code
from api.wiring.door import Door, UnknownProgramme, door_of
from domain.calendar import civil_date
from domain.clock import Budget
from domain.documents import DOCUMENT_NAMES, DocumentKind
from domain.money import Money
from domain.programmes.programme import Programme
from domain.programmes.services import Service, ServiceQuota
from domain.programmes.terms import ClockTerms
from domain.roles import Role

routes = APIRouter(prefix="/v1", tags=["参考与报表"])

AnyCaller = Annotated[Caller, Depends(allowed(*ANYONE))]
Manager = Annotated[Caller, Depends(allowed(Role.SUPERVISOR, Role.FINANCE, Role.AUDITOR))]


class ClockSummary(BaseModel):
    """A promise of a programme; `target` is the lower bound where the source gives a span."""

    id: str
    name: str
    name_en: str = ""
    services: list[str] = []
    starts: list[str] = []
    stops: list[str] = []
    budget: Budget
    target: Budget | None = None


class ServiceSummary(BaseModel):
    """One thing a programme offers; `source_incomplete` names what its source has lost."""

    code: str
    name: str
    name_en: str = ""
    shape: str | None = None
    quota: ServiceQuota
    hours: str
    content: str = ""
    source_incomplete: list[str] = []


class DiseaseSummary(BaseModel):
    """An agreed disease and the papers an application with it needs."""

    code: str
    name: str


class ProgrammeSummary(BaseModel):
    """What callers need to know of a programme."""

    code: str
    numbers: list[str] = Field(description="来源资料中的编号, 见 docs/programmes.md")
    name: str
    name_en: str = ""
    insurer: str
    kind: str
    version: str
    valid_from: date
    valid_to: date
    services: list[ServiceSummary] = []
    diseases: list[DiseaseSummary]
    clocks: list[ClockSummary]
    document_kinds: dict[str, str]


class ProgrammeList(BaseModel):
    """All programmes."""

    items: list[ProgrammeSummary]


class HospitalSummary(BaseModel):
    """A hospital of the directory."""

    id: str
    name: str
    province: str
    city: str
    county: str
    grade: int | None
    sub_grade: str
    address: str


class HospitalPage(BaseModel):
    """A page of the directory."""

    items: list[HospitalSummary]
    next_cursor: str | None = None


class AgingLine(BaseModel):
    """Money out, by days since the report."""

    programme: str
    age_days: str
    cases: int
    outstanding: Money
    owed: Money


class AgingReport(BaseModel):
    """Advances that are not back yet."""

    on: datetime
    lines: list[AgingLine]


@routes.get("/programmes", operation_id="list_programmes", summary="服务项目", responses=FAILURES)
async def list_programmes(request: Request, _: AnyCaller) -> ProgrammeList:
    """Every programme with its promises and agreed diseases."""
    return ProgrammeList(items=[programme_summary(one) for one in door_of(request).programmes])


def programme_summary(programme: Programme) -> ProgrammeSummary:
    """What the list shows of a programme."""
    return ProgrammeSummary(
        code=programme.code,
        numbers=list(programme.numbers),
        name=programme.name,
        name_en=programme.name_en,
        insurer=programme.insurer,
        kind=programme.kind.value,
        version=programme.version,
        valid_from=programme.valid_from,
        valid_to=programme.valid_to,
        diseases=[DiseaseSummary(code=one.code, name=one.name) for one in programme.diseases],
        services=[_service(one) for one in programme.services],
        clocks=[_clock(one) for one in programme.clocks],
        document_kinds={
            rule.kind.value: DOCUMENT_NAMES[DocumentKind(rule.kind)] for rule in programme.documents
        },
    )


def _service(service: Service) -> ServiceSummary:
    return ServiceSummary(
        code=service.code,
        name=service.name,
        name_en=service.name_en,
        shape=service.shape,
        quota=service.quota,
        hours=service.hours,
        content=service.content,
        source_incomplete=list(service.source_incomplete),
    )


def _clock(clock: ClockTerms) -> ClockSummary:
    return ClockSummary(
        id=clock.id,
        name=clock.name,
        name_en=clock.name_en,
        services=list(clock.services),
        starts=[event.value for event in clock.starts],
        stops=[event.value for event in clock.stops],
        budget=clock.budget,
        target=clock.target,
    )


Text = Annotated[str | None, Query(min_length=1, max_length=50, pattern=r"^[^\x00-\x1f\x7f]+$")]


@routes.get("/hospitals", operation_id="list_hospitals", summary="医院名录", responses=FAILURES)
async def list_hospitals(
    request: Request,
    _: AnyCaller,
    name: Text = None,
    province: Text = None,
    city: Text = None,
    grade_min: Annotated[int | None, Query(ge=1, le=3)] = None,
    programme: Annotated[Code | None, Query(description="只列出该项目的网络医院")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> HospitalPage:
    """A page of the directory."""
    door = door_of(request)
    network = None if programme is None else _network(door, programme)
    async with door.books.unit() as unit:
        found = await unit.reference.hospitals(
            text=name,
            province=province,
            city=city,
            grade_min=grade_min,
            network=network,
            on=civil_date(door.clock()),
            after=None if cursor is None else _after(cursor),
            limit=limit + 1,
        )
    items = [HospitalSummary.model_validate(row) for row in found[:limit]]
    more = len(found) > limit
    return HospitalPage(items=items, next_cursor=_cursor(items[-1].id) if more else None)


def _network(door: Door, code: str) -> str:
    try:
        programme = door.programme(code, door.clock())
    except UnknownProgramme:
        raise at_field("unknown-programme", "programme", "没有此服务项目") from None
    return programme.hospitals.network or ""


def _cursor(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def _after(cursor: str) -> str:
    try:
        padded = (cursor + "=" * (-len(cursor) % 4)).encode("ascii")
        after = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise at_field("invalid", "cursor", "游标无效") from None
    if not after.isprintable():
        raise at_field("invalid", "cursor", "游标无效")
    return after


@routes.get("/reports/aging", operation_id="report_aging", summary="垫付账龄", responses=FAILURES)
async def report_aging(request: Request, _: Manager) -> AgingReport:
    """Advances that are not back, by age."""
    door = door_of(request)
    on = door.clock()
    async with door.books.unit() as unit:
        rows = await unit.reports.aging(on=on)
    return AgingReport(on=on, lines=[_aging(row) for row in rows])


def _aging(row: dict[str, Any]) -> AgingLine:
    return AgingLine(
        programme=row["programme"],
        age_days=row["age"],
        cases=row["cases"],
        outstanding=Money.of(int(row["outstanding_fen"])),
        owed=Money.of(int(row["owed_fen"])),
    )
