"""What a correlation reads of an occurrence: its groups, the values it counts, the numbers it adds up.

Values are compared as everywhere in detection: as text, without regard to case. A list has each of its values; null,
missing and the empty list have none; an empty text is a value.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

from sec_ops.detection.alerts.grouping import FieldNames
from sec_ops.detection.events import Occurrence
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.values import Scalar, number_of, scalars, text_of

__all__ = ["MICRO", "Found", "NamesHere", "by_rule", "found_by", "groups_of", "numbers_of", "texts_of", "tuples_of"]

MICRO = 1_000_000
"""Numbers are kept as whole millionths, so that sums don't depend on the order of adding."""

NamesHere = Callable[[str, str, str], Sequence[str]]
"""Id of the rule that found an event, the event's shape and a field as rules name it to its names in the event."""


def by_rule(names: FieldNames, rules: Mapping[str, Rule]) -> NamesHere:
    """Return how fields are called, by the id of a rule; of a rule that is not known, by their own names."""

    def here(rule: str, shape: str, field: str) -> Sequence[str]:
        known = rules.get(rule)
        return names(known, shape, field) if known else (field,)

    return here


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that a correlation takes in: an event that a rule found, or what another correlation told.

    `rule` is the id that the correlation names; `samples` are events with the rule that found each; `group` are the
    values of the telling correlation's group; `count` is how many events it stands for.
    """

    rule: str
    time_us: int
    record: str
    samples: tuple[tuple[str, Occurrence], ...]
    group: tuple[tuple[str, str], ...] = ()
    count: int = 1


def found_by(rule: str, occurrence: Occurrence, time_us: int) -> Found:
    """Return an event that a rule found, as correlations take it in."""
    return Found(rule=rule, time_us=time_us, record=occurrence.record, samples=((rule, occurrence),))


def texts_of(correlation: Correlation, found: Found, field: str, names: NamesHere) -> Sequence[str]:
    """Return the values of a field or alias, each once, in order; a telling correlation's group before its events."""
    own = correlation.aliases.get(field, {}).get(found.rule, field)
    for name, value in found.group:
        if name == own:
            return (value,)
    return tuple(dict.fromkeys(text_of(value) for value in _values(found, own, names)))


def tuples_of(
    correlation: Correlation, found: Found, fields: Sequence[str], names: NamesHere, most: int
) -> Sequence[tuple[str, ...]]:
    """Return the combinations of the fields' values, at most `most`; none when a field has no value."""
    return tuple(islice(product(*(texts_of(correlation, found, field, names) for field in fields)), most))


def groups_of(correlation: Correlation, found: Found, names: NamesHere, most: int) -> Sequence[tuple[str, ...]]:
    """Return the groups it belongs to, as written: the values of the fields grouped by, in their order."""
    return tuples_of(correlation, found, correlation.group_by, names, most)


def numbers_of(correlation: Correlation, found: Found, names: NamesHere) -> Sequence[int]:
    """Return the numbers of the fields that are added up or averaged, in millionths; what is no number has none."""
    fields = (correlation.aliases.get(field, {}).get(found.rule, field) for field in correlation.fields)
    numbers = (number_of(value) for field in fields for value in _values(found, field, names))
    return [round(Fraction(number) * MICRO) for number in numbers if number is not None]


def _values(found: Found, field: str, names: NamesHere) -> Iterator[Scalar]:
    for rule, occurrence in found.samples:
        for name in names(rule, occurrence.shape, field):
            yield from scalars(occurrence.event.get(name))
