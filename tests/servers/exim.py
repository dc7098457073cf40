"""A real mail server: Debian's Exim with TLS and sign-in, delivering into a maildir of the test's."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.servers.certificates import Authority
from tests.servers.process import answers, free_port, running

__all__ = ["PASSWORD", "USER", "MailServer", "mail_server"]

USER, PASSWORD = "sec-ops", "correct horse battery"
_ACCOUNT = "Debian-exim"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Ports of a running server, on the name `localhost`; it takes mail of signed-in users for example.org."""

    plain_port: int
    tls_port: int
    ca: Path
    mails: Path

    def received(self) -> list[EmailMessage]:
        """Return the mails that were delivered."""
        files = sorted((self.mails / "new").glob("*"))
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


@contextmanager
def mail_server(folder: Path) -> Iterator[MailServer]:
    """Run Exim until the end of the block; `folder` must be one that its account can reach."""
    plain, tls = free_port(), free_port()
    authority = Authority(folder)
    pair = authority.issue("localhost", "127.0.0.1")
    for name in ("spool", "log", "mail"):
        (folder / name).mkdir()
    configuration = folder / "exim.conf"
    configuration.write_text(_TEXT.format(folder=folder, plain=plain, tls=tls, pair=pair, user=USER, secret=PASSWORD))
    for path in [folder, *folder.rglob("*")]:
        if path != configuration:
            shutil.chown(path, _ACCOUNT, _ACCOUNT)
    command = ["/usr/sbin/exim4", "-bdf", "-q1h", "-C", str(configuration)]
    with running(command, lambda: answers(plain) and answers(tls), folder / "out"):
        yield MailServer(plain_port=plain, tls_port=tls, ca=authority.ca, mails=folder / "mail")


_TEXT = """\
primary_hostname = mail.example.org
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
daemon_smtp_ports = {plain} : {tls}
local_interfaces = 127.0.0.1
tls_on_connect_ports = {tls}
tls_advertise_hosts = *
tls_certificate = {pair.certificate}
tls_privatekey = {pair.key}
acl_smtp_rcpt = check_recipient
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
host_lookup =
rfc1413_query_timeout = 0s
begin acl
check_recipient:
  deny local_parts = refused
  deny !authenticated = *
  accept domains = example.org
  deny
begin routers
all:
  driver = accept
  domains = example.org
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  create_directory
  user = Debian-exim
  group = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{secret}}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher }}
"""
