"""The people of a booking: what each of them does at a step, as the stories tell it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.bookings.booking import LOSSES, VisitOutcome
from domain.bookings.papers import REPORTS
from domain.bookings.terms import INTAKE_NAMES, papers_for
from domain.calendar import civil_date
from domain.documents import DocumentKind
from domain.programmes.own_steps import step_named, steps_at
from domain.programmes.services import STEP_FIELDS, Shape
from domain.steps.kinds import TaskKind
from tests.builders import AGENT, DOCTOR
from tests.workflows.booked import PROGRAMMES, Booked

BEST: dict[str, Any] = {"doctor_level": "chief", "hospital_class": "3A"}
"""A doctor and a hospital that every service takes."""
EXPERT: dict[str, Any] = BEST | {"city": "上海", "specialty": "肿瘤内科"}
INTAKE: dict[str, Any] = dict.fromkeys(INTAKE_NAMES, "已登记") | {"exam_type": "CT"}


async def take(booked: Booked) -> None:
    await booked.do(TaskKind.TAKE_REQUEST, identity_verified=True, need="复诊", intake=INTAKE)
    for _ in steps_at(booked.service, "taken"):
        await serve_step(booked)


async def hand_in(booked: Booked, programme: str, service: str, **form: Any) -> None:
    """The papers a service asks for, complete."""
    terms = PROGRAMMES[programme]
    needed = papers_for(terms.for_booking(service), terms.service(service), None)
    if needed:
        await booked.papers_arrive()
        papers = {kind.value: ["doc-1"] for kind in needed}
        slip = form.get("slip_issued_on")
        form.setdefault("papers", readings(booked, programme, slip=slip))
        await booked.do(TaskKind.CHECK_PAPERS, documents=papers, complete=True, **form)


def readings(booked: Booked, programme: str, *, slip: str | None = None) -> list[dict[str, Any]]:
    """What the steward reads off the papers: all that their programme asks of them.

    `slip` is the day of an admission slip, where it is not today's.
    """
    seen: dict[str, Any] = {"grade": 3, "hospital_class": "3A", "sealed": True}
    seen |= {"slip_form": "receipt", "with_notice": True}
    seen |= {"issued_on": civil_date(booked.time.now()).isoformat(), "in_mainland": True}
    papers = [
        {**seen, "kind": rule.kind.value, "shows": list(rule.states)}
        for rule in PROGRAMMES[programme].documents
    ]
    for one in papers:
        if one["kind"] == DocumentKind.ADMISSION_SLIP.value:
            one["issued_on"] = slip
    return papers


async def choose(booked: Booked) -> None:
    options = [{"option": f"expert-{n}"} for n in (1, 2, 3)]
    await booked.do(TaskKind.OFFER_OPTIONS, options=options)
    await booked.do(TaskKind.CHOOSE_OPTION, option="expert-2")


async def arrange(booked: Booked, at: str) -> None:
    """The expert who was chosen stays, also where he has not come before."""
    await booked.task(TaskKind.ARRANGE_SERVICE)  # what happened before it stands written by then
    failed = "provider_failed" in booked.lines
    await booked.do(
        TaskKind.ARRANGE_SERVICE,
        arranged=True,
        service_at=booked.at(at).isoformat(),
        hospital_rank=1,
        again_because="停诊改期, 客户仍选该专家" if failed else "",
        **BEST,
    )


async def confirm(booked: Booked) -> None:
    says = {code: "空腹前往" for step in steps_at(booked.service, "told") for code in step.fields}
    await booked.do(TaskKind.CONFIRM_BOOKING, confirmed=True, told_by="phone", says=says)


async def serve_step(booked: Booked, **form: Any) -> None:
    """The next step of the service's own file is done, with all that it asks for."""
    step = step_named(booked.service, (await booked.task(TaskKind.SERVICE_STEP)).subject)
    assert step is not None
    says = {code: f"{STEP_FIELDS[code]}已登记" for code in step.fields if code != "hospital_id"}
    if "hospital_id" in step.fields:
        form.setdefault("hospital_id", "H-AGREED")
    await booked.do(TaskKind.SERVICE_STEP, says=says, **form)


async def agreed(booked: Booked, at: str) -> None:
    """A hospital has a place at a moment, and the customer says yes to it."""
    await arrange(booked, at)
    await confirm(booked)


async def appointed(booked: Booked, at: str) -> None:
    """From the request to an appointment that stands, where one expert of three is chosen."""
    await take(booked)
    await choose(booked)
    await agreed(booked, at)


async def match(booked: Booked, doctor: str = DOCTOR.id) -> None:
    await booked.do(
        TaskKind.MATCH_DOCTOR,
        matched=True,
        doctor=doctor,
        doctor_level="associate_chief",
        hospital_class="3A",
    )


async def report(booked: Booked, outcome: VisitOutcome = VisitOutcome.DELIVERED) -> None:
    """What came of the visit, now; of a loss the customer's own reason as well."""
    at = booked.time.now().isoformat()
    note = "客户自述临时有事" if outcome in LOSSES else ""
    await booked.do(TaskKind.REPORT_VISIT, outcome=outcome.value, at=at, note=note)


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def a_ticket(booked: Booked) -> dict[str, Any]:
    """A named ticket of the day before."""
    return {
        "kind": "travel_ticket",
        "number": "T-1",
        "on": (booked.today - timedelta(days=1)).isoformat(),
        "names_insured": True,
        "amount": yuan("553.50"),
        "granted": yuan("553.50"),
    }


async def send_papers(booked: Booked) -> None:
    """The originals of a reimbursement arrive, all of them."""
    papers = {"travel_ticket": ["doc-1"], "lodging_invoice": ["doc-2"]}
    await booked.do(
        TaskKind.RECEIVE_PAPERS, documents=papers, complete=True, courier_no="SF1000000001"
    )


async def examine(booked: Booked, *expenses: dict[str, Any], reason: str = "") -> None:
    """The papers are read: these, or a ticket and a night, all of it granted."""
    night = a_ticket(booked) | {"kind": "lodging_invoice", "number": "L-1"}
    day = (booked.today - timedelta(days=1)).isoformat()
    await booked.do(
        TaskKind.EXAMINE_EXPENSES,
        expenses=expenses or [a_ticket(booked), night],
        treated_from=day,
        treated_until=day,
        reason=reason,
    )


async def agree(booked: Booked, until: TaskKind) -> None:
    """Whoever is asked says yes, until a step of this kind waits."""
    while (task := await booked.anything()).kind is not until:
        if task.kind is TaskKind.CHECK_PAPERS:
            await hand_in(booked, booked.programme_code, booked.service.code)
        else:
            await next_step(booked, task.kind)


async def next_step(booked: Booked, kind: TaskKind) -> None:
    match kind:
        case TaskKind.REVIEW_BOOKING:
            await booked.do(kind, approved=True)
        case TaskKind.TELL_RESULT:
            await booked.do(kind, told_by="phone")
        case TaskKind.NAME_PERSON:
            await booked.do(kind, staff_id=AGENT.id)
        case TaskKind.OFFER_OPTIONS:
            await booked.do(kind, options=[{"option": one} for one in offered(booked)])
        case TaskKind.CHOOSE_OPTION:
            await booked.do(kind, option=offered(booked)[-1])
        case TaskKind.SERVICE_STEP:
            await serve_step(booked, over=True)
        case TaskKind.ARRANGE_SERVICE:
            await arrange(booked, "2026-09-03 09:00")
        case TaskKind.CONFIRM_BOOKING:
            await confirm(booked)
        case TaskKind.ASSIGN_EXPERT:
            await booked.task(kind)
            number = 9 + booked.lines.count("provider_failed")
            await booked.do(kind, assigned=True, expert=f"expert-{number}", **EXPERT)
        case TaskKind.MATCH_DOCTOR:
            await match(booked)
        case TaskKind.SEND_KIT:
            await booked.do(kind, sample="tissue", guided=True, courier_no="SF100")
        case TaskKind.RECEIVE_SAMPLE:
            await booked.do(kind, at=booked.time.now().isoformat())
        case TaskKind.DELIVER_REPORT:
            await deliver_report(booked)
        case TaskKind.EXPLAIN_REPORT:
            await booked.do(kind, told_by="phone")
        case _:
            raise AssertionError(kind)


def offered(booked: Booked) -> list[str]:
    """What the service lets its customer choose from: its kinds of clinic, or three experts."""
    clinics = booked.service.choice.clinics if booked.service.choice else ()
    return list(clinics) or [f"o-{number}" for number in range(3)]


async def deliver_report(booked: Booked) -> None:
    """The report goes out on paper and as a file."""
    kind = REPORTS[booked.service.shape or Shape.LAB_TEST]
    await booked.do(
        TaskKind.DELIVER_REPORT,
        documents={kind.value: ["doc-9"]},
        at=booked.time.now().isoformat(),
        images=["doc-9"],
        courier_no="SF101",
    )


async def follow_up(booked: Booked, kind: str) -> None:
    """What follows a service: a call, or for P07's insurer a report of what a survey found."""
    if kind == "survey_report":
        found: dict[str, Any] = {
            "satisfaction": 4,
            "on_time": True,
            "findings": "陪诊准时, 客户满意",
        }
        await booked.do(TaskKind.SURVEY_REPORT, **found)
    else:
        await booked.do(TaskKind.FOLLOW_UP_CALL, reached=True, satisfaction=5)
