"""The contract of a drill's checks: against real services in a real sandbox, right, wrong, hanging and hostile."""

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sec_ops.drill.check import Answering, CheckPlace
from sec_ops.drill.checking import checked
from sec_ops.drill.checks import check_of, kinds
from sec_ops.drill.sandbox.opening import Asked, open_sandbox
from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.drill.service import Place
from sec_ops.drill.services import kinds as service_kinds
from sec_ops.drill.services import service_of
from sec_ops.model.drill_record import CheckRecord
from sec_ops.model.drill_scenario import RecoveryCheck
from sec_ops.model.values import Text
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.process import run_program

pytestmark = pytest.mark.integration
PASSWORD = "pass:word \\ '\"$HOME&=%"
PORTS = {"postgresql": 5901, "mariadb": 5902, "openldap": 5903, "program": 5904, "nginx": 5905, "sqlite": 5906}
LDIF = """\
dn: dc=edu,dc=example
objectClass: dcObject
objectClass: organization
dc: edu
o: school

""" + "".join(
    f"dn: uid=u{number},dc=edu,dc=example\nobjectClass: inetOrgPerson\nuid: u{number}\ncn: c\nsn: s\n"
    f"userPassword: {PASSWORD}\n\n"
    for number in range(700)
)
SERVICES: Mapping[str, Mapping[str, Any]] = {
    "openldap": {"suffix": "dc=edu,dc=example"},
    "program": {"command": ["python3", "{site}/application.py", "{port}"], "environment": {"PASSWORD": PASSWORD}},
    "nginx": {"files": "site", "root": "/srv"},
}
APPLICATION = Path(__file__).with_name("drill_application.py")


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Stands"]:
    folder = tmp_path_factory.mktemp("checks") / "drill"
    readable = [path for kind in service_kinds() for path in service_of(kind).readable() if path.exists()]
    with (
        open_sandbox(Asked(folder=folder, readable=readable), run_program=run_program) as sandbox,
        ExitStack() as stack,
    ):
        yield Stands(sandbox, stack)


class Stands:
    """Services in one sandbox, each started when a case first asks for it."""

    def __init__(self, sandbox: Sandbox, stack: ExitStack) -> None:
        self.sandbox = sandbox
        self.files = sandbox.work / "files"
        self.running: dict[str, Answering] = {}
        self._lay()

    def _lay(self) -> None:
        (self.files / "srv").mkdir(parents=True)
        (self.files / "srv" / "list.txt").write_text("x" * 70_000 + "王小明\n", encoding="utf-8")
        (self.files / "srv" / "out").symlink_to("/etc/passwd")
        (self.files / "srv" / "up").symlink_to("../../etc/passwd")
        (self.files / "srv" / "within").symlink_to("list.txt")
        (self.files / "srv" / "gone").symlink_to("no-such-file")
        shutil.copy(APPLICATION, self.files / "application.py")
        (self.files / "directory.ldif").write_text(LDIF)
        self.sandbox.take(self.files)
        self.sandbox.run(["mkfifo", "/drill/files/srv/pipe"], seconds=10)

    def service(self, kind: str) -> Answering:
        if kind not in self.running:
            self.running[kind] = self._started(kind)
        return self.running[kind]

    def _started(self, kind: str) -> Answering:
        folder = self.sandbox.work / kind
        self.sandbox.make_folder(folder)
        settings = SERVICES.get(kind, {})
        service = service_of(kind)
        place = Place(
            name=kind,
            sandbox=self.sandbox,
            folder=folder,
            port=PORTS[kind],
            settings=service.settings.model_validate(settings),
            clock=SystemClock(),
            sleep=time.sleep,
            restored={"site": self.files},
        )
        standing = service.provision(place)
        if kind == "openldap":
            words = ["slapadd", "-q", "-F", standing.into, "-b", "dc=edu,dc=example"]
            assert self.sandbox.run(words, seconds=60, stdin=self.files / "directory.ldif").exit_code == 0
        if kind == "sqlite":
            made = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE beats (number)')"
            assert self.sandbox.run(["python3", "-c", made, standing.into], seconds=60).exit_code == 0
        service.start(place)
        return Answering(kind=kind, port=PORTS[kind], standing=standing)


def look(stands: Stands, kind: str, service: str = "", *, seconds: int = 20, **settings: Any) -> CheckRecord:
    place = CheckPlace(
        sandbox=stands.sandbox,
        clock=SystemClock(),
        read_secret=lambda reference: SecretStr(reference["env"]),
        service=stands.service(service) if service else None,
        services={name: stands.service(name) for name in ("program",)} if kind == "command" else {},
        restored={"site": stands.files},
    )
    title = Text(zh="核查", en="check")
    check = RecoveryCheck(id="check", title=title, kind=kind, settings=settings, deadline_seconds=seconds)
    return checked(check, place)


def verdict(record: CheckRecord) -> str:
    """Return the verdict, having seen that a failure says why and that nothing in it could harm a terminal."""
    assert (record.verdict == "passed") == (record.problem is None), record
    for text in (record.expected, record.found, record.problem.why if record.problem else ""):
        assert text.isprintable(), text
        assert len(text) <= 301
    return record.verdict


DATABASES = pytest.mark.parametrize(
    ("service", "database"), [("postgresql", "postgres"), ("mariadb", "mysql"), ("sqlite", "main")]
)
QUERIES: list[tuple[str, dict[str, Any], bool]] = [
    ("SELECT 41 + 1", {"equals": "42"}, True),
    ("SELECT 41 + 1", {"at_least": 42}, True),
    ("SELECT 41 + 1", {"at_least": 43}, False),
    ("SELECT 41 + 1", {"at_least": 1, "at_most": 41}, False),
    ("SELECT '42 '", {"equals": "42"}, False),
    ("SELECT 'many'", {"at_least": 1}, False),
    ("SELECT 'NaN'", {"at_least": 1}, False),
    ("SELECT NULL", {"at_least": 0}, False),
    ("SELECT NULL", {"equals": ""}, False),
    ("SELECT 'a,\"b\"'", {"equals": 'a,"b"'}, True),
    ("SELECT concat('x', 'a\n\tb')", {"equals": "xa\n\tb"}, True),
    ("SELECT '王小明'", {"equals": "王小明"}, True),
    ("SELECT 1 UNION SELECT 2", {"at_least": 1}, False),
    ("SELECT 1, 2", {"at_least": 1}, False),
    ("SELECT 1 WHERE 1 = 0", {"at_least": 0}, False),
    ("SELECT * FROM no_such_table", {"at_least": 0}, False),
    ("SELECT repeat('\x1b[2J', 100000)", {"equals": "x"}, False),
    ("WITH a AS (SELECT 7 AS b) SELECT b FROM a;", {"equals": "7"}, True),
]


@DATABASES
@pytest.mark.parametrize(("query", "wanted", "holds"), QUERIES)
def test_a_question_to_a_database(service, database, query, wanted, holds, stands: Stands) -> None:
    if service == "sqlite":
        query = query.replace("concat('x', ", "('x' || ")
    record = look(stands, "sql", service, database=database, query=query, **wanted)
    assert verdict(record) == ("passed" if holds else "failed"), record


@DATABASES
def test_a_question_that_takes_too_long_is_ended(service, database, stands: Stands) -> None:
    endless = "WITH RECURSIVE a (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT max(n) FROM a"
    slow = {"postgresql": "SELECT pg_sleep(60)", "mariadb": "SELECT sleep(60)", "sqlite": endless}[service]
    record = look(stands, "sql", service, seconds=1, database=database, query=slow, equals="")
    assert verdict(record) == "failed"
    assert record.elapsed_ms < 10_000


def test_a_question_changes_nothing(stands: Stands) -> None:
    client = stands.service("postgresql").standing.client
    words = [f"{client['programs']}/psql", "-h", str(client["server"]), "-p", str(client["port"]), "-U", "postgres"]
    assert stands.sandbox.run([*words, "-c", "CREATE TABLE beats (number int)"], seconds=20).exit_code == 0
    query = "WITH a AS (INSERT INTO beats VALUES (1) RETURNING 1) SELECT count(*) FROM a"
    record = look(stands, "sql", "postgresql", database="postgres", query=query, equals="1")
    assert verdict(record) == "failed"
    assert record.problem is not None
    assert "read-only" in record.problem.why


def test_a_question_changes_no_file(stands: Stands) -> None:
    stands.service("sqlite")
    query = "WITH a AS (SELECT 1) INSERT INTO beats SELECT * FROM a"
    record = look(stands, "sql", "sqlite", database="main", query=query, equals="1")
    assert verdict(record) == "failed"
    assert record.problem is not None
    assert "readonly" in record.problem.why
    counted = look(stands, "sql", "sqlite", database="main", query="SELECT count(*) FROM beats", equals="0")
    assert verdict(counted) == "passed"


PAGES: list[tuple[dict[str, Any], bool]] = [
    ({"path": "/"}, True),
    ({"path": "/", "host": "www.edu.example", "text": "host www.edu.example"}, True),
    ({"path": "/", "text": "no such words"}, False),
    ({"path": "/", "absent": "host"}, False),
    ({"path": "/", "absent": "Traceback"}, True),
    ({"path": "/missing"}, False),
    ({"path": "/missing", "status": 404}, True),
    ({"path": "/login?ask=1", "text": "<form"}, True),
    ({"path": "/private"}, False),
    ({"path": "/private", "status": 302}, True),
    ({"path": "/large", "text": "the end"}, False),
    ({"path": "/large", "absent": "the end"}, False),
    ({"path": "/broken"}, False),
    ({"path": "/hostile"}, True),
    ({"path": "/hostile", "status": 500}, False),
]


@pytest.mark.parametrize(("settings", "holds"), PAGES)
def test_a_page(settings, holds, stands: Stands) -> None:
    record = look(stands, "http", "program", **settings)
    assert verdict(record) == ("passed" if holds else "failed"), record


@pytest.mark.parametrize("path", ["/drip", "/silence"])
def test_a_server_that_never_ends_is_left_and_holds_up_nobody(path: str, stands: Stands) -> None:
    stands.service("program")
    found: list[CheckRecord] = []
    hanging = threading.Thread(target=lambda: found.append(look(stands, "http", "program", seconds=3, path=path)))
    hanging.start()
    begun = time.monotonic()
    for _number in range(3):
        assert verdict(look(stands, "http", "program", path="/")) == "passed"
    assert hanging.is_alive(), f"others took {time.monotonic() - begun} s"
    hanging.join()
    assert verdict(found[0]) == "failed"


def test_nothing_listens(stands: Stands) -> None:
    stands.running["gone"] = Answering(kind="nginx", port=5999, standing=stands.service("nginx").standing)
    record = look(stands, "http", "gone")
    assert verdict(record) == "failed"
    assert "refused" in record.problem.why  # type: ignore[union-attr]


DN = "uid=u1,dc=edu,dc=example"
SEARCHES: list[tuple[dict[str, Any], bool]] = [
    ({"filter": "(objectClass=inetOrgPerson)", "at_least": 700, "at_most": 700}, True),
    ({"filter": "(objectClass=inetOrgPerson)", "at_least": 701}, False),
    ({"filter": "(objectClass=inetOrgPerson)", "at_most": 699}, False),
    ({"filter": "(uid=nobody)"}, False),
    ({"filter": "(uid=nobody)", "at_least": 0, "at_most": 0}, True),
    ({"scope": "base", "at_most": 1}, True),
    ({"filter": "(no filter"}, False),
    ({"base": "dc=other"}, False),
    ({"bind": DN, "secret": {"env": PASSWORD}, "scope": "base"}, True),
    ({"bind": DN, "secret": {"env": PASSWORD + "x"}, "scope": "base"}, False),
    ({"bind": "uid=nobody,dc=edu,dc=example", "secret": {"env": PASSWORD}, "scope": "base"}, False),
]


@pytest.mark.parametrize(("settings", "holds"), SEARCHES)
def test_a_search_in_a_directory(settings, holds, stands: Stands) -> None:
    record = look(stands, "ldap", "openldap", **{"base": "dc=edu,dc=example", **settings})
    assert verdict(record) == ("passed" if holds else "failed"), record
    assert PASSWORD not in record.model_dump_json()


SIGN_IN = {"user": "drill", "page": "/private", "text": "你好", "secret": {"env": PASSWORD}}
LOGINS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"secret": {"env": "wrong"}}, False),
    ({"user": "nobody"}, False),
    ({"form": "/missing"}, False),
    ({"form": "/missing", "submit": "/enter", "fields": {"token": "t0ken"}}, True),
    ({"text": "other"}, False),
    ({"page": "/", "text": "host"}, False),
    ({"page": "/loop"}, False),
]


@pytest.mark.parametrize(("settings", "holds"), LOGINS)
def test_somebody_signs_in(settings, holds, stands: Stands) -> None:
    record = look(stands, "login", "program", **{**SIGN_IN, **settings})
    assert verdict(record) == ("passed" if holds else "failed"), record
    assert PASSWORD not in record.model_dump_json()


DIGEST = "0" * 64
FILES: list[tuple[dict[str, Any], bool]] = [
    ({"path": "/srv/list.txt"}, True),
    ({"path": "srv/list.txt", "text": "王小明", "at_least_bytes": 70_000}, True),
    ({"path": "srv/list.txt", "text": "李"}, False),
    ({"path": "srv/list.txt", "at_least_bytes": 80_000}, False),
    ({"path": "srv/list.txt", "sha256": DIGEST}, False),
    ({"path": "srv/within", "text": "王小明"}, True),
    ({"path": "srv/gone"}, False),
    ({"path": "srv/out"}, False),
    ({"path": "srv/up"}, False),
    ({"path": "../postgresql"}, False),
    ({"path": "../../etc/passwd"}, False),
    ({"path": "srv/pipe"}, False),
    ({"path": "srv/none"}, False),
    ({"path": "srv", "at_least_entries": 5}, True),
    ({"path": "srv", "at_least_entries": 50}, False),
    ({"path": "srv", "at_least_bytes": 1}, False),
    ({"path": "srv/list.txt", "at_least_entries": 1}, False),
    ({"path": "srv/\x00"}, False),
    ({"path": "srv/list.txt", "source": "other"}, False),
]


@pytest.mark.parametrize(("settings", "holds"), FILES)
def test_a_restored_file(settings, holds, stands: Stands) -> None:
    record = look(stands, "file", **{"source": "site", **settings})
    assert verdict(record) == ("passed" if holds else "failed"), record


COMMANDS: list[tuple[dict[str, Any], bool]] = [
    ({"command": ["true"]}, True),
    ({"command": ["false"]}, False),
    ({"command": ["sh", "-c", "exit 3"], "exit_code": 3}, True),
    ({"command": ["echo", "{program.port} {site} {other}"], "text": "5904 /drill/files {other}"}, True),
    (
        {"command": ["sh", "-c", 'echo "$WHERE"'], "environment": {"WHERE": "{program.server}"}, "text": "127.0.0.1"},
        True,
    ),
    ({"command": ["echo", "no"], "text": "yes"}, False),
    ({"command": ["no-such-program"]}, False),
    ({"command": ["sh", "-c", "printf '\\033[2J\\0'; exit 1"]}, False),
    ({"command": ["yes"]}, False),
    ({"command": ["sh", "-c", "sleep 60 & wait"]}, False),
]


@pytest.mark.parametrize(("settings", "holds"), COMMANDS)
def test_a_command_of_ones_own(settings, holds, stands: Stands) -> None:
    record = look(stands, "command", seconds=3, **settings)
    assert verdict(record) == ("passed" if holds else "failed"), record


def test_each_kind_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds() == ("command", "file", "http", "ldap", "login", "sql")
    assert all(check_of(kind).lacking() == () for kind in kinds())
    assert all(set(check_of(kind).asks) <= set(service_kinds()) for kind in kinds())
    monkeypatch.setattr("shutil.which", lambda *_words, **_more: None)
    assert [each.package for each in check_of("ldap").lacking()] == ["ldap-utils"]
    with pytest.raises(KeyError):
        check_of("no-such-kind")
