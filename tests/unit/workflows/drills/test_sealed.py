"""Sealed drills are read once, and again only when the log is another one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.model.evidence import BlobReference, Entry
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.workflows.drills.sealed import sealed_drills


@dataclass
class _Log:
    """A log in memory; `read` are the numbers of entries that were asked for."""

    name: str = "one"
    lines: list[Entry] = field(default_factory=list)
    read: list[int] = field(default_factory=list)

    def entries(self, first: int = 0, last: int | None = None) -> Iterator[Entry]:
        for entry in self.lines[first : None if last is None else last + 1]:
            self.read.append(entry.seq)
            yield entry

    def other(self, count: int = 1) -> None:
        for _each in range(count):
            self._add("logs.summary/1", {})

    def drill(self, run: str) -> None:
        moment = "2026-11-26T08:00:00.000Z"
        drill = DrillRun(
            run=run,
            scenario="site-loss",
            rehearsed="site_loss",
            content_digest="0" * 64,
            started=moment,
            ended=moment,
            lost_at=moment,
            verdict="passed",
        )
        self._add(DrillRun.kind, drill.model_dump(mode="json"), "f" * 64)

    def _add(self, kind: str, data: dict[str, object], blob: str = "") -> None:
        number = len(self.lines)
        reference = BlobReference(sha256=blob, sm3="", size=1, mime="") if blob else None
        names = dict.fromkeys(("actor", "role", "assurance", "writer", "case", "system"), "")
        entry = Entry(seq=number, t="", kind=kind, blob=reference, prev=f"{self.name} {number}", data=data, **names)
        self.lines.append(entry)


def _runs(log: _Log, state: Path) -> list[tuple[int, str]]:
    return [(each.number, each.drill.run) for each in sealed_drills(log, state)]


def test_an_empty_log_has_none(tmp_path: Path) -> None:
    assert _runs(_Log(), tmp_path) == []


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    log = _Log()
    log.other(3)
    log.drill("a")
    log.other(2)
    assert _runs(log, tmp_path) == [(3, "a")]
    log.read.clear()
    log.drill("b")
    assert _runs(log, tmp_path) == [(3, "a"), (6, "b")]
    assert log.read == [5, 6]
    assert [each.blob for each in sealed_drills(log, tmp_path)] == ["f" * 64, "f" * 64]


def test_another_log_or_a_harmed_file_is_read_from_the_beginning(tmp_path: Path) -> None:
    log = _Log()
    log.drill("a")
    log.other(4)
    assert _runs(log, tmp_path) == [(0, "a")]
    other = _Log(name="two")
    other.other(5)
    other.drill("b")
    assert _runs(other, tmp_path) == [(5, "b")]
    shorter = _Log(name="three")
    assert _runs(shorter, tmp_path) == []
    (tmp_path / "drills.json").write_text("{")
    assert _runs(log, tmp_path) == [(0, "a")]
