"""What is kept of a stream that is longer than its bound."""

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.transport._child import HeadAndTail, HeadOnly

PIECES = st.lists(st.binary(max_size=40), max_size=20)
BOUNDS = st.integers(min_value=1, max_value=60)


@given(PIECES, BOUNDS)
def test_head_and_tail_are_kept_whatever_the_pieces(pieces, bound):
    kept, whole = HeadAndTail(bound), b"".join(pieces)
    for piece in pieces:
        kept.feed(piece)
    assert not kept.full
    if len(whole) <= bound:
        assert kept.bytes() == whole
    else:
        gap = f"\n[{len(whole) - bound} bytes cut here]\n".encode()
        assert kept.bytes() == whole[: bound // 2] + gap + whole[-(bound - bound // 2) :]


@given(PIECES, BOUNDS)
def test_the_head_is_kept_and_more_is_told(pieces, bound):
    kept, whole = HeadOnly(bound), b"".join(pieces)
    for piece in pieces:
        kept.feed(piece)
    assert kept.bytes() == whole[:bound]
    assert kept.full == (len(whole) > bound)
