"""Three systems that depend on each other, drilled together, beside the slowest path of drills of each alone.

    python -m benchmarks.drill_order [--megabytes 60] [--repeats 3]

A directory with accounts, then records, then a web site of many files: each waits for the one before. The slowest path
is what could not be faster: data is fetched side by side, what is loaded and checked waits for what it depends on. All
run on this machine; needs root, restic, PostgreSQL, OpenLDAP and nginx.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._two_sites import run
from tests.servers.databases import PASSWORD, Database, openldap_server, postgresql_server

ROOT = Path(__file__).parents[1]
ORDER = ("identity-service", "student-records", "exam-enrolment")
_WORD = "correct horse"
_SUFFIX = "dc=edu,dc=example"
_BYTES_OF_A_ROW = 150


@dataclass(frozen=True, slots=True)
class Place:
    """The site, its servers."""

    site: Path
    server: Database
    directory: Database
    pages: Path

    def call(self, *words: str) -> dict[str, Any]:
        """Run a command; return its document."""
        line = [sys.executable, "-m", "sec_ops", "--site", str(self.site), "--lang", "en", "--json", *words]
        done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)
        if done.returncode:
            raise RuntimeError(done.stdout[-4000:] + done.stderr[-2000:])
        return dict(json.loads(done.stdout))

    def write(self, name: str, document: Mapping[str, Any]) -> None:
        """Write content."""
        (self.site / "backup" / f"{name}.yml").write_text(json.dumps(document, ensure_ascii=False))


def main() -> int:
    """Make the systems, save them, take turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sec-ops-order-") as made, ExitStack() as stack:
        top = Path(made)
        place = Place(
            site=top / "site",
            server=stack.enter_context(postgresql_server()),
            directory=stack.enter_context(openldap_server(top / "ldap")),
            pages=top / "pages",
        )
        fill(place, asked.megabytes)
        describe(place)
        for system in ORDER:
            place.call("backup", "run", system)
        print(f"load {os.getloadavg()[0]:.1f}", flush=True)
        ratios = [turn(place) for _turn in range(asked.repeats)]
        print(f"together by the slowest path: {median(ratios):.2f} (goal 1.3); load {os.getloadavg()[0]:.1f}")
    return 0


def fill(place: Place, megabytes: int) -> None:
    """Fill two databases, a directory and a folder."""
    rows = megabytes * 1_000_000 // _BYTES_OF_A_ROW
    for name in ("identity", "records"):
        place.server.say(f"CREATE DATABASE {name}")
        columns = "id, md5(id::text) AS a, md5((id * 3)::text) AS b"
        made = f"CREATE TABLE rows AS SELECT {columns} FROM generate_series(1, {rows}) id"
        place.server.say(f"{made}; CREATE INDEX ON rows (id)", "-d", name)
    entries = [f"dn: {_SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: school\ndc: edu\n"]
    entries += [f"dn: cn=p{number},{_SUFFIX}\nobjectClass: person\ncn: p{number}\nsn: x\n" for number in range(2000)]
    place.directory.say("\n".join(entries))
    for number in range(2000):
        folder = place.pages / str(number % 50)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.html").write_bytes(os.urandom(10_000))
    (place.pages / "index.html").write_text("the school")


def describe(place: Place) -> None:
    """Make the site with plans, recoveries and scenarios: all, and each alone."""
    run([sys.executable, "-m", "sec_ops", "init", str(place.site)])
    shutil.rmtree(place.site / "inventory")
    shutil.copytree(ROOT / "inventory", place.site / "inventory")
    for folder in ("plans", "repositories", "drills", "recoveries"):
        shutil.rmtree(place.site / "backup" / folder, ignore_errors=True)
        (place.site / "backup" / folder).mkdir(parents=True)
    shutil.copy(ROOT / "backup" / "places.yml", place.site / "backup" / "places.yml")
    (place.site / "secrets").mkdir(exist_ok=True)
    for name, word in (("word", _WORD), ("database", PASSWORD)):
        (place.site / "secrets" / name).write_text(word + "\n")
        (place.site / "secrets" / name).chmod(0o600)
    for system in ORDER:
        location = str(place.site / "data" / system)
        environment = {**os.environ, "RESTIC_PASSWORD": _WORD}
        subprocess.run(["restic", "-r", location, "init"], env=environment, check=True, capture_output=True)
        repository = {"id": system, "place": "second-site", "location": location, "password": {"file": "secrets/word"}}
        place.write(f"repositories/{system}", repository)
        plan = {"id": system, "place": "centre", "answers": "chen", "repository": system, "timing": {"daily": "02:00"}}
        place.write(f"plans/{system}", {**plan, "retention": {"daily": 7}, "sources": _sources(place)[system]})
        place.write(f"recoveries/{system}", {"id": system, **_recoveries(place)[system]})
    place.write("drills/all", _scenario("all", ORDER))
    for system in ORDER:
        place.write(f"drills/only-{system}", _scenario(f"only-{system}", [system]))


def turn(place: Place) -> float:
    """Drill each alone, then all together; return what the latter took by the slowest path of the former."""
    alone = {system: place.call("drill", "run", f"only-{system}")["systems"][0]["phases"] for system in ORDER}
    ended = 0
    for system in ORDER:
        spent = alone[system]
        fetched = sum(spent[name] for name in ("detect", "decide", "select", "provision", "fetch"))
        ended = max(ended, fetched) + spent["load"] + spent["verify"]
    record = place.call("drill", "run", "all")
    together = max(each["rto_ms"] for each in record["systems"])
    for system in ORDER:
        shown = " ".join(f"{name} {spent / 1000:.1f}" for name, spent in alone[system].items() if spent >= 50)
        print(f"  {system} alone: {shown}")
    for each in record["systems"]:
        shown = " ".join(f"{name} {spent / 1000:.1f}" for name, spent in each["phases"].items() if spent >= 50)
        print(f"  {each['system']} in order: {shown}")
    serial = sum(sum(spent.values()) for spent in alone.values())
    print(
        f"together {together / 1000:.1f} s, slowest path {ended / 1000:.1f}, one after the other {serial / 1000:.1f}",
        flush=True,
    )
    return float(together / ended)


def _sources(place: Place) -> dict[str, list[dict[str, Any]]]:
    def dump(name: str) -> dict[str, Any]:
        settings = {"server": place.server.server, "port": place.server.port, "user": "keeper", "database": name}
        return {"id": "database", "kind": "postgresql", "password": {"file": "secrets/database"}, "settings": settings}

    directory = {"suffix": _SUFFIX, "configuration": place.directory.server}
    return {
        "identity-service": [{"id": "directory", "kind": "openldap", "settings": directory}, dump("identity")],
        "student-records": [dump("records")],
        "exam-enrolment": [{"id": "pages", "kind": "files", "settings": {"paths": [str(place.pages)]}}],
    }


def _recoveries(place: Place) -> dict[str, dict[str, Any]]:
    def service(kind: str, loads: Mapping[str, str] | None = None, **settings: str) -> dict[str, Any]:
        return {"id": kind, "kind": kind, "loads": loads or {}, "settings": settings}

    def check(kind: str, asked: str, **settings: object) -> dict[str, Any]:
        title = {"zh": "可用", "en": "works"}
        return {"id": kind, "title": title, "kind": kind, "service": asked, "settings": settings}

    def rows(name: str) -> dict[str, Any]:
        return check("sql", "postgresql", database=name, query="SELECT count(*) FROM rows", at_least=1)

    return {
        "identity-service": {
            "services": [
                service("openldap", {"directory": "-"}, suffix=_SUFFIX),
                service("postgresql", {"database": "identity"}),
            ],
            "checks": [
                check("ldap", "openldap", base=_SUFFIX, filter="(objectClass=person)", at_least=2000),
                rows("identity"),
            ],
        },
        "student-records": {"services": [service("postgresql", {"database": "records"})], "checks": [rows("records")]},
        "exam-enrolment": {
            "services": [service("nginx", files="pages", root=str(place.pages))],
            "checks": [check("http", "nginx", text="the school")],
        },
    }


def _scenario(name: str, systems: Sequence[str]) -> dict[str, Any]:
    text = {"zh": name, "en": name}
    wanted = [{"id": each, "rto_seconds": 3600, "rpo_seconds": 86_400} for each in systems]
    return {"id": name, "title": text, "kind": "site_loss", "aim": text, "lost_places": ["centre"], "systems": wanted}


if __name__ == "__main__":
    sys.exit(main())
