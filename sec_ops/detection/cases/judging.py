"""Cases judged: what a rule finds of a case's events, by the engines that run it and, beside them, by its meaning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.detection.cases.subjects import Subject
from sec_ops.detection.events import Occurrence
from sec_ops.detection.rule import Correlation
from sec_ops.model.detection_case import DetectionCase
from sec_ops.model.messages import Message, message

__all__ = ["Found", "Judgement", "Way", "judge"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: the places of events, from 0; of a correlation, at how many times it told something."""

    events: frozenset[int] = frozenset()
    told: int = 0


Way = Callable[[Subject, Sequence[Occurrence]], Found]
"""One way of finding what a rule finds in events, which come in the order of the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of a case; `reason` says why it failed, None when it passed. `events` is how many it had."""

    case: DetectionCase
    events: int
    reason: Message | None

    @property
    def passed(self) -> bool:
        """Return whether the rule did what the case expects."""
        return self.reason is None


def judge(
    subject: Subject, case: DetectionCase, occurrences: Sequence[Occurrence], ways: Mapping[str, Way]
) -> Judgement:
    """Return what became of a case; the first of `ways` is the one that counts, the others have to agree with it."""
    found = {name: way(subject, occurrences) for name, way in ways.items()}
    reason = _reason(subject, case, len(occurrences), found)
    return Judgement(case=case, events=len(occurrences), reason=reason)


def _reason(subject: Subject, case: DetectionCase, events: int, found: Mapping[str, Found]) -> Message | None:
    if not events:
        return message("the case has no events: no record became one")
    first, *others = found.items()
    for name, other in others:
        if other != first[1]:
            return message(
                "the engines disagree: {one} finds {found}, {other} {otherwise}",
                one=first[0],
                found=_shown(first[1]),
                other=name,
                otherwise=_shown(other),
            )
    if isinstance(subject.rule, Correlation):
        return _of_correlation(case, first[1])
    return _of_rule(case, events, first[1])


def _of_correlation(case: DetectionCase, found: Found) -> Message | None:
    if (found.told > 0) is (case.expect == "match"):
        return None
    return message("expected to fire, did not") if case.expect == "match" else message("fired, expected not to")


def _of_rule(case: DetectionCase, events: int, found: Found) -> Message | None:
    wrong = set(found.events) if case.expect == "none" else set(range(events)) - found.events
    if not wrong:
        return None
    places = ", ".join(str(place + 1) for place in sorted(wrong)[:10])
    if case.expect == "match":
        return message("not found: event {places} of {events}", places=places, events=events)
    return message("found, expected not to: event {places} of {events}", places=places, events=events)


def _shown(found: Found) -> str:
    return str(found.told or sorted(place + 1 for place in found.events)[:10])
