"""A channel is told of a case as it happens, by a worker process that dies on the way."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.database import open_database
from adapters.encryption.keys import KeyRing, Sealer
from adapters.webhooks.receivers import Receivers
from demo.house import House
from demo.people import until
from demo.story_one import StoryOne

pytestmark = pytest.mark.timeout(180)

CHANNEL = "bainian"


async def registered(house: House) -> None:
    """The channel's own server is played by the simulator, which checks every signature."""
    settings = house.settings
    database = open_database(settings.libpq_url)
    sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
    try:
        secret = await Receivers(database, sealer).register(
            CHANNEL, f"{settings.simulator_url}/channel/v1/{CHANNEL}/webhooks", at=house.stage.now()
        )
    finally:
        await database.dispose()
    told = await house.partners.put(f"/channel/v1/{CHANNEL}/secrets", json={"secrets": [secret]})
    told.raise_for_status()


async def test_the_channel_hears_each_step_in_order_though_it_refuses_and_the_worker_dies(
    house: House,
) -> None:
    await registered(house)
    await house.fault("channel", "webhook", "error_first", times=2)
    await house.fault("channel", "webhook", "timeout_after_success", times=1, seconds=30)
    story = StoryOne(house)
    await story.report()
    await until(lambda: stages_told(house), "the first message, which gets no answer")
    await house.kill_worker()
    await house.start_worker()
    for scene in (story.authorise, story.judge, story.admit):
        await scene()

    async def in_hospital() -> bool:
        return "in_hospital" in await stages_told(house)

    await until(in_hospital, "the last message")
    messages = await taken(house)
    first_seen = list(dict.fromkeys(one["body"]["data"]["sequence"] for one in messages))
    assert first_seen == sorted(first_seen)
    assert len({one["id"] for one in messages}) == len(first_seen) < len(messages)
    assert all(one["checked"] for one in messages)
    stages = list(dict.fromkeys(await stages_told(house)))
    assert stages == ["reported", "collecting", "review", "arranging", "on_site", "in_hospital"]
    assert {one["body"]["data"]["case_id"] for one in messages} == {story.case_id}


async def taken(house: House) -> list[dict[str, Any]]:
    received = (await house.partners.get("/received")).json()
    return [one for one in received if one["kind"] == "webhook"]


async def stages_told(house: House) -> list[str]:
    return [
        one["body"]["data"]["subject"]
        for one in await taken(house)
        if one["body"]["type"] == "case.stage_changed"
    ]
