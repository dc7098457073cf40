"""The rule that a person means: by its id, its beginning, its name or its title."""

from collections.abc import Sequence

from sec_ops.detection.library.loading import RuleLibrary
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.model.errors import UsageError
from sec_ops.model.folding import fold
from sec_ops.model.messages import message

__all__ = ["chosen_rule", "single_rules"]

_SHORTEST = 6
_SHOWN = 8


def chosen_rule(library: RuleLibrary, given: str) -> Rule | Correlation:
    """Return the rule, switched off or not; raises UsageError when none or several are meant, with why one is refused.

    The id, name or title in any language is compared whole and without regard to case; an id's beginning is enough
    from six characters on.
    """
    rules = [each.rule for each in library.listed]
    wanted = fold(given.strip())
    found = [rule for rule in rules if wanted in _names(rule)]
    if not found and len(wanted) >= _SHORTEST:
        found = [rule for rule in rules if fold(rule.header.id).startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(rule.header.id for rule in found[:_SHOWN])
        what = message("several rules are called {name}", name=given)
        raise UsageError(what, advice=message("name one by its id: {names}", names=names))
    raise _unknown(library, given, wanted, rules)


def single_rules(rule: Rule | Correlation, library: RuleLibrary) -> tuple[Rule, ...]:
    """Return the rule, or the rules over single events that a correlation looks at, through others too."""
    if isinstance(rule, Rule):
        return (rule,)
    known = {name: each.rule for each in library.listed for name in (each.rule.header.id, each.rule.header.name)}
    found: dict[str, Rule] = {}
    waiting, seen = list(rule.rules), set[str]()
    while waiting:
        name = waiting.pop(0)
        other = None if name in seen else known.get(name)
        seen.add(name)
        if isinstance(other, Rule):
            found[other.header.id] = other
        elif other is not None:
            waiting += other.rules
    return tuple(found.values())


def _unknown(library: RuleLibrary, given: str, wanted: str, rules: Sequence[Rule | Correlation]) -> UsageError:
    refused = next((each for each in library.refused if wanted and wanted in (fold(each.id), fold(each.title))), None)
    if refused is not None:
        what = message("the rule {name} is not used: {reason}", name=given, reason=refused.reason)
        return UsageError(what, where=refused.path)
    titles = {title: rule for rule in rules for title in rule.header.title.values()}
    near = [title for title in titles if wanted and wanted in fold(title)][:_SHOWN]
    what = message("no rule has the id or title {name}", name=given)
    if near:
        return UsageError(what, advice=message("perhaps: {names}", names="; ".join(near)))
    return UsageError(what, advice=message("see: {command}", command="sec-ops detect list"))


def _names(rule: Rule | Correlation) -> frozenset[str]:
    header = rule.header
    return frozenset(fold(each) for each in (header.id, header.name, *header.title.values()) if each)
