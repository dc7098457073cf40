"""MariaDB and MySQL: one implementation, whose programs are called differently."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step, word
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.dumped import dumping
from sec_ops.backup.dumping.servers import ServerSettings
from sec_ops.backup.dumping.tapping import Told, Words, quiet
from sec_ops.backup.source import Beat, Capture, Facts, Loading, Order, Table
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty
from sec_ops.runtime.secrets import Secret

__all__ = ["MysqlDump", "MysqlServer", "MysqlSettings", "client"]

_CLOSING = "-- Dump completed"
_MARK = "sec-ops: done"
_OPTIONS = ("--single-transaction", "--quick", "--hex-blob", "--routines", "--events", "--triggers")
_STATE = """SELECT UNIX_TIMESTAMP(NOW(6));
SELECT TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' ORDER BY TABLE_NAME;
"""
_CHARACTERS = "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA"
_LAST_BEAT = "SELECT UNIX_TIMESTAMP(MAX(at)) FROM sec_ops_heartbeat;\n"
_BEAT = (
    "INSERT INTO sec_ops_heartbeat (source, at, beats) VALUES ('sec-ops', UTC_TIMESTAMP(6), 1)"
    " ON DUPLICATE KEY UPDATE at = UTC_TIMESTAMP(6), beats = beats + 1;"
)


class MysqlServer(ServerSettings):
    """A MariaDB or MySQL server."""


class MysqlSettings(MysqlServer):
    """A database of a MariaDB or MySQL server."""

    database: NonEmpty
    binary_log_position: bool = Field(
        default=False, description="write the position in the binary log into the dump, to go on from by mariadb_binlog"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MysqlDump:
    """A database of MariaDB or MySQL; `client_program` and `dump` are the names of the client programs."""

    client_program: str
    dump: str
    verified: bool
    extra: Sequence[str] = ()
    settings: type[MysqlSettings] = MysqlSettings
    keeps: bool = False

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Ask the server's time, then dump in one transaction; rows are counted as they go by."""
        settings = MysqlSettings.model_validate(order.source.settings)
        taken_at, outside = self._state(settings, order)
        heartbeat = self._heartbeat(settings, order)
        position = ("--master-data=2",) if settings.binary_log_position else ()
        arguments = (*_OPTIONS, *self.extra, *position, settings.database)
        words = client(self.dump, settings, order, arguments, count=True)
        details = {"outside_the_snapshot": ", ".join(outside)} if outside else {}

        def add(told: Told) -> Facts:
            return Facts(
                taken_at=taken_at, heartbeat=heartbeat, tables=told.tables, dumped=(told.dumped,), details=details
            )

        with dumping(order, words, f"{settings.database}.sql", add=add) as capture:
            yield capture

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Make the database and load the dump into it."""
        settings = MysqlSettings.model_validate(order.source.settings)
        made = client(self.client_program, settings, order, ("--execute", f"CREATE DATABASE {_quoted(into)}"))
        loaded = client(self.client_program, settings, order, (into,))
        return (
            Loading(arguments=quiet(made, order.doors)),
            Loading(arguments=quiet(loaded, order.doors), reads=f"{settings.database}.sql"),
        )

    def tables_in(self, order: Order, into: str) -> int | None:
        """Count tables and views of a database."""
        settings = MysqlSettings.model_validate(order.source.settings)
        name = _literal(into)
        count = "SELECT COUNT(*) FROM information_schema"
        there, tables = self._asked(
            settings,
            order,
            f"{count}.SCHEMATA WHERE SCHEMA_NAME = {name}; {count}.TABLES WHERE TABLE_SCHEMA = {name};\n",
        )
        return int(tables) if int(there) else None

    def beside(self, order: Order, _into: str, fresh: str) -> Sequence[Loading]:
        """Load it as any other: only to see that it can be, and counts."""
        return self.loading(order, fresh)

    def replacing(self, order: Order, into: str, fresh: str, _aside: str) -> Sequence[Loading]:
        """Drop it and load it again, as no database can be renamed; `fresh` goes last, when all went well."""
        settings = MysqlSettings.model_validate(order.source.settings)
        (line,) = self._asked(settings, order, f"{_CHARACTERS} WHERE SCHEMA_NAME = {_literal(into)};\n")
        characters, collation = line.split("\t")
        made = f"CREATE DATABASE {_quoted(into)} CHARACTER SET {characters} COLLATE {collation}"
        anew = client(self.client_program, settings, order, ("--execute", f"DROP DATABASE {_quoted(into)}; {made}"))
        loaded = client(self.client_program, settings, order, (into,))
        gone = client(self.client_program, settings, order, ("--execute", f"DROP DATABASE {_quoted(fresh)}"))
        return (
            Loading(arguments=quiet(anew, order.doors)),
            Loading(arguments=quiet(loaded, order.doors), reads=f"{settings.database}.sql"),
            Loading(arguments=quiet(gone, order.doors)),
        )

    def recount(self, order: Order, into: str) -> Facts:
        """Count the tables of a restored database."""
        settings = MysqlSettings.model_validate(order.source.settings)
        names = self._asked(settings, order, "SHOW FULL TABLES WHERE Table_type = 'BASE TABLE';\n", into)
        tables = [line.split("\t")[0] for line in names]
        counts = "".join(f"SELECT COUNT(*) FROM {_quoted(each)};\n" for each in tables)  # noqa: S608 - quoted
        rows = self._asked(settings, order, counts, into) if tables else []
        return Facts(
            tables=tuple(Table(name=name, rows=int(count)) for name, count in zip(tables, rows, strict=True)),
            heartbeat=self._heartbeat(settings.model_copy(update={"database": into}), order),
        )

    def by_hand(self, settings: MysqlSettings, hand: Hand) -> Sequence[Step]:
        """Make the database and load the dump into it."""
        name, program = word(settings.database), self.client_program
        made = f"{program} --execute={word(f'CREATE DATABASE {_quoted(settings.database)}')}"
        loaded = f"{hand.dump('dump', f'{settings.database}.sql')} | {program} {name}"
        what = message("on the new MariaDB or MySQL server, as an account that may make databases")
        rest = message("make the accounts that the application signs in with, and give them their rights")
        return (Step(what=what, commands=(made, loaded)), Step(what=rest))

    @contextmanager
    def beating(self, order: Order) -> Iterator[Beat]:
        """Hold a session whose beats are committed one by one."""
        settings = MysqlSettings.model_validate(order.source.settings)
        words = client(self.client_program, settings, order, ("--skip-column-names", "--unbuffered", settings.database))
        with order.doors.talk(quiet(words, order.doors), deadline_seconds=order.deadline_seconds) as spoken:

            def beat() -> None:
                spoken.say(f"{_BEAT}\nSELECT '{_MARK}';\n")
                spoken.hear(_MARK)

            yield beat

    def _state(self, settings: MysqlSettings, order: Order) -> tuple[datetime, Sequence[str]]:
        """Return the server's time, and the tables that a transaction does not hold still."""
        first, *tables = self._asked(settings, order, _STATE, settings.database)
        return _moment(first), tables

    def _heartbeat(self, settings: MysqlSettings, order: Order) -> datetime | None:
        known = self._asked(settings, order, "SHOW TABLES LIKE 'sec_ops_heartbeat';\n", settings.database)
        if not known:
            return None
        (last,) = self._asked(settings, order, f"SET time_zone = '+00:00'; {_LAST_BEAT}", settings.database)
        return None if last == "NULL" else _moment(last)

    def _asked(self, settings: MysqlSettings, order: Order, text: str, database: str = "") -> list[str]:
        options = ("--skip-column-names", "--batch", *filter(None, (database,)))
        words = client(self.client_program, settings, order, options)
        return asked(words, order.doors, stdin=text.encode()).splitlines()


def client(
    program: str, settings: MysqlServer, order: Order, arguments: Sequence[str], *, count: bool = False
) -> Words:
    """Return a client program with its connection, all of it in a file that only the program sees."""
    return Words(
        arguments=(settings.program(program), "--defaults-extra-file=@DEFAULTS@", *arguments),
        files={"DEFAULTS": _defaults(settings, order.secret)},
        count="mariadb" if count else None,
        ends=_CLOSING if count else "",
    )


def _defaults(settings: MysqlServer, secret: Secret | None) -> Secret:
    """Return an option file; outside of this machine only by TLS with a checked certificate."""
    lines = ["[client]", f"user={_value(settings.user)}", "loose-default-character-set=utf8mb4"]
    if settings.server.startswith("/"):
        lines.append(f"socket={_value(settings.server)}")
    elif settings.server:
        lines += [f"host={_value(settings.server)}", "protocol=tcp"]
    if settings.port:
        lines.append(f"port={settings.port}")
    if settings.certificate:
        lines += [f"ssl-ca={_value(settings.certificate)}", "ssl-verify-server-cert"]
    if secret is not None:
        lines.append(f"password={_value(secret.get_secret_value())}")
    return Secret("\n".join(lines) + "\n")


def _value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _literal(text: str) -> str:
    """Return a text as a literal, whatever the server makes of backslashes."""
    return f"CONVERT(X'{text.encode().hex()}' USING utf8mb4)"


def _quoted(name: str) -> str:
    doubled = name.replace("`", "``")
    return f"`{doubled}`"


def _moment(epoch: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(epoch), UTC)
    except ValueError as error:
        raise ProgramFailed(message("the server's time can't be read"), why=epoch[:200]) from error
