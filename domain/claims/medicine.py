"""The medical base (R806): diseases, drugs and treatments by code, and which belong together.

Hospitals are a list of their own. A line of a bill whose code is not here is unknown, one that
belongs to other groups of diseases does not fit; neither is a reason not to pay, both are signs.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from domain.programmes.sourced import Terms

ANY = "any"
"""The group of what is given for every disease."""


class KnownDisease(Terms):
    """A disease under our code, with the categories of ICD-10 it stands for."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    icd10: tuple[str, ...] = Field(min_length=1)
    group: str


class MedicalItem(Terms):
    """A drug (by its ATC code) or a treatment, and the groups of diseases it is given for."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9-]{2,11}$")
    name: str
    kind: Literal["drug", "treatment"]
    groups: tuple[str, ...] = Field(min_length=1)


class MedicalBase(Terms):
    """All of it; codes stand once and every group is one of a disease."""

    version: str
    diseases: tuple[KnownDisease, ...]
    items: tuple[MedicalItem, ...]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        codes = [*(one.code for one in self.diseases), *(one.code for one in self.items)]
        if twice := {one for one in codes if codes.count(one) > 1}:
            raise ValueError(f"{min(twice)!r} stands twice in the medical base")
        groups = {one.group for one in self.diseases} | {ANY}
        for item in self.items:
            if unknown := set(item.groups) - groups:
                raise ValueError(f"{item.code} names no group of diseases {min(unknown)!r}")
        return self

    @cached_property
    def _groups(self) -> dict[str, tuple[str, ...]]:
        return {one.code: one.groups for one in self.items}

    def group_of(self, disease: str) -> str | None:
        """The group of a disease, None for one the base does not have."""
        return next((one.group for one in self.diseases if one.code == disease), None)

    def judge(self, disease: str, codes: Iterable[str]) -> tuple[set[str], set[str]]:
        """Codes the base does not know, and those that are not given for this disease.

        Of a disease it does not know it cannot say what fits.
        """
        asked, group = set(codes), self.group_of(disease)
        unknown = asked - set(self._groups)
        if group is None:
            return unknown, set()
        unfit = {one for one in asked - unknown if not {group, ANY} & set(self._groups[one])}
        return unknown, unfit
