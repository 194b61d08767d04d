"""What the journeys ask of a told story: moments to the minute, amounts to the fen."""

from __future__ import annotations

from datetime import datetime

from demo.house import House
from demo.people import Answer


def minute(text: str) -> datetime:
    """A moment of the API, to the minute."""
    return datetime.fromisoformat(text).replace(second=0, microsecond=0)


def fen(amount: Answer) -> int:
    """An amount of the API in fen."""
    return int(amount["amount"].replace(".", ""))


def cash_from_customer(ledger: Answer) -> int:
    """What the customer paid, in fen."""
    return sum(fen(line["amount"]) for line in ledger["transfers"] if line["reason"] == "repayment")


def moved(ledger: Answer) -> list[tuple[str, int]]:
    """What moved and why, in order; a payment to the hospital where it was posted."""
    return [
        (line["reason"], fen(line["amount"]))
        for line in ledger["transfers"]
        if line["phase"] in ("post", "single")
    ]


def all_zero(ledger: Answer) -> bool:
    """Whether every account of the case is at zero."""
    return set(ledger["balances"].values()) == {"0.00"}


def promises_are(house: House, case: Answer, promises: dict[str, tuple[str, str]]) -> None:
    """Each clock was due and met at these minutes of the story, and there is no other."""
    clocks = {clock["instance"]: clock for clock in case["clocks"]}
    assert set(clocks) == set(promises)
    for instance, (due, met) in promises.items():
        assert minute(clocks[instance]["due_at"]) == house.at(due), instance
        assert minute(clocks[instance]["met_at"]) == house.at(met), instance
        assert clocks[instance]["state"] == "met", instance
