"""Bodies: packed or not, however cut, and never more than the bounds."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.log_listener import ListenerBounds
from sec_ops.siem.listen.body import Body
from tests.unit.siem.listen.cutting import parts

BOUNDS = ListenerBounds(body_bytes=100_000, plain_bytes=3_000_000, unpack_ratio=100)


def read(data: bytes, coding: bytes, cuts: list[int] | None = None) -> tuple[bytes, int]:
    body = Body(BOUNDS, coding)
    for part in parts(data, cuts or []):
        body.feed(part)
    whole = body.whole()
    return whole, body.refusal.status if body.refusal else 0


@given(st.binary(max_size=500), st.binary(max_size=500), st.lists(st.integers(0, 2000), max_size=9))
def test_any_split_and_any_packing(one: bytes, two: bytes, cuts: list[int]) -> None:
    assert read(one, b"", cuts) == (one, 0)
    assert read(gzip.compress(one) + gzip.compress(two), b"gzip", cuts) == (one + two, 0)
    assert read(zlib.compress(one), b"deflate", cuts) == (one, 0)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=9))
def test_garbage_never_raises(data: bytes, cuts: list[int]) -> None:
    read(data, b"gzip", cuts)


@pytest.mark.parametrize(
    ("data", "coding", "status"),
    [
        (b"x" * 100_001, b"", 413),
        (gzip.compress(bytes(2_900_000)), b"gzip", 413),
        (gzip.compress(b"".join(b"%d," % number for number in range(400_000))), b"gzip", 413),
        (gzip.compress(b"hello" * 100)[:-9], b"gzip", 400),
        (b"not gzip", b"gzip", 400),
        (b"x", b"br", 415),
    ],
    ids=["large", "ratio", "sent", "cut off", "damaged", "coding"],
)
def test_refused(data: bytes, coding: bytes, status: int) -> None:
    assert read(data, coding) == (b"", status)


def test_a_bomb_is_not_unpacked() -> None:
    bounds = ListenerBounds(unpack_ratio=2_000)
    body = Body(bounds, b"gzip")
    body.feed(gzip.compress(bytes(200_000_000), 1))
    assert body.refusal is not None
    assert body.refusal.status == 413
    assert body.plain_bytes <= bounds.plain_bytes + 1
