"""Restore points 恢复点: the snapshots of one run, known by tags and order of arrival, never by their own dates."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sec_ops.backup.retaining.moments import trusted_moments
from sec_ops.backup.verdict import Verdict
from sec_ops.model.messages import Message, message

__all__ = ["CLOCK_TOLERANCE", "MANIFEST", "PROBE_HOST", "Known", "RestorePoint", "Seen", "newest_good", "points_of"]

MANIFEST = "manifest"
"""The part of a run that is saved last and tells what the others hold."""

PROBE_HOST = "sec-ops-probe"
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A snapshot as it was seen in a repository.

    `arrival` grows with each snapshot seen; `first_seen` (UTC) is our clock when it was seen first, `claimed` (UTC)
    what the client said. `original` is the id the snapshot had where it was made. One that is `gone` still tells when
    its neighbours arrived.
    """

    snapshot: str
    original: str
    arrival: int
    first_seen: datetime
    claimed: datetime
    system: str
    run: str
    source: str
    part: str
    host: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePoint:
    """All snapshots of one run of one system in one repository.

    `arrival` is that of its last snapshot, `arrived` (UTC) when that was, by order rather than by a wrong clock.
    `why_not` says why it does not count, None when it does; only points that count are chosen, and only they take
    places in a retention.
    """

    system: str
    run: str
    snapshots: tuple[Seen, ...]
    arrival: int
    arrived: datetime
    verdict: Verdict | None
    future_dated: bool
    held: bool
    why_not: Message | None

    @property
    def counts(self) -> bool:
        """Return whether data can be restored from it by all that is known."""
        return self.why_not is None

    @property
    def whole(self) -> bool:
        """Return whether it counts and nothing was left out of it."""
        return self.counts and self.verdict is not Verdict.PARTIAL

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the snapshots' ids, in order of arrival."""
        return tuple(each.snapshot for each in self.snapshots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of runs beside their snapshots: verdicts where this controller made them, and open holds.

    A run whose verdict is not known counts when its manifest is there, as that is saved only after a run that counts.
    """

    verdicts: Mapping[str, Verdict]
    held: Collection[str]


def points_of(seen: Iterable[Seen], known: Known, *, now: datetime) -> tuple[RestorePoint, ...]:
    """Return a repository's restore points in order of arrival; probes and snapshots of nobody's run are none.

    Give all that was ever seen there, of all systems, also what is gone.
    """
    ordered = sorted(seen, key=lambda each: each.arrival)
    arrived = trusted_moments([each.first_seen for each in ordered], now)
    runs: dict[tuple[str, str], list[tuple[Seen, datetime]]] = {}
    for each, moment in zip(ordered, arrived, strict=True):
        if each.run and each.system and each.host != PROBE_HOST and not each.gone:
            runs.setdefault((each.system, each.run), []).append((each, moment))
    points = [_point(system, run, parts, known) for (system, run), parts in runs.items()]
    return tuple(sorted(points, key=lambda point: point.arrival))


def newest_good(points: Sequence[RestorePoint]) -> RestorePoint | None:
    """Return the point that arrived last of those that count; a whole one before a partial one of any age."""
    counting = [each for each in points if each.counts]
    return max(counting, key=lambda each: (each.whole, each.arrival), default=None)


def _point(system: str, run: str, arrived: Sequence[tuple[Seen, datetime]], known: Known) -> RestorePoint:
    parts = [each for each, _moment in arrived]
    verdict, future, held = known.verdicts.get(run), any(map(_future_dated, parts)), run in known.held
    return RestorePoint(
        system=system,
        run=run,
        snapshots=tuple(parts),
        arrival=parts[-1].arrival,
        arrived=arrived[-1][1],
        verdict=verdict,
        future_dated=future,
        held=held,
        why_not=_why_not(parts, verdict, future=future, held=held),
    )


def _future_dated(seen: Seen) -> bool:
    return seen.claimed > seen.first_seen + CLOCK_TOLERANCE


def _why_not(parts: Sequence[Seen], verdict: Verdict | None, *, future: bool, held: bool) -> Message | None:
    if held:
        return message("it is held: sec-ops backup hold list")
    if future:
        return message("it is dated later than it arrived: a wrong clock, or somebody who pretends")
    if verdict not in (None, Verdict.OK, Verdict.PARTIAL):
        return message("its run ended with {verdict}", verdict=verdict)
    if not any(each.part == MANIFEST for each in parts):
        return message("its manifest is not there: the run was cut short, or a copy is not done")
    return None
