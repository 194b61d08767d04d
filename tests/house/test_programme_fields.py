"""Every field that a programme's file may hold is read by something that acts on it or shows it."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.house.files import python_files, text_of

MODELS = Path("domain/programmes")
ROOMS = ("domain", "workflows", "activities", "adapters", "api", "worker.py", "cli.py")
# Whoever only holds files against each other makes no field useful.
COMPARE = {MODELS / "checks.py", MODELS / "benefits.py"}


def declared(sources: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each class of a module with each of its annotated fields."""
    for source in sources:
        kinds = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
        for kind in kinds:
            for one in kind.body:
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                    yield kind.name, one.target.id


def read(sources: Iterable[str]) -> set[str]:
    """The names that are read of something, whatever it is."""
    nodes = (node for source in sources for node in ast.walk(ast.parse(source)))
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def test_no_field_of_a_programme_stands_unread() -> None:
    models = [path for path in python_files("domain") if path.parent == MODELS]
    readers = [path for path in python_files(*ROOMS) if path not in COMPARE]
    known = read(map(text_of, readers))
    fields = [*declared(map(text_of, models))]
    assert len(fields) > 200
    unread = [f"{kind}.{name}" for kind, name in fields if name not in known]
    assert unread == [], "delete it, or act on it, or show it to whom it concerns"


@pytest.mark.parametrize(
    ("reader", "is_read"), [("one.marks", True), ("one.marks = 1", False), ("marks", False)]
)
def test_a_field_that_is_only_written_or_named_is_not_read(reader: str, is_read: bool) -> None:
    [(kind, name)] = declared(["class Step:\n    marks: str = ''\n"])
    assert kind == "Step"
    assert (name in read([reader])) is is_read
