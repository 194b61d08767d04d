"""What every case and booking hears of the insurance policy behind it."""

from __future__ import annotations

from datetime import date, datetime

from activities.ports.cases import Message
from workflows.messages import Actor


class PolicyEnds(Message):
    """Signal `policy_ends`: the insurer ended the policy, early, and named its last day."""

    actor: Actor
    at: datetime
    ends_on: date
