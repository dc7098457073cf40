"""What a run of detection found, as JSON and for people: worst first, on one screen, with what to do next."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby
from typing import Any

from sec_ops.cli.alerts._words import about, level_word, shown
from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit, line
from sec_ops.cli.table import table
from sec_ops.detection.alerts.documents import alert_document, title_of
from sec_ops.detection.alerts.values import Alert
from sec_ops.detection.match.matcher import Silent
from sec_ops.detection.moments import moment_here
from sec_ops.detection.rule import RANKS, Level
from sec_ops.detection.run.findings import Findings
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language, render

__all__ = ["Shown", "outcomes_of", "show_findings"]

_RULES_SHOWN = 20
_ABOUT_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Findings with what only the command knows: the name of its run, the zone of times.

    `run` is empty when nothing is kept; `more` are members of the document beside the common ones, `notes` lines for
    people behind the table.
    """

    findings: Findings
    run: str
    zone: tzinfo
    more: dict[str, Any]
    notes: Sequence[str]

    def document(self) -> dict[str, Any]:
        """Return the findings as JSON shows them; keys stay, more may be added."""
        return {"run": self.run or None, **_document(self.findings), **self.more}


def show_findings(schema: str, shown_: Shown, outcomes: Iterable[Outcome]) -> None:
    """Write the findings; with `--jsonl` each alert is a line of its own before the document."""
    if current().form == "jsonl":
        for alert in shown_.findings.alerts:
            line("alert", alert_document(alert))
    emit(schema, shown_.document(), outcomes=outcomes, text=lambda: "\n".join(_text(shown_)))


def _document(findings: Findings) -> dict[str, Any]:
    rules = findings.rules
    return {
        "events": findings.events,
        "unknown_shape": findings.unknown_shape,
        "searches_given_up": findings.given_up,
        "rules": {"loaded": rules.loaded, "cannot_fire": len(rules.silent), "refused": len(rules.refused)},
        "set_aside": [_silent(each) for each in rules.set_aside],
        "cannot_fire": [_silent(each) for each in rules.silent],
        "refused": [
            {"path": each.path, "rule": each.id, "title": each.title, "reason": render(each.reason)}
            for each in rules.refused
        ],
        "hits": dict(sorted(findings.hits.items())),
        "suppressed": dict(sorted(findings.suppressed.items())),
        "alerts": [alert_document(alert) for alert in findings.alerts],
    }


def _silent(each: Silent) -> dict[str, Any]:
    header = each.rule.header
    return {"rule": header.id, "title": dict(header.title), "reason": render(each.reason)}


def outcomes_of(findings: Findings, fail_on: str) -> list[Outcome]:
    """Return whether there are findings: alerts of at least a level, or, for `new`, alerts the site didn't have.

    Events that couldn't be judged make it incomplete; rules that were refused are shown, and are a matter of content.
    """
    if fail_on == "new":
        new = findings.kept.opened | findings.kept.reopened if findings.kept else {each.id for each in findings.alerts}
        found = bool(new)
    else:
        found = any(RANKS[each.level] >= RANKS[Level(fail_on)] for each in findings.alerts)
    incomplete = findings.unknown_shape or findings.given_up
    return [*([Outcome.FINDINGS] if found else []), *([Outcome.INCOMPLETE] if incomplete else [])]


def _text(shown_: Shown) -> Iterator[str]:
    findings = shown_.findings
    yield _head(findings)
    if findings.alerts:
        yield ""
        yield from _alerts(findings.alerts, shown_.zone)
    yield ""
    yield from _silence(findings)
    yield from shown_.notes
    yield from _next(shown_)


def _head(findings: Findings) -> str:
    levels = {level: sum(each.level is level for each in findings.alerts) for level in reversed(Level)}
    named = ", ".join(f"{level_word(level)} {count}" for level, count in levels.items() if count)
    facts = {"events": f"{findings.events:,}", "rules": f"{findings.rules.loaded:,}"}
    if not findings.alerts:
        return _("no alerts: {events} events judged by {rules} rules").format(**facts)
    text = _("alerts: {count} ({levels}); {events} events judged by {rules} rules")
    return text.format(count=f"{len(findings.alerts):,}", levels=named, **facts)


def _alerts(alerts: Sequence[Alert], zone: tzinfo) -> Iterator[str]:
    """Yield a line for each rule, the worst first, the one with the most events first among equals."""
    groups = _by_rule(alerts)
    head = (_("level"), _("title"), _("about"), _("events"), _("first event"), _("last event"), _("alert"))
    yield table(head, [_row(group, zone) for group in groups[:_RULES_SHOWN]])
    if len(groups) > _RULES_SHOWN:
        rest = groups[_RULES_SHOWN:]
        counts = {"rules": len(rest), "count": sum(map(len, rest))}
        yield _("{rules} more rules with {count} alerts; --json lists all").format(**counts)


def _by_rule(alerts: Sequence[Alert]) -> list[list[Alert]]:
    """Return the alerts of each rule, those with the most events first; the worst rules first."""
    ordered = sorted(alerts, key=lambda each: (each.rule, -each.count))
    groups = [list(group) for _rule, group in groupby(ordered, key=lambda each: each.rule)]
    return sorted(groups, key=lambda group: (-RANKS[group[0].level], -sum(each.count for each in group)))


def _row(alerts: Sequence[Alert], zone: tzinfo) -> tuple[str, ...]:
    names = list(dict.fromkeys(about(each) for each in alerts))
    whom = ", ".join(names[:_ABOUT_SHOWN])
    if len(names) > _ABOUT_SHOWN:
        whom = _("{names} and {count} more").format(names=whom, count=len(names) - _ABOUT_SHOWN)
    first = min((each.first_us for each in alerts if each.first_us is not None), default=None)
    last = max((each.last_us for each in alerts if each.last_us is not None), default=None)
    return (
        level_word(alerts[0].level),
        shown(title_of(alerts[0], language()), 80),
        whom,
        f"{sum(each.count for each in alerts):,}",
        moment_here(first, zone),
        moment_here(last, zone),
        alerts[0].id,
    )


def _silence(findings: Findings) -> Iterator[str]:
    """Yield what could not be found, and why: nothing found is not the same as nothing there."""
    rules = findings.rules
    if rules.silent:
        text = _("rules that can find nothing in these events: {count}, such as {title}: {reason}")
        yield text.format(count=len(rules.silent), **_such_as(rules.silent[0]))
    if rules.refused:
        text = _("rules refused: {count}, such as {path}: {reason}")
        refused = rules.refused[0]
        yield text.format(count=len(rules.refused), path=shown(refused.path, 80), reason=render(refused.reason))
    if findings.suppressed:
        named = ", ".join(f"{shown(name, 60)} {count:,}" for name, count in findings.suppressed.items())
        yield _("events suppressed: {suppressed}").format(suppressed=named)
    if findings.unknown_shape:
        yield _("events of no known shape, in which nothing can be found: {count}").format(count=findings.unknown_shape)
    if findings.given_up:
        yield _("searches given up because they took too long: {count}").format(count=findings.given_up)
    for each in rules.set_aside[:_RULES_SHOWN]:
        yield _("a rule that may have missed something: {title}: {reason}").format(**_such_as(each))


def _such_as(each: Silent) -> dict[str, str]:
    titles = each.rule.header.title
    return {"title": shown(titles.get(language()) or titles.get("en", ""), 60), "reason": shown(render(each.reason))}


def _next(shown_: Shown) -> Iterator[str]:
    alerts = shown_.findings.alerts
    if not alerts:
        return
    worst = _by_rule(alerts)[0][0]
    if shown_.run:
        yield _("next: {command}").format(command=f"sec-ops alerts show {worst.id}")
        yield _("why: {command}").format(command=f"sec-ops alerts explain {worst.id}")
    else:
        yield _("these alerts are not kept: run it in a site to keep them (sec-ops init DIR)")
    if worst.runbook:
        yield _("runbook: {runbook}").format(runbook=shown(worst.runbook))
