"""What a channel is told: at least once, in order per case, signed, and without a person in it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.cases import DischargeRecord, TaskOpened, TopUpRecord, TopUpState
from adapters.books.casebook import Casebook
from adapters.partners.signing import signature
from adapters.webhooks import outbox as rules
from adapters.webhooks.outbox import Outbox, events_of
from adapters.webhooks.postman import Postman
from adapters.webhooks.receivers import AddressRefused, NoReceiver, Receivers
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from tests.adapters.a_channel import Channel, a_channel
from tests.adapters.test_casebook import a_full_page, a_page
from tests.fixtures.cases import (
    DISEASE,
    ID_NUMBER,
    NAME,
    PHONE,
    REPORTED_AT,
    a_reported_case,
    a_sealer,
)
from tests.house.files import ROOT

CHANNEL = "hotline"
SOON_S = 10.0


@pytest.fixture
def channel() -> Iterator[Channel]:
    with a_channel() as played:
        yield played


@pytest.fixture
def book(database: AsyncEngine) -> Casebook:
    return Casebook(database, a_sealer(), clock=lambda: REPORTED_AT)


@pytest.fixture
def outbox(database: AsyncEngine) -> Outbox:
    return Outbox(database, a_sealer())


@pytest.fixture
def receivers(database: AsyncEngine) -> Receivers:
    return Receivers(database, a_sealer())


@pytest.fixture
async def secret(database: AsyncEngine, receivers: Receivers, channel: Channel) -> str:
    """One reported case, and its channel is told."""
    await a_reported_case(database, a_sealer())
    made = await receivers.register(CHANNEL, channel.url, at=REPORTED_AT)
    assert made is not None
    return made


@asynccontextmanager
async def sending(outbox: Outbox, **how: Any) -> AsyncIterator[None]:
    quick: dict[str, Any] = {"look_every_s": 0.02, "first_pause": timedelta(milliseconds=20)}
    sender = asyncio.create_task(Postman(outbox, **(quick | how)).run())
    try:
        yield
    finally:
        sender.cancel()
        with suppress(asyncio.CancelledError):
            await sender


async def until(holds: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while True:
            held = holds()
            if held is True or (held is not False and await held):
                return
            await asyncio.sleep(0.02)


async def test_a_page_is_told_with_the_state_of_the_moment_of_sending(
    book: Casebook, outbox: Outbox, channel: Channel, secret: str
) -> None:
    await book.write(a_page(1))
    await book.write(a_page(2, stage=Stage.COLLECTING, awaiting=[Role.CUSTOMER]))
    async with sending(outbox):
        await until(lambda: len(channel.taken) == 2)
    first, second = channel.taken
    assert first.body["type"] == "case.stage_changed"
    assert first.body["timestamp"] == a_page(1).at.isoformat()
    assert first.body["data"]["subject"] == "reported"
    assert first.body["data"]["case"]["stage"] == "collecting", "as it stands when it is sent"
    assert first.body["data"]["case"]["awaiting"] == ["customer"]
    assert second.body["data"]["sequence"] > first.body["data"]["sequence"]
    assert first.is_signed_with(secret)
    assert not first.is_signed_with("whsec_c29tZWJvZHkgZWxzZQ==")


async def test_a_page_written_twice_is_told_once(
    book: Casebook, outbox: Outbox, channel: Channel, secret: str
) -> None:
    for _ in range(2):
        await book.write(a_page(1))
    async with sending(outbox):
        await until(lambda: bool(channel.taken))
        await book.write(a_page(2, stage=Stage.COLLECTING))
        await until(lambda: len(channel.taken) > 1)
    assert [one.body["data"]["subject"] for one in channel.taken] == ["reported", "collecting"]


async def test_a_page_that_is_rolled_back_tells_nothing(
    book: Casebook, outbox: Outbox, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def power_cut(*_: Any) -> None:
        await rules.post(*_)
        raise RuntimeError

    monkeypatch.setattr("adapters.books.casebook.post", power_cut)
    with pytest.raises(RuntimeError):
        await book.write(a_page(1))
    assert await outbox.due() == {}


async def test_a_channel_without_a_receiver_is_told_nothing(
    database: AsyncEngine, book: Casebook, outbox: Outbox
) -> None:
    await a_reported_case(database, a_sealer())
    await book.write(a_page(1))
    assert await outbox.due() == {}


async def test_what_is_told_names_no_person_no_amount_and_no_paper(
    book: Casebook, outbox: Outbox, channel: Channel, secret: str
) -> None:
    answered = TopUpRecord(
        top_up_id="tu-1",
        requested_fen=12_345_678,
        state=TopUpState.REFUSED,
        reason="诊断不符",
        requested_at=REPORTED_AT,
    )
    leaving = DischargeRecord(
        notice_id="dn-1",
        discharge_on=REPORTED_AT.date(),
        accepted=True,
        received_at=REPORTED_AT,
    )
    signing = TaskOpened(
        task_id="t-1",
        kind=TaskKind.SIGN_AUTHORIZATION,
        roles=[Role.CUSTOMER],
        title="签署",
        opened_at=REPORTED_AT,
    )
    page = a_full_page()
    page.top_ups[:], page.discharges[:] = [answered], [leaving]
    page.tasks_opened.append(signing)
    await book.write(page)
    async with sending(outbox):
        await until(lambda: len(channel.taken) == len(events_of(page, stage_before=None)))
    told = b"".join(one.raw for one in channel.taken).decode()
    for private in (NAME, ID_NUMBER, PHONE, DISEASE, "pathology", "12345678", "123456.78", "诊断"):
        assert private not in told
    assert {one.body["type"] for one in channel.taken} >= {
        "case.stage_changed",
        "case.documents_changed",
        "step.waiting",
        "top_up.changed",
        "discharge_notice.answered",
    }
    assert all(set(one.body["data"]) == DATA for one in channel.taken)
    assert all(set(one.body["data"]["case"]) == CASE_NOW for one in channel.taken)


DATA = {"case_id", "sequence", "subject", "href", "case"}
CASE_NOW = {"href", "stage", "awaiting", "next_due_at"}
STAGES = (Stage.REPORTED, Stage.COLLECTING, Stage.REVIEW, Stage.ARRANGING, Stage.ON_SITE)


async def test_each_case_is_told_in_order_while_several_send(
    database: AsyncEngine, book: Casebook, outbox: Outbox, channel: Channel, secret: str
) -> None:
    ids = [f"dw-{number:020d}" for number in range(6)]
    for case_id in ids:
        await a_reported_case(database, a_sealer(), case_id=case_id)
    channel.slow_s = 0.01

    async def live(case_id: str) -> None:
        for number, stage in enumerate(STAGES, start=1):
            await book.write(a_page(number, case_id=case_id, stage=stage))

    async with sending(outbox), sending(outbox), sending(outbox):
        await asyncio.gather(*(live(case_id) for case_id in ids))
        await until(lambda: len(channel.taken) == len(ids) * len(STAGES))
    told = defaultdict(list)
    for one in channel.taken:
        told[one.case_id].append(one.body["data"]["subject"])
    assert told == {case_id: [stage.value for stage in STAGES] for case_id in ids}


async def test_a_case_that_is_refused_holds_back_only_itself_and_then_goes_on_in_order(
    database: AsyncEngine, book: Casebook, outbox: Outbox, channel: Channel, secret: str
) -> None:
    ids = ["dw-refused0000000000000", "dw-other000000000000000"]
    for case_id in ids:
        await a_reported_case(database, a_sealer(), case_id=case_id)
    channel.refused.add(ids[0])
    for number, stage in enumerate(STAGES, start=1):
        for case_id in ids:
            await book.write(a_page(number, case_id=case_id, stage=stage))
    async with sending(outbox):
        await until(lambda: len(channel.ids(ids[1])) == len(STAGES))
        assert channel.ids(ids[0]) == []
        held = await outbox.held()
        assert [(one.case_id, one.last_answer) for one in held] == [(ids[0], "http_503")]
        channel.refused.clear()
        await until(lambda: len(channel.ids(ids[0])) == len(STAGES))
    numbers = [one.body["data"]["sequence"] for one in channel.taken if one.case_id == ids[0]]
    assert numbers == sorted(numbers)


async def test_pauses_double_and_the_last_failure_waits_for_a_person(
    book: Casebook,
    outbox: Outbox,
    channel: Channel,
    secret: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "TRIES", 3)
    await book.write(a_page(1))
    channel.refused.add(a_page().case_id)
    async with sending(outbox):
        await until(lambda: _stopped(outbox))
        assert [one.tries for one in await outbox.held()] == [3]
        channel.refused.clear()
        await book.write(a_page(2, stage=Stage.COLLECTING))
        assert await outbox.due() == {}, "what comes after a stopped event waits behind it"
        assert await outbox.retry(CHANNEL) == 1
        await until(lambda: len(channel.taken) == 2)
    assert [one.body["data"]["subject"] for one in channel.taken] == ["reported", "collecting"]
    assert await outbox.held() == []


async def _stopped(outbox: Outbox) -> bool:
    return await outbox.stopped() == 1


def test_the_pauses_reach_hours_and_end_within_a_day() -> None:
    pauses = [
        min(rules.LONGEST_PAUSE, rules.FIRST_PAUSE * (1 << tried))
        for tried in range(rules.TRIES - 1)
    ]
    assert pauses[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert timedelta(hours=12) < sum(pauses, timedelta()) < timedelta(hours=24)


async def test_a_receiver_that_hangs_is_left_and_asked_again(
    book: Casebook, outbox: Outbox, channel: Channel, secret: str
) -> None:
    await book.write(a_page(1))
    channel.slow_s = 0.6
    async with sending(outbox, patience=httpx.Timeout(0.2)):
        await until(lambda: _has_failed(outbox))
        channel.slow_s = 0.0
        await until(lambda: all_delivered(outbox))
    assert len(set(channel.ids())) == 1, "told more than once, under one id"


async def _has_failed(outbox: Outbox) -> bool:
    return [one.last_answer for one in await outbox.held()] == ["ReadTimeout"]


async def all_delivered(outbox: Outbox) -> bool:
    return not await outbox.due() and not await outbox.held()


async def test_a_sender_that_dies_between_sending_and_recording_is_followed_under_the_same_id(
    database_url: str, book: Casebook, outbox: Outbox, channel: Channel, secret: str
) -> None:
    await book.write(a_page(1))
    channel.slow_s = 0.5  # the message is read, and its sender dies before the answer
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.adapters.a_sender", database_url, cwd=ROOT
    )
    await until(lambda: bool(channel.taken))
    victim.send_signal(signal.SIGKILL)
    assert await victim.wait() == -signal.SIGKILL
    channel.slow_s = 0.0
    async with sending(outbox):
        await until(lambda: len(channel.taken) >= 2)
    assert len(set(channel.ids())) == 1


async def test_what_one_sender_holds_no_other_gets_until_its_lease_ends(
    book: Casebook, outbox: Outbox, secret: str
) -> None:
    await book.write(a_page(1))
    first = await outbox.take(CHANNEL)
    assert first is not None
    assert await outbox.take(CHANNEL) is None
    await outbox.failed(first, "http_500", first_pause=timedelta())
    second = await outbox.take(CHANNEL)
    assert second is not None
    assert (second.webhook_id, second.tries) == (first.webhook_id, 2)


async def test_a_new_secret_signs_beside_the_old_one_until_that_ends(
    book: Casebook, receivers: Receivers, outbox: Outbox, channel: Channel, secret: str
) -> None:
    newer = await receivers.rotate(CHANNEL, at=datetime.now(UTC))
    await book.write(a_page(1))
    async with sending(outbox):
        await until(lambda: len(channel.taken) == 1)
        assert channel.taken[0].is_signed_with(secret)
        assert channel.taken[0].is_signed_with(newer)
        newest = await receivers.rotate(CHANNEL, at=datetime.now(UTC), overlap=timedelta())
        await book.write(a_page(2, stage=Stage.COLLECTING))
        await until(lambda: len(channel.taken) == 2)
    signed = [channel.taken[1].is_signed_with(one) for one in (secret, newer, newest)]
    assert signed == [True, False, True], "the oldest keeps the end it was given"


async def test_what_was_delivered_long_ago_is_dropped_and_nothing_else(
    book: Casebook, outbox: Outbox, secret: str
) -> None:
    await book.write(a_page(1))
    await book.write(a_page(2, stage=Stage.COLLECTING))
    parcel = await outbox.take(CHANNEL)
    assert parcel is not None
    await outbox.delivered(parcel)
    assert await outbox.tidy() == 0
    assert await outbox.tidy(kept_for=timedelta()) == 1
    assert await outbox.due() == {CHANNEL: 1}


async def test_a_channel_that_is_removed_is_told_nothing_more(
    book: Casebook, receivers: Receivers, outbox: Outbox, channel: Channel, secret: str
) -> None:
    await book.write(a_page(1))
    await receivers.remove(CHANNEL)
    await book.write(a_page(2, stage=Stage.COLLECTING))
    assert await outbox.due() == {}
    with pytest.raises(NoReceiver):
        await receivers.rotate(CHANNEL, at=REPORTED_AT)


async def test_a_receiver_may_move_and_keeps_its_secret(
    book: Casebook, receivers: Receivers, outbox: Outbox, channel: Channel, secret: str
) -> None:
    assert await receivers.register(CHANNEL, f"{channel.url}/2", at=REPORTED_AT) is None
    await book.write(a_page(1))
    async with sending(outbox):
        await until(lambda: len(channel.taken) == 1)
    assert channel.taken[0].is_signed_with(secret)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/told",
        "ftp://example.com/told",
        "https://user:word@example.com/told",
        "https:///told",
        "https://[half/told",
        "told",
    ],
)
async def test_an_address_that_would_leak_is_refused(receivers: Receivers, url: str) -> None:
    with pytest.raises(AddressRefused):
        await receivers.register(CHANNEL, url, at=REPORTED_AT)


def test_our_signature_is_the_one_the_convention_publishes() -> None:
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp="1614265330",
        body=b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
