"""What a pull is about: the expected sources that are fetched, as works of their hosts. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sec_ops.inventory.log_sources import Expected
from sec_ops.model.log_source import LogSource
from sec_ops.siem.collect.file_work import FileWork
from sec_ops.siem.collect.host import VISIT_BYTES, HostPull
from sec_ops.siem.collect.journal_work import JournalWork
from sec_ops.siem.collect.works import Positions, Work
from sec_ops.siem.records import Origin, Transport
from sec_ops.transport.values import Privilege, Target

__all__ = ["HERE", "PULLED", "Fetched", "fetched_hosts", "journal_source", "local_sources"]

PULLED = ("pull", "journal")
"""How logs come that are fetched over SSH."""

HERE = "local"
"""The system that sources of this machine count to when no inventory names it."""

_LOCAL_PATHS = (
    "/var/log/syslog",
    "/var/log/messages",
    "/var/log/auth.log",
    "/var/log/secure",
    "/var/log/cron",
    "/var/log/kern.log",
    "/var/log/audit/audit.log",
    "/var/log/dpkg.log",
    "/var/log/nginx/*.log",
    "/var/log/apache2/*.log",
    "/var/log/httpd/*_log",
    "/var/log/postgresql/*.log",
    "/var/log/mysql/*.log",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A host's pull with the expected sources each of its works is for."""

    pull: HostPull
    works: tuple[tuple[Work, tuple[str, ...]], ...]


def fetched_hosts(
    expected: Iterable[Expected],
    targets: Mapping[str, Target],
    positions: Callable[[str], Positions],
    *,
    dry: str = "",
    visit_bytes: int = VISIT_BYTES,
) -> list[Fetched]:
    """Return the pull of each target, by the expected sources that are fetched from it.

    A path that two sources name is read once. A pinned host is visited as its login user without sudo: its collector
    can't be told where to go on (ADR 36).
    """
    by_host: dict[str, list[Expected]] = {}
    for each in expected:
        if each.source.collect in PULLED and each.host in targets:
            by_host.setdefault(each.host, []).append(each)
    hosts = []
    for name, sources in by_host.items():
        works = tuple(_works(sources, positions(f"{name}:"), dry))
        pull = HostPull(target=_as_reader(targets[name]), works=[work for work, _ in works], visit_bytes=visit_bytes)
        hosts.append(Fetched(pull=pull, works=works))
    return hosts


def journal_source(host: str, source: LogSource) -> str:
    """Return what the journal of a host is called; a selection of it is a series of its own."""
    own = source.folder or source.units
    return f"{host}:journal:{source.id}" if own else f"{host}:journal"


def local_sources(host: str) -> tuple[Expected, ...]:
    """Return the usual logs of a machine that no inventory names; those that aren't there are no fault."""
    journal = LogSource(id="journal", collect="journal")
    files = LogSource(id="files", collect="pull", paths=_LOCAL_PATHS)
    return tuple(Expected(system=HERE, unit="", host=host, source=source) for source in (journal, files))


def _works(sources: Sequence[Expected], positions: Positions, dry: str) -> Iterable[tuple[Work, tuple[str, ...]]]:
    files: dict[str, list[Expected]] = {}
    journals: dict[str, list[Expected]] = {}
    for each in sources:
        for path in each.source.paths if each.source.collect == "pull" else ():
            files.setdefault(path, []).append(each)
        if each.source.collect == "journal":
            journals.setdefault(journal_source(each.host, each.source), []).append(each)
    for name, named in journals.items():
        origin = replace(_origin(named[0], Transport.JOURNAL), source=name)
        first = named[0].source
        yield (
            JournalWork(origin, first.folder or "", first.units, positions.get(name), dry=dry),
            tuple(each.name for each in named),
        )
    for path, named in files.items():
        origin = _origin(named[0], Transport.PULL)
        work = FileWork(origin, path, named[0].source.rotated_to, positions, dry=dry)
        yield work, tuple(each.name for each in named)


def _origin(expected: Expected, transport: Transport) -> Origin:
    source = expected.source
    return Origin(
        source="",
        transport=transport,
        host=expected.host,
        unit=expected.unit,
        parser=source.parser or "",
        dataset=source.dataset or "",
        zone=source.zone or "",
        encoding=source.encoding or "",
    )


def _as_reader(target: Target) -> Target:
    return replace(target, privilege=Privilege.USER) if target.privilege is Privilege.PINNED else target
