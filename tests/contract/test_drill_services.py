"""The contract of a drill's services: what a source saved runs again in the sandbox, and counts as it did."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.source import Facts, Order
from sec_ops.backup.sources import source_of
from sec_ops.drill.sandbox.doors import SandboxDoors
from sec_ops.drill.sandbox.opening import Asked, open_sandbox
from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.drill.service import Place, Standing
from sec_ops.drill.services import kinds, service_of
from sec_ops.model.errors import ProgramFailed
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.process import run_program
from tests.contract.backup_sources import CASES, Case, Servers
from tests.servers.databases import postgresql_programs, postgresql_server

pytestmark = pytest.mark.integration
PORT = 5999


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(stack)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with open_sandbox(Asked(folder=tmp_path / "drill", readable=readable()), run_program=run_program) as opened:
        yield opened


def readable() -> list[Path]:
    return [path for kind in kinds() for path in service_of(kind).readable() if path.exists()]


def place(sandbox: Sandbox, kind: str, restored: dict[str, Path] | None = None, **settings: Any) -> Place:
    folder = sandbox.work / kind
    sandbox.make_folder(folder)
    return Place(
        name=kind,
        sandbox=sandbox,
        folder=folder,
        port=PORT,
        settings=service_of(kind).settings.model_validate(settings),
        clock=SystemClock(),
        sleep=time.sleep,
        restored=restored or {},
    )


def saved(case: Case, folder: Path) -> Facts:
    """Save the one part of a source as restic would, and return what is told of it."""
    with source_of(case.kind).open(case.order()) as capture:
        (part,) = capture.parts
        done = LocalDoors(clock=SystemClock()).run(part.command, deadline_seconds=60)
        assert done.exit_code == 0, done.stderr
        (folder / part.filename).write_bytes(done.stdout)
        return capture.facts()


def inside(case: Case, standing: Standing, doors: SandboxDoors) -> Order:
    order = case.order()
    source = order.source.model_copy(update={"settings": {**order.source.settings, **standing.client}})
    return replace(order, source=source, doors=doors, secret=None)


CASES_LOADED: dict[str, tuple[str, dict[str, Any], str]] = {
    "postgresql": ("postgresql", {}, "school"),
    "mariadb": ("mariadb", {}, "school"),
    "openldap": ("openldap", {"suffix": "dc=edu,dc=example"}, ""),
    "sqlite": ("sqlite", {}, ""),
}


def loaded(case: Case, kind: str, where: Place, into: str, folder: Path) -> Facts:
    service, source = service_of(kind), source_of(case.kind)
    standing = service.provision(where)
    doors = SandboxDoors(sandbox=where.sandbox, clock=SystemClock())
    order = inside(case, standing, doors)
    if service.loads == "running":
        service.start(where)
    for each in source.loading(order, standing.into or into):
        done = doors.run(each.arguments, deadline_seconds=60, reads=folder / each.reads if each.reads else None)
        assert done.exit_code == 0, done.stderr
    if service.loads == "stopped":
        service.start(where)
    return source.recount(order, standing.into or into)


@pytest.mark.parametrize("name", CASES_LOADED)
def test_what_was_saved_runs_again_and_counts_the_same(name: str, servers: Servers, sandbox: Sandbox) -> None:
    kind, settings, into = CASES_LOADED[name]
    restored = sandbox.work / "restored"
    restored.mkdir()
    with CASES[name](servers) as case:
        for number in range(3):
            case.write(number)
        told = saved(case, restored)
        sandbox.take(restored)
        back = loaded(case, kind, place(sandbox, kind, **settings), into, restored)
    assert told.tables
    assert sorted(back.tables, key=str) == sorted(told.tables, key=str)


def test_a_damaged_database_file_does_not_start(sandbox: Sandbox) -> None:
    where = place(sandbox, "sqlite")
    service_of("sqlite").provision(where)
    sandbox.run(["sh", "-c", f"printf 'SQLite format 3 and no more' > {where.inside('database.sqlite')}"], seconds=10)
    with pytest.raises(ProgramFailed, match="damaged"):
        service_of("sqlite").start(where)


def test_files_are_shown_by_a_web_server_and_no_others(sandbox: Sandbox) -> None:
    files = sandbox.work / "files"
    (files / "srv" / "www").mkdir(parents=True)
    (files / "srv" / "www" / "index.html").write_text("<h1>学校</h1>", encoding="utf-8")
    (files / "secret").write_text("not below the root")
    (files / "srv" / "www" / "out").symlink_to("../../secret")
    sandbox.take(files)
    where = place(sandbox, "nginx", {"site": files}, files="site", root="/srv/www")
    service = service_of("nginx")
    service.provision(where)
    service.start(where)
    page = sandbox.ask_web(PORT, "/", host="www.example")
    assert (page.status, page.body) == (200, "<h1>学校</h1>")
    assert ("Content-Type", "text/html; charset=utf-8") in page.headers
    assert sandbox.ask_web(PORT, "/out", host="www.example").status == 403
    assert sandbox.ask_web(PORT, "/../secret", host="www.example").status in (400, 404)


@pytest.mark.parametrize("root", ["../..", "/no/such", "srv/../../.."])
def test_a_root_that_was_not_restored_is_refused(root: str, sandbox: Sandbox) -> None:
    files = sandbox.work / "files"
    files.mkdir()
    with pytest.raises(ProgramFailed):
        service_of("nginx").provision(place(sandbox, "nginx", {"site": files}, files="site", root=root))


PROGRAM = """
import http.server, os, pathlib, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(pathlib.Path(os.environ["DATA"], "pupils").read_bytes())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def test_an_application_reads_what_was_restored(sandbox: Sandbox) -> None:
    files = sandbox.work / "files"
    files.mkdir()
    (files / "pupils").write_text("400")
    (files / "app.py").write_text(PROGRAM)
    sandbox.take(files)
    command = ["python3", "{site}/app.py", "{port}"]
    where = place(sandbox, "program", {"site": files}, command=command, environment={"DATA": "{site}"})
    service_of("program").provision(where)
    service_of("program").start(where)
    assert sandbox.ask_web(PORT, "/", host="x").body == "400"


def test_a_service_that_does_not_start_is_told_with_its_own_words(sandbox: Sandbox) -> None:
    words = ["sh", "-c", "echo 'bad luck' >&2; exit 7"]
    where = place(sandbox, "program", command=words)
    service_of("program").provision(where)
    with pytest.raises(ProgramFailed) as caught:
        service_of("program").start(where)
    assert "bad luck" in caught.value.why


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[datetime]]:
    """Give a base backup, the log after it, and the moments at which a row each was committed."""
    base = tmp_path_factory.mktemp("archived") / "base"
    log = Path(tempfile.mkdtemp(prefix="log-"))
    shutil.chown(log, "postgres")
    command = f"test ! -f {log}/%f && cp %p {log}/%f"
    with postgresql_server(archive_mode="on", archive_command=command, wal_level="replica") as server:
        server.say("CREATE TABLE beats (number int)")
        words = [
            str(postgresql_programs() / "pg_basebackup"),
            "-h",
            server.server,
            "-p",
            str(server.port),
            "-U",
            "owner",
        ]
        subprocess.run([*words, "-D", str(base), "-c", "fast", "-X", "none"], check=True, capture_output=True)
        moments = []
        for number in range(3):
            server.say(f"INSERT INTO beats VALUES ({number})")
            moments.append(datetime.now(UTC))
            time.sleep(0.3)
        server.say("SELECT pg_switch_wal()")
        deadline = time.monotonic() + 30
        while not (names := sorted(log.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert names
        time.sleep(1)
    with (base / "postgresql.auto.conf").open("a") as stream:
        stream.write("archive_command = 'touch /drill/reached'\nshared_preload_libraries = 'no_such_library'\n")
        stream.write("primary_conninfo = 'host=192.0.2.10'\ninclude_if_exists = '/drill/more.conf'\n")
    (base / "standby.signal").touch()
    return base, Path(shutil.move(log, base.with_name("log"))), moments


def rows(base: Path, log: Path, sandbox: Sandbox, **settings: object) -> list[str]:
    restored = {"base": sandbox.work / "base", "log": sandbox.work / "log"}
    for name, path in (("base", base), ("log", log)):
        shutil.copytree(path, restored[name])
        sandbox.take(restored[name])
    where = place(sandbox, "postgresql", restored, base="base", log="log", user="owner", **settings)
    where = replace(where, logs={"log": restored["log"]})
    service = service_of("postgresql")
    standing = service.provision(where)
    service.start(where)
    words = [f"{standing.client['programs']}/psql", "-XqAt", "-h", str(standing.client["server"])]
    words += ["-p", str(PORT), "-U", "owner", "-d", "postgres", "-c"]
    return sandbox.run([*words, "SELECT number FROM beats ORDER BY 1"], seconds=20).stdout.split()


def test_a_base_backup_comes_back_with_its_log_and_none_of_its_configuration(archived, sandbox) -> None:
    base, log, _moments = archived
    assert rows(base, log, sandbox) == ["0", "1", "2"]
    assert not (sandbox.work / "reached").exists()
    assert (sandbox.work / "postgresql" / "restored-configuration" / "postgresql.auto.conf").exists()


def test_a_server_comes_back_as_it_was_at_a_chosen_moment(archived, sandbox) -> None:
    base, log, moments = archived
    assert rows(base, log, sandbox, until=moments[1].isoformat()) == ["0", "1"]


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(kind: str) -> set[str]:
        return {each.package for each in service_of(kind).lacking()}

    assert all(lacking(kind) == set() for kind in kinds())
    monkeypatch.setattr("shutil.which", lambda *_words, **_more: None)
    monkeypatch.setattr("sec_ops.drill.services.postgresql._ROOT", Path("/nowhere"))
    assert lacking("postgresql") == {"postgresql"}
    assert lacking("mariadb") == {"mariadb-server", "mariadb-client"}
    assert lacking("openldap") == {"slapd"}
    assert lacking("nginx") == {"nginx-light"}
