"""Rules chosen, converted, and shown as a document or as plain queries."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sec_ops.cli.output import emit, note
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.detection.conversion.converting import Converted, Language, converted
from sec_ops.detection.conversion.naming import ways_named
from sec_ops.detection.library.loading import Listed, RuleLibrary, load_rules
from sec_ops.detection.mapping.rewriting import tests_of
from sec_ops.detection.rule import Correlation, Regex, Rule
from sec_ops.detection.sigma.reading import Refused
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import Message, message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import language, render
from sec_ops.runtime.site import Site

__all__ = ["convert_rules"]

_ALL = "all"


def convert_rules(
    site: Site | None, names: Sequence[str], *, to: str, pipelines: Sequence[str], form: str
) -> Iterable[Outcome]:
    """Convert the rules named and show their queries; refusals are listed, and make the outcome incomplete."""
    target = _language(to)
    content = Library.open(site.root if site else None)
    library = load_rules(content, site.state if site else None)
    wanted = _wanted(library, names)
    done = list(converted(wanted, content, library, target, ways_named(content, pipelines), form))
    good = [each for each in done if isinstance(each, Converted)]
    refused = [each for each in done if isinstance(each, Refused)]
    outcomes = [Outcome.INCOMPLETE] if refused else []
    notes = list(_notes(good, target))
    body = {
        "language": target.value,
        "pipelines": list(pipelines),
        "format": form,
        "queries": [_row(each) for each in good],
        "notes": [render(each) for each in notes],
        "refused": [{"id": each.id, "path": each.path, "reason": render(each.reason)} for each in refused],
    }
    emit("sec-ops/detect-convert", body, outcomes=outcomes, text=lambda: "\n".join(_text(good)))
    for text in notes:
        note(text)
    for each in refused:
        note(message("{rule} can't be converted: {reason}", rule=each.id or each.path, reason=each.reason))
    return outcomes


def _language(name: str) -> Language:
    try:
        return Language(name)
    except ValueError as error:
        advice = did_you_mean(name, Language) or message("name one of: {names}", names=", ".join(Language))
        raise UsageError(message("there is no query language {name}", name=name), advice=advice) from error


def _wanted(library: RuleLibrary, names: Sequence[str]) -> list[Rule | Correlation]:
    """Return the rules of these ids, names or paths; raises UsageError with all that are unknown."""
    if _ALL in names:
        return [each.rule for each in library.listed if each.enabled]
    found = {name: [each for each in library.listed if _is_named(each, name)] for name in names}
    if unknown := [name for name, several in found.items() if not several]:
        what = message("no rule is called {names}", names=", ".join(unknown))
        raise UsageError(what, advice=message("see: {command}", command="sec-ops detect list"))
    chosen = {each.rule.header.path + each.rule.header.id: each.rule for several in found.values() for each in several}
    return list(chosen.values())


def _is_named(each: Listed, name: str) -> bool:
    header = each.rule.header
    path = header.path.partition("#")[0]
    return name.lower() == header.id.lower() or name in (header.name, path) or Path(name).as_posix().endswith(path)


def _notes(done: Sequence[Converted], target: Language) -> Iterator[Message]:
    """Yield in what the queries mean something else than the rules do."""
    if done and target is Language.ESQL:
        yield message("ES|QL compares texts with regard to case; rules don't")
    with_regex = [each.rule.header.id for each in done if isinstance(each.rule, Rule) and _has_regex(each.rule)]
    if with_regex:
        what = message(
            "regular expressions there have to be like the whole value and know fewer signs; rules with some: {rules}",
            rules=", ".join(with_regex),
        )
        yield what


def _has_regex(rule: Rule) -> bool:
    return any(isinstance(test.operand, Regex) for test in tests_of(rule.condition))


def _row(each: Converted) -> dict[str, Any]:
    header = each.rule.header
    return {"id": header.id, "title": dict(header.title), "path": header.path, "queries": list(each.queries)}


def _text(done: Sequence[Converted]) -> Iterator[str]:
    for each in done:
        if len(done) > 1:
            title = each.rule.header.title
            yield printable(f"# {each.rule.header.id}  {title.get(language()) or title.get('en', '')}")
        for query in each.queries:
            yield printable(query) if isinstance(query, str) else canonical_json(query).decode()
