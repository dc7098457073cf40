"""A lost or damaged record made anew: what evidence says of runs and copies, and what the repositories hold.

A snapshot's place among the others is that of its evidence; where there is none it is what the snapshot claims, and
marked so.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.record import DATABASE
from sec_ops.backup.record.values import Arrival, Attempt, Counts, Ending, Ordered, SourceResult, State, Verb
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.evidence import Entry
from sec_ops.model.evidence_backup_copies import BackupCopy
from sec_ops.model.evidence_backup_run import BackupRun, RunSource
from sec_ops.model.messages import Message, message
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import storage_error
from sec_ops.runtime.site import Site

__all__ = ["arrivals_in", "copies_in", "merged", "runs_in", "set_aside"]


def set_aside(site: Site, now: datetime) -> Path | None:
    """Move a damaged record out of the way and return where to; None when it is sound or there is none."""
    path = site.var / DATABASE
    if not path.exists() or _sound(path):
        return None
    aside = path.with_name(f"{path.name}.damaged-{utc_text(now)[:19].replace(':', '')}")
    try:
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.rename(aside)
    except OSError as error:
        raise storage_error(path, error) from error
    return aside


def runs_in(entries: Iterable[Entry]) -> Iterator[Attempt]:
    """Return the runs that evidence tells of, oldest first."""
    for entry, run in _runs(entries):
        what = message("told by the evidence entry {number}", number=entry.seq)
        counts = sum((_counts(each) for each in run.sources), Counts())
        judged = Judged(verdict=Verdict(run.verdict), what=what)
        yield Attempt(
            id=0,
            verb=Verb.RUN,
            system=run.system,
            repository=run.repository,
            run=run.run,
            holder="",
            started_ms=_ms(run.started),
            ended_ms=_ms(entry.t),
            state=State.ENDED,
            ending=Ending(
                judged=judged,
                snapshots=sum(len(each.parts) for each in run.sources),
                counts=counts,
                sources=[_source(each, what) for each in run.sources],
                evidence=entry.seq,
            ),
        )


def arrivals_in(entries: Iterable[Entry]) -> Iterator[Arrival]:
    """Return the snapshots that evidence tells of, in the order it was sealed."""
    for entry, run in _runs(entries):
        came = Arrival(
            repository=run.repository,
            snapshot="",
            host="",
            claimed_ms=_ms(run.started),
            first_seen_ms=_ms(entry.t),
            run=run.run,
            system=run.system,
            ordered=Ordered.EVIDENCE,
        )
        for source in run.sources:
            moments = {"taken_at_ms": _perhaps(source.taken_at), "heartbeat_ms": _perhaps(source.heartbeat)}
            for part in source.parts:
                if part.snapshot:
                    named = {"snapshot": part.snapshot, "host": source.host, "source": source.source, "part": part.part}
                    yield replace(came, **named, **moments)  # type: ignore[arg-type]
        if run.manifest:
            yield replace(came, snapshot=run.manifest, part=MANIFEST, verdict=run.verdict)


def copies_in(entries: Iterable[Entry]) -> Iterator[Arrival]:
    """Return the copies that evidence tells of, in the order it was sealed; of them it is known that they came."""
    for entry in entries:
        if entry.kind != BackupCopy.kind:
            continue
        copy = BackupCopy.model_validate(dict(entry.data))
        for each in copy.copied:
            yield Arrival(
                repository=copy.target,
                snapshot=each.copied,
                original=each.original,
                host="",
                claimed_ms=_ms(entry.t),
                first_seen_ms=_ms(entry.t),
                run=each.run,
                system=copy.system,
                source=each.source,
                part=each.part,
                ordered=Ordered.EVIDENCE,
            )


def merged(listed: Sequence[Arrival], told: Mapping[str, Arrival], now_ms: int) -> tuple[Arrival, ...]:
    """Return a repository's listing in the best known order; `told` is what evidence says of it, in its order.

    What one entry tells stays as it was sealed: a manifest is begun before the parts it proves, and comes after them.
    """
    both = [_merged(each, told.get(each.snapshot), now_ms) for each in listed]
    sealed = {snapshot: place for place, snapshot in enumerate(told)}
    return tuple(sorted(both, key=lambda each: (each.first_seen_ms, sealed.get(each.snapshot, -1))))


def _merged(listed: Arrival, told: Arrival | None, now_ms: int) -> Arrival:
    if told is None:
        return replace(listed, first_seen_ms=min(listed.claimed_ms, now_ms), ordered=Ordered.CLAIMED)
    return replace(
        listed,
        first_seen_ms=told.first_seen_ms,
        ordered=Ordered.EVIDENCE,
        taken_at_ms=told.taken_at_ms,
        heartbeat_ms=told.heartbeat_ms,
    )


def _runs(entries: Iterable[Entry]) -> Iterator[tuple[Entry, BackupRun]]:
    return ((each, BackupRun.model_validate(dict(each.data))) for each in entries if each.kind == BackupRun.kind)


def _source(source: RunSource, what: Message) -> SourceResult:
    return SourceResult(
        source=source.source,
        judged=Judged(verdict=Verdict(source.verdict), what=what),
        taken_at_ms=_perhaps(source.taken_at),
        heartbeat_ms=_perhaps(source.heartbeat),
    )


def _counts(source: RunSource) -> Counts:
    return sum(
        (
            Counts(
                bytes_read=each.bytes_read,
                bytes_packed=each.bytes_packed,
                files_new=each.files_new,
                files_changed=each.files_changed,
                files_unmodified=each.files_unmodified,
            )
            for each in source.parts
        ),
        Counts(),
    )


def _sound(path: Path) -> bool:
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return False


def _ms(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text).astimezone(UTC))


def _perhaps(text: str) -> int | None:
    return _ms(text) if text else None
