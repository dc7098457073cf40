"""The two ways of running a rule over a case: as `detect run` and live detection do, and as its meaning is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo

from sec_ops.detection.alerts.grouping import FieldNames
from sec_ops.detection.cases.judging import Found, Way
from sec_ops.detection.cases.subjects import Subject
from sec_ops.detection.correlate.chains import in_feeding_order
from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.correlate.reference import findings
from sec_ops.detection.correlate.values import Found as Point
from sec_ops.detection.correlate.values import by_rule, found_by
from sec_ops.detection.events import Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.mapping.mapped import CannotFire, mapped
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.match.matcher import Matcher
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import Correlation, Expression, Rule

__all__ = ["by_meaning", "by_the_engines"]


def by_the_engines(shapes: Sequence[Shape], zone: tzinfo, names: FieldNames) -> Way:
    """Return the matcher and the correlator as a way."""

    def way(subject: Subject, occurrences: Sequence[Occurrence]) -> Found:
        matcher = Matcher(subject.rules, shapes, zone)
        events = (occurrence.event for occurrence in occurrences)
        by_place = {place: rules for place, _, rules in matcher.run(events)}
        if not isinstance(subject.rule, Correlation):
            return Found(events=frozenset(by_place))
        return Found(told=_told(subject, occurrences, by_place, names))

    return way


def by_meaning(shapes: Sequence[Shape], zone: tzinfo, names: FieldNames) -> Way:
    """Return the reference evaluators as a way."""
    known = {shape.id: shape for shape in shapes}

    def way(subject: Subject, occurrences: Sequence[Occurrence]) -> Found:
        places = [(rule, _places(rule, occurrences, known, zone)) for rule in subject.rules]
        if isinstance(subject.rule, Rule):
            return Found(events=frozenset(dict(_by_id(places))[subject.rule.header.id]))
        points = [
            found_by(rule.header.id, occurrences[place], time_us)
            for rule, each in places
            for place in each
            if (time_us := occurrences[place].time_us) is not None
        ]
        return Found(told=_by_reference(subject, points, names))

    return way


def _told(
    subject: Subject, occurrences: Sequence[Occurrence], found: Mapping[int, Iterable[Rule]], names: FieldNames
) -> int:
    correlator = Correlator(subject.correlations, subject.rules, names=names)
    hits: list[Hit] = []
    for place in sorted(found, key=lambda place: (occurrences[place].time_us or 0, place)):
        for rule in found[place]:
            hits += correlator.feed(rule, occurrences[place])
    hits += correlator.flush()
    return sum(hit.rule.header.id == subject.rule.header.id and not hit.more for hit in hits)


def _by_reference(subject: Subject, points: list[Point], names: FieldNames) -> int:
    told = 0
    here = by_rule(names, {each.header.id: each for each in subject.rules})
    for correlation in in_feeding_order(subject.correlations):
        made = findings(correlation, points, here)
        points += [
            Point(
                rule=correlation.header.id,
                time_us=each.time_us,
                record=f"{correlation.header.id}@{each.time_us}",
                samples=(),
                group=tuple(zip(correlation.group_by, each.group, strict=True)),
            )
            for each in made
        ]
        told = len(made) if correlation.header.id == subject.rule.header.id else told
    return told


def _places(rule: Rule, occurrences: Sequence[Occurrence], shapes: Mapping[str, Shape], zone: tzinfo) -> list[int]:
    asked = {name: mapped(rule, shapes[name]) for name in {each.shape for each in occurrences} & shapes.keys()}
    return [place for place, each in enumerate(occurrences) if _holds(asked.get(each.shape), each, zone)]


def _holds(expression: Expression | CannotFire | None, occurrence: Occurrence, zone: tzinfo) -> bool:
    if expression is None or isinstance(expression, CannotFire):
        return False
    return finds(expression, occurrence.event, zone)


def _by_id(places: Iterable[tuple[Rule, list[int]]]) -> Iterator[tuple[str, list[int]]]:
    return ((rule.header.id, each) for rule, each in places)
