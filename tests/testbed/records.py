"""The folders of beds on disk: what a bed notes about itself, and the removal of beds whose owner died.

A bed's lock is held by every process of it, so a folder nobody has locked belongs to a bed that is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.testbed.accounts import Account
from tests.testbed.cache import cache_directory, exclusive
from tests.testbed.errors import TestbedError
from tests.testbed.keeper import Lifetime
from tests.testbed.processes import command_line, kill_and_wait, start_time

__all__ = ["Record", "bed_directory", "claim", "list_beds", "lock_bed", "remove_leftovers"]

_PREFIX = "sec-ops-testbed-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """``bed.json``: what another process needs to take up a bed, or to clear it away."""

    lifetime: Lifetime
    owner: int
    owner_started: int | None
    keeper: int
    keeper_started: int | None
    controller: int
    root: str
    accounts: tuple[Account, ...]

    def save(self, directory: Path) -> None:
        """Write the record, readable by root alone."""
        path = directory / "bed.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, directory: Path) -> Record:
        """Read the record. Raises TestbedError when there is no bed in ``directory``."""
        try:
            values = json.loads((directory / "bed.json").read_text())
        except (OSError, ValueError) as error:
            raise TestbedError(f"{directory}: no test bed here: python -m tests.testbed up 3") from error
        accounts = tuple(Account(**account) for account in values.pop("accounts"))
        return cls(**{**values, "accounts": accounts, "lifetime": Lifetime(values["lifetime"])})


def bed_directory(name: str) -> Path:
    """The folder of the bed ``name`` under the machine's temporary directory. Raises TestbedError for an odd name."""
    if not re.fullmatch(r"[a-z0-9]{1,30}", name):
        raise TestbedError(f"{name!r} is no name for a bed: up to 30 of a-z and 0-9")
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{name}"


def list_beds() -> tuple[str, ...]:
    """The names of all beds that have a folder, living or not."""
    found = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    # Anybody may put a name into the temporary directory; only folders of our own are beds.
    ours = [path for path in found if not path.is_symlink() and path.is_dir() and path.stat().st_uid == os.geteuid()]
    return tuple(sorted(path.name.removeprefix(_PREFIX) for path in ours))


def lock_bed(directory: Path) -> int | None:
    """Take the lock of a bed and return its descriptor, None when a living bed holds it."""
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def remove_leftovers() -> tuple[str, ...]:
    """Remove what crashed runs left behind, and only that; return the names of the beds removed."""
    with exclusive(_registry()):
        return _remove_all_dead()


def claim(name: str) -> tuple[Path, int]:
    """Make the folder of a new bed, after removing leftovers; return it with the descriptor of its lock.

    Raises TestbedError when a bed of that name lives.
    """
    directory = bed_directory(name)
    # Without the common lock another session could take a folder not locked yet for a leftover.
    with exclusive(_registry()):
        _remove_all_dead()
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError as error:
            raise TestbedError(f"{directory}: there already: python -m tests.testbed --name {name} down") from error
        lock = lock_bed(directory)
    assert lock is not None
    return directory, lock


def _registry() -> Path:
    return cache_directory() / "beds.lock"


def _remove_all_dead() -> tuple[str, ...]:
    return tuple(name for name in list_beds() if _remove_dead(Path(tempfile.gettempdir(), f"{_PREFIX}{name}")))


def _remove_dead(directory: Path) -> bool:
    _end_orphaned_keeper(directory)
    try:
        descriptor = lock_bed(directory)
    except FileNotFoundError:
        return False
    if descriptor is None:
        return False
    try:
        # Nothing is mounted here as this process sees it: a bed mounts in namespaces of its own.
        shutil.rmtree(directory, ignore_errors=True)
    finally:
        os.close(descriptor)
    return True


def _end_orphaned_keeper(directory: Path) -> None:
    try:
        record = Record.load(directory)
    except TestbedError:
        return
    owner_lives = start_time(record.owner) == record.owner_started is not None
    if record.lifetime is Lifetime.KEPT or owner_lives:
        return
    # The owner's pipe should have ended it; a child of the owner that still runs may hold the pipe open.
    if start_time(record.keeper) == record.keeper_started and str(directory) in command_line(record.keeper):
        kill_and_wait(record.keeper)
