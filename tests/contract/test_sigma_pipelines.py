"""Our application of pipelines gives what pySigma's own gives: of every shipped one, and of every step there is."""

import json
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaTransformationError
from sigma.processing.pipeline import ProcessingPipeline

from sec_ops.content.kinds import PIPELINES
from sec_ops.content.library import Library
from sec_ops.detection.mapping.shape import Pipeline, Shape, load_shapes
from sec_ops.detection.mapping.steps import steps
from sec_ops.detection.rule import All, LogSource
from sec_ops.model.sigma_pipeline import MapFields, SigmaPipeline
from tests.contract.sigma_trees import Tree, joined, ours, theirs
from tests.unit.detection.support import read

CONTENT: Final = Library.open(None)
SHAPES: Final = load_shapes(CONTENT)
PAIRS: Final = [(shape, pipeline) for shape in SHAPES for pipeline in shape.sources]
FOLDER: Final = Path(__file__).parents[2] / "rules/pipelines"
GIVEN: Final = {path.stem: yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in FOLDER.rglob("*.yml")}
ALWAYS: Final = ("EventID", "Image", "Channel", "Message", "unheard", "winlog.x", "event.code", "@timestamp")
REFERENCE: Final = {"selection": {"Image|fieldref": "ParentImage"}, "condition": "selection"}

BODIES: Final[tuple[dict[str, Any], ...]] = (
    {
        "selection": {"Image|endswith": "\\cmd.exe", "CommandLine|contains": ["whoami", " /c "]},
        "condition": "selection",
    },
    {"selection": {"EventID": [1, 4688], "Level": 4, "Channel": "Security"}, "condition": "selection"},
    {
        "one": {"Image": "*a*"},
        "two": {"User|contains": "admin", "ParentImage": None},
        "condition": "one and not two",
    },
    {"keywords": ["mimikatz", "a*b"], "other": {"a0|contains": "x"}, "condition": "keywords or other"},
    {
        "selection": {"cs-method": "GET", "sc-status": 404, "cs-uri-query|contains": "union"},
        "condition": "selection",
    },
    {
        "selection": {"CommandLine|contains|all": ["a", "b"], "QueryName": "x.example", "name": "/etc/passwd"},
        "condition": "selection",
    },
    {
        "selection": {"winlog.channel": "Security", "event.action": "x", "Threat Name": "z"},
        "condition": "selection",
    },
)


def every_kind(fields: tuple[str, ...]) -> dict[str, Any]:
    """Return a detection that asks these fields in every way that matters to pipelines."""
    some: dict[str, Any] = dict.fromkeys(fields, "x")
    ends: dict[str, Any] = {f"{field}|endswith": ["one", "two"] for field in fields[::2]}
    every: dict[str, Any] = {f"{field}|contains|all": ["one", "two"] for field in fields[1::2]}
    return {
        "some": some,
        "ends": [ends],
        "every": every,
        "words": ["keyword"],
        "condition": "some and not ends or every or words",
    }


def rule_of(source: LogSource, detection: dict[str, Any]) -> dict[str, Any]:
    named = {"category": source.category, "product": source.product, "service": source.service}
    logsource = {key: value for key, value in named.items() if value}
    return {"title": "a rule", "logsource": logsource, "detection": detection}


def together(chain: tuple[Pipeline, ...]) -> ProcessingPipeline:
    return sum((ProcessingPipeline.from_dict(GIVEN[each.id]) for each in chain), ProcessingPipeline())


def by_pysigma(pipeline: ProcessingPipeline, rule: dict[str, Any]) -> Tree | str:
    (given,) = SigmaCollection.from_dicts([rule]).rules
    try:
        pipeline.apply(given)
    except SigmaTransformationError as error:
        return str(error)
    return settled(joined("any", [theirs(each.parsed) for each in given.detection.parsed_condition]))  # type: ignore[union-attr]


def by_us(chain: tuple[Pipeline, ...], rule: dict[str, Any]) -> Tree | str:
    (given,) = read(json.dumps(rule)).rules
    found = steps(chain, given.source)
    if found.failed:
        return found.failed[0]
    return settled(ours(All((*found.added, found.rewritten(given.condition)))))


def settled(tree: Tree) -> Tree:
    """Return a tree with the parts of each alternative and sum in one order: neither means anything by it."""
    if tree[0] in ("all", "any"):
        return (tree[0], *sorted((settled(part) for part in tree[1:]), key=repr))
    return ("not", settled(tree[1])) if tree[0] == "not" else tree


def sources_of(pipeline: Pipeline) -> list[LogSource]:
    """Return every log source that a condition of the pipeline names, and one that none does."""
    conditions = (each for item in pipeline.content.transformations for each in item.rule_conditions)
    named = {LogSource(each.category or "", each.product or "", each.service or "") for each in conditions}
    ordered = sorted(named, key=attrgetter("product", "category", "service"))
    return [*ordered, LogSource("thing", "other", "entirely")]


def fields_of(chain: tuple[Pipeline, ...], source: LogSource) -> tuple[str, ...]:
    """Return the fields that maps for this log source name, and some that any rule may have."""
    items = (item for each in chain for item in each.content.transformations if isinstance(item, MapFields))
    named = (name for item in items if not item.rule_conditions or _concerns(item, source) for name in item.mapping)
    return tuple(dict.fromkeys((*ALWAYS, *named)))


def _concerns(item: MapFields, source: LogSource) -> bool:
    conditions = item.rule_conditions
    return any(
        each.category in (None, source.category) and each.service in (None, source.service) for each in conditions
    )


def asked(shape: Shape, pipeline: Pipeline) -> Iterator[dict[str, Any]]:
    """Yield rules: of every log source with all fields and with one body, of some with all bodies."""
    bodies = BODIES if shape.names else (*BODIES, REFERENCE)
    for number, source in enumerate(sources_of(pipeline)):
        yield rule_of(source, every_kind(fields_of((pipeline, *shape.names), source)))
        for body in bodies if number % 16 == 0 else bodies[:1]:
            yield rule_of(source, body)


@pytest.mark.parametrize(("shape", "pipeline"), PAIRS, ids=lambda each: each.id)
def test_shipped_pipelines_are_applied_as_pysigma_does(shape: Shape, pipeline: Pipeline) -> None:
    chain = (pipeline, *shape.names)
    theirs_whole = together(chain)
    for rule in asked(shape, pipeline):
        assert by_us(chain, rule) == by_pysigma(theirs_whole, rule), rule


def test_a_reference_gets_its_name_where_pysigma_forgets_it() -> None:
    """pySigma leaves fields that are compared with others as they are where a condition of fields is turned round."""
    (chain,) = [
        (each, *shape.names) for shape, each in PAIRS if (shape.id, each.id) == ("winlogbeat", "windows-services")
    ]
    rule = rule_of(LogSource(product="windows", service="application"), REFERENCE)
    assert "winlog.event_data.ParentImage" in repr(by_us(chain, rule))
    assert "winlog.event_data.ParentImage" not in repr(by_pysigma(together(chain), rule))


def test_every_pipeline_is_of_a_shape_that_is_there() -> None:
    known = {shape.id for shape in SHAPES}
    for name, each in CONTENT.objects(PIPELINES).items():
        assert set(each.value.allowed_backends) <= known, name


MORE: Final[dict[str, list[dict[str, Any]]]] = {
    "prefixes by others": [
        {"type": "field_name_prefix_mapping", "mapping": {"Ev": "event.", "I": ["image.", "file."]}},
        {"type": "field_name_suffix", "suffix": ".text"},
    ],
    "only some fields": [
        {
            "type": "field_name_prefix",
            "prefix": "x.",
            "field_name_conditions": [{"type": "include_fields", "fields": ["Image", "EventID"]}],
        },
        {
            "type": "field_name_suffix",
            "suffix": ".y",
            "field_name_conditions": [{"type": "exclude_fields", "fields": ["x\\.I", "C"], "mode": "re"}],
        },
    ],
    "but for what another item changed": [
        {"id": "first", "type": "field_name_mapping", "mapping": {"Image": "path", "unheard": ["one", "two"]}},
        {
            "type": "field_name_suffix",
            "suffix": ".kept",
            "field_name_conditions": [{"type": "processing_item_applied", "processing_item_id": "first"}],
            "field_name_cond_not": True,
        },
    ],
    "any of the conditions": [
        {
            "type": "add_condition",
            "conditions": {"a": 1, "b|contains": ["x", "y*z"], "c|exists": False, "d": None, "e": True},
            "negated": True,
            "rule_conditions": [{"type": "logsource", "category": "one"}, {"type": "logsource", "product": "two"}],
            "rule_cond_op": "or",
        },
        {
            "type": "add_condition",
            "conditions": {"never": 1},
            "rule_conditions": [{"type": "logsource", "category": "one"}],
            "rule_cond_not": True,
        },
    ],
    "another log source": [
        {"type": "change_logsource", "category": "changed"},
        {
            "type": "add_condition",
            "conditions": {"EventID|startswith": "46"},
            "rule_conditions": [{"type": "logsource", "category": "changed"}],
        },
        {"type": "field_name_mapping", "mapping": {"EventID": "event.code"}},
    ],
    "refused": [
        {
            "type": "rule_failure",
            "message": "not for one",
            "rule_conditions": [{"type": "logsource", "category": "one"}],
        }
    ],
}


@pytest.mark.parametrize("source", [LogSource("one", "", ""), LogSource("", "two", ""), LogSource("", "two", "three")])
@pytest.mark.parametrize("name", MORE)
def test_every_step_is_applied_as_pysigma_does(name: str, source: LogSource) -> None:
    given = {"name": name, "priority": 1, "allowed_backends": ["any"], "transformations": MORE[name]}
    chain = (Pipeline(id="more", content=SigmaPipeline.model_validate(given)),)
    rule = rule_of(source, every_kind(ALWAYS))
    assert by_us(chain, rule) == by_pysigma(ProcessingPipeline.from_dict(given), rule)
