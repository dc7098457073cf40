"""A test of rules as the command line shows it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sec_ops.cli.output import emit
from sec_ops.cli.table import table
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.detection.cases.judging import Judgement
from sec_ops.detection.cases.junit import CaseLine, RuleLines, junit
from sec_ops.detection.cases.subjects import Subject
from sec_ops.detection.sigma.reading import Refused
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import Message, message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.files import write_atomically
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.workflows.rule_cases import OwnRules, RuleTested

__all__ = ["run_cases"]

_FOLDER = "rules/detection/"


def run_cases(site: Path | None, wanted: Sequence[str], report: Path | None) -> Iterable[Outcome]:
    """Run the cases of the rules named (all when none is), show and write what became of them."""
    own = OwnRules(Library.open(site))
    chosen, refused = _chosen(own, wanted)
    tested = tuple(own.tested(chosen))
    if report is not None:
        write_atomically(report, junit([*map(_lines, tested), *map(_refusal, refused)], "sec-ops"), mode=0o644)
    outcomes = _outcomes(tested, refused)
    emit("sec-ops/detect-test", _body(tested, refused), outcomes=outcomes, text=lambda: _shown(tested, refused))
    return outcomes


def _chosen(own: OwnRules, wanted: Sequence[str]) -> tuple[Sequence[Subject], Sequence[Refused]]:
    if not wanted:
        return own.subjects, own.rules.refused
    names = {subject.rule.header.id: _names(own, subject) for subject in own.subjects}
    unread = [(each, _parts(each.path)) for each in own.rules.refused]
    known = set[str]().union(*names.values(), *(each for _, each in unread))
    asked = [_asked(each) for each in wanted]
    for given, plain in zip(wanted, asked, strict=True):
        if plain not in known:
            raise UsageError(
                message("no rule of our own is called {name}", name=given), advice=did_you_mean(plain, known)
            )
    subjects = [subject for subject in own.subjects if names[subject.rule.header.id].intersection(asked)]
    return subjects, [each for each, parts in unread if parts.intersection(asked)]


def _names(own: OwnRules, subject: Subject) -> set[str]:
    """Return what a rule may be called: id, name, `linux/ssh-guessing`, `ssh-guessing`, `linux`."""
    header = subject.rule.header
    file = str((own.root_of(subject.rule) / header.path.partition("#")[0]).resolve())
    return {header.id, header.name, file, *_parts(header.path)} - {""}


def _parts(path: str) -> set[str]:
    plain = _plain(path)
    folder, _, stem = plain.rpartition("/")
    return {plain, stem, folder} - {""}


def _asked(name: str) -> str:
    path = Path(name)
    return str(path.resolve()) if path.suffix in (".yml", ".yaml") and path.is_file() else _plain(name)


def _plain(path: str) -> str:
    return path.partition("#")[0].removeprefix(_FOLDER).removesuffix(".yml").removesuffix(".yaml").rstrip("/")


def _outcomes(tested: Iterable[RuleTested], refused: Sequence[Refused]) -> list[Outcome]:
    held = {Outcome.INVALID} if refused else set()
    for each in tested:
        held |= {Outcome.FINDINGS} if each.failed else set()
        held |= {Outcome.INVALID} if each.faults else set()
        held |= set() if each.cases else {Outcome.INCOMPLETE}
    return sorted(held)


def _body(tested: Sequence[RuleTested], refused: Sequence[Refused]) -> dict[str, Any]:
    return {
        "counts": _counts(tested, refused),
        "rules": [_entry(each) for each in tested],
        "refused": [{"path": each.path, "title": each.title, "reason": str(each.reason)} for each in refused],
    }


def _counts(tested: Sequence[RuleTested], refused: Sequence[Refused]) -> Mapping[str, int]:
    return {
        "rules": len(tested),
        "cases": sum(len(each.judgements) for each in tested),
        "failed": sum(len(each.failed) for each in tested),
        "without_cases": sum(not each.cases for each in tested),
        "invalid": sum(bool(each.faults) for each in tested) + len(refused),
    }


def _entry(each: RuleTested) -> dict[str, Any]:
    header = each.rule.header
    return {
        "rule": header.id,
        "title": dict(header.title),
        "path": header.path,
        "layer": each.source.value,
        "cases_file": each.cases or None,
        "cases": [_case(judgement) for judgement in each.judgements],
        "faults": [f"{fault.place}: {fault.message}" for fault in each.faults],
    }


def _case(judgement: Judgement) -> dict[str, Any]:
    return {
        "about": judgement.case.about,
        "expect": judgement.case.expect,
        "events": judgement.events,
        "passed": judgement.passed,
        "reason": str(judgement.reason) if judgement.reason else None,
    }


def _shown(tested: Sequence[RuleTested], refused: Sequence[Refused]) -> str:
    folders = Counter(_plain(each.rule.header.path).rpartition("/")[0] for each in tested)
    rows = [_row(folder, [each for each in tested if _of(each, folder)]) for folder in sorted(folders)]
    head = (_("folder"), _("rules"), _("cases"), _("failed"))
    return "\n".join([table(head, rows), *_troubles(tested, refused), _total(tested, refused)])


def _of(each: RuleTested, folder: str) -> bool:
    return _plain(each.rule.header.path).rpartition("/")[0] == folder


def _row(folder: str, tested: Sequence[RuleTested]) -> tuple[str, ...]:
    counts = _counts(tested, ())
    return folder or "-", str(counts["rules"]), str(counts["cases"]), str(counts["failed"])


def _troubles(tested: Iterable[RuleTested], refused: Iterable[Refused]) -> Iterator[str]:
    for each in refused:
        yield _line(each.path, message("can't be read: {why}", why=each.reason))
    for tested_rule in tested:
        path = tested_rule.rule.header.path
        if not tested_rule.cases:
            yield _line(path, message("the rule has no cases"))
        for fault in tested_rule.faults:
            yield _line(fault.place, fault.message)
        for failed in tested_rule.failed:
            about = message("case “{name}”: {text}", name=failed.case.about, text=failed.reason or "")
            yield _line(path, about)


def _line(place: str, what: Message) -> str:
    return f"{printable(place)}: {printable(render(what))}"


def _total(tested: Sequence[RuleTested], refused: Sequence[Refused]) -> str:
    counts = _counts(tested, refused)
    return render(
        message(
            "{rules} rules, {cases} cases, {failed} failed, {without} rules without cases, {invalid} invalid",
            rules=counts["rules"],
            cases=counts["cases"],
            failed=counts["failed"],
            without=counts["without_cases"],
            invalid=counts["invalid"],
        )
    )


def _lines(each: RuleTested) -> RuleLines:
    cases = [
        CaseLine(name=judgement.case.about, failure=str(judgement.reason) if judgement.reason else "")
        for judgement in each.judgements
    ]
    errors = [f"{fault.place}: {fault.message}" for fault in each.faults]
    if not each.cases:
        errors.append(str(message("the rule has no cases")))
    return RuleLines(path=each.rule.header.path, cases=cases, errors=errors)


def _refusal(each: Refused) -> RuleLines:
    return RuleLines(path=each.path, cases=(), errors=(str(each.reason),))
