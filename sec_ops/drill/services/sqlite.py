"""`sqlite`: a database file that a dump is written to, for applications that read it without a server."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sec_ops.drill.sandbox.layout import PYTHON
from sec_ops.drill.service import Lacking, Place, Standing
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import Value

__all__ = ["SERVICE"]

_FILE = "database.sqlite"
_LOOK = """import sqlite3, sys
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=rw", uri=True)
found = database.execute("PRAGMA integrity_check(3)").fetchall()
sys.exit(0 if found == [("ok",)] else str(found))
"""


class Settings(Value):
    """Nothing to be set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sqlite:
    """A database file; `{SERVICE.path}` is where other services and commands find it."""

    settings: type[Settings] = Settings
    loads: Literal["running", "stopped"] = "stopped"

    def lacking(self) -> Sequence[Lacking]:
        """Nothing beyond the sandbox's own Python."""
        return ()

    def readable(self) -> Sequence[Path]:
        """Nothing beyond /usr."""
        return ()

    def provision(self, place: Place) -> Standing:
        """Name the file, which isn't there yet."""
        path = place.inside(_FILE)
        return Standing(client={"path": path}, into=path)

    def start(self, place: Place) -> None:
        """Look through the file; nothing runs. Raises ProgramFailed when SQLite finds it damaged."""
        ended = place.sandbox.run([PYTHON, "-I", "-c", _LOOK, place.inside(_FILE)], seconds=place.seconds)
        if ended.exit_code != 0:
            raise ProgramFailed(
                message("SQLite finds its database damaged"), where=place.name, why=ended.stderr[-2000:]
            )


SERVICE = Sqlite()
