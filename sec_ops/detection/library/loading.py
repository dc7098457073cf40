"""The rules of a site as they are judged: layered, read, with the site's exceptions and changes."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sec_ops.content.kinds import PLACEHOLDERS, RULE_CHANGES
from sec_ops.content.library import Library
from sec_ops.detection.library.documents import Document, Source
from sec_ops.detection.library.filters import idle
from sec_ops.detection.library.gathering import Gathered, gathered
from sec_ops.detection.library.releases import Release
from sec_ops.detection.placeholders import load_placeholders
from sec_ops.detection.rule import Correlation, Level, Rule
from sec_ops.detection.sigma.cache import read_rules
from sec_ops.detection.sigma.reading import Refused, RuleText
from sec_ops.model.messages import Message, message
from sec_ops.model.rule_change import RuleChange

__all__ = ["Listed", "RuleLibrary", "load_rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A rule and what is known of it: where it is from, whether it is judged, what the site changed about it.

    `written` is its level in its own text, `reason` the site's for the change; `replaces` is the path of the document
    it stands in for.
    """

    rule: Rule | Correlation
    source: Source
    written: Level
    release: str = ""
    enabled: bool = True
    reason: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLibrary:
    """All rules of a site.

    `rules` and `correlations` are those that are judged, with the levels they have here; `listed` are all that could be
    read, `refused` those that are not judged though nobody switched them off; `notes` are what somebody should look at.
    `digest` (SHA-256) tells one state of the library from another.
    """

    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]
    refused: tuple[Refused, ...]
    listed: tuple[Listed, ...]
    notes: tuple[Message, ...]
    releases: tuple[Release, ...]
    digest: str


_Changes = Mapping[str, RuleChange]


def load_rules(content: Library, cache: Path | None = None) -> RuleLibrary:
    """Return the rules of the library's site, or the shipped ones when it has none.

    `cache` is a folder that what was read is kept in, such as the site's `var/state`.

    What is wrong with single rules stands in `refused`. Raises ContentInvalid when shipped rules aren't those that were
    installed, or the site's changes or placeholders have faults.
    """
    files = gathered(content.shipped_root, content.site_root)
    changes = {name.lower(): loaded.value for name, loaded in content.objects(RULE_CHANGES).items()}
    texts = [RuleText(path=each.path, data=each.data, layer=each.source) for each in (*files.rules, *files.filters)]
    read = read_rules(texts, load_placeholders(content), cache)
    listed = _all_listed((*read.rules, *read.correlations), files, changes)
    judged, blind = _judged(listed)
    return RuleLibrary(
        rules=tuple(each for each in judged if isinstance(each, Rule)),
        correlations=tuple(each for each in judged if isinstance(each, Correlation)),
        refused=(*files.refused, *read.refused, *blind),
        listed=listed,
        notes=(*files.notes, *_idle(files, listed, changes)),
        releases=files.releases,
        digest=_digest(texts, content),
    )


def _all_listed(rules: Sequence[Rule | Correlation], files: Gathered, changes: _Changes) -> tuple[Listed, ...]:
    by_path = {document.path: document for document in files.rules}
    return tuple(_listed(rule, by_path[rule.header.path], files, changes.get(rule.header.id.lower())) for rule in rules)


def _listed(rule: Rule | Correlation, document: Document, files: Gathered, change: RuleChange | None) -> Listed:
    level = Level(change.level) if change and change.level else rule.header.level
    other = files.replaced.get(document.id)
    return Listed(
        rule=rule if level is rule.header.level else replace(rule, header=replace(rule.header, level=level)),
        source=document.source,
        written=rule.header.level,
        release=document.release,
        enabled=change is None or change.enabled is not False,
        reason=change.reason if change else "",
        replaces=other.path if other else "",
    )


def _judged(listed: Sequence[Listed]) -> tuple[list[Rule | Correlation], list[Refused]]:
    """Return the rules that are judged, and the correlations that aren't because of a rule that is switched off."""
    off = {name for each in listed if not each.enabled for name in _names(each.rule)}
    judged = [each.rule for each in listed if each.enabled]
    blind: list[Refused] = []
    while found := [each for each in judged if isinstance(each, Correlation) and off.intersection(each.rules)]:
        blind += [_blind(each, off) for each in found]
        off.update(name for each in found for name in _names(each))
        judged = [each for each in judged if each not in found]
    return judged, blind


def _names(rule: Rule | Correlation) -> tuple[str, ...]:
    return tuple(filter(None, (rule.header.id, rule.header.name)))


def _blind(rule: Correlation, off: set[str]) -> Refused:
    header = rule.header
    missing = ", ".join(each for each in rule.rules if each in off)
    what = message("it counts what {rules} finds, which is switched off", rules=missing)
    return Refused(path=header.path, id=header.id, title=header.title.get("en", ""), reason=what)


def _idle(files: Gathered, listed: Sequence[Listed], changes: _Changes) -> Iterator[Message]:
    """Yield what to tell of exceptions and changes that are for rules nobody has (any more)."""
    known = {name.lower() for each in listed for name in _names(each.rule)} | {each.id for each in files.rules}
    yield from idle(files.filters, known)
    for name in changes:
        if name not in known:
            yield message("changes.yml names {rule}, which no rule is", rule=name)


def _digest(texts: Sequence[RuleText], content: Library) -> str:
    lines = [f"{hashlib.sha256(each.data).hexdigest()}  {each.path}\n" for each in texts]
    others = content.digest(PLACEHOLDERS, RULE_CHANGES)
    return hashlib.sha256("".join([others, "\n", *sorted(lines)]).encode("utf-8", "surrogateescape")).hexdigest()
