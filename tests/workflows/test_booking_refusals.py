"""What a booking refuses of a report or a wish: told by its rules alone, without a world."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from domain.bookings.booking import BookingStage
from domain.bookings.failures import AGAIN_WHY
from domain.cancellation import Cost
from domain.eligibility import Outcome, Verdict
from domain.events import ExpectedEvent
from domain.steps.kinds import TaskKind
from tests.builders import AGENT, a_calendar, civil
from tests.workflows.booked import DOERS, PROGRAMMES
from tests.workflows.stewards import BEST
from workflows.bookings.parts.record import BookingState
from workflows.bookings.refusals.booking import BookingRefusals
from workflows.bookings.refusals.consultation import ConsultationRefusals
from workflows.bookings.refusals.reimbursement import ReimbursementRefusals
from workflows.matter import new_task
from workflows.messages.bookings import CancelBooking, ChangeDate, RequestBooking
from workflows.messages.matters import CompleteTask

P20_BED = ("ins_oncology", "inpatient_arrangement")
P04 = ("pingan_oncology_157", "expert_outpatient")
GENE = ("ins_oncology", "gene_testing")
TRAVEL = "travel_expense_reimbursement"
PHONED = ("ruitai_ci", "phone_doctor")
NOW = civil("2026-09-11 09:00")
PAPERS = {
    "ct_report": ["doc-4"],
    "admission_slip": ["doc-1"],
    "second_opinion_report": ["doc-2"],
    "gene_report": ["doc-3"],
}


class Asked:
    """A booking as it stands, and what it says to commands."""

    def __init__(
        self,
        programme: str,
        service: str,
        *,
        rules: type[BookingRefusals] = BookingRefusals,
        **asked: Any,
    ) -> None:
        terms = PROGRAMMES[programme]
        message = RequestBooking(
            booking_id="bk-1",
            programme=terms.for_booking(service),
            calendar=a_calendar().window(2025, 2028),
            service=service,
            verdict=Verdict(outcome=Outcome.ELIGIBLE, programme=programme, version=terms.version),
            unit_reserved=True,
            channel="hotline",
            requested_by=AGENT,
            requested_at=civil("2026-09-10 09:00"),
            **asked,
        )
        self.missing: list[str] = []
        self.papers = PAPERS
        self.state = BookingState.of(message)
        self.refusals = rules(self.state, message)

    def refused(self, kind: TaskKind, about: str = "", /, **form: Any) -> str:
        """Why a step is not taken like this; empty when it is."""
        task = new_task(self.state, kind, at=NOW, subject=about)
        self.state.tasks[task.task_id] = task
        message = CompleteTask(
            task_id=task.task_id,
            kind=kind,
            form=form,
            documents=self.papers,
            actor=DOERS.get(kind, AGENT),
            at=NOW,
        )
        try:
            self.refusals.completion(message)
        except ApplicationError as error:
            self.missing = [code for codes in error.details[1:] for code in codes]
            return error.message
        return ""


@pytest.mark.parametrize(
    ("issued_on", "why"),
    [
        ("2026-09-12", "住院证开具日期不能晚于今天"),
        ("2026-09-11", ""),
        ("2026-01-01", ""),
        ("2025-12-31", "住院证开具日期不能早于保单生效日"),
        ("2016-09-11", "住院证开具日期过早, 请核对年份"),
    ],
)
def test_a_promise_runs_from_the_day_of_a_slip_that_lies_in_the_cover(
    issued_on: str, why: str
) -> None:
    asked = Asked(*P20_BED, covered_from=date(2026, 7, 1), insured_since=date(2026, 1, 1))
    assert asked.refused(TaskKind.CHECK_PAPERS, complete=True, slip_issued_on=issued_on) == why


@pytest.mark.parametrize(
    ("read_on", "stated_on", "why"),
    [
        ("2026-09-01", None, ""),
        ("2026-09-01", "2026-09-01", ""),
        ("2026-09-01", "2026-09-10", "住院证开具日期前后不一致"),
        ("2026-09-12", None, "住院证开具日期不能晚于今天"),
        (None, None, "须填写住院证开具日期"),
    ],
)
def test_the_day_of_a_slip_is_said_once_or_twice_the_same(
    read_on: str | None, stated_on: str | None, why: str
) -> None:
    asked = Asked(*P20_BED)
    paper = {"kind": "admission_slip", "issued_on": read_on}
    form = {"complete": True, "papers": [paper], "slip_issued_on": stated_on}
    assert asked.refused(TaskKind.CHECK_PAPERS, **form) == why


@pytest.mark.parametrize(
    ("form", "why"),
    [
        *(({"sample": one}, "") for one in ("section", "blood", "tissue", "saliva")),
        ({"sample": "blood", "guided": False}, "须写明样本种类, 并已指导取样和寄送"),
        ({}, "须写明样本种类, 并已指导取样和寄送"),
        ({"sample": "other"}, "样本一般为病理切片、外周血、活检肿瘤组织、唾液; 其他样本须说明"),
        ({"sample": "other", "note": "胸腔积液"}, ""),
    ],
)
def test_a_sample_is_of_a_kind_that_the_test_is_made_of(form: dict[str, Any], why: str) -> None:
    """R772: 『一般为病理切片、外周血、活检肿瘤组织或唾液』."""
    assert Asked(*GENE).refused(TaskKind.SEND_KIT, **({"guided": True} | form)) == why


def test_of_papers_that_replace_each_other_the_refusal_asks_for_one() -> None:
    """R751."""
    asked = Asked(*P20_BED)
    asked.papers = {"admission_slip": ["doc-1"]}
    told = asked.refused(TaskKind.CHECK_PAPERS, complete=True)
    assert told == ("资料未齐: 门诊病历或出院小结或血液检测报告或CT报告或MRI报告或病理报告")


@pytest.mark.parametrize("kind", [TaskKind.RECEIVE_SAMPLE, TaskKind.REPORT_VISIT])
@pytest.mark.parametrize(
    ("at", "why"),
    [
        (NOW + timedelta(minutes=1), "发生时间不能晚于现在"),
        (NOW, ""),
        (NOW - timedelta(days=366), "发生时间不能早于预约申请"),
    ],
)
def test_what_happened_for_a_booking_happened_since_it_was_asked_for(
    kind: TaskKind, at: datetime, why: str
) -> None:
    form: dict[str, Any] = {"at": at.isoformat()}
    if kind is TaskKind.REPORT_VISIT:
        form["outcome"] = "delivered"
    assert Asked(*GENE).refused(kind, **form) == why


@pytest.mark.parametrize(
    ("visit_at", "why"),
    [
        ("2026-09-12 00:00", "就诊日期未到, 不能登记已就诊"),
        ("2026-09-14 09:00", "就诊日期未到, 不能登记已就诊"),
        ("2026-09-11 16:00", ""),  # who comes early is seen early
        ("2026-09-10 16:00", ""),
    ],
)
def test_a_visit_took_place_no_sooner_than_on_its_day(visit_at: str, why: str) -> None:
    asked = Asked(*P04)
    asked.state.service_at = civil(visit_at)
    form = {"outcome": "delivered", "at": NOW.isoformat()}
    assert asked.refused(TaskKind.REPORT_VISIT, **form) == why
    assert asked.refused(TaskKind.REPORT_VISIT, **form | {"outcome": "rescheduled"}) == ""


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        ("2026-09-11 08:59", "所提供的就诊时间已过, 须重新安排"),
        ("2026-09-11 09:00", "所提供的就诊时间已过, 须重新安排"),
        ("2026-09-11 09:01", ""),
    ],
)
def test_nobody_says_yes_to_a_moment_that_has_passed(offered: str, why: str) -> None:
    asked = Asked(*P04)
    asked.state.proposed_at = civil(offered)
    assert asked.refused(TaskKind.CONFIRM_BOOKING, confirmed=True, told_by="phone") == why
    assert asked.refused(TaskKind.CONFIRM_BOOKING, confirmed=False, told_by="phone") == ""


def test_nobody_is_advised_before_the_day_of_the_slot() -> None:
    asked = Asked("pingan_value_added", "expert_phone_appointment", rules=ConsultationRefusals)
    asked.state.service_at = civil("2026-09-12 09:00")
    early = asked.refused(TaskKind.CONSULT, outcome="advised")
    assert early == "预约日期未到, 不能登记已解答"
    assert asked.refused(TaskKind.CONSULT, outcome="provider_failed") == ""
    asked.state.service_at = civil("2026-09-11 10:00")
    assert asked.refused(TaskKind.CONSULT, outcome="advised") == ""


def test_whoever_has_failed_a_booking_is_named_for_it_again_only_with_a_reason() -> None:
    """An expert named or chosen, a writer, a doctor matched: each step asks the same question."""
    visit = {"arranged": True, "service_at": "2026-09-14T09:00:00+08:00", **BEST}
    writes = {"assigned": True, "city": "上海", **BEST}
    advises = {"matched": True, "doctor_level": "chief", "hospital_class": "3A"}
    for of, rules, kind, form, named in (
        (P04, BookingRefusals, TaskKind.ARRANGE_SERVICE, visit, "expert"),
        (GENE, BookingRefusals, TaskKind.ASSIGN_EXPERT, writes, "expert"),
        (PHONED, ConsultationRefusals, TaskKind.MATCH_DOCTOR, advises, "doctor"),
    ):
        asked = Asked(*of, rules=rules)
        again = form | {named: "e-1"}
        assert asked.refused(kind, **again) == ""
        asked.state.failed_by = ["e-0", "e-1"]
        assert asked.refused(kind, **again) == AGAIN_WHY
        assert asked.refused(kind, **again | {"again_because": " "}) == AGAIN_WHY
        assert asked.refused(kind, **again | {"again_because": "停诊改期, 客户同意"}) == ""
        assert asked.refused(kind, **again | {named: "e-2"}) == ""
    asked = Asked(*P04)
    asked.state.chosen, asked.state.failed_by = "e-1", ["e-1"]
    assert asked.refused(TaskKind.ARRANGE_SERVICE, **visit) == AGAIN_WHY  # nobody else is named


OPINION = ("pingan_oncology_157", "second_opinion")
ON_PAPER = ("taikang_online_ci", "second_opinion")


@pytest.mark.parametrize(
    ("of", "said", "why"),
    [
        (OPINION, {}, "须上传第二诊疗意见报告"),
        (OPINION, {"images": ["doc-2"]}, ""),
        (OPINION, {"courier_no": "SF1"}, ""),  # in writing: either will do
        (OPINION, {"images": ["doc-1"]}, "所列文件中没有第二诊疗意见报告"),
        (OPINION, {"images": ["doc-7"]}, "所列文件不在预约资料中"),
        (ON_PAPER, {"images": ["doc-2"]}, "须填写纸质报告的快递单号"),
        (ON_PAPER, {"courier_no": "SF1"}, ""),
        (GENE, {"courier_no": "SF1"}, "须上传基因检测报告"),
        (GENE, {"courier_no": "SF1", "images": ["doc-2"]}, "所列文件中没有基因检测报告"),
        (GENE, {"courier_no": "SF1", "images": ["doc-3"]}, ""),
    ],
)
def test_a_report_is_delivered_in_the_form_the_programme_promises(
    of: tuple[str, str], said: dict[str, Any], why: str
) -> None:
    form = {"at": NOW.isoformat(), **said}
    assert Asked(*of).refused(TaskKind.DELIVER_REPORT, **form) == why
    assert Asked(*of).refused(TaskKind.DELIVER_REPORT, **form | {"delivered": False}) == ""


def test_what_is_missing_is_named_for_people_and_for_programmes() -> None:
    asked = Asked(*OPINION)
    why = asked.refused(TaskKind.CHECK_PAPERS, complete=True)
    assert why == "资料未齐: 门诊病历、病理报告、影像胶片"
    assert asked.missing == ["outpatient_record", "pathology_report", "imaging_film"]


def test_only_a_date_the_customer_has_said_yes_to_costs_anything() -> None:
    asked, tomorrow = Asked(*P04), NOW + timedelta(days=1)
    asked.state.proposed_at = tomorrow
    assert asked.refusals.cost(NOW) is Cost.FREE
    asked.state.service_at = tomorrow
    assert asked.refusals.cost(NOW) is Cost.USED


@pytest.mark.parametrize(
    ("kind", "field", "form"),
    [
        (TaskKind.ARRANGE_SERVICE, "service_at", {"arranged": True, "hospital_rank": 1, **BEST}),
        (TaskKind.PLAN_ESCORT, "meeting_at", {"meeting_place": "门诊大厅"}),
    ],
)
def test_nothing_is_arranged_for_a_day_after_the_cover(
    kind: TaskKind, field: str, form: dict[str, Any]
) -> None:
    """I10; a policy may run on while its service does not."""
    asked = Asked(*P04, covered_until=date(2027, 8, 31), last_day=date(2026, 12, 31))
    assert asked.refused(kind, **form, **{field: "2026-12-31T20:00:00+08:00"}) == ""
    late = asked.refused(kind, **form, **{field: "2027-01-01T00:00:00+08:00"})
    assert late == "时间不能晚于保单或服务的有效期"
    wish = ChangeDate(wished_on=date(2027, 1, 1), actor=AGENT, at=NOW)
    with pytest.raises(ApplicationError, match="有效期"):
        asked.refusals.new_date(wish)


def test_a_step_that_contradicts_itself_or_names_a_day_years_ahead_is_refused() -> None:
    visit = {"arranged": False, "service_at": "2026-09-14T09:00:00+08:00"}
    assert Asked(*P04).refused(TaskKind.ARRANGE_SERVICE, **visit) == "未安排时不填写就诊时间"
    assert Asked(*P04).refused(TaskKind.ARRANGE_SERVICE, arranged=False) == ""
    told = {"told_by": "phone", "customer_date": "2062-01-01"}
    assert "晚于一年" in Asked(*P04).refused(TaskKind.TELL_RESULT, **told)


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        (BookingStage.FOLLOW_UP, "预约已经结束或取消"),
        (BookingStage.PAYING_BACK, "报销款已在支付中, 不能取消"),
        (BookingStage.COORDINATING, "按服务条款, 审核通过后不能取消, 可以申请改期"),
    ],
)
def test_whoever_may_not_give_up_hears_why_and_what_else_there_is(
    stage: BookingStage, why: str
) -> None:
    """P13: 『审核通过后不可取消』."""
    asked = Asked("ruitai_ci", "surgery_arrangement")
    asked.state.stage = stage
    asked.state.happened[ExpectedEvent.APPROVED] = NOW - timedelta(hours=1)
    with pytest.raises(ApplicationError) as refused:
        asked.refusals.cancellation(CancelBooking(actor=AGENT, at=NOW))
    assert refused.value.message == why


@pytest.mark.parametrize(
    ("there", "not_spent", "why"),
    [
        (("travel_ticket",), (), "资料未齐: 住宿费发票"),
        (("travel_ticket",), ("lodging_invoice",), ""),
        (("travel_ticket",), ("travel_ticket", "lodging_invoice"), "该类票据已在案卷中"),
        ((), ("travel_ticket", "lodging_invoice"), "资料未齐: 车票或机票、住宿费发票"),
    ],
)
def test_whoever_went_home_the_same_day_has_no_bill_of_lodging(
    there: tuple[str, ...], not_spent: tuple[str, ...], why: str
) -> None:
    """R694: what was not spent is said, not missed; something must have been."""
    asked = Asked("xintai_million_guard", TRAVEL, rules=ReimbursementRefusals)
    asked.papers = {kind: ["doc-1"] for kind in there}
    told = asked.refused(TaskKind.RECEIVE_PAPERS, complete=True, not_spent=[*not_spent])
    assert told == why


@pytest.mark.parametrize(
    ("about", "form", "taken"),
    [
        ("satisfaction", {"reached": True}, False),
        ("satisfaction", {"reached": True, "note": "客户不愿评价"}, True),
        ("satisfaction", {"reached": True, "satisfaction": 4}, True),
        ("satisfaction", {"reached": False}, True),
        ("care", {"reached": True}, True),
    ],
)
def test_a_call_about_satisfaction_says_how_satisfied(
    about: str, form: dict[str, Any], taken: bool
) -> None:
    asked = Asked("pingan_value_added", "visit_escort")
    assert (asked.refused(TaskKind.FOLLOW_UP_CALL, about, **form) == "") == taken
