"""Rules converted one by one: their queries, or why a query language can't say them."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml
from pyparsing import ParseBaseException
from sigma.backends.elasticsearch.elasticsearch_eql import EqlBackend
from sigma.backends.elasticsearch.elasticsearch_esql import ESQLBackend
from sigma.backends.elasticsearch.elasticsearch_lucene import LuceneBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError
from sigma.processing.pipeline import ProcessingPipeline

from sec_ops.content.library import Library
from sec_ops.detection.conversion.naming import Ways
from sec_ops.detection.library.gathering import gathered
from sec_ops.detection.library.loading import RuleLibrary
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.sigma.faults import RuleFault, shortened
from sec_ops.detection.sigma.reading import Refused
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import Message, message

__all__ = ["Converted", "Language", "converted", "formats_of"]

_Any = Rule | Correlation
_Query = str | dict[str, Any]
_FAULTS = (
    SigmaError,
    ParseBaseException,
    yaml.YAMLError,
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What pySigma and its backends raise for rules they can't convert."""


class Language(StrEnum):
    """A query language of Elasticsearch."""

    LUCENE = "lucene"
    EQL = "eql"
    ESQL = "esql"


_BACKENDS: Mapping[Language, Callable[..., Any]] = {
    Language.LUCENE: LuceneBackend,
    Language.EQL: EqlBackend,
    Language.ESQL: ESQLBackend,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A rule's queries, one for each way its log source may be recorded: an event is found when one finds it.

    A query is text, or a document in formats that are documents.
    """

    rule: Rule | Correlation
    queries: tuple[str | dict[str, Any], ...]


def formats_of(language: Language) -> Mapping[str, str]:
    """Return the formats a language's queries can be written in, with what pySigma says of them."""
    formats: Mapping[str, str] = _BACKENDS[language].formats  # type: ignore[attr-defined]
    return formats


def converted(
    wanted: Sequence[Rule | Correlation],
    content: Library,
    rules: RuleLibrary,
    language: Language,
    ways: Ways,
    form: str = "default",
) -> Iterator[Converted | Refused]:
    """Yield each rule's queries or why it has none, in their order; raises UsageError for a format that isn't known.

    The site's exceptions are part of what is converted.
    """
    if form not in formats_of(language):
        advice = message("name one of: {names}", names=", ".join(formats_of(language)))
        raise UsageError(message("{language} has no format {name}", language=language, name=form), advice=advice)
    converter = _Converter(content, rules, language, ways, form)
    for rule in wanted:
        try:
            with _telling():
                queries = tuple(converter.queries(rule))
        except RuleFault as error:
            header = rule.header
            yield Refused(path=header.path, id=header.id, title=header.title.get("en", ""), reason=error.reason)
        else:
            yield Converted(rule=rule, queries=queries)


class _Converter:
    def __init__(self, content: Library, rules: RuleLibrary, language: Language, ways: Ways, form: str) -> None:
        files = gathered(content.shipped_root, content.site_root)
        self._texts = {each.path: each.data for each in files.rules}
        self._filters = [each.data for each in files.filters]
        self._rules = {each.rule.header.id: each.rule for each in rules.listed}
        self._backend = _BACKENDS[language]
        self._ways = ways
        self._form = form

    def queries(self, rule: _Any) -> Iterator[_Query]:
        """Yield the queries of one rule; raises RuleFault, and what pySigma raises."""
        if isinstance(rule, Rule):
            yield from self._distinct(rule)
            return
        counted = list(self._counted(rule))
        way = self._common_way([each for each in counted if isinstance(each, Rule)])
        yield from self._asked(rule, counted, way)

    def _distinct(self, rule: Rule) -> list[_Query]:
        """Return the queries of a rule over single events, each once."""
        found = [query for way in self._pipelines(rule) for query in self._asked(rule, [rule], way)]
        return [query for number, query in enumerate(found) if query not in found[:number]]

    def _asked(self, rule: _Any, counted: Sequence[_Any], way: ProcessingPipeline) -> list[_Query]:
        found: list[_Query] = self._backend(processing_pipeline=way).convert(
            self._collection(rule, counted), self._form
        )
        return found

    def _counted(self, rule: _Any, *above: str) -> Iterator[_Any]:
        """Yield a rule, and before it what it counts."""
        for name in rule.rules if isinstance(rule, Correlation) else ():
            if name in above or name not in self._rules:
                raise RuleFault(message("it counts {rule}, which is not there", rule=name))
            yield from self._counted(self._rules[name], *above, rule.header.id)
        yield rule

    def _pipelines(self, rule: Rule) -> Sequence[ProcessingPipeline]:
        ways = self._ways(rule)
        if isinstance(ways, Message):
            raise RuleFault(ways)
        return ways

    def _common_way(self, rules: Sequence[Rule]) -> ProcessingPipeline:
        """Return the pipeline that all rules go through, if each has but one query."""
        ways = [self._pipelines(rule) for rule in rules]
        common = [way for way in ways[0] if all(any(way is each for each in others) for others in ways)]
        if not common or any(len(self._distinct(rule)) > 1 for rule in rules):
            what = message("the log sources of what it counts are recorded in several ways, which one query can't ask")
            raise RuleFault(what)
        return common[0]

    def _collection(self, rule: _Any, counted: Sequence[_Any]) -> SigmaCollection:
        paths = dict.fromkeys(each.header.path for each in counted)
        texts = [*(self._texts[path] for path in paths), *self._filters]
        whole = SigmaCollection.merge(map(_parsed, texts))
        if isinstance(rule, Rule):
            own = [each for each in whole.rules if str(each.id).lower() == rule.header.id.lower()]
            whole.rules = own or whole.rules[:1]
        return whole


def _parsed(text: bytes) -> SigmaCollection:
    return SigmaCollection.from_yaml(text, collect_filters=True, resolve_references=False)


@contextmanager
def _telling() -> Iterator[None]:
    """Turn what pySigma raises into the reason that a rule can't be converted."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _FAULTS as error:
        raise RuleFault(message("pySigma: {reason}", reason=shortened(error))) from error
