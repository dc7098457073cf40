"""What real programs write is understood: every line of every log, and what happened is found in the fields."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sec_ops.siem.events import Event
from tests.integration.log_programs import (
    dns_query,
    events_of,
    free_port,
    listens,
    own_folder,
    run,
    running,
    wait_for,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as path:
        yield path


def found(events: list[Event], **fields: Any) -> list[Event]:
    """Return the events that have these values, names written with `__` for dots."""
    wanted = {name.replace("__", "."): value for name, value in fields.items()}
    return [event for event in events if all(event.get(name) == value for name, value in wanted.items())]


def ask(port: int, path: str, headers: dict[str, str] | None = None) -> int:
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asking.request("GET", path, headers=headers or {})
        return asking.getresponse().status
    finally:
        asking.close()


def say(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as talker:
        talker.sendall(data)
        talker.settimeout(5)
        with contextlib.suppress(OSError):
            talker.recv(4096)


def visit(port: int) -> None:
    assert ask(port, "/", {"X-Forwarded-For": "198.51.100.4", "User-Agent": 'a "quoted" agent'}) == 200
    assert ask(port, "/missing?q=1%27%20or%201=1") == 404
    say(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    say(port, "GET /登录 HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def test_nginx(folder: Path) -> None:
    port = free_port()
    (folder / "index.html").write_text("hello")
    (folder / "nginx.conf").write_text(
        f"error_log {folder}/error.log info;\npid {folder}/pid;\ndaemon off;\nevents {{}}\n"
        f"http {{ access_log {folder}/access.log; server {{ listen 127.0.0.1:{port}; root {folder};"
        f" location /down {{ proxy_pass http://127.0.0.1:{free_port()}; }} }} }}\n"
    )
    with running("nginx", "-c", folder / "nginx.conf", "-p", folder, ready=lambda: listens(port)):
        visit(port)
        assert ask(port, "/down") == 502
    access = events_of(folder / "access.log", "/var/log/nginx/access.log")
    assert found(access, url__original="/", http__response__status_code=200, source__ip="127.0.0.1")
    assert found(access, url__path="/missing", url__query="q=1%27%20or%201=1", http__response__status_code=404)
    errors = events_of(folder / "error.log", "/var/log/nginx/error.log")
    (refused,) = [event for event in errors if "Connection refused" in str(event.get("error.message"))]
    assert (refused["source.ip"], refused["http.request.line"]) == ("127.0.0.1", "GET /down HTTP/1.1")


def test_apache(folder: Path) -> None:
    port = free_port()
    (folder / "index.html").write_text("hello")
    modules = "".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "authz_host", "dir", "mime")
    )
    form = '"%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\""'
    (folder / "apache.conf").write_text(
        f"{modules}ServerName localhost\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\nServerRoot {folder}\n"
        f"TypesConfig /etc/mime.types\nLogLevel info\nErrorLog {folder}/error.log\nLogFormat {form} vhost\n"
        f"CustomLog {folder}/access.log vhost\nUser www-data\nGroup www-data\nDocumentRoot {folder}\n"
        f"DirectoryIndex index.html\n<Directory {folder}>\nRequire all granted\n</Directory>\n"
        "<Location /secret>\nRequire all denied\n</Location>\n"
    )
    with running("apache2", "-f", folder / "apache.conf", "-DFOREGROUND", ready=lambda: listens(port)):
        visit(port)
        assert ask(port, "/secret") == 403
    access = events_of(folder / "access.log", "/var/log/apache2/access.log")
    (index,) = found(access, url__original="/", http__response__status_code=200)
    assert (index["source.ip"], index["url.domain"]) == ("127.0.0.1", "localhost")
    assert found(access, url__path="/missing", http__response__status_code=404)
    errors = events_of(folder / "error.log", "/var/log/apache2/error.log")
    assert found(errors, event__code="AH01630", source__ip="127.0.0.1", apache__module="authz_core")


def test_postgresql(folder: Path) -> None:
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"))
    shutil.chown(folder, "postgres")
    data, port = folder / "data", free_port()
    run(binaries / "initdb", "-D", data, "-A", "trust", "--no-sync", user="postgres")
    settings = {
        "log_destination": "stderr,csvlog,jsonlog",
        "logging_collector": "on",
        "log_directory": f"{folder}/log",
        "log_filename": "postgresql",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_statement": "all",
        "log_duration": "on",
        "log_connections": "on",
        "log_disconnections": "on",
        "log_timezone": "Asia/Shanghai",
        "unix_socket_directories": str(folder),
        "listen_addresses": "127.0.0.1",
        "port": str(port),
    }
    lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    (data / "postgresql.conf").write_text(lines)
    (data / "pg_hba.conf").write_text("local all postgres trust\nhost all guest 127.0.0.1/32 scram-sha-256\n")
    probe = (binaries / "pg_isready", "-q", "-h", str(folder), "-p", str(port), "-U", "postgres")

    def accepts() -> bool:
        return subprocess.run(probe, check=False, timeout=30).returncode == 0

    with running(binaries / "postgres", "-D", data, user="postgres", ready=accepts):
        client = (binaries / "psql", "-h", folder, "-p", str(port), "-U", "postgres", "-X", "-q")
        run(*client, text="create role guest login password 'x';\nselect 1,\n  2 as two;\n")
        run(*client, text="select *\nfrom nothing\nwhere a = 'b, \"c\"';\n", fails=True)
        run(binaries / "psql", f"postgresql://guest:wrong@127.0.0.1:{port}/postgres", "-c", "select 1", fails=True)
        run(binaries / "psql", f"postgresql://other@127.0.0.1:{port}/postgres", "-c", "select 1", fails=True)
    for name, path in (
        ("postgresql", "/var/log/postgresql/postgresql-15-main.log"),
        ("postgresql.csv", "/var/log/postgresql/postgresql-15-main.csv"),
        ("postgresql.json", "/var/log/postgresql/postgresql-15-main.json"),
    ):
        events = events_of(folder / "log" / name, path)
        assert found(events, database__query="select 1,\n  2 as two;", user__name="postgres"), name
        (failed,) = found(events, event__outcome="failure", event__action="statement")
        assert str(failed["database.query"]).startswith("select *\nfrom nothing"), name
        assert {event["user.name"] for event in found(events, event__action="login_refused")} == {"guest", "other"}, (
            name
        )
        assert found(events, event__action="connection_received"), name


def test_mariadb(folder: Path) -> None:
    shutil.chown(folder, "mysql")
    data, socket_file = folder / "data", folder / "socket"
    run("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql", "--skip-test-db")
    arguments = [
        "--no-defaults",
        f"--datadir={data}",
        f"--socket={socket_file}",
        f"--pid-file={folder}/pid",
        "--skip-networking",
        "--general-log=1",
        f"--general-log-file={folder}/general.log",
        "--slow-query-log=1",
        "--long-query-time=0.1",
        f"--slow-query-log-file={folder}/slow.log",
        f"--log-error={folder}/error.log",
        "--log-warnings=2",
        "--plugin-load-add=server_audit",
        "--server-audit-logging=ON",
        f"--server-audit-file-path={folder}/audit.log",
    ]
    with running("mariadbd", *arguments, user="mysql", ready=socket_file.exists):
        client = ("mariadb", "--no-defaults", f"--socket={socket_file}")
        run(
            *client,
            text="create database students;\nuse students;\nselect *\nfrom (select 1 as a) t;\nselect sleep(0.2);\n",
        )
        run(*client, text="create table pupils (name text);\ninsert into pupils values ('王, it''s');\n", fails=True)
        run(*client, "-unobody", "-pwrong", "-e", "select 1", fails=True)
    general = events_of(folder / "general.log", "/var/log/mysql/general.log")
    assert found(general, database__query="select *\nfrom (select 1 as a) t")
    assert found(general, event__action="connect", event__outcome="failure", user__name="nobody")
    (slow,) = found(events_of(folder / "slow.log", "/var/log/mysql/slow.log"), database__command="SELECT")
    assert isinstance(slow["event.duration"], int)
    assert slow["event.duration"] >= 200_000_000
    errors = events_of(folder / "error.log", "/var/log/mysql/error.log")
    assert found(errors, event__action="login_refused", user__name="nobody")
    audit = events_of(folder / "audit.log", "/var/log/mysql/server_audit.log")
    assert found(audit, event__action="failed_connect", user__name="nobody", event__outcome="failure")
    assert found(audit, database__query="select *\nfrom (select 1 as a) t")


def test_redis(folder: Path) -> None:
    port = free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--logfile", f"{folder}/redis.log", "--dir", str(folder)]
    with running("redis-server", *arguments, "--loglevel", "verbose", "--save", "", ready=lambda: listens(port)):
        say(port, b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
    events = events_of(folder / "redis.log", "/var/log/redis/redis-server.log")
    assert found(events, event__action="protocol_attack")
    assert found(events, event__action="connection", source__ip="127.0.0.1")
    assert found(events, event__action="server_state")


def test_bind(folder: Path) -> None:
    shutil.chown(folder, "bind")
    port = free_port()
    (folder / "zone").write_text(
        "@ 60 IN SOA ns.example.org. a.example.org. 1 60 60 60 60\n@ IN NS ns\nns IN A 127.0.0.1\n"
    )
    channel = "severity info; print-time yes; print-category yes; print-severity yes;"
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/key"; recursion no;'
        f" listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; allow-transfer {{ none; }};"
        f' managed-keys-directory "{folder}"; dnssec-validation no; querylog yes; }};\n'
        f'logging {{ channel all {{ file "{folder}/named.log"; {channel} }}; category default {{ all; }};'
        f" category queries {{ all; }}; category security {{ all; }}; }};\ncontrols {{ }};\n"
        f'zone "example.org" {{ type primary; file "{folder}/zone"; }};\n'
    )

    def said() -> str:
        log = folder / "named.log"
        return log.read_text() if log.exists() else ""

    with running("named", "-f", "-u", "bind", "-c", folder / "named.conf", ready=lambda: listens(port)):
        wait_for(lambda: "all zones loaded" in said(), "the zone")
        assert dns_query(port, "ns.example.org")
        assert dns_query(port, "www.example.com")
        wait_for(lambda: "www.example.com" in said(), "the refused query in the log")
    events = events_of(folder / "named.log", "/var/log/named/named.log")
    assert found(events, event__action="dns_query", dns__question__name="ns.example.org", source__ip="127.0.0.1")
    assert found(events, event__action="dns_failed", dns__question__name="www.example.com")
    assert found(events, event__action="dns_zone", bind__zone="example.org")


def test_dnsmasq(folder: Path) -> None:
    shutil.chown(folder, "dnsmasq")
    port = free_port()
    arguments = [
        "--keep-in-foreground",
        f"--port={port}",
        "--conf-file=/dev/null",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        "--no-resolv",
        "--no-hosts",
        "--address=/portal.example.org/192.0.2.80",
        "--log-queries=extra",
        f"--log-facility={folder}/dnsmasq.log",
        f"--pid-file={folder}/pid",
        "--user=root",
    ]
    with running("dnsmasq", *arguments, ready=lambda: bool(dns_query(port, "portal.example.org"))):
        assert dns_query(port, "nothing.example.org")
    events = events_of(folder / "dnsmasq.log", "/var/log/dnsmasq.log")
    assert found(events, event__action="dns_query", dns__question__name="portal.example.org", source__ip="127.0.0.1")
    assert found(events, event__action="dns_answer", dns__answers__data="192.0.2.80")


_ACCOUNTS = """
set -e
mount --make-rprivate /
mount -t tmpfs none /dev
mknod /dev/null c 1 3; mknod /dev/zero c 1 5; mknod /dev/urandom c 1 9; mknod /dev/random c 1 8; mknod /dev/tty c 5 0
ln -s "$1/log" /dev/log
cp -a /etc "$1/etc"; mount --bind "$1/etc" /etc
mkdir "$1/home" "$1/mail"; mount --bind "$1/home" /home; mount --bind "$1/mail" /var/mail
groupadd teachers
useradd -m wang.fang
usermod -aG teachers wang.fang
usermod -s /usr/sbin/nologin wang.fang
usermod -s /bin/sh wang.fang
echo wang.fang:Secret-1795651200 | chpasswd
su wang.fang -c true
printf 'Defaults:wang.fang !authenticate\\nwang.fang ALL=(root) /usr/bin/id\\n' > /etc/sudoers.d/test
chmod 440 /etc/sudoers.d/test
su wang.fang -c 'sudo -n id' > /dev/null
su wang.fang -c 'sudo -n cat /etc/shadow' > /dev/null 2>&1 || true
usermod -L wang.fang
logger -t sshd -p auth.info "Invalid user guest from 192.0.2.7 port 51234"
userdel -r wang.fang
groupdel teachers
"""


def received_by(path: Path, act: Callable[[], object]) -> list[bytes]:
    """Return the datagrams that a socket in the file system receives while something is done."""
    lines: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        path.chmod(0o666)
        reader = threading.Thread(target=lambda: lines.extend(iter(lambda: receiver.recv(65_536), b"end")))
        reader.start()
        try:
            act()
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"end", str(path))
            reader.join()
    return [line.rstrip(b"\0\n") for line in lines]


def test_logins_and_accounts(folder: Path) -> None:
    """Run in a mount namespace of its own: this machine's accounts and /dev stay as they are."""
    lines = received_by(folder / "log", lambda: run("unshare", "--mount", "sh", "-c", _ACCOUNTS, "sh", folder))
    (folder / "messages").write_bytes(b"\n".join(lines))
    events = events_of(folder / "messages", "/var/log/received")
    assert found(events, event__action="user_added", user__target__name="wang.fang", event__dataset="accounts")
    assert found(events, event__action="group_added", group__name="teachers")
    for action in ("group_member_added", "group_member_removed"):
        assert found(events, event__action=action, group__name="teachers", user__target__name="wang.fang")
    assert found(events, event__action="user_deleted", user__target__name="wang.fang")
    assert found(events, event__action="su", user__effective__name="wang.fang", event__outcome="success")
    assert found(events, event__action="session_opened", user__name="wang.fang")
    assert found(events, event__action="sudo_command", user__name="wang.fang", process__command_line="/usr/bin/id")
    assert found(events, event__action="sudo_refused", user__name="wang.fang", event__outcome="failure")
    assert found(events, event__action="ssh_invalid_user", user__name="guest", source__ip="192.0.2.7")
    plain = [event for event in events if event.get("sec_ops.parser") == "syslog"]
    assert not plain, [event["message"] for event in plain]
