"""What no file of the project may hold: paths of one machine, registries' addresses, secrets."""

import re
from pathlib import Path

import pytest

from tests.house.files import project_files, text_of

# Written in parts, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:" + "work|root|" + r"home/\w+)/"),
    "a package registry": re.compile(
        "py" + "pi" + r"\.(?:org|io)|files\.python" + "hosted|registry\\.npm" + "js|index-" + "url"
    ),
    "a private key": re.compile("-----BEGIN (?:EC |RSA )?" + "PRIVATE KEY-----\n[A-Za-z0-9+/]"),
    "a merge mark": re.compile("^(?:<{7}|>{7}) ", flags=re.MULTILINE),
}
TEXT_MAX = 2_000_000  # bytes; larger files are data
BINARY = {".png", ".jpg", ".woff2", ".ico", ".pdf"}
# The Makefile tells the locking tool to leave addresses out.
EXCEPTIONS = {("Makefile", "a package registry")}


@pytest.mark.parametrize("path", project_files(), ids=str)
def test_no_file_holds_what_must_not_leave_the_house(path: Path) -> None:
    if path.suffix in BINARY:
        return
    text = text_of(path)[:TEXT_MAX]
    for what, pattern in FORBIDDEN.items():
        if (str(path), what) in EXCEPTIONS:
            continue
        found = pattern.search(text)
        assert found is None, f"{what}: {found[0] if found else ''}"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-run.lock"])
def test_the_lock_has_hashes_for_everything_and_no_address(lock: str) -> None:
    lines = text_of(Path(lock)).splitlines()
    entries = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ; .*)? \\$", entry), entry
    assert not any("://" in line or line.startswith("-") for line in lines)


def test_every_direct_dependency_is_in_the_lock() -> None:
    locked = text_of(Path("requirements.lock"))
    for file in ("requirements.in", "requirements-dev.in"):
        for line in text_of(Path(file)).splitlines():
            if line and not line.startswith(("#", "-")):
                name = re.split(r"[\[=<>]", line)[0].replace("_", "-").lower()
                assert f"\n{name}==" in f"\n{locked}", name


def test_what_an_image_installs_is_what_was_tested() -> None:
    """The second lock is the part of the first that greenlane runs on, pin by pin."""
    tested, run = (
        {line.split()[0] for line in text_of(Path(name)).splitlines() if "==" in line}
        for name in ("requirements.lock", "requirements-run.lock")
    )
    assert run < tested
    assert not any(pin.startswith(("pytest", "mypy", "playwright")) for pin in run)
    assert any(pin.startswith("temporalio==") for pin in run)
