"""Bad days of drills: each is told with what, where and why, nothing is left behind, and nothing bad passes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sec_ops.workflows.drills.running as running
from sec_ops.backup.naming import MANIFEST, Named, tags_of
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest
from sec_ops.drill.measuring.phases import Phase
from sec_ops.drill.sandbox.opening import Asked, open_sandbox
from sec_ops.drill.services.nginx import Nginx
from sec_ops.runtime.locks import Lock
from sec_ops.workflows.drills.loading import Loading
from tests.drilled_site import DrilledSite, check, dump_of
from tests.integration.drill.town import told
from tests.servers.databases import Database, postgresql_server

pytestmark = pytest.mark.integration
SYSTEM, WEB, ROOT = "student-records", "website-group", Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with postgresql_server() as started:
        started.say("CREATE DATABASE school")
        started.say("CREATE TABLE pupils AS SELECT id FROM generate_series(1, 100) AS id", "-d", "school")
        yield started


@pytest.fixture
def site(tmp_path: Path, restic: Restic, capsys: pytest.CaptureFixture[str]) -> DrilledSite:
    """A site whose web pages were saved once."""
    site = DrilledSite(tmp_path / "site", capsys)
    site.repository("a", Path(restic.repository.location.path), place="second-site")
    pages = tmp_path / "pages"
    pages.mkdir()
    for number in range(12):
        (pages / f"{number}.html").write_text(f"<h1>{number}</h1>" * 500)
    (pages / "picture.png").write_bytes(os.urandom(600_000))
    site.plan(WEB, [{"id": "pages", "kind": "files", "settings": {"paths": [str(pages)]}}])
    service = {"id": "web", "kind": "nginx", "settings": {"files": "pages", "root": str(pages)}}
    site.recovery(WEB, [check("http", "web", path="/1.html", text="<h1>1</h1>")], services=[service])
    site.scenario("gone", "site_loss", {"id": WEB}, lost_places=["centre"])
    site.saved(WEB)
    return site


def failed(site: DrilledSite, name: str = "gone") -> dict[str, Any]:
    code, record = site.drill(name)
    assert (code, record["verdict"]) == (1, "failed"), told(record)
    assert site.scratch() == []
    system: dict[str, Any] = record["systems"][0]
    return system


def ended(site: DrilledSite, phase: str, number: str) -> subprocess.CompletedProcess[bytes]:
    worker = [sys.executable, "-m", "tests.integration.drill.ended_worker", str(site.root), "gone", phase, number]
    return subprocess.run(worker, cwd=ROOT, capture_output=True, check=False, timeout=120)


def runs(site: DrilledSite) -> list[Path]:
    """Return run folders in the order they began: two of one second are in no order by their names."""
    found = (site.root / "var" / "runs").glob("*-drill-*")
    return sorted(found, key=lambda run: (run / "asked.json").stat().st_mtime_ns)


def sandboxes() -> list[str]:
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if "bwrap --unshare" in line and "sec-ops-drill" in line]


def test_killed_in_any_phase_nothing_runs_on_and_the_next_drill_seals_and_clears_up(site: DrilledSite) -> None:
    for phase in Phase:
        assert ended(site, phase.value, "SIGKILL").returncode == -signal.SIGKILL, phase
    until = time.monotonic() + 20
    while [line for line in sandboxes() if str(site.root) in line] and time.monotonic() < until:
        time.sleep(0.05)
    code, record = site.drill("gone")
    assert (code, record["verdict"]) == (0, "passed"), told(record)
    assert site.scratch() == []
    killed = [json.loads((run / "drill.json").read_bytes()) for run in runs(site)[:-1]]
    assert [(each["verdict"], each["phase"]) for each in killed] == [("interrupted", each.value) for each in Phase]
    assert all((run / "manifest.json").exists() for run in runs(site))
    for each in killed:
        (system,) = each["systems"]
        assert system["verdict"] == "interrupted"
        assert sum(system["phases"].values()) >= max(system["begun"].values())
    _code, entries = site.call("evidence", "list")
    assert json.dumps(entries).count('"drill.run/1"') == len(Phase) + 1


@pytest.mark.parametrize("phase", ["select", "fetch", "load"])
def test_ctrl_c_ends_a_drill_with_a_record(phase: str, site: DrilledSite) -> None:
    done = ended(site, phase, "SIGINT")
    record = json.loads(done.stdout)
    assert (done.returncode, record["outcome"]) == (130, ["interrupted"]), done.stderr
    assert (record["verdict"], record["phase"]) == ("interrupted", phase), told(record)
    assert site.scratch() == []
    assert (runs(site)[-1] / "manifest.json").exists()


def test_a_second_drill_is_refused_and_told_who_is_at_work(site: DrilledSite) -> None:
    (site.root / "var" / "drill").mkdir()
    lock = Lock.take(site.root / "var" / "drill" / "lock")
    assert lock is not None
    (site.root / "var" / "drill" / "at-work.json").write_text(
        json.dumps({"run": "the-other", "process": 7, "machine": "b", "since": "2026-11-26T08:00:00.000Z"})
    )
    code, body = site.drill("gone")
    lock.release()
    assert (code, runs(site)) == (5, [])
    assert "run the-other process 7" in body["error"]["message"]


def test_a_leak_ends_the_drill_before_anything_starts(site: DrilledSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(asked: Asked, **more: Any) -> Any:
        return open_sandbox(replace(asked, share_network=True), **more)

    monkeypatch.setattr(running, "open_sandbox", shared)
    monkeypatch.setattr(Nginx, "provision", lambda *_words: pytest.fail("it was started"))
    code, record = site.drill("gone")
    assert (code, record["verdict"]) == (5, "failed"), told(record)
    assert record["isolation"]["holds"] is False
    assert site.scratch() == []


def test_without_a_snapshot_it_says_so(site: DrilledSite) -> None:
    shutil.rmtree(site.root / "data" / "a" / "snapshots")
    (site.root / "data" / "a" / "snapshots").mkdir()
    assert "no restore point of website-group that counts" in told_of(failed(site))


def test_a_snapshot_of_the_future_is_passed_over_and_told(site: DrilledSite) -> None:
    later = datetime.now(UTC) + timedelta(days=900)
    for part, source, verdict in (("files", "pages", ""), (MANIFEST, "", "ok")):
        name = Named(system=WEB, run="20290101T000000Z-backup-00000000", source=source, part=part, verdict=verdict)
        pages = [site.root.parent / "pages"]
        done = site.restic("a").backup(BackupRequest(host="h", tags=tags_of(name), paths=pages, time=later))
        assert done.judged.good
    code, record = site.drill("gone")
    assert (code, record["verdict"]) == (0, "passed"), told(record)
    assert "dated later than it arrived" in told_of(record["systems"][0])


def told_of(system: dict[str, Any]) -> str:
    """Return the problems of a system as people read them in English."""
    texts = []
    found = [system, *system["sources"], *system["services"], *system["checks"], *system["fetches"]]
    for each in found:
        for problem in (*each.get("problems", ()), *([each["problem"]] if each.get("problem") else [])):
            texts += [english(problem["what"]), problem["why"]]
    return "\n".join(texts)


def english(message: dict[str, Any]) -> str:
    values = {name: english(each) if isinstance(each, dict) else each for name, each in message["values"].items()}
    return str(message["text"]).format_map(values)


def test_a_file_that_is_not_as_it_was_saved_is_named(site: DrilledSite) -> None:
    """A pack damaged for good: restic gives the other files, and the manifest tells which one is missing."""
    packs = [each for each in (site.root / "data" / "a" / "data").rglob("*") if each.is_file()]
    largest = max(packs, key=lambda each: each.stat().st_size)
    largest.chmod(0o600)
    with largest.open("r+b") as stream:
        stream.seek(largest.stat().st_size // 2)
        stream.write(b"\0" * 64)
    system = failed(site)
    assert system["fetches"][0]["verdict"] == "damaged"
    assert "picture.png" in told_of(system)
    assert (system["services"], system["checks"]) == ([], []), "nothing that is not proved is started"


def test_a_row_that_is_not_as_it_was_saved_is_found(
    site: DrilledSite, server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.plan(SYSTEM, [dump_of(server, "school")])
    service = {"id": "database", "kind": "postgresql", "loads": {"database": "school"}}
    works = check("sql", "database", database="school", query="SELECT count(*) FROM pupils", equals="100")
    site.recovery(SYSTEM, [works], services=[service])
    site.scenario("records", "site_loss", {"id": SYSTEM}, lost_places=["centre"])
    site.saved(SYSTEM)
    counted = Loading.count

    def altered(loading: Any, saved: Any, standing: Any, into: str, doors: Any) -> Any:
        words = [f"{standing.client['programs']}/psql", "-h", standing.client["server"], "-p"]
        words += [str(standing.client["port"]), "-U", "postgres", "-d", into, "-c"]
        assert doors.run([*words, "UPDATE pupils SET id = 7000 WHERE id = 7"], deadline_seconds=20).exit_code == 0
        return counted(loading, saved, standing, into, doors)

    monkeypatch.setattr(Loading, "count", altered)
    system = failed(site, "records")
    assert [each["verdict"] for each in system["checks"]] == ["passed"], "the application would not have noticed"
    assert "public.pupils: as many rows, but not the same" in told_of(system)


def test_a_heartbeat_that_was_promised_and_did_not_come_back_is_no_loss_that_can_be_told(
    site: DrilledSite, server: Database
) -> None:
    site.plan(SYSTEM, [dump_of(server, "school", heartbeat=True)])
    service = {"id": "database", "kind": "postgresql", "loads": {"database": "school"}}
    works = check("sql", "database", database="school", query="SELECT count(*) FROM pupils", equals="100")
    site.recovery(SYSTEM, [works], services=[service])
    site.scenario("records", "site_loss", {"id": SYSTEM, "rpo_seconds": 86_400}, lost_places=["centre"])
    site.saved(SYSTEM)
    system = failed(site, "records")
    assert [each["verdict"] for each in system["checks"]] == ["passed"]
    assert (system["rpo_basis"], system["rpo_ms"], system["rpo_met"]) == ("unknown", None, None)
    assert "no heartbeat row came back" in told_of(system)
    assert "nothing tells how much was lost" in told_of(system)


def test_a_service_that_does_not_start_fails_the_drill_with_its_words(
    site: DrilledSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sec_ops.drill.services.nginx._CONFIGURATION", "no such directive {folder} {port} {location};")
    system = failed(site)
    assert [each["verdict"] for each in system["services"]] == ["failed"]
    assert [each["verdict"] for each in system["checks"]] == ["not_run"]
    assert "no" in told_of(system)
    assert system["rto_ms"] is None


def test_without_room_the_drill_fails_and_clears_up(site: DrilledSite) -> None:
    folder = site.root / "var" / "drill"
    folder.mkdir()
    with ExitStack() as stack:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)], check=True)
        stack.callback(subprocess.run, ["umount", str(folder)], check=True)
        code, record = site.drill("gone")
        assert code in (1, 5), told(record)
        full = "full" in [each["verdict"] for each in record["systems"][0]["fetches"]]
        ended = any("the sandbox was ended" in english(each["what"]) for each in record["problems"])
        assert full or ended, told(record)
        assert site.scratch() == []


def test_people_are_waited_for_and_their_time_counts(site: DrilledSite) -> None:
    noted = threading.Event()

    def people() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and not noted.is_set():
            for run in runs(site):
                lines = (run / "progress.jsonl").read_text() if (run / "progress.jsonl").exists() else ""
                notes = (run / "notes.jsonl").read_text() if (run / "notes.jsonl").exists() else ""
                if lines.count('"waits"') > notes.count('"decision"'):
                    note = {"kind": "decision", "at": now(), "by": "chen", "text": "go on", "role": "", "step": ""}
                    with (run / "notes.jsonl").open("a") as stream:
                        stream.write(json.dumps(note) + "\n")
            time.sleep(0.1)

    thread = threading.Thread(target=people)
    thread.start()
    code, record = site.drill("gone", "--wait")
    noted.set()
    thread.join()
    assert (code, record["verdict"]) == (0, "passed"), told(record)
    assert [each["kind"] for each in record["notes"]] == ["decision", "decision"]
    (system,) = record["systems"]
    assert system["phases"]["decide"] >= 400
    assert system["phases"]["switch"] >= 400
    assert sum(system["phases"].values()) == system["rto_ms"]


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_a_disk_nearly_full_is_rehearsed_and_a_second_try_serves(site: DrilledSite) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounts need root")
    code, record = site.drill("gone", "--inject", "disk_nearly_full")
    assert (code, record["verdict"]) == (0, "passed"), told(record)
    assert [each["verdict"] for each in record["systems"][0]["fetches"]] == ["full", "ok"]
    assert record["struck"]


def test_a_fault_that_cannot_strike_is_refused_before(site: DrilledSite) -> None:
    code, body = site.drill("gone", "--inject", "slow_link")
    assert (code, runs(site)) == (2, [])
    assert "disk of this machine" in body["error"]["why"]
