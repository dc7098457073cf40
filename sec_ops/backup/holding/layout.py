"""Tells where paths lie: which mount shows each, and what is mounted below it.

One file on the standard library alone, for Python 3.8 and newer; paths are its arguments, its answer is JSON.
"""

from __future__ import annotations

import json
import os
import stat
import sys

SUBVOLUME = 256


def main() -> int:
    """Answer for each path."""
    mounts = list(mounted())
    print(json.dumps([about(path, mounts) for path in sys.argv[1:]]))
    return 0


def mounted() -> list[dict[str, str]]:
    """Return what is mounted in the order it was, as proc(5) has it."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            first, _, last = line.rstrip("\n").partition(" - ")
            root, target = first.split(" ")[3:5]
            kind, device = last.split(" ")[:2]
            found.append({"target": plain(target), "inside": plain(root), "type": kind, "device": plain(device)})
    return found


def plain(text: str) -> str:
    """Return a path of mountinfo without its escapes."""
    parts = text.split("\\")
    return parts[0] + "".join(chr(int(each[:3], 8)) + each[3:] for each in parts[1:])


def about(path: str, mounts: list[dict[str, str]]) -> dict[str, object]:
    """Return what is known of a path; one that is not there has no mode."""
    real = os.path.realpath(path)
    holding = [each for each in mounts if is_below(real, each["target"])]
    below = [each["target"] for each in mounts if is_below(each["target"], real) and each["target"] != real]
    try:
        folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return {"real": "", "folder": False, "mount": holding[-1], "below": [], "subvolume": ""}
    longest = max(holding, key=lambda each: len(each["target"]))
    mount = [each for each in holding if each["target"] == longest["target"]][-1]
    return {
        "real": real,
        "folder": folder,
        "mount": mount,
        "below": below,
        "subvolume": subvolume(real, mount["target"]),
    }


def is_below(path: str, folder: str) -> bool:
    """Return whether a path is a folder's own or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def subvolume(path: str, top: str) -> str:
    """Return the root of the Btrfs subvolume a path is in, whose inode is always 256; nothing when none is seen."""
    while is_below(path, top):
        seen = os.lstat(path)
        if seen.st_ino == SUBVOLUME and stat.S_ISDIR(seen.st_mode):
            return path
        if path == "/":
            break
        path = os.path.dirname(path)
    return ""


if __name__ == "__main__":
    sys.exit(main())
