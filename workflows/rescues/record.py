"""What a rescue knows between two beats, and how it is written down page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import Field

from activities.ports.rescues import RescuePage, StepTold
from activities.rescues import KeepRescues
from domain.events import ExpectedEvent
from domain.programmes.services import Step
from domain.rescues.rescue import RESCUE_STAGE_NAMES, RescueOutcome, RescueStage
from domain.rescues.triage import UNSEEN_LEVEL
from workflows import cockpit
from workflows.matter import MatterState
from workflows.messages.rescues import RaiseRescue
from workflows.scribe import Scribe


class RescueState(MatterState):
    """The rescue between two beats."""

    rescue_id: str
    stage: RescueStage = RescueStage.RAISED
    services: list[str]
    level: int = UNSEEN_LEVEL
    way: str = ""
    may_wait: bool = False  # seen, and not to be brought straight into the rescue room
    groups: list[str] = Field(default_factory=list)
    owner: str  # who answers for the patient until somebody takes over (R516)
    # By service: when each of its steps happened, the last time and the first.
    done: dict[str, dict[str, datetime]] = Field(default_factory=dict)
    first_done: dict[str, dict[str, datetime]] = Field(default_factory=dict)
    called: dict[str, datetime] = Field(default_factory=dict)  # departments that are on their way
    heard: list[str] = Field(default_factory=list)  # words of the door, each written down once
    lines: list[str] = Field(default_factory=list)  # whom the rescue is reported to
    told: int = 0
    shifts: list[tuple[datetime, datetime]] = Field(default_factory=list)  # of accompaniment
    outcome: RescueOutcome | None = None
    ended_at: datetime | None = None  # when the rescue itself did
    seen_by_doctor: bool = False
    unwritten: RescuePage | None = None

    @classmethod
    def of(cls, raised: RaiseRescue) -> RescueState:
        """The state a rescue begins with."""
        return cls(
            rescue_id=raised.rescue_id,
            calendar=raised.calendar,
            services=[raised.service],
            owner=raised.raised_by.id,
        )

    @property
    def matter_id(self) -> str:
        """The rescue's id."""
        return self.rescue_id

    @property
    def ended(self) -> bool:
        """Whether the story is over."""
        return self.stage is RescueStage.CLOSED

    def steps_done(self, service: str) -> Mapping[str, datetime]:
        """When the steps of a service happened."""
        return self.done.get(service, {})

    def first_at(self, service: str, step: str) -> datetime:
        """When a step that is done happened for the first time: what follows it came later."""
        return self.first_done.get(service, {}).get(step, self.done[service][step])

    def happened(self, service: str, step: str, *, at: datetime) -> None:
        """A step happened; told late, it may be earlier than the last one of its kind."""
        for times, pick in ((self.done, max), (self.first_done, min)):
            known = times.setdefault(service, {})
            known[step] = pick(at, known.get(step, at))

    def consults(self, step: Step, departments: Iterable[str], *, at: datetime) -> None:
        """Whoever is called is on the way; whoever is there is not any more."""
        for department in departments:
            if step.marks is ExpectedEvent.CONSULT_CALLED:
                self.called[department] = at
            elif step.marks is ExpectedEvent.CONSULTANT_PRESENT:
                self.called.pop(department, None)

    def open_page(self, now: datetime) -> RescuePage:
        """The page being written; a new one if the last was turned."""
        if self.unwritten is None:
            self.unwritten = RescuePage(
                rescue_id=self.rescue_id, page=self.pages + 1, at=now, stage=self.stage
            )
        return self.unwritten

    def tell(self, step: StepTold) -> None:
        """Write a step down as it was reported."""
        self.happened(step.service, step.step, at=step.at)
        self.open_page(step.recorded_at).told.append(step)


class RescueRecord(Scribe[RescuePage]):
    """Turns the pages of one rescue."""

    def __init__(self, state: RescueState, title: str) -> None:
        super().__init__(state, verb=KeepRescues.turn_page)
        self._state = state
        self._title = title

    def _standing(self) -> dict[str, object]:
        state = self._state
        return super()._standing() | {
            "level": state.level,
            "way": state.way,
            "groups": state.groups,
            "services": state.services,
            "owner": state.owner,
            "outcome": state.outcome,
        }

    @property
    def _stage_name(self) -> str:
        return RESCUE_STAGE_NAMES[self._state.stage]

    def _details(self) -> str:
        waiting = cockpit.waiting_details(self._state)
        return f"## {self._title} · {self._stage_name}\n\n{waiting}"
