"""What an identity document says: its number in one written form, and whether two names are one.

Who checks a number for a caller or a list says the finding in words of its own; the check digit and
the regions of a resident's number are a library's business (`stdnum.cn.ric`).
"""

import re
import unicodedata
from datetime import date
from typing import Final, Literal

from stdnum.cn import ric

from domain.strict import said

IdKind = Literal["resident_id", "passport", "hk_macau_permit", "taiwan_permit"]

OTHER_NUMBERS: Final[dict[str, re.Pattern[str]]] = {
    "passport": re.compile(r"[A-Z0-9]{5,20}", re.ASCII),
    "hk_macau_permit": re.compile(r"[A-Z0-9]{8,20}", re.ASCII),
    "taiwan_permit": re.compile(r"[A-Z0-9]{8,20}", re.ASCII),
}

RESIDENT_NUMBER: Final = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)

_ASIDE: Final = re.compile(r"[\s·•・‧∙⋅.]")
"""Blanks, and the dots that stand between the parts of a name (阿依古丽·买买提)."""

_PHONE: Final = re.compile(r"(?:\+?86)?1[3-9][0-9]{9}", re.ASCII)

_NUMBER_WITHIN: Final = re.compile(
    r"(?<![0-9])(?:1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"
    r"|86[ -]?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"
    r"|[1-9][0-9]{5}[ -]?(?:19|20)[0-9]{6}[ -]?[0-9]{3}[0-9Xx])(?![0-9])",
    re.ASCII,
)
"""What looks like a number of somebody's in running text, whether its check digit holds or not."""

_OPAQUE: Final = re.compile(r"[A-Za-z0-9._:@|-]{1,128}", re.ASCII)

BORN_MIN: Final = date(1900, 1, 1)
"""Nobody insured was born before; an earlier day is a slip."""


def names_somebody(code: str) -> bool:
    """Whether an id is really somebody's: a phone number, or a resident's number."""
    return _PHONE.fullmatch(code) is not None or ric.is_valid(code)


def mentions_somebody(words: str) -> bool:
    """Whether words hold what looks like a mobile or a resident's number, spaced as well."""
    return _NUMBER_WITHIN.search(unicodedata.normalize("NFKC", words)) is not None


def is_opaque(code: str) -> bool:
    """Whether a token may name somebody, a channel or a hospital so."""
    return _OPAQUE.fullmatch(code) is not None


def of_nobody(code: str) -> str:
    """A number that may stand in the clear; a finding where it is somebody's own."""
    if names_somebody(code):
        raise said("编号不得使用证件号码或手机号")
    return code


def written(number: str) -> str:
    """The one form a number is stored and compared in."""
    return number.strip().upper()


def same_name(one: str, other: str) -> bool:
    """Whether two people wrote the same name: blanks, width, case and the middle dot aside."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return _ASIDE.sub("", unicodedata.normalize("NFKC", name)).casefold()


def born_on(resident_number: str) -> date | None:
    """The birthday a resident's number states; None where there is no such day."""
    try:
        return date(
            int(resident_number[6:10]), int(resident_number[10:12]), int(resident_number[12:14])
        )
    except ValueError:
        return None
