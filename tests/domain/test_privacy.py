"""Masks: what a list may show of a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.privacy import last_four, mask_id, mask_name, mask_phone


def test_masks_show_what_the_design_says() -> None:
    assert mask_name("张三丰") == "张*"
    assert mask_id("110101199003071234") == "110101********1234"
    assert mask_phone("13800138000") == "138****8000"
    assert last_four("110101199003071234") == "1234"


@pytest.mark.parametrize(
    ("short", "shown"), [("", ""), ("A", "*"), ("E123", "****"), ("E12345678", "*******78")]
)
def test_what_is_too_short_to_mask_is_hidden(short: str, shown: str) -> None:
    assert mask_id(short) == shown


@given(st.text(alphabet="0123456789X", max_size=30))
def test_a_mask_hides_enough_and_never_lengthens(text: str) -> None:
    for masked in (mask_id(text), mask_phone(text)):
        assert len(masked) == len(text)
        assert masked.count("*") >= min(len(text), 3)
