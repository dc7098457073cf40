"""`logs pull` and `logs status` as commands: this machine's logs, kill -9 at any moment, a second pull, sealing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sec_ops.siem.raw.layout import stream_names
from sec_ops.siem.raw.reading import read_stream
from tests.integration.audit_site import PROGRAM, AuditSite
from tests.integration.ssh_controller import soon

pytestmark = pytest.mark.integration

HOST = socket.gethostname()


@pytest.fixture
def site(tmp_path: Path) -> AuditSite:
    """A site whose inventory knows this machine, and expects its logs of a key system."""
    site = AuditSite(root=tmp_path / "site").init()
    site.write_hosts({HOST: {"ansible_host": "127.0.0.1"}}, "")
    site.write("inventory/sites/city.yml", json.dumps({"units": [UNIT]}))
    site.write("inventory/people.yml", json.dumps({"people": [PERSON]}))
    return site


UNIT = {"id": "city", "name": {"zh": "x", "en": "x"}, "kind": "city"}
PERSON = {"id": "lin", "name": "Lin", "unit": "city", "roles": [], "keys": []}


def expect(site: AuditSite, *sources: Mapping[str, object]) -> None:
    system = {
        "id": "records",
        "name": {"zh": "x", "en": "x"},
        "unit": "city",
        "grading": "S3A3G3",
        "leader": "lin",
        "operator": "lin",
        "rto_seconds": 60,
        "rpo_seconds": 60,
        "hosts": [HOST],
        "log_sources": list(sources),
    }
    site.write("inventory/systems/records.yml", json.dumps(system))


def kept(site: AuditSite) -> Iterator[bytes]:
    folder = site.root / "var/logs"
    for stream in stream_names(folder / "raw"):
        for _, batch in read_stream(folder, stream):
            yield from batch.records


def test_this_machines_logs_are_pulled_indexed_and_stand_as_expected(site: AuditSite, tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    expect(
        site,
        {"id": "sign-in", "collect": "pull", "paths": [str(log)]},
        {"id": "gone", "collect": "pull", "paths": [str(tmp_path / "nowhere.log")]},
    )
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    line = f"{now} web sshd[7]: Failed password for root from 192.0.2.7 port 22 ssh2\n"
    log.write_text(line * 3)
    looked = site.run("logs", "pull", "--local", "--dry-run")
    assert (looked.document["run"], list(kept(site))) == (None, [])
    pulled = site.run("logs", "pull", "--local")
    (host,) = pulled.document["hosts"]
    assert (pulled.code, pulled.document["records"], host["state"]) == (3, 3, "incomplete")
    assert {each["name"]: each["state"] for each in host["expected"]} == {
        f"records/sign-in@{HOST}": "read",
        f"records/gone@{HOST}": "absent",
    }
    run = site.root / "var/runs" / pulled.document["run"]
    assert {path.name for path in run.iterdir()} == {"request.json", "result.json", "manifest.json"}
    status = site.run("logs", "status", "--seal")
    assert status.code == 3
    stands = {each["name"]: each for each in status.document["expected"]}
    assert stands[f"records/sign-in@{HOST}"]["state"] == "arriving"
    assert stands[f"records/sign-in@{HOST}"]["events"] == 3
    assert (stands[f"records/gone@{HOST}"]["state"], stands[f"records/gone@{HOST}"]["trouble"]) == ("missing", "absent")
    assert [each["behind"] for each in status.document["indexing"]] == [0]
    entries = (site.root / "var/evidence/log/000000.jsonl").read_text().splitlines()
    sealed = json.loads(entries[status.document["entry"]])
    assert sealed["kind"] == "logs.summary/1"
    assert sealed["data"]["systems"][0]["hosts"] == {
        "expected": 2, "arriving": 1, "silent": 0, "missing": 1, "gaps": 0, "reach_days": 0,
    }  # fmt: skip
    shown = site.run_text("logs", "status", "--lang", "zh").stdout
    assert "从未到达" in shown
    assert "正常到达" in shown


def test_only_the_sources_asked_for(site: AuditSite, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.log").write_text(f"{name}\n")
    expect(site, *({"id": name, "collect": "pull", "paths": [str(tmp_path / f"{name}.log")]} for name in ("a", "b")))
    assert site.run("logs", "pull", "--local", "--source", "b").code == 0
    assert list(kept(site)) == [b"b"]
    assert site.run("logs", "pull", "--local", "--source", "c").code == 2
    assert site.run("logs", "pull", "--local", "--system", "records").code == 2
    assert site.run("logs", "pull", "--system", "nobody").code == 2


def test_killed_at_any_moment_each_record_comes_once(site: AuditSite, tmp_path: Path) -> None:
    """Pulls are killed while the log grows and is rotated; in the end each line was stored exactly once."""
    log = tmp_path / "app.log"
    expect(site, {"id": "app", "collect": "pull", "paths": [str(log)]})
    written = []
    for attempt in range(7):
        lines = [f"{attempt:03} {number:06} {'x' * 200}\n" for number in range(8_000)]
        written += lines
        with log.open("a") as stream:
            stream.writelines(lines)
        command = [PROGRAM, "--site", str(site.root), "logs", "pull", "--local"]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(0.5 + 0.12 * attempt)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if attempt % 3 == 2:
            log.rename(tmp_path / f"app.log.{9 - attempt // 3}")
    done = site.run("logs", "pull", "--local")
    assert done.code == 0, done.stderr
    assert sorted(kept(site)) == sorted(line.rstrip("\n").encode() for line in written)
    (source,) = site.run("logs", "status").document["expected"]
    assert source["events"] == len(written)


def test_ctrl_c_keeps_what_came_and_says_so(site: AuditSite, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    written = [f"{number} {'x' * 900}" for number in range(80_000)]
    log.write_text("".join(f"{line}\n" for line in written))
    expect(site, {"id": "app", "collect": "pull", "paths": [str(log)]})
    process = site.start("logs", "pull", "--local")
    raw = site.root / "var/logs/raw"
    assert soon(lambda: any(path.stat().st_size > 0 for path in raw.rglob("*.zst")))
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    if process.returncode != 0:  # else it was quicker than we
        document = json.loads(stdout)
        assert (process.returncode, document["interrupted"]) == (130, True)
        assert document["run"]
    assert site.run("logs", "pull", "--local").code == 0
    assert list(kept(site)) == [line.encode() for line in written]


def test_two_pulls_at_once_are_one(site: AuditSite, tmp_path: Path) -> None:
    slow = tmp_path / "slow.log"
    slow.write_text("".join(f"{number} {'x' * 500}\n" for number in range(20_000)))
    expect(site, {"id": "slow", "collect": "pull", "paths": [str(slow)]})
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(site.run("logs", "pull", "--local"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.code for answer in answers) in ([0, 3], [0, 0])
    assert len(list(kept(site))) == 20_000
