"""`dm8`: a whole DM8 server by its online BACKUP DATABASE, a backup set that restic saves as files.

Not verified on a real system. Statements, `disql`'s options and the words of success are written by us as remembered of
the vendor's documented forms, unconfirmed, and so is that the server must archive its log and its backup helper (DmAP)
must run; the answers in the tests are written by us too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Self

from pydantic import Field, model_validator

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.dumped import FilesCapture
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, RuleBroken, Value, is_loopback
from sec_ops.runtime.secrets import Secret, redact

__all__ = ["SOURCE"]

_SUCCESS = "executed successfully"


class Settings(Value):
    """A server on this host, and a folder that both the server and restic may use."""

    server: str = Field(default="localhost", description="loopback only: disql's own connection is not encrypted")
    port: int = Field(default=5236, ge=1, le=65_535)
    user: NonEmpty = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    folder: NonEmpty = Field(description="where the server writes the backup set; it is removed after the run")
    program: NonEmpty = Field(default="disql", description="path of disql")

    @model_validator(mode="after")
    def _near(self) -> Self:
        if not is_loopback(self.server):
            raise RuleBroken(message("disql would send the password in the clear: save where the server runs"))
        return self


class Dm8:
    """A server of DM8."""

    verified = False
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Have the server write a backup set and check it; restic saves the folder, which is removed at last."""
        settings = Settings.model_validate(order.source.settings)
        path = f"{settings.folder.rstrip('/')}/sec-ops"
        taken_at = order.doors.clock.now()
        _removed(path, order)
        try:
            _said(f"BACKUP DATABASE FULL BACKUPSET {_text(path)}", settings, order)
            yield FilesCapture(parts=(Part(name="backup", paths=(PurePath(path),)),), taken_at=taken_at)
        finally:
            _removed(path, order)

    def loading(self, _order: Order, _into: str) -> Sequence[Loading]:
        """Nothing: a backup set is restored with the server stopped, by `dmrman`, as the page on this kind tells."""
        return ()

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: rows were not counted."""
        return Facts()

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Bring the backup set back; the server's own program restores it."""
        put = message(
            "with the DM8 server stopped, restore from the backup set in {folder} by dmrman: RESTORE DATABASE, then "
            "RECOVER DATABASE, then RECOVER DATABASE with UPDATE DB_MAGIC",
            folder=f"{settings.folder.rstrip('/')}/sec-ops",
        )
        return (
            Step(what=message("fetch the server's own backup"), commands=(hand.restore("backup"),)),
            Step(what=put),
        )


def _said(statement: str, settings: Settings, order: Order) -> None:
    """Sign in and run a statement, all over stdin; raises ProgramFailed unless the server says that it worked."""
    secret = order.secret or Secret("")
    doubled = Secret(secret.get_secret_value().replace('"', '""'))
    connection = f'CONNECT {settings.user}/"{doubled.get_secret_value()}"@{settings.server}:{settings.port}'
    text = f"{connection};\n{statement};\nEXIT;\n"
    words = Words(arguments=(settings.program, "/nolog"))
    hidden = (doubled, secret)
    answer = asked(words, order.doors, stdin=text.encode(), hidden=hidden, deadline_seconds=order.deadline_seconds)
    if _SUCCESS not in answer:
        raise ProgramFailed(message("DM8 did not say that it worked"), why=redact(answer, hidden)[-1000:])


def _removed(path: str, order: Order) -> None:
    order.doors.run(("rm", "-rf", "--", path), deadline_seconds=60)


def _text(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


SOURCE = Dm8()
