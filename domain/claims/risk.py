"""How far a claim is out of the ordinary: signs with points, as a programme's data (P21, R804).

The score decides nothing. Below the programme's mark clear rules may pay by themselves; from the
mark on a person decides, with the signs before their eyes. What nobody stated strikes no sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.programmes.sourced import Terms

Value = bool | int | str
"""What is known of an element: yes or no, an amount in fen or a number, a code."""


class Question(Terms):
    """One question to one element, answered by one of some codes or by a number in bounds."""

    code: str = Field(pattern=r"^[a-z_]+$")
    text: str
    element: str
    one_of: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, value: Value) -> bool:
        """Whether an element's value answers the question with yes."""
        if self.one_of:
            return str(value) in self.one_of
        number = int(value)
        low, high = self.at_least, self.at_most
        return (low is None or number >= low) and (high is None or number <= high)


class RiskSign(Question):
    """Something unusual, and how much it weighs."""

    points: int = Field(gt=0, le=100)


class Risk(BaseModel):
    """What the signs say of one claim."""

    model_config = ConfigDict(frozen=True)

    points: int = 0
    because: tuple[str, ...] = ()
    needs_person: bool = False

    @property
    def said(self) -> str:
        """The score and its reasons, as an adjudicator reads them; empty where nothing struck."""
        return f"风险评分 {self.points}: {', '.join(self.because)}" if self.because else ""


class RiskModel(Terms):
    """风控模型: the signs of a programme, and the mark from which a person decides."""

    person_from: int = Field(gt=0)
    signs: tuple[RiskSign, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_sign_once(self) -> Self:
        codes = [one.code for one in self.signs]
        if len(set(codes)) < len(codes):
            raise ValueError("a risk sign stands twice")
        return self

    def score(self, known: Mapping[str, Value]) -> Risk:
        """Add up the signs that strike."""
        asked = (one for one in self.signs if one.element in known)
        struck = [one for one in asked if one.holds(known[one.element])]
        points = sum(one.points for one in struck)
        return Risk(
            points=points,
            because=tuple(one.text for one in struck),
            needs_person=points >= self.person_from,
        )
