"""Making a sandbox: a way that works here, a folder of its own, the proof, and nothing left of it afterwards."""

import os
import pwd
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from sec_ops.drill.injecting.small_disk import unmount_all
from sec_ops.drill.sandbox.layout import BUBBLEWRAP, PACKAGE, PLACE, PYTHON, Layout, Way, apart, arguments, own_program
from sec_ops.drill.sandbox.limits import Limits, limited, remove_groups
from sec_ops.drill.sandbox.proof import Isolation, Probe, Target, judged
from sec_ops.drill.sandbox.room import Guard, guarded
from sec_ops.drill.sandbox.speaking import Sandbox, Spoken, give_to
from sec_ops.drill.sandbox.working import AtWork
from sec_ops.model.drill_record import ANSWERS
from sec_ops.model.errors import EngineError, ProgramFailed, ProgramMissing
from sec_ops.model.messages import message
from sec_ops.model.protocols import Completed, RunProgram
from sec_ops.runtime.files import make_folder, storage_error, write_atomically
from sec_ops.runtime.locks import Lock
from sec_ops.transport.decoys import Decoy, decoys
from sec_ops.transport.dialogue import dialogue
from sec_ops.transport.process import clean_environment

__all__ = ["Asked", "SandboxLeaks", "open_sandbox", "remove_leftovers"]

_UIDS = range(61184, 65520)
"""Where systemd, too, takes users from that exist for a while only."""

_LOCK = ".lock"
_UNWRITABLE = ("/", "/usr", "/etc", "/var")
_TRY_SECONDS = 20.0


class SandboxLeaks(EngineError):
    """Something could be reached from inside, so nothing was started; `isolation` says what."""

    def __init__(self, isolation: Isolation) -> None:
        leaks = "\n".join(map(_leak, isolation.leaks))
        advice = message("nothing was started; see that no other program changed the sandbox, then tell us what leaks")
        super().__init__(message("the sandbox is not closed"), why=leaks, advice=advice)
        self.isolation = isolation


def _leak(probe: Probe) -> str:
    """Return a line of no language: words of ours for how it ended stand in the record alone."""
    place = f"{probe.name} {probe.target}"
    return place if probe.how in ANSWERS else f"{place}: {probe.how}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a sandbox is to be: its `folder` (made here), what must not be reached, what of the host may be read.

    `absent` are paths of the host that must not be seen: the site folder first.
    """

    folder: Path
    targets: Sequence[Target] = ()
    absent: Sequence[Path] = ()
    readable: Sequence[Path] = ()
    limits: Limits = field(default_factory=Limits)
    deadline_seconds: float = 4 * 3600.0
    share_network: bool = False


@contextmanager
def open_sandbox(asked: Asked, *, run_program: RunProgram) -> Iterator[Sandbox]:
    """Give a proved sandbox; whatever happens nothing of it is left, kill -9 apart: `remove_leftovers` sees to that.

    Raises EngineError where no sandbox can be made here, SandboxLeaks when something can be reached from inside,
    StorageError when there is no room.
    """
    make_folder(asked.folder)
    lock = Lock.take(asked.folder / _LOCK)
    if lock is None:
        raise EngineError(message("another drill is at work in {path}", path=str(asked.folder)))
    try:
        layout = _laid_out(asked)
        way = _way(layout, run_program)
        words = apart(arguments(layout, way, own_program("main")))
        with (
            limited(asked.limits, asked.folder.name) as group,
            dialogue(words, deadline_seconds=asked.deadline_seconds, environment=clean_environment()) as started,
        ):
            group.hold(started.process)
            at_work = AtWork()
            guard = Guard(layout.work, end=started.kill, running=at_work.names)
            spoken = Spoken(started, guard)
            isolation = _proved(asked, layout, way, spoken)
            spoken.ask("bound", bytes=guard.most_bytes)
            with guarded(guard):
                yield Sandbox(
                    work=layout.work, isolation=isolation, limited=group.whole, spoken=spoken, at_work=at_work
                )
    finally:
        _remove(asked.folder)
        lock.release()


def remove_leftovers(scratch: Path) -> Sequence[str]:
    """Remove what is left of drills that are dead, by their folders below `scratch`: a lock tells, not a number.

    Return the names of the folders.
    """
    removed = []
    for folder in sorted(scratch.iterdir()) if scratch.is_dir() else ():
        if folder.is_symlink() or not folder.is_dir():
            continue
        lock = Lock.take(folder / _LOCK)
        if lock:
            remove_groups(folder.name)
            _remove(folder)
            lock.release()
            removed.append(folder.name)
    return removed


def _laid_out(asked: Asked) -> Layout:
    uid = _free_uid() if os.geteuid() == 0 else os.getuid()
    layout = Layout(
        folder=asked.folder,
        python=_python(),
        uid=uid,
        readable=asked.readable,
        carried=_carried(asked.folder),
        share_network=asked.share_network,
    )
    make_folder(layout.work / "logs")
    make_folder(layout.etc)
    texts = {
        "passwd": f"root:x:0:0::/:/bin/false\ndrill:x:{uid}:{uid}::/tmp:/bin/sh\n",
        "group": f"root:x:0:\ndrill:x:{uid}:\n",
        "hosts": "127.0.0.1 localhost drill\n::1 localhost drill\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }
    for name, text in texts.items():
        write_atomically(layout.etc / name, text.encode(), mode=_FOR_ALL)
    for name in _LOADER:
        if (Path("/etc") / name).exists():
            write_atomically(layout.etc / name, (Path("/etc") / name).read_bytes(), mode=_FOR_ALL)
    for path in asked.readable:
        if path.is_relative_to("/etc"):
            make_folder(layout.etc / path.relative_to("/etc"))
    _lay_in(layout.etc)
    asked.folder.chmod(0o711)
    give_to(layout.work, uid)
    return layout


_FOR_ALL = 0o644
_LOADER = ("ld.so.cache", "localtime")


def _carried(folder: Path) -> bool:
    """Lay bubblewrap into the folder where it is not installed and lies beside our Python, as setup put it there.

    Return whether that is so.
    """
    beside = Path(sys.executable).parent / BUBBLEWRAP
    if shutil.which(BUBBLEWRAP) or not beside.is_file():
        return False
    write_atomically(folder / BUBBLEWRAP, beside.read_bytes(), mode=0o755)
    return True


def _free_uid() -> int:
    """Return the first user number of the range that nobody has."""
    taken = {each.pw_uid for each in pwd.getpwall()}
    return next(uid for uid in _UIDS if uid not in taken)


def _python() -> Path:
    """Return the system's Python; raises EngineError."""
    found = Path(PYTHON)
    if not found.exists():
        advice = message("install it: apt-get install python3")
        raise EngineError(message("the sandbox needs the system's own Python, {path}", path=str(found)), advice=advice)
    return found


def _lay_in(etc: Path) -> None:
    """Lay in what stands inside first, as the package it is."""
    package = Path(*PACKAGE.split("."))
    for depth in range(1, len(package.parts)):
        folder = etc / PLACE / Path(*package.parts[:depth])
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    (etc / PLACE / package).mkdir()
    for module in resources.files(PACKAGE).iterdir():
        if module.name.endswith(".py"):
            write_atomically(etc / PLACE / package / module.name, module.read_bytes(), mode=_FOR_ALL)
    for each, _folders, _files in os.walk(etc):
        Path(each).chmod(0o755)


def _way(layout: Layout, run_program: RunProgram) -> Way:
    """Return the first way that works on this machine; raises EngineError with the reason of each."""
    ways = (Way.OWN_UID, Way.DROPPED) if os.geteuid() == 0 else (Way.UNPRIVILEGED,)
    reasons = []
    for way in ways:
        completed = _tried(arguments(layout, way, ["true"]), run_program)
        if completed.exit_code == 0:
            return way
        reasons.append(f"{way}: {completed.stderr.decode(errors='replace').strip()[:300]}")
    raise EngineError(
        message("this machine lets nobody make a sandbox, so no drill may start services here"),
        why="\n".join(reasons),
        advice=message("run it as root, or let users make name spaces (sysctl kernel.unprivileged_userns_clone=1)"),
    )


def _tried(words: Sequence[str], run_program: RunProgram) -> Completed:
    """Return what came of a first try; raises ProgramMissing when a program that makes sandboxes is not there."""
    for program in (BUBBLEWRAP, "setpriv", "unshare"):
        if program in words and not shutil.which(program):
            advice = message("install it: apt-get install bubblewrap util-linux")
            what = message("the drill needs {program} to make its sandbox", program=program)
            raise ProgramMissing(what, advice=advice)
    return run_program(words, deadline_seconds=_TRY_SECONDS)


def _proved(asked: Asked, layout: Layout, way: Way, spoken: Spoken) -> Isolation:
    """Return the proof; raises SandboxLeaks with everything that could be reached."""
    with decoys(asked.folder) as found:
        targets = [*asked.targets, *map(_target, found)]
        facts = spoken.ask(
            "facts",
            targets=[
                {"name": each.name, "address": each.address, "port": each.port, "protocol": each.protocol}
                for each in targets
            ],
            absent=[str(path) for path in (*asked.absent, asked.folder)],
            unwritable=_UNWRITABLE,
            outside=os.getpid(),
        )
    try:
        isolation = judged(facts, targets, way.value, [str(path) for path in layout.readable])
    except KeyError as error:
        raise ProgramFailed(message("the sandbox did not tell all that proves it"), why=str(error)) from error
    if not isolation.holds:
        raise SandboxLeaks(isolation)
    return isolation


def _target(decoy: Decoy) -> Target:
    name = "host_loopback" if decoy.port else "unix_socket"
    return Target(
        name=name,
        address=decoy.address,
        port=decoy.port,
        protocol="tcp" if decoy.port else "unix",
        outside=decoy.answers,
    )


def _remove(folder: Path) -> None:
    """Remove a tree, hostile permissions in it notwithstanding; links are not followed."""
    unmount_all(folder)
    try:
        for _root, folders, _files, descriptor in os.fwalk(folder, follow_symlinks=False):
            for name in folders:
                if stat.S_ISDIR(os.lstat(name, dir_fd=descriptor).st_mode):
                    os.chmod(name, 0o700, dir_fd=descriptor)
        shutil.rmtree(folder)
    except OSError as error:
        raise storage_error(folder, error) from error
