"""Syslog and RELP over real sockets: well-behaved senders, and those that are not."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sec_ops.siem.listen import gate as gate_module
from sec_ops.siem.listen.server import Server
from tests.unit.siem.listen.support import (
    Authority,
    FakeRaw,
    connect,
    counts_of,
    listener,
    port_of,
    serving,
    until,
)

OPEN = b"1 open 34 relp_version=0\ncommands=syslog\nxx\n".replace(b"34", b"33")
Test = Callable[[FakeRaw, Server], Awaitable[None]]


def run(test: Test, *listeners: Any, root: Path = Path("/nonexistent")) -> FakeRaw:
    raw = FakeRaw()

    async def main() -> None:
        async with serving(raw, *listeners, root=root) as server:
            try:
                await asyncio.wait_for(test(raw, server), 20)
            finally:
                raw.gate.set()
                raw.failing = False

    asyncio.run(main())
    return raw


async def said(server: Server, *parts: bytes) -> None:
    _, writer = await connect(server)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.02)
    writer.close()
    await writer.wait_closed()


async def sent_until_told_to_wait(writer: asyncio.StreamWriter, part: bytes) -> int:
    """Send a part again and again until nobody takes it any more; return how often."""
    for sent in range(1, 2_000):
        writer.write(part)
        try:
            await asyncio.wait_for(writer.drain(), 0.5)
        except TimeoutError:
            return sent
    return 2_000


def test_tcp_with_either_framing_and_half_a_message() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        await said(server, b"<13>one\n<13>t", b"wo\n7 <13>xyz", b"<13>half")
        await until(lambda: len(raw.records) == 4)
        assert raw.records == [b"<13>one", b"<13>two", b"<13>xyz", b"<13>half"]
        assert counts_of(server)["unfinished"] == 1
        assert raw.batches[0].origin.source == "127.0.0.1:syslog_tcp"

    run(test, listener("syslog_tcp"))


def test_udp_and_strangers() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for name in ("open", "closed"):
                sender.sendto(b"<13>%b\n" % name.encode(), ("127.0.0.1", port_of(server, name)))
                sender.sendto(b"\n", ("127.0.0.1", port_of(server, name)))
        await until(lambda: raw.records and counts_of(server, "closed")["strangers"] == 2)
        assert raw.records == [b"<13>open"]
        assert counts_of(server, "closed")["strange_addresses"] == {"127.0.0.1": 2}

    refuses = listener("syslog_udp", id="closed", senders=[{"networks": ["10.0.0.0/8"]}])
    run(test, listener("syslog_udp", id="open"), refuses)


def test_what_is_under_way_at_the_end_is_taken() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        _, writer = await connect(server, name="tcp")
        writer.write(b"".join(b"<13>%d\n" % number for number in range(20_000)) + b"<13>half")
        await writer.drain()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(100):
                sender.sendto(b"u%d" % number, ("127.0.0.1", port_of(server, "udp")))

    raw = run(test, listener("syslog_tcp", id="tcp"), listener("syslog_udp", id="udp"))
    assert len(raw.records) == 20_101
    assert b"<13>half" in raw.records


def test_tcp_makes_senders_wait_while_the_disk_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sec_ops.siem.listen.intake.Intake.__init__.__defaults__", (500_000,))
    line = b"<13>" + b"x" * 995 + b"\n"

    async def test(raw: FakeRaw, server: Server) -> None:
        raw.gate.clear()
        _, writer = await connect(server)
        sent = await sent_until_told_to_wait(writer, line * 100) * 100
        assert sent < 100_000
        held = server.states()[0].held_bytes
        assert 500_000 < held < 2_000_000
        raw.gate.set()
        writer.close()
        await writer.wait_closed()
        await until(lambda: len(raw.records) == sent)

    run(test, listener("syslog_tcp"))


def test_too_many_connections_are_refused() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        opened = [await connect(server) for _ in range(5)]
        await until(lambda: counts_of(server)["overcrowded"] == 2)
        assert [await reader.read(1) for reader, _ in opened[3:]] == [b"", b""]
        opened[0][1].close()
        await until(lambda: counts_of(server)["connections"] == 2)
        await said(server, b"<13>room again\n")
        await until(lambda: raw.records == [b"<13>room again"])

    run(test, listener("syslog_tcp", bounds={"connections_per_sender": 3}))


def test_one_sender_with_many_connections_shuts_nobody_out() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        crowd = []
        for number in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server), local_addr=("127.0.0.2", 0))
            writer.write(b"<13>half %d" % number)
            crowd.append((reader, writer))
            await asyncio.sleep(0.02)
        await until(lambda: counts_of(server)["overcrowded"] == 1)
        await said(server, b"<13>room for me\n")
        await until(lambda: b"<13>room for me" in raw.records)
        await until(lambda: counts_of(server)["connections"] == 3)
        assert counts_of(server)["overcrowded"] == 2
        assert b"<13>half 0" in raw.records, "the most silent one made room, and what it had said is kept"
        for _, writer in crowd:
            writer.close()

    run(test, listener("syslog_tcp", bounds={"connections": 4}))


@pytest.mark.parametrize("kind", ["syslog_tcp", "relp", "bulk"])
def test_a_sender_that_never_comes_to_its_end_is_hung_up_on(kind: str) -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        reader, writer = await connect(server)
        with contextlib.suppress(OSError):
            while not reader.at_eof():
                writer.write(b"1")
                await writer.drain()
                await asyncio.sleep(0.05)
        assert counts_of(server)["expired"] == 1

    run(test, listener(kind, bounds={"frame_seconds": 1}))


def test_certificates(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    authority.issue("server", "localhost")
    good = authority.issue("good", "web-1.example.org")
    wrong = authority.issue("wrong", "db-1.example.com")
    late = authority.issue("late", "web-2.example.org", days=-1)
    foreign = other.issue("foreign", "web-1.example.org")
    tls = {"certificate": "server.pem", "key": "server.key", "client_ca": "ca.pem", "names": ["*.example.org"]}

    async def tried(server: Server, context: ssl.SSLContext) -> bytes:
        try:
            reader, writer = await connect(server, context)
            writer.write(b"<13>" + b"hello\n")
            await writer.drain()
            await asyncio.sleep(0.05)
            return await asyncio.wait_for(reader.read(1), 0.3)
        except TimeoutError:
            writer.close()
            return b"taken"
        except OSError:
            return b""

    async def test(raw: FakeRaw, server: Server) -> None:
        old = authority.client(good)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        trials = [authority.client(each) for each in (good, wrong, late, foreign)]
        assert [await tried(server, each) for each in (*trials, authority.client(), old)] == [
            b"taken",
            b"",
            b"",
            b"",
            b"",
            b"taken",
        ]
        await said(server, b"<13>plain text\n" * 100)
        counts = counts_of(server)
        assert (counts["strangers"], counts["handshakes_failed"]) == (1, 4)
        await until(lambda: counts_of(server)["connections"] == 0)
        assert raw.batches[0].origin.source == "127.0.0.1:syslog_tls"

    raw = run(test, listener("syslog_tls", tls=tls), root=tmp_path)
    assert raw.records == [b"<13>hello", b"<13>hello"]


def test_handshakes_do_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "HANDSHAKE_SECONDS", 0.2)
    Authority(tmp_path).issue("server", "localhost")

    async def test(raw: FakeRaw, server: Server) -> None:
        await connect(server)
        await until(lambda: counts_of(server)["handshakes_failed"] == 1)
        assert counts_of(server)["connections"] == 0

    tls = {"certificate": "server.pem", "key": "server.key"}
    run(test, listener("relp", tls=tls), root=tmp_path)


def test_relp_answers_in_order_and_only_once_it_is_on_disk() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        reader, writer = await connect(server)
        writer.write(OPEN)
        assert (await reader.readuntil(b"commands=syslog\n")).startswith(b"1 rsp ")
        raw.gate.clear()
        writer.write(b"2 syslog 5 hello\n3 syslog 6 world\n\n4 close 0\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        raw.gate.set()
        assert await reader.read() == b"2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 0\n0 serverclose 0\n"
        assert raw.records == [b"hello", b"world\n"]

    run(test, listener("relp"))


def test_relp_without_disk_is_not_answered() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        reader, writer = await connect(server)
        raw.failing = True
        writer.write(OPEN + b"2 syslog 5 hello\n")
        answer = b""
        try:
            while part := await reader.read(100):
                answer += part
        except ConnectionResetError:
            pass
        assert b"2 rsp" not in answer
        assert counts_of(server)["failed"] == 1

    assert run(test, listener("relp")).records == []


def test_relp_long_messages_and_unknown_commands() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        reader, writer = await connect(server)
        writer.write(OPEN + b"2 syslog 1000 " + b"x" * 1000 + b"\n3 dance 1 a\n4 close 0\n")
        answer = await reader.read()
        assert b"3 rsp 19 500 unknown command\n" in answer
        assert b"2 rsp 6 200 OK\n" in answer
        assert [len(record) for record in raw.records] == [480, 480, 40]

    run(test, listener("relp", bounds={"message_bytes": 480}))


@pytest.mark.parametrize("said_first", [b"2 syslog 5 hello\n", b"\x16\x03\x01" + bytes(99), b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_relp_session_is_hung_up_on(said_first: bytes) -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        reader, writer = await connect(server)
        writer.write(said_first)
        assert await reader.read() == b"0 serverclose 0\n"
        assert counts_of(server)["broken"] == 1

    assert run(test, listener("relp")).records == []


def test_relp_at_the_end_is_answered_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bytes] = []

    async def main() -> None:
        raw = FakeRaw()
        async with serving(raw, listener("relp")) as server:
            reader, writer = await connect(server)
            writer.write(OPEN + b"".join(b"%d syslog 1 x\n" % number for number in range(2, 500)))
            await until(lambda: raw.records)
        told.append(await reader.read())
        assert told[0].count(b"200 OK") - 1 == len(raw.records)
        assert told[0].endswith(b"0 serverclose 0\n")

    asyncio.run(main())


def test_a_sender_that_reads_no_answers_is_not_read_either() -> None:
    async def test(raw: FakeRaw, server: Server) -> None:
        _, writer = await connect(server)
        writer.transport.pause_reading()
        writer.write(OPEN)
        assert await sent_until_told_to_wait(writer, b"2 syslog 1 x\n" * 10_000) < 400

    run(test, listener("relp"))
