"""Keeping the record of an enquiry: one verb, safe to repeat."""

from __future__ import annotations

from temporalio import activity

from activities.ports.enquiries import EnquiryBookPort, EnquiryPage


class KeepEnquiries:
    """The verb of the record of enquiries."""

    def __init__(self, *, record: EnquiryBookPort) -> None:
        self._record = record

    @activity.defn(name="turn_enquiry_page")
    async def turn_page(self, page: EnquiryPage) -> None:
        """Write the page."""
        await self._record.write_enquiry(page)
