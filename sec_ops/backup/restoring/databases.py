"""Loading a restored dump into a new database, and counting it as the backup was counted."""

from collections.abc import Collection, Sequence
from pathlib import Path

from sec_ops.backup.proving.manifest import ManifestSource, Table
from sec_ops.backup.restoring.replacing import is_there, refuse_occupied, replaced
from sec_ops.backup.source import Arguments, Facts, Loading, Order, Source, Verifying
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import Message, message
from sec_ops.model.text import printable

__all__ = ["compared_tables", "load_source", "proved_tables"]

_SHOWN = 20
_REDIRECTED = ("sh", "-c", 'exec "$@" < "$0"')
"""Runs a command with the file that is named first as its input."""


def load_source(
    source: Source, order: Order, saved: ManifestSource, root: Path, into: str, *, typed: Collection[str] = ()
) -> Judged:
    """Load the dump below `root` into the new database (or folder) `into`, then count it and compare.

    A database that is there is replaced when it is empty or its name was `typed`. The dump was proved by its digest
    before: what is loaded is what was saved.
    """
    name = order.source.id

    def run(each: Loading) -> str:
        words = (*_REDIRECTED, str(root / each.reads), *each.arguments) if each.reads else each.arguments
        return _run(words, order)

    try:
        if is_there(source, order, into):
            refuse_occupied(source, order, into, typed)
            return replaced(source, order, into, run, lambda found: _counted(name, saved, found))
        commands = source.loading(order, into)
        if not commands:
            return _nothing(name)
        failed = next((said for each in commands if (said := run(each))), "")
        if failed:
            what = message("{source}: could not be loaded into {into}", source=name, into=into)
            return Judged(verdict=Verdict.FAILED, what=what, why=failed, advice=_NEW)
        if isinstance(source, Verifying):
            failed = _run(source.verifying(order, into), order)
            if failed:
                what = message("{source}: what was loaded is not what was saved", source=name)
                return Judged(verdict=Verdict.DAMAGED, what=what, why=failed, advice=_OTHER)
        return _counted(name, saved, source.recount(order, into))
    except SecOpsError as error:
        return Judged(verdict=Verdict.FAILED, what=error.what, why=error.why, advice=error.advice or _NEW)


def compared_tables(saved: Sequence[Table], found: Facts) -> list[Message]:
    """Return what differs, table by table: missing ones, rows, contents."""
    there = {each.name: each for each in found.tables}
    differences = []
    for table in saved:
        now = there.pop(table.name, None)
        if now is None:
            differences.append(message("{table}: missing", table=table.name))
        elif now.rows != table.rows:
            differences.append(
                message("{table}: {now} rows, not {then}", table=table.name, now=now.rows, then=table.rows)
            )
        elif table.checksum and now.checksum and table.checksum != now.checksum:
            differences.append(message("{table}: as many rows, but not the same", table=table.name))
    return [*differences, *(message("{table}: was not saved", table=name) for name in there)]


def proved_tables(saved: Sequence[Table], found: Facts) -> int:
    """Return how many tables are as they were saved, by their rows and, where both sides have one, their checksum."""
    there = {each.name: each for each in found.tables}
    return sum(
        there[each.name].rows == each.rows
        and (not each.checksum or not there[each.name].checksum or each.checksum == there[each.name].checksum)
        for each in saved
        if each.name in there
    )


def _counted(name: str, saved: ManifestSource, found: Facts) -> Judged:
    differences = compared_tables(saved.tables, found)
    if differences:
        what = message("{source}: {count} tables are not as they were saved", source=name, count=len(differences))
        why = "\n".join(str(each) for each in differences[:_SHOWN])
        return Judged(verdict=Verdict.DAMAGED, what=what, why=why, advice=_OTHER)
    return Judged(verdict=Verdict.OK, what=message("done"))


def _run(arguments: Arguments, order: Order) -> str:
    """Run a command; return why it failed, nothing when it didn't."""
    completed = order.doors.run(arguments, deadline_seconds=order.deadline_seconds)
    if completed.exit_code == 0:
        return ""
    return printable(completed.stderr.decode(errors="replace").strip())[-2000:] or f"exit {completed.exit_code}"


def _nothing(name: str) -> Judged:
    what = message("{source}: there is nothing to load; its files are restored", source=name)
    return Judged(verdict=Verdict.FAILED, what=what, advice=message("leave out --load for it"))


_NEW = message("name a new database, or folder, that is not there yet, and see that the server can be reached")
_OTHER = message("restore from another copy or run, and see what is hurt: sec-ops backup verify")
