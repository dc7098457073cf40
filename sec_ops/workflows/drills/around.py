"""What surrounds a drill: what must not be reached from its sandbox, and what was lost, seen from here."""

import ipaddress
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sec_ops.backup.restic.location import Kind, Location, LocationInvalid, read_location
from sec_ops.drill.sandbox.proof import Target
from sec_ops.model.backup_plan import Repository
from sec_ops.model.drill_record import ProbeRecord
from sec_ops.model.organisation import Host
from sec_ops.model.values import is_loopback
from sec_ops.transport.names import addresses_of
from sec_ops.transport.surroundings import answers, gateways, name_servers

__all__ = ["isolation_targets", "lost_probes"]

_PORTS = {"http": 80, "https": 443, "ssh": 22}
_DNS = 53
_ANY_PORT = 80
_LOOK_SECONDS = 3.0
_AT_ONCE = 16
_MOST = 64


def isolation_targets(repositories: Iterable[Repository], hosts: Iterable[Host]) -> list[Target]:
    """Return what must be unreachable: repositories' servers and hosts, gateways, name servers, both loopbacks apart.

    Repositories' servers are asked from here too, whether they answer; hosts are not touched.
    """
    named = [each for each in map(_location, repositories) if each and each.host]
    servers = [("repository", place, _port(each)) for each in named for place in addresses_of(each.host)]
    machines = [("host", place, each.port) for each in list(hosts)[:_MOST] for place in addresses_of(each.address)]
    beyond = [("gateway", each, _ANY_PORT) for each in gateways() if not ipaddress.ip_address(each).is_link_local]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        heard = list(pool.map(lambda each: answers(each[1], each[2], seconds=_LOOK_SECONDS), servers))
    targets = [
        Target(name=name, address=address, port=port, outside=outside)
        for (name, address, port), outside in zip(servers, heard, strict=True)
    ]
    targets += [Target(name=name, address=place, port=port) for name, place, port in (*machines, *beyond)]
    for each in name_servers():
        targets.append(Target(name="dns", address=each, port=_DNS))
        # To the sandbox's own loopback a datagram can always be sent, so only a connection proves something there.
        targets += [] if is_loopback(each) else [Target(name="dns", address=each, port=_DNS, protocol="udp")]
    return list({(each.name, each.address, each.port, each.protocol): each for each in targets}.values())


def lost_probes(repositories: Sequence[Repository], hosts: Sequence[Host], folder: Path) -> tuple[ProbeRecord, ...]:
    """Return whether what counts as lost answers: a connection is tried, a folder looked for, nothing else is done.

    `refused` says that it did not answer; `folder` is what relative locations begin at.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        repositories_seen = pool.map(lambda each: _repository_probe(each, folder), repositories)
        hosts_seen = pool.map(_host_probe, hosts[:_MOST])
        return (*repositories_seen, *hosts_seen)


def _repository_probe(repository: Repository, folder: Path) -> ProbeRecord:
    location = _location(repository)
    if location is None or location.kind is Kind.LOCAL:
        there = (folder / Path(location.path if location else "").expanduser() / "config").exists()
        return ProbeRecord(name=repository.id, target=repository.location, refused=not there, how="folder")
    return _probed(repository.id, location.host, _port(location))


def _host_probe(host: Host) -> ProbeRecord:
    return _probed(host.name, host.address, host.port)


def _probed(name: str, host: str, port: int) -> ProbeRecord:
    places = addresses_of(host)
    heard = any(answers(each, port, seconds=_LOOK_SECONDS) for each in places[:2])
    how = "answers" if heard else "no answer" if places else "no address"
    return ProbeRecord(name=name, target=f"{host} {port}/tcp", refused=not heard, how=how, outside=True)


def _location(repository: Repository) -> Location | None:
    try:
        return read_location(repository.location)
    except LocationInvalid:
        return None


def _port(location: Location) -> int:
    return location.port or _PORTS.get(location.protocol, _ANY_PORT)
