"""No function over 70 lines, no file over 400; and the measure itself can fail."""

import ast
from pathlib import Path

import pytest

from tests.house.files import python_files, text_of

FUNCTION_MAX = 70
FILE_MAX = 400


def oversized(source: str) -> list[str]:
    """The functions of a source that are longer than the wall, decorators not counted."""
    return [
        f"{node.name} ({(node.end_lineno or node.lineno) - node.lineno + 1} lines)"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_MAX
    ]


@pytest.mark.parametrize("path", python_files(), ids=str)
def test_no_function_and_no_file_is_too_long(path: Path) -> None:
    source = text_of(path)
    assert oversized(source) == []
    assert source.count("\n") <= FILE_MAX


@pytest.mark.parametrize(
    "path",
    python_files("domain", "workflows", "activities", "adapters", "api", "simulator"),
    ids=str,
)
def test_every_module_opens_with_a_paragraph(path: Path) -> None:
    source = text_of(path)
    if not source.strip() or path.parts[:3] == ("adapters", "migrations", "versions"):
        return
    assert ast.get_docstring(ast.parse(source)), "say what the module is for and what it leaves"


def test_the_measure_finds_a_long_function() -> None:
    body = "\n".join(f"    a{number} = {number}" for number in range(FUNCTION_MAX))
    assert oversized(f"def too_long():\n{body}\n") == ["too_long (71 lines)"]
