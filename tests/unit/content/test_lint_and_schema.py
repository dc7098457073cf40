"""Lint: files nothing reads, rules of other rooms. Schemas: the words of the models."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from sec_ops.content.kinds import CHECKS, CLAUSES, KINDS, UNITS
from sec_ops.content.library import Library
from sec_ops.content.lint import RULES, lint
from sec_ops.content.schema import json_schema
from sec_ops.model.errors import Fault
from sec_ops.model.messages import message
from tests.unit.content.folders import write, write_check


def test_files_that_nothing_reads(tmp_path: Path) -> None:
    write_check(tmp_path, "one")
    write(tmp_path, f"{CHECKS.folder}/linux/two.yaml", "id: two\n")
    write(tmp_path, f"{CHECKS.folder}/three.yml", "id: three\n")
    write(tmp_path, "rules/README.md", "words")
    write(tmp_path, "inventory/hosts.yml", "all: {}\n")
    write(tmp_path, "inventory/group_vars/all.yml", "a: 1\n")
    write(tmp_path, "inventory/systens/x.yml", "id: x\n")
    faults = lint(Library.open(None, shipped=tmp_path), RULES)
    assert sorted(Path(fault.file).name for fault in faults) == ["three.yml", "two.yaml", "x.yml"]


def test_rules_of_other_rooms_point_into_the_file(tmp_path: Path) -> None:
    write_check(tmp_path, "one")

    def rule(library: Library) -> Iterable[Fault]:
        for name in library.objects(CHECKS):
            yield library.fault(CHECKS, name, ("assert",), message("does not compile"))

    (fault,) = lint(Library.open(None, shipped=tmp_path), [rule])
    assert (fault.line, fault.path, str(fault.message)) == (6, "assert", "does not compile")


def test_a_rule_over_broken_files_hides_nothing(tmp_path: Path) -> None:
    write(tmp_path, f"{CHECKS.folder}/linux/one.yml", "id: one\n")

    def rule(library: Library) -> Iterable[Fault]:
        library.objects(CHECKS)
        return ()

    library = Library.open(None, shipped=tmp_path)
    assert lint(library, [rule]) == library.faults()


def test_the_shipped_content_is_read_whole() -> None:
    assert not lint(Library.open(None), RULES)


@pytest.mark.parametrize("name", KINDS)
def test_schemas_resolve(name: str) -> None:
    schema = json_schema(KINDS[name])
    wanted = set(_references(schema))
    assert wanted <= {f"#/$defs/{each}" for each in schema["$defs"]}


def _references(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "$ref":
                yield each
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_a_schema_knows_the_overlay() -> None:
    replacement, patch = json_schema(CHECKS)["anyOf"]
    assert {"assert", "overrides"} <= set(replacement["properties"])
    assert set(patch["properties"]) == {"patches", "parameters", "severity", "enabled"}
    assert "overrides" in json_schema(CLAUSES)["properties"]["items"]["items"]["properties"]
    assert "overrides" not in json_schema(UNITS)["properties"]["units"]["items"]["properties"]
