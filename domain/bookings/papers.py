"""Whether the papers of a booking are all there, and whether each is one that counts.

A paper counts when it is young enough, comes from a hospital of the right kind, and shows what it
must; only what the programme asks of it is looked at. What somebody read off a paper stands in the
form of the step that checks the papers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.calendar import CalendarYearMissing, WorkCalendar
from domain.clock import Budget, Unit, due_at
from domain.documents import (
    DOCUMENT_NAMES,
    DocumentKind,
    DocumentRule,
    DocumentStage,
    IssuedBy,
    outstanding,
)
from domain.programmes.programme import Programme
from domain.programmes.services import Shape
from domain.strict import Strict

STAGES = (DocumentStage.APPLICATION, DocumentStage.ADMISSION)
"""What is asked for before anything is coordinated (C-68)."""


REPORTS: Final = {
    Shape.WRITTEN_OPINION: DocumentKind.SECOND_OPINION_REPORT,
    Shape.LAB_TEST: DocumentKind.GENE_REPORT,
}
"""What the file of a report is, by the shape that promises one."""


class PaperRead(Strict):
    """What somebody read off one paper: when it was issued, by whom, and what it shows."""

    kind: DocumentKind
    issued_on: date | None = None
    grade: int | None = Field(default=None, ge=1, le=3)
    hospital_class: Literal["3A", "2A"] | None = None
    sealed: bool = False
    in_mainland: bool = False
    slip_form: Literal["receipt", "electronic"] | None = None
    with_notice: bool = False  # of a receipt: the photo of the notice it was given for
    by_doctor: bool = False  # of an electronic slip: a doctor of the hospital issued it,
    queued: bool = False  # and the hospital's system shows it waiting
    shows: list[Annotated[str, Field(max_length=64)]] = Field(default=[], max_length=20)


class Span(BaseModel):
    """The days in which the service may be used; an end nobody knows is not looked at."""

    model_config = ConfigDict(frozen=True)

    first: date | None = None
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Whether a day lies within."""
        return not (self.first and day < self.first) and not (self.last and day > self.last)


LOOKED_AT_WITHIN: Final = Budget(amount=1, unit=Unit.WORKING_DAY)
"""So soon somebody looks at what has come, where no promise says: what those promise that speak of
it (G28, G30, G31). A customer's days of waiting may run from his papers (G17, G20; inferred)."""


def look_by(arrived_at: datetime, calendar: WorkCalendar) -> datetime:
    """When papers that came at a moment are looked at; beyond the calendar a day later."""
    try:
        return due_at(arrived_at, LOOKED_AT_WITHIN, calendar)
    except CalendarYearMissing:
        return arrived_at + timedelta(days=1)


class Arrival(BaseModel):
    """A paper of a kind was handed in."""

    model_config = ConfigDict(frozen=True)

    kind: DocumentKind
    at: AwareDatetime


def whole_at(
    arrivals: Iterable[Arrival],
    is_whole: Callable[[Collection[DocumentKind]], bool],
    *,
    after: datetime | None,
    found_at: datetime,
) -> datetime:
    """When the last paper came without which a file was not whole; somebody found it so later.

    A file that was found incomplete became whole `after` that look. What came in no way we saw was
    there when it was found at the latest.
    """
    have: set[DocumentKind] = set()
    for one in sorted(arrivals, key=lambda each: each.at):
        have.add(one.kind)
        in_time = (after is None or after < one.at) and one.at <= found_at
        if in_time and is_whole(have):
            return one.at
    return found_at


def lacking(programme: Programme, disease: str | None, have: Collection[str]) -> list[DocumentKind]:
    """What is still to be handed in; of papers that replace each other one is enough (R382)."""
    group = _group(programme, disease)
    wanted = (
        outstanding(programme.documents, have, stage=stage, disease_group=group) for stage in STAGES
    )
    return list(dict.fromkeys(kind for kinds in wanted for kind in kinds))


def faults(
    programme: Programme,
    disease: str | None,
    have: Collection[str],
    read: Iterable[PaperRead],
    *,
    on: date,
    service_period: Span,
) -> list[str]:
    """Why papers that are there do not count, in words for whoever checks them."""
    group, papers = _group(programme, disease), list(read)
    found = []
    for rule in programme.documents:
        asked = any(rule.applies(group, stage) for stage in STAGES) and rule.kind in have
        if not asked or not _is_particular(rule):
            continue
        same = [one for one in papers if one.kind == rule.kind]
        told = [list(_faults(rule, one, on, service_period)) for one in same]
        if [] in told:
            continue
        why = "、".join(told[0]) if told else f"须核对并登记 ({'、'.join(conditions(rule))})"
        found.append(f"{DOCUMENT_NAMES.get(rule.kind, rule.kind.value)}: {why}")
    return found


def conditions(rule: DocumentRule) -> list[str]:
    """What must be read off a paper for it to count, before anybody has; none for a plain one."""
    by, months = rule.issued_by or IssuedBy(), rule.age_months_max
    asked = {
        f"出具不超过{months}个月": months is not None,
        "出具日期在服务期间内": by.within_service_period,
        f"{by.grade_min}级以上医院出具": by.grade_min is not None,
        f"{by.hospital_class}医院出具": by.hospital_class is not None,
        "加盖医院公章": by.sealed,
        "中国大陆医院出具": by.in_mainland,
        "入院登记后的回执单或电子住院证": bool(rule.slip_forms),
        f"载明{'、'.join(rule.states)}": bool(rule.states),
    }
    return [words for words, is_asked in asked.items() if is_asked]


def _is_particular(rule: DocumentRule) -> bool:
    plain = rule.age_months_max is None and rule.issued_by is None
    return not plain or bool(rule.states) or bool(rule.slip_forms)


def _faults(rule: DocumentRule, paper: PaperRead, on: date, period: Span) -> Iterator[str]:
    issuer = rule.issued_by or IssuedBy()
    dated = rule.age_months_max is not None or issuer.within_service_period
    if dated and paper.issued_on is None:
        yield "须填写出具日期"
    elif paper.issued_on is not None:
        if paper.issued_on > on:
            yield "出具日期不能晚于今天"
        if rule.is_too_old(paper.issued_on, on):
            yield f"超过{rule.age_months_max}个月"
        if issuer.within_service_period and not period.holds(paper.issued_on):
            yield "出具日期不在服务期间内"
    yield from _of_issuer(issuer, paper)
    yield from _of_slip(rule, paper)
    if unseen := [word for word in rule.states if word not in paper.shows]:
        yield f"未载明{'、'.join(unseen)}"


def _of_issuer(issuer: IssuedBy, paper: PaperRead) -> Iterator[str]:
    if issuer.grade_min is not None and (paper.grade or 0) < issuer.grade_min:
        yield f"须由{issuer.grade_min}级以上医院出具"
    if issuer.hospital_class is not None and paper.hospital_class != issuer.hospital_class:
        yield f"须由{issuer.hospital_class}医院出具"
    if issuer.sealed and not paper.sealed:
        yield "须加盖医院公章"
    if issuer.in_mainland and not paper.in_mainland:
        yield "须由中国大陆医院出具"


def _of_slip(rule: DocumentRule, paper: PaperRead) -> Iterator[str]:
    """P14: the receipt of a registered notice, or what the hospital's own system shows."""
    if not rule.slip_forms:
        return
    if paper.slip_form not in rule.slip_forms:
        yield "须为入院登记后的回执单或电子住院证"
    elif paper.slip_form == "receipt" and not paper.with_notice:
        yield "须一并提交入院通知书照片"
    elif paper.slip_form == "electronic" and not (paper.by_doctor and paper.queued):
        yield "须由医院医生开具, 并在医院系统中排队或等待安排"


def _group(programme: Programme, disease: str | None) -> str | None:
    return programme.disease(disease).group if disease and programme.diseases else None
