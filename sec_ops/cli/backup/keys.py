"""`sec-ops backup keys`: make repositories, rotate their keys, keep one on paper, prove that all of them open."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sec_ops.cli.backup._repositories import named_repositories, opened, secret_file
from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.persons import require_person
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

if TYPE_CHECKING:
    from sec_ops.backup.verdict import Judged
    from sec_ops.cli.backup._keys import Workplace

app = typer.Typer(
    help=_("Make repositories and their keys, and prove that every key opens."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="REPOSITORY", help=_("id of the repository"))]
By = Annotated[str, typer.Option(metavar="PERSON", help=_("id of the person who answers for it"))]


@app.command(help=_("Make a repository, and a password for it where its file has none yet."))
def init(
    repository: Name,
    by: By,
    chunker_of: Annotated[
        str, typer.Option(metavar="REPOSITORY", help=_("share its chunker, so that copies between the two are small"))
    ] = "",
) -> Iterable[Outcome]:
    """Make the repository of a name."""
    from sec_ops.cli.backup._keys import initialise, new_password_file

    site = find_site(current().site)
    found = named_repositories(site, [repository])[0]
    path = secret_file(site, found)
    if path:
        new_password_file(path)
    other = opened(site, named_repositories(site, [chunker_of]))[0] if chunker_of else None
    with _workplace(repository, by) as place:
        judged = initialise(place, other)
    return _shown("init", repository, judged)


@app.command(help=_("Put a new password in place of the old one, and retire the old key."))
def rotate(repository: Name, by: By) -> Iterable[Outcome]:
    """Rotate the key whose password is in a file."""
    from sec_ops.cli.backup._keys import rotate_file

    site = find_site(current().site)
    path = secret_file(site, named_repositories(site, [repository])[0])
    if path is None:
        raise UsageError(
            message("the password of {repository} is in no file that could be replaced", repository=repository),
            advice=message("name a new file as password of the repository, after: restic key add"),
        )
    with _workplace(repository, by) as place:
        judged = rotate_file(place, path)
    return _shown("rotate", repository, judged)


@app.command(help=_("Make a key that stands on paper only: a page with QR code and text, to be printed and put away."))
def escrow(
    repository: Name,
    by: By,
    safe: Annotated[str, typer.Option(help=_("where the paper is kept"))],
    output: Annotated[Path, typer.Option(help=_("HTML file of the page; print it, then remove it"))],
) -> Iterable[Outcome]:
    """Make an escrow key and its page."""
    from sec_ops.cli.backup._keys import add_escrow_key

    if not safe.strip():
        raise UsageError(message("say where the paper is kept"))
    if output.exists():
        raise UsageError(message("{path} is there already", path=str(output)))
    with _workplace(repository, by) as place:
        judged = add_escrow_key(place, safe.strip(), output)
    return _shown("escrow", repository, judged)


@app.command(help=_("Accept a key of the repository that was made elsewhere."))
def accept(
    repository: Name,
    key: Annotated[str, typer.Argument(metavar="KEY", help=_("id of the key, or its beginning"))],
    by: By,
    safe: Annotated[str, typer.Option(help=_("it is an escrow key: where its paper is kept"))] = "",
) -> Iterable[Outcome]:
    """Take a key into the register."""
    from sec_ops.cli.backup._keys_checking import accept_key

    with _workplace(repository, by) as place:
        judged = accept_key(place, key, safe)
    return _shown("accept", repository, judged)


@app.command(help=_("Open every repository with every key that should open it; tell of keys nobody knows."))
def check(
    repositories: Annotated[
        list[str] | None, typer.Argument(metavar="[REPOSITORY]...", help=_("ids; default: all"))
    ] = None,
    paper: Annotated[
        str, typer.Option(metavar="REPOSITORY", help=_("try the escrow key typed from its page (standard input) too"))
    ] = "",
) -> Iterable[Outcome]:
    """Check keys; what came of it is sealed."""
    from sec_ops.cli.backup._keys_checking import check_all

    return check_all(find_site(current().site), repositories or [], paper)


@contextmanager
def _workplace(repository: str, person: str) -> "Iterator[Workplace]":
    from sec_ops.cli.backup._keys import Workplace

    site = find_site(current().site)
    require_person(site, person)
    found = named_repositories(site, [repository])
    with evidence_of(site) as log:
        yield Workplace(site=site, repository=found[0], restic=opened(site, found)[0], log=log, person=person)


def _shown(verb: str, repository: str, judged: "Judged") -> Iterable[Outcome]:
    from sec_ops.cli.backup._judged import judged_document, judged_lines

    emit(
        "sec-ops/backup-keys",
        {"action": verb, "repository": repository, **judged_document(judged)},
        outcomes=[judged.outcome],
        text=lambda: "\n".join(judged_lines(judged)),
    )
    return [judged.outcome]
