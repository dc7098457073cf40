"""What engines find: a rule and the occurrences it found, before they become alerts."""

from dataclasses import dataclass

from sec_ops.detection.events import Occurrence
from sec_ops.detection.rule import Correlation, Rule

__all__ = ["Hit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A rule that found something: one event, or for a correlation a sample of the events that led to it.

    `count` is how many events it stands for, of which `occurrences` holds at most a bounded number, in order of time;
    `group` are the values of the correlation's group, by the names the rule gives them. Events of a correlation are
    counted once: a hit that goes on from an earlier one of its group counts what is new, and says `more` when it tells
    nothing else than that.
    """

    rule: Rule | Correlation
    occurrences: tuple[Occurrence, ...]
    count: int = 1
    group: tuple[tuple[str, str], ...] = ()
    more: bool = False
