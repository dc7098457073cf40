"""Holds, which stay until a person lifts them, also when the record was lost: what evidence says is taken up again."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from sec_ops.backup.record.rows import hold_row, inserted, read_hold
from sec_ops.backup.record.values import Hold
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.database import Database

__all__ = ["Holds"]

_TOLD = "holds_told"


class Holds:
    """The holds of a record. Every method raises StorageError when the disk refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def told(self) -> int:
        """Return the number of the evidence entry up to which holds were taken, -1 when none was looked at."""
        with self._database.reading() as connection:
            found = connection.execute("SELECT value FROM notes WHERE name = ?", (_TOLD,)).fetchone()
            return int(found[0]) if found else -1

    def keep(self, hold: Hold) -> Hold:
        """Keep a hold and return it with its number."""
        with self._database.writing() as connection:
            return replace(hold, id=connection.execute(*inserted("holds", hold_row(hold))).lastrowid or 0)

    def take(self, holds: Sequence[Hold], *, told: int) -> int:
        """Keep holds, lifted or not, of runs that none is known of, and up to where they were told; return how many."""
        with self._database.writing() as connection:
            known = {(each.system, each.repository, each.run) for each in self.find("1 = 1")}
            missing = [each for each in holds if (each.system, each.repository, each.run) not in known]
            for each in missing:
                connection.execute(*inserted("holds", hold_row(each)))
            connection.execute(*inserted("notes", {"name": _TOLD, "value": str(told)}, ignoring="OR REPLACE"))
        return len(missing)

    def lift(self, identifier: int, *, person: str, reason: str, now_ms: int) -> Hold:
        """Lift a hold and return it; raises UsageError when there is none or it was lifted before."""
        change = "UPDATE holds SET lifted_ms = ?, lifted_by = ?, lifted_why = ? WHERE id = ? AND lifted_ms IS NULL"
        with self._database.writing() as connection:
            if not connection.execute(change, (now_ms, person, reason, identifier)).rowcount:
                raise UsageError(message("there is no hold {id} that could be lifted", id=identifier))
            return self.find("id = ?", (identifier,))[0]

    def find(self, condition: str, values: Sequence[object] = ()) -> tuple[Hold, ...]:
        """Return the holds that fulfil a condition over the table's columns, oldest first."""
        query = f"SELECT * FROM holds WHERE {condition} ORDER BY id"  # noqa: S608 - conditions of ours
        with self._database.reading() as connection:
            cursor = connection.cursor()
            cursor.row_factory = sqlite3.Row
            return tuple(read_hold(each) for each in cursor.execute(query, tuple(values)).fetchall())
