"""Reads the programmes from their files, one a file, and refuses the whole set if one is wrong.

What a programme may say is the business of `domain.programmes`; here are the folders, the file
names and what two files have to do with each other: no version twice, no two versions for one day,
and no later version that takes something away without saying so by name.
"""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel

from adapters.calendar_file import CALENDARS
from adapters.yaml_files import FileRefused, read_model
from domain.programmes.benefits import lowered
from domain.programmes.programme import Programme, ProgrammeKind
from domain.programmes.terms import Notice

PROGRAMMES = Path(__file__).parents[2] / "programmes"
SHARED_NOTICES = PROGRAMMES / "shared" / "notices.yaml"


class SharedNotices(BaseModel):
    """The texts every advance and every booking sends unless its programme has its own."""

    notices: tuple[Notice, ...]
    bookings: tuple[Notice, ...]


def load_programmes(folders: Iterable[Path] = (PROGRAMMES,)) -> tuple[Programme, ...]:
    """Every programme of the folders, by code and version.

    Raises FileRefused with file, line and reason.
    """
    seen: dict[tuple[str, str], Path] = {}
    programmes: list[Programme] = []
    shared = read_model(SHARED_NOTICES, SharedNotices)
    texts = {"of_advances": shared.notices, "of_bookings": shared.bookings}
    for path in (file for folder in folders for file in _files(folder)):
        programme = read_model(path, Programme).with_notices(**texts)
        if programme.kind is not ProgrammeKind.DEPOSIT_WAIVER and not programme.services:
            reason = f"line {_line(path, 'kind')}: a programme without services offers nothing"
            raise FileRefused(path, reason)
        _must_have_calendar(programme, path)
        key = (programme.code, programme.version)
        if key in seen:
            reason = f"version {key[1]} of {key[0]} stands in {seen[key].name} too"
            raise FileRefused(path, f"line {_line(path, 'version')}: {reason}")
        seen[key] = path
        programmes.append(programme)
    programmes.sort(key=lambda one: (one.code, one.valid_from))
    for old, new in pairwise(programmes):
        if old.code == new.code:
            _must_follow(old, new, seen[new.code, new.version])
    return tuple(programmes)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FileRefused(folder, "no folder of programmes")
    return sorted(folder.glob("*.yaml"))


def _must_have_calendar(programme: Programme, path: Path) -> None:
    """A version lies in years whose days off somebody has written down."""
    for year in range(programme.valid_from.year, programme.valid_to.year + 1):
        if not (CALENDARS / f"cn-{year}.yaml").exists():
            reason = (
                f"line {_line(path, 'valid_to')}: valid_to: no calendar cn-{year}.yaml; a version "
                "is a service year, and until_replaced lets it go on"
            )
            raise FileRefused(path, reason)


def _must_follow(old: Programme, new: Programme, path: Path) -> None:
    """A version begins after the one before ends, and takes nothing away unsaid (R360, R487)."""
    if new.valid_from <= old.valid_to:
        reason = (
            f"line {_line(path, 'valid_from')}: valid_from: version {new.version} overlaps "
            f"{old.version}, which is valid to {old.valid_to}"
        )
        raise FileRefused(path, reason)
    if less := lowered(old, new):
        reason = (
            f"line {_line(path, 'version')}: version {new.version} lowers what {old.version} "
            f"gave: {', '.join(less)}; name each in 'lowers' to mean it"
        )
        raise FileRefused(path, reason)


def _line(path: Path, key: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((at for at, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
