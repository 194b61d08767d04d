"""The wire to the insurer's claims core: file a claim once; the decision comes by callback.

The core learns the policy, the hospital, what the stay cost, what was advanced, and the ids of the
documents it may fetch. It knows its own insured; no name, number or diagnosis goes along.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, Literal

from activities.ports.cases import ClaimFiling, ClaimReceipt
from adapters.partners.line import (
    NoBelievableAnswer,
    PartnerLine,
    Reply,
    SameIdOtherContent,
    Unreachable,
    code_of,
    wire_amount,
)

_EXPECTED: Final = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.UNPROCESSABLE_ENTITY})


class _ClaimReply(Reply):
    claim_id: str
    status: Literal["received", "decided", "pending", "refused"]
    reason_code: str = ""


class ClaimsCore:
    """Files with one insurer; implements `ClaimsPort`."""

    def __init__(self, line: PartnerLine) -> None:
        self._line = line

    async def file(self, filing: ClaimFiling, policy_ref: str) -> ClaimReceipt:
        """File under the claim id; filing again files once and tells how it stands."""
        try:
            answer = await self._line.order(
                "/claims", key=filing.claim_id, body=claim_body(filing, policy_ref)
            )
            if answer.is_malformed_order:
                return ClaimReceipt(status="refused", reason="malformed")
            if answer.status not in _EXPECTED:
                raise answer.unexpected()
            reply = answer.read(_ClaimReply)
        except SameIdOtherContent as failure:
            return ClaimReceipt(status="refused", reason=failure.reason)
        except (Unreachable, NoBelievableAnswer) as failure:
            return ClaimReceipt(status="unknown", reason=failure.reason)
        if reply.claim_id != filing.claim_id or reply.status == "pending":
            # The core has it but has not registered it: filing again will tell.
            return ClaimReceipt(status="unknown", reason="not_registered_yet")
        if reply.status == "refused":
            return ClaimReceipt(status="refused", reason=code_of(reply.reason_code))
        return ClaimReceipt(status="accepted")


def claim_body(filing: ClaimFiling, policy_ref: str) -> dict[str, Any]:
    """All that leaves the house for a claim."""
    return {
        "claim_id": filing.claim_id,
        "policy_ref": policy_ref,
        "hospital": filing.hospital_id,
        "bill": wire_amount(filing.bill_fen),
        "advanced": wire_amount(filing.advanced_fen),
        "document_ids": filing.document_ids,
        "filed_at": filing.filed_at.isoformat(),
    }
