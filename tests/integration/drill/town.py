"""Three systems that depend on each other, saved once: a directory, a server with its log, a web application."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from tests.drilled_site import DrilledSite, check, dump_of
from tests.servers.databases import Database, openldap_server, postgresql_programs, postgresql_server

__all__ = ["Town", "built_town", "loud", "told"]

APPLICATION = """
import http.server, os, subprocess
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        words = [os.environ["PROGRAMS"] + "/psql", "-XqAt", "-h", os.environ["SERVER"], "-p", os.environ["PORT"]]
        words += ["-U", "owner", "-d", "postgres", "-c", "SELECT count(*) FROM students"]
        done = subprocess.run(words, capture_output=True)
        self.send_response(200 if done.returncode == 0 else 500)
        self.end_headers()
        self.wfile.write(b"students: " + done.stdout + done.stderr)
http.server.HTTPServer(("127.0.0.1", int(os.environ["LISTEN"])), Page).serve_forever()
"""
_BEAT = "UPDATE sec_ops_heartbeat SET at = clock_timestamp()"


@dataclass
class Town:
    """The site, its servers, and what was written when (UTC)."""

    site: DrilledSite
    server: Database
    folder: Path
    moments: list[datetime]

    def beat(self) -> datetime:
        """Write a heartbeat and return its moment."""
        told = self.server.say(f"{_BEAT} RETURNING extract(epoch FROM at)")
        return datetime.fromtimestamp(float(told), UTC)


@contextmanager
def built_town(folder: Path, made: Path) -> Iterator[Town]:
    """Make the servers and the site, and save all systems; what is saved is copied to a second repository."""
    archive = "../archive"
    command = f"mkdir -p {archive} && test ! -f {archive}/%f && cp %p {archive}/.%f && mv {archive}/.%f {archive}/%f"
    with ExitStack() as stack:
        server = stack.enter_context(postgresql_server(archive_mode="on", archive_command=command, max_wal_senders="4"))
        ldap = stack.enter_context(openldap_server(folder / "ldap"))
        ldap.say("dn: dc=edu,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: edu\n")
        server.say("CREATE TABLE sec_ops_heartbeat (source text PRIMARY KEY, at timestamptz, beats bigint)")
        server.say("INSERT INTO sec_ops_heartbeat VALUES ('sec-ops', clock_timestamp(), 1)")
        server.say("CREATE TABLE students AS SELECT id, 'student ' || id AS name FROM generate_series(1, 300) AS id")
        server.say("CREATE DATABASE exams")
        server.say("CREATE TABLE rooms (name text); INSERT INTO rooms VALUES ('A1'), ('B2')", "-d", "exams")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DrilledSite, "call", _quietly)
            site = DrilledSite(folder / "site", None)  # type: ignore[arg-type]
            town = Town(site=site, server=server, folder=folder, moments=[])
            _describe(town, ldap, made)
            _save(town)
        yield town


def _quietly(site: DrilledSite, *words: str) -> tuple[int, Any]:
    code = run(["--site", str(site.root), *words, "--json"])
    return code, {"systems": [{"run": ""}]}


def _describe(town: Town, ldap: Database, made: Path) -> None:
    """Write plans, recoveries, and files."""
    site, server = town.site, town.server
    escrow = {"file": "secrets/escrow"}
    site.repository("a", made, place="second-site", escrow=escrow)
    site.repository("b", place="second-site", escrow=escrow)
    (site.root / "secrets" / "escrow").write_text("correct horse\n")
    (site.root / "secrets" / "escrow").chmod(0o600)
    files = town.folder / "uploads"
    files.mkdir()
    for number in range(20):
        (files / f"photo-{number}.bin").write_bytes(bytes([number]) * (5000 + number))
    (files / "out").symlink_to("/etc/passwd")
    (town.folder / "application").mkdir()
    (town.folder / "application" / "app.py").write_text(APPLICATION)
    base = {
        "server": server.server,
        "port": server.port,
        "user": "keeper",
        "programs": str(postgresql_programs()),
        "archive": str(server.folder / "archive"),
    }
    password = {"file": "secrets/database"}
    copies = [{"repository": "b", "timing": {"every_hours": 1}, "retention": {"last": 9}}]
    directory = {"suffix": "dc=edu,dc=example", "configuration": ldap.server}
    site.plan("identity-service", [{"id": "directory", "kind": "openldap", "settings": directory}], copies=copies)
    sources = [
        {"id": "database", "kind": "postgresql_base", "password": password, "settings": base},
        {"id": "uploads", "kind": "files", "settings": {"paths": [str(files)]}},
    ]
    site.plan("student-records", sources, copies=copies)
    application = {"id": "application", "kind": "files", "settings": {"paths": [str(town.folder / "application")]}}
    site.plan("exam-enrolment", [dump_of(server, "exams"), application], copies=copies)
    portal = town.folder / "portal"
    portal.mkdir()
    for number in range(20):
        (portal / f"page-{number}.html").write_text(f"<h1>{number}</h1>" + "<p>school</p>" * 300)
    site.plan("website-group", [{"id": "portal", "kind": "files", "settings": {"paths": [str(portal)]}}], copies=copies)
    _recoveries(town)


def _recoveries(town: Town) -> None:
    site, uploads = town.site, str(town.folder / "uploads")
    suffix = {"suffix": "dc=edu,dc=example"}
    ldap = {"id": "ldap", "kind": "openldap", "loads": {"directory": "-"}, "settings": suffix}
    site.recovery("identity-service", [check("ldap", "ldap", base="dc=edu,dc=example")], services=[ldap])
    whole = {"base": "database", "log": "database", "user": "owner"}
    database = {"id": "server", "kind": "postgresql", "settings": whole}
    students = check("sql", "server", database="postgres", query="SELECT count(*) FROM students", at_least=300)
    there = check("file", name="uploads", source="uploads", path=uploads, at_least_entries=20)
    site.recovery("student-records", [students, there], services=[database])
    exams = {"id": "exams", "kind": "postgresql", "loads": {"database": "exams"}}
    environment = {
        "SERVER": "{student-records.server.server}",
        "PORT": "{student-records.server.port}",
        "PROGRAMS": "{student-records.server.programs}",
        "LISTEN": "{port}",
    }
    program = ["python3", f"{{application}}{town.folder}/application/app.py"]
    started = {"command": program, "environment": environment}
    web = {"id": "web", "kind": "program", "needs": ["exams"], "settings": started}
    rooms = check("sql", "exams", name="rooms", database="exams", query="SELECT count(*) FROM rooms", equals="2")
    page = check("http", "web", name="page", path="/", status=200, text="students: 302")
    site.recovery("exam-enrolment", [rooms, page], services=[exams, web])
    shown = {"id": "web", "kind": "nginx", "settings": {"files": "portal", "root": str(town.folder / "portal")}}
    first = check("http", "web", path="/page-1.html", text="<h1>1</h1>")
    site.recovery("website-group", [first], services=[shown])


def _save(town: Town) -> None:
    """Save all, write on, and save the server once more, so that its base backup and its log are of two runs."""
    site = town.site
    for name in ("identity-service", "student-records", "exam-enrolment", "website-group"):
        assert site.call("backup", "run", name)[0] == 0
    for number in range(2):
        town.moments.append(town.beat())
        time.sleep(0.4)
        town.server.say(f"INSERT INTO students VALUES ({301 + number}, 'later')")
        time.sleep(0.4)
    town.moments.append(town.beat())
    assert site.call("backup", "run", "student-records")[0] == 0
    shutil.copytree(site.root / "data" / "a", site.root / "data" / "b")


def loud(town: Town, capsys: pytest.CaptureFixture[str]) -> DrilledSite:
    """Return the site for a test, with scenarios of its own."""
    site = object.__new__(DrilledSite)
    site.root, site._capsys = town.site.root, capsys
    for each in (site.root / "backup" / "drills").iterdir():
        each.unlink()
    capsys.readouterr()
    return site


def told(record: dict[str, Any]) -> str:
    """Return what is to be read of a record when a test fails."""
    failed = [each for each in record.get("systems", ()) if each["verdict"] != "passed"]
    return json.dumps({"problems": record.get("problems"), "systems": failed, **record.get("error", {})}, indent=1)
