"""`kingbase`: one database of KingbaseES as a dump by `sys_dump`, taken to have `pg_dump`'s options.

Not verified on a real system. Programs, options, connection string and password file are written by us as remembered of
the vendor's documented forms, unconfirmed; the answers in the tests are written by us too. Rows are not counted: the
names of the server's catalogue are not known to us.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step, word
from sec_ops.backup.dumping.dumped import dumping
from sec_ops.backup.dumping.postgres import PostgresServer, client
from sec_ops.backup.dumping.tapping import Told, quiet
from sec_ops.backup.source import Capture, Facts, Loading, Order
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty

__all__ = ["SOURCE"]


class Settings(PostgresServer):
    """A database of a KingbaseES server."""

    database: NonEmpty
    port: int | None = Field(default=54321, ge=1, le=65_535)


class Kingbase:
    """A database of KingbaseES."""

    verified = False
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Name the dump; it reads within one transaction."""
        settings = Settings.model_validate(order.source.settings)
        taken_at = order.doors.clock.now()

        def add(told: Told) -> Facts:
            return Facts(taken_at=taken_at, dumped=(told.dumped,))

        options = ("--format=custom", "--compress=0", "--no-password")
        words = client("sys_dump", settings, order, options, database=settings.database)
        with dumping(order, words, _filename(settings), add=add) as capture:
            yield capture

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Load the dump into the empty database `into`."""
        settings = Settings.model_validate(order.source.settings)
        options = ("--exit-on-error", "--no-owner", "--no-privileges", "--no-password")
        words = client("sys_restore", settings, order, options, database=into)
        return (Loading(arguments=quiet(words, order.doors), reads=_filename(settings)),)

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Load the dump into a database that was made for it."""
        made = message("on the new KingbaseES server make the empty database {name}", name=settings.database)
        loaded = f"sys_restore --exit-on-error --no-owner --no-privileges --dbname {word(settings.database)}"
        load = message("load the dump into it")
        return (Step(what=made), Step(what=load, commands=(f"{hand.dump('dump', _filename(settings))} | {loaded}",)))

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: rows were not counted."""
        return Facts()


def _filename(settings: Settings) -> str:
    return f"{settings.database}.dump"


SOURCE = Kingbase()
