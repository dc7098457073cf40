"""EVTX files through the library and the engine: whole ones, and those whose parts are broken."""

import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import evtx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.runtime.archives.readers import Damaged
from sec_ops.siem.engines import windows_json
from sec_ops.siem.importing.evtx_worker import _answer
from sec_ops.siem.importing.windows import event_chunks
from tests.evtx_files import CHUNK_BYTES, HEADER_BYTES, event_log, security_event

read = windows_json.compile_engine({})
TIME = "2026-11-26T00:00:00.000000Z"


def log_of(count: int, per_chunk: int = 10) -> bytes:
    return event_log(
        [
            security_event(4625, {"TargetUserName": f"教师{at}", "IpAddress": "192.0.2.9"}, record=at, time=TIME)
            for at in range(1, count + 1)
        ],
        per_chunk=per_chunk,
    )


def imported(data: bytes) -> tuple[list[dict[str, Any]], int, bool]:
    """Return the events of a file, the faults, and whether it was cut off."""
    events: list[dict[str, Any]] = []
    faults = 0
    try:
        for chunk in event_chunks(io.BytesIO(data), _answer, 0):
            faults += chunk.faults
            events += [dict(read(record.decode()) or {}) for record in chunk.records]
    except Damaged:
        return events, faults, True
    return events, faults, False


def users(events: list[dict[str, Any]]) -> list[str]:
    return [event["user.name"] for event in events]


WHOLE = [f"教师{at}" for at in range(1, 31)]


def test_the_library_reads_what_the_tests_write() -> None:
    records = list(evtx.PyEvtxParser(io.BytesIO(log_of(30)), validate_checksums=True).records_json())
    assert [record["event_record_id"] for record in records if record] == list(range(1, 31))


def test_a_whole_file() -> None:
    events, faults, cut = imported(log_of(30))
    assert (users(events), faults, cut) == (WHOLE, 0, False)
    assert {event["event.action"] for event in events} == {"logon-failed"}
    assert {event["winlog.event_id"] for event in events} == {4625}
    assert {event["source.ip"] for event in events} == {"192.0.2.9"}


def broken(at: int, new: bytes) -> bytes:
    data = bytearray(log_of(30))
    data[at : at + len(new)] = new
    return bytes(data)


SECOND = HEADER_BYTES + CHUNK_BYTES


def test_a_broken_chunk_header_costs_its_chunk_only() -> None:
    events, faults, cut = imported(broken(SECOND, b"XXXXXXXX"))
    assert (users(events), cut) == (WHOLE[:10] + WHOLE[20:], False)
    assert faults == 1


@pytest.mark.parametrize(
    "new",
    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x05\0\0\0"],
    ids=["endless", "none", "too short"],
)
def test_a_broken_record_size_costs_no_other_chunk(new: bytes) -> None:
    third_record = log_of(30).find(b"**\0\0", log_of(30).find(b"**\0\0", SECOND + 513) + 4)
    events, faults, _ = imported(broken(third_record + 4, new))
    assert users(events)[:12] == WHOLE[:12]
    assert users(events)[-10:] == WHOLE[20:]
    assert faults >= 1


def test_a_broken_text_length_is_one_fault() -> None:
    data = log_of(30)
    value = data.find("教师15".encode("utf-16-le"))
    events, faults, _ = imported(broken(value - 2, b"\xff\xff"))
    assert set(WHOLE) - set(users(events)) <= set(WHOLE[10:20])
    assert "教师15" not in users(events)
    assert faults >= 1


@pytest.mark.parametrize("kept", [HEADER_BYTES + 1, SECOND + 700, SECOND + CHUNK_BYTES + 100])
def test_a_truncated_file_gives_what_is_whole_and_says_so(kept: int) -> None:
    events, _, cut = imported(log_of(30)[:kept])
    whole_chunks = (kept - HEADER_BYTES) // CHUNK_BYTES
    assert cut
    assert users(events)[: 10 * whole_chunks] == WHOLE[: 10 * whole_chunks]


def test_space_without_chunks_is_no_fault() -> None:
    events, faults, cut = imported(log_of(10) + bytes(CHUNK_BYTES))
    assert (users(events), faults, cut) == (WHOLE[:10], 0, False)


@settings(max_examples=40, deadline=None, derandomize=True)  # damage found anew could make the library loop
@given(at=st.integers(512, 3_000), new=st.binary(min_size=1, max_size=6))
def test_any_damage_in_one_chunk_leaves_the_others(at: int, new: bytes) -> None:
    events, _, _ = imported(broken(SECOND + at, new))
    found = users([event for event in events if "user.name" in event])
    assert found[:10] == WHOLE[:10]
    assert found[-10:] == WHOLE[20:]


def test_records_keep_their_order() -> None:
    found: Callable[[dict[str, Any]], int] = lambda event: int(event["winlog.record_id"])  # noqa: E731
    events, _, _ = imported(log_of(30))
    assert all(found(before) < found(after) for before, after in pairwise(events))
