"""Calls to partners that brought no believable answer: a line in the log and a count for each.

What is said is the partner and the kind of failure, our own codes; nothing of an order or an
answer, so that no line names anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from temporalio.common import MetricMeter

FAILURES: Final = "greenlane_partner_failures"

log = structlog.get_logger("greenlane.worker")


class PartnerWatch:
    """Counts on the meter of this process's Temporal runtime, beside the SDK's own measurements."""

    def __init__(self, meter: MetricMeter) -> None:
        self._failures = meter.create_counter(FAILURES, "Calls without a believable answer")

    def of(self, partner: str) -> Callable[[str], None]:
        """What the line to a partner tells its failures to."""

        def failed(reason: str) -> None:
            self._failures.add(1, {"partner": partner, "kind": reason})
            log.warning("partner_failed", partner=partner, kind=reason)

        return failed
