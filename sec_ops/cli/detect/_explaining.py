"""`detect explain` put together."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import orjson

from sec_ops.cli.explaining import explanation_text, rule_title
from sec_ops.cli.output import emit
from sec_ops.cli.stored import stored_event
from sec_ops.content.library import Library
from sec_ops.detection.alerts.telling import LEVEL_WORDS
from sec_ops.detection.explaining.choosing import chosen_rule, single_rules
from sec_ops.detection.explaining.documents import explanation_document
from sec_ops.detection.explaining.explanation import Explanation, explained
from sec_ops.detection.library.loading import RuleLibrary, load_rules
from sec_ops.detection.mapping.shape import load_shapes
from sec_ops.detection.placeholders import load_placeholders
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.sigma.reading import RuleText, read_rules
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site
from sec_ops.siem.parse.loading import DEFAULT_ZONE

__all__ = ["show_explanation"]

_BOUND_BYTES = 16 * 1024 * 1024
_EXAMPLES = """event.json, events.jsonl:7, '{"event.action": "login"}', linux/12/0"""
_LINE = re.compile(r"(.+):(\d{1,9})", re.DOTALL)


def show_explanation(site: Site | None, given_rule: str, given_event: str) -> Iterable[Outcome]:
    """Show why the rule finds the event or doesn't; of a correlation, which of its rules do. Raises UsageError."""
    content = Library.open(site.root if site else None)
    zone = ZoneInfo(load_configuration(site).logs.zone if site else DEFAULT_ZONE)
    library = load_rules(content, site.state if site else None)
    rule = _rule(library, content, given_rule)
    event = _event(site, given_event)
    explanations = [explained(each, event, load_shapes(content), zone) for each in single_rules(rule, library)]
    body = {
        "rule": {
            "id": rule.header.id,
            "title": dict(rule.header.title),
            "level": rule.header.level.value,
            "sha256": rule.header.digest,
            "path": rule.header.path,
        },
        "correlation": isinstance(rule, Correlation),
        "found": any(each.found for each in explanations),
        "explanations": [explanation_document(each) for each in explanations],
    }
    emit("sec-ops/detect-explain", body, text=lambda: "\n".join(_text(rule, explanations)))
    return ()


def _rule(library: RuleLibrary, content: Library, given: str) -> Rule | Correlation:
    path = Path(given)
    if path.suffix not in (".yml", ".yaml") or not path.is_file():
        return chosen_rule(library, given)
    read = read_rules([RuleText(path=given, data=_bytes(path))], load_placeholders(content))
    if read.refused:
        first = read.refused[0]
        raise UsageError(message("the rule {name} is not used: {reason}", name=given, reason=first.reason), where=given)
    found: tuple[Rule | Correlation, ...] = (*read.correlations, *read.rules)
    if not found:
        raise UsageError(message("{path} holds no rule", path=given), where=given)
    return found[0]


def _event(site: Site | None, given: str) -> Mapping[str, Any]:
    """Return the event that is given; raises UsageError when it is none."""
    if given.lstrip().startswith("{"):
        return _parsed(given.encode("utf-8", "surrogateescape"), _("the command line"))
    if given == "-":
        return _parsed(sys.stdin.buffer.read(_BOUND_BYTES + 1), _("standard input"))
    path, line = Path(given), _LINE.fullmatch(given)
    if path.is_file():
        return _parsed(_bytes(path), given)
    if line and Path(line[1]).is_file():
        return _parsed(_line(Path(line[1]), int(line[2])), given)
    event = stored_event(site, given) if site else None
    if event is None:
        what = message("there is no event {name}: no file, no JSON, no record of the store", name=given)
        raise UsageError(what, advice=message("such as: {names}", names=_EXAMPLES))
    return event


def _parsed(data: bytes, place: str) -> Mapping[str, Any]:
    """Return the one JSON object of some bytes, or the first line of several."""
    if len(data) > _BOUND_BYTES:
        raise UsageError(message("an event is longer than {limit} bytes", limit=_BOUND_BYTES), where=place)
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        first, _newline, rest = data.lstrip().partition(b"\n")
        if rest and first.startswith(b"{"):
            return _parsed(first, place)
        advice = message("one JSON object; a line of a file is named FILE:LINE")
        raise UsageError(message("not JSON: {reason}", reason=str(error)), where=place, advice=advice) from error
    if not isinstance(found, dict):
        raise UsageError(message("an event is a JSON object"), where=place)
    return found


def _bytes(path: Path) -> bytes:
    with _opened(path) as file:
        return file.read(_BOUND_BYTES + 1)


def _line(path: Path, number: int) -> bytes:
    with _opened(path) as file:
        for at, line in enumerate(iter(lambda: file.readline(_BOUND_BYTES + 1), b""), 1):
            if at == number:
                return line
    raise UsageError(message("{path} has no line {number}", path=path, number=number))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        what = message("could not read {path}: {reason}", path=path, reason=error.strerror or "?")
        raise UsageError(what, where=str(path)) from error


def _text(rule: Rule | Correlation, explanations: Sequence[Explanation]) -> Iterator[str]:
    header = rule.header
    yield f"{render(LEVEL_WORDS[header.level])}  {rule_title(header.title)}  {header.id}"
    if isinstance(rule, Correlation):
        yield _("a correlation: it counts what these rules find; one event says nothing of it")
    for each in explanations:
        if isinstance(rule, Correlation):
            yield ""
            yield f"{rule_title(each.rule.header.title)}  {each.rule.header.id}"
        yield from explanation_text(each)
