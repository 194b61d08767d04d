"""The house's own books in a walk: the fakes of the workflow tests, read as a person reads them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from activities.ports.cases import (
    Balances,
    CasePage,
    NoticeOrder,
    PaymentRecord,
    TaskOpened,
    TopUpRecord,
)
from domain.clock import Clock
from domain.posting import Reason
from domain.waiver import Stage
from tests.walk import checks
from tests.walk.world import Away
from tests.workflows.fakes import FakeBooks

SIGNS: Final = {
    Reason.DEPOSIT: 1,
    Reason.TOP_UP: 1,
    Reason.PAYOUT: 1,
    Reason.REVERSAL: -1,
    Reason.PAYOUT_REVERSAL: -1,
}
"""How a transfer counts as money that left under a movement."""


class WalkBooks(FakeBooks):
    """Ledger and casebook of one case, as they stand after the last page."""

    def __init__(
        self, case_id: str, chance: random.Random, *, settled: Callable[[int], None]
    ) -> None:
        """`settled` hears what had been advanced when the bill was read."""
        super().__init__()
        self._case_id = case_id
        self._settled = settled
        self.calm = False
        self.stage = Stage.REPORTED
        self.tasks: dict[str, TaskOpened] = {}
        self.clocks: dict[str, Clock] = {}
        self.payments: dict[str, PaymentRecord] = {}
        self.top_ups: dict[str, TopUpRecord] = {}
        self.told: list[NoticeOrder] = []
        self.last: CasePage | None = None
        self.carried: dict[str, Any] | None = None
        self._chance = chance
        self.fail = self._away
        self.after = self._lost

    def _away(self, _: str) -> None:
        if not self.calm and self._chance.random() < 0.01:
            raise Away("database")

    def _lost(self, _: str) -> None:
        if not self.calm and self._chance.random() < 0.01:
            raise Away("answer of the database")

    async def write(self, page: CasePage) -> None:
        is_new = page.page not in self.pages[page.case_id]
        try:
            await super().write(page)
        finally:
            # Written is written, even when the answer is lost.
            if is_new and page.page in self.pages[page.case_id]:
                self._read(page, await self.balances(page.case_id))

    def _read(self, page: CasePage, balances: Balances) -> None:
        if self.last is not None and page.page != self.last.page + 1:
            raise checks.Wrong(f"page {page.page} follows page {self.last.page}")
        self.last, self.stage = page, page.stage
        self.carried = page.carried or self.carried
        self.tasks |= {task.task_id: task for task in page.tasks_opened}
        for closed in page.tasks_closed:
            self.tasks.pop(closed.task_id, None)
        self.clocks |= {clock.instance: clock for clock in page.clocks}
        self.payments |= {one.movement_id: one for one in page.payments}
        self.top_ups |= {one.top_up_id: one for one in page.top_ups}
        self.told += page.notices
        if page.stage is Stage.CLAIM_FILING:
            self._settled(page.advanced_fen)
        checks.conserved(balances)
        checks.page_agrees(page, balances)
        checks.owed(page.notices, balances)
        if any(notice.template == "closed" for notice in page.notices):
            checks.at_zero(balances)

    def out_fen(self, movement_id: str) -> int:
        """What the ledger says has left under a movement, corrections included."""
        hold = self.holds.get(movement_id)
        out = hold.amount_fen if hold and self.ended.get(movement_id) == "post" else 0
        for one in self.transfers.values():
            if _is_about(one.movement_id, movement_id):
                out += one.amount_fen * SIGNS.get(one.reason, 0)
        return out

    def _sum(self, *reasons: Reason) -> int:
        return sum(one.amount_fen for one in self.transfers.values() if one.reason in reasons)

    @property
    def refunded_fen(self) -> int:
        """What hospitals have sent back."""
        return self._sum(Reason.REFUND)

    @property
    def sent_back_fen(self) -> int:
        """What of it went back to them."""
        return self._sum(Reason.SENT_BACK)

    @property
    def gave(self) -> dict[str, int]:
        """What each has paid towards the advance so far, as a form names them."""
        return {
            "to_customer": self._sum(Reason.REPAYMENT) - self._sum(Reason.RETURNED),
            "to_insurer": self._sum(Reason.OFFSET) - self._sum(Reason.CLAIM_RETURNED),
            "to_loss": self._sum(Reason.WRITE_OFF) - self._sum(Reason.LOSS_RECOVERED),
        }


def _is_about(transfer_id: str, movement_id: str) -> bool:
    """Whether a transfer is this movement's own, or one that corrects it."""
    if not transfer_id.startswith(movement_id):
        return False
    rest = transfer_id.removeprefix(movement_id)
    return rest in ("", ":late") or rest.startswith(":fix_")
