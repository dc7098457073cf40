"""Real senders against `logs listen`, and a real pull: alerts appear, are told and sealed, once, whatever is killed."""

from __future__ import annotations

import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sec_ops.cli.logs._detecting import detecting, take_turn
from sec_ops.detection.database import DATABASE, open_database
from sec_ops.detection.live.standing import read_standing
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.site import Site
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.records import Origin, RawBatch, Transport
from tests.integration.audit_site import AuditSite
from tests.integration.log_listener import Rsyslog, free_port, until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not shutil.which("rsyslogd", path="/usr/sbin"), reason="rsyslog is not installed"),
]

GUESSED = "9ad7689d-7e57-435f-b61e-ecd286a5315f"
GUESSING = "2a63399f-070f-4950-851b-fecf289b13a4"
OWN = {f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "123"}
RULES = """\
title: Failed
id: 11111111-1111-4111-8111-111111111111
name: failed_here
level: high
logsource: {product: linux, service: sshd}
detection:
  selection: {event.action: ssh_login, event.outcome: failure}
  condition: selection
sec_ops: {alert: {by: [user.name], span: 24h}}
---
title: Often
id: 22222222-2222-4222-8222-222222222222
level: high
correlation:
  type: event_count
  rules: [failed_here]
  group-by: [source.ip]
  timespan: 1m
  condition: {gte: 7}
sec_ops: {alert: {by: [source.ip], span: 24h}}
---
title: Many users
id: 33333333-3333-4333-8333-333333333333
level: high
correlation:
  type: value_count
  rules: [failed_here]
  group-by: [host.name]
  timespan: 2m
  condition: {field: user.name, gte: 5}
sec_ops: {alert: {by: [host.name], span: 24h}}
"""


@pytest.fixture
def site(tmp_path: Path) -> AuditSite:
    return AuditSite(root=tmp_path / "site").init()


def alerts_of(site: AuditSite) -> list[tuple[str, str, int]]:
    """Return rule, key and count of every alert."""
    with closing(open_database(site.root / "var" / DATABASE)) as database, database.reading() as connection:
        return sorted(connection.execute("SELECT rule, key, count FROM alerts").fetchall())


def rules_of(site: AuditSite) -> set[str]:
    """Return the ids of the rules that have alerts."""
    return {rule for rule, _key, _count in alerts_of(site)}


def failed(number: int, at: float, user: str = "root", address: str = "203.0.113.9") -> str:
    """Return a line as sshd writes it, of a time in seconds since 1970."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    return f"<38>1 {moment} web1 sshd {number} - - Failed password for {user} from {address} port {number} ssh2"


class Listener:
    """`logs listen` at a TCP port that tells alerts into a file."""

    def __init__(self, site: AuditSite) -> None:
        self.site = site
        self.port = free_port()
        settings = (site.root / "sec-ops.yml").read_text()
        listen = [{"id": "tcp", "kind": "syslog_tcp", "port": self.port}]
        told = [{"id": "file", "kind": "file", "path": "notices.jsonl", "kinds": ["detection.*"]}]
        more = {"logs": {"listen": listen}, "notify": {"notifiers": told}}
        lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in more.items())
        site.write("sec-ops.yml", f"{settings}\n{lines}")
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = self.site.start("logs", "listen")
        until(self.up)

    def up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self, how: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(how)
            self.process.communicate(timeout=60)
            self.process = None

    def judged(self) -> int:
        standing = read_standing(self.site.root / "var/state")
        return standing.events if standing else 0

    def notices(self) -> list[str]:
        path = self.site.root / "notices.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line)["data"]["rule"] for line in lines if "rule" in json.loads(line)["data"]]


@pytest.fixture
def listener(site: AuditSite) -> Iterator[Listener]:
    listening = Listener(site)
    yield listening
    listening.end(signal.SIGKILL)


def test_guessing_then_success_is_told_though_the_listener_was_killed_between(
    listener: Listener, tmp_path: Path
) -> None:
    now = time.time()
    listener.start()
    forward = (
        'template(name="raw" type="string" string="%msg%\\n")\n'
        f'action(type="omfwd" target="127.0.0.1" port="{listener.port}" protocol="tcp" template="raw")'
    )
    sender = Rsyslog(tmp_path, forward, [failed(number, now - 20 + number) for number in range(6)])
    try:
        until(lambda: listener.judged() >= 6)
    finally:
        sender.stop()
    listener.end(signal.SIGKILL)
    assert alerts_of(listener.site) == []
    listener.start()
    with socket.create_connection(("127.0.0.1", listener.port)) as wire:
        wire.sendall("".join(f"{failed(number, now - 20 + number)}\n" for number in range(6, 12)).encode())
    accepted = "Accepted password for root from 203.0.113.9 port 4711 ssh2"
    until(lambda: GUESSING in rules_of(listener.site))
    here = ["--rfc5424=notq,nohost", "-T", "-n", "127.0.0.1", "-P", str(listener.port), "-p", "auth.info", "-t", "sshd"]
    at_once = f"<38>1 {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(now))} web1 sshd 4711 - - {accepted}"
    subprocess.run(["logger", *here, "nothing to see"], check=True, timeout=30)
    with socket.create_connection(("127.0.0.1", listener.port)) as wire:
        wire.sendall(f"{at_once}\n".encode())
    until(lambda: GUESSED in listener.notices())
    listener.end(signal.SIGTERM)
    assert {GUESSED, GUESSING} <= rules_of(listener.site)
    entries = listener.site.run("evidence", "list", "--kind", "detection.alert")
    assert entries.code == 0, entries.stderr


NEVER_LOOKS = """\
from sec_ops.workflows import live_detection
live_detection.RELOAD_MS = 10**9
"""


def test_rules_that_changed_judge_from_sighup_on(listener: Listener, tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "sitecustomize.py").write_text(NEVER_LOOKS)  # nobody looks by himself in this time
    listener.site = replace(listener.site, environment={"PYTHONPATH": str(tmp_path / "before")})
    new, sent = "11111111-1111-4111-8111-111111111111", 0

    def send() -> None:
        nonlocal sent
        sent += 1
        with socket.create_connection(("127.0.0.1", listener.port)) as wire:
            wire.sendall(f"{failed(sent, time.time())}\n".encode())

    def judged_by_the_new_rule() -> bool:
        send()
        return new in rules_of(listener.site)

    listener.start()
    send()
    until(lambda: listener.judged() >= 1)
    listener.site.write("rules/detection/live.yml", RULES)
    send()
    until(lambda: listener.judged() >= 2)
    assert new not in rules_of(listener.site)
    assert listener.process is not None
    listener.process.send_signal(signal.SIGHUP)
    until(judged_by_the_new_rule)
    listener.end(signal.SIGTERM)
    (count,) = (count for rule, _key, count in alerts_of(listener.site) if rule == new)
    assert 0 < count <= sent - 2


class Indexing:
    """The process beside a listener, over batches that a test writes."""

    def __init__(self, site: AuditSite) -> None:
        site.write("rules/detection/live.yml", RULES)
        self.site = site

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "sec_ops.cli.logs._indexing", str(self.site.root), "en"]
        return subprocess.Popen(command, stdin=subprocess.PIPE)

    def finish(self) -> None:
        process = self.start()
        process.communicate(timeout=120)
        assert process.returncode == 0


def batches() -> Sequence[RawBatch]:
    """Return lines of guessing, some of it out of order, in batches as a listener makes them."""
    dice, begin = random.Random(7), time.time() - 600
    found = []
    for number in range(240):
        lines = []
        for place in range(4):
            user, address = f"u{dice.randrange(9)}", f"192.0.2.{dice.randrange(12)}"
            lines.append(failed(number * 4 + place, begin + number * 2 + dice.uniform(-20, 0), user, address).encode())
        origin = Origin(source="tcp", transport=Transport.SYSLOG_TCP)
        found.append(RawBatch(origin=origin, received_ms=int(time.time() * 1000), records=tuple(lines)))
    return found


def test_kill_9_of_the_judging_process_at_any_moment_loses_and_doubles_nothing(site: AuditSite, tmp_path: Path) -> None:
    quiet = AuditSite(root=tmp_path / "quiet").init()
    all_batches, dice, killed = batches(), random.Random(), 0
    for each in (site, quiet):
        indexing = Indexing(each)
        with RawLog.open(each.root / "var/logs", clock=SystemClock()) as log:
            rounds = 6 if each is site else 1
            for turn in range(rounds):
                process = indexing.start() if each is site else None
                deadline = time.monotonic() + dice.uniform(0.8, 4.0)
                for batch in all_batches[turn::rounds] if each is quiet else _share(all_batches, turn, rounds):
                    log.append(batch)
                    if process:
                        time.sleep(0.02)
                if process:
                    time.sleep(max(deadline - time.monotonic(), 0))
                    killed += process.poll() is None
                    process.kill()
                    process.communicate()
        indexing.finish()
    assert killed == 6
    assert rules_of(quiet) >= OWN
    assert alerts_of(site) == alerts_of(quiet)
    assert site.run("logs", "search", "--count").document["count"] == 240 * 4


def _share(all_batches: Sequence[RawBatch], turn: int, rounds: int) -> Sequence[RawBatch]:
    size = len(all_batches) // rounds
    return all_batches[turn * size : (turn + 1) * size]


def test_a_pull_judges_what_it_fetched_once(site: AuditSite, tmp_path: Path) -> None:
    host = socket.gethostname()
    log = tmp_path / "auth.log"
    site.write_hosts({host: {"ansible_host": "127.0.0.1"}}, "")
    site.write("inventory/sites/city.yml", json.dumps({"units": [UNIT]}))
    site.write("inventory/people.yml", json.dumps({"people": [PERSON]}))
    source = {"id": "sign-in", "collect": "pull", "paths": [str(log)]}
    site.write("inventory/systems/records.yml", json.dumps({**SYSTEM, "hosts": [host], "log_sources": [source]}))
    now = time.time()
    stamps = [time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now - 60 + number)) for number in range(12)]
    text = "sshd[7]: Failed password for root from 203.0.113.9 port 22 ssh2\n"
    log.write_text("".join(f"{stamp} web1 {text}" for stamp in stamps[:6]))
    assert site.run("logs", "pull", "--local").code == 0
    assert alerts_of(site) == []
    log.write_text("".join(f"{stamp} web1 {text}" for stamp in stamps))
    assert site.run("logs", "pull", "--local").code == 0
    (alert,) = alerts_of(site)
    assert alert[0] == GUESSING
    assert site.run("logs", "pull", "--local").code == 0
    assert alerts_of(site) == [alert]


UNIT = {"id": "city", "name": {"zh": "x", "en": "x"}, "kind": "city"}
PERSON = {"id": "lin", "name": "Lin", "unit": "city", "roles": [], "keys": []}
SYSTEM = {
    "id": "records",
    "name": {"zh": "x", "en": "x"},
    "unit": "city",
    "grading": "S3A3G3",
    "leader": "lin",
    "operator": "lin",
    "rto_seconds": 60,
    "rpo_seconds": 60,
}


def test_one_process_judges_and_another_stands_by(site: AuditSite) -> None:
    here = Site(site.root)
    with take_turn(here, lambda: True) as mine, take_turn(here, lambda: True) as others:
        assert (mine, others) == (True, False)
    site.write("sec-ops.yml", (site.root / "sec-ops.yml").read_text() + "\ndetection: {live: false}\n")
    with take_turn(here, lambda: True) as mine, take_turn(here, lambda: True) as others:
        assert (mine, others) == (True, True)
    with detecting(here) as nobody:
        assert nobody is None
