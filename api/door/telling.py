"""Tells one of many open matters what its row is behind; the row is marked by whoever asked.

What concerns many is no letter: a pass that is cut off goes on where the rows say that it stopped.
"""

from __future__ import annotations

import structlog

from activities.ports.cases import Message
from api.door.gateway import CaseGateway, CaseNotRunning, NotKnownYet

log = structlog.get_logger("greenlane.door")


async def has_heard(
    cases: CaseGateway, matter_id: str, signal: str, message: Message, *, nobody: str, failed: str
) -> bool:
    """Whether a matter need not be told again: it was, or it has ended and nobody is left.

    `nobody` and `failed` are what the log calls the others. One that cannot be told must not keep
    the rest from it; only a server that is away, NotKnownYet, ends the pass.
    """
    try:
        await cases.signal(matter_id, signal, message)
    except NotKnownYet:
        raise
    except CaseNotRunning:
        log.info(nobody, case_id=matter_id)  # its last page says so, or is on its way
    except Exception as failure:  # noqa: BLE001 - whatever it is, it concerns this one only
        log.warning(failed, case_id=matter_id, failure=type(failure).__name__)
        return False
    return True
