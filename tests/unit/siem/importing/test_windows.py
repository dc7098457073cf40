"""EVTX files through the real worker: what can be read is, whatever is wrong with the rest."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.siem.importing.unwrapping import Loss
from sec_ops.siem.importing.windows import WORKER
from sec_ops.transport.worker import Worker
from tests.unit.siem.importing.evtx_files import CHUNK_BYTES, endless_chunk, event_chunk, evtx_file
from tests.unit.siem.importing.support import compressed, import_paths, reasons, zipped
from tests.unit.siem.index.support import MemoryStore


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker([*WORKER[:-1], "1"]) as worker:
        yield worker


def texts(store: MemoryStore) -> list[str]:
    return [json.loads(message)["Event"]["EventData"]["Message"] for message in store.messages]


CHUNKS = [event_chunk(1, ["one", "两个字"]), event_chunk(3, ["three"])]
FILES = {
    "plain.evtx": (evtx_file(CHUNKS), 0),
    "unused.evtx": (evtx_file([CHUNKS[0], bytes(CHUNK_BYTES), CHUNKS[1], bytes(CHUNK_BYTES)]), 0),
    "packed.evtx.gz": (compressed("gz", evtx_file(CHUNKS)), 0),
    "archive.zip": (zipped({"Security.evtx": evtx_file(CHUNKS)}), 0),
    "garbage.evtx": (evtx_file([CHUNKS[0], b"no chunk at all" * 4369 + b"?", CHUNKS[1]]), 1),
    "endless.evtx": (evtx_file([CHUNKS[0], endless_chunk(), CHUNKS[1]]), 1),
    "header.evtx": (b"ElfFile\0" + b"\xff" * 4088 + b"".join(CHUNKS), 0),
}


@pytest.mark.parametrize("name", FILES)
def test_every_event_that_can_be_read_is_taken(tmp_path: Path, worker: Worker, name: str) -> None:
    data, faults = FILES[name]
    (tmp_path / name).write_bytes(data)
    imported, store = import_paths(tmp_path / "logs", tmp_path / name, ask=worker.ask)
    assert texts(store) == ["one", "两个字", "three"]
    assert [each.loss for each in imported.unread] == [Loss.INCOMPLETE] * faults


def test_a_file_that_is_cut_off_keeps_what_came(tmp_path: Path, worker: Worker) -> None:
    (tmp_path / "a.evtx").write_bytes(evtx_file(CHUNKS)[: 4096 + CHUNK_BYTES + 2000])
    (tmp_path / "b.evtx").write_bytes(evtx_file(CHUNKS)[:3000])
    imported, store = import_paths(tmp_path / "logs", *sorted(tmp_path.glob("*.evtx")), ask=worker.ask)
    assert texts(store)[:2] == ["one", "两个字"]
    assert {name: "cut off" in reason for name, reason in reasons(imported).items()} == {"a.evtx": True, "b.evtx": True}


def test_an_import_that_was_killed_goes_on_at_its_chunk(
    tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sec_ops.siem.importing.intake._BATCH_BYTES", 1)
    (tmp_path / "a.evtx").write_bytes(evtx_file([event_chunk(number, [str(number)]) for number in range(1, 6)]))
    asked = 0

    def dying(chunk: bytes) -> bytes | None:
        nonlocal asked
        asked += 1
        if asked == 4:
            raise KeyboardInterrupt
        return worker.ask(chunk)

    store = MemoryStore()
    with pytest.raises(KeyboardInterrupt):
        import_paths(tmp_path / "logs", tmp_path / "a.evtx", ask=dying, store=store)
    imported, _ = import_paths(tmp_path / "logs", tmp_path / "a.evtx", ask=worker.ask, store=store)
    assert texts(store) == ["1", "2", "3", "4", "5"]
    assert imported.records == 3


def test_a_worker_that_dies_is_started_anew() -> None:
    with Worker(["/bin/sh", "-c", "exit 3"]) as worker:
        assert [worker.ask(b"x") for _ in range(3)] == [None] * 3
