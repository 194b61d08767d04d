"""Reading a bill and settling it with social insurance, while the customer stands there (R821)."""

from __future__ import annotations

from temporalio import activity

from activities.ports.exchange import (
    BillsPort,
    BillWanted,
    ReadBill,
    SettleBill,
    SocialAnswer,
    SocialPort,
)
from domain.claims.medicine import MedicalBase


class ExchangeBills:
    """The verbs of the holder of bills and of social insurance."""

    def __init__(self, *, bills: BillsPort, social: SocialPort, base: MedicalBase) -> None:
        self._bills = bills
        self._social = social
        self._base = base

    @activity.defn(name="read_bill")
    async def read(self, wanted: BillWanted) -> ReadBill:
        """The bill, its lines held against the medical base."""
        bill = await self._bills.read(wanted)
        unknown, unfit = self._base.judge(wanted.disease, [item.code for item in bill.items])
        return ReadBill(**bill.model_dump(), unknown_items=len(unknown), unfit_items=len(unfit))

    @activity.defn(name="settle_bill")
    async def settle(self, order: SettleBill) -> SocialAnswer:
        """Settle social insurance's part; again under the same id it is the same settlement."""
        return await self._social.settle(order)
