"""Lines read into columns by the compiled library hold what orjson reads, or are left to the ordinary way."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.runtime.compiled.library import library
from sec_ops.siem.parse import reading
from sec_ops.siem.parse.pieces import RECORD_BOUND
from sec_ops.siem.parse.reading import ReadLot, read_lots
from sec_ops.siem.records import Transport
from tests.unit.siem.parse.test_straight import LINES, cut, told

pytestmark = pytest.mark.skipif(library() is None, reason="no Rust compiler when the project was installed")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ['"', "\\", "C:\\a\\b", "\x00", "\x1f\x7f", "登录 𠀀", "\ufeff", "a/b", "\b\f\n\r\t"]
)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=12)
documents = st.dictionaries(names, texts | st.none() | st.integers(1 - 10**15, 10**15 - 1), min_size=1, max_size=6)
written = st.builds(
    lambda document, ascii_only, between, around: (
        "{" + around + json.dumps(document, ensure_ascii=ascii_only, separators=between)[1:] + around
    ).encode(),
    documents,
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "\r: ")]),
    st.sampled_from(["", " "]),
)


def rows(lots: Sequence[ReadLot]) -> Iterator[tuple[int, list[Any]]]:
    for lot in lots:
        for row, number in enumerate(lot.numbers):
            yield number, [column[row] for column in lot.columns]


@settings(max_examples=300, deadline=None)
@given(lines=st.lists(written, min_size=1, max_size=8))
def test_what_is_read_is_what_orjson_reads(lines: list[bytes]) -> None:
    lots = read_lots(lines)
    expected = [orjson.loads(line) for line in lines]
    if lots is None:
        odd = [
            b"\\ud" in line.lower() or not "".join(each).isascii() for line, each in zip(lines, expected, strict=True)
        ]
        assert any(odd), "halves of surrogate pairs and escaped names are left alone, nothing else"
        return
    assert [values for _, values in sorted(rows(lots))] == [list(each.values()) for each in expected]
    for lot in lots:
        shapes = {(*expected[at], *map(type, expected[at].values())) for at in lot.numbers}
        assert len(shapes) == 1
        assert all(len(column) == len(lot.numbers) for column in lot.columns)


def test_every_escape_is_read() -> None:
    line = rb'{"a":"\"\\\/\b\f\n\r\t\u0000\u4e2d\u00e9 end","b":"\n"}'
    ((_, values),) = rows(read_lots([line]) or [])
    assert values == list(orjson.loads(line).values()) == ['"\\/\b\f\n\r\t\0\u4e2d\u00e9 end', "\n"]


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":{"b":1}}',
        b'{"a":[1]}',
        b'{"a":true}',
        b'{"a":1.5}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":1000000000000000}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\\x41"}',
        b'{"a":"\t"}',
        b'{"a":"\xff"}',
        b'{"\\u0061":"x"}',
        b'{"a":"x"',
        b'{"a":"x"} {}',
        b'{"a":"x",}',
        b"{}",
        b"{",
        b"",
        b'[{"a":"x"}]',
        b'{"a":"' + b"x" * RECORD_BOUND + b'"}',
    ],
)
def test_one_unusual_line_leaves_all_to_the_ordinary_way(line: bytes) -> None:
    good = b'{"a":"x"}'
    assert read_lots([good, good]) is not None
    assert read_lots([good, line, good]) is None


def test_more_shapes_than_the_bound_are_left_to_the_ordinary_way() -> None:
    assert read_lots([b'{"%d":"x"}' % number for number in range(8_192)]) is not None
    assert read_lots([b'{"%d":"x"}' % number for number in range(8_193)]) is None


def test_without_the_library_nothing_is_read() -> None:
    with patch.object(reading, "library", return_value=None):
        assert read_lots([b'{"a":"x"}']) is None


FLAT = [line for line in LINES if b'"Channel"' in line and read_lots([line]) is not None]
TWICE = b'{"EventID":1,"Channel":"Security","Computer":"pc","EventID":2}'
FOLDED = b'{"EventID":1,"Channel":"Security","Computer":"pc","Provider_Name":"x","event_data":"y"}'


@settings(max_examples=200, deadline=None)
@given(
    records=st.lists(st.sampled_from([*FLAT, TWICE, FOLDED]) | cut, min_size=1, max_size=8),
    transport=st.sampled_from(Transport),
)
def test_both_paths_tell_the_same(records: list[bytes], transport: Transport) -> None:
    compiled = told(records, transport)
    with patch("sec_ops.siem.parse.straight.read_lots", return_value=None):
        assert told(records, transport) == compiled


def test_flat_events_are_read_into_columns() -> None:
    assert FLAT
    with patch("sec_ops.siem.parse.straight.Straight.take", side_effect=AssertionError("one by one")):
        assert len(told(FLAT[:5] * 3, Transport.IMPORT)) == len(FLAT[:5]) * 3
