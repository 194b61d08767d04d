"""Twenty walks, and that a walk can fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from activities.ports.cases import Balances, NoticeOrder
from tests.walk import checks
from tests.walk.__main__ import walked
from tests.walk.books import WalkBooks
from tests.walk.checks import Wrong
from tests.walk.engine import Broken
from tests.walk.scene import YEAR, Scene
from tests.walk.walk import Walk

SEEDS = 20


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_to_a_case_its_books_end_at_zero(seed: int) -> None:
    assert walked(str(seed)).wrong == ""


def test_a_seed_tells_the_same_story_again() -> None:
    assert walked(str(SEEDS)).story == walked(str(SEEDS)).story


def _walk_all(loop: asyncio.Runner) -> None:
    for seed in range(SEEDS):
        Walk(Scene(seed, loop=loop)).walk()


def test_books_that_lose_a_transfer_are_seen(
    loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(*_: Any, **__: Any) -> None:
        """Book nothing."""

    monkeypatch.setattr(WalkBooks, "book", lose)
    with pytest.raises(Wrong):
        _walk_all(loop)


def test_money_that_left_without_being_booked_is_seen(
    loop: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WalkBooks, "out_fen", lambda *_: 0)
    with pytest.raises(Wrong, match="really out"):
        _walk_all(loop)


def test_a_customer_asked_for_more_than_is_owed_is_seen() -> None:
    asked = NoticeOrder(
        notice_id="n-1",
        case_id="dw-1",
        template="repayment_reminder",
        channel="sms",
        text="提醒：尚有12.34元代缴费用待归还，到期日2026-05-06。",
        at=YEAR,
    )
    checks.owed([asked], Balances(advance_outstanding=1234))
    with pytest.raises(Wrong):
        checks.owed([asked], Balances(advance_outstanding=1233))


def test_another_worker_that_says_something_else_is_seen(loop: asyncio.Runner) -> None:
    scene = Scene(1, loop=loop)
    scene.run.start(scene.opening)
    scene.run.restart()
    scene.run.misremember()
    with pytest.raises(Broken, match="something else"):
        scene.run.restart()
    scene.run.close()


def test_a_transfer_made_of_nothing_is_seen() -> None:
    with pytest.raises(Wrong):
        checks.conserved(Balances(payer_cash=-1))
