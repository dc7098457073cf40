"""All texts together: rules with their filters, correlations with their rules, and everything that is refused."""

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.sigma.correlating import correlation_of, resolved
from sec_ops.detection.sigma.detections import condition_of
from sec_ops.detection.sigma.documents import Definition, documents
from sec_ops.detection.sigma.faults import RuleFault, all_of, reading
from sec_ops.detection.sigma.filtering import Filter, filter_of, filtered, source_of
from sec_ops.detection.sigma.heading import header_of, identity
from sec_ops.detection.sigma.reading import Placeholders, Refused, RuleSet, RuleText
from sec_ops.model.messages import Message, message

__all__ = ["collected"]

_IMPORTED: Final = "imported"


def collected(texts: Iterable[RuleText], placeholders: Placeholders) -> RuleSet:
    """Return what the texts hold; see `reading.read_rules`."""
    found = _Found(placeholders)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's own, about a rule's regular expressions
        for text in texts:
            found.add(text)
    return found.together()


class _Found:
    """What was read so far; ids are known by their first rule."""

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders
        self._rules: list[Rule] = []
        self._correlations: list[Correlation] = []
        self._filters: list[Filter] = []
        self._refused: list[Refused] = []
        self._paths: dict[str, str] = {}

    def add(self, text: RuleText) -> None:
        """Read one text."""
        read = list(documents(text.data))
        for document in read:
            if isinstance(document, RuleFault):
                self._refuse(text.path, ("", ""), document)
                continue
            try:
                with reading():
                    self._read(document, text)
            except RuleFault as fault:
                self._refuse(text.path, identity(document.value), fault)
        if not read:
            self._refuse(text.path, ("", ""), RuleFault(message("there is no rule in it")))

    def together(self) -> RuleSet:
        """Return the rules with their filters and the correlations whose rules are all there."""
        rules = tuple(filtered(rule, self._filters) for rule in self._rules)
        correlations = tuple(self._resolved())
        return RuleSet(rules=rules, correlations=correlations, refused=tuple(self._refused))

    def _read(self, definition: Definition, text: RuleText) -> None:
        path = text.path
        if "filter" in definition.value and "detection" not in definition.value:
            if text.layer == _IMPORTED:
                raise RuleFault(_foreign())
            self._filters.append(filter_of(definition, path, self._placeholders))
            return
        if "correlation" in definition.value:
            correlation = correlation_of(definition, path)
            self._claim(correlation)
            self._correlations.append(correlation)
            return
        rule = _rule_of(definition, path, self._placeholders)
        self._claim(rule)
        self._rules.append(rule)

    def _claim(self, rule: Rule | Correlation) -> None:
        """Keep the id for this rule, or refuse the rule when another one has it."""
        header = rule.header
        if header.id in self._paths:
            path = self._paths[header.id]
            raise RuleFault(message("its id {id} is that of another rule: {path}", id=header.id, path=path))
        self._paths[header.id] = header.path

    def _resolved(self) -> Iterator[Correlation]:
        """Yield the correlations, each after those it looks at."""
        names = _Names([*self._rules, *self._correlations])
        there = {rule.header.id for rule in self._rules}
        waiting: list[Correlation] = []
        for each in self._correlations:
            try:
                waiting.append(resolved(each, names.id_of))
            except RuleFault as fault:
                self._refuse_rule(each, fault)
        while ready := [each for each in waiting if there.issuperset(each.rules)]:
            yield from ready
            there.update(each.header.id for each in ready)
            waiting = [each for each in waiting if each.header.id not in there]
        for each in waiting:
            missing = ", ".join(name for name in each.rules if name not in there)
            self._refuse_rule(
                each, RuleFault(message("correlations it looks at can't be used: {names}", names=missing))
            )

    def _refuse_rule(self, rule: Rule | Correlation, fault: RuleFault) -> None:
        self._refuse(rule.header.path, (rule.header.id, rule.header.title["en"]), fault)

    def _refuse(self, path: str, identity: tuple[str, str], fault: RuleFault) -> None:
        self._refused.append(Refused(path=path, id=identity[0], title=identity[1], reason=fault.reason))


class _Names:
    """What rules are called: by id, or by a name that only one has."""

    def __init__(self, rules: Sequence[Rule | Correlation]) -> None:
        self._ids: dict[str, set[str]] = defaultdict(set)
        for rule in rules:
            self._ids[rule.header.id].add(rule.header.id)
            if rule.header.name:
                self._ids[rule.header.name].add(rule.header.id)

    def id_of(self, name: str) -> str:
        ids = self._ids.get(name) or self._ids.get(name.lower(), set())
        if not ids:
            raise RuleFault(message("the rule {name} is not here, or is refused itself", name=name))
        if len(ids) > 1:
            raise RuleFault(message("several rules are called {name}", name=name))
        return next(iter(ids))


def _rule_of(definition: Definition, path: str, placeholders: Placeholders) -> Rule:
    value = definition.value
    header, source, condition = all_of(
        lambda: header_of(definition, path),
        lambda: source_of(value),
        lambda: condition_of(value.get("detection"), placeholders),
    )
    fields = value.get("fields")
    listed = tuple(map(str, fields)) if isinstance(fields, list) else ()
    return Rule(header=header, source=source, condition=condition, listed_fields=listed)


def _foreign() -> Message:
    return message("a filter of a release could silence any rule; copy it to rules/detection/filters if it is wanted")
