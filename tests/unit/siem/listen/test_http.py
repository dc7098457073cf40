"""The `_bulk` endpoint over real sockets: answers when it is on disk, bounds everything, believes nobody."""

import asyncio
import base64
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from sec_ops.runtime.files import storage_error
from sec_ops.runtime.language import translator
from sec_ops.siem.listen.http import HttpConnection
from sec_ops.siem.listen.keys import made_key
from sec_ops.siem.listen.server import Server
from tests.unit.siem.listen.support import Authority, FakeRaw, ask, connect, counts_of, listener, serving, until

Test = Callable[[FakeRaw, Server], Awaitable[None]]
DOCUMENT = b'{"index":{}}\n{"message":"hello"}\n'


def run(test: Test, root: Path = Path("/nonexistent"), **other: Any) -> FakeRaw:
    raw = FakeRaw()

    async def main() -> None:
        async with serving(raw, listener("bulk", **other), root=root) as server:
            try:
                await asyncio.wait_for(test(raw, server), 20)
            finally:
                raw.gate.set()

    asyncio.run(main())
    return raw


def test_answered_only_once_it_is_on_disk() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        raw.gate.clear()
        asked = asyncio.create_task(ask(server, "POST /logs/_bulk HTTP/1.1", DOCUMENT * 3))
        await asyncio.sleep(0.2)
        assert not asked.done()
        raw.gate.set()
        status, body = await asked
        answer = json.loads(body)
        assert (status, answer["errors"], len(answer["items"])) == (200, False, 3)
        assert raw.records == [b'{"message":"hello"}'] * 3
        assert raw.batches[0].origin.source == "127.0.0.1:bulk"

    run(test)


def test_what_could_not_be_written_is_sent_again() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        raw.failing = True
        status, body = await ask(server, "POST /_bulk HTTP/1.1", DOCUMENT)
        assert (status, json.loads(body)["status"]) == (503, 503)
        raw.failing = False
        assert (await ask(server, "POST /_bulk HTTP/1.1", DOCUMENT))[0] == 200

    assert len(run(test).records) == 1


def test_trouble_is_told_in_the_language_of_who_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sec_ops.runtime.language._Current.translate", translator("zh"))
    full = storage_error(Path("raw"), OSError(28, "No space left on device"))

    async def test(raw: FakeRaw, server: Server) -> None:
        monkeypatch.setattr(raw, "append_many", Mock(side_effect=full))
        assert (await ask(server, "POST /_bulk HTTP/1.1", DOCUMENT))[0] == 503
        assert server.states()[0].trouble.startswith("无法写入 raw")

    run(test)


def test_a_retry_is_stored_once() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        body = b'{"create":{"_id":"a"}}\n{"n":1}\n{"index":{"_id":"b"}}\n{"n":2}\n'
        told = [json.loads((await ask(server, "POST /_bulk HTTP/1.1", body))[1]) for _ in range(2)]
        statuses = [[next(iter(item.values()))["status"] for item in each["items"]] for each in told]
        assert statuses == [[201, 201], [409, 200]]
        assert counts_of(server)["duplicates"] == 2

    assert run(test).records == [b'{"n":1}', b'{"n":2}']


def test_bad_items_are_told_and_the_rest_is_kept() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        body = DOCUMENT + b'{"index":{}}\nbroken\n' + b'{"delete":{"_id":"1"}}\n'
        answer = json.loads((await ask(server, "POST /_bulk HTTP/1.1", body))[1])
        assert [next(iter(item.values()))["status"] for item in answer["items"]] == [201, 400, 400]
        assert (await ask(server, "POST /_bulk HTTP/1.1", b'{"index":{}}\nbroken\n'))[0] == 200
        assert (await ask(server, "POST /_bulk HTTP/1.1", b"broken\n"))[0] == 400
        assert counts_of(server)["rejected"] == 3

    assert len(run(test).records) == 1


def test_packed_chunked_expected_and_one_after_the_other() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        packed = gzip.compress(DOCUMENT * 500)
        assert (await ask(server, "POST /_bulk HTTP/1.1\r\ncontent-encoding: gzip", packed))[0] == 200
        chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(DOCUMENT), DOCUMENT)
        assert (await ask(server, "POST /_bulk HTTP/1.1\r\ntransfer-encoding: chunked", chunked))[0] == 200
        reader, writer = await connect(server)
        head = b"POST /_bulk HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n" % len(DOCUMENT)
        writer.write(head + b"expect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 \r\n\r\n"
        writer.write(
            DOCUMENT + (head + b"\r\n" + DOCUMENT) * 2 + b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        assert (await reader.read()).count(b"HTTP/1.1 200") == 4
        assert len(raw.records) == 504

    run(test)


def test_requests_sent_ahead_stay_with_the_sender_while_one_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    connections: list[HttpConnection] = []
    opened = HttpConnection.opened

    def remembered(connection: HttpConnection) -> bool:
        connections.append(connection)
        return opened(connection)

    monkeypatch.setattr(HttpConnection, "opened", remembered)

    async def test(raw: FakeRaw, server: Server) -> None:
        raw.gate.clear()
        reader, writer = await connect(server)
        body = DOCUMENT * 8_000
        head = b"POST /_bulk HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        writer.write((head + body) * 4 + b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        await until(lambda: connections and not connections[0].transport.is_reading())
        assert len(connections[0]._http.trailing_data[0]) < 1_000_000
        raw.gate.set()
        assert (await reader.read()).count(b"HTTP/1.1 200") == 5

    assert len(run(test).records) == 32_000


def test_large_requests_are_read_aside() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        assert (await ask(server, "POST /_bulk HTTP/1.1", DOCUMENT * 20_000))[0] == 200

    assert len(run(test).records) == 20_000


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        ("POST /_bulk HTTP/1.1", b"x" * 20_000, 413),
        ("POST /_bulk HTTP/1.1\r\ncontent-encoding: gzip", gzip.compress(bytes(3_000_000)), 413),
        ("POST /_bulk HTTP/1.1\r\ncontent-encoding: gzip", b"garbage", 400),
        ("POST /_bulk HTTP/1.1\r\ncontent-encoding: br", DOCUMENT, 415),
        ("GET /" + "x" * 400_000 + " HTTP/1.1", b"", 431),
        ("nonsense", b"", 400),
        ("POST /_bulk HTTP/1.1\r\ntransfer-encoding: chunked", b"zz\r\n", 400),
        ("POST /_bulk HTTP/1.1\r\ncontent-length: 9\r\ncontent-length: 10", b"", 400),
        ("PUT /_index_template/x HTTP/1.1", b"{}", 404),
    ],
    ids=lambda value: str(value)[:40],
)
def test_refused(head: str, body: bytes, status: int) -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        answered, text = await ask(server, head, body)
        assert answered == status
        assert json.loads(text)["status"] == status
        assert (await ask(server, "POST /_bulk HTTP/1.1", DOCUMENT))[0] == 200

    bounds = {"body_bytes": 10_000, "plain_bytes": 2_000_000, "unpack_ratio": 2}
    assert len(run(test, bounds=bounds).records) == 1


def test_too_much_under_way_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sec_ops.siem.listen.http.BODIES_BYTES", 0)

    async def test(raw: FakeRaw, server: Server) -> None:
        _, waiting = await connect(server)
        waiting.write(b"POST /_bulk HTTP/1.1\r\nhost: x\r\ncontent-length: 4000\r\n\r\n" + b"x" * 3_000)
        await asyncio.sleep(0.1)
        assert (await ask(server, "POST /_bulk HTTP/1.1", DOCUMENT * 50))[0] == 429
        waiting.transport.abort()
        await asyncio.sleep(0.1)
        assert (await ask(server, "POST /_bulk HTTP/1.1", DOCUMENT * 50))[0] == 200

    run(test, bounds={"plain_bytes": 4_000})


def test_a_key_decides_what_events_are(tmp_path: Path) -> None:
    secret, digest = made_key(bytes)
    authority = Authority(tmp_path)
    authority.issue("server", "localhost")
    right = base64.b64encode(f"school-7:{secret}".encode()).decode()
    key = {"id": "school-7", "sha256": digest, "unit": "yunting", "dataset": "windows.security"}

    async def test(raw: FakeRaw, server: Server) -> None:
        tls = authority.client()
        claims = b'{"index":{"_index":"other"}}\n{"event":{"dataset":"mine"},"sec_ops":{"unit":"city"}}\n'
        assert (await ask(server, f"POST /_bulk HTTP/1.1\r\nauthorization: ApiKey {right}", claims, tls))[0] == 200
        origin = raw.batches[0].origin
        assert (origin.unit, origin.dataset, origin.source) == (
            "yunting",
            "windows.security",
            "127.0.0.1:school-7:bulk",
        )
        for head in ("GET /", "POST /_bulk", "HEAD /"):
            assert (await ask(server, f"{head} HTTP/1.1", b"", tls))[0] == 401
        wrong = base64.b64encode(b"school-7:wrong").decode()
        statuses = [
            (await ask(server, f"GET / HTTP/1.1\r\nauthorization: Basic {wrong}", b"", tls))[0] for _ in range(11)
        ]
        assert statuses == [401] * 10 + [429]
        counts = counts_of(server)
        assert (counts["denied"], counts["throttled"]) == (13, 1)

    tls = {"certificate": "server.pem", "key": "server.key"}
    run(test, root=tmp_path, tls=tls, keys=[key])


def test_a_stranger_is_not_spoken_to() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        reader, writer = await connect(server)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert await reader.read() == b""
        await until(lambda: counts_of(server)["strangers"] == 1)

    run(test, senders=[{"networks": ["10.0.0.0/8"]}])
