"""From which act to which each promise of a booking runs, written down by hand.

An act is what somebody does in the walk: the request, a paper handed in, a step done, what a report
says of its own moment. No two of them happen at the same time in a walk that is told in time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Final

from domain.calendar import SHANGHAI, civil_date
from domain.documents import DocumentKind
from domain.programmes.services import Shape
from domain.steps.kinds import TaskKind
from tests.walk.booking_people import needed
from tests.walk.booking_scene import OPENS
from tests.walk.bookings import BookingWalk

Moment = Callable[[BookingWalk], datetime | None]


def _asked(_: BookingWalk) -> datetime:
    return OPENS


def _done(kind: TaskKind) -> Moment:
    """When somebody finished the first step of a kind."""

    def moment(walk: BookingWalk) -> datetime:
        closed = (one for page in walk.pages for one in page.tasks_closed if one.done)
        return next(one.closed_at for one in closed if one.task_id.split(".")[1] == kind)

    return moment


def _reported(kind: TaskKind) -> Moment:
    """The moment that the report of a step names."""

    def moment(walk: BookingWalk) -> datetime:
        closed = [one for page in walk.pages for one in page.tasks_closed if one.done]
        forms = (one.form for one in closed if one.task_id.split(".")[1] == kind)
        return datetime.fromisoformat(next(form["at"] for form in forms if form))

    return moment


def _sought(walk: BookingWalk) -> datetime:
    """When somebody was first asked to find a hospital's resource: the formal start (C-23)."""
    opened = (task for page in walk.pages for task in page.tasks_opened)
    return next(task.opened_at for task in opened if task.kind is TaskKind.ARRANGE_SERVICE)


def _first_paper(walk: BookingWalk) -> datetime:
    return walk.handed_in[0]


def _last_paper(walk: BookingWalk) -> datetime | None:
    """The slip, where one is asked for; with it the file is complete, as it is without papers."""
    return walk.handed_in[-1] if walk.handed_in else _done(TaskKind.TAKE_REQUEST)(walk)


def _slip_issued(walk: BookingWalk) -> datetime:
    """The day whoever checks the papers reads off it: that day itself, from midnight."""
    checked = civil_date(_done(TaskKind.CHECK_PAPERS)(walk) or walk.now)
    return datetime.combine(checked, time.min, SHANGHAI)


def _taken(walk: BookingWalk) -> datetime:
    """When a nurse said yes."""
    return walk.taken[0]


def _arranged(walk: BookingWalk) -> datetime | None:
    """Somebody serves, and the customer knows: he said yes, an expert or a nurse was found."""
    if walk.service.shape is Shape.ESCORT:
        return _taken(walk)
    asked = {task.kind for page in walk.pages for task in page.tasks_opened}
    agreed = TaskKind.CONFIRM_BOOKING in asked
    return _done(TaskKind.CONFIRM_BOOKING if agreed else TaskKind.ASSIGN_EXPERT)(walk)


def _accompanied(walk: BookingWalk) -> datetime:
    """Four hours are counted from the agreed time, whoever comes early."""
    met = _reported(TaskKind.MEET_CUSTOMER)(walk) or walk.now
    return max(met, walk.meeting_at)


def _a_day_later(walk: BookingWalk) -> datetime:
    """A chat closes by itself."""
    return walk.clocks["G10.1"].due_at


VISITED: Final = _reported(TaskKind.REPORT_VISIT)
REPORT: Final = _reported(TaskKind.DELIVER_REPORT)
TOLD: Final = _done(TaskKind.TELL_RESULT)

PROMISES: Final[dict[str, tuple[Moment, Moment]]] = {
    "G01": (_asked, _done(TaskKind.TAKE_REQUEST)),
    "G02": (_asked, _done(TaskKind.ARRANGE_SERVICE)),
    "G03": (_asked, _arranged),
    "G05": (_asked, _reported(TaskKind.CHECK_OUT)),
    "G06": (_taken, _done(TaskKind.CALL_CUSTOMER)),
    "G08": (_accompanied, _reported(TaskKind.CHECK_OUT)),
    "G09": (_asked, _done(TaskKind.CONSULT)),
    "G10": (_done(TaskKind.MATCH_DOCTOR), _a_day_later),
    "G14": (_done(TaskKind.TAKE_REQUEST), _done(TaskKind.CONSULT)),
    "G16": (_done(TaskKind.CHOOSE_OPTION), VISITED),
    "G17": (_last_paper, VISITED),
    "G18": (_last_paper, REPORT),
    "G18S": (_last_paper, REPORT),
    "G20": (_last_paper, TOLD),
    "G21": (_sought, _arranged),
    "G22": (_sought, VISITED),
    "G23": (_last_paper, _arranged),
    "G24": (_done(TaskKind.REVIEW_BOOKING), _arranged),
    "G25": (_asked, _arranged),
    "G26": (_asked, VISITED),
    "G27": (_asked, VISITED),
    "G28": (_first_paper, _done(TaskKind.CHECK_PAPERS)),
    "G29": (_last_paper, REPORT),
    "G30": (_first_paper, TOLD),
    "G31": (_first_paper, TOLD),
    "G32": (_asked, _arranged),
    "G33": (_slip_issued, VISITED),
    "G34": (_reported(TaskKind.RECEIVE_SAMPLE), REPORT),
}
"""Green channel, section 3.3: what starts a promise, and what keeps it."""

UNPHONED: Final = frozenset({"G11"})
"""Only the telephone system tells of a call, and nobody phones in this walk."""

BREATH: Final = timedelta(seconds=7)
"""Between two acts: no two happen at once, and half a minute is long enough to be answered in."""


def misplaced(one: BookingWalk) -> list[object]:
    """The promises that did not run from the act that starts them to the act that keeps them."""
    wrong: list[object] = []
    for clock_id in sorted({clock.id for clock in one.clocks.values()} - UNPHONED):
        begins, ends = PROMISES[clock_id]
        clock = one.clocks[f"{clock_id}.1"]
        if (clock.started_at, clock.met_at) != (begins(one), ends(one)):
            wrong.append((clock, begins(one), ends(one)))
    return wrong


def breathe(one: BookingWalk) -> None:
    """A moment passes; a customer who is asked for papers sends one after the other."""
    one.reach(one.now + BREATH)
    if one.handed_in or one.waits_for(TaskKind.CHECK_PAPERS) is None:
        return
    for paper in needed(one) or [DocumentKind.BLOOD_REPORT]:
        one.hand_in(paper)
        one.reach(one.now + BREATH)
