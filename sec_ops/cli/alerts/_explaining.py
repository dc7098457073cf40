"""`alerts explain` put together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo

from sec_ops.cli.alerts._opened import opened_database
from sec_ops.cli.alerts._words import about, level_word, shown
from sec_ops.cli.explaining import explanation_text, rule_title
from sec_ops.cli.output import emit
from sec_ops.cli.stored import stored_event
from sec_ops.content.library import Library
from sec_ops.detection.alerts.documents import alert_document
from sec_ops.detection.alerts.reading import named_alert
from sec_ops.detection.alerts.values import Alert, Related
from sec_ops.detection.explaining.choosing import single_rules
from sec_ops.detection.explaining.correlated import correlated
from sec_ops.detection.explaining.documents import explanation_document
from sec_ops.detection.explaining.explanation import Explanation, explained_in
from sec_ops.detection.library.loading import RuleLibrary, load_rules
from sec_ops.detection.mapping.shape import STORED_SHAPE, Shape, load_shapes
from sec_ops.detection.moments import moment_here
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site

__all__ = ["explain_alert"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One event of the alert as each of the alert's rules judges it; `whole` unless parts of it were left out."""

    related: Related
    whole: bool
    explanations: tuple[Explanation, ...]

    @property
    def found(self) -> bool:
        return any(each.found for each in self.explanations)


def explain_alert(site: Site, name: str, record: str) -> Iterable[Outcome]:
    """Show why the alert's rule found its events, by the rule as it is now. Raises UsageError."""
    content = Library.open(site.root)
    zone = ZoneInfo(load_configuration(site).logs.zone)
    with opened_database(site) as database:
        alert = named_alert(database, name)
    library = load_rules(content, site.state)
    rule = _rule(library, alert)
    singles = single_rules(rule, library)
    shapes = {shape.id: shape for shape in load_shapes(content)}
    judged = [_judged(site, each, singles, shapes, zone) for each in _chosen(alert, record)]
    body = {
        "alert": alert_document(alert),
        "rule_changed": rule.header.digest != alert.digest,
        "events": [
            {
                "record": each.related.record,
                "whole": each.whole,
                "found": each.found,
                "explanations": [explanation_document(one) for one in each.explanations],
            }
            for each in judged
        ],
    }
    emit("sec-ops/alerts-explain", body, text=lambda: "\n".join(_text(alert, rule, judged, zone)))
    return ()


def _rule(library: RuleLibrary, alert: Alert) -> Rule | Correlation:
    found = next((each.rule for each in library.listed if each.rule.header.id == alert.rule), None)
    if found is None:
        what = message("the rule {rule} of this alert is not there any more", rule=alert.rule)
        advice = message("what it found: {command}", command=f"sec-ops alerts show {alert.id}")
        raise UsageError(what, advice=advice)
    return found


def _chosen(alert: Alert, record: str) -> Sequence[Related]:
    chosen = [each for each in alert.related if record in ("", each.record)]
    if not chosen:
        what = message("the alert keeps no event of the record {name}", name=record)
        raise UsageError(what, advice=message("see: {command}", command=f"sec-ops alerts show {alert.id}"))
    return chosen


def _judged(site: Site, related: Related, rules: Sequence[Rule], shapes: dict[str, Shape], zone: tzinfo) -> _Judged:
    """Judge an event; one that was cut is taken from the store when it is there."""
    stored = (
        stored_event(site, related.record, related.time_us) if related.cut and related.shape == STORED_SHAPE else None
    )
    shape = shapes.get(related.shape)
    if shape is None:
        reason = message("there is no shape {name} any more", name=related.shape)
        found = tuple(Explanation(rule=rule, shape="", cannot=reason) for rule in rules)
    else:
        found = tuple(explained_in(rule, stored or related.event, shape, zone) for rule in rules)
    return _Judged(related=related, whole=stored is not None or not related.cut, explanations=found)


def _text(alert: Alert, rule: Rule | Correlation, judged: Sequence[_Judged], zone: tzinfo) -> Iterator[str]:
    yield f"{level_word(alert.level)}  {rule_title(rule.header.title)}  {shown(alert.rule)}"
    yield _("{name}: {value}").format(name=_("about"), value=about(alert))
    if rule.header.digest != alert.digest:
        yield _("the rule was changed since; this is how it judges today")
    if isinstance(rule, Correlation):
        yield render(correlated(rule))
    found = sum(each.found for each in judged)
    yield _("events that are kept: {kept} of {count}; found by the rule: {found}").format(
        kept=len(alert.related), count=alert.count, found=found
    )
    for each, explanations in _told(judged):
        yield ""
        yield f"{moment_here(each.related.time_us, zone)}  {shown(each.related.record)}"
        if not each.whole:
            yield _("this event was cut when it was kept: tests of what is missing fail here")
        for one in explanations:
            if isinstance(rule, Correlation):
                yield f"{rule_title(one.rule.header.title)}  {shown(one.rule.header.id)}"
            yield from explanation_text(one)


def _told(judged: Sequence[_Judged]) -> Iterator[tuple[_Judged, list[Explanation]]]:
    """Yield the first event found by each rule with its explanation, or the first event when none is found."""
    told: set[str] = set()
    for each in judged:
        fresh = [one for one in each.explanations if one.found and one.rule.header.id not in told]
        told |= {one.rule.header.id for one in fresh}
        if fresh:
            yield each, fresh
    if not told and judged:
        yield judged[0], list(judged[0].explanations)
