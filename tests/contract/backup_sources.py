"""Cases of the contract of sources: a real server each, how to write to it, and where a dump goes back to."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.source import Doors, Order
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secret
from tests.servers.databases import (
    PASSWORD,
    Database,
    mariadb_server,
    openldap_configuration,
    openldap_server,
    postgresql_programs,
    postgresql_server,
    redis_server,
)

__all__ = ["CASES", "Case", "Servers"]


class Servers:
    """Servers that several cases share, each started when it is first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[str, Database] = {}

    def get(self, name: str, start: Callable[[], AbstractContextManager[Database]]) -> Database:
        """Return the server of that name."""
        if name not in self._running:
            self._running[name] = self._stack.enter_context(start())
        return self._running[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A source with its server. `write` adds one thing, `target` makes where a dump goes back to."""

    kind: str
    settings: Mapping[str, object]
    write: Callable[[int], None]
    target: Callable[[], str]
    secret: str = ""
    counted: bool = True
    targets: list[str] = field(default_factory=list)
    doors: Doors = field(default_factory=lambda: LocalDoors(clock=SystemClock()))

    def order(self, *, secret: str | None = None, **settings: object) -> Order:
        """Return the order to capture it, with another secret or other settings when they are given."""
        given = self.secret if secret is None else secret
        return Order(
            source=SourceSettings(id="data", kind=self.kind, settings={**self.settings, **settings}),
            doors=self.doors,
            last_good=lambda _part: None,
            secret=Secret(given) if given else None,
            deadline_seconds=120,
        )


_HOSTILE_NAMES = ("pupils", 'Odd "Name"\n\'%I', "a.b")
_COLUMNS = "(id serial PRIMARY KEY, name text, born date, share double precision, photo bytea, more jsonb)"


@contextmanager
def _school() -> Iterator[Database]:
    """Run PostgreSQL with a database of awkward names and types; both forms of a dump share it."""
    with postgresql_server() as server:
        server.say("CREATE DATABASE school")
        school = replace(server, client=(*server.client[:-1], "school"))
        for name in _HOSTILE_NAMES:
            quoted = name.replace('"', '""')
            school.say(f'CREATE TABLE "{quoted}" {_COLUMNS}')
        school.say(
            "CREATE TABLE empty (); CREATE SCHEMA more; CREATE TABLE more.parted (a int) PARTITION BY LIST (a);"
            "CREATE TABLE more.part PARTITION OF more.parted FOR VALUES IN (1); CREATE TABLE kin () INHERITS (pupils);"
            "CREATE TABLE sec_ops_heartbeat (source text PRIMARY KEY, at timestamptz NOT NULL, beats bigint NOT NULL);"
            "INSERT INTO more.parted VALUES (1); ALTER DATABASE school SET timezone = 'Asia/Shanghai'"
        )
        yield school


@contextmanager
def _postgresql(servers: Servers, form: str) -> Iterator[Case]:
    school = servers.get("school", _school)

    def write(number: int) -> None:
        values = f"'n''{number}', '2014-02-{number % 28 + 1:02d}', {number} / 3.0, '\\x00ff', '{{\"a\": {number}}}'"
        school.say(f"INSERT INTO pupils (name, born, share, photo, more) VALUES ({values})")
        school.say('INSERT INTO "a.b" (name) VALUES (NULL)')

    settings = {
        "server": school.server,
        "port": school.port,
        "user": "keeper",
        "database": "school",
        "format": form,
        "programs": str(postgresql_programs()),
    }
    names = iter(f'back {form} "{number}"' for number in range(100))
    yield Case(kind="postgresql", settings=settings, write=write, target=lambda: next(names), secret=PASSWORD)


@contextmanager
def _mariadb() -> Iterator[Case]:
    with mariadb_server("--character-set-server=utf8mb4") as server:
        columns = "(id int AUTO_INCREMENT PRIMARY KEY, name text, photo blob, share double)"
        server.say(
            f"CREATE DATABASE school; USE school; CREATE TABLE pupils {columns}; CREATE TABLE `od``d name` {columns};"
            " CREATE TABLE empty (a int); CREATE VIEW seen AS SELECT name FROM pupils;"
            " CREATE TABLE sec_ops_heartbeat (source varchar(50) PRIMARY KEY, at datetime(6), beats bigint);"
        )
        body = "BEGIN\nINSERT INTO `pupils` VALUES\n(1,'no row','',1);\nINSERT INTO `pupils` VALUES (2,'','',1);\nEND"
        server.say(f"USE school;\nDELIMITER ;;\nCREATE PROCEDURE fill()\n{body};;\nDELIMITER ;\n")

        def write(number: int) -> None:
            name = f"'n''{number}\\n(\\'),(\\\\王'"
            server.say(
                f"USE school; INSERT INTO pupils (name, photo, share) VALUES ({name}, X'0A2829FF27', {number / 3});"
                " INSERT INTO `od``d name` (name) VALUES (NULL), ('),(');"
            )

        settings = {"server": server.server, "user": "keeper", "database": "school"}
        names = iter(f"back `{number}" for number in range(100))
        yield Case(kind="mariadb", settings=settings, write=write, target=lambda: next(names), secret=PASSWORD)


@contextmanager
def _redis() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = stack.enter_context(redis_server(Path(folder)))

        def write(number: int) -> None:
            server.say("", "SET", f"key {number}", "x" * 1000)

        def target() -> str:
            return stack.enter_context(tempfile.TemporaryDirectory())

        yield Case(
            kind="redis",
            settings={"server": server.server, "port": server.port},
            write=write,
            target=target,
            secret=PASSWORD,
            counted=False,
        )


@contextmanager
def _openldap() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server = stack.enter_context(openldap_server(Path(folder)))
        server.say("dn: dc=edu,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: edu\n")

        def write(number: int) -> None:
            entry = f"dn: cn=p {number},dc=edu,dc=example\nobjectClass: person\ncn: p {number}\nsn: x\n"
            server.say(f"{entry}description: {'long dn: words ' * 20}\n")

        def target() -> str:
            return str(openldap_configuration(Path(stack.enter_context(tempfile.TemporaryDirectory()))))

        settings = {"suffix": "dc=edu,dc=example", "configuration": server.server}
        yield Case(kind="openldap", settings=settings, write=write, target=target)


@contextmanager
def _sqlite() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "app.db"
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute('CREATE TABLE "od""d" (a, b BLOB)')
            database.execute("CREATE TABLE sec_ops_heartbeat (source PRIMARY KEY, at REAL, beats INTEGER)")
        database.close()

        def write(number: int) -> None:
            with sqlite3.connect(path, timeout=30) as database:
                database.execute('INSERT INTO "od""d" VALUES (?, ?)', (f"n{number}", b"\x00\xff" * 500))
            database.close()

        def target() -> str:
            return str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "back.db")

        yield Case(kind="sqlite", settings={"path": str(path)}, write=write, target=target)


@contextmanager
def _command() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"

        def write(number: int) -> None:
            with path.open("a") as stream:
                stream.write(f"{number}\n")

        program = (
            'import os, sys; assert os.environ["SECRET"] == sys.argv[1][::-1]; print(open(sys.argv[2]).read(), "whole")'
        )
        settings = {
            "command": ["python3", "-c", program, "nwonk", str(path)],
            "filename": "data.txt",
            "ends": "whole",
            "load": ["tee", str(path.with_name("back"))],
        }
        yield Case(kind="command", settings=settings, write=write, target=lambda: "", secret="known", counted=False)


CASES: Mapping[str, Callable[[Servers], AbstractContextManager[Case]]] = {
    "postgresql": lambda servers: _postgresql(servers, "custom"),
    "postgresql plain": lambda servers: _postgresql(servers, "plain"),
    "mariadb": lambda _servers: _mariadb(),
    "redis": lambda _servers: _redis(),
    "openldap": lambda _servers: _openldap(),
    "sqlite": lambda _servers: _sqlite(),
    "command": lambda _servers: _command(),
}
