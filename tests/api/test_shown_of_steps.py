"""What a promise and a step show of themselves, whoever reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from api.door.views import clock_view
from api.tasks.asked import asked_by
from api.wiring.door import Door
from domain.board import TaskRow
from domain.programmes.programme import Programme
from domain.steps.kinds import TaskKind
from tests.builders import civil
from tests.domain.test_pauses import a_clock
from tests.workflows.booked import PROGRAMMES

P06 = "anxin_cancer_inpatient"


def test_a_promise_stands_only_where_the_pause_counts_and_says_how_often_papers_were_owed() -> None:
    """C-63: a pause is kept also where time runs on."""
    at = civil("2026-09-29 09:00")
    still, kept = (a_clock().stand(at, why="等待", counts=counts) for counts in (True, False))
    assert (clock_view(still).standing_since, clock_view(still).pauses) == (at, 1)
    assert (clock_view(kept).standing_since, clock_view(kept).pauses) == (None, 1)
    assert clock_view(still.go_on(civil("2026-09-30 09:00"))).standing_since is None


def test_a_step_asks_what_the_programme_of_the_request_asked() -> None:
    """A request of December is answered in January by the terms it was made under."""
    whole = PROGRAMMES[P06]
    before = whole.model_copy(update={"valid_to": date(2026, 12, 31)})
    after = whole.model_copy(
        update={"valid_from": date(2027, 1, 1), "valid_to": date(2027, 12, 31), "documents": ()}
    )
    door = cast(Door, Versions((before, after)))
    row = cast(Any, TaskRow).model_construct(
        kind=TaskKind.CHECK_PAPERS.value,
        case_id="bk-1",
        programme=P06,
        service="inpatient_arrangement",
        subject="",
        closed_at=None,
        opened_at=civil("2027-01-01 09:00"),
        asked_at=civil("2026-12-31 09:00"),
    )
    assert asked_by(door, row)["documents"]
    assert asked_by(door, row.model_copy(update={"asked_at": None})) == {}


@dataclass(frozen=True)
class Versions:
    """As much of a door as knows programmes."""

    programmes: tuple[Programme, ...]
    programme = Door.programme
