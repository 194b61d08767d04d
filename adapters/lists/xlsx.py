"""Reads one sheet of an xlsx workbook from outside, after a look at what the archive would become.

A workbook is a zip of XML: it may be a bomb, another kind of file, hold formulas, macros or a
password. Each is refused with its reason before it is unpacked; openpyxl then reads row by row, and
defusedxml, which it uses where it is installed, refuses entities. Strings shared by cells and the
styles are the only parts held in memory whole, so these have a size of their own.
"""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from defusedxml.ElementTree import fromstring
from openpyxl import load_workbook
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula
from openpyxl.xml import DEFUSEDXML

from adapters.yaml_files import FileRefused

FORMULA: Final = "公式不可导入 / a formula, not a value"

FILE_MAX: Final = 64 * 1024 * 1024
UNPACKED_MAX: Final = 256 * 1024 * 1024
"""All parts unpacked; a list of 100,000 persons has some 60 MB."""
STRINGS_MAX: Final = 64 * 1024 * 1024
PART_MAX: Final = 8 * 1024 * 1024
"""Any part but sheets and strings: it is read whole."""
PARTS_MAX: Final = 1_000
RATIO_MAX: Final = 200
"""A sheet of equal cells packs to a hundredth; what packs better was made to."""
_RATIO_MATTERS: Final = 1024 * 1024
LINES_MAX: Final = 1_048_576
"""The last row a sheet can have; a file may claim a row far beyond, and every gap is filled."""
COLUMNS_MAX: Final = 50
_EXACT_DIGITS: Final = 15  # a number of a spreadsheet keeps no more
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_STRINGS: Final = "xl/sharedstrings.xml"
_SHEETS: Final = "xl/worksheets/sheet"
_ROLES: Final = {
    "sharedStrings+xml": f"/{_STRINGS}",
    "sheet.main+xml": "/xl/workbook.xml",
}
_ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)

if not DEFUSEDXML:  # openpyxl then expands entities: a few lines become gigabytes
    raise ImportError("openpyxl must find defusedxml to read files from outside")


class XlsxSheet:
    """A sheet of a workbook: the one named, or the only one that is shown."""

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        self._path = path
        self._sheet = sheet

    def lines(self) -> Iterator[tuple[int, list[object]]]:
        """Row number and values; raises FileRefused with the reason."""
        try:
            self._guard()
            yield from self._lines()
        except FileRefused:
            raise
        # Whatever the parsers of a hostile file fail with: it is no readable workbook.
        except Exception as error:  # noqa: BLE001
            raise self._refused(
                f"不是可读的 xlsx / no readable xlsx: {type(error).__name__}"
            ) from None

    def _lines(self) -> Iterator[tuple[int, list[object]]]:
        book = load_workbook(self._path, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = self._chosen(book)
            sheet.reset_dimensions()  # what a sheet says of its own size is not to be trusted
            rows = sheet.iter_rows(max_col=COLUMNS_MAX + 1, values_only=True)
            for number, values in enumerate(rows, 1):
                if number > LINES_MAX:
                    raise self._refused(
                        f"line {number}: 行号超出表格 / beyond the last row of a sheet"
                    )
                if values and values[COLUMNS_MAX] is not None:
                    raise self._refused(f"line {number}: 多于 {COLUMNS_MAX} 列 / too many columns")
                yield number, list(values)
        finally:
            book.close()

    def _chosen(self, book: Any) -> Any:
        shown = [one for one in book.worksheets if one.sheet_state == "visible"]
        if self._sheet is not None:
            shown = [one for one in book.worksheets if one.title == self._sheet]
        if len(shown) != 1:
            reason = f"{len(shown)} 个工作表, 用 --sheet 指定一个 / {len(shown)} sheets; name one"
            raise self._refused(reason)
        return shown[0]

    def _guard(self) -> None:
        """Look at the archive's own table of contents; nothing is unpacked."""
        try:
            with self._path.open("rb") as file:
                head = file.read(len(_OLD_OFFICE))
            if head == _OLD_OFFICE:
                raise self._refused(
                    "旧版 .xls 或有密码, 请另存为 .xlsx / an old .xls or protected by a password"
                )
            if self._path.stat().st_size > FILE_MAX:
                raise self._refused(f"文件大于 {_mb(FILE_MAX)} / larger than {_mb(FILE_MAX)}")
            with zipfile.ZipFile(self._path) as archive:
                self._guard_parts(archive.infolist())
                self._guard_roles(archive)
        except zipfile.BadZipFile:
            raise self._refused("不是 xlsx 文件 / this is no xlsx file") from None
        except OSError as error:
            raise self._refused(f"无法读取 / cannot be read: {error.strerror}") from None

    def _guard_parts(self, parts: list[zipfile.ZipInfo]) -> None:
        names = [part.filename.lower() for part in parts]
        if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
            raise self._refused("不是 xlsx 文件 / this is no xlsx file: it holds no workbook")
        if len(parts) > PARTS_MAX or len(set(names)) != len(names):
            raise self._refused("压缩包条目过多或重名 / too many parts, or one name twice")
        if any(name.endswith("vbaproject.bin") for name in names):
            raise self._refused("含有宏 / it holds macros")
        if sum(part.file_size for part in parts) > UNPACKED_MAX:
            raise self._refused(f"解压后大于 {_mb(UNPACKED_MAX)} / unpacks to more, a zip bomb")
        for part, name in zip(parts, names, strict=True):
            if part.flag_bits & 1:
                raise self._refused("有密码 / protected by a password")
            if part.file_size > _RATIO_MATTERS and part.file_size > RATIO_MAX * part.compress_size:
                raise self._refused(f"压缩比超过 {RATIO_MAX} / packed too well, a zip bomb")
            most = STRINGS_MAX if name == _STRINGS else PART_MAX
            if part.file_size > most and not name.startswith(_SHEETS):
                raise self._refused(f"内部文件大于 {_mb(most)} / a part of it is too large")

    def _guard_roles(self, archive: zipfile.ZipFile) -> None:
        """A part that is read whole must stand under the name whose size was looked at."""
        for one in fromstring(archive.read("[Content_Types].xml")):
            kind, part = one.get("ContentType", ""), one.get("PartName", "").lower()
            known = next((name for end, name in _ROLES.items() if kind.endswith(end)), part)
            if part != known:
                raise self._refused("内部文件位置不合 / a part stands where it should not")
        if b"chartsheet" in archive.read("xl/_rels/workbook.xml.rels").lower():
            raise self._refused("含有图表工作表 / it holds a sheet that is a chart")

    def _refused(self, reason: str) -> FileRefused:
        return FileRefused(self._path, reason)


def wrong_value(value: object) -> tuple[str, str | None]:
    """A cell as text, and why it cannot be taken, if so."""
    if isinstance(value, bool):
        return ("是" if value else "否"), None
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, date):
        if isinstance(value, datetime) and value.time() != time():
            return "", "日期带有时刻 / a date with a time of day"
        return value.isoformat()[:10], None
    if isinstance(value, ArrayFormula | DataTableFormula):
        return "", FORMULA
    if value is None or isinstance(value, str):
        return ("", "错误值 / an error, not a value") if value in _ERRORS else (value or "", None)
    return "", "单元格类型不可导入 / a kind of cell that is not read"


def _number(value: float) -> tuple[str, str | None]:
    """A whole number without its `.0`; one with too many digits has lost its last ones."""
    if abs(value) >= 10**_EXACT_DIGITS:
        reason = "长数字被表格截断, 请设为文本格式 / a long number has lost digits: make it text"
        return "", reason
    whole = int(value)
    return (str(whole) if whole == value else repr(value)), None


def _mb(size: int) -> str:
    return f"{size // (1024 * 1024)} MB"
