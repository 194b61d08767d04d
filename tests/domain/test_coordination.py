"""What a hospital's word on an ask means, in whatever order and however often it comes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.bookings.coordination import AskStatus, Heard, HospitalAsk, Resource

YES, NO, PENDING = AskStatus.ACCEPTED, AskStatus.REFUSED, AskStatus.PENDING
MONDAY = Resource(service_at=datetime(2026, 10, 5, 1, tzinfo=UTC))
TUESDAY = Resource(service_at=datetime(2026, 10, 6, 1, tzinfo=UTC))

Word = tuple[AskStatus, Resource | None]


@pytest.mark.parametrize(
    ("words", "heard", "status"),
    [
        ([(PENDING, None), (YES, MONDAY)], [Heard.NOTHING, Heard.YES], YES),
        ([(YES, MONDAY), (YES, MONDAY)], [Heard.YES, Heard.NOTHING], YES),
        ([(YES, MONDAY), (YES, TUESDAY)], [Heard.YES, Heard.OTHERWISE], YES),
        ([(YES, MONDAY), (NO, None)], [Heard.YES, Heard.TOOK_BACK], NO),
        ([(NO, None), (YES, MONDAY)], [Heard.NO, Heard.NOTHING], NO),  # the yes was overtaken
        ([(NO, None), (NO, None)], [Heard.NO, Heard.NOTHING], NO),
        ([(YES, MONDAY), (PENDING, None)], [Heard.YES, Heard.NOTHING], YES),
    ],
)
def test_a_no_is_final_and_a_second_yes_must_be_the_first(
    words: list[Word], heard: list[Heard], status: AskStatus
) -> None:
    ask, told = HospitalAsk(ask_id="bk-1.ask.1"), []
    for word, resource in words:
        what, ask = ask.hears(word, resource)
        told.append(what)
    assert (told, ask.status) == (heard, status)
    assert ask.resource in (None, MONDAY)


@pytest.mark.parametrize(
    ("ours", "status", "is_ours", "took_back", "to_withdraw"),
    [
        ("wanted", PENDING, True, False, False),
        ("wanted", YES, True, False, False),
        ("wanted", NO, True, False, False),
        ("held", YES, True, False, False),
        ("held", NO, True, True, False),
        ("let_go", PENDING, False, False, True),
        ("let_go", YES, False, False, True),
        ("let_go", NO, False, False, False),
        ("used", YES, False, False, False),
        ("used", NO, False, False, False),
    ],
)
def test_what_is_not_wanted_is_taken_back_unless_there_is_nothing_to_take_back(
    ours: str, status: AskStatus, is_ours: bool, took_back: bool, to_withdraw: bool
) -> None:
    ask = HospitalAsk.model_validate({"ask_id": "bk-1.ask.1", "status": status, "ours": ours})
    assert (ask.is_ours, ask.took_back, ask.is_to_withdraw) == (is_ours, took_back, to_withdraw)
    assert ask.is_offered == (ours == "wanted" and status is YES)
