"""Story 7, the claim day (P21): complete at 10:30, paid the same day; a working day is promised."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from demo.hands import Hands
from demo.house import Guest, House
from demo.people import Answer, yuan
from demo.telling import Say, silently

GUEST = Guest(
    programme="china_life_claims",
    disease="colorectal_cancer",
    policy="critical_illness,250000.00,0.00,individual,2019-01-01,2099-12-31",
)
BEGINS = "2026-04-13 09:00"
READABLE = 400
"""Pixels of a side that the image check takes for readable."""
PAID_FEN = 25_000_000


def a_photo(side: int = READABLE) -> bytes:
    """A grey picture of so many pixels square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + bytes(side) for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class Claimant(Hands):
    """Somebody with a claim, and the people who serve it."""

    async def file(self, service: str, **more: Any) -> None:
        """File a claim under a service."""
        claim = self.a_report() | {
            "service": service,
            "channel": "app",
            "declared": {"diagnosis": "confirmed"},
            **more,
        }
        self.case_id = (await self.house.channel.do("/v1/claims", claim))["case_id"]

    async def photograph(self, *papers: str) -> None:
        """Readable pictures of papers."""
        for paper in papers:
            await self.house.customer.upload(self.case_id, paper, picture=a_photo())

    async def complete(self) -> None:
        """Somebody of ours sees that everything is there."""
        await self.house.agent.complete(self.case_id, "confirm_documents", complete=True)

    async def decide(self, payable_fen: int) -> None:
        """The adjudicator says yes."""
        await self.house.insurer.complete(
            self.case_id, "adjudicate", decision="approved", payable=yuan(payable_fen)
        )

    async def paid(self) -> tuple[Answer, Answer]:
        """The closed claim and its books."""
        return await self.stage_is("closed"), await self.ledger()


class StoryP21(Claimant):
    """毛先生's day."""

    def __init__(self, house: House, say: Say = silently) -> None:
        super().__init__(house)
        self.say = say

    async def tell(self) -> None:
        """From the claim to the money."""
        await self.file("ci_one_day_payout")
        await self.house.agent.task(self.case_id, "confirm_documents")
        await self.say(BEGINS, f"手机申请理赔, 案件 {self.case_id}", "files his claim in the app")
        await self.photograph("id_card_front", "diagnosis_proof")
        await self.house.go_to("2026-04-13 10:30")
        await self.complete()
        await self.house.insurer.task(self.case_id, "adjudicate")
        await self.say(
            "2026-04-13 10:30", "资料齐全, 规则提出 250,000.00", "complete; the rules propose"
        )
        await self.house.go_to("2026-04-13 16:00")
        await self.decide(PAID_FEN)
        await self.paid()
        await self.say("2026-04-13 16:00", "当日赔付 250,000.00", "250,000.00 paid on the same day")
