"""Reads the programmes from their files, one a file, and refuses the whole set if one is wrong.

What a programme may say is `domain.programme`'s business; here are the folder, the file names and
the rule that no two files are the same version of the same programme.
"""

from collections.abc import Iterable
from pathlib import Path

from adapters.yaml_files import FileRefused, read_model
from domain.programme import Programme

PROGRAMMES = Path(__file__).parent.parent / "programmes"


def load_programmes(folders: Iterable[Path] = (PROGRAMMES,)) -> tuple[Programme, ...]:
    """Every programme of the folders, by code and version.

    Raises FileRefused with file, line and reason.
    """
    seen: dict[tuple[str, str], Path] = {}
    programmes: list[Programme] = []
    for path in (file for folder in folders for file in sorted(folder.glob("*.yaml"))):
        programme = read_model(path, Programme)
        key = (programme.code, programme.version)
        if key in seen:
            raise FileRefused(path, f"version {key[1]} of {key[0]} stands in {seen[key].name} too")
        seen[key] = path
        programmes.append(programme)
    return tuple(sorted(programmes, key=lambda one: (one.code, one.valid_from)))
