"""Log lines of a process: JSON on standard output, one event a line, in UTC, whoever speaks.

What may stand in our own lines is decided where they are written; a test looks for personal data in
them. Of what a library says the first line is kept, of an exception its kind and where it broke:
its text may hold what a person typed.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from temporalio import activity, workflow

_FRAMES_SHOWN: Final = 8
_CAUSES_SHOWN: Final = 4
_SAID_MAX: Final = 300
_ABOUT: Final = ("workflow_id", "workflow_type", "activity_type", "attempt")
"""What is kept of where the Temporal SDK was when it spoke; ids of ours are opaque."""


class OneLine(logging.Formatter):
    """A record of the standard library as our own lines are."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON, whatever the record brings."""
        said = record.getMessage().strip().partition("\n")[0]
        line: dict[str, Any] = {
            "event": said[:_SAID_MAX],
            "logger": record.name,
            **_about(record),
            **_failure(record),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        return json.dumps(line, ensure_ascii=False, default=str)


def _about(record: logging.LogRecord) -> dict[str, Any]:
    """Which activity or workflow it is about, where the SDK says so."""
    told = getattr(record, "temporal_activity", None) or getattr(record, "temporal_workflow", None)
    return {name: told[name] for name in _ABOUT if name in told} if told else {}


def _failure(record: logging.LogRecord) -> dict[str, Any]:
    """What broke and where, with what caused it; nothing where no exception is told of."""
    failure = record.exc_info[1] if record.exc_info else None
    if failure is None:
        return {}
    frames = traceback.extract_tb(failure.__traceback__)[-_FRAMES_SHOWN:]
    causes, before = list[str](), failure.__cause__ or failure.__context__
    while before is not None and len(causes) < _CAUSES_SHOWN:
        causes.append(type(before).__name__)
        before = before.__cause__ or before.__context__
    at = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    told = {"failure": type(failure).__name__, "at": at}
    return told | ({"because_of": causes} if causes else {})


def configure_logs(level: str) -> None:
    """Write events of this level and above; libraries that use the standard library join in."""
    number = logging.getLevelNamesMapping()[level]
    out = logging.StreamHandler(sys.stdout)
    out.setFormatter(OneLine())
    logging.basicConfig(handlers=[out], level=max(number, logging.WARNING))
    logging.captureWarnings(True)
    # The ids have fields of their own (`_about`).
    activity.logger.activity_info_on_message = workflow.logger.workflow_info_on_message = False
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(),
    )
