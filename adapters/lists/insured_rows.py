"""One row of an insurer's list of insured persons (客户清单): its columns, and whether it holds.

Headings may be ours or the Chinese ones such lists carry. Every cell that does not hold is noted
with its reason; what is wrong between two rows is found when all of them are there
(`insured_import`).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final

from stdnum.cn import ric
from stdnum.exceptions import ValidationError as NumberRefused

from adapters.lists.files import Column, Row
from domain.id_numbers import BORN_MIN, OTHER_NUMBERS, RESIDENT_NUMBER, born_on, written
from domain.money import AmountRefused, parse_fen
from domain.programmes.programme import Programme

Note = Callable[[str, str], None]
"""Called with a column and what is wrong with it."""

COLUMNS: Final = (
    Column("policy_no", ("保单号", "保单号码", "保单编号")),
    Column("name", ("被保险人姓名", "被保险人", "姓名")),
    Column("id_kind", ("证件类型", "证件类别"), required=False),
    Column("id_number", ("证件号码", "证件号", "身份证号码", "身份证号", "被保险人身份证号")),
    Column("phone", ("手机号码", "手机号", "手机", "联系电话"), required=False),
    Column("born_on", ("出生日期", "生日"), required=False),
    Column("product", ("产品代码", "险种代码", "产品", "险种")),
    Column("sum_insured", ("保险金额", "基本保额", "保额", "保额(元)")),
    Column("used", ("已用保额", "已赔付金额"), required=False),
    Column("sales_channel", ("销售渠道", "渠道")),
    Column("valid_from", ("生效日期", "保单生效日", "保险起期")),
    Column("valid_to", ("终止日期", "满期日", "保险止期")),
    Column("cooling_off_ends", ("犹豫期截止日", "犹豫期止日"), required=False),
    Column("opened_on", ("服务开通日", "电话医生生效日", "服务生效日"), required=False),
    Column("product_waiting_days", ("等待期天数", "等待期(天)", "等待期"), required=False),
    Column("tier", ("档次", "计划", "保障计划"), required=False),
    Column("renewals", ("续保次数", "已续保次数"), required=False),
    Column("premium_due_on", ("续期保费应交日", "续期应交日"), required=False),
    Column("premium_paid_on", ("续期保费实交日", "续期实交日"), required=False),
    Column("first_effective_on", ("首次生效日", "首次投保日", "首次投保生效日"), required=False),
    Column("entitled_from", ("服务起期", "权益起期"), required=False),
    Column("entitled_to", ("服务止期", "权益止期"), required=False),
)

_ID_KINDS: Final = {
    "": "resident_id",
    "居民身份证": "resident_id",
    "身份证": "resident_id",
    "护照": "passport",
    "港澳居民来往内地通行证": "hk_macau_permit",
    "港澳通行证": "hk_macau_permit",
    "回乡证": "hk_macau_permit",
    "台湾居民来往大陆通行证": "taiwan_permit",
    "台胞证": "taiwan_permit",
}
_CHANNELS: Final = {  # section 6.13
    "个险": "individual",
    "银保": "bancassurance",
    "经代": "brokers",
    "顾销": "consultants",
    "网销": "internet",
    "电销": "telesales",
    "专业中介": "professional_intermediary",
}
_LIFELONG: Final = ("终身", "lifelong")
_TEXT_MAX: Final = 100
_REGION_AND_YEAR: Final = 10  # the first digits of a resident's number
_DAYS_MAX: Final = 3_650
_RENEWALS_MAX: Final = 100
_PHONE: Final = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_DAY: Final = re.compile(r"([0-9]{4})([-/年]?)([0-9]{1,2})(?:\2|月)([0-9]{1,2})日?", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_YUAN: Final = re.compile(r"[0-9]+(\.[0-9])?", re.ASCII)


@dataclass(frozen=True)
class Codes:
    """Which codes the list of a programme may carry; a list of another one is known by its own.

    A product that nobody designates holds: whoever has it is told so when asking.
    """

    channels: frozenset[str] = frozenset()
    """Every one known; empty takes any."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Products of other programmes, and whose."""

    @classmethod
    def of(cls, programme: Programme, served: Iterable[Programme]) -> "Codes":
        """As the programmes we serve name them."""
        return cls(
            channels=frozenset(
                (*_CHANNELS.values(), *(plan.sales_channel for plan in programme.plans))
            ),
            elsewhere={
                product.code: other.code
                for other in served
                for product in other.products
                # An insurer's programme that designates nothing may be for all of its products.
                if (programme.products or other.insurer != programme.insurer)
                and other.code != programme.code
                and not programme.has_product(product.code)
            },
        )


_ANY: Final = Codes()


@dataclass(frozen=True, slots=True)
class InsuredRow:
    """One insured person and policy as the list has them."""

    line: int
    policy_no: str
    name: str
    id_kind: str
    id_number: str
    phone: str
    product: str
    sum_insured_fen: int
    used_fen: int
    sales_channel: str
    valid_from: date
    valid_to: date | None
    cooling_off_ends: date | None
    opened_on: date | None
    product_waiting_days: int | None
    tier: str
    renewals: int | None
    premium_due_on: date | None
    premium_paid_on: date | None
    first_effective_on: date | None
    entitled_from: date | None
    entitled_to: date | None


def read_row(row: Row, today: date, note: Note, codes: Codes = _ANY) -> InsuredRow | None:
    """The row as a value; None after everything wrong with it was noted."""
    cells = _Cells(row, note)
    born = cells.day("born_on")
    kind = _kind(cells)
    number = written(cells.text("id_number"))
    if number and kind:
        _check_number(cells, kind, number, born, today)
    valid_from = cells.day("valid_from", required=True)
    lifelong = row.cells.get("valid_to") in _LIFELONG
    valid_to = None if lifelong else cells.day("valid_to", required=True)
    sum_insured, used = cells.fen("sum_insured"), cells.fen("used")
    channel = _channel(cells, codes)
    found = InsuredRow(
        line=row.line,
        policy_no=cells.text("policy_no"),
        name=cells.text("name"),
        id_kind=kind,
        id_number=number,
        phone=_phone(cells),
        product=_product(cells, codes),
        sum_insured_fen=sum_insured,
        used_fen=used,
        sales_channel=channel,
        valid_from=valid_from or today,
        valid_to=valid_to,
        cooling_off_ends=cells.day("cooling_off_ends"),
        opened_on=cells.day("opened_on"),
        product_waiting_days=cells.whole("product_waiting_days", _DAYS_MAX),
        tier=cells.text("tier", required=False),
        renewals=cells.whole("renewals", _RENEWALS_MAX),
        premium_due_on=cells.day("premium_due_on"),
        premium_paid_on=cells.day("premium_paid_on"),
        first_effective_on=cells.day("first_effective_on"),
        entitled_from=cells.day("entitled_from"),
        entitled_to=cells.day("entitled_to"),
    )
    if cells.good:
        _check_days(cells, found)
    if cells.good and used > sum_insured:
        cells.wrong("used", "已用多于保额 / more is used than is insured")
    return found if cells.good else None


class _Cells:
    """The cells of a row, read by kind; what is wrong is noted once a cell."""

    def __init__(self, row: Row, note: Note) -> None:
        self._row = row
        self._note = note
        self._noted: set[str] = set()
        for column, reason in row.wrong:
            self.wrong(column, reason)

    @property
    def good(self) -> bool:
        return not self._noted

    def wrong(self, column: str, reason: str) -> None:
        if column not in self._noted:
            self._noted.add(column)
            self._note(column, reason)

    def text(self, column: str, *, required: bool = True) -> str:
        text = self._row.cells.get(column, "")
        if not text and required:
            self.wrong(column, "空 / empty")
        if len(text) > _TEXT_MAX:
            self.wrong(column, f"超过 {_TEXT_MAX} 字 / more than {_TEXT_MAX} characters")
        return text

    def day(self, column: str, *, required: bool = False) -> date | None:
        text = self.text(column, required=required)
        if not text:
            return None
        day = as_day(text)
        if day is None:
            self.wrong(column, "不是有效日期 / no such day; 2026-01-31")
        return day

    def whole(self, column: str, most: int) -> int | None:
        text = self.text(column, required=False)
        if not text:
            return None
        if not _WHOLE.fullmatch(text) or int(text) > most:
            self.wrong(column, f"须为 0 至 {most} 的整数 / a whole number up to {most}")
            return None
        return int(text)

    def fen(self, column: str) -> int:
        """An amount in yuan with at most two decimals; a column that is absent says nothing."""
        text = self.text(column, required=column == "sum_insured")
        if not text:
            return 0
        if _YUAN.fullmatch(text):
            text += "0" if "." in text else ".00"
        try:
            return parse_fen(text)
        except AmountRefused as refused:
            self.wrong(column, f"{refused} / no amount of money")
            return 0


def as_day(text: str) -> date | None:
    """A day as lists write it: 2026-01-31, 2026/1/31, 2026年1月31日, 20260131."""
    parts = _DAY.fullmatch(text)
    if parts is None or (not parts[2] and len(text) != len("20260131")):
        return None
    try:
        day = date(int(parts[1]), int(parts[3]), int(parts[4]))
    except ValueError:
        return None
    return day if day >= BORN_MIN else None


def _kind(cells: _Cells) -> str:
    said = cells.text("id_kind", required=False)
    kind = _ID_KINDS.get(said, said)
    if kind != "resident_id" and kind not in OTHER_NUMBERS:
        cells.wrong("id_kind", "证件类型不认识 / a kind of document that is not known")
        return ""
    return kind


def _check_number(cells: _Cells, kind: str, number: str, born: date | None, today: date) -> None:
    if kind != "resident_id":
        if not OTHER_NUMBERS[kind].fullmatch(number):
            cells.wrong("id_number", "证件号码格式不符 / no number of this kind of document")
    elif reason := _resident_wrong(number, born, today):
        cells.wrong("id_number", reason)
    if born is not None and not BORN_MIN <= born <= today:
        cells.wrong("born_on", "出生日期不可能 / an impossible birthday")


def _resident_wrong(number: str, born: date | None, today: date) -> str | None:
    if not RESIDENT_NUMBER.fullmatch(number):
        return "身份证号须为18位 / a resident ID number has 18 digits"
    stated = born_on(number)
    if stated is None or not BORN_MIN <= stated <= today:
        return "身份证号中的出生日期不可能 / an impossible birthday in the ID number"
    if ric.calc_check_digit(number) != number[-1]:
        return "身份证校验位不符 / the check digit of the ID number does not hold"
    if not _is_region(number[:_REGION_AND_YEAR]):
        return "身份证地区码不存在 / no such region in the ID number"
    if born is not None and born != stated:
        return "与出生日期不符 / not the birthday that the list states"
    return None


@lru_cache(maxsize=16_384)
def _is_region(digits: str) -> bool:
    """Whether a region existed in a year; a list has few of them and many persons of each."""
    try:
        ric.get_birth_place(f"{digits}01010000")
    except (NumberRefused, ValueError, ArithmeticError):
        return False
    return True


def _channel(cells: _Cells, codes: Codes) -> str:
    said = cells.text("sales_channel")
    channel = _CHANNELS.get(said, said)
    if channel and codes.channels and channel not in codes.channels:
        cells.wrong("sales_channel", "销售渠道不认识 / a sales channel that is not known")
    return channel


def _product(cells: _Cells, codes: Codes) -> str:
    product = cells.text("product")
    if other := codes.elsewhere.get(product):
        cells.wrong("product", f"产品{product}属于 {other} / the product is of {other}")
    return product


def _phone(cells: _Cells) -> str:
    phone = cells.text("phone", required=False)
    if phone and not _PHONE.fullmatch(phone):
        cells.wrong("phone", "手机号不符 / no mobile number")
    return phone


def _check_days(cells: _Cells, row: InsuredRow) -> None:
    if row.valid_to is not None and row.valid_to < row.valid_from:
        cells.wrong("valid_to", "早于生效日期 / valid_to lies before valid_from")
    if row.first_effective_on is not None and row.first_effective_on > row.valid_from:
        cells.wrong("first_effective_on", "晚于生效日期 / lies after valid_from")
    if row.entitled_from and row.entitled_to and row.entitled_to < row.entitled_from:
        cells.wrong("entitled_to", "早于服务起期 / entitled_to lies before entitled_from")
    if row.opened_on and row.cooling_off_ends and row.opened_on <= row.cooling_off_ends:
        cells.wrong("opened_on", "犹豫期未过 / lies within the cooling-off period")
    if row.premium_due_on is None and row.premium_paid_on is not None:
        cells.wrong("premium_due_on", "空 / empty, though a day of payment is stated")
    if row.premium_due_on and row.premium_due_on <= (row.first_effective_on or row.valid_from):
        cells.wrong("premium_due_on", "不晚于首次生效日 / no renewal is due so early")
