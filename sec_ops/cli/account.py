"""`sec-ops account`: people, their roles and keys. Writes `inventory/people.yml` of the site."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.table import table
from sec_ops.content.kinds import UNITS
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import AccountChanged
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.people import Grant, Person, PublicKey, Role
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

app = typer.Typer(
    help=_("People, their roles and keys."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
_ROLES = {
    Role.SYSTEM_ADMINISTRATOR: message("system administrator"),
    Role.SECURITY_ADMINISTRATOR: message("security administrator"),
    Role.AUDIT_ADMINISTRATOR: message("audit administrator"),
    Role.RESPONDER: message("responder"),
    Role.COMMANDER: message("commander"),
    Role.SCHOOL_CONTACT: message("school contact"),
    Role.EXTERNAL_ASSESSOR: message("external assessor"),
}
_ASSURANCES = {"signed": message("signed"), "paper": message("on paper")}
_CHANGES = {
    "added": message("added"),
    "role_granted": message("role granted"),
    "role_revoked": message("role revoked"),
    "key_added": message("key added"),
    "key_revoked": message("key revoked"),
    "expires": message("last day set"),
}
PersonId = Annotated[str, typer.Argument(metavar="PERSON", help=_("id of the person"))]


@app.command(name="list", help=_("Show people, roles, keys and whether each signed grant holds."))
def list_accounts() -> Iterable[Outcome]:
    """List the people of the site; exit 1 when a grant's signature does not hold."""
    people = _people()
    rows = [_row(person, people) for person in people.values()]
    broken = any(role["fault"] for row in rows for role in row["roles"])
    outcomes = (Outcome.FINDINGS,) if broken else ()
    emit("sec-ops/account-list", {"people": rows}, outcomes=outcomes, text=lambda: _people_table(rows))
    return outcomes


@app.command(help=_("Add a person; roles and keys come after."))
def add(
    person: PersonId,
    name: Annotated[str, typer.Option(help=_("name as it shall stand in reports"))],
    unit: Annotated[str, typer.Option(help=_("id of the person's unit"))],
    title: Annotated[str, typer.Option(help=_("post"))] = "",
    phone: Annotated[str, typer.Option(help=_("phone number"))] = "",
    email: Annotated[str, typer.Option(help=_("mail address"))] = "",
    expires: Annotated[str, typer.Option(metavar="DATE", help=_("last day of the account, as 2027-08-31"))] = "",
) -> Iterable[Outcome]:
    """Write a new person without roles."""
    from sec_ops.identity.people_file import add_person

    fields = {"id": person, "name": name, "unit": unit, "title": title, "phone": phone, "email": email}
    fields = {key: value for key, value in {**fields, "expires": expires}.items() if value}
    units = _library().objects(UNITS)
    if unit not in units:
        advice = did_you_mean(unit, units) or message("units stand in inventory/sites/*.yml")
        raise UsageError(message("no unit has the id {id}", id=unit), advice=advice)
    return _change(add_person(fields), person, "added", {"unit": unit})


@app.command(help=_("Grant a role, by a second person's signature or an appointment document, or revoke one."))
def role(
    person: PersonId,
    grant: Annotated[Role | None, typer.Option(help=_("the role to grant"))] = None,
    revoke: Annotated[Role | None, typer.Option(help=_("the role to take away"))] = None,
    by: Annotated[
        str, typer.Option(metavar="PERSON", help=_("the second person: who grants, or enters the document"))
    ] = "",
    key: Annotated[
        Path | None, typer.Option(help=_("the second person's SSH key; KEY.pub signs through ssh-agent"))
    ] = None,
    document: Annotated[str, typer.Option(metavar="NUMBER", help=_("number of the appointment document"))] = "",
) -> Iterable[Outcome]:
    """Change the roles of a person."""
    from sec_ops.identity.people_file import append_to, revoke_role

    if revoke is not None and grant is None:
        change = revoke_role(person, revoke.value, _today())
        return _change(change, person, "role_revoked", {"role": revoke.value})
    if grant is None or revoke is not None:
        raise UsageError(message("name one of --grant ROLE and --revoke ROLE"))
    entry = _grant(person, grant, by, key, document or None)
    detail = {"role": entry["role"], "by": by, "assurance": Grant.model_validate(entry).assurance.value}
    return _change(append_to(person, "roles", entry), person, "role_granted", detail)


@app.command(help=_("Add a public key to a person, or revoke one."))
def key(
    person: PersonId,
    add: Annotated[Path | None, typer.Option(metavar="FILE", help=_("public key file, such as id_ed25519.pub"))] = None,
    revoke: Annotated[Path | None, typer.Option(metavar="FILE", help=_("public key file whose key is revoked"))] = None,
    until: Annotated[str, typer.Option(metavar="DATE", help=_("last day of the key, as 2027-08-31"))] = "",
) -> Iterable[Outcome]:
    """Change the keys of a person."""
    from sec_ops.identity.people_file import append_to, remove_from

    if revoke is not None and add is None:
        gone = _public_key(revoke)
        change = remove_from(person, "keys", lambda entry: str(entry.get("key")).split()[:2] == gone.key.split()[:2])
        return _change(change, person, "key_revoked", {"key": gone.fingerprint})
    if add is None or revoke is not None:
        raise UsageError(message("name one of --add FILE and --revoke FILE"))
    new = _public_key(add)
    entry = {"key": new.key, "valid_from": _today(), **({"valid_until": until} if until else {})}
    return _change(append_to(person, "keys", entry), person, "key_added", {"key": new.fingerprint})


@app.command(help=_("Set the last day of an account."))
def expire(
    person: PersonId,
    on: Annotated[
        str, typer.Option(metavar="DATE", help=_("last day of the account, as 2027-08-31; default today"))
    ] = "",
) -> Iterable[Outcome]:
    """End an account; its grants and keys stay on record."""
    from sec_ops.identity.people_file import set_field

    day = on or _today()
    return _change(set_field(person, "expires", day), person, "expires", {"on": day})


def _grant(person: str, role: Role, by: str, key: Path | None, document: str | None) -> dict[str, str]:
    """Return the entry of a grant, signed when a key is given."""
    from sec_ops.identity.people import grant_fault
    from sec_ops.identity.signatures import sign
    from sec_ops.model.approval import grant_statement
    from sec_ops.transport.process import run_program

    people = _people()
    if by not in people or by == person:
        raise UsageError(message("a role is granted by a second person of people.yml: --by PERSON"))
    if key is None and document is None:
        advice = message("sign: --by PERSON --key KEY, or name the appointment document: --document NUMBER")
        raise UsageError(
            message("a grant needs a second person's signature or the number of a document"), advice=advice
        )
    entry = {"role": role.value, "by": by, "on": _today(), **({"document": document} if document else {})}
    if key is not None:
        entry["signature"] = sign(grant_statement(person, role.value, by, entry["on"], document), key, run_program)
        given = Grant.model_validate(entry)
        if fault := grant_fault(person, given, people, run_program):
            raise UsageError(fault, advice=message("add the key: sec-ops account key PERSON --add KEY.pub"))
    return entry


def _change(change: Any, person: str, what: str, detail: Mapping[str, str]) -> Iterable[Outcome]:  # noqa: ANN401
    """Apply a change, seal it as evidence and say so."""
    from sec_ops.identity.people_file import change_people
    from sec_ops.runtime.site import find_site

    site = find_site(current().site)
    body = {"account": person, "change": what, "detail": dict(detail)}
    with evidence_of(site) as log:
        change_people(site.root, change)
        log.append(AccountChanged.kind, body)
    emit(
        "sec-ops/account-change",
        body,
        text=lambda: render(message("{person}: {change}", person=person, change=_CHANGES[what])),
    )
    return ()


def _people() -> Mapping[str, Person]:
    from sec_ops.identity.people import load_people

    return load_people(_library())


def _library() -> Library:
    from sec_ops.runtime.site import find_site

    return Library.open(find_site(current().site).root)


def _public_key(path: Path) -> PublicKey:
    try:
        return PublicKey(key=path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError) as error:
        what = message("{path} is no SSH public key file", path=path)
        raise UsageError(what, advice=message("name the public half, such as id_ed25519.pub")) from error


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


def _row(person: Person, people: Mapping[str, Person]) -> dict[str, Any]:
    today = dt.datetime.now(dt.UTC).date()
    return {
        "id": person.id,
        "name": person.name,
        "unit": person.unit,
        "title": person.title,
        "roles": [_role_row(person, grant, people) for grant in person.roles if not grant.revoked_on],
        "keys": [each.model_dump(mode="json") for each in person.keys],
        "expires": person.expires,
        "active": person.active(today),
    }


def _role_row(person: Person, grant: Grant, people: Mapping[str, Person]) -> dict[str, Any]:
    from sec_ops.identity.people import grant_fault
    from sec_ops.transport.process import run_program

    fault = grant_fault(person.id, grant, people, run_program)
    shown = grant.model_dump(mode="json", exclude={"signature"})
    return {**shown, "assurance": grant.assurance.value, "fault": render(fault) if fault else None}


def _people_table(rows: list[dict[str, Any]]) -> str:
    head = (_("person"), _("name"), _("unit"), _("roles"), _("keys"), _("account"))
    lines = [(row["id"], row["name"], row["unit"], _roles(row), str(len(row["keys"])), _state(row)) for row in rows]
    faults = [f"{row['id']}: {role['fault']}" for row in rows for role in row["roles"] if role["fault"]]
    return "\n".join([table(head, lines), *faults])


def _roles(row: dict[str, Any]) -> str:
    return (
        ", ".join(
            f"{render(_ROLES[Role(role['role'])])} ({render(_ASSURANCES[role['assurance']])})" for role in row["roles"]
        )
        or "-"
    )


def _state(row: dict[str, Any]) -> str:
    if not row["active"]:
        return _("expired {day}").format(day=row["expires"])
    return _("until {day}").format(day=row["expires"]) if row["expires"] else _("valid")
