"""The rules of a site as live detection judges with them, read again when something of them changes."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from sec_ops.detection.alerts.store import Suppress
from sec_ops.detection.events import FlatEvent, Occurrence
from sec_ops.detection.live.judging import Judging
from sec_ops.detection.mapping.shape import STORED_SHAPE, Shape
from sec_ops.detection.match.matcher import Matcher
from sec_ops.detection.rule import Correlation, Level, Rule
from sec_ops.detection.run.choosing import choose
from sec_ops.detection.run.naming import Naming
from sec_ops.detection.run.occurrences import entity_of, moment_of

__all__ = ["LiveRules", "RuleSource", "state_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSource:
    """What a rule set is made of."""

    rules: Sequence[Rule]
    correlations: Sequence[Correlation]
    shapes: Sequence[Shape]
    zone: tzinfo
    suppress: Suppress


class LiveRules:
    """Reads a site's rules when `state` says that they are others than those judging; raises what `read` raises.

    What could not be read is not tried again before something changes.
    """

    def __init__(self, state: Callable[[], str], read: Callable[[], RuleSource]) -> None:
        self._state = state
        self._read = read
        self._failed: tuple[str, Exception] | None = None

    def __call__(self, digest: str) -> Judging | None:
        """Return the rules as they are, None when they are those of the digest."""
        state = self._state()
        if state == digest:
            return None
        if self._failed and self._failed[0] == state:
            raise self._failed[1]
        try:
            return _judging(state, self._read())
        except Exception as error:
            self._failed = (state, error)
            raise


def state_of(folders: Iterable[Path]) -> str:
    """Return what changes when a file of these folders, or one of these files, does: a SHA-256 of sizes and times."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in [folder, *sorted(folder.rglob("*"))]:
            try:
                facts = path.stat()
            except OSError:
                continue
            digest.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _judging(state: str, source: RuleSource) -> Judging:
    chosen = choose(source.rules, source.correlations, Level.INFORMATIONAL)
    shape = next(each for each in source.shapes if each.id == STORED_SHAPE)
    matcher = Matcher(chosen.rules, (shape,), source.zone)

    def find(events: Iterable[FlatEvent]) -> Iterator[tuple[int, Sequence[Rule]]]:
        for place, _event, rules in matcher.run(events):
            yield place, rules

    def occurrence(event: FlatEvent, record: str) -> Occurrence:
        return Occurrence(
            event=event,
            shape=STORED_SHAPE,
            record=record,
            time_us=moment_of(event, shape.content),
            entity=entity_of(event, shape.content),
        )

    return Judging(
        digest=state,
        rules=chosen.rules,
        correlations=chosen.correlations,
        alerting=chosen.alerting,
        find=find,
        occurrence=occurrence,
        names=Naming((shape,)),
        suppress=source.suppress,
        given_up=lambda: {"searches": matcher.counts.given_up, "rules_set_aside": len(matcher.set_aside())},
    )
