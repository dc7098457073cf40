"""The outbox: a notice is on disk before anybody is told, and stays there until everybody was.

Folders below `var/notify`: `outbox/` what waits, `undelivered/` what was given up after a week. A crash between
delivery and its note makes a notice go twice, never not at all; its id is the same both times.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import Translate
from sec_ops.model.notice import Notice, NotifierSettings
from sec_ops.notify.notifiers import NotifierDoors, deliverer, wants
from sec_ops.notify.spoken import speak
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import make_folder, storage_error, write_atomically
from sec_ops.runtime.locks import tried

__all__ = ["Delivery", "Failure", "Outbox"]

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
_GIVEN_UP_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A notice that a notifier could not deliver this time."""

    notifier: str
    notice: str
    error: SecOpsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a pass over the outbox came to: notices delivered to all, waiting, given up, and what failed now."""

    delivered: int
    waiting: int
    given_up: int
    failures: tuple[Failure, ...]


class Outbox:
    """The outbox of a site and its notifiers; any number of processes may put, one at a time delivers."""

    def __init__(
        self,
        folder: Path,
        notifiers: Sequence[NotifierSettings],
        doors: NotifierDoors,
        *,
        site: str,
        translate: Translate,
    ) -> None:
        self._folder = folder
        self._notifiers = {each.id: each for each in notifiers}
        self._doors = doors
        self._site = site
        self._translate = translate

    def put(self, notice: Notice) -> None:
        """Keep a notice for those who want it; raises StorageError. Told again before it is gone, it is kept once."""
        pending = [name for name, each in self._notifiers.items() if wants(each, notice)]
        path = self._waiting / f"{hashlib.sha256(notice.id.encode()).hexdigest()[:32]}.json"
        if pending and not path.exists():
            make_folder(self._waiting)
            now = self._doors.clock.now()
            document = {"notice": notice.document(), "pending": pending, "attempts": 0}
            self._write(path, {**document, "since": utc_text(now), "next": utc_text(now)})

    def deliver(self) -> Delivery:
        """Deliver what is due; raises StorageError only. Does nothing while another process delivers."""
        failures: list[Failure] = []
        delivered = 0
        with self._turn() as mine:
            for path in self._paths() if mine else ():
                delivered += self._attempt(path, failures)
        return Delivery(
            delivered=delivered,
            waiting=len(self._paths()),
            given_up=self.given_up(),
            failures=tuple(failures),
        )

    def waiting(self) -> int:
        """Return how many notices wait."""
        return len(self._paths())

    def given_up(self) -> int:
        """Return how many notices were set aside because nobody could be told for a week."""
        return len(_json_files(self._given_up))

    @property
    def _waiting(self) -> Path:
        return self._folder / "outbox"

    @property
    def _given_up(self) -> Path:
        return self._folder / "undelivered"

    def _paths(self) -> list[Path]:
        return _json_files(self._waiting)

    def _attempt(self, path: Path, failures: list[Failure]) -> bool:
        """Try the notifiers a notice waits for; return whether it is delivered to all."""
        document = _read(path)
        now = self._doors.clock.now()
        if document is None:
            self._give_up(path)
            return False
        if datetime.fromisoformat(document["next"]) > now:
            return False
        notice = Notice.read(document["notice"])
        failed = []
        for name in document["pending"]:
            error = self._deliver(name, notice)
            if error is not None:
                failures.append(Failure(notifier=name, notice=notice.id, error=error))
                failed.append(name)
        if not failed:
            path.unlink(missing_ok=True)
            return True
        self._postpone(path, {**document, "pending": failed}, now)
        return False

    def _deliver(self, name: str, notice: Notice) -> SecOpsError | None:
        """Deliver by one notifier; return what went wrong. One that left the settings wants nothing."""
        settings = self._notifiers.get(name)
        if settings is None:
            return None
        try:
            deliverer(settings, self._doors)(speak(notice, self._site, self._translate))
        except SecOpsError as error:
            return error
        return None

    def _postpone(self, path: Path, document: Mapping[str, Any], now: datetime) -> None:
        if now - datetime.fromisoformat(document["since"]) > _GIVEN_UP_AFTER:
            self._give_up(path)
            return
        attempts = document["attempts"] + 1
        pause = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 20), _LONGEST_PAUSE)
        self._write(path, {**document, "attempts": attempts, "next": utc_text(now + pause)})

    def _give_up(self, path: Path) -> None:
        try:
            path.rename(make_folder(self._given_up) / path.name)
        except OSError as error:
            raise storage_error(path, error) from error

    def _write(self, path: Path, document: Mapping[str, Any]) -> None:
        write_atomically(path, json.dumps(document, sort_keys=True).encode("ascii") + b"\n")

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Hold the lock of delivering; false when somebody else does."""
        with tried(make_folder(self._folder) / "lock") as mine:
            yield mine


def _json_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error(folder, error) from error


def _read(path: Path) -> dict[str, Any] | None:
    """Return what waits, None for a file that is not ours; raises StorageError when the disk refuses."""
    try:
        document = json.loads(path.read_bytes())
        Notice.read(document["notice"])
        datetime.fromisoformat(document["next"])
        datetime.fromisoformat(document["since"])
        return dict(document) if isinstance(document["pending"], list) else None
    except OSError as error:
        raise storage_error(path, error) from error
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
