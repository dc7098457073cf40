"""`_bulk` requests: what is taken, what is refused, and that nothing makes the reader fail."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.siem.listen.body import Refusal
from sec_ops.siem.listen.bulk import bulk_answer, read_bulk
from sec_ops.siem.raw.log import Appended
from sec_ops.siem.records import Origin, Place, RawBatch, Transport


def items(body: bytes, index: str = "logs") -> list[tuple]:
    read = read_bulk(body, index)
    assert not isinstance(read, Refusal), read
    return [(item.action, item.index, item.id, item.record, item.fault and item.fault[0]) for item in read]


TOO_LONG = b'{"index":{"_id":"' + b"i" * 513 + b'"}}\n{}\n'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"index":{}}\n{"a":1}\n', [("index", "logs", None, b'{"a":1}', None)]),
        (b'{"create":{"_index":"x","_id":"7"}}\r\n{"a":1}\r\n', [("create", "x", "7", b'{"a":1}', None)]),
        (
            b'{"index":{"_id":5}}\n{ "b" : "\xe4\xb8\xad" }\n',
            [("index", "logs", "5", b'{ "b" : "\xe4\xb8\xad" }', None)],
        ),
        (b'\n{"index":null}\n{}\n\n', [("index", "logs", None, b"{}", None)]),
        (b'{"delete":{"_id":"1"}}\n', [("delete", "logs", "1", b"", "illegal_argument_exception")]),
        (
            b'{"update":{"_id":"1"}}\n{"doc":{}}\n',
            [("update", "logs", "1", b'{"doc":{}}', "illegal_argument_exception")],
        ),
        (b'{"index":{}}\nbroken\n', [("index", "logs", None, b"broken", "document_parsing_exception")]),
        (b'{"index":{}}\n[1]\n', [("index", "logs", None, b"[1]", "document_parsing_exception")]),
        (b'{"index":{}}\n\n', [("index", "logs", None, b"", "document_parsing_exception")]),
        (b'{"index":{}}\n"\xff"\n', [("index", "logs", None, b'"\xff"', "document_parsing_exception")]),
        (b'{"index":{"_id":""}}\n{}\n', [("index", "logs", "", b"{}", "illegal_argument_exception")]),
        (TOO_LONG, [("index", "logs", "i" * 513, b"{}", "illegal_argument_exception")]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_items(body: bytes, expected: list[tuple]) -> None:
    assert items(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b'{"index":{}}\n{"a":1}',
        b'{"index":{}}\n',
        b'{"index":{}}\n{"a":1}\nbroken\n{"b":2}\n',
        b'{"explode":{}}\n{}\n',
        b'{"index":{},"create":{}}\n{}\n',
        b'{"index":[]}\n{}\n',
        b"[]\n{}\n",
        b"[" * 5000 + b"\n{}\n",
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_request_out_of_step_is_refused_as_a_whole(body: bytes) -> None:
    refusal = read_bulk(body, "logs")
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


line = st.one_of(
    st.sampled_from([b'{"index":{}}', b'{"create":{"_id":"1"}}', b'{"delete":{}}', b'{"update":{}}', b"{}", b""]),
    st.binary(max_size=30),
)


@given(st.lists(line, max_size=10).map(lambda lines: b"\n".join([*lines, b""])))
def test_nothing_makes_it_fail_and_every_item_is_answered(body: bytes) -> None:
    read = read_bulk(body, "logs")
    if isinstance(read, Refusal):
        json.dumps(read.document())
    else:
        answer = bulk_answer(read, None, 1)
        assert len(answer["items"]) == len(read)
        json.dumps(answer)


def test_each_item_is_told_what_became_of_it() -> None:
    read = read_bulk(
        b'{"index":{}}\n{"a":1}\n{"index":{}}\nbad\n{"create":{"_id":"x"}}\n{}\n{"index":{"_id":"y"}}\n{}\n{"index":{}}\n{}\n',
        "logs",
    )
    assert not isinstance(read, Refusal)
    batch = RawBatch(origin=Origin(source="a", transport=Transport.BULK), received_ms=1, records=(b"{}",))
    answer = bulk_answer(read, Appended(place=Place("0001", 3), batch=batch, known=(1, 2)), 5)
    told = [next(iter(each.values())) for each in answer["items"]]
    assert [each["status"] for each in told] == [201, 400, 409, 200, 201]
    assert [each["_id"] for each in told] == ["0001/3/0", None, "x", "y", "0001/3/1"]
    assert told[3]["result"] == "noop"
    assert answer["errors"] is True
