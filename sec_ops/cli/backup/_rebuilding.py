"""`backup status --rebuild`: the record made anew, from the evidence and every repository that can be read."""

from collections import defaultdict

from sec_ops.backup.overview.refreshing import refresh
from sec_ops.backup.record.rebuilding import arrivals_in, attempts_in, merged, set_aside
from sec_ops.backup.record.record import open_record
from sec_ops.backup.record.values import Arrival
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._repositories import named_repositories, opened
from sec_ops.cli.output import note
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock

__all__ = ["rebuild_record"]


def rebuild_record(room: Room) -> None:
    """Make the record anew; one that is sound gains what it lacks. A damaged one is kept beside it."""
    assert room.site is not None  # noqa: S101 - the example has no record
    aside = set_aside(room.site, SystemClock().now())
    if aside is not None:
        note(message("the damaged record is kept as {path}", path=aside))
    with evidence_of(room.site) as log:
        entries = [each for each in log.entries() if each.kind.startswith("backup.run/")]
    told: defaultdict[str, dict[str, Arrival]] = defaultdict(dict)
    for each in arrivals_in(entries):
        told[each.repository][each.snapshot] = each
    with open_record(room.site) as record:
        for attempt in attempts_in(entries):
            record.remember(attempt)
        for result in refresh(
            opened(room.site, named_repositories(room.site, [])),
            record,
            lambda _refreshed: None,
            order=lambda name, arrivals: merged(arrivals, told[name], record.now_ms),
        ):
            if result.judged.good:
                note(
                    message(
                        "{repository}: {count} snapshots", repository=result.repository, count=len(result.listed.new)
                    )
                )
            else:
                note(message("{repository}: {what}", repository=result.repository, what=result.judged.what))
                record.arrive(list(told[result.repository].values()))
