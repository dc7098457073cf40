"""Elasticsearch's own client and a strict RELP sender against `logs listen`, which is killed again and again."""

import base64
import gc
import hashlib
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch, TransportError
from elasticsearch.helpers import bulk, parallel_bulk, streaming_bulk

from tests.integration.log_listener import Listening, until
from tests.unit.siem.listen.support import Authority

pytestmark = pytest.mark.integration
SECRET = "integration-secret"
KEY = {"id": "school-7", "sha256": hashlib.sha256(SECRET.encode()).hexdigest(), "unit": "yunting", "dataset": "winlog"}
TLS = {"certificate": "server.pem", "key": "server.key"}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Listening]:
    listening = Listening(
        tmp_path, {"id": "bulk", "kind": "bulk", "tls": TLS, "keys": [KEY]}, {"id": "relp", "kind": "relp"}
    )
    Authority(listening.site).issue("server", "localhost", "127.0.0.1")
    listening.start("--no-index")
    yield listening
    listening.kill()


def client_of(kept: Listening, **how: Any) -> Elasticsearch:
    how = how or {"api_key": ("school-7", SECRET)}
    address = f"https://127.0.0.1:{kept.ports['bulk']}"
    return Elasticsearch(address, ca_certs=str(kept.site / "ca.pem"), max_retries=0, **how)


def numbers(kept: Listening) -> list[int]:
    return sorted(json.loads(record)["number"] for record in kept.records() if record.startswith(b"{"))


def test_every_helper_of_the_client(kept: Listening) -> None:
    documents = [{"_index": "winlogbeat-8", "number": number, "message": "登录失败"} for number in range(1_000)]
    with client_of(kept) as client:
        assert client.info()["version"]["number"].startswith("8.")
        assert client.ping()
        assert bulk(client, documents) == (1_000, [])
        assert all(good for good, _ in streaming_bulk(client, documents, chunk_size=100))
        assert all(good for good, _ in parallel_bulk(client, documents, thread_count=4, chunk_size=100))
        assert client.cluster.health()["status"] == "green"
        assert client.license.get()["license"]["status"] == "active"
        assert client.indices.exists_index_template(name="winlogbeat")
        with pytest.raises(ApiError, match="404"):
            client.search(index="winlogbeat-8")
    assert numbers(kept) == sorted([*range(1_000)] * 3)
    origin = kept.batches()[0].origin
    assert (origin.unit, origin.dataset) == ("yunting", "winlog")


def test_ways_to_say_the_key(kept: Listening) -> None:
    encoded = base64.b64encode(f"school-7:{SECRET}".encode()).decode()
    packed = {"http_compress": True, "api_key": encoded}
    for how in ({"basic_auth": ("school-7", SECRET)}, {"bearer_auth": encoded}, packed):
        with client_of(kept, **how) as client:
            assert bulk(client, [{"_index": "x", "number": 1}] * 500) == (500, [])
    with client_of(kept, basic_auth=("school-7", "wrong")) as client, pytest.raises(ApiError, match="401"):
        client.info()
    assert len(kept.records()) == 1_500


# The client drops connections that a killed listener cut, unclosed.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_acknowledged_events_survive_kills_and_stand_once(kept: Listening) -> None:
    acknowledged: list[int] = []
    ended = threading.Event()

    def send() -> None:
        for start in itertools.count(0, 50):
            if ended.is_set():
                return
            documents = [{"_index": "x", "_id": f"id-{each}", "number": each} for each in range(start, start + 50)]
            while not ended.is_set():
                with suppress(TransportError, ApiError), client_of(kept) as client:
                    bulk(client, documents)
                    acknowledged.extend(range(start, start + 50))
                    break
                time.sleep(0.05)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for _ in range(3):
            before = len(acknowledged)
            until(lambda before=before: len(acknowledged) > before + 150)  # type: ignore[misc]
            kept.kill()
            kept.start("--no-index")
    finally:
        ended.set()
        sender.join()
        gc.collect()
    kept.stop()
    found = numbers(kept)
    assert len(found) == len(set(found)), "an event with an id stands twice"
    assert set(acknowledged) <= set(found)


def test_what_relp_acknowledged_survives_kills(kept: Listening) -> None:
    acknowledged: set[bytes] = set()
    ended = threading.Event()

    def send() -> None:
        numbered = itertools.count()
        while not ended.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", kept.ports["relp"]), timeout=5) as wire:
                talk(wire, numbered, acknowledged, ended)
            time.sleep(0.05)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for _ in range(3):
            before = len(acknowledged)
            until(lambda before=before: len(acknowledged) > before + 1_000)  # type: ignore[misc]
            kept.kill()
            kept.start("--no-index")
    finally:
        ended.set()
        sender.join()
    kept.stop()
    assert acknowledged <= set(kept.records())


def talk(wire: socket.socket, numbered: Iterator[int], acknowledged: set[bytes], ended: threading.Event) -> None:
    """Send windows of messages and note those that were answered with 200."""
    wire.sendall(b"1 open 30 relp_version=0\ncommands=syslog\n")
    answers = wire.makefile("rb")
    for _ in range(4):
        answers.readline()
    transaction = 2
    while not ended.is_set():
        sent = {}
        for _ in range(64):
            sent[transaction] = b"<13>message %d" % next(numbered)
            transaction += 1
        wire.sendall(b"".join(b"%d syslog %d %b\n" % (each, len(text), text) for each, text in sent.items()))
        for _ in sent:
            answer = answers.readline().split()
            if len(answer) < 4 or answer[3] != b"200":
                return
            acknowledged.add(sent[int(answer[0])])


def test_a_retry_after_a_kill_is_stored_once(kept: Listening) -> None:
    body = [each for number in range(100) for each in ({"create": {"_id": str(number)}}, {"number": number})]
    for _ in range(3):
        with client_of(kept) as client:
            statuses = {item["create"]["status"] for item in client.bulk(operations=body, index="x")["items"]}
        kept.kill()
        kept.start("--no-index")
    assert statuses == {409}
    assert numbers(kept) == list(range(100))


def test_certificates_are_renewed_without_a_restart(kept: Listening) -> None:
    import signal
    import ssl

    def serial() -> Any:
        context = Authority.client(authority)
        with (
            socket.create_connection(("127.0.0.1", kept.ports["bulk"])) as wire,
            context.wrap_socket(wire, server_hostname="localhost") as tls,
        ):
            return tls.getpeercert()["serialNumber"]  # type: ignore[index]

    authority = Authority(kept.site)
    authority.issue("server", "localhost")
    assert kept.process is not None
    with pytest.raises(ssl.SSLError):
        serial()
    kept.process.send_signal(signal.SIGHUP)

    def renewed() -> bool:
        try:
            return bool(serial())
        except ssl.SSLError:
            return False

    until(renewed)
    (kept.site / "server.pem").write_text("broken")
    kept.process.send_signal(signal.SIGHUP)
    until(lambda: b"certificate" in (kept.site / "stderr").read_bytes())
    assert renewed()
