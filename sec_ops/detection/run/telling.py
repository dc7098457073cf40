"""Which fields of found events are read: all that a run needs that keeps no events."""

from collections.abc import Iterator
from itertools import chain

from sec_ops.detection.alerts.grouping import FieldNames
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.rule import Correlation
from sec_ops.detection.run.choosing import Chosen

__all__ = ["told_fields"]


def told_fields(chosen: Chosen, shape: Shape, names: FieldNames) -> frozenset[str]:
    """Return what tells time and entity, and what alerts and correlations group by, count and add up."""
    told = shape.content
    found = {*told.time.fields, *told.host, *told.user, *told.address}
    for rule in chosen.rules:
        found.update(name for field in rule.header.alert_by for name in names(rule, shape.id, field))
    asked = frozenset(chain.from_iterable(map(_asked, chosen.correlations)))
    looked_at = frozenset(chain.from_iterable(each.rules for each in chosen.correlations))
    for rule in chosen.rules:
        if rule.header.id in looked_at:
            found.update(name for field in asked for name in names(rule, shape.id, field))
    return frozenset(found) | asked


def _asked(correlation: Correlation) -> Iterator[str]:
    yield from correlation.header.alert_by
    yield from correlation.group_by
    yield from correlation.fields
    for alias in correlation.aliases.values():
        yield from alias.values()
