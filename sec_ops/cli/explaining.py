"""Explanations as people read them."""

from collections.abc import Iterator, Mapping

from sec_ops.detection.explaining.explanation import Explanation, Way
from sec_ops.detection.explaining.lines import Line, lines_of
from sec_ops.detection.rule import Rule
from sec_ops.model.messages import message
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language, render

__all__ = ["explanation_text", "rule_title"]

_HOLDS = {True: message("yes"), False: message("no")}
_LONGEST = 600


def rule_title(title: Mapping[str, str]) -> str:
    """Return a rule's title in the language of this process, harmless and on one line."""
    text = title.get(language()) or title.get("en", "")
    return printable(text[:_LONGEST]).replace("\n", " ")


def explanation_text(explanation: Explanation) -> Iterator[str]:
    """Yield the lines of an explanation: what it comes to, then each way the rule could have found the event."""
    if explanation.cannot is not None:
        yield _("cannot fire here: {reason}").format(reason=render(explanation.cannot))
        return
    yield _("the rule finds this event") if explanation.found else _("the rule does not find this event")
    found = [way for way in explanation.ways if way.found][:1]
    shown = found or [way for way in explanation.ways if way.served] or explanation.ways
    for number, way in enumerate(shown, 1):
        if len(shown) > 1:
            yield ""
            yield _("way {number} of {count}:").format(number=number, count=len(shown))
        yield from _way(explanation.rule, way)


def _way(rule: Rule, way: Way) -> Iterator[str]:
    source = rule.source
    named = "/".join(each or "*" for each in (source.product, source.category, source.service))
    for head, judged in (
        *((_("log source {source}").format(source=printable(named)), part) for part in way.source),
        (_("condition"), way.condition),
    ):
        yield f"  {_mark(judged.held)}  {head}"
        for line in lines_of(judged, way.written, 2):
            yield _line(line)


def _line(line: Line) -> str:
    text = printable(render(line.text)).replace("\n", "\\n").replace("\t", " ")
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"{'  ' * line.depth}{_mark(line.held)}  {cut}"


def _mark(held: bool | None) -> str:  # noqa: FBT001 - a value, not a switch
    return "…" if held is None else render(_HOLDS[held])
