"""`sec-ops backup locks`: who holds a repository, and removal of what dead owners left."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sec_ops.cli.backup._repositories import named_repositories, opened
from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.persons import require_person
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.table import table
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import find_site

if TYPE_CHECKING:
    from sec_ops.backup.locks import Standing, Word

app = typer.Typer(
    help=_("Show who holds a repository, and remove what dead owners left."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="REPOSITORY", help=_("id of the repository"))]


@app.command(name="list", help=_("Show the locks of a repository: owner, host, process, age."))
def list_locks(repository: Name) -> Iterable[Outcome]:
    """List locks with what is known of their owners."""
    from sec_ops.backup.locks import standings
    from sec_ops.cli.backup._judged import judged_document, judged_lines
    from sec_ops.cli.backup._unlocking import here

    site = find_site(current().site)
    listed = opened(site, named_repositories(site, [repository]))[0].locks()
    seen = standings(listed.locks, here())
    emit(
        "sec-ops/backup-locks",
        {"repository": repository, **judged_document(listed.judged), "locks": [_document(each) for each in seen]},
        outcomes=[listed.judged.outcome],
        text=lambda: _text(seen) if listed.judged.good else "\n".join(judged_lines(listed.judged)),
    )
    return [listed.judged.outcome]


@app.command(help=_("Remove locks whose owners are proved dead; what was removed is sealed."))
def clear(
    repository: Name,
    dead_host: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help=_("nothing runs there any more, by the person's word"))
    ] = None,
    by: Annotated[str, typer.Option(metavar="PERSON", help=_("id of the person who says so"))] = "",
    reason: Annotated[str, typer.Option(help=_("how that is known"))] = "",
) -> Iterable[Outcome]:
    """Clear locks, then seal which."""
    from sec_ops.backup.locks import clear_locks
    from sec_ops.cli.backup._judged import judged_document, judged_lines
    from sec_ops.cli.backup._unlocking import here, sealed_locks

    site = find_site(current().site)
    word = _word(dead_host or [], by, reason)
    if word:
        require_person(site, by)
    restic = opened(site, named_repositories(site, [repository]))[0]
    with evidence_of(site) as log:
        cleared = clear_locks(restic, here(), word)
        if cleared.removed:
            log.append("backup.lock/1", sealed_locks(repository, cleared, word))
    emit(
        "sec-ops/backup-locks-clear",
        {
            "repository": repository,
            **judged_document(cleared.judged),
            "removed": [_document(each) for each in cleared.removed],
            "left": [_document(each) for each in cleared.left],
        },
        outcomes=[cleared.judged.outcome],
        text=lambda: "\n".join(
            [
                _("removed: {count} · left: {left}").format(count=len(cleared.removed), left=len(cleared.left)),
                *([] if cleared.judged.good else judged_lines(cleared.judged)),
            ]
        ),
    )
    return [cleared.judged.outcome]


def _word(hosts: list[str], person: str, reason: str) -> "Word | None":
    from sec_ops.backup.locks import Word

    if not hosts:
        return None
    if not person or not reason.strip():
        what = message("who says that nothing runs there, and how that is known, must be told")
        raise UsageError(what, advice=message("add --by PERSON and --reason TEXT"))
    return Word(hosts=frozenset(hosts), person=person, reason=reason.strip())


def _document(standing: "Standing") -> dict[str, Any]:
    lock = standing.lock
    return {
        "id": lock.id,
        "host": lock.host,
        "user": lock.user,
        "pid": lock.pid,
        "created": lock.created.isoformat(),
        "age_ms": standing.age_ms,
        "exclusive": lock.exclusive,
        "owner": standing.owner.value,
        "why": render(standing.why),
    }


def _text(seen: "tuple[Standing, ...]") -> str:
    if not seen:
        return _("there are no locks")
    rows = [
        (
            each.lock.id[:8],
            each.lock.host,
            str(each.lock.pid),
            f"{each.age_ms // 60_000} min",
            each.owner.value,
            render(each.why),
        )
        for each in seen
    ]
    return table((_("lock"), _("host"), _("process"), _("age"), _("owner"), _("why")), rows)
