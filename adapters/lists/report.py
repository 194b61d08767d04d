"""What is wrong with a list, row by row: counted, the first of it kept, all of it in a file.

A remark names row, column and reason. Of what stood in the cell it shows what the operator needs to
find it: dates and amounts as they were, whatever could name or reach a person masked.
"""

import csv
import os
import re
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

from adapters.yaml_files import FileRefused
from domain.privacy import mask_id, mask_name, mask_phone

KEPT_MAX: Final = 1_000
REMARKS_MAX: Final = 10_000
"""After so many the reading ends: it is another list, or another column order."""
_SHOWN: Final = 10
_HEADINGS: Final = ("行 row", "列 column", "原因 reason", "内容(已遮盖) content, masked")
# A date or an amount; ten digits without a mark could be half of a number that names somebody.
_HARMLESS: Final = re.compile(
    r"-?[0-9]{1,8}|[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}|-?[0-9]{1,9}\.[0-9]{1,2}"
)
_MASKS: Final = {"name": mask_name, "id_number": mask_id, "phone": mask_phone}


class Remark(BaseModel):
    """One thing that is wrong, without anybody's data."""

    model_config = ConfigDict(frozen=True)

    line: int
    column: str
    reason: str
    content: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.column}: {self.reason}"


class RowsRefused(FileRefused):
    """A list with rows that do not hold, of which nothing was taken."""

    def __init__(self, path: Path, remarks: "Remarks") -> None:
        shown = [str(one) for one in remarks.first[:_SHOWN]]
        if remarks.count > len(shown):
            shown.append(f"and {remarks.count - len(shown)} more")
        super().__init__(path, "; ".join(shown))
        self.count = remarks.count


class Remarks:
    """Collects remarks; writes them to a file of the operator's as they come."""

    def __init__(self, path: Path, report: Path | None = None) -> None:
        self.count = 0
        self.first: list[Remark] = []
        self._path = path
        self._report = report
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        if self._report is not None:
            try:
                handle = os.open(self._report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            except OSError as error:
                raise FileRefused(
                    self._report, f"无法写入 / cannot be written: {error.strerror}"
                ) from None
            # With a mark in front a spreadsheet program reads it as UTF-8.
            self._file = os.fdopen(handle, "w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(_HEADINGS)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, line: int, column: str, reason: str, content: str = "") -> None:
        """Note one thing; raises RowsRefused when it becomes too much to read on."""
        remark = Remark(line=line, column=column, reason=reason, content=masked(column, content))
        self.count += 1
        if len(self.first) < KEPT_MAX:
            self.first.append(remark)
        if self._writer is not None:
            self._writer.writerow((line, column, reason, remark.content))
        if self.count >= REMARKS_MAX:
            raise RowsRefused(self._path, self)


def masked(column: str, content: str) -> str:
    """What may be shown of a cell."""
    if column in _MASKS:
        return _MASKS[column](content)
    return content if _HARMLESS.fullmatch(content) else mask_id(content)
