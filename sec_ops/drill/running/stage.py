"""What all systems of one drill share."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sec_ops.drill.running.halting import Halt
from sec_ops.drill.running.journal import Journal
from sec_ops.drill.running.turns import Turns
from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.model.protocols import Clock, SecretReader

__all__ = ["Stage"]

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One drill as its systems see it. `lost_ms` is the loss by the clock that never goes back.

    `fetched` is a folder of ours alone, which is there once the sandbox is; `switched` returns once users are switched
    to what was restored, at once where that is not rehearsed. `known` are places of services of all systems.
    """

    clock: Clock
    halt: Halt
    journal: Journal
    turns: Turns
    sandbox: Future[Sandbox]
    fetched: Path
    ports: Iterator[int]
    read_secret: SecretReader
    switched: Callable[[], None]
    lost_at: datetime
    lost_ms: int
    until: datetime | None = None
    known: dict[str, str] = field(default_factory=dict)

    def opened(self) -> Sandbox:
        """Return the sandbox once it stands and is proved; raises what kept it from standing, Halted."""
        while True:
            self.halt.check()
            try:
                return self.sandbox.result(_LOOK_SECONDS)
            except NotYet:
                continue
