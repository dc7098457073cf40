"""The journal of a drill: each step on disk before the next begins, so that a drill that was killed can be told."""

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.protocols import Clock
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import PRIVATE_FILE, storage_error

__all__ = ["JOURNAL", "Journal", "Step", "last_phases", "read_journal"]

JOURNAL = "progress.jsonl"
"""Name of the file in the folder of a drill's run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step: its moment (RFC 3339, UTC), the system it is of (none: the whole drill), its phase, what it is about.

    `event` is `phase` when a phase begins; else one word for what happened, `name` and `verdict` say of what and how.
    """

    at: str
    event: str
    system: str = ""
    phase: str = ""
    name: str = ""
    verdict: str = ""


class Journal:
    """Takes steps from any thread; `hear` is told of each once it is on disk."""

    def __init__(self, path: Path, clock: Clock, hear: Callable[[Step], None]) -> None:
        self._path = path
        self._clock = clock
        self._hear = hear
        self._turn = threading.Lock()

    def tell(self, event: str, *, system: str = "", phase: str = "", name: str = "", verdict: str = "") -> None:
        """Write a step down; raises StorageError."""
        step = Step(at=utc_text(self._clock.now()), event=event, system=system, phase=phase, name=name, verdict=verdict)
        with self._turn:
            self._append(step)
            self._hear(step)

    def _append(self, step: Step) -> None:
        told = {name: value for name in Step.__dataclass_fields__ if (value := getattr(step, name))}
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(json.dumps(told, ensure_ascii=False).encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise storage_error(self._path, error) from error


def read_journal(path: Path) -> Sequence[Step]:
    """Return the steps; one that was being written when the drill was killed is left out. Raises StorageError."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise storage_error(path, error) from error
    return [step for line in lines if (step := _step(line))]


def last_phases(steps: Sequence[Step]) -> Mapping[str, str]:
    """Return the phase each system was in last, by its id."""
    return {each.system: each.phase for each in steps if each.event == "phase" and each.system}


def _step(line: bytes) -> Step | None:
    try:
        return Step(**json.loads(line))
    except (ValueError, TypeError):
        return None
