"""Files as events: known JSON as it is, all else through the parsers; what can't be read is counted, never lost."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sec_ops.content.library import Library
from sec_ops.runtime.archives.finding import find
from sec_ops.siem.importing.windows import WORKER
from sec_ops.siem.parse.loading import load_understanding
from sec_ops.transport.worker import Worker
from sec_ops.workflows.reading_events import Batch, EventReader, Means
from tests.evtx_files import event_log, security_event

NOW_MS = 1_795_600_000_000
SSHD = b"Nov 26 03:00:01 web-1 sshd[71]: Failed password for root from 203.0.113.7 port 4022 ssh2\n"
FLAT = {"EventID": 1, "Channel": "Security", "Computer": "pc-1", "SystemTime": "2026-11-20T01:02:03Z"}


def known(document: Mapping[str, Any]) -> bool:
    return "EventID" in document or "Event" in document


@pytest.fixture(scope="module")
def reader() -> Iterator[Callable[[], EventReader]]:
    understand = load_understanding(Library.open(None))
    with Worker(WORKER) as worker:
        means = Means(understand=understand, knows=known, ask=worker.ask, received_ms=NOW_MS)
        yield lambda: EventReader(means, progress=lambda _name, _events: None)


def read(reader: EventReader, *paths: Path) -> list[Batch]:
    return [batch for found in find(paths) for batch in reader.file(found)]


def lines(*documents: object) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in documents)


def pairs(batches: list[Batch]) -> list[tuple[int, Mapping[str, Any]]]:
    return [pair for batch in batches for pair in zip(batch.numbers, batch.events, strict=True)]


def test_known_json_is_handed_on_as_it_is(reader: Callable[[], EventReader], tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(lines(FLAT, {**FLAT, "EventID": 2}))
    ours = reader()
    assert pairs(read(ours, tmp_path)) == [(1, FLAT), (2, {**FLAT, "EventID": 2})]
    assert (ours.reading.files, ours.reading.events, ours.reading.unparsed) == (1, 2, 0)


def test_broken_lines_among_known_json_are_counted(reader: Callable[[], EventReader], tmp_path: Path):
    data = lines(FLAT) + b'\n{"EventID": 2,\n[1]\n' + lines({**FLAT, "EventID": 4})
    (tmp_path / "a.jsonl").write_bytes(data)
    ours = reader()
    found = pairs(read(ours, tmp_path))
    assert [(number, event) for number, event in found if "EventID" in event] == [
        (1, FLAT),
        (5, {**FLAT, "EventID": 4}),
    ]
    assert (ours.reading.events, ours.reading.unparsed) == (4, 2)


@pytest.mark.parametrize("wrap", ["plain", "gz", "zip", "tar"])
def test_text_goes_through_the_parsers_whatever_it_is_wrapped_in(
    reader: Callable[[], EventReader], tmp_path: Path, wrap: str
):
    path = tmp_path / f"auth.log.{wrap}"
    path.write_bytes(wrapped(SSHD * 2, wrap))
    found = pairs(read(reader(), path))
    assert [number for number, _event in found] == [1, 2]
    assert {event["event.dataset"] for _number, event in found} == {"sshd"}
    assert {event["source.ip"] for _number, event in found} == {"203.0.113.7"}


def wrapped(data: bytes, wrap: str) -> bytes:
    buffer = io.BytesIO()
    if wrap == "gz":
        return gzip.compress(data)
    if wrap == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("var/log/auth.log", data)
        return buffer.getvalue()
    if wrap == "tar":
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            member = tarfile.TarInfo("var/log/auth.log")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        return buffer.getvalue()
    return data


def test_records_of_evtx_files_are_handed_on_as_they_are(reader: Callable[[], EventReader], tmp_path: Path):
    event = security_event(4625, {"TargetUserName": "admin"}, time="2026-11-20T01:02:03.000000Z")
    (tmp_path / "a.evtx").write_bytes(event_log([event, event]))
    ours = reader()
    found = pairs(read(ours, tmp_path))
    assert [number for number, _ in found] == [1, 2]
    assert [each["Event"]["EventData"]["TargetUserName"] for _, each in found] == ["admin", "admin"]
    assert ours.reading.unread == []


def test_json_of_no_known_shape_says_which_names_it_has(reader: Callable[[], EventReader], tmp_path: Path):
    (tmp_path / "odd.jsonl").write_bytes(lines(*[{"evt": {"id": 4625}, "who": "admin"}] * 3))
    (tmp_path / "good.jsonl").write_bytes(lines(FLAT))
    ours = reader()
    read(ours, tmp_path)
    (strange,) = ours.reading.strange.values()
    assert (Path(strange.name).name, strange.keys, strange.count) == ("odd.jsonl", ("evt", "who"), 3)


def test_what_is_no_json_for_detection_but_a_log_to_its_parser_is_not_strange(
    reader: Callable[[], EventReader], tmp_path: Path
):
    record = {"__REALTIME_TIMESTAMP": "1795600000000000", "MESSAGE": "x", "SYSLOG_IDENTIFIER": "sshd", "_PID": "7"}
    (tmp_path / "journal.json").write_bytes(lines(record))
    ours = reader()
    assert len(pairs(read(ours, tmp_path))) == 1
    assert not ours.reading.strange


def test_one_bad_file_among_many_is_left_out_and_named(reader: Callable[[], EventReader], tmp_path: Path):
    for number in range(30):
        (tmp_path / f"{number:02}.jsonl").write_bytes(lines(FLAT))
    (tmp_path / "13.jsonl").write_bytes(gzip.compress(lines(FLAT) * 50)[:60])
    (tmp_path / "17.evtx").write_bytes(event_log([security_event(1, {}, time="2026-11-20T01:02:03Z")])[:5000])
    ours = reader()
    whole = [batch for batch in read(ours, tmp_path) if Path(batch.name).name not in ("13.jsonl", "17.evtx")]
    assert len(pairs(whole)) == 29
    assert {Path(each.name).name for each in ours.reading.unread} == {"13.jsonl", "17.evtx"}


def test_a_pipe_is_read_once(reader: Callable[[], EventReader]):
    batches = list(reader().stream(io.BytesIO(SSHD), "-"))
    assert [event["user.name"] for _number, event in pairs(batches)] == ["root"]
