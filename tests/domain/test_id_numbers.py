"""Two spellings of one name, and two names."""

import pytest

from domain.id_numbers import is_opaque, mentions_somebody, same_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张三", " 张 三 "),
        ("张三", "张\u3000三"),
        ("阿依古丽·买买提", "阿依古丽•买买提"),
        ("阿依古丽・买买提", "阿依古丽.买买提"),
        ("John Smith", "ＪＯＨＮ　ＳＭＩＴＨ"),
    ],
)
def test_blanks_width_case_and_dots_make_no_other_name(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(("one", "other"), [("张三", "张三丰"), ("张三", "李三"), ("张三", "")])
def test_another_name_is_another_name(one: str, other: str) -> None:
    assert not same_name(one, other)


@pytest.mark.parametrize(
    "words",
    [
        "2026-09-24 10:00 准时到达, 等候15分钟",
        "费用 13800.00 元, 快递 SF1380013800123",
        "病案号 202609241000138001380012",
    ],
)
def test_moments_amounts_and_other_numbers_are_nobodys(words: str) -> None:
    assert not mentions_somebody(words)


@pytest.mark.parametrize("code", ["", " ", "a b", "客户", "a" * 129, "a\n"])
def test_nothing_and_words_name_nobody_in_a_token(code: str) -> None:
    assert not is_opaque(code)
    assert is_opaque("agent-7@house|1.2:3_4")
