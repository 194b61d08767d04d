"""What a customer is told: a programme's own words under an id, tried for a minute, then by phone.

The desks of cases and bookings decide when; here is how a notice is made and how one that did not
go out at once is told again.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from activities.notices import TRIES, TellCustomers
from activities.ports.cases import Delivery, NoticeOrder
from domain.money import format_fen
from domain.programmes.programme import Programme
from workflows.matter import MatterState

NOTICE_WITHIN: Final = timedelta(seconds=15)
NOTICE_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(minutes=1),
    maximum_attempts=TRIES,
)
"""All tries within about a minute; then a person phones (I22)."""

_WIDE: Final = {",": "，", ";": "；", ":": "："}
_BETWEEN_CHINESE: Final = re.compile(r"(?<=[\u4e00-\u9fff）》”])([,;:]) ?(?=[\u4e00-\u9fff（《“])")
"""Reasons are written for screens, with narrow marks; moments and numbers keep theirs."""


def written(
    programme: Programme, matter: MatterState, code: str, language: str = "zh", /, **values: object
) -> NoticeOrder:
    """A notice of the programme with its places filled; amounts are given in fen."""
    terms = programme.notice(code)
    texts = {key: _spelled(value) for key, value in values.items()}
    texts.setdefault("hotline", _hotline(programme))
    number = matter.next_number("notice")
    return NoticeOrder(
        notice_id=f"{matter.matter_id}.notice.{number}",
        case_id=matter.matter_id,
        template=code,
        channel=terms.channel,
        text=terms.render(language, **texts),
        at=workflow.now(),
    )


async def told_again(notice: NoticeOrder) -> bool:
    """Try a notice that did not go at once for a minute; whether it arrived at last."""
    try:
        delivery = await workflow.execute_activity_method(
            TellCustomers.again,
            notice,
            start_to_close_timeout=NOTICE_WITHIN,
            retry_policy=NOTICE_RETRY,
            summary=f"通知客户 {notice.template}",
        )
    except ActivityError:
        # The last try did not even come back: nobody knows, so a person phones.
        return False
    return delivery is not Delivery.FAILED


def _hotline(programme: Programme) -> str:
    return next(
        (
            channel.address
            for channel in programme.channels
            if channel.kind == "hotline" and "service" in channel.purposes
        ),
        "",
    )


def _spelled(value: object) -> str:
    """A value as it stands in a notice: amounts in yuan, Chinese with marks of full width."""
    if isinstance(value, int):
        return format_fen(value)
    return _BETWEEN_CHINESE.sub(lambda found: _WIDE[found[1]], str(value))
