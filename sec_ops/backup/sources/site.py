"""`site`: this program's own site folder, its evidence, keys, configuration, content and logs, as one consistent set.

What is written to all the time is one part: SQLite databases by their online backup API, the evidence log up to where
it ended at one moment. Everything else is a second part, read after the first as files: it is written once, like blobs,
so it holds at least what the first part refers to. Left out is what can be lost: caches, locks and sockets.
"""

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sec_ops.backup.by_hand import Hand, Step, below
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.dumped import dumping
from sec_ops.backup.dumping.site_copy import BLOBS, databases
from sec_ops.backup.dumping.tapping import Told, Words, quiet
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part, Report, Table
from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value
from sec_ops.runtime.files import storage_error
from sec_ops.runtime.presence import present
from sec_ops.runtime.site import Site

__all__ = ["SOURCE"]

_FILENAME = "live.tar"
_PROGRAM = ("-I", "-m", "sec_ops.backup.dumping.site_copy")
_BESIDE = ("", "-wal", "-shm", "-journal")
_EVIDENCE = ("acknowledged", "anchor.txt", "checkpoints", "keys", "lock", "log", "service.socket", "torn")
_EVERYTHING = 0  # a reader of this generation keeps every file that is replaced while it lives


class Settings(Value):
    """Where the site lies; it is this controller's, so `host` stays empty."""

    folder: NonEmpty


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capture:
    parts: Sequence[Part]
    live: Capture

    def facts(self) -> Facts:
        """Return what the first part holds; the files are the manifest's to tell."""
        return self.live.facts()


class SiteFolder:
    """A site folder of this program."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Keep event files from being removed, then name both parts; raises EngineError for a site elsewhere."""
        site = _site(order)
        taken_at = order.doors.clock.now()
        with order.doors.report() as counts, _events_kept(site):

            def add(told: Told) -> Facts:
                return Facts(taken_at=taken_at, tables=_read(counts), dumped=(told.dumped,))

            words = _copy("send", site.root, counts, order)
            with dumping(order, words, _FILENAME, add=add, name="live") as live:
                files = Part(name="files", paths=(site.root,), excludes=_left_out(site))
                yield _Capture(parts=(*live.parts, files), live=live)

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Unpack over the restored files of the site, in the folder `into`."""
        made = Words(arguments=("mkdir", "-p", "-m", "700", "--", into))
        words = Words(arguments=("tar", "--extract", "--file=-", f"--directory={into}"))
        return (
            Loading(arguments=quiet(made, order.doors)),
            Loading(arguments=quiet(words, order.doors), reads=_FILENAME),
        )

    def recount(self, order: Order, into: str) -> Facts:
        """Count databases and evidence of the site in the folder `into`."""
        with order.doors.report() as counts:
            asked(_copy("count", Path(into), counts, order), order.doors, deadline_seconds=order.deadline_seconds)
            return Facts(tables=_read(counts))

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Bring the files back and unpack over them what was written to."""
        folder = below(settings.folder)
        unpacked = f"{hand.dump('live', _FILENAME)} | tar --extract --directory={folder}"
        what = message("the site folder {folder}: first the files, then over them what was written to", folder=folder)
        rest = message(
            "PEM files and host keys that other repositories need may lie below it; with sec-ops installed again the "
            "site goes on where it was, from {path}",
            path=settings.folder,
        )
        return (Step(what=what, commands=(hand.restore("files"), unpacked)), Step(what=rest))


def _site(order: Order) -> Site:
    settings = Settings.model_validate(order.source.settings)
    site = Site(Path(settings.folder))
    if order.source.host:
        raise EngineError(
            message("a site folder is saved by its own controller"), advice=message("remove host from the source")
        )
    if not site.configuration.is_file():
        raise EngineError(message("{folder} is no site folder", folder=settings.folder))
    return site


def _events_kept(site: Site) -> AbstractContextManager[None]:
    if not site.event_readers.is_dir():
        return nullcontext()
    return present(site.event_readers, _EVERYTHING, secrets.token_bytes)


def _left_out(site: Site) -> Sequence[str]:
    """Return restic's patterns of what the first part has, and of what can be lost."""
    try:
        stores = [f"{path}{end}" for path in databases(site) for end in _BESIDE]
        found = [path.name for path in site.evidence.iterdir() if path.name not in BLOBS]
    except OSError as error:
        raise storage_error(Path(error.filename or site.var), error) from error
    evidence = [site.evidence / name for name in sorted({*_EVIDENCE, *found})]
    lost = [site.state, site.logs / "locks"]
    # Names with a dot are files that are about to get their name.
    return [*(_pattern(str(path)) for path in (*stores, *evidence, *lost)), f"{_pattern(str(site.var))}/**/.*"]


def _pattern(path: str) -> str:
    return re.sub(r"([*?\[\]\\])", r"\\\1", path)


def _copy(verb: str, root: Path, counts: Report, order: Order) -> Words:
    return Words(arguments=(order.doors.python, *_PROGRAM, verb, str(root), counts.path))


def _read(counts: Report) -> tuple[Table, ...]:
    try:
        told = json.loads(counts.read())
        return tuple(Table(name=name, rows=rows, checksum=checksum) for name, (rows, checksum) in told.items())
    except (ValueError, AttributeError, TypeError) as error:
        raise ProgramFailed(message("the dump {name} did not end well; it does not count", name=_FILENAME)) from error


SOURCE = SiteFolder()
