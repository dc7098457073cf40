"""One process at work in an event store: `python -m tests.integration.event_store_worker ROLE FOLDER STREAM`.

A writer tells each sequence on stdout once it is stored; every batch has as many events as `size_of` says.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sec_ops.model.errors import StorageError
from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, TIME, Row
from sec_ops.siem.query.tree import Match
from sec_ops.siem.storing import Commit, Request
from tests.contract.event_stores import TYPES, rows

SECONDS = 6.0


def size_of(sequence: int) -> int:
    """Return how many events a batch has."""
    return 20 + sequence % 7 * 30


def batch(stream: str, sequence: int, padding: int = 0) -> list[Row]:
    """Return the events of a batch: two datasets, four days, a field of its own now and then."""
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    day = int(timedelta(days=1) / timedelta(microseconds=1))
    return rows(
        [
            {
                TIME: now - (n % 4) * day,
                "event.ingested": now,
                DATASET: f"set{n % 2}",
                "batch": f"{stream}/{sequence}",
                f"field.{sequence % 50}": str(n),
                "message": "x" * padding,
            }
            for n in range(size_of(sequence))
        ],
        stream=stream,
        sequence=sequence,
    )


def write(store: EmbeddedStore, stream: str) -> None:
    """Append batch after batch, merge now and then."""
    known = store.committed().get(stream)
    sequence = known.sequence if known else 0
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        sequence += 1
        store.append(
            batch(stream, sequence), Commit(stream=stream, sequence=sequence, pending={"held": b"%d" % sequence})
        )
        print(sequence, flush=True)
        if sequence % 5 == 0:
            store.maintain()


def read(store: EmbeddedStore, _stream: str) -> None:
    """Look again and again: counts never fall, a batch is there as a whole or not at all."""
    until = time.monotonic() + SECONDS
    most = 0
    while time.monotonic() < until:
        count = store.count(Request())
        assert count >= most, (count, most)
        most = count
        for each in store.top(Request(limit=5), "batch"):
            stream, _slash, sequence = str(each.key).partition("/")
            asked = Request(query=Match("batch", (f"{stream}/{sequence}",)), limit=None)
            assert len(list(store.search(asked))) == each.count == size_of(int(sequence)), each
    print(most, flush=True)


def merge(store: EmbeddedStore, _stream: str) -> None:
    """Merge and sweep again and again."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        store.maintain()
        time.sleep(0.05)


def fill(store: EmbeddedStore, stream: str) -> None:
    """Append until the disk is full, then make room and go on."""
    ballast = store._layout.manifest.parent / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    sequence = 0
    refused: StorageError | None = None
    while refused is None and sequence < 2_000:
        sequence += 1
        try:
            store.append(batch(stream, sequence, padding=sequence), Commit(stream=stream, sequence=sequence))
        except StorageError as error:
            refused = error
    assert refused
    assert refused.advice
    assert store.committed()[stream].sequence == sequence - 1
    expected = sum(size_of(each) for each in range(1, sequence))
    assert store.count(Request(query=Match("batch", (f"{stream}/1",)))) == size_of(1)
    assert store.count(Request()) == expected == len(list(store.search(Request(limit=None, fields=("batch",)))))
    ballast.unlink()
    store.append(batch(stream, sequence), Commit(stream=stream, sequence=sequence))
    assert store.count(Request()) == expected + size_of(sequence)
    print("survived", flush=True)


def main() -> None:
    """Do one role."""
    role, folder, stream = sys.argv[1:]
    store = EmbeddedStore(Path(folder), types=TYPES, clock=SystemClock())
    print("open", flush=True)
    {"write": write, "read": read, "merge": merge, "fill": fill}[role](store, stream)


if __name__ == "__main__":
    main()
