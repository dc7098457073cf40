"""One look at a restored file; a program of its own, so that a file that never ends can be left."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from typing import Any, BinaryIO

CHUNK = 1024 * 1024


def look(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell what lies at a path below a root: links may lead within it only."""
    root = os.path.realpath(asked["root"])
    path = os.path.realpath(os.path.join(root, asked["path"].lstrip("/")))
    if os.path.commonpath([root, path]) != root:
        return {"kind": "elsewhere"}
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            return {"kind": "folder", "entries": len(os.listdir(path))}
        if not stat.S_ISREG(mode):
            return {"kind": "special"}
        with open(path, "rb") as stream:
            return {"kind": "file", "bytes": os.fstat(stream.fileno()).st_size, **contents(stream, asked)}
    except OSError as error:
        return {"kind": "nothing", "why": str(error)}


def contents(stream: BinaryIO, asked: dict[str, Any]) -> dict[str, Any]:
    """Tell the digest and whether the text stands in it, where they were asked for."""
    wanted = asked["text"].encode()
    digest, holds, end = hashlib.sha256(), False, b""
    while (asked["sha256"] or (wanted and not holds)) and (chunk := stream.read(CHUNK)):
        digest.update(chunk)
        holds = holds or (bool(wanted) and wanted in end + chunk)
        end = chunk[-len(wanted) :] if wanted else b""
    return {"holds": holds, "sha256": digest.hexdigest() if asked["sha256"] else ""}


def main() -> None:
    """Answer the one question at stdin."""
    print(json.dumps(look(json.load(sys.stdin))))
