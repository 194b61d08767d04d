"""A fact from outside is a letter before it is a signal, so that none is lost with a server."""

import re

from tests.house.files import python_files, text_of

SIGNALS = re.compile(r"\.signal\(")
MAY = {
    "api/letters/delivery.py",  # the letters themselves
    "api/door/gateway.py",  # the wire they go over
    "api/door/telling.py",  # what concerns many: marked one by one, and gone on with
}


def test_the_door_signals_by_letter_alone() -> None:
    assert {str(path) for path in python_files("api") if SIGNALS.search(text_of(path))} == MAY
