"""How personal data is shown where the whole of it is not needed: lists, logs, screens of others.

A mask never lengthens a value and never shows all of it; what is too short to mask is hidden whole.
"""

from typing import Final

_ID_HEAD: Final = 6
_ID_TAIL: Final = 4
_PHONE_HEAD: Final = 3
_PHONE_TAIL: Final = 4
_HIDDEN_MIN: Final = 4


def mask_name(name: str) -> str:
    """The first character, then one star: 张三丰 becomes 张*."""
    return f"{name[0]}*" if len(name) > 1 else "*" * len(name)


def mask_id(number: str) -> str:
    """The first six and last four of an ID number: 110101********1234."""
    return _middle_hidden(number, _ID_HEAD, _ID_TAIL)


def mask_phone(number: str) -> str:
    """The first three and last four of a phone number: 138****8000."""
    return _middle_hidden(number, _PHONE_HEAD, _PHONE_TAIL)


def last_four(number: str) -> str:
    """The last four of an ID number: what a hospital gets to know; short numbers give nothing."""
    return number[-_ID_TAIL:] if len(number) > 2 * _ID_TAIL else ""


def _middle_hidden(text: str, head: int, tail: int) -> str:
    hidden = len(text) - head - tail
    if hidden < _HIDDEN_MIN:  # a passport is short: its last two characters at most are shown
        shown = 2 if len(text) > _HIDDEN_MIN else 0
        return "*" * (len(text) - shown) + text[len(text) - shown :]
    return text[:head] + "*" * hidden + text[-tail:]
