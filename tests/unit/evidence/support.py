"""What the tests of the log share: a clock that is told the time, doors, small ways to append."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sec_ops.evidence.drafts import AppendRequest
from sec_ops.evidence.files import DiskFiles, Files
from sec_ops.evidence.live import verify_live
from sec_ops.evidence.log import LocalLog, open_locally
from sec_ops.evidence.writer import Doors
from sec_ops.transport.process import run_program

ORIGIN = "evidence.example.org/city"


@dataclass
class ToldClock:
    """A clock that goes only when it is told to."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 8, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.moment

    def monotonic_ms(self) -> int:
        return int(self.moment.timestamp() * 1000)

    def forward(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


def doors(files: Files | None = None, clock: Any = None) -> Doors:
    return Doors(
        files=files or DiskFiles(), clock=clock or ToldClock(), randomness=secrets.token_bytes, run_program=run_program
    )


def opened(folder: Path, files: Files | None = None, clock: Any = None) -> LocalLog:
    return open_locally(folder, doors(files, clock))


def facts(number: int, run: str = "run-1", **more: Any) -> AppendRequest:
    return AppendRequest(
        kind="audit.facts/1", data={"run": run, "host": f"host-{number}", "state": "collected"}, **more
    )


def hosts(folder: Path) -> list[str]:
    """Return the hosts in the log's entries of facts, in order."""
    return [entry.data["host"] for entry in opened(folder).entries() if entry.kind == "audit.facts/1"]


def faults(folder: Path) -> list[tuple[str, str]]:
    """Return where and what the verifier finds wrong with a live log, its signatures included."""
    return [(fault["where"], fault["code"]) for fault in verify_live(folder, ()).faults]


def codes(report: dict[str, Any]) -> set[str]:
    return {fault["code"] for fault in report["faults"]}


def log_bytes(folder: Path) -> bytes:
    return (folder / "log" / "000000.jsonl").read_bytes()


def write_log(folder: Path, lines: Sequence[bytes]) -> None:
    (folder / "log" / "000000.jsonl").write_bytes(b"".join(lines))
