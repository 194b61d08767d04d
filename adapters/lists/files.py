"""Opens a list somebody sent (CSV or xlsx) and gives its rows one by one, in bounded memory.

A file from outside is guarded before it is read: its size, its lines, its cells, its headings. What
a row means is its own module's business (`insured_rows`, `network_list`). A failure of the whole
file is a `FileRefused`; what is wrong with one cell travels with its row. Nothing here repeats what
stood in a cell.
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TextIO

from adapters.lists.limits import CELL_MAX, ROWS_MAX
from adapters.lists.xlsx import FORMULA, XlsxSheet, wrong_value
from adapters.yaml_files import FileRefused
from domain.hospital import tidy

_LINE_MAX: Final = 64 * 1024
_HASHED_AT_ONCE: Final = 1024 * 1024
# A spreadsheet program would run it. A signed number is none.
_IS_FORMULA: Final = re.compile(r"=|@|[+-](?![0-9]+(\.[0-9]+)?$)")

Encoding = Literal["utf-8", "gb18030"]


@dataclass(frozen=True)
class Column:
    """One column of a list: our name, the headings people write, and whether it must be there."""

    name: str
    headings: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True)
class Row:
    """A row as text by column name, and what is wrong with single cells: (column, reason)."""

    line: int
    cells: dict[str, str]
    wrong: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ListFile:
    """A list on disk and how to read it."""

    path: Path
    encoding: Encoding = "utf-8"
    sheet: str | None = None  # of a workbook with several
    rows_max: int = ROWS_MAX

    def sha256(self) -> str:
        """What the file is, whatever it is called. Raises FileRefused when it cannot be read."""
        digest = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                while part := file.read(_HASHED_AT_ONCE):
                    digest.update(part)
        except OSError as error:
            raise FileRefused(self.path, f"无法读取 / cannot be read: {error.strerror}") from None
        return digest.hexdigest()

    def rows(self, columns: tuple[Column, ...]) -> Iterator[Row]:
        """Every row that is not blank; raises FileRefused with line and reason."""
        kind = self.path.suffix.lower()
        if kind == ".csv":
            lines = _csv_lines(self.path, self.encoding)
        elif kind == ".xlsx":
            lines = XlsxSheet(self.path, self.sheet).lines()
        else:
            raise FileRefused(self.path, "只读 .csv 或 .xlsx / only .csv and .xlsx are read")
        yield from self._read(lines, columns)

    def _read(
        self, lines: Iterator[tuple[int, list[object]]], columns: tuple[Column, ...]
    ) -> Iterator[Row]:
        try:
            first, headings = next(lines)
        except StopIteration:
            raise FileRefused(self.path, _absent(1, columns[0])) from None
        names = self._names(first, headings, columns)
        count = 0
        for line, values in lines:
            if all(value in (None, "") for value in values):
                continue
            count += 1
            if count > self.rows_max:
                reason = (
                    f"line {line}: 超过 {self.rows_max:,} 行 / more than {self.rows_max:,} rows; "
                    "--rows-max 可放宽 / raises the limit"
                )
                raise FileRefused(self.path, reason)
            yield _row(line, names, values)

    def _names(
        self, line: int, headings: list[object], columns: tuple[Column, ...]
    ) -> tuple[str, ...]:
        """Our name of each heading; a heading is never repeated: a list may have none at all."""
        known = {_plain(text): one.name for one in columns for text in (one.name, *one.headings)}
        while headings and headings[-1] in (None, ""):
            headings = headings[:-1]
        found: list[str] = []
        for number, heading in enumerate(headings, 1):
            name = known.get(_plain(str(heading or "")))
            if name is None:
                reason = f"line {line}: 第{number}列标题不认识 / the heading of column {number} is "
                raise FileRefused(self.path, reason + "not known")
            if name in found:
                raise FileRefused(
                    self.path, f"line {line}: 重复的列 / column {name!r} stands twice"
                )
            found.append(name)
        for one in columns:
            if one.required and one.name not in found:
                raise FileRefused(self.path, _absent(line, one))
        return tuple(found)


def _absent(line: int, column: Column) -> str:
    heading = column.headings[0] if column.headings else column.name
    return f"line {line}: 缺少列“{heading}” / column {column.name!r} is missing"


def _plain(heading: str) -> str:
    return tidy(heading).lower().replace(" ", "")


def _row(line: int, names: tuple[str, ...], values: list[object]) -> Row:
    cells: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    if any(value not in (None, "") for value in values[len(names) :]):
        wrong.append(("row", "单元格多于列 / more cells than columns"))
    for name, value in zip(names, values, strict=False):
        text, reason = wrong_value(value)
        text = tidy(text)
        if reason is None and _IS_FORMULA.match(text):
            reason = FORMULA
        if reason is None and not text.isprintable():
            reason = "含有无效字符 / characters that cannot be printed"
        if reason is None and len(text) > CELL_MAX:
            reason = f"超过 {CELL_MAX} 字 / more than {CELL_MAX} characters"
        if reason is not None:
            wrong.append((name, reason))
            text = ""
        cells[name] = text
    return Row(line=line, cells=cells, wrong=tuple(wrong))


def _csv_lines(path: Path, encoding: Encoding) -> Iterator[tuple[int, list[object]]]:
    """The records of a CSV with the line each ends in; a line is bounded before it is read."""
    try:
        with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as it:
            reader = csv.reader(_bounded(path, it), strict=True)
            for values in reader:
                yield reader.line_num, list(values)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        hint = "" if encoding == "gb18030" else "; --encoding gb18030?"
        raise FileRefused(path, f"no readable CSV in {encoding.upper()}: {error}{hint}") from None


def _bounded(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while text := file.readline(_LINE_MAX):
        number += 1
        if len(text) == _LINE_MAX and not text.endswith("\n"):
            raise FileRefused(
                path, f"line {number}: 行过长 / the line is too long, no readable CSV"
            )
        if "\x00" in text:
            raise FileRefused(path, f"line {number}: no readable CSV, a null byte")
        yield text
