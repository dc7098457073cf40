"""The same events and the same searches on both stores, in one run: embedded, and a real Elasticsearch of one node.

    .venv/bin/python -m benchmarks.elastic_store [--events N] [--days N]

The events are those of `benchmarks.event_store`. The node has a heap of 1 GiB and listens on loopback with TLS; it is
the one of the tests, fetched into their cache. Times of searches are the best of three by the wall; CPU of the server
is its whole process's.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmarks.event_store import DAY, FIRST, FixedClock, Mix, batch_of
from sec_ops.content.library import Library
from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.runtime.secrets import Secret
from sec_ops.siem.elastic.connecting import connect
from sec_ops.siem.elastic.store import ElasticStore
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import FieldTypes
from sec_ops.siem.parse.loading import field_types
from sec_ops.siem.query.parse import parse
from sec_ops.siem.storing import Commit, Movable, Request
from tests.elasticsearch.node import PASSWORD, Node

_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Store on both, ask both, print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="sec-ops-benchmark-", dir="/var/tmp") as place:
        folder = Path(place)
        folder.chmod(0o755)
        node = Node(folder=folder / "node")
        node.start()
        try:
            table = _compared(node, folder, given.events, given.days)
        finally:
            node.stop()
    print(f"{given.events:,} events over {given.days} days, load before {load:.1f}, {os.cpu_count()} processors\n")
    print(f"{'':<48} {'embedded':>14} {'Elasticsearch':>14}")
    for name, (embedded, elastic) in table.items():
        print(f"{name:<48} {embedded:>14} {elastic:>14}")
    return 0


def _compared(node: Node, folder: Path, events: int, days: int) -> dict[str, tuple[str, str]]:
    types = field_types(Library.open(folder))
    embedded = EmbeddedStore(folder / "embedded", types=types, clock=FixedClock(days))
    elastic = _elastic(node, folder, types, days)
    stored = [_stored(store, events, days, lambda: _server_cpu(node)) for store in (embedded, elastic)]
    embedded.maintain()
    elastic.client.indices.flush(index="sec-ops-events-*")
    kept = sum(day.events for day in elastic.days())
    if kept != sum(day.events for day in embedded.days()):
        sys.exit("the stores hold different numbers of events")
    index = elastic.client.indices.stats(index="sec-ops-events-*", metric="store")["_all"]["primaries"]["store"]
    sizes = (sum(day.bytes for day in embedded.days()) / kept, index["size_in_bytes"] / kept)
    rows = {name: (stored[0][name], stored[1][name]) for name in stored[0]}
    rows["bytes an event, on disk"] = (f"{sizes[0]:.0f}", f"{sizes[1]:.0f}")
    asked = [_asked(store, types, days) for store in (embedded, elastic)]
    for name in asked[0]:
        if asked[0][name][1] != asked[1][name][1]:
            sys.exit(f"{name}: {asked[0][name][1]} and {asked[1][name][1]}")
        rows[name] = (f"{asked[0][name][0] * 1000:.0f} ms", f"{asked[1][name][0] * 1000:.0f} ms")
    embedded.close()
    elastic.close()
    return rows


def _elastic(node: Node, folder: Path, types: FieldTypes, days: int) -> ElasticStore:
    settings = ElasticsearchSettings(
        urls=(node.url,), ca=str(node.authority), user="elastic", password={"env": "UNUSED"}, request_seconds=300
    )
    client = connect(settings, folder, lambda _reference: Secret(PASSWORD))
    return ElasticStore(client=client, settings=settings, types=types, folder=folder, clock=FixedClock(days))


def _stored(store: Movable, events: int, days: int, server_cpu: Callable[[], float]) -> Mapping[str, str]:
    mix, numbers = Mix(20_261_126), count(1)
    wall = cpu = 0.0
    kept = 0
    server = server_cpu()
    for day in range(days):
        made = mix.day(day, events // days)
        while rows := batch_of(made, number := next(numbers)):
            before, cpu_before = time.perf_counter(), time.process_time()
            store.append(rows, Commit(stream="1", sequence=number))
            wall += time.perf_counter() - before
            cpu += time.process_time() - cpu_before
            kept += len(rows)
    server = server_cpu() - server if isinstance(store, ElasticStore) else 0.0
    return {
        "stored, events a second of wall time": f"{kept / wall:,.0f}",
        "stored, our CPU µs an event": f"{cpu / kept * 1e6:.1f}",
        "stored, the server's CPU µs an event": f"{server / kept * 1e6:.0f}" if server else "-",
    }


def _asked(store: Movable, types: FieldTypes, days: int) -> Mapping[str, tuple[float, object]]:
    def request(text: str, limit: int = 100) -> Request:
        return Request(query=parse(text, types), limit=limit)

    ten = FIRST + days // 2 * DAY + 10 * DAY // 24
    hour = replace(request("host.name:web-7", limit=1000), since_us=ten, until_us=ten + DAY // 24)
    failed = request("event.outcome:failure", limit=10)
    questions: dict[str, Callable[[], object]] = {
        'count of message:"union select"': lambda: store.count(request('message:"union select"')),
        'newest 100 of message:"union select"': lambda: len(list(store.search(request('message:"union select"')))),
        "count of message:*union*password*": lambda: store.count(request("message:*union*password*")),
        "failed logins by address, all days": lambda: store.top(failed, "source.ip")[:3],
        "one hour of one host, events": lambda: len(list(store.search(hour))),
        "histogram by hour of failed logins": lambda: len(store.histogram(failed, DAY // 24)),
        "network 172.0.0.0/8, count": lambda: store.count(request("source.ip:172.0.0.0/8")),
        "newest 100 of everything": lambda: len(list(store.search(request("*")))),
        "100,000 web events streamed": lambda: sum(
            1 for _ in store.search(request("event.dataset:nginx.access", limit=100_000))
        ),
    }
    return {name: _best(ask) for name, ask in questions.items()}


def _best(ask: Callable[[], object]) -> tuple[float, object]:
    best, answer = float("inf"), None
    for _ in range(3):
        before = time.perf_counter()
        answer = ask()
        best = min(best, time.perf_counter() - before)
    return best, answer


def _server_cpu(node: Node) -> float:
    fields = Path(f"/proc/{node.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    sys.exit(main())
