"""Bounds on what a sandbox may use: memory and processes, by control groups where this machine has them."""

import errno
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Group", "Limits", "limited", "remove_groups"]

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes of memory and number of processes."""

    memory_bytes: int = 4 * 1024**3
    processes: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Control groups made for one sandbox; `whole` says whether this machine keeps every limit."""

    folders: Sequence[Path]
    whole: bool

    def hold(self, process: int) -> None:
        """Put a process and all below it under the limits."""
        for folder in self.folders:
            for number in (process, *_below(process)):
                with suppress(OSError):
                    (folder / "cgroup.procs").write_text(str(number))


@contextmanager
def limited(limits: Limits, name: str, *, root: Path = _ROOT) -> Iterator[Group]:
    """Make the control groups; they are gone afterwards, when their processes are."""
    groups = _groups(limits, root)
    folders = [made for path, settings in groups.items() if (made := _made(path / _called(name), settings))]
    try:
        yield Group(folders=folders, whole=len(folders) == len(groups))
    finally:
        for folder in folders:
            _removed(folder)


def remove_groups(name: str, *, root: Path = _ROOT) -> None:
    """Remove the control groups of a sandbox whose drill was killed; where there are none nothing is done."""
    for path in _groups(Limits(), root):
        _removed(path / _called(name))


def _called(name: str) -> str:
    return f"sec-ops-{name}"


def _groups(limits: Limits, root: Path) -> Mapping[Path, Mapping[str, str]]:
    memory, processes = str(limits.memory_bytes), str(limits.processes)
    if (root / "cgroup.controllers").exists():
        return {root: {"memory.max": memory, "pids.max": processes}}
    return {root / "memory": {"memory.limit_in_bytes": memory}, root / "pids": {"pids.max": processes}}


def _made(folder: Path, settings: Mapping[str, str]) -> Path | None:
    try:
        folder.mkdir()
        for name, value in settings.items():
            (folder / name).write_text(value)
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        return None
    return folder


def _removed(folder: Path) -> None:
    """Remove a group; the kernel takes a moment to see its last process off."""
    for _ in range(50):
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:
                return
            time.sleep(0.02)
        else:
            return


def _below(process: int) -> Sequence[int]:
    """Return the processes a process started, and theirs."""
    children = []
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            children += [int(each) for each in (task / "children").read_text().split()]
    return [*children, *(each for child in children for each in _below(child))]
