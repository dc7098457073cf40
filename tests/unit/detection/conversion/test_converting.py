"""Queries of three languages against golden files; a rule that can't be said in one is told with the reason.

EQL and ES|QL never ran on a server here: the one of the tests has neither. What changes in a golden file is read by a
person: `SEC_OPS_GOLDEN=write` writes them anew.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.content.library import Library
from sec_ops.detection.conversion.converting import Converted, Language, converted, formats_of
from sec_ops.detection.conversion.naming import ways_named
from sec_ops.detection.library.loading import RuleLibrary, load_rules
from sec_ops.model.errors import ContentInvalid, UsageError
from tests.unit.detection.library.rules import exception, put

GOLDEN = Path(__file__).parent / "golden"
FIRST, SECOND = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Library:
    site = tmp_path_factory.mktemp("site")
    put(site, "rules/detection/own/rules.yml", (GOLDEN / "rules.yml").read_bytes())
    mine = "{id: our_admins, title: {zh: 管理员, en: administrators}, values: [chen, ops-*]}"
    placeholders = f"placeholders:\n  - {mine}\n"
    put(site, "rules/detection/placeholders.yml", placeholders)
    return Library.open(site)


@pytest.fixture(scope="module")
def rules(content: Library) -> RuleLibrary:
    return load_rules(content)


def lines(content: Library, rules: RuleLibrary, language: Language, *pipelines: str) -> Iterator[str]:
    own = [each.rule for each in rules.listed if each.rule.header.path.startswith("rules/detection/own/")]
    for each in converted(own, content, rules, language, ways_named(content, pipelines or ("ecs",))):
        if isinstance(each, Converted):
            yield f"# {each.rule.header.title['en']}"
            yield from map(str, each.queries)
        else:
            yield f"# {each.title}: refused: {each.reason}"


@pytest.mark.parametrize("language", Language)
def test_queries_are_the_golden_ones(content: Library, rules: RuleLibrary, language: Language) -> None:
    path = GOLDEN / f"{language}.txt"
    found = "\n\n".join(lines(content, rules, language)) + "\n"
    if os.environ.get("SEC_OPS_GOLDEN") == "write":
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_an_exception_of_the_site_is_part_of_the_query(tmp_path: Path) -> None:
    put(tmp_path, "rules/detection/own/rules.yml", (GOLDEN / "rules.yml").read_bytes())
    put(tmp_path, "rules/detection/filters/ours.yml", exception(SECOND, value="agent"))
    content = Library.open(tmp_path)
    rules = load_rules(content)
    wanted = [each.rule for each in rules.listed if each.rule.header.id == SECOND]
    (found,) = converted(wanted, content, rules, Language.LUCENE, ways_named(content, ["ecs"]))
    assert isinstance(found, Converted)
    assert found.queries
    assert all("NOT" in str(query) and "*agent*" in str(query) for query in found.queries)


def test_a_pipeline_of_pysigma_and_one_of_a_file(content: Library, rules: RuleLibrary, tmp_path: Path) -> None:
    own = put(tmp_path, "own.yml", "name: own\ntransformations: [{type: field_name_prefix, prefix: 'x.'}]\n")
    wanted = [each.rule for each in rules.listed if each.rule.header.id == SECOND]
    ways = ways_named(content, ["ecs_windows", str(own)])
    (found,) = converted(wanted, content, rules, Language.LUCENE, ways)
    assert isinstance(found, Converted)
    (query,) = found.queries
    assert "x.process.executable.caseless:*\\\\rundll32.exe" in str(query)


@pytest.mark.parametrize("names", [["ecs", "winlogbeat"], ["nothing"], ["/etc/nothing.yml"]])
def test_pipelines_that_cannot_be(content: Library, names: list[str]) -> None:
    with pytest.raises(UsageError):
        ways_named(content, names)


def test_a_file_that_is_no_pipeline(content: Library, tmp_path: Path) -> None:
    with pytest.raises(ContentInvalid):
        ways_named(content, [str(put(tmp_path, "own.yml", "name: [\n"))])


def test_documents_for_kibana(content: Library, rules: RuleLibrary) -> None:
    wanted = [each.rule for each in rules.listed if each.rule.header.id == FIRST]
    ways = ways_named(content, ["ecs"])
    assert "dsl_lucene" in formats_of(Language.LUCENE)
    (found,) = converted(wanted, content, rules, Language.LUCENE, ways, "dsl_lucene")
    assert isinstance(found, Converted)
    assert '"query_string"' in json.dumps(found.queries[0])
    with pytest.raises(UsageError):
        list(converted(wanted, content, rules, Language.EQL, ways, "dsl_lucene"))
