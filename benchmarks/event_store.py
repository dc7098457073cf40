"""What the embedded event store costs: storing a mix of syslog and web events, bytes an event, and searches over it.

    python benchmarks/event_store.py [--events N] [--days N] [--folder DIR]

The events are made up from a seed: 200 hosts, 20,000 addresses (a few of them busy), 2,000 users, 5,000 pages, spread
over the days with a school's hours; the fields are those that our parsers give. CPU seconds are of the whole process
(DuckDB's threads included), wall seconds the best of three. A folder that holds such a store already is asked again
without storing.
"""

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from sec_ops.content.library import Library
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, RECORD, TIME, Event, FieldTypes, Row
from sec_ops.siem.parse.loading import field_types
from sec_ops.siem.query.parse import parse
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.records import Origin, Place, RawBatch, Transport
from sec_ops.siem.storing import Commit, Request

DAY = 86_400_000_000
FIRST = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp()) * 1_000_000
BATCH = 50_000
RAW_LINES = 200_000
HOUR_OF_DAY = [1, 1, 1, 1, 1, 1, 2, 6, 10, 10, 10, 8, 6, 8, 10, 10, 8, 6, 4, 4, 4, 3, 2, 1]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    value: str
    goal: str = ""


class FixedClock:
    """The day after the last."""

    def __init__(self, days: int) -> None:
        self._now_us = FIRST + (days + 2) * DAY

    def now(self) -> datetime:
        """Return the present."""
        return datetime.fromtimestamp(self._now_us / 1_000_000, UTC)

    def monotonic_ms(self) -> int:
        """Return milliseconds."""
        return time.monotonic_ns() // 1_000_000


class Mix:
    """Events of web servers, sshd, sudo, cron and firewalls, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        draw = self._random
        self._hosts = [f"{kind}-{n}" for n in range(50) for kind in ("web", "db", "app", "gw")]
        self._addresses = [
            f"{draw.choice((10, 172, 203))}.{draw.randrange(256)}.{draw.randrange(256)}.{n % 254 + 1}"
            for n in range(20_000)
        ]
        self._users = [f"u{n:04d}" for n in range(2_000)]
        words = ("login", "course", "grade", "notice", "library", "card", "exam", "media", "api", "static")
        self._pages = [
            f"/{draw.choice(words)}/{draw.choice(words)}/{n}{draw.choice(('', '.html', '.jsp', '.png', '.js'))}"
            for n in range(5_000)
        ]
        self._agents = [
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{n}.0.0.0 Safari/537.36"
            for n in range(60, 140)
        ]
        self._commands = [
            f"/usr/bin/{tool} {target}"
            for tool in ("systemctl restart", "cat", "less", "tail -f")
            for target in ("nginx", "/var/log/syslog", "/etc/hosts", "app")
        ]
        self._keys = [f"SHA256:{draw.randbytes(24).hex()}" for _ in range(300)]

    def day(self, number: int, events: int) -> Iterator[Event]:
        """Yield the events of a day in order."""
        draw = self._random
        seconds = sorted(hour * 3600 + draw.randrange(3600) for hour in draw.choices(range(24), HOUR_OF_DAY, k=events))
        makers = draw.choices(
            (self._web, self._ssh, self._firewall, self._sudo, self._cron), (40, 30, 20, 5, 5), k=events
        )
        begin = FIRST + number * DAY
        for second, maker in zip(seconds, makers, strict=True):
            time_us = begin + second * 1_000_000
            event = maker(time_us)
            event["event.ingested"] = time_us // 5_000_000 * 5_000_000 + 5_123_000
            yield event

    def _common(self, dataset: str, host: str, path: str, time_us: int) -> Event:
        return {
            TIME: time_us,
            DATASET: dataset,
            "event.kind": "event",
            "host.name": host,
            "host.hostname": host,
            "log.file.path": path,
            "sec_ops.source": f"{host}:{path}",
            "sec_ops.transport": "pull",
            "sec_ops.parser": dataset.replace(".", "-"),
            "sec_ops.unit": f"school-{hash_of(host) % 40}",
        }

    def _address(self) -> str:
        return self._addresses[int(self._random.paretovariate(0.4)) % len(self._addresses)]

    def _web(self, time_us: int) -> Event:
        draw = self._random
        address, agent = self._address(), draw.choice(self._agents)
        page = self._pages[int(draw.paretovariate(0.5)) % len(self._pages)]
        query = f"id={draw.randrange(100_000)}" if draw.random() < 0.3 else ""
        if draw.random() < 0.000_05:
            query = "id=1 union select password from users"
        url = f"{page}?{query}" if query else page
        status = draw.choices((200, 304, 302, 404, 403, 500), (80, 8, 5, 5, 1, 1))[0]
        size = 0 if status == 304 else hash_of(page) % 60_000 if not query else draw.randrange(200, 40_000)
        moment = clock_text(time_us)
        event = self._common("nginx.access", f"web-{hash_of(page) % 50}", "/var/log/nginx/access.log", time_us)
        event |= {
            "event.category": "web",
            "event.type": "access",
            "http.request.method": "GET" if size else "HEAD",
            "http.response.body.bytes": size,
            "http.response.status_code": status,
            "http.version": "1.1",
            "source.address": address,
            "source.ip": address,
            "url.original": url,
            "url.path": page,
            "user_agent.original": agent,
            "message": f'{address} - - [{moment} +0800] "GET {url} HTTP/1.1" {status} {size} "-" "{agent}"',
        }
        if query:
            event["url.query"] = query
        return event

    def _ssh(self, time_us: int) -> Event:
        draw = self._random
        user, address, port, pid = (
            draw.choice(self._users),
            self._address(),
            draw.randrange(32_768, 60_999),
            draw.randrange(500, 90_000),
        )
        failed = draw.random() < 0.6
        key = draw.choice(self._keys)
        text = (
            f"Failed password for {user} from {address} port {port} ssh2"
            if failed
            else f"Accepted publickey for {user} from {address} port {port} ssh2: ED25519 {key}"
        )
        event = self._common("sshd", draw.choice(self._hosts), "/var/log/auth.log", time_us + draw.randrange(1_000_000))
        event |= {
            "event.action": "ssh_login",
            "event.category": "authentication",
            "event.type": "start",
            "event.outcome": "failure" if failed else "success",
            "process.name": "sshd",
            "process.pid": pid,
            "source.address": address,
            "source.ip": address,
            "source.port": port,
            "user.name": user,
            "sshd.method": "password" if failed else "publickey",
            "message": text,
        }
        return event

    def _firewall(self, time_us: int) -> Event:
        draw = self._random
        address, target, port = (
            self._address(),
            f"192.0.2.{draw.randrange(1, 60)}",
            draw.choice((22, 23, 80, 443, 445, 3306, 3389, 8080)),
        )
        number, source_port, host = draw.randrange(65_536), draw.randrange(1024, 65_536), f"gw-{draw.randrange(50)}"
        event = self._common("netfilter", host, "/var/log/kern.log", time_us)
        event |= {
            "destination.address": target,
            "destination.ip": target,
            "destination.port": port,
            "event.action": "firewall_block",
            "event.category": "network",
            "event.type": "connection",
            "netfilter.flags": "SYN",
            "netfilter.id": str(number),
            "netfilter.ttl": 244,
            "network.bytes": 40,
            "network.transport": "tcp",
            "observer.ingress.interface.name": "eth0",
            "rule.name": "UFW BLOCK",
            "source.address": address,
            "source.ip": address,
            "source.port": source_port,
            "message": f"[UFW BLOCK] IN=eth0 OUT= SRC={address} DST={target} LEN=40 TOS=0x00 PREC=0x00 TTL=244 "
            f"ID={number} PROTO=TCP SPT={source_port} DPT={port} WINDOW=1024 RES=0x00 SYN URGP=0",
        }
        return event

    def _sudo(self, time_us: int) -> Event:
        draw = self._random
        user, command = draw.choice(self._users), draw.choice(self._commands)
        event = self._common("sudo", draw.choice(self._hosts), "/var/log/auth.log", time_us + draw.randrange(1_000_000))
        event |= {
            "event.action": "sudo_command",
            "event.category": "process",
            "event.outcome": "success",
            "event.type": "start",
            "process.command_line": command,
            "process.name": "sudo",
            "process.working_directory": f"/home/{user}",
            "user.effective.name": "root",
            "user.name": user,
            "message": f"{user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}",
        }
        return event

    def _cron(self, time_us: int) -> Event:
        draw = self._random
        command, pid = draw.choice(self._commands), draw.randrange(500, 90_000)
        event = self._common("cron", draw.choice(self._hosts), "/var/log/syslog", time_us)
        event |= {
            "event.action": "cron_command",
            "event.category": "process",
            "event.type": "start",
            "process.command_line": command,
            "process.name": "CRON",
            "process.pid": pid,
            "user.name": "root",
            "message": f"(root) CMD ({command})",
        }
        return event


def hash_of(text: str) -> int:
    """Return a number that is always the same for a text."""
    return sum(ord(character) * (place + 7) for place, character in enumerate(text))


def clock_text(time_us: int) -> str:
    """Return a time as web servers write it."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).strftime("%d/%b/%Y:%H:%M:%S")


def main() -> int:
    """Store, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    print(
        f"{given.events:,} events over {given.days} days, load before {os.getloadavg()[0]:.1f}, "
        f"{os.cpu_count()} processors\n"
    )
    with tempfile.TemporaryDirectory(prefix="sec-ops-benchmark-") as place:
        types = field_types(Library.open(Path(place)))
        folder = given.folder or Path(place)
        store = EmbeddedStore(folder, types=types, clock=FixedClock(given.days))
        figures = [] if store.days() else list(_stored(store, given.events, given.days))
        figures += [*_raw(Path(place)), *_size(store), *_asked(store, types, given.days)]
        store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for figure in [*figures, Figure("peak memory, MB", f"{peak}")]:
        print(f"{figure.name:<64} {figure.value:>18}   {figure.goal}")
    return 0


def _stored(store: EmbeddedStore, events: int, days: int) -> Iterator[Figure]:
    mix, numbers = Mix(20_261_126), count(1)
    cpu = 0.0
    for day in range(days):
        made = mix.day(day, events // days)
        while rows := batch_of(made, number := next(numbers)):
            before = time.process_time()
            store.append(rows, Commit(stream="1", sequence=number))
            cpu += time.process_time() - before
    kept = sum(each.events for each in store.days())
    size = sum(each.bytes for each in store.days())
    yield Figure("append, CPU µs an event", f"{cpu / kept * 1e6:.1f}", "≤ 12")
    yield Figure("as appended, bytes an event", f"{size / kept:.1f}")
    before = time.process_time()
    store.maintain()
    yield Figure("merging closed days, CPU µs an event", f"{(time.process_time() - before) / kept * 1e6:.1f}")


def _raw(folder: Path) -> Iterator[Figure]:
    lines = [line_of(event) for event in Mix(20_261_126).day(0, RAW_LINES)]
    for size in (1_000, 10):
        below = folder / f"raw-{size}"
        with RawLog.open(below, clock=FixedClock(1)) as log:
            origin = Origin(source="relay", transport=Transport.RELP)
            for first in range(0, len(lines), size):
                log.append(RawBatch(origin=origin, received_ms=first, records=(*lines[first : first + size],)))
        kept = sum(path.stat().st_size for path in below.rglob("*.zst"))
        plain = sum(map(len, lines)) / len(lines)
        name = f"raw log, bytes a line of {plain:.0f}, {size:,} lines a batch"
        yield Figure(name, f"{kept / len(lines):.1f}", "≤ 50")


def line_of(event: Event) -> bytes:
    """Return the line that an event was made of: web servers write theirs, all others speak syslog."""
    message = str(event["message"])
    if event[DATASET] != "nginx.access":
        moment = datetime.fromtimestamp(int(str(event[TIME])) // 1_000_000, UTC).strftime("%b %e %H:%M:%S")
        message = f"{moment} {event['host.name']} {event.get('process.name', 'kernel')}: {message}"
    return message.encode()


def batch_of(events: Iterator[Event], number: int) -> list[Row]:
    """Return the next events as rows of one batch; none when there are no more."""
    place = Place("1", number)
    rows = []
    for index, event in zip(range(BATCH), events, strict=False):
        event[RECORD] = place.record(index)
        rows.append(Row(event, place, index))
    return rows


def _size(store: EmbeddedStore) -> Iterator[Figure]:
    days = store.days()
    kept = sum(each.events for each in days)
    yield Figure("merged, bytes an event", f"{sum(each.bytes for each in days) / kept:.1f}", "≤ 45")
    for dataset in sorted({each.dataset for each in days}):
        mine = [each for each in days if each.dataset == dataset]
        rows = sum(each.events for each in mine)
        yield Figure(f"  {dataset}, {rows:,} events", f"{sum(each.bytes for each in mine) / rows:.1f}")


def _asked(store: EmbeddedStore, types: FieldTypes, days: int) -> Iterator[Figure]:
    def request(text: str, limit: int = 100) -> Request:
        return Request(query=parse(text, types), limit=limit)

    ten = FIRST + days // 2 * DAY + 10 * DAY // 24
    failed, web = request("event.outcome:failure", limit=10), request("event.dataset:nginx.access", limit=10)
    one_host = replace(request("host.name:web-7", limit=1000), since_us=ten, until_us=ten + DAY // 24)
    questions: list[tuple[str, str, Callable[[], object]]] = [
        ('contains "union select", all events', "≤ 3 s", lambda: store.count(request('message:"union select"'))),
        ('newest 100 with "union select"', "", lambda: len(list(store.search(request('message:"union select"'))))),
        ("failed logins by address, all days", "≤ 1 s", lambda: store.top(failed, "source.ip")[0].count),
        ("events by day, all days", "", lambda: len(store.histogram(request("*"), DAY))),
        ("status codes by count, all days", "", lambda: len(store.top(web, "http.response.status_code"))),
        ("one hour of one host", "≤ 0.1 s", lambda: len(list(store.search(one_host)))),
        ("newest 100 of a user", "", lambda: len(list(store.search(request("user.name:u0042"))))),
        ("newest 100", "", lambda: len(list(store.search(request("*"))))),
        ("count of all", "", lambda: store.count(request("*"))),
        ("sources, last day received", "", lambda: len(store.sources(FIRST + (days - 1) * DAY, FIRST + days * DAY))),
    ]
    for name, goal, ask in questions:
        wall, cpu, answer = _best(ask)
        yield Figure(f"{name} [{answer}]", f"{wall:.3f} s ({cpu:.2f} CPU)", goal)


def _best(ask: Callable[[], object]) -> tuple[float, float, object]:
    best: tuple[float, float, object] = (float("inf"), 0.0, None)
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = ask()
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu, answer), key=lambda each: each[0])
    return best


if __name__ == "__main__":
    sys.exit(main())
