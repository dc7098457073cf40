"""Lines of the sheet as a drill types them: nothing is fed to a client of a database, all is kept."""

import pytest

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.sheet.values import Block, Sheet
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.model.values import Text
from sec_ops.workflows.drills.sheet_lines import asked_for, fetches, kept, part_of, typed_lines

HAND = Hand(system="records", source="database")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            f"{HAND.dump('dump', 'school.dump')} | pg_restore -d school",
            f'{HAND.dump("dump", "school.dump")} > "$TO"/.dump',
        ),
        (
            f"{HAND.dump('base', 'base.tar', run='BASE')} | tar -x",
            f'{HAND.dump("base", "base.tar", run="BASE")} > "$TO"/.base',
        ),
        (f"{HAND.dump('dump', 'out')} > {HAND.kept('out')}", f'{HAND.dump("dump", "out")} > "$TO"/.dump'),
        (HAND.restore("wal"), HAND.restore("wal")),
    ],
)
def test_what_is_fetched_is_kept(line: str, expected: str) -> None:
    assert kept(line) == expected
    assert fetches(line)


def test_other_lines_are_not_typed_and_questions_are_known() -> None:
    assert not any(map(fetches, ("createdb -- school", "pg_verifybackup x", "read -r -p 'base: ' BASE", "rm -r /")))
    lines = ["read -r -s -p 'RESTIC_PASSWORD: ' RESTIC_PASSWORD && export RESTIC_PASSWORD", "restic cat config"]
    assert asked_for([*lines, "read -r -s -p AWS_KEY AWS_KEY && export AWS_KEY"]) == ["RESTIC_PASSWORD", "AWS_KEY"]
    assert part_of(HAND.restore("wal")) == "wal"


def block(title: object, *lines: str, level: int = 3) -> Block:
    return Block(title=title, level=level, steps=(Step(what=message("done"), commands=lines),))  # type: ignore[arg-type]


def test_a_system_s_own_chapter_is_read() -> None:
    manifest = 'restic dump latest --tag "system:records,run:$RUN,part:manifest" /manifest.json | base64 -d'
    blocks = [
        block(message("system {system}", system="other"), level=2),
        block(message("repository {repository}", repository="a"), "wrong"),
        block(message("system {system}", system="records"), level=2),
        block(message("repository {repository}", repository="a"), "open a"),
        block(message("repository {repository}", repository="b"), "open b"),
        block(message("choose the run"), "list", "read RUN", "restic snapshots", manifest),
        block("records: database", HAND.restore("wal")),
        block(message("after"), level=2),
    ]
    sheet = Sheet(site=Text(zh="x", en="x"), made="", tool="", blocks=blocks, open_points=())
    found = typed_lines(sheet, "records", "b")
    assert (list(found.opening), found.listing, found.manifest) == (["open b"], "list", manifest)
    assert {name: list(lines) for name, lines in found.sources.items()} == {"database": [HAND.restore("wal")]}
    for system, repository in (("records", "c"), ("none", "a")):
        with pytest.raises(EngineError):
            typed_lines(sheet, system, repository)
