"""What a programme says of its claims: elements, rules, liabilities, schemes, and lanes (P21).

Four layers, each data (要素-规则-责任-方案, R805): an element is something known of a claim, a rule
asks one element, a liability pays when all its rules hold, a scheme is the liabilities a service
answers for. Applying them is arithmetic on what was handed in; an element nobody has stated leaves
the claim to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.claims.risk import Question, Risk, RiskModel, Value
from domain.money import Fen
from domain.programmes.sourced import Terms


class ClaimElement(Terms):
    """要素: something known of a claim."""

    code: str = Field(pattern=r"^[a-z_]+$")
    name: str


class ClaimRule(Question):
    """规则: one question to one element, with the words for a claim that fails it."""


class Liability(Terms):
    """责任: what is paid when all rules hold, of which amount, less what, at most what."""

    code: str = Field(pattern=r"^[a-z_]+$")
    name: str
    rules: tuple[str, ...] = ()
    pays: str  # the element that is an amount
    percent: int = Field(default=100, gt=0, le=100)
    less: tuple[str, ...] = ()
    at_most: tuple[str, ...] = ()

    def amount_fen(self, known: Mapping[str, Value]) -> int:
        """The amount in fen, a part of a fen rounded down; never below zero."""
        paid = int(known[self.pays]) - sum(int(known[one]) for one in self.less)
        caps = [int(known[one]) for one in self.at_most]
        return max(0, min([paid * self.percent // 100, *caps]))


class Scheme(Terms):
    """方案: the liabilities one service answers for."""

    code: str = Field(pattern=r"^[a-z_]+$")
    name: str
    liabilities: tuple[str, ...] = Field(min_length=1)


class Region(Terms):
    """A province a lane has been opened in, and since when (R863)."""

    province: str
    since: date


class Branch(Terms):
    """A branch that serves and pays claims of any other (R851, R862)."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str


class Lane(Terms):
    """How claims of one service go: who is contacted, who comes, who decides, where it is paid."""

    service: str
    scheme: str
    proactive: bool = False  # we may open it ourselves and offer it to the customer
    contact: bool = False
    visit: bool = False  # somebody comes to the customer's home
    helps_collect: bool = False  # somebody goes and helps to gather what is missing
    visit_when_complete: bool = False  # somebody comes as soon as everything is there
    at_counter: bool = False  # settled with the bill, in one transaction
    by_rules: bool = False  # paid without a person where the rules are clear
    in_emergency: bool = False  # only while an emergency is switched on
    regions: tuple[Region, ...] = ()  # where it is open; none named = everywhere

    def is_open_in(self, province: str, on: date) -> bool:
        """Whether claims of hospitals in a province are taken on a day."""
        named = (one for one in self.regions if one.province == province)
        return not self.regions or any(one.since <= on for one in named)


class Proposal(BaseModel):
    """What the rules say of a claim."""

    model_config = ConfigDict(frozen=True)

    amount_fen: Fen
    failed: tuple[str, ...] = ()  # the words of the rules that do not hold
    open: tuple[str, ...] = ()  # elements nobody has stated

    @property
    def is_clear(self) -> bool:
        """Whether nobody has to look."""
        return self.amount_fen > 0 and not self.failed and not self.open


class ClaimServices(BaseModel):
    """The section `claims` of a programme."""

    model_config = ConfigDict(frozen=True)

    image_side_min: int = Field(default=0, ge=0)  # pixels; a smaller picture cannot be read
    elements: tuple[ClaimElement, ...]
    rules: tuple[ClaimRule, ...]
    liabilities: tuple[Liability, ...]
    schemes: tuple[Scheme, ...]
    lanes: tuple[Lane, ...]
    risk: RiskModel | None = None
    branches: tuple[Branch, ...] = ()

    @model_validator(mode="after")
    def _names_what_it_has(self) -> Self:
        elements = {one.code for one in self.elements}
        rules = {one.code for one in self.rules}
        named = {rule.element for rule in self.rules}
        named |= {sign.element for sign in self.risk.signs} if self.risk else set()
        for one in self.liabilities:
            named |= {one.pays, *one.less, *one.at_most}
            if unknown := set(one.rules) - rules:
                raise ValueError(f"liability {one.code} names no rule {min(unknown)!r}")
        if unknown := named - elements:
            raise ValueError(f"no element {min(unknown)!r}")
        liabilities = {one.code for one in self.liabilities}
        for scheme in self.schemes:
            if unknown := set(scheme.liabilities) - liabilities:
                raise ValueError(f"scheme {scheme.code} names no liability {min(unknown)!r}")
        if unknown := {one.scheme for one in self.lanes} - {one.code for one in self.schemes}:
            raise ValueError(f"no scheme {min(unknown)!r}")
        return self

    def lane(self, service: str) -> Lane | None:
        """The lane of a service, None where it takes no claims."""
        return next((one for one in self.lanes if one.service == service), None)

    def score(self, known: Mapping[str, Value]) -> Risk:
        """How far a claim is out of the ordinary; not at all where no model is given."""
        return self.risk.score(known) if self.risk else Risk()

    def propose(self, scheme_code: str, known: Mapping[str, Value]) -> Proposal:
        """Apply a scheme: liabilities whose rules hold are added up, the others are named."""
        (scheme,) = (one for one in self.schemes if one.code == scheme_code)
        total, failed, missing = 0, [], []
        for liability in (one for one in self.liabilities if one.code in scheme.liabilities):
            rules = [one for one in self.rules if one.code in liability.rules]
            needed = [liability.pays, *liability.less, *liability.at_most]
            needed += [one.element for one in rules]
            if lacking := [one for one in needed if one not in known]:
                missing += lacking
                continue
            broken = [one.text for one in rules if not one.holds(known[one.element])]
            failed += broken
            total += 0 if broken else liability.amount_fen(known)
        return Proposal(
            amount_fen=total,
            failed=tuple(dict.fromkeys(failed)),
            open=tuple(dict.fromkeys(missing)),
        )
