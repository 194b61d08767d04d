"""Requirements and where each of them stands: `docs/requirements.csv`, read, checked and counted.

A row is `tested` (a named test fails when it no longer holds), `data` (a programme file carries it
and a test holds the value; the process that acts on it is still to come), `open`, or `outside` (not
software). All but the first say in `waits_for` for what, or why. The values stand under their
requirement in `tests/domain/required_values.yaml`. Run as a module it prints the counts.
"""

from __future__ import annotations

import ast
import csv
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "requirements.csv"
STATES = ("tested", "data", "open", "outside")
VALUES = ROOT / "tests" / "domain" / "required_values.yaml"
VALUES_TEST = "tests/domain/test_required_values.py::test_a_programme_holds_what_its_source_says"
NAMES = ("id", "code", "kind", "mode", "role", "sales_channel")


def rows(path: Path = TABLE) -> list[dict[str, str]]:
    """The rows of the table, each a mapping of its columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def findings(table: list[dict[str, str]]) -> list[str]:
    """What does not hold: an id missing or twice, a test or key that is not there, no reason."""
    expected = [f"R{number:03}" for number in range(1, 865)]
    expected += [f"I{number:02}" for number in range(1, 39)]
    counted = Counter(row["id"] for row in table)
    found = [f"{one} stands {counted[one]} times" for one in expected if counted[one] != 1]
    found += [f"{one} is no requirement" for one in set(counted) - set(expected)]
    for row in table:
        found += [f"{row['id']}: {why}" for why in _wrong(row)]
    claimed = {row["id"] for row in table if VALUES_TEST in row["tests"].split()}
    held = {held_for for held_for, _, _, _ in required_values()}
    found += [f"{one}: no value is held for it" for one in sorted(claimed - held)]
    found += [f"{one}: a value is held and not named" for one in sorted(held - claimed)]
    return found


def _wrong(row: dict[str, str]) -> list[str]:
    tests, keys = row["tests"].split(), row["keys"].split()
    wrong = [f"no test {one}" for one in tests if not has_test(one)]
    wrong += [f"no key {one}" for one in keys if not has_key(one)]
    if row["state"] not in STATES:
        wrong.append(f"unknown state {row['state']!r}")
    if row["state"] == "tested" and not tests:
        wrong.append("tested by nothing")
    if row["state"] == "data" and not (keys and tests):
        wrong.append("data without a key and a test")
    if (row["state"] == "tested") == bool(row["waits_for"]):
        wrong.append(f"{row['state']} with{'' if row['waits_for'] else 'out'} a reason")
    return wrong


def required_values(path: Path = VALUES) -> list[tuple[str, str, str, Any]]:
    """What must stand in a programme: requirement, programme's code, place in it, value."""
    content = yaml.safe_load(path.read_text("utf-8"))
    return [
        (requirement, code, place, value)
        for code, held in content.items()
        for requirement, places in held.items()
        for place, value in places.items()
    ]


def has_test(named: str) -> bool:
    """Whether `tests/x.py::test_y` is there."""
    file, _, test = named.partition("::")
    path = ROOT / file
    return path.is_file() and test in _tests_of(path)


def has_key(named: str) -> bool:
    """Whether `code:services.visit_escort.steps.guide` leads to something in the file."""
    code, _, path = named.partition(":")
    return at(_content(code), path) is not None


def at(part: Any, path: str) -> Any:
    """What stands at a dotted place; None where nothing does."""
    for step in path.split("."):
        part = _part(part, step)
    return part


@cache
def _tests_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


@cache
def _content(code: str) -> Any:
    path = ROOT / "programmes" / f"{code}.yaml"
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text("utf-8"), Loader=loader) if path.is_file() else None  # noqa: S506 - both are safe


def _part(part: Any, step: str) -> Any:
    if isinstance(part, dict):
        return part.get(step)
    if isinstance(part, list):
        if step.isdigit() and int(step) < len(part):
            return part[int(step)]
        name, _, stage = step.partition("@")
        for item in part:
            named = next((item[key] for key in NAMES if key in item), None)
            if named == name and (not stage or item.get("stage") == stage):
                return item
    return None


def counts(table: list[dict[str, str]]) -> str:
    """The counts per programme and state, as lines."""
    by = Counter((row["programme"], row["state"]) for row in table)
    programmes = sorted({row["programme"] for row in table})
    lines = [f"{'':6}" + "".join(f"{state:>8}" for state in STATES)]
    lines += [
        f"{one:6}" + "".join(f"{by[one, state]:>8}" for state in STATES) for one in programmes
    ]
    total = Counter(row["state"] for row in table)
    lines.append(f"{'all':6}" + "".join(f"{total[state]:>8}" for state in STATES))
    return "\n".join(lines)


if __name__ == "__main__":
    the_table = rows()
    print(counts(the_table))  # noqa: T201 - what the command is for
    for line in findings(the_table):
        print(line)  # noqa: T201
