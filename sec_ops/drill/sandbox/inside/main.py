"""What stands in the sandbox first and starts all else there.

One JSON document a line comes in and one goes out, each followed by the line `end`. Nothing is started before the
controller asks, and it asks for the facts that prove the isolation first.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any, Callable

from sec_ops.drill.sandbox.inside.facts import attempt, connect, facts
from sec_ops.drill.sandbox.inside.guarding import bound, guard
from sec_ops.drill.sandbox.inside.laying import fetch, folder, listed, move, write
from sec_ops.drill.sandbox.inside.programs import alive, begin, hang_up, hear, say, start, stop, talk, wait


def reach(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell whether something listens on a port of the loopback, or on a path."""
    return {"errno": attempt(lambda: connect(asked["address"], asked.get("port"), 1.0))}


def lay(asked: dict[str, Any]) -> dict[str, Any]:
    """Lay a text into a new file that only this sandbox's user may read, in memory."""
    descriptor, path = tempfile.mkstemp(dir="/run")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(asked["data"].encode(errors="surrogateescape"))
    return {"path": path}


def read(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell what stands in a file that was laid, up to a bound."""
    descriptor = os.open(asked["path"], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(asked["bytes"])
    return {"data": data.decode(errors="surrogateescape")}


def end(asked: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all deeds
    """End: with this process the kernel ends all others of the sandbox."""
    os._exit(0)


DEEDS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "facts": facts,
    "bound": bound,
    "begin": begin,
    "wait": wait,
    "start": start,
    "alive": alive,
    "stop": stop,
    "talk": talk,
    "say": say,
    "hear": hear,
    "hang_up": hang_up,
    "reach": reach,
    "lay": lay,
    "read": read,
    "folder": folder,
    "write": write,
    "move": move,
    "fetch": fetch,
    "end": end,
    "listed": listed,
}


def answer(line: str) -> dict[str, Any]:
    """Do what one line asks; what goes wrong is told."""
    try:
        asked = json.loads(line)
        return DEEDS[asked["do"]](asked)
    except (OSError, ValueError, KeyError) as error:
        return {"failed": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer until the controller is gone; with this process all others of the sandbox end."""
    guard()
    os.umask(0o077)
    for line in sys.stdin:
        print(json.dumps(answer(line)), "end", sep="\n", flush=True)
