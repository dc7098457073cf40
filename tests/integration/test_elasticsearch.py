"""Bad days of a real Elasticsearch and of ourselves: what was acknowledged is there, once; what wasn't is told."""

import json
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sec_ops.model.errors import EngineError
from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secret
from sec_ops.siem.elastic.connecting import connect
from sec_ops.siem.elastic.store import ElasticStore
from sec_ops.siem.elastic.writing import Pace
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import FieldType, FieldTypes, Row
from sec_ops.siem.migrating import run_migration
from sec_ops.siem.query.tree import Match
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit, Request
from tests.elasticsearch.certificates import make_certificates
from tests.elasticsearch.fixtures import MakeElasticStore
from tests.elasticsearch.node import PASSWORD, Node

pytestmark = [pytest.mark.integration, pytest.mark.heavy]
NOW = 1_785_240_000_000_000
TYPES = FieldTypes({"message": FieldType.TEXT})


def rows(sequence: int, count: int = 50, **fields: Any) -> list[Row]:
    own: dict[str, Any] = {"@timestamp": NOW, "event.ingested": NOW, "event.dataset": "sshd"}
    return [Row({**own, "message": f"{sequence} {n}", **fields}, Place("0001", sequence), n) for n in range(count)]


def commit(sequence: int) -> Commit:
    return Commit(stream="0001", sequence=sequence)


def alias(store: ElasticStore) -> str:
    return f"{store.settings.prefix}-events-2026.07.28"


def with_key(make: MakeElasticStore, key: str, ca: Path) -> ElasticStore:
    settings = ElasticsearchSettings(urls=(make.node.url,), prefix=make.prefix, ca=str(ca), api_key={"env": "KEY"})
    client = connect(settings, make.folder, lambda _reference: Secret(key))
    return ElasticStore(client=client, settings=settings, types=TYPES, folder=make.folder, clock=SystemClock())


def api_key(make: MakeElasticStore) -> str:
    role = {
        "cluster": ["monitor", "manage_index_templates"],
        "indices": [{"names": [f"{make.prefix}-*"], "privileges": ["all"]}],
    }
    made = make.node.ask("POST", "/_security/api_key", {"name": make.prefix, "role_descriptors": {"sec-ops": role}})
    return str(made["encoded"])


def test_an_api_key_needs_no_more_rights_than_are_written_down(make_elastic_store: MakeElasticStore):
    store = with_key(make_elastic_store, api_key(make_elastic_store), make_elastic_store.node.authority)
    store.append(rows(1), commit(1))
    assert store.count(Request()) == 50
    assert store.committed() == {"0001": commit(1)}
    (day,) = store.days()
    assert store.remove(day, store.digest(day))
    store.maintain()
    store.close()


def test_a_wrong_key_and_another_authority_are_refused(make_elastic_store: MakeElasticStore, tmp_path: Path):
    with pytest.raises(EngineError, match="refuses this account"):
        with_key(make_elastic_store, "d3Jvbmc6a2V5", make_elastic_store.node.authority)
    make_certificates(tmp_path)
    with pytest.raises(EngineError, match="certificate"):
        with_key(make_elastic_store, "d3Jvbmc6a2V5", tmp_path / "ca.pem")


def test_one_event_of_a_thousand_is_refused_by_the_server(make_elastic_store: MakeElasticStore):
    store = make_elastic_store(TYPES)
    store.append(rows(1, 1), commit(1))
    store.client.indices.put_mapping(index=alias(store), properties={"meddled": {"type": "integer"}})
    given = rows(2, 1000)
    given[700].event["meddled"] = "no number"
    store.append(given, commit(2))
    assert store.count(Request()) == 1000
    assert store.committed()["0001"].sequence == 2
    (letter,) = store.letters.read()
    assert letter.row == given[700]
    assert "no number" in letter.reason
    store.client.indices.delete(index=f"{alias(store)}-1")
    assert store.redeliver() == 0
    assert store.count(Request()) == 1
    assert not store.letters.read()


def test_a_server_that_takes_no_more_columns(make_elastic_store: MakeElasticStore):
    store = make_elastic_store(TYPES)
    store.append(rows(1, 1), commit(1))
    store.client.indices.put_settings(index=alias(store), settings={"index.mapping.total_fields.limit": 1})
    store.append(rows(2, 10, **{"new.field": "Value"}), commit(2))
    assert store.count(Request(query=Match("new.field", ("VALUE",)))) == 10
    assert [(each.key, each.count) for each in store.top(Request(), "new.field")] == [("Value", 10)]


def test_another_template_that_covers_our_names_is_told(make_elastic_store: MakeElasticStore):
    name = f"{make_elastic_store.prefix}-other"
    body = {"index_patterns": [f"{make_elastic_store.prefix}-events-*"], "priority": 900, "template": {}}
    make_elastic_store.node.ask("PUT", f"/_index_template/{name}", body)
    store = make_elastic_store(TYPES)
    with pytest.raises(EngineError, match="index template"):
        store.append(rows(1), commit(1))
    assert store.committed() == {}


def test_a_red_index_is_an_error_for_writers_and_readers(make_elastic_store: MakeElasticStore):
    store = make_elastic_store(TYPES, retry_seconds=1, request_seconds=4)
    assert store.committed() == {}
    store.client.indices.create(
        index=f"{alias(store)}-1",
        aliases={alias(store): {}},
        settings={"index.routing.allocation.require._name": "nobody"},
        wait_for_active_shards="0",
    )
    with pytest.raises(EngineError):
        store.append(rows(1), commit(1))
    assert store.committed() == {}
    assert not store.letters.read()
    with pytest.raises(EngineError):
        store.count(Request())
    store._unseen.clear()  # nothing to wait for any more: the search itself is refused
    with pytest.raises(EngineError, match="not available now"):
        store.count(Request())
    with pytest.raises(EngineError, match="not available now"):
        list(store.search(Request()))
    store.client.indices.put_settings(index=alias(store), settings={"index.routing.allocation.require._name": None})
    store.client.cluster.health(index=alias(store), wait_for_status="yellow", timeout="30s")
    store.append(rows(1), commit(1))
    assert store.count(Request()) == 50


def test_a_server_that_says_nothing(make_elastic_store: MakeElasticStore):
    store = make_elastic_store(TYPES, retry_seconds=2, request_seconds=2)
    store.append(rows(1), commit(1))
    make_elastic_store.node.pause()
    try:
        with pytest.raises(EngineError, match="did not answer"):
            store.append(rows(2), commit(2))
        with pytest.raises(EngineError, match="did not answer"):
            store.count(Request())
    finally:
        make_elastic_store.node.resume()
    patient = make_elastic_store(TYPES)
    patient.append(rows(2), commit(2))
    assert patient.count(Request()) == 100


class Cutter:
    """A way to the server that is cut after some bytes, a number of times."""

    def __init__(self, port: int, times: int, after_bytes: int) -> None:
        self._port, self.left, self._after = port, times, after_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        passed = 0
        try:
            while data := source.recv(65536):
                sink.sendall(data)
                passed += len(data)
                if counted and passed > self._after and self.left > 0:
                    self.left -= 1
                    break
        except OSError:
            pass
        for each in (source, sink):
            each.close()

    def close(self) -> None:
        self._listener.close()


@contextmanager
def cut(port: int, times: int, after_bytes: int) -> Iterator[Cutter]:
    cutter = Cutter(port, times, after_bytes)
    try:
        yield cutter
    finally:
        cutter.close()


def test_a_connection_cut_in_the_middle_of_a_bulk_request(make_elastic_store: MakeElasticStore):
    make = make_elastic_store
    with cut(make.node.port, times=3, after_bytes=60_000) as way:
        settings = ElasticsearchSettings(
            urls=(f"https://127.0.0.1:{way.port}",), prefix=make.prefix, ca=str(make.node.authority)
        )
        from elasticsearch import Elasticsearch

        client = Elasticsearch(
            f"https://127.0.0.1:{way.port}",
            ca_certs=str(make.node.authority),
            basic_auth=("elastic", PASSWORD),
            max_retries=0,
        )
        store = ElasticStore(
            client=client,
            settings=settings,
            types=TYPES,
            folder=make.folder,
            clock=SystemClock(),
            pace=Pace(retry_seconds=30),
        )
        store.append(rows(1, 3000, text="x" * 300), commit(1))
        assert way.left == 0
        store.close()
    assert make(TYPES).count(Request()) == 3000


WRITER = """
import sys
from pathlib import Path
from sec_ops.siem.storing import Request
from tests.elasticsearch.fixtures import MakeElasticStore
from tests.elasticsearch.node import Node
from tests.integration.test_elasticsearch import TYPES, commit, rows
folder, port, prefix, last = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
node = Node(folder=folder, port=port, server=Path("/nowhere"))
store = MakeElasticStore(node, prefix, folder.parent / "writer")(TYPES, retry_seconds=float(sys.argv[5]))
done = store.committed()
for sequence in range(done["0001"].sequence + 1 if done else 1, last + 1):
    store.append(rows(sequence), commit(sequence))
    print(sequence, flush=True)
"""


def writer(make: MakeElasticStore, last: int, retry_seconds: float = 20) -> subprocess.Popen[bytes]:
    arguments = [str(make.node.folder), str(make.node.port), make.prefix, str(last), str(retry_seconds)]
    return subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def sequences(store: ElasticStore) -> dict[str, int]:
    return {str(each.key): each.count for each in store.top(Request(limit=None), "sec_ops.record")}


def test_our_process_killed_again_and_again(make_elastic_store: MakeElasticStore):
    draw = random.Random(5)
    last = 60
    acknowledged = 0
    for _ in range(4):
        process = writer(make_elastic_store, last)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(draw.uniform(0.05, 0.5))
        process.send_signal(signal.SIGKILL)
        told, _ = process.communicate()
        acknowledged = max([acknowledged, *(int(line) for line in told.split())])
        assert make_elastic_store(TYPES).committed()["0001"].sequence >= acknowledged
    process = writer(make_elastic_store, last)
    _, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint.decode()
    assert set(sequences(make_elastic_store(TYPES)).values()) == {1}
    assert make_elastic_store(TYPES).count(Request()) == last * 50


def test_what_a_dead_process_told_beyond_its_commit_is_replaced(make_elastic_store: MakeElasticStore):
    first = make_elastic_store(TYPES)
    first.append(rows(1), commit(1))
    first._write(rows(2, 70), commit(2))
    again = make_elastic_store(TYPES)
    again.append(rows(2, 30, parser="newer"), commit(2))
    assert again.count(Request()) == 80


def test_tidying_up_never_takes_what_was_just_acknowledged(make_elastic_store: MakeElasticStore):
    store, tidying = make_elastic_store(TYPES), make_elastic_store(TYPES)
    stop = threading.Event()

    def tidy() -> None:
        while not stop.is_set():
            tidying.maintain()

    thread = threading.Thread(target=tidy)
    thread.start()
    try:
        for sequence in range(1, 16):
            store.append(rows(sequence, 5, **{"@timestamp": NOW - sequence * 86_400_000_000}), commit(sequence))
    finally:
        stop.set()
        thread.join()
    assert store.count(Request()) == 75


def test_an_index_left_closed_to_writers_is_opened(make_elastic_store: MakeElasticStore):
    store = make_elastic_store(TYPES)
    store.append(rows(1, 1), commit(1))
    store.client.indices.put_settings(index=alias(store), settings={"index.blocks.write": True})
    store.maintain()
    store.append(rows(2, 1), commit(2))
    assert store.count(Request()) == 2


def test_the_node_killed_while_it_is_written_to(make_elastic_store: MakeElasticStore):
    node = make_elastic_store.node
    process = writer(make_elastic_store, 10_000, retry_seconds=1)
    assert process.stdout is not None
    for _ in range(5):
        process.stdout.readline()
    node.kill()
    told, complaint = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "EngineError" in complaint.decode()
    acknowledged = max((int(line) for line in told.split()), default=5)
    node.start()
    store = make_elastic_store(TYPES)
    assert acknowledged <= store.committed()["0001"].sequence <= acknowledged + 1
    last = acknowledged + 5
    process = writer(make_elastic_store, last)
    process.communicate(timeout=120)
    assert store.count(Request()) == last * 50
    assert set(sequences(store).values()) == {1}


def test_two_nodes_keep_two_copies_and_one_may_die(make_elastic_store: MakeElasticStore, elastic_folder: Path):
    store = make_elastic_store(TYPES)
    store.append(rows(1), commit(1))
    second = Node(folder=elastic_folder / "second", name="second", join=make_elastic_store.node)
    second.start()
    try:
        health = store.client.cluster.health(
            index=f"{store.settings.prefix}-*", wait_for_status="green", timeout="60s", wait_for_nodes="2"
        )
        assert health["status"] == "green"
        assert health["active_shards"] == 2 * health["active_primary_shards"]
        store.append(rows(2), commit(2))
    finally:
        second.kill()
    store.append(rows(3), commit(3))
    store.client.cluster.health(wait_for_nodes="1", timeout="60s")
    assert store.count(Request()) == 150
    assert store.committed()["0001"].sequence == 3


def test_migration_to_the_cluster_and_back(make_elastic_store: MakeElasticStore, tmp_path: Path):
    source = EmbeddedStore(tmp_path / "a", types=TYPES, clock=SystemClock())
    for sequence in range(1, 6):
        given = rows(sequence, 40, tags=["a", "b"], odd="x" * 9_000)
        source.append(given, Commit(stream="0001", sequence=sequence, pending={"web": b"held"}))
    cluster = make_elastic_store(TYPES)
    moved = run_migration(source, cluster, lambda _day: None)
    assert moved.complete
    assert sum(day.copied for day in moved.days) == 200
    back = EmbeddedStore(tmp_path / "b", types=TYPES, clock=SystemClock())
    assert run_migration(cluster, back, lambda _day: None).complete
    for one, other in ((source, cluster), (cluster, back)):
        (day,) = one.days()
        assert list(one.rows(day)) == list(other.rows(day))
    assert back.committed()["0001"] == source.committed()["0001"]


def site_with_logs(make: MakeElasticStore, folder: Path) -> Path:
    run("init", str(folder))
    key = folder / "elastic.key"
    key.write_text(api_key(make))
    key.chmod(0o600)
    configuration = folder / "sec-ops.yml"
    section = {
        "urls": [make.node.url],
        "prefix": make.prefix,
        "ca": str(make.node.authority),
        "api_key": {"file": str(key)},
    }
    configuration.write_text(f"{configuration.read_text()}\nlogs:\n  elasticsearch: {json.dumps(section)}\n")
    lines = [
        f"Nov 25 08:{n // 60:02d}:{n % 60:02d} web-1 sshd[{n}]: Failed password for root from 192.0.2.7 port 22 ssh2"
        for n in range(500)
    ]
    (folder / "auth.log").write_text("\n".join(lines) + "\n")
    return folder


def run(*arguments: str, status: int = 0) -> dict[str, Any]:
    command = [sys.executable, "-m", "sec_ops", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert done.returncode == status, done.stdout.decode() + done.stderr.decode()
    return json.loads(done.stdout) if done.stdout.strip() else {}


def test_the_command_line_moves_a_site(make_elastic_store: MakeElasticStore, tmp_path: Path):
    site = site_with_logs(make_elastic_store, tmp_path / secrets.token_hex(3))
    at = ("--site", str(site))
    run("logs", "import", str(site / "auth.log"), *at)
    planned = run("logs", "migrate", "--to", "elasticsearch", "--dry-run", *at)
    assert (planned["events"], planned["missing"], planned["copied"]) == (500, 500, 0)
    moved = run("logs", "migrate", "--to", "elasticsearch", *at)
    assert (moved["copied"], moved["missing"], moved["outcome"]) == (500, 0, ["clean"])
    configuration = site / "sec-ops.yml"
    configuration.write_text(configuration.read_text() + "  store: elasticsearch\n")
    (site / "more.log").write_text(
        "Nov 25 09:00:00 web-1 sshd[9]: Accepted password for root from 192.0.2.7 port 22 ssh2\n"
    )
    run("logs", "import", str(site / "more.log"), *at)
    back = run("logs", "migrate", "--to", "embedded", *at)
    assert (back["events"], back["copied"], back["missing"]) == (501, 1, 0)
    make_elastic_store.node.ask("DELETE", f"/{make_elastic_store.prefix}-events-2026.11.25-1")
    lost = run("logs", "migrate", "--to", "embedded", *at)
    assert lost["events"] == 0
