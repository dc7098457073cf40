"""`sqlite`: one database file, copied by SQLite's online backup API while others write to it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.dumped import dumping
from sec_ops.backup.dumping.tapping import Told, Words, quiet
from sec_ops.backup.source import Beat, Capture, Facts, Loading, Order, Report, Table
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SOURCE"]

_FILENAME = "database.sqlite"
_BEAT = """import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=60)
with database:
    database.execute(
        "INSERT INTO sec_ops_heartbeat (source, at, beats) VALUES ('sec-ops', ?, 1)"
        " ON CONFLICT (source) DO UPDATE SET at = excluded.at, beats = beats + 1", (time.time(),))
"""


class Settings(Value):
    """Where the database lies."""

    path: NonEmpty


class Sqlite:
    """A database file of SQLite."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Name the copy; it is checked and counted before its first byte is sent."""
        settings = Settings.model_validate(order.source.settings)
        taken_at = order.doors.clock.now()
        with order.doors.report() as counts:

            def add(told: Told) -> Facts:
                known = _read(counts)
                return Facts(taken_at=taken_at, heartbeat=known.heartbeat, tables=known.tables, dumped=(told.dumped,))

            with dumping(order, _copy(settings.path, counts.path, order), _FILENAME, add=add) as capture:
                yield capture

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Write the file to the path `into`."""
        words = Words(arguments=("dd", f"of={into}", "conv=fsync", "status=none"))
        return (Loading(arguments=quiet(words, order.doors), reads=_FILENAME),)

    def recount(self, order: Order, into: str) -> Facts:
        """Count the tables of the file `into`."""
        with order.doors.report() as counts:
            asked(_copy(into, counts.path, order), order.doors, deadline_seconds=order.deadline_seconds)
            return _read(counts)

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Fetch the file, which takes the place of the one that was lost."""
        put = message(
            "with the application stopped, put the file in the place of {path}; remove what lies beside it under the "
            "same name with -wal and -shm",
            path=settings.path,
        )
        kept = hand.kept(_FILENAME)
        return (
            Step(what=message("fetch the database"), commands=(f"{hand.dump('dump', _FILENAME)} > {kept}",)),
            Step(what=put),
        )

    @contextmanager
    def beating(self, order: Order) -> Iterator[Beat]:
        """Write each beat by a connection of its own, so that nothing stays locked between beats."""
        settings = Settings.model_validate(order.source.settings)
        words = Words(arguments=(order.doors.python, "-I", "-c", _BEAT, settings.path))

        def beat() -> None:
            asked(words, order.doors)

        yield beat


def _copy(path: str, report: str, order: Order) -> Words:
    script = resources.files("sec_ops.backup.dumping").joinpath("sqlite_copy.py").read_text("utf-8")
    return Words(arguments=(order.doors.python, "-I", "-c", script, path, report))


def _read(counts: Report) -> Facts:
    try:
        told = json.loads(counts.read())
        beat = told["heartbeat"]
        tables = tuple(Table(name=name, rows=rows, checksum=sum_) for name, (rows, sum_) in told["tables"].items())
    except (ValueError, KeyError, TypeError) as error:
        raise ProgramFailed(message("the dump {name} did not end well; it does not count", name=_FILENAME)) from error
    return Facts(tables=tables, heartbeat=None if beat is None else datetime.fromtimestamp(beat, UTC))


SOURCE = Sqlite()
