"""One contract for every way notices go, against real servers.

Mail goes to a real Exim, syslog to a real rsyslogd. The group robots of chat services can't run here: their place
takes a real HTTPS server that answers as their documentation says.
"""

import json
import re
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import TypeAdapter

from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import Message
from sec_ops.model.notice import Level, Notice, NotifierSettings
from sec_ops.notify.notifiers import NotifierDoors, deliverer
from sec_ops.notify.spoken import speak
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.language import translator
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from tests.servers.certificates import Authority
from tests.servers.exim import PASSWORD, USER, MailServer, mail_server
from tests.servers.process import free_port
from tests.servers.rsyslog import SyslogServer, syslog_server

NOTICE = Notice(
    id="schedule.failed/logs-pull/2026-11-26T00:00:00.000Z",
    kind="schedule.failed",
    level=Level.CRITICAL,
    at="2026-11-26T00:05:00.000Z",
    title=Message("the job {job} failed: {outcome}", {"job": "logs-pull", "outcome": Message("incomplete")}),
    lines=(Message("{said}", {"said": "学籍库 student-db-1 连接被拒绝"}),),
    advice=Message("see: sec-ops schedule show"),
    data={"job": "logs-pull", "missed": 3},
)
HOSTILE = (
    'x\r\nBcc: all@example.org\r\nX-Sec-Ops-Kind: drill [notice@32473 kind="drill"]\r\n\r\n'
    '\x1b[2J"]\\ <script>\x00\u202e =cmd()|'
)
WAIT_SECONDS = 10
_SYSLOG_KIND = re.compile(r' kind="([^"]*)"')


@dataclass(frozen=True)
class Way:
    """A notifier under test: its settings, the texts that arrived, and what programs read as their kinds."""

    name: str
    settings: NotifierSettings
    doors: NotifierDoors
    received: Callable[[], list[str]]
    kinds: Callable[[], list[str]]
    dead: NotifierSettings
    """The same with nobody there."""


class _Hook(BaseHTTPRequestHandler):
    bodies: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []
    answer: ClassVar[tuple[int, bytes]] = (200, b"{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).bodies.append((self.path, dict(self.headers), body))
        status, answer = type(self).answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not below pytest's own folder: the mail server's account passes through, and another pytest closes that one.
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o755)
        yield Path(root)


@pytest.fixture(scope="module")
def mail(folder: Path) -> Iterator[MailServer]:
    (folder / "exim").mkdir()
    with mail_server(folder / "exim") as server:
        yield server


@pytest.fixture(scope="module")
def collector(folder: Path) -> Iterator[SyslogServer]:
    (folder / "rsyslog").mkdir()
    with syslog_server(folder / "rsyslog") as server:
        yield server


@pytest.fixture(scope="module")
def hook(folder: Path) -> Iterator[tuple[ThreadingHTTPServer, Path]]:
    (folder / "hook").mkdir()
    authority = Authority(folder / "hook")
    pair = authority.issue("localhost", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server, authority.ca
    server.shutdown()
    server.server_close()
    thread.join()


def settings(**values: object) -> NotifierSettings:
    return TypeAdapter(NotifierSettings).validate_python({"id": "way", **values})


@pytest.fixture(params=["file", "unix", "udp", "tcp", "tls", "webhook", "mail-tls", "mail-starttls"])
def way(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> Way:
    name = request.param
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    doors = NotifierDoors(root=tmp_path, read_secret=Secrets(run_program=run_program), clock=SystemClock())
    if name == "file":
        path = tmp_path / "notices.jsonl"
        blocked = tmp_path / "plain"
        blocked.write_text("no folder")
        return Way(
            name,
            settings(kind="file", path=str(path)),
            doors,
            lambda: path.read_text(encoding="utf-8").splitlines() if path.exists() else [],
            lambda: [json.loads(each)["kind"] for each in path.read_text(encoding="utf-8").splitlines()],
            settings(kind="file", path=str(blocked / "notices.jsonl")),
        )
    if name == "webhook":
        server, ca = request.getfixturevalue("hook")
        _Hook.bodies, _Hook.answer = [], (200, b"{}")
        url = f"https://localhost:{server.server_port}/notice"
        return Way(
            name,
            settings(kind="webhook", url=url, ca=str(ca)),
            doors,
            lambda: [body.decode() for _path, _headers, body in _Hook.bodies],
            lambda: [json.loads(body)["kind"] for _path, _headers, body in _Hook.bodies],
            settings(kind="webhook", url=f"https://localhost:{free_port()}/", ca=str(ca)),
        )
    if name.startswith("mail"):
        server = request.getfixturevalue("mail")
        for old in (server.mails / "new").glob("*"):
            old.unlink()
        common = {
            "kind": "smtp",
            "host": "localhost",
            "security": name.removeprefix("mail-"),
            "username": USER,
            "password": {"file": str(secret)},
            "sender": "sec-ops@example.org",
            "recipients": ["duty@example.org"],
            "ca": str(server.ca),
        }
        port = server.tls_port if name == "mail-tls" else server.plain_port
        return Way(
            name,
            settings(**common, port=port),
            doors,
            lambda: [f"{each['Subject']}\n{each.get_content()}" for each in server.received()],
            lambda: [kind for each in server.received() for kind in each.get_all("X-Sec-Ops-Kind")],
            settings(**common, port=free_port()),
        )
    server = request.getfixturevalue("collector")
    before = len(server.received())
    places = {
        "unix": {"address": str(server.socket)},
        "udp": {"address": "127.0.0.1", "port": server.udp_port},
        "tcp": {"address": "127.0.0.1", "port": server.tcp_port},
        "tls": {"address": "localhost", "port": server.tls_port, "ca": str(server.ca)},
    }
    dead = {**places[name], "address": str(tmp_path / "nobody")} if name == "unix" else None
    return Way(
        name,
        settings(kind="syslog", protocol=name, **places[name]),
        doors,
        lambda: [each["text"] for each in server.received()[before:]],
        lambda: [kind for each in server.received()[before:] for kind in _SYSLOG_KIND.findall(each["data"])],
        settings(kind="syslog", protocol=name, **(dead or {**places[name], "port": free_port()})),
    )


def deliver(way: Way, notice: Notice = NOTICE, chosen: NotifierSettings | None = None) -> None:
    deliverer(chosen or way.settings, way.doors)(speak(notice, "青澜市教育局", translator("zh")))


def arrived(way: Way, count: int) -> list[str]:
    deadline = time.monotonic() + WAIT_SECONDS
    while len(way.received()) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return way.received()


def test_chinese_arrives_whole_and_once(way: Way) -> None:
    deliver(way)
    (text,) = arrived(way, 1)
    for part in ("严重", "青澜市教育局", "logs-pull", "学籍库 student-db-1 连接被拒绝", "sec-ops schedule show"):
        assert part in text


def test_hostile_text_stays_one_harmless_message(way: Way) -> None:
    hostile = replace(NOTICE, title=Message("{said}", {"said": HOSTILE}), lines=(Message("{said}", {"said": HOSTILE}),))
    deliver(way, hostile)
    (text,) = arrived(way, 1)
    assert not {"\x1b", "\x00", "\u202e"} & set(text)
    assert "Bcc: all" in text  # as words of the message, not as a header
    assert way.kinds() == ["schedule.failed"], "no other than ours, whatever the words say"


def test_two_notices_are_two_messages(way: Way) -> None:
    for number in range(2):
        deliver(way, replace(NOTICE, id=f"notice/{number}"))
    assert len(arrived(way, 2)) == 2


def test_nobody_there_is_an_error_that_says_so(way: Way) -> None:
    if way.name == "udp":
        deliver(way, chosen=way.dead)  # UDP tells nobody: the documentation says so
        return
    with pytest.raises(SecOpsError) as caught:
        deliver(way, chosen=way.dead)
    assert str(caught.value.what)


def test_mail_carries_one_stable_id_and_no_injected_header(folder: Path, mail: MailServer, tmp_path: Path) -> None:
    for old in (mail.mails / "new").glob("*"):
        old.unlink()
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    doors = NotifierDoors(root=tmp_path, read_secret=Secrets(run_program=run_program), clock=SystemClock())
    chosen = settings(
        kind="smtp",
        host="localhost",
        port=mail.tls_port,
        username=USER,
        password={"file": str(secret)},
        sender="sec-ops@example.org",
        recipients=["duty@example.org"],
        ca=str(mail.ca),
    )
    hostile = replace(NOTICE, title=Message("{said}", {"said": HOSTILE}))
    for _ in range(2):
        deliverer(chosen, doors)(speak(hostile, "site", translator("en")))
    deadline = time.monotonic() + WAIT_SECONDS
    while len(mail.received()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    first, second = mail.received()
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Bcc"] is None
    assert first["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"password": {"env": "SEC_OPS_TEST_WRONG"}}, "let"),
        ({"recipients": ["refused@example.org"]}, "refused"),
        ({"ca": None}, "spoken"),
        ({"security": "none", "host": "192.0.2.1"}, "without TLS"),
    ],
)
def test_refusals_of_mail_say_why(mail: MailServer, tmp_path: Path, change: dict[str, object], word: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    reader = Secrets(run_program=run_program, environment={"SEC_OPS_TEST_WRONG": "wrong guess"})
    doors = NotifierDoors(root=tmp_path, read_secret=reader, clock=SystemClock())
    values = {
        "kind": "smtp",
        "host": "localhost",
        "port": mail.tls_port,
        "username": USER,
        "password": {"file": str(secret)},
        "sender": "sec-ops@example.org",
        "recipients": ["duty@example.org"],
        "ca": str(mail.ca),
        **change,
    }
    with pytest.raises(SecOpsError) as caught:
        deliverer(settings(**values), doors)(speak(NOTICE, "site", translator("en")))
    assert word in str(caught.value.what)
    assert "wrong guess" not in f"{caught.value.what} {caught.value.why} {caught.value.where}"


@pytest.mark.parametrize(
    ("form", "answer", "good"),
    [
        ("wecom", b'{"errcode":0,"errmsg":"ok"}', True),
        ("wecom", b'{"errcode":93000,"errmsg":"invalid webhook url"}', False),
        ("dingtalk", b'{"errcode":0}', True),
        ("dingtalk", b'{"errcode":310000}', False),
        ("feishu", b'{"code":0,"msg":"success"}', True),
        ("feishu", b'{"code":19021,"msg":"sign match fail"}', False),
        ("feishu", b"<html>", False),
        ("json", b"anything", True),
    ],
)
def test_robots_answers_are_read(hook, tmp_path: Path, form: str, answer: bytes, good: bool) -> None:
    server, ca = hook
    _Hook.bodies, _Hook.answer = [], (200, answer)
    address = f"https://localhost:{server.server_port}/robot/send?key=very-secret"
    reader = Secrets(run_program=run_program, environment={"URL": address, "SIGN": "signing secret"})
    doors = NotifierDoors(root=tmp_path, read_secret=reader, clock=SystemClock())
    chosen = settings(kind="webhook", url_secret={"env": "URL"}, form=form, signing_secret={"env": "SIGN"}, ca=str(ca))
    if good:
        deliverer(chosen, doors)(speak(NOTICE, "site", translator("en")))
    else:
        with pytest.raises(SecOpsError) as caught:
            deliverer(chosen, doors)(speak(NOTICE, "site", translator("en")))
        assert "very-secret" not in f"{caught.value.what} {caught.value.why} {caught.value.where}"
    ((path, headers, body),) = _Hook.bodies
    document = json.loads(body)
    assert ("sign" in path) == (form == "dingtalk")
    assert ("sign" in document) == (form == "feishu")
    assert ("X-Sec-Ops-Signature" in headers) == (form == "json")
    assert "logs-pull" in body.decode()


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_status_that_is_no_success_is_told(hook, tmp_path: Path, status: int) -> None:
    server, ca = hook
    _Hook.bodies, _Hook.answer = [], (status, b"no")
    doors = NotifierDoors(root=tmp_path, read_secret=Secrets(run_program=run_program), clock=SystemClock())
    chosen = settings(kind="webhook", url=f"https://localhost:{server.server_port}/", ca=str(ca))
    with pytest.raises(SecOpsError) as caught:
        deliverer(chosen, doors)(speak(NOTICE, "site", translator("en")))
    assert str(status) in caught.value.why
