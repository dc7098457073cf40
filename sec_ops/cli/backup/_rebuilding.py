"""`backup status --rebuild`: the record made anew, from the evidence and every repository that can be read."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sec_ops.backup.overview.refreshing import Refreshed, refresh
from sec_ops.backup.record.rebuilding import arrivals_in, copies_in, merged, runs_in, set_aside
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.remembering import others_in
from sec_ops.backup.record.values import Arrival
from sec_ops.cli.backup._keeping import take_holds
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._repositories import named_repositories, opened
from sec_ops.cli.output import note
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.evidence import Entry
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock

__all__ = ["rebuild_record"]

_Told = defaultdict[str, dict[str, Arrival]]


def rebuild_record(room: Room) -> None:
    """Make the record anew; one that is sound gains what it lacks. A damaged one is kept beside it."""
    assert room.site is not None  # noqa: S101 - the example has no record
    aside = set_aside(room.site, SystemClock().now())
    if aside is not None:
        note(message("the damaged record is kept as {path}", path=aside))
    with evidence_of(room.site) as log:
        entries = [each for each in log.entries() if each.kind.startswith("backup.")]
    with open_record(room.site) as record:
        _remember(record, entries)
        _ask(room, record, _by_repository(arrivals_in(entries)), _by_repository(copies_in(entries)))


def _remember(record: Record, entries: Sequence[Entry]) -> None:
    """Keep what evidence tells of attempts and holds."""
    attempts = sorted((*runs_in(entries), *others_in(entries)), key=lambda each: each.ended_ms or 0)
    record.remember(attempts)
    take_holds(record, entries)


def _ask(room: Room, record: Record, told: _Told, copied: _Told) -> None:
    """Ask every repository what it holds; of one that can't be read there is what evidence says of its runs."""
    assert room.site is not None  # noqa: S101 - the example has no record
    for result in refresh(
        opened(room.site, named_repositories(room.site, [])),
        record,
        lambda _refreshed: None,
        order=lambda name, arrivals: merged(arrivals, told[name] | copied[name], record.now_ms),
    ):
        _tell(result)
        if not result.judged.good:
            record.arrive(list(told[result.repository].values()))


def _tell(result: Refreshed) -> None:
    if result.judged.good:
        note(message("{repository}: {count} snapshots", repository=result.repository, count=len(result.listed.new)))
    else:
        note(message("{repository}: {what}", repository=result.repository, what=result.judged.what))


def _by_repository(arrivals: Iterable[Arrival]) -> _Told:
    told: _Told = defaultdict(dict)
    for each in arrivals:
        told[each.repository][each.snapshot] = each
    return told
