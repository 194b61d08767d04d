"""Sealed columns: readable with the ring, with nothing else, and never under another purpose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.encryption.keys import KeyRing, SealBroken, Sealer

OLD = ("k1", b"1" * 32)
NEW = ("k2", b"2" * 32)
LOOKUP = b"L" * 32
NAME = "cases.name"


def a_sealer(*keys: tuple[str, bytes]) -> Sealer:
    return Sealer(KeyRing(keys or (OLD,)), LOOKUP)


@given(st.binary(max_size=300))
def test_what_was_sealed_opens_with_its_purpose(value: bytes) -> None:
    sealer = a_sealer()
    assert sealer.open(sealer.seal(value, NAME), NAME) == value


def test_two_envelopes_of_the_same_value_differ_and_show_nothing_of_it() -> None:
    sealer = a_sealer()
    first, second = sealer.seal("客户某甲", NAME), sealer.seal("客户某甲", NAME)
    assert first != second
    assert "客户某甲".encode() not in first


def test_an_envelope_moved_to_another_column_does_not_open() -> None:
    sealer = a_sealer()
    with pytest.raises(SealBroken, match=r"cases\.phone"):
        sealer.open(sealer.seal("13800138000", NAME), "cases.phone")


def test_each_changed_byte_is_refused_without_the_content() -> None:
    sealer = a_sealer()
    envelope = sealer.seal("13800138000", NAME)
    for at in range(len(envelope)):
        changed = envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :]
        with pytest.raises(SealBroken) as caught:
            sealer.open(changed, NAME)
        assert "138" not in str(caught.value)


@pytest.mark.parametrize("cut", [0, 1, 3, 4, 6, 12, 18])
def test_a_cut_envelope_is_refused(cut: int) -> None:
    sealer = a_sealer()
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal("x", NAME)[:cut], NAME)


def test_after_a_rotation_old_envelopes_open_and_are_resealed_with_the_new_key() -> None:
    before, after = a_sealer(OLD), a_sealer(NEW, OLD)
    envelope = before.seal("bed 12", NAME)
    assert after.open_text(envelope, NAME) == "bed 12"
    assert not after.is_current(envelope)
    renewed = after.reseal(envelope, NAME)
    assert after.is_current(renewed)
    assert after.reseal(renewed, NAME) == renewed
    assert a_sealer(NEW).open_text(renewed, NAME) == "bed 12"
    with pytest.raises(SealBroken, match="not in the ring"):
        a_sealer(NEW).open(envelope, NAME)


def test_a_person_is_found_by_the_same_hash_however_the_number_was_typed() -> None:
    sealer = a_sealer()
    known = sealer.lookup_hash("11010119900307123X")
    assert sealer.lookup_hash(" １１０１０１19900307123x ") == known
    assert a_sealer(NEW, OLD).lookup_hash("11010119900307123X") == known
    other_key = Sealer(KeyRing([OLD]), b"M" * 32)
    assert other_key.lookup_hash("11010119900307123X") != known


@pytest.mark.parametrize(
    "keys", [[], [("k1", b"short")], [OLD, OLD], [("", b"1" * 32)], [("k" * 65, b"1" * 32)]]
)
def test_a_malformed_ring_is_refused_without_showing_a_key(keys: list[tuple[str, bytes]]) -> None:
    with pytest.raises(ValueError, match="key") as caught:
        KeyRing(keys)
    assert "1111" not in str(caught.value)
    assert "1111" not in repr(KeyRing([OLD]))
