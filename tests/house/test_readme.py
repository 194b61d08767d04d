"""The README's shell blocks name commands that exist, its links lead somewhere, its words hold."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from tests.house.files import ROOT, project_files, text_of

README = Path("README.md")


def documents() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".md"]


def shell_lines(text: str) -> list[str]:
    """The commands of a document's shell blocks, without prompts, comments and continuations."""
    blocks = re.findall(r"```(?:sh|bash|shell|console)\n(.*?)```", text, flags=re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line.partition(" #")[0].strip() for line in lines if line and not line.startswith("#")]


def commands(group: str = "") -> set[str]:
    """The sub-commands `cli.py` offers, as its help says."""
    arguments = [*group.split(), "--help"]
    shown = CliRunner().invoke(cli.app, arguments, env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    return set(re.findall(r"^[│ |]+([a-z][a-z-]+) {2,}", shown, flags=re.MULTILINE))


def test_the_readme_has_the_two_commands() -> None:
    lines = shell_lines(text_of(README))
    assert "make demo" in lines
    assert "make test" in lines


@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_make_target_named_in_a_document_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(Path("Makefile")), flags=re.MULTILINE))
    for line in shell_lines(text_of(path)):
        if line.startswith("make "):
            named = {word for word in line.split()[1:] if re.fullmatch(r"[a-z]+", word)}
            assert named <= targets, line


@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_command_named_in_a_document_exists(path: Path) -> None:
    known = commands()
    assert "up" in known
    for line in shell_lines(text_of(path)):
        found = re.search(r"cli\.py ([a-z-]+)(?: ([a-z]+))?", line)
        if found:
            assert found[1] in known, line
            if found[1] == "import":
                assert found[2] in commands("import"), line


@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text_of(path)):
        if "://" not in target and not target.startswith("mailto:"):
            assert (ROOT / path.parent / target).exists(), target


def test_every_make_target_parses() -> None:
    text = text_of(Path("Makefile"))
    phony = re.search(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)
    assert phony
    for target in phony[1].split():
        done = subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, done.stderr
