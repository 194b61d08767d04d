"""Whoever speaks in a process: one event is one line of JSON, without an exception's text."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from temporalio.runtime import LoggingFormat

from adapters.logs import OneLine
from adapters.temporal import connection


def line(said: str, **more: Any) -> dict[str, Any]:
    """What is written of a library's record."""
    logger = logging.getLogger("temporalio.activity")
    record = logger.makeRecord(
        logger.name,
        logging.WARNING,
        "f",
        1,
        said,
        (),
        more.get("exc_info"),
        extra=more.get("extra"),
    )
    written = OneLine().format(record)
    assert "\n" not in written
    return dict(json.loads(written))


def test_a_failure_is_its_kind_its_cause_and_its_place_in_one_line() -> None:
    def broken() -> None:
        try:
            int("110101199003070732 of nobody")
        except ValueError as first:
            raise RuntimeError("客户某甲") from first

    with pytest.raises(RuntimeError) as caught:
        broken()
    info = (caught.type, caught.value, caught.tb)
    about = {"workflow_id": "dw-1", "activity_type": "tell", "attempt": 3, "task_queue": "q"}
    told = line("Completing\nactivity", exc_info=info, extra={"temporal_activity": about})
    assert (told["event"], told["level"]) == ("Completing", "warning")
    assert (told["failure"], told["because_of"]) == ("RuntimeError", ["ValueError"])
    assert told["at"][-1].endswith(" broken")
    assert {name: told.get(name) for name in about} == about | {"task_queue": None}
    assert told["timestamp"].endswith("+00:00")
    assert "110101199003070732" not in str(told)
    assert "客户某甲" not in str(told)


def test_a_library_without_a_failure_is_a_line_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    told = line("Application startup complete.")
    assert set(told) == {"event", "logger", "level", "timestamp"}
    monkeypatch.setattr(connection, "Runtime", lambda *, telemetry: telemetry)
    telemetry: Any = connection.door_runtime()
    assert telemetry.logging.format is LoggingFormat.JSON  # the core writes by itself
