"""What a correlation asks for, in words."""

from sec_ops.detection.explaining.words import ORDERS
from sec_ops.detection.rule import Aggregate, Correlation
from sec_ops.model.messages import Message, message

__all__ = ["correlated"]

_KINDS = {
    Aggregate.EVENT_COUNT: message("events"),
    Aggregate.VALUE_COUNT: message("different values"),
    Aggregate.VALUE_SUM: message("the sum of values"),
    Aggregate.VALUE_AVERAGE: message("the average of values"),
    Aggregate.VALUE_MEDIAN: message("the median of values"),
    Aggregate.VALUE_PERCENTILE: message("a percentile of values"),
}
_HOUR_S, _MINUTE_S = 3600, 60


def correlated(rule: Correlation) -> Message:
    """Return what a correlation asks for: how many of what, or which rules, in which span, by which group."""
    span, by = _span(rule.span_s), ", ".join(rule.group_by) or "-"
    count = len(rule.rules)
    if rule.alternatives:
        ways = len(rule.alternatives)
        return message(
            "a correlation: {count} rules by a condition in words ({ways} ways) within {span}, by {by}",
            count=count,
            ways=ways,
            span=span,
            by=by,
        )
    if rule.aggregate is Aggregate.TEMPORAL:
        return message("a correlation: {count} rules within {span}, by {by}", count=count, span=span, by=by)
    if rule.aggregate is Aggregate.TEMPORAL_ORDERED:
        return message(
            "a correlation: {count} rules in their order within {span}, by {by}", count=count, span=span, by=by
        )
    return message(
        "a correlation: {what} {order} {threshold} within {span}, by {by}",
        what=_KINDS[rule.aggregate],
        order=ORDERS[rule.order],
        threshold=rule.threshold,
        span=span,
        by=by,
    )


def _span(seconds: int) -> Message:
    if seconds % _HOUR_S == 0:
        return message("{count} h", count=seconds // _HOUR_S)
    if seconds % _MINUTE_S == 0:
        return message("{count} min", count=seconds // _MINUTE_S)
    return message("{count} s", count=seconds)
