"""Our application of pipelines gives what pySigma's own gives, for every shipped pipeline and shape."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.processing.pipeline import ProcessingPipeline

from sec_ops.content.kinds import PIPELINES
from sec_ops.content.library import Library
from sec_ops.detection.mapping.shape import Pipeline, Shape, load_shapes
from sec_ops.detection.mapping.steps import steps
from sec_ops.detection.rule import All, Rule
from sec_ops.detection.sigma.reading import RuleText, read_rules
from tests.contract.sigma_trees import Tree, joined, ours, theirs

CONTENT: Final = Library.open(None)
SHAPES: Final = load_shapes(CONTENT)

BODIES: Final = {
    "plain": ("selection: {Image|endswith: '\\cmd.exe', CommandLine|contains: [whoami, ' /c ']}", "selection"),
    "numbers": ("selection: {EventID: [1, 4688], Level: 4, Channel: Security}", "selection"),
    "negation": ("one: {Image: '*a*'}\n  two: {User|contains: admin, ParentImage: null}", "one and not two"),
    "reference": ("selection: {Image|fieldref: ParentImage}", "selection"),
    "keywords": ("keywords: [mimikatz, 'a*b']\n  other: {a0|contains: x}", "keywords or other"),
    "web": ("selection: {cs-method: GET, sc-status: 404, cs-uri-query|contains: union}", "selection"),
    "all": ("selection: {CommandLine|contains|all: [a, b], QueryName: x.example, name: /etc/passwd}", "selection"),
    "dotted": ("selection: {winlog.channel: Security, event.action: x, Threat Name: z}", "selection"),
}


def sources(pipeline: Pipeline) -> Sequence[tuple[str, str, str]]:
    """Return every log source that a condition of the pipeline names, and one that none does."""
    conditions = [each for item in pipeline.content.transformations for each in item.rule_conditions]
    named = {(each.product or "", each.category or "", each.service or "") for each in conditions}
    return [*sorted(named), ("other", "thing", "entirely")]


def text(body: tuple[str, str], source: tuple[str, str, str]) -> str:
    named = zip(("product", "category", "service"), source, strict=True)
    log = ", ".join(f"{name}: {value}" for name, value in named if value)
    selections, condition = body
    return f"title: t\nlogsource: {{{log}}}\ndetection:\n  {selections}\n  condition: {condition}\n"


@cache
def loaded(name: str) -> ProcessingPipeline:
    path = CONTENT.shipped_root / CONTENT.objects(PIPELINES)[name].origin.path
    return ProcessingPipeline.from_yaml(path.read_text())


def by_pysigma(rule: str, chain: Sequence[Pipeline]) -> Tree:
    (parsed,) = SigmaCollection.from_dicts([yaml.safe_load(rule)]).rules
    for pipeline in chain:
        loaded(pipeline.id).apply(parsed)
    return joined("any", [theirs(each.parsed) for each in parsed.detection.parsed_condition])  # type: ignore[union-attr]


def by_us(rule: Rule, chain: Sequence[Pipeline]) -> Tree:
    found = steps(tuple(chain), rule.source)
    return ours(All((*reversed(found.added), found.rewritten(rule.condition))))


def regular(tree: Tree) -> Any:
    """Return a tree with the parts of `all` and `any` in one order, what is the same said once."""
    if tree[0] in ("all", "any"):
        return (tree[0], *sorted({repr(regular(part)) for part in tree[1:]}))
    return ("not", regular(tree[1])) if tree[0] == "not" else tree


def asked(shape: Shape, pipeline: Pipeline) -> Iterator[tuple[str, Sequence[Pipeline]]]:
    """Yield rules: every log source with one body, some with all of them."""
    known = sources(pipeline)
    for number, source in enumerate(known):
        for name, body in BODIES.items():
            if (number % 16 == 0 or name == "plain") and not (name == "reference" and shape.names):
                yield text(body, source), (pipeline, *shape.names)


PAIRS: Final = [(shape, pipeline) for shape in SHAPES for pipeline in shape.sources]


@pytest.mark.parametrize(("shape", "pipeline"), PAIRS, ids=lambda each: each.id)
def test_rules_become_what_pysigma_makes_of_them(shape: Shape, pipeline: Pipeline) -> None:
    for written, chain in asked(shape, pipeline):
        read = read_rules([RuleText(path="r.yml", data=written.encode())], {})
        assert read.refused == ()
        assert regular(by_us(read.rules[0], chain)) == regular(by_pysigma(written, chain)), written


def test_a_reference_gets_its_name_where_pysigma_forgets_it() -> None:
    """pySigma leaves fields that are compared with others as they are where a condition of fields is turned round."""
    shape = next(shape for shape in SHAPES if shape.id == "winlogbeat")
    (chain,) = [(each, *shape.names) for each in shape.sources if each.id == "windows-services"]
    written = text(BODIES["reference"], ("windows", "", "application"))
    (rule,) = read_rules([RuleText(path="r.yml", data=written.encode())], {}).rules
    assert "winlog.event_data.ParentImage" in repr(by_us(rule, chain))
    assert "winlog.event_data.ParentImage" not in repr(by_pysigma(written, chain))


def test_every_pipeline_is_of_a_shape_that_is_there() -> None:
    known = {shape.id for shape in SHAPES}
    for name, each in CONTENT.objects(PIPELINES).items():
        assert set(each.value.allowed_backends) <= known, name
