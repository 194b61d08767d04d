"""Which files the style tests look at: those git knows or would take, never what lies about."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "workflows", "activities", "adapters", "api", "simulator")


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project, as paths from its root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    names = [Path(name) for name in listed.stdout.split("\0") if name]
    return tuple(name for name in names if (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """The Python files of some folders, or of the whole project."""
    found = [path for path in project_files() if path.suffix == ".py"]
    return [path for path in found if not folders or path.parts[0] in folders]


def text_of(path: Path) -> str:
    """A file as text; bytes that are none become replacement marks."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")
