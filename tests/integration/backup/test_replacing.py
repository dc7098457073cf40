"""A database put in the place of the one that is there: its name typed, proved beside it first, nothing lost before."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.source import Facts
from sec_ops.backup.sources import source_of
from tests.backup_site import BackupSite
from tests.servers.databases import Database, mariadb_server, postgresql_programs, postgresql_server

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
NAME = "Re cords"
COLLATION = "SELECT datcollate FROM pg_database WHERE datname = current_database()"


@dataclass(frozen=True)
class Case:
    """A server with a database of two tables and a view, which `say` speaks to."""

    server: Database
    kind: str
    settings: dict[str, Any]
    quote: str
    keeps: bool

    def say(self, text: str, database: str = NAME) -> str:
        if self.kind == "postgresql":
            return self.server.say(text, "-d", database)
        return self.server.say(text, "--skip-column-names", database)

    def names(self) -> set[str]:
        query = "SELECT datname FROM pg_database" if self.kind == "postgresql" else "SHOW DATABASES"
        text = self.server.say(query, *([] if self.kind == "postgresql" else ["--skip-column-names"]))
        return {each for each in text.splitlines() if each.startswith(NAME[:4])}


@pytest.fixture(scope="module")
def _servers() -> Iterator[dict[str, Case]]:
    with ExitStack() as stack:
        postgres, mariadb = stack.enter_context(postgresql_server()), stack.enter_context(mariadb_server())
        programs = {"programs": str(postgresql_programs())}
        connection = {"server": postgres.server, "port": postgres.port, "user": "owner", "database": NAME}
        owner = {"server": mariadb.server, "user": "root", "database": NAME}
        yield {
            "postgresql": Case(postgres, "postgresql", connection | programs, '"', keeps=True),
            "plain": Case(postgres, "postgresql", connection | programs | {"format": "plain"}, '"', keeps=True),
            "mariadb": Case(mariadb, "mariadb", owner, "`", keeps=False),
        }


@pytest.fixture(params=["postgresql", "plain", "mariadb"])
def case(request: pytest.FixtureRequest, _servers: dict[str, Case]) -> Case:
    """A case whose database is as new."""
    found = _servers[request.param]
    for name in found.names():
        found.server.say(f"DROP DATABASE {found.quote}{name}{found.quote}")
    locale = (
        " ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0" if found.keeps else " CHARACTER SET latin1"
    )
    found.server.say(f"CREATE DATABASE {found.quote}{NAME}{found.quote}{locale}")
    found.say(
        "CREATE TABLE pupils (id int PRIMARY KEY, name varchar(20)); INSERT INTO pupils VALUES (1, 'li'), (2, 'wu');"
    )
    found.say("CREATE VIEW shown AS SELECT name FROM pupils;")
    if found.keeps:
        found.server.say("DROP ROLE IF EXISTS application; CREATE ROLE application LOGIN")
        found.say("GRANT SELECT ON pupils TO application")
    return found


@pytest.fixture
def site(tmp_path: Path, _made: Path, capsys: pytest.CaptureFixture[str], case: Case) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("a", _made)
    site.plan(SYSTEM, [{"id": "database", "kind": case.kind, "settings": case.settings}])
    code, body = site.call("backup", "run", SYSTEM)
    assert code == 0, body
    case.say("DELETE FROM pupils WHERE id = 2; INSERT INTO pupils VALUES (3, 'new'); CREATE TABLE later (x int);")
    return site


@pytest.fixture
def restored(site: BackupSite, tmp_path: Path) -> Callable[..., tuple[int, Any]]:
    def restore(*words: str, into: str = NAME) -> tuple[int, Any]:
        folder = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        return site.call("backup", "restore", SYSTEM, "--target", str(folder), "--load", f"database={into}", *words)

    return restore


def test_the_copy_takes_its_place_when_its_name_is_typed(case: Case, restored: Callable[..., tuple[int, Any]]) -> None:
    code, body = restored("--replace", NAME)
    assert (code, body["verdict"]) == (0, "ok"), body
    assert case.say("SELECT name FROM shown ORDER BY name").split() == ["li", "wu"]
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'later'"
    others = case.names() - {NAME}
    if case.keeps:
        (kept,) = others
        assert kept in str(body["sources"][0]["loaded"]["what"])
        assert case.say("SELECT name FROM pupils ORDER BY id", kept).split() == ["li", "new"]
        assert case.say(tables).strip() == "0"
        assert case.say("SELECT has_table_privilege('application', 'pupils', 'SELECT')").strip() == "t"
        assert case.say(COLLATION).strip() == "C"
    else:
        assert others == set()
        query = "SELECT DEFAULT_CHARACTER_SET_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()"
        assert case.say(query).strip() == "latin1"
        assert "later" not in case.say("SHOW TABLES")


def test_without_its_name_nothing_is_touched(
    case: Case, site: BackupSite, restored: Callable[..., tuple[int, Any]], tmp_path: Path
) -> None:
    for words in ((), ("--replace", "other")):
        code, body = restored(*words)
        assert code == 2, body
    assert "3 tables" in str(restored()[1])
    assert case.say("SELECT name FROM pupils ORDER BY id").split() == ["li", "new"]
    assert case.names() == {NAME}
    assert not list(tmp_path.glob("out-*")), "nothing was fetched for it either"
    code, _body = site.call(
        "backup", "restore", SYSTEM, "--in-place", "--load", f"database={NAME}", "--confirm", SYSTEM
    )
    assert code == 2


def test_an_empty_database_needs_no_name(case: Case, restored: Callable[..., tuple[int, Any]]) -> None:
    case.server.say(f"CREATE DATABASE {case.quote}{NAME} 2{case.quote}")
    code, body = restored(into=f"{NAME} 2")
    assert (code, body["verdict"]) == (0, "ok"), body
    assert case.say("SELECT name FROM shown ORDER BY name", f"{NAME} 2").split() == ["li", "wu"]


def test_what_does_not_count_right_never_takes_its_place(
    case: Case, restored: Callable[..., tuple[int, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(source_of(case.kind)), "recount", lambda *_words: Facts())
    code, body = restored("--replace", NAME)
    assert (code, body["verdict"]) == (5, "damaged"), body
    assert case.say("SELECT name FROM pupils ORDER BY id").split() == ["li", "new"]


@pytest.mark.parametrize("case", ["postgresql"], indirect=True)
def test_somebody_who_is_connected_keeps_it_in_its_place(case: Case, restored: Callable[..., tuple[int, Any]]) -> None:
    user = subprocess.Popen([*case.server.client, "-d", NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert user.stdin
    assert user.stdout
    user.stdin.write("SELECT 'here';\n")
    user.stdin.flush()
    assert user.stdout.readline().strip() == "here"
    try:
        code, body = restored("--replace", NAME)
    finally:
        user.stdin.close()
        user.wait()
        user.stdout.close()
    assert (code, body["verdict"]) == (5, "failed"), body
    assert "not put in the place" in str(body)
    assert case.say("SELECT name FROM pupils ORDER BY id").split() == ["li", "new"]
    assert len(case.names()) == 2, "the loaded one stays, under the name that is told"
