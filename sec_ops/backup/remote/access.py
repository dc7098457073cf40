"""How restic on a host comes to a repository: by a tunnel that ends on this machine and leads to that one server.

Nothing of it stands on the host's disk or in an argument: location with credentials, password and certificate go by
pipes. Only S3's keys and the tunnel's token are in restic's own environment; a dump gets neither (`dumping/tap.py`).
"""

import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from urllib.parse import urlsplit, urlunsplit

from sec_ops.backup.restic.access import Access
from sec_ops.backup.restic.copying import with_credentials
from sec_ops.backup.restic.location import Kind, Location
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.target import one_value, ssh_words
from sec_ops.model.errors import ContentInvalid, EngineError, Fault
from sec_ops.model.messages import message
from sec_ops.model.values import is_loopback
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.remote import RemoteHost
from sec_ops.transport.streaming import Handed
from sec_ops.transport.tunnel import PROXY_USER, passed_through, proxied, spoken_by

__all__ = ["TunnelAccess"]

_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class TunnelAccess:
    """An `AccessTo` from a host: one tunnel for each repository, open as long as the connection."""

    host: RemoteHost
    _known: dict[str, tuple[OpenRepository, Access]] = field(default_factory=dict)

    def __call__(self, repositories: Sequence[OpenRepository]) -> Access:
        """Return the access; raises PrivilegeRefused when the host's sshd opens no tunnel, ContentInvalid for a folder.

        A call that needs two repositories belongs to a machine that reaches both, so it is an EngineError.
        """
        first, *others = repositories
        if others:
            raise EngineError(message("a host reaches one repository at a time; copies are made by controllers"))
        known, access = self._known.get(first.id, (None, None))
        if access is None or known != first:
            access = self._opened(first)
            self._known[first.id] = (first, access)
        return access

    def _opened(self, repository: OpenRepository) -> Access:
        location = repository.location
        if location.kind is Kind.LOCAL:
            raise _no_way(repository)
        if location.kind is Kind.SFTP:
            return self._by_sftp(repository)
        return self._by_http(repository)

    def _by_http(self, repository: OpenRepository) -> Access:
        location, certificate = repository.location, repository.certificate
        environment = {
            name: secret.get_secret_value()
            for name, secret in repository.credentials.items()
            if location.kind is Kind.S3
        }
        if is_loopback(location.host):
            port = self.host.forward(passed_through(location.host, location.port, self.host.took))
            repository = replace(repository, location=_at_port(location, port))
        else:
            token = secrets.token_hex(_TOKEN_BYTES)
            port = self.host.forward(proxied(location.host, location.port, token, self.host.took))
            environment["HTTPS_PROXY"] = f"http://{PROXY_USER}:{token}@127.0.0.1:{port}"
        words: list[str | Handed] = ["--repository-file", Handed(Secret(with_credentials(repository)))]
        if certificate:
            words += ["--cacert", Handed(Secret(certificate.read_text()))]
        return Access(words=words, environment=environment)

    def _by_sftp(self, repository: OpenRepository) -> Access:
        """Let ssh run here, with keys that never leave this machine; the host speaks sftp through it."""
        token = secrets.token_hex(_TOKEN_BYTES)
        port = self.host.forward(spoken_by(ssh_words(repository), token, self.host.took))
        relay = resources.files("sec_ops.backup.remote").joinpath("relay.py").read_text("utf-8")
        command = f"{shlex.quote(self.host.facts.python)} -I -c '{_bare(relay)}' {port}"
        words = ("-r", repository.location.text, "-o", one_value(f"sftp.command={command}"))
        return Access(words=words, environment={"SEC_OPS_TUNNEL": token})


def _bare(text: str) -> str:
    """Return a program without its opening words."""
    return text.partition('"""\n\n')[2]


def _at_port(location: Location, port: int) -> Location:
    scheme, _, address = location.text.partition(":")
    place = urlsplit(address if "://" in address else f"https://{address.lstrip('/')}")
    host = f"[{location.host}]" if ":" in location.host else location.host
    moved = urlunsplit(place._replace(netloc=f"{host}:{port}"))
    return replace(location, text=f"{scheme}:{moved}", port=port)


def _no_way(repository: OpenRepository) -> ContentInvalid:
    what = message("a folder of this machine can't be reached from a host")
    advice = message("serve it by rest-server --append-only, or by sftp, and name that as location")
    place = f"backup/repositories/{repository.id}.yml"
    return ContentInvalid([Fault(file=place, line=0, path="location", message=what, advice=advice)])
