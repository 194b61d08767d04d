"""The people of an escort: the steward, the dispatcher, the platform's nurses, step by step."""

from __future__ import annotations

from typing import Any

from domain.bookings.visit import Escorting, escorting
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.workflows.booked import PROGRAMMES, Booked
from workflows.messages.matters import Actor, VisitTaken

P02 = ("pingan_value_added", "visit_escort")
_TERMS = escorting(PROGRAMMES[P02[0]], PROGRAMMES[P02[0]].service(P02[1])) or Escorting()
CALLS = [one.code for one in _TERMS.calls]


def nurse(number: int) -> Actor:
    return Actor(role=Role.NURSE, id=f"nurse-{number}")


async def plan(booked: Booked, meeting: str) -> None:
    at = booked.at(meeting).isoformat()
    await booked.do(TaskKind.PLAN_ESCORT, meeting_at=at, meeting_place="门诊大厅服务台")


async def offer(booked: Booked, *numbers: int, clinical: bool = True, **form: Any) -> None:
    """Offered to these nurses; returns when the platform has it."""
    before = len(booked.partners.visits)
    nurses = [{"nurse_id": f"nurse-{n}", "clinical_nurse": clinical} for n in numbers]
    form = {"hospital_name": "某医院"} | form
    await booked.do(TaskKind.OFFER_VISIT, nurses=nurses, **form)
    await booked.until(lambda: len(booked.partners.visits) > before)


async def says(booked: Booked, number: int | None, *, yes: bool = True, visit: int = -1) -> None:
    """The platform's word on what a nurse said; nobody's number when nobody is left."""
    word = VisitTaken(
        visit_id=list(booked.partners.visits)[visit],
        nurse_id="" if number is None else f"nurse-{number}",
        at=booked.time.now(),
        accepted=yes,
    )
    await booked.handle.signal("visit_taken", word)


async def call(booked: Booked, number: int = 1, **form: Any) -> None:
    said: dict[str, Any] = {"reached": True, "items": CALLS} | form
    await booked.do(TaskKind.CALL_CUSTOMER, nurse(number), **said)


async def check_in(booked: Booked, number: int = 1) -> None:
    await booked.do(TaskKind.CHECK_IN, nurse(number), at=booked.time.now().isoformat())


async def on_the_way(booked: Booked, number: int = 1, late: str | None = None) -> None:
    form: dict[str, Any] = {"on_time": late is None}
    if late is not None:
        form["expected_at"] = booked.at(late).isoformat()
    await booked.do(TaskKind.CALL_ON_THE_WAY, nurse(number), **form)


async def meet(booked: Booked, number: int = 1, *, met: bool = True) -> None:
    form: dict[str, Any] = {"met": met, "at": booked.time.now().isoformat()}
    await booked.do(TaskKind.MEET_CUSTOMER, nurse(number), **form)


async def check_out(booked: Booked, number: int = 1, items: list[str] | None = None) -> None:
    form: dict[str, Any] = {
        "at": booked.time.now().isoformat(),
        "closing_words": True,
        "items": items or [],
    }
    await booked.do(TaskKind.CHECK_OUT, nurse(number), **form)


async def taken(booked: Booked, meeting: str, number: int = 1) -> None:
    """Planned, offered to two, taken by one of them."""
    await plan(booked, meeting)
    await offer(booked, number, number + 1)
    await says(booked, number)
    await booked.task(TaskKind.CALL_CUSTOMER)
