"""Changing `people.yml`: comments and order stay, the result is checked before it is written, writes are whole."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import LiteralScalarString

from sec_ops.content.kinds import PEOPLE
from sec_ops.content.layer import read_data, shown_path
from sec_ops.content.overlay import overlay
from sec_ops.content.yaml_reader import Path as ContentPath
from sec_ops.identity.people import grant_faults
from sec_ops.model.content import Layer
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.messages import Message, message
from sec_ops.runtime.files import make_folder, write_atomically
from sec_ops.runtime.locks import waited

__all__ = ["PEOPLE_FILE", "add_person", "append_to", "change_people", "remove_from", "revoke_role", "set_field"]

PEOPLE_FILE = "inventory/people.yml"
_HEAD = "# People, their roles and public keys. Change with: sec-ops account\npeople: []\n"

Change = Callable[[CommentedSeq], None]
"""Changes the list of people in place; raises UsageError when it can't."""


def change_people(site: Path, change: Change) -> None:
    """Apply a change to the site's `people.yml`, made when it is missing.

    Raises ContentInvalid, with the file as it was, when the file or the result has faults; StorageError when the disk
    refuses. Several processes may change it at once: each waits for the one before.
    """
    path = site / PEOPLE_FILE
    with waited(make_folder(path.parent)):
        old = path.read_bytes() if path.exists() else _HEAD.encode()
        _check(old, path)
        new = _changed(old.decode(), change).encode()
        _check(new, path)
        write_atomically(path, new)


def add_person(fields: Mapping[str, Any]) -> Change:
    """Return the change that adds a person; the id must be new."""

    def change(people: CommentedSeq) -> None:
        if any(person.get("id") == fields["id"] for person in people):
            raise UsageError(message("{person} is in people.yml already", person=fields["id"]))
        people.append(CommentedMap(fields))

    return change


def append_to(person: str, key: str, entry: Mapping[str, Any]) -> Change:
    """Return the change that adds an entry, a role or a key, to a person's list."""

    def change(people: CommentedSeq) -> None:
        found = _find(people, person)
        found.setdefault(key, CommentedSeq())
        found[key].append(CommentedMap({name: _written(value) for name, value in entry.items()}))

    return change


def revoke_role(person: str, role: str, day: str) -> Change:
    """Return the change that ends a role; the grant stays on record."""

    def change(people: CommentedSeq) -> None:
        for entry in _find(people, person).get("roles", []):
            if entry.get("role") == role and "revoked_on" not in entry:
                entry["revoked_on"] = day
                return
        raise UsageError(message("{person} does not hold the role {role}", person=person, role=role))

    return change


def remove_from(person: str, key: str, matches: Callable[[Mapping[str, Any]], bool]) -> Change:
    """Return the change that removes the matching entries of a person's list; at least one must match."""

    def change(people: CommentedSeq) -> None:
        entries = _find(people, person).get(key, [])
        positions = [index for index, entry in enumerate(entries) if matches(entry)]
        if not positions:
            raise UsageError(message("{person} has nothing of the kind to remove", person=person))
        for index in reversed(positions):
            del entries[index]

    return change


def set_field(person: str, key: str, value: str) -> Change:
    """Return the change that sets one field of a person."""

    def change(people: CommentedSeq) -> None:
        _find(people, person)[key] = value

    return change


def _written(value: str) -> str:
    return LiteralScalarString(value.rstrip("\n") + "\n") if "\n" in value else value


def _find(people: CommentedSeq, person: str) -> CommentedMap:
    for each in people:
        if isinstance(each, CommentedMap) and each.get("id") == person:
            return each
    raise UsageError(message("no person has the id {id}", id=person), advice=message("see: sec-ops account list"))


def _changed(text: str, change: Change) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    change(document["people"])
    if document["people"]:
        document["people"].fa.set_block_style()
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _check(data: bytes, path: Path) -> None:
    layer = read_data(PEOPLE, data, layer=Layer.SITE, name=shown_path(path), relative=PEOPLE_FILE)
    people, faults = overlay(PEOPLE, (), layer.entries)
    entries = {entry.id: entry for entry in layer.entries}

    def told(person: str, where: ContentPath, what: Message, advice: Message | None) -> Fault:
        return entries[person].fault(where, what, advice)

    faults = [*layer.faults, *faults, *grant_faults({name: each.value for name, each in people.items()}, told)]
    if faults:
        raise ContentInvalid(faults)
