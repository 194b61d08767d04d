"""What a client must send with a step or a request, by code: fields, items, papers, groups.

The codes are the programme's own; whoever builds a form, for a person or a machine, finds them with
their names here instead of in a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, get_args

from pydantic import BaseModel, ConfigDict

from domain.bookings.papers import REPORTS, STAGES, conditions
from domain.bookings.terms import (
    CHOSEN_NAMES,
    CLINIC_NAMES,
    INTAKE_NAMES,
    examinations_of,
    intake_for,
)
from domain.bookings.visit import Item, escorting
from domain.documents import DOCUMENT_NAMES, DocumentKind, DocumentRule, DocumentStage
from domain.programmes.offer import SIGN_NAMES, Sign
from domain.programmes.own_steps import step_named, steps_at
from domain.programmes.programme import Programme
from domain.programmes.services import (
    PRECONDITION_NAMES,
    SAMPLE_NAMES,
    STEP_FIELDS,
    Service,
    Shape,
    Step,
)
from domain.rescues.rescue import DETAIL_CHOICES, FIELD_NAMES, MADE_BY_A_FORM, steps_of
from domain.steps.kinds import TaskKind


class Coded(BaseModel):
    """A code with its name; `values` are what may be sent for it, none = words.

    `must` is what a paper has to show to count, in words.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    name: str
    values: tuple[Coded, ...] = ()
    must: tuple[str, ...] = ()


class Paper(BaseModel):
    """A paper of a service: at which stage, whether it must be, what replaces it."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: str
    stage: DocumentStage
    mandatory: bool
    instead: tuple[str, ...] = ()  # of these and this one is enough
    must: tuple[str, ...] = ()  # what it has to show to count


Asks = dict[str, list[Coded]]
"""What a form wants, by its field."""

_GATHERED: Final = frozenset(STAGES)


def asks_of(kind: TaskKind, programme: Programme, service: Service, *, subject: str = "") -> Asks:
    """What the form of a booking's step wants of this service; empty where its fields say all."""
    staffing, choice = service.staffing, service.choice
    found: Asks = {}
    match kind:
        case TaskKind.TAKE_REQUEST:
            found = {"intake": intake_of(service)}
        case TaskKind.CHECK_PAPERS if subject:
            found = {"documents": _wanted(programme, service, subject)}
        case TaskKind.CHECK_PAPERS:
            papers = [
                one for one in papers_of_service(programme, service) if one.stage in _GATHERED
            ]
            found = {
                "documents": [Coded(code=one.code, name=one.name, must=one.must) for one in papers]
            }
        case TaskKind.RECEIVE_PAPERS:
            papers = papers_of_service(programme, service)
            paid = [one for one in papers if one.stage is DocumentStage.CLAIM]
            found = {"documents": [Coded(code=one.code, name=one.name) for one in paid]}
        case TaskKind.DELIVER_REPORT if service.shape in REPORTS:
            report = REPORTS[service.shape or Shape.LAB_TEST]
            found = {"documents": [Coded(code=report.value, name=DOCUMENT_NAMES[report])]}
        case TaskKind.OFFER_OPTIONS if choice is not None:
            found = {"options": clinics_of(service)}
        case TaskKind.CONFIRM_BOOKING:
            found = {"says": _stated(steps_at(service, "told"))}
        case TaskKind.SERVICE_STEP:
            step = step_named(service, subject)
            found = {"says": _stated([step] if step else [])}
        case TaskKind.ASSIGN_EXPERT if staffing is not None:
            found = {"city": [Coded(code=city, name=city) for city in staffing.cities]}
        case TaskKind.SEND_KIT:
            found = {"sample": samples_of(service)}
        case TaskKind.CALL_CUSTOMER:
            found = {"items": calls_of(programme, service)}
        case TaskKind.CHECK_OUT:
            found = {"items": items_of(programme, service)}
    return {field: codes for field, codes in found.items() if codes}


def _wanted(programme: Programme, service: Service, subject: str) -> list[Coded]:
    """The papers a reviewer still wants, as the step's subject lists them."""
    must = {one.code: one.must for one in papers_of_service(programme, service)}
    return [
        Coded(code=code, name=DOCUMENT_NAMES[DocumentKind(code)], must=must.get(code, ()))
        for code in subject.split("、")
    ]


def rescue_asks(kind: TaskKind, programme: Programme, *, subject: str = "") -> Asks:
    """What the form of a rescue's step wants; a step's task names its service and its code."""
    if kind is TaskKind.TRIAGE_PATIENT:
        return {"groups": groups_of(programme), "signs": signs()}
    if kind is not TaskKind.RESCUE_STEP:
        return {}
    code, _, rest = subject.partition(".")
    for service in programme.services:
        for step in steps_of(service) if service.code == code else ():
            if step.code == rest.partition(".")[0]:
                named = [Coded(code=step.code, name=step.name)]
                asked = {"step": named, "details": details_of(step)}
                return {field: codes for field, codes in asked.items() if codes}
    return {}


def intake_of(service: Service) -> list[Coded]:
    """What a request is asked when it is answered, with the examinations it may name."""
    listed = tuple(Coded(code=one, name=one) for one in examinations_of(service))
    return [
        Coded(code=code, name=INTAKE_NAMES[code], values=listed if code == "exam_type" else ())
        for code in intake_for(service)
    ]


def papers_of_service(programme: Programme, service: Service) -> list[Paper]:
    """The papers of a service, by stage, with those that replace each other."""
    rules = programme.documents
    ours = [one for one in rules if not one.services or service.code in one.services]
    return [
        Paper(
            code=one.kind.value,
            name=DOCUMENT_NAMES[one.kind],
            stage=one.stage,
            mandatory=one.mandatory,
            instead=tuple(_instead(one, ours)),
            must=tuple(conditions(one)),
        )
        for one in ours
    ]


def _instead(rule: DocumentRule, others: Iterable[DocumentRule]) -> list[str]:
    same = (one for one in others if rule.one_of is not None and one.one_of == rule.one_of)
    return list(dict.fromkeys(one.kind.value for one in same if one.kind is not rule.kind))


def clinics_of(service: Service) -> list[Coded]:
    """The kinds of clinic a customer may choose."""
    clinics = service.choice.clinics if service.choice else ()
    return [Coded(code=one, name=CLINIC_NAMES[one]) for one in clinics]


def choices_of(service: Service) -> list[Coded]:
    """What a customer may choose or name by himself (R130, R540)."""
    chosen = service.choice.may_choose if service.choice else ()
    return [Coded(code=one, name=CHOSEN_NAMES[one]) for one in chosen]


def preconditions_of(service: Service) -> list[Coded]:
    """What must be there before the service begins, with the words it comes from."""
    return [
        Coded(
            code=one.code, name=PRECONDITION_NAMES[one.code], must=tuple(filter(None, [one.quote]))
        )
        for one in service.preconditions
    ]


def samples_of(service: Service) -> list[Coded]:
    """What a test is usually made of, and the word for anything else."""
    usual = (*service.samples, "other") if service.samples else ()
    return [Coded(code=one, name=SAMPLE_NAMES[one]) for one in usual]


def calls_of(programme: Programme, service: Service) -> list[Coded]:
    """What the call after taking a visit goes through."""
    terms = escorting(programme, service)
    return _items(terms.calls if terms else ())


def items_of(programme: Programme, service: Service) -> list[Coded]:
    """What is done beside the customer."""
    terms = escorting(programme, service)
    return _items(terms.items if terms else ())


def groups_of(programme: Programme) -> list[Coded]:
    """The groups of a hospital's own channel."""
    terms = programme.emergency
    return [Coded(code=one.code, name=one.name) for one in terms.groups] if terms else []


def signs() -> list[Coded]:
    """What whoever stands before a patient may see of them."""
    return [Coded(code=one, name=SIGN_NAMES[one]) for one in get_args(Sign)]


def reported_steps(service: Service) -> list[Step]:
    """The steps of a rescue that are reported by themselves."""
    return [one for one in steps_of(service) if one.marks not in MADE_BY_A_FORM]


def details_of(step: Step) -> list[Coded]:
    """What the record of a rescue's step states; where it is from, stands beside it."""
    return _named(FIELD_NAMES, (one for one in step.fields if one != "department"))


def said_of(step: Step) -> list[Coded]:
    """What the report of a service's own step states; a hospital has its own field."""
    return _named(STEP_FIELDS, (one for one in step.fields if one != "hospital_id"))


def _stated(steps: Iterable[Step]) -> list[Coded]:
    return list(dict.fromkeys(one for step in steps for one in said_of(step)))


def _named(names: Mapping[str, str], codes: Iterable[str]) -> list[Coded]:
    return [Coded(code=one, name=names.get(one, one), values=_values(one)) for one in codes]


def _values(field: str) -> tuple[Coded, ...]:
    choices = DETAIL_CHOICES.get(field, {})
    return tuple(Coded(code=code, name=name) for code, name in choices.items())


def _items(items: Iterable[Item]) -> list[Coded]:
    return [Coded(code=one.code, name=one.name) for one in items]
