"""Log lines of a process: JSON on standard output, one event a line, in UTC.

What may stand in them is decided where they are written; a test looks for personal data in them.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Write events of this level and above; libraries that use the standard library join in."""
    number = logging.getLevelNamesMapping()[level]
    logging.basicConfig(stream=sys.stdout, level=max(number, logging.WARNING), format="%(message)s")
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
