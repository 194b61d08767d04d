"""The stories of bookings that end before their usual end, as each shape can end.

What ends every booking alike - nobody is who he says, the review says no - is told once and for
every shape; what a shape has of its own is given up where most of it is under way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from domain.bookings.booking import BookingStage
from domain.bookings.parcel import ParcelStatus
from domain.eligibility import Outcome
from domain.steps.kinds import TaskKind
from tests.workflows import escorts, reimbursed, stewards
from tests.workflows.booked import Booked, booking_opener

Of = tuple[str, str]

VISIT: Final[Of] = ("pingan_oncology_157", "expert_outpatient")
OPINION: Final[Of] = ("ins_oncology", "second_opinion")
TEST: Final[Of] = ("ins_oncology", "gene_testing")
BY_PHONE: Final[Of] = ("pingan_value_added", "family_doctor_phone")
DIRECT: Final[Of] = ("pingan_value_added", "expert_phone_direct")
TRAVEL: Final[Of] = reimbursed.TRAVEL
CALLS: Final[Of] = reimbursed.CALLS
ESCORT: Final[Of] = escorts.P02


async def rejected(booked: Booked) -> None:
    """Whoever asked is not the person."""
    await booked.do(TaskKind.TAKE_REQUEST, identity_verified=False, need="复诊")
    await booked.ends(BookingStage.REJECTED)


async def declined(booked: Booked, of: Of) -> None:
    """The rules ask a person, who says no."""
    await stewards.take(booked)
    await stewards.hand_in(booked, *of)
    await booked.do(TaskKind.REVIEW_BOOKING, approved=False, reason="不在服务范围")
    await booked.do(TaskKind.TELL_RESULT, told_by="phone")
    await booked.ends(BookingStage.DECLINED)


async def no_hospital(booked: Booked) -> None:
    """No hospital can."""
    await stewards.take(booked)
    await stewards.choose(booked)
    await booked.do(TaskKind.ARRANGE_SERVICE, arranged=False)
    await booked.do(TaskKind.ARRANGE_SERVICE, arranged=False, final=True)
    await booked.ends(BookingStage.UNAVAILABLE)


async def no_more_test(booked: Booked) -> None:
    """Given up while kit and sample are on their way; the courier is called off."""
    await stewards.take(booked)
    await stewards.agree(booked, TaskKind.SEND_KIT)
    await booked.do(TaskKind.SEND_KIT, sample="tissue", guided=True)
    await booked.task(TaskKind.RECEIVE_SAMPLE)
    await booked.courier_says(1, ParcelStatus.ON_THE_WAY)
    await booked.give_up(accept_use=True)
    await booked.do(TaskKind.DECIDE_USE, used=False, reason="未采样")
    await booked.ends(BookingStage.CANCELLED)


async def no_sample(booked: Booked) -> None:
    """The customer cannot give one."""
    await stewards.take(booked)
    await stewards.agree(booked, TaskKind.SEND_KIT)
    await booked.do(TaskKind.SEND_KIT, can_give=False)
    await booked.ends(BookingStage.TERMINATED)


async def sample_owed(booked: Booked) -> None:
    """The laboratory waits for the sample in vain until the policy year ends."""
    await stewards.take(booked)
    await stewards.agree(booked, TaskKind.RECEIVE_SAMPLE)
    await booked.go_to("2026-10-01 00:01")
    await booked.ends(BookingStage.EXPIRED)


async def not_reached(booked: Booked) -> None:
    """The doctor reports that the customer could not be reached."""
    await stewards.take(booked)
    await stewards.agree(booked, TaskKind.CONSULT)
    await booked.do(TaskKind.CONSULT, outcome="not_reached", note="多次致电未接通")
    await booked.ends(BookingStage.TERMINATED)


async def nobody_on_duty(booked: Booked) -> None:
    """No expert is there for a call at once."""
    booked.roster.slots = []
    await stewards.take(booked)
    await booked.ends(BookingStage.UNAVAILABLE)


async def no_more_escort(booked: Booked) -> None:
    """Given up after somebody had taken the visit; the platform is told."""
    await stewards.take(booked)
    await escorts.taken(booked, "2026-06-20 09:00")
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    await booked.give_up(accept_use=True)
    await booked.do(TaskKind.DECIDE_USE, used=False, reason="未出发")
    await booked.ends(BookingStage.CANCELLED)


async def no_escort(booked: Booked) -> None:
    """All who were asked decline, and nobody else can come."""
    await stewards.take(booked)
    await escorts.plan(booked, "2026-06-20 09:00")
    await escorts.offer(booked, 1)
    await escorts.says(booked, 1, yes=False)
    await booked.do(TaskKind.OFFER_VISIT, final=True)
    await booked.ends(BookingStage.UNAVAILABLE)


async def no_more_money(booked: Booked) -> None:
    """Given up while the papers are on their way."""
    await stewards.take(booked)
    await booked.courier_says(1, ParcelStatus.ON_THE_WAY)
    await booked.give_up(accept_use=True)
    await booked.ends(BookingStage.CANCELLED)


async def _first_call_made(booked: Booked) -> None:
    await stewards.take(booked)
    await stewards.hand_in(booked, *CALLS)
    await stewards.agree(booked, TaskKind.PLAN_CARE)
    plan: dict[str, Any] = {"calls": 2, "plan": "循序渐进"}
    await booked.do(TaskKind.PLAN_CARE, first_visit_on=booked.today.isoformat(), **plan)
    await booked.time.go_to(booked.time.now() + timedelta(days=190))
    words: dict[str, Any] = {"condition": "恢复良好", "advice": "每日散步"}
    await booked.do(TaskKind.CARE_CALL, reached=True, **words)
    await booked.until(lambda: "care_call" in booked.lines)


async def no_more_calls(booked: Booked) -> None:
    """Given up between two calls of the year."""
    await _first_call_made(booked)
    await booked.give_up(accept_use=True)
    await booked.ends(BookingStage.CANCELLED)


async def no_contract_to_call(booked: Booked) -> None:
    """The contract ends between two calls of the year; the one that was made counts."""
    await _first_call_made(booked)
    await booked.lose_contract()
    await booked.ends(BookingStage.TERMINATED)
    assert booked.unit == "consumed"


Told = tuple[Callable[[Booked], Awaitable[None]], Callable[..., Any]]


def _of(of: Of, **more: Any) -> Callable[..., Any]:
    return partial(booking_opener, of=of, **more)


def _alike(of: dict[str, Of]) -> dict[str, Told]:
    """What ends every shape alike."""
    ends: dict[str, Told] = {}
    for workflow, service in of.items():
        ends[f"{workflow}.rejected"] = (rejected, _of(service))
        if workflow != "Reimbursement":  # declined when its papers are examined
            judged = _of(service, judged=Outcome.NEEDS_PERSON)
            ends[f"{workflow}.declined"] = (partial(declined, of=service), judged)
    return ends


STORIES: Final[dict[str, Told]] = {
    **_alike(
        {
            "Appointment": VISIT,
            "WrittenOpinion": OPINION,
            "Consultation": BY_PHONE,
            "Escort": ESCORT,
            "Rehabilitation": CALLS,
            "Reimbursement": TRAVEL,
        }
    ),
    "Appointment.unavailable": (no_hospital, _of(VISIT)),
    "WrittenOpinion.cancelled": (no_more_test, _of(TEST)),
    "WrittenOpinion.terminated": (no_sample, _of(TEST)),
    "WrittenOpinion.expired": (
        sample_owed,
        _of(TEST, on="2026-09-20 10:00", last_day="2026-09-30"),
    ),
    "Consultation.terminated": (not_reached, _of(BY_PHONE)),
    "Consultation.unavailable": (nobody_on_duty, _of(DIRECT)),
    "Escort.cancelled": (no_more_escort, _of(ESCORT, on="2026-06-17 09:00")),
    "Escort.unavailable": (no_escort, _of(ESCORT, on="2026-06-17 09:00")),
    "Reimbursement.cancelled": (no_more_money, _of(TRAVEL)),
    "Rehabilitation.cancelled": (no_more_calls, _of(CALLS)),
    "Rehabilitation.terminated": (no_contract_to_call, _of(CALLS)),
}
"""Who tells it and how it is opened, by workflow and ending."""
