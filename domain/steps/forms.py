"""What a form is made of, and the forms that only some programmes ask for.

The steps every advance has stand with their kinds in `domain.steps.tasks`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from domain.id_numbers import mentions_somebody, of_nobody
from domain.money import Money
from domain.strict import Strict, Yes, said

AT_THE_DOOR: Final = "at the door"
"""The context a form is read in before a matter takes it; a matter reads its own without one."""


def _of_nobody(number: str, info: ValidationInfo) -> str:
    """A number stands in the history for everybody; what a matter took before is read as it is."""
    return of_nobody(number) if info.context == AT_THE_DOOR else number


def _about_nobody(words: str, info: ValidationInfo) -> str:
    """Words that others read; a matter reads what it took before as it is."""
    if info.context == AT_THE_DOOR and mentions_somebody(words):
        raise said("不得填写手机号或证件号码")
    return words


Note = Annotated[str, Field(max_length=500)]
"""Free words of the person who did the step; at most 500 characters."""
Words = Annotated[str, Field(min_length=1, max_length=500)]
"""Words that are the point of a step, so that it cannot be reported without them."""
WordsForOthers = Annotated[Words, AfterValidator(_about_nobody)]
"""Words that leave the house; who they are about has no place in them."""
StaffId = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$"),
    AfterValidator(_of_nobody),
]
"""An opaque staff number, never a name."""
DocumentId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
"""The id of an uploaded image or file of this case."""
Reference = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:/-]+$"),
    AfterValidator(_of_nobody),
]
"""A receipt, bank or courier number."""
Images = Annotated[list[DocumentId], Field(min_length=1, max_length=20)]
"""The images of a step; a step without its image record cannot be closed (R073)."""


class Form(Strict):
    """What a person reports when a task is done."""


class DocumentVisit(Form):
    """Somebody went to the customer for the papers (K11)."""

    images: Images
    note: Note = ""


class SecondReview(Form):
    """The insurer's contact signs as well (双审), with the amount he authorises, or does not."""

    approved: bool
    limit: Money | None = None  # none named: the opinion's
    reason: Note = ""


class ReleaseHold(Form):
    """A supervisor lets payments go on."""

    note: Note = ""


class KeepSlip(Form):
    """A deposit slip goes into our custody (R723): who gave it, who keeps it, by its number."""

    handed_by: StaffId
    received_by: StaffId
    receipt_no: Reference
    note: Note = ""


class GiveOutSlips(Form):
    """The slips go back to the hospital for the settlement: who took them from whom."""

    handed_by: StaffId
    received_by: StaffId
    note: Note = ""


class VerifyCost(Form):
    """What the hospital says has been used up, read before more is paid (R725, C-70)."""

    incurred: Money
    needed: bool
    images: Images
    note: Note = ""


class SettleBalance(Form):
    """How much of the bill is covered; what of it the deposits do not pay is paid directly."""

    covered: Money
    reason: Note = ""


class Aftercare(Form):
    """A consultation after discharge was given (R226)."""

    note: Words


class HomeVisit(Form):
    """A claims handler came to the customer (R827, CL07)."""

    images: Images
    note: Note = ""


class Adjudicate(Form):
    """The insurer decides a claim; the rules' proposal stands on the step."""

    decision: Literal["approved", "partial", "denied"]
    payable: Money
    reason: Note = ""


class OfferClaim(Form):
    """We told a customer what they may claim, and what to gather; they want it or not (R828)."""

    reached: bool
    wants: bool = False
    consent_version: Reference | None = None  # of the consent a claim goes on under
    note: Note = ""


class SettleAtCounter(Form):
    """The bill at discharge, settled for social and commercial insurance at once (R815).

    Total and own part are shown to whoever does the discharge before anything is paid (R857).
    """

    bill: Money
    social_paid: Money
    self_pay: Money
    present: Literal["insured", "family"] = "insured"
    amounts_shown: bool = False


class HandOverMoney(Form):
    """A branch hands the claim money over to the customer (R862)."""

    branch: Reference
    identity_verified: Yes
    reference: Reference


class CorrectPayment(Form):
    """What is really out under a movement, whatever either side had said of it."""

    really_out: Money
    reference: Reference | None = None
    evidence: Words


class ExplainDifference(Form):
    """Why a partner's statement and our ledger differ, and what was done about it."""

    explanation: Words
    reference: Reference | None = None


class AcknowledgeBreach(Form):
    """The supervisor has seen the broken promise and says what is done about it."""

    action: Words


class PhoneCustomer(Form):
    """A notice that did not arrive was told by phone."""

    reached: bool
    note: Note = ""


class SettleLateRefund(Form):
    """Whose money a refund is that came after a case had ended."""

    to_customer: Money
    to_insurer: Money
    to_loss: Money
    to_hospital: Money
    reason: Words


class SettleLateClaim(Form):
    """Claim money that a later decision added has come; what of it makes good our loss."""

    received: Money
    to_loss: Money
    reason: Words


class OnSiteTopUp(Form):
    """The person of ours is at the hospital and pays now (K06)."""

    images: Images
    note: Note = ""


class AcceptOffer(Form):
    """The customer's answer to what is left below the limit."""

    accepted: bool


class HandInSlip(Form):
    """The deposit slip of one payment: its image, and the number the payment was receipted with."""

    images: Images
    receipt_no: Reference
    receipt_confirmed: bool = False  # read again, where it is not the payment's own number


class TellResult(Form):
    """The customer has been told the result and the plan (K04), or why not (R219)."""

    told_by: Literal["phone", "wechat", "in_person"]
    customer_date: date | None = None  # the day the customer wants the visit on
    note: Note = ""
