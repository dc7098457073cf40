"""The list of rules as a document and as text, and which of them a person chose."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sec_ops.cli.alerts._words import level_word
from sec_ops.cli.output import emit
from sec_ops.cli.table import table
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.detection.library.attack import title_of
from sec_ops.detection.library.documents import Source
from sec_ops.detection.library.loading import Listed, RuleLibrary, load_rules
from sec_ops.detection.rule import RANKS, Level, Rule
from sec_ops.detection.sigma.reading import Refused
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language, render
from sec_ops.runtime.site import Site

__all__ = ["Choice", "rule_row", "section", "show_rules"]

_STATES = ("on", "off")
_SHOWN = 20
_STATE_TEXT = {"on": message("on"), "off": message("off")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which rules a person wants to see; empty texts choose all."""

    text: str
    source: str
    level: str
    state: str

    @classmethod
    def of(cls, *, text: str, source: str, level: str, state: str) -> "Choice":
        """Return the choice; raises UsageError for a level or a state that there is none of."""
        for given, known in ((level, tuple(Level)), (state, _STATES)):
            if given and given not in known:
                advice = did_you_mean(given, known) or message("name one of: {names}", names=", ".join(known))
                raise UsageError(message("there is no {name} here", name=given), advice=advice)
        return cls(text=text.lower(), source=source, level=level, state=state)

    def takes(self, each: Listed) -> bool:
        """Tell whether a rule is wanted."""
        header = each.rule.header
        texts = (header.id, header.name, header.path, *header.title.values(), *header.tags)
        return (
            (not self.text or any(self.text in text.lower() for text in texts))
            and (not self.source or self.source in (each.source, each.release))
            and (not self.level or RANKS[header.level] >= RANKS[Level(self.level)])
            and (not self.state or self.state == _state(each))
        )


def show_rules(site: Site | None, choice: Choice) -> Iterable[Outcome]:
    """List the rules of a site, or the shipped ones."""
    rules = load_rules(Library.open(site.root if site else None), site.state if site else None)
    _known_source(choice, rules)
    chosen = [each for each in rules.listed if choice.takes(each)]
    body = {
        "rules": [rule_row(each) for each in chosen],
        "refused": [_refused_row(each) for each in rules.refused],
        "notes": [render(each) for each in rules.notes],
        "releases": [each.model_dump(exclude={"files"}) for each in rules.releases],
        "sha256": rules.digest,
    }
    emit("sec-ops/detect-list", body, text=lambda: "\n".join(_text(chosen, rules)))
    return ()


def rule_row(each: Listed) -> dict[str, Any]:
    """Return a rule as documents show it."""
    header, rule = each.rule.header, each.rule
    return {
        "id": header.id,
        "title": dict(header.title),
        "kind": "rule" if isinstance(rule, Rule) else "correlation",
        "level": header.level.value,
        "level_written": each.written.value,
        "state": _state(each),
        "reason": each.reason,
        "source": each.source.value,
        "release": each.release,
        "replaces": each.replaces,
        "path": header.path,
        "sha256": header.digest,
        "status": header.status,
        "tags": list(header.tags),
        "runbook": header.runbook,
        "log_source": asdict(rule.source) if isinstance(rule, Rule) else None,
    }


def _refused_row(each: Refused) -> dict[str, str]:
    return {"path": each.path, "id": each.id, "title": each.title, "reason": render(each.reason)}


def _known_source(choice: Choice, rules: RuleLibrary) -> None:
    known = [*Source, *(each.name for each in rules.releases)]
    if choice.source and choice.source not in known:
        advice = did_you_mean(choice.source, known) or message("name one of: {names}", names=", ".join(known))
        raise UsageError(message("there is no {name} here", name=choice.source), advice=advice)


def _state(each: Listed) -> str:
    return "on" if each.enabled else "off"


def _text(chosen: Sequence[Listed], rules: RuleLibrary) -> Iterator[str]:
    if chosen:
        head = (_("level"), _("state"), _("layer"), _("id"), _("title"))
        yield table(head, [_cells(each) for each in chosen])
    yield from section(_("refused:"), [f"{printable(each.path)}: {render(each.reason)}" for each in rules.refused])
    yield from section(_("look at:"), [render(each) for each in rules.notes])
    off = sum(not each.enabled for each in chosen)
    counts = {"count": len(chosen), "off": off, "refused": len(rules.refused)}
    yield _("{count} rules, {off} of them off; {refused} refused").format(**counts)


def _cells(each: Listed) -> tuple[str, ...]:
    header = each.rule.header
    level = level_word(header.level) + (f" ({level_word(each.written)})" if each.written is not header.level else "")
    where = each.release or each.source.value
    return level, render(_STATE_TEXT[_state(each)]), where, header.id, title_of(each.rule, language())


def section(title: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield a title and the first of the lines below it; nothing when there are none."""
    if lines:
        yield title
        yield from (f"  {line}" for line in lines[:_SHOWN])
        if len(lines) > _SHOWN:
            yield "  " + _("{count} more; all with --json").format(count=len(lines) - _SHOWN)
