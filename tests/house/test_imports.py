"""Who may import whom: the contracts hold, every room has one, and a broken rule is noticed."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.files import ROOMS, ROOT, text_of

LINTER = Path(sys.executable).parent / "lint-imports"
SETTINGS = tomllib.loads(text_of(Path("pyproject.toml")))["tool"]["importlinter"]

# A file that must not pass, for each row of the table in the house rules.
BROKEN = {
    "domain": "import temporalio.client\n",
    "activities": "import sqlalchemy\n",
    "workflows": "from adapters import settings\n",
    "adapters": "from workflows import messages\n",
    "api": "import psycopg\n",
    "simulator": "from domain import money\n",
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINTER), "--no-cache"],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )


def test_every_contract_is_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_room_is_under_contract() -> None:
    assert tuple(SETTINGS["root_packages"]) == ROOMS
    governed = {room for one in SETTINGS["contracts"] for room in one.get("source_modules", [])}
    assert governed == set(ROOMS)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms without their code: enough for contracts about what may be imported."""
    folder = tmp_path_factory.mktemp("rooms")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for room in ROOMS:
        (folder / room).mkdir()
        (folder / room / "__init__.py").touch()
    for module in (
        "activities/ports/__init__.py",
        "activities/ports/cases.py",
        "adapters/settings.py",
        "domain/money.py",
    ):
        (folder / module).parent.mkdir(exist_ok=True)
        (folder / module).touch()
    for module in layers():
        (folder / module).mkdir(parents=True, exist_ok=True)
        (folder / module / "__init__.py").touch()
    return folder


def layers() -> list[str]:
    """The folder of every module that a contract between parts of a room names."""
    return [
        f"{container}.{module.strip()}".strip(".").replace(".", "/")
        for one in SETTINGS["contracts"]
        for layer in [*one.get("layers", []), *one.get("modules", [])]
        for module in re.split(r"[|:]", layer)
        for container in one.get("containers", [""])
    ]


def test_empty_rooms_keep_every_contract(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_the_gate_fails_on_a_forbidden_import(copy: Path, room: str) -> None:
    intruder = copy / room / "intruder.py"
    intruder.write_text(BROKEN[room], encoding="utf-8")
    try:
        done = lint(copy)
        assert done.returncode != 0
        assert f"{room}.intruder" in done.stdout
    finally:
        intruder.unlink()


def test_the_gate_fails_on_a_chain_through_another_module(copy: Path) -> None:
    go_between = copy / "activities" / "go_between.py"
    intruder = copy / "workflows" / "intruder.py"
    go_between.write_text("import httpx\n", encoding="utf-8")
    intruder.write_text("import activities.go_between\n", encoding="utf-8")
    try:
        done = lint(copy)
        assert "workflows.intruder -> activities.go_between" in done.stdout
        assert done.returncode != 0
    finally:
        go_between.unlink()
        intruder.unlink()


@pytest.mark.parametrize(
    ("room", "part", "other"),
    [("workflows", "claims", "waiver"), ("api", "bookings", "waivers")],
)
def test_the_gate_fails_where_the_chapters_of_one_story_know_those_of_another(
    copy: Path, room: str, part: str, other: str
) -> None:
    intruder = copy / room / part / "intruder.py"
    intruder.write_text(f"from {room} import {other}\n", encoding="utf-8")
    try:
        done = lint(copy)
        assert f"{room}.{part}.intruder -> {room}.{other}" in done.stdout
        assert done.returncode != 0
    finally:
        intruder.unlink()


def test_only_the_wiring_modules_stand_outside_the_rooms() -> None:
    outside = {path.name for path in ROOT.glob("*.py")}
    assert outside <= {"cli.py", "worker.py", "demo.py"}


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_a_module_that_wires(room: str) -> None:
    wiring = {"cli", "worker", "demo", "tests"}
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            found = {name.split(".")[0] for name in names} & wiring
            assert not found, f"{path.relative_to(ROOT)} imports {sorted(found)}"


FORBIDDEN_OUTSIDE = {
    "worker.py": {"api", "simulator", "demo", "cli", "fastapi", "psycopg", "sqlalchemy", "httpx"},
    "cli.py": {"simulator", "fastapi", "psycopg", "sqlalchemy", "alembic", "httpx"},
}


@pytest.mark.parametrize("module", FORBIDDEN_OUTSIDE)
def test_what_wires_opens_no_wire_itself(module: str) -> None:
    """import-linter takes packages; this is its rule for the modules beside them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text_of(Path(module)))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert not names & FORBIDDEN_OUTSIDE[module]
