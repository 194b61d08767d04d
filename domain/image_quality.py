"""Whether a picture of a paper can be read: its size in pixels, from the file's own head (R807).

A first check that needs no eyes; what the picture shows is a person's to judge.
"""

from __future__ import annotations

from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_FRAMES: Final = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC)})


def shorter_side(body: bytes) -> int | None:
    """The shorter side in pixels; None for what is no PNG or JPEG, or says no size."""
    if body.startswith(_PNG) and len(body) >= 24:  # noqa: PLR2004 - the head of a PNG
        return min(int.from_bytes(body[16:20]), int.from_bytes(body[20:24]))
    return _of_jpeg(body) if body.startswith(_JPEG) else None


def is_readable(body: bytes, *, side_min: int) -> bool:
    """Whether a picture is large enough; what has no pixels of its own (a PDF) passes."""
    side = shorter_side(body)
    return side is None or side >= side_min


def _of_jpeg(body: bytes) -> int | None:
    at = 2
    while at + 9 < len(body) and body[at] == 0xFF:  # noqa: PLR2004 - a JPEG's marker
        length = int.from_bytes(body[at + 2 : at + 4])
        if body[at + 1] in _FRAMES:
            return min(int.from_bytes(body[at + 5 : at + 7]), int.from_bytes(body[at + 7 : at + 9]))
        at += 2 + max(length, 2)
    return None
