"""Two sites as network namespaces for the drill's figures: a school's database at A, its copy and the drill at B.

A has PostgreSQL, an application that commits twice a second and notes when each commit was acknowledged, heartbeats,
and a controller that saves over a cable of IPv6 to a rest-server at B that only appends. A loss is SIGKILL of
everything that runs at A, and the cable down.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.certificates import Authority, KeyPair
from tests.servers.databases import postgresql_programs
from tests.servers.go_programs import REST_SERVER, built
from tests.servers.sites import A, B, Cable, two_sites

__all__ = ["SYSTEM", "Method", "World", "make_world", "methods", "run"]

ROOT = Path(__file__).parents[1]
SYSTEM = "student-records"
_WORD = "correct horse"
_PORT = 15_432
_REST_PORT = 18_000
_SCHOOLS, _SCORES_OF_EACH = 300, 3.75
_BYTES_OF_A_STUDENT = 490

_SCHEMA = """
CREATE TABLE students AS SELECT id, id % {schools} AS school, 'student ' || id AS name, md5(id::text) AS card
  FROM generate_series(1, {students}) AS id;
CREATE TABLE scores AS
  SELECT id, id % {students} + 1 AS student, (id::bigint * 7919) % 101 AS points, md5(id::text) AS sheet
  FROM generate_series(1, {scores}) AS id;
CREATE INDEX ON students (id);
CREATE TABLE marks (n int, row int, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE sec_ops_heartbeat (source text PRIMARY KEY, at timestamptz NOT NULL, beats bigint NOT NULL);
"""

_APPLICATION = r"""
import subprocess, sys, time
words, truth, first = sys.argv[3:], sys.argv[1], int(sys.argv[2])
psql = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
n = first
with open(truth, "a", buffering=1) as told:
    while True:
        begun = time.time()
        psql.stdin.write(f"INSERT INTO marks SELECT {n}, r FROM generate_series(1, 50) AS r;\n\\echo done\n")
        psql.stdin.flush()
        if psql.stdout.readline() != "done\n":
            sys.exit(1)
        told.write(f"{n} {begun:.6f} {time.time():.6f}\n")
        n += 1
        time.sleep(max(0.0, begun + 0.5 - time.time()))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way of saving: the plan's sources, how the system comes back, options of the server."""

    name: str
    sources: Sequence[Mapping[str, Any]]
    service: Mapping[str, Any]
    options: Sequence[str] = ()
    receives: bool = False


@dataclass(slots=True, kw_only=True)
class World:
    """Both sites. `megabytes` is how large the database is when it is made, `saved_at` when it was last saved."""

    top: Path
    cable: Cable
    megabytes: int
    truth: Path
    pair: KeyPair
    method: Method | None = None
    saved_at: float = 0.0
    running: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    # What stands at A.

    @property
    def data(self) -> Path:
        """Return the folder of the server's data."""
        return self.top / "a-data"

    @property
    def socket(self) -> Path:
        """Return the folder of the server's socket."""
        return self.top / "a-socket"

    def settings(self, **more: object) -> dict[str, object]:
        """Return a source's settings that lead to the server at A."""
        programs = str(postgresql_programs())
        found = {"server": A, "port": _PORT, "user": "keeper", "certificate": str(self.top / "ca.pem")}
        return {**found, "programs": programs, **more}

    def begin(self, method: Method) -> None:
        """Make a new server and new repository with a method, and let it all work."""
        self.end_all()
        self.method = method
        self.truth.unlink(missing_ok=True)
        for path in (self.data, self.socket, self.top / "archive", self.top / "received", self.top / "rest"):
            shutil.rmtree(path, ignore_errors=True)
        for path in (self.data, self.socket, self.top / "archive"):
            path.mkdir(mode=0o700)
            shutil.chown(path, "postgres")
        self._make_server()
        self.cable.set("up")
        self._sites(method)
        self.start_b()
        self.start_a()
        self.say(_schema(self.megabytes), "school")
        self.say("CHECKPOINT")
        self.start_writers()

    def _make_server(self) -> None:
        word = self.top / "word"
        word.write_text(_WORD)
        word.chmod(0o644)
        programs = postgresql_programs()
        made = [
            str(programs / "initdb"),
            "-D",
            str(self.data),
            "-U",
            "keeper",
            f"--pwfile={word}",
            "-A",
            "scram-sha-256",
        ]
        run([*_AS_POSTGRES, *made, "--no-instructions"])
        hba = (
            f"local all all trust\nhostssl all all {A}/64 scram-sha-256\nhostssl replication all {A}/64 scram-sha-256\n"
        )
        (self.data / "pg_hba.conf").write_text(hba)
        for name, key in (("server.crt", "certificate"), ("server.key", "key")):
            shutil.copy(getattr(self.pair, key), self.data / name)
            shutil.chown(self.data / name, "postgres")
            (self.data / name).chmod(0o600)

    def start_a(self) -> None:
        """Start the server at A and wait until it answers."""
        assert self.method is not None
        options = {
            "listen_addresses": A,
            "port": str(_PORT),
            "unix_socket_directories": str(self.socket),
            "ssl": "on",
            "shared_buffers": "64MB",
            "max_wal_size": "4GB",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [str(postgresql_programs() / "postgres"), "-D", str(self.data), *words, *self.method.options]
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._start(self.cable.a, [*_AS_POSTGRES, *command], "postgres")
        until = time.monotonic() + 60
        while subprocess.run(self._psql("postgres", "-c", "SELECT 1"), capture_output=True, check=False).returncode:
            if time.monotonic() > until:
                raise RuntimeError((self.top / "postgres.log").read_text()[-2000:])
            time.sleep(0.1)
        if "school" not in self.say("SELECT datname FROM pg_database"):
            self.say("CREATE DATABASE school")

    def start_writers(self) -> None:
        """Let the application and heartbeats write, from the number after the last one."""
        last = self.say("SELECT coalesce(max(n), 0) FROM marks", "school").strip()
        psql = [*self._psql("school"), "-v", "ON_ERROR_STOP=1"]
        words = [sys.executable, "-c", _APPLICATION, str(self.truth), str(int(last) + 1), *psql]
        self._start(self.cable.a, words, "application")
        self._start(self.cable.a, self._sec_ops("a", "backup", "heartbeat", "--seconds", "86400"), "heartbeat")

    def say(self, text: str, database: str = "postgres") -> str:
        """Send statements to the server at A by its socket."""
        return run(self._psql(database, "-v", "ON_ERROR_STOP=1"), text)

    def _psql(self, database: str, *more: str) -> list[str]:
        words = [str(postgresql_programs() / "psql"), "-XqAt", "-h", str(self.socket), "-p", str(_PORT), "-U", "keeper"]
        return [*words, "-d", database, *more]

    # What stands at B.

    def start_b(self) -> None:
        """Start the rest-server at B, and the receiver when the method has one."""
        assert self.method is not None
        listen = ["--listen", f"[{B}]:{_REST_PORT}", "--append-only", "--no-auth"]
        self._start(self.cable.b, [str(built(REST_SERVER)), "--path", str(self.top / "rest"), *listen], "rest-server")
        until = time.monotonic() + 20
        probe = self.cable.at(self.cable.b, ["bash", "-c", f"exec 3<>/dev/tcp/{B}/{_REST_PORT}"])
        while subprocess.run(probe, capture_output=True, check=False).returncode and time.monotonic() < until:
            time.sleep(0.1)
        if not (self.top / "rest" / "far").exists():
            environment = {**os.environ, "RESTIC_PASSWORD": _WORD}
            subprocess.run(
                ["restic", "-r", str(self.top / "rest" / "far"), "init"],
                env=environment,
                check=True,
                capture_output=True,
            )

    def start_receiver(self, *, again: bool) -> None:
        """Let B receive A's log, and A's commits wait for it once it does; `again` it runs still."""
        if not again:
            self._start(self.cable.b, self._sec_ops("b", "backup", "receive", SYSTEM), "receive")
        self._await("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
        self.say("ALTER SYSTEM SET synchronous_standby_names = 'second_site'")
        self.say("SELECT pg_reload_conf()")
        self._await("SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')")

    def _await(self, query: str) -> None:
        until = time.monotonic() + 60
        while self.say(query).strip() != "1":
            if time.monotonic() > until:
                raise RuntimeError((self.top / "receive.log").read_text()[-2000:])
            time.sleep(0.2)

    # What both do.

    def back_up(self) -> dict[str, Any]:
        """Run the plan at A to its end."""
        code, body = self._called("a", "backup", "run", SYSTEM)
        assert code == 0, body
        self.saved_at = time.time()
        return dict(body["systems"][0])

    def back_up_again_and_again(self, pause_seconds: float) -> None:
        """Run the plan at A, again and again, until the site is lost."""
        words = " ".join(self._sec_ops("a", "backup", "run", SYSTEM))
        self._start(self.cable.a, ["sh", "-c", f"while true; do {words}; sleep {pause_seconds}; done"], "backup")

    def lose(self) -> float:
        """Lose site A; return the moment, in seconds since 1970."""
        moment = time.time()
        told = subprocess.run(["ip", "netns", "pids", self.cable.a], capture_output=True, text=True, check=True)
        for number in told.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
        self.cable.set("down")
        for each in self.running:
            if each.poll() is None and each.args[3] == self.cable.a:  # type: ignore[index]
                each.wait(20)
        return moment

    def come_back(self) -> None:
        """Let site A work again after a loss, as if nothing had been."""
        self.cable.set("up")
        self.start_a()
        self.start_writers()

    def drill(self, scenario: str, *words: str) -> dict[str, Any]:
        """Run a drill at B; return its record."""
        code, body = self._called("b", "drill", "run", scenario, *words)
        if "systems" not in body:
            raise RuntimeError(f"exit {code}: {json.dumps(body, ensure_ascii=False)[:3000]}")
        return dict(body)

    def acknowledged(self) -> dict[int, float]:
        """Return when each commit was acknowledged to the application, by its number."""
        lines = (line.split() for line in self.truth.read_text().splitlines())
        return {int(each[0]): float(each[2]) for each in lines if len(each) == 3}

    def end_all(self) -> None:
        """End everything that was started, by its own process."""
        for each in self.running:
            if each.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(each.pid, signal.SIGKILL)
                each.wait(20)
        self.running.clear()
        told = subprocess.run(["ip", "netns", "pids", self.cable.a], capture_output=True, text=True, check=False)
        for number in told.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)

    def _called(self, site: str, *words: str) -> tuple[int, Any]:
        namespace = self.cable.a if site == "a" else self.cable.b
        done = subprocess.run(
            self.cable.at(namespace, self._sec_ops(site, *words)), capture_output=True, text=True, check=False, cwd=ROOT
        )
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode, {"said": done.stdout[-2000:] + done.stderr[-2000:]}

    def _sec_ops(self, site: str, *words: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "sec_ops",
            "--site",
            str(self.top / f"{site}-site"),
            "--lang",
            "en",
            "--json",
            *words,
        ]

    def _start(self, namespace: str, words: Sequence[str], name: str) -> None:
        with (self.top / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                self.cable.at(namespace, words), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
                start_new_session=True,
            )  # fmt: skip
        self.running.append(child)

    def _sites(self, method: Method) -> None:
        for name in ("a-site", "b-site"):
            shutil.rmtree(self.top / name, ignore_errors=True)
        made = self.top / "a-site"
        run([sys.executable, "-m", "sec_ops", "init", str(made)])
        shutil.rmtree(made / "inventory")
        shutil.copytree(ROOT / "inventory", made / "inventory")
        for folder in ("plans", "repositories", "drills", "recoveries"):
            shutil.rmtree(made / "backup" / folder, ignore_errors=True)
            (made / "backup" / folder).mkdir(parents=True)
        shutil.copy(ROOT / "backup" / "places.yml", made / "backup" / "places.yml")
        (made / "secrets").mkdir(exist_ok=True)
        (made / "secrets" / "word").write_text(_WORD + "\n")
        (made / "secrets" / "word").chmod(0o600)
        far: dict[str, Any] = {"id": "far", "place": "second-site", "password": {"file": "secrets/word"}}
        far["location"] = f"rest:http://[{B}]:{_REST_PORT}/far"
        plan: dict[str, Any] = {
            "id": SYSTEM,
            "place": "centre",
            "answers": "chen",
            "repository": "far",
            "sources": method.sources,
        }
        plan |= {"timing": {"every_minutes": 5}, "retention": {"daily": 7}}
        text = {"zh": "可用", "en": "works"}
        query = {"database": "school", "query": "SELECT max(n) FROM marks", "at_least": 0}
        check = {"id": "last", "title": text, "kind": "sql", "service": "database", "settings": query}
        recovery = {"id": SYSTEM, "services": [method.service], "checks": [check]}
        gone: dict[str, Any] = {
            "id": "gone",
            "title": text,
            "kind": "site_loss",
            "aim": text,
            "lost_places": ["centre"],
        }
        gone["systems"] = [{"id": SYSTEM, "rto_seconds": 3600, "rpo_seconds": 3600}]
        moment = {**gone, "id": "moment", "kind": "moment"}
        moment.pop("lost_places")
        documents: dict[str, Any] = {
            "repositories/far": far,
            f"plans/{SYSTEM}": plan,
            f"recoveries/{SYSTEM}": recovery,
            "drills/gone": gone,
        } | ({"drills/moment": moment} if method.name != "dump" else {})
        self.write("a", documents)
        shutil.copytree(made, self.top / "b-site")
        self.write("b", {"repositories/far": {**far, "location": str(self.top / "rest" / "far")}})

    def write(self, site: str, documents: Mapping[str, Any]) -> None:
        """Write content of a site."""
        for name, document in documents.items():
            (self.top / f"{site}-site" / "backup" / f"{name}.yml").write_text(json.dumps(document, ensure_ascii=False))


_AS_POSTGRES = ("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--")


@contextmanager
def make_world(folder: Path, megabytes: int, rate: str = "200mbit") -> Iterator[World]:
    """Give both sites with a cable between them; nothing of it is left afterwards. Needs root."""
    folder.chmod(0o755)
    with two_sites(rate) as cable:
        pair = Authority(folder).issue("records.example", A)
        world = World(top=folder, cable=cable, megabytes=megabytes, truth=folder / "truth", pair=pair)
        try:
            yield world
        finally:
            world.end_all()


def methods(world: World) -> dict[str, Method]:
    """Return the three ways a database is saved that the figures are of."""
    password = {"file": "secrets/word"}
    archive = str(world.top / "archive")
    base: dict[str, Any] = {"id": "database", "kind": "postgresql_base", "heartbeat": True, "password": password}
    base["settings"] = world.settings(archive=archive, base_every_hours=24, database="school")
    stream: dict[str, Any] = {"id": "stream", "kind": "postgresql_receivewal", "password": password}
    received = str(world.top / "received")
    stream["settings"] = world.settings(slot="second_site", folder=received, synchronous=True)
    dump: dict[str, Any] = {"id": "database", "kind": "postgresql", "heartbeat": True, "password": password}
    dump["settings"] = world.settings(database="school")
    archiving = [
        "-c",
        "archive_mode=on",
        "-c",
        f"archive_command=test ! -f {archive}/%f && cp %p {archive}/.%f && mv {archive}/.%f {archive}/%f",
    ]
    service = {"id": "database", "kind": "postgresql"}
    whole = {"base": "database", "log": "database", "user": "keeper"}
    return {
        "dump": Method(name="dump", sources=[dump], service={**service, "loads": {"database": "school"}}),
        "log": Method(name="log", sources=[base], service={**service, "settings": whole}, options=archiving),
        "stream": Method(
            name="stream",
            sources=[base, stream],
            service={**service, "settings": {**whole, "log": "stream"}},
            options=archiving,
            receives=True,
        ),
    }


def _schema(megabytes: int) -> str:
    students = max(100, megabytes * 1_000_000 // _BYTES_OF_A_STUDENT)
    return _SCHEMA.format(schools=_SCHOOLS, students=students, scores=round(students * _SCORES_OF_EACH))


def run(words: Sequence[str], text: str = "") -> str:
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)[:300]}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout
