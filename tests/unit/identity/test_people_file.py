"""Changing `people.yml`: comments stay, faults leave the file as it was, parallel changes all arrive."""

import multiprocessing
from pathlib import Path

import pytest

from sec_ops.content.kinds import PEOPLE
from sec_ops.content.library import Library
from sec_ops.identity.people_file import (
    PEOPLE_FILE,
    add_person,
    append_to,
    change_people,
    remove_from,
    revoke_role,
    set_field,
)
from sec_ops.model.errors import ContentInvalid, UsageError

START = """\
# Who works here; keep this comment.
people:
  - id: zhou   # the first
    name: 周示例
    unit: city
    roles:
      - {role: security_administrator, by: lin, on: 2026-01-05, document: 示例〔2026〕1 号}
  # the second
  - id: lin
    name: 林示例
    unit: city
"""
GRANT = {"role": "responder", "by": "zhou", "on": "2026-11-23", "document": "2"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "inventory").mkdir()
    (tmp_path / PEOPLE_FILE).write_text(START, encoding="utf-8")
    return tmp_path


def _text(site: Path) -> str:
    return (site / PEOPLE_FILE).read_text(encoding="utf-8")


def test_adding_leaves_every_line_that_was_there(site: Path) -> None:
    change_people(site, add_person({"id": "chen", "name": "陈示例", "unit": "city"}))
    assert _text(site) == START + "  - id: chen\n    name: 陈示例\n    unit: city\n"


def test_a_new_file_is_made(tmp_path: Path) -> None:
    change_people(tmp_path, add_person({"id": "chen", "name": "陈示例", "unit": "city"}))
    assert list(Library.open(tmp_path).objects(PEOPLE)) == ["chen"]
    assert (tmp_path / PEOPLE_FILE).stat().st_mode & 0o777 == 0o600


def test_roles_are_granted_and_revoked_on_record(site: Path) -> None:
    change_people(site, append_to("lin", "roles", GRANT))
    change_people(site, revoke_role("lin", "responder", "2026-11-24"))
    lin = Library.open(site).objects(PEOPLE)["lin"].value
    assert lin.held == ()
    assert lin.roles[0].revoked_on == "2026-11-24"
    with pytest.raises(UsageError):
        change_people(site, revoke_role("lin", "responder", "2026-11-25"))


def test_a_field_is_set(site: Path) -> None:
    change_people(site, set_field("lin", "expires", "2026-12-31"))
    assert "    expires: '2026-12-31'\n" in _text(site)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (add_person({"id": "zhou", "name": "x", "unit": "city"}), UsageError),
        (add_person({"id": "Bad Id", "name": "x", "unit": "city"}), ContentInvalid),
        (append_to("nobody", "roles", GRANT), UsageError),
        (append_to("zhou", "roles", {**GRANT, "role": "audit_administrator", "by": "lin"}), ContentInvalid),
        (append_to("zhou", "roles", GRANT), ContentInvalid),
        (append_to("lin", "roles", {**GRANT, "by": "ghost"}), ContentInvalid),
        (append_to("zhou", "keys", {"key": "not a key"}), ContentInvalid),
        (remove_from("lin", "keys", lambda _entry: True), UsageError),
        (set_field("lin", "expires", "soon"), ContentInvalid),
    ],
)
def test_a_refused_change_leaves_the_file_as_it_was(site: Path, change: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        change_people(site, change)  # type: ignore[arg-type]
    assert _text(site) == START


def test_a_broken_file_is_not_touched(site: Path) -> None:
    (site / PEOPLE_FILE).write_text("people:\n  - id: zhou\n    nope: 1\n", encoding="utf-8")
    before = _text(site)
    with pytest.raises(ContentInvalid):
        change_people(site, set_field("zhou", "title", "x"))
    assert _text(site) == before


def _add(site: Path, name: str) -> None:
    change_people(site, add_person({"id": name, "name": name, "unit": "city"}))


def test_changes_of_several_processes_all_arrive(site: Path) -> None:
    context = multiprocessing.get_context("spawn")
    names = [f"p{number}" for number in range(6)]
    processes = [context.Process(target=_add, args=(site, name)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert set(Library.open(site).objects(PEOPLE)) == {"zhou", "lin", *names}
