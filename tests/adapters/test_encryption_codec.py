"""What Temporal stores: unreadable without the ring, openable after a rotation, never changed."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from adapters.encryption.codec import (
    ENCODING,
    KEY_ID,
    PACKED,
    PayloadCodec,
    PayloadRefused,
    data_converter,
)
from adapters.encryption.keys import KeyRing

OLD = ("k1", b"1" * 32)
NEW = ("k2", b"2" * 32)


class Patient(BaseModel):
    name: str


def _fail(error: ApplicationError, said: str) -> None:
    raise error from ValueError(f"inner {said}")


async def _failure_of(converter: DataConverter, said: str) -> Failure:
    failure = Failure()
    error = ApplicationError(f"outer {said}", {"detail": said})
    try:
        _fail(error, said)
    except ApplicationError:
        await converter.encode_failure(error, failure)
    return failure


async def test_a_model_survives_the_round_and_is_unreadable_between() -> None:
    converter = data_converter(KeyRing([OLD]))
    [payload] = await converter.encode([Patient(name="客户某甲")])
    assert payload.metadata == {"encoding": ENCODING, KEY_ID: b"k1"}
    assert "客户某甲".encode() not in payload.SerializeToString()
    assert await converter.decode([payload], [Patient]) == [Patient(name="客户某甲")]


async def test_an_exception_s_text_is_unreadable_in_a_failure_and_readable_with_the_ring() -> None:
    converter = data_converter(KeyRing([OLD]))
    failure = await _failure_of(converter, "客户某甲 13800138000")
    stored = failure.SerializeToString()
    assert "客户某甲".encode() not in stored
    assert b"13800138000" not in stored
    assert b"test_encryption_codec" not in stored  # nor the stack trace
    assert "客户某甲" in str(await converter.decode_failure(failure))


async def test_without_the_converter_the_same_exception_is_readable() -> None:
    stored = (await _failure_of(DataConverter.default, "13800138000")).SerializeToString()
    assert b"13800138000" in stored  # the control: this test can see a leak


async def test_a_payload_of_the_old_key_decodes_after_a_rotation() -> None:
    [payload] = await data_converter(KeyRing([OLD])).encode(["plan"])
    rotated = data_converter(KeyRing([NEW, OLD]))
    assert await rotated.decode([payload], [str]) == ["plan"]
    [fresh] = await rotated.encode(["plan"])
    assert fresh.metadata[KEY_ID] == b"k2"


async def test_a_changed_payload_is_refused_by_the_name_of_its_key_without_its_content() -> None:
    codec = PayloadCodec(KeyRing([OLD]))
    [payload] = await codec.encode([Payload(data=b"13800138000")])
    flipped = payload.data[:-1] + bytes([payload.data[-1] ^ 1])
    for data in (flipped, payload.data[:5], b""):
        with pytest.raises(PayloadRefused, match="key k1") as caught:
            await codec.decode([Payload(metadata=dict(payload.metadata), data=data)])
        assert "138" not in str(caught.value)
        assert caught.value.__cause__ is None


async def test_a_payload_of_a_foreign_key_is_refused_and_a_plain_one_passes() -> None:
    codec = PayloadCodec(KeyRing([NEW]))
    foreign = (await PayloadCodec(KeyRing([OLD])).encode([Payload(data=b"x")]))[0]
    with pytest.raises(PayloadRefused, match="not in the ring"):
        await codec.decode([foreign])
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"x"')
    assert await codec.decode([plain]) == [plain]


async def test_what_is_long_is_packed_and_says_so_where_nobody_can_change_it() -> None:
    codec = PayloadCodec(KeyRing([OLD]))
    long = Payload(data="住院押金".encode() * 500)
    [sealed] = await codec.encode([long])
    assert len(sealed.data) < len(long.data) // 10
    assert await codec.decode([sealed]) == [long]
    bare = {name: value for name, value in sealed.metadata.items() if name != PACKED}
    with pytest.raises(PayloadRefused):
        await codec.decode([Payload(metadata=bare, data=sealed.data)])
    [short] = await codec.encode([Payload(data=b"x")])
    marked = {**short.metadata, PACKED: b"zlib"}
    with pytest.raises(PayloadRefused):
        await codec.decode([Payload(metadata=marked, data=short.data)])
