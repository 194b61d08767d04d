"""The linters of the gate fail on what they are there for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.files import ROOT, text_of

BIN = Path(sys.executable).parent

CLOCKS_AND_CHANCE = (
    "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "import random\n\nROLL = random.random()\n",
    "from uuid import uuid4\n\nID = uuid4()\n",
    "import os\n\nHOME = os.environ['HOME']\n",
    "import time\n\nNOW = time.time()\n",
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """An empty house under the same rules."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in ("domain", "workflows", "adapters"):
        (tmp_path / room).mkdir()
    return tmp_path


def banned(house: Path, room: str, source: str) -> bool:
    (house / room / "example.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [str(BIN / "ruff"), "check", "--no-cache", "--select", "TID251", "."],
        cwd=house,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode in {0, 1}, done.stderr
    return "TID251" in done.stdout


@pytest.mark.parametrize("room", ["domain", "workflows"])
@pytest.mark.parametrize("source", CLOCKS_AND_CHANCE)
def test_rules_and_stories_may_not_ask_the_machine(house: Path, room: str, source: str) -> None:
    assert banned(house, room, source)


@pytest.mark.parametrize("source", CLOCKS_AND_CHANCE)
def test_the_wires_may(house: Path, source: str) -> None:
    assert not banned(house, "adapters", source)


def test_types_are_strict(house: Path) -> None:
    (house / "adapters" / "example.py").write_text("def f(x):\n    return x\n", encoding="utf-8")
    done = subprocess.run(
        [str(BIN / "mypy"), "--no-incremental", "adapters/example.py"],
        cwd=house,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 1
    assert "missing a type annotation" in done.stdout


def test_the_gate_runs_every_check_and_ci_runs_the_gate() -> None:
    makefile = text_of(Path("Makefile"))
    assert "\ncheck: lint test\n" in makefile
    for check in ("ruff format --check", "ruff check", "mypy", "lint-imports"):
        assert f"$(BIN)/{check}" in makefile
    run = text_of(Path(".ci/run"))
    assert "make lint" in run
    assert "make test" in run
