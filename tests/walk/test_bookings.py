"""Every service that is booked, walked: in time, late, given up, failed; and so many seeds.

What a service does is asked of its own programme file, so that a new programme is walked as soon
as its file is there. `make walk` walks more seeds.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, Final

import pytest

from domain.bookings.booking import LOSSES, BookingStage, VisitOutcome
from domain.bookings.steps import BOOKING_TASKS
from domain.bookings.telephone import CallNews
from domain.bookings.terms import is_agreed_on, preferred
from domain.cancellation import Cost
from domain.clock import ClockState
from domain.events import ExpectedEvent
from domain.programmes.own_steps import SERVICE_STEP_TASKS
from domain.programmes.services import Shape
from domain.programmes.terms import ClockTerms
from domain.steps.kinds import TaskKind
from tests.builders import programme_of
from tests.walk.booking_moments import breathe, misplaced
from tests.walk.booking_people import WILLING
from tests.walk.booking_scene import OPENS, booked_services
from tests.walk.booking_words import strangers_words
from tests.walk.bookings import BookingWalk, Walks
from tests.walk.engine import Refused
from workflows.bookings.refusals.booking import CANCELLING_REFUSED
from workflows.front_desk import ONLY_ACKNOWLEDGED
from workflows.messages.bookings import CallHeard
from workflows.messages.workflow_types import BOOKING_TYPES
from workflows.refusals import WRONG_STAGE

SEEDS: Final = 20
SERVICES: Final = booked_services()
APPOINTMENTS: Final = booked_services(Shape.APPOINTMENT)
WRITTEN: Final = booked_services(Shape.WRITTEN_OPINION)
OWN_REASONS: Final = {"note": "客户自述临时有事"}
AWAY: Final[tuple[dict[str, Any], ...]] = tuple(
    {"outcome": loss.value, **OWN_REASONS} for loss in LOSSES
)
LOST_AT: Final[dict[Shape, tuple[TaskKind, tuple[dict[str, Any], ...]]]] = {
    Shape.APPOINTMENT: (TaskKind.REPORT_VISIT, AWAY),
    Shape.ESCORT: (TaskKind.REPORT_VISIT, AWAY),
    Shape.CONSULTATION: (TaskKind.CONSULT, ({"outcome": "not_reached", **OWN_REASONS},)),
    Shape.LAB_TEST: (TaskKind.SEND_KIT, ({"can_give": False},)),
}
"""Where the customer may be the one who is not there; a report or money waits for nobody."""

FAILS: Final[dict[Shape, tuple[TaskKind, dict[str, Any]]]] = {
    Shape.APPOINTMENT: (TaskKind.REPORT_VISIT, {"outcome": "provider_failed"}),
    Shape.ESCORT: (TaskKind.REPORT_VISIT, {"outcome": "provider_failed"}),
    Shape.CONSULTATION: (TaskKind.CONSULT, {"outcome": "provider_failed"}),
    Shape.WRITTEN_OPINION: (TaskKind.DELIVER_REPORT, {"delivered": False}),
    Shape.LAB_TEST: (TaskKind.DELIVER_REPORT, {"delivered": False}),
}
"""Where somebody else may fail; calls and money of our own are made good by us."""

DATED: Final = frozenset({TaskKind.REPORT_VISIT, TaskKind.DELIVER_REPORT})
"""Reports that say when it was."""


each_service = pytest.mark.parametrize(("programme", "service"), SERVICES, ids=str)
each_appointment = pytest.mark.parametrize(("programme", "service"), APPOINTMENTS, ids=str)


def test_every_step_of_a_booking_is_done_by_somebody_who_knows_it() -> None:
    assert [kind for kind in {**BOOKING_TASKS, **SERVICE_STEP_TASKS} if kind not in WILLING] == []


@each_service
def test_in_time_every_promise_is_kept(walk: Walks, programme: str, service: str) -> None:
    """Between two acts a moment passes, so that a promise counted from another one is seen."""
    one = walk(programme, service)
    one.start()
    one.go_on(lambda: False, before=lambda: breathe(one))
    one.check()
    assert misplaced(one) == []
    undated = [task for page in one.pages for task in page.tasks_opened if task.due_at is None]
    assert undated == [], "it would lie unseen"
    assert one.stage is BookingStage.CLOSED
    broken = [c.instance for c in one.clocks.values() if c.state is ClockState.BREACHED]
    assert broken == []
    promised = one.programme.for_booking(service).clocks
    ours = {clock.id for clock in promised if ExpectedEvent.CALL_STARTED not in clock.starts}
    assert {clock.id for clock in one.clocks.values()} >= ours  # nobody phones in this walk


@each_service
def test_late_at_every_step_every_promise_is_broken_aloud_and_the_service_still_comes(
    walk: Walks, programme: str, service: str
) -> None:
    one = walk(programme, service)
    one.start()
    late: set[str] = set()

    def dawdle() -> None:
        running = [
            clock for clock in one.clocks.values() if clock.is_open and not clock.breached_at
        ]
        chat = one.waits_for(TaskKind.CONSULT) and one.service.consulting
        if not running or (chat and chat.by == "text"):
            return  # who lets a whole chat pass is not late but has failed
        one.reach(max(clock.due_at for clock in running) + timedelta(minutes=1))
        for clock in running:
            now = one.clocks[clock.instance]
            # A promise that is the length of a talk is kept by ending it at that very moment.
            assert now.breached_at is not None or now.met_at == now.due_at, clock.instance
            late.update([clock.instance] if now.breached_at else [])

    one.go_on(lambda: False, before=dawdle)
    one.check()
    assert one.stage is BookingStage.CLOSED
    assert {c.instance for c in one.clocks.values() if c.breached_at is not None} == late
    steps = {task.subject for page in one.pages for task in page.tasks_opened}
    assert late <= steps, "a supervisor was asked about each"


@each_service
def test_given_up_at_every_step_it_is_free_first_and_the_unit_is_where_the_terms_say(
    walk: Walks, programme: str, service: str
) -> None:
    costs = []
    for number in range(40):
        one = walk(programme, service, seed=number)
        acts = iter(range(100))
        one.start()
        if not one.go_on(lambda acts=acts, number=number: next(acts) >= number):  # type: ignore[misc]
            break
        costs.append(_given_up(one))
    assert len(costs) > 1
    assert costs == sorted(costs, key=[Cost.FREE, Cost.NEEDS_PERSON, Cost.USED, Cost.REFUSED].index)
    rule = one.service.cancellation
    if rule is not None and rule.free_before is not None:
        then = Cost.USED if rule.afterwards == "used" else Cost.REFUSED
        assert {Cost.FREE, then} <= {*costs}
    terms = one.service.consumption
    if rule is None and terms is not None and "given_up" in terms.also_on:
        assert {*costs} == {Cost.FREE, Cost.USED}  # R358, R483


def _given_up(one: BookingWalk) -> Cost:
    """What it cost, once the booking has ended; where it was refused, the booking went on."""
    try:
        one.give_up()
    except Refused as refused:
        if refused.code not in (CANCELLING_REFUSED, WRONG_STAGE):
            raise
        one.finish()
        one.check()
        return Cost.REFUSED
    assert {task.kind for task in one.open_tasks} <= {TaskKind.DECIDE_USE, *ONLY_ACKNOWLEDGED}
    one.finish()
    one.check()
    assert one.stage is BookingStage.CANCELLED
    assert one.cost is not None
    return one.cost


@each_appointment
def test_an_appointment_is_coordinated_when_need_is_known_and_its_customer_is_reminded(
    walk: Walks, programme: str, service: str
) -> None:
    """Identity, need, papers, review and choice; then a hospital; then the customer says yes."""
    one = walk(programme, service)
    one.start()
    one.finish()
    opened = [task.kind for page in one.pages for task in page.tasks_opened]
    assert opened[0] is TaskKind.TAKE_REQUEST
    asked = opened.index(TaskKind.ARRANGE_SERVICE)
    before = {TaskKind.CHECK_PAPERS, TaskKind.REVIEW_BOOKING, TaskKind.CHOOSE_OPTION}
    assert not before & {*opened[asked:]}
    assert opened.index(TaskKind.CONFIRM_BOOKING) > asked
    [arranging, *_] = [
        task
        for page in one.pages
        for task in page.tasks_opened
        if task.kind is TaskKind.ARRANGE_SERVICE
    ]
    chosen = one.service.choice is not None and one.service.choice.experts_offered
    named = ["客户选定专家 o-2"] if chosen else []
    assert arranging.subject == "; ".join([*named, *filter(None, [preferred(one.service)])])
    told = [notice.template for page in one.pages for notice in page.notices]
    rule = one.service.cancellation  # that giving up costs from here on is told where it does
    costs = rule is not None and rule.free_before is ExpectedEvent.SERVICE_STARTED
    assert told.count("booking_started") == (1 if costs else 0)
    visit = ["booking_confirmed", "booking_tomorrow", "booking_soon"]
    near = one.service_at - OPENS < timedelta(days=1)
    assert [code for code in told if code in visit] == (visit[::2] if near else visit)


@pytest.mark.parametrize("shape", [*BOOKING_TYPES])
def test_words_about_others_or_before_their_time_change_nothing(walk: Walks, shape: Shape) -> None:
    """Partners speak of visits, parcels, tests and slots that this booking has not ordered."""
    programme, service = booked_services(shape)[0]
    undisturbed = walk(programme, service)
    undisturbed.start()
    undisturbed.finish()
    for number in range(0, 40, 3):
        one = walk(programme, service)
        acts = iter(range(100))
        one.start()
        if not one.go_on(lambda acts=acts, number=number: next(acts) >= number):  # type: ignore[misc]
            break
        strangers_words(one)
        one.finish()
        one.check()
        assert (one.stage, one.unit) == (undisturbed.stage, undisturbed.unit)
        known = [clock.id for clock in one.clocks.values()]
        assert {*known} >= {clock.id for clock in undisturbed.clocks.values()}


@pytest.mark.parametrize(("programme", "service"), booked_services(*FAILS), ids=str)
def test_a_provider_that_fails_twice_uses_nothing_up_and_then_serves(
    walk: Walks, programme: str, service: str
) -> None:
    """C-28, I19: of every shape in which somebody else is to serve the customer."""
    one = walk(programme, service)
    one.start()
    kind, form = FAILS[one.service.shape or Shape.APPOINTMENT]
    for _ in range(2):
        assert one.go_on(lambda: one.stage is BookingStage.CONFIRMED)
        assert one.go_on(lambda: one.waits_for(kind) is not None)
        _ends(one, kind, form)
        terms = one.service.consumption
        if terms is None or terms.when == "completed":
            assert one.unit is None
    one.finish()
    one.check()
    assert one.stage is BookingStage.CLOSED
    times = Counter(clock.id for clock in one.clocks.values())
    again = [terms.id for terms in one.programme.for_booking(service).clocks if _coordinates(terms)]
    assert [times[clock_id] for clock_id in again] == [3 for _ in again]


def _coordinates(terms: ClockTerms) -> bool:
    """Whether a promise is kept by finding somebody who serves, and telling the customer."""
    return not {*terms.stops}.isdisjoint(
        {
            ExpectedEvent.RESOURCE_COORDINATED,
            ExpectedEvent.CUSTOMER_INFORMED,
            ExpectedEvent.BOOKING_CONFIRMED,
            ExpectedEvent.SERVICE_ARRANGED,
        }
    )


@pytest.mark.parametrize(("programme", "service"), booked_services(*LOST_AT), ids=str)
def test_what_falls_through_by_the_customer_costs_what_the_terms_say(
    walk: Walks, programme: str, service: str
) -> None:
    """R333, R335, R420: by each way in which a customer can let a service of its shape down."""
    terms = programme_of(programme).service(service)
    kind, ways = LOST_AT[terms.shape or Shape.APPOINTMENT]
    for form in ways:
        if form.get("outcome") == VisitOutcome.NOT_ADMITTED and not terms.admits:
            continue  # nobody was to be admitted
        one = walk(programme, service)
        one.start()
        assert one.go_on(lambda one=one: one.waits_for(kind) is not None)  # type: ignore[misc]
        if terms.failed_calls is not None:
            _calls_in_vain(one)
        else:
            _ends(one, kind, form)
        one.finish()
        one.check()
        assert one.stage is (
            BookingStage.TERMINATED if terms.failed_calls is None else BookingStage.CANCELLED
        )


def _ends(one: BookingWalk, kind: TaskKind, form: dict[str, Any]) -> None:
    """Somebody reports what came of it, when it was to take place."""
    task = one.waits_for(kind)
    assert task is not None
    one.reach(one.service_at + timedelta(hours=1))
    when = {"at": one.now.isoformat()} if kind in DATED else {}
    one.report(task, form={**form, **when})


def _calls_in_vain(one: BookingWalk) -> None:
    """The telephone counts them, apart as the file says."""
    terms = one.service.failed_calls
    assert terms is not None
    for number in range(terms.attempts):
        failed = CallHeard(
            call_id=f"vain-{number}", caller="doctor", news=CallNews.FAILED, at=one.now
        )
        one.run.signal("call_heard", failed)
        one.settle()
        one.reach(one.now + timedelta(minutes=terms.apart_minutes))


@pytest.mark.parametrize(("programme", "service"), WRITTEN, ids=str)
def test_an_opinion_binds_its_customer_only_once_he_has_said_yes(
    walk: Walks, programme: str, service: str
) -> None:
    """R336, R337: an expert who was found costs nothing; he may also want another one."""
    one = walk(programme, service)
    one.start()
    assert one.go_on(lambda: one.waits_for(TaskKind.ASSIGN_EXPERT) is not None)
    found = one.waits_for(TaskKind.ASSIGN_EXPERT)
    assert found is not None
    one.report(found)
    asked = one.waits_for(TaskKind.CONFIRM_BOOKING)
    assert (asked is not None) is is_agreed_on(one.service)
    if asked is None:
        assert one.stage is BookingStage.CONFIRMED
        return
    assert one.stage is BookingStage.COORDINATING
    one.report(asked, form={"confirmed": False, "told_by": "phone"})
    assert one.go_on(lambda: one.waits_for(TaskKind.CONFIRM_BOOKING) is not None)
    one.give_up()
    assert one.cost in (Cost.FREE, Cost.NEEDS_PERSON)
    one.finish()
    one.check()
    assert one.unit in ("given_back", None)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_to_a_booking_it_ends_owing_nobody(walk: Walks, seed: int) -> None:
    one = walk(*SERVICES[seed * 7 % len(SERVICES)], seed=seed)
    one.walk()
