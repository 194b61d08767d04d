"""What a requirement says of a programme stands in its file: days, limits, lists, numbers, words.

The table is `required_values.yaml`: programme, requirement, place, value. It is written from the
requirement and its quote, never from the file it is compared with.
"""

from typing import Any

import pytest
from pydantic import BaseModel

from tests.builders import programmes
from tests.house.traceability import NAMES, required_values

ALL = {one.code: one for one in programmes()}
EVERY = required_values()


@pytest.mark.parametrize(
    ("requirement", "code", "place", "value"),
    EVERY,
    ids=[f"{requirement}-{place}" for requirement, _, place, _ in EVERY],
)
def test_a_programme_holds_what_its_source_says(
    requirement: str, code: str, place: str, value: Any
) -> None:
    found = at(ALL[code], place)
    assert holds(found, value), f"{requirement}: {found!r}"


def at(part: Any, place: str) -> Any:
    """What stands at a dotted place, defaults included; None where nothing does."""
    for step in place.split("."):
        part = _item(part, step) if isinstance(part, tuple) else getattr(part, step, None)
    return part


def _item(items: tuple[Any, ...], step: str) -> Any:
    if step.isdigit():
        return items[int(step)] if int(step) < len(items) else None
    name, _, stage = step.partition("@")
    for item in items:
        named = next((getattr(item, key) for key in NAMES if hasattr(item, key)), None)
        if named == name and (not stage or item.stage == stage):
            return item
    return None


def holds(found: Any, value: Any) -> bool:
    """Equal; or each named part of a mapping is; or a text holds the words after a `~`."""
    if isinstance(value, dict):
        return isinstance(found, BaseModel) and all(
            hasattr(found, key) and holds(getattr(found, key), wanted)
            for key, wanted in value.items()
        )
    if isinstance(value, str) and value.startswith("~"):
        return isinstance(found, str) and value.removeprefix("~") in found
    return bool((list(found) if isinstance(found, tuple) else found) == value)


def test_the_comparison_can_fail() -> None:
    p04 = ALL["pingan_oncology_157"]
    clock = at(p04, "clocks.G16")
    assert holds(clock, {"budget": {"amount": 5, "unit": "wd"}})
    assert not holds(clock, {"budget": {"amount": 5, "unit": "nd"}})
    assert not holds(clock, {"budgets": {}})
    assert not holds(at(p04, "clocks.G99"), {"budget": {}})
    assert not holds(at(p04, "services.hairdresser.fields"), [])
    assert not holds(at(p04, "hospitals.cities"), ["上海"])
    assert not holds(at(p04, "channels.hotline.name"), "~传真")
