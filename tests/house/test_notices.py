"""What customers are told: every notice the specification wants, and in none a diagnosis."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from domain.documents import DOCUMENT_NAMES
from domain.programmes.programme import Programme
from domain.programmes.services import PRECONDITION_NAMES
from domain.programmes.terms import Notice
from domain.waiver import PaymentMode
from tests.builders import programmes
from tests.house.files import python_files, text_of

PROGRAMMES: Final = programmes()
WAIVERS: Final = [programme for programme in PROGRAMMES if programme.waiver is not None]
BOOKABLE: Final = [programme for programme in PROGRAMMES if programme.offers_bookings]

# Section 2.7 of the specification, in its order. The survey is stated for the green channel only.
NOTICES: Final = {
    "qualification result": ("qualification",),
    "document checklist": ("checklist",),
    "missing-document notice": ("documents_missing",),
    "review result with reason": ("approved", "declined"),
    "no admission of liability": ("no_admission",),
    "visit appointment": ("visit",),
    "deposit paid": ("deposit_paid",),
    "top-up accepted, partially accepted, refused": (
        "top_up_accepted",
        "top_up_offer",
        "top_up_refused",
    ),
    "balance low": ("balance_low",),
    "discharge visit": ("discharge_visit",),
    "claim matters and process": ("claim_documents",),
    "documents mailed": ("claim_mailed",),
    "claim result": ("claim_result",),
    "offset statement": ("offset",),
    "repayment demand and reminders": ("repayment_demand", "repayment_reminder"),
}


def always(_: Programme) -> bool:
    return True


ONLY_WHERE: Final[dict[str, Callable[[Programme], bool]]] = {
    "claim_mailed": lambda one: one.deposit_waiver.claim.sent_by == "courier",
    "used_up": lambda one: one.deposit_waiver.signing_refused == "consumes",
    "payment_code": lambda one: (
        PaymentMode.QR_CODE in {terms.mode for terms in one.deposit_waiver.payment_modes}
    ),
}
"""Notices of what not every programme does."""

DIAGNOSES: Final = re.compile("癌|瘤|肿|白血病|梗死|中风|移植|诊断|确诊|病情|病史|疾病|重疾|绝症")
"""Words that say, or let guess, what somebody suffers from."""

OTHER_STORIES: Final = Path("workflows/claims")
"""Chapters of claims that follow no advance; their texts stand with the programme that has them."""

LISTS_PAPERS: Final = frozenset(
    {"checklist", "documents_missing", "claim_documents", "claim_offered"}
)

OF_BOOKINGS: Final = "booking_"
PLACES: Final = ("{hospital}", "{reason}", "{list}")
"""In an SMS about a booking each of them may say what somebody has."""


@pytest.mark.parametrize("programme", WAIVERS, ids=lambda one: one.code)
@pytest.mark.parametrize("codes", NOTICES.values(), ids=NOTICES)
def test_every_waiver_has_the_notice(programme: Programme, codes: tuple[str, ...]) -> None:
    wanted = [code for code in codes if ONLY_WHERE.get(code, always)(programme)]
    assert [code for code in wanted if not programme.has_notice(code)] == []


@pytest.mark.parametrize("codes", NOTICES.values(), ids=NOTICES)
def test_a_story_sends_the_notice(codes: tuple[str, ...]) -> None:
    assert [code for code in codes if code not in told_by_stories()] == []


@pytest.mark.parametrize("programme", WAIVERS, ids=lambda one: one.code)
def test_every_notice_a_story_sends_is_written(programme: Programme) -> None:
    told = {code for code in told_by_stories() if not code.startswith(OF_BOOKINGS)}
    lacking = told - {notice.code for notice in programme.notices}
    assert [code for code in lacking if ONLY_WHERE.get(code, always)(programme)] == []


@pytest.mark.parametrize("programme", BOOKABLE, ids=lambda one: one.code)
def test_every_notice_of_a_booking_is_written_and_told(programme: Programme) -> None:
    told = {code for code in told_by_stories() if code.startswith(OF_BOOKINGS)}
    told |= {step.tells for one in programme.services for step in one.steps if step.tells}
    written = {notice.code for notice in programme.notices if notice.of_bookings}
    assert (told ^ written) <= {"booking_started"}  # P06 alone says when cancelling begins to cost


def test_the_start_message_is_the_one_that_cancelling_is_counted_from() -> None:
    """R395: it exists, by SMS, where an event of the booking ends free cancelling."""
    [programme] = [one for one in BOOKABLE if one.has_notice("booking_started")]
    assert (programme.code, programme.notice("booking_started").channel) == (
        "anxin_cancer_inpatient",
        "sms",
    )


@cache
def told_by_stories() -> frozenset[str]:
    """Words that stand in the arguments of `tell`, and in the tables and constants of the stories.

    A table such as {Stage.EXPIRED: "expired"} counts only with words that some programme tells.
    """
    known = {notice.code for programme in PROGRAMMES for notice in programme.notices}
    told: set[str] = set()
    for path in python_files("workflows"):
        if path.is_relative_to(OTHER_STORIES):
            continue
        tree = ast.parse(text_of(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "tell":
                told |= set(strings_in(node.args[0])) if node.args else set()
        told |= known.intersection(strings_in(tree))
    return frozenset(told)


def strings_in(node: ast.AST) -> list[str]:
    found = (inner for inner in ast.walk(node) if isinstance(inner, ast.Constant))
    return [inner.value for inner in found if isinstance(inner.value, str)]


def test_an_admission_slip_has_one_name_wherever_we_speak_of_it() -> None:
    """The sources say 住院单, 住院条 and 住院证; their quotes keep what they say."""
    told = [rule.text for every in PROGRAMMES for rule in every.eligibility]
    told += [notice.text for every in PROGRAMMES for notice in every.notices]
    told += [*DOCUMENT_NAMES.values(), *PRECONDITION_NAMES.values()]
    trees = (ast.parse(text_of(path)) for path in python_files("workflows"))
    told += [word for tree in trees for word in strings_in(tree)]
    assert [text for text in told if "住院单" in text or "住院条" in text] == []


@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda one: one.code)
def test_no_notice_lets_anybody_guess_an_illness(programme: Programme) -> None:
    names = {disease.name for every in PROGRAMMES for disease in every.diseases}
    assert [notice.code for notice in programme.notices if betrays(notice, names)] == []


@pytest.mark.parametrize("programme", BOOKABLE, ids=lambda one: one.code)
def test_a_text_message_about_a_booking_names_neither_hospital_nor_papers(
    programme: Programme,
) -> None:
    ours = [one for one in programme.notices if one.of_bookings and one.channel == "sms"]
    texts = [text for one in ours for text in (one.text, one.text_en)]
    assert [text for text in texts if any(place in text for place in PLACES)] == []
    assert len(texts) > 1


def test_what_is_told_of_a_booking_is_told_in_english_too() -> None:
    """R481: by P10, whose hotline speaks both; the stewards' desk reads Chinese."""
    [p10] = [one for one in PROGRAMMES if one.code == "changsheng_yuanmeng"]
    ours = {one.code for one in p10.notices if one.of_bookings and not one.text_en}
    assert ours <= {"booking_steward_soon"}


def betrays(notice: Notice, names: set[str]) -> bool:
    """Whether a text names an illness, or a text message lists papers, which may name one."""
    is_open = notice.channel == "sms" and notice.code in LISTS_PAPERS
    says = DIAGNOSES.search(notice.text) or any(name in notice.text for name in names)
    return is_open or bool(says)


def test_a_notice_that_betrays_an_illness_is_found() -> None:
    said = {"source": "inferred", "code": "visit", "channel": "sms"}
    assert betrays(Notice(text="为您的肺癌住院安排上门。", **said), {"肺癌"})
    assert betrays(Notice(text="请交付：{list}。", **said | {"code": "checklist"}), set())
    assert not betrays(Notice(text="服务人员将于{date}到{hospital}。", **said), {"肺癌"})
