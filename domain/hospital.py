"""Hospitals: the level a province wrote, an id that stays the same, what our lists say of one.

Provinces write a hospital's level in some fifty ways. Each reading here is one a person would
make without guessing; a text that states no grade (市级, 社区卫生服务中心, 无) stays unread and
says why.
"""

import re
import unicodedata
from base64 import b32encode
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

_CLASSES: Final[dict[int, Literal["3A", "2A"]]] = {3: "3A", 2: "2A"}

_ID_DIGITS = 16  # 80 bits: no two of some 30,000 hospitals will share one


class SubGrade(StrEnum):
    """The class within a grade."""

    A = "甲"
    B = "乙"


class Kind(StrEnum):
    """What kind of hospital the level text names, where it names one."""

    GENERAL = "综合"
    SPECIALISED = "专科"
    MATERNITY = "妇幼"


class Level(BaseModel):
    """A level as far as it could be read; `unread` says why a text gave no grade."""

    model_config = ConfigDict(frozen=True)

    grade: int | None = None
    sub_grade: SubGrade | None = None
    kind: Kind | None = None
    unread: str | None = None

    @property
    def text(self) -> str:
        """The level as people write it, e.g. 三级甲等; empty where no grade is known."""
        if self.grade is None:
            return ""
        sub = f"{self.sub_grade}等" if self.sub_grade else ""
        return f"{'一二三'[self.grade - 1]}级{sub}"


def class_of(grade: int, sub_grade: str) -> Literal["3A", "2A"] | None:
    """The class programmes ask for, 三甲 or 二甲; None for any other hospital."""
    return _CLASSES.get(grade) if sub_grade == SubGrade.A else None


NOT_IN_DIRECTORY: Final = "医院名录中没有此医院"
NOT_ON_NETWORK: Final = "医院不在该项目的合作医院内"


class HospitalListed(BaseModel):
    """What our own lists say of a hospital; its class is theirs, not anybody's word (R755)."""

    model_config = ConfigDict(frozen=True)

    known: bool = True
    on_network: bool = True
    class_known: bool = False
    hospital_class: Literal["3A", "2A"] | None = None

    @property
    def refused(self) -> str | None:
        """Why no service of the programme takes place there, in words for whoever named it."""
        if not self.known:
            return NOT_IN_DIRECTORY
        return None if self.on_network else NOT_ON_NETWORK


def listed(row: Mapping[str, Any] | None, network: str | None) -> HospitalListed:
    """The directory's row of a hospital, with its place in a network's list.

    A network nobody has a list of (`newest_list`) holds every hospital.
    """
    if row is None:
        return HospitalListed(known=False)
    grade, sub_grade = row["grade"], row["sub_grade"]
    class_known = grade is not None and bool(sub_grade)
    no_list = network is None or not row["newest_list"]
    return HospitalListed(
        on_network=no_list or bool(row["on_network"]),
        class_known=class_known,
        hospital_class=class_of(grade, str(sub_grade)) if class_known else None,
    )


class HospitalKey(BaseModel):
    """What makes a hospital the same one in two lists."""

    model_config = ConfigDict(frozen=True)

    province: str
    city: str
    county: str
    name: str


_GRADES = {"一": 1, "二": 2, "三": 3}
# 極/极 is a slip of the brush for 级, 級 its traditional form.
_GRADE = re.compile(r"([一二三])(?:[级級极]|(?=/?[甲乙]))")
_SUB_GRADE = re.compile(r"[甲乙]")
_WHY_UNREAD = {
    "市级": "行政隶属，不是医院等级",
    "市级机构": "行政隶属，不是医院等级",
    "省级": "行政隶属，不是医院等级",
    "社区卫生服务中心": "机构类型，不是医院等级",
    "无": "来源写明无等级",
}


def read_level(raw: str) -> Level:
    """Read a level as a province wrote it. An empty text is no grade and no complaint.

    `未定级` says that no grade was given. `未定级（按二级医院管理）` is run like a Grade 2
    hospital but is none: it stays without a grade, and the reader is told.
    """
    text = tidy(raw).rstrip(".。")
    if not text:
        return Level()
    kind = _kind(text)
    if text.startswith("未定级"):
        why = None if text == "未定级" else "未定级，仅按某级管理"
        return Level(kind=kind, unread=why)
    grade = _GRADE.search(text)
    if grade is None:
        return Level(kind=kind, unread=_WHY_UNREAD.get(text, "读不出等级"))
    sub = _SUB_GRADE.search(text)
    return Level(
        grade=_GRADES[grade.group(1)], sub_grade=SubGrade(sub.group()) if sub else None, kind=kind
    )


def tidy(text: str) -> str:
    """A text without the spaces nobody sees: full-width, no-break, zero-width, doubled."""
    plain = unicodedata.normalize("NFKC", text).replace("\u200b", "").replace("\ufeff", "")
    return " ".join(plain.split())


def hospital_id(key: HospitalKey) -> str:
    """An opaque id from place and name, so that no reordering of a list ever changes it."""
    parts = (key.province, key.city, key.county, key.name)
    digest = sha256("\x1f".join(tidy(part) for part in parts).encode()).digest()
    return f"h-{b32encode(digest).decode().lower()[:_ID_DIGITS]}"


def _kind(text: str) -> Kind | None:
    if "妇" in text:
        return Kind.MATERNITY
    if "专科" in text:
        return Kind.SPECIALISED
    return Kind.GENERAL if "综合" in text else None
