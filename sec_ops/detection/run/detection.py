"""One run of detection: events in, findings out, whatever the events come from."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sec_ops.detection.alerts.reading import Wanted, alerts_of
from sec_ops.detection.alerts.store import Suppress
from sec_ops.detection.alerts.values import State
from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.database import Database, open_database
from sec_ops.detection.events import FlatEvent
from sec_ops.detection.hits import Hit
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.match.matcher import Matcher
from sec_ops.detection.rule import Rule
from sec_ops.detection.run.choosing import Chosen
from sec_ops.detection.run.findings import Findings, RuleCounts
from sec_ops.detection.run.gathering import Gathering, Span
from sec_ops.detection.run.going_on import GoingOn
from sec_ops.detection.run.keeping import Kept, Place, keep
from sec_ops.detection.run.naming import Naming
from sec_ops.detection.run.ordering import TimeOrder
from sec_ops.detection.run.telling import told_fields
from sec_ops.detection.sigma.reading import Refused

__all__ = ["Detection", "Setting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a run is made with: rules and why others were refused, shapes, the site's zone and suppressions.

    `suppress_reads` are the fields of events that suppressions read; None when that isn't known.
    """

    chosen: Chosen
    refused: tuple[Refused, ...]
    shapes: Sequence[Shape]
    zone: tzinfo
    suppress: Suppress
    now_ms: int
    suppress_reads: frozenset[str] | None = None


class Detection:
    """Judges events as they are read, and tells at the end what they came to."""

    def __init__(self, setting: Setting, span: Span) -> None:
        self._setting = setting
        self.matcher = Matcher(setting.chosen.rules, setting.shapes, setting.zone)
        self._naming = Naming(setting.shapes)
        self._open = ExitStack()
        shapes = {shape.id: shape.content for shape in setting.shapes}
        self._elsewhere = 0
        self._gathering = Gathering(shapes, self._open.enter_context(TimeOrder()), span)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def events(self) -> int:
        """Return how many events were judged so far."""
        return self._elsewhere + self.matcher.counts.events

    def reads(self, shape: Shape, site: Database | None) -> frozenset[str] | None:
        """Return the fields of found events that findings need, None for all: the site's alerts keep events whole."""
        suppress = self._setting.suppress_reads
        if site is not None or suppress is None:
            return None
        return told_fields(self._setting.chosen, shape, self._naming) | suppress

    def count_elsewhere(self, events: int) -> None:
        """Count events that something else has judged."""
        self._elsewhere += events

    def take(self, event: FlatEvent, shape: str, record: str, rules: Iterable[Rule]) -> None:
        """Take a flat event of which something else knows which rules find it."""
        self._gathering.take(event, shape, record, rules)

    def judge(self, events: Iterable[Mapping[str, Any]], record: Callable[[int], str]) -> None:
        """Judge events; `record` names the record of the one at a place among them."""
        for place, event, rules in self.matcher.run(events):
            found = self.matcher.flat(event)
            if found is not None:
                shape, flat = found
                self._gathering.take(flat, shape.id, record(place), rules)

    def findings(self, site: Database | None, going_on: GoingOn | None = None) -> Findings:
        """Return what all events came to, once; with the site's database, alerts are kept there too, all or none.

        A run that goes on from another and leaves something for the next does so in the same transaction.
        """
        with _database_for_now() as mine, ExitStack() as held:
            held.enter_context(mine.writing())
            places = [Place(mine, ends=0)]
            if site is not None:
                held.enter_context(site.writing())
                places.append(Place(site))
            kept = self._kept(places, going_on)
            alerts = alerts_of(mine, Wanted(states=(State.OPEN,)))
        return self._told(alerts, kept[0].suppressed, kept[1] if site is not None else None)

    def _kept(self, places: Sequence[Place], going_on: GoingOn | None) -> list[Kept]:
        chosen = self._setting.chosen
        correlator = Correlator(chosen.correlations, chosen.rules, names=self._naming)
        unfinished = going_on.taken_up(correlator) if going_on else None
        hits: Iterator[Hit] = self._gathering.tell(unfinished or correlator)
        loud = (hit for hit in hits if hit.rule.header.id in chosen.alerting)
        kept = keep(loud, places, now_ms=self._setting.now_ms, names=self._naming, suppress=self._setting.suppress)
        if going_on and unfinished:
            going_on.leave(unfinished, chosen.correlations)
        return kept

    def _told(self, alerts: Sequence[Any], suppressed: Mapping[str, int], kept: Kept | None) -> Findings:
        chosen, counts = self._setting.chosen, self.matcher.counts
        return Findings(
            events=self.events,
            unknown_shape=counts.unknown_shape,
            given_up=counts.given_up,
            rules=RuleCounts(
                loaded=len(chosen.rules) + len(chosen.correlations),
                silent=self.matcher.silent(),
                set_aside=self.matcher.set_aside(),
                refused=self._setting.refused,
            ),
            hits=dict(self._gathering.hits),
            alerts=tuple(alerts),
            suppressed=suppressed,
            kept=kept,
        )


@contextmanager
def _database_for_now() -> Iterator[Database]:
    with (
        tempfile.TemporaryDirectory(prefix="sec-ops-") as folder,
        closing(open_database(Path(folder) / "now.db")) as one,
    ):
        yield one
