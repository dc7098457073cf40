"""Every step of pipelines, and every field and log source of the shipped ones, is applied as pySigma does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaTransformationError
from sigma.processing.pipeline import ProcessingPipeline

from sec_ops.content.library import Library
from sec_ops.detection.mapping.shape import Pipeline, Shape, load_shapes
from sec_ops.detection.mapping.steps import steps
from sec_ops.detection.rule import All, Expression, LogSource
from sec_ops.model.sigma_pipeline import MapFields, SigmaPipeline
from tests.contract.sigma_trees import Tree, joined, ours, theirs
from tests.unit.detection.support import read

SHAPES: Final = load_shapes(Library.open(None))
FOLDER: Final = Path(__file__).parents[2] / "rules/pipelines"
GIVEN: Final = {path.stem: yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in FOLDER.rglob("*.yml")}
ALWAYS: Final = ("EventID", "Image", "Channel", "Message", "unheard", "winlog.x", "event.code", "@timestamp")


def rule_of(source: LogSource, fields: tuple[str, ...]) -> dict[str, Any]:
    named = {"category": source.category, "product": source.product, "service": source.service}
    some: dict[str, Any] = dict.fromkeys(fields, "x")
    ends: dict[str, Any] = {f"{field}|endswith": ["one", "two"] for field in fields[::2]}
    every: dict[str, Any] = {f"{field}|contains|all": ["one", "two"] for field in fields[1::2]}
    detection = {
        "some": some,
        "ends": [ends],
        "every": every,
        "words": ["keyword"],
        "condition": "some and not ends or every or words",
    }
    logsource = {key: value for key, value in named.items() if value}
    return {"title": "a rule", "logsource": logsource, "detection": detection}


def by_pysigma(chain: list[dict[str, Any]], rule: dict[str, Any]) -> Tree | str:
    pipeline = sum(map(ProcessingPipeline.from_dict, chain), ProcessingPipeline())
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
    whole: Expression = found.rewritten(given.condition)
    return settled(ours(All((*found.added, whole))))


def sources_of(pipeline: SigmaPipeline) -> Iterator[LogSource]:
    for item in pipeline.transformations:
        for each in item.rule_conditions:
            yield LogSource(each.category or "", each.product or "", each.service or "")


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


def served() -> Iterator[tuple[Shape, Pipeline, LogSource]]:
    for shape in SHAPES:
        for pipeline in shape.sources:
            yield from ((shape, pipeline, source) for source in dict.fromkeys(sources_of(pipeline.content)))


def settled(tree: Tree) -> Tree:
    """Return a tree with the parts of each alternative and sum in one order: neither means anything by it."""
    if tree[0] in ("all", "any"):
        return (tree[0], *sorted((settled(part) for part in tree[1:]), key=repr))
    return ("not", settled(tree[1])) if tree[0] == "not" else tree


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_shipped_pipelines_are_applied_as_pysigma_does(shape: Shape) -> None:
    different = []
    for its, pipeline, source in served():
        chain = (pipeline, *shape.names)
        rule = rule_of(source, fields_of(chain, source))
        if its is shape and by_pysigma([GIVEN[each.id] for each in chain], rule) != by_us(chain, rule):
            different.append((pipeline.id, source))
    assert different == []


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
    rule = rule_of(source, ALWAYS)
    assert by_us(chain, rule) == by_pysigma([given], rule)
