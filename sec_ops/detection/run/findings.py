"""What came of judging events, as commands tell it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sec_ops.detection.alerts.values import Alert
from sec_ops.detection.match.matcher import Silent
from sec_ops.detection.run.keeping import Kept
from sec_ops.detection.sigma.reading import Refused

__all__ = ["Findings", "RuleCounts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCounts:
    """The rules that were judged: how many, those refused, those that could find nothing here, and why.

    `set_aside` are those with an expression that took too long altogether.
    """

    loaded: int
    silent: tuple[Silent, ...] = ()
    set_aside: tuple[Silent, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Events judged, what rules found in them by rule id, and the alerts, worst first.

    `unknown_shape` are events whose names no shape has: nothing can be found in them. `given_up` are searches of an
    expression in a value that took too long. `kept` is what came of the hits among the site's alerts, if they are kept.
    """

    events: int
    unknown_shape: int
    given_up: int
    rules: RuleCounts
    hits: Mapping[str, int]
    alerts: tuple[Alert, ...]
    suppressed: Mapping[str, int]
    kept: Kept | None = None
