"""What of a history and its steps customers and channels read: only what is meant for them."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.door.identity import Caller
from api.door.sight import narrowed, narrowed_booking, narrowed_enquiry
from api.waivers.deposit_waivers import lacking_now
from domain.board import (
    BookingView,
    CaseView,
    DocumentRow,
    EnquiryView,
    TaskRow,
    TimelineRow,
)
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.steps.shown import OVERSIGHT
from domain.told import TOLD
from tests.builders import programmes

PROGRAMME = "bainian_deposit_waiver"
AT = datetime(2026, 5, 6, 1, tzinfo=UTC)
INTERNAL = {
    "alert": "押金单号 PA20261122-000002 不是本笔付款的单号",
    "held": "案件暂停付款: 核查",
    "breach": "K05.1 超时",
    "payment_contradiction": "付款结果与已记账结果不一致",
    "opinion_sent": "审核意见(不同意)已报送双审",
    "breach_of_tomorrow": "一个尚无人决定是否告知客户的事项",
}
MEANT = {"reported": "受理报案", "first_contact": "完成: 首次联系客户", "refund": "医院退回押金"}
NARROW: dict[Any, Any] = {
    CaseView: narrowed,
    BookingView: narrowed_booking,
    EnquiryView: narrowed_enquiry,
}


def a_view(kind: type[Any]) -> Any:
    """A matter with lines of both sorts, a supervisor's step and a colleague's."""
    lines = [
        TimelineRow(at=AT, role=Role.SYSTEM, actor_id="x", event=event, text=text, document_ids=[])
        for event, text in (INTERNAL | MEANT).items()
    ]
    step: Any = TaskRow
    steps = [
        step.model_construct(
            task_id=f"t-{kind}", kind=kind, roles=[role], subject="姓名与名单不符", completion={}
        )
        for kind, role in (("breach", Role.SUPERVISOR), ("first_contact", Role.AGENT))
    ]
    return kind.model_construct(documents=[], tasks=steps, timeline=lines, need="")


def as_read(role: Role, kind: type[Any], *more: Role) -> tuple[set[str], dict[str, str]]:
    """The events and the steps, with what they are about, as a role reads them."""
    roles = (role, *more)
    caller = Caller(subject="somebody", roles=roles, channel="c", role=role)
    view = NARROW[kind](caller, a_view(kind))
    return {line.event for line in view.timeline}, {one.kind: one.subject for one in view.tasks}


@pytest.mark.parametrize("kind", [CaseView, BookingView, EnquiryView])
def test_customers_and_channels_read_only_what_is_meant_for_them(kind: type[Any]) -> None:
    for role in (Role.CUSTOMER, Role.CHANNEL):
        assert as_read(role, kind) == ({*MEANT}, {"first_contact": ""}), role
    whole = ({*INTERNAL, *MEANT}, dict.fromkeys(("breach", "first_contact"), "姓名与名单不符"))
    assert as_read(Role.SUPERVISOR, kind) == whole
    assert as_read(Role.CUSTOMER, kind, Role.AGENT) == whole  # one of ours, insured as well


def test_what_customers_read_is_something_that_happens() -> None:
    said = {
        text.value
        for path in Path("workflows").rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    }
    assert TOLD - said <= {kind.value for kind in TaskKind}
    assert not TOLD & OVERSIGHT


def test_at_the_bed_the_file_says_what_the_discharge_still_needs() -> None:
    row: Any = DocumentRow
    step: Any = TaskRow
    [programme] = [one for one in programmes() if one.code == PROGRAMME]

    def lacking(kind: str, *have: str, asked: tuple[str, ...] = ()) -> list[str]:
        view: Any = CaseView
        return lacking_now(
            view.model_construct(
                missing_documents=[*asked],
                tasks=[step.model_construct(kind=kind, closed_at=None)],
                documents=[row.model_construct(kind=one) for one in have],
            ),
            programme,
        )

    papers = ["original_invoice", "fee_list", "discharge_summary"]
    assert lacking("discharge_visit") == papers == lacking("collect_claim_documents")
    assert lacking("discharge_visit", "original_invoice") == papers[1:]
    assert lacking("care") == []
    assert lacking("discharge_visit", asked=("ct_report",)) == ["ct_report"]
