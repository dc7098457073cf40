"""What `content lint` asks of detection rules of our own: whole, able to fire on stored events, with cases beside them.

Imported releases are others' and are only listed. Whether the cases pass is `detect test`'s to say.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from zoneinfo import ZoneInfo

from sec_ops.content.kinds import FIELDS
from sec_ops.content.layer import read_content, shown_path
from sec_ops.content.library import Library, LintRule
from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.yaml_reader import path_text, read_yaml
from sec_ops.detection.cases.reading import CASES, read_cases, rule_beside
from sec_ops.detection.cases.subjects import Subject, every, helpers
from sec_ops.detection.cases.wholeness import incomplete
from sec_ops.detection.library.files import RULES as FOLDER
from sec_ops.detection.mapping.mapped import CannotFire, event_fields, variants
from sec_ops.detection.mapping.shape import STORED_SHAPE
from sec_ops.detection.rule import Correlation, Rule
from sec_ops.model.detection_case import DetectionCase
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import Message, message
from sec_ops.siem.lint import OPEN_FIELDS
from sec_ops.workflows.rule_cases import OwnRules

__all__ = ["RULES"]

_ALWAYS_THERE = ("@timestamp", "event.", "host.", "log.", "sec_ops.", "message")
_LEAST = 2


def _own_rules(library: Library) -> Iterator[Fault]:
    own = OwnRules(library)
    for refused in own.rules.refused:
        yield Fault(file=refused.path, line=0, path=refused.title, message=refused.reason)
    aside = helpers(own.rules)
    for rule in every(own.rules):
        if rule.header.id not in aside:
            yield from _lacking(own, rule)
    for rule in own.rules.rules:
        yield from _silent(own, rule, library)
    for correlation in own.rules.correlations:
        for name in correlation.header.alert_by:
            if name not in correlation.group_by:
                what = message("alerts are told apart by {field}, which the correlation doesn't group by", field=name)
                yield _fault(own, correlation, "sec_ops.alert.by", what)
    for subject in own.subjects:
        yield from _cases(own, subject)


def _lacking(own: OwnRules, rule: Rule | Correlation) -> Iterator[Fault]:
    document = read_yaml(own.text_of(rule), rule.header.path)
    for path, what, advice in incomplete(document.value):
        line = 0 if "#" in rule.header.path else document.line(path)
        yield Fault(file=_shown(own, rule), line=line, path=path_text(path), message=what, advice=advice)


def _silent(own: OwnRules, rule: Rule, library: Library) -> Iterator[Fault]:
    """Tell of a rule that no stored event can pass: nothing serves its log source, or no parser writes its fields."""
    shape = next(each for each in own.shapes if each.id == STORED_SHAPE)
    found = variants(rule, shape)
    if isinstance(found, CannotFire):
        yield _fault(own, rule, "logsource", message("can't fire on stored events: {why}", why=found.reason))
        return
    for name in rule.header.alert_by:
        found_names = event_fields(rule, shape, name)
        yield from _unknown(own, rule, found_names, library)
    for variant in found:
        for names in variant.names.values():
            yield from _unknown(own, rule, names, library)


def _unknown(own: OwnRules, rule: Rule, names: Sequence[str], library: Library) -> Iterator[Fault]:
    known = library.objects(FIELDS)
    if not names or any(name in known or name.startswith((*OPEN_FIELDS, *_ALWAYS_THERE)) for name in names):
        return
    what = message("no parser writes the field {field}", field=names[0])
    yield _fault(own, rule, names[0], what, did_you_mean(names[0], known))


def _cases(own: OwnRules, subject: Subject) -> Iterator[Fault]:
    path = own.cases_file(subject.rule)
    if not path.is_file():
        advice = message("write {path}", path=shown_path(path))
        yield _fault(own, subject.rule, "", message("the rule has no cases"), advice)
        return
    try:
        cases = read_cases(read_content(path, shown_path(path)), shown_path(path))
    except ContentInvalid as error:
        yield from error.faults
        return
    zone = ZoneInfo(cases.zone)
    for expect in ("match", "none"):
        count = sum(_weight(own, subject, case, zone) for case in cases.cases if case.expect == expect)
        if count < _LEAST:
            yield Fault(file=shown_path(path), line=0, path="cases", message=_too_few(expect, count))


def _weight(own: OwnRules, subject: Subject, case: DetectionCase, zone: ZoneInfo) -> int:
    """Return how much a case says: of a correlation it is one example, of a rule over events each event is one."""
    if isinstance(subject.rule, Correlation):
        return 1
    occurrences = own.events.occurrences(case, zone)
    return 0 if isinstance(occurrences, Message) else len(occurrences)


def _too_few(expect: str, count: int) -> Message:
    if expect == "match":
        return message("{count} examples of what it finds, fewer than {least}", count=count, least=_LEAST)
    return message("{count} examples of what it lets pass, fewer than {least}", count=count, least=_LEAST)


def _strays(library: Library) -> Iterator[Fault]:
    """Tell of case files without a rule."""
    for root in filter(None, (library.shipped_root, library.site_root)):
        for path in sorted((root / FOLDER).rglob(f"*{CASES}")):
            rule = FilePath(rule_beside(str(path)))
            if not (rule.is_file() or rule.with_suffix(".yaml").is_file()):
                what = message("there is no rule beside these cases")
                advice = message("the rule is {path}", path=shown_path(rule))
                yield Fault(file=shown_path(path), line=0, path="", message=what, advice=advice)


def _shown(own: OwnRules, rule: Rule | Correlation) -> str:
    file, mark, number = rule.header.path.partition("#")
    return f"{shown_path(own.root_of(rule) / file)}{mark}{number}"


def _fault(own: OwnRules, rule: Rule | Correlation, path: str, what: Message, advice: Message | None = None) -> Fault:
    return Fault(file=_shown(own, rule), line=0, path=path, message=what, advice=advice)


RULES: Sequence[LintRule] = (_own_rules, _strays)
"""All rules of this room for `content lint`."""
