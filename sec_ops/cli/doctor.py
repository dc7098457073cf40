"""`sec-ops doctor`: what this machine and this site can and cannot do, and the next command for each gap."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.model.errors import ContentInvalid, EngineError, SecOpsError, SiteNotFound
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

app = typer.Typer(
    help=_("Say what this machine and this site can and cannot do."),
    invoke_without_command=True,
    rich_markup_mode=None,
    add_completion=False,
)
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class _Row:
    """One thing looked at; `outcome` is what it means for the exit code."""

    name: str
    good: bool
    detail: str
    next_step: str = ""
    outcome: Outcome = Outcome.ENGINE


@app.callback()
def doctor() -> Iterable[Outcome]:
    """Look at programs, libraries, content and the site folder."""
    rows = [look() for look in (_python, _sm3, _openssl, _ssh_keygen, _ansible, _restic, _sieve, _content, _site)]
    outcomes = {row.outcome for row in rows if not row.good}
    emit(
        "sec-ops/doctor",
        {"checks": [{key: value for key, value in asdict(row).items() if key != "outcome"} for row in rows]},
        outcomes=outcomes,
        text=lambda: "\n".join(_line(row) for row in rows),
    )
    return outcomes


def _line(row: _Row) -> str:
    sign = _("good") if row.good else _("WANTING")
    text = printable(f"{sign:<8} {row.name}: {row.detail}")
    advice = _("  next: {advice}").format(advice=row.next_step)
    return f"{text}\n       {advice}" if row.next_step and not row.good else text


def _python() -> _Row:
    version = ".".join(map(str, sys.version_info[:3]))
    return _Row("Python", sys.version_info >= OLDEST_PYTHON, version, "apt-get install python3")


def _sm3() -> _Row:
    import hashlib

    has = "sm3" in hashlib.algorithms_available
    detail = _("the SM3 tree is checked and made here") if has else _("this Python's OpenSSL has no SM3")
    return _Row("SM3", has, detail, _("use the distribution's own Python 3.11 or newer"))


def _openssl() -> _Row:
    return _program("openssl", ["openssl", "version"], "apt-get install openssl")


def _ssh_keygen() -> _Row:
    return _program("ssh-keygen", ["ssh-keygen", "-Y", "check-novalidate"], "apt-get install openssh-client")


def _ansible() -> _Row:
    from sec_ops.transport.ansible import program

    return _program("ansible-inventory", [program(), "--version"], "pip install ansible-core")


def _restic() -> _Row:
    from sec_ops.backup.restic.program import find_restic
    from sec_ops.transport.process import run_program

    try:
        found = find_restic(run_program)
    except EngineError as error:
        return _Row("restic", good=False, detail=render(error.what), next_step=render(error.advice or error.what))
    return _Row("restic", good=True, detail=f"{'.'.join(map(str, found.version))} ({found.path})")


def _sieve() -> _Row:
    from sec_ops.runtime.compiled.library import library

    if library() is not None:
        return _Row(_("compiled detection"), good=True, detail=_("built from this source"))
    missing = _("not built: Python alone reads lines of JSON, several times slower (needs rustc when installed)")
    return _Row(_("compiled detection"), good=True, detail=missing)


def _program(name: str, arguments: list[str], install: str) -> _Row:
    from sec_ops.transport.process import run_program

    try:
        done = run_program(arguments, deadline_seconds=30)
    except EngineError as error:
        return _Row(name, good=False, detail=render(error.what), next_step=install)
    first = (done.stdout or b"").decode(errors="replace").splitlines()
    return _Row(name, good=True, detail=first[0] if first else _("there"))


def _content() -> _Row:
    from sec_ops.content.kinds import CHECKS, CLAUSES
    from sec_ops.content.library import Library

    def look() -> str:
        library = Library.open(None)
        counts = len(library.objects(CLAUSES)), len(library.objects(CHECKS))
        return _("{clauses} clauses, {checks} checks").format(clauses=counts[0], checks=counts[1])

    return _guarded(_("shipped content"), look, "sec-ops content lint")


def _site() -> _Row:
    from sec_ops.runtime.configuration import load_configuration
    from sec_ops.runtime.site import find_site

    def look() -> str:
        site = find_site(current().site)
        return f"{load_configuration(site).id} ({site.root})"

    try:
        return _guarded(_("site"), look, _("correct sec-ops.yml"))
    except SiteNotFound as error:
        nothing = _("none here; commands that need one say so")
        return _Row(_("site"), good=True, detail=nothing, next_step=render(error.what))


def _guarded(name: str, look: Callable[[], str], next_step: str) -> _Row:
    try:
        return _Row(name, good=True, detail=look())
    except SiteNotFound:
        raise
    except ContentInvalid as error:
        faults = [f"{fault.place}: {render(fault.message)}" for fault in error.faults]
        detail = "\n       ".join([render(error.what), *faults])
        return _Row(name, good=False, detail=detail, next_step=next_step, outcome=Outcome.INVALID)
    except SecOpsError as error:
        return _Row(name, good=False, detail=render(error.what), next_step=next_step, outcome=error.outcome)
