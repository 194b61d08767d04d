"""A picture is readable by its size in pixels (R807)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.image_quality import is_readable, shorter_side


def a_png(width: int, height: int) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + b"IHDR" + size + bytes(5)


def a_jpeg(width: int, height: int) -> bytes:
    app = b"\xff\xe0" + (16).to_bytes(2, "big") + bytes(14)
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    frame = b"\xff\xc0" + (17).to_bytes(2, "big") + b"\x08" + size + bytes(10)
    return b"\xff\xd8" + app + frame


@pytest.mark.parametrize("picture", [a_png, a_jpeg])
def test_the_shorter_side_decides(picture: object) -> None:
    assert callable(picture)
    assert shorter_side(picture(1200, 299)) == 299
    assert not is_readable(picture(1200, 299), side_min=300)
    assert is_readable(picture(300, 1200), side_min=300)


def test_a_paper_without_pixels_passes() -> None:
    assert is_readable(b"%PDF-1.7 whatever", side_min=300)


@given(st.binary(max_size=64))
def test_any_bytes_are_looked_at_without_harm(body: bytes) -> None:
    for head in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"):
        shorter_side(head + body)
