"""What one programme's service asks for beyond its shape happens, at its moment, by its people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.settings import Settings
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.eligibility import Outcome
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import Booked, booking_opener, refused

BookingOf = Callable[..., Any]
P02 = ("pingan_value_added", "paediatric_outpatient")
P06 = ("anxin_cancer_inpatient", "inpatient_arrangement")
P07 = ("pingan_pc_haoran", "second_opinion")
P14 = ("pingan_health_295", "inpatient_arrangement")
P16 = ("global_doctor_ci", "inpatient_arrangement")
P17 = ("pingan_health_295", "second_opinion")
P18 = ("xintai_million_guard", "inpatient_arrangement")


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


def texts(booked: Booked, template: str) -> list[tuple[str, str]]:
    """What was told under a code: the way and the words."""
    notices = [one for page in booked.pages for one in page.notices]
    return [(one.channel, one.text) for one in notices if one.template == template]


async def own_step(booked: Booked, code: str) -> Any:
    task = await booked.task(TaskKind.SERVICE_STEP)
    assert task.subject.startswith(f"{code} ")
    return task


async def test_a_consultant_learns_the_need_and_the_reminder_says_it_back(
    booking_of: BookingOf,
) -> None:
    """R127: 1对1详细了解客户的病情及需求; R278: 就诊提醒, 明确就诊需求."""
    async with booking_of(*P02, "2026-06-17 09:00") as booked:
        await booked.do(
            TaskKind.TAKE_REQUEST, identity_verified=True, need="夜间咳嗽", intake=stewards.INTAKE
        )
        task = await own_step(booked, "consultant_learns_need")
        assert task.roles == [Role.REVIEWER]
        bare = booked.do(TaskKind.SERVICE_STEP, says={"condition": "咳嗽两周"})
        assert await refused(bare) == "says"
        other = booked.do(TaskKind.SERVICE_STEP, says={"condition": "咳嗽", "diet": "清淡"})
        assert await refused(other) == "says"
        both = {"condition": "咳嗽两周", "need": "儿科专家"}
        elsewhere = booked.do(TaskKind.SERVICE_STEP, says=both, hospital_id="H-1")
        assert await refused(elsewhere) == "hospital_id"
        assert TaskKind.REVIEW_BOOKING not in {one.kind for one in booked.open_tasks.values()}
        await stewards.serve_step(booked)
        await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
        await stewards.arrange(booked, "2026-06-20 09:00")
        await stewards.confirm(booked)
        [(way, words)] = await booked.until(lambda: texts(booked, "booking_need"))
        assert way == "wechat"  # what somebody needs is no text message
        assert "夜间咳嗽" in words
        assert booked.day("2026-06-20").isoformat() in words


async def test_city_and_hospital_are_agreed_on_before_a_hospital_is_asked(
    booking_of: BookingOf,
) -> None:
    """R386: 客服与被保险人确认住院城市医院后进行安排; R388: 在预约时间范围内就医, or it is over."""
    async with booking_of(*P06, "2026-09-11 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P06, slip_issued_on=booked.day("2026-09-10").isoformat())
        await stewards.agree(booked, TaskKind.SERVICE_STEP)
        await own_step(booked, "agree_hospital")
        assert "booking_started" not in booked.told
        nowhere = booked.do(TaskKind.SERVICE_STEP, says={"city": "上海"})
        assert await refused(nowhere) == "says"
        await stewards.serve_step(booked, hospital_id="H-1")
        await booked.task(TaskKind.ARRANGE_SERVICE)
        at = booked.at("2026-09-18 09:00").isoformat()
        bed = {"arranged": True, "service_at": at, **stewards.BEST}
        elsewhere = booked.do(TaskKind.ARRANGE_SERVICE, hospital_id="H-2", **bed)
        assert await refused(elsewhere) == "equal_alternative"
        await booked.do(TaskKind.ARRANGE_SERVICE, **bed)
        await booked.until(lambda: booked.pages[-1].hospital_id == "H-1")
        await stewards.confirm(booked)
        await booked.go_to("2026-09-18 12:00")
        await stewards.report(booked, VisitOutcome.NOT_ON_TIME)
        await booked.ends(BookingStage.TERMINATED)
        assert (booked.unit, booked.told[-1]) == ("consumed", "booking_missed_used")


async def test_the_expert_advises_before_and_the_service_is_summed_up_afterwards(
    booking_of: BookingOf,
) -> None:
    """R412: 普通、特需或国际门诊; R429: 获得建议; R433: 服务总结."""
    async with booking_of(*P07, "2026-09-11 09:00", outcome=Outcome.NEEDS_PERSON) as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P07)
        await stewards.agree(booked, TaskKind.SERVICE_STEP)
        assert (await own_step(booked, "advice")).roles == [Role.REVIEWER]
        await booked.do(TaskKind.SERVICE_STEP, says={"advice": "建议面诊复核病理"})
        assert (
            "建议面诊复核病理"
            in (await booked.until(lambda: texts(booked, "booking_advice")))[0][1]
        )
        await booked.task(TaskKind.OFFER_OPTIONS)
        private = booked.do(TaskKind.OFFER_OPTIONS, options=[{"option": "private"}])
        assert await refused(private) == "options"
        kinds = [{"option": one} for one in ("ordinary", "vip", "international")]
        await booked.do(TaskKind.OFFER_OPTIONS, options=kinds)
        await booked.do(TaskKind.CHOOSE_OPTION, option="international")
        await stewards.arrange(booked, "2026-09-18 09:00")
        await stewards.confirm(booked)
        await booked.go_to("2026-09-18 11:00")
        await stewards.report(booked)
        await own_step(booked, "service_summary")
        await booked.do(TaskKind.SERVICE_STEP, says={"summary": "已完成国际门诊面诊"})
        for kind in ("satisfaction", "survey_report"):
            await stewards.follow_up(booked, kind)
        await booked.ends(BookingStage.CLOSED)
        assert "已完成国际门诊面诊" in texts(booked, "booking_service_summary")[0][1]


async def test_the_call_is_passed_on_and_precautions_are_told_with_the_result(
    booking_of: BookingOf,
) -> None:
    """R575: 核实后转接至供应商的客服专线; R565: 告知协调结果和注意事项."""
    async with booking_of(*P14, "2026-09-11 09:00") as booked:
        await booked.do(TaskKind.TAKE_REQUEST, identity_verified=True, need="住院")
        await own_step(booked, "transfer")
        assert TaskKind.CHECK_PAPERS not in {one.kind for one in booked.open_tasks.values()}
        await stewards.serve_step(booked)
        await stewards.hand_in(booked, *P14, slip_issued_on=booked.day("2026-09-10").isoformat())
        await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
        await stewards.arrange(booked, "2026-09-18 09:00")
        silent = booked.do(TaskKind.CONFIRM_BOOKING, confirmed=True, told_by="phone")
        assert await refused(silent) == "says"
        says = {"precautions": "入院前一日停用抗凝药"}
        await booked.do(TaskKind.CONFIRM_BOOKING, confirmed=True, told_by="phone", says=says)
        [(_, words)] = await booked.until(lambda: texts(booked, "booking_precautions"))
        assert "入院前一日停用抗凝药" in words


async def test_an_opinion_is_written_by_an_authority_of_the_specialty(
    booking_of: BookingOf,
) -> None:
    """R656: 该专科疾病相关的权威专家; R666, R658: passed on, and told, here as well."""
    async with booking_of(*P17, "2026-09-11 09:00") as booked:
        await booked.do(TaskKind.TAKE_REQUEST, identity_verified=True, need="二诊意见")
        await own_step(booked, "transfer")
        await stewards.serve_step(booked)
        await stewards.hand_in(booked, *P17)
        await stewards.agree(booked, TaskKind.ASSIGN_EXPERT)
        anyone = booked.do(TaskKind.ASSIGN_EXPERT, assigned=True, expert="e-1", **stewards.BEST)
        assert await refused(anyone) == "specialty"
        await stewards.next_step(booked, TaskKind.ASSIGN_EXPERT)
        asked = await booked.task(TaskKind.CONFIRM_BOOKING)
        assert (asked.clock, booked.clocks["G25.1"].met_at) == ("G25.1", None)  # not told yet
        bare = booked.do(TaskKind.CONFIRM_BOOKING, confirmed=True, told_by="phone")
        assert await refused(bare) == "says"
        await stewards.confirm(booked)
        await booked.task(TaskKind.DELIVER_REPORT)
        assert {"booking_precautions", "booking_arranged"} <= {*booked.told}
        assert booked.clocks["G25.1"].met_at is not None


async def test_as_long_as_a_patient_lies_in_hospital_doctor_and_family_are_spoken_with(
    booking_of: BookingOf,
) -> None:
    """R640 to R642: papers first, then a bed; 跟进与沟通, 定期保持联系."""
    async with booking_of(*P16, "2026-09-07 09:00") as booked:
        await stewards.take(booked)
        await booked.task(TaskKind.CHECK_PAPERS)
        assert await refused(booked.do(TaskKind.CHECK_PAPERS, complete=True)) == "documents"
        await stewards.hand_in(booked, *P16)
        await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
        await stewards.arrange(booked, "2026-09-10 09:00")
        await stewards.confirm(booked)
        await booked.go_to("2026-09-10 10:00")
        await stewards.report(booked)
        for day in ("2026-09-10", "2026-09-17"):
            await booked.go_to(f"{day} 10:01")
            for code in ("follow_with_doctor", "keep_in_touch"):
                assert (await own_step(booked, code)).roles == [Role.DOCTOR]
                await stewards.serve_step(booked, over=day != "2026-09-10")
        await booked.ends(BookingStage.CLOSED)
        assert booked.lines.count("step_done") == 4


@pytest.mark.parametrize("helped", [True, False])
async def test_somebody_helps_with_the_formalities_or_a_supervisor_hears_of_it(
    booking_of: BookingOf, *, helped: bool
) -> None:
    """R692: 院内就医类服务过程中工作人员全程协助办理相关手续."""
    async with booking_of(*P18, "2026-09-07 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P18, slip_issued_on=booked.day("2026-09-07").isoformat())
        await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
        await stewards.arrange(booked, "2026-09-10 09:00")
        await stewards.confirm(booked)
        task = await own_step(booked, "help_in_hospital")
        assert (task.roles, booked.civil(task.due_at)) == (
            [Role.AGENT, Role.NURSE],
            "09-10 09:00",
        )
        await booked.wish_for("2026-09-12")
        await stewards.arrange(booked, "2026-09-12 09:00")
        await stewards.confirm(booked)
        await booked.until(
            lambda: booked.civil(booked.open_tasks[task.task_id].due_at) == "09-12 09:00"
        )
        await booked.go_to("2026-09-12 10:00")
        if helped:
            await stewards.serve_step(booked)
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert ("alert" in booked.lines) is not helped
