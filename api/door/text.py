"""Types of what callers send: bounded text, amounts, dates, documents of identity.

The bounds stand here so that no route invents its own. A reason that our own check gives is ours
and shown to the caller; it never repeats what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field
from stdnum.cn import ric
from stdnum.exceptions import ValidationError as NumberRefused

from domain.calendar import civil_date
from domain.id_numbers import OTHER_NUMBERS, IdKind, of_nobody, written
from domain.matter import BOOKING, CASE, ENQUIRY, ID_LETTERS, RESCUE, id_form
from domain.money import AmountRefused, Money
from domain.steps.forms import StaffId
from domain.strict import Strict, not_of_numbers, said

ADMISSION_PAST_MAX: Final = timedelta(days=180)
ADMISSION_AHEAD_MAX: Final = timedelta(days=365)
"""A stay may be reported so long after and so long before its admission."""


IdType = IdKind

_MOBILE: Final = re.compile(r"^1[3-9][0-9]{9}$", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise said("文本含有无效字符")
    return text


def _seen_whole(name: str) -> str:
    """A name without signs nobody sees, which would turn or split it where it is read."""
    if any(unicodedata.category(sign) == "Cf" for sign in name):
        raise said("文本含有无效字符")
    return name


def not_blank(text: str) -> str:
    """Words that say something, in characters a text can hold."""
    if not text.strip():
        raise said("内容不能为空")
    return _printable(text)


def _mobile(number: str) -> str:
    if not _MOBILE.fullmatch(number):
        raise said("须为11位手机号码, 例如 13800138000")
    return number


def _payable(money: Money) -> Money:
    """More than nothing, and within what the books can hold."""
    if amount_fen(money) == 0:
        raise said("金额必须大于零")
    return money


def _bookable(money: Money) -> Money:
    """Within what the books can hold."""
    amount_fen(money)
    return money


def amount_fen(money: Money) -> int:
    """The amount in fen; a finding when the books cannot hold it."""
    try:
        return money.fen
    except AmountRefused as refused:
        raise said(str(refused)) from None


def _sane_moment(at: datetime) -> datetime:
    """Dates at the ends of the calendar break arithmetic with zones; no record is that old."""
    if not 2000 <= at.year <= 2100:  # noqa: PLR2004 - the years our records can lie in
        raise said("时刻超出合理范围")
    return at


Name = Annotated[
    str, Field(min_length=1, max_length=50), AfterValidator(not_blank), AfterValidator(_seen_whole)
]
Words = Annotated[str, Field(max_length=500), AfterValidator(_printable)]
Said = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(not_blank)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$", max_length=64)]
OpaqueId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._:@|-]{1,128}$", max_length=128),
    AfterValidator(of_nobody),
]
Phone = Annotated[
    str,
    AfterValidator(_mobile),
    Field(examples=["13800138000"], json_schema_extra={"pattern": _MOBILE.pattern}),
]
Email = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,180}\.[A-Za-z]{2,10}$", max_length=254),
]
Bed = Annotated[str, Field(min_length=1, max_length=32), AfterValidator(not_blank)]
DocumentIds = Annotated[
    list[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$", max_length=64)]],
    Field(max_length=20),
]
BookableMoney = Annotated[Money, AfterValidator(_bookable)]
PositiveMoney = Annotated[Money, AfterValidator(_payable)]
StaffNumber = Annotated[StaffId, AfterValidator(of_nobody)]
Moment = Annotated[AwareDatetime, AfterValidator(_sane_moment)]
MomentAsked = Annotated[
    AwareDatetime, BeforeValidator(partial(not_of_numbers, fault="datetime_type"))
]
"""A moment in a query, where a bare number would be read as seconds since 1970."""

CASE_ID: Final = rf"^{id_form([CASE])}$"
FormerCase = Annotated[
    str,
    Field(
        pattern=CASE_ID,
        max_length=23,
        description="转院: 原医院的案件, 须已完成出院结算",
    ),
]
CaseId = Annotated[
    str,
    Path(pattern=CASE_ID, max_length=23, examples=["dw-aaaaaaaaaaaaaaaaaaaa"]),
]
EnquiryId = Annotated[
    str,
    Path(pattern=rf"^{id_form([ENQUIRY])}$", max_length=23, examples=["en-aaaaaaaaaaaaaaaaaaaa"]),
]
BookingId = Annotated[
    str,
    Path(pattern=rf"^{id_form([BOOKING])}$", max_length=23, examples=["bk-aaaaaaaaaaaaaaaaaaaa"]),
]
RescueId = Annotated[
    str,
    Path(pattern=rf"^{id_form([RESCUE])}$", max_length=23, examples=["rs-aaaaaaaaaaaaaaaaaaaa"]),
]
EVENT_ID: Final = rf"^me-{ID_LETTERS}$"
EventId = Annotated[
    str,
    Path(pattern=EVENT_ID, max_length=23, examples=["me-aaaaaaaaaaaaaaaaaaaa"]),
]
MATTER_ID: Final = rf"^{id_form()}$"
"""A case, an enquiry, a booking, a rescue or a matter of the house: whatever has tasks."""
TaskId = Annotated[
    str, Path(pattern=rf"^{id_form()}\.[a-z_]{{1,40}}\.[0-9]{{1,6}}$", max_length=90)
]
RowId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", max_length=64)]


class Body(Strict):
    """What a caller sends: every key is known, every value is bounded."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def example(**body: Any) -> ConfigDict:
    """A good body, for the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [body]})


def id_number(number: str, kind: IdType) -> str:
    """The number in its one written form; a finding when it cannot be one of its kind."""
    plain = written(number)
    if kind == "resident_id":
        try:
            return str(ric.validate(plain))
        except (NumberRefused, ValueError, ArithmeticError):
            raise said("身份证号码不正确: 位数、出生日期或校验位有误") from None
    if not OTHER_NUMBERS[kind].fullmatch(plain):
        raise said("证件号码格式不正确")
    return plain


def admission_reason(planned: date, now: datetime) -> str | None:
    """Why an admission date is not believable, or None."""
    today = civil_date(now)
    if planned < today - ADMISSION_PAST_MAX:
        return "入院日期过早: 最多为报案前180天"
    if planned > today + ADMISSION_AHEAD_MAX:
        return "入院日期过晚: 最多为报案后365天"
    return None
