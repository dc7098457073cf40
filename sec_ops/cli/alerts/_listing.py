"""`alerts list` put together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from zoneinfo import ZoneInfo

from sec_ops.cli.alerts._opened import opened_database
from sec_ops.cli.alerts._words import VERDICT_WORDS, about, level_word, state_word
from sec_ops.cli.moments import moment_span
from sec_ops.cli.output import emit, put
from sec_ops.cli.spreadsheet import csv_line, safe_cell
from sec_ops.cli.table import table
from sec_ops.detection.alerts.documents import alert_document, title_of
from sec_ops.detection.alerts.reading import Wanted, alerts_of, count_alerts, rules_named
from sec_ops.detection.alerts.values import Alert, State
from sec_ops.detection.moments import moment_here, moment_text
from sec_ops.detection.rule import Level
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language, render
from sec_ops.runtime.site import Site

__all__ = ["Asked", "show_alerts"]

_COLUMNS = (
    "id",
    "rule",
    "title",
    "level",
    "state",
    "about",
    "hosts",
    "users",
    "addresses",
    "events",
    "first",
    "last",
    "verdict",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for; `state` is a state or `all`, `since` a time as people write it."""

    state: str
    level: Level
    rules: tuple[str, ...] = ()
    host: str = ""
    user: str = ""
    address: str = ""
    since: str = ""
    limit: int | None = None
    csv: bool = False


def show_alerts(site: Site, asked: Asked) -> Iterable[Outcome]:
    """Show the alerts; findings when an open one is among all that were asked for. Raises UsageError."""
    zone = ZoneInfo(load_configuration(site).logs.zone)
    wanted = _wanted(asked, zone)
    with opened_database(site) as database:
        named = [rule for given in asked.rules for rule in rules_named(database, given)]
        wanted = replace(wanted, rules=tuple(named))
        alerts = alerts_of(database, wanted)
        counts = count_alerts(database, wanted)
        open_too = State.OPEN in (wanted.states or tuple(State))
        still_open = count_alerts(database, replace(wanted, states=(State.OPEN,))) if open_too else {}
    outcomes = [Outcome.FINDINGS] if sum(still_open.values()) else []
    if asked.csv:
        put("".join(_csv(alerts)))
        return outcomes
    body = {
        "alerts": [alert_document(alert) for alert in alerts],
        "count": sum(counts.values()),
        "levels": {level.value: count for level, count in counts.items()},
    }
    emit("sec-ops/alerts-list", body, outcomes=outcomes, text=lambda: "\n".join(_text(alerts, counts, zone)))
    return outcomes


def _wanted(asked: Asked, zone: tzinfo) -> Wanted:
    now_us = int(SystemClock().now().timestamp() * 1_000_000)
    return Wanted(
        least=asked.level,
        states=() if asked.state == "all" else (State(asked.state),),
        host=asked.host,
        user=asked.user,
        address=asked.address,
        since_us=moment_span("--since", asked.since, zone, now_us)[0] if asked.since else None,
        limit=asked.limit,
    )


def _text(alerts: Sequence[Alert], counts: Mapping[Level, int], zone: tzinfo) -> Iterator[str]:
    if not alerts:
        yield _("no alerts")
        return
    head = (_("alert"), _("level"), _("title"), _("about"), _("events"), _("last event"), _("state"))
    yield table(head, [_row(alert, zone) for alert in alerts])
    yield ""
    total = sum(counts.values())
    levels = _(", ").join(f"{level_word(level)} {counts[level]}" for level in reversed(Level) if counts.get(level))
    yield _("alerts: {count} ({levels})").format(count=total, levels=levels)
    if total > len(alerts):
        yield _("not shown: {count}; --limit 0 shows all").format(count=total - len(alerts))
    yield _("what led to one: {command}").format(command=f"sec-ops alerts explain {alerts[0].id}")


def _row(alert: Alert, zone: tzinfo) -> tuple[str, ...]:
    state = state_word(alert.state)
    if alert.state is State.OPEN and alert.reopened:
        state = _("{state}, again").format(state=state)
    if alert.state is State.CLOSED:
        state = f"{state}: {render(VERDICT_WORDS[alert.closings[-1].verdict])}"
    title = title_of(alert, language())
    return (
        alert.id,
        level_word(alert.level),
        title,
        about(alert),
        str(alert.count),
        moment_here(alert.last_us, zone),
        state,
    )


def _csv(alerts: Sequence[Alert]) -> Iterator[str]:
    yield csv_line(_COLUMNS)
    for alert in alerts:
        cells = (
            alert.id,
            alert.rule,
            title_of(alert, language()),
            alert.level.value,
            alert.state.value,
            about(alert),
            " | ".join(alert.hosts),
            " | ".join(alert.users),
            " | ".join(alert.addresses),
            str(alert.count),
            moment_text(alert.first_us),
            moment_text(alert.last_us),
            alert.closings[-1].verdict.value if alert.state is State.CLOSED else "",
        )
        yield csv_line([safe_cell(cell) for cell in cells])
