"""All correlations of a rule set together, fed with what its rules find."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sec_ops.detection.alerts.grouping import FieldNames, same_names
from sec_ops.detection.correlate.chains import feeders, in_feeding_order
from sec_ops.detection.correlate.keeping import Kept, group_document, group_of, key_text
from sec_ops.detection.correlate.limits import Counts, Limits
from sec_ops.detection.correlate.machine import Machine, Told
from sec_ops.detection.correlate.taking import folded, take_in
from sec_ops.detection.correlate.values import Found, by_rule, found_by
from sec_ops.detection.events import Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Correlation, Rule

__all__ = ["Correlator"]


class Correlator:
    """Tells what correlations find, at once where more events can't undo it, else when the window is over.

    It has no clock: `advance` says what time it is, the time of receipt where events come in, the events' own where
    they are read in order. Without it nothing is forgotten but by the bounds, and open windows wait for `flush`.
    Correlations that go round in a circle find nothing; the reader of rules refuses them.
    """

    def __init__(
        self,
        correlations: Iterable[Correlation],
        rules: Iterable[Rule],
        *,
        limits: Limits | None = None,
        names: FieldNames = same_names,
    ) -> None:
        ordered = in_feeding_order(correlations)
        self._limits = limits or Limits()
        self._names = by_rule(names, {each.header.id: each for each in rules})
        self._machines = {each.header.id: Machine(each, self._limits) for each in ordered}
        self._fed = feeders(ordered)
        self._now_us = 0

    @property
    def rules(self) -> frozenset[str]:
        """Return the ids of the rules and correlations that any correlation looks at."""
        return frozenset(self._fed)

    @property
    def counts(self) -> Mapping[str, Counts]:
        """Return what each correlation could not use, by its id."""
        return {name: machine.counts for name, machine in self._machines.items()}

    def feed(self, rule: Rule, occurrence: Occurrence) -> Sequence[Hit]:
        """Take an event that the rule found; return what this tells."""
        name = rule.header.id
        fed = self._fed.get(name, ())
        if occurrence.time_us is None:
            for each in fed:
                self._machines[each].counts.untimed += 1
            return ()
        if not fed:
            return ()
        return self._take(found_by(name, occurrence, occurrence.time_us))

    def arrive(self, now_us: int) -> None:
        """Say when what is fed from now on came in (microseconds since 1970, UTC), without judging what is over.

        For a backlog of several sources, which is judged when all of it was fed. A step back within the lateness
        changes nothing; a longer one is taken for a clock that was put right.
        """
        if now_us < self._now_us - self._limits.lateness_us:
            for machine in self._machines.values():
                machine.set_back(now_us)
            self._now_us = now_us
        self._now_us = max(self._now_us, now_us)

    def advance(self, now_us: int) -> Sequence[Hit]:
        """Say what time it is; return what that tells."""
        self.arrive(now_us)
        return [hit for machine in self._machines.values() for hit in self._hits(machine.advance(self._now_us))]

    def flush(self) -> Sequence[Hit]:
        """Judge what is still open, for there is nothing more to come."""
        return [hit for machine in self._machines.values() for hit in self._hits(machine.flush())]

    def state(self) -> Sequence[Kept]:
        """Return everything that is remembered."""
        for machine in self._machines.values():
            machine.changed = set(machine.groups)
        return self.changes()

    def changes(self) -> Sequence[Kept]:
        """Return what changed since this was last asked: groups by correlation; an empty document: it is gone."""
        return [kept for machine in self._machines.values() for kept in _changes(machine)]

    def restore(self, state: Iterable[Kept], now_us: int) -> None:
        """Take in what was remembered until `now_us`, of correlations that are still the same."""
        self._now_us = now_us
        groups = [
            (machine, group_of(kept.document))
            for kept in state
            if (machine := self._machines.get(kept.correlation)) and kept.digest == machine.correlation.header.digest
        ]
        for machine, group in sorted(groups, key=lambda each: each[1].touched_us):
            machine.put(folded(group.shown), group)

    def _take(self, found: Found) -> list[Hit]:
        hits: list[Hit] = []
        for name in self._fed.get(found.rule, ()):
            machine = self._machines[name]
            taken = take_in(
                machine.correlation,
                found,
                names=self._names,
                limits=self._limits,
                counts=machine.counts,
                now_us=self._now_us,
            )
            if taken:
                hits += self._hits(machine.take(found, taken, self._now_us))
        return hits

    def _hits(self, told: Iterable[Told]) -> Iterator[Hit]:
        for each in told:
            header = each.correlation.header
            group = tuple(zip(each.correlation.group_by, each.group, strict=True))
            yield Hit(
                rule=each.correlation,
                occurrences=tuple({occurrence.record: occurrence for _, occurrence in each.samples}.values()),
                count=each.count,
                group=group,
                more=each.more,
            )
            if each.more:
                continue
            yield from self._take(
                Found(
                    rule=header.id,
                    time_us=each.time_us,
                    record=f"{header.id}@{each.time_us}/{key_text(each.group)}",
                    samples=each.samples,
                    group=group,
                    count=each.count,
                )
            )


def _changes(machine: Machine) -> Iterator[Kept]:
    header = machine.correlation.header
    for key in sorted(machine.changed):
        group = machine.groups.get(key)
        document = group_document(group) if group else ""
        yield Kept(correlation=header.id, digest=header.digest, key=key_text(key), document=document)
    machine.changed.clear()
