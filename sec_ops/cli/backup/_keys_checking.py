"""`backup keys check` and `accept`."""

import getpass
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from sec_ops.backup.keys.checking import Checked, check_keys
from sec_ops.backup.keys.passphrase import read_typed
from sec_ops.backup.keys.register import KeyRegister, KnownKey
from sec_ops.backup.restic.opening import placed
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.cli.backup._judged import judged_document, judged_lines
from sec_ops.cli.backup._keys import Workplace, sealed_change
from sec_ops.cli.backup._repositories import named_repositories, opened, read_secrets
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.model.backup_plan import Repository
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock, utc_text
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.secrets import Secret
from sec_ops.runtime.site import Site

__all__ = ["accept_key", "check_all"]


def check_all(site: Site, names: Sequence[str], paper: str) -> Iterable[Outcome]:
    """Check, seal and show; what doesn't open decides the exit code, then what is odd."""
    if paper and names and paper not in names:
        raise UsageError(message("{repository} is not among those that are checked", repository=paper))
    found = named_repositories(site, names)
    if paper:
        named_repositories(site, [paper])
    typed = _typed() if paper else None
    known = KeyRegister(site.var / "backup").read()
    with evidence_of(site) as log:
        checked = []
        for repository, restic in zip(found, opened(site, found), strict=True):
            others = _others(site, repository, typed if repository.id == paper else None)
            checked.append(check_keys(restic, others, known.get(repository.id)))
            log.append("backup.key/1", _sealed(checked[-1]))
    outcomes = {outcome for each in checked for outcome in _outcomes(each)} or {Outcome.CLEAN}
    emit(
        "sec-ops/backup-keys-check",
        {"repositories": [_document(each) for each in checked]},
        outcomes=outcomes,
        text=lambda: "\n".join(line for each in checked for line in _lines(each)),
    )
    return outcomes


def accept_key(place: Workplace, key: str, safe: str) -> Judged:
    """Take a key the repository has into the register; raises UsageError when it has none such, or several."""
    listed = place.restic.keys()
    if not listed.judged.good:
        return listed.judged
    found = [each for each in listed.keys if each.id.startswith(key.lower())]
    if len(found) != 1 or not key:
        raise UsageError(message("{count} keys of the repository begin with {key}", count=len(found), key=key))
    identity = place.restic.cat_config()
    if not identity.judged.good:
        return identity.judged
    recorded = KnownKey(
        id=found[0].id,
        purpose="escrow" if safe else "daily",
        safe=safe,
        recorded=utc_text(SystemClock().now()),
    )
    place.register.put(place.repository.id, identity.repository_id, recorded)
    sealed_change(place, "accepted", listed.judged, identity.repository_id, found[0].id, safe)
    return Judged(verdict=Verdict.OK, what=message("done"))


def _typed() -> Secret:
    text = getpass.getpass(_("password from the page: ")) if sys.stdin.isatty() else sys.stdin.readline()
    return read_typed(text)


def _others(site: Site, repository: Repository, typed: Secret | None) -> dict[str, Secret]:
    others = {"escrow": read_secrets()(placed(repository.escrow, site.root))} if repository.escrow else {}
    return others | ({"paper": typed} if typed else {})


def _outcomes(checked: Checked) -> list[Outcome]:
    outcomes = [each.judged.outcome for each in checked.tried if not each.judged.good]
    return outcomes + ([Outcome.FINDINGS] if checked.findings else [])


def _sealed(checked: Checked) -> dict[str, Any]:
    bad = [each.judged.verdict.value for each in checked.tried if not each.judged.good]
    return {
        "repository": checked.repository,
        "repository_id": checked.repository_id,
        "change": "checked",
        "verdict": bad[0] if bad else Verdict.OK.value,
        "tried": [
            {"name": each.name, "verdict": each.judged.verdict.value, "key": each.key_id} for each in checked.tried
        ],
        "findings": len(checked.findings),
    }


def _document(checked: Checked) -> dict[str, Any]:
    return {
        "repository": checked.repository,
        "repository_id": checked.repository_id,
        "tried": [{"name": each.name, "key": each.key_id, **judged_document(each.judged)} for each in checked.tried],
        "keys": [{"id": key.id, "user": key.user, "host": key.host, "created": key.created} for key in checked.keys],
        "findings": [render(each) for each in checked.findings],
    }


def _lines(checked: Checked) -> list[str]:
    lines = []
    for each in checked.tried:
        if each.judged.good:
            lines.append(
                _("OK  {repository}: opened by the {name} key").format(repository=checked.repository, name=each.name)
            )
        else:
            lines += [f"{each.name}: {line}" for line in judged_lines(each.judged)]
    return lines + [_("FINDING  {what}").format(what=render(each)) for each in checked.findings]
