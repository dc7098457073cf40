"""Restore points 恢复点: the snapshots of one run, known by tags and order of arrival, never by their own dates."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sec_ops.backup.naming import MANIFEST, PROBE_HOST
from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.values import Arrival
from sec_ops.backup.retaining.moments import trusted_moments
from sec_ops.backup.verdict import Verdict
from sec_ops.model.messages import Message, message

__all__ = ["CLOCK_TOLERANCE", "RestorePoint", "future_dated", "newest_good", "points_of"]

CLOCK_TOLERANCE = timedelta(minutes=5)
_GOOD = (Verdict.OK, Verdict.PARTIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePoint:
    """All snapshots of one run of one system in one repository.

    `arrival` is that of its last snapshot, `arrived` (UTC) when that was, by order rather than by a wrong clock.
    `verdict` is the run's, as its manifest tells it. `why_not` says why the point does not count, None when it does;
    only points that count are chosen, and only they take places in a retention.
    """

    system: str
    run: str
    snapshots: tuple[Arrival, ...]
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
        return self.counts and self.verdict is Verdict.OK

    @property
    def complete(self) -> bool:
        """Return whether its manifest is there, which is saved and copied last."""
        return any(each.part == MANIFEST for each in self.snapshots)

    @property
    def data(self) -> tuple[Arrival, ...]:
        """Return its snapshots but for the manifest."""
        return tuple(each for each in self.snapshots if each.part != MANIFEST)

    @property
    def has_data(self) -> bool:
        """Return whether it holds a run to its end that saved something, held or not."""
        return self.complete and bool(self.data) and self.verdict in _GOOD

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the snapshots' ids, in order of arrival."""
        return tuple(each.snapshot for each in self.snapshots)


def points_of(
    arrivals: Iterable[Arrival],
    *,
    held: Collection[str] = (),
    verdicts: Mapping[str, Verdict] = MappingProxyType({}),
    now: datetime,
) -> tuple[RestorePoint, ...]:
    """Return a repository's restore points in order of arrival; probes and snapshots of nobody's run are none.

    Give all that ever arrived there, of all systems, also what is gone: it tells when its neighbours came. `held` are
    runs with an open hold; `verdicts` are what runs came to, where that is known better than their manifests say.
    """
    ordered = sorted(arrivals, key=lambda each: each.arrival)
    arrived = trusted_moments([moment(each.first_seen_ms) for each in ordered], now)
    runs: dict[tuple[str, str], list[tuple[Arrival, datetime]]] = {}
    for each, when in zip(ordered, arrived, strict=True):
        if each.run and each.system and each.host != PROBE_HOST and each.gone_ms is None:
            runs.setdefault((each.system, each.run), []).append((each, when))
    points = [_point(system, run, parts, held, verdicts.get(run)) for (system, run), parts in runs.items()]
    return tuple(sorted(points, key=lambda point: point.arrival))


def newest_good(points: Sequence[RestorePoint]) -> RestorePoint | None:
    """Return the point that arrived last of those that count; a whole one before a partial one of any age."""
    counting = [each for each in points if each.counts]
    return max(counting, key=lambda each: (each.whole, each.arrival), default=None)


def future_dated(arrival: Arrival) -> bool:
    """Return whether a snapshot says that it was made after it was seen here: a wrong clock, or a lie."""
    return moment(arrival.claimed_ms) > moment(arrival.first_seen_ms) + CLOCK_TOLERANCE


def _point(
    system: str, run: str, arrived: Sequence[tuple[Arrival, datetime]], held: Collection[str], known: Verdict | None
) -> RestorePoint:
    parts = [each for each, _when in arrived]
    verdict, late = known or _verdict(parts), any(map(future_dated, parts))
    return RestorePoint(
        system=system,
        run=run,
        snapshots=tuple(parts),
        arrival=parts[-1].arrival,
        arrived=arrived[-1][1],
        verdict=verdict,
        future_dated=late,
        held=run in held,
        why_not=_why_not(parts, verdict, future=late, held=run in held),
    )


def _verdict(parts: Sequence[Arrival]) -> Verdict | None:
    told = next((each.verdict for each in parts if each.part == MANIFEST), "")
    return Verdict(told) if told in set(Verdict) else None


def _why_not(parts: Sequence[Arrival], verdict: Verdict | None, *, future: bool, held: bool) -> Message | None:
    if held:
        return message("it is held: sec-ops backup hold list")
    if future:
        return message("it is dated later than it arrived: a wrong clock, or somebody who pretends")
    if not any(each.part == MANIFEST for each in parts):
        return message("its manifest is not there: the run was cut short, or a copy is not done")
    if verdict not in _GOOD:
        return message("its run ended with {verdict}", verdict=verdict or "?")
    if all(each.part == MANIFEST for each in parts):
        return message("it holds nothing but a manifest")
    return None
