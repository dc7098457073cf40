"""Real senders against `logs listen`: every message arrives once, over restarts too where the protocol can tell."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.integration.log_listener import SEC_OPS, Listening, Rsyslog, free_port, until
from tests.unit.siem.listen.support import Authority

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not shutil.which("rsyslogd", path="/usr/sbin"), reason="rsyslog is not installed"),
]
COUNT = 2_000
LINES = [f"message {number} of {COUNT} 登录" for number in range(COUNT)]
SEND = 'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="{protocol}" {more})'
TLS = {"certificate": "server.pem", "key": "server.key", "client_ca": "ca.pem", "names": ["sender.example.org"]}


@pytest.fixture
def kept(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Listening]:
    listeners = getattr(request, "param", ())
    listening = Listening(tmp_path, *listeners)
    authority = Authority(listening.site)
    authority.issue("server", "localhost", "127.0.0.1")
    authority.issue("sender", "sender.example.org")
    listening.start("--no-index")
    yield listening
    listening.kill()


def told_numbers(listening: Listening) -> list[int]:
    return sorted(int(record.split(b"message ")[1].split()[0]) for record in listening.records())


def tls_of(kept: Listening) -> dict[str, str]:
    return {"ca": f"{kept.site}/ca.pem", "cert": f"{kept.site}/sender.pem", "key": f"{kept.site}/sender.key"}


WAYS = {
    "tcp": ({"id": "tcp", "kind": "syslog_tcp"}, SEND, {"protocol": "tcp", "more": ""}),
    "tcp-counted": (
        {"id": "tcp", "kind": "syslog_tcp"},
        SEND,
        {"protocol": "tcp", "more": 'TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"'},
    ),
    "tls": (
        {"id": "tls", "kind": "syslog_tls", "tls": TLS},
        SEND,
        {
            "protocol": "tcp",
            "more": 'TCP_Framing="octet-counted" StreamDriver="gtls" StreamDriverMode="1" '
            'StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"',
        },
    ),
    "relp": (
        {"id": "relp", "kind": "relp"},
        'module(load="omrelp") action(type="omrelp" target="127.0.0.1" port="{port}")',
        {},
    ),
    "relp-tls": (
        {"id": "relp", "kind": "relp", "tls": TLS},
        (
            'module(load="omrelp") action(type="omrelp" target="127.0.0.1" port="{port}" tls="on" tls.caCert="{ca}" '
            'tls.myCert="{cert}" tls.myPrivKey="{key}" tls.authMode="name" tls.permittedPeer=["localhost"])'
        ),
        {},
    ),
    "bulk": (
        {"id": "bulk", "kind": "bulk"},
        (
            'module(load="omelasticsearch")\n'
            'template(name="json" type="list" option.jsonf="on") {{\n'
            'property(outname="message" name="msg" format="jsonf") }}\n'
            'action(type="omelasticsearch" server="127.0.0.1" serverport="{port}" template="json" bulkmode="on" '
            'queue.type="linkedlist" queue.dequeuebatchsize="500")'
        ),
        {},
    ),
}


@pytest.mark.parametrize(("kept", "way"), [((WAYS[name][0],), name) for name in WAYS], indirect=["kept"], ids=str)
def test_rsyslog_delivers_every_message_once(kept: Listening, way: str, tmp_path: Path) -> None:
    _, action, values = WAYS[way]
    (_, port), *_ = kept.ports.items()
    tls = tls_of(kept)
    globals_ = "".join(
        f' DefaultNetstreamDriver{which}="{path}"'
        for which, path in (("CAFile", tls["ca"]), ("CertFile", tls["cert"]), ("KeyFile", tls["key"]))
    )
    sender = Rsyslog(tmp_path, action.format(port=port, **values, **tls), LINES, globals_ if way == "tls" else "")
    try:
        until(lambda: len(kept.records()) >= COUNT)
    finally:
        sender.stop()
    document = kept.stop()
    assert told_numbers(kept) == list(range(COUNT)), (tmp_path / "rsyslog" / "stderr").read_text()
    assert document["listeners"][0]["counts"]["messages"] == COUNT
    assert all("登录".encode() in record for record in kept.records())


def test_rsyslog_with_another_certificate_is_not_spoken_to(tmp_path: Path) -> None:
    listening = Listening(tmp_path, {"id": "tls", "kind": "syslog_tls", "tls": {**TLS, "names": ["other.example.org"]}})
    authority = Authority(listening.site)
    authority.issue("server", "localhost")
    authority.issue("sender", "sender.example.org")
    listening.start("--no-index")
    tls = tls_of(listening)
    globals_ = f' DefaultNetstreamDriverCAFile="{tls["ca"]}" DefaultNetstreamDriverCertFile="{tls["cert"]}"'
    globals_ += f' DefaultNetstreamDriverKeyFile="{tls["key"]}"'
    _, action, values = WAYS["tls"]
    sender = Rsyslog(tmp_path, action.format(port=listening.ports["tls"], **values), LINES[:10], globals_)
    try:
        until(lambda: listening.states()["tls"].counts["strangers"])
    finally:
        sender.stop()
        listening.kill()
    assert listening.records() == []


@pytest.mark.parametrize("kept", [(WAYS["relp"][0],)], indirect=True)
def test_restarts_in_the_middle_lose_and_double_nothing_over_relp(kept: Listening, tmp_path: Path) -> None:
    retry = ' action.resumeRetryCount="-1" action.resumeInterval="1")'
    action = WAYS["relp"][1].format(port=kept.ports["relp"])
    sender = Rsyslog(tmp_path, action.rpartition(")")[0] + retry, LINES)
    try:
        for share in (COUNT // 10, COUNT // 2):
            until(lambda share=share: len(kept.records()) >= share)  # type: ignore[misc]
            kept.stop()
            kept.start("--no-index")
        until(lambda: len(kept.records()) >= COUNT)
    finally:
        sender.stop()
    kept.stop()
    assert told_numbers(kept) == list(range(COUNT))


@pytest.mark.parametrize(
    "kept", [({"id": "udp", "kind": "syslog_udp"}, {"id": "tcp", "kind": "syslog_tcp"})], indirect=True
)
def test_logger(kept: Listening) -> None:
    for number, options in enumerate((["-d"], ["-T"], ["-T", "--octet-count"], ["-d", "--rfc3164"])):
        port = kept.ports["udp" if "-d" in options else "tcp"]
        to = ["-n", "127.0.0.1", "-P", str(port)]
        subprocess.run(["logger", *to, *options, "-t", "school", f"message {number} 登录"], check=True)
    until(lambda: len(kept.records()) == 4)
    assert told_numbers(kept) == [0, 1, 2, 3]
    assert all(record.startswith(b"<13>") and record.endswith("登录".encode()) for record in kept.records())


@pytest.mark.parametrize("kept", [({"id": "udp", "kind": "syslog_udp"},)], indirect=True)
def test_nginx(kept: Listening, tmp_path: Path) -> None:
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log; events {{}}\n"
        f"http {{ access_log syslog:server=127.0.0.1:{kept.ports['udp']},tag=nginx combined;\n"
        f'server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }} }}\n'
    )
    with subprocess.Popen(["/usr/sbin/nginx", "-c", str(configuration)], stderr=subprocess.DEVNULL) as nginx:
        try:
            until(lambda: answers(port))
            before = len(kept.records())
            for number in range(100):
                urlopen(f"http://127.0.0.1:{port}/page-{number}", timeout=5).read()
            until(lambda: len(kept.records()) >= before + 100)
        finally:
            nginx.terminate()
    pages = [record for record in kept.records() if b"GET /page-" in record]
    assert len(set(pages)) == len(pages) == 100


def answers(port: int) -> bool:
    try:
        urlopen(f"http://127.0.0.1:{port}/up", timeout=1).read()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("kept", [({"id": "tcp", "kind": "syslog_tcp"},)], indirect=True)
def test_what_was_received_is_made_events_of(kept: Listening) -> None:
    kept.stop()
    kept.start()
    to = ["-n", "127.0.0.1", "-P", str(kept.ports["tcp"]), "-T"]
    text = "Failed password for root from 192.0.2.9 port 4022 ssh2"
    subprocess.run(["logger", *to, "-p", "auth.info", "-t", "sshd", "--id=4711", text], check=True)
    until(kept.records)
    kept.stop()
    found = subprocess.run(
        [*SEC_OPS, "logs", "search", "source.ip:192.0.2.9", "--json", "--site", str(kept.site)],
        capture_output=True,
        check=True,
    )
    assert b'"sec_ops.transport": "syslog_tcp"' in found.stdout, found.stdout
    assert b'"event.outcome": "failure"' in found.stdout
