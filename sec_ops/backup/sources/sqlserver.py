"""`sqlserver`: one database of SQL Server by its own BACKUP, checked by RESTORE VERIFYONLY.

Not verified on a real system. Statements, options of `sqlcmd` and the words of success are written by us as remembered
of the vendor's documented forms, unconfirmed; the answers in the tests are written by us too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step, word
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.dumped import FilesCapture
from sec_ops.backup.dumping.tapping import Words, quiet
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SOURCE"]

_SUCCESS = "BACKUP DATABASE successfully processed"
_VALID = "is valid."


class Settings(Value):
    """A database, and a folder that both the server and restic may use."""

    server: str = Field(default="localhost", description="host, host,port or host\\instance")
    user: NonEmpty
    database: NonEmpty
    folder: NonEmpty = Field(description="where the server writes the backup; it is removed after the run")


class SqlServer:
    """A database of SQL Server."""

    verified = False
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Have the server write its backup and verify it; restic saves the file, which is removed at last."""
        settings = Settings.model_validate(order.source.settings)
        path = f"{settings.folder.rstrip('/')}/{settings.database}.bak"
        taken_at = order.doors.clock.now()
        try:
            _said(_backup(settings.database, path), settings, order, _SUCCESS)
            _said(f"RESTORE VERIFYONLY FROM DISK = {_text(path)} WITH CHECKSUM", settings, order, _VALID)
            yield FilesCapture(parts=(Part(name="backup", paths=(PurePath(path),)),), taken_at=taken_at)
        finally:
            order.doors.run(("rm", "-f", "--", path), deadline_seconds=60)

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Restore the file, brought back to its folder, as the database `into`."""
        settings = Settings.model_validate(order.source.settings)
        path = f"{settings.folder.rstrip('/')}/{settings.database}.bak"
        text = f"RESTORE DATABASE {_name(into)} FROM DISK = {_text(path)} WITH CHECKSUM"
        return (Loading(arguments=quiet(_words(text, settings, order), order.doors)),)

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: the server checks the checksums of every page while it restores."""
        return Facts()

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Bring the file back and have the server restore it."""
        path = f"{settings.folder.rstrip('/')}/{settings.database}.bak"
        text = f"RESTORE DATABASE {_name(settings.database)} FROM DISK = {_text(path)} WITH CHECKSUM"
        put = message("put the file where the server can read it: {path}", path=path)
        load = message("have the server restore it, as an account that may make databases")
        return (
            Step(what=message("fetch the server's own backup"), commands=(hand.restore("backup"),)),
            Step(what=put),
            Step(what=load, commands=(f"sqlcmd -S localhost -N -b -Q {word(text)}",)),
        )


def _backup(database: str, path: str) -> str:
    options = "COPY_ONLY, CHECKSUM, FORMAT, INIT, NO_COMPRESSION"
    return f"BACKUP DATABASE {_name(database)} TO DISK = {_text(path)} WITH {options}"


def _said(text: str, settings: Settings, order: Order, wanted: str) -> None:
    """Run a statement; raises ProgramFailed unless the server says the words of success."""
    answer = asked(_words(text, settings, order), order.doors, deadline_seconds=order.deadline_seconds)
    if wanted not in answer:
        raise ProgramFailed(message("SQL Server did not say that it worked"), why=answer[-1000:])


def _words(text: str, settings: Settings, order: Order) -> Words:
    # -N encrypts and, without -C, checks the server's certificate; -b ends with an error when a statement fails.
    options = ("-S", settings.server, "-U", settings.user, "-N", "-b", "-r", "1", "-l", "30", "-Q", text)
    secrets = {"SQLCMDPASSWORD": order.secret} if order.secret else {}
    return Words(arguments=("sqlcmd", *options), environment=secrets)


def _name(text: str) -> str:
    doubled = text.replace("]", "]]")
    return f"[{doubled}]"


def _text(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"N'{doubled}'"


SOURCE = SqlServer()
