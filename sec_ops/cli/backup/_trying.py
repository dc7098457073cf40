"""`backup run --dry-run`: what would be saved, and whether the repository opens; nothing is written."""

from collections.abc import Iterable, Sequence
from typing import Any

from sec_ops.backup.planning.checking import secret_faults
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.doors import site_doors
from sec_ops.backup.restic.opening import open_repository
from sec_ops.backup.verdict import Judged
from sec_ops.cli.backup._judged import judged_document, judged_lines
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._running import require_approval
from sec_ops.cli.output import emit
from sec_ops.model.backup_plan import BackupPlan, SourceSettings
from sec_ops.model.errors import ContentInvalid
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program

__all__ = ["try_plans"]


def try_plans(room: Room, plans: Sequence[BackupPlan]) -> Iterable[Outcome]:
    """Read every secret, open every repository, and tell what would be saved. Sources are not touched."""
    assert room.site is not None  # noqa: S101 - the example is never run
    require_approval(room, room.site)
    reader = Secrets(run_program=run_program)
    faults = list(secret_faults(room.planned, room.library, reader, folder=room.site.root, place=room.settings.place))
    if faults:
        raise ContentInvalid(faults)
    doors = site_doors(room.site)
    tried: list[tuple[BackupPlan, Judged]] = []
    for plan in plans:
        repository = open_repository(room.planned.repositories[plan.repository], reader, folder=room.site.root)
        tried.append((plan, Restic(repository=repository, doors=doors, take_locks=False).cat_config().judged))
    outcomes = {judged.outcome for _plan, judged in tried}
    emit(
        "sec-ops/backup-dry-run",
        {"systems": [_document(*each) for each in tried]},
        outcomes=outcomes,
        text=lambda: "\n".join(line for each in tried for line in _lines(*each)),
    )
    return outcomes


def _document(plan: BackupPlan, judged: Judged) -> dict[str, Any]:
    return {
        "system": plan.id,
        "repository": plan.repository,
        **judged_document(judged),
        "sources": [
            {"source": each.id, "kind": each.kind, "host": each.host, "consistent_with": list(each.consistent_with)}
            for each in plan.sources
        ],
        "hooks": [{"when": each.when, "command": [printable(word) for word in each.command]} for each in plan.hooks],
    }


def _lines(plan: BackupPlan, judged: Judged) -> list[str]:
    if not judged.good:
        return [f"{plan.id}:", *(f"  {each}" for each in judged_lines(judged))]
    head = _("{system}: would be saved to {repository}, which opens").format(system=plan.id, repository=plan.repository)
    sources = [f"  {each.id}: {each.kind}{_where(each)}" for each in plan.sources]
    hook = _("  hook {when}: {command}")
    hooks = [hook.format(when=each.when, command=printable(" ".join(each.command))) for each in plan.hooks]
    return [head, *sources, *hooks]


def _where(source: SourceSettings) -> str:
    there = _(", on {host}").format(host=source.host) if source.host else ""
    together = (
        _(", only together with {sources}").format(sources=", ".join(source.consistent_with))
        if source.consistent_with
        else ""
    )
    return there + together
