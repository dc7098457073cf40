"""Real servers of repositories on loopback: rest-server and versitygw (S3), built once from their modules."""

import base64
import hashlib
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.certificates import KeyPair
from tests.servers.go_programs import REST_SERVER, VERSITYGW, GoProgram, built
from tests.servers.process import answers, free_port, running
from tests.testbed.errors import MissingRequirement

__all__ = ["RestServer", "S3Server", "rest_server", "s3_server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestServer:
    """A rest-server; `folder` holds its repositories."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    scheme: str = "http"
    host: str = "127.0.0.1"
    credentials: Mapping[str, str] = field(default_factory=dict)

    def location(self, name: str) -> str:
        """Return the location of a repository on it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rest:{self.scheme}://{host}:{self.port}/{name}"

    def stop(self) -> None:
        """Let it answer nobody any more, though the kernel still accepts for it."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        self.process.send_signal(signal.SIGCONT)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """A versitygw over a folder whose subfolders are buckets."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    credentials: Mapping[str, str]

    def location(self, bucket: str, name: str) -> str:
        """Return the location of a repository on it; the bucket is made."""
        (self.folder / bucket).mkdir(exist_ok=True)
        return f"s3:http://127.0.0.1:{self.port}/{bucket}/{name}"


@contextmanager
def rest_server(
    folder: Path,
    *options: str,
    port: int = 0,
    host: str = "127.0.0.1",
    users: Mapping[str, str] | None = None,
    pair: KeyPair | None = None,
) -> Iterator[RestServer]:
    """Run a rest-server on loopback; `users` are names and passwords, nobody else gets in when there are any."""
    port = port or free_port()
    data = folder / "rest-data"
    data.mkdir(exist_ok=True)
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    words = [str(_program(REST_SERVER)), "--path", str(data), "--listen", listen, *options]
    if users:
        passwords = folder / "htpasswd"
        passwords.write_text("".join(f"{name}:{_sha(password)}\n" for name, password in users.items()))
        words += ["--htpasswd-file", str(passwords)]
    else:
        words += ["--no-auth"]
    if pair:
        words += ["--tls", "--tls-cert", str(pair.certificate), "--tls-key", str(pair.key)]
    with running(words, lambda: _answers(host, port), folder / "rest-server.log") as process:
        first = next(iter((users or {}).items()), None)
        credentials = {"RESTIC_REST_USERNAME": first[0], "RESTIC_REST_PASSWORD": first[1]} if first else {}
        yield RestServer(
            port=port,
            folder=data,
            process=process,
            scheme="https" if pair else "http",
            host=host,
            credentials=credentials,
        )


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a real S3 server on loopback."""
    port = free_port()
    data = folder / "s3-data"
    data.mkdir()
    credentials = {"AWS_ACCESS_KEY_ID": "test-access", "AWS_SECRET_ACCESS_KEY": "test-secret-key"}
    command = [
        "env",
        f"ROOT_ACCESS_KEY={credentials['AWS_ACCESS_KEY_ID']}",
        f"ROOT_SECRET_KEY={credentials['AWS_SECRET_ACCESS_KEY']}",
        str(_program(VERSITYGW)),
        "--port",
        f"127.0.0.1:{port}",
        "posix",
        str(data),
    ]
    with running(command, lambda: answers(port), folder / "versitygw.log") as process:
        yield S3Server(port=port, folder=data, process=process, credentials=credentials)


def _program(program: GoProgram) -> Path:
    try:
        return built(program)
    except MissingRequirement as error:
        pytest.skip(str(error))


def _sha(password: str) -> str:
    """Return Apache's SHA-1 form, which rest-server reads."""
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode(), usedforsecurity=False).digest()).decode()


def _answers(host: str, port: int) -> bool:
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        return probe.connect_ex((host, port)) == 0
