"""`mariadb_binlog`: the binary log of a MariaDB server, fetched as it is and saved, to go on from a dump to any moment.

The dump is another source of the plan, `mariadb` with `binary_log_position`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step, below
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.mysql import MysqlServer, client
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty

__all__ = ["SOURCE"]


class Settings(MysqlServer):
    """A server that writes a binary log, and a folder the files of it are fetched to."""

    folder: NonEmpty = Field(description="where fetched files lie between runs; only this source writes there")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capture:
    parts: Sequence[Part]
    taken_at: datetime
    first: str
    last: str

    def facts(self) -> Facts:
        """Return up to which file the log reaches."""
        return Facts(taken_at=self.taken_at, details={"first_file": self.first, "last_file": self.last})


class BinaryLog:
    """The binary log of a MariaDB server."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Close the file that is written to, then fetch those that are closed and not here yet."""
        settings = Settings.model_validate(order.source.settings)
        taken_at = order.doors.clock.now()
        *closed, _written = _files(settings, order)
        if not closed:
            raise EngineError(message("the server writes no binary log"), advice=message("set log_bin on the server"))
        asked(Words(arguments=("mkdir", "-p", "-m", "700", "--", settings.folder)), order.doors)
        _fetch(settings, order, closed)
        part = Part(name="binlog", paths=(PurePath(settings.folder),))
        yield _Capture(parts=(part,), taken_at=taken_at, first=closed[0], last=closed[-1])

    def loading(self, _order: Order, _into: str) -> Sequence[Loading]:
        """Nothing: after the dump, `mariadb-binlog FILE… | mariadb` goes on from the dump's position."""
        return ()

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: the dump's source counts."""
        return Facts()

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Bring the log back and go on with it from where the dump ends."""
        folder = below(settings.folder)
        files = """awk -v first="$FIRST" '$0 >= first'"""
        replay = f'(cd {folder} && mariadb-binlog --start-position="$POSITION" $(ls | {files})) | mariadb'
        position = message(
            "first load the dump; its line with MASTER_LOG_POS names the file of the log and the position to go on from"
        )
        return (
            Step(what=message("fetch the log"), commands=(hand.restore("binlog"),)),
            Step(what=position, commands=("read -r -p 'file: ' FIRST", "read -r -p 'position: ' POSITION")),
            Step(what=message("go on from there; --stop-datetime stops at a moment before"), commands=(replay,)),
        )


def _files(settings: Settings, order: Order) -> list[str]:
    text = b"FLUSH BINARY LOGS; SHOW BINARY LOGS;\n"
    words = client("mariadb", settings, order, ("--skip-column-names", "--batch"))
    return [line.split("\t")[0] for line in asked(words, order.doors, stdin=text).splitlines()]


def _fetch(settings: Settings, order: Order, closed: Sequence[str]) -> None:
    """Fetch what is missing; a file that was fetched half is fetched again, since it is moved in only when whole."""
    here = asked(Words(arguments=("ls", "-1", "--", settings.folder)), order.doors).split()
    coming = f"{settings.folder.rstrip('/')}/.coming-"
    for name in closed:
        if name not in here:
            options = ("--read-from-remote-server", "--raw", f"--result-file={coming}", name)
            words = client("mariadb-binlog", settings, order, options)
            asked(words, order.doors, deadline_seconds=order.deadline_seconds)
            moved = ("mv", "--", f"{coming}{name}", f"{settings.folder.rstrip('/')}/{name}")
            asked(Words(arguments=moved), order.doors)


SOURCE = BinaryLog()
