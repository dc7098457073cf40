"""What a sandbox is made of, as arguments of the programs that make it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

__all__ = [
    "BUBBLEWRAP",
    "ENVIRONMENT",
    "INSIDE",
    "PACKAGE",
    "PLACE",
    "PYTHON",
    "Layout",
    "Way",
    "apart",
    "arguments",
    "own_program",
]

INSIDE = "/drill"
"""Where the drill's own folder is seen inside, the only one that may be written besides /tmp and /run."""

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}  # noqa: S108 - inside

PYTHON = "/usr/bin/python3"
"""The system's: the one this program runs in may lie where the sandbox can't look."""

PACKAGE = "sec_ops.drill.sandbox.inside"
"""What is laid into /etc of the sandbox, in the folder `PLACE`."""

PLACE = "sec-ops-drill"

BUBBLEWRAP = "bwrap"
"""The program that makes a sandbox."""

_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_MOUNT_POINT = "/mnt"
_APART = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'
_HELD = 'mount --bind -- "$1" "$2" && shift 2 && exec "$@"'


class Way(StrEnum):
    """How it is made: who may make name spaces here decides."""

    OWN_UID = "own uid in a user namespace"
    DROPPED = "own uid, powers dropped"
    UNPRIVILEGED = "unprivileged user namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`folder` holds `work`, which belongs to `uid`, and the generated `etc`; `readable` are further host paths.

    `carried` says that bubblewrap lies in the folder, as it is not installed where every user could run it.
    `share_network` is for the test that a leak is found; nothing else sets it.
    """

    folder: Path
    python: Path
    uid: int
    readable: Sequence[Path] = ()
    carried: bool = False
    share_network: bool = False

    @property
    def work(self) -> Path:
        """Return the folder that is seen inside as `INSIDE`."""
        return self.folder / "work"

    @property
    def etc(self) -> Path:
        """Return the folder that is seen inside as /etc."""
        return self.folder / "etc"


def arguments(layout: Layout, way: Way, program: Sequence[str]) -> list[str]:
    """Return the command line that runs `program` in the sandbox; it ends with whoever started it."""
    seen = Path(_MOUNT_POINT) if way is Way.OWN_UID else layout.folder
    program_path = str(seen / BUBBLEWRAP) if layout.carried else BUBBLEWRAP
    made = [program_path, *_namespaces(layout, way), *_root(layout, seen)]
    made += ["--chdir", "/"] if way is Way.DROPPED else ["--chdir", INSIDE]
    identity = ["--reuid", str(layout.uid), "--regid", str(layout.uid), "--clear-groups", "--no-new-privs"]
    if way is Way.OWN_UID:
        # The folder lies where another user can't go, so it is mounted within reach, seen by nobody else.
        alone = ["unshare", "--mount", "--propagation", "private", "--"]
        held = [*alone, "sh", "-c", _HELD, "sh", str(layout.folder), _MOUNT_POINT]
        return [*held, "setpriv", *identity, "--", *made, "--", *program]
    if way is Way.DROPPED:
        dropped = ["setpriv", *identity, "--inh-caps", "-all", "--bounding-set", "-all", "--"]
        # Without its powers root itself may not go into a folder that belongs to the other user.
        dropped += ["env", "--chdir", INSIDE, "--"]
        return [*made, "--", *dropped, *program]
    return [*made, "--", *program]


def apart(words: Sequence[str]) -> list[str]:
    """Return the command line that takes the dialogue from stdin and stdout to two descriptors beyond stderr.

    The sandbox's first process keeps its stdin and stdout, and any other of its user could open them there.
    """
    return ["sh", "-c", _APART, "sh", *words]


def own_program(module: str) -> list[str]:
    """Return the command line of one of our own programs inside, by the name of its module."""
    begin = f"import sys; sys.path.insert(0, '/etc/{PLACE}'); from {PACKAGE}.{module} import main; main()"
    return [PYTHON, "-I", "-S", "-u", "-c", begin]


def _namespaces(layout: Layout, way: Way) -> list[str]:
    words = ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "drill"]
    words += [] if layout.share_network else ["--unshare-net"]
    words += ["--die-with-parent", "--new-session", "--clearenv"]
    words += [word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)]
    if way is Way.DROPPED:
        powers = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
        return [*words, "--cap-drop", "ALL", *(word for power in powers for word in ("--cap-add", power))]
    user = ["--unshare-user", "--disable-userns", "--uid", str(layout.uid), "--gid", str(layout.uid)]
    return [*words, *user, "--cap-drop", "ALL"]


def _root(layout: Layout, seen: Path) -> list[str]:
    """Return the mounts of a root that can't be written: the host's programs, a generated /etc, nothing else of it."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in _MERGED:
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    words += ["--ro-bind", str(seen / "etc"), "/etc", "--proc", "/proc", "--dev", "/dev"]
    for path in layout.readable:
        words += ["--ro-bind", str(path), str(path)]
    for empty in ("/tmp", "/run"):  # noqa: S108 - inside
        words += ["--perms", "1777", "--tmpfs", empty]
    words += ["--symlink", "/tmp", "/var/tmp"]  # noqa: S108 - inside
    return [*words, "--bind", str(seen / "work"), INSIDE, "--remount-ro", "/"]
