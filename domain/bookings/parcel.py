"""A parcel between customer, house and laboratory, and a test at a laboratory.

Both are known by an id of ours; what a courier or a laboratory says of them is one of a few words,
and the last of these ends it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from domain.steps.forms import Form, Note, Words

ParcelPurpose = Literal["papers", "kit", "sample"]
"""Papers come to us, a kit goes to the customer, a sample goes to the laboratory."""

PURPOSE_NAMES: Final[dict[ParcelPurpose, str]] = {
    "papers": "票据",
    "kit": "采样包",
    "sample": "样本",
}


class ParcelStatus(StrEnum):
    """Where a parcel is, by the courier's word."""

    ORDERED = "ordered"
    ON_THE_WAY = "on_the_way"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"
    REFUSED = "refused"


PARCEL_ENDED: Final = frozenset(
    {ParcelStatus.DELIVERED, ParcelStatus.LOST, ParcelStatus.RETURNED, ParcelStatus.REFUSED}
)

PARCEL_NAMES: Final[dict[ParcelStatus, str]] = {
    ParcelStatus.ORDERED: "已下单",
    ParcelStatus.ON_THE_WAY: "运送中",
    ParcelStatus.DELIVERED: "已送达",
    ParcelStatus.LOST: "丢失",
    ParcelStatus.RETURNED: "退回",
    ParcelStatus.REFUSED: "拒单",
}


class Parcel(BaseModel):
    """One parcel as far as we know."""

    model_config = ConfigDict(frozen=True)

    parcel_id: str
    purpose: ParcelPurpose
    status: ParcelStatus = ParcelStatus.ORDERED
    tracking_no: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be heard of it."""
        return self.status in PARCEL_ENDED


class LabWord(StrEnum):
    """What a laboratory says of a test."""

    SAMPLE_RECEIVED = "sample_received"
    UNUSABLE = "unusable"
    REPORT_READY = "report_ready"


class LabTest(BaseModel):
    """A test as far as the laboratory has told."""

    model_config = ConfigDict(frozen=True)

    test_id: str
    sample_at: datetime | None = None
    usable: bool = True
    refused: bool = False  # it does not do the test at all
    report_no: str = ""


class FindParcel(Form):
    """What became of a parcel that did not arrive, and whether another one is sent."""

    send_again: bool
    note: Words


class ChaseLab(Form):
    """A laboratory that is silent was asked."""

    note: Note = ""
