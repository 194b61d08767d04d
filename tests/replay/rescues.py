"""The stories of a hospital's own channel, one an ending, each as short as its ending allows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from adapters.settings import Settings
from domain.rescues.rescue import RescueStage
from domain.steps.kinds import TaskKind
from tests.builders import HOSPITAL_DOCTOR, HOSPITAL_NURSE, HOSPITAL_STAFF
from tests.workflows.rescued import Rescued, ward_opener


def rescue_opener(settings: Settings) -> Callable[[], AbstractAsyncContextManager[Rescued]]:
    """`async with opened() as rescued`: somebody was brought in by night, with an event."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Rescued]:
        async with ward_opener(settings)() as ward:
            yield await ward.bring(event_id="me-1", leads=True)

    return opened


async def admitted(rescued: Rescued) -> None:
    """Too late in the rescue room, operated on, disputed about, known and insured afterwards."""
    await rescued.until(lambda: "H01.1" in rescued.clocks)
    await rescued.go_to("2026-10-04 02:41")
    await rescued.task(TaskKind.BREACH)
    await rescued.step(HOSPITAL_STAFF, "straight_in")
    await rescued.triage("bleeding_trauma", level=1)
    await rescued.step(HOSPITAL_NURSE, "notify_surgeons")
    await rescued.step(HOSPITAL_NURSE, "consult", department="外科")
    await rescued.add("emergency_surgery_channel")
    await rescued.step(HOSPITAL_DOCTOR, "decide", "tell_theatre")
    brought = {"nurse": "甲", "specialist": "乙"}
    await rescued.step(HOSPITAL_NURSE, "bring", details=brought)
    facing = {"theatre_nurse": "丙", "anaesthetist": "丁"}
    await rescued.step(HOSPITAL_NURSE, "face_to_face", details=facing)
    await rescued.step(HOSPITAL_NURSE, "to_ward", details={"ward": "骨科", "disputed": "yes"})
    await rescued.outcome()
    await rescued.until(lambda: rescued.stage is RescueStage.FORMALITIES)
    await rescued.known_and_insured()
    await rescued.go_on("register_later", "family_admission", lines=("decide_ward", "case_linked"))
    await rescued.do(TaskKind.COLLECT_FEES, HOSPITAL_STAFF, settled=False)
    await rescued.time.go_to(rescued.time.now() + timedelta(days=7))
    await rescued.closes()


async def died(rescued: Rescued) -> None:
    """Nobody could be saved, nobody is called afterwards; the event is reported all the same."""
    await rescued.step(HOSPITAL_STAFF, "straight_in")
    await rescued.triage("arrest")
    await rescued.outcome("died")
    await rescued.closes()


async def _is_over(rescued: Rescued, group: str, outcome: str) -> None:
    await rescued.step(HOSPITAL_STAFF, "straight_in")
    await rescued.triage(group)
    await rescued.outcome(outcome)
    await rescued.closes()


async def transferred(rescued: Rescued) -> None:
    """Another hospital takes the patient over."""
    await _is_over(rescued, "bleeding_trauma", "transferred")


async def under_control(rescued: Rescued) -> None:
    """The patient is out of danger and stays nowhere."""
    await _is_over(rescued, "shock", "under_control")


async def served(rescued: Rescued) -> None:
    """It was no rescue after all."""
    await rescued.outcome("served")
    await rescued.closes()
