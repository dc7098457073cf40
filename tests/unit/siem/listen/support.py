"""Listeners for tests: real sockets on loopback, a real raw log or one that can be told to fail."""

import asyncio
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sec_ops.model.errors import StorageError
from sec_ops.model.log_listener import Listener
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.siem.listen.directory import Directory
from sec_ops.siem.listen.server import Plan, Server
from sec_ops.siem.listen.state import ListenerState
from sec_ops.siem.raw.log import Appended
from sec_ops.siem.records import Place, RawBatch
from sec_ops.transport.process import run_program

_WRITERS: list[asyncio.StreamWriter] = []


class FakeRaw:
    """Keeps batches in memory; `gate` holds commits up, `failing` makes them fail."""

    def __init__(self) -> None:
        self.batches: list[RawBatch] = []
        self.commits = 0
        self.gate = threading.Event()
        self.gate.set()
        self.failing = False
        self.broken = False
        self._ids: set[str] = set()

    @property
    def records(self) -> list[bytes]:
        return [record for batch in self.batches for record in batch.records]

    def append_many(self, batches: Sequence[RawBatch]) -> list[Appended]:
        self.gate.wait(10)
        if self.broken:
            raise ZeroDivisionError("a fault of ours")
        if self.failing:
            raise StorageError(message("no space left"))
        self.commits += 1
        return [self._append(batch) for batch in batches]

    def _append(self, batch: RawBatch) -> Appended:
        known, taken, ids = [], [], list(batch.ids) or [None] * len(batch.records)
        for index, (record, name) in enumerate(zip(batch.records, ids, strict=True)):
            if name is not None and name in self._ids:
                known.append(index)
            else:
                taken.append(record)
                self._ids |= {name} if name is not None else set()
        kept = RawBatch(origin=batch.origin, received_ms=batch.received_ms, records=tuple(taken))
        self.batches.append(kept)
        place = Place("0001", len(self.batches)) if taken else None
        return Appended(place=place, batch=kept, known=tuple(known))


@asynccontextmanager
async def serving(raw: Any, *listeners: Listener, root: Path = Path("/nonexistent")) -> AsyncIterator[Server]:
    told: list[Sequence[ListenerState]] = []
    plan = Plan(
        listeners=listeners,
        root=root,
        read_secret=Secrets(run_program=run_program),
        directory=Directory(),
        zone="Asia/Shanghai",
        tell=told.append,
        complain=lambda error: None,
    )
    server = Server(plan, raw, SystemClock())
    try:
        server.open()
        yield server
    finally:
        await server.close()
        while _WRITERS:
            writer = _WRITERS.pop()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def listener(kind: str, **other: Any) -> Listener:
    return Listener.model_validate({"id": "door", "kind": kind, "port": 0, **other})


def port_of(server: Server, name: str = "door") -> int:
    return next(state.port for state in server.states() if state.id == name)


def counts_of(server: Server, name: str = "door") -> Any:
    return next(state.counts for state in server.states() if state.id == name)


async def connect(server: Server, tls: ssl.SSLContext | None = None, name: str = "door") -> Any:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port_of(server, name), ssl=tls, server_hostname="localhost" if tls else None
    )
    _WRITERS.append(writer)
    return reader, writer


async def until(reached: Any, seconds: float = 8) -> None:
    for _ in range(int(seconds / 0.01)):
        if reached():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not reached in time")


async def ask(server: Server, head: str, body: bytes = b"", tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    """Send one HTTP request and read its answer to the end of the connection."""
    reader, writer = await connect(server, tls)
    lines = [head, "host: x", "connection: close"]
    if body and "chunked" not in head:
        lines.append(f"content-length: {len(body)}")
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


class Authority:
    """A certificate authority of a test."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self.name, self.key.public_key(), (), authority=True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *names: str, days: int = 1) -> tuple[Path, Path]:
        """Return the paths of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(subject, key.public_key(), names, authority=False, days=days)
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        paths[1].chmod(0o600)
        return paths

    def client(self, paths: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.path))
        if paths:
            context.load_cert_chain(*paths)
        return context

    def _signed(self, subject: x509.Name, public: Any, names: Sequence[str], *, authority: bool, days: int = 1) -> Any:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=2))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), False)
        return builder.sign(self.key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
