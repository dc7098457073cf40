"""Rooms and doors of `backup status`, put together."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sec_ops.backup.overview.gathering import Overview, statuses
from sec_ops.backup.overview.metrics import metrics_text
from sec_ops.backup.overview.problems import judged_problem
from sec_ops.backup.overview.summary import Standing, summary_of
from sec_ops.backup.overview.values import Problem, SystemStatus
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.record import Record, open_record
from sec_ops.cli.backup._drilled import last_drills
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._shown_status import problem_document, status_document, status_text
from sec_ops.cli.output import emit, note
from sec_ops.cli.sealing import evidence_of
from sec_ops.content.model_faults import did_you_mean
from sec_ops.drill.judging.summary import seal_summary
from sec_ops.inventory.loading import load_inventory
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence_backup_summary import BackupSummary
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.files import make_folder, write_atomically
from sec_ops.transport.process import run_program

__all__ = ["gathered", "refreshed", "show_status", "write_metrics"]

_READABLE = 0o644


def show_status(room: Room, names: Sequence[str], *, refreshing: bool, sealing: bool = False) -> Iterable[Outcome]:
    """Show systems, all unless some are named; the exit code is the worst of their problems."""
    assert room.site is not None  # noqa: S101 - the example is never run
    with open_record(room.site) as record:
        if record.new and any(each.enabled for each in room.planned.plans.values()):
            note(message("nothing is recorded yet; if there was a record: sec-ops backup status --rebuild"))
        record.settle()
        unread = refreshed(room, record) if refreshing else ()
        all_ = gathered(room, record)
    write_metrics(room, all_)
    if sealing:
        _seal(room, all_)
    known = {each.system: each for each in all_}
    for name in names:
        if name not in known:
            what = message("no plan is of the system {system}", system=name)
            raise UsageError(what, advice=did_you_mean(name, known) or message("see: sec-ops backup plans"))
    shown = [known[name] for name in dict.fromkeys(names)] or list(all_)
    drilled = last_drills(room, [each.system for each in shown])
    outcomes = {each.outcome for status in shown for each in status.problems} | {each.outcome for each in unread}
    emit(
        "sec-ops/backup-status",
        {
            "systems": [status_document(each, drilled.get(each.system)) for each in shown],
            "repositories": [problem_document(each) for each in unread],
        },
        outcomes=outcomes,
        text=lambda: status_text(shown, unread, room.zone, drilled),
    )
    return outcomes


def _seal(room: Room, all_: Sequence[SystemStatus]) -> None:
    """Seal how backups and drills of all key systems stand, as the evidence and the record have it."""
    assert room.site is not None  # noqa: S101 - the example is never run
    site = room.site
    inventory = load_inventory(site.root, run_program, library=room.library, cache=site.state / "inventory")
    with evidence_of(site) as log:
        summary = summary_of(
            Standing(
                planned=room.planned,
                statuses=all_,
                hosts={name: [host.name for host in inventory.hosts_of(name)] for name in inventory.systems},
                entries=log.entries(),
                now_ms=milliseconds(SystemClock().now()),
            )
        )
        number = log.append(BackupSummary.kind, summary.model_dump(mode="json"))
        drills = seal_summary(log, inventory.systems, SystemClock().now())
    note(message("sealed as entry {number}", number=number))
    note(message("how drills stand: sealed as entry {number}", number=drills))


def gathered(room: Room, record: Record) -> tuple[SystemStatus, ...]:
    """Return the status of every system."""
    overview = Overview(
        planned=room.planned,
        record=record,
        now=SystemClock().now(),
        zone=room.zone,
        place=room.settings.place,
    )
    return statuses(overview)


def refreshed(room: Room, record: Record) -> tuple[Problem, ...]:
    """Ask the repositories this controller looks after; return those that could not be read."""
    from sec_ops.backup.overview.refreshing import refresh
    from sec_ops.cli.backup._repositories import named_repositories, opened
    from sec_ops.cli.progress import Progress

    assert room.site is not None  # noqa: S101 - the example is never run
    used = {name for plan in room.planned.plans.values() if plan.enabled for name in plan.repositories}
    here = room.settings.place
    ours = sorted(name for name in used if here in (None, room.planned.repositories[name].place))
    progress, count = Progress(), iter(range(1, len(ours) + 1))
    found = refresh(
        opened(room.site, named_repositories(room.site, ours) if ours else []),
        record,
        lambda each: progress(each.repository, next(count)),
    )
    progress.clear()
    return tuple(
        judged_problem("repository", each.judged, "", each.repository) for each in found if not each.judged.good
    )


def write_metrics(room: Room, all_: Sequence[SystemStatus]) -> None:
    """Write the file for Prometheus; raises StorageError."""
    assert room.site is not None  # noqa: S101 - the example is never run
    now_ms = round(SystemClock().now().timestamp() * 1000)
    path = room.site.root / Path(room.settings.metrics or "var/backup/backup.prom").expanduser()
    make_folder(path.parent)
    write_atomically(path, metrics_text(all_, now_ms).encode(), mode=_READABLE)
