"""Which server a repository stands on, and how ssh is told to go there."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from sec_ops.backup.restic.location import Kind
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.model.errors import EngineError
from sec_ops.model.protocols import RunProgram
from sec_ops.transport.process import clean_environment
from sec_ops.transport.reach import Server

__all__ = ["asked_ssh", "one_value", "sftp_words", "ssh_options", "ssh_words", "target_of"]

_ALIVE = ("ConnectTimeout=5", "ServerAliveInterval=15", "ServerAliveCountMax=4")
_SSH_PORT = 22
_LOGIN_SECONDS = 15.0


def target_of(repository: OpenRepository, run_program: RunProgram) -> Server | None:
    """Return the server to probe; None for a folder, and for sftp through a jump host, which ssh itself bounds."""
    location = repository.location
    if location.kind is Kind.LOCAL:
        return None
    if location.protocol in ("http", "https"):
        return Server(
            host=location.host, port=location.port, protocol=location.protocol, authority=repository.certificate
        )
    return _ssh_server(repository, run_program)


def ssh_options(repositories: Sequence[OpenRepository]) -> list[str]:
    """Return restic's option for ssh: never a question, never an unknown host key, a dead peer noticed."""
    reached = [each for each in repositories if each.location.kind is Kind.SFTP]
    return ["-o", one_value(f"sftp.args={shlex.join(_options(reached))}")] if reached else []


def asked_ssh(repository: OpenRepository, run_program: RunProgram) -> list[str]:
    """Return what ssh itself says to a login for sftp: restic may end before it has passed on ssh's reason."""
    try:
        completed = run_program(ssh_words(repository), deadline_seconds=_LOGIN_SECONDS, environment=clean_environment())
    except EngineError as error:
        return [error.why] if error.why else []
    return completed.stderr.decode(errors="replace").splitlines()


def ssh_words(repository: OpenRepository) -> list[str]:
    """Return the command that speaks sftp with a repository's server, as restic would run it."""
    location = repository.location
    port = ["-p", str(location.port)] if location.port else []
    user = ["-l", location.user] if location.user else []
    return ["ssh", *_options([repository]), *port, *user, "-s", "--", location.host, "sftp"]


def sftp_words(repository: OpenRepository) -> list[str]:
    """Return the command of OpenSSH's own client, which takes its lines from stdin, on the way that restic would go."""
    location = repository.location
    port = ["-P", str(location.port)] if location.port else []
    user = ["-o", f"User={location.user}"] if location.user else []
    host = f"[{location.host}]" if ":" in location.host else location.host
    return ["sftp", "-q", "-b", "-", *_options([repository]), *port, *user, "--", host]


def _options(reached: Sequence[OpenRepository]) -> list[str]:
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", *_ALIVE]
    options += [option for each in reached if each.relay for option in _relayed(each)]
    known = dict.fromkeys(_quoted(each.known_hosts) for each in reached if each.known_hosts)
    if known:
        options += [f"UserKnownHostsFile={' '.join(known)}", "GlobalKnownHostsFile=/dev/null"]
    identities = dict.fromkeys(_quoted(each.identity_file) for each in reached if each.identity_file)
    if identities:
        options += [*(f"IdentityFile={each}" for each in identities), "IdentitiesOnly=yes"]
    return [word for option in options for word in ("-o", option)]


def _relayed(repository: OpenRepository) -> list[str]:
    """Return what leads ssh to the relay, the server's own host key being the one that is verified."""
    location = repository.location
    known = location.host if location.port in (0, _SSH_PORT) else f"[{location.host}]:{location.port}"
    return ["HostName=127.0.0.1", f"Port={repository.relay}", f"HostKeyAlias={known}", "CheckHostIP=no"]


def one_value(text: str) -> str:
    """Return `text` so that restic, which takes some options' values for a line of CSV, reads it as one."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _quoted(path: Path) -> str:
    return f'"{path}"'


def _ssh_server(repository: OpenRepository, run_program: RunProgram) -> Server | None:
    """Return where ssh would connect to: its configuration may give a host another name and port."""
    location = repository.location
    port = ["-p", str(location.port)] if location.port else []
    try:
        completed = run_program(
            ["ssh", "-G", *port, "--", location.host], deadline_seconds=5, environment=clean_environment()
        )
    except EngineError:
        return Server(host=location.host, port=location.port or _SSH_PORT, protocol="ssh")
    settings = dict(
        line.split(" ", 1) for line in completed.stdout.decode(errors="replace").splitlines() if " " in line
    )
    if any(settings.get(name, "none") != "none" for name in ("proxyjump", "proxycommand")):
        return None
    number = settings.get("port", "")
    return Server(
        host=settings.get("hostname", location.host),
        port=int(number) if number.isdecimal() else _SSH_PORT,
        protocol="ssh",
    )
