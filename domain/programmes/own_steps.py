"""The steps that only one service has, as its file names them: when, by whom, what is recorded.

What every booking of a shape goes through is its story in `workflows.bookings`; here is what a
programme asks beyond that, so that another programme's step is a line of its file and no code.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from domain.bookings.forms import HospitalId
from domain.programmes.services import STEP_FIELDS, Asked, Service, Step
from domain.roles import Role
from domain.steps.forms import Form, Note, Words
from domain.steps.kinds import TaskKind, TaskTerms, task_terms

STAY_ROUNDS_MAX: Final = 52
"""How often a stay is followed at most; a stay of a year of weeks is a person's to look at."""


class DoServiceStep(Form):
    """A step of the service's own file was done: what it states, by the codes of its fields."""

    says: dict[Annotated[str, Field(max_length=32)], Words] = Field(default={}, max_length=10)
    hospital_id: HospitalId | None = None  # where the step is to agree on one
    over: bool = False  # of a stay: the customer has left hospital
    note: Note = ""


SERVICE_STEP_TASKS: Final[dict[TaskKind, TaskTerms]] = {
    TaskKind.SERVICE_STEP: task_terms(
        "办理服务约定事项", DoServiceStep, Role.AGENT, Role.REVIEWER, Role.DOCTOR, Role.NURSE
    ),
}


def steps_at(service: Service, moment: Asked) -> list[Step]:
    """What the service asks for at a moment, in the order of its file."""
    return [step for step in service.steps if step.asked == moment]


def subject_of(step: Step) -> str:
    """What the worklist says of it; its first word is the step's code."""
    return f"{step.code} {step.name}"


def step_named(service: Service, subject: str) -> Step | None:
    """The step a task is about."""
    code = subject.partition(" ")[0]
    return next((step for step in service.steps if step.code == code), None)


def unsaid(step: Step, says: dict[str, str], *, hospital_id: str | None = None) -> list[str]:
    """The names of what a report of the step leaves out."""
    said = {code for code, words in says.items() if words.strip()}
    said |= {"hospital_id"} if hospital_id is not None else set()
    return [STEP_FIELDS[code] for code in step.fields if code not in said]


def words_of(step: Step, says: dict[str, str]) -> str:
    """What was reported, as the customer is told it."""
    return "; ".join(says[code].strip() for code in step.fields if code in says)
