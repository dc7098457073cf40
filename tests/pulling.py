"""A machine whose logs are pulled through a real shell, for tests: what was stored, and what a crash leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sec_ops.inventory.log_sources import Expected
from sec_ops.model.log_source import LogSource
from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.collect.host import VISIT_BYTES
from sec_ops.siem.collect.puller import Puller
from sec_ops.siem.collect.scope import Fetched, fetched_hosts
from sec_ops.siem.records import RawBatch
from sec_ops.transport.local import local_target, run_script
from sec_ops.transport.values import Reply, Target

__all__ = ["Crash", "Machine", "here"]

HOST = "here"


class Crash(Exception):
    """The end of the pulling process, as a store sees it."""


def here(jobs: Sequence[tuple[Target, bytes]]) -> Iterator[Reply]:
    """Run each script on this machine."""
    for target, script in jobs:
        yield run_script(script, clock=SystemClock(), target=target, output_bytes=67_108_864)


@dataclass
class Machine:
    """This machine under the name `here`; `stored` is its raw log, `cut` the bytes after which a visit is cut off."""

    sources: tuple[LogSource, ...]
    stored: list[RawBatch] = field(default_factory=list)
    crash_after: int | None = None
    visit_bytes: int = VISIT_BYTES
    cut: int | None = None

    def pull(self, dry: str = "") -> Fetched:
        """Pull once; after `crash_after` batches the store ends it."""
        expected = [Expected(system="s", unit="u", host=HOST, source=source) for source in self.sources]
        targets = {HOST: local_target(HOST, deadline_seconds=60)}
        (fetched,) = fetched_hosts(expected, targets, self.positions, dry=dry, visit_bytes=self.visit_bytes)
        numbers = itertools.count(1)
        puller = Puller(
            visit=self._visit,
            store=self._store,
            clock=SystemClock(),
            randomness=lambda size: next(numbers).to_bytes(size, "big"),
            progress=lambda _host: None,
        )
        puller.pull([fetched.pull])
        return fetched

    def positions(self, beginning: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the last position of each source."""
        return {
            batch.origin.source: batch.position
            for batch in self.stored
            if batch.position is not None and batch.origin.source.startswith(beginning)
        }

    def records(self, ending: str = "") -> list[bytes]:
        """Return all records stored, of the sources whose name ends so."""
        return [record for batch in self.stored if batch.origin.source.endswith(ending) for record in batch.records]

    def gaps(self) -> list[str]:
        """Return the kinds of all gaps, by source."""
        return [gap["kind"] for position in self.positions("").values() for gap in position["gaps"]]

    def _visit(self, jobs: Sequence[tuple[Target, bytes]]) -> Iterator[Reply]:
        for reply in here(jobs):
            yield reply if self.cut is None else replace(reply, output=reply.output[: self.cut])

    def _store(self, batch: RawBatch) -> None:
        if self.crash_after == 0:
            raise Crash
        if self.crash_after is not None:
            self.crash_after -= 1
        self.stored.append(batch)
