"""`logs status` put together: what is read, what is shown, what is sealed."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sec_ops.cli.logs._detection_shown import detection_lines
from sec_ops.cli.logs._store import fault_text, fields_of, open_store
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.table import table
from sec_ops.detection.live.standing import LiveStanding, read_standing
from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.loading import load_inventory
from sec_ops.inventory.log_sources import expected_sources
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import LogsSummary
from sec_ops.model.messages import Message, message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import bytes_text, printable
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site
from sec_ops.siem.collect.outcome import read_notes
from sec_ops.siem.collect.words import fault_text as trouble_text
from sec_ops.siem.collect.words import gap_text
from sec_ops.siem.embedded.health import damage_text, damage_told
from sec_ops.siem.listen.state import ListenerState, read_states
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.raw.sealing import seal_raw
from sec_ops.siem.status.standing import Known, SourceStanding, Standing, State, by_key, standing_of
from sec_ops.siem.status.summary import source_document, summary_of
from sec_ops.siem.storing import Commit, DatasetDay, StoreFaults
from sec_ops.transport.process import run_program

__all__ = ["show_status"]

_DAY_US = 86_400_000_000
_LETTERS = "dead-letters.jsonl"
_FILES_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """Everything that was read, at one moment."""

    standing: Standing
    days: Sequence[DatasetDay]
    streams: Mapping[str, tuple[int, str]]
    committed: Mapping[str, Commit]
    listeners: Sequence[ListenerState]
    raw_bytes: int
    dead_letters: int
    detection: LiveStanding | None
    overflowing: Sequence[str]
    faults: StoreFaults


def show_status(site: Site, *, system: str, hosts: str, seal: bool) -> Iterable[Outcome]:
    """Show how the sources stand; with `seal` the summary of all of them is sealed. Raises UsageError."""
    inventory = load_inventory(site.root, run_program, cache=site.state / "inventory")
    if system and system not in inventory.systems:
        advice = message("systems of the inventory: {names}", names=", ".join(sorted(inventory.systems)) or "-")
        raise UsageError(message("the inventory has no key system {name}", name=system), advice=advice)
    read = _read(site, inventory)
    if seal:
        _refuse_damage(site, read.faults)
    entry = _seal(site, read) if seal else None
    shown = replace(read, standing=_narrowed(read.standing, inventory, system, hosts))
    outcomes = [Outcome.INCOMPLETE] if shown.standing.wanting or read.faults else []
    document = _document(site, shown, entry)
    emit("sec-ops/logs-status", document, outcomes=outcomes, text=lambda: "\n".join(_text(shown, document)))
    return outcomes


def _read(site: Site, inventory: Inventory) -> _Read:
    clock = SystemClock()
    now_us = int(clock.now().timestamp() * 1_000_000)
    with open_store(site, fields_of(site)) as store, RawLog.open(site.logs, clock=clock) as raw:
        known = Known(
            facts=store.sources(0, now_us + _DAY_US),
            today=by_key(store.sources(now_us - _DAY_US, now_us + _DAY_US)),
            positions=raw.positions(),
            notes=read_notes(site.state),
        )
        return _Read(
            standing=standing_of(expected_sources(inventory), known, now_us),
            days=store.days(),
            streams={name: (state.sequence, state.head.hex()) for name, state in raw.streams().items()},
            committed=store.committed(),
            listeners=read_states(site.state),
            raw_bytes=_size_below(site.logs / "raw"),
            dead_letters=_lines_of(site.logs / _LETTERS),
            detection=read_standing(site.state),
            overflowing=store.overflowing(),
            faults=store.faults(),
        )


def _narrowed(standing: Standing, inventory: Inventory, system: str, hosts: str) -> Standing:
    if not system and not hosts:
        return standing
    wanted = {host.name for host in inventory.select(hosts)} if hosts else None
    expected = tuple(
        each for each in standing.expected if system in ("", each.system) and (wanted is None or each.host in wanted)
    )
    return replace(standing, expected=expected, unexpected=())


def _refuse_damage(site: Site, faults: StoreFaults) -> None:
    """Raise StorageError when facts are lacking that can be had again: their sources would be sealed as silent."""
    if faults.files:
        path = site.logs / "events" / faults.files[0]
        raise damage_told(path, message("the summary is not sealed: {reason}", reason=damage_text(faults.files)))


def _seal(site: Site, read: _Read) -> int:
    """Seal the raw log's chains, then the summary with every source in its blob; return the entry's number."""
    settings = load_configuration(site).logs
    summary = summary_of(read.standing, read.days, settings, read.streams)
    standing = read.standing
    listed = {
        "expected": [source_document(each, standing.now_us) for each in standing.expected],
        "unexpected": [source_document(each, standing.now_us) for each in standing.unexpected],
    }
    with evidence_of(site) as log:
        seal_raw(site.logs, log)
        data = summary.model_dump(mode="json")
        return log.append(LogsSummary.kind, data, blob=canonical_json(listed), media_type="application/json")


def _document(site: Site, read: _Read, entry: int | None) -> dict[str, Any]:
    standing, settings = read.standing, load_configuration(site).logs
    return {
        "expected": [source_document(each, standing.now_us) for each in standing.expected],
        "unexpected": [source_document(each, standing.now_us) for each in standing.unexpected],
        "kept": {
            "oldest_day": min((each.day for each in read.days), default=None),
            "events": sum(each.events for each in read.days),
            "store_bytes": sum(each.bytes for each in read.days),
            "raw_bytes": read.raw_bytes,
            "retention_days": settings.retention_days,
            "retention_reason": settings.retention_reason,
        },
        "indexing": [
            {"stream": name, "batches": last, "behind": last - _committed(read, name)}
            for name, (last, _head) in read.streams.items()
        ],
        "dead_letters": read.dead_letters,
        "overflowing": list(read.overflowing),
        "damaged": {"files": list(read.faults.files), "events_lacking": read.faults.lacking},
        "detection": read.detection.document() if read.detection else None,
        "listeners": [each.document() for each in read.listeners],
        "entry": entry,
    }


def _committed(read: _Read, stream: str) -> int:
    commit = read.committed.get(stream)
    return commit.sequence if commit else 0


_WORDS: Mapping[State, Message] = {
    State.ARRIVING: message("arriving"),
    State.STALE: message("stale"),
    State.SILENT: message("silent"),
    State.MISSING: message("missing"),
}


def _text(read: _Read, document: Mapping[str, Any]) -> Iterator[str]:
    standing = read.standing
    head = [
        _("source"),
        _("state"),
        _("last received (UTC)"),
        _("oldest"),
        _("per hour"),
        _("not understood"),
        _("gaps"),
    ]
    if standing.expected:
        yield table(head, [_row(each, standing.now_us) for each in standing.expected])
    else:
        yield _("the inventory expects no logs; add log_sources to inventory/systems/*.yml")
    if standing.unexpected:
        yield ""
        yield _("arriving, and not in the inventory:")
        yield table(head, [_row(each, standing.now_us) for each in standing.unexpected])
    yield ""
    yield from _remarks(standing)
    yield from _keeping(read, document)


def _row(each: SourceStanding, now_us: int) -> list[str]:
    document = source_document(each, now_us)
    share = f"{document['unparsed_permille'] / 10:g} %" if each.events_day else "-"
    return [
        each.name,
        render(_WORDS[each.state]),
        (document["last_received"] or "-")[:16].replace("T", " "),
        (document["oldest"] or "-")[:10],
        str(document["events_per_hour"]),
        share,
        str(each.gaps),
    ]


def _remarks(standing: Standing) -> Iterator[str]:
    for each in (*standing.expected, *standing.unexpected):
        if each.trouble:
            yield f"{each.name}: {render(trouble_text(each.trouble))}"
        if each.last_gap:
            yield f"{each.name}: {render(gap_text(each.last_gap.kind))}"
        if each.clock_offset_ms is not None and abs(each.clock_offset_ms) > _SKEW_MS:
            text = message("its clock differs from ours by {seconds} s", seconds=each.clock_offset_ms // 1000)
            yield f"{each.name}: {render(text)}"


_SKEW_MS = 5_000


def _keeping(read: _Read, document: Mapping[str, Any]) -> Iterator[str]:
    kept = document["kept"]
    yield _("kept: {events} events since {day}, {store} of events, {raw} of raw records; retention {days} days").format(
        events=kept["events"],
        day=kept["oldest_day"] or "-",
        store=bytes_text(kept["store_bytes"]),
        raw=bytes_text(kept["raw_bytes"]),
        days=kept["retention_days"],
    )
    if read.faults:
        yield render(fault_text(read.faults))
    for path in read.faults.files[:_FILES_SHOWN]:
        yield f"  {printable(path)}"
    behind = sum(each["behind"] for each in document["indexing"])
    if behind:
        yield _("not indexed yet: {count} batches").format(count=behind)
    if read.dead_letters:
        yield _("refused by the store, kept as dead letters: {count}").format(count=read.dead_letters)
    if read.overflowing:
        names = printable(", ".join(read.overflowing))
        yield _("too many different fields, some are searched more slowly: {datasets}").format(datasets=names)
    for listener in read.listeners:
        dropped = listener.counts.get("dropped", 0)
        if dropped:
            yield _("listener {name}: {count} datagrams dropped").format(name=listener.id, count=dropped)
    yield from detection_lines(read.detection, read.standing.now_us // 1000)
    if document["entry"] is not None:
        yield _("sealed as entry {number}").format(number=document["entry"])


def _size_below(folder: Path) -> int:
    total = 0
    for root, _folders, files in os.walk(folder):
        for name in files:
            try:
                total += Path(root, name).stat().st_size
            except FileNotFoundError:
                continue
    return total


def _lines_of(path: Path) -> int:
    try:
        with path.open("rb") as stream:
            return sum(1 for line in stream if line.strip())
    except FileNotFoundError:
        return 0
