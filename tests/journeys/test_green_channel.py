"""Stories 5 and 6 over HTTP: an appointment given up in time, a patient nobody knows at night."""

from __future__ import annotations

import pytest

from demo import story_p04, story_p15
from demo.story_p04 import StoryP04
from demo.story_p15 import StoryP15
from tests.journeys.conftest import HouseOf
from tests.journeys.telling import minute, promises_are

pytestmark = pytest.mark.timeout(240)

NIGHT = "2026-10-04"
MINUTES = {
    "H01.1": ("02:40", "02:12"),
    "H02.1": ("02:17", "02:17"),
    "H02.2": ("02:17", "02:17"),
    "H04.1": ("02:22", "02:22"),
    "H05.1": ("02:27", "02:25"),
    "H06.1": ("02:45", "02:45"),
    "H07.1": ("02:35", "02:35"),
    "H08.1": ("02:53", "02:53"),
}


async def test_story_five_is_free_on_29_september_and_used_by_the_visit(house_of: HouseOf) -> None:
    async with house_of(story_p04.BEGINS, story_p04.GUEST) as house:
        story = StoryP04(house)
        await story.ask(story_p04.BEGINS)
        await story.choose("2026-09-28 12:00", due="10-10")
        first = await story.see()
        [promised] = first["clocks"]
        assert minute(promised["due_at"]) == house.at("2026-10-11 00:00")
        assert promised["met_at"] is None, "nobody has seen the expert yet"
        await story.change_his_mind()
        assert (await story.see())["unit"] == "given_back"
        await story.ask("2026-09-29 20:30")
        await story.choose("2026-09-30 09:00", due="10-13")
        await story.stay_with_it()
        assert (await story.see())["stage"] == "confirmed"
        await story.be_accompanied()
        await story.see_the_expert()
        told = await story.told()
        promises_are(house, told.matter, {"G16.1": ("2026-10-14 00:00", "2026-10-08 11:00")})
        assert told.matter["unit"] == "consumed"
        assert [one["template"] for one in told.matter["notices"]] == [
            "booking_received",
            "booking_confirmed",
            "booking_tomorrow",
            "booking_soon",
        ]


async def test_story_six_keeps_every_minute_and_asks_for_papers_last(house_of: HouseOf) -> None:
    async with house_of(story_p15.BEGINS, story_p15.GUEST) as house:
        story = StoryP15(house)
        await story.tell()
        rescue = (await story.told()).matter
        minutes = {
            clock: (f"{NIGHT} {due}", f"{NIGHT} {met}") for clock, (due, met) in MINUTES.items()
        }
        promises_are(house, rescue, minutes)
        done = {step["step"]: step["at"] for step in rescue["steps"]}
        assert done["register_later"] >= done["to_ward"] > done["straight_in"]
        assert (rescue["name_masked"], rescue["linked_case"]) == ("", None)
        lines = [line["text"] for line in rescue["timeline"] if line["event"] == "report_rescue"]
        assert any("院总值班" in line for line in lines)
