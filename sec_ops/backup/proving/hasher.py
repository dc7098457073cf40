"""Hashes files where they lie, as it is asked to, line by line.

One file on the standard library alone, for Python 3.8 and newer. A question is `[path, known]`: a path as restic shows
it (each byte that is no UTF-8 as U+FFFD), and device, inode, size, mtime and ctime (ns) of which a digest is known, or
null. With the argument `still` the device is told as 0: each snapshot of a volume has another. An empty line ends a
batch. Answers, up to a line `.`, are `[number]` when the file is still as known, else `[number, path, device, inode,
size, mtime, ctime, sha256, mode, user, group]`, the path null when it is as asked and base64 in a list when it is no
UTF-8. In place of the digest stands `changed` for a file that changed or went while it was read, `unread` for one that
could not be read. Of a symbolic link the digest is that of where it leads.

`[path, "place"]` asks which folder is there: `[number, device, inode, mode, user, group]`; `[path, "folder"]` what it
is and what is in it beside files and folders: `[number, ctime, mode, user, group, [name, type, digest, mode, user,
group], ...]`, the newest ctime of all of them. `[number]` alone is said of what can't be told.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import stat
import sys
from typing import Any, Iterator

PIECE = 256 * 1024
CHANGED, UNREAD = "changed", "unread"
SHOWN_BYTE = "\N{REPLACEMENT CHARACTER}"
OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
STILL = sys.argv[1:] == ["still"]
BUFFER = memoryview(bytearray(PIECE))
BOUND = 1024 * 1024
SOCKET = "socket"
KINDS = {
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: SOCKET,
    stat.S_IFBLK: "dev",
    stat.S_IFCHR: "chardev",
}


def main() -> int:
    """Answer batches until there are no more."""
    batch: list[Any] = []
    for line in sys.stdin.buffer:
        if line.strip():
            batch.append(json.loads(line))
            continue
        say("".join(each for number, asked in enumerate(batch) for each in answers(number, *asked)))
        batch = []
    return 0


def say(text: str) -> None:
    """Send a batch."""
    sys.stdout.write(text + ".\n")
    sys.stdout.flush()


def answers(number: int, shown: str, known: list[int] | str | None) -> Iterator[str]:
    """Return a line for each file that the shown path may be: one, unless names differ in bytes nobody can show."""
    if isinstance(known, str):
        yield json.dumps([number, *LOOKS[known](shown)]) + "\n"
        return
    if SHOWN_BYTE not in shown:
        yield answer(number, os.fsencode(shown), known, None)
        return
    for path in candidates(shown):
        yield answer(number, path, None, spelled(path))


def answer(number: int, path: bytes, known: list[int] | None, told: object) -> str:
    """Return the line about one file."""
    try:
        if known and identity(os.lstat(path)) == known:
            return "[%d]\n" % number
        seen, digest = hashed(path)
    except FileNotFoundError:
        seen, digest = None, CHANGED
    except OSError as error:
        seen, digest = linked(path) if error.errno == errno.ELOOP else (None, UNREAD)
    path_told = "null" if told is None else json.dumps(told)
    numbers = ",".join(map(str, identity(seen) if seen else [0] * 5))
    return '[%d,%s,%s,"%s",%s]\n' % (number, path_told, numbers, digest, ",".join(map(str, rights(seen))))


def hashed(path: bytes) -> tuple[os.stat_result, str]:
    """Return a regular file as it is and its digest, or why it has none."""
    file = os.open(path, OPEN)
    try:
        before = os.fstat(file)
        if not stat.S_ISREG(before.st_mode):
            return before, CHANGED
        digest, left = hashlib.sha256(), before.st_size
        # Not to the end: of a file that is written to all the time that never comes.
        while left > 0 and (count := os.readv(file, [BUFFER])):
            digest.update(BUFFER[:count])
            left -= count
        after = os.fstat(file)
    finally:
        os.close(file)
    same = left == 0 and identity(before) == identity(after)
    return before, digest.hexdigest() if same else CHANGED


def linked(path: bytes) -> tuple[os.stat_result | None, str]:
    """Return a symbolic link as it is and the digest of its text, or why it has none."""
    try:
        before, target, after = os.lstat(path), os.readlink(path), os.lstat(path)
    except OSError:
        return None, UNREAD
    same = identity(before) == identity(after)
    return before, hashlib.sha256(target).hexdigest() if same else CHANGED


def place(shown: str) -> list[Any]:
    """Return which folder is at a path, nothing when that can't be told."""
    try:
        seen = os.lstat(shown)
    except (OSError, ValueError):
        return []
    return [seen.st_dev, seen.st_ino, *rights(seen)] if stat.S_ISDIR(seen.st_mode) else []


def folder(shown: str) -> list[Any]:
    """Return a folder and what is in it beside files and folders, nothing when that can't be told."""
    if SHOWN_BYTE in shown:
        return []
    try:
        with os.scandir(shown) as entries:
            others = [(each.name, each.stat(follow_symlinks=False)) for each in entries if not plain(each)]
        seen = os.lstat(shown)
        told = [other(shown, name, found) for name, found in others]
        newest = max(each.st_ctime_ns for each in (seen, *(found for _name, found in others)))
        small = len(json.dumps(told, ensure_ascii=False).encode()) < BOUND
    except (OSError, ValueError, LookupError):
        return []
    return [newest, *rights(seen), *(each for each in told if each[1] != SOCKET)] if small else []


def plain(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a file or a folder."""
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def other(shown: str, name: str, seen: os.stat_result) -> list[Any]:
    """Return what is neither file nor folder; raises KeyError for what restic has no word for, OSError."""
    kind = KINDS[stat.S_IFMT(seen.st_mode)]
    digest = hashlib.sha256(os.readlink(os.fsencode(shown + name))).hexdigest() if kind == "symlink" else None
    return [name, kind, digest, *rights(seen)]


def rights(seen: os.stat_result | None) -> list[int]:
    """Return permissions as chmod(2) has them, numbers of user and group."""
    return [stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid] if seen else [0, 0, 0]


def identity(seen: os.stat_result) -> list[int]:
    """Return what says that a file is the same and unchanged."""
    return [0 if STILL else seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns]


def candidates(shown: str) -> Iterator[bytes]:
    """Return the paths that are shown like this."""
    found = [b""]
    for name in shown.split("/")[1:]:
        if SHOWN_BYTE in name:
            found = [
                folder + b"/" + each for folder in found for each in names(folder or b"/") if as_shown(each) == name
            ]
        else:
            found = [folder + b"/" + os.fsencode(name) for folder in found]
    return iter(found)


def names(folder: bytes) -> list[bytes]:
    """Return the names in a folder, none when it can't be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def as_shown(name: bytes) -> str:
    """Return a name as restic shows it: a U+FFFD for each byte that is no UTF-8."""
    text = name.decode("utf-8", "surrogateescape")
    return "".join(SHOWN_BYTE if "\udc80" <= each <= "\udcff" else each for each in text)


def spelled(path: bytes) -> object:
    """Return a path as JSON keeps it."""
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        return [base64.b64encode(path).decode("ascii")]


LOOKS = {"place": place, "folder": folder}

if __name__ == "__main__":
    sys.exit(main())
