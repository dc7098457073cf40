"""`alerts show` put together."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from zoneinfo import ZoneInfo

from sec_ops.cli.alerts._opened import opened_database
from sec_ops.cli.alerts._words import VERDICT_WORDS, about, level_word, shown, state_word
from sec_ops.cli.output import emit
from sec_ops.detection.alerts.documents import alert_document, related_document, title_of
from sec_ops.detection.alerts.grouping import joined_text
from sec_ops.detection.alerts.reading import named_alert
from sec_ops.detection.alerts.store import ENTITIES
from sec_ops.detection.alerts.values import Alert, Related, State
from sec_ops.detection.moments import moment_here, moment_text
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language, render
from sec_ops.runtime.site import Site

__all__ = ["show_alert"]

_FIELDS = 40
_MOMENTS = ("@timestamp", "event.ingested")
"""Fields of our own parsers that hold microseconds."""


def show_alert(site: Site, name: str) -> Iterable[Outcome]:
    """Show one alert and the events it keeps. Raises UsageError."""
    zone = ZoneInfo(load_configuration(site).logs.zone)
    with opened_database(site) as database:
        alert = named_alert(database, name)
    related = [related_document(each) for each in alert.related]
    body = {"alert": alert_document(alert), "related": related}
    emit("sec-ops/alerts-show", body, text=lambda: "\n".join(_text(alert, zone)))
    return ()


def _text(alert: Alert, zone: tzinfo) -> Iterator[str]:
    yield f"{level_word(alert.level)}  {shown(title_of(alert, language()))}"
    yield ""
    for name, value in _facts(alert, zone):
        yield _("{name}: {value}").format(name=name, value=value)
    for closing in alert.closings:
        word = render(VERDICT_WORDS[closing.verdict])
        yield _("closed {time} by {person}: {verdict}, {reason} ({count} events then)").format(
            time=closing.at, person=closing.person, verdict=word, reason=shown(closing.reason), count=closing.count
        )
    yield ""
    kept = len(alert.related)
    if kept < alert.count:
        yield _("events, the first and the last of {count}:").format(count=alert.count)
    else:
        yield _("events:")
    for each in alert.related:
        yield from _event(each, zone)
    yield ""
    yield _("why: {command}").format(command=f"sec-ops alerts explain {alert.id}")
    if alert.state is State.OPEN:
        command = f"sec-ops alerts close {alert.id} --verdict true_positive|false_positive|benign --reason … --by …"
        yield _("when it is dealt with: {command}").format(command=command)


def _facts(alert: Alert, zone: tzinfo) -> Iterator[tuple[str, str]]:
    state = state_word(alert.state)
    again = _("{state}, again").format(state=state) if alert.state is State.OPEN and alert.reopened else state
    yield _("state"), again
    yield _("alert"), alert.id
    yield _("rule"), f"{shown(alert.rule)}  sha256:{shown(alert.digest[:12])}"
    yield _("about"), about(alert)
    for name, values in (
        (_("hosts"), alert.hosts),
        (_("users"), alert.users),
        (_("addresses"), alert.addresses),
    ):
        if values:
            more = ", …" if len(values) == ENTITIES else ""
            yield name, ", ".join(shown(value, 80) for value in values) + more
    times = {"first": moment_here(alert.first_us, zone), "last": moment_here(alert.last_us, zone)}
    yield _("events"), _("{count}, from {first} to {last}").format(count=alert.count, **times)
    if alert.runbook:
        yield _("runbook"), shown(alert.runbook)
    if alert.suppression:
        yield _("suppressed by"), shown(alert.suppression)


def _event(related: Related, zone: tzinfo) -> Iterator[str]:
    yield f"  {moment_here(related.time_us, zone)}  {shown(related.record)}"
    fields = list(related.event.items())
    for name, value in fields[:_FIELDS]:
        text = moment_text(value) if name in _MOMENTS and isinstance(value, int) else joined_text(value)
        if text:
            yield f"    {shown(name, 80)}: {shown(text)}"
    if len(fields) > _FIELDS or related.cut:
        yield _("    (cut; --json shows what is kept, the record is whole in the raw log)")
