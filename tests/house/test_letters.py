"""A fact from outside is a letter before it is a signal, so that none is lost with a server."""

import re

from tests.house.files import python_files, text_of

SIGNALS = re.compile(r"\.signal\(")
MAY = {
    "api/door/delivery.py",  # the letters themselves
    "api/door/gateway.py",  # the wire they go over
    "api/door/retiming.py",  # marked case by case, and gone on with where it stopped
    "api/policy_ends.py",  # the same: the end of a policy is a row first
}


def test_the_door_signals_by_letter_alone() -> None:
    assert {str(path) for path in python_files("api") if SIGNALS.search(text_of(path))} == MAY
