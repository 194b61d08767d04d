"""The people of a booking as a walk meets them: what each may report at each kind of step.

`willing` leads on; `unwilling` is as true to life and leads elsewhere: papers missing, no time at
the hospital, another date, nobody there. A kind of step that has no answer here fails the walk.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from activities.ports.cases import TaskOpened
from domain.bookings.booking import VisitOutcome
from domain.bookings.expenses import papers_of
from domain.bookings.papers import lacking
from domain.bookings.rehabilitation import calls_allowed
from domain.bookings.terms import INTAKE_NAMES
from domain.bookings.visit import Escorting, escorting
from domain.calendar import SHANGHAI, civil_date
from domain.documents import DocumentKind
from domain.money import Money
from domain.programmes.own_steps import step_named, steps_at
from domain.steps.kinds import TaskKind

if TYPE_CHECKING:
    from tests.walk.booking_scene import BookingScene

Answer = Callable[["BookingScene", TaskOpened], dict[str, Any]]

FAR_ENOUGH: Final = timedelta(days=10)
"""Beyond every lead a service asks for."""


BEST: Final[dict[str, Any]] = {"doctor_level": "chief", "hospital_class": "3A"}
"""A doctor and a hospital that every service takes."""


def _checked(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    today = civil_date(walk.now).isoformat()
    seen = {"issued_on": today, "grade": 3, "sealed": True, "in_mainland": True}
    seen |= {"hospital_class": "3A", "slip_form": "receipt", "with_notice": True}
    papers = [
        {**seen, "kind": rule.kind.value, "shows": list(rule.states)}
        for rule in walk.programme.documents
    ]
    return {"complete": True, "slip_issued_on": today, "papers": papers}


def _options(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    choice = walk.service.choice
    if choice and choice.clinics:
        return {"options": [{"option": one} for one in choice.clinics]}
    count = choice.experts_offered if choice and choice.experts_offered else 3
    return {"options": [{"option": f"o-{number}"} for number in range(count)]}


def _chosen(walk: BookingScene, task: TaskOpened) -> dict[str, Any]:
    return {"option": walk.chance.choice(task.subject.split())}


_OFFERED: Final = re.compile(r"医院可安排 ([0-9-]{10} [0-9:]{5})", re.ASCII)


def _confirmed(walk: BookingScene, task: TaskOpened) -> dict[str, Any]:
    """Yes to what hospitals offer, unless its moment has passed."""
    offered = _OFFERED.search(task.subject)
    if offered and datetime.fromisoformat(f"{offered[1]}+08:00") <= walk.now:
        return {"confirmed": False, "told_by": "phone"}
    told = steps_at(walk.service, "told")
    says = {code: "空腹前往" for step in told for code in step.fields}
    return {"confirmed": True, "told_by": "phone", "says": says}


def _own_step(walk: BookingScene, task: TaskOpened) -> dict[str, Any]:
    """A step of the service's own file; of three rounds of a stay one is the last."""
    step = step_named(walk.service, task.subject)
    fields = step.fields if step else ()
    form: dict[str, Any] = {"says": {code: "已办" for code in fields if code != "hospital_id"}}
    if "hospital_id" in fields:
        form["hospital_id"] = "h-0001"
    return form | {"over": walk.chance.random() < 0.3}


def _arranged(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    day = walk.now + timedelta(days=walk.chance.randint(1, 20))
    at = day.astimezone(SHANGHAI).replace(hour=9, minute=0, second=0, microsecond=0)
    again = {"again_because": "客户仍选该专家"}
    return {"arranged": True, "service_at": at.isoformat(), "hospital_rank": 1, **BEST, **again}


def _visited(outcome: VisitOutcome) -> Answer:
    def report(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
        over = walk.service_at + timedelta(hours=2)
        walk.reach(over + timedelta(hours=1))
        absent = outcome is VisitOutcome.NOT_ADMITTED and not walk.service.admits
        said = VisitOutcome.NO_SHOW if absent else outcome
        return {"outcome": said.value, "at": over.isoformat(), "note": "客户自述临时有事"}

    return report


def _advised(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    walk.reach(walk.service_at)
    return {"outcome": "advised"}


def _nth(task: TaskOpened) -> str:
    """Whoever has failed is followed by another one."""
    return task.task_id.rpartition(".")[2]


def _matched(_: BookingScene, task: TaskOpened) -> dict[str, Any]:
    fits = {"doctor_level": "chief", "hospital_class": "3A"}
    return {"matched": True, "doctor": f"doctor-{_nth(task)}", **fits}


def _assigned(walk: BookingScene, task: TaskOpened) -> dict[str, Any]:
    staffing = walk.service.staffing
    city = staffing.cities[0] if staffing and staffing.cities else "上海"
    at = {"city": city, "specialty": "肿瘤内科"}
    return {"assigned": True, "expert": f"expert-{_nth(task)}", **at, **BEST}


def _now(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    return {"at": walk.now.isoformat()}


def _delivered(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    return {"at": walk.now.isoformat(), "images": ["doc-1"], "courier_no": "SF101"}


def _not_delivered(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    return {"at": walk.now.isoformat(), "delivered": False}


def _planned(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    day = (walk.now + FAR_ENOUGH).astimezone(SHANGHAI)
    at = day.replace(hour=9, minute=0, second=0, microsecond=0)
    return {"meeting_at": at.isoformat(), "meeting_place": "门诊大厅"}


def _offered(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    walk.nurses += 2
    numbers = (walk.nurses - 1, walk.nurses)
    nurses = [{"nurse_id": f"nurse-{number}", "clinical_nurse": True} for number in numbers]
    return {"nurses": nurses, "hospital_name": "某医院"}


def _terms(walk: BookingScene) -> Escorting:
    return escorting(walk.programme, walk.service) or Escorting()


def _called(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    return {"reached": True, "items": [one.code for one in _terms(walk).calls]}


def _there(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    walk.reach(walk.meeting_at - timedelta(minutes=15))
    return {"at": walk.now.isoformat()}


def _met(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    return {"met": True, "at": walk.now.isoformat()}


def _not_met(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    walk.reach(walk.meeting_at + timedelta(hours=2))
    return {"met": False, "at": walk.now.isoformat()}


def _left(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    done = [one.code for one in _terms(walk).items][:1]
    return {"at": walk.now.isoformat(), "closing_words": True, "items": done}


def _examined(*, of_fen: int, granted_fen: int) -> Answer:
    def examine(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
        papers = papers_of(walk.programme.documents, walk.service.code)
        day = civil_date(walk.now).isoformat()
        expense = {
            "number": "R-1",
            "on": day,
            "names_insured": True,
            "amount": Money.of(of_fen).model_dump(mode="json"),
            "granted": Money.of(granted_fen).model_dump(mode="json"),
            "reason": "" if of_fen == granted_fen else "超出范围",
        }
        ticket = next(kind for kind in papers if kind is not DocumentKind.LODGING_INVOICE)
        reason = "" if granted_fen else "不属于报销范围"
        return {"expenses": [expense | {"kind": ticket.value}], "reason": reason}

    return examine


def _care_planned(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    fewest, most = calls_allowed(walk.service)
    calls = walk.chance.randint(fewest, most)
    day = civil_date(walk.now - timedelta(days=3)).isoformat()
    return {"first_visit_on": day, "calls": calls, "plan": "恢复行走"}


def _not_reached(walk: BookingScene, _: TaskOpened) -> dict[str, Any]:
    """Where the telephone system counts calls in vain, no doctor needs to say so."""
    counted = walk.service.failed_calls is not None
    return {"outcome": "provider_failed" if counted else "not_reached", "note": "多次致电未接通"}


def _says(**form: Any) -> Answer:
    return lambda _walk, _task: form


WILLING: Final[dict[TaskKind, Answer]] = {
    TaskKind.TAKE_REQUEST: _says(
        identity_verified=True,
        need="复诊",
        intake=dict.fromkeys(INTAKE_NAMES, "已登记") | {"exam_type": "CT"},
    ),
    TaskKind.CHECK_PAPERS: _checked,
    TaskKind.REVIEW_BOOKING: _says(approved=True),
    TaskKind.TELL_RESULT: _says(told_by="phone"),
    TaskKind.OFFER_OPTIONS: _options,
    TaskKind.CHOOSE_OPTION: _chosen,
    TaskKind.SERVICE_STEP: _own_step,
    TaskKind.ARRANGE_SERVICE: _arranged,
    TaskKind.CONFIRM_BOOKING: _confirmed,
    TaskKind.REPORT_VISIT: _visited(VisitOutcome.DELIVERED),
    TaskKind.DECIDE_USE: _says(used=False, reason="首次"),
    TaskKind.CHASE_LAB: _says(note="已致电实验室"),
    TaskKind.FIND_PARCEL: _says(send_again=False, note="已在服务点找到"),
    TaskKind.FOLLOW_UP_CALL: _says(reached=True, satisfaction=5),
    TaskKind.SURVEY_REPORT: _says(satisfaction=4, on_time=True, findings="客户满意"),
    TaskKind.ASSIGN_EXPERT: _assigned,
    TaskKind.SEND_KIT: _says(can_give=True, sample="tissue", guided=True, courier_no="SF100"),
    TaskKind.RECEIVE_SAMPLE: _now,
    TaskKind.DELIVER_REPORT: _delivered,
    TaskKind.EXPLAIN_REPORT: _says(told_by="phone"),
    TaskKind.PLAN_ESCORT: _planned,
    TaskKind.OFFER_VISIT: _offered,
    TaskKind.CALL_CUSTOMER: _called,
    TaskKind.CHECK_IN: _there,
    TaskKind.CALL_ON_THE_WAY: _says(on_time=True),
    TaskKind.MEET_CUSTOMER: _met,
    TaskKind.CHECK_OUT: _left,
    TaskKind.REPLACE_ESCORT: _says(replaced=True, reason="联系不上"),
    TaskKind.RECEIVE_PAPERS: _says(complete=True, courier_no="SF200"),
    TaskKind.EXAMINE_EXPENSES: _examined(of_fen=52_000, granted_fen=52_000),
    TaskKind.CONFIRM_PAYEE: _says(is_insured=True),
    TaskKind.PLAN_CARE: _care_planned,
    TaskKind.CARE_CALL: _says(reached=True, condition="平稳", advice="继续锻炼"),
    TaskKind.RESOLVE_PAYMENT: _says(paid=True, reference="R-7", evidence="双方流水一致"),
    TaskKind.NAME_PERSON: _says(staff_id="agent-9"),
    TaskKind.MATCH_DOCTOR: _matched,
    TaskKind.CALL_AHEAD: _says(reached=True),
    TaskKind.CONSULT: _advised,
    TaskKind.WRITE_SUMMARY: _says(summary="注意休息, 两周后复查"),
    TaskKind.RATE_SERVICE: _says(satisfaction=5),
    TaskKind.BREACH: _says(action="已跟进"),
    TaskKind.PHONE_CUSTOMER: _says(reached=True),
}
"""What leads on; never refused."""

UNWILLING: Final[dict[TaskKind, tuple[Answer, ...]]] = {
    TaskKind.TAKE_REQUEST: (_says(identity_verified=False, need="不明"),),
    TaskKind.CHECK_PAPERS: (_says(complete=False, missing=["id_card_front"]),),
    TaskKind.REVIEW_BOOKING: (_says(approved=False, reason="不属于保障范围"),),
    TaskKind.ARRANGE_SERVICE: (
        _says(arranged=False),
        _says(arranged=False),
        _says(arranged=False, final=True),
    ),
    TaskKind.CONFIRM_BOOKING: (
        _says(confirmed=False, told_by="phone"),
        _says(confirmed=False, told_by="phone", withdrawn=True),
    ),
    TaskKind.REPORT_VISIT: tuple(
        _visited(outcome) for outcome in VisitOutcome if outcome is not VisitOutcome.DELIVERED
    ),
    TaskKind.DECIDE_USE: (_says(used=True, reason="再次取消"),),
    TaskKind.FOLLOW_UP_CALL: (_says(reached=False),),
    TaskKind.ASSIGN_EXPERT: (_says(assigned=False), _says(assigned=False, final=True)),
    TaskKind.MATCH_DOCTOR: (_says(matched=False), _says(matched=False, final=True)),
    TaskKind.SEND_KIT: (_says(can_give=False),),
    TaskKind.DELIVER_REPORT: (_not_delivered,),
    TaskKind.MEET_CUSTOMER: (_not_met,),
    TaskKind.REPLACE_ESCORT: (_says(replaced=False, reason="已在路上"),),
    TaskKind.CALL_CUSTOMER: (_says(reached=False),),
    TaskKind.RECEIVE_PAPERS: (_says(complete=False, missing=["travel_ticket"]),),
    TaskKind.EXAMINE_EXPENSES: (
        _examined(of_fen=52_000, granted_fen=40_001),
        _examined(of_fen=52_000, granted_fen=0),
    ),
    TaskKind.CONFIRM_PAYEE: (_says(is_insured=False),),
    TaskKind.CALL_AHEAD: (_says(reached=False),),
    TaskKind.CONSULT: (_says(outcome="provider_failed"), _not_reached),
    TaskKind.CARE_CALL: (_says(reached=False),),
    TaskKind.PHONE_CUSTOMER: (_says(reached=False),),
}
"""What leads elsewhere; never refused either."""


def needed(one: BookingScene) -> list[DocumentKind]:
    """What has to be handed in, the slip last; of papers that replace each other one."""
    terms = one.programme.for_booking(one.service.code)
    have: list[DocumentKind] = []
    slip = DocumentKind.ADMISSION_SLIP
    while lacks := [kind for kind in lacking(terms, None, have) if kind is not slip]:
        have.append(lacks[0])
    return [*have, slip] if lacking(terms, None, have) else have


def moment(text: str) -> datetime:
    """`"2026-08-31 10:00"` in Shanghai."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
