"""A site's logs: samples of parsers of every kind, taken in through the raw log as a listener would."""

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sec_ops.content.library import Library
from sec_ops.evidence.log import EvidenceLog, init_log, open_evidence
from sec_ops.model.evidence_rebuilt import LogsRebuilt
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import RECORD, FieldTypes
from sec_ops.siem.index.stream import IndexLimits, StreamIndex
from sec_ops.siem.parse.loading import field_types, load_understanding
from sec_ops.siem.raw.log import Limits, RawLog
from sec_ops.siem.raw.sealing import seal_raw
from sec_ops.siem.rebuilding.rebuilding import Rebuilder, Rebuilt
from sec_ops.siem.rebuilding.sealed import read_sealed
from sec_ops.siem.records import Origin, RawBatch, Transport
from sec_ops.siem.storing import Request
from sec_ops.siem.understanding import Understand
from sec_ops.transport.process import run_program
from tests.unit.siem.raw.support import SetClock

SAMPLES = Path(__file__).parents[4] / "rules" / "parsers"
PARSERS = (
    "sshd",
    "auditd",
    "tomcat-catalina",
    "apt-history",
    "iis",
    "postgresql",
    "windows-event-flat",
    "nginx-access",
)
LINES = 3


@cache
def shipped() -> tuple[FieldTypes, Understand]:
    """Return the shipped field catalogue and parsers."""
    library = Library.open(None)
    return field_types(library), load_understanding(library, "Asia/Shanghai")


@dataclass(slots=True)
class Logs:
    """`folder` is `var/logs/`; `clock` stands after everything was taken."""

    folder: Path
    evidence: Path
    clock: SetClock

    @contextmanager
    def store(self) -> Iterator[EmbeddedStore]:
        with closing(EmbeddedStore(self.folder, types=shipped()[0], clock=self.clock)) as store:
            yield store

    @contextmanager
    def log(self) -> Iterator[EvidenceLog]:
        with open_evidence(
            self.evidence, clock=self.clock, randomness=secrets.token_bytes, run_program=run_program
        ) as log:
            yield log

    def events(self) -> list[dict[str, Any]]:
        """Return every event, whole, by its place."""
        with self.store() as store:
            return sorted(store.search(Request(limit=None)), key=lambda event: str(event[RECORD]))

    def files(self) -> list[Path]:
        return sorted((self.folder / "events").glob("*/*/*.parquet"))

    def rebuilder(self, rows: int = 40) -> Rebuilder:
        with self.log() as log:
            sealed = read_sealed(log.entries())
        types, understand = shipped()
        return Rebuilder(
            folder=self.folder,
            types=types,
            understand=understand,
            clock=self.clock,
            sealed=sealed,
            tell=lambda _stream: None,
            limits=IndexLimits(rows=rows),
        )

    def rebuild(self, rows: int = 40) -> Rebuilt:
        return self.rebuilder(rows).rebuild(self.seal)

    def seal(self, rebuilt: Rebuilt) -> None:
        data = LogsRebuilt(manifest_lost=rebuilt.manifest_lost, files=len(rebuilt.files))
        with self.log() as log:
            log.append(LogsRebuilt.kind, data.model_dump(mode="json"))


def taken_in(folder: Path) -> Logs:
    """Return logs of the samples, in rounds of three lines of each source; all fall silent now and then."""
    logs = Logs(folder / "logs", folder / "evidence", SetClock())
    init_log(
        logs.evidence, origin="test.example", clock=logs.clock, randomness=secrets.token_bytes, run_program=run_program
    )
    types, understand = shipped()
    with (
        closing(EmbeddedStore(logs.folder, types=types, clock=logs.clock)) as store,
        RawLog.open(logs.folder, clock=logs.clock, limits=Limits(record_bytes=4_000)) as raw,
    ):
        index = StreamIndex(raw.stream(), store, understand, logs.clock, IndexLimits(rows=60))
        for number, batch in enumerate(_batches(logs.clock)):
            appended = raw.append(batch)
            assert appended.place
            index.tick()
            index.feed(appended.place, appended.batch)
            logs.clock.moment += timedelta(seconds=20 if number % 11 == 0 else 0.01)
        index.commit()
    with logs.log() as log:
        seal_raw(logs.folder, log)
    return logs


def _batches(clock: SetClock) -> Iterator[RawBatch]:
    """Yield lines of all samples, over two days of receipt."""
    samples = [path for parser in PARSERS for path in sorted(SAMPLES.glob(f"{parser}/samples/*"))]
    lines = {path: path.read_bytes().splitlines() for path in samples}
    for first in range(0, max(map(len, lines.values())), LINES):
        if first == 2 * LINES:
            clock.moment += timedelta(days=1)
        for path, own in lines.items():
            name = f"host:{path.parent.parent.name}/{path.name}"
            origin = Origin(source=name, transport=Transport.PULL, host="host", path=f"/var/log/{path.name}")
            if records := tuple(own[first : first + LINES]):
                yield RawBatch(origin=origin, received_ms=int(clock.now().timestamp() * 1000), records=records)


def twice(events: list[dict[str, Any]]) -> list[str]:
    """Return the places that more than one event has."""
    return [place for place, count in Counter(str(event[RECORD]) for event in events).items() if count > 1]
