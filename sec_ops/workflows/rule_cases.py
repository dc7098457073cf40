"""Rules tested with their cases: lines through the parsers, events through the engines, rule by rule."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from sec_ops.content.layer import read_content, shown_path
from sec_ops.content.library import Library
from sec_ops.detection.cases.judging import Judgement, judge
from sec_ops.detection.cases.reading import cases_beside, read_cases
from sec_ops.detection.cases.subjects import Subject, subjects
from sec_ops.detection.cases.ways import by_meaning, by_the_engines
from sec_ops.detection.library.documents import Document, Source
from sec_ops.detection.library.gathering import gathered
from sec_ops.detection.mapping.shape import Shape, load_shapes
from sec_ops.detection.placeholders import load_placeholders
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.run.naming import Naming
from sec_ops.detection.sigma.reading import Placeholders, RuleSet, RuleText, read_rules
from sec_ops.model.detection_case import DetectionCases
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import Message
from sec_ops.workflows.case_events import CaseEvents

__all__ = ["OwnRules", "RuleTested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTested:
    """A rule and what became of its cases.

    `cases` is the path of its case file as a person would type it; empty when there is none. `faults` are what is wrong
    with the case file.
    """

    rule: Rule | Correlation
    source: Source
    cases: str
    judgements: tuple[Judgement, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def failed(self) -> tuple[Judgement, ...]:
        """Return the cases that failed."""
        return tuple(each for each in self.judgements if not each.passed)


class OwnRules:
    """The shipped rules and the site's own, each with its cases; imported releases bring none and aren't here."""

    def __init__(self, content: Library) -> None:
        """Raise ContentInvalid when content that they need can't be read."""
        self._content = content
        documents = gathered(content.shipped_root, content.site_root).rules
        self._documents = {each.path: each for each in documents if each.source is not Source.IMPORTED}
        self._shapes = load_shapes(content)
        self._naming = Naming(self._shapes)
        self.events = CaseEvents(content, self._shapes)

    @property
    def shapes(self) -> Sequence[Shape]:
        """Return the shapes of events that are known."""
        return self._shapes

    @cached_property
    def rules(self) -> RuleSet:
        """Return the rules as read with the site's placeholders, without its exceptions."""
        return self._read(self._documents.values(), load_placeholders(self._content))

    @cached_property
    def subjects(self) -> Sequence[Subject]:
        """Return every rule but those that others of their file are made of."""
        return tuple(subjects(self.rules))

    def source_of(self, rule: Rule | Correlation) -> Source:
        """Return which layer a rule is from."""
        return self._documents[rule.header.path].source

    def cases_file(self, rule: Rule | Correlation) -> Path:
        """Return where the cases of a rule lie, whether or not they are there."""
        return self.root_of(rule) / cases_beside(rule.header.path)

    def root_of(self, rule: Rule | Correlation) -> Path:
        """Return the root of the layer a rule is from."""
        site = self._content.site_root if self.source_of(rule) is Source.SITE else None
        return site or self._content.shipped_root

    def text_of(self, rule: Rule | Correlation) -> bytes:
        """Return a rule as it was written."""
        return self._documents[rule.header.path].data

    def tested(self, chosen: Iterable[Subject]) -> Iterator[RuleTested]:
        """Yield what became of the cases of each rule, in their order."""
        for subject in chosen:
            path, source = self.cases_file(subject.rule), self.source_of(subject.rule)
            if not path.is_file():
                yield RuleTested(rule=subject.rule, source=source, cases="")
                continue
            try:
                cases = read_cases(read_content(path, shown_path(path)), shown_path(path))
                judgements = tuple(self._judged(subject, cases))
                yield RuleTested(rule=subject.rule, source=source, cases=shown_path(path), judgements=judgements)
            except ContentInvalid as error:
                yield RuleTested(rule=subject.rule, source=source, cases=shown_path(path), faults=error.faults)

    def _judged(self, subject: Subject, cases: DetectionCases) -> Iterator[Judgement]:
        zone = ZoneInfo(cases.zone)
        given = self._as_given(subject, cases)
        ways = {
            "detect run": by_the_engines(self._shapes, zone, self._naming),
            "the meaning": by_meaning(self._shapes, zone, self._naming),
        }
        for case in cases.cases:
            occurrences = self.events.occurrences(case, zone)
            if isinstance(occurrences, Message):
                yield Judgement(case=case, events=0, reason=occurrences)
            else:
                yield judge(given, case, occurrences, ways)

    def _as_given(self, subject: Subject, cases: DetectionCases) -> Subject:
        """Return the rule as read with the placeholders of its cases, a site's own ones aside for shipped rules."""
        own = self.source_of(subject.rule) is Source.SITE
        base = load_placeholders(self._content) if own else self._shipped_placeholders
        every: tuple[Rule | Correlation, ...] = (*subject.rules, *subject.correlations)
        paths = {each.header.path for each in every}
        read = self._read((self._documents[path] for path in sorted(paths)), {**base, **cases.placeholders})
        return next(each for each in subjects(read) if each.rule.header.id == subject.rule.header.id)

    @cached_property
    def _shipped_placeholders(self) -> Placeholders:
        return load_placeholders(Library.open(None, shipped=self._content.shipped_root))

    @staticmethod
    def _read(documents: Iterable[Document], placeholders: Mapping[str, Sequence[str | int]]) -> RuleSet:
        texts = [RuleText(path=each.path, data=each.data, layer=each.source) for each in documents]
        return read_rules(texts, placeholders)
