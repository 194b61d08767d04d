"""What a person reads for the stage of a matter, whatever kind it is."""

from __future__ import annotations

from typing import Final

from domain.bookings.booking import BOOKING_STAGE_NAMES
from domain.enquiry import ENQUIRY_STAGE_NAMES
from domain.rescues.rescue import RESCUE_STAGE_NAMES
from domain.waiver import STAGE_NAMES

_OPENING_NAME: Final = "正在受理"
_STAGE_NAMES: Final[dict[str, str]] = {
    **{stage.value: name for stage, name in ENQUIRY_STAGE_NAMES.items()},
    **{stage.value: name for stage, name in RESCUE_STAGE_NAMES.items()},
    **{stage.value: name for stage, name in BOOKING_STAGE_NAMES.items()},
    **{stage.value: name for stage, name in STAGE_NAMES.items()},
}
"""Where two kinds of matter have a stage of one code, the name is that of a case's."""


def stage_name(stage: str) -> str:
    """What a person reads for a stage; of a matter without its first page that it is taken up."""
    return _STAGE_NAMES.get(stage, _OPENING_NAME)
