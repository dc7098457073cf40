"""Files and folders made in the sandbox: a link that something in here put in the way leads nowhere outside."""

from __future__ import annotations

import base64
import os
from typing import Any

from sec_ops.drill.sandbox.inside.opening import opened


def folder(asked: dict[str, Any]) -> dict[str, Any]:
    """Make a folder, and those above it."""
    os.makedirs(asked["path"], mode=0o700, exist_ok=True)
    return {}


def write(asked: dict[str, Any]) -> dict[str, Any]:
    """Write a file, the first piece of it or a further one."""
    how = os.O_APPEND if asked["further"] else os.O_TRUNC
    with opened(asked["path"], os.O_WRONLY | os.O_CREAT | how) as stream:
        stream.write(base64.b64decode(asked["data"]))
    return {}


def move(asked: dict[str, Any]) -> dict[str, Any]:
    """Give a file or folder another name; tell whether it was there."""
    if not os.path.lexists(asked["path"]):
        return {"moved": False}
    os.rename(asked["path"], asked["to"])
    return {"moved": True}


def fetch(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell a piece of a file, which is no longer than asked for."""
    with opened(asked["path"]) as stream:
        stream.seek(asked["begin"])
        return {"data": base64.b64encode(stream.read(asked["bytes"])).decode()}


def listed(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell the names in a folder; none when there is no such folder."""
    return {"names": sorted(os.listdir(asked["path"])) if os.path.isdir(asked["path"]) else []}
