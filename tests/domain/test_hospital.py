"""Hospitals: every spelling of a level in the real list, and ids that stay."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hospital import (
    NOT_IN_DIRECTORY,
    NOT_ON_NETWORK,
    HospitalKey,
    Kind,
    SubGrade,
    class_of,
    hospital_id,
    listed,
    read_level,
    tidy,
)

LIST = Path(__file__).parents[2] / "data" / "hospitals.csv"

READ = {
    "三级": (3, None),
    "三级医院": (3, None),
    "三级综合医院": (3, None),
    "三级专科": (3, None),
    "三级专科医院": (3, None),
    "三级精神专科": (3, None),
    "三级未定等": (3, None),
    "三级甲等": (3, "甲"),
    "三甲": (3, "甲"),
    "综合三甲": (3, "甲"),
    "三级甲等专科医院": (3, "甲"),
    "三级甲等妇产专科医院": (3, "甲"),
    "三级甲等妇幼保健院": (3, "甲"),
    "三级乙等": (3, "乙"),
    "三级乙": (3, "乙"),
    "三乙": (3, "乙"),
    "二级": (2, None),
    "二級": (2, None),
    "二极": (2, None),
    "二级.": (2, None),
    "二级\u00a0": (2, None),
    "二级医院": (2, None),
    "二级综合": (2, None),
    "二级综合医": (2, None),
    "二级综合医院": (2, None),
    "二级专科": (2, None),
    "二级康复专科": (2, None),
    "二级未定等": (2, None),
    "二级未定级": (2, None),
    "二级甲等": (2, "甲"),
    "二级甲等医院": (2, "甲"),
    "二级甲": (2, "甲"),
    "二甲": (2, "甲"),
    "二级乙等": (2, "乙"),
    "二级乙等医院": (2, "乙"),
    "二级乙等专科": (2, "乙"),
    "二级综合乙等": (2, "乙"),
    "二级乙": (2, "乙"),
    "二乙": (2, "乙"),
    "二/乙": (2, "乙"),
    "一级": (1, None),
    "一级甲等": (1, "甲"),
    "一甲\u00a0": (1, "甲"),
    "一级乙等": (1, "乙"),
}
UNREAD = ["市级", "市级机构", "省级", "社区卫生服务中心", "无", "未定级（按二级医院管理）"]
NO_GRADE = ["", "未定级"]


@pytest.mark.parametrize(("raw", "expected"), READ.items())
def test_a_level_is_read_however_it_is_spelled(raw: str, expected: tuple[int, str | None]) -> None:
    level = read_level(raw)
    assert (level.grade, level.sub_grade) == expected
    assert level.unread is None


@pytest.mark.parametrize("raw", UNREAD)
def test_a_text_that_states_no_grade_is_not_guessed_and_says_why(raw: str) -> None:
    level = read_level(raw)
    assert level.grade is None
    assert level.unread


@pytest.mark.parametrize("raw", NO_GRADE)
def test_no_grade_is_no_complaint(raw: str) -> None:
    assert read_level(raw).grade is None
    assert read_level(raw).unread is None


def test_every_spelling_of_the_real_list_is_one_of_these() -> None:
    with LIST.open(encoding="utf-8", newline="") as file:
        spellings = {row["level"] for row in csv.DictReader(file)}
    assert spellings == {*READ, *UNREAD, *NO_GRADE}
    assert len(spellings) == 52


def test_a_kind_is_read_where_the_level_names_one() -> None:
    assert read_level("三级甲等妇幼保健院").kind is Kind.MATERNITY
    assert read_level("二级康复专科").kind is Kind.SPECIALISED
    assert read_level("综合三甲").kind is Kind.GENERAL
    assert read_level("二级").kind is None


def test_a_level_is_written_as_people_write_it() -> None:
    assert read_level("三甲").text == "三级甲等"
    assert read_level("二級").text == "二级"
    assert read_level("省级").text == ""


@given(st.text(max_size=20))
def test_no_text_breaks_the_reading(raw: str) -> None:
    level = read_level(raw)
    assert level.grade in (None, 1, 2, 3)
    assert level.sub_grade in (None, SubGrade.A, SubGrade.B)
    assert level.grade is not None or level.sub_grade is None


@given(st.text(max_size=30))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize(
    ("row", "network", "refused", "hospital_class"),
    [
        (None, "n", NOT_IN_DIRECTORY, None),
        ({"newest_list": "2026", "on_network": False}, "n", NOT_ON_NETWORK, "3A"),
        ({"newest_list": "2026", "on_network": True}, "n", None, "3A"),
        ({"newest_list": None, "on_network": False}, "n", None, "3A"),  # nobody has its list
        ({"newest_list": "2026", "on_network": False}, None, None, "3A"),
        ({"newest_list": None, "on_network": False, "sub_grade": "乙"}, None, None, None),
        ({"newest_list": None, "on_network": False, "grade": None}, None, None, None),
    ],
)
def test_what_our_lists_say_of_a_hospital(
    row: dict[str, Any] | None,
    network: str | None,
    refused: str | None,
    hospital_class: str | None,
) -> None:
    found = listed(row and {"grade": 3, "sub_grade": "甲"} | row, network)
    assert (found.refused, found.hospital_class) == (refused, hospital_class)
    assert found.class_known == (row is not None and row.get("grade", 3) is not None)


def test_an_id_depends_on_place_and_name_and_not_on_spaces_or_order() -> None:
    key = HospitalKey(province="江西省", city="南昌市", county="", name="南昌大学第一附属医院")
    spaced = key.model_copy(update={"name": " 南昌大学第一附属医院\u00a0"})
    elsewhere = key.model_copy(update={"county": "东湖区"})
    assert hospital_id(key) == hospital_id(spaced) != hospital_id(elsewhere)
    assert hospital_id(key) == "h-lkes2xiuptu45a5v"


def test_no_two_hospitals_of_the_real_list_share_an_id() -> None:
    with LIST.open(encoding="utf-8", newline="") as file:
        keys = {
            HospitalKey(
                province=tidy(row["province"]),
                city=tidy(row["city"]),
                county=tidy(row["county"]),
                name=tidy(row["name"]),
            )
            for row in csv.DictReader(file)
        }
    assert len({hospital_id(key) for key in keys}) == len(keys) == 6_716


@pytest.mark.parametrize(
    ("grade", "sub_grade", "known"),
    [(3, "甲", "3A"), (2, "甲", "2A"), (3, "乙", None), (1, "甲", None)],
)
def test_only_the_class_a_hospital_has_is_the_class_a_programme_asks_for(
    grade: int, sub_grade: str, known: str | None
) -> None:
    assert class_of(grade, sub_grade) == known
