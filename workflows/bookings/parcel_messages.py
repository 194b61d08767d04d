"""What couriers and laboratories tell a booking; read as tolerantly as every other message."""

from __future__ import annotations

from datetime import datetime

from activities.ports.cases import Message
from domain.bookings.parcel import LabWord, ParcelStatus


class ParcelMoved(Message):
    """Signal `parcel_moved`: the courier says where a parcel is."""

    parcel_id: str
    status: ParcelStatus
    tracking_no: str = ""
    at: datetime


class LabSpoke(Message):
    """Signal `lab_spoke`: the laboratory says something of a test."""

    test_id: str
    word: LabWord
    report_no: str = ""
    at: datetime
