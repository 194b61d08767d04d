"""Filing the claim with the insurer's core on the customer's behalf (R017)."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ports.cases import CasebookPort, ClaimFiling, ClaimReceipt, ClaimsPort


class FileClaims:
    """The verb of the claims core."""

    def __init__(self, *, claims: ClaimsPort, casebook: CasebookPort) -> None:
        self._claims = claims
        self._casebook = casebook

    @activity.defn(name="file_claim")
    async def file(self, filing: ClaimFiling) -> ClaimReceipt:
        """File under the claim id; an unknown outcome is filed again under the same id."""
        contact = await self._casebook.contact(filing.case_id)
        receipt = await self._claims.file(filing, contact.policy_ref)
        if receipt.status == "unknown":
            raise ApplicationError("claims core gave no answer", type="ClaimUnknown")
        return receipt
