"""A Temporal server that suggests a new run early, so that a short stay is a long one."""

from __future__ import annotations

from adapters.servers.temporal import TemporalServer

SUGGESTED_AT = 60
"""Events after which it suggests a new run; a stay of story 1 is several times as long."""


class ImpatientServer(TemporalServer):
    """The server we start, with this one limit of its own."""

    def _command(self) -> list[str]:
        limit = f"limit.historyCount.suggestContinueAsNew={SUGGESTED_AT}"
        return [*super()._command(), "--dynamic-config-value", limit]
