"""Rooms and doors of `backup verify`, put together."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from sec_ops.backup.proving.verifying import SystemVerified, Verified, subset, valid_subset, verify
from sec_ops.backup.record.attempts import AlreadyRunning
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import Doing, Ending, Verb
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.results import CheckResult
from sec_ops.backup.restoring.choosing import Point, chosen_point, listed_into
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.running.verdicts import worst
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.backup.words import VERDICT_WORDS
from sec_ops.cli.backup._judged import judged_document, judged_lines
from sec_ops.cli.backup._progress import BackupProgress
from sec_ops.cli.backup._proofs import counts_of, differences_document, path_lines
from sec_ops.cli.backup._repositories import named_repositories, opened
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.evidence.believing import believed_keys
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site, find_site

__all__ = ["Asked", "verify_repositories"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A verification as it was typed."""

    repositories: tuple[str, ...]
    systems: tuple[str, ...]
    every: bool
    read: str
    trust: tuple[str, ...]


def verify_repositories(named: str | None, asked: Asked) -> Iterable[Outcome]:
    """Verify the repositories, show, record and seal what they came to."""
    if asked.read and not valid_subset(asked.read):
        what = message("{text} is no share of the data", text=asked.read)
        raise UsageError(what, advice=message("such as 3/12, 10%, 500M, all or none"))
    site = find_site(named)
    found = opened(site, named_repositories(site, asked.repositories))
    with evidence_of(site) as log, open_record(site) as record:
        verified = [_verified(each, asked, site, record, log) for each in found]
    outcomes = {each.judged.outcome for each in verified}
    emit(
        "sec-ops/backup-verify",
        {"repositories": [_document(each) for each in verified]},
        outcomes=outcomes,
        text=lambda: "\n".join(line for each in verified for line in _lines(each)),
    )
    return outcomes


def _verified(restic: Restic, asked: Asked, site: Site, record: Record, log: EvidenceLog) -> Verified:
    """Verify one; a repository that can't be listed, or that is being verified, is told as such."""
    name = restic.repository.id
    read = asked.read or subset(len({each.started_ms for each in record.attempts(Verb.VERIFY, repository=name)}))
    listed = listed_into(record, restic)
    if not listed.good:
        return Verified(repository=name, read="none", check=CheckResult(judged=listed))
    points = list(_points(record, name, asked))
    progress = BackupProgress()
    with ExitStack() as stack:
        try:
            attempts = {
                each.system: stack.enter_context(
                    record.attempting(Doing(verb=Verb.VERIFY, system=each.system, repository=name, run=each.run))
                )
                for each in _newest(points)
            }
        except AlreadyRunning as error:
            judged = Judged(verdict=Verdict.LOCKED, what=error.what, advice=error.advice)
            return Verified(repository=name, read="none", check=CheckResult(judged=judged))
        verified = verify(
            restic,
            points,
            read,
            trust=believed_keys(site.evidence, asked.trust),
            folder=make_folder(site.state / "verifying"),
            on_event=lambda event: progress(name, event),
        )
        progress.clear()
        number = log.append("backup.verify/1", _sealed(verified))
        for system, attempt in attempts.items():
            checked = (each.checked.judged for each in verified.systems if each.system == system)
            judged = worst((verified.check.judged, *checked)) if system else verified.judged
            attempt.end(Ending(judged=judged, evidence=number))
    return verified


def _newest(points: Sequence[Point]) -> Iterable[Point]:
    """Return the newest point of each system, by which its attempt is known; one of no system when there are none."""
    nobody = Point(run="", system="", manifest="", standing={}, parts=(), sizes={})
    return {each.system: each for each in reversed(points or [nobody])}.values()


def _points(record: Record, repository: str, asked: Asked) -> Iterator[Point]:
    """Return the points to compare: of each system the newest, or every one that counts; newest first."""
    points = [each for each in points_in(record, repository) if each.counts]
    systems = sorted({each.system for each in points if not asked.systems or each.system in asked.systems})
    for system in systems:
        of_system = [each for each in reversed(points) if each.system == system]
        for each in of_system if asked.every else of_system[:1]:
            yield chosen_point([each], system, sizes={})


def _document(verified: Verified) -> dict[str, Any]:
    summary = verified.check.summary
    return {
        "repository": verified.repository,
        **judged_document(verified.judged),
        "read": verified.read,
        "structure": judged_document(verified.check.judged),
        "errors": summary.errors if summary else None,
        "broken_packs": list(summary.broken_packs) if summary else [],
        "points": [_point_document(each) for each in verified.systems],
    }


def _point_document(each: SystemVerified) -> dict[str, Any]:
    return {
        "system": each.system,
        "run": each.checked.run,
        **judged_document(each.checked.judged),
        "trusted": list(each.checked.trusted),
        "parts": [
            {
                "source": part.source,
                "part": part.part,
                "snapshot": part.snapshot,
                **judged_document(part.judged),
                **differences_document(part.differences),
            }
            for part in each.checked.parts
        ],
    }


def _sealed(verified: Verified) -> dict[str, Any]:
    summary = verified.check.summary
    return {
        "repository": verified.repository,
        "verdict": verified.judged.verdict.value,
        "structure": verified.check.judged.verdict.value,
        "read": "" if verified.read == "none" else verified.read,
        "errors": summary.errors if summary else 0,
        "points": [
            {
                "system": each.system,
                "run": each.checked.run,
                "verdict": each.checked.judged.verdict.value,
                "trusted": list(each.checked.trusted),
                "parts": [
                    {
                        "source": part.source,
                        "part": part.part,
                        "snapshot": part.snapshot,
                        "verdict": part.judged.verdict.value,
                        **counts_of(part.differences),
                    }
                    for part in each.checked.parts
                ],
            }
            for each in verified.systems
        ],
    }


def _lines(verified: Verified) -> list[str]:
    head = _("{repository}: {verdict}  structure checked, data read: {read}").format(
        repository=verified.repository, verdict=render(VERDICT_WORDS[verified.judged.verdict]), read=verified.read
    )
    lines = [head]
    if not verified.check.judged.good:
        lines += [f"  {each}" for each in judged_lines(verified.check.judged)]
    for each in verified.systems:
        proved = sum(part.differences.proved for part in each.checked.parts if part.differences)
        told = _("{proved} entries as the manifest says").format(proved=proved)
        word = render(VERDICT_WORDS[each.checked.judged.verdict])
        lines.append(f"  {each.system} {each.checked.run}: {word}  {told}")
        if not each.checked.judged.good:
            lines += [f"  {line}" for line in judged_lines(each.checked.judged)] + path_lines(each.checked.judged)
    if not verified.systems and verified.check.judged.good:
        lines += [f"  {each}" for each in judged_lines(verified.judged)]
    return lines
