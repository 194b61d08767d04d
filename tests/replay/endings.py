"""Which ends the workflows can come to, read from the code, and which the histories came to.

An end of a booking is one of its ended stages; of a rescue, what its outcome was: its last stage is
always the same. What the code of a shape can say and no programme or rule lets happen is named in
`CANNOT`, with the reason.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from temporalio import workflow

import worker
from domain.bookings.booking import BOOKING_ENDED, BookingStage
from domain.bookings.terms import papers_for
from domain.enquiry import EnquiryStage
from domain.programmes.services import Shape
from domain.rescues.rescue import RescueOutcome
from domain.waiver import CLAIM_STAGES, ENDED, NEXT_STAGES
from tests.builders import programmes
from tests.replay.histories import OPENED
from workflows.bookings.booking import Booking
from workflows.messages.workflow_types import BOOKING_TYPES

End = tuple[str, str]
"""A workflow, and how it ended."""

CONTINUED: Final = "continued_as_new"
WORKED: Final = "worked"
"""The only end of what has no stages."""

CANNOT: Final[dict[End, str]] = {
    ("Reimbursement", "terminated"): "what was spent while the contract ran is owed after it",
}
"""What the code could say of a shape and nothing lets happen."""

_SAID: Final = re.compile(
    r"(?:BookingOver\(\s*|enter\(|called_off_as(?:: BookingStage)? = (?:\w+, )?)BookingStage\.(\w+)"
)


@cache
def reachable() -> frozenset[End]:
    """Every end that the code can reach."""
    ends = {("DepositWaiver", stage.value) for stage in _leading_to(NEXT_STAGES) & ENDED}
    ends |= {("Claim", stage.value) for stage in _leading_to(CLAIM_STAGES) & ENDED}
    ends |= {("Rescue", outcome.value) for outcome in RescueOutcome}
    ends |= {
        ("DepositWaiver", CONTINUED),
        ("Enquiry", EnquiryStage.DONE.value),
        ("Reconciliation", WORKED),
    }
    for one in worker.WORKFLOWS:
        if issubclass(one, Booking):
            ends |= {(_name(one), stage.value) for stage in _of_shape(one)}
    return frozenset(ends - CANNOT.keys())


@cache
def came_to(path: Path) -> End:
    """How a recorded history ended."""
    events = json.loads(path.read_text(encoding="utf-8"))["events"]
    name = path.stem.partition(".")[0]
    last = events[-1]
    if "workflowExecutionContinuedAsNewEventAttributes" in last:
        return name, CONTINUED
    [result] = last["workflowExecutionCompletedEventAttributes"]["result"]["payloads"]
    if name == "Rescue":
        return name, [one for one in _outcomes(events) if one][-1]
    return name, result[OPENED] if isinstance(result[OPENED], str) else WORKED


def lacking(recorded: Iterable[Path]) -> frozenset[End]:
    """Ends that no history tells."""
    return reachable() - {came_to(path) for path in recorded}


def _leading_to(ways: Any) -> set[Any]:
    return {stage for following in ways.values() for stage in following}


def _name(one: type[Any]) -> str:
    return str(workflow._Definition.must_from_class(one).name)


def _of_shape(one: type[Any]) -> set[BookingStage]:
    """What its own code, and the parts it is made of, say of an end."""
    modules = {inspect.getmodule(base) for base in one.__mro__ if issubclass(base, Booking)}
    parts = {
        sys.modules[part.__module__]
        for module in modules
        for part in vars(module).values()
        if inspect.isclass(part) and part.__module__.startswith("workflows.bookings")
    }
    said = {
        BookingStage[stage]
        for module in modules | parts
        if module is not None
        for stage in _SAID.findall(inspect.getsource(module))
    }
    ends = said & BOOKING_ENDED
    return ends if _name(one) in _expiring() else ends - {BookingStage.EXPIRED}


def _expiring() -> set[str]:
    """Workflows of services that end with the policy year while papers or a sample are owed."""
    return {
        BOOKING_TYPES[service.shape]
        for programme in programmes()
        for service in programme.services
        if service.shape in BOOKING_TYPES and service.consumption is not None
        if service.consumption.ends_unused_with == "policy_year"
        if papers_for(programme, service, None) or service.shape is Shape.LAB_TEST
    }


def _outcomes(node: Any) -> list[str]:
    """Every outcome a history names, in order."""
    if isinstance(node, list):
        return [one for part in node for one in _outcomes(part)]
    if not isinstance(node, dict):
        return []
    own = [node["outcome"]] if isinstance(node.get("outcome"), str) else []
    return own + [one for part in node.values() for one in _outcomes(part)]
