"""`sec-ops backup probe`: try to delete, overwrite, tag and back-date in a repository, and seal each refusal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sec_ops.cli.backup._repositories import named_repositories, opened
from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

if TYPE_CHECKING:
    from sec_ops.backup.probing.attacks import Attacked, Probed
    from sec_ops.backup.record.record import Record
    from sec_ops.backup.restic.client import Restic
    from sec_ops.evidence.log import EvidenceLog

app = typer.Typer(
    help=_("Try to delete, overwrite, tag and back-date in repositories; what is refused is proved immutable."),
    invoke_without_command=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def probe(
    repositories: Annotated[
        list[str] | None,
        typer.Argument(metavar="[REPOSITORY]...", help=_("ids; default: all that are append-only")),
    ] = None,
) -> Iterable[Outcome]:
    """Probe repositories with snapshots made for it; nothing else is touched."""
    from sec_ops.backup.record.record import open_record

    site = find_site(current().site)
    found = [each for each in named_repositories(site, repositories or []) if repositories or each.append_only]
    with evidence_of(site) as log, open_record(site) as record:
        probed = [(restic, _recorded(restic, record, log)) for restic in opened(site, found)]
    outcomes = {_outcome(*each) for each in probed} or {Outcome.CLEAN}
    emit(
        "sec-ops/backup-probe",
        {"repositories": [_document(*each) for each in probed]},
        outcomes=outcomes,
        text=lambda: "\n".join(line for each in probed for line in _lines(*each)),
    )
    return outcomes


def _recorded(restic: "Restic", record: "Record", log: "EvidenceLog") -> "Probed":
    """Probe as a recorded attempt, whose verdict is ok when everything was refused."""
    from sec_ops.backup.probing.attacks import proved
    from sec_ops.backup.record.values import Doing, Ending, Verb

    with record.attempting(Doing(verb=Verb.PROBE, system="", repository=restic.repository.id)) as attempting:
        probed = _probed(restic)
        entry = log.append("backup.probe/1", _sealed(restic, probed)) if probed.judged.good else None
        attempting.end(Ending(judged=proved(probed), evidence=entry))
    return probed


def _probed(restic: "Restic") -> "Probed":
    from sec_ops.backup.probing.attacks import probe as attack
    from sec_ops.backup.probing.raw import raw_door
    from sec_ops.runtime.clock import SystemClock

    now = SystemClock().now
    return attack(restic, raw_door(restic.repository, now), now=now())


def _outcome(restic: "Restic", probed: "Probed") -> Outcome:
    if not probed.judged.good:
        return probed.judged.outcome
    return Outcome.FINDINGS if restic.repository.append_only and not probed.immutable else Outcome.CLEAN


def _sealed(restic: "Restic", probed: "Probed") -> dict[str, Any]:
    return {
        "repository": restic.repository.id,
        "repository_id": probed.repository_id,
        "immutable": probed.immutable,
        "claimed": restic.repository.append_only,
        "attacks": [_attack(each) for each in probed.attacks],
    }


def _attack(attacked: "Attacked") -> dict[str, Any]:
    return {
        "attack": attacked.attack.value,
        "result": attacked.outcome.value,
        "exit_code": attacked.exit_code,
        "answer": attacked.answer,
    }


def _document(restic: "Restic", probed: "Probed") -> dict[str, Any]:
    from sec_ops.cli.backup._judged import judged_document

    return _sealed(restic, probed) | judged_document(probed.judged)


def _lines(restic: "Restic", probed: "Probed") -> list[str]:
    from sec_ops.cli.backup._judged import judged_lines

    if not probed.judged.good:
        return judged_lines(probed.judged)
    verdict = _("immutable") if probed.immutable else _("can be changed")
    return [
        f"{restic.repository.id}: {verdict}",
        *(f"  {each.attack.value:<12} {each.outcome.value}" for each in probed.attacks),
    ]
