"""The people of a site and whether their grants stand."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path

from sec_ops.content.kinds import PEOPLE, UNITS
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.yaml_reader import Path as ContentPath
from sec_ops.identity.signatures import verify
from sec_ops.model.approval import grant_statement
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.messages import Message, message
from sec_ops.model.people import Grant, Person
from sec_ops.model.protocols import RunProgram

__all__ = ["Told", "grant_fault", "grant_faults", "load_people", "owner_of", "people_faults"]

Told = Callable[[str, ContentPath, Message, Message | None], Fault]
"""Makes a fault at a path of a person."""


def load_people(library: Library) -> Mapping[str, Person]:
    """Return the people by id; raises ContentInvalid with all faults of `people.yml`, those between people included."""
    library.load(PEOPLE)
    faults = people_faults(library)
    if faults:
        raise ContentInvalid(faults)
    return _people(library)


def people_faults(library: Library) -> list[Fault]:
    """Return the faults between people, and between people and units, of a library whose people have loaded."""
    people = _people(library)
    return [*grant_faults(people, partial(library.fault, PEOPLE)), *_unit_faults(people, library)]


def grant_faults(people: Mapping[str, Person], told: Told) -> Iterator[Fault]:
    """Yield a fault for each grant whose granter is unknown, or had no right to grant without a document."""
    for person in people.values():
        for index, grant in enumerate(person.roles):
            granter = people.get(grant.by)
            if granter is None:
                what = message("no person has the id {id}", id=grant.by)
                yield told(person.id, ("roles", index, "by"), what, did_you_mean(grant.by, people))
            elif grant.document is None and not granter.might_grant(grant.on):
                what = message("{person} may not grant roles", person=grant.by)
                advice = message("a security administrator or a commander grants, or a document number is given")
                yield told(person.id, ("roles", index, "by"), what, advice)


def grant_fault(person: str, grant: Grant, people: Mapping[str, Person], run_program: RunProgram) -> Message | None:
    """Return why a grant's signature does not hold, or None; a grant on paper has none to check."""
    if grant.signature is None:
        return None
    day = datetime.combine(datetime.fromisoformat(grant.on), time(12), UTC)
    statement = grant_statement(person, grant.role.value, grant.by, grant.on, grant.document)
    return verify(statement, grant.signature, people[grant.by], day, run_program)


def _people(library: Library) -> dict[str, Person]:
    return {name: loaded.value for name, loaded in library.objects(PEOPLE).items()}


def _unit_faults(people: Mapping[str, Person], library: Library) -> Iterator[Fault]:
    units = set(library.objects(UNITS)) if not library.faults(UNITS) else None
    for person in people.values():
        if units is not None and person.unit not in units:
            what = message("no unit has the id {id}", id=person.unit)
            yield library.fault(PEOPLE, person.id, ("unit",), what, did_you_mean(person.unit, units))


def owner_of(key: Path, people: Mapping[str, Person]) -> Person:
    """Return whose SSH key a key file is, by its public half; raises UsageError when it can't be told."""
    public = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
    if not public.is_file():
        advice = message("name the person: --by PERSON")
        raise UsageError(message("no public key {path}, so whose it is can't be told", path=public), advice=advice)
    words = public.read_text(errors="replace").split()[:2]
    for person in people.values():
        if any(each.key.split()[:2] == words for each in person.keys):
            return person
    advice = message("add the key: sec-ops account key PERSON --add KEY.pub")
    raise UsageError(message("the key {path} belongs to nobody in people.yml", path=public), advice=advice)
