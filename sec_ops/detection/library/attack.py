"""ATT&CK 攻击技术: what rules say they see by their tags, and a layer of it for the ATT&CK Navigator.

Tags are Sigma's: `attack.t1003.001` is a technique, `attack.credential-access` a tactic. The layer follows the
Navigator's layer format 4.5 for the Enterprise domain.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sec_ops.detection.library.coverage import Sight
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.model.messages import Message, Translate, message
from sec_ops.model.text import printable

__all__ = ["Tally", "navigator_layer", "tactics", "techniques", "title_of"]

_TECHNIQUE = re.compile(r"attack\.(t[0-9]{4}(?:\.[0-9]{3})?)", re.IGNORECASE)
_TACTIC = re.compile(r"attack\.([a-z]+(?:[-_][a-z]+)*)", re.IGNORECASE)
_COMMENTED = 15
_ALL, _SOME, _NONE = "#74c476", "#fed976", "#fc9272"
_LEGEND = (
    (_ALL, message("every rule can fire here")),
    (_SOME, message("some rules can't fire here")),
    (_NONE, message("no rule can fire here")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The rules of a tactic or technique: those that can fire here, and those that can't."""

    seeing: tuple[Sight, ...]
    blind: tuple[Sight, ...]


def techniques(found: Iterable[Sight]) -> Mapping[str, Tally]:
    """Return the rules by technique or sub-technique, such as `T1003.001`, in order of their ids."""
    return _tallied(found, lambda tag: tag.upper(), _TECHNIQUE)


def tactics(found: Iterable[Sight]) -> Mapping[str, Tally]:
    """Return the rules by tactic, such as `credential-access`, by name."""
    return _tallied(found, lambda tag: tag.lower().replace("_", "-"), _TACTIC)


def title_of(rule: Rule | Correlation, language: str) -> str:
    """Return a rule's title in a language (`zh`, `en`), as far as it has one."""
    title = rule.header.title
    return title.get(language) or title.get("en") or rule.header.id


def navigator_layer(found: Iterable[Sight], name: str, language: str, translate: Translate) -> dict[str, Any]:
    """Return a layer: each technique's score is how many of its rules can fire, its colour whether some can't."""
    tallies = techniques(found)
    highest = max((len(tally.seeing) for tally in tallies.values()), default=0)
    return {
        "name": name,
        "versions": {"navigator": "4.9.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": translate("What the detection rules of this site can and cannot see."),
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
        "techniques": [_technique(each, tally, language, translate) for each, tally in tallies.items()],
        "gradient": {"colors": [_NONE, _ALL], "minValue": 0, "maxValue": max(highest, 1)},
        "legendItems": [{"label": text.render(translate), "color": color} for color, text in _LEGEND],
    }


def _tallied(found: Iterable[Sight], spelled: Callable[[str], str], tag: re.Pattern[str]) -> Mapping[str, Tally]:
    by_tag: dict[str, list[Sight]] = {}
    for sight in found:
        matches = filter(None, map(tag.fullmatch, sight.listed.rule.header.tags))
        for name in dict.fromkeys(spelled(match[1]) for match in matches):
            by_tag.setdefault(name, []).append(sight)
    return {
        name: Tally(
            seeing=tuple(each for each in by_tag[name] if each.sees),
            blind=tuple(each for each in by_tag[name] if not each.sees),
        )
        for name in sorted(by_tag)
    }


def _technique(name: str, tally: Tally, language: str, translate: Translate) -> dict[str, Any]:
    color = _NONE if not tally.seeing else _SOME if tally.blind else _ALL
    comment = "\n".join(_comment(tally, language, translate))
    return {"techniqueID": name, "score": len(tally.seeing), "color": color, "comment": comment, "enabled": True}


def _comment(tally: Tally, language: str, translate: Translate) -> Iterator[str]:
    sides = ((message("can fire:"), tally.seeing), (message("cannot fire here:"), tally.blind))
    for heading, side in sides:
        if side:
            yield heading.render(translate)
            yield from (_line(each, language, translate) for each in side[:_COMMENTED])
            yield from [f"  … {len(side) - _COMMENTED}"] if len(side) > _COMMENTED else []


def _line(sight: Sight, language: str, translate: Translate) -> str:
    title = printable(title_of(sight.listed.rule, language))
    why: Message | None = sight.reason
    return f"  {title} — {why.render(translate)}" if why else f"  {title}"
