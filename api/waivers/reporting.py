"""`POST /v1/deposit-waivers`: a report becomes a case.

It is opened like every matter (`api.door.openings`); a second report of the same stay finds the
first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.applications import (
    Application,
    Declared,
    Insured,
    Known,
    gather,
    must_be_named,
    must_serve_waivers,
)
from api.door.access import may_ask_for
from api.door.consent import Consent, not_of_the_future
from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of
from api.door.identity import Caller, allowed, may_see
from api.door.openings import CASES, StartOfCase, opened_once
from api.door.problems import Problem, at_field
from api.door.stages import stage_name
from api.door.text import Body, Code, FormerCase, OpaqueId, Words, example
from api.waivers.claim_gates import claim_of
from api.wiring.door import Door, Unit, door_of
from domain.calendar import civil_date
from domain.eligibility import Outcome
from domain.matter import CASE, OPENING
from domain.programmes.programme import Programme
from domain.roles import Role
from domain.waiver import STILL_PAYING
from workflows.messages.cases import ClaimAsked, OpenCase

routes = APIRouter(prefix="/v1", tags=["住院免押金"])


class ReportOfStay(Body):
    """What is said of a stay or a claim. Limit and terms are ours to know; nobody can send them."""

    programme: Code = Field(examples=["bainian_deposit_waiver"])
    hospital_id: OpaqueId
    insured: Insured
    disease: Code = Field(examples=["lung_cancer"])
    channel: Literal["hotline", "wechat", "app", "email", "mini_program", "online_store", "counter"]
    declared: Declared | None = None
    planned_admission: date | None = None
    need: Words = ""
    customer_id: OpaqueId | None = None
    follows: FormerCase | None = None

    @property
    def agreed(self) -> Consent | None:
        """The consent it is made under; None where the customer has yet to be asked."""
        return None

    def asked(self) -> ClaimAsked | None:
        """The claim that is asked for; None for an advance."""
        return None

    @property
    def claim_service(self) -> str | None:
        """The claim service that is asked for; None for an advance."""
        asked = self.asked()
        return None if asked is None else asked.service


class Report(ReportOfStay):
    """The report of a stay."""

    model_config = example(
        programme="bainian_deposit_waiver",
        hospital_id="h-110100-0001",
        insured={
            "name": "客户某甲",
            "id_type": "resident_id",
            "id_number": "110101199003070732",
            "phone": "13800138000",
        },
        disease="lung_cancer",
        channel="hotline",
        planned_admission="2026-05-06",
        need="计划住院, 申请免押金",
        consent={"given": True, "at": "2026-04-29T20:10:00+08:00", "version": "v2026_01"},
        customer_id="customer-1",
    )

    consent: Consent

    @property
    def agreed(self) -> Consent | None:
        """No stay is reported without one."""
        return self.consent


class WrittenReport(StartOfCase):
    """A report as it is written down: the start message and what only the door knows of it."""

    need: str
    consent: Consent | None


class CaseOpened(BaseModel):
    """Where the case is to be found."""

    case_id: str
    stage: str
    stage_name: str
    reported_at: datetime


@routes.post(
    "/deposit-waivers",
    operation_id="report_case",
    summary="报案",
    status_code=201,
    response_model=CaseOpened,
    responses={
        **FAILURES,
        200: {"description": "同一次住院已报案, 返回原案件", "model": CaseOpened},
        202: {"description": "已登记, 正在受理; 用同一键查询", "model": CaseOpened},
    },
)
async def report_case(
    body: Report,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Open a case, or find the one this stay already has."""
    return await open_case(body, request, caller, key)


async def open_case(
    body: ReportOfStay, request: Request, caller: Caller, key: IdempotencyKey
) -> Response:
    """Write a report down under its key and start its case."""
    may_ask_for(caller, body.customer_id, what="报案")
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    at = door.clock()
    not_of_the_future(body.agreed, at)

    case_id = ask.own_id(door.id_secret, CASE.prefix)

    async def write(unit: Unit) -> OpenCase | Answer:
        return await _write(unit, door, _Reported(case_id, body, caller, at))

    # The sweep starts what stands in `opening`: once it is written down, it is opened.
    foreseen = CASES.answer(case_id, _opened(case_id, CASES.first_stage, at))
    return await opened_once(
        request, ask, CASES, case_id, door=door, write=write, told=_told, foreseen=foreseen
    )


@dataclass(frozen=True)
class _Reported:
    case_id: str
    body: ReportOfStay
    caller: Caller
    at: datetime


async def _write(unit: Unit, door: Door, reported: _Reported) -> OpenCase | Answer:
    """Write the case's row; the answer of the stay's own case, if it has one."""
    body, at, wanted = reported.body, reported.at, reported.body.asked()
    asked = Application(
        programme=body.programme,
        id_number=body.insured.number,
        hospital_id=body.hospital_id,
        disease=body.disease,
        planned=body.planned_admission,
        at=at,
        name=body.insured.name,
        declared={} if body.declared is None else dict(body.declared),
        service=wanted.service if wanted else None,
        opens_case=wanted is None,
    )
    # Read before the table itself: a notice that lands in between is then given once more.
    number = door.calendars.table.number
    known = await gather(unit, door, asked, lock=True)
    must_be_named(reported.caller, known)
    if wanted is None:
        must_serve_waivers(known.programme)
    else:
        wanted = await claim_of(unit, known, wanted, role=reported.caller.role, at=at)
    _must_state(known.programme, body)
    await _must_follow(unit, known, reported)
    opening = _opening(known, reported, door, claim=wanted)
    written = WrittenReport(start=opening, need=body.need, consent=body.agreed)
    row = _row(known, reported, written.model_dump_json()) | {"calendar_number": number}
    if not await unit.cases.add(row):
        return await _same_stay(unit, known, reported)
    await unit.audit(
        at=at,
        actor_role=reported.caller.role.value,
        actor_id=reported.caller.subject,
        action="consent.recorded" if body.agreed else "claim.offered",
        case_id=reported.case_id,
        subject=body.agreed.version if body.agreed else body.claim_service or "",
    )
    return opening


def _must_state(programme: Programme, body: ReportOfStay) -> None:
    """What the programme's service asks a request to state (R719, R279: why the stay is)."""
    service = programme.waiver_service
    fields = programme.service(service).fields if service else ()
    if "email" in fields and body.insured.email is None:
        raise at_field("invalid", "insured.email", "该服务须登记客户邮箱")
    if "need" in fields and not body.need.strip():
        raise at_field("invalid", "need", "须写明住院事由")


async def _must_follow(unit: Unit, known: Known, reported: _Reported) -> None:
    """A stay goes on from a case of the same person whose stay at the other hospital is settled."""
    former = reported.body.follows
    if former is None:
        return
    case = await unit.cases.access(former)
    theirs = case is not None and may_see(reported.caller, case)
    if case is None or not theirs or not await unit.cases.is_of(former, known.person_hash):
        raise at_field("invalid", "follows", "没有此人的该案件")
    if case.stage in {OPENING, *(stage.value for stage in STILL_PAYING)}:
        raise Problem("wrong-stage", "原案件须先完成出院结算", case_id=former)


def _opening(
    known: Known, reported: _Reported, door: Door, *, claim: ClaimAsked | None
) -> OpenCase:
    if known.hospital is None:
        raise Problem("unknown-hospital")
    year = civil_date(reported.at).year
    return OpenCase(
        case_id=reported.case_id,
        programme=door.carried(known.programme, reported.body.claim_service),
        calendar=door.window(year - 1, year + 2),
        hospital=known.hospital,
        verdict=known.verdict,
        disease=reported.body.disease,
        channel=reported.body.channel,
        reported_by=reported.caller.actor,
        reported_at=reported.at,
        planned_admission=reported.body.planned_admission,
        last_day=known.last_day,
        follows=reported.body.follows or "",
        claim=claim,
    )


def _row(known: Known, reported: _Reported, opened: str) -> dict[str, Any]:
    body, caller = reported.body, reported.caller
    customer = caller.subject if caller.role is Role.CUSTOMER else body.customer_id
    return {
        "case_id": reported.case_id,
        "programme": known.programme.code,
        "programme_version": known.programme.version,
        "service": body.claim_service or known.programme.waiver_service or "",
        "hospital_id": body.hospital_id,
        "channel": caller.channel if caller.role is Role.CHANNEL else body.channel,
        "sales_channel": known.sales_channel,
        "policy_id": known.policy_id,
        "insured_list": known.insured_list,
        "promised_fen": _promised_fen(known, body),
        "person_hash": known.person_hash,
        "name": body.insured.name,
        "id_number": body.insured.number,
        "phone": body.insured.phone,
        "email": body.insured.email,
        "bed": body.insured.bed,
        "disease": body.disease,
        "planned_admission": body.planned_admission,
        "follows": body.follows,
        "reported_at": reported.at,
        "customer_subject": customer,
        "changed_at": reported.at,
        "opened": opened,
    }


def _promised_fen(known: Known, body: ReportOfStay) -> int:
    """What the case may take of its policy; one that is turned down at once takes nothing."""
    if known.verdict.outcome is Outcome.REJECTED:
        return 0
    if body.claim_service is not None:
        return known.facts.sum_insured_left_fen or 0
    return known.verdict.limit_fen or 0


async def _same_stay(unit: Unit, known: Known, reported: _Reported) -> Answer:
    """The case this stay has already, reported under another key."""
    found = await unit.cases.same_stay(
        person_hash=known.person_hash,
        programme=known.programme.code,
        hospital_id=reported.body.hospital_id,
        planned=reported.body.planned_admission,
    )
    case = None if found is None else await unit.cases.access(found)
    if case is None:  # it ended between the two statements
        raise Problem("in-progress")
    if not may_see(reported.caller, case):
        raise Problem("already-reported", "该次住院已通过其他渠道报案, 请联系客服")
    # The first caller was told that it is reported, whether its workflow has written a page or not.
    stage = CASES.first_stage if case.stage == OPENING else case.stage
    told = _opened(case.case_id, stage, case.reported_at)
    return CASES.answer(case.case_id, told)._replace(status=200)


def _told(opening: OpenCase, stage: str) -> CaseOpened:
    return _opened(opening.case_id, stage, opening.reported_at)


def _opened(case_id: str, stage: str, reported_at: datetime) -> CaseOpened:
    return CaseOpened(
        case_id=case_id, stage=stage, stage_name=stage_name(stage), reported_at=reported_at
    )
