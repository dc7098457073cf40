"""The printed sheet, carried out: its own commands, typed by nobody, bring everything back without this program.

Each system is made, saved, and destroyed; what is left is the repositories, the pages from the safes and the sheet.
"""

import html.parser
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.naming import named
from sec_ops.backup.restic.program import find_restic
from sec_ops.backup.source import Order
from sec_ops.backup.sources.postgresql_receivewal import SOURCE as RECEIVER
from sec_ops.cli.backup._repositories import named_repositories, opened
from sec_ops.cli.main import run
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.site import Site
from sec_ops.transport.process import run_program
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
from tests.servers.process import free_port, running

pytestmark = pytest.mark.integration
EXAMPLE = Path(__file__).parents[3] / "inventory"


class Page(html.parser.HTMLParser):
    """Reads the sheet as a person does: chapters, parts, and lines to type in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.typed: list[tuple[str, str, str]] = []
        self._place = {"h2": "", "h3": ""}
        self._open: list[str] = []
        self._text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in ("h2", "h3", "pre"):
            self._open, self._text = [tag], ""
        if tag == "span":
            self._open.append("span")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "span":
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "span" and self._open:
            self._open.pop()
        if tag in self._place:
            self._place[tag] = self._text.strip()
            self._place |= {"h3": ""} if tag == "h2" else {}
        if tag == "pre":
            self.typed.append((self._place["h2"], self._place["h3"], self._text))
        if tag in ("h2", "h3", "pre"):
            self._open = []


@dataclass
class Typist:
    """Types the sheet's lines into bash, and answers what it asks."""

    page: Page
    environment: Mapping[str, str]
    answers: dict[str, str]
    said: str = ""
    lines: list[str] = field(default_factory=list)

    def type(self, system: str, repository: str) -> None:
        """Type what leads to a system from one of its repositories."""
        first = self.page.typed[0][0]
        for chapter, part, line in self.page.typed:
            others = "备份仓库" in part and not part.endswith(f" {repository}")
            if chapter == first or (chapter.endswith(f" {system}") and not others):
                self.lines.append(line)
        asked = [name for line in self.lines for name in re.findall(r"^read (?:-\w+ )*'[^']*' (\w+)", line)]
        done = subprocess.run(
            ["bash", "-e", "-c", "\n".join(self.lines)],
            input="".join(f"{self.answers[name]}\n" for name in asked),
            env={**self.environment, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        self.said = done.stdout
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@dataclass
class Town:
    """A site with two repositories a system, each with a key that stands on paper only."""

    root: Path
    folder: Path
    safes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the site, with the inventory of the example and places of its own."""
        assert run(["init", str(self.root)]) == 0
        shutil.rmtree(self.root / "inventory")
        shutil.copytree(EXAMPLE, self.root / "inventory")
        at = {"centre": (36.0, 118.0), "second-site": (36.45, 118.35)}
        places = [
            {"id": name, "name": {"zh": name, "en": "<b>"}, "address": "x & y", "latitude": one, "longitude": other}
            for name, (one, other) in at.items()
        ]
        self._write("backup/places.yml", {"places": places})

    def call(self, *words: str) -> None:
        """Run a command that has to end well."""
        assert run(["--site", str(self.root), *words]) in (0, 1)

    @property
    def site(self) -> Site:
        return Site(self.root)

    def plan(self, system: str, *sources: Mapping[str, Any], places: Mapping[str, str]) -> None:
        """Write plan and repositories, `-a` and `-b` by their places, and make both with their keys."""
        names = [f"{system}-{end}" for end in places]
        for name, place in zip(names, places.values(), strict=True):
            location, password = str(self.folder / "repositories" / name), {"file": f"secrets/{name}"}
            document = {"id": name, "place": place, "location": location, "password": password}
            self._write(f"backup/repositories/{name}.yml", document)
        timing, retention = {"every_hours": 1}, {"daily": 7}
        if sources:
            copies = [{"repository": name, "timing": timing, "retention": retention} for name in names[1:]]
            plan = {"id": system, "place": "centre", "answers": "chen", "sources": list(sources), "copies": copies}
            first = {"repository": names[0], "timing": timing, "retention": retention}
            self._write(f"backup/plans/{system}.yml", plan | first)
        for name in names:
            more = ["--chunker-of", names[0]] if name != names[0] else []
            self.call("backup", "keys", "init", name, "--by", "chen", *more)
            page = self.folder / f"{name}.html"
            safe = f"safe <{name}>"
            self.call("backup", "keys", "escrow", name, "--by", "chen", "--safe", safe, "--output", str(page))
            self.safes[name] = html.unescape(re.findall(r'class="key">([^<]+)<', page.read_text())[0])

    def secret(self, name: str, text: str) -> None:
        """Keep a secret in the site's folder."""
        path = self.root / "secrets" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)

    def save(self, system: str) -> str:
        """Save a system and copy it; return the run."""
        self.call("backup", "run", system)
        first, *others = self.repositories(system)
        for other in others:
            self.call("backup", "copy", system, "--to", other)
        (near,) = opened(self.site, named_repositories(self.site, [first]))
        manifests = [each for each in near.snapshots().snapshots if "part:manifest" in each.tags]
        newest = named(manifests[-1].tags)
        assert newest
        return newest.run

    def repositories(self, system: str) -> list[str]:
        """Return the repositories a system was given, that of its backups first."""
        return [name for name in self.safes if name.rpartition("-")[0] == system]

    def sheet(self) -> Page:
        """Print the sheet."""
        self.call("backup", "sheet", "--format", "html", "--output", str(self.folder / "sheet.html"))
        text = (self.folder / "sheet.html").read_text()
        secrets = [*self.safes.values(), *(path.read_text().strip() for path in (self.root / "secrets").iterdir())]
        assert not [secret for secret in (*secrets, PASSWORD) if secret in text]
        return Page(text)

    def _write(self, name: str, document: Mapping[str, Any]) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))


@dataclass
class School:
    """A system of every kind of data, and its state as plain values."""

    folder: Path
    postgres: Database
    mariadb: Database
    redis: Database
    ldap: Database

    @property
    def files(self) -> Path:
        return self.folder / "school files"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    def fill(self) -> None:
        """Make data in each."""
        self.postgres.say('CREATE DATABASE "school records"')
        self._postgres("CREATE TABLE pupils AS SELECT n AS id, 'pupil ' || n AS name FROM generate_series(1, 500) n")
        self.mariadb.say("CREATE DATABASE `mensa`; USE mensa; CREATE TABLE meals (day date, name text)")
        self.mariadb.say("USE mensa; INSERT INTO meals VALUES ('2026-11-26', 'noodles'), ('2026-11-27', 'rice')")
        self.redis.say("", "SET", "session", "one")
        self.ldap.say("dn: dc=edu,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: edu\n")
        with closing(sqlite3.connect(self.ledger)) as ledger, ledger:
            ledger.execute("CREATE TABLE entries (amount)")
            ledger.executemany("INSERT INTO entries VALUES (?)", [(number,) for number in range(50)])
        self.files.mkdir()
        (self.files / "a\nline").write_bytes(b"\x00\xff")
        (self.files / "plain").write_text("text")
        (self.files / "plain").chmod(0o640)

    def sources(self) -> list[dict[str, Any]]:
        """Return what a plan says of it."""
        password = {"file": "secrets/database"}
        programs = str(postgresql_programs())
        postgres = {"server": self.postgres.server, "port": self.postgres.port, "user": "keeper", "programs": programs}
        mariadb = {"server": self.mariadb.server, "user": "keeper", "database": "mensa"}
        redis = {"server": "127.0.0.1", "port": self.redis.port}
        ldap = {"suffix": "dc=edu,dc=example", "configuration": self.ldap.server}
        told = [
            ("custom", "postgresql", password, {**postgres, "database": "school records"}),
            ("mensa", "mariadb", password, mariadb),
            ("sessions", "redis", password, redis),
            ("directory", "openldap", None, ldap),
            ("ledger", "sqlite", None, {"path": str(self.ledger)}),
            ("files", "files", None, {"paths": [str(self.files)]}),
        ]
        return [
            {"id": name, "kind": kind, "settings": settings} | ({"password": secret} if secret else {})
            for name, kind, secret, settings in told
        ]

    def state(self, restored: Path) -> dict[str, Any]:
        """Return everything as it is now: in the servers, and of files below `restored`."""
        with closing(sqlite3.connect(restored / "student-records.ledger.database.sqlite")) as ledger:
            entries = ledger.execute("SELECT sum(amount) FROM entries").fetchone()
        files = restored / str(self.files)[1:]
        return {
            "pupils": self._postgres("SELECT count(*), max(name), sum(id) FROM pupils"),
            "meals": self.mariadb.say("SELECT * FROM mensa.meals ORDER BY day"),
            "directory": _slapcat(self.ldap.server),
            "entries": entries,
            "files": {path.name: (path.read_bytes(), path.stat().st_mode) for path in files.iterdir()},
        }

    def destroy(self) -> None:
        """Lose all of it."""
        self.postgres.say('DROP DATABASE "school records"')
        self.mariadb.say("DROP DATABASE mensa")
        shutil.rmtree(Path(self.ldap.server).parent)
        openldap_configuration(Path(self.ldap.server).parent)
        shutil.rmtree(self.files)
        self.ledger.unlink()

    def _postgres(self, text: str) -> str:
        return replace(self.postgres, client=(*self.postgres.client[:-1], "school records")).say(text)


def _slapcat(configuration: str) -> list[str]:
    done = subprocess.run(["slapcat", "-F", configuration, "-b", "dc=edu,dc=example"], capture_output=True, check=True)
    return [line for line in done.stdout.decode().splitlines() if line.startswith(("dn:", "o:"))]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that servers which give up root can enter too."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def town(folder: Path) -> Town:
    return Town(root=folder / "site", folder=folder)


def _environment(folder: Path, **more: str) -> dict[str, str]:
    programs = [str(Path(find_restic(run_program).path).parent), str(postgresql_programs())]
    return {"PATH": ":".join([*programs, os.environ["PATH"]]), "HOME": str(folder), **more}


def test_a_system_of_every_kind_comes_back_from_the_second_site(town: Town, folder: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(tempfile.TemporaryDirectory())
        (folder / "redis").mkdir()
        postgres, mariadb = stack.enter_context(postgresql_server()), stack.enter_context(mariadb_server())
        redis = stack.enter_context(redis_server(folder / "redis"))
        with openldap_server(folder / "ldap") as ldap:
            school = School(folder=folder, postgres=postgres, mariadb=mariadb, redis=redis, ldap=ldap)
            school.fill()
            town.secret("database", PASSWORD)
            town.plan("student-records", *school.sources(), places={"a": "centre", "b": "second-site"})
            chosen_run = town.save("student-records")
            sheet = town.sheet()
        shutil.copytree(school.files, folder / "before" / str(school.files)[1:])
        shutil.copy(school.ledger, folder / "before" / "student-records.ledger.database.sqlite")
        before = school.state(folder / "before")
        school.destroy()
        shutil.rmtree(town.root)
        (folder / ".my.cnf").write_text(f"[client]\nsocket={mariadb.server}\n")
        typist = Typist(
            page=sheet,
            environment=_environment(
                folder,
                PGHOST=postgres.server,
                PGPORT=str(postgres.port),
                PGUSER="owner",
            ),
            answers={
                "TO": str(folder / "re stored"),
                "RUN": chosen_run,
                "RESTIC_PASSWORD": town.safes["student-records-b"],
            },
        )
        typist.type("student-records", "student-records-b")
        assert school.state(folder / "re stored") == before
        assert '"rows":500' in typist.said
        assert "Checksum OK" in typist.said


def test_the_other_kinds_come_back_by_their_own_lines(
    town: Town, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dump in SQL, a binary log that goes on from a dump, a received log, a command, a site with its database."""
    monkeypatch.setattr("sec_ops.cli.backup._running.require_approval", lambda _room, _site: None)
    binary_log = ("--log-bin", "--server-id=1", "--binlog-format=ROW")
    with ExitStack() as stack:
        postgres = stack.enter_context(postgresql_server(max_wal_senders="4"))
        mariadb = stack.enter_context(mariadb_server(*binary_log))
        others = Others(folder=folder, postgres=postgres, mariadb=mariadb)
        others.fill()
        town.secret("database", PASSWORD)
        town.plan("student-records", *others.sources(), places={"a": "centre"})
        with others.receiving():
            chosen_run = town.save("student-records")
        file, position = others.position(town)
        sheet, before = town.sheet(), others.state()
        assert "between" in before["meals"]
        others.destroy()
        shutil.rmtree(town.root)
        (folder / ".my.cnf").write_text(f"[client]\nsocket={mariadb.server}\n")
        to = folder / "restored"
        connection = {"PGHOST": postgres.server, "PGPORT": str(postgres.port), "PGUSER": "owner"}
        typist = Typist(
            page=sheet,
            environment=_environment(folder, **connection),
            answers={
                "TO": str(to),
                "RUN": chosen_run,
                "RESTIC_PASSWORD": town.safes["student-records-a"],
                "FIRST": file,
                "POSITION": position,
            },
        )
        typist.type("student-records", "student-records-a")
        others.bring_back(to)
        assert others.state() == before
        received = to / str(others.received)[1:]
        assert b"received row" in b"".join(each.read_bytes() for each in received.iterdir())


@dataclass
class Others:
    """Data of the kinds that a school has beside; the command also writes what only the binary log will know."""

    folder: Path
    postgres: Database
    mariadb: Database

    @property
    def site(self) -> Path:
        return self.folder / "site files"

    @property
    def database(self) -> Path:
        return self.folder / "site.db"

    @property
    def told(self) -> Path:
        return self.folder / "told"

    @property
    def received(self) -> Path:
        return self.folder / "received"

    def fill(self) -> None:
        """Make data in each."""
        self.postgres.say("CREATE DATABASE plain")
        self._plain("CREATE TABLE notes (note text); INSERT INTO notes VALUES ('received row'), ('second')")
        self.mariadb.say("CREATE DATABASE mensa; USE mensa; CREATE TABLE meals (name text)")
        self.mariadb.say("USE mensa; INSERT INTO meals VALUES ('before')")
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("CREATE TABLE articles (title)")
            database.execute("INSERT INTO articles VALUES ('news')")
        self.site.mkdir()
        (self.site / "index.html").write_text("<h1>news</h1>")

    def sources(self) -> list[dict[str, Any]]:
        """Return what a plan says of it, in the order it is saved."""
        programs = str(postgresql_programs())
        postgres = {"server": self.postgres.server, "port": self.postgres.port, "user": "owner", "programs": programs}
        mariadb = {"server": self.mariadb.server, "user": "root"}
        insert = (
            f"mariadb --no-defaults --socket={self.mariadb.server} -e \"INSERT INTO mensa.meals VALUES ('between')\""
        )
        command = {
            "command": ["sh", "-c", f"{insert} && echo told"],
            "filename": "told.txt",
            "load": ["sh", "-c", f"cat > '{self.told}'"],
        }
        site = {"kind": "sqlite", "settings": {"path": str(self.database)}}
        receiver = {"slot": "second", "folder": str(self.received), "synchronous": False}
        told = [
            ("plain", "postgresql", {**postgres, "database": "plain", "format": "plain"}),
            ("mensa", "mariadb", {**mariadb, "database": "mensa", "binary_log_position": True}),
            ("words", "command", command),
            ("log", "mariadb_binlog", {**mariadb, "folder": str(self.folder / "fetched")}),
            ("web", "cms", {"paths": [str(self.site)], "database": site}),
            ("stream", "postgresql_receivewal", {**postgres, **receiver}),
        ]
        return [{"id": name, "kind": kind, "settings": settings} for name, kind, settings in told]

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Receive the server's log, as `backup receive` does."""
        source = next(each for each in self.sources() if each["kind"] == "postgresql_receivewal")
        order = Order(
            source=SourceSettings(**source), doors=LocalDoors(clock=SystemClock()), last_good=lambda _part: None
        )
        enough = Event()
        thread = Thread(target=RECEIVER.receive, args=(order, lambda _error: not enough.wait(0.2)))
        thread.start()
        try:
            while not self.postgres.say("SELECT pid FROM pg_stat_replication WHERE state = 'streaming'"):
                time.sleep(0.05)
            self._plain("CREATE TABLE more AS SELECT 'received row' AS note")
            self.postgres.say("SELECT pg_switch_wal()")
            while all(each.suffix == ".partial" for each in self.received.iterdir()):
                time.sleep(0.05)
            yield
        finally:
            enough.set()
            self.postgres.say("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
            thread.join()

    def position(self, town: Town) -> tuple[str, str]:
        """Return where in the binary log the dump ends, as the dump itself says."""
        (near,) = opened(town.site, named_repositories(town.site, ["student-records-a"]))
        (dump,) = [each for each in near.snapshots().snapshots if "source:mensa" in each.tags]
        text = bytearray()
        assert near.dump(dump.id, "/mensa.sql", on_bytes=text.extend).judged.good
        found = re.search(rb"MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)", text)
        assert found
        return found[1].decode(), found[2].decode()

    def state(self) -> dict[str, Any]:
        """Return everything as it is now."""
        with closing(sqlite3.connect(self.database)) as database:
            articles = database.execute("SELECT title FROM articles").fetchall()
        return {
            "notes": self._plain("SELECT note FROM notes ORDER BY note"),
            "meals": self.mariadb.say("SELECT name FROM mensa.meals", "--skip-column-names").split(),
            "site": {each.name: each.read_bytes() for each in self.site.iterdir()},
            "articles": articles,
            "told": self.told.read_text() if self.told.exists() else "told\n",
        }

    def destroy(self) -> None:
        """Lose all of it."""
        self.postgres.say("DROP DATABASE plain")
        self.mariadb.say("DROP DATABASE mensa")
        self.told.write_text("lost")
        for each in (self.site, self.received, self.folder / "fetched"):
            shutil.rmtree(each)
        self.database.unlink()

    def bring_back(self, to: Path) -> None:
        """Do what the sheet says in words: put files in the place of those that were lost."""
        shutil.copytree(to / str(self.site)[1:], self.site)
        (kept,) = to.glob("*database.sqlite")
        shutil.copy(kept, self.database)

    def _plain(self, text: str) -> str:
        return replace(self.postgres, client=(*self.postgres.client[:-1], "plain")).say(text)


def test_the_site_itself_and_a_server_with_its_log_come_back(
    town: Town, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = "../archive"
    command = f"mkdir -p {archive} && test ! -f {archive}/%f && cp %p {archive}/.%f && mv {archive}/.%f {archive}/%f"
    with postgresql_server(archive_mode="on", archive_command=command, max_wal_senders="4") as server:
        server.say("CREATE TABLE notes (note text); INSERT INTO notes VALUES ('before')")
        town.secret("database", PASSWORD)
        settings = {
            "server": server.server,
            "port": server.port,
            "user": "keeper",
            "programs": str(postgresql_programs()),
            "archive": str(server.folder / "archive"),
        }
        password = {"file": "secrets/database"}
        source = {"id": "server", "kind": "postgresql_base", "password": password, "settings": settings}
        town.plan("exam-enrolment", source, places={"a": "centre"})
        base = town.save("exam-enrolment")
        server.say("INSERT INTO notes VALUES ('between')")
        newest = town.save("exam-enrolment")
        server.say("INSERT INTO notes VALUES ('too late')")
    own = {"repository": "sec-ops-a", "place": "centre", "answers": "chen"}
    with (town.root / "sec-ops.yml").open("a") as configuration:
        configuration.write(json.dumps({"backup": {"own": own}})[1:-1] + "\n")
    town.plan("sec-ops", places={"a": "centre"})
    saved = town.save("sec-ops")
    sheet, safes = town.sheet(), town.safes
    shutil.rmtree(town.root)
    to = str(folder / "restored")
    answers = {"TO": to, "RUN": newest, "BASE": base, "RESTIC_PASSWORD": safes["exam-enrolment-a"]}
    Typist(page=sheet, environment=_environment(folder), answers=answers).type("exam-enrolment", "exam-enrolment-a")
    assert _recovered(Path(to)) == ["before", "between"]
    answers = {"TO": "/", "RUN": saved, "RESTIC_PASSWORD": safes["sec-ops-a"]}
    Typist(page=sheet, environment=_environment(folder), answers=answers).type("sec-ops", "sec-ops-a")
    capsys.readouterr()
    assert run(["--site", str(town.root), "evidence", "verify", "--json"]) in (0, 3)
    assert json.loads(capsys.readouterr().out)["ok"]
    town.call("backup", "keys", "check", "sec-ops-a")


def _recovered(folder: Path) -> list[str]:
    """Start a server on the restored data, as the sheet tells, and return the notes."""
    data, port = folder / "exam-enrolment.server.data", free_port()
    subprocess.run(["chown", "-R", "postgres", str(folder)], check=True)
    settings = {"listen_addresses": "", "port": str(port), "unix_socket_directories": str(folder)}
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    psql = [str(postgresql_programs() / "psql"), "-XqAt", "-h", str(folder), "-p", str(port), "-U", "owner", "postgres"]

    def ready() -> bool:
        asked = subprocess.run([*psql, "-c", "SELECT pg_is_in_recovery()"], capture_output=True, check=False)
        return asked.stdout == b"f\n"

    with running([*command, str(postgresql_programs() / "postgres"), "-D", str(data), *words], ready, folder / "log"):
        notes = subprocess.run([*psql, "-c", "SELECT note FROM notes"], capture_output=True, text=True, check=True)
        return notes.stdout.split()
