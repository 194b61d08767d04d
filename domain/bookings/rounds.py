"""How often a booking may go round: whoever says "not yet" is asked again, but not for ever.

After `ROUNDS_MAX` a supervisor decides in the dispatcher's place; after `ROUNDS_END` only an answer
is taken after which nobody is asked the same again. Why so: docs/decisions/length-of-a-booking.md.
"""

from __future__ import annotations

from typing import Final

from domain.bookings.consultation import MatchDoctor
from domain.bookings.expenses import ConfirmPayee, ExamineExpenses
from domain.bookings.forms import ArrangeService, AssignExpert, CheckPapers, SendKit
from domain.bookings.parcel import FindParcel
from domain.bookings.visit_forms import CallCustomer, MeetCustomer, OfferVisit, ReplaceEscort
from domain.steps.forms import Form
from domain.steps.kinds import TaskKind

ROUNDS_MAX: Final = 12
"""So often the usual person is asked the same thing in one booking."""
ROUNDS_END: Final = 24
"""So often anybody is."""
WISHES_MAX: Final = 24
"""So often a customer wishes another day, or takes another slot."""
CALL_ATTEMPTS: Final = 3
"""So often a customer is called where the service says nothing of failed calls."""
ASKS_MAX: Final = 24
"""So often hospitals are asked over the wire; a dispatcher calls them as before."""

SUPERVISED: Final = frozenset(
    {
        TaskKind.ARRANGE_SERVICE,
        TaskKind.ASSIGN_EXPERT,
        TaskKind.MATCH_DOCTOR,
        TaskKind.OFFER_VISIT,
    }
)
"""What has failed so often a supervisor does: find somebody, or say that nobody can."""


def is_supervised(kind: TaskKind, *, asked_before: int) -> bool:
    """Whether a step is a supervisor's by now."""
    return kind in SUPERVISED and asked_before >= ROUNDS_MAX


def goes_round(form: Form) -> str | None:
    """The field by which an answer leads back to the same question; None where it does not.

    An arrangement and a match do so although they are a yes: what was arranged may fail again. A
    doctor who fails is not counted here: every message of a customer asks one, and how many fail is
    bounded where another is found.
    """
    match form:
        case ArrangeService() | AssignExpert() | MatchDoctor() | OfferVisit():
            again, field = not form.final, "final"
        case CheckPapers():
            again, field = not form.complete, "complete"
        case SendKit():
            again, field = form.can_give, "can_give"
        case ConfirmPayee():
            again, field = not form.is_insured, "is_insured"
        case ExamineExpenses():
            again, field = form.granted_fen > 0, "expenses"
        case FindParcel():
            again, field = form.send_again, "send_again"
        case CallCustomer():
            again, field = not form.reached, "reached"
        case MeetCustomer():
            again, field = not form.met, "met"
        case ReplaceEscort():
            again, field = not form.replaced, "replaced"
        case _:
            return None
    return field if again else None
