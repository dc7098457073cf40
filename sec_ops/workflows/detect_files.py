"""Detection straight from files: no store, no site needed; with a site, its rules, zone and suppressions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sec_ops.detection.database import Database
from sec_ops.detection.mapping.recognition import recognised
from sec_ops.detection.run.detection import Detection, Setting
from sec_ops.detection.run.findings import Findings
from sec_ops.detection.run.gathering import Span
from sec_ops.detection.sieve.choosing import Path as SievePath
from sec_ops.detection.sieve.choosing import path_of, sieve_for
from sec_ops.runtime.archives.finding import find
from sec_ops.siem.importing.intake import Ask
from sec_ops.siem.understanding import Understand
from sec_ops.workflows.reading_events import Batch, EventReader, Means, Reading

__all__ = ["Files", "FilesJudged", "detect_files"]

STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is read, and by which means: `zone` is for times that name none, empty for the site's.

    `progress` is told which log is read and how many events there were so far.
    """

    paths: Sequence[Path]
    stdin: IO[bytes]
    understand: Understand
    ask: Ask
    zone: str
    progress: Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesJudged:
    """What was read, what was found in it, and which path lines of JSON took."""

    reading: Reading
    findings: Findings
    path: SievePath


def detect_files(files: Files, setting: Setting, span: Span, site: Database | None) -> FilesJudged:
    """Judge all events of the files; alerts are kept in the site's database, too, when it is given.

    Raises UsageError, before anything is read, for a path that isn't there; StorageError.
    """
    with Detection(setting, span) as detection:
        sieve = sieve_for(detection.matcher)
        means = Means(
            understand=files.understand,
            knows=lambda record: recognised(setting.shapes, record) is not None,
            ask=files.ask,
            received_ms=setting.now_ms,
            zone=files.zone,
            sieve=sieve,
        )
        reader = EventReader(means, progress=files.progress)
        for batch in _batches(files, reader):
            detection.judge(batch.events, _records(batch))
            detection.count_elsewhere(batch.quiet)
        return FilesJudged(reading=reader.reading, findings=detection.findings(site), path=path_of(sieve))


def _batches(files: Files, reader: EventReader) -> Iterator[Batch]:
    named = [path for path in files.paths if str(path) != STDIN]
    for found in find(named):
        yield from reader.file(found)
    if len(named) < len(files.paths):
        yield from reader.stream(files.stdin, STDIN)


def _records(batch: Batch) -> Callable[[int], str]:
    return lambda place: f"{batch.name}:{batch.numbers[place]}"
