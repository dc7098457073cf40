"""The rules of a site: layers, changes, exceptions, and what becomes of those that are broken."""

import hashlib
import json
from datetime import UTC
from pathlib import Path

import pytest

from sec_ops.content.library import Library
from sec_ops.detection.library import files
from sec_ops.detection.library.documents import Source
from sec_ops.detection.library.loading import RuleLibrary, load_rules
from sec_ops.detection.library.releases import digest_of
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import Level
from sec_ops.model.errors import ContentInvalid
from tests.unit.detection.library.rules import FIRST, SECOND, THIRD, exception, put, release, rule

LAYERS = ("shipped", "site")


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    shipped, site = (tmp_path / name for name in LAYERS)
    put(shipped, "rules/detection/windows/first.yml", rule(FIRST, "Shipped"))
    put(shipped, "rules/detection/windows/first.cases.yml", "cases: []")
    (site / "rules").mkdir(parents=True)
    return shipped, site


def load(roots: tuple[Path, Path]) -> RuleLibrary:
    shipped, site = roots
    return load_rules(Library.open(site, shipped=shipped))


def titles(library: RuleLibrary) -> list[str]:
    return [each.header.title["en"] for each in library.rules]


def reasons(library: RuleLibrary) -> list[tuple[str, str]]:
    return [(each.path, str(each.reason)) for each in library.refused]


def test_shipped_rules_alone(roots: tuple[Path, Path]) -> None:
    library = load_rules(Library.open(None, shipped=roots[0]))
    assert titles(library) == ["Shipped"]
    assert [(each.source, each.enabled, each.written) for each in library.listed] == [
        (Source.SHIPPED, True, Level.HIGH)
    ]
    assert library.rules[0].header.path == "rules/detection/windows/first.yml"


def test_a_rule_of_the_site_replaces_a_shipped_one(roots: tuple[Path, Path]) -> None:
    put(roots[1], "rules/detection/own/first.yml", rule(FIRST, "Ours", more=f"overrides: {FIRST}\n"))
    library = load(roots)
    assert titles(library) == ["Ours"]
    assert [(each.source, each.replaces) for each in library.listed] == [
        (Source.SITE, "rules/detection/windows/first.yml")
    ]
    assert not library.refused


def test_an_imported_release_lies_between(roots: tuple[Path, Path]) -> None:
    release(roots[1], "sigma", {"a.yml": rule(SECOND, "Imported"), "b.yml": rule(THIRD, "Also")})
    put(roots[1], "rules/detection/own/second.yml", rule(SECOND, "Ours", more=f"overrides: {SECOND}\n"))
    library = load(roots)
    assert titles(library) == ["Shipped", "Ours", "Also"]
    assert [each.release for each in library.listed] == ["", "", "sigma"]
    assert [each.name for each in library.releases] == ["sigma"]


def test_changes_of_single_rules(roots: tuple[Path, Path]) -> None:
    release(roots[1], "sigma", {"a.yml": rule(SECOND, "Imported")})
    changes = f"""\
rules:
  - {{id: {FIRST.upper()}, enabled: false, reason: our own tool}}
  - {{id: {SECOND}, level: low, reason: seen every day}}
  - {{id: {THIRD}, enabled: false, reason: gone}}
"""
    put(roots[1], "rules/detection/changes.yml", changes)
    library = load(roots)
    assert [(each.header.title["en"], each.header.level) for each in library.rules] == [("Imported", Level.LOW)]
    assert [(each.enabled, each.written, each.reason) for each in library.listed] == [
        (False, Level.HIGH, "our own tool"),
        (True, Level.HIGH, "seen every day"),
    ]
    assert [str(each) for each in library.notes] == [f"changes.yml names {THIRD}, which no rule is"]


def test_a_broken_change_is_a_fault_with_its_line(roots: tuple[Path, Path]) -> None:
    put(roots[1], "rules/detection/changes.yml", f"rules:\n  - {{id: {FIRST}, reason: none}}\n")
    with pytest.raises(ContentInvalid) as caught:
        load(roots)
    assert caught.value.faults[0].line == 2


def test_an_exception_is_part_of_its_rule(roots: tuple[Path, Path]) -> None:
    put(roots[1], "rules/detection/filters/backup.yml", exception(FIRST))
    library = load(roots)
    (found,) = library.rules
    assert finds(found.condition, {"CommandLine": "mimikatz"}, UTC)
    assert not finds(found.condition, {"CommandLine": "mimikatz of our backup"}, UTC)
    assert not library.notes


def test_an_exception_for_a_rule_that_is_gone_is_pointed_out(roots: tuple[Path, Path]) -> None:
    put(roots[1], "rules/detection/filters/backup.yml", exception(FIRST, SECOND, "gone_by_name"))
    assert [str(each) for each in load(roots).notes] == [
        f"rules/detection/filters/backup.yml: the exception names {SECOND}, which no rule is",
        "rules/detection/filters/backup.yml: the exception names gone_by_name, which no rule is",
    ]


def test_a_filter_of_a_release_silences_nothing(roots: tuple[Path, Path]) -> None:
    release(roots[1], "sigma", {"a.yml": exception("any", value="a"), "b.yml": rule(SECOND, "Imported")})
    library = load(roots)
    assert titles(library) == ["Shipped", "Imported"]
    assert all(finds(each.condition, {"CommandLine": "mimikatz a"}, UTC) for each in library.rules)
    assert [each.path.rpartition("/")[2] for each in library.refused] == ["a.yml"]


def test_broken_rules_are_listed_and_the_others_judged(roots: tuple[Path, Path]) -> None:
    put(roots[1], "rules/detection/own/broken.yml", "title: [")
    put(roots[1], "rules/detection/own/unknown.yml", rule(SECOND).replace("|contains", "|like"))
    put(roots[1], "rules/detection/own/taken.yml", rule(FIRST, "Taken"))
    library = load(roots)
    assert titles(library) == ["Shipped"]
    assert sorted(path.rpartition("/")[2] for path, _ in reasons(library)) == ["broken.yml", "taken.yml", "unknown.yml"]


def correlation(*ids: str) -> str:
    return f"""\
title: Many
id: 44444444-4444-4444-8444-444444444444
name: many
level: high
correlation:
  type: event_count
  rules: [{", ".join(ids)}]
  group-by: [host.name]
  timespan: 5m
  condition: {{gte: 10}}
"""


def test_a_correlation_of_a_rule_that_is_off_is_refused_with_what_counts_it(roots: tuple[Path, Path]) -> None:
    put(roots[1], "rules/detection/own/many.yml", correlation(FIRST))
    chained = correlation("many").replace("44444444-4", "55555555-5").replace("name: many", "name: often")
    put(roots[1], "rules/detection/own/often.yml", chained)
    assert len(load(roots).correlations) == 2
    put(roots[1], "rules/detection/changes.yml", f"rules:\n  - {{id: {FIRST}, enabled: false, reason: noise}}\n")
    library = load(roots)
    assert library.correlations == ()
    assert [reason for _, reason in reasons(library)] == [
        f"it counts what {FIRST} finds, which is switched off",
        "it counts what 44444444-4444-4444-8444-444444444444 finds, which is switched off",
    ]


def test_a_file_of_a_release_that_was_changed_is_not_used(roots: tuple[Path, Path]) -> None:
    folder = release(roots[1], "sigma", {"a.yml": rule(SECOND, "Imported"), "b.yml": rule(THIRD, "Kept")})
    (folder / "a.yml").write_text(rule(SECOND, "Forged"))
    (folder / "added.yml").write_text(rule(THIRD, "Added"))
    library = load(roots)
    assert titles(library) == ["Shipped", "Kept"]
    assert [reason for _, reason in reasons(library)] == ["differs from the file that was imported"]


@pytest.mark.parametrize("damage", ["{", "{}", "forged"])
def test_a_broken_manifest_takes_only_its_release_away(roots: tuple[Path, Path], damage: str) -> None:
    folder = release(roots[1], "sigma", {"a.yml": rule(SECOND, "Imported")})
    manifest = folder.parent / "release.json"
    outside = {"../../own.yml": hashlib.sha256(rule(THIRD, "Outside").encode()).hexdigest()}
    put(roots[1], "rules/detection/imported/own.yml", rule(THIRD, "Outside"))
    forged = {**json.loads(manifest.read_bytes()), "files": outside, "sha256": digest_of(outside)}
    manifest.write_text(json.dumps(forged) if damage == "forged" else damage)
    library = load(roots)
    assert titles(library) == ["Shipped"]
    assert len(library.refused) == 1


def test_shipped_rules_that_are_not_those_installed_stop_everything(
    roots: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "rules/detection/windows/first.yml"
    built = {path: hashlib.sha256((roots[0] / path).read_bytes()).hexdigest()}
    monkeypatch.setattr(files, "built_digests", lambda _root: built)
    assert titles(load(roots)) == ["Shipped"]
    monkeypatch.setattr(files, "built_digests", lambda _root: {**built, "rules/detection/gone.yml": "0" * 64})
    with pytest.raises(ContentInvalid):
        load(roots)
    monkeypatch.setattr(files, "built_digests", lambda _root: {path: "0" * 64})
    with pytest.raises(ContentInvalid):
        load(roots)


def test_the_digest_tells_states_apart(roots: tuple[Path, Path]) -> None:
    digests = [load(roots).digest, load(roots).digest]
    assert len(set(digests)) == 1
    put(roots[1], "rules/detection/changes.yml", f"rules:\n  - {{id: {FIRST}, level: low, reason: noise}}\n")
    digests.append(load(roots).digest)
    put(roots[1], "rules/detection/filters/backup.yml", exception(FIRST))
    digests.append(load(roots).digest)
    assert len(set(digests)) == 3
